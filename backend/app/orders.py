"""Orders: a state the customer's systems tell us, streamed to its owner and, when its category says so, an event."""

from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b

from msgspec.structs import replace

from backend.app.base import Aggregate
from backend.app.views import OrderIn, OrderView, moment
from backend.domain.errors import NotFound, Refusal, UnknownUser
from backend.domain.event import EventIn, To
from backend.domain.ids import person_id
from backend.live.hub import order_of
from backend.live.records import OrderMoved
from backend.live.tell import write_and_tell
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.security.roles import SYSTEM, Actor, may, need
from backend.store import order_rows
from backend.store.port import Tx

CATEGORY = "orders"
ANEW = 86_400.0  # seconds after a move in which a repeat of it makes sure of its event
LOOK = 30.0  # seconds after which a silent stream looks at the store by itself


class Orders(Aggregate):
    """See the module."""

    async def put(self, actor: Actor, order_id: str, given: OrderIn) -> OrderView:
        """A new state. The same state again changes nothing and tells nobody."""
        need(actor, "events.send")
        person, now = person_id(actor.space, given.owner), self.app.clock.now()
        known = await self.app.facts.read([(actor.space, person)], now)
        if known[actor.space, person].erased:
            raise UnknownUser(
                f"Nobody with the user id {given.owner!r} is known here. Create them first with PUT /v1/users/{{id}}.", field="owner"
            )
        moved = OrderMoved(actor.space, order_id, person, given.state, given.detail or "", now)

        def write(tx: Tx) -> tuple[OrderMoved, Sequence[Record]]:
            was = order_rows.get(tx, actor.space, order_id)
            if not order_rows.put(tx, moved) and was is not None:
                return was, []
            return moved, [Record(topics.LIVE, person % topics.PARTITIONS, order_id.encode(), encode(moved))]

        stands = await write_and_tell(self.app.store, self.app.log, write)
        content = await self.app.facts.content_of(actor.space)
        # a repeat comes here too: whoever was refused (or died) after the row was written would else never be notified of it
        if stands.at > now - ANEW and CATEGORY in content.categories and content.categories[CATEGORY].template:
            event = EventIn(
                type=f"order.{given.state}"[:128], category=CATEGORY, to=To(user=given.owner), id=_event_key(stands),
                data={"order": {"id": order_id, "state": given.state, "detail": given.detail or ""}},
            )  # fmt: skip
            (answer,) = await self.app.events.accept(replace(SYSTEM, space=actor.space), [event], source="orders")
            if isinstance(answer, Refusal):
                raise answer
        return _view(stands, given.owner)

    async def stream(self, actor: Actor, order_id: str) -> AsyncIterator[OrderView]:
        """The state now, then each new one; for the owner, or staff and programs that may read events."""
        with self.app.hub.listen(order_of(actor.space, order_id)) as listener:
            found = await self._mine(actor, order_id)
            shown = found
            yield _view(found)
            while True:
                told, missed = await listener.take(LOOK)
                fresh = [one for one in told if isinstance(one, OrderMoved)]
                if missed or not told:
                    fresh = [await self._mine(actor, order_id)]
                for one in fresh:  # told apart by what they say and not by the clock, which may stand still or step back
                    if not self._may(actor, one):
                        return
                    if one != shown:
                        shown = one
                        yield _view(one)

    async def _mine(self, actor: Actor, order_id: str) -> OrderMoved:
        found = await self.app.store.read(lambda tx: order_rows.get(tx, actor.space, order_id))
        if found is None or not self._may(actor, found):
            raise NotFound("There is no such order of yours here.")
        return found

    @staticmethod
    def _may(actor: Actor, order: OrderMoved) -> bool:
        return (actor.person != 0 and actor.person == order.person) or may(actor, "events.read")


def _event_key(moved: OrderMoved) -> str:
    """The producer's id of a move: the same for a repeat, another when the order comes to the same state once more."""
    key = f"order:{moved.order}:{moved.state}:{int(moved.at * 1000)}"
    return key if len(key) <= 256 else f"order:{blake2b(key.encode(), digest_size=16).hexdigest()}"


def _view(moved: OrderMoved, owner: str | None = None) -> OrderView:
    return OrderView(moved.order, moved.state, moment(moved.at), moved.detail or None, owner)
