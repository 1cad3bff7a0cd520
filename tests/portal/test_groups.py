"""Groups and categories without a browser: lists, making, changing with the revision that was seen, and what a category means."""

import pytest

from backend.app.views import CategoryIn, GroupIn, PersonIn
from backend.security.roles import SYSTEM
from portal.category_form import category_of, sentences
from portal.frame import Frame
from portal.pages.categories import Categories
from portal.pages.category import CategoryPage
from portal.pages.groups import Groups
from portal.states.group import ROWS, GroupPage
from portal.telling import Teller
from tests.portal.test_pages import sent, tab  # noqa: F401 - fixtures

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_group_is_made_filled_paged_and_deleted(house, tab):  # noqa: F811
    one = await tab("operator")
    page = await one.open(Groups, "/groups")
    assert [(row.id, row.members, row.wishes) for row in page.rows] == [("club", "2", "None")]
    await one.do(Groups, "add", {"key": "club", "name": "Another"})
    assert page.wrong == "There is a group with this key already."
    await one.do(Groups, "add", {"key": "a b"})
    assert "key of a group" in page.wrong
    await one.do(Groups, "add", {"key": "vip", "name": "VIP"})
    assert page.wrong == ""
    await house.app.people.put_many(SYSTEM, [(f"p{n}", PersonIn()) for n in range(ROWS + 2)])
    group = await one.open(GroupPage, "/groups/vip")
    assert (group.name, group.sub, group.members) == ("VIP", "vip, 0 members", [])
    await one.do(GroupPage, "add", {"users": "p0, nobody"})
    assert "nobody" in group.wrong and group.members == []
    await one.do(GroupPage, "add", {"users": "\n".join(f"p{n}" for n in range(ROWS + 2))})
    assert (len(group.members), group.place, group.last) == (ROWS, "1 to 25", False)
    first = list(group.members)
    await one.do(GroupPage, "older")
    assert len(group.members) == 2 and not set(group.members) & set(first)
    await one.do(GroupPage, "remove", group.members[0])
    assert group.sub == "vip, 26 members"
    await one.do(GroupPage, "delete")
    group = await one.open(GroupPage, "/groups/vip")
    assert group.gone


async def test_what_a_group_wishes_is_saved_at_once_and_not_over_somebody_elses_change(house, tab):  # noqa: F811
    one = await tab("admin")
    page = await one.open(GroupPage, "/groups/club")
    await one.do(GroupPage, "wish", "channels", "sms", "off")
    await one.do(GroupPage, "wish", "categories", "chat", "on")
    assert {row.key: row.value for row in page.channels} == {"web": "", "email": "", "push": "", "sms": "off"}
    assert {row.key: row.value for row in page.categories}["chat"] == "on"
    assert "security" not in [row.key for row in page.categories]  # essential: nobody can wish it away
    await house.app.groups.put(SYSTEM, "club", GroupIn(name="The other club"))
    await one.do(GroupPage, "wish", "channels", "sms", "")
    assert "revision" in page.wrong and one.state(Frame).said_hue == "failed"
    page = await one.open(GroupPage, "/groups/club")
    await one.do(GroupPage, "wish", "channels", "sms", "")
    assert {row.key: row.value for row in page.channels}["sms"] == ""
    await one.do(GroupPage, "rename", {"name": "<i>Club</i>"})
    assert page.name == "<i>Club</i>"


async def test_a_category_is_made_changed_and_says_what_it_means(house, tab):  # noqa: F811
    one, other = await tab("marketer"), await tab("admin")
    page = await one.open(Categories, "/categories")
    assert {row.id: row.use for row in page.rows}["orders"] == "Not yet"
    form = {"key": "news", "name": "News", "kind": "marketing", "max_priority": "low", "channel-email": True, "tracking": "on"}
    await one.do(Categories, "add", {**form, "urgent": True})
    assert "never urgent" in page.wrong
    await one.do(Categories, "add", {**form, "key": "orders"})
    assert page.wrong == "There is a category with this key already."
    await one.do(Categories, "add", form)
    assert page.wrong == ""
    mine, theirs = await one.open(CategoryPage, "/categories/news"), await other.open(CategoryPage, "/categories/news")
    assert (mine.kind, mine.form["channel-email"], mine.form["channel-web"], mine.form["tracking"]) == ("marketing", "yes", "", "yes")
    assert mine.says[0].startswith("Marketing: only people with a recorded opt-in") and "Quiet hours hold it until they end." in mine.says
    await one.do(CategoryPage, "save", {**form, "name": "Our news", "channel-web": True})
    assert (mine.name, mine.wrong, mine.done) == ("Our news", "", 1)
    await other.do(CategoryPage, "save", {**form, "name": "Their news"})
    assert "revision" in theirs.wrong and theirs.name == "News"
    await one.do(CategoryPage, "save", {"name": "x"})
    assert "at least one channel" in mine.wrong
    await one.do(CategoryPage, "save", {**form, "give_up": "1.000"})
    assert mine.wrong == "1.000 can mean 1,000 or 1. Write 1000 or 1.0."
    await one.do(CategoryPage, "save", {**form, "give_up": "1,440"})
    assert (mine.wrong, (await house.app.categories.get(SYSTEM, "news")).give_up) == ("", 86_400)
    assert (await one.open(CategoryPage, "/categories/none")).gone


async def test_what_the_form_does_not_show_stays():
    view = type("View", (), {"plan": [{"channel": "web"}], "digest": {"every": 1}, "cap": {"limit": 3}, "value": 7})()
    given = category_of({"name": " N ", "kind": "nonsense", "type": "nonsense", "channel-sms": True}, "en", view)
    assert (given.name, given.kind, given.type, given.channels) == ("N", "service", "SYSTEM", ["sms"])
    assert (given.plan, given.digest, given.cap, given.value, given.tracking) == ([{"channel": "web"}], {"every": 1}, {"limit": 3}, 7, False)


async def test_every_consequence_is_said_in_both_languages(house):
    given = CategoryIn("Alarm", kind="essential", channels=["sms"], max_priority="critical", ordered=True, cap={"limit": 3}, tracking=False)
    view = await house.app.categories.put(SYSTEM, "alarm", given)
    for language in ("en", "de"):
        said = sentences(Teller(language, "UTC", 0.0), view)
        assert len(said) == 6 and all("{" not in text for text in said)


async def test_who_may_not_is_refused(house, tab):  # noqa: F811
    one = await tab("analyst")
    await one.open(Groups, "/groups")
    assert one.state(Frame).closed
    page = await one.open(CategoryPage, "/categories/orders")
    assert page.name
    await one.do(CategoryPage, "save", {"name": "Mine", "channel-web": True})
    assert (await house.app.categories.get(SYSTEM, "orders")).name != "Mine"
