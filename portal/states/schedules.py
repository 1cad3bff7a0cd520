"""State of the schedules' page: the list, the one in hand, its next times while it is typed, and what became of those before."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from dataclasses import dataclass
from typing import Any

import msgspec
import reflex as rx

from backend.app.schedule_views import FiringView, ScheduleIn, ScheduleView
from backend.domain.durations import span_of
from backend.domain.errors import Invalid, NotFound, Refusal, Stale, Unavailable
from backend.domain.event import To
from portal.category_form import telling
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.telling import Teller
from portal.theme import count, moment
from portal.wiring import app

PATH = "/schedules"
NEW = "+"  # no key is this
OWN = "person"  # in place of a zone
FIELDS = ("key", "name", "cron", "zone", "category", "template", "title", "message", "to", "all")
ROWS = 25
RUNS = 15
NAMES_ASKED = 50


@dataclass
class ScheduleLine:
    """A schedule of the list. `look`: a hue."""

    key: str
    name: str
    when: str
    next: str
    exact: str
    look: str


@dataclass
class RunLine:
    """One time of a schedule."""

    id: str
    planned: str
    look: str
    said: str
    detail: str
    event: str


@dataclass
class TimeLine:
    """One time ahead."""

    text: str
    until: str


class Schedules(rx.State):
    """`chosen`: the key in hand, NEW for a new one, "" for none."""

    lines: list[ScheduleLine] = []
    first: bool = True
    last: bool = True
    chosen: str = ""
    round: int = 0  # grows when the form begins anew
    form: dict[str, str] = {}
    own: bool = False
    to_group: bool = True
    paused: bool = False
    times: list[TimeLine] = []
    wrong: str = ""  # with the cron line or the zone
    problems: dict[str, str] = dict.fromkeys(FIELDS, "")
    runs: list[RunLine] = []
    categories: list[Choice] = []
    templates: list[Choice] = []
    groups: list[Choice] = []
    trouble: str = ""
    _revision: int = 0
    _before: ScheduleView | None = None
    _cursors: list[str] = []
    _next: str = ""
    _cron: str = ""
    _zone: str = ""

    @guarded("events.read", page=True)
    async def load(self) -> None:
        """The list; one may be named in the address."""
        self.reset()
        await _fill(self)
        asked = str(self.router.url.query_parameters.get("schedule", ""))[:128]
        await _open(self, asked or (self.lines[0].key if self.lines else ""))

    @guarded("events.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("events.read")
    async def older(self) -> None:
        if self._next:
            self._cursors.append(self._next)
            await _fill(self)

    @guarded("events.read")
    async def newer(self) -> None:
        if self._cursors:
            self._cursors.pop()
            await _fill(self)

    @guarded("events.read")
    async def choose(self, key: str) -> None:
        """Take one in hand."""
        await _open(self, str(key)[:128])

    @guarded("events.send")
    async def anew(self) -> None:
        """An empty form."""
        await _open(self, NEW)

    @guarded("events.send")
    async def try_cron(self, text: str) -> None:
        """The next times of what is typed."""
        self._cron = str(text)[:1_000]
        await _look_ahead(self)

    @guarded("events.send")
    async def try_zone(self, text: str) -> None:
        self._zone = str(text).strip()[:200]
        await _look_ahead(self)

    @guarded("events.send")
    async def pick_own(self, on: bool) -> None:
        """On each person's own clock, or on that of one zone."""
        self.own = bool(on)
        await _look_ahead(self)

    @guarded("events.send")
    async def pick_to(self, kind: str) -> None:
        self.to_group = kind == "group"

    @guarded("events.send")
    async def save(self, form: dict[str, Any]) -> None:
        """Make it, or change it when nobody did since it was opened."""
        voice, new = await teller(self), self.chosen == NEW
        key = str(form.get("key", "")).strip()[:200] if new else self.chosen
        self.problems = dict.fromkeys(FIELDS, "")
        try:
            view = await app().schedules.put(caller(), key, _given(self, form), self._revision)
        except msgspec.ValidationError:
            self.problems = {**self.problems, "all": voice.say("schedules.long")}
            return
        except Unavailable:
            raise
        except Stale as stale:
            self.problems = {**self.problems, "key" if new else "all": voice.say("schedules.exists") if new else in_words(stale)}
            return
        except Refusal as refusal:
            place = str(refusal.facts.get("field", "")).partition(".")[0]
            self.problems = {**self.problems, place if place in FIELDS else "all": in_words(refusal)}
            return
        await _fill(self)
        await _open(self, view.key)
        tell(await self.get_state(Frame), "delivered", voice.say("schedules.saved", name=view.name), voice.say("schedules.saved.text"))

    @guarded("events.send")
    async def pause(self) -> None:
        """Pause the one in hand, or let it go on."""
        voice, to_pause = await teller(self), not self.paused
        view = await app().schedules.pause(caller(), self.chosen, to_pause)
        await _fill(self)
        await _open(self, view.key)
        tell(await self.get_state(Frame), "held" if to_pause else "delivered", voice.say("schedules.is_paused" if to_pause else "schedules.goes_on", name=view.name))

    @guarded("events.send")
    async def delete(self) -> None:
        voice, name = await teller(self), self.form.get("name", "")
        await app().schedules.delete(caller(), self.chosen)
        await _fill(self)
        await _open(self, self.lines[0].key if self.lines else "")
        tell(await self.get_state(Frame), "delivered", voice.say("schedules.deleted", name=name))


