"""Notifications in real browsers on our own page: Firefox subscribes, decrypts and shows what the line sends; Chromium shows, and opens what is clicked."""

import asyncio
import contextlib
import json
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from backend.app.provider_views import ProviderIn
from backend.channels import webpush
from backend.channels.webpush_notice import payload_of
from backend.domain.event import EventIn, To
from backend.domain.template import Action
from backend.security.roles import SYSTEM
from carillon.engines.programs import find
from tests.channels.autopush import Autopush
from tests.channels.pushsink import outgoing
from tests.oracles.test_graphql_clients import node
from tests.portal.e2e.conftest import HERE
from tests.portal.house_stand import PASSWORD

pytestmark = pytest.mark.e2e
FIREFOX = Path(__file__).parents[2] / "oracles" / "firefox_push.mjs"


@pytest.fixture(scope="module")
def autopush(server, tmp_path_factory):
    """A push service for Firefox, and the house's provider that sends to it."""
    service = Autopush(tmp_path_factory.mktemp("push"))
    server.run(service.start())
    before, webpush.EGRESS = webpush.EGRESS, service.egress()
    app = server.house.app
    server.run(app.providers.put(SYSTEM, "browsers", ProviderIn("webpush", {"contact": "mailto:bells@example.com", "icon": "https://example.com/i.png"})))
    server.run(server.house.roster.look())
    yield service
    server.run(app.providers.remove(SYSTEM, "browsers"))
    server.run(server.house.roster.look())
    webpush.EGRESS = before
    server.run(service.close())


def session_of(served, login):
    async def signed_in():
        served.clock.move(61)
        return await served.house.app.accounts.sign_in(login, PASSWORD)

    return served.run(signed_in()).token


def devices(served, user):
    return [one for one in served.run(served.house.app.people.addresses(SYSTEM, user)).items if one.channel == "push"]


def tell(served, user, title, body, link):
    async def told():
        item = EventIn(type="t", category="orders", to=To(user=user), title=title, message=body, channels=["push"], data={"link": link})
        (answer,) = await served.house.app.events.accept(SYSTEM, [item])
        await served.house.settle()
        return (await served.house.app.deliveries.list(SYSTEM, event=answer.id.hex())).items

    return served.run(told())


