"""State of the page of one provider: its declared fields, a check, a test to oneself, its address for receipts; or the kinds to choose from."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import reflex as rx

from backend.app.provider_views import CheckIn, FieldView, KindView, ProviderIn, ProviderView, SelfTestIn
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Invalid, NotFound, Refusal, Unavailable
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.states.providers import PATH, ProviderRow, provider_row
from portal.telling import Teller
from portal.theme import moment
from portal.typed import Unread, field_text, number_of, whole_of
from portal.wiring import app

NEW = "new"  # no provider has this key
LONGEST = 20_000  # characters of one field that are read at all


@dataclass
class KindCard:
    """A kind to choose. `first` names its channel where that begins."""

    key: str
    name: str
    channel: str
    needs: str
    first: str


@dataclass
class FieldRow:
    """One declared field. `held`: it is secret and set; `problem`: what is wrong with what was typed."""

    name: str
    form: str
    title: str
    hint: str
    value: str
    place: str
    required: bool
    held: bool
    clears: bool
    longest: int
    problem: str = ""
    choices: list[Choice] = field(default_factory=list)
    rare: bool = False


class ProviderPage(rx.State):
    """`kind` "" while one is to be chosen. `round` grows when the form begins anew."""

    key: str = ""
    new: bool = False
    kinds: list[KindCard] = []
    kind: str = ""
    kind_name: str = ""
    channel: str = ""
    needs: str = ""
    fields: list[FieldRow] = []
    unfolded: bool = False  # of the rare fields one is in use, or wrong
    folds: bool = False  # there are some
    weight: str = ""
    used: bool = True
    hook: str = ""
    live: list[ProviderRow] = []  # none or one
    changed: str = ""
    round: int = 0
    problem: str = ""
    key_problem: str = ""
    weight_problem: str = ""
    checking: bool = False
    said: str = ""
    well: bool = False
    address: str = ""
    sent: str = ""
    sent_to: str = ""
    test_problem: str = ""
    then: str = ""
    gone: str = ""
    trouble: str = ""
    _revision: int = 0
    _intent: str = "save"
    _form: dict[str, Any] = {}

    @guarded("operate", page=True)
    async def load(self) -> None:
        """The provider of the address, or the kinds there are."""
        self.reset()
        await _fill(self)

    @guarded("operate")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("operate")
    async def choose(self, kind: str) -> None:
        """A kind, for a new one; "" for the choice of another."""
        if self.new:
            await _begin(self, str(kind)[:40])

    @guarded("operate")
    async def intend(self, what: str) -> None:
        """Which of the form's buttons was pressed."""
        self._intent = "check" if what == "check" else "save"

    @guarded("operate")
    async def submit(self, form: dict[str, Any]) -> Any:
        """Save what is typed, or check it."""
        intent, self._intent = self._intent, "save"
        self.problem = self.key_problem = self.weight_problem = self.said = ""
        self.fields = [_with(row, "") for row in self.fields]
        if intent == "check":
            self._form, self.checking = form, True
            return ProviderPage.look
        return await _save(self, form)

    @guarded("operate", background=True)
    async def look(self) -> None:
        """Open a connection with what is typed; takes up to ten seconds, and nothing is kept."""
        actor = caller()
        async with self:
            form, self._form = self._form, {}
            key, kind = _key(self, form), self.kind
            typed = _typed(self, form, (await teller(self)).language)
        refusal: Refusal | None = None
        try:
            view = await app().providers.check(actor, key, CheckIn(kind, typed))
        except Refusal as refused:
            refusal = refused
        async with self:
            self.checking = False
            if refusal is not None:
                _blame(self, refusal)
            else:
                self.said, self.well = view.said, view.well

    @guarded("operate")
    async def send_test(self, form: dict[str, Any]) -> None:
        """A message to oneself by this very provider."""
        voice = await teller(self)
        self.sent = self.sent_to = self.test_problem = ""
        try:
            done = await app().providers.send_test(caller(), self.key, SelfTestIn(str(form.get("address", ""))[:4_096]))
        except (Invalid, NotFound) as refusal:
            self.test_problem = in_words(refusal)
            return
        self.sent, self.sent_to = done.delivery, voice.say("prov.test.captured" if done.captured else "prov.test.sent", address=done.address)

    @guarded("operate")
    async def ask_remove(self) -> None:
        """What removing it would mean."""
        voice = await teller(self)
        look = await app().providers.outlook(caller(), self.key)
        waiting = voice.say("prov.waiting", count=look.waiting) if look.waiting else ""
        self.then = f"{voice.say(f'prov.then.{look.then}', others=voice.listed(look.others))} {waiting}".strip()

    @guarded("operate")
    async def remove(self) -> Any:
        """This one."""
        voice = await teller(self)
        await app().providers.remove(caller(), self.key)
        tell(await self.get_state(Frame), "delivered", voice.say("prov.removed", key=self.key))
        return rx.redirect(PATH)


async def _save(page: ProviderPage, form: dict[str, Any]) -> Any:
    voice, key = await teller(page), _key(page, form)
    weight = str(form.get("weight", "")).strip()
    given: dict[str, Any] = {"kind": page.kind, "fields": _typed(page, form, voice.language), "used": bool(form.get("used")), "revision": page._revision}
    if weight:
        try:
            given["weight"] = whole_of(weight, voice.language)
        except Unread:
            given["weight"] = -1
    try:
        await app().providers.put(caller(), key, msgspec.convert(given, ProviderIn))
    except msgspec.ValidationError:
        page.weight_problem = voice.say("prov.weight.hint")
        return None
    except Unavailable:
        raise
    except Refusal as refusal:
        _blame(page, refusal)
        return None
    tell(await page.get_state(Frame), "delivered", voice.say("prov.saved", key=key), voice.say("prov.saved.text"))
    if page.new:
        return rx.redirect(f"{PATH}/{key}")
    await _fill(page)
    return None


