"""State of the calendar: a month of campaigns and schedules, on the days of the reader's zone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import reflex as rx

from backend.app.campaign_views import CalendarEntry
from backend.domain.errors import Refusal
from portal.campaign_rows import DayCell, DayEntry
from portal.frame import Frame
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.telling import Teller
from portal.theme import count, day, local, zone
from portal.wiring import app

PATH = "/calendar"
SHOWN = 4  # of a day in the grid; the list shows more
LISTED = 12
OF_RUN = {"preparing": "running", "testing": "running", "failed": "cancelled", "fired": "finished"}  # states of runs and schedules -> of campaigns
FIRST, LAST = date(2020, 1, 1), date(2099, 12, 1)


class Calendar(rx.State):
    """A month. `cells`: six weeks or less, Monday first; `days`: those of the month that have something, as a phone lists them."""

    title: str = ""
    sub: str = ""
    before: str = ""
    after: str = ""
    heads: list[str] = []
    weeks: list[list[DayCell]] = []
    days: list[DayCell] = []
    trouble: str = ""
    _month: str = ""

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """The month stands in the address; without one it is this one."""
        self._month = str(self.router.url.query_parameters.get("month", ""))[:7]
        await _fill(self)

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True


async def _fill(page: Any) -> None:
    voice = await teller(page)
    today = local(voice.now, voice.zone).date()
    first = month_of(page._month, today)  # noqa: SLF001 - the page's own
    page.trouble = ""
    page.title, page.sub = voice.say(f"cal.month.{first.month}", year=first.year), voice.say("cal.sub", zone=voice.zone)
    page.before, page.after = address(before(first)), address(following(first))
    page.heads = [voice.say(f"cal.day.{n}") for n in range(7)]
    begin = first - timedelta(days=first.weekday())
    end = following(first)
    end += timedelta(days=-end.weekday() % 7)
    try:
        entries = await app().campaigns.calendar(caller(), midnight(begin, voice.zone).timestamp(), midnight(end, voice.zone).timestamp())
    except Refusal as refusal:
        page.trouble = in_words(refusal)
        return
    cells = cells_of(voice, entries, begin, end, first, today, SHOWN)
    page.weeks = [cells[n : n + 7] for n in range(0, len(cells), 7)]
    page.days = [cell for cell in cells_of(voice, entries, begin, end, first, today, LISTED) if cell.goes and not cell.out]


def month_of(text: str, today: date) -> date:
    """The first day of the month that is named as 2026-11; of today's where none is."""
    try:
        found = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        found = today
    return min(max(found, FIRST), LAST).replace(day=1)


def following(first: date) -> date:
    """The first day of the next month."""
    return (first + timedelta(days=31)).replace(day=1)


def before(first: date) -> date:
    """The first day of the month before."""
    return (first - timedelta(days=1)).replace(day=1)


def address(first: date) -> str:
    """Where that month is shown."""
    return f"{PATH}?month={first:%Y-%m}"


def midnight(at: date, zone_name: str) -> datetime:
    """When the day begins there."""
    return datetime(at.year, at.month, at.day, tzinfo=zone(zone_name))


def cells_of(voice: Teller, entries: Sequence[CalendarEntry], begin: date, end: date, first: date, today: date, most: int) -> list[DayCell]:
    """A cell for each day from `begin` to before `end`, each with its entries in order of time."""
    of_day: dict[date, list[CalendarEntry]] = {}
    for entry in sorted(entries, key=lambda one: (one.at, one.key)):
        of_day.setdefault(local(entry.at.timestamp(), voice.zone).date(), []).append(entry)
    cells = []
    for n in range((end - begin).days):
        at = begin + timedelta(days=n)
        some = of_day.get(at, [])
        more = voice.say("cal.more", count=count(len(some) - most, voice.language)) if len(some) > most else ""
        word = f"{voice.say(f'cal.day.{at.weekday()}')}, {day(midnight(at, voice.zone).timestamp(), voice.zone, voice.language)}"
        cells.append(DayCell(at.isoformat(), str(at.day), word, at.month != first.month, at == today, more, [entry_of(one, voice) for one in some[:most]]))
    return cells


def entry_of(one: CalendarEntry, voice: Teller) -> DayEntry:
    """One thing of a day."""
    href = f"/campaigns/{one.key}" if one.kind == "campaign" else f"/schedules?schedule={one.key}"
    people = voice.say("cal.people", count=count(one.recipients, voice.language)) if one.recipients is not None else ""
    state = OF_RUN.get(one.state, one.state)
    return DayEntry(f"{one.kind} {one.key} {one.at.timestamp()}", one.name or one.key, voice.say(f"cal.kind.{one.kind}"), f"{local(one.at.timestamp(), voice.zone):%H:%M}", state, href, people)
