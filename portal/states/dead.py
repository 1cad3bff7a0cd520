"""State of the dead letters' page: groups by cause, and the workbench for the one that is chosen."""

import json
from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.app.dead_views import AgainView, LetterGroupView, LetterView
from backend.domain.deadletter import patch_of
from backend.domain.errors import Invalid, NotFound, Unavailable
from backend.domain.ids import parse_id
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice, SumRow, UnitRow
from portal.telling import Teller
from portal.theme import ago, count, moment
from portal.wiring import app
from portal.words import known

PATH = "/dead"
STATES = ("open", "replayed", "dropped")
RATES = ("1", "20", "100", "500")  # letters a second
AT_ONCE = 1_000  # of one call of the facade
LETTERS = 50  # of a group that can be opened one by one
EDIT_LIMIT = 300_000  # characters


@dataclass
class GroupRow:
    """Letters of one cause."""

    id: str
    title: str
    where: str
    count: str
    oldest: str
    exact: str
    advice: str


class Dead(rx.State):
    """`chosen`: fingerprint of the group in hand; `place`: which of its letters is open."""

    state: str = "open"
    groups: list[GroupRow] = []
    counts: dict[str, str] = dict.fromkeys((*STATES, "today"), "0")
    oldest: str = ""
    oldest_exact: str = ""
    chosen: str = ""
    title: str = ""
    likely: str = ""
    advice: str = ""
    amount: str = "0"  # letters of the group
    many: int = 0
    letters: list[Choice] = []
    letter: str = ""  # the one that is open
    facts: list[Choice] = []
    detail: str = ""
    delivery: str = ""
    editable: bool = False
    text: str = ""  # what the editor began with
    problem: str = ""
    changed: bool = False
    round: int = 0
    told: str = ""  # the dry run in one sentence
    sums: list[SumRow] = []
    units: list[UnitRow] = []
    rate: str = "20"
    working: bool = False
    going: str = ""  # how many are on their way back, "" for none
    going_until: str = ""
    trouble: str = ""
    _body: dict[str, Any] = {}
    _patch: dict[str, Any] = {}

    @guarded("operate", page=True)
    async def load(self) -> None:
        """State and group come from the address."""
        query = self.router.url.query_parameters
        asked, group = str(query.get("state", "")), str(query.get("group", ""))[:32]
        self.reset()
        self.state = asked if asked in STATES else "open"
        await _fill(self)
        if self.groups and not self.trouble:
            await _choose(self, group if any(row.id == group for row in self.groups) else self.groups[0].id)

    @guarded("operate")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("operate")
    async def choose(self, group: str) -> None:
        """Take a group in hand."""
        if any(row.id == group for row in self.groups):
            await _choose(self, group)

    @guarded("operate")
    async def open(self, letter: str) -> None:
        """Open another letter of the group; an edit of the one before is put aside."""
        if any(one.value == letter for one in self.letters):
            await _open(self, letter)

    @guarded("operate")
    async def edit(self, text: str) -> None:
        """What the letters shall say instead: the difference goes to all of the group."""
        voice = await teller(self)
        self.told, self.sums, self.units = "", [], []
        try:
            new = json.loads(str(text)[:EDIT_LIMIT])
        except (ValueError, RecursionError) as error:
            at = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "1:1"
            self.problem = voice.say("dead.edit.bad", at=at)
            return
        if not isinstance(new, dict) or not set(new) <= {"title", "message", "data"} or not isinstance(new.get("data", {}), dict):
            self.problem = voice.say("dead.edit.shape")
            return
        self.problem, self._patch = "", patch_of(self._body, new)
        self.changed = bool(self._patch)

    @guarded("operate")
    async def pick_rate(self, rate: str) -> None:
        self.rate = rate if rate in RATES else self.rate

    @guarded("operate")
    async def try_it(self) -> None:
        """What would become of the group now, decided on copies."""
        if self.problem or not self.chosen:
            return
        voice = await teller(self)
        try:
            outlook = await app().dead.dry_run(caller(), fingerprint=self.chosen, patch=self._patch or None)
        except Invalid as refusal:
            self.problem = in_words(refusal)
            return
        _told(self, voice, outlook)

    @guarded("operate", background=True)
    async def send(self) -> None:
        """Send the group again at the chosen rate, a thousand letters a step."""
        actor = caller()
        async with self:
            if self.problem or not self.chosen or self.working:
                return
            group, patch, rate, self.working = self.chosen, self._patch or None, float(self.rate), True
        sent, failed = 0, ""
        try:
            while True:
                done = await app().dead.replay(actor, fingerprint=group, patch=patch, rate=rate, begin=min(sent / rate, 86_400.0))
                sent += done
                if done < AT_ONCE:
                    break
        except (Invalid, Unavailable) as refusal:
            failed = in_words(refusal)
        async with self:
            self.working = False
            voice, frame = await teller(self), await self.get_state(Frame)
            if failed:
                tell(frame, "failed", failed)
            else:
                tell(frame, "delivered", voice.say("dead.sent", count=sent), voice.say("dead.sent.text", rate=self.rate))
            await _fill(self)
            if self.groups:
                await _choose(self, self.groups[0].id)

    @guarded("operate")
    async def look_again(self) -> None:
        """How far those on their way are."""
        await _going(self)

    @guarded("operate")
    async def stop(self) -> None:
        """Call back what has not gone."""
        voice = await teller(self)
        called = await app().dead.stop(caller())
        tell(await self.get_state(Frame), "held", voice.say("dead.stopped", count=called), voice.say("dead.stopped.text"))
        await _fill(self)
        if self.groups:
            await _choose(self, self.groups[0].id)

    @guarded("operate")
    async def drop(self) -> None:
        """Nobody wants the group sent."""
        voice, gone = await teller(self), 0
        while (done := await app().dead.drop(caller(), fingerprint=self.chosen)) > 0:
            gone += done
        tell(await self.get_state(Frame), "delivered", voice.say("dead.dropped.done", count=gone))
        await _fill(self)
        if self.groups:
            await _choose(self, self.groups[0].id)

    @guarded("operate")
    async def send_one(self) -> None:
        """The open letter alone, as it was or as it is edited."""
        if self.problem or not self.letter:
            return
        voice = await teller(self)
        sent = await app().dead.replay(caller(), ids=[parse_id(self.letter)], patch=self._patch or None)
        tell(await self.get_state(Frame), "delivered", voice.say("dead.sent", count=sent))
        await _fill(self)
        left = next((row.id for row in self.groups if row.id == self.chosen), self.groups[0].id if self.groups else "")
        await _choose(self, left)


