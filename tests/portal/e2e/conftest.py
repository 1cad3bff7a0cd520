"""Real Chromium, one per module; and axe-core from its npm package, fetched once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from carillon import portal_build
from tests.portal.house_stand import PASSWORD

HERE = "#content:not([aria-busy])"
AXE = portal_build.WEB / "axe" / "node_modules" / "axe-core" / "axe.min.js"
AXE_VERSION = "4.14.1"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


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


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        command = [
            "npm",
            "install",
            "--prefix",
            str(portal_build.WEB / "axe"),
            "--no-save",
            "--ignore-scripts",
            "--silent",
            f"axe-core@{AXE_VERSION}",
        ]
        subprocess.run(command, env=portal_build._environment(), check=True)
    return Path(AXE).read_text()


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
        context.set_default_timeout(10_000)
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
