"""State of a group's page: its members by the page, and what it wishes for those who say nothing themselves."""

import contextlib
import re
from typing import Any

import reflex as rx

from backend.app.views import GroupIn, PreferencesIn
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, Unauthenticated, Unavailable
from portal.category_form import telling
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.staff_rows import WishRow
from portal.theme import count
from portal.wiring import app

PATH = "/groups"
ROWS = 25
TYPED = 1_500_000  # characters of ids typed at once


class GroupPage(rx.State):
    """One group."""

    key: str = ""
    gone: str = ""
    trouble: str = ""
    name: str = ""
    sub: str = ""
    size: str = ""
    revision: int = 0
    members: list[str] = []
    place: str = ""
    first: bool = True
    last: bool = True
    channels: list[WishRow] = []
    categories: list[WishRow] = []
    wrong: str = ""
    done: int = 0
    _cursors: list[str] = []
    _next: str = ""

    @guarded("people.read", page=True)
    async def load(self) -> None:
        """The group of the address."""
        self.key, self._cursors, self.wrong = last_part(self, 200), [], ""
        await _fill(self)

    @guarded("people.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("people.read")
    async def older(self) -> None:
        if self._next:
            self._cursors.append(self._next)
            await _fill(self)

    @guarded("people.read")
    async def newer(self) -> None:
        if self._cursors:
            self._cursors.pop()
            await _fill(self)

    @guarded("people.write")
    async def rename(self, form: dict[str, Any]) -> None:
        """Another name; somebody else's change is not overwritten."""
        name = str(form.get("name", "")).strip()[:200] or self.key
        await self._change(lambda: app().groups.put(caller(), self.key, GroupIn(name=name), self.revision), "group.saved")

    @guarded("people.write")
    async def add(self, form: dict[str, Any]) -> None:
        """Everybody whose id was typed; one that is unknown refuses all."""
        users = list(dict.fromkeys(re.split(r"[\s,;]+", str(form.get("users", ""))[:TYPED].strip())))
        users = [user for user in users if user]
        if users:
            voice = await teller(self)
            await self._change(lambda: app().groups.add_members(caller(), self.key, users), "group.members.added", count=count(len(users), voice.language))

    @guarded("people.write")
    async def remove(self, user: str) -> None:
        """One out."""
        if user in self.members:
            await self._change(lambda: app().groups.remove_members(caller(), self.key, [user]), "group.members.removed", user=user)

    @guarded("people.write")
    async def wish(self, kind: str, key: str, value: str) -> None:
        """What the group says about a channel or a category, saved at once."""
        if kind not in ("channels", "categories") or value not in ("", "on", "off"):
            raise Invalid(field="wish")
        wanted = {"on": True, "off": False}.get(value)
        given = PreferencesIn(channels={key: wanted}) if kind == "channels" else PreferencesIn(categories={key: wanted})
        if not await self._change(lambda: app().groups.put(caller(), self.key, GroupIn(preferences=given), self.revision), "group.saved"):
            tell(await self.get_state(Frame), "failed", self.wrong)

    @guarded("people.write")
    async def delete(self) -> Any:
        """The group goes, its members stay."""
        with contextlib.suppress(NotFound):  # somebody was faster
            await app().groups.delete(caller(), self.key)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("group.deleted"))
        return rx.redirect(PATH)

    async def _change(self, act: Any, said: str, **values: str) -> bool:
        try:
            await act()
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal)
            return False
        self.wrong, self.done = "", self.done + 1
        await _fill(self)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say(said, **values))
        return True


async def _fill(page: GroupPage) -> None:
    voice, actor = await teller(page), caller()
    page.gone = page.trouble = ""
    after = page._cursors[-1] if page._cursors else ""  # noqa: SLF001 - the page's own
    try:
        group = await app().groups.get(actor, page.key)
        members = await app().groups.members(actor, page.key, after=after, limit=ROWS)
        known = telling((await app().categories.list(actor)).items)
    except (NotFound, Invalid) as refusal:
        page.gone = in_words(refusal)
        return
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    language = voice.language
    page.name, page.revision, page.size = group.name, group.revision, count(group.members, language)
    page.sub = voice.say("group.sub", group=group.key, count=page.size if group.members != 1 else 1)
    page.members, page._next = members.items, members.next or ""  # noqa: SLF001
    start = len(page._cursors) * ROWS  # noqa: SLF001
    numbers = {"first": count(start + 1, language), "last": count(start + len(page.members), language)}
    page.place = voice.say("page.rows", **numbers) if page.members else voice.say("page.none")
    page.first, page.last = not page._cursors, members.next is None  # noqa: SLF001
    wishes, word = group.preferences, {True: "on", False: "off"}
    page.channels = [WishRow(one, voice.channel(one), word[wishes.channels[one]] if one in wishes.channels else "") for one in CHANNELS]
    page.categories = [
        WishRow(one.key, one.name, word[wishes.categories[one.key]] if one.key in wishes.categories else "") for one in known if one.kind != "essential"
    ][:50]
