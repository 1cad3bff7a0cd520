"""State of the send page: what is written, what a check says would happen, and what became of it."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

import asyncio
import json
import uuid
from typing import Any

import reflex as rx

from backend.app.views import DecisionView, EventView
from backend.domain.campaign_checks import ASKED
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.errors import Invalid, NotFound, Refusal, Unavailable
from backend.domain.event import EventIn, To
from portal import snippets
from portal.category_form import telling
from portal.frame import Frame, tab_is_open, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import CategoryRow, Choice, SumRow, UnitRow
from portal.telling import Teller
from portal.theme import clock, count, local
from portal.wiring import app

SUGGESTED = 8
SHOWN = 50  # units on the page
LOOK = 0.4  # seconds between looks at an event that is on its way
PATIENCE = 60.0  # seconds of looking; then the page says where to look
PROBLEMS = ("who", "group", "audience", "category", "template", "title", "message", "link", "data", "type", "channels", "all")
# what somebody types -> its longest; everything else is refused
WRITTEN = {
    "who": 128,
    "group": 128,
    "audience": 128,
    "category": 64,
    "template": 128,
    "title": 500,
    "text": 20_000,
    "link": 2_000,
    "data": 200_000,
    "type": 128,
    "priority": 16,
}


class Send(rx.State):
    """`stage`: write, checked, sent. A change after a check makes it stale."""

    stage: str = "write"
    stale: bool = False
    round: int = 0  # grows when the form begins anew
    to: str = "user"
    who: str = ""
    who_note: str = ""
    suggestions: list[Choice] = []
    groups: list[Choice] = []
    group: str = ""
    audiences: list[Choice] = []
    audience: str = ""
    must: str = ""  # digits to be typed before it is sent to so many, "" for few
    categories: list[CategoryRow] = []
    category: str = ""
    category_note: str = ""
    by: str = "words"
    templates: list[Choice] = []
    template: str = ""
    title: str = ""
    text: str = ""
    link: str = ""
    data: str = ""
    type: str = ""
    priority: str = "normal"
    channels: list[str] = []
    problems: dict[str, str] = dict.fromkeys(PROBLEMS, "")
    trouble: str = ""
    name: str = ""  # of whoever gets it
    verdict: str = ""
    rest: str = ""
    units: list[UnitRow] = []
    code: dict[str, str] = {"curl": "", "python": "", "javascript": ""}
    shown: dict[str, str] = {"curl": "", "python": "", "javascript": ""}  # the same, the token cut short
    token_until: str = ""  # when the token in the snippets ends, "" while there is none
    tongue: str = "curl"
    event: str = ""
    sums: list[SumRow] = []
    sum: str = ""
    balances: bool = True
    live: str = "going"  # going, done, slow
    _key: str = ""  # makes a second click on Send the same event
    _default: list[str] = []  # channels of the category
    _sent: str = ""  # the key of what was accepted last
    _people: int = 0  # of the audience, counted at the check

    @guarded("events.send", page=True)
    async def load(self) -> None:
        """The form begins anew; a recipient may be in the address."""
        _begin(self, str(self.router.url.query_parameters.get("user", ""))[:128])
        try:
            await _choices(self)
            await _recognise(self)
        except Unavailable as away:
            self.trouble = in_words(away)

    @guarded("events.send")
    async def again(self) -> None:
        """After it did not load."""
        self.trouble = ""
        await _choices(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("events.send")
    async def suggest(self, typed: str) -> None:
        """People whose id begins so, or whose address or number it is."""
        typed = str(typed).strip()[:128]
        found = (await app().people.search(caller(), typed)).items[:SUGGESTED] if typed else []
        self.suggestions = [Choice(person.id, person.name or person.id) for person in found]

    @guarded("events.send")
    async def write(self, name: str, value: str) -> None:
        """One field of the form."""
        if name not in WRITTEN:
            raise Invalid(field=str(name)[:32])
        value = str(value)[: WRITTEN[name]]
        if name != "text":
            value = value.strip()
        if getattr(self, name) == value:
            return
        setattr(self, name, value)
        self.problems = {**self.problems, name if name in PROBLEMS else "message": "", "all": ""}
        self.stale = self.stage == "checked"
        if name == "who":
            await _recognise(self)
        if name == "category":
            chosen = next((c for c in self.categories if c.key == value), None)
            self.category_note = chosen.note if chosen else ""
            self._default = list(chosen.channels) if chosen else []
            self.channels = list(self._default)

    @guarded("events.send")
    async def choose(self, what: str, value: str) -> None:
        """One of the ways: `to` user, group or audience, `by` words or template."""
        if (what, value) in {("to", "user"), ("to", "group"), ("to", "audience"), ("by", "words"), ("by", "template")}:
            setattr(self, what, value)
            self.stale = self.stage == "checked"
            self.problems = dict.fromkeys(PROBLEMS, "")

    @guarded("events.send")
    async def channel(self, name: str, on: bool) -> None:
        """One channel on or off; none on is as the category says."""
        if name in CHANNELS:
            wanted = {*self.channels, name} if on else {*self.channels} - {name}
            self.channels = [one for one in CHANNELS if one in wanted]
            self.stale = self.stage == "checked"

    @guarded("events.send")
    async def speak(self, tongue: str) -> None:
        """The language of the snippet."""
        self.tongue = tongue if tongue in self.code else "curl"

    @guarded("events.send")
    async def with_token(self) -> None:
        """Put a token of one's own into the snippets. It goes to this tab, into no log and no store."""
        if not self.code["curl"]:
            return
        token, ends = await app().accounts.sending_token(caller())
        voice = await teller(self)
        _write_code(self, token)
        self.token_until = clock(ends.timestamp(), voice.zone)[:5]

    @guarded("events.send")
    async def without_token(self) -> None:
        """The variable again."""
        _write_code(self, "")

    @guarded("events.send")
    async def check(self) -> None:
        """What would happen, decided by the line's own rules, without sending."""
        voice, actor = await teller(self), caller()
        self.problems = _missing(self, voice)
        if any(self.problems.values()):
            return
        self._key = f"portal-{uuid.uuid4().hex}"
        item = _item(self)
        try:
            decisions = await app().events.dry_run(actor, item)
            self.name = await _name(self)
            await _count(self)
        except Unavailable:
            raise
        except Refusal as refusal:
            self.problems = {**self.problems, _place(refusal): in_words(refusal)}
            return
        _outlook(self, voice, decisions)
        if self.to == "audience":
            self.rest = f"{self.rest} {voice.say('send.audience.now', count=count(self._people, voice.language))}"
        _write_code(self, "")
        self.stage, self.stale = "checked", False

    @guarded("events.send")
    async def send(self) -> Any:
        """Accept it. What happens next is looked at by `follow`."""
        if self.stage != "checked" or self.stale:
            return None
        if self.to == "audience" and self._key != self._sent and await _other_number(self):
            return None
        (answer,) = await app().events.accept(caller(), [_item(self)], source="portal")
        if isinstance(answer, Refusal):
            self.problems = {**self.problems, _place(answer): in_words(answer)}
            return None
        self._sent = self._key
        self.event, self.stage, self.live = answer.id.hex(), "sent", "going"
        self.units, self.sums, self.sum, self.balances = [], [], "", True
        voice = await teller(self)
        tell(await self.get_state(Frame), "delivered", voice.say("send.sent"), voice.say("send.sent.text"))
        return Send.follow

    @guarded("events.send", background=True)
    async def follow(self) -> None:
        """Look at the event until everything is accounted for, the tab goes on, or patience ends."""
        actor, event = caller(), self.event
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < PATIENCE and tab_is_open(self):
            try:
                view = await app().events.get(actor, event)
            except (NotFound, Unavailable):  # a moment ago it was accepted; the row comes
                view = None
            async with self:
                if self.event != event or self.stage != "sent":
                    return
                if view is not None and _happened(self, await teller(self), view):
                    return
            await asyncio.sleep(LOOK)
        async with self:
            self.live = "slow"

    @guarded("events.send")
    async def anew(self) -> None:
        """Write another one."""
        _begin(self)
        await _choices(self)