async def _fill(page: Schedules) -> None:
    voice, actor = await teller(page), caller()
    page.trouble = ""
    try:
        found = await app().schedules.list(actor, after=page._cursors[-1] if page._cursors else "", limit=ROWS)
        page.categories = [Choice(one.key, one.name) for one in telling((await app().categories.list(actor)).items)][:NAMES_ASKED]
        page.templates = [Choice(one.key, one.name) for one in (await app().templates.list(actor, limit=NAMES_ASKED)).items]
        page.groups = await _groups(actor)
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    page._next, page.first, page.last = found.next or "", not page._cursors, found.next is None
    page.lines = [_line(view, voice) for view in found.items]


async def _groups(actor: Any) -> list[Choice]:
    try:
        return [Choice(one.key, one.name) for one in (await app().groups.list(actor)).items][:NAMES_ASKED]
    except Refusal:  # who may not see people sees a schedule's group by its key
        return []


def _line(view: ScheduleView, voice: Teller) -> ScheduleLine:
    ahead = view.upcoming[0].timestamp() if view.upcoming else 0.0
    refused = view.last is not None and view.last.outcome != "fired"
    look = "skipped" if view.paused else "failed" if refused else "delivered"
    when = voice.say("schedules.when.own" if view.zone == OWN else "schedules.when", cron=view.cron, zone=view.zone)
    following = voice.say("schedules.paused") if view.paused else _until(ahead, voice) if ahead else voice.say("schedules.never")
    return ScheduleLine(view.key, view.name, when, following, moment(ahead, voice.zone, voice.language) if ahead else "", look)


async def _open(page: Schedules, key: str) -> None:
    voice, actor = await teller(page), caller()
    page.round += 1
    page.problems, page.wrong, page.runs, page.times = dict.fromkeys(FIELDS, ""), "", [], []
    view: ScheduleView | None = None
    if key and key != NEW:
        try:
            view = await app().schedules.get(actor, key)
            page.runs = [_run(one, voice) for one in (await app().schedules.firings(actor, key, limit=RUNS)).items]
        except NotFound:
            key = ""
    page.chosen, page._before, page._revision = key, view, view.revision if view else 0
    page.own, page.paused = (view.zone == OWN if view else False), bool(view and view.paused)
    page.to_group = view is None or view.to.group is not None
    zone = view.zone if view and view.zone != OWN else voice.zone
    page._cron, page._zone = (view.cron if view else "0 9 * * 1"), zone
    users = ([view.to.user] if view.to.user is not None else view.to.users or []) if view else []
    page.form = {
        "key": view.key if view else "", "name": view.name if view else "", "cron": page._cron, "zone": zone,
        "category": view.category if view else "", "template": view.template if view else "", "title": view.title if view else "",
        "message": view.message if view else "", "group": (view.to.group or "") if view else "", "users": "\n".join(users[:10_000]),
    }  # fmt: skip
    for name, row in (("category", page.categories), ("template", page.templates), ("group", page.groups)):
        if (kept := page.form[name]) and all(one.value != kept for one in row):
            row.append(Choice(kept, kept))  # not among the first fifty, or gone
    if key:
        await _look_ahead(page, paused=page.paused)


async def _look_ahead(page: Schedules, *, paused: bool = False) -> None:
    """The times ahead of what is typed, in the reader's zone."""
    voice = await teller(page)
    page.wrong, page.times = "", []
    if paused:
        return
    try:
        found = await app().schedules.preview(caller(), page._cron, OWN if page.own else page._zone)
    except Invalid as refusal:
        page.wrong = in_words(refusal)
        return
    page.times = [TimeLine(moment(at, voice.zone, voice.language), _until(at, voice)) for at in found]


def _until(at: float, voice: Teller) -> str:
    """How long it is until then."""
    left = max(0.0, at - voice.now)
    if left < 2 * 86_400:
        return voice.say("schedules.in", span=span_of(left, voice.language) if left >= 120 else "2 min")
    return voice.say("schedules.in.days", count=count(round(left / 86_400), voice.language))


def _run(one: FiringView, voice: Teller) -> RunLine:
    look = {"fired": "delivered", "missed": "skipped"}.get(one.outcome, "failed")
    said = voice.say(f"schedules.run.{one.outcome}", count=count(one.n, voice.language) if one.n != 1 else 1)
    return RunLine(one.id, moment(one.planned_at.timestamp(), voice.zone, voice.language), look, said, one.detail, one.event or "")


def _given(page: Schedules, form: dict[str, Any]) -> ScheduleIn:
    def text(name: str, most: int) -> str:
        return str(form.get(name, "")).strip()[:most]

    users = [user for user in str(form.get("users", ""))[:1_500_000].replace(",", " ").split() if user]
    before = page._before
    kept: dict[str, Any] = {}
    if before is not None:  # what the form does not show stays
        kept = {
            "type": before.type, "data": before.data, "channels": before.channels, "priority": before.priority, "grace": before.grace,
            "expires": before.expires, "paused": before.paused,
        }  # fmt: skip
    given = {
        "cron": page._cron or " ", "zone": OWN if page.own else page._zone, "category": text("category", 64), "name": text("name", 201), "template": text("template", 128),
        "title": text("title", 501), "message": str(form.get("message", ""))[:20_001], **kept,
    }  # fmt: skip
    to = To(group=text("group", 128)) if page.to_group else To(users=users)
    return msgspec.structs.replace(msgspec.convert({**given, "to": {"users": []}}, ScheduleIn), to=to)
