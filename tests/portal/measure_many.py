"""Warm navigation with millions of deliveries behind it: `make bench` runs it on a PostgreSQL that `carillon.bench.many` filled.

The portal runs as `carillon serve portal` in a process of its own, as its variables say. In one tab of an administrator every page of
staff is opened several times, each time from a page that reads nothing, the lists with each of their filters; time runs from the moment
the address changes to the moment the page is no longer busy, which is when its rows are there. Prints JSON: page -> seconds of each time.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import func, select

from backend.app.app import open_app
from backend.app.first_start import kept_sign_ins
from backend.clock import SystemClock
from backend.settings import load
from backend.store import tables
from backend.store.port import Tx
from carillon import portal_build
from portal.access import SESSION_COOKIE
from tests.portal.e2e.conftest import FLAGS, HERE, chromium_path

ROUNDS = int(os.environ.get("ROUNDS", "7"))
QUIET = "/account"
STATES = ("pending", "held", "retrying", "sent", "delivered", "failed", "bounced", "expired", "dead")
DAY = 86_400

OPEN = """([to, here]) => new Promise((done, failed) => {
  const began = performance.now(), path = to.split("?")[0];
  let busy = false;
  const content = () => document.querySelector("#content");
  const look = () => {
    const at = content();
    if (!at || at.hasAttribute("aria-busy")) { busy = true; return; }
    if (!busy || location.pathname.replace(/\\/$/, "") !== path || !document.querySelector("h1")) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done((performance.now() - began) / 1000)));
  };
  const seen = new MutationObserver(look);
  seen.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  setTimeout(() => { seen.disconnect(); failed(new Error("a minute is over: " + to)); }, 60000);
  history.pushState({ idx: (history.state?.idx ?? 0) + 1, key: Math.random().toString(36).slice(2), usr: null }, "", to);
  dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
})"""


def addresses(tx: Tx, now: float) -> dict[str, str]:
    """What is opened: name -> address. The person has most of everything, the letter went to most."""
    d, e, p, c = tables.deliveries.c, tables.events.c, tables.people.c, tables.cohorts.c
    busiest = select(d.person, func.count().label("n")).where(d.space == 1).group_by(d.person).order_by(func.count().desc()).limit(1).subquery().c
    user = tx.conn.scalar(select(p.user_id).where(p.space == 1, p.person == busiest.person))
    plain = tx.conn.scalar(select(p.user_id).where(p.space == 1, p.user_id.like("%-7")).order_by(p.user_id).offset(400).limit(1))
    letter = tx.conn.scalar(select(e.id).where(e.space == 1, e.target != "").order_by(e.recipients.desc()).limit(1)).hex()
    event = tx.conn.scalar(select(e.id).where(e.space == 1, e.target == "").order_by(e.id.desc()).limit(1)).hex()
    delivery = tx.conn.scalar(select(d.id).where(d.space == 1).order_by(d.id.desc()).limit(1)).hex()
    categories = list(tx.conn.scalars(select(c.category).distinct().order_by(c.category)))
    group = tx.conn.scalar(select(tables.groups.c.key).order_by(tables.groups.c.key).limit(1))
    month_ago, week_ago = (_day(now - days * DAY) for days in (25, 7))
    found = {"overview": "/overview", "deliveries": "/deliveries"}
    found |= {f"deliveries, state {one}": f"/deliveries?state={one}" for one in STATES}
    found |= {f"deliveries, channel {one}": f"/deliveries?channel={one}" for one in ("web", "push", "email", "sms")}
    found |= {f"deliveries, category {one}": f"/deliveries?category={one}" for one in categories}
    found |= {
        "deliveries, template": "/deliveries?template=invoice_ready", "deliveries, template that was never sent": "/deliveries?template=order_none",
        "deliveries, reason": "/deliveries?reason=quiet_hours", "deliveries, rare reason": "/deliveries?reason=provider_refused",
        "deliveries, provider": "/deliveries?provider=capture-sms", "deliveries, provider there never was": "/deliveries?provider=nobody",
        "deliveries, person": f"/deliveries?user={user}", "deliveries, event": f"/deliveries?event={letter}",
        "deliveries, a week of a month ago": f"/deliveries?since={month_ago}&until={_day(now - 18 * DAY)}",
        "deliveries, four filters": f"/deliveries?state=failed&channel=email&category=orders&since={week_ago}",
        "events": "/events", "events, category": "/events?category=marketing", "events, priority": "/events?priority=critical",
        "events, type": "/events?type=payment.failed", "events, type there never was": "/events?type=nothing.such",
        "events, a week of a month ago": f"/events?since={month_ago}&until={_day(now - 18 * DAY)}",
        "event of one person": f"/events/{event}", "event of a letter to everybody": f"/events/{letter}", "delivery": f"/deliveries/{delivery}",
        "people": "/people", "people, beginning of an id": f"/people?text={plain[:4]}", "people, an address that nobody has": "/people?text=nobody@example.com",
        "people, zone": "/people?timezone=Asia/Tokyo", "people, group": f"/people?group={group}", "people, erased": "/people?erased=yes", "person": f"/people/{plain}", "person with most history": f"/people/{user}",
        "groups": "/groups", "group": f"/groups/{group}", "categories": "/categories", "templates": "/templates", "template": "/templates/order_shipped",
        "analytics, 7 days": "/analytics", "analytics, 30 days": "/analytics?range=30", "analytics, 30 days by template": "/analytics?range=30&by=template",
        "analytics, 30 days of a category": "/analytics?range=30&category=orders", "analytics, 30 days of a provider": "/analytics?range=30&provider=capture-sms",
        "analytics, 30 days of a channel": "/analytics?range=30&channel=email", "engine": "/engine", "providers": "/providers", "dead letters": "/dead",
        "captured messages": "/captured", "audit": "/audit", "members": "/members", "senders": "/senders", "schedules": "/schedules", "settings": "/settings",
        "send": "/send", "start": "/start", "inbox": "/inbox",
    }  # fmt: skip
    return found


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


async def known() -> tuple[str, dict[str, str]]:
    """(the token of an administrator's session, what to open)."""
    settings, clock = load(), SystemClock()
    async with open_app(settings, clock) as app:
        admin = next(one for one in kept_sign_ins(settings.home) if one.login == "admin")
        session = await app.accounts.sign_in(admin.login, admin.password)
        return session.token, await app.store.read(lambda tx: addresses(tx, clock.now()))


@contextmanager
def portal(base: str) -> Iterator[None]:
    """The portal, once it answers."""
    process = subprocess.Popen([sys.executable, "-m", "carillon.cli", "serve", "portal"], stdout=subprocess.PIPE, text=True, env=os.environ | {"CARILLON_BASE_URL": base, "CARILLON_PORT": base.rpartition(":")[2]})
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("the portal did not start")
        yield
    finally:
        process.terminate()
        process.wait(60)


def walked(page: Page, places: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Seconds of each opening."""
    taken: dict[str, list[float]] = {name: [] for name in places}
    for n in range(rounds + 1):
        for name, address in places.items():
            page.evaluate(OPEN, [QUIET, HERE])
            took = page.evaluate(OPEN, [address, HERE])
            if n:  # the first time fetches the page's own script
                taken[name].append(round(took, 3))
            if "TELL" in os.environ:
                sys.stderr.write(f"{n} {took:.3f} {name}\n")
    return taken


def main() -> int:
    portal_build.build(lambda text: None)
    token, places = asyncio.run(known())
    if "ONLY" in os.environ:
        places = {name: address for name, address in places.items() if os.environ["ONLY"] in name}
    base = f"http://127.0.0.1:{os.environ.get('CARILLON_PORT', '8562')}"
    with portal(base), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        context = browser.new_context(base_url=base, locale="en-GB", viewport={"width": 1440, "height": 900})
        context.set_default_timeout(90_000)
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": base}])
        page = context.new_page()
        page.goto("/categories")
        page.locator(HERE).wait_for()
        sys.stdout.write(json.dumps(walked(page, places, ROUNDS)) + "\n")
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
