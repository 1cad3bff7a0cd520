"""State of "my data": what is kept of the caller, their recorded answers, the way to take a copy and the way out."""

from dataclasses import dataclass
from urllib.parse import quote

import reflex as rx

from backend.app.wishes import AnswerView
from backend.domain.errors import Invalid, Unavailable
from backend.domain.plain import in_line
from portal.frame import Frame
from portal.guard import caller, guarded
from portal.reading import teller
from portal.telling import Teller
from portal.theme import count, moment
from portal.wiring import app

ANSWERS = 50  # newest recorded answers shown; the copy holds all
SOURCES = ("portal", "link", "one_click", "api", "graphql")


@dataclass
class Answer:
    """One recorded answer."""

    category: str
    yes: bool
    at: str
    way: str
    words: str


class OwnData(rx.State):
    """What is kept of the caller."""

    user: str = ""
    name: str = ""
    zone: str = ""
    tongue: str = ""
    groups: str = ""
    addresses: str = ""
    copy: str = ""  # address of the whole copy
    answers: list[Answer] = []
    typed: str = ""
    problem: str = ""
    trouble: str = ""

    @guarded("inbox.own", page=True)
    async def load(self) -> None:
        """What is kept of the caller."""
        self.typed = self.problem = ""
        await _fill(self)

    @guarded("inbox.own")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("inbox.own")
    async def ask(self) -> None:
        """The dialog opens, empty."""
        self.typed = self.problem = ""

    @guarded("inbox.own")
    async def type(self, text: str) -> None:
        self.typed, self.problem = str(text).strip()[:128], ""

    @guarded("inbox.own")
    async def erase(self) -> None:
        """For good; the session ends with it."""
        try:
            await app().people.erase_own(caller(), self.typed)
        except Invalid as refusal:
            mistyped = self.typed != caller().subject
            self.problem = (await teller(self)).say("data.erase.wrong", user=caller().subject) if mistyped else refusal.detail
            return
        frame = await self.get_state(Frame)
        self.reset()
        frame.leave = "/sign-in?reason=erased"


async def _fill(page: OwnData) -> None:
    actor, voice = caller(), await teller(page)
    page.trouble = ""
    try:
        person = await app().people.get(actor, actor.subject)
        places = (await app().people.addresses(actor, actor.subject)).items
        answers = await app().preferences.answers(actor, actor.subject)
        names = await app().categories.names(actor)
    except Unavailable as away:
        page.trouble = away.detail
        return
    page.user, page.name, page.zone = person.id, person.name or "–", person.timezone
    page.tongue = voice.say(f"data.language.{voice.language}")
    page.groups = ", ".join(in_line(group, 60) for group in person.groups[:20]) or voice.say("data.groups.none")
    page.addresses = count(len(places), voice.language)
    page.copy = f"/v1/users/{quote(person.id, safe='')}/export"
    page.answers = [_answer(row, names, voice) for row in answers[:ANSWERS]]


def _answer(row: AnswerView, names: dict[str, str], voice: Teller) -> Answer:
    source = row.source.removesuffix(", on behalf")
    way = "staff" if source != row.source else source if source in SOURCES else "other"
    said = row.evidence if not row.evidence.startswith(("delivery ", "signed link")) else ""
    return Answer(
        names.get(row.category, row.category), row.given, moment(row.at, voice.zone, voice.language), voice.say(f"data.way.{way}"), in_line(said, 300)
    )
