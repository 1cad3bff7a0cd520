"""State of the builder's last step: the dry run as it counts, what it found, the checks, and starting it with the number in sight."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

import asyncio
import uuid
from typing import Any

import reflex as rx

from backend.app.campaign_views import ForecastView, StartIn
from backend.domain.errors import Forbidden, NotFound, Refusal, Stale, Unauthenticated, Unavailable
from portal import campaign_plan as plans
from portal.campaign_forecast import Told, checks, progress, told
from portal.campaign_rows import CheckRow
from portal.frame import Frame, tab_is_open, tell
from portal.guard import admit, caller, guarded, refused
from portal.reading import teller
from portal.refusals import in_words
from portal.states.campaign_edit import STEPS, Builder, reload, took
from portal.telling import Teller
from portal.wiring import app

LOOK = 0.5  # seconds between looks at a dry run
AGAIN = 30  # looks after which the caller is asked for anew
LIVE = ("counting",)


class Review(rx.State):
    """`state`: of the dry run, "" for none yet. `go`: what may be done now: submit, approve, start, "" for nothing; `blocked`: something must be put right before."""

    state: str = ""
    width: str = "0%"
    counting: str = ""
    told: Told = Told()
    detail: str = ""
    checks: list[CheckRow] = []
    blocked: bool = False
    go: str = ""
    can: list[str] = []
    act: str = ""  # the words of the button that starts it
    ask: str = ""
    ask_text: str = ""
    ask_act: str = ""
    wrong: str = ""
    submitted: str = ""
    page: str = ""  # of the campaign
    _forecast: ForecastView | None = None
    _loop: str = ""
    _key: str = ""

    @guarded("content.write")
    async def open(self) -> Any:
        """The newest dry run; a new one where there is none of this draft, and it can be made. Asked for at each step: the foot leans on it."""
        page = await self.get_state(Builder)
        if self._key != page.key:
            self.reset()
            self._key, self.page = page.key, f"/campaigns/{page.key}"
        if page.gone or page.trouble or page._view is None:
            return None
        view = await _newest(page.key)
        _take(self, view)
        runnable = bool(page._held.body.audience) and not any(one.step == "audience" and one.blocks for one in page._view.problems)
        if page.step == STEPS and not page.locked and runnable and (view is None or view.state in ("outdated", "failed", "stopped")) and page._view.state in ("draft", "approved", "review"):
            return await self._begin(page)
        await _show(self, page)
        return Review.follow if self.state in LIVE else None

    @guarded("content.write")
    async def begin(self) -> Any:
        """The dry run anew."""
        return await self._begin(await self.get_state(Builder))

    @guarded("content.write")
    async def stop(self) -> None:
        """The dry run is not needed."""
        page = await self.get_state(Builder)
        _take(self, await app().forecasts.stop(caller(), page.key) or await _newest(page.key))
        await _show(self, page)

    @guarded("content.write", background=True)
    async def follow(self) -> None:
        """Look at the dry run until it is done, the tab goes on, or somebody stops it."""
        mine, actor, looks, key = uuid.uuid4().hex, caller(), 0, self._key
        async with self:
            self._loop = mine
        while tab_is_open(self) and self._loop == mine and self._key == key:
            try:
                looks += 1
                if looks % AGAIN == 0:
                    actor = await admit(self, "content.write")
                view = await app().forecasts.get(actor, key)
            except Unavailable:
                view = None
            except NotFound:
                return
            except Refusal as refusal:
                await refused(self, refusal, background=True)
                return
            async with self:
                if self._loop != mine:
                    return
                if view is not None:
                    _take(self, view)
                    await _show(self, await self.get_state(Builder))
                if view is not None and self.state not in LIVE:
                    return
            await asyncio.sleep(LOOK)

    @guarded("content.write")
    async def go_to(self, step: int) -> Any:
        """Where a check is put right."""
        page = await self.get_state(Builder)
        return rx.redirect(f"/campaigns/{page.key}/edit?step={int(step)}") if 1 <= int(step) <= STEPS else None

    @guarded("content.write")
    async def submit(self) -> Any:
        """A second person is asked to look at it."""
        page, voice = await self.get_state(Builder), await teller(self)
        try:
            view = await app().campaigns.submit(caller(), page.key, page._revision)
        except (Forbidden, Unauthenticated, Unavailable):
            raise
        except Refusal as refusal:
            return await self._refuse(page, refusal)
        took(page, view, voice)
        tell(await self.get_state(Frame), "delivered", voice.say("rev.submitted"), voice.say("rev.submitted.text"))
        return rx.redirect(f"/campaigns/{page.key}")

    @guarded("content.write")
    async def start(self) -> Any:
        """Send it, or set it to its time. The number that was shown goes along: the facade holds it against its own."""
        page, voice = await self.get_state(Builder), await teller(self)
        if self._forecast is None or self.blocked:
            return None
        kind, people = page._held.body.timing.kind, self._forecast.people
        try:
            await app().campaigns.start(caller(), page.key, StartIn(confirm=people, revision=page._revision))
        except (Forbidden, Unauthenticated, Unavailable):
            raise
        except Refusal as refusal:
            return await self._refuse(page, refusal)
        tell(await self.get_state(Frame), "delivered", voice.say(f"rev.started.{kind}", name=page.name), voice.say(f"rev.started.{kind}.text"))
        return rx.redirect(f"/campaigns/{page.key}")

    async def _begin(self, page: Builder) -> Any:
        self.wrong = ""
        try:
            _take(self, await app().forecasts.begin(caller(), page.key))
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal)
        await _show(self, page)
        return Review.follow if self.state in LIVE else None

    async def _refuse(self, page: Builder, refusal: Refusal) -> Any:
        """What was refused is said where the button stands; what changed meanwhile is read anew."""
        self.wrong = in_words(refusal)
        if isinstance(refusal, Stale):
            await reload(page)
        _take(self, await _newest(page.key))
        await _show(self, page)
        tell(await self.get_state(Frame), "failed", (await teller(self)).say("rev.refused"), self.wrong)


async def _newest(key: str) -> ForecastView | None:
    try:
        return await app().forecasts.get(caller(), key)
    except NotFound:
        return None


def _take(page: Review, view: ForecastView | None) -> None:
    page._forecast, page.state = view, view.state if view else ""


async def _show(page: Review, builder: Builder) -> None:
    """The forecast, the checks and the button, in words."""
    voice, view, campaign = await teller(page), page._forecast, builder._view
    page.detail = view.detail if view else ""
    page.width, page.counting = progress(voice, view) if view and view.state in LIVE else ("0%", "")
    page.told = told(voice, view) if view and view.state in ("done", "outdated") else Told()
    problems = campaign.problems if campaign else []
    page.checks = checks(voice, problems, view)
    page.can = list(campaign.can) if campaign else []
    page.blocked = any(one.blocks for one in problems) or view is None or view.state != "done" or not view.people
    builder._cost = page.told.cost
    builder.plan = plans.plan(voice, builder._held.body, builder._people if builder._people >= 0 else None, builder._cost)
    _words(page, builder, voice)


def _words(page: Review, builder: Builder, voice: Teller) -> None:
    """What the button does, with its number."""
    kind, told_ = builder._held.body.timing.kind, page.told
    page.go = "approve" if "approve" in page.can else "submit" if "submit" in page.can and builder.approval else "start" if "start" in page.can else ""
    page.submitted = voice.say("rev.submitted.by", who=builder._view.submitted_by) if builder._view and builder._view.submitted_by and builder.state == "review" else ""
    n = told_.people or "–"
    key = "rev.act.plain" if not told_.people else "rev.act"
    page.act = voice.say(f"{key}.{kind}", count=n)
    when = plans.when(voice, builder._held.body.timing)
    page.ask = voice.say(f"rev.ask.{kind}", name=builder.name, count=n, when=when)
    sums = {one.key: one.n for one in told_.outcomes}
    page.ask_text = voice.say("rev.ask.text", reached=told_.reached or "–", people=n, sent=sums.get("send", "–"), held=sums.get("hold", "–"), skipped=sums.get("skip", "–"))
    page.ask_act = voice.say(f"rev.do.{kind}", count=n)