async def _fill(page: Dead) -> None:
    voice, actor = await teller(page), caller()
    page.trouble = ""
    try:
        groups = (await app().dead.groups(actor, state=page.state)).items
        numbers = await app().dead.counts(actor)
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    await _going(page)
    page.groups = [_group(one, voice) for one in groups]
    page.counts = {name: count(getattr(numbers, name), voice.language) for name in (*STATES, "today")}
    page.oldest = page.oldest_exact = ""
    if numbers.oldest_at is not None:
        at = numbers.oldest_at.timestamp()
        page.oldest, page.oldest_exact = ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language)
    if not any(row.id == page.chosen for row in page.groups):
        page.chosen = ""


async def _going(page: Dead) -> None:
    voice, found = await teller(page), await app().dead.going(caller())
    page.going = count(found.waiting, voice.language) if found.waiting else ""
    page.going_until = moment(found.until.timestamp(), voice.zone, voice.language) if found.until else ""


def _cause(view: LetterGroupView | LetterView, voice: Teller) -> str:
    code = view.cause.partition(":")[0].strip()
    return voice.say(f"dead.cause.{code}") if known(f"dead.cause.{code}") else view.cause


def _group(view: LetterGroupView, voice: Teller) -> GroupRow:
    at = view.oldest_at.timestamp()
    where = voice.say("dead.where", stage=view.stage, topic=view.topic)
    return GroupRow(
        view.fingerprint, _cause(view, voice), where, count(view.count, voice.language), ago(at, voice.now, voice.zone, voice.language),
        moment(at, voice.zone, voice.language), view.advice,
    )  # fmt: skip


async def _choose(page: Dead, group: str) -> None:
    voice, actor = await teller(page), caller()
    page.chosen, page.letters, page.letter, page.rate = group, [], "", "20"
    if not group:
        return
    views = (await app().dead.groups(actor, state=page.state)).items
    view = next((one for one in views if one.fingerprint == group), None)
    if view is None:
        page.chosen = ""
        return
    page.title, page.advice, page.many = _cause(view, voice), view.advice, view.count
    page.amount = count(view.count, voice.language)
    likely = f"dead.likely.{view.code}"
    page.likely = voice.say(likely if known(likely) else "dead.likely.other", cause=view.cause[:300])
    found = (await app().dead.list(actor, fingerprint=group, state=page.state, limit=LETTERS)).items
    page.letters = [
        Choice(one.id, voice.say("dead.letter", number=count(n, voice.language), all=page.amount, when=moment(one.at.timestamp(), voice.zone, voice.language)))
        for n, one in enumerate(found, 1)
    ]  # fmt: skip
    _shut(page)  # opening a letter is noted with the name of whoever did it, so nobody opens one by looking at the page


def _shut(page: Dead) -> None:
    page.problem, page.told, page.changed, page._patch, page.sums, page.units = "", "", False, {}, [], []  # noqa: SLF001 - the page's own
    page.round += 1
    page.letter, page.detail, page.delivery, page.text, page.facts, page.editable = "", "", "", "", [], False


async def _open(page: Dead, letter: str) -> None:
    voice = await teller(page)
    _shut(page)
    try:
        view = await app().dead.get(caller(), letter)
    except NotFound:
        return
    page.letter, page.detail, page.delivery = letter, view.detail, view.delivery
    page.editable = view.body is not None and page.state == "open"
    page._body = view.body or {}  # noqa: SLF001
    page.text = json.dumps(view.body, ensure_ascii=False, indent=2) if view.body is not None else ""
    facts = [
        ("col.person", view.user), ("col.channel", voice.channel(view.channel) if view.channel else ""), ("col.category", view.category),
        ("delivery.type", view.type), ("delivery.template", f"{view.template}, v{view.version}" if view.template else ""), ("dead.cause", view.cause),
        ("delivery.event", view.event),
    ]  # fmt: skip
    page.facts = [Choice(voice.say(key), text) for key, text in facts if text]


def _told(page: Dead, voice: Teller, outlook: AgainView) -> None:
    """The dry run as a bar and a sentence that adds up."""
    parts = (("delivered", outlook.sent), ("held", outlook.held), ("skipped", outlook.stopped), ("failed", outlook.unreadable))
    whole = max(1, outlook.looked)
    page.sums = [
        SumRow(look, voice.say(f"dead.would.{look}"), count(n, voice.language), f"{100 * n / whole:.2f}%") for look, n in parts if n
    ]  # fmt: skip
    key = "dead.told.part" if outlook.looked < outlook.count else "dead.told"
    page.told = voice.say(key, sent=count(outlook.sent, voice.language), all=count(outlook.count, voice.language), looked=count(outlook.looked, voice.language))
    page.units = [voice.unit(unit, outlook.user, str(n)) for n, unit in enumerate(outlook.units)]
