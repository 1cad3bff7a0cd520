"""State of a campaign's plan beside its fact, of its recipients, its times, its versions and its experiment's verdict."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from typing import Any

import reflex as rx

from backend.app.campaign_views import CampaignView, ForecastView
from backend.domain.errors import Forbidden, NotFound, Refusal, Unauthenticated
from portal import campaign_words as words
from portal.campaign_forecast import Told, differs, told
from portal.campaign_rows import DifferRow, PersonRow, RunRow, VersionRow
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.routes import is_page
from portal.states.campaign import AGAIN, MOVING, PATH, CampaignPage
from portal.states.campaign_edit import key_in
from portal.telling import Teller
from portal.theme import count
from portal.watching import watch
from portal.wiring import app

LOOK = 3.0  # seconds between looks at the fact while it is under way
ROWS = 25
RUNS = 20
OUTCOMES = ("", "sent", "held", "skipped", "failed", "waiting", "holdout")


class CampaignFact(rx.State):
    """`there`: a plan with its fact. `verdict`: of its experiment, "" without one."""

    there: bool = False
    ahead: bool = False  # a plan alone: it has not begun
    told: Told = Told()
    equal: str = ""
    even: bool = True
    going: bool = False  # not everybody is decided yet: what is missing of a row is no difference
    differences: list[DifferRow] = []
    verdict: str = ""
    explained: str = ""
    experiment: str = ""
    runs: list[RunRow] = []
    versions: list[VersionRow] = []
    _key: str = ""
    _loop: str = ""

    @guarded("content.read")
    async def load(self) -> None:
        """Plan and fact, verdict, times, versions; each of them may be missing."""
        loop = self._loop  # what follows begins beside this
        self.reset()
        self._loop = loop
        page, actor, voice = await self.get_state(CampaignPage), caller(), await teller(self)
        view = page._view
        if view is None or page.gone or page.trouble:
            return
        self._key = page.key
        if view.version:
            self.versions = words.versions(voice, await app().campaigns.versions(actor, page.key))
        if view.run is not None:
            self.runs = words.runs(voice, (await app().campaigns.runs(actor, page.key, limit=RUNS)).items)
            _show(self, voice, await _report(actor, page.key), view)
            await self._judge(actor, view)
        elif view.state in ("review", "approved", "scheduled") and not (view.draft.timing.kind == "recurring" and view.next_at):  # `campaign_next` has those
            plan = await _planned(actor, page.key)
            self.ahead = plan is not None and plan.state in ("done", "outdated")
            self.told = told(voice, plan) if plan is not None and self.ahead else Told()

    @guarded("content.read", background=True)
    async def follow(self) -> None:
        """Look again while it is under way. It begins beside `load`, so it asks the address which campaign that is."""
        key = key_in(self, 1)

        async def ask(actor: Any, _whole: bool) -> tuple[CampaignView, ForecastView | None]:
            view = await app().campaigns.get(actor, key)
            return view, await _report(actor, key) if view.run is not None else None

        def show(voice: Teller, found: tuple[CampaignView, ForecastView | None]) -> None:
            view, report = found
            if self._key == key:
                _show(self, voice, report, view)
            if view.state not in MOVING:
                self._loop = ""  # nothing moves any more

        await watch(self, f"{PATH}/{key}", "content.read", every=LOOK, whole=AGAIN, ask=ask, show=show, missing=lambda _: None)  # the page says so itself

    async def _judge(self, actor: Any, view: CampaignView) -> None:
        if view.draft.experiment is None:
            return
        try:
            found = await app().experiments.get(actor, view.key)
        except NotFound:
            return
        self.verdict, self.explained, self.experiment = found.sentence, found.explained, f"/experiments/{view.key}" if is_page("/experiments") else ""


class CampaignPeople(rx.State):
    """One page of the recipients of a run, those with one outcome or all."""

    rows: list[PersonRow] = []
    outcome: str = ""
    first: bool = True
    last: bool = True
    place: str = ""
    closed: bool = False
    wrong: str = ""
    several: bool = False
    _cursors: list[str] = []
    _next: str = ""

    @guarded("content.read")
    async def load(self) -> None:
        """The first page of the newest run."""
        self.reset()
        await self._fill()

    @guarded("content.read")
    async def pick(self, outcome: str) -> None:
        """Those with this outcome alone."""
        if outcome in OUTCOMES:
            self.outcome, self._cursors = outcome, []
            await self._fill()

    @guarded("content.read")
    async def older(self) -> None:
        if self._next:
            self._cursors.append(self._next)
            await self._fill()

    @guarded("content.read")
    async def newer(self) -> None:
        if self._cursors:
            self._cursors.pop()
            await self._fill()

    async def _fill(self) -> None:
        page, voice = await self.get_state(CampaignPage), await teller(self)
        view = page._view
        self.rows, self.wrong, self.closed = [], "", False
        if view is None or view.run is None:
            return
        after = self._cursors[-1] if self._cursors else None
        try:
            found = await app().campaigns.recipients(caller(), page.key, view.run.id, after=after, limit=ROWS, outcome=self.outcome)
        except Forbidden:
            self.closed = True
            return
        except Unauthenticated:
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal)
            return
        names = [one.name for one in view.draft.variants]
        self.several = len(names) > 1 or bool(view.draft.experiment and view.draft.experiment.holdout)
        self.rows = words.people(voice, found.items, names)
        start = len(self._cursors) * ROWS
        numbers = {"first": count(start + 1, voice.language), "last": count(start + len(self.rows), voice.language)}
        self.place = voice.say("page.rows", **numbers) if self.rows else voice.say("page.none")
        self._next, self.first, self.last = found.next or "", not self._cursors, found.next is None


async def _planned(actor: Any, key: str) -> ForecastView | None:
    try:
        return await app().forecasts.get(actor, key)
    except NotFound:
        return None


async def _report(actor: Any, key: str) -> ForecastView | None:
    try:
        return await app().forecasts.report(actor, key)
    except NotFound:
        return None


def _show(page: CampaignFact, voice: Teller, report: ForecastView | None, view: CampaignView) -> None:
    page.there = report is not None and bool(report.rows)
    if report is None:
        return
    page.told, page.differences = told(voice, report), differs(voice, report.differences)
    n = sum(row.n for row in report.differences)
    run = view.run
    going = run is not None and (run.ledger.pending > 0 or run.released < run.recipients)
    page.even, page.going = not n and not going, going
    page.equal = voice.say("crun.fact.differ", count=count(n, voice.language)) if n else voice.say("crun.fact.going") if going else voice.say("crun.fact.equal")
