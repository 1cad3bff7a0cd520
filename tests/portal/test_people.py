"""People without a browser: the list, adding, changing, what reaches somebody and why, and erasing with the id typed."""

import pytest

from backend.app.views import AddressIn, PersonIn, PreferencesIn, SuppressionIn
from backend.security.roles import SYSTEM
from portal.frame import Frame
from portal.pages.notification import NotificationPage
from portal.pages.people import People
from portal.states.person import PersonPage
from tests.portal.test_pages import sent, tab  # noqa: F401 - fixtures

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_list_and_adding_somebody(house, tab):  # noqa: F811
    one = await tab("operator")
    page = await one.open(People, "/people?group=club")
    assert [(row.id, row.name, row.groups) for row in page.rows] == [("mia", "Mia Berg", "1"), ("tom", "Tom Moss", "1")]
    assert page.rows[0].email == "mia@example.com"
    page = await one.open(People, "/people?text=ola@example.com")
    assert [row.id for row in page.rows] == ["ola"]
    await one.do(People, "add", {"id": "mia", "name": "Another"})
    assert page.wrong.startswith("There is somebody with this user id")
    await one.do(People, "add", {"id": "a b", "name": "X"})
    assert "user id" in page.wrong
    await one.do(People, "add", {"id": "new", "name": "<b>New</b>", "email": "new@example.com", "timezone": "Mars/Olympus"})
    assert "time zone" in page.wrong
    await one.do(People, "add", {"id": "new", "name": "<b>New</b>", "email": "new@example.com", "timezone": "Europe/Paris"})
    assert (page.wrong, one.state(Frame).said_title) == ("", "<b>New</b> was added")
    marketer = await tab("marketer")
    page = await marketer.open(People, "/people?text=mia")
    assert "mia@" not in page.rows[0].email
    await marketer.do(People, "add", {"id": "sneaky"})
    assert [row.id for row in (await house.app.roster.list(SYSTEM, text="sneaky")).items] == []


async def test_what_reaches_a_person_and_where_each_answer_comes_from(house, tab):  # noqa: F811
    await house.app.preferences.put(SYSTEM, "una", PreferencesIn(matrix={"orders": {"email": False}}, consents={"marketing": False}), evidence="call of 3 May")
    await house.app.suppressions.put(SYSTEM, SuppressionIn("email", "una@example.com", "hard_bounce"))
    await sent(house, "una")
    one = await tab("admin")
    page = await one.open(PersonPage, "/people/una")
    cells = {(row.key, cell.channel): (cell.look, cell.why) for row in page.matrix for cell in row.cells}
    assert cells["orders", "email"] == ("off", "chosen by the person")
    assert cells["security", "email"] == ("on", "policy: essential")
    assert cells["marketing", "email"] == ("off", "no opt-in")
    assert page.addresses[0].blocked == "Blocked: hard bounce"
    assert [(row.title, row.evidence) for row in page.consents] == [("No to marketing", "call of 3 May")]
    assert [(row.title, row.said, row.look) for row in page.history] == [
        ("Hello", "In-app: Delivered · Email: Skipped, the address is blocked · Mobile push: Skipped, there is no address", "sent"),
    ]
    why = await one.open(NotificationPage, f"/notifications/{page.history[0].id}")
    assert (why.look, why.verdict) == ("sent", "Una Vik got it in the app.")
    await one.do(NotificationPage, "look_at", 1)
    assert (why.shown, why.delivery, [row.rule for row in why.gates if row.result == "stop"]) == (1, "", ["Address is usable"])
    assert why.decided.startswith("Decided ")
    assert page.quiet == "None"
    page = await one.open(PersonPage, "/people/nobody")
    assert page.gone


async def test_a_person_is_changed_with_the_revision_that_was_seen(house, tab):  # noqa: F811
    one, other = await tab("operator"), await tab("admin")
    page, theirs = await one.open(PersonPage, "/people/ola"), await other.open(PersonPage, "/people/ola")
    await one.do(PersonPage, "save", {**page.form, "name": "Ola Nord"})
    assert (page.name, page.wrong, page.done) == ("Ola Nord", "", 1)
    await other.do(PersonPage, "save", {**theirs.form, "name": "Somebody"})
    assert "revision" in theirs.wrong and (await house.app.people.get(SYSTEM, "ola")).name == "Ola Nord"
    await one.do(PersonPage, "add_address", {"channel": "email", "address": "second@example.com", "label": "work"})
    assert [row.address for row in page.addresses if row.channel == "email"] == ["ola@example.com", "second@example.com"]
    await one.do(PersonPage, "add_address", {"channel": "email", "address": "no address"})
    assert page.wrong
    second = next(row for row in page.addresses if row.address == "second@example.com")
    await one.do(PersonPage, "leave", second.id)
    assert page.leaving == "second@example.com"
    await one.do(PersonPage, "remove_address")
    assert "second@example.com" not in [row.address for row in page.addresses]
    await one.do(PersonPage, "join", "club")
    assert page.groups == ["club"]
    await one.do(PersonPage, "part", "club")
    assert page.groups == []


async def test_erasing_needs_the_id_typed_and_the_right(house, tab):  # noqa: F811
    await house.app.people.put(SYSTEM, "gone", PersonIn(name="Gone"))
    operator = await tab("operator")
    await operator.open(PersonPage, "/people/gone")
    await operator.do(PersonPage, "erase", {"confirm": "gone"})
    assert (await house.app.people.get(SYSTEM, "gone")).name == "Gone"
    one = await tab("admin")
    page = await one.open(PersonPage, "/people/gone")
    await one.do(PersonPage, "weigh")
    assert page.counts.startswith("0 addresses, 0 groups and 0 inbox entries go; ")
    await one.do(PersonPage, "erase", {"confirm": "Gone"})
    assert page.wrong == "This is not the user id. Type it exactly."
    assert await one.do(PersonPage, "erase", {"confirm": "gone"}) is not None
    page = await one.open(People, "/people?erased=yes")
    assert [(row.id, row.name) for row in page.rows] == [("", "Erased person")]


async def test_who_may_not_is_refused(house, tab):  # noqa: F811
    for login in ("member", "analyst"):
        one = await tab(login)
        for cls, path in ((People, "/people"), (PersonPage, "/people/mia")):
            await one.open(cls, path)
            assert one.state(Frame).closed, (login, path)


async def test_devices_show_whose_they_are_and_when_they_were_registered_but_never_their_token(house, tab):  # noqa: F811
    token = "ab" * 30 + "1234"
    await house.app.people.put_address(SYSTEM, "ola", AddressIn("push", token, "Ola's phone", "apns"))
    page = await (await tab("admin")).open(PersonPage, "/people/ola")
    device = next(row for row in page.addresses if row.channel == "push")
    assert (device.address, device.label, device.since[:23]) == ("…1234", "Ola's phone", "Apple, last registered ")
    assert token not in repr(page.addresses)
