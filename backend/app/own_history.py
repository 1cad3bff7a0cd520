"""A person's history: every notification that was meant for them, with what became of it on each channel and why, in words for whoever reads it.

Channels that were skipped have no delivery, so this reads notifications with their traces, not deliveries.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, get_args

import msgspec

from backend.app import explain
from backend.app.base import Aggregate, is_own, need_or_own, page_size
from backend.app.views import Page, ReasonView, UnitView, moment
from backend.domain.decision import Reason
from backend.domain.delivery import CHANNEL_NUMBER, PRIORITIES
from backend.domain.errors import Invalid, UnknownChannel
from backend.domain.ids import parse_id, person_id
from backend.domain.reasons import Audience, sentence
from backend.security.roles import Actor
from backend.store import campaign_rows, history, inbox, people
from backend.store.port import Tx

Fate = Literal["arrived", "waiting", "none"]
BATCH = 100  # notifications looked at in one read
SCAN = 1_000  # looked at for one page; a filter that finds less goes on with the next page
ARRIVED = ("sent", "delivered")
WAITING = ("held", "pending", "sending", "retrying", "unknown")


class HistoryItem(msgspec.Struct):
    """One notification. `fate`: it arrived somewhere, still waits somewhere, or did not come at all. `title` "" when it is not known any more."""

    id: str
    title: str
    category: str
    category_name: str
    priority: str
    at: datetime
    fate: Fate
    units: list[UnitView]


class History(Aggregate):
    """See the module."""

    async def list(
        self, actor: Actor, user_id: str, *, category: str | None = None, channel: str | None = None, fate: str | None = None,
        after: str | None = None, limit: int = 25,
    ) -> Page[HistoryItem]:  # fmt: skip
        """Newest first. `after`: the last id seen. A page may be short, or empty, and still have a `next` when a filter finds little."""
        need_or_own(actor, user_id, "deliveries.read", "inbox.own")
        if channel is not None and channel not in CHANNEL_NUMBER:
            raise UnknownChannel(given=channel[:32], allowed=list(CHANNEL_NUMBER))
        if fate is not None and fate not in get_args(Fate):
            raise Invalid("fate is one of arrived, waiting and none.", field="fate", allowed=list(get_args(Fate)))
        size, before = page_size(limit), parse_id(after) if after else None
        person, reader = person_id(actor.space, user_id), msgspec.structs.replace(actor, role="member") if is_own(actor, user_id) else actor
        names = {key: one.name for key, one in (await self.app.facts.content_of(actor.space)).categories.items()}
        found: list[HistoryItem] = []
        looked = 0
        while looked < SCAN:
            items, last = await self.app.store.read(lambda tx, before=before: self._batch(tx, reader, person, category, before, names))  # type: ignore[misc]
            for item in items:
                if (fate is None or item.fate == fate) and (channel is None or any(u.channel == channel for u in item.units)):
                    found.append(item)
                    if len(found) > size:
                        return Page(found[:size], found[size - 1].id)
            if last is None:
                return Page(found)
            before, looked = last, looked + BATCH
        return Page(found, before.hex() if before else None)

    def _batch(
        self, tx: Tx, actor: Actor, person: int, category: str | None, before: bytes | None, names: Mapping[str, str]
    ) -> tuple[Sequence[HistoryItem], bytes | None]:
        rows = history.notifications_of_person(tx, actor.space, person, category, before, BATCH)
        facts = people.facts_of(tx, actor.space, [person], self.app.clock.now()).get(person)
        deliveries = {d.id: d for d in history.deliveries_of_person(tx, actor.space, person, [row.id for row in rows])}
        titles = _titles(tx, actor, person, rows)
        items = []
        for row in rows:
            units = explain.kept_decision(row, facts, deliveries, actor, self.app.sealer).units
            for unit in units:
                unit.reasons, unit.gates = [_spoken(reason, names, actor) for reason in unit.reasons], []
            name = names.get(row.category, row.category)
            items.append(HistoryItem(row.id.hex(), titles.get(row.id, ""), row.category, name, PRIORITIES[row.priority], moment(row.accepted), _fate(units), units))
        return items, rows[-1].id if len(rows) == BATCH else None


def _titles(tx: Tx, actor: Actor, person: int, rows: Sequence[history.NotificationRow]) -> dict[bytes, str]:
    """As the person has it in the inbox, else as the event said; for staff else as its campaign is called."""
    space = actor.space
    titles = inbox.titles(tx, space, person, [row.id for row in rows])
    events = history.events_of(tx, space, {row.event for row in rows if row.id not in titles})
    called: dict[str, str] = {}
    for row in rows:
        event = events.get(row.event)
        if row.id in titles or event is None:
            continue
        kind, _, key = event.target.partition(":")
        if kind == "campaign" and actor.role != "member":
            if key not in called:
                campaign = campaign_rows.get(tx, space, key)
                called[key] = campaign.name or key if campaign else ""
            titles[row.id] = called[key]
            continue
        try:
            titles[row.id] = explain.title_of(event)
        except msgspec.DecodeError:  # of a fan-out that keeps another record
            continue
    return titles


def _spoken(reason: ReasonView, names: Mapping[str, str], actor: Actor) -> ReasonView:
    """The reason with the category's name in its sentence."""
    params = dict(reason.params)
    if isinstance(params.get("category"), str):
        params["category"] = f"“{names.get(params['category'], params['category'])}”"
    audience: Audience = "person" if actor.role == "member" else "staff"
    return ReasonView(reason.code, reason.params, sentence(Reason(reason.code, params), audience, actor.locale, actor.timezone))


def _fate(units: Sequence[UnitView]) -> Fate:
    states = [unit.state for unit in units if unit.state is not None]
    if any(state in ARRIVED for state in states):
        return "arrived"
    return "waiting" if any(state in WAITING for state in states) else "none"
