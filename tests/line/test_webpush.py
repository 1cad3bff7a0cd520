"""Web Push through the whole line: what a push service answers becomes state, retry, a retired device and words on the delivery's page."""

import asyncio
import contextlib
import json

import pytest
from aiohttp import web

from backend.app.provider_views import ProviderIn
from backend.app.views import AddressIn
from backend.channels import webpush
from backend.channels.guard import Guard
from backend.channels.webpush_answers import MEANS
from backend.channels.webpush_seal import public_key, read_key
from backend.domain.errors import Invalid
from tests.channels.pushsink import Subscribed, push_sink
from tests.channels.test_webpush import SAID
from tests.line.houses import admin, member, order_shipped, standing
from workers.roster import Roster

pytestmark = pytest.mark.timeout(240)
ENDS = {"accepted": "sent", "refused": "failed", "bad_address": "bounced", "temporary": "retrying", "unknown": "retrying"}


@contextlib.asynccontextmanager
async def notifying(kind, home, monkeypatch, script=lambda request, n: None):
    """A house with a provider of Web Push, and the push service."""
    monkeypatch.setattr(Roster, "run", lambda roster: asyncio.Event().wait())
    monkeypatch.setattr(Guard, "run", lambda guard: asyncio.Event().wait())
    async with push_sink(home, script) as service:
        monkeypatch.setattr(webpush, "EGRESS", service.egress())
        async with standing(kind, home / "home") as stand:
            await stand.app.providers.put(admin(), "browsers", ProviderIn("webpush", {"contact": "mailto:bells@example.com"}))
            await stand.house.roster.look()
            yield stand, service


async def reader(stand, origin, **more):
    """A person with one browser; (user id, browser)."""
    user, browser = await stand.person(), Subscribed(origin, **more)
    await stand.app.people.put_address(member(user), user, AddressIn("push", json.dumps(browser.json), "Firefox on Linux", "webpush"))
    return user, browser


async def device(stand, user):
    (found,) = [one for one in (await stand.app.people.addresses(admin(), user)).items if one.channel == "push"]
    return found


def outcomes(view):
    """(code, raw) of each attempt that was answered, oldest first."""
    assert {entry.provider for entry in view.timeline if entry.kind == "attempt"} == {"browsers"}
    return [(entry.code, entry.raw) for entry in view.timeline if entry.kind == "outcome"]


async def test_every_answer_becomes_a_state_a_retry_or_a_retired_device(kind, line_engines, tmp_path, monkeypatch):
    rows = {row.replace(" ", "-"): row for row in SAID}
    heard = set()

    def script(request, n):
        row = rows[request.path.rpartition("/")[2]]
        if row in heard:
            return None
        heard.add(row)
        status, said = SAID[row]
        return web.Response(status=status, text=said)

    async with notifying(kind, tmp_path, monkeypatch, script) as (stand, service):
        people = {row: await reader(stand, service.origin, path=name) for name, row in rows.items()}
        made = dict(zip(rows.values(), await stand.accept(*(order_shipped(to=user, channels=["push"]) for user, _ in people.values())), strict=True))
        await stand.settle()
        for row, (meaning, code) in MEANS.items():
            view, status = await stand.delivery(made[row], "push"), SAID[row][0]
            assert (row, view.state) == (row, ENDS[meaning])
            ((said, raw),) = outcomes(view)
            assert said == (code or str(status))
            assert raw.startswith(str(status))
            gone = (await device(stand, people[row][0])).suppressed
            assert (gone.params["reason"] if gone else "") == ("unregistered" if meaning == "bad_address" else "")
        await stand.settle(after=86_400)
        for row, (meaning, _) in MEANS.items():
            view = await stand.delivery(made[row], "push")
            assert (row, view.state, len(outcomes(view))) == (row, "sent" if meaning in ("accepted", "temporary") else ENDS[meaning], 2 if meaning == "temporary" else 1)
        assert len(service.heard) == len(MEANS) + sum(meaning == "temporary" for meaning, _ in MEANS.values())


