"""Events without a browser: the list with its filters and file, and one event with its sum."""

import pytest

from backend.app.audience_views import AudienceIn
from backend.app.views import TemplateIn
from backend.domain.event import EventIn, To
from backend.domain.template import Content, WebContent
from backend.security.roles import SYSTEM
from portal import days
from portal.frame import Frame
from portal.pages.deliveries import Deliveries
from portal.pages.event import EventPage
from portal.pages.events import Events
from tests.portal.test_pages import sent, tab  # noqa: F401 - fixtures

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_list_shows_each_event_with_its_ledger(house, tab):  # noqa: F811
    one_id = await sent(house)
    (answer,) = await house.app.events.accept(SYSTEM, [EventIn(type="sale", category="system", to=To(group="club"), title="Sale")])
    await house.settle()
    one = await tab("analyst")
    page = await one.open(Events, "/events")
    many, single = (next(row for row in page.rows if row.id == made) for made in (answer.id.hex(), one_id))
    assert (many.title, many.type, many.whom, many.whom_href, many.source) == ("Sale", "sale", "Group club", "/groups/club", "Program")
    assert (single.whom, single.whom_href, single.planned, single.sum) == ("member", "/people/member", "3", "2 sent + 1 skipped = 3 planned")
    assert [part.hue for part in single.parts] == ["seg-sent", "seg-skipped"]
    page = await one.open(Events, "/events?type=sale&source=api&since=2026-09-21&until=2026-09-22")
    assert [row.id for row in page.rows] == [answer.id.hex()]
    page = await one.open(Events, "/events?until=2026-09-01")
    assert (page.rows, page.filtered) == ([], True)
    page = await one.open(Events, "/events?since=tomorrow")  # a day that is none filters nothing
    assert len(page.rows) >= 2


async def test_what_is_for_an_audience_leads_there_and_bears_its_templates_name(house, tab):  # noqa: F811
    await house.app.audiences.put(SYSTEM, "fans", AudienceIn(name="Fans", kind="list"))
    await house.app.audiences.add_members(SYSTEM, "fans", ["member"])
    says = Content(web=WebContent("Hello", "There"))
    await house.app.templates.put(SYSTEM, "friendly", TemplateIn(says, name="A friendly word"), 0)
    await house.app.templates.publish(SYSTEM, "friendly")
    (answer,) = await house.app.events.accept(SYSTEM, [EventIn(type="hi", category="system", to=To(audience="fans"), template="friendly")])
    await house.settle()
    one = await tab("marketer")
    made = answer.id.hex()
    (row,) = [row for row in (await one.open(Events, "/events")).rows if row.id == made]
    assert (row.whom, row.whom_href, row.title) == ("Audience fans", "/audiences/fans", "A friendly word")
    page = await one.open(EventPage, f"/events/{made}")
    assert (page.whom, page.whom_href, page.title) == ("Audience fans", "/audiences/fans", "A friendly word")


async def test_one_event_with_the_sum_written_out(house, tab):  # noqa: F811
    made = await sent(house, data={"order": "<b>A-17</b>"})
    one = await tab("marketer")
    page = await one.open(EventPage, f"/events/{made}")
    assert (page.title, page.sum, page.balances, page.source) == ("Hello", "2 sent + 1 skipped = 3 planned", True, "Program")
    assert [(row.channel, row.look, row.count) for row in page.counts] == [("web", "delivered", "1"), ("email", "sent", "1")]
    assert page.counts[0].href == f"/deliveries?event={made}&channel=web&state=delivered"
    assert [(row.user, row.href, len(row.units)) for row in page.decided] == [("member", "/people/member", 3)]
    assert page.times[-1].title == "Accepted" and {row.title for row in page.times} >= {"First attempt", "Last change"}
    assert '"order": "<b>A-17</b>"' in page.raw and "ledger" not in page.raw
    page = await one.open(EventPage, "/events/0123")
    assert page.gone


async def test_an_event_that_waits_for_its_time(house, tab):  # noqa: F811
    (answer,) = await house.app.events.accept(
        SYSTEM, [EventIn(type="t", category="orders", to=To(user="mia"), title="Later", send_at="2026-12-24T18:00:00Z")]
    )
    await house.settle()
    one = await tab("operator")
    page = await one.open(EventPage, f"/events/{answer.id.hex()}")
    assert (page.title, page.counts, page.decided, page.sum) == ("Later", [], [], "1 on the way = 1 planned")
    assert page.times[0].title == "Goes out" and "24 Dec 2026" in page.times[0].time
    assert "24 Dec 2026" in page.ahead and page.would == "It does not go to 1 person."
    await one.do(EventPage, "cancel")
    assert (one.state(Frame).said_title, page.ahead) == ("The event is cancelled", ""), "nobody is asked twice"
    await house.settle()
    await one.do(EventPage, "again")
    assert page.ahead == "" and page.sum == "3 skipped = 3 planned"
    assert {unit.text for row in page.decided for unit in row.units if "cancelled" in unit.text}
    await one.do(EventPage, "cancel")
    assert "was sent already" in one.state(Frame).said_title


async def test_deliveries_by_reason_provider_template_and_day(house, tab):  # noqa: F811
    made = await sent(house)
    one = await tab("analyst")
    page = await one.open(Deliveries, f"/deliveries?event={made}&provider=capture-email")
    assert [row.channel for row in page.rows] == ["email"]
    for nothing in ("provider=pigeon", "reason=cap", "template=none", "until=2026-09-01"):
        page = await one.open(Deliveries, f"/deliveries?event={made}&{nothing}")
        assert page.rows == [] and page.filtered, nothing
    page = await one.open(Deliveries, "/deliveries?reason=nonsense")
    assert not page.filtered


async def test_who_may_not_is_refused(house, tab):  # noqa: F811
    one = await tab("member")
    for cls, path in ((Events, "/events"), (EventPage, "/events/01")):
        await one.open(cls, path)
        assert one.state(Frame).closed, path


async def test_days_are_those_of_the_reader():
    assert days.begins("2026-10-25", "Europe/Berlin") == 1_792_879_200.0
    assert days.ends("2026-10-25", "Europe/Berlin") - days.begins("2026-10-25", "Europe/Berlin") == 25 * 3_600
    assert [days.begins(text, "UTC") for text in ("", None, "2026-02-30", "9999-01-01", "x")] == [None] * 5
