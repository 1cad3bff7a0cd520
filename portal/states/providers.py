"""State of the page of providers and halts: how each provider does, what is halted, and the dialogs that pull and let go of the brake."""

from collections.abc import Sequence
from dataclasses import dataclass

import reflex as rx

from backend.app.halts_views import HaltIn, HaltView
from backend.app.provider_views import ModeView, OrderIn, PlaceIn, ProviderView
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.durations import span_of
from backend.domain.errors import Invalid, NotFound, Unavailable
from portal.frame import Frame, halt_name, show_halts, show_mode, tell
from portal.guard import caller, guarded
from portal.numbers import percent
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.telling import Teller
from portal.theme import ago, count, moment
from portal.watching import watch
from portal.wiring import app

PATH = "/providers"
LOOK = 5.0  # seconds between looks
AGAIN = 12  # looks after which the caller is asked for anew
LISTED = 50  # rows, and choices of a kind
REASON = 500  # characters
LOOKS = {"closed": "delivered", "trying": "held", "open": "failed", "off": "skipped", "unseen": "queued"}


@dataclass
class ProviderRow:
    """One provider. `look` is a hue; `own`: it was added here; `first`, `last`: of its channel."""

    key: str
    channel: str
    look: str
    word: str
    points: str
    answers: str
    rate: str
    text: str
    about: str = ""
    own: bool = False
    first: bool = True
    last: bool = True


@dataclass
class HaltRow:
    """One halt."""

    scope: str
    title: str
    by: str
    since: str
    exact: str
    reason: str
    waiting: str


