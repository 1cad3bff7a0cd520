"""What somebody's choice does next, in sentences: the coming quiet time, the pause, the hour of what is collected. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from backend.domain import quiet
from backend.domain.person import QuietHours
from portal.telling import Teller
from portal.theme import day, local, wall

STEP = 300.0  # seconds; quiet times begin on minutes that people type, five is near enough to find them
WEEK = 7 * 86_400.0
CLOCKS = 45 * 86_400.0  # how far ahead a change of the clocks is told


def ahead(voice: Teller, zone: str, spans: Sequence[QuietHours], *, always: str, over: str, often: str, paused_until: float) -> str:
    """`always`: what nothing holds, as a list of names; `over`: the channels that wait, as a list of words."""
    if paused_until > voice.now:
        return voice.say("pref.ahead.paused", until=words_of(voice, paused_until), names=always)
    sentences = [_quiet(voice, zone, spans, always, over)]
    outside = quiet.OUTSIDE_WINDOW.get(often, ())
    if outside:
        tz = quiet.zone(zone)
        at = quiet.next_allowed(voice.now, tz, (*spans, *outside))
        if at is not None:
            sentences.append(voice.say("pref.ahead.daily", when=words_of(voice, at)))
    return " ".join(sentences)


def _quiet(voice: Teller, zone: str, spans: Sequence[QuietHours], always: str, over: str) -> str:
    tz = quiet.zone(zone)
    if not spans:
        return voice.say("pref.ahead.open")
    start = begin(voice.now, zone, spans)
    if start is None:
        return voice.say("pref.ahead.open")
    end = quiet.next_allowed(start, tz, spans)
    if end is None:
        return voice.say("pref.ahead.always", names=always)
    from_, to = local(start, zone), local(end, zone)
    clock = f"{to:%H:%M}"
    return voice.say("pref.ahead.quiet", day=_day(voice, start, zone), start=f"{from_:%H:%M}", end=clock, channels=over, names=always)


def begin(now: float, zone: str, spans: Sequence[QuietHours]) -> float | None:
    """When the running or the next quiet time begins, to the minute; None when there is none within a week."""
    tz, at = quiet.zone(zone), now
    if quiet.in_quiet(now, tz, spans):
        while quiet.in_quiet(at - 60, tz, spans) and now - at < WEEK:
            at -= 60
        return at // 60 * 60
    while at < now + WEEK + STEP:
        if quiet.in_quiet(at, tz, spans):
            while quiet.in_quiet(at - 60, tz, spans):
                at -= 60
            return at // 60 * 60
        at += STEP
    return None


def _day(voice: Teller, at: float, zone: str) -> str:
    then, today = local(at, zone), local(voice.now, zone).date()
    if then.date() <= today:
        return voice.say("pref.ahead.tonight" if then.hour >= 17 else "pref.ahead.today")
    if then.date() == today + timedelta(days=1):
        return voice.say("pref.ahead.tomorrow")
    return voice.say("pref.ahead.day", day=voice.say(f"day.{then.weekday()}"))


def words_of(voice: Teller, at: float) -> str:
    """A moment to come, as the page says it."""
    return wall(at, voice.now, voice.zone, voice.language)


def clocks(voice: Teller, zone: str) -> str:
    """A change of the clocks within the next weeks, and what it does to a quiet night; "" when there is none."""
    at, last = voice.now, local(voice.now, zone).utcoffset() or timedelta()
    while at < voice.now + CLOCKS:
        at += 86_400.0
        offset = local(at, zone).utcoffset() or timedelta()
        if offset != last:
            key = "pref.ahead.forward" if offset > last else "pref.ahead.back"
            return voice.say(key, day=day(_change(at - 86_400.0, at, zone), zone, voice.language))
    return ""


def _change(low: float, high: float, zone: str) -> float:
    before = local(low, zone).utcoffset()
    while high - low > 60:
        middle = (low + high) / 2
        low, high = (middle, high) if local(middle, zone).utcoffset() == before else (low, middle)
    return high
