"""Engagement: the funnel adds up however it is cut, machines stand apart from people, and unique people beside deliveries."""

from collections import Counter

import msgspec
import pytest
from sqlalchemy import insert

from backend.app.app import App
from backend.app.engagement_views import CompareIn, EngagementIn
from backend.app.views import PersonIn, PreferencesIn
from backend.domain.campaign import Campaign, Experiment, Variant
from backend.domain.delivery import SKIPPED, State
from backend.domain.errors import Forbidden, Invalid, UnknownChannel
from backend.domain.event import HOLDOUT
from backend.domain.ids import NO_ID
from backend.domain.tally import ARRIVED, PEOPLE, QUARTER, REFUSED, STAMP, TAKEN, people_cohort
from backend.store import rollup, tables, tallies
from tests.app.actors import ADMIN, actor
from tests.app.conftest import NOW

DAY = 86_400.0
WEB, EMAIL = 1, 2
RUN = b"\1" * 16
BORN = NOW - 3_600
ORDERS, SPRING_A, SPRING_B = 11, 21, 22


async def sent(app: App) -> None:
    """Ten orders; spring: A 100 mails, B 100 mails, a holdout of 20; fall exists and sent nothing."""
    people_a, people_b, people_h = (people_cohort(1, RUN, variant, demo=False) for variant in (0, 1, HOLDOUT))
    of = [(ORDERS, "orders", "", -1), *((c, "offers", "spring", v) for c, v in ((SPRING_A, 0), (SPRING_B, 1), (people_a, 0), (people_b, 1), (people_h, HOLDOUT)))]
    rows = [{"space": 1, "cohort": c, "category": k, "priority": "low", "event": NO_ID, "created": NOW, "campaign": key, "variant": v} for c, k, key, v in of]
    counts = {
        (ORDERS, WEB, "", State.DELIVERED): 10, (ORDERS, WEB, "", STAMP["read"]): 4, (ORDERS, EMAIL, "", SKIPPED): 3,
        (SPRING_A, EMAIL, "", State.SENT): 90, (SPRING_A, EMAIL, "", State.BOUNCED): 6, (SPRING_A, EMAIL, "", State.FAILED): 4,
        (SPRING_A, EMAIL, "", STAMP["opened_human"]): 30, (SPRING_A, EMAIL, "", STAMP["opened_machine"]): 50, (SPRING_A, EMAIL, "", STAMP["clicked"]): 9,
        (SPRING_A, EMAIL, "mail", TAKEN): 90, (SPRING_A, EMAIL, "mail", REFUSED): 10, (SPRING_A, EMAIL, "mail", ARRIVED): 0,
        (SPRING_B, EMAIL, "", State.SENT): 100, (SPRING_B, EMAIL, "", STAMP["opened_human"]): 20, (SPRING_B, EMAIL, "", STAMP["clicked"]): 20,
        (SPRING_B, EMAIL, "", STAMP["unsubscribed"]): 2, (SPRING_B, EMAIL, "", STAMP["complained"]): 1, (SPRING_B, EMAIL, "mail", TAKEN): 100,
        (people_a, 0, "", PEOPLE["got"]): 80, (people_a, 0, "", PEOPLE["converted"]): 8, (people_a, 0, "", PEOPLE["clicked"]): 7,
        (people_b, 0, "", PEOPLE["got"]): 90, (people_b, 0, "", PEOPLE["converted"]): 18, (people_h, 0, "", PEOPLE["converted"]): 1,
    }  # fmt: skip
    net: Counter = Counter({(1, int(BORN // QUARTER), cohort, channel, provider, int(kind)): n for (cohort, channel, provider, kind), n in counts.items()})

    def write(tx) -> None:
        tx.conn.execute(insert(tables.cohorts), rows)
        tallies.add(tx, net)
        for key, name in (("spring", "Spring sale"), ("fall", "Fall")):
            body = msgspec.json.encode(Campaign(audience="vips", variants=(Variant("Short"), Variant("Long")))).decode()
            tx.conn.execute(insert(tables.campaigns), {"space": 1, "key": key, "name": name, "state": "running", "body": body, "revision": 1, "created": NOW, "changed": NOW})

    await app.store.write(write)


def asked(**also) -> EngagementIn:
    return EngagementIn(NOW - 7 * DAY, NOW + DAY, **also)


async def test_the_funnel_keeps_people_and_machines_apart_and_adds_up(each_app: App) -> None:
    await sent(each_app)
    view = await each_app.engagement.report(ADMIN, asked())
    whole = view.whole
    assert (whole.planned, whole.sent, whole.bounced, whole.complained) == (213, 206, 6, 1)
    assert (whole.opened.part, whole.opened_machine, whole.clicked.part) == (54, 50, 29), "a machine's open is no open"
    assert (whole.unsubscribed.part, whole.unsubscribed.whole) == (3, 200)
    assert whole.people is not None and (whole.people.got, whole.people.clicked, whole.people.converted, whole.people.holdout_converted) == (170, 7, 26, 1)
    assert (whole.converted.part, whole.converted.whole) == (26, 170)
    for field in ("planned", "sent", "opened_machine", "bounced"):
        assert sum(getattr(point.funnel, field) for point in view.points) == getattr(whole, field), field
    assert {hour.sent for hour in view.hours} == {206} and sum(hour.opened for hour in view.hours) == 54 and sum(hour.clicked for hour in view.hours) == 29


@pytest.mark.parametrize(("by", "planned"), [
    ("campaign", {"spring": 200}), ("variant", {"spring/0": 100, "spring/1": 100, f"spring/{HOLDOUT}": 0}), ("audience", {"vips": 200}),
    ("category", {"offers": 200, "orders": 13}), ("channel", {"email": 203, "web": 10}), ("provider", {"mail": 200}),
])  # fmt: skip
async def test_parts_say_what_they_are_of(app: App, by: str, planned: dict[str, int]) -> None:
    await sent(app)
    view = await app.engagement.report(ADMIN, asked(by=by))
    assert {part.key: part.funnel.planned for part in view.parts} == planned
    names = {part.key: part.name for part in view.parts}
    if by == "variant":
        assert names == {"spring/0": "Short", "spring/1": "Long", f"spring/{HOLDOUT}": ""}
        people = {part.key: part.funnel.people for part in view.parts}
        assert [(p.got, p.converted, p.holdout_converted) for key in names if (p := people[key])] == [(80, 8, 0), (90, 18, 0), (0, 0, 1)]
    if by == "provider":
        (mail,) = view.parts
        assert (mail.funnel.sent, mail.funnel.bounced, mail.funnel.opened.why, mail.funnel.people) == (190, 10, "no_signal", None)
    if by == "channel":
        assert all(part.funnel.people is None for part in view.parts), "a person is not of a channel"


async def test_filters_leave_the_rest_out(app: App) -> None:
    await sent(app)
    one = await app.engagement.report(ADMIN, asked(campaign="spring"))
    assert one.whole.planned == 200 == sum(point.funnel.planned for point in one.points) and one.whole.people is not None
    mail = await app.engagement.report(ADMIN, asked(channel="email", category="offers"))
    assert mail.whole.planned == 200 and mail.whole.people is None and mail.whole.converted.why == "nothing"
    assert (await app.engagement.report(ADMIN, asked(campaign="none"))).whole.planned == 0
    assert mail.provider == "" and mail.providers == ["mail"]
    for wrong, refusal in ((asked(channel="fax"), UnknownChannel), (asked(by="moon"), Invalid), (asked(campaign="spring", variant=2**40), Invalid), (asked(zone="Moon/Sea"), Invalid), (EngagementIn(5, 4), Invalid)):
        with pytest.raises(refusal):
            await app.engagement.report(ADMIN, wrong)


async def test_variant_audience_and_provider_are_filters_too(each_app: App) -> None:
    await sent(each_app)
    report = each_app.engagement.report
    short = await report(ADMIN, asked(campaign="spring", variant=0))
    assert (short.whole.planned, short.whole.clicked.part, short.whole.people and short.whole.people.converted) == (100, 9, 8)
    assert sum(point.funnel.planned for point in short.points) == 100 and sum(hour.clicked for hour in short.hours) == 9
    held_out = await report(ADMIN, asked(campaign="spring", variant=HOLDOUT))
    assert held_out.whole.people is not None and (held_out.whole.planned, held_out.whole.people.holdout_converted) == (0, 1)
    for audience, planned in (("vips", 200), ("nobody", 0)):
        whole = await report(ADMIN, asked(audience=audience))
        assert whole.whole.planned == planned == sum(point.funnel.planned for point in whole.points), audience
        assert sum(hour.sent for hour in whole.hours) == (196 if planned else 0), audience
    assert (await report(ADMIN, asked(campaign="spring", audience="nobody"))).whole.planned == 0
    mail = await report(ADMIN, asked(provider="mail", by="variant"))
    assert (mail.provider, mail.whole.planned, mail.whole.sent, mail.whole.bounced) == ("mail", 200, 190, 10)
    assert (mail.whole.opened.why, mail.whole.clicked.why, mail.whole.people) == ("no_signal", "no_signal", None)
    assert {part.key: (part.funnel.planned, part.funnel.sent) for part in mail.parts} == {"spring/0": (100, 90), "spring/1": (100, 100)}
    assert sum(point.funnel.planned for point in mail.points) == 200 and sum(hour.sent for hour in mail.hours) == 190


async def test_what_can_be_filtered_by(app: App) -> None:
    await sent(app)
    found = await app.engagement.choices(ADMIN)
    assert [(one.key, one.name, one.variants) for one in found.campaigns] == [("fall", "Fall", ["Short", "Long"]), ("spring", "Spring sale", ["Short", "Long"])]
    assert (found.audiences, found.categories) == (["vips"], ["offers", "orders"])
    with pytest.raises(Forbidden):
        await app.engagement.choices(actor("member"))


async def test_what_comes_behind_the_fiftieth_is_one_row(app: App) -> None:
    await sent(app)
    rows = [{"space": 1, "cohort": 100 + n, "category": f"c{n:02}", "priority": "low", "event": NO_ID, "created": NOW, "campaign": "", "variant": -1} for n in range(60)]
    net: Counter = Counter({(1, int(BORN // QUARTER), 100 + n, EMAIL, "", int(State.SENT)): 1_000 - n for n in range(60)})

    def write(tx) -> None:
        tx.conn.execute(insert(tables.cohorts), rows)
        tallies.add(tx, net)

    await app.store.write(write)
    view = await app.engagement.report(ADMIN, asked(by="category"))
    assert len(view.parts) == 51 and view.parts[-1].key == "*"
    assert sum(part.funnel.planned for part in view.parts) == view.whole.planned


async def test_who_got_a_campaign_without_a_goal_is_no_part_of_those_who_could_convert(app: App) -> None:
    await sent(app)
    aimless = people_cohort(1, b"\2" * 16, 0, demo=False)
    row = {"space": 1, "cohort": aimless, "category": "offers", "priority": "", "event": NO_ID, "created": NOW, "campaign": "fall", "variant": 0}
    net: Counter = Counter({(1, int(BORN // QUARTER), aimless, 0, "", PEOPLE["got"]): 500})

    def write(tx) -> None:
        tx.conn.execute(insert(tables.cohorts), row)
        tallies.add(tx, net)

    await app.store.write(write)
    whole = (await app.engagement.report(ADMIN, asked())).whole
    assert whole.people is not None and (whole.people.got, whole.converted.part, whole.converted.whole) == (670, 26, 170)
    fall = (await app.engagement.report(ADMIN, asked(campaign="fall"))).whole
    assert (fall.converted.why, fall.people and fall.people.got) == ("no_signal", 500)


async def test_a_campaign_with_a_goal_nobody_reached_has_a_rate_of_nought(app: App) -> None:
    await sent(app)
    cohort = people_cohort(1, b"\3" * 16, 0, demo=False)
    row = {"space": 1, "cohort": cohort, "category": "offers", "priority": "", "event": NO_ID, "created": NOW, "campaign": "aims", "variant": 0}
    body = msgspec.json.encode(Campaign(variants=(Variant("One"),), experiment=Experiment(metric="converted", event="order.placed"))).decode()

    def write(tx) -> None:
        tx.conn.execute(insert(tables.cohorts), row)
        tallies.add(tx, Counter({(1, int(BORN // QUARTER), cohort, 0, "", PEOPLE["got"]): 40}))
        tx.conn.execute(insert(tables.campaigns), {"space": 1, "key": "aims", "name": "Aims", "state": "running", "body": body, "revision": 1, "created": NOW, "changed": NOW})

    await app.store.write(write)
    aims = (await app.engagement.report(ADMIN, asked(campaign="aims"))).whole
    assert (aims.converted.part, aims.converted.whole, aims.converted.why) == (0, 40, "")


async def test_answers_to_categories_are_a_trend(each_app: App) -> None:
    app = each_app
    for user, yes in (("mia", True), ("ben", True), ("zoe", False)):
        await app.people.put(ADMIN, user, PersonIn())
        await app.preferences.put(ADMIN, user, PreferencesIn(consents={"marketing": yes}))
        await app.preferences.put(ADMIN, user, PreferencesIn(consents={"marketing": yes}))  # says again what stood
    await app.store.write(lambda tx: rollup.compact(tx, 100))
    view = await app.engagement.report(ADMIN, asked())
    assert (sum(point.opted_in for point in view.points), sum(point.opted_out for point in view.points)) == (2, 1)
    assert [(part.key, part.shifts.opted_in, part.shifts.opted_out) for part in view.shifts_by_category] == [("marketing", 2, 1)]
    assert view.counted_from is None and view.whole.planned == 0 and not view.parts, "no message was counted"
    (point,) = [point for point in view.points if point.opted_in]
    assert point.start <= NOW < point.end
    assert not any(point.opted_in for point in (await app.engagement.report(ADMIN, asked(category="product"))).points)


async def test_campaigns_side_by_side(app: App) -> None:
    await sent(app)
    spring, fall = await app.engagement.compare(ADMIN, CompareIn(["spring", "fall"]))
    assert (spring.name, spring.funnel.planned, [v.name for v in spring.variants]) == ("Spring sale", 200, ["Short", "Long", ""])
    assert (fall.funnel.planned, fall.variants) == (0, [])
    for wrong in (CompareIn([]), CompareIn(["spring", "none"]), CompareIn([f"c{n}" for n in range(11)])):
        with pytest.raises(Invalid):
            await app.engagement.compare(ADMIN, wrong)
    with pytest.raises(Forbidden):
        await app.engagement.compare(actor("member"), CompareIn(["spring"]))
