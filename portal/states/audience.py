"""State of an audience's page: its rule as it is built, counted after each change, and who is on its list."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

import contextlib
import re
from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.app.audience_views import AudienceIn, AudienceView, CountIn, CountView
from backend.domain.audience import Audience
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, Unauthenticated, Unavailable
from portal import audience_rule as trees
from portal.audience_rule import Node
from portal.audience_words import sentence
from portal.campaign_rows import FactRow
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.numbers import percent
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.telling import Teller
from portal.theme import ago, count
from portal.wiring import app

PATH = "/audiences"
ROWS = 25
SAMPLE = 6
TYPED = 1_500_000  # characters of ids typed at once


@dataclass
class PartRow:
    """A condition, or a group of some, as the builder shows it. `kind`: of the attribute; `left`: people left after it."""

    path: str
    deep: int
    group: bool
    joint: str
    no: bool
    about: str
    name: str
    is_: str
    value: str
    given: bool
    did: str
    days: str
    of: str
    times: str
    kind: str
    bare: bool
    hint: str
    left: str
    first: bool
    last: bool


@dataclass
class MetRow:
    """Values of a field that are met often."""

    name: str
    some: list[str]


@dataclass
class SomeoneRow:
    """Somebody of the sample."""

    user: str
    name: str
    known: str
    time: str
    zone: str


@dataclass
class FormerRow:
    """A version."""

    number: int
    title: str
    by: str
    said: str
    now: bool


class AudiencePage(rx.State):
    """One audience."""

    key: str = ""
    gone: str = ""
    trouble: str = ""
    name: str = ""
    description: str = ""
    kind: str = "rule"
    revision: int = 0
    joint: str = "all"
    parts: list[PartRow] = []
    said: str = ""
    dirty: bool = False
    wrong: str = ""
    stale: str = ""
    people: str = ""
    share: str = ""
    nobody: bool = False
    everybody: bool = False
    reach: list[FactRow] = []
    sample: list[SomeoneRow] = []
    may_see: bool = True
    exclude: list[Choice] = []
    others: list[Choice] = []
    fields: list[Choice] = []
    met: list[MetRow] = []
    groups: list[Choice] = []
    categories: list[Choice] = []
    abouts: list[Choice] = []
    former: list[FormerRow] = []
    members: list[str] = []
    place: str = ""
    first: bool = True
    last: bool = True
    done: int = 0
    problem: str = ""
    _tree: Node = Node("all")
    _kinds: dict[str, str] = {}
    _out: list[str] = []
    _names: dict[str, str] = {}
    _lefts: list[int] = []
    _saved: str = ""
    _theirs: int = 0
    _cursors: list[str] = []
    _next: str = ""

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """The audience of the address."""
        self.key, self._cursors, self.wrong, self.stale, self.problem = last_part(self, 200), [], "", "", ""
        await _fill(self)

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load, or to have what somebody else saved."""
        self.stale = self.wrong = ""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    # ---- the rule
    @guarded("content.write")
    async def add(self, path: str, about: str) -> None:
        """A condition, or a group, at the end of a group."""
        if not trees.add(self._tree, path, about):
            self.wrong = (await teller(self)).say("aud.too_many")
            return
        await _changed(self, ask=False)

    @guarded("content.write")
    async def remove(self, path: str) -> None:
        trees.remove(self._tree, path)
        await _changed(self)

    @guarded("content.write")
    async def move(self, path: str, by: int) -> None:
        trees.move(self._tree, path, 1 if by > 0 else -1)
        await _changed(self)

    @guarded("content.write")
    async def set_part(self, path: str, field: str, value: str) -> None:
        """One value of one condition, as chosen or typed."""
        node = trees.at(self._tree, path)
        if node is None or not trees.set_field(node, field, str(value)):
            raise Invalid(field="rule")
        if field == "name" and node.about == "attribute":
            kind = self._kinds.get(node.name, "text")
            if node.is_ not in trees.FITS[kind]:
                node.is_ = trees.FITS[kind][0]
            node.value = "yes" if kind == "flag" else ""
        await _changed(self)

    @guarded("content.write")
    async def leave_out(self, key: str, out: bool) -> None:
        """People of another audience, or no longer."""
        if out and key and key not in self._out and key in self._names:
            self._out.append(key)
        elif not out and key in self._out:
            self._out.remove(key)
        await _changed(self)

    @guarded("content.read")
    async def recount(self) -> None:
        await _count(self, await teller(self))

    @guarded("content.write")
    async def save(self) -> None:
        """Keep it; what somebody else saved meanwhile is not overwritten."""
        await _save(self, self.revision)

    @guarded("content.write")
    async def save_over(self) -> None:
        """Keep it, having seen that somebody else saved."""
        await _save(self, self._theirs)

    @guarded("content.write")
    async def rename(self, form: dict[str, Any]) -> None:
        """Name and description."""
        self.name = str(form.get("name", "")).strip()[:200] or self.key
        self.description = str(form.get("description", "")).strip()[:2_000]
        self.done += 1
        await _save(self, self.revision)

    @guarded("content.write")
    async def restore(self, number: int) -> None:
        """A former version is the newest again."""
        voice = await teller(self)
        try:
            await app().audiences.restore(caller(), self.key, int(number), self.revision)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal, voice.language)
            return
        await _fill(self)
        tell(await self.get_state(Frame), "delivered", voice.say("aud.restored", version=number))

    @guarded("content.write")
    async def delete(self) -> Any:
        """It goes, unless something uses it."""
        voice = await teller(self)
        try:
            with contextlib.suppress(NotFound):  # somebody was faster
                await app().audiences.delete(caller(), self.key)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal, voice.language)
            return None
        tell(await self.get_state(Frame), "delivered", voice.say("aud.deleted"))
        return rx.redirect(PATH)

    # ---- lists
    @guarded("content.write")
    async def put_on(self, form: dict[str, Any]) -> None:
        """Everybody whose id was typed; one that is unknown refuses all."""
        users = [user for user in dict.fromkeys(re.split(r"[\s,;]+", str(form.get("users", ""))[:TYPED].strip())) if user]
        if users:
            await self._moved(lambda: app().audiences.add_members(caller(), self.key, users), "aud.members.added", count=len(users))

    @guarded("content.write")
    async def take_off(self, user: str) -> None:
        if user in self.members:
            await self._moved(lambda: app().audiences.remove_members(caller(), self.key, [user]), "aud.members.removed", user=user)

    @guarded("content.read")
    async def older(self) -> None:
        if self._next:
            self._cursors.append(self._next)
            await _members(self, await teller(self))

    @guarded("content.read")
    async def newer(self) -> None:
        if self._cursors:
            self._cursors.pop()
            await _members(self, await teller(self))

    async def _moved(self, act: Any, said: str, **values: Any) -> None:
        voice = await teller(self)
        try:
            await act()
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.problem = in_words(refusal, voice.language)
            return
        self.problem, self.done = "", self.done + 1
        await _fill(self)
        tell(await self.get_state(Frame), "delivered", voice.say(said, **values))


