"""What pages about a stretch of time do alike: presets, days of one's own in a dialog, and a link that shows everybody the same.

    class Figures(ranged(SPEC), listing(SPEC), rx.State): ...

The filters `range`, `from`, `to` and `zone` belong to it; `against` too, where a page compares. `portal.components.ranged` draws it.
"""

from typing import Any, Protocol

import reflex as rx

from portal import ranges
from portal.guard import guarded
from portal.reading import teller
from portal.rows import Choice, StepRow, Tile
from portal.states.listing import ListSpec
from portal.stretch import HeatRow, Stretch
from portal.theme import clock, moment
from portal.wiring import app

RANGE: dict[str, tuple[str, ...]] = {"range": ranges.PRESETS, "from": (), "to": (), "zone": ()}


def ranged(spec: ListSpec) -> type[rx.State]:
    """The mixin a page's state is made of, beside `listing`."""

    class Ranged(rx.State, mixin=True):
        """See the module."""

        preset: str = ranges.USUAL
        first_day: str = ""  # of the dialog
        last_day: str = ""
        range_problem: str = ""
        range_done: int = 0
        when: str = ""
        zone_note: str = ""
        fresh: str = ""
        fresh_exact: str = ""
        unread: str = ""  # the address's dates cannot be read
        link: str = ""
        providers: list[Choice] = []  # who answered in this range
        one: str = ""  # what is left out where one provider is looked at
        by: str = ""
        sort: str = ""
        time_file: str = ""
        anything: bool = False  # something was counted, ever
        some: bool = False  # in this range
        answer: str = ""
        proof: str = ""
        few: str = ""
        tiles: list[Tile] = [Tile(), Tile(), Tile(), Tile()]
        steps: list[StepRow] = []
        beside: list[StepRow] = []
        heat: list[HeatRow] = []

        @guarded(spec.permission)
        async def days(self, preset: str) -> Any:
            """A range that moves with the clock."""
            return rx.redirect(spec.address(spec.read({**self.query, "range": preset, "from": "", "to": "", "zone": "", "against": ""})))

        @guarded(spec.permission)
        async def choose_range(self, form: dict[str, Any]) -> Any:
            """Days of one's own, and what to compare them with."""
            voice = await teller(self)
            given = {name: str(form.get(name, ""))[:16].strip() for name in ("first", "last", "against")}
            zone = self.query["zone"] or voice.zone
            try:
                since, until = ranges.moment_of(given["first"], zone), ranges.moment_of(given["last"], zone, end=True)
                if given["against"]:
                    ranges.moment_of(given["against"], zone)
            except ValueError:
                self.range_problem = voice.say("analytics.range.unread")
                return None
            if since >= until:
                self.range_problem = voice.say("analytics.range.turned")
                return None
            self.range_problem, self.range_done = "", self.range_done + 1
            asked = {**self.query, "range": "", "from": given["first"], "to": given["last"], "zone": zone, "against": given["against"]}
            return rx.redirect(spec.address(spec.read(asked)))

    return Ranged


def show_range(page: Any, spec: ListSpec, span: ranges.Range, told: Stretch, upto: float) -> None:
    """Put what was looked at on the page. `upto`: until when it was counted."""
    voice = told.voice
    page.preset, page.first_day, page.last_day = span.preset, span.first[:10], span.last[:10]
    page.when = told.range()
    page.zone_note = voice.say("analytics.zone.own" if span.zone == span.own else "analytics.zone.link", zone=span.zone)
    page.fresh = voice.say("analytics.fresh", at=clock(upto, span.zone)[:5])
    page.fresh_exact = moment(upto, span.zone, voice.language)
    page.unread = voice.say("analytics.unread") if span.usual else ""
    absolute = {**page.query, "range": "", "from": span.first, "to": span.last, "zone": span.zone}
    page.link = app().settings.base_url.rstrip("/") + spec.address(absolute)


class Reported(Protocol):
    """What reports have in common. `upto`: until when it was counted; `provider`: "" or whose part it is."""

    @property
    def upto(self) -> float: ...
    @property
    def provider(self) -> str: ...
    @property
    def providers(self) -> list[str]: ...


class Told(Protocol):
    """Words of a report."""

    answer: str
    proof: str
    few: str


def show_report(page: Any, specs: tuple[ListSpec, ListSpec], span: ranges.Range, told: Stretch, view: Reported, shown: Told) -> None:
    """Put on the page what every report has. `specs`: of its parts, and of its file by time."""
    spec, time = specs
    show_range(page, spec, span, told, view.upto)
    page.providers = [Choice(name, name) for name in sorted({*view.providers[:50], view.provider} - {""})]
    page.one = told.say("analytics.given", provider=view.provider) if view.provider else ""
    page.time_file = time.address(page.query, f"/download/{time.name}.csv")
    page.answer, page.proof, page.few = shown.answer, shown.proof, shown.few
