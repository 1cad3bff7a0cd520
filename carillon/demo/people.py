"""Writing the demo's people: the twelve through the facade, the crowd a hundred at a time, with what everybody has of their own."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET
from sqlalchemy import insert, select

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.categories import decoded
from backend.app.people import EMAIL, SMS, Sealed
from backend.app.views import AddressIn, GroupIn, PersonIn
from backend.app.wishes import merged
from backend.domain.category import Category
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.errors import NotFound
from backend.domain.ids import person_id
from backend.domain.person import Profile, Wishes
from backend.domain.shift import Shift, shifts
from backend.domain.tally import QUARTER, SHIFT
from backend.security.roles import SYSTEM, Actor
from backend.store import categories, groups, persons, summaries, tables
from backend.store import shifts as kept
from backend.store.persons import AddressRow, PersonRow
from backend.store.port import Tx
from backend.store.shifts import Said
from carillon.demo.cast import GROUPS, ORIGIN, PEOPLE, Someone, mail_of, phone_of

BY = Actor(MAIN, SYSTEM.subject, SYSTEM.role, name="Demo", via="line")
PUSH = CHANNEL_NUMBER["push"]
DAY = 86_400.0
LATELY = 0.4  # of those who get no letters of the product, who said lately whether they want some
ZONES = (
    "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "Pacific/Honolulu", "America/Los_Angeles",
    "America/New_York", "America/Sao_Paulo",
)  # fmt: skip


class Ready(msgspec.Struct):
    """One of the crowd with everything sealed, so that nothing but SQL happens while the store is held."""

    row: PersonRow
    addresses: list[AddressRow]
    consents: dict[str, bool]
    groups: tuple[str, ...]
    attributes: dict[str, str]
    answered: dict[str, float]  # category -> when; on the day they came where it is not said
    said: dict[Said, int]  # what they changed of what they want, as it is counted


async def seed_twelve(app: App) -> int:
    """Make those who are missing, and the groups; how many there are. What was changed meanwhile stays as it is."""
    for key, name, _ in GROUPS:
        try:
            await app.groups.get(BY, key)
        except NotFound:
            await app.groups.put(BY, key, GroupIn(name=name, members=[]))
    for n, one in enumerate(PEOPLE):
        await _one(app, n, one)
    for key, _, _ in GROUPS:
        outside = await app.store.read(lambda tx, key=key: _outside(tx, key))  # type: ignore[misc]
        if outside:
            await app.groups.add_members(BY, key, outside)
    return len(PEOPLE)


def ready(app: App, some: Sequence[tuple[int, Someone]], now: float, known: dict[str, Category]) -> list[Ready]:
    """Rows of a part of the crowd."""
    made = []
    for n, one in some:
        rng = Random(f"person {n}")  # noqa: S311 - the same person every time
        created = now - 35 * DAY - rng.random() ** 2 * 500 * DAY
        row = app.people.new_row(MAIN, one.user, one.name, one.zone, one.locale, demo=True)
        known_of = _known_of(one)
        row.profile = app.sealer.seal("profile", msgspec.json.encode(Profile(one.name, known_of)))
        row.created = row.changed = created
        consents: dict[str, bool] = {}
        if one.wishes is not None:
            row.wishes = msgspec.json.encode(merged(Wishes(), one.wishes, known)).decode()
            consents = {} if one.wishes.consents is UNSET else dict(one.wishes.consents)
        sealed: list[tuple[Sealed, str]] = []
        if mail := mail_of(one):
            sealed.append((app.people.sealed(EMAIL, mail), ""))
        if phone := phone_of(one, n):
            sealed.append((app.people.sealed(SMS, phone), ""))
        for device in range(one.devices if one.device else 0):
            sealed.append((app.people.sealed(PUSH, f"demo-device-{one.user}-{device}"), "Phone" if device == 0 else "Tablet"))
        addresses = [AddressRow(row.person, s.channel, s.hash, s.sealed, label, created) for s, label in sealed]
        answered = {"product": now - rng.random() * 30 * DAY} if "newsletter" not in one.groups and rng.random() < LATELY else {}
        said = _said(rng, row, consents, answered, known, now)
        made.append(Ready(row, addresses, consents, one.groups, known_of, answered, said))
    return made


def _said(rng: Random, row: PersonRow, consents: dict[str, bool], answered: dict[str, float], known: dict[str, Category], now: float) -> dict[Said, int]:
    """When they said what they want, and where: answers with their sign-up or lately, the rest at some time, half of it in the last month. A few paused
    everything for some days, or left a category or a channel and came back."""

    def at(when: float) -> int:
        return int(when // QUARTER)

    told: Counter[Said] = Counter()
    asked_first = {key: category.kind == "marketing" for key, category in known.items()}
    when = now - rng.random() * 30 * DAY if rng.random() < 0.5 else row.created + 60
    way = rng.choice(("portal", "portal", "portal", "link", "api"))
    for shift in shifts(Wishes(), msgspec.json.decode(row.wishes, type=Wishes), {}, consents, asked_first, now):
        told[Said(shift, "program" if shift.category in consents else way, True, at(answered.get(shift.category, row.created + 60) if shift.category in consents else when))] += 1
    for category, yes in consents.items():
        if yes and rng.random() < 0.04:
            out = now - (2 + rng.random() * 27) * DAY
            told[Said(Shift(SHIFT["opted_out"], category), rng.choice(("one_click", "one_click", "link", "provider")), True, at(out))] += 1
            told[Said(Shift(SHIFT["opted_in"], category), "link", True, at(out + 0.1 * DAY))] += 1
    if rng.random() < 0.03:
        began = now - rng.random() * 30 * DAY
        for kind, then in (("paused", began), ("resumed", began + 3 * DAY)):
            if then < now:
                told[Said(Shift(SHIFT[kind]), "portal", True, at(then))] += 1
    for channel, share in (("email", 0.01), ("sms", 0.015)):
        if rng.random() < share:
            off = now - (2 + rng.random() * 28) * DAY
            for kind, then in (("turned_off", off), ("turned_on", off + 1.5 * DAY)):
                told[Said(Shift(SHIFT[kind], "", CHANNEL_NUMBER[channel]), "sms" if channel == "sms" else "portal", True, at(then))] += 1
    return told


def write_crowd(tx: Tx, some: Sequence[Ready], now: float) -> int:
    """Insert those whose user id is free; how many. A real person who has it stays untouched."""
    wanted = [one.row.person for one in some]
    p = tables.people.c
    there = set(tx.conn.scalars(select(p.person).where(p.space == MAIN, p.person.in_(wanted))))
    new = [one for one in some if one.row.person not in there]
    if not new:
        return 0
    tx.conn.execute(insert(tables.people), [msgspec.structs.asdict(one.row) for one in new])
    seen = [{"space": MAIN, "person": one.row.person, "attributes": one.attributes, "consents": one.consents} for one in new]
    tx.conn.execute(insert(tables.summaries), seen)
    summaries.set_attributes(tx, MAIN, {one.row.person: one.attributes for one in new[:1]}, new[0].row.created)
    addresses = [
        {"space": MAIN, "person": a.person, "channel": a.channel, "hash": a.hash, "sealed": a.sealed, "label": a.label, "created": a.created}
        for one in new
        for a in one.addresses
    ]
    consents = [
        {"space": MAIN, "person": one.row.person, "category": key, "at": one.answered.get(key, one.row.created + 60), "given": yes, "source": "sign-up form", "evidence": "demo"}
        for one in new
        for key, yes in one.consents.items()
    ]
    for table, rows in ((tables.addresses, addresses), (tables.consents, consents)):
        if rows:
            tx.conn.execute(insert(table), rows)
    summaries.fill_reach(tx, MAIN, [one.row.person for one in new])
    said: Counter[Said] = Counter()
    for one in new:
        said.update(one.said)
    kept.keep(tx, MAIN, said, now)
    for key, _, _ in GROUPS:
        members = [one.row.person for one in new if key in one.groups]
        if members and groups.get(tx, MAIN, key) is not None:
            groups.add(tx, MAIN, key, members, new[0].row.created)
    return len(new)


def _known_of(one: Someone) -> dict[str, str]:
    return {"city": one.city, "plan": one.plan, "origin": ORIGIN}


def fill_known(app: App, tx: Tx, some: Sequence[Someone]) -> list[int]:
    """Give those of the demo's people their attributes who have none of them yet; who that is."""
    filled: dict[int, dict[str, object]] = {}
    for one in some:
        row = persons.get(tx, MAIN, person_of(one.user))
        if row is None or not row.demo or row.erased is not None:
            continue
        profile = app.people.profile(row)
        if profile.attributes.get("origin") != ORIGIN:
            filled[row.person] = {**_known_of(one), **profile.attributes}
            row.profile = app.people.sealed_profile(msgspec.structs.replace(profile, attributes=filled[row.person]))
            persons.put(tx, row)
    if filled:
        summaries.set_attributes(tx, MAIN, filled, app.clock.now())
    return list(filled)


