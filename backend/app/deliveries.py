"""Deliveries: lists with filters, and one delivery with its trace and everything that happened to it."""

import msgspec

from backend.app import explain
from backend.app.base import Aggregate, need_or_own, page_size
from backend.app.views import DeliveryView, NotificationView, Page
from backend.domain.decision import Decision
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, STATE_OF, State
from backend.domain.errors import Invalid, NotFound, UnknownChannel
from backend.domain.ids import parse_id, person_id
from backend.security.roles import Actor, need
from backend.store import campaign_rows, delivery_rows, history, people, recipient_rows
from backend.store.port import Tx

_decision = msgspec.msgpack.Decoder(Decision)


class Deliveries(Aggregate):
    """See the module."""

    async def list(
        self, actor: Actor, *, event: str | None = None, user: str | None = None, state: str | None = None, channel: str | None = None,
        category: str | None = None, template: str | None = None, reason: str | None = None, provider: str | None = None, since: float | None = None,
        until: float | None = None, after: str | None = None, limit: int = 50,
    ) -> Page[DeliveryView]:  # fmt: skip
        """Newest first. A person may list their own (`user`); anything else needs `deliveries.read`. `after`: the `next` of the page before.

        A page may be short, or empty, and still have a `next`: a look at millions is bounded. `since` and `until` are seconds.
        """
        if user is not None:
            need_or_own(actor, user, "deliveries.read", "inbox.own")
        else:
            need(actor, "deliveries.read")
        if state is not None and state not in STATE_OF:
            raise Invalid(f"There is no state {state!r}. The states are {', '.join(STATE_OF)}.", field="state", allowed=list(STATE_OF))
        if channel is not None and channel not in CHANNEL_NUMBER:
            raise UnknownChannel(given=channel[:32], allowed=list(CHANNEL_NUMBER))
        size, before = page_size(limit), parse_id(after) if after else None
        asked = delivery_rows.DeliveriesAsked(
            event=parse_id(event) if event is not None else None, person=person_id(actor.space, user) if user is not None else None,
            state=STATE_OF[state] if state else None, channel=CHANNEL_NUMBER[channel] if channel else None, category=category, template=template,
            reason=reason, provider=provider, since=since, until=until,
        )  # fmt: skip
        now = self.app.clock.now()

        def read(tx: Tx) -> tuple[list[DeliveryView], bytes | None]:
            rows, following = delivery_rows.page(tx, actor.space, asked, before, size)
            events = history.events_of(tx, actor.space, {parent.event for _, parent in rows})
            persons = people.facts_of(tx, actor.space, list({row.person for row, _ in rows}), now)
            shown = [explain.delivery_view(row, n, persons.get(row.person), actor, self.app.sealer, events.get(n.event)) for row, n in rows]
            return shown, following

        items, following = await self.app.store.read(read)
        return Page(items, following.hex() if following else None)

    async def get(self, actor: Actor, delivery_id: str) -> DeliveryView:
        """One delivery: trace, attempts, receipts and stamps as one timeline, and the notification's other channels."""
        made = parse_id(delivery_id)
        now = self.app.clock.now()

        def read(tx: Tx) -> DeliveryView:
            row = history.delivery(tx, actor.space, made)
            parent = history.notification(tx, actor.space, row.notification) if row else None
            person = people.facts_of(tx, actor.space, [row.person], now).get(row.person) if row else None
            own = row is not None and actor.person == row.person
            if not own:
                need(actor, "deliveries.read")
            if row is None or parent is None:
                raise NotFound("There is no delivery with this id here. Check it; history is kept for 30 days.")
            if row.state == State.RETRYING:
                row.until = history.next_try(tx, actor.space, made) or row.until
            event = history.event(tx, actor.space, parent.event)
            view = explain.delivery_view(row, parent, person, actor, self.app.sealer, event)
            decision = _decision.decode(parent.trace)
            siblings = {d.id: d for d in history.deliveries_of(tx, actor.space, [parent.id])}
            view.units = explain.kept_decision(parent, person, siblings, actor, self.app.sealer).units
            first = next((u for u in decision.units if u.channel == CHANNEL_NAME[row.channel] and u.address == row.address), None)
            again = [a for a in decision.again if a.unit.channel == CHANNEL_NAME[row.channel] and a.unit.address == row.address]
            unit = explain.last_word(decision, first)[0] if first else None
            view.trace = [explain.gate_view(gate, actor) for gate in unit.gates] if unit else []
            stamps = history.inbox_stamps(tx, actor.space, row.person, parent.id) if view.channel == "web" else None
            attempts, receipts = history.attempts_of(tx, actor.space, made), history.receipts_of(tx, actor.space, made)
            view.timeline = explain.timeline(row, parent, first, attempts, receipts, stamps, actor, again)
            return view

        return await self.app.store.read(read)

    async def notification(self, actor: Actor, notification_id: str) -> NotificationView:
        """One notification on every channel, with each gate: why somebody got it, waits for it, or got nothing. A person may read their own.

        Raises `NotFound`: there is none, or nothing was decided yet.
        """
        made = parse_id(notification_id)
        now = self.app.clock.now()

        def read(tx: Tx) -> NotificationView:
            row = history.notification(tx, actor.space, made)
            if row is None or actor.person != row.person:
                need(actor, "deliveries.read")
            if row is None:
                raise NotFound("There is no notification with this id here. Check it; history is kept for 30 days.")
            person = people.facts_of(tx, actor.space, [row.person], now).get(row.person)
            siblings = {d.id: d for d in history.deliveries_of(tx, actor.space, [row.id])}
            view = explain.notification_view(row, person, siblings, actor, self.app.sealer, history.event(tx, actor.space, row.event))
            if view.campaign and actor.role != "member":
                found, mine = campaign_rows.get(tx, actor.space, view.campaign), recipient_rows.page(tx, actor.space, row.event, row.person - 1, 1)
                view.campaign_name = found.name if found else ""
                view.variant = mine[0].variant if mine and mine[0].person == row.person else None
            elif view.campaign:  # whom it was for and what else was tried is the sender's
                view.campaign = ""
            return view

        return await self.app.store.read(read)