@pytest.mark.timeout(120)
def test_firefox_decrypts_and_shows_what_the_line_sends_and_a_click_opens_its_link(served, autopush):
    firefox = find("firefox-esr")
    assert firefox, "Firefox was not found. Install the package firefox-esr: python -m carillon.engines need firefox"
    command = [node(), str(FIREFOX), firefox, served.base, session_of(served, "member"), autopush.browser_url]
    with subprocess.Popen(command, cwd=FIREFOX.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def heard():
            line = process.stdout.readline()
            assert line, "Firefox ended before it said anything more."
            return json.loads(line)

        def go():
            process.stdin.write("\n")
            process.stdin.flush()

        try:
            on = heard()
            assert "Firefox on Linux" in on["words"]
            (device,) = devices(served, "member")
            assert (device.label, device.platform) == ("Firefox on Linux", "webpush")
            (delivery,) = tell(served, "member", "Grüße 🔔", "It is on its way.", f"{served.base}/history")
            assert delivery.state == "sent"
            go()
            (shown,) = heard()["shown"]
            assert (shown["title"], shown["body"], shown["icon"]) == ("Grüße 🔔", "It is on its way.", "https://example.com/i.png")
            assert (shown["data"]["id"], shown["data"]["link"]) == (delivery.id, f"{served.base}/history")
            served.run(asyncio.wait_for(autopush.heard_of("ack"), 10))
            go()
            assert heard() == {"opened": [f"{served.base}/history"], "left": 0}
            served.run(autopush.forget())
            fresh = again(lambda: [one for one in devices(served, "member") if one.id != device.id], 30)
            assert [one.label for one in fresh] == ["Firefox on Linux"], "the worker registers what the browser changed by itself"
            go()
            off = heard()
            assert (off["off"], off["still"]) == (True, False)
            assert [one.id for one in devices(served, "member")] == [device.id], "the address of before is retired when it is written to"
            served.run(served.house.app.people.remove_address(SYSTEM, "member", device.id))
            go()
            assert process.wait(20) == 0
        finally:
            process.terminate()  # it takes its Firefox with it
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def again(look, seconds):
    """What it finds, looked for until there is something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


class Worker:
    """Our service worker in Chromium, told what a push service would tell it. It is never asked for permission to open windows, which only a real
    click gives: what it would open or bring to the front is written down instead."""

    HANDS = """() => {
      if (self.opened) return;
      self.opened = []; self.focused = []; self.waits = [];
      ExtendableEvent.prototype.waitUntil = (promise) => { self.waits.push(promise); };
      Object.defineProperty(self.clients, "openWindow", { value: async (url) => { self.opened.push(url); } });
      WindowClient.prototype.focus = async function () { self.focused.push(this.url); return this; };
    }"""
    CLICK = """async ([kind, tag, action]) => {
      const [notification] = await self.registration.getNotifications({ tag });
      self.opened.length = self.focused.length = 0;
      self.dispatchEvent(new NotificationEvent(kind, { notification, action }));
      await Promise.all(self.waits.splice(0));
      return { opened: [...self.opened], focused: [...self.focused], left: (await self.registration.getNotifications({ tag })).length };
    }"""

    def __init__(self, page, base):
        self.page, self.base, self.context = page, base, page.context
        self.context.grant_permissions(["notifications"], origin=base)
        self.cdp, self._registered = self.context.new_cdp_session(page), []
        self.cdp.on("ServiceWorker.workerRegistrationUpdated", lambda said: self._registered.extend(said["registrations"]))
        self.cdp.send("ServiceWorker.enable")
        page.evaluate("async () => { await navigator.serviceWorker.register('/notify-sw.js'); await navigator.serviceWorker.ready; }")
        page.evaluate("window.msgs = []; navigator.serviceWorker.addEventListener('message', (e) => msgs.push(e.data))")
        (self.worker,) = [one for one in self.context.service_workers if one.url.endswith("/notify-sw.js")]
        page.wait_for_function("async () => (await navigator.serviceWorker.getRegistration('/')).active?.state === 'activated'")

    def push(self, said):
        """What it shows then."""
        number = self._registered[-1]["registrationId"]
        before = self.page.evaluate("window.msgs.filter((one) => one.carillon === 'push').length")
        data = said if isinstance(said, str) else json.dumps(said)
        self.cdp.send("ServiceWorker.deliverPushMessage", {"origin": self.base, "registrationId": number, "data": data})
        self.page.wait_for_function("(n) => window.msgs.filter((one) => one.carillon === 'push').length > n", arg=before)
        return self.page.evaluate("""async () => (await (await navigator.serviceWorker.getRegistration('/')).getNotifications())
          .map(({ title, body, tag, icon, image, actions, silent, renotify, data }) => ({ title, body, tag, icon, image, actions, silent, renotify, data }))""")

    def happens(self, kind, tag, action=""):
        """What follows from a click, or from putting it away."""
        self.worker.evaluate(self.HANDS)
        return self.worker.evaluate(self.CLICK, [kind, tag, action])


@pytest.fixture
def worker(look, served):
    page = look(login="member")
    page.goto("/preferences")
    page.locator(HERE).wait_for()
    return Worker(page, served.base)


def test_chromium_shows_what_it_is_told_and_opens_what_is_clicked(worker, served):
    told = json.loads(
        payload_of(
            outgoing(
                "", 7, title="Order shipped", body="It is on its way.", link="https://shop.example/orders/1", collapse="order 1",
                actions=[Action("track", "Track it", "https://shop.example/track"), Action("later", "Later")],
            ),
            "https://shop.example/icon.png",
        )
    )  # fmt: skip
    (shown,) = worker.push(told)
    assert (shown["title"], shown["body"], shown["tag"], shown["icon"]) == ("Order shipped", "It is on its way.", told["tag"], "https://shop.example/icon.png")
    assert [(one["action"], one["title"]) for one in shown["actions"]] == [("track", "Track it"), ("later", "Later")]
    assert (shown["silent"], shown["renotify"]) == (False, True)
    (again,) = worker.push({**told, "body": "Now it is there."})
    assert (again["body"], again["renotify"]) == ("Now it is there.", False), "the same once more takes its place, and is not heard twice"
    assert worker.happens("notificationclick", told["tag"], "track") == {"opened": ["https://shop.example/track"], "focused": [], "left": 0}
    worker.push(told)
    assert worker.happens("notificationclick", told["tag"], "later") == {"opened": [], "focused": [], "left": 0}
    worker.push(told)
    assert worker.happens("notificationclick", told["tag"])["opened"] == ["https://shop.example/orders/1"]
    worker.push(told)
    worker.happens("notificationclose", told["tag"])
    assert [one["carillon"] for one in worker.page.evaluate("window.msgs")][-1] == "close"


def test_chromium_opens_nothing_but_our_pages_and_https(worker, served):
    here = f"{served.base}/preferences"
    for link, opened in (
        ("javascript:alert(1)", [f"{served.base}/"]), ("http://elsewhere.example/x", [f"{served.base}/"]), ("data:text/html,x", [f"{served.base}/"]), ("/history", [f"{served.base}/history"]),
        ("https://elsewhere.example/", ["https://elsewhere.example/"]),
    ):  # fmt: skip
        worker.push({"title": "T", "tag": "t", "link": link})
        assert (link, worker.happens("notificationclick", "t")["opened"]) == (link, opened)
    worker.push({"title": "T", "tag": "t", "link": "/preferences"})
    assert worker.happens("notificationclick", "t") == {"opened": [], "focused": [here], "left": 0}, "the tab that is open already"
    worker.push({"title": "T", "tag": "t"})
    assert worker.happens("notificationclick", "t")["focused"] == [here], "without a link, any tab of ours"


def test_chromium_shows_something_whatever_it_is_told(worker):
    for said in ("", "plain words", "[1]", "7", "null", '{"title":7,"actions":"x","tag":{},"icon":"http://evil.example/i.png","badge":"many"}', '{"renotify":true}'):
        (shown,) = worker.push(said)
        assert shown["title"] == "127.0.0.1"
        assert not shown["icon"]
        worker.page.evaluate("async () => (await (await navigator.serviceWorker.getRegistration('/')).getNotifications()).forEach((one) => one.close())")


def test_the_number_on_the_icon_is_what_it_is_told(worker):
    worker.worker.evaluate("self.badges = []; navigator.setAppBadge = async (n) => badges.push(n); navigator.clearAppBadge = async () => badges.push(0); null")
    for said in (3, 0, -1, "5", None, 2.5):
        worker.push({"title": "T", "tag": "t", "badge": said})
    assert worker.worker.evaluate("self.badges") == [3, 0]


def test_a_browser_that_blocks_is_told_how_to_allow_it(look, autopush):
    page = look(login="doris")
    page.goto("/preferences")
    page.locator(HERE).wait_for()
    page.locator("#push").scroll_into_view_if_needed()
    page.locator("[data-push=on]").wait_for()
    page.evaluate("Notification.requestPermission = async () => 'denied'")
    page.locator("[data-push=on]").click()
    expect(page.locator("#push")).to_contain_text("blockiert")