def _write_code(page: Send, token: str) -> None:
    body = snippets.body_of(_item(page))
    body.pop("id", None)
    base = app().settings.base_url
    page.code = snippets.all_of(base, body, token)
    page.shown = snippets.all_of(base, body, f"{token[:10]}…" if token else "")
    page.token_until = ""


def _begin(page: Send, who: str = "") -> None:
    """Empty the form. One that is empty keeps its fields as they stand: somebody may be typing before the page has loaded."""
    kept, before = (page.round, page.tongue), [getattr(page, name) for name in WRITTEN]
    page.reset()
    page.round, page.tongue, page.who = kept[0], kept[1], who
    if before != [getattr(page, name) for name in WRITTEN]:
        page.round += 1


async def _choices(page: Send) -> None:
    voice, actor = await teller(page), caller()
    page.categories = [
        CategoryRow(c.key, c.name, c.kind, voice.say(f"kind.{c.kind}"), list(c.channels))
        for c in telling((await app().categories.list(actor)).items)
    ][:50]
    page.groups = [
        Choice(g.key, voice.say("send.group.size", name=g.name, count=count(g.members, voice.language) if g.members != 1 else 1))
        for g in (await app().groups.list(actor)).items
    ][:50]
    page.audiences = [Choice(one.key, one.name or one.key) for one in (await app().audiences.list(actor, limit=200)).items]
    published = (await app().templates.list(actor, limit=50)).items
    page.templates = [Choice(one.key, f"{one.name} ({one.key})") for one in published if one.published]


