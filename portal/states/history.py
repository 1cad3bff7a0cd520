"""State of a person's history: one page of what was meant for them, with what became of it, narrowed by the address."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from dataclasses import dataclass, field
from urllib.parse import urlencode

import reflex as rx

from backend.app.own_history import HistoryItem
from backend.app.views import UnitView
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.errors import Unavailable
from backend.domain.plain import in_line
from portal.components.status import look_of
from portal.frame import Frame
from portal.guard import caller, guarded
from portal.inbox_rows import day_words
from portal.reading import teller
from portal.rows import Choice
from portal.telling import Teller
from portal.theme import local, moment
from portal.wiring import app

ROWS = 25
PATH = "/history"
FATES = ("arrived", "waiting", "none")
DONE, UNDERWAY = ("sent", "delivered"), ("pending", "sending")


@dataclass
class Way:
    """What became of it on one channel."""

    channel: str
    look: str
    text: str


@dataclass
class Past:
    """One notification. `day` stands above the first of a day."""

    id: str
    day: str
    title: str
    category: str
    time: str
    exact: str
    fate: str
    ways: list[Way] = field(default_factory=list)


class History(rx.State):
    """The filters as the address has them, and one page of rows."""

    fate: str = ""
    channel: str = ""
    category: str = ""
    filtered: bool = False
    categories: list[Choice] = []
    rows: list[Past] = []
    first: bool = True
    more: bool = False
    trouble: str = ""
    _cursors: list[str] = []  # of the pages before this one
    _next: str = ""

    @guarded("inbox.own", page=True)
    async def load(self) -> None:
        """Take the filters from the address and read the first page."""
        query = self.router.url.query_parameters
        fate, channel = str(query.get("fate", "")), str(query.get("channel", ""))
        self.fate, self.channel = fate if fate in FATES else "", channel if channel in CHANNEL_NUMBER else ""
        self.category = str(query.get("category", ""))[:64]
        self.filtered = bool(self.fate or self.channel or self.category)
        self._cursors = []
        await _fill(self, "")

    @guarded("inbox.own")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self, self._cursors[-1] if self._cursors else "")
        (await self.get_state(Frame)).loaded = True

    @guarded("inbox.own")
    async def pick(self, name: str, value: str) -> rx.event.EventSpec | None:
        """One filter changed: the address says so, and the page loads by it."""
        filters = {"fate": self.fate, "channel": self.channel, "category": self.category}
        if name not in filters:
            return None
        query = urlencode({key: one for key, one in {**filters, name: str(value)[:64]}.items() if one})
        return rx.redirect(f"{PATH}?{query}" if query else PATH)

    @guarded("inbox.own")
    async def turn(self, back: bool) -> None:
        """To the older ones, or back to the newer."""
        if back and self._cursors:
            self._cursors.pop()
        elif not back and self._next:
            self._cursors.append(self._next)
        await _fill(self, self._cursors[-1] if self._cursors else "")


async def _fill(page: History, after: str) -> None:
    actor, voice = caller(), await teller(page)
    page.trouble = ""
    try:
        found = await app().history.list(
            actor, actor.subject, category=page.category or None, channel=page.channel or None, fate=page.fate or None, after=after or None, limit=ROWS,
        )  # fmt: skip
        names = await app().categories.names(actor)
    except Unavailable as away:
        page.trouble = away.detail
        return
    page.categories = [Choice(key, name) for key, name in sorted(names.items(), key=lambda pair: pair[1].lower())]
    page.rows, before = [], ""
    for item in found.items:
        day = day_words(item.at.timestamp(), voice)
        page.rows.append(past_of(item, voice, "" if day == before else day, page.channel))
        before = day
    page._next, page.more, page.first = found.next or "", found.next is not None, not page._cursors


def past_of(item: HistoryItem, voice: Teller, day: str, channel: str = "") -> Past:
    """One notification as the page shows it; of `channel` alone when one is asked for."""
    at = item.at.timestamp()
    units = [unit for unit in item.units if not channel or unit.channel == channel]
    ways = [Way(unit.channel, look_of(unit.state) if unit.state else "skipped", told(unit, voice)) for unit in units]
    title = item.title or voice.say("hist.untitled", category=in_line(item.category_name, 60))
    return Past(item.id, day, title, item.category_name, f"{local(at, voice.zone):%H:%M}", moment(at, voice.zone, voice.language), item.fate, ways)


def told(unit: UnitView, voice: Teller) -> str:
    """What became of it on one channel, and why, in the person's words."""
    why = " ".join(dict.fromkeys(reason.text for reason in unit.reasons if reason.text))
    if unit.state in DONE:
        if unit.channel == "web":
            return voice.say("hist.inbox.silent" if unit.silent else "hist.inbox")
        return voice.say("hist.sent", address=unit.address) if unit.address else voice.say("hist.sent.gone")
    if unit.state == "held":
        return f"{voice.say('hist.held', until=voice.when(unit.until) if unit.until else '–')} {why}".strip()
    if unit.state in UNDERWAY:
        return voice.say("hist.underway")
    if unit.state is None:
        return why or voice.say("hist.skipped")
    return voice.say(f"hist.{unit.state}")
