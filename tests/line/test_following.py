"""Mails are followed: the links and the picture of a captured mail through the real HTTP application, to receipt, timeline and analytics."""

import email
import email.policy
import html
import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from backend.api.app import routes
from backend.app.analytics_views import AnalyticsIn
from backend.app.provider_views import ModeView
from backend.app.studio_views import TrialIn
from backend.app.views import CategoryIn, GroupIn, PreferencesIn, PreviewIn, TemplateIn
from backend.domain.machines import SOON
from backend.domain.receipt import Receipt
from backend.domain.template import Content, EmailContent
from backend.security.links import Link
from backend.security.roles import SYSTEM
from tests.line.houses import Stand, order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
SHOP = "https://shop.example.com/o/4711?a=1&b=ü"
PAGE = """<html><body><p><a class="x" href="https://shop.example.com/o/{{ order }}?a=1&amp;b=ü">Order</a>
<a href='{{ site }}'>Site</a> <a href="mailto:help@example.com">Mail</a> <a href="tel:+49301234">Call</a> <a href="#top">Up</a>
<a href="{{ links.preferences }}">Choose</a> <a href="{{ links.why }}">Why</a>{% if links.unsubscribe %}<a href="{{ links.unsubscribe }}">Out</a>{% endif %}
<img src="https://shop.example.com/logo.png"></p></body></html>"""
DATA = {"order": "4711", "site": "http://example.org/"}


@pytest_asyncio.fixture(loop_scope="session")
async def client(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=routes(stand.app)), client=("192.0.2.1", 5))
    async with httpx.AsyncClient(transport=transport, base_url=stand.house.settings.base_url, headers={"user-agent": SAFARI}) as made:
        yield made


async def template(stand: Stand) -> None:
    await stand.app.templates.put(SYSTEM, "followed", TemplateIn(Content(email=EmailContent("Shipped", PAGE, "", "Order: https://shop.example.com/o/{{ order }}"))))
    await stand.app.templates.publish(SYSTEM, "followed")


async def mailed(stand: Stand, user: str, **more: object) -> tuple[str, str, str]:
    """(event, HTML, text) of a mail as it was captured."""
    stand.clock.move(1)  # the newest capture is this one's
    await template(stand)
    made = await stand.send(order_shipped(to=user, channels=["email"], title=None, message=None, template="followed", data=DATA, **more))
    (row, *_) = (await stand.app.captures.list(SYSTEM, find=user)).items
    message = (await stand.app.captures.get(SYSTEM, row.id)).message
    return made, message.html, message.text


def hrefs(page: str) -> list[str]:
    return [html.unescape(a or b) for a, b in re.findall(r"""href=(?:"([^"]*)"|'([^']*)')""", page)]


def path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def picture(page: str) -> str:
    return path(re.search(r'src="([^"]+/o/[^"]+\.gif)"', page)[1])


async def told(stand: Stand, made: str) -> list[str]:
    """Kinds of the receipts on the delivery's timeline."""
    await stand.settle()
    return [entry.text for entry in (await stand.delivery(made)).timeline if entry.kind == "receipt"]


