"""What would have left the house and was kept: the list, filled as messages come, and how the capture provider behaves."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

import asyncio
import uuid
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from backend.app.captures import Behaviour
from backend.domain.errors import Invalid, Refusal, Unavailable
from portal.components.controls import button, search, select
from portal.components.elements import a, b, button_el, div, label, span, tbody, td, tr
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_rows
from portal.components.status import channel_icon, channel_word
from portal.components.surfaces import card, empty
from portal.components.table import pager, table
from portal.components.text import t
from portal.frame import Frame, on_page, tab_is_open, tell
from portal.guard import admit, caller, guarded
from portal.reading import teller
from portal.rows import CaptureRow
from portal.shell import page_head, shell
from portal.theme import ago, count, moment
from portal.wiring import app

ROWS = 25
KEPT = ("email", "push", "sms")
MODES = ("ok", "slow", "fail", "refuse", "hang", "bounce")
LOOK = 2.0  # seconds between looks for a new message, while the first page is open
PATH = "/captured"


class Captured(rx.State):
    """One page of captured messages."""

    channel: str = ""
    find: str = ""
    rows: list[CaptureRow] = []
    place: str = ""
    first: bool = True
    last: bool = True
    trouble: str = ""
    counts: dict[str, str] = {}  # channel -> how many are kept; "" for all
    amount: str = "0"  # of those that clearing drops
    amount_one: bool = False
    modes: dict[str, str] = {}  # channel -> how its capture provider behaves
    _cursors: list[str] = []
    _next: str = ""
    _newest: float = 0.0
    _watcher: str = ""  # the newest watch of this tab; older ones end

    @guarded("captures.read", page=True)
    async def load(self) -> None:
        """Channel and search come from the address."""
        query = self.router.url.query_parameters
        asked = str(query.get("channel", ""))
        self.channel, self.find = asked if asked in KEPT else "", str(query.get("find", "")).strip()[:128]
        self._cursors = []
        await _fill(self, "")

    @guarded("captures.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self, self._cursors[-1] if self._cursors else "")
        (await self.get_state(Frame)).loaded = True

    @guarded("captures.read", background=True)
    async def watch(self) -> None:
        """Show what comes, as long as the newest page of the list is open in this tab."""
        mine, actor = uuid.uuid4().hex, caller()
        async with self:
            self._watcher = mine
        while tab_is_open(self):
            await asyncio.sleep(LOOK)
            await admit(self, "captures.read")
            try:
                newest = await app().captures.newest(actor, self.channel or None)
            except Unavailable:
                continue
            async with self:
                if self._watcher != mine or str(self.router.url.path).rstrip("/") != PATH:
                    return
                if newest > self._newest and not self._cursors:
                    await _fill(self, "")

    @guarded("captures.read")
    async def look_for(self, form: dict[str, str]) -> Any:
        """The address says what is looked for."""
        return rx.redirect(_address(self.channel, str(form.get("find", "")).strip()[:128]))

    @guarded("captures.read")
    async def older(self) -> None:
        if self._next:
            self._cursors.append(self._next)
            await _fill(self, self._next)

    @guarded("captures.read")
    async def newer(self) -> None:
        if self._cursors:
            self._cursors.pop()
            await _fill(self, self._cursors[-1] if self._cursors else "")

    @guarded("operate")
    async def behave(self, channel: str, mode: str) -> None:
        """Tell the capture provider of a channel how to treat what it is given."""
        if mode not in MODES:
            raise Invalid(field="mode")
        await app().captures.behave(caller(), channel, Behaviour(mode=mode))
        self.modes[channel] = mode
        frame = await self.get_state(Frame)
        voice = await teller(self)
        tell(frame, "delivered", voice.say("behaviour.done", channel=voice.channel(channel), mode=voice.say(f"behaviour.{mode}")))

    @guarded("operate")
    async def clear(self) -> None:
        """Drop what is kept, of the channel that is shown."""
        gone = await app().captures.clear(caller(), self.channel or None)
        voice = await teller(self)
        self._cursors = []
        await _fill(self, "")
        tell(await self.get_state(Frame), "delivered", voice.say("captured.cleared", count=gone))


def _address(channel: str, find: str) -> str:
    query = urlencode({name: value for name, value in (("channel", channel), ("find", find)) if value})
    return f"{PATH}?{query}" if query else PATH


async def _fill(page: Captured, after: str) -> None:
    voice, actor = await teller(page), caller()
    page.trouble = ""
    try:
        page._newest = await app().captures.newest(actor, page.channel or None)
        found = await app().captures.list(actor, channel=page.channel or None, find=page.find, after=after or None, limit=ROWS)
        page.modes = {channel: (await app().captures.behaviour(actor, channel)).mode for channel in KEPT}
        kept = await app().captures.counts(actor)
    except Unavailable as away:
        page.trouble = away.detail
        return None
    except Refusal:  # a cursor of a message that is gone: begin at the newest
        page._cursors = []
        return await _fill(page, "") if after else None
    page.rows = [
        CaptureRow(
            view.id, view.delivery, view.user or "–", view.address, view.channel, view.title or "–",
            voice.say("captured.attempt", number=view.attempt) if view.attempt > 1 else "",
            ago(view.at.timestamp(), voice.now, voice.zone, voice.language), moment(view.at.timestamp(), voice.zone, voice.language), view.preview,
        )
        for view in found.items
    ]  # fmt: skip
    whole = sum(kept.values())
    page.counts = {name: count(number, voice.language) for name, number in {"": whole, **kept}.items()}
    amount = kept[page.channel] if page.channel else whole
    page.amount, page.amount_one = count(amount, voice.language), amount == 1
    page._next = found.next or ""
    start = len(page._cursors) * ROWS
    numbers = {"first": count(start + 1, voice.language), "last": count(start + len(page.rows), voice.language)}
    page.place = voice.say("page.rows", **numbers) if page.rows else voice.say("page.none")
    page.first, page.last = not page._cursors, found.next is None
    return None


def _row(row: CaptureRow) -> rx.Component:
    return tr(
        td(
            a(row.title, href=f"{PATH}/" + row.id, cls="strong rowlink clip"),
            span(row.preview, cls=rx.cond(row.preview == "", "hide", "cap faint clip")),
            rx.cond(row.attempt != "", span(row.attempt, cls="cap faint")),
            cls="two",
        ),
        td(span(channel_icon(row.channel, 14), channel_word(row.channel), cls="row")),
        td(span(row.user, cls="strong clip"), span(row.address, cls="cap faint clip"), cls="pair"),
        td(span(row.time, title=row.exact), cls="r"),
    )


def _chip(channel: str) -> rx.Component:
    words = t(f"channel.{channel}") if channel else t("captured.all")
    pressed = rx.cond(Captured.channel == channel, "true", "false")
    go = rx.redirect(_address(channel, ""))
    return button_el(words, b(Captured.counts[channel]), type="button", cls="chip", aria_pressed=pressed, on_click=go)


def _tools() -> rx.Component:
    looking = rx.el.form(
        search("f-find", t("captured.find"), "240px", name="find", default_value=Captured.find, key=Captured.find),
        on_submit=Captured.look_for,
        class_name="end",
    )
    chips = div(*[_chip(c) for c in ("", *KEPT)], cls="row wrap chips", role="group", aria_label=t("captured.channels"))
    return div(chips, looking, cls="tools")


def _behaviour() -> rx.Component:
    def one(channel: str) -> rx.Component:
        choices = [(mode, t(f"behaviour.{mode}")) for mode in MODES]
        chosen = select(f"b-{channel}", choices, value=Captured.modes[channel], on_change=lambda mode: Captured.behave(channel, mode))
        return div(label(t(f"channel.{channel}"), html_for=f"b-{channel}"), chosen, cls="field")

    return card(t("behaviour"), div(*[one(channel) for channel in KEPT], cls="grid3"), sub=t("behaviour.sub"))


def _clearing() -> rx.Component:
    act = button(t("captured.clear.act", amount=Captured.amount), "trash-2", kind="danger solid", on_click=Captured.clear, data_close="1")
    ask = rx.cond(Captured.amount_one, t("captured.clear.ask.one"), t("captured.clear.ask", amount=Captured.amount))
    return modal("clear", ask, t("captured.clear.text"), confirm=act)


@rx.page(PATH, title=t("captured.title") + " · Carillon", on_load=[*on_page(Captured.load), Captured.watch])
def captured() -> rx.Component:
    heads = [(t("col.message"), ""), (t("col.channel"), ""), (t("col.person"), ""), (t("col.when"), "r")]
    nothing = rx.match(
        Captured.find,
        (
            "",
            rx.cond(
                Captured.channel != "",
                empty("search-x", t("captured.none"), t("captured.none.text")),
                empty("mail-search", t("captured.empty"), t("captured.empty.text")),
            ),
        ),
        empty("search-x", t("captured.nothing"), t("captured.nothing.text"), button(t("clear"), href=PATH)),
    )
    turn = pager(Captured.place, on_prev=Captured.newer, on_next=Captured.older, first=Captured.first, last=Captured.last)
    full = rx.fragment(table(heads, tbody(rx.foreach(Captured.rows, _row)), name=t("captured.name")), turn)
    waiting = table(heads, waiting_rows(6, ("220px", "72px", "120px", "48px")), name=t("captured.name"))
    body = page_body(Captured.trouble, Captured.again, waiting, rx.cond(Captured.rows.length() > 0, full, nothing))
    live = span(span(cls="dot live delivered"), t("captured.live"), cls="row cap muted")
    clearing = rx.cond(
        Frame.may.contains("operate") & (Captured.amount != "0"), button(t("captured.clear"), "trash-2", kind="danger", data_open="clear")
    )
    return shell(
        PATH,
        [(t("group.operate"), ""), (t("nav.captured"), "")],
        page_head(t("captured.title"), t("captured.sub"), clearing, badge=rx.cond(Captured.first, live)),
        div(card(None, _tools(), body, flush=True), rx.cond(Frame.may.contains("operate"), _behaviour()), cls="col g4"),
        _clearing(),
    )
