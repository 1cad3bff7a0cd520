"""State of a campaign's own page: what it is doing, how far it is, and what may be done with it. It moves by itself while something is under way."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import reflex as rx

from backend.app.campaign_views import CampaignIn, CampaignView
from backend.domain.errors import Forbidden, NotFound, Refusal, Stale, Taken, Unauthenticated
from portal import campaign_draft as drafts
from portal import campaign_words as words
from portal.campaign_forecast import checks
from portal.campaign_rows import CheckRow, FactRow, MessageRow, WaveRow
from portal.figures import width_of
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import SumRow
from portal.states.campaign_edit import key_in
from portal.telling import Teller
from portal.theme import count
from portal.watching import watch
from portal.wiring import app

PATH = "/campaigns"
LOOK = 1.5  # seconds between looks while it is under way
AGAIN = 20  # looks after which the caller is asked for anew
MOVING = ("running", "paused", "scheduled", "review", "approved")
TRIES = 40


class CampaignPage(rx.State):
    """`can`: what may be done now. `asked` grows when a dialog is done."""

    key: str = ""
    name: str = ""
    state: str = "draft"
    said: str = ""
    gone: str = ""
    trouble: str = ""
    can: list[str] = []
    version: int = 0
    run: str = ""
    started: bool = False  # there is a run
    width: str = "0%"
    done: str = ""
    people: str = ""
    left: str = ""
    rate: str = ""
    sums: list[SumRow] = []
    sum: str = ""
    holds: bool = True
    waves: list[WaveRow] = []
    facts: list[FactRow] = []
    messages: list[MessageRow] = []
    checks: list[CheckRow] = []
    copy: str = ""  # the name offered for a copy
    wrong: str = ""
    asked: int = 0
    _view: CampaignView | None = None
    _names: dict[str, str] = {}
    _loop: str = ""

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """The campaign's key comes from the address."""
        key, loop = key_in(self, 1), self._loop  # what follows begins beside this
        self.reset()
        self.key, self._loop = key, loop
        await self._fill()

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load."""
        await self._fill()
        (await self.get_state(Frame)).loaded = True

    @guarded("content.read", background=True)
    async def follow(self) -> None:
        """Look again while it is under way. It begins beside `load`, so it asks the address which campaign that is."""
        key = key_in(self, 1)

        async def ask(actor: Any, _whole: bool) -> CampaignView:
            return await app().campaigns.get(actor, key)

        def show(voice: Teller, view: CampaignView) -> None:
            if self.key == key and self._view is not None:
                _show(self, voice, view)
            if view.state not in MOVING:
                self._loop = ""  # nothing moves any more

        await watch(self, f"{PATH}/{key}", "content.read", every=LOOK, whole=AGAIN, ask=ask, show=show, missing=lambda refusal: _gone(self, refusal))

    @guarded("content.write")
    async def pause(self) -> Any:
        """Nobody else is told from now on."""
        return await self._act(app().campaigns.pause, "held", "crun.paused")

    @guarded("content.write")
    async def resume(self) -> Any:
        """It goes on where it stopped."""
        return await self._act(app().campaigns.resume, "delivered", "crun.resumed")

    @guarded("content.write")
    async def cancel(self) -> Any:
        """Whoever has not got it yet gets nothing."""
        return await self._act(app().campaigns.cancel, "held", "crun.cancelled")

    @guarded("content.write")
    async def approve(self) -> Any:
        """The second person says yes, to the draft they see."""
        revision = self._view.revision if self._view else 0

        async def yes(actor: Any, key: str) -> None:
            await app().campaigns.approve(actor, key, revision)

        return await self._act(yes, "delivered", "crun.approved")

    @guarded("content.write")
    async def reject(self, form: dict[str, Any]) -> Any:
        """The second person sends it back, with a reason."""
        why = str(form.get("why", "")).strip()[:500]

        async def no(actor: Any, key: str) -> None:
            await app().campaigns.reject(actor, key, why)

        return await self._act(no, "held", "crun.rejected")

    @guarded("content.write")
    async def duplicate(self, form: dict[str, Any]) -> Any:
        """A new draft of the same; its key is made of its name."""
        voice, name = await teller(self), " ".join(str(form.get("name", ""))[:400].split())[:200]
        if not name:
            self.wrong = voice.say("cnew.needs")
            return None
        for key in itertools.islice(drafts.keys_of(name), TRIES):
            try:
                view = await app().campaigns.duplicate(caller(), self.key, key)
                await app().campaigns.put(caller(), key, _named(view, name), view.revision)
            except (Stale, Taken):
                continue
            except (Forbidden, Unauthenticated):
                raise
            except Refusal as refusal:
                self.wrong = in_words(refusal)
                return None
            self.asked += 1
            tell(await self.get_state(Frame), "delivered", voice.say("crun.duplicated"))
            return rx.redirect(f"{PATH}/{key}/edit?step=1")
        self.wrong = voice.say("cnew.taken")
        return None

    @guarded("content.write")
    async def delete(self) -> Any:
        """The draft is forgotten."""
        voice, name = await teller(self), self.name
        try:
            await app().campaigns.delete(caller(), self.key)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            tell(await self.get_state(Frame), "failed", in_words(refusal))
            return None
        tell(await self.get_state(Frame), "delivered", voice.say("crun.deleted", name=name))
        return rx.redirect(PATH)

    async def _act(self, deed: Callable[[Any, str], Awaitable[Any]], hue: str, said: str) -> Any:
        """Do it, read it anew, say what came of it; what is refused is said, and what stands now is shown."""
        voice, frame = await teller(self), await self.get_state(Frame)
        try:
            await deed(caller(), self.key)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            tell(frame, "failed", in_words(refusal))
            await self._fill()
            return None
        self.asked += 1
        await self._fill()
        tell(frame, hue, voice.say(said, name=self.name), voice.say(f"{said}.text"))
        return CampaignPage.follow

    async def _fill(self) -> None:
        voice, actor = await teller(self), caller()
        self.trouble = self.gone = ""
        try:
            view = await app().campaigns.get(actor, self.key)
            if not self._names:
                self._names = await _names(actor, view)
        except NotFound as missing:
            self.gone = in_words(missing)
            return
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.trouble = in_words(refusal)
            return
        _show(self, voice, view)


def _gone(page: CampaignPage, refusal: NotFound) -> None:
    page.gone = page.gone or in_words(refusal)


async def _names(actor: Any, view: CampaignView) -> dict[str, str]:
    """What its audiences, its category and the templates of its messages are called."""
    found = {f"category {key}": name for key, name in (await app().categories.names(actor)).items()}
    for key in (view.draft.audience, *view.draft.exclude)[:10]:
        try:
            found[f"audience {key}"] = (await app().audiences.get(actor, key)).name if key else ""
        except NotFound:
            continue
    for key in dict.fromkeys(one.template for one in view.draft.variants if one.template):
        try:
            found[f"template {key}"] = (await app().templates.get(actor, key)).name
        except NotFound:
            continue
    return found


def _named(view: CampaignView, name: str) -> CampaignIn:
    return drafts.given(drafts.Draft(name, view.draft), view.revision)


def _show(page: CampaignPage, voice: Teller, view: CampaignView) -> None:
    """All of it in words."""
    run, language = view.run, voice.language
    page._view = view
    page.name, page.state, page.can, page.version = view.name or view.key, view.state, list(view.can), view.version
    page.said, page.copy = words.sentence(voice, view), voice.say("crun.duplicate.copy", name=view.name or view.key)[:200]
    page.facts, page.messages = words.facts(voice, view, page._names), words.messages(voice, view.draft, page._names)
    page.checks = [one for one in checks(voice, view.problems, None) if one.hue == "failed"] if view.state in ("draft", "review", "approved") else []
    page.started, page.run = run is not None, run.id if run else ""
    if run is None:
        page.people = page.left = "0"
        return
    page.width = width_of(run.released, max(1, run.recipients))
    page.people, page.left = count(run.recipients, language), count(max(0, run.recipients - run.released), language)
    page.done = voice.say("crun.progress.name", done=count(run.released, language), people=page.people)
    rate = words.rate_words(voice, run.rate) if view.state == "running" else ""
    page.rate = voice.say("crun.rate", rate=rate) if rate else ""
    page.sums, page.sum, page.holds = voice.sums(run.ledger)
    page.waves = words.waves(voice, run.waves)
