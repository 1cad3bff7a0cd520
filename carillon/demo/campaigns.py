"""The demo's audiences and campaigns that have not run yet: made through the facade, as a marketer would.

What goes out by itself goes to people of the demo alone: its audiences ask for the attribute `origin`, which nobody else has.
"""

import contextlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.audience_views import AudienceIn
from backend.app.campaign_views import CampaignIn, StartIn
from backend.app.demo import MADE, body_mark, made_of
from backend.domain.audience import Acted, Activity, All, Any, Attribute, Consented, InAudience, InGroup, Not, Rule
from backend.domain.campaign import OWN, Campaign, Experiment, Timing, Variant
from backend.domain.errors import NotFound, Refusal
from backend.store import campaign_rows, marks
from backend.store.port import Tx
from carillon.demo.cast import ORIGIN
from carillon.demo.german import spoken
from carillon.demo.past import ORDERED, offer
from carillon.demo.people import BY
from carillon.demo.templates import SHOP

OURS = Attribute("origin", "equals", ORIGIN)
HOME = "Europe/Berlin"  # the clock of the shop


class Group(msgspec.Struct, frozen=True):
    """An audience. `users`: of a list, who is on it."""

    key: str
    name: str
    description: str
    rule: Rule | None = None
    exclude: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


AUDIENCES = (
    Group("staff", "Tea friends in the house", "A list: put on it by hand, and left out of offers.", users=("mia", "ravi", "zoe", "kenji", "jonas")),
    Group("offers_yes", "Said yes to offers", "Of the demo's people, those who want offers; not our own.", All((OURS, Consented("marketing"))), ("staff",)),
    Group("club", "The loyalty club", "Members who want offers.", All((OURS, InGroup("loyal"), Not(Consented("marketing", given=False))))),
    Group("tips", "Readers of the tips", "Of the newsletter, with a yes to product news.", All((OURS, InGroup("newsletter"), Consented("product")))),
    Group("paying", "Plus and Family", "Whoever pays every month and lives where German or English is spoken.",
          All((OURS, Attribute("plan", "one_of", ["plus", "family"]), Any((Attribute("locale", "begins", "de"), Attribute("locale", "begins", "en")))))),
    Group("asleep", "Asleep for ten days", "Got something, and clicked nothing for ten days.",
          All((InAudience("offers_yes"), Activity("got"), Not(Activity("clicked", within_days=10))))),
    Group("bought", "Ordered since a campaign", "Did order.placed within thirty days.", Acted(ORDERED, within_days=30)),
)  # fmt: skip


class Planned(msgspec.Struct, frozen=True):
    """A campaign that is made at once, up to this: draft, review, started. `forecast`: its dry run is begun."""

    key: str
    name: str
    body: Campaign
    upto: str = "draft"
    forecast: bool = False


def planned(now: float) -> tuple[Planned, ...]:
    """Those of a demo that begins now."""
    weekly = Variant("A", "weekly_offer")
    return (
        Planned("good_morning", "Good morning, first flush", Campaign(
            audience="club", variants=(weekly,), channels=("email", "push", "web"), data=offer(15, "first flush Darjeeling"),
            timing=Timing("at", at=own_hour(now), zone=OWN, grace=86_400), description="On each person's own clock: it travels around the world within a day."), "started"),
        Planned("advent", "Advent calendar", Campaign(
            audience="offers_yes", variants=(weekly,), channels=("email", "web"), data=offer(24, "twenty-four small teas"),
            timing=Timing("at", at=ahead(now, 3, "10:00"), zone=HOME, pace=20.0), description="Twenty a second, so that the shop keeps up."), "started", forecast=True),
        Planned("tea_monday", "Tea on Monday", Campaign(
            category="product", audience="tips", variants=(Variant("A", "product_tips"),), channels=("email", "web"),
            data=spoken({"tip": "One leaf, five cups", "text": "Every Monday a leaf, and what to do with it.", "link": f"{SHOP}/tips/monday"}),
            timing=Timing("recurring", cron="0 9 * * 1", zone=HOME)), "started"),
        Planned("gift_cards", "Gift cards", Campaign(
            audience="paying", variants=(weekly,), channels=("email",), data=offer(10, "gift cards"), approval=True,
            timing=Timing("at", at=ahead(now, 6, "09:30"), zone=HOME), description="Waits for a second person's yes."), "review", forecast=True),
        Planned("wake_up", "Wake up, kettle", Campaign(
            audience="asleep", variants=(Variant("A", "weekly_offer", 50, offer(20, "kettles")), Variant("B", "product_tips", 50, spoken({
                "tip": "How to descale a kettle", "text": "Half vinegar, half water, one hour.", "link": f"{SHOP}/tips/kettle"}))),
            channels=("email",), experiment=Experiment(metric="clicked", event=ORDERED, share=30, holdout=5),
            description="Not finished: an offer, or a tip?")),
    )  # fmt: skip


