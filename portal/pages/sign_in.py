"""Sign-in: a form that posts natively."""

import reflex as rx

from portal.components.elements import input_el
from portal.components.text import t
from portal.frame import Frame, read_in
from portal.guard import open_to_all
from portal.pages.entry import entry, entry_field
from portal.sign_in import safe_next
from portal.words import preferred, say

AT_THE_FIELD = ("wrong", "many")
ABOVE = ("away", "foreign", "ended", "out", "renewed", "erased")


class SignIn(rx.State):
    """What the address bar tells the sign-in page."""

    onward: str = ""
    problem: str = ""  # about what was typed: shown at the password
    news: str = ""  # anything else: shown above the form

    @open_to_all
    async def load(self) -> None:
        """Open to everyone: it reads only the address and the browser's languages, and shows nothing of anybody."""
        frame = await self.get_state(Frame)
        await read_in(self, preferred(self.router.headers.raw_headers.get("accept-language", "")))
        frame.leave = ""
        query = self.router.url.query_parameters
        reason = query.get("reason", "")
        self.problem = say(frame.language, f"signin.{reason}") if reason in AT_THE_FIELD else ""
        self.news = say(frame.language, f"signin.{reason}") if reason in ABOVE else ""
        self.onward = safe_next(query.get("next", ""))


@rx.page("/sign-in", title=t("signin.title") + " · Carillon", on_load=SignIn.load)
def sign_in() -> rx.Component:
    return entry(
        t("signin.title"),
        t("signin.sub"),
        SignIn.news,
        t("signin.act"),
        "/session",
        input_el(type="hidden", name="next", value=SignIn.onward, read_only=True),
        entry_field("login", t("signin.login"), "", auto_complete="username", auto_focus=True, auto_capitalize="none", spell_check=False),
        entry_field("password", t("signin.password"), SignIn.problem, type="password", auto_complete="current-password"),
    )
