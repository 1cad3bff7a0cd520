"""What would have left the house and was kept: the list, and how the capture provider behaves."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

import reflex as rx

from backend.app.captures import Behaviour
from backend.domain.errors import Invalid, Unavailable
from portal.components.controls import select
from portal.components.elements import a, button_el, div, label, span, tbody, td, tr
from portal.components.places import page_body, waiting_rows
from portal.components.status import channel_icon, channel_word
from portal.components.surfaces import card, empty
from portal.components.table import pager, table
from portal.components.text import t
from portal.frame import Frame, on_page, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.rows import CaptureRow
from portal.shell import page_head, shell
from portal.theme import ago, count, moment
from portal.wiring import app

ROWS = 25
KEPT = ("email", "push", "sms")
MODES = ("ok", "slow", "fail", "refuse", "hang", "bounce")


class Captured(rx.State):
    """One page of captured messages."""

    channel: str = ""
    rows: list[CaptureRow] = []
    place: str = ""
    first: bool = True
    last: bool = True
    trouble: str = ""
    modes: dict[str, str] = {}  # channel -> how its capture provider behaves
    _cursors: list[str] = []
    _next: str = ""

    @guarded("captures.read", page=True)
    async def load(self) -> None:
        """The channel comes from the address."""
        asked = str(self.router.url.query_parameters.get("channel", ""))
        self.channel = asked if asked in KEPT else ""
        self._cursors = []
        await _fill(self, "")

    @guarded("captures.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self, self._cursors[-1] if self._cursors else "")
        (await self.get_state(Frame)).loaded = True

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


async def _fill(page: Captured, after: str) -> None:
    voice, actor = await teller(page), caller()
    page.trouble = ""
    try:
        found = await app().captures.list(actor, channel=page.channel or None, after=after or None, limit=ROWS)
        page.modes = {channel: (await app().captures.behaviour(actor, channel)).mode for channel in KEPT}
    except Unavailable as away:
        page.trouble = away.detail
        return
    page.rows = [
        CaptureRow(
            view.id, view.delivery, view.user or "–", view.address, view.channel, view.title or "–",
            voice.say("captured.attempt", number=view.attempt) if view.attempt > 1 else "",
            ago(view.at.timestamp(), voice.now, voice.zone, voice.language), moment(view.at.timestamp(), voice.zone, voice.language),
        )
        for view in found.items
    ]  # fmt: skip
    page._next = found.next or ""
    start = len(page._cursors) * ROWS
    numbers = {"first": count(start + 1, voice.language), "last": count(start + len(page.rows), voice.language)}
    page.place = voice.say("page.rows", **numbers) if page.rows else voice.say("page.none")
    page.first, page.last = not page._cursors, found.next is None


def _row(row: CaptureRow) -> rx.Component:
    return tr(
        td(a(row.title, href="/captured/" + row.id, cls="strong rowlink clip"), span(row.attempt, cls="cap faint"), cls="two"),
        td(span(channel_icon(row.channel, 14), channel_word(row.channel), cls="row")),
        td(span(row.user, cls="strong clip"), span(row.address, cls="cap faint clip"), cls="pair"),
        td(span(row.time, title=row.exact), cls="r"),
    )


def _chip(channel: str) -> rx.Component:
    words = t(f"channel.{channel}") if channel else t("captured.all")
    pressed = rx.cond(Captured.channel == channel, "true", "false")
    go = rx.redirect(f"/captured?channel={channel}" if channel else "/captured")
    return button_el(words, type="button", cls="chip", aria_pressed=pressed, on_click=go)


def _behaviour() -> rx.Component:
    def one(channel: str) -> rx.Component:
        choices = [(mode, t(f"behaviour.{mode}")) for mode in MODES]
        chosen = select(f"b-{channel}", choices, value=Captured.modes[channel], on_change=lambda mode: Captured.behave(channel, mode))
        return div(label(t(f"channel.{channel}"), html_for=f"b-{channel}"), chosen, cls="field")

    return card(t("behaviour"), div(*[one(channel) for channel in KEPT], cls="grid3"), sub=t("behaviour.sub"))


@rx.page("/captured", title=t("captured.title") + " · Carillon", on_load=on_page(Captured.load))
def captured() -> rx.Component:
    heads = [(t("col.message"), ""), (t("col.channel"), ""), (t("col.person"), ""), (t("col.when"), "r")]
    chips = div(div(*[_chip(c) for c in ("", *KEPT)], cls="row wrap chips", role="group", aria_label=t("captured.channels")), cls="tools")
    nothing = rx.cond(
        Captured.channel != "",
        empty("search-x", t("captured.none"), t("captured.none.text")),
        empty("mail-search", t("captured.empty"), t("captured.empty.text")),
    )
    turn = pager(Captured.place, on_prev=Captured.newer, on_next=Captured.older, first=Captured.first, last=Captured.last)
    full = rx.fragment(table(heads, tbody(rx.foreach(Captured.rows, _row)), name=t("captured.name")), turn)
    waiting = table(heads, waiting_rows(6, ("220px", "72px", "120px", "48px")), name=t("captured.name"))
    body = page_body(Captured.trouble, Captured.again, waiting, rx.cond(Captured.rows.length() > 0, full, nothing))
    return shell(
        "/captured",
        [(t("group.operate"), ""), (t("nav.captured"), "")],
        page_head(t("captured.title"), t("captured.sub")),
        div(card(None, chips, body, flush=True), rx.cond(Frame.may.contains("operate"), _behaviour()), cls="col g4"),
    )
