"""One's own account: who one is here, where one is signed in, and the password."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.app.accounts import session_id
from backend.domain.errors import Forbidden, Invalid, TooManyRequests, Unavailable
from portal.access import SIGNED_IN, session_of
from portal.components.controls import button, field, text_input
from portal.components.elements import div, p, span, tbody, td, tr
from portal.components.places import page_body, waiting_cards
from portal.components.status import tag
from portal.components.surfaces import card, kv
from portal.components.table import table
from portal.components.text import t
from portal.frame import Frame, on_page, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.shell import page_head, shell
from portal.theme import ago, local, moment
from portal.wiring import app

PATH = "/account"
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass
class SessionRow:
    """A browser that is signed in; `here`: the one that reads this."""

    id: str
    browser: str
    since: str
    exact: str
    ends: str
    here: bool


class Account(rx.State):
    """The reader's own; nobody else's can be named."""

    login: str = ""
    may_text: str = ""
    time_there: str = ""
    sessions: list[SessionRow] = []
    problems: dict[str, str] = {"old": "", "new": ""}
    round: int = 0
    trouble: str = ""

    @guarded(SIGNED_IN, page=True)
    async def load(self) -> None:
        self.problems = {"old": "", "new": ""}
        await _fill(self)

    @guarded(SIGNED_IN)
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded(SIGNED_IN)
    async def end(self, session: str) -> None:
        """Sign that browser out."""
        await app().accounts.end_session(caller(), str(session)[:64])
        await _fill(self)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("own.ended"))

    @guarded(SIGNED_IN)
    async def set_password(self, form: dict[str, Any]) -> None:
        """A new one for the old one; every browser has to sign in again, this one too."""
        self.problems, self.round = {"old": "", "new": ""}, self.round + 1
        old, new = str(form.get("old", ""))[:1000], str(form.get("new", ""))[:1000]
        try:
            await app().accounts.set_password(caller(), self.login, new, old)
        except (Forbidden, TooManyRequests) as refusal:
            self.problems = {"old": in_words(refusal), "new": ""}
            return
        except Invalid as refusal:
            self.problems = {"old": "", "new": in_words(refusal)}
            return
        (await self.get_state(Frame)).leave = "/sign-in?reason=renewed"


def browser_of(agent: str) -> str:
    """ "Firefox, Linux" of what a browser says of itself; "" when it says nothing known."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part)


async def _fill(page: Account) -> None:
    voice, actor = await teller(page), caller()
    page.trouble = ""
    try:
        views = (await app().accounts.sessions(actor)).items
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    mine = session_id(session_of(page.router_data))
    page.login = next((view.login for view in views if view.id == mine), actor.subject)
    page.may_text = voice.say(f"role.{actor.role}.may")
    page.time_there = f"{local(voice.now, actor.timezone):%H:%M}, {actor.timezone}"
    page.sessions = [
        SessionRow(
            view.id, browser_of(view.agent) or voice.say("own.browser"), ago(view.began_at.timestamp(), voice.now, voice.zone, voice.language),
            moment(view.began_at.timestamp(), voice.zone, voice.language), moment(view.ends_at.timestamp(), voice.zone, voice.language), view.id == mine,
        )
        for view in views
    ]  # fmt: skip


def _session(row: SessionRow) -> rx.Component:
    return tr(
        td(div(span(row.browser, cls="strong clip"), rx.cond(row.here, tag(t("own.here"), "accent")), cls="row"), cls="full"),
        td(span(row.since, title=row.exact), custom_attrs={"data-l": t("own.since")}),
        td(span(row.ends, cls="num muted"), custom_attrs={"data-l": t("own.until")}),
        td(rx.cond(row.here, rx.fragment(), button(t("own.end"), kind="sm danger", on_click=Account.end(row.id))), cls="r"),
    )


def _body() -> rx.Component:
    who = card(
        t("own.who"),
        kv(
            (t("members.name"), span(Frame.name, cls="strong")),
            (t("own.login"), span(Account.login)),
            (t("members.role"), div(p(Frame.role_word, cls="strong"), p(Account.may_text, cls="cap muted"))),
            (t("own.time"), span(Account.time_there, cls="num")),
        ),
    )
    heads = [(t("own.browser.head"), ""), (t("own.since"), ""), (t("own.until"), ""), (t("members.acts"), "r")]
    signed = card(
        t("own.sessions"), table(heads, tbody(rx.foreach(Account.sessions, _session)), name=t("own.sessions")), sub=t("own.sessions.sub"), flush=True
    )
    form = rx.el.form(
        field(
            t("own.old"), text_input("old", name="old", type="password", auto_complete="current-password", required=True), None, Account.problems["old"]
        ),
        field(
            t("own.new"), text_input("new", name="new", type="password", auto_complete="new-password", required=True), t("own.new.hint"),
            Account.problems["new"],
        ),
        p(t("own.password.text"), cls="cap muted"),
        div(button(t("own.password.act"), "key-round", type="submit"), cls="row"),
        on_submit=Account.set_password,
        key=Account.round.to_string(),
        class_name="col g3",
    )  # fmt: skip
    return div(div(who, card(t("own.password"), form), cls="col g4 c5"), div(signed, cls="col g4 c7"), cls="grid")


@rx.page(PATH, title=t("own.title") + " · Carillon", on_load=on_page(Account.load))
def account() -> rx.Component:
    return shell(
        PATH, [(t("own.title"), "")], page_head(t("own.title"), t("own.sub")), page_body(Account.trouble, Account.again, waiting_cards(), _body())
    )
