"""Campaigns as the tests of the line need them: written as rows, and run as a run does, an event a person."""

import msgspec
from sqlalchemy import insert

from backend.app.foreseeing import audience_of
from backend.domain import timing
from backend.domain.audience import Audience, InGroup
from backend.domain.bucketing import assigned
from backend.domain.campaign import Campaign, Variant
from backend.domain.campaign_event import event_of, pins
from backend.domain.forecast import left
from backend.domain.ids import make_id, person_bytes
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.security.roles import SYSTEM
from backend.store import audience_rows, forecast_rows, people
from backend.store.audience_people import whom
from backend.store.tables import campaigns, recipients, runs
from backend.store.upsert import upsert


async def campaign_of(stand, key: str, group: str, category="product", channels=(), **more) -> Campaign:
    """A campaign to the members of a group, with a template of its own that has content for every channel."""
    given = Campaign(category=category, audience=key, variants=more.pop("variants", (Variant(template=key),)), channels=tuple(channels), **more)

    def write(tx):
        audience_rows.put(tx, audience_rows.AudienceRow(
            space=1, key=key, name=key, kind="rule", body=msgspec.json.encode(Audience(rule=InGroup(group))).decode(), version=1, revision=1, changed=stand.now,
        ))
        upsert(tx, campaigns, {
            "space": 1, "key": key, "name": key, "state": "draft", "body": msgspec.json.encode(given).decode(), "revision": 1, "created": stand.now,
            "changed": stand.now,
        })  # fmt: skip

    await stand.app.store.write(write)
    return given


async def run(stand, key: str, given: Campaign, *, follow=True) -> bytes:
    """Start it: the snapshot with what was foreseen, whoever left, and an event for each."""
    now, made = stand.now, make_id(int(stand.now * 1000), key.encode(), repr(stand.now).encode())
    known = await stand.app.facts.content_of(1)
    pinned = pins(given, known.categories, known.published)
    moment_of = timing.moments(given.timing, now)

    def write(tx):
        forecast = forecast_rows.reviewed(tx, 1, key) if follow else bytes(16)
        n = forecast_rows.take(tx, 1, made, forecast, whom(tx, 1, audience_of(given), now))
        gone = forecast_rows.left(tx, 1, made, forecast, -1, 1_000)
        forecast_rows.differ(tx, 1, made, {person: left(code) for person, code in gone}, now)
        tx.conn.execute(insert(runs).values(
            space=1, id=made, campaign=key, version=1, planned=now, state="running", recipients=n, forecast=forecast, created=now,
        ))
        r = recipients.c
        rows = tx.conn.execute(recipients.select().where(r.run == made).order_by(r.person)).all()
        return rows, people.facts_of(tx, 1, [row.person for row in rows], moment_of)

    rows, persons = await stand.app.store.write(write)
    records = []
    for row in rows:
        person = persons[row.person]
        variant = row.variant if row.variant != forecast_rows.NOT_ASSIGNED else assigned(key, given, person.user_id)[0]
        event = event_of(1, key, given, pinned, run=made, at=moment_of(person.timezone), variant=variant)
        event = msgspec.structs.replace(event, person=row.person, foreseen=bytes(row.foreseen), send_at=max(0.0, moment_of(person.timezone)))
        records.append(Record(topics.events(event.priority), topics.partition_of(1, row.person), person_bytes(row.person), encode(event)))
    await stand.app.log.append(records)
    await stand.settle()
    return made


async def planned(stand, key: str):
    """Make a forecast and have it counted."""
    await stand.app.forecasts.begin(SYSTEM, key)
    await stand.settle()
    return await stand.app.forecasts.get(SYSTEM, key)