async def _fill(page: AudiencePage) -> None:
    voice, actor = await teller(page), caller()
    page.gone = page.trouble = page.wrong = ""
    try:
        view = await app().audiences.get(actor, page.key)
        former = await app().audiences.versions(actor, page.key)
        fields = await app().audiences.fields(actor)
        others = (await app().audiences.list(actor, limit=200)).items
        categories = (await app().categories.list(actor)).items
        campaigns = [one for one in (await app().campaigns.list(actor, limit=100)).items if one.state not in ("draft", "review", "approved")]
    except NotFound as refusal:
        page.gone = refusal.detail
        return
    except Unavailable as away:
        page.trouble = away.detail
        return
    try:
        groups = (await app().groups.list(actor)).items
    except Forbidden:
        groups = []
    page._kinds = trees.OWN | {one.name: one.kind for one in fields if one.used}
    page.fields = [Choice(name, name) for name in sorted(page._kinds, key=lambda name: (name in trees.OWN, name))]
    page.met = [MetRow(one.name, one.values) for one in fields if one.used and one.values]
    page.groups = [Choice(one.key, one.name) for one in groups[:200]]
    page.categories = [Choice(one.key, one.name) for one in categories if one.kind != "essential"]
    page._names = {one.key: one.name for one in others if one.key != page.key}
    page.abouts = [
        Choice("", voice.say("aud.of.any")), *(Choice(f"channel:{one}", voice.channel(one)) for one in CHANNELS),
        *(Choice(f"category:{one.value}", one.text) for one in page.categories),
        *(Choice(f"campaign:{one.key}", voice.say("aud.of.campaign", name=one.name)) for one in campaigns),
    ]  # fmt: skip
    page.former = [
        FormerRow(
            one.version, voice.say("aud.version", version=one.version),
            voice.say("aud.version.by", by=one.by, time=ago(one.at.timestamp(), voice.now, voice.zone, voice.language)) + (f" · {one.note}" if one.note else ""),
            sentence(voice, one.rule, one.exclude, page._names) if view.kind == "rule" else "", one.version == view.version,
        )
        for one in former[:20]
    ]  # fmt: skip
    _take(page, view)
    _show(page, voice)
    await _count(page, voice)
    if page.kind == "list":
        await _members(page, voice)


def _take(page: AudiencePage, view: AudienceView) -> None:
    page.name, page.description, page.kind, page.revision = view.name, view.description, view.kind, view.revision
    page._tree, page._out, page.dirty, page.stale = trees.tree_of(view.rule), list(view.exclude), False, ""
    page._lefts = []


