"""What is looked at of an audience: how many, where they can be reached, who some of them are. Reads only."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Select, select

from backend.app.audience_views import CountView, SampleView
from backend.domain.audience import All, Audience, InAudience
from backend.domain.audience_checks import each
from backend.domain.campaign import Campaign
from backend.domain.delivery import CHANNEL_NAME
from backend.domain.quiet import zone
from backend.store import audience_people, audience_rows, persons
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App

SHOWN = 8  # attributes of somebody in a sample


def count(app: "App", tx: Tx, space: int, audience: Audience, key: str, *, steps: bool, sample: int) -> CountView:
    """Exactly, now."""
    now = app.clock.now()
    asked = audience_people.whom(tx, space, audience, now, key=key)
    n, reached = audience_rows.reachable(tx, space, asked, now)
    channels = {CHANNEL_NAME[number]: n if CHANNEL_NAME[number] == "web" else people for number, people in reached.items()}
    left = []
    if steps and isinstance(audience.rule, All):
        for upto in range(1, len(audience.rule.of) + 1):
            fewer = Audience(All(audience.rule.of[:upto]))
            left.append(audience_rows.size(tx, audience_people.whom(tx, space, fewer, now, key=key)))
    return CountView(n, audience_rows.everybody(tx, space), channels, left, _sample(app, tx, space, asked, sample, now) if sample else [])


def page(tx: Tx, asked: Select[tuple[int]], after: int, limit: int) -> list[int]:
    """Persons behind `after`, by person."""
    whose = asked.subquery().c
    return list(tx.conn.scalars(select(whose.person).where(whose.person > after).order_by(whose.person).limit(limit)))


def named_in(who: str, body: str) -> set[str]:
    """The audiences that an audience, or a campaign, names."""
    if who.startswith("campaign:"):
        draft = msgspec.json.decode(body, type=Campaign)
        return {key for key in (draft.audience, *draft.exclude) if key}
    audience = msgspec.json.decode(body, type=Audience)
    rules = [rule for rule, _ in each(audience.rule)] if audience.rule is not None else []
    return {*audience.exclude, *(rule.key for rule in rules if isinstance(rule, InAudience))}


def _sample(app: "App", tx: Tx, space: int, asked: Select[tuple[int]], limit: int, now: float) -> list[SampleView]:
    made = []
    for person in audience_rows.some(tx, asked, limit):
        row = persons.get(tx, space, person)
        if row is None:
            continue
        profile = app.people.profile(row)
        local = datetime.fromtimestamp(now, zone(row.timezone)).strftime("%H:%M")
        made.append(SampleView(row.user_id, profile.name, row.timezone, local, dict(list(profile.attributes.items())[:SHOWN])))
    return made
