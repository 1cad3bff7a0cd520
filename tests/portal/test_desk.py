"""The desk's pages without a browser: captured messages, senders, members, one's own account."""

import pytest

from backend.app.senders import SenderIn
from backend.app.views import AddressIn
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from portal.frame import Frame
from portal.pages.capture import CapturePage
from portal.pages.captured import Captured, captured_file
from portal.states.senders import NEW, Senders
from portal.telling import Teller
from tests.portal.test_pages import sent, tab  # noqa: F401 - fixtures

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_captured_is_searched_counted_and_cleared(house, tab):  # noqa: F811
    await sent(house, "mia", "security")
    await sent(house)
    one = await tab("operator")
    page = await one.open(Captured, "/captured?channel=email&find=MIA")
    assert {row.user for row in page.rows} == {"mia"}
    assert (await one.open(Captured, "/captured?find=member@example.com")).rows[0].user == "member"
    assert (await one.open(Captured, "/captured?find=member@example")).rows == []  # no part of an address: it is masked for a reason
    page = await one.open(Captured, "/captured")
    assert page.counts["all"] == str(sum((await house.app.captures.counts(SYSTEM)).values())) != "0"
    rows, _ = await captured_file(SYSTEM, Teller("en", "UTC", 0.0), {"channel": None, "find": None}, None, 10)
    assert "member@example.com" not in str(rows)
    await one.do(Captured, "clear")
    assert (page.rows, page.counts["all"]) == ([], "0")
    assert "dropped" in one.state(Frame).said_title
    other = await tab("marketer")
    await other.open(Captured, "/captured")
    await sent(house)
    await other.do(Captured, "clear")  # may look, may not clear
    assert (await house.app.captures.counts(SYSTEM))["email"] == 1


async def test_a_long_sms_is_shown_in_its_segments_and_a_mail_with_its_line(house, tab):  # noqa: F811
    await house.app.people.put_address(SYSTEM, "ola", AddressIn("push", "a-token-of-a-device"))
    text = "Ein Glöckchen für Ömer. " * 12
    item = EventIn(type="t", category="orders", to=To(user="ola"), title="Hello", message=text, channels=["sms", "email", "push"])
    await house.app.events.accept(SYSTEM, [item])
    await house.settle()
    kept = {one.channel: one for one in (await house.app.captures.list(SYSTEM, find="ola")).items}
    one = await tab("operator")
    page = await one.open(CapturePage, f"/captured/{kept['sms'].id}")
    assert len(page.bubbles) == 2
    assert "".join(page.bubbles) == page.text
    page = await one.open(CapturePage, f"/captured/{kept['email'].id}")
    assert page.preheader.startswith("Ein Glöckchen")
    assert page.sender_name == "Carillon"
    await one.do(CapturePage, "mode", "dark")
    assert page.dark


async def test_a_sender_is_made_changed_and_told_to_the_second_editor(house, tab):  # noqa: F811
    one, two = await tab("operator"), await tab("admin")
    page = await one.open(Senders, "/senders")
    assert (page.lines, page.chosen) == ([], "")
    await one.do(Senders, "anew")
    assert (page.chosen, page.default) == (NEW, True)
    form = {"key": "bells", "name": "Bells", "address": "hello@bells.example", "reply_to": "", "postal": "", "category:orders": "on"}
    await one.do(Senders, "save", {**form, "name": "Eve\r\nBcc: x@example.com"})
    assert "line break" in page.problems["name"]
    await one.do(Senders, "save", {**form, "name": ""})
    assert page.problems["name"] == "Give it a name people know."
    await one.do(Senders, "save", form)
    assert "postal address" in page.problems["postal"]
    await one.do(Senders, "save", {**form, "postal": "Bells, 1 Tower Road"})
    assert page.chosen == "bells"
    assert [(line.name, line.covers, line.default) for line in page.lines] == [("Bells", "Orders", True)]
    assert [row.purpose for row in page.records] == ["dmarc"]
    other = await two.open(Senders, "/senders?sender=bells")
    await one.do(Senders, "save", {**form, "name": "Bells & Co", "postal": "Bells, 1 Tower Road"})
    await two.do(Senders, "save", {**form, "name": "Mine", "postal": "Bells, 1 Tower Road"})
    assert "revision" in other.problems["all"]
    assert (await house.app.senders.get(SYSTEM, "bells")).name == "Bells & Co"
    await one.do(Senders, "remove")
    assert (page.lines, page.chosen) == ([], "")


async def test_who_may_look_may_not_change_a_sender(house, tab):  # noqa: F811
    await house.app.senders.put(SYSTEM, "bells", SenderIn("Bells", "hello@bells.example", postal="Bells, 1 Tower Road"))
    one = await tab("marketer")
    page = await one.open(Senders, "/senders")
    assert page.name == "Bells"
    await one.do(Senders, "save", {"name": "Mine", "address": "mine@bells.example", "postal": "x"})
    await one.do(Senders, "remove")
    assert (await house.app.senders.get(SYSTEM, "bells")).name == "Bells"
    await house.app.senders.remove(SYSTEM, "bells")