def _key(page: ProviderPage, form: dict[str, Any]) -> str:
    return str(form.get("key", "")).strip()[:100] if page.new else page.key


def _typed(page: ProviderPage, form: dict[str, Any], language: str) -> dict[str, Any]:
    """What the form says of the declared fields; a secret that was left empty is left out, or cleared where that was ticked."""
    typed: dict[str, Any] = {}
    for row in page.fields:
        value = form.get(f"f-{row.name}", "")
        if row.form == "switch":
            typed[row.name] = bool(value)
            continue
        text = str(value)[:LONGEST]
        if row.form.startswith("secret") and not text:
            if form.get(f"clear-{row.name}"):
                typed[row.name] = None
            continue
        typed[row.name] = _number(text, language) if row.form == "number" else text
    return typed


def _number(text: str, language: str) -> str:
    """As it goes to the facade, which refuses what is none beside its field."""
    try:
        return field_text(number_of(text, language))
    except Unread:
        return text


def _blame(page: ProviderPage, refusal: Refusal) -> None:
    """Beside the field it is about, else above the form."""
    place, words = str(refusal.facts.get("field", "")), in_words(refusal)
    if place == "key":
        page.key_problem = words
    elif any(row.name == place for row in page.fields):
        page.fields = [_with(row, words if row.name == place else "") for row in page.fields]
        page.unfolded = page.unfolded or any(row.rare and row.name == place for row in page.fields)
    else:
        page.problem = words


def _with(row: FieldRow, problem: str) -> FieldRow:
    return replace(row, problem=problem)


async def _fill(page: ProviderPage) -> None:
    page.key, page.trouble, page.gone = last_part(page, 64), "", ""
    page.new = page.key == NEW
    if page.new:
        await _begin(page, str(page.router.url.query_parameters.get("kind", ""))[:40])
        return
    voice, actor = await teller(page), caller()
    try:
        view = await app().providers.get(actor, page.key)
        kinds = {kind.key: kind for kind in (await app().providers.kinds(actor)).items}
    except NotFound as missing:
        page.gone = in_words(missing)
        return
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    _show(page, voice, kinds.get(view.kind), view)


async def _begin(page: ProviderPage, kind: str) -> None:
    """A new one: the kinds, or the empty form of one of them."""
    voice = await teller(page)
    kinds = (await app().providers.kinds(caller())).items
    chosen = next((one for one in kinds if one.key == kind), None)
    page.kinds, before = [], ""
    for channel in CHANNELS:
        for one in kinds:
            if one.channel == channel:
                first = voice.say(f"channel.{channel}") if channel != before else ""
                page.kinds.append(KindCard(one.key, one.name, channel, _said(one.needs, voice), first))
                before = channel
    page.kind = page.kind_name = page.channel = ""
    page.fields = []
    if chosen is not None:
        _show(page, voice, chosen, None)
        taken = {one.key for one in (await app().providers.list(caller())).items}
        base = f"{chosen.key}-own" if chosen.key == "smtp" else chosen.key
        page.key = next(key for n in range(1, 99) if (key := base if n == 1 else f"{base}-{n}") not in taken)


def _show(page: ProviderPage, voice: Teller, kind: KindView | None, view: ProviderView | None) -> None:
    page.round += 1
    page.problem = page.key_problem = page.weight_problem = page.said = page.sent = page.test_problem = ""
    if view is not None:
        page.kind, page.channel, page.weight, page.used = view.kind, view.channel, str(view.weight), view.used
        page.hook, page._revision = view.hook, view.revision
        page.live = [provider_row(view, voice)]
        at = moment(view.changed_at.timestamp(), voice.zone, voice.language) if view.changed_at else ""
        page.changed = voice.say("prov.changed", by=view.changed_by, at=at) if at else ""
    else:
        page.kind, page.channel, page.weight, page.used, page.hook, page._revision = kind.key if kind else "", kind.channel if kind else "", "", True, "", 0
        page.live, page.changed = [], ""
    page.kind_name, page.needs = (kind.name, _said(kind.needs, voice)) if kind else (page.key, "")
    page.fields = [_row(one, voice, view) for one in kind.fields] if kind else []
    rare = [one for one in kind.fields if one.rare] if kind else []
    page.folds, page.unfolded = bool(rare), view is not None and any(one.name in view.secrets or view.fields.get(one.name, one.usual) != one.usual for one in rare)


def _row(one: FieldView, voice: Teller, view: ProviderView | None) -> FieldRow:
    held = view is not None and one.name in view.secrets
    value = "" if one.secret else view.fields.get(one.name, one.usual) if view is not None else one.usual
    place = voice.say("prov.set") if held else "" if one.required or one.usual else voice.say("prov.optional")
    choices = [Choice(choice.name, _said(choice.title, voice)) for choice in one.choices]
    return FieldRow(
        one.name, one.form, _said(one.title, voice), _said(one.hint, voice), value, place, one.required, held, held and not one.required, one.longest,
        choices=choices, rare=one.rare,
    )  # fmt: skip


def _said(said: dict[str, str], voice: Teller) -> str:
    return said.get(voice.language) or said.get("en", "")
