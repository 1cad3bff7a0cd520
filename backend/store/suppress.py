"""Suppressing an address that a provider or its owner told us not to use again, with everybody who has it."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, func, select, update

from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.receipt import GONE
from backend.domain.shift import Shift
from backend.domain.tally import SHIFT
from backend.store import shifts
from backend.store.port import Tx
from backend.store.suppressions import STOP, SuppressionRow, get, kept_behind, put
from backend.store.tables import addresses, people, suppressions
from backend.store.upsert import insert_new

PUSH, SMS = CHANNEL_NUMBER["push"], CHANNEL_NUMBER["sms"]


def suppress(tx: Tx, space: int, channel: int, hashed: bytes, reason: str, source: str, now: float, known: float = 0.0) -> list[int]:
    """Insert the suppression; the persons whose facts changed by it (drop their cached facts after the commit: their revision has grown). One that
    stands stays, but for two: a lapsed one makes room, and a STOP goes in front of any other, which is kept behind it, for START must not lift what
    bounced. `known`: when it was true, 0 for now: a device registered since then is a living one."""
    if channel == PUSH and reason == "bounced":
        reason = GONE
        newer = select(addresses.c.person).where(*_at(space, channel, hashed), addresses.c.created > (known or now))
        if tx.conn.execute(newer.limit(1)).first():
            return []
    row = SuppressionRow(space=space, channel=channel, hash=hashed, reason=reason, source=source, since=now)
    if not insert_new(tx, suppressions, [msgspec.structs.asdict(row)]) and not _joined(tx, row):
        return []
    holders = list(tx.conn.scalars(select(addresses.c.person).where(*_at(space, channel, hashed))))
    if holders:
        tx.conn.execute(
            update(people).where(people.c.space == space, people.c.person.in_(holders)).values(revision=people.c.revision + 1, changed=now)
        )
    if reason == STOP:
        count_turned(tx, space, channel, holders, now, on=False)
    return holders


def _joined(tx: Tx, row: SuppressionRow) -> bool:
    """The address has one already: whether this one is in force instead of it."""
    there = get(tx, row.space, row.channel, row.hash)
    if there is None or (there.until is not None and there.until <= row.since):
        put(tx, row)
    elif row.reason == STOP and there.reason != STOP:
        row.beside = kept_behind(there)
        put(tx, row)
    else:
        if there.reason == STOP and row.reason != STOP and not there.beside:
            there.beside = kept_behind(row)
            put(tx, there)
        return False
    return True


def count_turned(tx: Tx, space: int, channel: int, holders: Sequence[int], now: float, *, on: bool) -> None:
    """Whoever has an address turned its channel off, or on again, at the provider: by a text, or wherever its owner can."""
    p = people.c
    here = (p.space == space, p.person.in_(holders), p.erased.is_(None))
    way, shift = "sms" if channel == SMS else "provider", Shift(SHIFT["turned_on" if on else "turned_off"], "", channel)
    for demo, n in tx.conn.execute(select(p.demo, func.count()).where(*here).group_by(p.demo)).all() if holders else ():
        shifts.count(tx, space, [shift] * n, way, now, demo=bool(demo))


def _at(space: int, channel: int, hashed: bytes) -> tuple[ColumnElement[bool], ...]:
    return addresses.c.space == space, addresses.c.channel == channel, addresses.c.hash == hashed
