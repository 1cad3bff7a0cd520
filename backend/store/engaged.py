"""What engagement reads: tallies by campaign and variant, and what campaigns are called. Nothing of a person."""

from typing import NamedTuple

import msgspec
from sqlalchemy import func, select

from backend.domain.campaign import Campaign
from backend.store import tallies
from backend.store.port import Tx
from backend.store.tables import campaigns, cohorts
from backend.store.tallies import Asked

_campaign = msgspec.json.Decoder(Campaign).decode


class Engaged(NamedTuple):
    """`n` units, or people, of a kind. `variant`: of a campaign's run, -1 of what is in none."""

    category: str
    campaign: str
    variant: int
    channel: int
    provider: str
    kind: int
    n: int


class CampaignName(NamedTuple):
    """What a campaign is called, whom it is for as it stands, how its variants are called, and whether an event counts as converted."""

    name: str
    audience: str
    variants: tuple[str, ...]
    aims: bool


def by_campaign(tx: Tx, asked: Asked) -> list[Engaged]:
    """Units and people of this time."""
    c = cohorts.c
    named = [func.coalesce(c.category, ""), func.coalesce(c.campaign, ""), func.coalesce(c.variant, -1)]
    return [Engaged._make((*row[:6], int(row[6]))) for row in tallies.summed(tx, asked, named)]


def campaigns_of(tx: Tx, space: int) -> dict[str, CampaignName]:
    """key -> what it is called."""
    c = campaigns.c
    found = {}
    for key, name, body in tx.conn.execute(select(c.key, c.name, c.body).where(c.space == space)):
        campaign = _campaign(body)
        found[key] = CampaignName(name, campaign.audience, tuple(one.name for one in campaign.variants), bool(campaign.experiment and campaign.experiment.event))
    return found
