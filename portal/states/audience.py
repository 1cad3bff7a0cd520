"""State of an audience's page: its rule as it is built, counted after each change, and who is on its list."""


import contextlib
import dataclasses
import itertools
import re
from typing import Any

import msgspec
import reflex as rx

from backend.domain.audience import Rule
from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, Stale, Taken, Unauthenticated
from portal import audience_apart as apart
from portal import audience_rule as trees
from portal import campaign_draft as drafts
from portal.audience_apart import Shape
from portal.audience_rows import FormerRow, MetRow, PartRow, SomeoneRow, TornPart
from portal.audience_rule import Node
from portal.campaign_rows import FactRow
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.states import audience_shown as shown
from portal.wiring import app

PATH = "/audiences"
TYPED = 1_500_000  # characters of ids typed at once
TRIES = 50  # keys for a copy


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
    torn: list[TornPart] = []  # what somebody else changed, too
    torn_by: str = ""
    copy: str = ""  # the name a copy is offered
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
    used: list[Choice] = []  # address and name of what names it
    former: list[FormerRow] = []
    members: list[str] = []
    place: str = ""
    first: bool = True
    last: bool = True
    done: int = 0
    problem: str = ""
    _tree: Node = Node("all")
    _kinds: dict[str, str] = {}
    _speech: str = "en"  # the language that the values of the tree are typed in
    _out: list[str] = []
    _names: dict[str, str] = {}  # of other audiences, by key
    _called: dict[str, str] = {}  # the same, and of what else a rule names: group:key, category:key, campaign:key
    _lefts: list[int] = []
    _base: Shape = Shape()  # as it was saved when it was read
    _theirs: Shape = Shape()
    _their_revision: int = 0
    _stored: list[tuple[Rule | None, Rule | None]] = []  # rules as the builder says them, and as they are stored
    _used: list[str] = []  # what names it
    _cursors: list[str] = []
    _next: str = ""

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """The audience of the address."""
        key = last_part(self, 200)
        kept = key == self.key and self.dirty  # not saved yet: it is still here
        self.key, self._cursors, self.wrong, self.problem = key, [], "", ""
        await shown.fill(self, keep=kept)
        self.copy = (await teller(self)).say("aud.copy.name", name=self.name)[:200]

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load; or as it is saved, what was changed and not saved is forgotten."""
        await shown.fill(self)
        (await self.get_state(Frame)).loaded = True

    # ---- the rule
    @guarded("content.write")
    async def add(self, path: str, about: str) -> None:
        """A condition, or a group, at the end of a group."""
        if not trees.add(self._tree, path, about):
            self.wrong = (await teller(self)).say("aud.too_many")
            return
        await shown.changed(self, ask=False)

    @guarded("content.write")
    async def remove(self, path: str) -> None:
        trees.remove(self._tree, path)
        await shown.changed(self)

    @guarded("content.write")
    async def move(self, path: str, by: int) -> None:
        trees.move(self._tree, path, 1 if by > 0 else -1)
        await shown.changed(self)

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
        await shown.changed(self)

    @guarded("content.write")
    async def leave_out(self, key: str, out: bool) -> None:
        """People of another audience, or no longer."""
        if out and key and key not in self._out and key in self._names:
            self._out.append(key)
        elif not out and key in self._out:
            self._out.remove(key)
        await shown.changed(self)

    @guarded("content.read")
    async def recount(self) -> None:
        await shown.number(self, await teller(self))

    @guarded("content.write")
    async def save(self) -> None:
        """Keep it. What somebody else saved meanwhile is not overwritten: both are brought together, or shown beside each other."""
        mine = shown.given(self, await teller(self))
        if mine is not None:
            await _save(self, mine)

    @guarded("content.write")
    async def rename(self, form: dict[str, Any]) -> None:
        """Name and description; the rule stays as it is saved."""
        self.name = " ".join(str(form.get("name", ""))[:400].split())[:200] or self.key
        self.description = str(form.get("description", "")).strip()[:2_000]
        self.done += 1
        await _save(self, msgspec.structs.replace(self._base, name=self.name, description=self.description), keep=True)

    @guarded("content.write")
    async def pick_torn(self, key: str, which: str) -> None:
        """Whose part of those that both changed."""
        if which in ("mine", "theirs"):
            self.torn = [dataclasses.replace(row, pick=which if row.key == key else row.pick) for row in self.torn]

    @guarded("content.write")
    async def settle(self) -> None:
        """Both in one, what both changed as picked, and saved."""
        mine = shown.given(self, await teller(self))
        if mine is None or not self.torn:
            return
        made = apart.joined(self._base, mine, self._theirs, {row.key for row in self.torn if row.pick == "theirs"})
        self._base, self.revision, self.torn, self.torn_by = self._theirs, self._their_revision, [], ""
        self.name, self.description, self._tree, self._out = made.name, made.description, trees.tree_of(made.rule, self._speech), list(made.exclude)
        self.dirty = True
        await _save(self, made)

    @guarded("content.write")
    async def duplicate(self, form: dict[str, Any]) -> Any:
        """Another one like it; its key is made of its name."""
        voice, name = await teller(self), " ".join(str(form.get("name", ""))[:400].split())[:200]
        if not name:
            self.problem = voice.say("aud.copy.needs")
            return None
        try:
            key = await made_like(self.key, name)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.problem = in_words(refusal, voice.language)
            return None
        self.problem, self.done = "", self.done + 1
        tell(await self.get_state(Frame), "delivered", voice.say("aud.copied"))
        return rx.redirect(f"{PATH}/{key}")

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
        await shown.fill(self)
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
            await shown.members(self, await teller(self))

    @guarded("content.read")
    async def newer(self) -> None:
        if self._cursors:
            self._cursors.pop()
            await shown.members(self, await teller(self))

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
        await shown.fill(self, keep=True)
        tell(await self.get_state(Frame), "delivered", voice.say(said, **values))


async def _save(page: AudiencePage, mine: Shape, *, keep: bool = False) -> None:
    before = next((row.number for row in page.former if row.now), 0)
    view, met = await shown.save(page, mine)
    if view is None:
        return
    await shown.fill(page, keep=keep)
    voice = await teller(page)
    said = voice.say("aud.saved", version=view.version) if view.version != before else voice.say("aud.saved.same")
    tell(await page.get_state(Frame), "delivered", said, voice.say("aud.met", who=met) if met else "")


async def made_like(key: str, name: str) -> str:
    """The key of a copy under a name of its own. Raises what the facade refuses it for."""
    tries = drafts.keys_of(name, "audience")
    for other in itertools.islice(tries, TRIES):
        with contextlib.suppress(Stale):  # taken
            return (await app().audiences.duplicate(caller(), key, other, name)).key
    raise Taken
