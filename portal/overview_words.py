"""The overview in words: views of the facade in, rows for the page out. Pure."""

from backend.app.overview_views import (
    AheadView,
    ChannelView,
    FlowView,
    LaneView,
    OverviewView,
    ProblemView,
    SendView,
    StepView,
)
from backend.domain.durations import span_of
from portal.figures import spark, width_of
from portal.numbers import NONE, change, compact, decimal, of, percent, points, slower
from portal.overview_rows import AheadRow, ChannelRow, LaneRow, Part, ProblemRow, RestRow, SendRow, StartRow
from portal.rows import StepRow, Tile
from portal.telling import Teller
from portal.theme import ago, clock, count, local, moment, wall
from portal.words import known

BUSY = 1_000  # waiting deliveries of a lane that make it amber
REST = (("held", "held", "held"), ("skipped", "skipped", ""), ("failed", "failed", "failed"), ("unknown", "unknown", "unknown"),
        ("pending", "queued", "pending"), ("folded", "digest", "folded"))  # fmt: skip
ICONS = {
    "counts_off": "scale", "provider_failing": "plug-zap", "waiting": "hourglass", "overdue": "alarm-clock", "halted": "circle-pause", "alert": "siren",
    "dead_letters": "archive-x", "demo": "sparkles",
}  # fmt: skip
STEPS = {"person": "/people", "category": "/categories", "event": "/send"}


# ---- tiles
def accepted(voice: Teller, day: OverviewView) -> Tile:
    """Messages that came in."""
    said = day.accepted
    return Tile(
        compact(said.n, voice.language), "", change(said.n, said.before, voice.language), "flat",
        voice.say("overview.accepted.note", count=count(said.n, voice.language)), count(said.n, voice.language), list(spark(said.series)),
    )  # fmt: skip


def delivered(voice: Teller, day: OverviewView) -> Tile:
    """Confirmed, of what providers took on channels that confirm."""
    rate = day.delivered
    value, unit = _split(percent(rate.n, rate.of, voice.language))
    gap = points(_rate(rate.n, rate.of), _rate(rate.before_n, rate.before_of), voice.language) if rate.of and rate.before_of else ""
    note = of(rate.n, rate.of, voice.language) if rate.of else voice.say("overview.delivered.none")
    course = spark([n / all_ if all_ else None for n, all_ in rate.series])
    return Tile(value, unit, gap, _mood(gap), note, voice.say("overview.delivered.what"), list(course))


def time(voice: Teller, day: OverviewView) -> Tile:
    """The median from event to delivery."""
    said = day.times
    if said.median is None:
        return Tile(NONE, "", "", "flat", voice.say("overview.time.none"), voice.say("overview.time.what"))
    value, unit = _split(span_of(said.median, voice.language))
    gap = slower(said.median, said.before, voice.language) if said.before is not None else ""
    note = voice.say("overview.time.note", p99=span_of(said.p99 or said.median, voice.language))
    what = voice.say("overview.time.of", count=count(said.measured, voice.language))
    return Tile(value, unit, gap, _mood(gap, more_is="down"), note, what, list(spark(said.series)))


def unsubscribed(voice: Teller, day: OverviewView) -> Tile:
    """Opt-outs, of what was sent."""
    rate = day.unsubscribed
    value, unit = _split(percent(rate.n, rate.of, voice.language, 2))
    now, before = _rate(rate.n, rate.of), _rate(rate.before_n, rate.before_of)
    gap = ""
    if rate.of and rate.before_of:
        sign = "±" if abs(now - before) < 0.005 else "+" if now > before else "−"
        gap = f"{sign}{decimal(abs(now - before), 2, voice.language)}{' Pp.' if voice.language == 'de' else ' pt'}"
    note = of(rate.n, rate.of, voice.language) if rate.of else voice.say("overview.unsubscribed.none")
    return Tile(value, unit, gap, _mood(gap, more_is="down"), note, voice.say("overview.unsubscribed.what"), list(spark([n for n, _ in rate.series])))


def _rate(n: int, whole: int) -> float:
    return 100 * n / whole if whole else 0.0


def _split(text: str) -> tuple[str, str]:
    """Number and unit of "98.0%", "0.9 s" or "98,0 %"."""
    number = text.rstrip("%").rstrip()
    if number != text:
        return number, "%"
    value, _, unit = text.partition(" ")
    return value, unit


