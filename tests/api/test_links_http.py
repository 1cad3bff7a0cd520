"""Pages behind signed links, reached without signing in: one click, why, preferences, clicks and opens."""

import html
import re

import httpx
import pytest

from backend.app.app import App
from backend.app.views import PersonIn, PreferencesIn
from backend.clock import HeldClock
from backend.domain.ids import person_id
from backend.security.links import Link
from carillon.house import House
from tests.api.conftest import ADMIN, Ask

MIA = person_id(1, "mia")


@pytest.fixture(autouse=True)
async def mia(app: App) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia", email="mia@example.com"))
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"marketing": True}))


async def consents(app: App) -> dict[str, bool]:
    return (await app.preferences.get(ADMIN, "mia")).consents


def unsubscribe(app: App, category: str = "marketing") -> str:
    return "/u/" + app.signed.make("u", Link(1, person=MIA, category=category))


async def test_looking_changes_nothing_and_one_click_does_it(app: App, client: httpx.AsyncClient):
    url = unsubscribe(app)
    for _ in range(2):
        page = await client.get(url)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "Stop “Offers”?" in page.text
        assert 'method="post"' in page.text
    assert await consents(app) == {"marketing": True}
    done = await client.post(url, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, done.history) == (200, [])
    assert "“Offers” is turned off" in done.text
    assert await consents(app) == {"marketing": False}
    again = await client.post(url, data={"List-Unsubscribe": "One-Click"})
    assert again.status_code == 200
    assert "is turned off" in (await client.get(url)).text


async def test_a_mail_program_needs_neither_cookie_nor_origin(app: App, client: httpx.AsyncClient):
    done = await client.post(unsubscribe(app), content=b"List-Unsubscribe=One-Click", headers={"content-type": "application/x-www-form-urlencoded"})
    assert done.status_code == 200
    assert "set-cookie" not in done.headers
    assert await consents(app) == {"marketing": False}


async def test_what_is_essential_stays(app: App, client: httpx.AsyncClient):
    url = unsubscribe(app, "security")
    assert "cannot be turned off" in (await client.get(url)).text
    assert "cannot be turned off" in (await client.post(url)).text
    assert await consents(app) == {"marketing": True}


@pytest.mark.parametrize("token", ["x", "", "AAAA", "a" * 500, "a%00b"])
async def test_a_link_that_is_not_ours(client: httpx.AsyncClient, token: str):
    for page in ("u", "p", "y"):
        answer = await client.get(f"/{page}/{token}")
        assert answer.status_code == 404
    assert (await client.post(f"/u/{token}")).status_code == 404


async def test_a_link_of_another_purpose_does_nothing(app: App, client: httpx.AsyncClient):
    token = app.signed.make("y", Link(1, person=MIA, category="marketing"))
    assert (await client.post(f"/u/{token}")).status_code == 404
    assert await consents(app) == {"marketing": True}


