"""Accepting an invitation over HTTP: what the form posts, and where each answer leads."""

import httpx
import pytest

from backend.security.roles import SYSTEM
from tests.portal.house_stand import PASSWORD


@pytest.fixture
def browser(served):
    with httpx.Client(base_url=served.base, headers={"Origin": served.base, "Accept-Language": "de-AT"}) as client:
        yield client


@pytest.fixture
def token(served):
    return served.run(served.house.app.invitations.create(SYSTEM, "analyst", "Anna Berg")).url.partition("=")[2]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"login": "!"}, "login"),
        ({"login": "mia"}, "taken"),
        ({"password": "short"}, "password"),
        ({"name": "\u202e"}, "name"),
        ({"token": "forged"}, "over"),
        ({"token": ""}, "over"),
    ],
)
def test_what_is_wrong_is_named_and_makes_nothing(browser, token, fields, reason):
    form = {"token": token, "login": "anna", "password": PASSWORD, "name": ""} | fields
    answer = browser.post("/session/accept", data=form)
    assert answer.headers["location"] == f"/invite?reason={reason}&token={form['token']}"
    assert "set-cookie" not in answer.headers
    assert browser.get(f"/invite?token={token}").status_code == 200


def test_the_account_is_made_once_signed_in_and_in_the_browsers_language(browser, served, token):
    form = {"token": token, "login": "Anna@Example.com", "password": PASSWORD, "name": ""}
    refused = browser.post("/session/accept", data=form, headers={"Origin": "http://evil.example"})
    assert refused.headers["location"].startswith("/invite?reason=foreign") and "set-cookie" not in refused.headers
    answer = browser.post("/session/accept", data=form)
    assert answer.headers["location"] == "/overview" and browser.get("/deliveries").status_code == 200
    who = served.run(served.house.app.accounts.who(browser.cookies["carillon_session"]))
    assert (who.role, who.name, who.locale) == ("analyst", "Anna Berg", "de")
    again = browser.post("/session/accept", data=form | {"login": "second"})
    assert again.headers["location"].startswith("/invite?reason=over")
