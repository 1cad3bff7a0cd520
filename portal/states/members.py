"""State of the members' page: accounts with their roles, invitations, and programs with their scopes."""

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from backend.app.accounts import AccountView
from backend.app.clients import ClientView
from backend.app.invitations import InvitationView
from backend.domain.errors import Invalid, Unavailable
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.telling import Teller
from portal.theme import ago, day, moment
from portal.wiring import app

PATH = "/members"
TABS = ("people", "invitations", "programs")
ROLES = ("admin", "marketer", "analyst", "operator", "member")
# scope -> key of its words; in the order of how much they open
SCOPES = {
    "events:write": "events", "notifications:read": "notifications", "notifications:read:any": "notifications_any", "users:write": "users",
    "content:write": "content", "analytics:read": "analytics", "operate": "operate", "admin": "admin",
}  # fmt: skip
SHOWN = 50


@dataclass
class MemberRow:
    """Somebody who may sign in. `own`: the reader."""

    login: str
    name: str
    initials: str
    role: str
    role_word: str
    since: str
    exact: str
    disabled: str
    own: bool


@dataclass
class InviteRow:
    """An invitation; `look` is the hue of how it ended."""

    id: str
    name: str
    role_word: str
    ending: str
    ending_word: str
    until: str
    by: str


@dataclass
class ProgramRow:
    """A program with a secret of its own."""

    id: str
    name: str
    scopes: list[str] = field(default_factory=list)
    since: str = ""
    exact: str = ""


class Members(rx.State):
    """`target`: the login or id a dialog is about. A link or secret that was just made is shown until the dialog closes."""

    tab: str = "people"
    find: str = ""
    people: list[MemberRow] = []
    more: str = ""  # how many are not shown
    invitations: list[InviteRow] = []
    programs: list[ProgramRow] = []
    target: str = ""
    target_name: str = ""
    role: str = "member"  # chosen in a dialog
    link: str = ""
    secret: str = ""
    token_call: str = ""
    problems: dict[str, str] = {"name": "", "id": "", "scopes": "", "role": ""}
    done: int = 0  # grows when a dialog has done its work
    round: int = 0
    trouble: str = ""

    @guarded("accounts.write", page=True)
    async def load(self) -> None:
        """Tab and search come from the address."""
        query = self.router.url.query_parameters
        asked = str(query.get("tab", ""))
        self.tab, self.find = asked if asked in TABS else "people", str(query.get("find", "")).strip()[:100]
        self.link = self.secret = self.token_call = ""
        await _fill(self)

    @guarded("accounts.write")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("accounts.write")
    async def look_for(self, form: dict[str, Any]) -> None:
        """Accounts whose name or login has these letters."""
        self.find = str(form.get("find", "")).strip()[:100]
        await _fill(self)

    @guarded("accounts.write")
    async def about(self, target: str) -> None:
        """A dialog opens about this account or program, or about a new one."""
        self.target, self.round = str(target)[:100], self.round + 1
        self.problems, self.link, self.secret, self.token_call = dict.fromkeys(self.problems, ""), "", "", ""
        person = next((row for row in self.people if row.login == target), None)
        program = next((row for row in self.programs if row.id == target), None)
        self.target_name = person.name if person else program.name if program else ""
        self.role = person.role if person else "member"

    @guarded("accounts.write")
    async def pick_role(self, role: str) -> None:
        """One of the options of the dialog."""
        self.role = role if role in ROLES else self.role

    @guarded("accounts.write")
    async def set_role(self) -> None:
        """Give the account the chosen role."""
        row = next((row for row in self.people if row.login == self.target), None)
        if row is None or row.role == self.role:
            self.done += 1
            return
        try:
            await app().accounts.set_role(caller(), self.target, self.role)
        except Invalid as refusal:
            self.problems = {**self.problems, "role": in_words(refusal)}
            return
        voice = await teller(self)
        said = voice.say("members.role.done", name=row.name, role=voice.say(f"role.{self.role}"))
        tell(await self.get_state(Frame), "delivered", said, undo=(_role_back, row.login, row.role))
        self.done += 1
        await _fill(self)

    @guarded("accounts.write")
    async def switch(self, login: str) -> None:
        """Disable the account, or let it sign in again."""
        row = next((row for row in self.people if row.login == login), None)
        if row is None:
            return
        if row.disabled:
            await app().accounts.enable(caller(), login)
        else:
            await app().accounts.disable(caller(), login)
        voice = await teller(self)
        said = voice.say("members.enabled" if row.disabled else "members.disabled", name=row.name)
        tell(await self.get_state(Frame), "delivered", said)
        await _fill(self)

    @guarded("accounts.write")
    async def invite(self, form: dict[str, Any]) -> None:
        """Make a link for the chosen role."""
        try:
            made = await app().invitations.create(caller(), self.role, str(form.get("name", ""))[:500])
        except Invalid as refusal:
            self.problems = {**self.problems, "name": in_words(refusal)}
            return
        self.link = made.url or ""
        await _fill(self)

    @guarded("accounts.write")
    async def revoke(self, invitation: str) -> None:
        """The link works no more."""
        await app().invitations.revoke(caller(), str(invitation)[:64])
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("invites.revoked"))
        await _fill(self)

    @guarded("accounts.write")
    async def make_program(self, form: dict[str, Any]) -> None:
        """A program with an id that is free, or a new secret for the one the dialog is about."""
        scopes = [scope for scope in SCOPES if form.get(f"scope:{scope}")]
        known = next((row for row in self.programs if row.id == self.target), None)
        ident = known.id if known else str(form.get("id", "")).strip()[:100]
        voice = await teller(self)
        self.problems = dict.fromkeys(self.problems, "")
        if known is None and any(one.id == ident for one in (await app().clients.list(caller())).items):
            self.problems = {**self.problems, "id": voice.say("programs.taken")}
            return
        try:
            made = await app().clients.create(caller(), ident, scopes, known.name if known else str(form.get("name", ""))[:200])
        except Invalid as refusal:
            place = str(refusal.facts.get("field", "id"))
            self.problems = {**self.problems, place if place in self.problems else "id": in_words(refusal)}
            return
        self.secret = made.secret or ""
        self.token_call = _token_call(app().settings.base_url, made.id)
        self.target, self.target_name = made.id, made.name
        await _fill(self)

    @guarded("accounts.write")
    async def remove_program(self) -> None:
        """The one the dialog is about."""
        await app().clients.remove(caller(), self.target)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("programs.removed", name=self.target_name))
        await _fill(self)

    @guarded("accounts.write")
    async def forget(self) -> None:
        """What was shown once is gone from the page."""
        self.link = self.secret = self.token_call = ""
        self.done += 1


