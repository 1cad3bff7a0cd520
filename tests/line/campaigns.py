"""Campaigns as the tests of forecasts need them: to the members of a group, forecast, and run to where everybody is decided about."""

from backend.app.audience_views import AudienceIn
from backend.app.campaign_views import CampaignIn, ForecastView, StartIn
from backend.domain.audience import InGroup
from backend.domain.campaign import Variant
from backend.domain.errors import Invalid
from backend.security.roles import SYSTEM


async def campaign_of(stand, key: str, group: str, category="product", channels=(), **more) -> None:
    """Make it, or change its draft; its template has its key unless `variants` say otherwise."""
    await stand.app.audiences.put(SYSTEM, key, AudienceIn(rule=InGroup(group)))
    given = {"variants": [Variant(template=key)], **more, "category": category, "channels": list(channels), "audience": key, "name": key}
    await stand.app.campaigns.put(SYSTEM, key, CampaignIn(**given))


async def run(stand, key: str, looks=3, every=2.5) -> str:
    """Start it and let so much time go by; the run's id."""
    try:
        await stand.app.campaigns.start(SYSTEM, key, StartIn())
    except Invalid as asked:  # they happen to be everybody
        await stand.app.campaigns.start(SYSTEM, key, StartIn(confirm=asked.facts["people"]))
    await stand.settle()
    for _ in range(looks):
        await stand.settle(after=every - stand.now % every)
    return (await stand.app.campaigns.get(SYSTEM, key)).run.id


async def planned(stand, key: str) -> ForecastView:
    """Make a forecast and have it counted."""
    await stand.app.forecasts.begin(SYSTEM, key)
    await stand.settle()
    return await stand.app.forecasts.get(SYSTEM, key)


