"""State of the overview: a day in tiles, funnel and channels, and this moment, which moves by itself while the tab is open."""

from typing import TYPE_CHECKING

import reflex as rx

from backend.app.overview_views import NowView, OverviewView
from backend.domain.errors import Unavailable
from portal import overview_words as words
from portal.figures import Figure
from portal.frame import Frame
from portal.guard import caller, guarded
from portal.hours import Column, hours
from portal.overview_rows import AheadRow, ChannelRow, LaneRow, ProblemRow, RestRow, SendRow, StartRow
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import StepRow, Tile
from portal.telling import Teller
from portal.watching import watch
from portal.wiring import app

if TYPE_CHECKING:
    from backend.app import Actor

PATH = "/overview"
PERMISSION = "analytics.read"
LOOK = 3.0  # seconds between looks at the moment
WHOLE = 20  # looks after which the day is read again, and the caller asked for anew


class Overview(rx.State):
    """`begun`: something was sent, so there are numbers; else the first steps stand in their place."""

    trouble: str = ""
    begun: bool = False
    start: list[StartRow] = []
    accepted: Tile = Tile()
    delivered: Tile = Tile()
    time: Tile = Tile()
    left: Tile = Tile()
    steps: list[StepRow] = []
    rest: list[RestRow] = []
    sum: str = ""
    balances: bool = True
    channels: list[ChannelRow] = []
    hours: Figure = Figure()
    columns: list[Column] = []
    top: str = ""
    rate: str = ""
    going: bool = False
    sends: list[SendRow] = []
    lanes: list[LaneRow] = []
    note: ProblemRow = ProblemRow("", "", "", "", "", "", "", "", "")
    problems: list[ProblemRow] = []
    problems_text: str = ""
    ahead: list[AheadRow] = []
    fresh: str = ""  # when the day was read
    _loop: str = ""  # the newest loop of this tab; older ones end

    @guarded(PERMISSION, page=True)
    async def load(self) -> None:
        """The day and the moment."""
        await _fill(self)

    @guarded(PERMISSION)
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded(PERMISSION, background=True)
    async def follow(self) -> None:
        """Look at the moment every few seconds, and now and then at the day."""

        async def ask(actor: "Actor", whole: bool) -> tuple[NowView, OverviewView | None]:
            now = await app().overview.now(actor)
            return now, await app().overview.day(actor) if whole or not self.begun else None

        def show(voice: Teller, found: tuple[NowView, OverviewView | None]) -> None:
            now, day = found
            _show_now(self, voice, now)
            if day is not None:
                _show_day(self, voice, day)

        await watch(self, PATH, PERMISSION, every=LOOK, whole=WHOLE, ask=ask, show=show)


async def _fill(page: Overview) -> None:
    voice, actor = await teller(page), caller()
    page.trouble = ""
    try:
        day, now = await app().overview.day(actor), await app().overview.now(actor)
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    _show_day(page, voice, day)
    _show_now(page, voice, now)


def _show_day(page: Overview, voice: Teller, day: OverviewView) -> None:
    page.begun = not day.steps
    page.start = words.start(voice, day.steps)
    page.accepted, page.delivered = words.accepted(voice, day), words.delivered(voice, day)
    page.time, page.left = words.time(voice, day), words.unsubscribed(voice, day)
    page.steps, page.rest = words.funnel(voice, day.flow)
    page.sum, page.balances = words.balance(voice, day.flow)
    page.channels = [words.channel(voice, one) for one in day.channels]
    page.hours, page.columns, page.top = hours(voice, day)
    page.fresh = words.fresh(voice, day)


def _show_now(page: Overview, voice: Teller, now: NowView) -> None:
    page.rate, page.going = words.rate(voice, now.per_second), now.per_second > 0
    page.sends = [words.send(voice, one) for one in now.sends]
    page.lanes = [words.lane(voice, one) for one in now.lanes]
    page.problems = [words.problem(voice, one) for one in now.problems]
    page.problems_text = words.problems(voice, now.problems)
    grave = next((row for row in page.problems if row.hue == "failed"), None)
    page.note = grave or ProblemRow("", "", "", "", "", "", "", "", "")
    page.ahead = [words.ahead(voice, one, str(n)) for n, one in enumerate(now.ahead)]