async def test_pages_speak_german_to_germans_and_run_nothing(app: App, client: httpx.AsyncClient):
    await app.people.put(ADMIN, "mia", PersonIn(locale="de-AT"))
    page = await client.get(unsubscribe(app))
    assert '<html lang="de">' in page.text
    assert "abbestellen?" in page.text
    assert "<script" not in page.text
    assert not re.search(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", page.text)
    assert '<link rel="icon" href="data:,">' in page.text  # else every browser asks for an icon that is not there
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; img-src data:;" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    refused = await client.get("/u/x", headers={"accept-language": "de-DE,de;q=0.9"})
    assert "Das ging nicht" in refused.text


async def test_what_people_typed_is_text_on_the_page(app: App, client: httpx.AsyncClient, ask: Ask):
    await ask("PUT", "/v1/categories/evil", role="admin", json={"name": "<script>alert(1)</script>", "kind": "service"})
    page = await client.get(unsubscribe(app, "evil"))
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>" not in page.text


async def test_hosted_preferences(app: App, client: httpx.AsyncClient):
    url = "/p/" + app.signed.make("p", Link(1, person=MIA))
    page = await client.get(url)
    assert page.status_code == 200
    boxes = re.findall(r'value="([a-z]+/[a-z]+)"[^>]*?(checked)?( disabled)?>', page.text.replace("\n", " "))
    assert ("orders/email", "checked", "") in boxes
    assert ("security/email", "checked", " disabled") in boxes
    ticked = [cell for cell, checked, disabled in boxes if checked and not disabled and cell not in ("orders/email", "marketing/email", "marketing/web", "marketing/push")]
    saved = await client.post(url, content="&".join(f"cell={cell}" for cell in ticked), headers={"content-type": "application/x-www-form-urlencoded"})
    assert "Saved" in saved.text
    after = await app.preferences.get(ADMIN, "mia")
    assert after.matrix["orders"]["email"] is False
    assert after.consents["marketing"] is False
    assert "security" not in after.matrix
    untouched = await client.post(url, content="&".join(f"cell={cell}" for cell in ticked), headers={"content-type": "application/x-www-form-urlencoded"})
    assert untouched.status_code == 200
    assert (await app.preferences.get(ADMIN, "mia")).revision == after.revision


async def test_why_a_mail_came(app: App, client: httpx.AsyncClient, ask: Ask, line: House):
    body = {"type": "t", "category": "orders", "to": {"user": "mia"}, "title": "Shipped", "message": "On its way", "channels": ["email"]}
    assert (await ask("POST", "/v1/events", role="admin", json=body)).status_code == 202
    await line.settle()
    delivery = (await app.deliveries.list(ADMIN)).items[0]
    page = await client.get("/y/" + app.signed.make("y", Link(1, bytes.fromhex(delivery.id))))
    assert page.status_code == 200, page.text
    assert "by email because it is about “Orders”." in page.text
    assert "mia@example.com" not in page.text


async def test_a_click_leads_to_its_target_alone(app: App, client: httpx.AsyncClient):
    token = app.signed.click(Link(1, bytes(16), MIA), "https://shop.example/o?a=1&b=2")
    there = await client.get(f"/c/{token}", params={"to": "https://shop.example/o?a=1&b=2"})
    assert (there.status_code, there.headers["location"]) == (302, "https://shop.example/o?a=1&b=2")
    for other in ("https://evil.example", "https://shop.example/o?a=1", "javascript:alert(1)", "", "//evil.example"):
        answer = await client.get(f"/c/{token}", params={"to": other})
        assert answer.status_code in (404, 422)
        assert "location" not in answer.headers


async def test_an_open_shows_a_picture_whatever_the_token_says(app: App, client: httpx.AsyncClient):
    for token in (app.signed.make("o", Link(1, bytes(16), MIA)), "forged"):
        picture = await client.get(f"/o/{token}.gif")
        assert (picture.status_code, picture.headers["content-type"], picture.content[:6]) == (200, "image/gif", b"GIF89a")
        assert "no-store" in picture.headers["cache-control"]


async def test_an_address_that_tries_links_is_slowed_down(app: App, client: httpx.AsyncClient, clock: HeldClock):
    codes = [(await client.get("/u/x")).status_code for _ in range(241)]
    assert codes == [404] * 240 + [429]
    slowed = await client.get("/u/x")
    assert int(slowed.headers["retry-after"]) >= 1
    clock.move(60)
    assert (await client.get("/u/x")).status_code == 404


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


async def test_after_an_unsubscribe_the_page_says_what_still_arrives_and_takes_it_back(app: App, client: httpx.AsyncClient):
    url = unsubscribe(app)
    done = (await client.post(url, data={"List-Unsubscribe": "One-Click"})).text
    assert "Still arrives: " in done and "Security" in done and "Nobody asks you to sign in" in done
    back = (await client.post(url, data={"act": field(done, "act")})).text
    assert "“Offers” is on again" in back
    assert await consents(app) == {"marketing": True}


async def test_fewer_instead_and_stop_all_have_their_way_back(app: App, client: httpx.AsyncClient):
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"product": True}))
    url = unsubscribe(app)
    fewer = (await client.post(url, data={"act": "fewer"})).text
    assert "“Offers” now comes in the app only" in fewer
    assert (await app.preferences.get(ADMIN, "mia")).matrix == {"marketing": {"web": True, "email": False, "push": False}}
    assert "is on again" in (await client.post(url, data={"act": "restore", "back": field(fewer, "back")})).text
    assert (await app.preferences.get(ADMIN, "mia")).matrix == {}
    stopped = (await client.post(url, data={"act": "all"})).text
    assert "All marketing is stopped" in stopped
    assert await consents(app) == {"marketing": False, "product": False}
    await client.post(url, data={"act": "restore", "back": field(stopped, "back")})
    assert await consents(app) == {"marketing": True, "product": True}


