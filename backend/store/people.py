"""The facts of people, many at once: what the gates may look at, in five statements however many persons there are."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import select

from backend.domain.person import Address, Person, Wishes
from backend.store.port import Tx
from backend.store.tables import addresses, consents, groups, memberships, people, suppressions
from backend.store.upsert import chunks

_wishes = msgspec.json.Decoder(Wishes)
NO_WISHES = Wishes()
When: TypeAlias = float | Callable[[str], float]  # a moment, or the moment for people of a zone


def facts_of(tx: Tx, space: int, persons: Sequence[int], now: When) -> dict[int, Person]:
    """The facts of those who exist, erased ones too; a suppression that has run out by `now` is none."""
    found: dict[int, Person] = {}
    for some in chunks(list(persons)):
        found.update(_facts_of(tx, space, some, now))
    return found


def revisions_of(tx: Tx, space: int, persons: Sequence[int]) -> dict[int, int]:
    """The revision each of them has now."""
    found: dict[int, int] = {}
    for some in chunks(list(persons)):
        rows = tx.conn.execute(select(people.c.person, people.c.revision).where(people.c.space == space, people.c.person.in_(some)))
        found.update((person, revision) for person, revision in rows)
    return found


def _facts_of(tx: Tx, space: int, some: Sequence[int], now: When) -> Iterable[tuple[int, Person]]:
    p = people.c
    rows = tx.conn.execute(
        select(p.person, p.user_id, p.revision, p.timezone, p.locale, p.profile, p.wishes, p.demo, p.erased).where(
            p.space == space, p.person.in_(some)
        )
    ).all()
    held = _addresses(tx, space, some, {row.person: now(row.timezone) for row in rows} if callable(now) else now)
    given = _consents(tx, space, some)
    member = _memberships(tx, space, some)
    wishes = _group_wishes(tx, space, {key for keys in member.values() for key in keys})
    for person, user_id, revision, timezone, locale, profile, own, demo, erased in rows:
        keys = tuple(sorted(member.get(person, ())))
        yield person, Person(
            space=space,
            person=person,
            user_id=user_id,
            revision=revision,
            timezone=timezone,
            locale=locale,
            profile=bytes(profile),
            addresses=tuple(held.get(person, ())),
            wishes=_wishes.decode(own),
            group_wishes=tuple((key, wishes[key]) for key in keys if key in wishes),
            consents=given.get(person, {}),
            groups=keys,
            erased=erased is not None,
            demo=bool(demo),
        )


def _addresses(tx: Tx, space: int, some: Sequence[int], now: float | dict[int, float]) -> dict[int, list[Address]]:
    a, s = addresses.c, suppressions.c
    of_address = (s.space == a.space) & (s.channel == a.channel) & (s.hash == a.hash)
    rows = tx.conn.execute(
        select(a.person, a.channel, a.hash, a.sealed, a.label, s.reason, s.until)
        .outerjoin(suppressions, of_address)
        .where(a.space == space, a.person.in_(some))
        .order_by(a.person, a.channel, a.created, a.hash)
    ).all()
    found: dict[int, list[Address]] = defaultdict(list)
    for person, channel, hashed, sealed, label, reason, until in rows:
        in_force = reason is not None and (until is None or until > (now if isinstance(now, float) else now.get(person, 0.0)))
        found[person].append(Address(channel, bytes(hashed), bytes(sealed), (reason or "suppressed") if in_force else "", label))
    return found


def _consents(tx: Tx, space: int, some: Sequence[int]) -> dict[int, dict[str, bool]]:
    c = consents.c
    # sorted here: asked for in order of time SQLite walks the index of times, which is everybody's consents
    rows = tx.conn.execute(select(c.person, c.category, c.given, c.at).where(c.space == space, c.person.in_(some))).all()
    found: dict[int, dict[str, bool]] = defaultdict(dict)
    for person, category, given, _ in sorted(rows, key=lambda row: row.at):
        found[person][category] = bool(given)  # the latest stays
    return found


def _memberships(tx: Tx, space: int, some: Sequence[int]) -> dict[int, list[str]]:
    m = memberships.c
    found: dict[int, list[str]] = defaultdict(list)
    for person, key in tx.conn.execute(select(m.person, m.group_key).where(m.space == space, m.person.in_(some))).all():
        found[person].append(key)
    return found


def _group_wishes(tx: Tx, space: int, keys: set[str]) -> dict[str, Wishes]:
    """Of the groups that have any."""
    if not keys:
        return {}
    g: Any = groups.c
    rows = tx.conn.execute(select(g.key, g.wishes).where(g.space == space, g.key.in_(sorted(keys)), g.wishes != "{}"))
    read = ((key, _wishes.decode(wishes)) for key, wishes in rows)
    return {key: wishes for key, wishes in read if wishes != NO_WISHES}
