"""Signing in and out over HTTP, and the door in front of the pages."""

import httpx
import pytest

from backend.app.first_start import _new_claim
from carillon.portal_serve import origins_of
from portal.sign_in import is_own_post, safe_next
from tests.portal.house_stand import PASSWORD


@pytest.fixture
def browser(served):
    with httpx.Client(base_url=served.base, headers={"Origin": served.base}) as client:
        yield client


def post(browser, **fields):
    return browser.post("/session", data={"login": "admin", "password": PASSWORD} | fields)


def test_signing_in_sets_a_cookie_scripts_cannot_read_and_leads_home(browser):
    answer = post(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/overview")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("carillon_session=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize(("login", "home"), [("marketer", "/overview"), ("analyst", "/overview"), ("member", "/inbox")])
def test_each_role_has_its_home(browser, login, home):
    assert post(browser, login=login).headers["location"] == home
    assert browser.get("/").headers["location"] == home
    assert browser.get("/sign-in").headers["location"] == home


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"login": "nobody"}, {"login": ""}])
def test_a_wrong_password_sets_nothing_and_says_so(browser, fields):
    answer = post(browser, **fields, next="/deliveries/1")
    assert answer.headers["location"] == "/sign-in?reason=wrong&next=%2Fdeliveries%2F1"
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down_and_says_so(browser):
    answers = [post(browser, login="operator", password=f"guess {n}").headers["location"] for n in range(12)]
    assert answers[0] == "/sign-in?reason=wrong"
    assert answers[-1] == "/sign-in?reason=many"
    assert post(browser, login="operator").headers["location"] == "/sign-in?reason=many"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/session", "/session/end"])
def test_a_form_on_another_page_is_refused(browser, headers, path):
    answer = browser.post(path, data={"login": "admin", "password": PASSWORD}, headers=headers)
    assert answer.headers["location"] == "/sign-in?reason=foreign"
    assert "set-cookie" not in answer.headers


def test_fetch_metadata_outranks_origin():
    assert is_own_post({"sec-fetch-site": "same-origin"}, ["http://a"])
    assert not is_own_post({"sec-fetch-site": "cross-site", "origin": "http://a"}, ["http://a"])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"login=admin&password=" + b"x" * 5000, "application/x-www-form-urlencoded"),
        (b'{"login": "admin"}', "application/json"),
        (b"\xff\xfe=1", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded"),
        (b"", "multipart/form-data; boundary=x"),
    ],
)
def test_strange_forms_are_a_wrong_password_not_an_error(browser, body, kind):
    answer = browser.post("/session", content=body, headers={"Content-Type": kind})
    assert answer.headers["location"] == "/sign-in?reason=wrong"


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/inbox", "/inbox"),
        ("/deliveries/ab12?x=1", "/deliveries/ab12?x=1"),
        ("//evil.example/inbox", ""),
        ("https://evil.example/inbox", ""),
        ("/\\evil.example", ""),
        ("/inbox\r\nSet-Cookie: a=b", ""),
        ("/inboxes", ""),
        ("/session/end", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_after_signing_in_only_our_own_pages_follow(browser, path, safe):
    assert safe_next(path) == safe
    assert post(browser, next=path).headers["location"] == (safe or "/overview")


def test_the_door_turns_strangers_away_and_remembers_where_they_wanted_to(browser):
    answer = browser.get("/deliveries/ab12?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fdeliveries%2Fab12%3Fx%3D1")
    assert browser.get("/").headers["location"] == "/sign-in"
    browser.cookies.set("carillon_session", "forged")
    assert browser.get("/send").status_code == 303


def test_signing_out_ends_the_session_not_only_the_cookie(browser):
    post(browser)
    token = browser.cookies["carillon_session"]
    assert browser.get("/send").status_code == 200
    answer = browser.post("/session/end")
    assert answer.headers["location"] == "/sign-in?reason=out"
    assert "carillon_session" not in browser.cookies
    browser.cookies.set("carillon_session", token)
    assert browser.get("/send").status_code == 303
    assert browser.post("/session/end").headers["location"] == "/sign-in?reason=out"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"login": "!"}, "login"),
        ({"password": "short"}, "password"),
        ({"token": "forged"}, "used"),
        ({"token": ""}, "used"),
    ],
)
def test_the_first_account_names_what_is_wrong(browser, served, fields, reason):
    token = served.run(_new_claim(served.house.app))
    form = {"token": token, "login": "first", "password": PASSWORD, "name": "First Person"} | fields
    answer = browser.post("/session/claim", data=form)
    assert answer.headers["location"] == f"/claim?reason={reason}&token={form['token']}"
    assert "set-cookie" not in answer.headers


def test_the_first_account_is_made_once_and_is_signed_in(browser, served):
    form = {"token": served.run(_new_claim(served.house.app)), "login": "First@Example.com", "password": PASSWORD, "name": "First Person"}
    refused = browser.post("/session/claim", data=form, headers={"Origin": "http://evil.example"})
    assert refused.headers["location"].startswith("/claim?reason=foreign")
    answer = browser.post("/session/claim", data=form)
    assert (answer.headers["location"], "carillon_session" in browser.cookies) == ("/overview", True)
    assert browser.get("/send").status_code == 200
    again = browser.post("/session/claim", data=form | {"login": "second"})
    assert again.headers["location"].startswith("/claim?reason=used")


def test_origins_of_a_loopback_address_include_its_twins_and_others_do_not():
    assert origins_of("http://localhost:8000/") == ["http://localhost:8000", "http://127.0.0.1:8000"]
    assert origins_of("http://127.0.0.1:9") == ["http://127.0.0.1:9", "http://localhost:9"]
    assert origins_of("https://bells.example/x") == ["https://bells.example"]