async def counted(stand: Stand, at: float) -> tuple[int, int, int]:
    """Opened by people, by machines, and clicked, of mails of the stretch of an hour around `at`."""
    await stand.settle(61)
    await stand.line.rollup.once()
    found = (await stand.app.analytics.report(SYSTEM, AnalyticsIn(at // 900 * 900, at // 900 * 900 + 3_600, against=-1))).whole
    return found.opened.part, found.opened_machine, found.clicked.part


async def test_links_lead_through_us_to_where_they_led(stand: Stand, client: httpx.AsyncClient):
    user = await stand.person()
    made, page, text = await mailed(stand, user)
    assert "\x02" not in page and "\x03" not in page and "\x04" not in page
    order, site, mail, call, top, choose, why, out = hrefs(page)
    assert (mail, call, top, text) == ("mailto:help@example.com", "tel:+49301234", "#top", "Order: https://shop.example.com/o/4711")
    assert ["/p/" in choose, "/y/" in why, "/u/" in out, "/c/" in choose + why + out] == [True, True, True, False]
    stand.clock.move(60)
    for link, target in ((order, SHOP), (site, "http://example.org/")):
        assert parse_qs(urlsplit(link).query)["to"] == [target]
        answer = await client.get(path(link))
        assert (answer.status_code, answer.headers["cache-control"], answer.headers["referrer-policy"]) == (302, "no-store", "no-referrer")
        assert httpx.URL(answer.headers["location"]) == httpx.URL(target)
        assert "set-cookie" not in answer.headers
        stand.clock.move(5)
    answer = await client.get(picture(page))
    assert (answer.status_code, answer.headers["content-type"], len(answer.content)) == (200, "image/gif", 43)
    assert "no-store" in answer.headers["cache-control"] and "set-cookie" not in answer.headers
    assert await told(stand, made) == ["clicked", "clicked", "opened_human"]
    assert (await stand.delivery(made)).state == "sent"


async def test_the_mail_that_leaves_has_them_too(stand: Stand):
    """What a mail server gets, as the standard library reads it."""
    user = await stand.person()
    _, page, text = await mailed(stand, user)
    (row, *_) = (await stand.app.captures.list(SYSTEM, find=user)).items
    parsed = email.message_from_string((await stand.app.captures.get(SYSTEM, row.id)).mail or "", policy=email.policy.default)
    assert parsed.get_body(("html",)).get_content().splitlines() == page.splitlines()
    assert parsed.get_body(("plain",)).get_content().splitlines() == text.splitlines()
    assert page.count("/c/") == 2 and page.count(".gif") == 1 and "/c/" not in text


@pytest.mark.parametrize("how", ["category", "person", "group", "space"])
async def test_what_is_not_wanted_is_not_followed(stand: Stand, how: str):
    user = await stand.person()
    category = "orders"
    match how:
        case "category":
            category = "quietly"
            await stand.app.categories.put(SYSTEM, category, CategoryIn("Quietly", kind="service", channels=["email"], tracking=False))
        case "person":
            await stand.wish(user, tracking=False)
        case "group":
            await stand.app.groups.put(SYSTEM, "uncounted", GroupIn(members=[user], preferences=PreferencesIn(tracking=False)))
        case _:
            await stand.app.preferences.put_of_space(SYSTEM, PreferencesIn(tracking=False))
    try:
        _, page, _ = await mailed(stand, user, category=category)
        assert hrefs(page)[:2] == [SHOP, "http://example.org/"]
        assert "/c/" not in page and "/o/" not in page.replace("/o/4711", "") and "\x02" not in page and "\x04" not in page
        await stand.wish(user, tracking=True)  # nearest to the person counts, but a category that counts none has the last word
        _, page, _ = await mailed(stand, user, category=category)
        assert ("/c/" in page) == (how != "category")
    finally:
        await stand.app.preferences.put_of_space(SYSTEM, PreferencesIn(tracking=None))


async def test_altered_and_forged_links_lead_nowhere_and_count_nothing(stand: Stand, client: httpx.AsyncClient):
    user = await stand.person()
    made, page, _ = await mailed(stand, user)
    stand.clock.move(60)
    order = path(hrefs(page)[0])
    token, target = order.split("?to=")[0].removeprefix("/c/"), order.split("?to=")[1]
    other = stand.app.signed.make("o", Link(1, bytes.fromhex((await stand.delivery(made)).id)))
    wrong: list[Callable[[], str]] = [
        lambda: f"/c/{token}?to=https%3A%2F%2Fevil.example", lambda: f"/c/{token}", lambda: f"/c/{token}?to=javascript%3Aalert(1)",
        lambda: f"/c/{token[:-2]}AA?to={target}", lambda: f"/c/{other}?to={target}", lambda: f"/c/x?to={target}", lambda: f"/c/{token}?to={target}%0d%0aX-A%3A1",
        lambda: f"/c/{token}?to=%2F%2Fevil.example", lambda: f"/c/{token}?to=https%3A%2F%2Fevil.example&to={target}x",
    ]  # fmt: skip
    for ask in wrong:
        answer = await client.get(ask(), headers={"accept-language": "de"})
        assert answer.status_code in (404, 422), ask()
        assert "location" not in answer.headers and "Das ging nicht" in answer.text
    for forged in ("x", token, other[:-3] + "AAA"):
        answer = await client.get(f"/o/{forged}.gif")
        assert (answer.status_code, len(answer.content)) == (200, 43)
    assert await told(stand, made) == []


@pytest.mark.parametrize(
    ("agent", "opened", "clicked"),
    [
        (SAFARI, "opened_human", "clicked"),
        ("Mozilla/5.0", "opened_machine", "clicked_machine"),  # Apple's privacy proxy
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "opened_human", "clicked"),  # fetches when somebody opens
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0", "opened_machine", "clicked_machine"),
        ("", "opened_machine", "clicked_machine"),
        ("Barracuda Sentinel (EE)", "opened_machine", "clicked_machine"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "opened_machine", "clicked_machine"),
        ("Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36", "opened_human", "clicked"),
    ],
)  # fmt: skip
async def test_who_opens_by_what_a_program_says_of_itself(stand: Stand, client: httpx.AsyncClient, agent: str, opened: str, clicked: str):
    user = await stand.person()
    made, page, _ = await mailed(stand, user)
    stand.clock.move(60)
    for way in (picture(page), path(hrefs(page)[0])):
        assert (await client.get(way, headers={"user-agent": agent})).status_code in (200, 302)
    assert sorted(await told(stand, made)) == sorted([opened, clicked])


async def test_sooner_than_a_person_can_is_a_machine(stand: Stand, client: httpx.AsyncClient):
    user = await stand.person()
    made, page, _ = await mailed(stand, user)
    stand.clock.move(SOON - 0.5)
    await client.get(picture(page))
    await client.get(path(hrefs(page)[0]))
    assert sorted(await told(stand, made)) == ["clicked_machine", "opened_machine"]
    stand.clock.move(30)
    await client.get(picture(page))
    assert sorted(await told(stand, made)) == ["clicked_machine", "opened_human", "opened_machine"]


async def test_two_links_within_a_second_and_a_look_ahead(stand: Stand, client: httpx.AsyncClient):
    user = await stand.person()
    made, page, _ = await mailed(stand, user)
    stand.clock.move(60)
    order, site = map(path, hrefs(page)[:2])
    for way in (order, picture(page)):
        assert (await client.head(way)).status_code in (200, 302)
    assert await told(stand, made) == []
    await client.get(order)
    stand.clock.move(0.2)
    await client.get(site)
    assert await told(stand, made) == ["clicked", "clicked_machine"]


async def test_what_was_done_is_counted_once_and_shown(stand: Stand, client: httpx.AsyncClient):
    stand.clock.move(7_200)
    await stand.settle()
    at, user = stand.now, await stand.person()
    _, page, _ = await mailed(stand, user)
    stand.clock.move(60)
    for _ in range(3):
        await client.get(picture(page))
        await client.get(path(hrefs(page)[0]))
        stand.clock.move(5)
    await client.get(picture(page), headers={"user-agent": "Mozilla/5.0"})
    assert await counted(stand, at) == (1, 1, 1)


async def test_a_test_of_the_studio_and_a_preview_are_not_followed(stand: Stand):
    user = await stand.person()
    await template(stand)
    content = Content(email=EmailContent("Shipped", PAGE, "", "Order"))
    await stand.app.studio.test(msgspec.structs.replace(SYSTEM, subject=user), "followed", TrialIn(content, "orders", DATA, ["email"]))
    await stand.settle()
    (row,) = (await stand.app.captures.list(SYSTEM, find=user)).items
    page = (await stand.app.captures.get(SYSTEM, row.id)).message.html
    assert SHOP in hrefs(page) and "/c/" not in page and ".gif" not in page and "\x02" not in page
    shown = await stand.app.templates.preview(SYSTEM, "followed", PreviewIn(data=DATA, channel="email"))
    assert "/c/" not in shown.messages["email"].html and "\x02" not in shown.messages["email"].html


async def test_a_space_in_test_mode_counts_nothing(stand: Stand):
    user = await stand.person()
    await stand.app.providers.put_mode(SYSTEM, ModeView(test=True))
    try:
        _, page, _ = await mailed(stand, user)
        assert SHOP in hrefs(page) and "/c/" not in page and ".gif" not in page
    finally:
        await stand.app.providers.put_mode(SYSTEM, ModeView(test=False))


# ---- what providers tell
async def test_who_has_asked_for_it_again_stays(stand: Stand):
    """A report of an unsubscribe that comes late, or once more, does not take back what was said after it."""
    user = await stand.person()
    made, _, _ = await mailed(stand, user)
    said = stand.now
    stand.clock.move(60)
    await stand.wish(user, consents={"orders": True})
    await stand.house.report(Receipt(1, bytes.fromhex((await stand.delivery(made)).id), "unsubscribed", said, provider="mails"))
    await stand.settle(1)
    assert (await stand.app.preferences.get(SYSTEM, user)).consents == {"orders": True}


async def test_an_unsubscribe_at_the_provider_is_the_same_as_one_click(stand: Stand):
    user = await stand.person()
    made, _, _ = await mailed(stand, user)
    delivery = await stand.delivery(made)
    for _ in range(2):
        await stand.house.report(Receipt(1, bytes.fromhex(delivery.id), "unsubscribed", stand.now, provider="mails"))
        await stand.settle(1)
    assert (await stand.app.preferences.get(SYSTEM, user)).consents == {"orders": False}
    (answer,) = await stand.app.preferences.answers(SYSTEM, user)
    assert (answer.source, answer.evidence) == ("mails", f"delivery {delivery.id}")
    after = await stand.send(order_shipped(to=user, channels=["email"]))
    assert await stand.units(after) == {"email": ["skip unsubscribed"]}
    essential = await stand.send(order_shipped(to=user, category="security", channels=["email"]))
    assert await stand.units(essential) == {"email": ["sent"]}
    await stand.house.report(Receipt(1, bytes.fromhex((await stand.delivery(essential)).id), "unsubscribed", stand.now, provider="mails"))
    await stand.settle(1)
    assert (await stand.app.preferences.get(SYSTEM, user)).consents == {"orders": False}


async def test_one_click_is_counted_as_an_unsubscribe(stand: Stand, client: httpx.AsyncClient):
    user = await stand.person()
    made, page, _ = await mailed(stand, user)
    out = next(path(link) for link in hrefs(page) if "/u/" in link)
    assert (await client.post(out, data={"List-Unsubscribe": "One-Click"})).status_code == 200
    assert await told(stand, made) == ["unsubscribed"]
    assert len(await stand.app.preferences.answers(SYSTEM, user)) == 1


@pytest.mark.parametrize(("word", "state", "suppressed"), [
    ("deferred", "sent", ""), ("bounced_hard", "bounced", "bounced"), ("bounced_soft", "bounced", ""), ("bounced_policy", "bounced", ""),
    ("complained", "sent", "complained"), ("failed", "failed", ""), ("delivered", "delivered", ""),
])  # fmt: skip
async def test_what_a_providers_word_does(stand: Stand, word: str, state: str, suppressed: str):
    user = await stand.person()
    made, _, _ = await mailed(stand, user)
    delivery, before = await stand.delivery(made), (await stand.app.suppressions.list(SYSTEM)).items
    receipt = Receipt(1, bytes.fromhex(delivery.id), "delivered", stand.now, provider="mails", raw="550 5.1.1 <address> unknown")
    await stand.house.report(msgspec.structs.replace(receipt, kind=word))
    await stand.settle(1)
    assert (await stand.delivery(made)).state == state
    after = [row for row in (await stand.app.suppressions.list(SYSTEM)).items if row not in before]
    assert [(row.reason, row.source) for row in after] == ([(suppressed, "mails")] if suppressed else [])
    again = await stand.send(order_shipped(to=user, channels=["email"]))
    assert await stand.units(again) == {"email": ["skip suppressed"] if suppressed else ["sent"]}


async def test_a_click_on_a_mail_that_history_has_dropped_waits_for_nothing(stand: Stand, client: httpx.AsyncClient):
    old = int((stand.now - 40 * 86_400) * 1000).to_bytes(6, "big") + bytes(10)
    token = stand.app.signed.click(Link(1, old, 7), SHOP)
    assert (await client.get(f"/c/{token}", params={"to": SHOP})).status_code == 302
    await stand.settle()
    await stand.settle(86_500)
