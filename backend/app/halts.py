"""Halts: stop sending for the space, a channel, a provider, a category, a priority, a template or one event, and let it go on. What is halted
waits; nothing is lost, and what waited comes back at a pace."""

import contextlib
from collections.abc import Sequence

from backend.app.alerts import resolve, say
from backend.app.base import Aggregate
from backend.app.halts_views import HaltIn, HaltLook, HaltView
from backend.app.views import Page, moment
from backend.channels.registry import kinds
from backend.channels.router import CAPTURE
from backend.domain.delivery import CHANNEL_NUMBER, ROUTE_CHANNEL, State
from backend.domain.errors import Invalid, NotFound, Unavailable, WrongState
from backend.domain.halting import DOWN, KINDS, is_scope
from backend.domain.ids import make_id
from backend.domain.known import owner_of
from backend.security.roles import Actor, need
from backend.store import campaign_rows, counted, halts, parked, providers, watch
from backend.store.halts import HaltRow
from backend.store.port import Tx

OPEN = (State.PENDING, State.SENDING, State.RETRYING)
PACE = 1_000  # deliveries a second that come back at most, as `workers.release` lets them go


class Halts(Aggregate):
    """Halts of the actor's space, in force at every process within two seconds."""

    async def put(self, actor: Actor, scope: str, given: HaltIn) -> HaltView:
        """Halt a scope; one that is halted gets the new reason. Raises `Invalid`."""
        need(actor, "operate")
        checked(scope)
        row = HaltRow(space=actor.space, scope=scope, reason=given.reason, by=actor.subject, at=self.app.clock.now())

        def write(tx: Tx) -> None:
            halts.put(tx, row)
            parked.stop(tx, actor.space, scope)
            self.note(tx, actor, "halt.put", f"halt:{scope}", reason=given.reason)

        await self.changing_content(write)
        words = f"{given.reason.rstrip('.')}. " if given.reason else ""
        sentence = (
            f"Sending is halted for {scope} by {actor.subject}. {words}What is halted waits: let it go on with carillon resume {scope}."
        )
        with contextlib.suppress(Unavailable):  # it is halted all the same, and the overview says so
            await say(self.app, actor.space, alert_of(actor.space, scope), "warning", sentence)
        return _view(row, await self._waiting(actor.space, [scope]))

    async def remove(self, actor: Actor, scope: str) -> None:
        """Let it go on. Raises `NotFound`."""
        need(actor, "operate")
        checked(scope)

        kind, _, name = scope.partition(":")

        def write(tx: Tx) -> None:
            row = campaign_rows.get(tx, actor.space, name) if kind == "campaign" else None
            if row is not None and row.state == "paused":
                raise WrongState(f"The campaign {name} is paused. Let it go on where campaigns are, not here.", state=row.state)
            if not halts.remove(tx, actor.space, scope):
                raise NotFound(f"{scope} is not halted.")
            parked.begin(tx, actor.space, scope, self.app.clock.now())
            self.note(tx, actor, "halt.remove", f"halt:{scope}")

        await self.changing_content(write)
        with contextlib.suppress(Unavailable):
            await resolve(self.app, actor.space, alert_of(actor.space, scope))

    async def list(self, actor: Actor) -> Page[HaltView]:
        """What is halted now, with how much waits for each; paused campaigns among it, and nothing of those that were cancelled."""
        need(actor, "operate")
        rows = [row for row in await self.app.store.read(lambda tx: halts.every(tx, actor.space)) if is_scope(row.scope)]
        waiting = await self._waiting(actor.space, [row.scope for row in rows])
        return Page([_view(row, waiting) for row in rows])

    async def shown(self, actor: Actor) -> Sequence[HaltView]:
        """What is halted now, for every page of the portal: without counts, so that it costs one look. A campaign that somebody paused or
        cancelled is no alarm for everybody: its own page says so."""
        need(actor, "analytics.read")
        rows = await self.app.store.read(lambda tx: halts.pulled(tx, actor.space))
        return [_view(row, {}) for row in rows]

    async def look(self, actor: Actor, scope: str) -> HaltLook:
        """What halting a scope would hold now, and what waits under it. Raises `Invalid`."""
        need(actor, "operate")
        checked(scope)
        kind, _, name = scope.partition(":")

        def read(tx: Tx) -> HaltLook:
            channel = _channel_of(tx, kind, name)
            stands = counted.now_standing(tx, actor.space, ("cohort", "channel", "state"), states=OPEN)
            if channel is not None:
                stands = type(stands)({key: n for key, n in stands.items() if key[1] == channel})
            if kind in ("category", "priority", "template", "event"):
                mine = watch.cohorts_with(tx, actor.space, kind, name, sorted({key[0] for key in stands}))
                stands = type(stands)({key: n for key, n in stands.items() if key[0] in mine})
            row = next((row for row in halts.every(tx, actor.space) if row.scope == scope), None)
            return HaltLook(scope, row is not None, max(0, sum(stands.values())), _waits(tx, actor.space, scope), PACE)

        return await self.app.store.read(read)

    async def _waiting(self, space: int, scopes: Sequence[str]) -> dict[str, int]:
        return await self.app.store.read(lambda tx: {scope: _waits(tx, space, scope) for scope in scopes})


def alert_of(space: int, scope: str) -> bytes:
    """The id of the alert that a halt raises: the next halt of the same scope raises it anew."""
    return make_id(0, b"halt", b"%d" % space, scope.encode())


def checked(scope: str) -> str:
    """The scope as the gates read it. Raises `Invalid`."""
    if not is_scope(scope):
        raise Invalid(f"There is no scope {scope[:80]!r} to halt.", field="scope", allowed=[*KINDS])
    return scope


def _waits(tx: Tx, space: int, scope: str) -> int:
    """What waits under a halt; of a provider's also what waits because its channel has nobody else."""
    waiting, (kind, _, name) = parked.count(tx, space, scope), scope.partition(":")
    if kind == "provider":
        waiting += parked.count(tx, space, f"{DOWN}{_route_of(tx, name)}")
    return waiting


def _channel_of(tx: Tx, kind: str, name: str) -> int | None:
    """The channel that bounds a scope."""
    if kind == "channel":
        return CHANNEL_NUMBER[name]
    return CHANNEL_NUMBER[ROUTE_CHANNEL[_route_of(tx, name)]] if kind == "provider" else None


def _route_of(tx: Tx, known: str) -> str:
    """The route of a provider that was added; of one of the installation its key names the channel, or it is one that sends mail."""
    owner = owner_of(known)
    row = providers.get(tx, *owner) if owner else None
    if row is not None:
        return kinds()[row.kind].way if row.kind in kinds() else row.channel
    name = known.removeprefix(CAPTURE)
    return name if name in ROUTE_CHANNEL else "email"


def _view(row: HaltRow, waiting: dict[str, int]) -> HaltView:
    return HaltView(row.scope, row.reason, row.by, moment(row.at), waiting.get(row.scope, 0))
