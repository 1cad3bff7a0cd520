"""/v1/analytics: what people did with what they were sent, and campaigns side by side."""

from datetime import datetime

import msgspec

from backend.api.endpoint import Answer, Call, Endpoint
from backend.app.engagement_views import ComparedView, CompareIn, EngagementBy, EngagementIn, EngagementView
from backend.domain.errors import Invalid

DAYS = 30 * 86_400.0  # seconds that are looked at unless others are asked for


class EngagementQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times are RFC 3339; left out: the last 30 days. `zone`: whose clock cuts them. `variant`: its number, the holdout is -2."""

    since: datetime | None = None
    until: datetime | None = None
    zone: str = "UTC"
    campaign: str = ""
    category: str = ""
    channel: str = ""
    by: EngagementBy = "campaign"
    audience: str = ""
    variant: int | None = None
    provider: str = ""


class CompareQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`campaigns`: their keys with commas between."""

    campaigns: str


async def engagement(call: Call) -> Answer:
    """The funnel of a stretch of time, its trend, parts and hours of the week."""
    query = call.query
    until = _seconds(query.until, "until") if query.until else call.app.clock.now()
    since = _seconds(query.since, "since") if query.since else until - DAYS
    asked = EngagementIn(since, until, query.zone, query.campaign, query.category, query.channel, query.by, query.audience, query.variant, query.provider)
    return Answer(await call.app.engagement.report(call.actor, asked))


async def compare(call: Call) -> Answer:
    """Campaigns side by side, with their variants."""
    return Answer(await call.app.engagement.compare(call.actor, CompareIn([key for key in call.query.campaigns.split(",") if key])))


def _seconds(at: datetime, field: str) -> float:
    if at.tzinfo is None:
        raise Invalid(f"{field} is no RFC 3339 time with a zone. Write it like 2026-11-25T18:00:00Z.", field=field)
    return at.timestamp()


_READ = ("analytics.read",)
ENDPOINTS = [
    Endpoint("GET", "/v1/analytics/engagement", "getEngagement", "What people did with what they were sent", engagement, _READ, answer=EngagementView, query=EngagementQuery),
    Endpoint("GET", "/v1/analytics/campaigns", "compareCampaigns", "Campaigns side by side, with their variants", compare, _READ, answer=list[ComparedView], query=CompareQuery),
]
