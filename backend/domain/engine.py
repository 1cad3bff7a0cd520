"""What stands still, why, and what to do: the facts of one look at the engine, and what follows from them, the gravest first. Pure.

A lane is late when its oldest record waits longer than its priority's target. What explains it (nobody runs its stage, its provider fails,
its budget is spent) is said instead of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from backend.domain.durations import span_of
from backend.domain.engine_words import ENGLISH

TARGETS = {"critical": 10.0, "high": 30.0, "normal": 120.0, "low": 600.0}  # seconds the oldest of a lane may wait
FRESH = 35.0  # seconds after which a process that says nothing counts as gone: three beats and a half
LATE = 60.0  # seconds a due row may be late
SPENT = 0.8  # share of a budget that goes out while it is what holds a lane up
DISK_SHARE, DISK_BYTES = 0.05, 1_000_000_000  # below either, and below 10 % in any case, the disk is nearly full
STAGES = (
    "expand", "decide", "deliver.web", "deliver.push", "deliver.email", "deliver.sms", "receipts", "due", "release", "schedules",
    "campaigns", "foresee", "imports", "looks", "rollup", "touched", "filling", "purge",
)  # fmt: skip
BESIDE = {
    "release": "due", "schedules": "due", "campaigns": "due", "foresee": "due", "imports": "due", "looks": "due", "touched": "rollup", "filling": "rollup",
}  # part of the line -> the stage that runs it

Look = Literal["failed", "held"]
Say = Callable[..., str]


class Lane(msgspec.Struct, frozen=True):
    """What waits for a stage in one priority. `channel` "" before a channel is decided; `oldest`: seconds its oldest record has waited."""

    stage: str
    priority: str
    channel: str = ""
    waiting: int = 0
    oldest: float | None = None
    per_second: float = 0.0


class StageLook(msgspec.Struct, frozen=True):
    """A stage: processes that run it, and seconds since the last of them said so (None: never heard of)."""

    name: str
    processes: int
    last: float | None = None


class Halted(msgspec.Struct, frozen=True):
    """A halt."""

    scope: str
    by: str
    seconds: float
    waiting: int = 0


class Source(msgspec.Struct, frozen=True):
    """A provider. `slow`: its mean time to answer where that is above the bound, else 0; `points`: its part of the channel, of a hundred."""

    key: str
    channel: str
    position: str = "closed"
    code: str = ""
    waiting: int = 0
    rate: int = 0
    slow: float = 0.0
    points: int = 100
    route: str = ""

    @property
    def way(self) -> str:
        """What it stands in for others on."""
        return self.route or self.channel


class Engine(msgspec.Struct, frozen=True):
    """One look. `away`: engines that do not answer; `free`: bytes of the disk and the share of it that is left, where known; `late`: due rows
    that should have gone, `late_for`: seconds of the first; `dead_new`: letters of the last hour; `missed`: times of schedules of a day;
    `unbalanced`: counters that are wrong. `more`: which counts are lower bounds."""

    away: Sequence[str] = ()
    free: tuple[int, float] | None = None
    stages: Sequence[StageLook] = ()
    halts: Sequence[Halted] = ()
    providers: Sequence[Source] = ()
    lanes: Sequence[Lane] = ()
    late: int = 0
    late_for: float = 0.0
    dead: int = 0
    dead_new: int = 0
    missed: int = 0
    unbalanced: int = 0
    more: frozenset[str] = frozenset()


class Finding(msgspec.Struct, frozen=True):
    """Something an operator should know. `link`: the place of the portal where one acts, "" where it is done outside; `more`: `n` is a lower bound."""

    kind: str
    look: Look
    link: str = ""
    name: str = ""
    channel: str = ""
    priority: str = ""
    code: str = ""
    by: str = ""
    n: int = 0
    more: bool = False
    seconds: float = 0.0
    aim: float = 0.0


def findings(e: Engine) -> list[Finding]:
    """What is wrong, the gravest first; nothing when everything moves."""
    found = [Finding(f"away.{name}", "failed") for name in ("store", "log", "cache") if name in e.away]
    if "store" not in e.away:
        found += [*_disk(e), *_stages(e), *_providers(e), *_halts(e), *_slow(e), *_lanes(e), *_rest(e)]
    else:
        found += _disk(e)
    return found


def _disk(e: Engine) -> Iterable[Finding]:
    if e.free is None:
        return
    left, share = e.free
    if share < DISK_SHARE or (left < DISK_BYTES and share < 2 * DISK_SHARE):
        yield Finding("disk", "failed", n=max(0, left // 1_000_000), code=f"{100 * share:.0f}")


def _stages(e: Engine) -> Iterable[Finding]:
    gone = [one for one in e.stages if not one.processes]
    if gone and len(gone) == len(e.stages):
        last = min((one.last for one in gone if one.last is not None), default=None)
        yield Finding("nobody" if last is not None else "nobody.ever", "failed", n=sum(lane.waiting for lane in e.lanes), seconds=last or 0.0)
        return
    for one in gone:
        if BESIDE.get(one.name) in {other.name for other in gone}:
            continue
        n = sum(lane.waiting for lane in e.lanes if lane.stage == one.name)
        command = BESIDE.get(one.name, one.name).partition(".")[0]
        yield Finding("stage" if one.last is not None else "stage.ever", "failed", name=one.name, code=command, n=n, seconds=one.last or 0.0)


def _well(e: Engine) -> list[Source]:
    """Providers that are able."""
    return [one for one in e.providers if one.position != "open"]


def _providers(e: Engine) -> Iterable[Finding]:
    able = {one.way for one in _well(e)}
    told: set[str] = set()
    for one in e.providers:
        if one.position == "open" and one.way not in able and one.way not in told:
            told.add(one.way)
            yield Finding("down", "failed", "/providers", one.key, one.channel, code=one.code, n=one.waiting)
    for one in e.providers:
        if one.position == "open" and one.way in able:
            yield Finding("open", "held", "/providers", one.key, one.channel, code=one.code)


def _halts(e: Engine) -> Iterable[Finding]:
    for one in sorted(e.halts, key=lambda halt: (-halt.waiting, halt.scope)):
        kind, _, name = one.scope.partition(":")
        yield Finding("halted", "held", "/providers", name=name, code=kind, by=one.by, n=one.waiting, seconds=one.seconds)


def _slow(e: Engine) -> Iterable[Finding]:
    for one in e.providers:
        if one.slow:
            yield Finding("slow", "held", "/providers", one.key, one.channel, n=one.points, seconds=one.slow)


def _lanes(e: Engine) -> Iterable[Finding]:
    """The most urgent late lane of each stage, unless what makes it late was said already."""
    gone = {one.name for one in e.stages if not one.processes}
    able = {one.channel for one in _well(e)}
    down = {one.channel for one in e.providers} - able
    told: set[str] = set()
    for lane in sorted(e.lanes, key=lambda one: list(TARGETS).index(one.priority)):
        if lane.oldest is None or lane.oldest <= TARGETS[lane.priority] or lane.stage in gone or lane.channel in down or lane.stage in told:
            continue
        told.add(lane.stage)
        waiting = sum(one.waiting for one in e.lanes if one.stage == lane.stage)
        limited = [one for one in _well(e) if one.channel == lane.channel]
        budget = sum(one.rate for one in limited) if limited and all(one.rate for one in limited) else 0
        going = sum(one.per_second for one in e.lanes if one.stage == lane.stage)
        if budget and going >= SPENT * budget:
            yield Finding("budget", "held", "/providers", limited[0].key, lane.channel, code=str(budget), n=waiting, seconds=lane.oldest)
            continue
        kind = "lane" if lane.channel else f"lane.{lane.stage}"
        yield Finding(kind, "failed", "/providers" if lane.channel else "", lane.stage, lane.channel, lane.priority, "deliver" if lane.channel else lane.stage,
                      n=waiting, seconds=lane.oldest, aim=TARGETS[lane.priority])  # fmt: skip


def _rest(e: Engine) -> Iterable[Finding]:
    if e.late:
        yield Finding("overdue", "failed", n=e.late, more="late" in e.more, seconds=e.late_for)
    if e.unbalanced:
        yield Finding("unbalanced", "failed", n=e.unbalanced)
    if e.dead_new:
        yield Finding("dead", "held", "/dead", n=e.dead_new, more="dead_new" in e.more)
    if e.missed:
        yield Finding("missed", "held", "/schedules", n=e.missed, more="missed" in e.more)


def sentence(f: Finding, say: Say, number: Callable[[int], str], span: Callable[[float], str]) -> str:
    """A finding in words: `say(key, **values)` gives the phrase of a language (keys as in `engine_words`)."""

    def counted(key: str) -> str:
        form = f"{key}.none" if not f.n else f"{key}.one" if f.n == 1 and not f.more else key
        return say(form, n=say("more", n=number(f.n)) if f.more else number(f.n))

    values = {
        "name": f.name, "code": f.code or "–", "by": f.by, "n": number(f.n), "time": span(f.seconds), "aim": span(f.aim),
        "channel": say(f"channel.{f.channel}") if f.channel else "", "priority": say(f"priority.{f.priority}") if f.priority else "",
    }  # fmt: skip
    if f.kind == "halted":
        values["scope"] = say(f"scope.{f.code}", name=say(f"{f.code}.{f.name}") if f.code in ("channel", "priority") else f.name)
    if f.kind in ("overdue", "dead", "missed", "unbalanced"):
        values["n"] = counted(f"count.{f.kind}")
    return say(f.kind, **values, waits=counted("waits"))


def headline(found: Sequence[Finding], told: Callable[[Finding], str], well: str) -> str:
    """The page's first sentence."""
    return told(found[0]) if found else well


def english(f: Finding) -> str:
    """A finding in English, as `carillon engine` and the API say it."""
    return sentence(f, lambda key, **values: ENGLISH[key].format(**values), lambda n: f"{n:,}", span_of)


def quantile(bounds: Sequence[float], counts: Sequence[int], part: float) -> float | None:
    """The time that `part` of all did not exceed, evenly spread within its step; None when nothing was counted. `counts`: one for each bound,
    and a last one for what took longer than all, which is told as the last bound."""
    wanted, below, lower = part * sum(counts), 0, 0.0
    if not sum(counts):
        return None
    for bound, n in zip(bounds, counts, strict=False):
        if n and below + n >= wanted:
            return lower + (bound - lower) * (wanted - below) / n
        below, lower = below + n, bound
    return bounds[-1]


def added(rows: Iterable[Mapping[str, Sequence[int]]]) -> dict[str, list[int]]:
    """Counts by step of several processes, added up key by key; those of another version, with other steps, are left out."""
    whole: dict[str, list[int]] = {}
    for row in rows:
        for key, counts in row.items():
            have = whole.setdefault(key, [0] * len(counts))
            if len(have) == len(counts):
                whole[key] = [a + b for a, b in zip(have, counts, strict=True)]
    return whole
