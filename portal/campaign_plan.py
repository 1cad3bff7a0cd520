"""What a draft says will happen, in words: when it goes, whom it tries what on, what keeps it. Pure."""

from datetime import UTC, datetime

from backend.domain import recurrence
from backend.domain.campaign import OWN, Campaign, Experiment, Timing
from backend.domain.durations import span_of
from backend.domain.errors import Invalid
from portal.campaign_draft import LETTERS, PRESETS, Draft, part, plain
from portal.campaign_rows import FactRow
from portal.numbers import decimal, percent
from portal.overview_rows import Part
from portal.telling import Teller
from portal.theme import ago, count, day, local, moment

AGO = 60.0  # seconds by which a moment may have passed while one still sees it as now


def wall_of(timing: Timing) -> datetime | None:
    """The wall time of one that goes once; None while it is not typed whole."""
    try:
        return datetime.strptime(timing.at, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - a wall time has no zone
    except ValueError:
        return None


def resolved(voice: Teller, timing: Timing) -> tuple[str, str]:
    """The moment a draft that goes once goes, in words; and what is wrong or strange about it, "" for nothing."""
    wall = wall_of(timing)
    if wall is None:
        return "", voice.say("cplan.at.none")
    if timing.zone == OWN:
        planned = wall.replace(tzinfo=UTC).timestamp()
        first, last = recurrence.starts(planned, OWN), recurrence.ends(planned, OWN)
        words = {"time": f"{wall:%H:%M}", "day": day(planned, "UTC", voice.language)}
        text = voice.say("cplan.at.own", **words, first=moment_in(voice, first), last=moment_in(voice, last))
        return text, voice.say("cplan.past") if last < voice.now else voice.say("cplan.own.begun") if first < voice.now else ""
    try:
        tz = recurrence.zone_of(timing.zone)
    except Invalid:
        return "", voice.say("cplan.zone.none", zone=timing.zone[:64])
    at = recurrence.wall_moment(wall, tz)
    there = datetime.fromtimestamp(at, tz)
    words = voice.say("cplan.at", when=_whole(voice, at, timing.zone), zone=timing.zone)
    if there.replace(tzinfo=None) != local(at, voice.zone).replace(tzinfo=None):
        words = voice.say("cplan.at.also", text=words, mine=_whole(voice, at, voice.zone))
    if at < voice.now - AGO:
        return words, voice.say("cplan.past")
    if there.replace(tzinfo=None) != wall:
        return words, voice.say("cplan.gap", time=f"{wall:%H:%M}", zone=timing.zone, instead=f"{there:%H:%M}")
    if wall.replace(tzinfo=tz, fold=1).utcoffset() != there.utcoffset():
        return words, voice.say("cplan.twice", time=f"{wall:%H:%M}", zone=timing.zone)
    return words, ""


def _whole(voice: Teller, at: float, zone: str) -> str:
    there = local(at, zone)
    return f"{voice.say(f'cal.day.{there.weekday()}')}, {day(at, zone, voice.language)}, {there:%H:%M} {there:%Z}"


def moment_in(voice: Teller, at: float) -> str:
    """A moment on the reader's clock, to the minute."""
    return f"{day(at, voice.zone, voice.language)}, {local(at, voice.zone):%H:%M}"


def when(voice: Teller, timing: Timing) -> str:
    """When it goes, in a few words."""
    if timing.kind == "now":
        return voice.say("cplan.when.now")
    if timing.kind == "recurring":
        line = voice.say(f"cedit.cron.{PRESETS.index(timing.cron)}") if timing.cron in PRESETS else timing.cron or "–"
        return voice.say("cplan.when.own" if timing.zone == OWN else "cplan.when.cron", cron=line, zone=timing.zone)
    wall = wall_of(timing)
    if wall is None:
        return voice.say("cplan.when.none")
    words = f"{voice.say(f'cal.day.{wall.weekday()}')} {day(wall.replace(tzinfo=UTC).timestamp(), 'UTC', voice.language)}, {wall:%H:%M}"
    return voice.say("cplan.when.local", when=words) if timing.zone == OWN else f"{words} {timing.zone}"


def takes(voice: Teller, timing: Timing, people: int | None) -> str:
    """How long it goes at its pace; "" when nobody can say."""
    if not timing.pace or not people:
        return ""
    return voice.say("cplan.takes", span=span_of(float(max(1, round(people / timing.pace))), voice.language), pace=count(round(timing.pace), voice.language))


def trial(voice: Teller, body: Campaign) -> str:
    """What is tried, in a few words."""
    names = [one.name for one in body.variants]
    if body.experiment is None or (len(names) < 2 and not body.experiment.holdout):
        return voice.say("cplan.test.none")
    parts = [voice.say("cplan.test.against", names=voice.say("cplan.against", first=", ".join(names[:-1]), last=names[-1]))] if len(names) > 1 else []
    if len(names) > 1 and body.experiment.share < 100:
        parts.append(voice.say("cplan.test.share", share=plain_percent(voice, body.experiment.share)))
    if body.experiment.holdout:
        parts.append(voice.say("cplan.test.holdout", share=plain_percent(voice, body.experiment.holdout)))
    return ", ".join(parts)


def plain_percent(voice: Teller, value: float) -> str:
    """5% in English, 5 % in German, with as many digits as it needs."""
    text = plain(value)
    return f"{text.replace('.', ',')} %" if voice.language == "de" else f"{text}%"


def plan(voice: Teller, body: Campaign, people: int | None, cost: str) -> list[FactRow]:
    """The rail's facts."""
    timing = body.timing
    rows = [FactRow(voice.say("cplan.starts"), when(voice, timing), takes(voice, timing, people))]
    if timing.window is not None:
        rows.append(FactRow(voice.say("cplan.window"), window_words(voice, timing)))
    if timing.expires:
        rows.append(FactRow(voice.say("cplan.useless"), expires(voice, timing.expires)))
    rows.append(FactRow(voice.say("cplan.test"), trial(voice, body)))
    if cost:
        rows.append(FactRow(voice.say("cplan.cost"), cost))
    rows.append(FactRow(voice.say("cplan.approval"), voice.say("cplan.approval.yes" if body.approval else "cplan.approval.no")))
    return rows


def window_words(voice: Teller, timing: Timing) -> str:
    """09:00 to 20:00, Mon to Fri."""
    window = timing.window
    if window is None:
        return voice.say("cplan.window.none")
    days = "" if len(window.days) == 7 else ", " + voice.listed([voice.say(f"cal.day.{n}") for n in window.days])
    return voice.say("cplan.window.of", start=window.start, end=window.end) + days


def expires(voice: Teller, seconds: int) -> str:
    """How long it is worth sending."""
    return voice.say("cplan.useless.never") if not seconds else voice.say("cplan.useless.after", span=span_of(seconds, voice.language))


def part_words(voice: Teller, draft: Draft, key: str) -> str:
    """A part of a draft in words, for who has to choose between two."""
    body, value = draft.body, part(draft, key)
    if key == "channels":
        return ", ".join(voice.channel(one) for one in body.channels) or voice.say("camp.channels.category")
    if key == "variants":
        return ", ".join(f"{one.name}: {one.template or '–'}, {plain_percent(voice, one.weight)}" for one in body.variants)
    if key == "timing":
        return "; ".join(one for one in (when(voice, body.timing), window_words(voice, body.timing), expires(voice, body.timing.expires), takes(voice, body.timing, 1) and plain(body.timing.pace)) if one)
    if key == "experiment":
        return trial(voice, body) + (f"; {voice.say(f'cedit.metric.{value.metric}')}, {plain(100 * value.gain)}" if isinstance(value, Experiment) else "")
    if key == "approval":
        return voice.say("cplan.approval.yes" if value else "cplan.approval.no")
    if key == "exclude":
        return ", ".join(value) or "–"
    return str(value)[:1_000] or "–"


def split(voice: Teller, body: Campaign, people: int) -> list[tuple[Part, str, str]]:
    """Who gets which message of so many people: a part of the bar, its name, its count; they add up to all of them."""
    trial_, hues = body.experiment or Experiment(), ("arm-1", "arm-2", "arm-3", "arm-4", "arm-5", "arm-6", "arm-7", "arm-8")
    held = round(people * trial_.holdout / 100)
    tried = people - held if len(body.variants) == 1 or trial_.share >= 100 else round((people - held) * trial_.share / 100)
    rest, rows, left, weight_left = people - held - tried, [], tried, max(1e-9, sum(one.weight for one in body.variants))
    for n, one in enumerate(body.variants):
        mine = round(left * one.weight / weight_left) if weight_left > 1e-6 else 0
        mine = left if n == len(body.variants) - 1 else min(mine, left)
        left, weight_left = left - mine, weight_left - one.weight
        rows.append((hues[n % len(hues)], one.name if len(body.variants) > 1 else voice.say("cplan.split.message"), mine))
    rows += [("arm-rest", voice.say("cplan.split.rest"), rest)] if rest else []
    rows += [("arm-held", voice.say("cplan.split.held"), held)] if held else []
    whole = max(1, people)
    return [(Part(hue, f"{100 * n / whole:.2f}%"), name, f"{count(n, voice.language)} ({percent(n, whole, voice.language)})") for hue, name, n in rows]


def letter(place: int) -> str:
    """Of a message, by its place."""
    return LETTERS[place % len(LETTERS)]


def points(voice: Teller, value: float) -> str:
    """0.5 points: a gain as people say it."""
    return voice.say("cplan.points", count=decimal(100 * value, 2, voice.language).rstrip("0").rstrip(".,"))


def since(voice: Teller, at: float) -> str:
    """How long ago: now, 9 min ago, 3 h ago, then the day."""
    passed, words = voice.now - at, ago(at, voice.now, voice.zone, voice.language)
    return words if passed < 60 or passed >= 86_400 else voice.say("camp.when.ago", time=words)


def stamp(voice: Teller, at: float) -> str:
    """When something was, to the second, for a tooltip."""
    return moment(at, voice.zone, voice.language)