def known_categories(tx: Tx) -> dict[str, Category]:
    """What wishes are checked against."""
    return {row.key: decoded(row) for row in categories.every(tx, MAIN)}


def _outside(tx: Tx, group: str) -> list[str]:
    """Those of the twelve who should be in a group and are not."""
    mine = {one.user for one in PEOPLE if group in one.groups}
    found = []
    for one in mine:
        row = persons.get(tx, MAIN, person_of(one))
        if row is not None and row.demo and row.erased is None and group not in groups.keys_of(tx, MAIN, row.person):
            found.append(one)
    return sorted(found)


def person_of(user: str) -> int:
    """Our number for a user id."""
    return person_id(MAIN, user)


async def _one(app: App, n: int, one: Someone) -> None:
    zone = night_zone(app.clock.now()) if one.zone == "night" else one.zone

    def write(tx: Tx) -> bool:
        row = app.people.ensure(tx, MAIN, one.user, one.name, zone, one.locale, demo=True)
        return row.demo and row.revision == 1 and row.created == row.changed and not persons.addresses_of(tx, MAIN, row.person, row.created)

    if not await app.store.write(write):
        return  # a real person has this id, or somebody has worked with this one since
    phone = f"+1415555{100 + n:04d}" if one.phone else None
    await app.people.put(BY, one.user, PersonIn(name=one.name, email=mail_of(one), phone=phone))
    if one.device:
        await app.people.put_address(BY, one.user, AddressIn("push", f"demo-device-{one.user}", "Phone"))
    if one.wishes is not None:
        await app.preferences.put(BY, one.user, one.wishes, evidence="demo")


def night_zone(now: float) -> str:
    """The zone where the night has just begun, or begins next."""
    at = datetime.fromtimestamp(now, UTC)

    def since_ten(zone: str) -> float:
        there = at.astimezone(ZoneInfo(zone))
        return (there.hour + there.minute / 60 - 22) % 24

    return min(ZONES, key=since_ten)