def _mood(gap: str, more_is: str = "up") -> str:
    """Colour by good or bad, not by direction."""
    if not gap or gap.startswith("±"):
        return "flat"
    return more_is if gap.startswith("+") else {"up": "down", "down": "up"}[more_is]


# ---- funnel
def funnel(voice: Teller, flow: FlowView) -> tuple[list[StepRow], list[RestRow]]:
    """What came, went out, was confirmed, opened and clicked; and the rest, so that it adds up."""
    say, language, whole = voice.say, voice.language, flow.accepted
    steps = [StepRow(say("overview.flow.accepted"), count(whole, language), width_of(whole, whole), "queued", "")]
    for name, n, base, hue in (
        ("sent", flow.sent, whole, "sent"), ("delivered", flow.delivered, flow.sent, "delivered"), ("opened", flow.opened, flow.sent, "engaged"),
        ("clicked", flow.clicked, flow.sent, "engaged"),
    ):  # fmt: skip
        of_what = "overview.flow.of_accepted" if name == "sent" else "overview.flow.of_sent"
        share = say(of_what, rate=percent(n, base, language)) if base else ""
        steps.append(StepRow(say(f"overview.flow.{name}"), count(n, language), width_of(n, whole), hue, share))
    rest = [
        RestRow(say(f"overview.rest.{name}"), count(getattr(flow, name), language), hue, f"/deliveries?state={state}" if state else "/deliveries")
        for name, hue, state in REST
        if getattr(flow, name) or name in ("held", "skipped", "failed", "pending")
    ]
    return steps, rest


def balance(voice: Teller, flow: FlowView) -> tuple[str, bool]:
    """The sum written out, and whether it is right."""
    language = voice.language
    names = ("sent", *(name for name, _, _ in REST))
    parts = " + ".join(f"{count(getattr(flow, name), language)} {voice.say(f'overview.sum.{name}')}" for name in names if getattr(flow, name))
    return f"{parts or '0'} = {count(flow.accepted, language)}", flow.accepted == sum(getattr(flow, name) for name in names)


def channel(voice: Teller, one: ChannelView) -> ChannelRow:
    """A line of the table of channels."""
    language, tried = voice.language, one.sent + one.failed
    return ChannelRow(
        one.channel, count(one.accepted, language), count(one.sent, language),
        percent(one.delivered, one.sent, language) if one.confirms else NONE,
        of(one.delivered, one.sent, language) if one.confirms else voice.say("overview.unconfirmed"),
        percent(one.failed, tried, language), of(one.failed, tried, language), count(one.waiting, language),
        span_of(one.median, language) if one.median is not None else NONE,
        voice.say("overview.time.of", count=count(one.measured, language)) if one.measured else voice.say("overview.time.none"),
    )  # fmt: skip


def fresh(voice: Teller, day: OverviewView) -> str:
    """Of when the numbers are."""
    return voice.say("overview.fresh", time=clock(day.at.timestamp(), voice.zone), zone=voice.zone)


# ---- the moment
def rate(voice: Teller, per_second: float) -> str:
    """How much goes out."""
    if per_second <= 0:
        return voice.say("overview.rate.none")
    if per_second < 1:
        return voice.say("overview.rate.minute", count=decimal(per_second * 60, 0 if per_second * 60 >= 10 else 1, voice.language))
    return voice.say("overview.rate", count=decimal(per_second, 1, voice.language) if per_second < 10 else count(round(per_second), voice.language))


def send(voice: Teller, one: SendView) -> SendRow:
    """A fan-out: how far it is."""
    ledger, language = one.ledger, voice.language
    done = ledger.planned - ledger.pending
    columns = (("sent", "delivered"), ("failed", "failed"), ("held", "held"), ("skipped", "skipped"), ("unknown", "queued"), ("folded", "digest"))
    parts = [Part(hue, width_of(getattr(ledger, name), ledger.planned)) for name, hue in columns if getattr(ledger, name)]
    facts = voice.say("overview.send.to", group=one.to, category=one.category) if one.to else one.category
    left = voice.say("overview.send.people", told=count(one.told, language), all=count(one.recipients, language))
    return SendRow(one.event, one.title, facts, of(done, ledger.planned, language), left, parts)


