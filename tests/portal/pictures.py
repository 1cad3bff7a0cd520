"""README's pictures, from the demo: `make pictures` writes docs/pictures."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from backend.security.roles import SYSTEM
from carillon import portal_build
from carillon.demo.plot import Size
from portal.access import SESSION_COOKIE
from portal.routes import routes
from tests.portal.e2e.conftest import FLAGS, HERE, chromium_path
from tests.portal.e2e.full_house import inhabit
from tests.portal.house_stand import PASSWORD, open_house
from tests.portal.serving import Served, serving

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = Size(600, 30, 120)
WIDE, PHONE = (1440, 900), (390, 844)
# name -> (address, size, scheme); what is variable in an address is the first link of its list
PICTURES = {
    "overview": ("/overview", WIDE, "light"),
    "overview-dark": ("/overview", WIDE, "dark"),
    "deliveries": ("/deliveries", WIDE, "light"),
    "portal": ("/deliveries/*", WIDE, "light"),
    "analytics": ("/analytics", WIDE, "light"),
    "studio": ("/templates/*", WIDE, "light"),
    "captured": ("/captured/*", WIDE, "dark"),
    "people": ("/people/*", WIDE, "light"),
    "phone": ("/overview", PHONE, "light"),
    "phone-preferences": ("/preferences", PHONE, "dark"),
}


def take(page: Page, path: str, size: tuple[int, int], scheme: str, name: str) -> bool:
    """One picture; False when there is no such page here, or nothing on its list."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    base, _, variable = path.partition("/*")
    if base not in routes():
        return False
    show(page, base)
    if "*" in path:
        links = page.locator(f'#content a[href^="{base}/"]')
        if not links.count():
            return False
        show(page, links.first.get_attribute("href") + variable)
    page.wait_for_timeout(900)  # charts are drawn, the inbox has counted
    page.screenshot(path=FOLDER / f"{name}.png")
    return True


def show(page: Page, path: str) -> None:
    """Open it and wait until it is complete."""
    page.goto(path)
    page.locator(HERE).wait_for()
    for waiting in (".late", ".skel"):
        page.locator(f"#content {waiting}:visible").first.wait_for(state="detached")


def stage(served: Served) -> str:
    """Somebody to sign in as; the session's token."""

    async def sign_in() -> str:
        app = served.house.app
        await app.accounts.create(SYSTEM, "maya", PASSWORD, "admin", "Maya Okafor", timezone="Europe/Berlin")
        return (await app.accounts.sign_in("maya", PASSWORD)).token

    return served.run(sign_in())


def main() -> int:
    portal_build.build(print)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, serving(lambda base: _open(Path(home), base), 900) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        context = browser.new_context(base_url=served.base, locale="en-GB")
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": SESSION_COOKIE, "value": stage(served), "url": served.base}])
        page = context.new_page()
        for name, (path, size, scheme) in PICTURES.items():
            sys.stdout.write(f"{name}: {'taken' if take(page, path, size, scheme, name) else 'nothing to show'}\n")
        browser.close()
    return 0


async def _open(home: Path, base: str):
    house, clock = await open_house(home, base)
    await inhabit(house, SIZE)
    return house, clock


if __name__ == "__main__":
    raise SystemExit(main())
