"""What a campaign says to a person: the very event that a run hands to decide, and that its forecast asks about. Pure.

What may change under a campaign (its category's bound, published versions) is pinned once, for the forecast and for the run.
"""

from collections.abc import Mapping

import msgspec

from backend.domain.campaign import Campaign
from backend.domain.category import Category
from backend.domain.delivery import PRIORITIES, PRIORITY_NUMBER
from backend.domain.errors import Invalid, TemplateMissing, UnknownCategory
from backend.domain.event import CAMPAIGN, Body, Event

TYPE = "campaign"  # of its events


class Pins(msgspec.Struct, frozen=True):
    """What was true when it was looked at. `asked`: the priority, when it was lowered. `versions`: of each variant's template."""

    priority: str
    asked: str
    versions: tuple[int, ...]


def pins(campaign: Campaign, categories: Mapping[str, Category], published: Mapping[str, int]) -> Pins:
    """Errors: `UnknownCategory`, `TemplateMissing` for a variant without a published template, `Invalid`."""
    category = categories.get(campaign.category)
    if category is None:
        raise UnknownCategory(f"There is no category {campaign.category!r}. Choose one in the step of messages.", field="category", given=campaign.category)
    if not campaign.variants:
        raise Invalid("The campaign has no message. Choose a template.", field="variants")
    if campaign.priority not in PRIORITY_NUMBER:
        raise Invalid(f"priority is {campaign.priority!r}. It is one of {', '.join(PRIORITIES)}.", field="priority", allowed=list(PRIORITIES))
    for one in campaign.variants:
        if one.template not in published:
            raise TemplateMissing(
                f"The template {one.template!r} of variant {one.name} has no published version. Publish it, or choose another.", field="variants", given=one.template
            )
    lowered = PRIORITY_NUMBER[campaign.priority] < PRIORITY_NUMBER[category.max_priority]
    versions = tuple(published[one.template] for one in campaign.variants)
    return Pins(category.max_priority, campaign.priority, versions) if lowered else Pins(campaign.priority, "", versions)


def event_of(
    space: int, key: str, campaign: Campaign, pinned: Pins, *, run: bytes, at: float, variant: int, until: float = 0.0, message: int | None = None,
) -> Event:  # fmt: skip
    """What people of this variant are handed at this moment, person 0. `message`: the one that is foreseen for who waits for a winner; without it who has no
    variant has the first, which nobody reads. `until`: when it is not worth it any more, 0: never."""
    n = variant if message is None else message
    n = n if 0 <= n < len(campaign.variants) else 0
    chosen = campaign.variants[n]
    body = msgspec.json.encode(Body(data={**campaign.data, **chosen.data}))
    return Event(
        id=run, space=space, person=0, type=TYPE, category=campaign.category, priority=pinned.priority, accepted=at, source=CAMPAIGN,
        channels=campaign.channels, template=chosen.template, version=pinned.versions[n], expires=until, asked_priority=pinned.asked, root=False,
        body=body, campaign=key, variant=variant,
    )  # fmt: skip
