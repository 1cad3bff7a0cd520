"""/v1/deliveries, /v1/dead, /v1/halts: what became of everything, and the levers over it."""

from typing import Annotated, Any

import msgspec

from backend.api.endpoint import Answer, Call, Endpoint
from backend.app.dead_views import AgainView, GoingView
from backend.app.engine_views import EngineView
from backend.app.halts_views import HaltIn, HaltLook, HaltView
from backend.app.views import ChannelName, DeadView, DeliveryView, NotificationView, Page
from backend.domain.delivery import STATE_OF
from backend.domain.errors import Invalid
from backend.domain.ids import parse_id


class DeliveriesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filters; all that are given must hold. Newest first."""

    event: str | None = None
    user: str | None = None
    state: str | None = None
    channel: ChannelName | None = None
    category: str | None = None
    after: str | None = None
    limit: int = 50


class DeadQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`fingerprint`: those of one cause."""

    fingerprint: str | None = None
    after: str | None = None
    limit: int = 50


class ReplayIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dead letters to send again: by id, or all of one cause. `patch`: a merge patch of title, message and data; `rate`: letters a second, 0 all
    at once."""

    ids: Annotated[list[str], msgspec.Meta(max_length=1_000)] | None = None
    fingerprint: str | None = None
    patch: dict[str, Any] | None = None
    rate: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 0.0


class LettersIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dead letters to try on copies: by id, or all of one cause. `patch`: a merge patch of title, message and data."""

    ids: Annotated[list[str], msgspec.Meta(max_length=1_000)] | None = None
    fingerprint: str | None = None
    patch: dict[str, Any] | None = None


class StoppedView(msgspec.Struct):
    """How many were called back."""

    stopped: int


class ReplayView(msgspec.Struct):
    """How many were sent again."""

    replayed: int


async def deliveries(call: Call) -> Answer:
    """Deliveries, newest first."""
    query: DeliveriesQuery = call.query
    if query.state is not None and query.state not in STATE_OF:
        raise Invalid(f"There is no state {query.state[:32]!r}.", field="state", allowed=list(STATE_OF))
    page = await call.app.deliveries.list(
        call.actor,
        event=query.event,
        user=query.user,
        state=query.state,
        channel=query.channel,
        category=query.category,
        after=call.after("deliveries"),
        limit=query.limit,
    )
    return call.page("deliveries", page)


async def delivery(call: Call) -> Answer:
    """One delivery: trace, attempts and receipts as one timeline."""
    return Answer(await call.app.deliveries.get(call.actor, call.key))


async def notification(call: Call) -> Answer:
    """One notification on every channel: why it arrived, waits, or did not come."""
    return Answer(await call.app.deliveries.notification(call.actor, call.key))


async def dead(call: Call) -> Answer:
    """Dead letters, newest first."""
    page = await call.app.dead.list(call.actor, fingerprint=call.query.fingerprint, after=call.after("dead"), limit=call.query.limit)
    return call.page("dead", page)


async def replay(call: Call) -> Answer:
    """Send dead letters again."""
    body: ReplayIn = call.body
    if (body.ids is None) == (body.fingerprint is None):
        raise Invalid("Name either ids or a fingerprint.", field="ids")
    ids = [parse_id(one) for one in body.ids] if body.ids is not None else None
    done = await call.app.dead.replay(call.actor, ids=ids, fingerprint=body.fingerprint, patch=body.patch, rate=body.rate)
    return Answer(ReplayView(done), 202)


async def try_dead(call: Call) -> Answer:
    """What sending them again would do now; no side effect."""
    body: LettersIn = call.body
    ids = [parse_id(one) for one in body.ids] if body.ids is not None else None
    return Answer(await call.app.dead.dry_run(call.actor, ids=ids, fingerprint=body.fingerprint, patch=body.patch))


async def going(call: Call) -> Answer:
    """How many of those sent again at a rate have not gone yet."""
    return Answer(await call.app.dead.going(call.actor))


async def stop_replay(call: Call) -> Answer:
    """Call back what has not gone yet."""
    return Answer(StoppedView(await call.app.dead.stop(call.actor)))


async def put_halt(call: Call) -> Answer:
    """Stop sending for a scope: space, channel:sms, category:offers ..."""
    return Answer(await call.app.halts.put(call.actor, call.key, call.body))


async def remove_halt(call: Call) -> Answer:
    """Let it go on."""
    await call.app.halts.remove(call.actor, call.key)
    return Answer()


async def look_at_halt(call: Call) -> Answer:
    """What halting a scope would hold now, and what waits under it."""
    return Answer(await call.app.halts.look(call.actor, call.key))


async def engine(call: Call) -> Answer:
    """What is stuck, why and what to do; and the lanes, stages and counts that prove it."""
    return Answer(await call.app.engine.now(call.actor))


async def halts(call: Call) -> Answer:
    """What is halted now."""
    return Answer(await call.app.halts.list(call.actor))


ENDPOINTS = [
    Endpoint(
        "GET",
        "/v1/deliveries",
        "listDeliveries",
        "Deliveries, newest first",
        deliveries,
        ("deliveries.read",),
        answer=Page[DeliveryView],
        query=DeliveriesQuery,
    ),
    Endpoint(
        "GET",
        "/v1/deliveries/{id}",
        "getDelivery",
        "A delivery with trace and timeline",
        delivery,
        ("deliveries.read",),
        answer=DeliveryView,
    ),
    Endpoint(
        "GET", "/v1/notifications/{id}", "getNotification", "Why somebody got a notification, or got nothing", notification, ("deliveries.read",), answer=NotificationView,
    ),
    Endpoint("GET", "/v1/dead", "listDead", "Dead letters", dead, ("operate",), answer=Page[DeadView], query=DeadQuery),
    Endpoint(
        "POST",
        "/v1/dead/replay",
        "replayDead",
        "Send dead letters again",
        replay,
        ("operate",),
        body=ReplayIn,
        answer=ReplayView,
        status=202,
    ),
    Endpoint("GET", "/v1/dead/replay", "replayProgress", "Letters still on their way back", going, ("operate",), answer=GoingView),
    Endpoint("POST", "/v1/dead/dry-run", "tryDead", "What sending again would do", try_dead, ("operate",), body=LettersIn, answer=AgainView),
    Endpoint("POST", "/v1/dead/stop", "stopReplay", "Call back what has not gone yet", stop_replay, ("operate",), answer=StoppedView),
    Endpoint("GET", "/v1/engine", "getEngine", "What is stuck, and what to do", engine, ("operate",), answer=EngineView),
    Endpoint("GET", "/v1/halts", "listHalts", "What is halted now", halts, ("operate",), answer=Page[HaltView]),
    Endpoint("GET", "/v1/halts/{scope}", "getHalt", "What halting a scope holds", look_at_halt, ("operate",), answer=HaltLook),
    Endpoint(
        "PUT",
        "/v1/halts/{scope}",
        "putHalt",
        "Stop sending for a scope",
        put_halt,
        ("operate",),
        body=HaltIn,
        answer=HaltView,
        optional_body=True,
    ),
    Endpoint("DELETE", "/v1/halts/{scope}", "removeHalt", "Let it go on", remove_halt, ("operate",), status=204),
]
