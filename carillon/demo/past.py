"""The demo's campaigns that have run already: what they said, when, and how people took it. Pure.

One is an experiment with a verdict whose rest waits for somebody to send the winner; one is over, with the plan beside the fact; one is too young to say.
"""

import msgspec

from backend.domain.campaign import Campaign, Experiment, Timing, Variant
from carillon.demo.german import spoken
from carillon.demo.templates import SHOP

DAY = 86_400.0
PACE = 20.0  # people a second
ORDERED = "order.placed"  # what people do


class Rates(msgspec.Struct, frozen=True):
    """Of those who got a mail: parts who open it, of these who click, of these who order."""

    opened: float
    clicked: float
    bought: float


class Past(msgspec.Struct, frozen=True):
    """A campaign that ran `ago` days before the demo began, at an hour UTC. `rates`: of each variant."""

    key: str
    name: str
    body: Campaign
    ago: int
    hour: float
    rates: tuple[Rates, ...]

    def at(self, start: float) -> float:
        """When it ran."""
        return (start // DAY - self.ago) * DAY + self.hour * 3_600


def offer(off: int, what: str) -> dict[str, object]:
    """Data of the weekly offer."""
    return spoken({"off": off, "what": what, "link": f"{SHOP}/offers/{what.replace(' ', '-')}"})


def pasts(days: int) -> tuple[Past, ...]:
    """Those of a history of so many days. In a short one everything went faster, and few people were very sure of themselves."""
    short = days < 12
    tried = Experiment(
        metric="clicked", event=ORDERED, window_days=1 if short else 7, gain=0.05, share=80 if short else 70, holdout=10, least=3 if short else 400, days=1 if short else 7
    )
    young = Experiment(metric="converted", event=ORDERED, gain=0.03, least=3 if short else 150, days=7, window_days=7)
    tip = {"text": "A tip, a picture, and one thing to try this week.", "link": f"{SHOP}/tips/cold"}
    return (
        Past("two_offers", "A teapot, or free shipping?", Campaign(
            audience="offers_yes", channels=("email",), description="Which of two offers brings more clicks. A tenth gets nothing, to compare with.",
            variants=(Variant("Free shipping", "weekly_offer", 50, offer(5, "shipping")), Variant("Teapot", "weekly_offer", 50, offer(20, "enamel teapots"))),
            experiment=tried, timing=Timing(pace=PACE)),
            2 if short else 9, 9.0, (Rates(0.05, 0.1, 0.5), Rates(0.98, 0.98, 0.5)) if short else (Rates(0.34, 0.22, 0.25), Rates(0.42, 0.4, 0.28))),
        Past("autumn_shelf", "The autumn shelf", Campaign(
            audience="paying", channels=("email", "push", "web"), data=offer(15, "the autumn shelf"), variants=(Variant("A", "weekly_offer"),), timing=Timing(pace=PACE),
            description="Everybody who pays; most never said yes to offers, and the plan knew."),
            1 if short else 5, 8.0, (Rates(0.31, 0.24, 0.2),)),
        Past("first_lines", "Which first line?", Campaign(
            category="product", audience="tips", channels=("email",), experiment=young, timing=Timing(pace=PACE),
            variants=(Variant("Question", "product_tips", 50, spoken({"tip": "How cold is cold brew?", **tip})), Variant("Promise", "product_tips", 50, spoken({"tip": "Cold brew that is not bitter", **tip})))),
            1 if short else 2, 7.0, (Rates(0.45, 0.3, 0.2), Rates(0.48, 0.32, 0.2))),
    )  # fmt: skip
