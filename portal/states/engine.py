"""State of the operators' page "Engine": what is stuck in one sentence, and the lanes, stages and counts that prove it, which move by themselves.

It looks every few seconds while its tab is seen: a tab in the background asks for nothing.
"""

from dataclasses import dataclass

import reflex as rx

from backend.app.engine_views import CountView, EngineView, FindingView, LaneLook, StageView, TookView
from backend.domain.delivery import PRIORITIES
from backend.domain.durations import span_of
from backend.domain.engine import sentence
from backend.domain.errors import Unavailable
from portal.frame import Frame
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.telling import Teller
from portal.theme import ago, clock, count, moment
from portal.watching import watch
from portal.wiring import app

PATH = "/engine"
LOOK = 5.0  # seconds between looks
AGAIN = 12  # looks after which the caller is asked for anew
STAGES = ("expand", "decide", "deliver.web", "deliver.push", "deliver.email", "deliver.sms")  # columns of the lanes, along the line
NONE = "–"


@dataclass
class FoundRow:
    """A finding. `icon` and `hue` are its look."""

    key: str
    hue: str
    icon: str
    text: str
    href: str
    act: str


@dataclass
class CellRow:
    """A lane: how much waits, since when, and how fast it goes."""

    key: str
    label: str
    waiting: str
    text: str
    late: bool
    idle: bool


@dataclass
class LaneRow:
    """The lanes of one priority, and how long accepted to provider took."""

    priority: str
    word: str
    aim: str
    cells: list[CellRow]
    took: str
    took_text: str


@dataclass
class StageRow:
    """A part of the line."""

    name: str
    word: str
    hue: str
    processes: str
    last: str
    exact: str


@dataclass
class CountRow:
    """A count, and where one looks at what it counts."""

    key: str
    word: str
    text: str
    count: str
    href: str


class Engine(rx.State):
    """`lead` is the page's first sentence."""

    trouble: str = ""
    well: bool = True
    lead: FoundRow = FoundRow("", "delivered", "check", "", "", "")
    found: list[FoundRow] = []
    lanes: list[LaneRow] = []
    stages: list[StageRow] = []
    counts: list[CountRow] = []
    away: str = ""  # what is not shown, and why
    looked: str = ""
    _loop: str = ""  # the newest loop of this tab; older ones end

    @guarded("operate", page=True)
    async def load(self) -> None:
        """The first look."""
        await _fill(self)

    @guarded("operate")
    async def again(self) -> None:
        """After it did not load, or to see it anew."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("operate")
    async def rest(self) -> None:
        """The tab is not seen: nothing is looked at."""
        self._loop = ""

    @guarded("operate", background=True)
    async def follow(self) -> None:
        """Look every few seconds."""
        await watch(
            self, PATH, "operate", every=LOOK, whole=AGAIN, ask=lambda actor, _: app().engine.now(actor), show=lambda voice, look: _show(self, voice, look)
        )


async def _fill(page: Engine) -> None:
    voice = await teller(page)
    page.trouble = ""
    try:
        look = await app().engine.now(caller())
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    _show(page, voice, look)


def _show(page: Engine, voice: Teller, look: EngineView) -> None:
    rows = [_found(n, one, voice) for n, one in enumerate(look.findings)]
    page.well, page.found = look.well, rows[1:]
    page.lead = rows[0] if rows else FoundRow("well", "delivered", "check", voice.say("engine.well"), "", "")
    lanes = {(one.priority, one.stage): one for one in look.lanes}
    took = {one.priority: one for one in look.took}
    page.lanes = [_lane(priority, lanes, took[priority], voice, dark="log" in look.away) for priority in PRIORITIES]
    page.stages = [] if "store" in look.away else [_stage(one, look, voice) for one in look.stages]
    page.counts = [
        _count("due", look.due, look, voice), _count("parked", look.parked, look, voice, "/deliveries?state=held"), _count("dead", look.dead, look, voice, "/dead"),
    ]  # fmt: skip
    page.away = voice.say("engine.away", names=voice.listed([voice.say(f"engine.part.{name}") for name in look.away])) if look.away else ""
    page.looked = voice.say("engine.looked", time=clock(look.at.timestamp(), voice.zone), seconds=count(int(LOOK), voice.language))


def _found(n: int, one: FindingView, voice: Teller) -> FoundRow:
    text = sentence(
        one, lambda key, **values: voice.say(f"engine.say.{key}", **values), lambda value: count(value, voice.language), lambda seconds: span_of(seconds, voice.language),
    )  # fmt: skip
    icon = "circle-pause" if one.kind == "halted" else "triangle-alert"
    act = voice.say(f"engine.act{one.link.replace('/', '.')}") if one.link else ""
    return FoundRow(f"{n} {one.kind} {one.name}", one.look, icon, text[:1].upper() + text[1:], one.link, act)


def _lane(priority: str, lanes: dict[tuple[str, str], LaneLook], took: TookView, voice: Teller, *, dark: bool) -> LaneRow:
    cells = [_cell(lanes[priority, stage], voice, dark=dark and not stage.startswith("deliver")) for stage in STAGES if (priority, stage) in lanes]
    aim = voice.say("engine.aim", time=span_of((cells and lanes[priority, STAGES[0]].target) or 0.0, voice.language))
    if took.p50 is None or took.p99 is None:
        return LaneRow(priority, voice.say(f"priority.{priority}"), aim, cells, NONE, "")
    p50, p99 = span_of(took.p50, voice.language), span_of(took.p99, voice.language)
    return LaneRow(priority, voice.say(f"priority.{priority}"), aim, cells, p50, voice.say("engine.p99", time=p99, count=count(took.n, voice.language)))


def _cell(one: LaneLook, voice: Teller, *, dark: bool) -> CellRow:
    label = voice.say(f"engine.lane.{one.stage}")
    if dark:
        return CellRow(one.stage, label, NONE, "", False, True)
    parts = [voice.say("engine.oldest", time=span_of(one.oldest, voice.language))] if one.oldest is not None else []
    parts += [voice.say("engine.rate", count=_rate(one.per_second, voice))] if one.per_second else []
    late = one.oldest is not None and one.oldest > one.target
    return CellRow(one.stage, label, count(one.waiting, voice.language), " · ".join(parts), late, not (one.waiting or parts))


def _rate(per_second: float, voice: Teller) -> str:
    if per_second >= 10:
        return count(round(per_second), voice.language)
    shown = "<0.1" if per_second < 0.1 else f"{per_second:.1f}"
    return shown.replace(".", ",") if voice.language == "de" else shown


def _stage(one: StageView, look: EngineView, voice: Teller) -> StageRow:
    if one.last is None:
        last = exact = voice.say("engine.never")
    else:
        at = one.last.timestamp()
        passed = look.at.timestamp() - at
        last = voice.say("engine.since", time=span_of(passed, voice.language)) if passed < 60 else ago(at, voice.now, voice.zone, voice.language)
        exact = moment(at, voice.zone, voice.language)
    word = voice.say(f"engine.stage.{one.name}")
    return StageRow(one.name, word, "delivered" if one.processes else "failed", count(one.processes, voice.language), last, exact)


def _count(key: str, one: CountView, look: EngineView, voice: Teller, href: str = "") -> CountRow:
    shown = count(one.n, voice.language)
    shown = NONE if "store" in look.away else voice.say("engine.more", count=shown) if one.more else shown
    return CountRow(key, voice.say(f"engine.count.{key}"), voice.say(f"engine.count.{key}.text"), shown, href)