async def _recognise(page: Send) -> None:
    """Say who it is and what time it is there."""
    page.who_note = ""
    if not page.who:
        return
    voice = await teller(page)
    try:
        person = await app().people.get(caller(), page.who)
    except (NotFound, Invalid):
        page.problems = {**page.problems, "who": voice.say("send.who.unknown")}
        return
    there = f"{local(voice.now, person.timezone):%H:%M}"
    page.who_note = voice.say("send.who.known", name=person.name or person.id, zone=person.timezone, time=there)


async def _count(page: Send) -> None:
    """How many the audience names, exactly; a great number, or everybody, is typed before it goes."""
    page._people, page.must = 0, ""
    if page.to == "audience":
        found = await app().audiences.count_of(caller(), page.audience)
        page._people = found.count
        page.must = str(found.count) if found.count >= ASKED or 1 < found.count == found.everybody else ""


async def _other_number(page: Send) -> bool:
    """Whether the audience names another number of people than the one that was agreed to; then it is checked again first."""
    before, voice = page._people, await teller(page)
    await _count(page)
    if page._people == before:
        return False
    said = voice.say("send.audience.other", before=count(before, voice.language), now=count(page._people, voice.language))
    page.stale, page.problems = True, {**page.problems, "all": said}
    return True


async def _name(page: Send) -> str:
    """What whoever gets it is called."""
    if page.to == "group":
        return (await app().groups.get(caller(), page.group)).name
    if page.to == "audience":
        return (await app().audiences.get(caller(), page.audience)).name
    person = await app().people.get(caller(), page.who)
    return person.name or person.id


def _missing(page: Send, voice: Teller) -> dict[str, str]:
    """What has to be filled in before anything can be checked."""
    problems = dict.fromkeys(PROBLEMS, "")
    if page.to == "user" and not page.who:
        problems["who"] = voice.say("send.needs.who")
    if page.to == "group" and not page.group:
        problems["group"] = voice.say("send.needs.who")
    if page.to == "audience" and not page.audience:
        problems["audience"] = voice.say("send.needs.who")
    if not page.category:
        problems["category"] = voice.say("send.needs.category")
    if page.by == "words" and not page.title:
        problems["title"] = voice.say("send.needs.title")
    if page.by == "template" and not page.template:
        problems["template"] = voice.say("send.needs.template")
    if _data(page) is None:
        problems["data"] = voice.say("send.data.bad")
    return problems


def _data(page: Send) -> dict[str, Any] | None:
    try:
        data = json.loads(page.data or "{}")
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    return {**data, "link": page.link} if page.link else data


def _item(page: Send) -> EventIn:
    words = page.by == "words"
    return EventIn(
        type=page.type or f"{page.category}.notice", category=page.category, to=To(**{page.to: {"user": page.who, "group": page.group, "audience": page.audience}[page.to]}),
        id=page._key, priority=page.priority if page.priority in PRIORITIES else None, template=None if words else page.template,
        title=page.title if words else None, message=(page.text or None) if words else None, data=_data(page) or {},
        channels=list(page.channels) if page.channels and page.channels != page._default else None,
    )  # fmt: skip


def _place(refusal: Refusal) -> str:
    """The field a refusal is about."""
    named = {"UnknownUser": "who", "UnknownGroup": "group", "UnknownAudience": "audience", "UnknownCategory": "category", "TemplateMissing": "template", "DataMissing": "data",
             "LinkUnsafe": "link", "UnknownChannel": "channels"}  # fmt: skip
    place = named.get(type(refusal).__name__) or str(refusal.facts.get("field", ""))
    return place if place in PROBLEMS else "all"


def _outlook(page: Send, voice: Teller, decisions: list[DecisionView]) -> None:
    if not decisions:
        page.verdict, page.rest, page.units = voice.say("outlook.nobody"), voice.say("send.audience.nobody" if page.to == "audience" else "outlook.nobody.text"), []
        return
    page.verdict, page.rest = voice.outlook(page.name, decisions)
    page.units = _units(voice, decisions)


def _units(voice: Teller, decisions: list[DecisionView]) -> list[UnitRow]:
    rows = [voice.unit(unit, decision.user, f"{decision.user} {n}") for decision in decisions for n, unit in enumerate(decision.units)]
    return rows[:SHOWN]


def _happened(page: Send, voice: Teller, view: EventView) -> bool:
    """Show what became of it so far. True when nothing is on its way any more."""
    page.sums, page.sum, page.balances = voice.sums(view.ledger)
    page.units = _units(voice, view.decisions)
    if view.ledger.pending:
        return False
    page.live = "done"
    return True