def _show(page: AudiencePage, voice: Teller) -> None:
    """The tree as rows, and the rule read aloud."""
    page.joint, rows, at = page._tree.joint, [], 0
    for path, deep, node in trees.walk(page._tree):
        group, n = trees.parent_of(page._tree, path)
        left = ""
        if deep == 0 and page._tree.joint == "all" and at < len(page._lefts):
            left = voice.say("aud.left", count=count(page._lefts[at], voice.language))
            at += 1
        kind = page._kinds.get(node.name, "text") if node.about == "attribute" else ""
        hint = "aud.value.list" if node.is_ in trees.LISTED else "aud.value.between" if node.is_ == "between" else "aud.value.date" if kind == "date" else "aud.value"
        rows.append(PartRow(
            path, deep, bool(node.joint), node.joint, node.no, node.about, node.name, node.is_, node.value, node.given, node.did, node.days, node.of, node.times,
            kind, node.is_ in trees.BARE, voice.say(hint), left, n == 0, group is not None and n == len(group.parts) - 1,
        ))  # fmt: skip
    page.parts = rows
    page.exclude = [Choice(key, page._names.get(key, key)) for key in page._out]
    page.others = [Choice(key, name) for key, name in page._names.items() if key not in page._out]
    try:
        rule = trees.rule_of(page._tree, page._kinds) if page.kind == "rule" else None
        page.said = sentence(voice, rule, page._out, page._names)
    except ValueError:
        page.said = ""


async def _changed(page: AudiencePage, *, ask: bool = True) -> None:
    """After each change: shown, read aloud and counted."""
    voice = await teller(page)
    page.dirty, page.wrong, page._lefts = True, "", []
    _show(page, voice)
    if ask:
        await _count(page, voice)


def _given(page: AudiencePage, voice: Teller) -> Audience | None:
    """What is built; None when a value cannot be read, which is said."""
    try:
        rule = trees.rule_of(page._tree, page._kinds) if page.kind == "rule" else None
    except ValueError as wrong:
        page.wrong = voice.say(str(wrong)) if str(wrong).startswith("aud.") else voice.say("aud.wrong.value")
        return None
    return Audience(rule, tuple(page._out))


async def _count(page: AudiencePage, voice: Teller) -> None:
    asked = _given(page, voice)
    page.people, page.nobody, page.everybody, page.reach, page.sample = "", False, False, [], []
    if asked is None:
        return
    try:
        if page.dirty and page.kind == "rule":
            found = await app().audiences.count(caller(), CountIn(asked.rule, list(asked.exclude), steps=True, sample=SAMPLE))
        else:
            found = await app().audiences.count_of(caller(), page.key, steps=True, sample=SAMPLE)
    except (Forbidden, Unauthenticated):
        raise
    except Refusal as refusal:
        page.wrong = in_words(refusal, voice.language)
        return
    _shown(page, voice, found)


def _shown(page: AudiencePage, voice: Teller, found: CountView) -> None:
    language = voice.language
    page.people = count(found.count, language)
    page.share = voice.say("aud.count.of", share=percent(found.count, found.everybody, language), all=count(found.everybody, language))
    page.nobody, page.everybody = found.count == 0 and page.kind == "rule", 1 < found.everybody == found.count and page.kind == "rule"
    page.reach = [FactRow(voice.channel(channel), count(n, language), "") for channel, n in found.channels.items()]
    page._lefts = found.steps
    page.sample = [
        SomeoneRow(one.user, one.name or one.user, ", ".join(f"{name}: {value}" for name, value in list(one.attributes.items())[:4])[:200], one.local_time, one.timezone)
        for one in found.sample
    ]
    page.may_see = bool(found.sample) or found.count == 0
    _show(page, voice)


async def _save(page: AudiencePage, revision: int) -> None:
    voice = await teller(page)
    asked = _given(page, voice)
    if asked is None:
        return
    given = AudienceIn(page.name, page.kind, asked.rule, list(asked.exclude), page.description)  # type: ignore[arg-type]
    try:
        view = await app().audiences.put(caller(), page.key, given, revision)
    except (Forbidden, Unauthenticated):
        raise
    except Refusal as refusal:
        if refusal.code() == "stale":
            page._theirs = int(refusal.facts.get("current", 0))
            page.stale = voice.say("aud.stale", current=page._theirs)
        else:
            page.wrong = in_words(refusal, voice.language)
        return
    before = next((row.number for row in page.former if row.now), 0)
    await _fill(page)
    said = voice.say("aud.saved", version=view.version) if view.version != before else voice.say("aud.saved.same")
    tell(await page.get_state(Frame), "delivered", said)


async def _members(page: AudiencePage, voice: Teller) -> None:
    after = page._cursors[-1] if page._cursors else ""
    try:
        found = await app().audiences.members(caller(), page.key, after=after, limit=ROWS)
    except Forbidden:  # who may not see people sees how many there are
        page.members, page.may_see = [], False
        return
    page.members, page._next = found.items, found.next or ""
    start = len(page._cursors) * ROWS
    numbers = {"first": count(start + 1, voice.language), "last": count(start + len(page.members), voice.language)}
    page.place = voice.say("page.rows", **numbers) if page.members else voice.say("page.none")
    page.first, page.last = not page._cursors, found.next is None
