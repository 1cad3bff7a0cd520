"""What engagement reads: tallies by campaign and variant, answers to categories over time, what campaigns are called. Nothing of a person."""

from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Integer, cast, func, select

from backend.domain.campaign import Campaign
from backend.domain.tally import QUARTER
from backend.store import tallies
from backend.store.port import Tx
from backend.store.tables import campaigns, cohorts, consents
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


def answers(tx: Tx, space: int, first: int, below: int, category: str = "") -> dict[int, tuple[int, int]]:
    """quarter -> (yes, no): answers to categories that were recorded in it."""
    c = consents.c
    quarter: ColumnElement[int] = cast(c.at / QUARTER if tx.dialect == "sqlite" else func.floor(c.at / QUARTER), Integer)
    where = [c.space == space, c.at >= first * QUARTER, c.at < below * QUARTER, *([c.category == category] if category else [])]
    found: dict[int, tuple[int, int]] = {}
    for slot, given, n in tx.conn.execute(select(quarter, c.given, func.count()).where(*where).group_by(quarter, c.given)):
        yes, no = found.get(slot, (0, 0))
        found[slot] = (yes + n, no) if given else (yes, no + n)
    return found


def campaigns_of(tx: Tx, space: int) -> dict[str, CampaignName]:
    """key -> what it is called."""
    c = campaigns.c
    found = {}
    for key, name, body in tx.conn.execute(select(c.key, c.name, c.body).where(c.space == space)):
        campaign = _campaign(body)
        found[key] = CampaignName(name, campaign.audience, tuple(one.name for one in campaign.variants), bool(campaign.experiment and campaign.experiment.event))
    return found
