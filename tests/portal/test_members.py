"""Members and one's own account without a browser: roles, invitations, programs, sessions, the password."""

import pytest

from backend.domain.errors import Unauthenticated
from backend.security.roles import SYSTEM
from portal.frame import Frame
from portal.pages.account import Account, browser_of
from portal.states.members import Members
from tests.portal.house_stand import PASSWORD
from tests.portal.test_pages import tab  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_role_is_given_and_taken_back(house, tab):  # noqa: F811
    one = await tab("admin")
    page = await one.open(Members, "/members")
    assert [row.login for row in page.people if row.own] == ["admin"]
    await one.do(Members, "about", "doris")
    assert (page.target_name, page.role) == ("Doris Beispiel", "marketer")
    await one.do(Members, "pick_role", "king")
    await one.do(Members, "pick_role", "analyst")
    await one.do(Members, "set_role")
    assert next(row.role for row in page.people if row.login == "doris") == "analyst"
    frame = one.state(Frame)
    assert frame.said_title == "Doris Beispiel is now: Analyst"
    await one.do(Frame, "take_back")
    assert next(row.role for row in page.people if row.login == "doris") == "marketer"


async def test_the_last_administrator_cannot_be_demoted_or_disabled(house, tab):  # noqa: F811
    one = await tab("admin")
    page = await one.open(Members, "/members")
    await one.do(Members, "about", "admin")
    await one.do(Members, "pick_role", "member")
    await one.do(Members, "set_role")
    assert "last administrator" in page.problems["role"]
    await one.do(Members, "switch", "admin")
    assert "last administrator" in one.state(Frame).said_title
    await one.do(Members, "switch", "doris")
    with pytest.raises(Unauthenticated):
        await house.app.accounts.sign_in("doris", PASSWORD)
    await one.do(Members, "look_for", {"find": "DORIS"})
    assert [row.disabled[:14] for row in page.people] == ["Disabled since"]
    await one.do(Members, "switch", "doris")
    assert page.people[0].disabled == ""


async def test_an_invitation_is_shown_once_and_withdrawn(house, tab):  # noqa: F811
    one = await tab("admin")
    page = await one.open(Members, "/members?tab=invitations")
    await one.do(Members, "about", "")
    await one.do(Members, "pick_role", "operator")
    await one.do(Members, "invite", {"name": "a\x07b"})
    assert page.problems["name"]
    await one.do(Members, "invite", {"name": "New Person"})
    assert "/invite?token=" in page.link
    assert [(row.name, row.ending) for row in page.invitations] == [("New Person", "open")]
    await one.do(Members, "forget")
    assert page.link == ""
    await one.do(Members, "revoke", page.invitations[0].id)
    assert page.invitations[0].ending == "revoked"


async def test_a_programs_secret_is_shown_once_works_and_is_replaced_only_on_purpose(house, tab):  # noqa: F811
    one = await tab("admin")
    page = await one.open(Members, "/members?tab=programs")
    await one.do(Members, "about", "")
    await one.do(Members, "make_program", {"id": "shop", "name": "The shop"})
    assert "at least one scope" in page.problems["scopes"]
    form = {"id": "shop", "name": "The shop", "scope:events:write": "on", "scope:operate": "on"}
    await one.do(Members, "make_program", {**form, "id": "no blanks"})
    assert page.problems["id"]
    await one.do(Members, "make_program", form)
    secret = page.secret
    assert (await house.app.clients.verify("shop", secret)).scopes == ("events:write", "operate")
    assert secret not in page.token_call
    await one.do(Members, "forget")
    assert page.secret == ""
    await one.do(Members, "about", "")
    await one.do(Members, "make_program", form)
    assert "a program with this id" in page.problems["id"]
    assert await house.app.clients.verify("shop", secret)
    await one.do(Members, "about", "shop")
    await one.do(Members, "make_program", {"scope:events:write": "on"})
    assert page.secret not in ("", secret)
    with pytest.raises(Unauthenticated):
        await house.app.clients.verify("shop", secret)
    await one.do(Members, "remove_program")
    assert page.programs == []


async def test_nobody_but_an_administrator_sees_or_changes_members(house, tab):  # noqa: F811
    one = await tab("operator")
    page = await one.open(Members, "/members")
    assert one.state(Frame).closed
    page.people = []
    await one.do(Members, "switch", "doris")
    await one.do(Members, "make_program", {"id": "mine", "scope:admin": "on"})
    assert (page.people, page.secret) == ([], "")
    assert [client.id for client in (await house.app.clients.list(SYSTEM)).items] == []


async def test_ones_own_sessions_and_password(house, tab):  # noqa: F811
    one, two = await tab("analyst"), await tab("analyst")
    page = await two.open(Account, "/account")
    assert [row.here for row in page.sessions].count(True) == 1
    assert page.login == "analyst"
    await two.do(Account, "end", next(row.id for row in page.sessions if not row.here))
    await one.do(Frame, "enter")
    assert one.state(Frame).leave == "/sign-in?reason=ended"
    await two.do(Account, "set_password", {"old": "not this one", "new": "another long password"})
    assert "does not fit" in page.problems["old"]
    await two.do(Account, "set_password", {"old": PASSWORD, "new": "short"})
    assert "10 to 256" in page.problems["new"]
    await two.do(Account, "set_password", {"old": PASSWORD, "new": "another long password"})
    assert two.state(Frame).leave == "/sign-in?reason=renewed"
    assert await house.app.accounts.sign_in("analyst", "another long password")


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
async def test_a_browser_is_named_by_what_it_says(agent, said):
    assert browser_of(agent) == said