async def test_a_forged_way_back_changes_nothing(app: App, client: httpx.AsyncClient):
    url, before = unsubscribe(app), await app.preferences.get(ADMIN, "mia")
    for back in ("", "{", '{"channels": {"email": false}}', '{"consents": {"security": false}}', '{"consents": {"nothing": true}}', '{"x": 1}'):
        assert (await client.post(url, data={"act": "restore", "back": back})).status_code in (422, 404), back
    assert await app.preferences.get(ADMIN, "mia") == before


async def test_hosted_quiet_hours_frequency_pause_zone_and_language(app: App, client: httpx.AsyncClient, clock: HeldClock):
    url = "/p/" + app.signed.make("p", Link(1, person=MIA))
    page = (await client.get(url)).text
    boxes = re.findall(r'name="cell" value="([a-z]+/[a-z]+)"[^>]*? checked>', page)
    form = {
        "form": "1", "cell": boxes, "quiet": "shown", "quiet_on": "1", "start_0": "22:00", "end_0": "07:00", "day_0": ["0", "1", "2", "3", "4"],
        "start_1": "23:30", "end_1": "10:00", "day_1": ["5", "6"], "frequency": "daily", "pause": "7", "zone": "Europe/Berlin", "language": "de",
    }  # fmt: skip
    saved = (await client.post(url, data=form)).text
    assert "Gespeichert. Es gilt ab jetzt." in saved and '<html lang="de">' in saved and "Angehalten bis" in saved
    after = await app.preferences.get(ADMIN, "mia")
    assert [(q.start, q.end, q.days) for q in after.quiet_hours] == [("22:00", "07:00", [0, 1, 2, 3, 4]), ("23:30", "10:00", [5, 6])]
    assert (after.frequency, after.timezone, after.paused_until.timestamp()) == ("daily", "Europe/Berlin", clock.now() + 7 * 86_400)
    assert after.consents == {"marketing": True}
    undone = (await client.post(url, data={"back": field(saved, "back"), "back_person": field(saved, "back_person")})).text
    assert "It is as it was before." in undone
    again = await app.preferences.get(ADMIN, "mia")
    assert (again.quiet_hours, again.frequency, again.timezone, again.paused_until, again.matrix) == ([], None, "UTC", None, {})


async def test_hosted_opens_and_clicks_are_turned_off_and_on(app: App, client: httpx.AsyncClient):
    url = "/p/" + app.signed.make("p", Link(1, person=MIA))
    page = (await client.get(url)).text
    assert re.search(r'name="tracking" value="1" checked', page) and "Opens and clicks" in page
    cells = re.findall(r'name="cell" value="([a-z]+/[a-z]+)"[^>]*? checked>', page)
    saved = (await client.post(url, data={"form": "1", "cell": cells, "counted": "shown"})).text
    assert "Saved" in saved and 'name="tracking" value="1">' in saved
    assert (await app.preferences.get(ADMIN, "mia")).tracking is False
    await client.post(url, data={"form": "1", "cell": cells})  # a form of an older page says nothing of it
    assert (await app.preferences.get(ADMIN, "mia")).tracking is False
    await client.post(url, data={"back": field(saved, "back"), "back_person": field(saved, "back_person")})
    assert (await app.preferences.get(ADMIN, "mia")).tracking is None