async def _role_back(frame: Frame, login: str, role: str) -> None:
    """Undo of a change of role."""
    await app().accounts.set_role(caller(), login, role)
    await _fill(await frame.get_state(Members))


def _token_call(base: str, ident: str) -> str:
    """How a program gets its token; the secret stays a placeholder."""
    return f'curl -u {ident}:"$CARILLON_SECRET" -d grant_type=client_credentials {base}/oauth/token'


async def _fill(page: Members) -> None:
    voice, actor = await teller(page), caller()
    page.trouble = ""
    try:
        people = (await app().accounts.list(actor)).items
        invited = (await app().invitations.list(actor, limit=SHOWN)).items
        programs = (await app().clients.list(actor)).items
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    wanted = page.find.casefold()
    fitting = [one for one in people if wanted in one.login or wanted in one.name.casefold()]
    page.people = [_member(one, voice, actor.subject) for one in fitting[:SHOWN]]
    page.more = voice.say("members.more", count=len(fitting) - SHOWN) if len(fitting) > SHOWN else ""
    page.invitations = [_invited(one, voice) for one in invited]
    page.programs = [_program(one, voice) for one in programs[:SHOWN]]


def _member(view: AccountView, voice: Teller, own: str) -> MemberRow:
    at = view.created_at.timestamp()
    initials = "".join(part[0] for part in view.name.split()[:2]).upper()
    disabled = voice.say("members.disabled.since", day=day(view.disabled_at.timestamp(), voice.zone, voice.language)) if view.disabled_at else ""
    return MemberRow(
        view.login, view.name, initials, view.role, voice.say(f"role.{view.role}"), ago(at, voice.now, voice.zone, voice.language),
        moment(at, voice.zone, voice.language), disabled, view.user == own,
    )  # fmt: skip


def _invited(view: InvitationView, voice: Teller) -> InviteRow:
    return InviteRow(
        view.id, view.name or view.login or "–", voice.say(f"role.{view.role}"), view.ending, voice.say(f"invites.{view.ending}"),
        day((view.ended_at or view.expires_at).timestamp(), voice.zone, voice.language), view.by,
    )  # fmt: skip


def _program(view: ClientView, voice: Teller) -> ProgramRow:
    at = view.created_at.timestamp()
    return ProgramRow(
        view.id, view.name, view.scopes, ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language)
    )