def lane(voice: Teller, one: LaneView) -> LaneRow:
    hue = "delivered" if not one.waiting or one.waiting < BUSY else "held"
    return LaneRow(voice.say(f"priority.{one.priority}"), voice.say("overview.lane", count=count(one.waiting, voice.language)), hue)


def problems(voice: Teller, found: list[ProblemView]) -> str:
    """How many there are."""
    return voice.say("overview.problems.count", count=len(found)) if found else voice.say("overview.problems.none")


def problem(voice: Teller, one: ProblemView) -> ProblemRow:
    """One sentence, and what to do."""
    facts = {name: count(value, voice.language) if type(value) is int else value for name, value in one.facts.items()}
    at = one.at.timestamp() if one.at else 0.0
    when = {"since": wall_past(voice, at) if at else NONE}
    href, act = "", ""
    match one.kind:
        case "alert":
            title, text = str(facts["title"]), str(facts["message"]) if facts["message"] != facts["title"] else ""
        case "halted":
            title = voice.say("problem.halted", scope=_scope(voice, str(facts["scope"])), by=facts["by"])
            why = str(facts["reason"]).rstrip(".")
            text = " ".join(part for part in (f"{why}." if why else "", voice.say("problem.halted.do", scope=facts["scope"])) if part)
        case kind:
            more = ".more" if facts.pop("more", False) and known(f"problem.{kind}.more") else ""
            single = f"problem.{kind}{more}"
            values = {**facts, **when} | ({"count": one.facts["n"] if one.facts["n"] == 1 else facts["n"]} if "n" in one.facts else {})
            title, text = voice.say(single, **values), voice.say(f"problem.{kind}.do", **values)
            href, act = _way(voice, one)
    return ProblemRow(
        f"{one.kind} {one.facts.get('scope') or one.facts.get('id') or one.facts.get('provider') or ''}", one.hue, ICONS[one.kind], title, text,
        ago(at, voice.now, voice.zone, voice.language) if at else "", moment(at, voice.zone, voice.language) if at else "", href, act,
    )  # fmt: skip


def _way(voice: Teller, one: ProblemView) -> tuple[str, str]:
    ways = {
        "provider_failing": ("/deliveries?state=retrying", "problem.provider_failing.act"), "waiting": ("/deliveries?state=pending", "problem.waiting.act"),
        "overdue": ("/deliveries?state=held", "problem.waiting.act"), "dead_letters": ("/dead", "problem.dead_letters.act"), "demo": ("/start", "problem.demo.act"),
    }  # fmt: skip
    href, key = ways.get(one.kind, ("", ""))
    return href, voice.say(key) if key else ""


def _scope(voice: Teller, scope: str) -> str:
    kind, _, name = scope.partition(":")
    if kind in ("channel", "priority") and known(f"{kind}.{name}"):
        return voice.say(f"{kind}.{name}")
    return voice.say("problem.everything") if scope == "space" else name or scope


def wall_past(voice: Teller, at: float) -> str:
    """14:02 today, else with the day."""
    return f"{local(at, voice.zone):%H:%M}" if abs(voice.now - at) < 43_200 else moment(at, voice.zone, voice.language)


def ahead(voice: Teller, one: AheadView, key: str) -> AheadRow:
    """What comes next."""
    at, language = one.at.timestamp(), voice.language
    said = wall(at, voice.now, voice.zone, language)
    day_, _, time_ = said.rpartition(" ")
    if one.kind == "held":
        n = count(one.n, language)
        title, text = voice.say("overview.ahead.held"), voice.say("overview.ahead.held.text")
        return AheadRow(key, day_, time_, moment(at, voice.zone, language), title, text, f"{n}+" if one.more else n, "/deliveries?state=held")
    text = voice.say("overview.ahead.scheduled", category=one.category)
    return AheadRow(key, day_, time_, moment(at, voice.zone, language), one.title, text, count(one.n, language) if one.n else "", f"/events/{one.event}")


def start(voice: Teller, steps: list[StepView]) -> list[StartRow]:
    """The first three steps."""
    return [
        StartRow(str(n), step.done, voice.say(f"start.{step.key}"), voice.say(f"start.{step.key}.text"), STEPS[step.key], voice.say(f"start.{step.key}.act"))
        for n, step in enumerate(steps, 1)
    ]
