"""The page behind an invitation: whoever holds the link says how they sign in, and is in."""

import reflex as rx

from backend.domain.errors import Refusal, Unavailable
from portal.components.elements import input_el
from portal.components.text import t
from portal.frame import Frame, read_in
from portal.guard import open_to_all
from portal.pages.entry import entry, entry_field
from portal.theme import day
from portal.wiring import app
from portal.words import known, preferred, say

ABOVE = ("away", "foreign")
AT_THE_LOGIN = ("login", "taken")


class Invite(rx.State):
    """What the link tells the page."""

    token: str = ""
    name: str = ""
    sub: str = ""
    login_problem: str = ""
    password_problem: str = ""
    name_problem: str = ""
    news: str = ""
    over: bool = False  # nobody gets in with this link

    @open_to_all
    async def load(self) -> None:
        """Open to everyone: it shows the name and the role that stand in the invitation to whoever holds its link, and nothing else."""
        frame = await self.get_state(Frame)
        language = preferred(self.router.headers.raw_headers.get("accept-language", ""))
        await read_in(self, language)
        frame.leave = ""
        query = self.router.url.query_parameters
        reason = query.get("reason", "")
        self.token, self.name, self.over = query.get("token", "")[:100], "", False
        self.sub = say(language, "invite.sub")
        self.login_problem = say(language, f"invite.{reason}") if reason in AT_THE_LOGIN else ""
        self.password_problem = say(language, "claim.password.bad") if reason == "password" else ""
        self.name_problem = say(language, "invite.name.bad") if reason == "name" else ""
        self.news = say(language, f"invite.{reason}") if reason in ABOVE else ""
        try:
            invited = await app().invitations.describe(self.token)
        except Unavailable:
            self.news = say(language, "invite.away")
            return
        except Refusal as refusal:
            ending = f"invite.over.{refusal.facts.get('ending')}"
            self.over, self.sub = True, ""
            self.news = say(language, ending if known(ending) else "invite.over.unknown")
            return
        self.name = invited.name
        until = day(invited.expires_at.timestamp(), "UTC", language)
        self.sub = say(language, "invite.sub.role", role=say(language, f"role.{invited.role}"), until=until)


@rx.page("/invite", title=t("invite.title") + " · Carillon", on_load=Invite.load)
def invite() -> rx.Component:
    return entry(
        t("invite.title"),
        Invite.sub,
        Invite.news,
        t("claim.act"),
        "/session/accept",
        input_el(type="hidden", name="token", value=Invite.token, read_only=True),
        entry_field("name", t("claim.name"), Invite.name_problem, default_value=Invite.name, key=Invite.name, auto_complete="name"),
        entry_field("login", t("claim.login"), Invite.login_problem, auto_complete="username", auto_capitalize="none", spell_check=False),
        entry_field("password", t("claim.password"), Invite.password_problem, type="password", auto_complete="new-password"),
        over=Invite.over,
    )
