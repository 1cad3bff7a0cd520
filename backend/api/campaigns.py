"""/v1/campaigns: drafts, their way to the people they are for, and what became of each run."""

from typing import Annotated

from msgspec import Meta, Struct

from backend.api.endpoint import Answer, Call, Endpoint, ListQuery
from backend.app.campaign_views import (
    CalendarEntry,
    CampaignIn,
    CampaignLine,
    CampaignVersionView,
    CampaignView,
    RecipientView,
    RunView,
    StartIn,
)
from backend.app.views import Moment, Page


class CampaignQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`text`: in the key or the name."""

    state: str = ""
    text: str = ""
    after: str | None = None
    limit: int = 50


class RecipientQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`outcome`: waiting, sent, held, skipped, failed, holdout."""

    outcome: str = ""
    after: str | None = None
    limit: int = 50


class CalendarQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """From one moment to another."""

    since: Moment
    until: Moment


class SeenIn(Struct, forbid_unknown_fields=True):
    """`revision`: the one you read."""

    revision: int | None = None


class RejectIn(Struct, forbid_unknown_fields=True):
    """Why it goes back."""

    why: Annotated[str, Meta(max_length=500)] = ""


class CopyIn(Struct, forbid_unknown_fields=True):
    """The key of the copy."""

    key: str


async def every(call: Call) -> Answer:
    """Every campaign, what was changed last first."""
    query = call.query
    page = await call.app.campaigns.list(call.actor, after=call.after("campaigns") or "", limit=query.limit, state=query.state, text=query.text)
    return call.page("campaigns", page)


async def put(call: Call) -> Answer:
    """Keep a draft, or give a running campaign a new version."""
    return Answer(await call.app.campaigns.put(call.actor, call.key, call.body, call.seen))


async def get(call: Call) -> Answer:
    """One campaign."""
    return Answer(await call.app.campaigns.get(call.actor, call.key))


async def delete(call: Call) -> Answer:
    """Remove a draft, or one that is over."""
    await call.app.campaigns.delete(call.actor, call.key)
    return Answer()


async def duplicate(call: Call) -> Answer:
    """A draft like it."""
    return Answer(await call.app.campaigns.duplicate(call.actor, call.path["key"], call.body.key))


async def submit(call: Call) -> Answer:
    """Ask a second person."""
    return Answer(await call.app.campaigns.submit(call.actor, call.path["key"], _seen(call)))


async def approve(call: Call) -> Answer:
    """Say yes to what somebody else submitted."""
    return Answer(await call.app.campaigns.approve(call.actor, call.path["key"], _seen(call)))


async def reject(call: Call) -> Answer:
    """Send it back."""
    return Answer(await call.app.campaigns.reject(call.actor, call.path["key"], call.body.why if call.body else ""))


async def start(call: Call) -> Answer:
    """Let it go: now, at its time, or again and again."""
    return Answer(await call.app.campaigns.start(call.actor, call.path["key"], call.body or StartIn()))


async def pause(call: Call) -> Answer:
    """Nothing more of it goes out."""
    return Answer(await call.app.campaigns.pause(call.actor, call.path["key"]))


async def resume(call: Call) -> Answer:
    """It goes on where it stopped."""
    return Answer(await call.app.campaigns.resume(call.actor, call.path["key"]))


async def cancel(call: Call) -> Answer:
    """Nothing more of it goes out, for good."""
    return Answer(await call.app.campaigns.cancel(call.actor, call.path["key"]))


async def versions(call: Call) -> Answer:
    """What was started, the newest first."""
    return Answer(Page(list(await call.app.campaigns.versions(call.actor, call.path["key"]))))


async def runs(call: Call) -> Answer:
    """Its runs, the newest first."""
    page = await call.app.campaigns.runs(call.actor, call.path["key"], after=call.after("runs"), limit=call.query.limit)
    return call.page("runs", page)


async def run(call: Call) -> Answer:
    """One run."""
    return Answer(await call.app.campaigns.run(call.actor, call.path["key"], call.path["run"]))


async def recipients(call: Call) -> Answer:
    """Whom a run is for, with what became of it."""
    query = call.query
    page = await call.app.campaigns.recipients(
        call.actor, call.path["key"], call.path["run"], after=call.after("recipients"), limit=query.limit, outcome=query.outcome
    )
    return call.page("recipients", page)


async def calendar(call: Call) -> Answer:
    """What goes, or went."""
    return Answer(Page(list(await call.app.campaigns.calendar(call.actor, call.query.since.timestamp(), call.query.until.timestamp()))))


def _seen(call: Call) -> int | None:
    revision: int | None = call.body.revision if call.body else None
    return call.seen if revision is None else revision


_READ, _WRITE, _SEND = ("content.read",), ("content.write",), ("content.write", "events.send")
_C = "/v1/campaigns/{key}"
ENDPOINTS = [
    Endpoint("GET", "/v1/campaigns", "listCampaigns", "Every campaign", every, _READ, answer=Page[CampaignLine], query=CampaignQuery),
    Endpoint("GET", "/v1/calendar", "calendar", "What goes, or went", calendar, _READ, answer=Page[CalendarEntry], query=CalendarQuery),
    Endpoint("PUT", _C, "putCampaign", "Keep a draft, or change a running campaign", put, _WRITE, body=CampaignIn, answer=CampaignView),
    Endpoint("GET", _C, "getCampaign", "One campaign", get, _READ, answer=CampaignView),
    Endpoint("DELETE", _C, "deleteCampaign", "Remove a draft, or one that is over", delete, _WRITE, status=204),
    Endpoint("POST", f"{_C}/duplicate", "duplicateCampaign", "A draft like it", duplicate, _WRITE, body=CopyIn, answer=CampaignView),
    Endpoint("POST", f"{_C}/submit", "submitCampaign", "Ask a second person", submit, _WRITE, body=SeenIn, answer=CampaignView, optional_body=True),
    Endpoint("POST", f"{_C}/approve", "approveCampaign", "Say yes to what somebody else submitted", approve, _SEND, body=SeenIn, answer=CampaignView, optional_body=True, together=True),
    Endpoint("POST", f"{_C}/reject", "rejectCampaign", "Send it back", reject, _WRITE, body=RejectIn, answer=CampaignView, optional_body=True),
    Endpoint("POST", f"{_C}/start", "startCampaign", "Let it go", start, _SEND, body=StartIn, answer=CampaignView, optional_body=True, together=True),
    Endpoint("POST", f"{_C}/pause", "pauseCampaign", "Nothing more of it goes out", pause, _WRITE, answer=CampaignView),
    Endpoint("POST", f"{_C}/resume", "resumeCampaign", "It goes on where it stopped", resume, _SEND, answer=CampaignView, together=True),
    Endpoint("POST", f"{_C}/cancel", "cancelCampaign", "Nothing more of it goes out, for good", cancel, _WRITE, answer=CampaignView),
    Endpoint("GET", f"{_C}/versions", "listCampaignVersions", "What was started", versions, _READ, answer=Page[CampaignVersionView]),
    Endpoint("GET", f"{_C}/runs", "listRuns", "Its runs", runs, _READ, answer=Page[RunView], query=ListQuery),
    Endpoint("GET", f"{_C}/runs/{{run}}", "getRun", "One run", run, _READ, answer=RunView),
    Endpoint("GET", f"{_C}/runs/{{run}}/recipients", "listRecipients", "Whom a run is for", recipients, ("content.read", "people.read"), answer=Page[RecipientView], query=RecipientQuery, together=True),
]
