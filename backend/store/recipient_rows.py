"""Whom a run is for: one row a person and run, taken in one statement, walked by person."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import BigInteger, SmallInteger, bindparam, cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from backend.domain.run import UNASSIGNED
from backend.store.forecast_rows import NOT_ASSIGNED
from backend.store.port import Tx
from backend.store.tables import people, recipients

_r = recipients.c


class RecipientRow(msgspec.Struct):
    """A row of `recipients`, without its stamps."""

    person: int
    variant: int
    wave: int
    foreseen: bytes


def page(tx: Tx, space: int, run: bytes, after: int, limit: int) -> list[RecipientRow]:
    """The next behind a person, by person."""
    rows = tx.conn.execute(
        select(_r.person, _r.variant, _r.wave, _r.foreseen).where(_r.run == run, _r.space == space, _r.person > after).order_by(_r.person).limit(limit)
    )
    return [RecipientRow(person, variant, wave, bytes(foreseen)) for person, variant, wave, foreseen in rows]


def users(tx: Tx, space: int, run: bytes, after: int, limit: int, *, fresh: bool = False) -> list[tuple[int, str, str, int]]:
    """(person, user id, zone, variant) of the next, by person; `fresh`: of those alone that have no variant yet."""
    p = people.c
    joined = recipients.join(people, (p.space == _r.space) & (p.person == _r.person))
    rows = tx.conn.execute(
        select(_r.person, p.user_id, p.timezone, _r.variant).select_from(joined).where(_r.run == run, _r.space == space, _r.person > after, *([_r.variant == NOT_ASSIGNED] if fresh else [])).order_by(_r.person).limit(limit)
    )
    return [(person, user, zone, variant) for person, user, zone, variant in rows]


def assign(tx: Tx, space: int, run: bytes, to: Mapping[int, tuple[int, int]]) -> None:
    """Give these persons their (variant, wave)."""
    if not to:
        return
    if tx.dialect == "sqlite":
        statement = update(recipients).where(_r.run == run, _r.space == space, _r.person == bindparam("of_person")).values(variant=bindparam("of_variant"), wave=bindparam("of_wave"))
        tx.conn.execute(statement, [{"of_person": person, "of_variant": variant, "of_wave": wave} for person, (variant, wave) in to.items()])
        return
    given = func.unnest(
        cast(list(to), ARRAY(BigInteger)), cast([v for v, _ in to.values()], ARRAY(SmallInteger)), cast([w for _, w in to.values()], ARRAY(SmallInteger))
    ).table_valued("person", "variant", "wave").render_derived("given")  # fmt: skip
    tx.conn.execute(
        update(recipients).where(_r.run == run, _r.space == space, _r.person == given.c.person).values(variant=given.c.variant, wave=given.c.wave)
    )


def rest(tx: Tx, space: int, run: bytes, wave: int) -> None:
    """Who waits for a winner is of this wave."""
    tx.conn.execute(update(recipients).where(_r.run == run, _r.space == space, _r.variant == UNASSIGNED).values(wave=wave))


def zones(tx: Tx, space: int, run: bytes) -> Sequence[str]:
    """The zones they live in."""
    p = people.c
    joined = recipients.join(people, (p.space == _r.space) & (p.person == _r.person))
    return list(tx.conn.scalars(select(p.timezone).select_from(joined).where(_r.run == run, _r.space == space).distinct().order_by(p.timezone)))
