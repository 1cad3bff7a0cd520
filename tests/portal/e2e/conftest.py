"""Real Chromium, one per module; and axe-core from its npm package."""

import json
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.portal.house_stand import PASSWORD, open_house
from tests.portal.serving import serving

HERE = "#content:not([aria-busy])"
AXE = Path(__file__).parents[2] / "oracles" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "iframes": False, "resultTypes": ["violations"]}
COLOURS = {**RULES, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
expect.set_options(timeout=30_000)  # ms; what is right is seen at once, what is slow is still right


def chromium_path() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.fail("Chromium was not found. Install the package chromium, or name a browser with CHROMIUM=/path/to/it.")
    return found


@pytest.fixture(scope="module")  # its loop counts as running in this thread as long as it is open: no asyncio test meanwhile
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(built, tmp_path_factory):
    """A house for each file of stories: what one sends, another does not find in its inbox."""
    with serving(lambda base: open_house(tmp_path_factory.mktemp("home"), base)) as found:
        yield found


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        pytest.fail("axe-core is missing. Run npm ci in tests/oracles.")
    return AXE.read_text()


@pytest.fixture
def look(chromium, served):
    """Open a browser of one's own: `look(width, scheme, locale)` -> page. Console errors and foreign hosts fail the test."""
    opened, trouble = [], []

    def heard(message):
        if message.type == "error":
            trouble.append(message.text)

    def asked(request):
        if not request.url.startswith((served.base, "data:")):
            trouble.append(f"asked {request.url}")

    def open_one(width=1440, scheme="light", locale="en-GB", login=None):
        context = chromium.new_context(
            base_url=served.base, viewport={"width": width, "height": 900 if width > 500 else 844}, color_scheme=scheme, locale=locale
        )
        context.set_default_timeout(30_000)
        opened.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", asked)
        if login:
            sign_in(page, login)
        return page

    yield open_one
    for context in opened:
        context.close()
    assert trouble == []


def sign_in(page, login, password=PASSWORD):
    page.goto("/sign-in")
    page.fill("#login", login)
    page.fill("#password", password)
    page.click(".inner button.pri")


def wide(page):
    """Whether the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def faults(page, axe):
    """What axe finds, and whether the page is too wide, in both modes at both sizes; empty when all is well."""
    found = {}
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.locator(f"html.{scheme}").wait_for()
            said = judged(page, axe, COLOURS if scheme == "dark" else RULES) + (["too wide"] if wide(page) else [])
            if said:
                found[f"{width} {scheme}"] = said
    return found


def judged(page, axe, rules=RULES):
    """What axe finds in the page as it is; the dark mode of one that was just judged needs but `COLOURS`: no other rule can find the same tree otherwise.

    Evaluated by the debugger, so the page's own Content-Security-Policy stays on. Colours are judged once nothing moves or fades any more.
    """
    moves = "document.getAnimations().filter(a => a.playState === 'running' && a.effect?.getComputedTiming().endTime < Infinity)"
    still = f"await Promise.race([Promise.all({moves}.map(a => a.finished.catch(() => 0))), new Promise(done => setTimeout(done, 2000))])"
    bring = "" if page.evaluate("'axe' in window") else axe
    return page.evaluate(
        f"(async () => {{ {bring}; await new Promise(requestAnimationFrame); {still}; const r = await axe.run(document, {json.dumps(rules)}); return r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.target).join(', ')); }})()"
    )
