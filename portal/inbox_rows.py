"""What the inbox page holds of notifications: rows with words, days between them, and the hours to snooze to. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from backend.app.views import InboxItem
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.ids import delivery_id, parse_id, person_bytes
from portal.rows import Choice, InboxRow
from portal.telling import Teller
from portal.theme import ago, day, local, moment, zone

HUES = {"SECURITY": "sent", "ORDER": "engaged", "TRANSACTION": "engaged", "CHAT": "digested", "MARKETING": "held", "PRODUCT": "held"}
EVENING, MORNING, MONDAY = 18, 9, 0
YEAR = 366 * 86_400.0  # seconds a notification may sleep


def row_of(item: InboxItem, voice: Teller, person: int, names: Mapping[str, str]) -> InboxRow:
    at = item.timestamp.timestamp()
    web = delivery_id(parse_id(item.id), person, CHANNEL_NUMBER["web"], person_bytes(person)).hex() if person else ""
    snoozed = item.snoozed_until
    asleep = snoozed is not None and snoozed.timestamp() > voice.now
    return InboxRow(
        id=item.id, title=item.title, text=item.message, category=names.get(item.category, item.category), hue=HUES.get(item.type, "queued"),
        time=_time(at, voice), exact=moment(at, voice.zone, voice.language), unread=item.read_at is None,
        archived=item.archived_at is not None, silent=item.silent, snoozed=voice.say("inbox.until", until=voice.when(snoozed)) if snoozed and asleep else "",
        link=safe_link(item.link or ""), why=f"/deliveries/{web}" if web else "",
        actions=[Choice(safe_link(action.link), action.label) for action in item.actions if safe_link(action.link)][:5], kind=item.type,
    )  # fmt: skip


def _time(at: float, voice: Teller) -> str:
    """How long ago within the day, else the hour: the day stands above."""
    return ago(at, voice.now, voice.zone, voice.language) if voice.now - at < 43_200 else f"{local(at, voice.zone):%H:%M}"


def with_days(rows: list[InboxRow], items: Sequence[InboxItem], voice: Teller) -> list[InboxRow]:
    """The rows, the first of each day under its name."""
    before = None
    for row, item in zip(rows, items, strict=True):
        on = local(item.timestamp.timestamp(), voice.zone).date()
        row.day = "" if on == before else day_words(item.timestamp.timestamp(), voice)
        before = on
    return rows


def day_words(at: float, voice: Teller) -> str:
    """Today, Yesterday, Monday, then the date."""
    then, today = local(at, voice.zone).date(), local(voice.now, voice.zone).date()
    behind = (today - then).days
    if behind in (0, 1):
        return voice.say("inbox.today" if behind == 0 else "inbox.yesterday")
    if 1 < behind < 7:
        return voice.say(f"day.{then.weekday()}")
    return day(at, voice.zone, voice.language)


def snoozes_at(now: float, zone_name: str) -> list[tuple[str, datetime]]:
    """The usual hours to come back at, soonest first: their names and moments."""
    here = local(now, zone_name)
    choices = [("hour", datetime.fromtimestamp(now + 3600, UTC))]
    if here.hour < EVENING - 1:
        choices.append(("evening", _wall(here, 0, EVENING, zone_name)))
    choices.append(("tomorrow", _wall(here, 1, MORNING, zone_name)))
    ahead = (MONDAY - here.weekday()) % 7 or 7
    if ahead > 1:
        choices.append(("monday", _wall(here, ahead, MORNING, zone_name)))
    return choices


def snooze_end(until: str, now: float, zone_name: str) -> float | None:
    """When a snooze ends: a name of `snoozes_at`, or YYYY-MM-DDTHH:MM on the person's clock; None when it is neither to come nor near."""
    named = dict(snoozes_at(now, zone_name))
    if until in named:
        return named[until].timestamp()
    try:
        wall = datetime.fromisoformat(until)
    except ValueError:
        return None
    at = wall.replace(tzinfo=zone(zone_name)).timestamp()
    return at if now < at <= now + YEAR else None


def tomorrow_at_nine(now: float, zone_name: str) -> float:
    """09:00 of the next day in a zone, in seconds; across a change of the clocks too."""
    return _wall(local(now, zone_name), 1, MORNING, zone_name).timestamp()


def _wall(here: datetime, days: int, hour: int, zone_name: str) -> datetime:
    return datetime.combine(here.date() + timedelta(days=days), time(hour), zone(zone_name))


def safe_link(link: str) -> str:
    """The link when it leads to a page or a mail, else "": what was refused at rendering is refused again where it is pressed."""
    return link if link.lower().startswith(("https://", "http://", "mailto:", "tel:")) else ""