async def test_opens_and_clicks_by_api(app: App, ask: Ask):
    for given, kept in (({"tracking": False}, False), ({}, False), ({"tracking": None}, None)):
        answer = await ask("PUT", "/v1/users/mia/preferences", role="admin", json=given)
        assert (answer.status_code, answer.json()["tracking"]) == (200, kept)
    assert (await ask("PUT", "/v1/users/mia/preferences", role="admin", json={"tracking": "no"})).status_code == 422


async def test_a_click_is_never_too_much_and_a_guess_is(app: App, client: httpx.AsyncClient):
    """Whole companies, and the proxies of mailboxes, call from a few addresses."""
    token, to = app.signed.click(Link(1, bytes(16), MIA), "https://shop.example/"), {"to": "https://shop.example/"}
    for _ in range(260):
        assert (await client.get(f"/c/{token}", params=to)).status_code == 302
    codes = [(await client.get("/c/x", params=to)).status_code for _ in range(241)]
    assert codes == [404] * 240 + [429]
    assert (await client.get(f"/c/{token}", params=to)).status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Nowhere/Else"},
        {"zone": "<script>alert(1)</script>"},
        {"quiet_on": "1", "start_0": "22:00", "end_0": "22:00", "day_0": "1"},
        {"quiet_on": "1", "start_0": "25:00", "end_0": "26:00", "day_0": "1"},
        {"quiet_on": "1", "start_0": "22:00", "end_0": "07:00"},
        {"quiet_on": "1"},
    ],
)
async def test_what_cannot_be_kept_is_said_and_nothing_changes(app: App, client: httpx.AsyncClient, wrong: dict[str, str]):
    url = "/p/" + app.signed.make("p", Link(1, person=MIA))
    before = await app.preferences.get(ADMIN, "mia")
    answer = await client.post(url, data={"form": "1", "quiet": "shown", "language": "de", **wrong})
    assert answer.status_code == 422
    assert "Nothing was changed." in answer.text and "<script>" not in answer.text
    assert await app.preferences.get(ADMIN, "mia") == before


async def test_an_empty_form_turns_nothing_off(app: App, client: httpx.AsyncClient):
    url = "/p/" + app.signed.make("p", Link(1, person=MIA))
    before = await app.preferences.get(ADMIN, "mia")
    assert (await client.post(url)).status_code == 422
    assert await app.preferences.get(ADMIN, "mia") == before


async def test_why_leads_on_to_fewer_and_to_preferences(app: App, client: httpx.AsyncClient, ask: Ask, line: House):
    await app.people.put(ADMIN, "mia", PersonIn(timezone="Asia/Tokyo"))
    for category in ("orders", "security"):
        body = {"type": "t", "category": category, "to": {"user": "mia"}, "title": "Shipped", "channels": ["email"]}
        assert (await ask("POST", "/v1/events", role="admin", json=body)).status_code == 202
        await line.settle()
        delivery = (await app.deliveries.list(ADMIN, category=category)).items[0]
        page = (await client.get("/y/" + app.signed.make("y", Link(1, bytes.fromhex(delivery.id))))).text
        assert "(Asia/Tokyo)" in page
        ways = re.findall(r'href="(/[up]/[^"]+)"', page)
        assert [way[:3] for way in ways] == (["/u/", "/u/", "/p/"] if category == "orders" else ["/p/"])
        for way in ways:
            assert (await client.get(way)).status_code == 200


async def test_a_link_that_ran_out_says_what_to_do(app: App, client: httpx.AsyncClient, clock: HeldClock):
    late = app.signed.make("u", Link(1, person=MIA, category="marketing", expires=int(clock.now()) + 10))
    clock.move(11)
    page = await client.get(f"/u/{late}", headers={"accept-language": "de"})
    assert page.status_code == 410
    assert "Der Link ist abgelaufen" in page.text


async def test_marks_that_turn_a_line_around_are_gone_from_sentences(app: App, client: httpx.AsyncClient, ask: Ask):
    await ask("PUT", "/v1/categories/turn", role="admin", json={"name": "Turn \u202eround\u2066", "kind": "service"})
    page = (await client.get(unsubscribe(app, "turn"))).text
    assert "Stop “Turn round”?" in page
