"""State of the builder: one campaign's draft as it is filled in over five steps, saved with every change, and two people on one draft."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import msgspec
import reflex as rx

from backend.app.campaign_views import CampaignView
from backend.domain.errors import Forbidden, NotFound, Refusal, Stale, Unauthenticated, Unavailable
from portal import campaign_draft as drafts
from portal import campaign_plan as plans
from portal.campaign_draft import Draft, Wrong
from portal.campaign_rows import ChannelPick, FactRow, TornField, VariantRow
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.states.campaign_shown import choices, show
from portal.telling import Teller
from portal.theme import local
from portal.wiring import app

STEPS = 5
LIVE = ("scheduled", "running", "paused")
SPOTS = tuple(f"{name}{n}" for name in ("name", "template", "weight") for n in range(8))  # of messages
FIELDS = (*drafts.form_of(Draft(), "UTC"), *SPOTS, "channels", "variants", "exclude", "approval", "kind", "all")


class Builder(rx.State):
    """`form`: what the fields show; `problems`: field -> what is wrong with it. `torn`: parts of the draft that somebody else changed too."""

    key: str = ""
    name: str = ""
    state: str = "draft"
    gone: str = ""
    trouble: str = ""
    locked: str = ""  # why nothing can be changed now
    version: int = 0
    live: bool = False  # it has been started: a change is a new version, made on purpose
    waits: bool = False  # such a change is here and was not made yet
    step: int = 1
    done: list[bool] = [False] * STEPS
    round: int = 0  # grows when the fields are filled anew
    form: dict[str, str] = drafts.form_of(Draft(), "UTC")
    problems: dict[str, str] = dict.fromkeys(FIELDS, "")
    kind: str = "now"
    own: bool = False
    windowed: bool = False
    days: list[int] = []
    useless: str = ""  # after what it is, when that is none of the usual choices
    approval: bool = False
    trying: bool = False  # there is something to try: two messages, or a group without any
    several: bool = False
    metric: str = "clicked"
    guards: dict[str, bool] = {"unsubscribed": True, "complained": True, "bounced": True}
    channels: list[ChannelPick] = []
    variants: list[VariantRow] = []
    values: list[FactRow] = []  # that the messages read: path, value, whether it has to be there
    weights: str = ""  # what is wrong with them, together
    full: bool = False
    categories: list[Choice] = []
    category_note: str = ""
    templates: list[Choice] = []
    audiences: list[Choice] = []
    audience_note: str = ""
    exclude: list[Choice] = []
    at: str = ""
    odd: str = ""  # what is strange about the moment
    times: list[str] = []
    saved: str = ""
    unsaved: str = ""
    plan: list[FactRow] = []
    torn: list[TornField] = []
    torn_by: str = ""
    _held: Draft = Draft()
    _base: Draft = Draft()
    _theirs: Draft = Draft()
    _revision: int = 0
    _their_revision: int = 0
    _view: CampaignView | None = None
    _usual: dict[str, list[str]] = {}  # category -> its channels
    _reads: dict[str, list[tuple[str, bool]]] = {}  # template -> paths of its data, whether each has to be there
    _says: dict[str, tuple[str, str, set[str]]] = {}  # template -> title, text, channels it speaks on
    _people: int = -1  # of the audience, counted last; below 0: not yet
    _cost: str = ""

    @guarded("content.write", page=True)
    async def load(self) -> None:
        """The campaign's key and the step come from the address."""
        key, turn = key_in(self, 2), self.round
        if key == self.key and self._held != self._base:  # not saved yet: a step further it is still here
            self.step = step_in(self)
            return
        self.reset()
        self.key, self.round = key, turn + 1
        self.step = step_in(self)
        await reload(self)

    @guarded("content.write")
    async def again(self) -> None:
        """After it did not load."""
        await reload(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("content.write")
    async def write(self, name: str, text: str) -> None:
        """A field as it was typed or chosen."""
        name, text = str(name)[:32], str(text)
        if name not in self.form or self.form[name] == text:
            return
        try:
            await change(self, drafts.written(self._held, name, text, (await teller(self)).language), name)
        except Wrong as wrong:
            await _complain(self, name, wrong, text)

    @guarded("content.write")
    async def pick_kind(self, kind: str) -> None:
        """When: now, at, recurring."""
        await self._pick(lambda draft: drafts.kind_of(draft, str(kind)))

    @guarded("content.write")
    async def pick_own(self, on: bool) -> None:
        """On each person's own clock."""
        zone = (await teller(self)).zone
        await change(self, drafts.own_clock(self._held, bool(on), zone), "zone")

    @guarded("content.write")
    async def pick_window(self, on: bool) -> None:
        """Between two hours only."""
        await change(self, drafts.windowed(self._held, bool(on)), "start")

    @guarded("content.write")
    async def turn_day(self, day: int) -> None:
        """A day of the window."""
        await change(self, drafts.day_turned(self._held, int(day)), "start")

    @guarded("content.write")
    async def pick_cron(self, line: str) -> None:
        """One of the usual lines; the field is filled anew."""
        if line in drafts.PRESETS:
            await change(self, drafts.written(self._held, "cron", line), "cron")
            self.round += 1

    @guarded("content.write")
    async def pick_approval(self, on: bool) -> None:
        """Whether a second person has to say yes."""
        await change(self, drafts.approval(self._held, bool(on)), "approval")

    @guarded("content.write")
    async def turn_guard(self, name: str, on: bool) -> None:
        """A guardrail on or off."""
        await change(self, drafts.guarded_by(self._held, str(name), bool(on)), str(name)[:16])
        self.round += 1

    @guarded("content.write")
    async def turn_channel(self, name: str, on: bool) -> None:
        """A channel in or out."""
        await change(self, drafts.channel_turned(self._held, str(name), bool(on), self._usual_ones()), "channels")

    @guarded("content.write")
    async def move_channel(self, name: str, by: int) -> None:
        """A channel earlier or later."""
        await change(self, drafts.channel_moved(self._held, str(name), int(by), self._usual_ones()), "channels")

    @guarded("content.write")
    async def add_variant(self) -> None:
        """One message more."""
        await change(self, drafts.variant_added(self._held), "variants")

    @guarded("content.write")
    async def remove_variant(self, place: int) -> None:
        """One message less; it can be taken back."""
        before = self._held
        await change(self, drafts.variant_removed(self._held, int(place)), "variants")
        self.round += 1
        voice = await teller(self)
        tell(await self.get_state(Frame), "delivered", voice.say("cedit.removed"), undo=(_back, before))

    @guarded("content.write")
    async def write_variant(self, place: int, name: str, text: str) -> None:
        """A field of a message."""
        spot = f"{str(name)[:16]}{int(place)}"
        try:
            await change(self, drafts.variant_written(self._held, int(place), str(name), str(text), (await teller(self)).language), spot)
        except Wrong as wrong:
            await _complain(self, spot, wrong, None)

    @guarded("content.write")
    async def write_value(self, path: str, text: str) -> None:
        """A value that the messages read; only those are taken that one of them does."""
        if path in {row.word for row in self.values}:
            await change(self, drafts.valued(self._held, path, str(text).strip()), "variants")

    @guarded("content.write")
    async def split_evenly(self) -> None:
        """All messages with the same weight."""
        await change(self, drafts.split_evenly(self._held), "variants")
        self.round += 1

    @guarded("content.write")
    async def leave_out(self, key: str, on: bool) -> None:
        """An audience whose people are left out, or no longer."""
        await change(self, drafts.excluded(self._held, str(key), bool(on)), "exclude")
        self.round += 1

    @guarded("content.write")
    async def apply(self) -> None:
        """What was changed of one that has been started becomes its new version."""
        if not self.live or self.torn:
            return
        await save(self, "all")
        await show(self)
        if self.waits or self.unsaved:
            return
        voice = await teller(self)
        tell(await self.get_state(Frame), "delivered", voice.say("cedit.applied", n=self.version), voice.say("cedit.applied.text"))

    @guarded("content.write")
    async def drop(self) -> None:
        """What was changed and not made is forgotten."""
        self._held = self._base
        self.torn, self.problems = [], dict.fromkeys(FIELDS, "")
        self.round += 1
        self.unsaved, self.waits = "", False
        await reload(self)

    @guarded("content.write")
    async def pick_torn(self, key: str, which: str) -> None:
        """Whose part of those both changed."""
        if which in ("mine", "theirs"):
            self.torn = [TornField(row.key, row.title, row.mine, row.theirs, which if row.key == key else row.pick) for row in self.torn]

    @guarded("content.write")
    async def settle(self) -> None:
        """Both drafts in one, what both changed as picked."""
        take = {row.key for row in self.torn if row.pick == "theirs"}
        made = drafts.joined(self._base, self._held, self._theirs, take)
        self._base, self._revision, self.torn = self._theirs, self._their_revision, []
        await change(self, made, "")
        self.round += 1
        if not self.torn:
            voice = await teller(self)
            tell(await self.get_state(Frame), "delivered", voice.say("cedit.settled"), voice.say("cedit.settled.text"))

    async def _pick(self, made: Callable[[Draft], Draft]) -> None:
        try:
            await change(self, made(self._held), "kind")
        except Wrong as wrong:
            await _complain(self, "kind", wrong, None)

    def _usual_ones(self) -> list[str]:
        return self._usual.get(self._held.body.category, ["web"])


def key_in(page: Any, place: int) -> str:
    """The campaign's key, which stands `place` parts before the end of the address."""
    parts = str(page.router.url.path).strip("/").split("/")
    return unquote(parts[-place])[:128] if len(parts) >= place else ""


def step_in(page: Any) -> int:
    """The step of the address, 1 to 5."""
    text = str(page.router.url.query_parameters.get("step", "1"))
    return int(text) if text in {str(n) for n in range(1, STEPS + 1)} else 1


async def _back(frame: Frame, before: Draft) -> None:
    """Undo of a message that was taken out."""
    page = await frame.get_state(Builder)
    await change(page, before, "variants")
    page.round += 1


async def reload(page: Builder) -> None:
    """The draft as it is saved, and what can be chosen."""
    page.trouble = page.gone = ""
    actor = caller()
    try:
        view = await app().campaigns.get(actor, page.key)
        await choices(page, actor)
    except NotFound as missing:
        page.gone = in_words(missing)
        return
    except (Forbidden, Unauthenticated):
        raise
    except Refusal as refusal:
        page.trouble = in_words(refusal)
        return
    took(page, view, await teller(page))
    page._held = page._base = drafts.draft_of(view)
    await show(page)


def took(page: Builder, view: CampaignView, voice: Teller) -> None:
    """What the facade says of the campaign, its draft aside."""
    page._view, page._revision = view, view.revision
    page.state, page.version, page.live, page.waits = view.state, view.version, view.state in LIVE, False
    page.locked = "" if "edit" in view.can else voice.say("cedit.locked", state=voice.say(f"camp.state.{view.state}"))
    page.saved = voice.say("cedit.saved", time=f"{local(view.changed_at.timestamp(), voice.zone):%H:%M}")
    blocked = {one.step for one in view.problems if one.blocks}
    page.done = [step not in blocked for step in ("messages", "audience", "delivery", "experiment")] + [False]


async def change(page: Builder, draft: Draft, field: str) -> None:
    """The draft is this now: show it and save it. Nothing typed is lost when it cannot be saved."""
    page._held = draft
    page.problems = {**page.problems, field or "all": "", "all": ""}
    if page.live:  # whoever is told next would get what is half typed
        page.waits = page._held != page._base
        page.unsaved = (await teller(page)).say("cedit.unsaved.live") if page.waits else ""
    elif not page.torn:
        await save(page, field)
    await show(page)


async def save(page: Builder, field: str) -> None:
    """Hand it in upon the revision that was read. Whoever else changed it meanwhile is brought together with it."""
    voice = await teller(page)
    for _ in range(3):
        if page._held == page._base:
            page.unsaved = ""
            return
        try:
            view = await app().campaigns.put(caller(), page.key, drafts.given(page._held, page._revision), page._revision)
        except Stale:
            if not await _meet(page, voice):
                return
            continue
        except (Forbidden, Unauthenticated, Unavailable):
            page.unsaved = voice.say("cedit.unsaved")
            raise
        except (Refusal, msgspec.ValidationError) as refusal:
            said = in_words(refusal) if isinstance(refusal, Refusal) else voice.say("cedit.bad.long")
            page.problems, page.unsaved = {**page.problems, field if field in FIELDS else "all": said}, voice.say("cedit.unsaved")
            return
        page._base, page.unsaved = page._held, ""
        took(page, view, voice)
        return


async def _meet(page: Builder, voice: Teller) -> bool:
    """Somebody saved first. True when their changes and mine are about different parts and are one draft now."""
    view = await app().campaigns.get(caller(), page.key)
    theirs = drafts.draft_of(view)
    both = drafts.torn(page._base, page._held, theirs)
    if not both:
        page._held = drafts.joined(page._base, page._held, theirs, set())
        page._base, page._revision = theirs, view.revision
        page.round += 1
        tell(await page.get_state(Frame), "delivered", voice.say("cedit.met", who=view.changed_by), voice.say("cedit.met.text"))
        return True
    page._theirs, page._their_revision = theirs, view.revision
    page.torn_by = voice.say("cedit.torn", who=view.changed_by, time=f"{local(view.changed_at.timestamp(), voice.zone):%H:%M}")
    page.torn = [
        TornField(key, voice.say(f"cedit.part.{key}"), plans.part_words(voice, page._held, key), plans.part_words(voice, theirs, key), "mine") for key in both
    ]
    page.unsaved = voice.say("cedit.unsaved.torn")
    return False


async def _complain(page: Builder, field: str, wrong: Wrong, text: str | None) -> None:
    """The field keeps what was typed, and says what is wrong with it; the draft stays as it was."""
    page.problems = {**page.problems, field: (await teller(page)).say(wrong.key, **wrong.values)}
    if text is not None:
        page.form = {**page.form, field: text[:200]}