class Brakes(rx.State):
    """`scope` is what a dialog is about."""

    providers: list[ProviderRow] = []
    halts: list[HaltRow] = []
    choices: list[Choice] = []
    scope: str = "space"
    name: str = ""
    would: str = ""  # what the dialog's deed holds or lets go, counted when it opens
    reason: str = ""
    problem: str = ""
    trouble: str = ""
    test: bool = False
    _loop: str = ""  # the newest that looks again

    @guarded("operate", background=True)
    async def follow(self) -> None:
        """Look every few seconds: breakers and budgets move by themselves."""
        await watch(self, PATH, "operate", every=LOOK, whole=AGAIN, ask=lambda actor, _: app().providers.list(actor), show=lambda voice, found: _show(self, voice, found.items))

    @guarded("operate", page=True)
    async def load(self) -> None:
        """Providers, halts and what can be halted."""
        self.reset()
        await _fill(self)

    @guarded("operate")
    async def again(self) -> None:
        """After it did not load, or to see it anew."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("operate")
    async def ask(self, scope: str) -> None:
        """Count what halting this would hold."""
        self.reason = self.problem = ""
        await _look(self, scope, "brakes.would")

    @guarded("operate")
    async def pick(self, scope: str) -> None:
        """Another scope, in the open dialog."""
        await _look(self, scope, "brakes.would")

    @guarded("operate")
    async def ask_resume(self, scope: str) -> None:
        """Count what waits for the end of a halt."""
        await _look(self, scope, "brakes.waits")

    @guarded("operate")
    async def say_why(self, reason: str) -> None:
        self.reason = str(reason)[:REASON]

    @guarded("operate")
    async def halt(self) -> None:
        """Stop it."""
        voice, frame = await teller(self), await self.get_state(Frame)
        try:
            await app().halts.put(caller(), self.scope, HaltIn(self.reason))
        except Invalid as refusal:
            tell(frame, "failed", in_words(refusal))
            return
        tell(frame, "delivered", voice.say("brakes.halted.done", name=self.name), voice.say("brakes.halted.text"))
        await _fill(self)
        await show_halts(frame)

    @guarded("operate")
    async def move(self, key: str, step: int) -> None:
        """Ask one earlier (-1) or later (1) among those of its channel."""
        voice, frame = await teller(self), await self.get_state(Frame)
        mine = [one for one in (await app().providers.list(caller())).items if one.origin == "portal"]
        one = next((row for row in mine if row.key == str(key)[:64]), None)
        if one is None:
            return
        row = [other for other in mine if other.channel == one.channel]
        at, to = row.index(one), row.index(one) + (1 if step > 0 else -1)
        if not 0 <= to < len(row):
            return
        row[at], row[to] = row[to], row[at]
        await app().providers.arrange(caller(), one.channel, OrderIn([PlaceIn(other.key, other.weight) for other in row]))
        tell(frame, "delivered", voice.say("prov.moved", key=one.key))
        await _fill(self)

    @guarded("operate")
    async def switch(self, on: bool) -> None:
        """Test mode."""
        voice, frame = await teller(self), await self.get_state(Frame)
        await app().providers.put_mode(caller(), ModeView(bool(on)))
        tell(frame, "delivered", voice.say("mode.started" if on else "mode.ended"), voice.say("mode.done.text"))
        await _fill(self)
        await show_mode(frame)

    @guarded("operate")
    async def resume(self) -> None:
        """Let it go on."""
        voice, frame = await teller(self), await self.get_state(Frame)
        try:
            await app().halts.remove(caller(), self.scope)
        except (Invalid, NotFound) as refusal:
            tell(frame, "failed", in_words(refusal))
        else:
            tell(frame, "delivered", voice.say("brakes.resumed.done", name=self.name), voice.say("brakes.resumed.text"))
        await _fill(self)
        await show_halts(frame)


async def _fill(page: Brakes) -> None:
    voice, actor = await teller(page), caller()
    page.trouble = ""
    try:
        found = (await app().providers.list(actor)).items
        halts = (await app().halts.list(actor)).items
        categories = (await app().categories.list(actor)).items
        templates = (await app().templates.list(actor)).items
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    page.test = (await app().providers.mode(actor)).test
    _show(page, voice, found)
    page.halts = [_halt(one, voice) for one in halts[:LISTED]]
    scopes = ["space", *(f"channel:{name}" for name in CHANNELS), *(f"priority:{name}" for name in PRIORITIES)]
    scopes += [f"provider:{one.known}" for one in found] + [f"category:{one.key}" for one in categories[:LISTED]]
    scopes += [f"template:{one.key}" for one in templates[:LISTED]]
    page.choices = [Choice(scope, halt_name(voice.language, scope)) for scope in scopes]


def _show(page: Brakes, voice: Teller, found: Sequence[ProviderView]) -> None:
    page.providers = provider_rows(found[:LISTED], voice)


async def _look(page: Brakes, scope: str, words: str) -> None:
    voice = await teller(page)
    page.problem = ""
    try:
        look = await app().halts.look(caller(), str(scope)[:80])
    except (Invalid, Unavailable) as refusal:
        page.problem, page.would = in_words(refusal), ""
        return
    page.scope, page.name = look.scope, halt_name(voice.language, look.scope)
    n = look.on_the_way if words == "brakes.would" else look.waiting
    shown = voice.say(words, count=n) if n == 1 else voice.say(words, count=count(n, voice.language))
    page.would = f"{shown} {voice.say('brakes.pace', count=count(look.pace, voice.language))}" if words == "brakes.waits" else shown


def provider_rows(found: Sequence[ProviderView], voice: Teller) -> list[ProviderRow]:
    """All, and which of them may be asked earlier or later."""
    made = [provider_row(one, voice) for one in found]
    for n, row in enumerate(made):
        row.first = n == 0 or not made[n - 1].own or made[n - 1].channel != row.channel
        row.last = n + 1 == len(made) or not made[n + 1].own or made[n + 1].channel != row.channel
    return made


def provider_row(one: ProviderView, voice: Teller) -> ProviderRow:
    """One as a row says it."""
    rate = voice.say("brakes.rate", count=count(one.rate, voice.language)) if one.rate else "–"
    answers = voice.say("brakes.answers", bad=count(one.bad, voice.language), all=count(one.answers, voice.language)) if one.answers else "–"
    text = ""
    if one.breaker == "open":
        until = moment(one.until.timestamp(), voice.zone, voice.language) if one.until else ""
        text = voice.say("brakes.open.text", code=one.code or "–", until=until)
    if one.slow:
        text = voice.say("brakes.slow.text", time=span_of(one.slow, voice.language))
    if one.waiting and one.breaker != "closed":
        text = f"{text} {voice.say('brakes.down', count=count(one.waiting, voice.language))}".strip()
    if one.breaker in ("off", "unseen"):
        text = voice.say(f"prov.{one.breaker}.text")
    here = "prov.is" if one.breaker in ("off", "unseen") else "brakes.is"
    word = voice.say("brakes.is.halted") if one.halted else voice.say(f"{here}.{one.breaker}")
    own = one.origin == "portal"
    share = voice.say("prov.weight", count=one.weight) if one.weight else voice.say("prov.stands")
    about = f"{one.kind}, {share}" if own else voice.say(f"prov.from.{one.origin}")
    look = "held" if one.halted else LOOKS[one.breaker]
    return ProviderRow(one.key, one.channel, look, word, percent(one.points, 100, voice.language, 0), answers, rate, text, about, own)


def _halt(one: HaltView, voice: Teller) -> HaltRow:
    at = one.at.timestamp()
    return HaltRow(
        one.scope, halt_name(voice.language, one.scope), one.by, ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language), one.reason,
        count(one.waiting, voice.language),
    )  # fmt: skip
