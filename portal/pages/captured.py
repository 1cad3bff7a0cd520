"""What would have left the house and was kept: the list, filled as messages come, and how the capture provider behaves."""


import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import reflex as rx

from backend.app.captures import Behaviour, CaptureView
from backend.domain.errors import Invalid, Unavailable
from portal.components.controls import button, select
from portal.components.elements import a, div, label, span, td, tr
from portal.components.listing import chips, list_actions, list_card, typed
from portal.components.overlays import modal
from portal.components.status import channel_icon, channel_word
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.downloads import Cell, offer
from portal.frame import Frame, on_page, tab_is_open, tell
from portal.guard import admit, caller, guarded
from portal.reading import teller
from portal.rows import CaptureRow
from portal.shell import page_head, shell
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import ago, count, iso, moment
from portal.wiring import app

PATH = "/captured"
KEPT = ("email", "push", "sms")
MODES = ("ok", "slow", "fail", "refuse", "hang", "bounce")
LOOK = 2.0  # seconds between looks for a new message, while the first page is open
SPEC = ListSpec(PATH, "captures.read", {"channel": KEPT, "find": ()}, typed=("find",))


class Captured(listing(SPEC), rx.State):
    """One page of captured messages, the newest ones as they come."""

    rows: list[CaptureRow] = []
    amount: str = "0"  # of those that clearing drops
    amount_one: bool = False
    modes: dict[str, str] = {}  # channel -> how its capture provider behaves
    _newest: float = 0.0
    _watcher: str = ""  # the newest watch of this tab; older ones end

    async def _before(self, actor: Any) -> None:
        language = (await teller(self)).language
        self.modes = {channel: (await app().captures.behaviour(actor, channel)).mode for channel in KEPT}
        kept = await app().captures.counts(actor)
        whole, channel = sum(kept.values()), self.query["channel"]
        self.counts = {name: count(number, language) for name, number in {"all": whole, **kept}.items()}
        amount = kept[channel] if channel else whole
        self.amount, self.amount_one = count(amount, language), amount == 1
        self._newest = await app().captures.newest(actor, channel or None)

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        found = await app().captures.list(actor, channel=wanted["channel"], find=wanted["find"] or "", after=after, limit=SPEC.rows)
        self.rows = [_shown(view, voice) for view in found.items]
        return found.next

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
                newest = await app().captures.newest(actor, self.query["channel"] or None)
            except Unavailable:
                continue
            async with self:
                if self._watcher != mine or str(self.router.url.path).rstrip("/") != PATH:
                    return
                if newest > self._newest and self.first:
                    await self._again(actor)

    async def _again(self, actor: Any) -> None:
        """The newest page as it is now."""
        voice = await teller(self)
        await self._before(actor)
        self._next = await self._read(actor, voice, {name: value or None for name, value in self.query.items()}, None) or ""
        numbers = {"first": count(1, voice.language), "last": count(len(self.rows), voice.language)}
        self.place = voice.say("page.rows", **numbers) if self.rows else voice.say("page.none")
        self._cursors, self.first, self.last = [], True, not self._next

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
        gone = await app().captures.clear(caller(), self.query["channel"] or None)
        await self._again(caller())
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("captured.cleared", count=gone))


def _shown(view: CaptureView, voice: Teller) -> CaptureRow:
    at = view.at.timestamp()
    return CaptureRow(
        view.id, view.delivery, view.user or "–", view.address, view.channel, view.title or "–",
        voice.say("captured.attempt", number=view.attempt) if view.attempt > 1 else "",
        ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language), view.preview,
    )  # fmt: skip


@offer(SPEC, "col.when", "col.channel", "col.person", "captured.from", "col.message", "delivery.id")
async def captured_file(
    actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int
) -> tuple[list[Sequence[Cell]], str | None]:
    """Rows of the download; addresses stay in the house."""
    found = await app().captures.list(actor, channel=wanted["channel"], find=wanted["find"] or "", after=after, limit=limit)
    rows: list[Sequence[Cell]] = [
        (iso(view.at.timestamp(), voice.zone), view.channel, view.user, view.sender, view.title, view.delivery) for view in found.items
    ]
    return rows, found.next


def _row(row: CaptureRow) -> rx.Component:
    return tr(
        td(
            a(row.title, href=f"{PATH}/" + row.id, cls="strong rowlink clip"),
            span(row.preview, cls=rx.cond(row.preview == "", "hide", "cap faint clip")),
            rx.cond(row.attempt != "", span(row.attempt, cls="cap faint")),
            cls="two lines",
        ),
        td(span(channel_icon(row.channel, 14), channel_word(row.channel), cls="row")),
        td(span(row.user, cls="strong clip"), span(row.address, cls="cap faint clip"), cls="pair"),
        td(span(row.time, title=row.exact), cls="r"),
    )


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
    live = span(span(cls="dot live delivered"), t("captured.live"), cls="row cap muted")
    clearing = rx.cond(
        Frame.may.contains("operate") & (Captured.amount != "0"), button(t("captured.clear"), "trash-2", kind="danger", data_open="clear")
    )
    rows = list_card(
        Captured, heads=heads, row=_row, name=t("captured.name"), widths=("220px", "72px", "120px", "48px"),
        filters=[
            chips(Captured, "channel", [(c, t(f"channel.{c}")) for c in KEPT], t("captured.channels")), typed(Captured, ("find", t("captured.find"))),
        ],
        nothing=empty("mail-search", t("captured.empty"), t("captured.empty.text")),
    )  # fmt: skip
    return shell(
        PATH,
        [(t("group.operate"), ""), (t("nav.captured"), "")],
        page_head(t("captured.title"), t("captured.sub"), clearing, *list_actions(Captured), badge=rx.cond(Captured.first, live)),
        div(rows, rx.cond(Frame.may.contains("operate"), _behaviour()), cls="col g4"),
        _clearing(),
    )
