"""The first account of an empty installation, made with the one-time link that `carillon up` prints."""

import reflex as rx

from portal.components.elements import input_el
from portal.components.text import t
from portal.frame import Frame, read_in
from portal.guard import open_to_all
from portal.pages.entry import entry, entry_field
from portal.words import preferred, say

ABOVE = ("used", "many", "away", "foreign")
FIELDS = ("login", "password")


class Claim(rx.State):
    """What the address bar tells the page."""

    token: str = ""
    login_problem: str = ""
    password_problem: str = ""
    news: str = ""

    @open_to_all
    async def load(self) -> None:
        """Open to everyone: it reads only the address and the browser's languages. The link is checked when the form is posted."""
        frame = await self.get_state(Frame)
        await read_in(self, preferred(self.router.headers.raw_headers.get("accept-language", "")))
        frame.leave = ""
        query = self.router.url.query_parameters
        reason = query.get("reason", "")
        self.token = query.get("token", "")[:100]
        self.login_problem = say(frame.language, "claim.login.bad") if reason == "login" else ""
        self.password_problem = say(frame.language, "claim.password.bad") if reason == "password" else ""
        self.news = say(frame.language, f"claim.{reason}") if reason in ABOVE else ""


@rx.page("/claim", title=t("claim.title") + " · Carillon", on_load=Claim.load)
def claim() -> rx.Component:
    return entry(
        t("claim.title"),
        t("claim.sub"),
        Claim.news,
        t("claim.act"),
        "/session/claim",
        input_el(type="hidden", name="token", value=Claim.token, read_only=True),
        entry_field("name", t("claim.name"), "", auto_complete="name", auto_focus=True),
        entry_field("login", t("claim.login"), Claim.login_problem, auto_complete="username", auto_capitalize="none", spell_check=False),
        entry_field("password", t("claim.password"), Claim.password_problem, type="password", auto_complete="new-password"),
    )
