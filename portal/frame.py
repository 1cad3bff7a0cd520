"""State of the frame around every page: who is here, in which language, how many unread, what was just said."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import reflex as rx
from reflex_base.constants import RouteVar

from backend.domain.errors import Refusal, Unavailable
from portal.access import SIGNED_IN, home_of, permissions
from portal.guard import admit, caller, guarded, refused
from portal.theme import moment
from portal.wiring import app
from portal.words import known, language_of, say

ASK_AGAIN = 20.0  # seconds; how long a session withdrawn elsewhere may keep hearing its bell, and a closed tab its listener


_hearers: "list[Callable[[Frame], Awaitable[None]]]" = []


class Reader(rx.State):
    """What of the reader stays the same from page to page. Every word and every place of the sidebar listens to this alone: what `Frame`
    says changes with each page, and would have all of them drawn anew."""

    language: str = "en"
    may: list[str] = []


class Frame(rx.State):
    """What the shell shows. Page states stand beside it and read `language` and `timezone`; `tell` speaks through it."""

    language: str = "en"
    timezone: str = "UTC"
    ready: bool = False  # the caller is known
    loaded: bool = False  # the page's own data came
    closed: bool = False  # the caller may not see this page
    at: str = ""  # the address these two are about; the browser may be ahead of it
    name: str = ""
    initials: str = ""
    role_word: str = ""
    space: str = ""
    demo: bool = False  # the demo lives in this space
    brand: str = ""  # whose notifications these are, as their own pages say it; "" until somebody named it
    halted: str = ""  # what is halted now; "" for nothing, and for who does not see it
    halted_text: str = ""
    test: bool = False  # everything of this space is captured
    may: list[str] = []
    home: str = "/inbox"
    unread: int = 0
    unread_text: str = ""
    bell_name: str = ""
    rang: int = 0  # grows when something arrives; the bell swings
    leave: str = ""  # the browser loads this address
    said: int = 0  # grows with every toast
    said_hue: str = ""
    said_title: str = ""
    said_text: str = ""
    said_undo: bool = False  # what was said can be taken back
    _undo: tuple[Any, ...] = ()  # what takes it back: a function of the frame and its further arguments
    _owner: str = ""  # hash of the session this state belongs to
    _listener: str = ""  # the newest bell of this tab; older ones end

    @guarded(SIGNED_IN)
    async def enter(self) -> None:
        """First handler of every page."""
        actor = caller()
        await read_in(self, language_of(actor.locale))
        self.timezone = actor.timezone
        self.name, self.role_word = actor.name or actor.subject, say(self.language, f"role.{actor.role}")
        self.initials = "".join(part[0] for part in self.name.split()[:2]).upper()
        self.may, self.home = permissions(actor.role), home_of(actor.role)
        reader = await self.get_state(Reader)
        if reader.may != self.may:
            reader.may = self.may
        place = await app().spaces.mine(actor)
        self.space, self.demo, self.brand = place.name, place.demo, place.brand
        self.closed = self.loaded = False
        self.at = address_of(self.router_data)
        await show_halts(self)
        await show_mode(self)
        self._show_unread(await app().inbox.unread(actor))
        self.ready = True

    def _show_unread(self, unread: int) -> None:
        self.unread = unread
        self.unread_text = "99+" if unread > 99 else str(unread)
        self.bell_name = say(self.language, "bell.unread", count=unread) if unread else say(self.language, "bell.none")

    @guarded(SIGNED_IN, background=True)
    async def listen(self) -> None:
        """Last handler of every page: hear the inbox until the tab moves on, closes, or the session ends."""
        mine, actor = uuid.uuid4().hex, caller()
        async with self:
            self._listener = mine
        async with contextlib.aclosing(app().inbox.changes(actor)) as changes:
            coming = asyncio.ensure_future(anext(changes, None))
            try:
                while True:
                    await asyncio.wait({coming}, timeout=ASK_AGAIN)
                    if self._listener != mine or not tab_is_open(self):
                        return
                    try:
                        await admit(self, SIGNED_IN)
                    except Refusal as refusal:
                        await refused(self, refusal, background=True)
                        return
                    if not coming.done():
                        continue
                    change = coming.result()
                    if change is None:
                        return
                    async with self:
                        if change.notification is not None:
                            self.rang += 1
                        self._show_unread(change.unread)
                        for hear in _hearers:
                            await hear(self)
                    coming = asyncio.ensure_future(anext(changes, None))
            finally:
                coming.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await coming

    @guarded(SIGNED_IN)
    async def take_back(self) -> None:
        """Undo what the toast told of, once."""
        if self._undo:
            (undo, *given), self._undo, self.said_undo = self._undo, (), False
            await undo(self, *given)

    @guarded(SIGNED_IN)
    async def trouble(self, number: str) -> None:
        """An unexpected error of another handler, with the number under which the log holds it."""
        tell(self, "failed", say(self.language, "trouble.title"), say(self.language, "trouble.text", number=str(number)[:12]))


async def read_in(state: rx.State, language: str) -> None:
    """From now on the tab speaks this language."""
    (await state.get_state(Frame)).language = language
    reader = await state.get_state(Reader)
    if reader.language != language:
        reader.language = language


def address_of(router_data: Mapping[str, Any]) -> str:
    """The path the browser is at, as assets/frames.js writes it."""
    path = str(router_data.get(RouteVar.ORIGIN, "")).partition("?")[0].partition("#")[0]
    return path.rstrip("/") or "/"


async def show_mode(frame: Frame) -> None:
    """The banner of test mode, for the staff."""
    try:
        frame.test = "analytics.read" in frame.may and (await app().providers.mode(caller())).test
    except Unavailable:  # the page's own looks say so
        return


async def show_halts(frame: Frame) -> None:
    """The banner: who halted what, since when."""
    frame.halted = frame.halted_text = ""
    if "analytics.read" not in frame.may:
        return
    try:
        halts = await app().halts.shown(caller())
    except Unavailable:  # the page's own looks say so
        return
    if halts:
        first, language = min(halts, key=lambda one: one.at), frame.language
        name = halt_name(language, first.scope)
        more = len(halts) - 1
        frame.halted = say(language, "brakes.banner.more", name=name, count=more) if more else say(language, "brakes.banner", name=name)
        since = moment(first.at.timestamp(), frame.timezone, language)
        frame.halted_text = " ".join(part for part in (first.reason and f"{first.reason.rstrip('.')}.", say(language, "brakes.banner.text", by=first.by, since=since)) if part)


def halt_name(language: str, scope: str) -> str:
    """A scope in words."""
    kind, _, name = scope.partition(":")
    if kind == "space":
        return say(language, "brakes.scope.space")
    if kind in ("channel", "priority") and known(f"{kind}.{name}"):
        name = say(language, f"{kind}.{name}")
    return say(language, f"brakes.scope.{kind}", name=name)


def tell(frame: Frame, hue: str, title: str, text: str = "", *, undo: bool | tuple[Any, ...] = False) -> None:
    """Say something for five seconds at the lower edge, longer while it is pointed at. `hue`: delivered or failed.

    `undo`: what the toast's button does, a function of a module and what it is given: `(restore, name)` runs
    `await restore(frame, name)` as the caller. True leaves the button to the page's own frame. This is a function, because
    every public method of a state can be called over the socket.
    """
    frame.said += 1
    frame.said_hue, frame.said_title, frame.said_text, frame.said_undo = hue, title, text, bool(undo)
    frame._undo = undo if isinstance(undo, tuple) else ()  # noqa: SLF001 - the underscore keeps it from the browser


def tab_is_open(state: Any) -> bool:
    """Whether the browser still holds the socket of this state's tab; what runs beside a page ends with it."""
    from portal.portal import app as portal

    namespace = portal.event_namespace
    return namespace is not None and state.router.session.client_token in namespace.token_to_sid


def hears_inbox(hear: Callable[[Frame], Awaitable[None]]) -> Callable[[Frame], Awaitable[None]]:
    """Decorator: run this whenever the inbox of a tab's person changes, with the tab's state locked and its caller known."""
    _hearers.append(hear)
    return hear


def on_page(*loads: Any) -> list[Any]:
    """The handlers a page runs when it opens: who is here, its own, then the bell."""
    return [Frame.enter, *loads, Frame.listen]