async def test_a_retired_browser_is_asked_nothing_until_it_comes_back(tmp_path, monkeypatch):
    async with notifying("embedded", tmp_path, monkeypatch, lambda request, n: web.Response(status=410) if n == 1 else None) as (stand, service):
        user, browser = await reader(stand, service.origin)
        await stand.send(order_shipped(to=user, channels=["push"]))
        assert (await device(stand, user)).suppressed.params["reason"] == "unregistered"
        made = await stand.send(order_shipped(to=user, channels=["push"]))
        assert (await stand.units(made))["push"] == ["skip suppressed"]
        stand.clock.move(60)
        await stand.app.people.put_address(member(user), user, AddressIn("push", browser.address))
        made = await stand.send(order_shipped(to=user, channels=["push"], title="Back again"))
        assert (await stand.delivery(made, "push")).state == "sent"
        assert browser.opens(service.heard[-1][2])["title"] == "Back again"
        assert len(service.heard) == 2


async def test_what_a_service_asks_us_to_wait_is_waited(tmp_path, monkeypatch):
    async with notifying("embedded", tmp_path, monkeypatch, lambda request, n: web.Response(status=429, headers={"Retry-After": "1800"}) if n == 1 else None) as (stand, service):
        user, _ = await reader(stand, service.origin)
        made = await stand.send(order_shipped(to=user, channels=["push"]))
        await stand.settle(after=1_700)
        assert ((await stand.delivery(made, "push")).state, len(service.heard)) == ("retrying", 1)
        await stand.settle(after=600)
        assert ((await stand.delivery(made, "push")).state, len(service.heard)) == ("sent", 2)
        first, second = (headers["Topic"] for _, headers, _ in service.heard)
        assert first == second, "a push service shows the repeat in place of the first"


async def test_what_somebody_said_of_an_event_travels_with_it(tmp_path, monkeypatch):
    async with notifying("embedded", tmp_path, monkeypatch) as (stand, service):
        user, browser = await reader(stand, service.origin)
        for _ in range(2):
            await stand.send(order_shipped(to=user, channels=["web"]))
        made = await stand.send(order_shipped(to=user, channels=["push"], collapse_key="order 1", priority="high"))
        ((_, headers, body),) = service.heard
        assert headers["Urgency"] == "high"
        said = browser.opens(body)
        assert (said["title"], said["renotify"], said["id"]) == ("Your order is on its way", True, (await stand.delivery(made, "push")).id)
        assert said["badge"] == (await stand.app.inbox.counts(member(user), user)).unread == 2


async def test_a_key_is_made_once_sealed_and_told_to_browsers_alone(tmp_path, monkeypatch):
    async with notifying("embedded", tmp_path, monkeypatch) as (stand, service):
        key = await stand.app.browsers.key(member("anybody"))
        view = await stand.app.providers.get(admin(), "browsers")
        assert (view.secrets, view.fields["contact"]) == (["private_key"], "mailto:bells@example.com")
        assert "private_key" not in view.fields
        await stand.app.providers.put(admin(), "browsers", ProviderIn("webpush", {"contact": "https://example.com/us"}))
        assert await stand.app.browsers.key(admin()) == key, "another contact leaves the key"
        await stand.house.roster.look()
        user, _ = await reader(stand, service.origin)
        await stand.send(order_shipped(to=user, channels=["push"]))
        assert service.heard[-1][1]["Authorization"].endswith(f", k={key}")
        own = webpush.make_key()
        await stand.app.providers.put(admin(), "browsers", ProviderIn("webpush", {"contact": "https://example.com/us", "private_key": own}))
        assert await stand.app.browsers.key(admin()) == public_key(read_key(own))
        for wrong in ({"contact": "us"}, {"contact": "https://example.com/us", "private_key": "x"}, {"contact": "https://example.com/us", "icon": "http://example.com/i.png"}):
            with pytest.raises(Invalid):
                await stand.app.providers.put(admin(), "browsers", ProviderIn("webpush", wrong))
        await stand.app.providers.put(admin(), "browsers", ProviderIn("webpush", {"contact": "https://example.com/us"}, used=False))
        assert await stand.app.browsers.key(admin()) == ""