def ahead(now: float, days: int, time: str) -> str:
    """A wall time of the shop, so many days from now."""
    return f"{(datetime.fromtimestamp(now, ZoneInfo(HOME)) + timedelta(days=days)).date()}T{time}"


def own_hour(now: float) -> str:
    """A wall time that some people have behind them and others before them: nine in the morning, or six in the evening."""
    utc = datetime.fromtimestamp(now, ZoneInfo("UTC"))
    day = utc.date() + timedelta(days=utc.hour >= 19)
    return f"{day}T{'18:00' if 9 <= utc.hour < 19 else '09:00'}"


async def seed_shelf(app: App) -> None:
    """Make what was never made; what somebody changed or deleted since stays so."""
    made = await app.store.read(made_of)
    for one in AUDIENCES:
        if one.key not in made.audiences:
            await _audience(app, one)
    await count_again(app)
    for plan in planned(app.clock.now()):
        if plan.key not in made.campaigns:
            await _campaign(app, plan)


async def _audience(app: App, one: Group) -> None:
    try:
        await app.audiences.get(BY, one.key)
    except NotFound:
        kind = "list" if one.rule is None else "rule"
        revision = (await app.audiences.put(BY, one.key, AudienceIn(one.name, kind, one.rule, [*one.exclude], one.description, revision=0))).revision  # type: ignore[arg-type]
        if one.users:
            revision = (await app.audiences.add_members(BY, one.key, one.users)).revision
        await app.store.write(lambda tx: note_made(tx, audiences={one.key: revision}))


async def count_again(app: App) -> None:
    """How many each names, by what is known now."""
    for one in AUDIENCES:
        with contextlib.suppress(Refusal):  # somebody deleted it, or what it names
            await app.audiences.count_of(BY, one.key)


async def _campaign(app: App, plan: Planned) -> None:
    if await app.store.read(lambda tx: campaign_rows.get(tx, MAIN, plan.key)) is not None:
        return
    given = CampaignIn(**{**msgspec.structs.asdict(plan.body), **{name: [*getattr(plan.body, name)] for name in ("exclude", "variants", "channels")}}, name=plan.name, revision=0)
    await app.campaigns.put(BY, plan.key, given)
    await app.store.write(lambda tx: note_made(tx, campaigns={plan.key: body_mark(tx, plan.key)}))
    if plan.forecast:
        await app.forecasts.begin(BY, plan.key)
    if plan.upto == "started":
        await app.campaigns.start(BY, plan.key, StartIn())
    elif plan.upto == "review":
        await app.campaigns.submit(BY, plan.key)


def note_made(tx: Tx, **more: dict[str, object]) -> None:
    """Remember what was made, so that it can be taken away where nobody changed it."""
    made = made_of(tx)
    for name, found in more.items():
        getattr(made, name).update(found)
    marks.put(tx, MADE, msgspec.json.encode(made).decode())
