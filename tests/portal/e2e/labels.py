"""A marketer at the portal who knows nothing but what is written on it: labels, roles with their names, and text. No ids, no classes, one address."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.portal.house_stand import PASSWORD

PATIENCE = 45_000  # milliseconds, on a machine that does much else
Words = str | re.Pattern[str]


@dataclass
class Labels:
    """`page` is for what a browser does itself: back, reload, a download."""

    page: Page

    def sign_in(self, login: str) -> None:
        """The only address anybody types."""
        self.page.context.set_default_timeout(PATIENCE)
        self.page.goto("/sign-in")
        self._enter(login)

    def sign_in_again(self, login: str) -> None:
        """After hours away: whoever reloads the page is asked who they are."""
        self.page.reload()
        self.here("Sign in")
        self._enter(login)

    def _enter(self, login: str) -> None:
        self.page.get_by_label("Email or user name").fill(login)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")
        self.here()

    def here(self, heading: Words | None = None) -> None:
        """A page with this heading has come whole: what is typed before would be lost."""
        found = self.page.get_by_role("main").get_by_role("heading", level=1, name=heading)
        expect(found).to_be_visible(timeout=PATIENCE)
        expect(self.page.get_by_role("main")).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE)

    def go(self, place: str, heading: Words | None = None) -> None:
        """A place of the sidebar."""
        self.page.get_by_role("navigation").get_by_role("link", name=place, exact=True).first.click()
        self.here(heading or place)

    def press(self, name: Words, role: str = "button", within: Locator | None = None) -> None:
        """A button, or what else has this name."""
        where = within if within is not None else self.page
        exact = {"exact": True} if isinstance(name, str) else {}
        where.get_by_role(role, name=name, **exact).first.click()  # type: ignore[arg-type]

    def follow(self, name: Words, heading: Words | None = None, within: Locator | None = None) -> None:
        """A link, to the page it leads to."""
        self.press(name, "link", within)
        self.here(heading)

    def type(self, label: str, text: str, within: Locator | None = None) -> None:
        """Into the field of this label, and on to the next one."""
        box = (within if within is not None else self.page).get_by_label(label, exact=True).first
        box.fill(text)
        box.press("Tab")

    def take(self, label: str, choice: str, within: Locator | None = None) -> None:
        """From the list of this label."""
        (within if within is not None else self.page).get_by_label(label, exact=True).first.select_option(label=choice)

    def turn(self, role: str, name: Words, *, on: bool = True) -> None:
        """A radio, a box or a switch; it is turned once the portal has said so."""
        box = self.page.get_by_role(role, name=name).first  # type: ignore[arg-type]
        box.click()
        expect(box).to_be_checked(checked=on, timeout=PATIENCE)

    def write(self, label: str, text: str) -> None:
        """Into the editor of this label, over what it holds."""
        self.page.get_by_role("textbox", name=label, exact=True).first.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def send_file(self, label: str, file: Path | FilePayload) -> None:
        """Choose a file."""
        self.page.get_by_label(label).set_input_files(file)

    def dialog(self) -> Locator:
        """What has opened above the page."""
        return self.page.get_by_role("dialog")

    def sees(self, text: Words, within: Locator | None = None) -> None:
        """It stands in front of one."""
        found = (within if within is not None else self.page).get_by_text(text).filter(visible=True)
        expect(found.first).to_be_visible(timeout=PATIENCE)

    def part(self, name: Words) -> Locator:
        """A region of the page, by its name."""
        return self.page.get_by_role("region", name=name)
