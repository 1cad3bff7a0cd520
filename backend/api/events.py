"""POST /v1/events and /v1/decisions, GET /v1/events/{id}: one event or up to 500, JSON or CloudEvents.

One bad item of an array does not spoil the others: each is answered for itself, in order.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from backend.api.cloudevents import from_envelope, from_headers, is_binary, is_structured, structured
from backend.api.endpoint import Answer, Call, Endpoint
from backend.api.problems import problem
from backend.api.reading import decode, media_type, need_json
from backend.app.event_views import CancelView
from backend.app.views import Accepted, DecisionView, EventView, Page
from backend.domain.errors import Invalid, Refusal
from backend.domain.event import ARRAY_LIMIT, EventIn


class AcceptedView(msgspec.Struct):
    """An accepted event: its id and where it can be read."""

    id: str
    url: str


class AnsweredItem(msgspec.Struct):
    """An item of an array: `id` and `url` when it was accepted, else `error`, its problem document."""

    id: str | None = None
    url: str | None = None
    error: dict[str, Any] | None = None


class AcceptedList(msgspec.Struct):
    """One entry for each item sent, in order."""

    items: list[AnsweredItem]


async def send(call: Call) -> Answer:
    """Accept what was sent; 202 once it is durable."""
    single, items = read(call)
    answers = await call.app.events.accept(call.actor, items)
    if single:
        if isinstance(answers[0], Refusal):
            raise answers[0]
        view = _accepted(answers[0])
        return Answer(view, 202, {"Location": view["url"]})
    shown = [{"error": problem(a)} if isinstance(a, Refusal) else _accepted(a) for a in answers]
    refused = [a for a in answers if isinstance(a, Refusal)]
    if len(refused) < len(answers):
        return Answer({"items": shown}, 202)
    if all(r.status >= 500 for r in refused):  # not their fault: an engine is away, the same request may come again
        raise refused[0]
    return Answer({"items": shown}, 422)


async def dry_run(call: Call) -> Answer:
    """What would become of an event, with every reason; nothing is kept or sent."""
    single, items = read(call)
    if not single:
        raise Invalid("A dry run takes one event. Send an object, not an array.")
    if isinstance(items[0], Refusal):
        raise items[0]
    return Answer(Page(await call.app.events.dry_run(call.actor, items[0])))


async def get(call: Call) -> Answer:
    """One event with its ledger and decisions."""
    return Answer(await call.app.events.get(call.actor, call.key))


async def cancel(call: Call) -> Answer:
    """Call back an event whose time lies ahead."""
    return Answer(await call.app.events.cancel(call.actor, call.key))


def read(call: Call) -> tuple[bool, Sequence[EventIn | Refusal]]:
    """(it was one event, the items): what cannot be read stands as its refusal."""
    kind = media_type(call.request)
    if is_binary(call.request.headers):
        return True, [_one(lambda: from_headers(call.request.headers, kind, call.raw))]
    if is_structured(kind):
        envelopes = structured(kind, call.raw)
        many = kind.startswith("application/cloudevents-batch")
        return not many, _each(envelopes, from_envelope) if many else [_one(lambda: from_envelope(call.raw))]
    need_json(call.request)
    if not call.raw.lstrip(b" \t\r\n").startswith(b"["):
        return True, [_one(lambda: decode(call.raw, EventIn))]
    return False, _each(decode(call.raw, list[msgspec.Raw]), lambda raw: decode(raw, EventIn))


def _each(raws: list[msgspec.Raw], how: Callable[[bytes], EventIn]) -> list[EventIn | Refusal]:
    if not raws:
        raise Invalid("The array is empty. Send at least one event.")
    if len(raws) > ARRAY_LIMIT:
        raise Invalid(
            f"The array holds {len(raws)} events; one request takes at most {ARRAY_LIMIT}. Send the rest in another.", limit=ARRAY_LIMIT
        )
    return [_one(partial(how, bytes(raw))) for raw in raws]


def _one(how: Callable[[], EventIn]) -> EventIn | Refusal:
    try:
        return how()
    except Refusal as refusal:
        return refusal


def _accepted(accepted: Accepted) -> dict[str, str]:
    shown = accepted.id.hex()
    return {"id": shown, "url": f"/v1/events/{shown}"}


ENDPOINTS = [
    Endpoint(
        "POST",
        "/v1/events",
        "sendEvents",
        "Send an event, or up to 500",
        send,
        ("events.send",),
        body=bytes,
        answer=(AcceptedView, AcceptedList),
        status=202,
        repeatable=True,
    ),
    Endpoint("GET", "/v1/events/{id}", "getEvent", "An event with its ledger and decisions", get, ("events.read",), answer=EventView),
    Endpoint(
        "POST", "/v1/events/{id}/cancel", "cancelEvent", "Call back an event whose send_at lies ahead", cancel, ("events.send",), answer=CancelView
    ),
    Endpoint(
        "POST",
        "/v1/decisions",
        "dryRun",
        "What would become of an event, and why",
        dry_run,
        ("events.send",),
        body=bytes,
        answer=Page[DecisionView],
    ),
]
