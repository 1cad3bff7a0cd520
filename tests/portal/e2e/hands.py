"""A person at the portal: finds things by what is written on them, and has every click and every field counted."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from playwright.sync_api import Locator, Page, expect

from tests.portal.e2e.conftest import HERE
from tests.portal.house_stand import PASSWORD

PATIENCE = 45_000  # milliseconds, on a machine that does much else


@dataclass
class Hands:
    """`clicks`: buttons, links, switches and rows. `fields`: typed into or chosen from. Nothing here knows ids or classes."""

    page: Page
    clicks: int = 0
    fields: int = 0
    steps: list[str] = field(default_factory=list)

    def sign_in(self, login: str) -> None:
        """Not counted: everybody is signed in when the day begins."""
        self.page.context.set_default_timeout(PATIENCE)
        self.page.goto("/sign-in")
        self.page.get_by_label("Email or user name").fill(login)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.get_by_role("main").get_by_role("heading", level=1).wait_for()

    def go(self, place: str) -> None:
        """A place of the sidebar, or of a person's own pages."""
        self.click("link", place, self.page.get_by_role("navigation"))
        self.page.locator(HERE).wait_for()  # the page has come: what is typed before would be gone

    def click(self, role: str, name: str, within: Locator | None = None, *, exact: bool = True) -> None:
        """The first one of that name."""
        where = within if within is not None else self.page
        where.get_by_role(role, name=name, exact=exact).first.click()  # type: ignore[arg-type]
        self._did(f"{role} “{name}”")

    def type(self, label: str, text: str, role: str = "textbox", within: Locator | None = None) -> None:
        """Into the field of this label."""
        where = within if within is not None else self.page
        where.get_by_role(role, name=label, exact=True).first.fill(text)  # type: ignore[arg-type]
        self._filled(f"{label}: {text}")

    def take(self, label: str, choice: str) -> None:
        """From the list of this label."""
        self.page.get_by_role("combobox", name=label, exact=True).first.select_option(label=choice)
        self._filled(f"{label}: {choice}")

    def write(self, label: str, text: str) -> None:
        """Into the editor of this label, over what it holds."""
        self.page.get_by_role("textbox", name=label, exact=True).first.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        self._filled(f"{label}: {text}")

    def press(self, key: str) -> None:
        """A key that does what a click would do."""
        self.page.keyboard.press(key)
        self._did(f"key {key}")

    def dialog(self) -> Locator:
        """What has opened above the page."""
        return self.page.get_by_role("dialog")

    def sees(self, text: str) -> None:
        """It stands in front of one."""
        expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible(timeout=PATIENCE)

    def _did(self, step: str) -> None:
        self.clicks += 1
        self.steps.append(step)

    def _filled(self, step: str) -> None:
        self.fields += 1
        self.steps.append(step)


def yesterday(now: float) -> str:
    """As a field for days takes it."""
    return datetime.fromtimestamp(now - 86_400, UTC).strftime("%Y-%m-%d")
