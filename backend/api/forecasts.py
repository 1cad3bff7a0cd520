"""/v1/campaigns/{key}/plan and report: the dry run over a whole audience, and the plan beside the fact."""

from msgspec import Struct

from backend.api.endpoint import Answer, Call, Endpoint
from backend.app.campaign_views import ForecastView


class PlanQuery(Struct, forbid_unknown_fields=True):
    """`id`: one of the campaign's forecasts; without it the newest."""

    id: str | None = None


class ReportQuery(Struct, forbid_unknown_fields=True):
    """`run`: one of the campaign's runs; without it the newest."""

    run: str | None = None


async def begin(call: Call) -> Answer:
    """Count who will get it, and who not and why. It goes on by itself; ask for it with GET."""
    return Answer(await call.app.forecasts.begin(call.actor, call.path["key"]), 202)


async def get(call: Call) -> Answer:
    """The dry run, as far as it is."""
    return Answer(await call.app.forecasts.get(call.actor, call.path["key"], call.query.id))


async def stop(call: Call) -> Answer:
    """Count no further."""
    return Answer(await call.app.forecasts.stop(call.actor, call.path["key"]))


async def report(call: Call) -> Answer:
    """The plan of a run beside its fact, each difference with cause and time."""
    return Answer(await call.app.forecasts.report(call.actor, call.path["key"], call.query.run))


_READ, _WRITE = ("content.read",), ("content.write",)
_P = "/v1/campaigns/{key}/plan"
ENDPOINTS = [
    Endpoint("POST", _P, "planCampaign", "Count who will get a campaign, and who not and why", begin, _WRITE, answer=ForecastView, status=202),
    Endpoint("GET", _P, "getCampaignPlan", "The dry run of a campaign", get, _READ, answer=ForecastView, query=PlanQuery),
    Endpoint("DELETE", _P, "stopCampaignPlan", "Stop counting", stop, _WRITE, answer=ForecastView),
    Endpoint("GET", "/v1/campaigns/{key}/report", "getCampaignReport", "Plan and fact of a campaign's run", report, _READ, answer=ForecastView, query=ReportQuery),
]
