"""State of the next time of a campaign that goes again and again: when that is, and the dry run of it, counted from its own page."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from typing import Any

import reflex as rx

from backend.app.campaign_views import CampaignView, ForecastView
from backend.domain.errors import Forbidden, NotFound, Refusal, Unauthenticated
from portal.campaign_forecast import Told, progress, told
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.states.campaign import PATH, CampaignPage
from portal.states.campaign_edit import key_in
from portal.telling import Teller
from portal.theme import wall
from portal.watching import watch
from portal.wiring import app

LOOK = 1.0  # seconds between looks at a dry run that counts
AGAIN = 20  # looks after which the caller is asked for anew
DONE = ("done", "outdated")


class CampaignNext(rx.State):
    """`there`: it goes again. `state`: of the dry run of that time, "" while nobody made one."""

    there: bool = False
    when: str = ""
    state: str = ""
    width: str = "0%"
    counting: str = ""
    told: Told = Told()
    wrong: str = ""
    may: bool = False
    _loop: str = ""

    @guarded("content.read")
    async def load(self) -> Any:
        """After the campaign was read."""
        self.reset()
        page, voice = await self.get_state(CampaignPage), await teller(self)
        view = page._view
        if view is None or page.gone or page.trouble or view.draft.timing.kind != "recurring" or view.next_at is None:
            return None
        self.there, self.may = True, "edit" in view.can
        self.when = wall(view.next_at.timestamp(), voice.now, voice.zone, voice.language)
        _show(self, voice, await _newest(caller(), view))
        return CampaignNext.follow if self.state == "counting" else None

    @guarded("content.write")
    async def begin(self) -> Any:
        """Count who gets it then."""
        page, voice = await self.get_state(CampaignPage), await teller(self)
        self.wrong = ""
        try:
            _show(self, voice, await app().forecasts.begin(caller(), page.key))
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal)
            return None
        return CampaignNext.follow

    @guarded("content.read", background=True)
    async def follow(self) -> None:
        """Look until it has counted everybody."""
        key = key_in(self, 1)

        async def ask(actor: Any, _whole: bool) -> ForecastView:
            return await app().forecasts.get(actor, key)

        def show(voice: Teller, found: ForecastView) -> None:
            _show(self, voice, found)
            if found.state != "counting":
                self._loop = ""

        await watch(self, f"{PATH}/{key}", "content.read", every=LOOK, whole=AGAIN, ask=ask, show=show, missing=lambda _: None)  # the page says so itself


async def _newest(actor: Any, view: CampaignView) -> ForecastView | None:
    """The dry run that the next time will be held against: made since the last one began."""
    try:
        found = await app().forecasts.get(actor, view.key)
    except NotFound:
        return None
    began = (view.run.started_at or view.run.planned_at) if view.run else None
    return None if began is not None and found.at is not None and found.at < began else found


def _show(page: CampaignNext, voice: Teller, view: ForecastView | None) -> None:
    page.state = view.state if view else ""
    page.width, page.counting = progress(voice, view) if view and view.state == "counting" else ("0%", "")
    page.told = told(voice, view) if view and view.state in DONE else Told()
