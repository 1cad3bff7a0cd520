"""What the front costs: `make front` prints it. Figures of the machine it runs on, nothing is asserted.

Cold: a browser that was never here, from the address to rows on the screen, and every byte on the wire. Warm: from a click in the
sidebar to the next page with its rows, the first time in this tab and later, when a list shows what it still holds until what is new came. Answer: from a click on a filter's chip or a tab to a change on the screen. Memory: what the
server's process grows by for every tab that stays open.
"""

import contextlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from carillon import portal_build
from carillon.demo.plot import Size
from portal.access import SESSION_COOKIE
from tests.portal.e2e.conftest import FLAGS, HERE, chromium_path
from tests.portal.e2e.full_house import inhabit
from tests.portal.house_stand import PASSWORD, open_house
from tests.portal.serving import Served, serving

COLD, WALKS, ROUNDS, CLICKS, TABS = 5, 6, 3, 6, 10
STOPS = (("/captured", "Captured"), ("/people", "People"), ("/events", "Events"), ("/groups", "Groups"), ("/audit", "Audit"), ("/deliveries", "Deliveries"))
SIZE = Size(100, 3, 100)
ROWS = ".table tbody tr:not([aria-hidden] *)"


def signed_in(browser: Browser, served: Served, token: str) -> Page:
    context = browser.new_context(base_url=served.base, locale="en-GB", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": served.base}])
    return context.new_page()


def cold(browser: Browser, served: Served, token: str) -> tuple[float, float]:
    """(seconds until rows are there, kB on the wire) of a first visit."""
    page, sizes = signed_in(browser, served, token), []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.on("Network.webSocketFrameReceived", lambda event: sizes.append(len(event["response"]["payloadData"])))
    began = time.perf_counter()
    page.goto("/deliveries")
    page.locator(ROWS).first.wait_for()
    took = time.perf_counter() - began
    page.wait_for_load_state("networkidle")
    page.context.close()
    return took, sum(sizes) / 1000


def warm(page: Page, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from a click in the sidebar to the page with its rows, measured in the page itself: (where this tab
    was not yet, where it was)."""
    page.goto("/deliveries")
    page.locator(ROWS).first.wait_for()
    script = """([path, name, rows]) => new Promise((done) => {
      const began = performance.now(), seen = new MutationObserver(() => {
        if (location.pathname.replace(/\\/$/, "") !== path || !document.querySelector("h1")?.textContent.startsWith(name) || !document.querySelector(rows)) return;
        seen.disconnect();
        requestAnimationFrame(() => setTimeout(() => done((performance.now() - began) / 1000)));
      });
      seen.observe(document, { subtree: true, childList: true, characterData: true });
      document.querySelector(`.shell > .side a[href="${path}"]`).click();
    })"""
    first, later = [], []
    for n in range(rounds):
        for path, name in STOPS:
            taken = first if n == 0 and path != STOPS[-1][0] else later  # the last stop is where the tab was opened
            taken.append(page.evaluate(script, [path, name, ROWS]))
            page.locator(HERE).wait_for()
    return first, later


def answers(page: Page, rounds: int) -> list[float]:
    """Seconds from a click on the pager to other rows, measured in the page itself."""
    page.goto("/deliveries")
    page.locator(ROWS).first.wait_for()
    script = """(name) => new Promise((done) => {
      const rows = document.querySelector(".table tbody"), began = performance.now();
      const seen = new MutationObserver(() => { seen.disconnect(); done((performance.now() - began) / 1000); });
      seen.observe(rows, { subtree: true, childList: true, characterData: true });
      document.querySelector(`[aria-label="${name}"]`).click();
    })"""
    return [page.evaluate(script, "Next page" if n % 2 == 0 else "Previous page") for n in range(rounds)]


def resident() -> float:
    """MB of this process, the server's."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) / 1024
    return 0.0


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def pair(values: list[float]) -> list[int]:
    return [round(1000 * statistics.median(values)), round(1000 * p95(values))]


def main() -> int:
    portal_build.build(lambda text: None)
    with tempfile.TemporaryDirectory() as home, serving(lambda base: _open(Path(home), base), 900) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        token = served.run(served.house.app.accounts.sign_in("admin", PASSWORD)).token
        visits = [cold(browser, served, token) for _ in range(COLD)]
        first, later, clicks = [], [], []
        for _ in range(WALKS):
            page = signed_in(browser, served, token)
            new, known = warm(page, ROUNDS)
            first, later = first + new, later + known
            clicks += answers(page, CLICKS)
            page.context.close()
        before, tabs = resident(), []
        for _ in range(TABS):
            tab = signed_in(browser, served, token)
            tab.goto("/deliveries")
            tab.locator(HERE).wait_for()
            tabs.append(tab)
        grown = (resident() - before) / TABS
        for tab in tabs:
            with contextlib.suppress(Exception):
                tab.context.close()
        browser.close()
    figures = {
        "cold page, seconds (median)": round(statistics.median(s for s, _ in visits), 2),
        "cold page, kB on the wire": round(max(kb for _, kb in visits)),
        "warm navigation, first time in the tab, ms (p50, p95)": pair(first),
        "warm navigation, later, ms (p50, p95)": pair(later),
        "click to answer, ms (p50, p95)": pair(clicks),
        "memory per open tab, MB": round(grown, 2),
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


async def _open(home: Path, base: str):
    house, clock = await open_house(home, base)
    await inhabit(house, SIZE)
    return house, clock


if __name__ == "__main__":
    raise SystemExit(main())
