"""/v1/campaigns/{key}/experiment and /v1/experiments: what is tried, and what it says."""

import msgspec

from backend.api.endpoint import Answer, Call, Endpoint, ListQuery
from backend.app.campaign_views import ExperimentView, SampleSizeIn, SampleSizeView
from backend.app.views import Page


class RunQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`run`: of which run, instead of the newest."""

    run: str | None = None


class RollOutIn(msgspec.Struct, forbid_unknown_fields=True):
    """Which variant goes to the rest; `run` instead of the newest."""

    variant: int
    run: str | None = None


class EndIn(msgspec.Struct, forbid_unknown_fields=True):
    """`run` instead of the newest."""

    run: str | None = None


async def every(call: Call) -> Answer:
    """Every experiment, what was looked at last first."""
    return call.page("experiments", await call.app.experiments.list(call.actor, after=call.after("experiments"), limit=call.query.limit))


async def get(call: Call) -> Answer:
    """What it says now."""
    return Answer(await call.app.experiments.get(call.actor, call.path["key"], call.query.run))


async def roll_out(call: Call) -> Answer:
    """Send one of its messages to those who wait for the winner."""
    return Answer(await call.app.experiments.roll_out(call.actor, call.path["key"], call.body.variant, call.body.run))


async def end(call: Call) -> Answer:
    """Look no more."""
    return Answer(await call.app.experiments.end(call.actor, call.path["key"], call.body.run if call.body else None))


async def sample_size(call: Call) -> Answer:
    """How many people it takes."""
    return Answer(await call.app.experiments.sample_size(call.actor, call.body))


_E = "/v1/campaigns/{key}/experiment"
_READ = ("content.read",)
ENDPOINTS = [
    Endpoint("GET", "/v1/experiments", "listExperiments", "Every experiment", every, _READ, answer=Page[ExperimentView], query=ListQuery),
    Endpoint("POST", "/v1/experiments/sample-size", "sampleSize", "How many people an experiment takes", sample_size, _READ, body=SampleSizeIn, answer=SampleSizeView),
    Endpoint("GET", _E, "getExperiment", "What an experiment says now", get, _READ, answer=ExperimentView, query=RunQuery),
    Endpoint("POST", f"{_E}/roll-out", "rollOut", "Send a message to the rest", roll_out, ("content.write", "events.send"), body=RollOutIn, answer=ExperimentView, together=True),
    Endpoint("POST", f"{_E}/end", "endExperiment", "Look no more", end, ("content.write",), body=EndIn, answer=ExperimentView, optional_body=True),
]
