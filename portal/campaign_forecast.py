"""A dry run, and afterwards the plan beside the fact, as rows that add up in sight. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from backend.app.campaign_views import DifferenceRow, ForecastRow, ForecastView, ProblemView
from backend.app.views import ReasonView
from backend.domain.durations import span_of
from backend.domain.errors import Refusal
from portal.campaign_rows import ChannelSum, CheckRow, DifferRow, FactRow, OutcomeRow, ReasonRow
from portal.figures import width_of
from portal.numbers import NONE, decimal, of, percent, signed
from portal.overview_rows import Part
from portal.refusals import in_words
from portal.telling import Teller
from portal.theme import count, local, moment, wall
from portal.words import known

ORDER = ("send", "hold", "skip")
HUES = {"send": "delivered", "hold": "held", "skip": "skipped"}
LOOKS = {"send": "sent", "hold": "held", "skip": "skipped"}
STEPS = {"messages": 1, "audience": 2, "delivery": 3, "experiment": 4, "review": 5}
HOURS = 12  # of the list of what goes later
MUST = 10_000  # people above whom the number has to be typed


@dataclass
class Told:
    """What the review shows of a forecast. `must`: the digits to be typed before it goes, "" for none."""

    lead: str = ""
    sub: str = ""
    parts: list[Part] = field(default_factory=list)
    outcomes: list[OutcomeRow] = field(default_factory=list)
    reasons: list[ReasonRow] = field(default_factory=list)
    sum: str = ""
    holds: bool = True
    channels: list[ChannelSum] = field(default_factory=list)
    later: list[FactRow] = field(default_factory=list)
    cost: str = ""
    must: str = ""
    reached: str = ""
    people: str = ""


def told(voice: Teller, view: ForecastView) -> Told:
    """Everything of a forecast that is done."""
    language = voice.language
    sums = {outcome: sum(row.planned for row in view.rows if row.outcome == outcome) for outcome in ORDER}
    whole = sum(sums.values())
    numbers = {"people": count(view.people, language), "reached": count(view.reached, language)}
    lead = voice.say("fore.lead.none" if not view.people else "fore.lead.nobody" if not view.reached else "fore.lead", **numbers)
    sub = ""
    if view.at is not None:
        sub = voice.say("fore.sub", people=numbers["people"], time=f"{local(view.at.timestamp(), voice.zone):%H:%M}", took=span_of(max(0.001, view.took), language))
    return Told(
        lead=lead, sub=sub, parts=[Part(HUES[one], width_of(sums[one], max(1, whole))) for one in ORDER if sums[one]],
        outcomes=[_outcome(voice, one, sums[one], whole, view) for one in ORDER], reasons=reasons(voice, view.rows, whole),
        sum=_sum(voice, [sums[one] for one in ORDER], view.units), holds=whole == view.units, channels=_channels(voice, view.rows),
        later=[FactRow(_hour(voice, at), count(n, language)) for at, n in sorted(view.held_until)[:HOURS]], cost=cost_words(voice, view),
        must=must_of(view), **numbers,
    )  # fmt: skip


def must_of(view: ForecastView) -> str:
    """The number of people that has to be typed: for everybody, and for more than 10,000."""
    return str(view.people) if view.people and (view.everybody or view.people > MUST) else ""


def _outcome(voice: Teller, outcome: str, n: int, whole: int, view: ForecastView) -> OutcomeRow:
    share = percent(n, whole, voice.language)
    latest = max((row.until for row in view.rows if row.outcome == "hold" and row.until), default=None)
    until = voice.say("fore.by", time=voice.when(latest)) if outcome == "hold" and n and latest else ""
    return OutcomeRow(outcome, voice.say(f"fore.{outcome}"), count(n, voice.language), ", ".join(one for one in (share, until) if one), HUES[outcome])


def _sum(voice: Teller, parts: Sequence[int], units: int) -> str:
    text = " + ".join(count(n, voice.language) for n in parts)
    whole = sum(parts)
    said = voice.say("fore.sum", parts=text, whole=count(whole, voice.language))
    return said if whole == units else voice.say("fore.sum.off", parts=text, whole=count(whole, voice.language), units=count(units, voice.language))


def reasons(voice: Teller, rows: Iterable[ForecastRow], whole: int) -> list[ReasonRow]:
    """What waits or does not go, most first within each, with the fact of a run beside it."""
    some = sorted((row for row in rows if row.outcome != "send" or row.fact is not None), key=lambda row: (ORDER.index(row.outcome), -row.planned, row.channel))
    return [_reason(voice, row, whole) for row in some]


def _reason(voice: Teller, row: ForecastRow, whole: int) -> ReasonRow:
    language = voice.language
    gap = "" if row.fact is None else "" if row.fact == row.planned else signed(row.fact - row.planned, 0, language)
    why = why_of(voice, row.reason) if row.reason else voice.say("fore.at_once")
    return ReasonRow(
        key=f"{row.outcome} {row.channel} {row.reason.code if row.reason else ''}", look=LOOKS[row.outcome], channel=row.channel, why=why,
        until=voice.say("fore.until", time=voice.when(row.until)) if row.until else "", planned=count(row.planned, language), share=percent(row.planned, whole, language),
        share_of=of(row.planned, whole, language), fact="" if row.fact is None else count(row.fact, language), gap=gap,
    )  # fmt: skip


def why_of(voice: Teller, reason: ReasonView) -> str:
    """The reason for many: without what differs from person to person."""
    return code_words(voice, reason.code, reason.text)


def code_words(voice: Teller, code: str, text: str = "") -> str:
    """A code in the words of the review; its own sentence where the review has none."""
    key = f"fore.why.{code}"
    return voice.say(key) if known(key) else text.rstrip(".") or code


def _channels(voice: Teller, rows: Iterable[ForecastRow]) -> list[ChannelSum]:
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        of_channel = sums.setdefault(row.channel, dict.fromkeys(ORDER, 0))
        of_channel[row.outcome] += row.planned
    language, made = voice.language, []
    for channel in sorted(sums, key=lambda one: -sum(sums[one].values())):
        mine, whole = sums[channel], sum(sums[channel].values())
        parts = [Part(HUES[one], width_of(mine[one], max(1, whole))) for one in ORDER if mine[one]]
        made.append(ChannelSum(channel, *(count(mine[one], language) for one in ORDER), count(whole, language), parts))
    return made


def _hour(voice: Teller, at: datetime) -> str:
    return wall(at.timestamp(), voice.now, voice.zone, voice.language)


def cost_words(voice: Teller, view: ForecastView) -> str:
    """What the texts cost; "" without any, a sentence without a price."""
    if not view.segments:
        return ""
    parts = voice.say("fore.segments", count=count(view.segments, voice.language))
    if not view.cost:
        return voice.say("fore.cost.none", parts=parts)
    least, most = view.cost.get("least", 0.0), view.cost.get("most", 0.0)
    low, high = decimal(least, 2, voice.language), decimal(most, 2, voice.language)
    return voice.say("fore.cost", cost=low, parts=parts) if low == high else voice.say("fore.cost.range", least=low, most=high, parts=parts)


def checks(voice: Teller, problems: Sequence[ProblemView], view: ForecastView | None) -> list[CheckRow]:
    """What keeps it from starting first, then what should be looked at, then what is well."""
    rows = []
    for one in sorted(problems, key=lambda one: not one.blocks):
        step = STEPS.get(one.step, 0)
        act = voice.say(f"fore.fix.{step}") if 1 <= step <= 4 else ""
        hue, face, text = ("failed", "circle-x", voice.say("fore.blocks")) if one.blocks else ("held", "triangle-alert", voice.say("fore.look"))
        rows.append(CheckRow(hue, face, in_words(Refusal(one.text), voice.language), text, step, act))
    if view is None or view.state not in ("done", "outdated"):
        return rows
    for name, n in sorted(view.missing.items(), key=lambda pair: -pair[1]):
        key = {"count": count(n, voice.language), "name": name.removeprefix("data.")}  # as its field of step 1 is called
        rows.append(CheckRow("held", "triangle-alert", voice.say("fore.missing", **key), voice.say("fore.missing.text"), 1, voice.say("fore.fix.1")))
    if not view.missing and view.people and not any(one.blocks for one in problems):
        rows.append(CheckRow("delivered", "check", voice.say("fore.whole", count=count(view.people, voice.language)), "", 0, ""))
    if view.everybody:
        rows.append(CheckRow("held", "users", voice.say("fore.everybody", count=count(view.people, voice.language)), voice.say("fore.everybody.text"), 2, voice.say("fore.fix.2")))
    if not problems:
        rows.append(CheckRow("delivered", "check", voice.say("fore.ready"), "", 0, ""))
    return rows


def differs(voice: Teller, rows: Sequence[DifferenceRow]) -> list[DifferRow]:
    """Where units went elsewhere than foreseen, most first."""
    made = []
    for row in sorted(rows, key=lambda one: -one.n)[:50]:
        first, last = row.first_at.timestamp(), row.last_at.timestamp()
        begun, ended = moment(first, voice.zone, voice.language), moment(last, voice.zone, voice.language)
        time = begun if last - first < 1 else voice.say("fore.between", first=begun, last=ended)
        made.append(DifferRow(row.channel, place_words(voice, row.foreseen), _fact_words(voice, row.fact), code_words(voice, row.cause.code, row.cause.text), count(row.n, voice.language), time))
    return made


def place_words(voice: Teller, place: str) -> str:
    """send, hold:quiet_hours, skip:cap ... in words; none: there was no such message."""
    outcome, _, code = place.partition(":")
    word = voice.say(f"fore.{outcome}") if outcome in ORDER else voice.say("fore.not_seen")
    return f"{word}: {code_words(voice, code)}" if code else word


def _fact_words(voice: Teller, place: str) -> str:
    return voice.say("fore.no_message") if place == "none" else place_words(voice, place)


def progress(voice: Teller, view: ForecastView) -> tuple[str, str]:
    """How far a dry run is: the bar's width, and the words."""
    share = percent(view.done, view.total, voice.language) if view.total else NONE
    return width_of(view.done, max(1, view.total)), voice.say("fore.counting", done=count(view.done, voice.language), total=count(view.total, voice.language), share=share)
