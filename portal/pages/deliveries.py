"""Every delivery, newest first, with its filters in the address."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from urllib.parse import urlencode

import reflex as rx

from backend.domain.delivery import CHANNELS, STATE_NAME
from backend.domain.errors import Unavailable
from portal.components.controls import button, search, select
from portal.components.elements import a, div, span, tbody, td, tr
from portal.components.places import page_body, waiting_rows
from portal.components.status import channel_icon, channel_word, look_of, pill_var
from portal.components.surfaces import card, empty
from portal.components.table import pager, table
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.guard import caller, guarded
from portal.reading import teller
from portal.rows import Choice, DeliveryRow
from portal.shell import page_head, shell
from portal.theme import ago, count, moment
from portal.wiring import app

ROWS = 25
FILTERS = ("state", "channel", "category", "user", "event")
PATH = "/deliveries"


class Deliveries(rx.State):
    """The filters as the address has them, and one page of rows."""

    state: str = ""
    channel: str = ""
    category: str = ""
    user: str = ""
    event: str = ""
    filtered: bool = False
    categories: list[Choice] = []
    rows: list[DeliveryRow] = []
    place: str = ""  # "26 to 50"
    first: bool = True
    last: bool = True
    trouble: str = ""
    _cursors: list[str] = []  # of the pages before this one
    _next: str = ""

    @guarded("deliveries.read", page=True)
    async def load(self) -> None:
        """Take the filters from the address and read the first page."""
        query = self.router.url.query_parameters
        for name in FILTERS:
            setattr(self, name, str(query.get(name, ""))[:128])
        self.filtered = any(getattr(self, name) for name in FILTERS)
        self._cursors = []
        await _fill(self, "")

    @guarded("deliveries.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self, self._cursors[-1] if self._cursors else "")
        (await self.get_state(Frame)).loaded = True

    @guarded("deliveries.read")
    async def pick(self, name: str, value: str) -> rx.event.EventSpec | None:
        """One filter changed: the address says so, and the page loads by it."""
        if name not in FILTERS:
            return None
        return _go({**{one: getattr(self, one) for one in FILTERS}, name: str(value).strip()[:128]})

    @guarded("deliveries.read")
    async def look_for(self, form: dict[str, str]) -> rx.event.EventSpec:
        """The two typed filters together."""
        typed = {name: str(form.get(name, "")).strip()[:128] for name in ("user", "event")}
        return _go({**{one: getattr(self, one) for one in FILTERS}, **typed})

    @guarded("deliveries.read")
    async def older(self) -> None:
        if self._next:
            self._cursors.append(self._next)
            await _fill(self, self._next)

    @guarded("deliveries.read")
    async def newer(self) -> None:
        if self._cursors:
            self._cursors.pop()
            await _fill(self, self._cursors[-1] if self._cursors else "")


def _go(filters: dict[str, str]) -> rx.event.EventSpec:
    query = urlencode({name: value for name, value in filters.items() if value})
    return rx.redirect(f"{PATH}?{query}" if query else PATH)


async def _fill(page: Deliveries, after: str) -> None:
    """Read the page of rows behind `after`."""
    voice, actor = await teller(page), caller()
    page.trouble = ""
    wanted = {name: getattr(page, name) or None for name in FILTERS}
    try:
        found = await app().deliveries.list(actor, **wanted, after=after or None, limit=ROWS)
        if not page.categories:
            page.categories = [Choice(c.key, c.name) for c in (await app().categories.list(actor)).items]
    except Unavailable as away:
        page.trouble = away.detail
        return
    rows = []
    for view in found.items:
        at = view.accepted_at.timestamp()
        why = voice.because([view.reason]) if view.reason else ""
        rows.append(
            DeliveryRow(
                view.id, view.title or view.type or view.category, view.user or "–", view.address, view.channel, view.category, look_of(view.state), why[:1].upper() + why[1:],
                ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language),
            )
        )  # fmt: skip
    page.rows, page._next = rows, found.next or ""
    start = len(page._cursors) * ROWS
    numbers = {"first": count(start + 1, voice.language), "last": count(start + len(rows), voice.language)}
    page.place = voice.say("page.rows", **numbers) if rows else voice.say("page.none")
    page.first, page.last = not page._cursors, found.next is None


def _row(row: DeliveryRow) -> rx.Component:
    return tr(
        td(
            a(row.title, href=f"{PATH}/{row.id}", cls="strong rowlink clip"),
            span(rx.cond(row.address == "", row.user, row.user + ", " + row.address), cls="cap faint clip"),
            cls="two",
        ),
        td(pill_var(row.look), cls="st"),
        td(span(channel_icon(row.channel, 14), channel_word(row.channel), cls="row")),
        td(span(row.category, cls="mono")),
        td(span(row.reason, cls="muted"), cls=rx.cond(row.reason == "", "hide", "")),
        td(span(row.time, title=row.exact), cls="r"),
    )


def _tools() -> rx.Component:
    states = [("", t("deliveries.filter.state")), *[(name, t(f"state.{name}")) for name in STATE_NAME.values()]]
    channels = [("", t("deliveries.filter.channel")), *[(name, t(f"channel.{name}")) for name in CHANNELS]]
    narrow = {"flex": "0 1 168px", "min_width": "0"}
    typed = rx.el.form(
        search("f-user", t("deliveries.filter.user"), "160px", name="user", default_value=Deliveries.user, key=Deliveries.user),
        search("f-event", t("deliveries.filter.event"), "200px", name="event", default_value=Deliveries.event, key=Deliveries.event),
        button(t("deliveries.filter.go"), "list-filter", type="submit"),
        on_submit=Deliveries.look_for,
        class_name="row wrap typed",
    )
    return div(
        div(
            select("f-state", states, name=t("col.state"), cls="sm", value=Deliveries.state, on_change=lambda v: Deliveries.pick("state", v)),
            style=narrow,
        ),
        div(
            select(
                "f-channel", channels, name=t("col.channel"), cls="sm", value=Deliveries.channel,
                on_change=lambda v: Deliveries.pick("channel", v),
            ),
            style=narrow,
        ),
        div(
            rx.el.select(
                rx.el.option(t("deliveries.filter.category"), value=""),
                rx.foreach(Deliveries.categories, lambda c: rx.el.option(c.text, value=c.value)),
                id="f-category", class_name="select sm", value=Deliveries.category, on_change=lambda v: Deliveries.pick("category", v),
                custom_attrs={"aria-label": t("col.category")},
            ),
            style=narrow,
        ),
        typed,
        cls="tools",
    )  # fmt: skip


def _list() -> rx.Component:
    heads = [
        (t("col.notification"), ""), (t("col.state"), ""), (t("col.channel"), ""), (t("col.category"), ""), (t("col.reason"), ""), (t("col.when"), "r"),
    ]  # fmt: skip
    nothing = rx.cond(
        Deliveries.filtered,
        empty("search-x", t("deliveries.none"), t("deliveries.none.text"), button(t("clear"), href=PATH)),
        empty(
            "route",
            t("deliveries.empty"),
            t("deliveries.empty.text"),
            rx.cond(Frame.may.contains("events.send"), button(t("nav.send"), "send", kind="pri", href="/send")),
        ),
    )
    turn = pager(Deliveries.place, on_prev=Deliveries.newer, on_next=Deliveries.older, first=Deliveries.first, last=Deliveries.last)
    full = table(heads, tbody(rx.foreach(Deliveries.rows, _row)), name=t("deliveries.name"))
    waiting = table(heads, waiting_rows(8, ("140px", "72px", "80px", "70px", "160px", "48px")), name=t("deliveries.name"))
    body = rx.cond(Deliveries.rows.length() > 0, rx.fragment(full, turn), nothing)
    return card(None, _tools(), page_body(Deliveries.trouble, Deliveries.again, waiting, body), flush=True)


@rx.page(PATH, title=t("deliveries.title") + " · Carillon", on_load=on_page(Deliveries.load))
def deliveries() -> rx.Component:
    clear = rx.cond(Deliveries.filtered, button(t("clear"), "x", href=PATH))
    return shell(
        PATH, [(t("group.measure"), ""), (t("nav.deliveries"), "")], page_head(t("deliveries.title"), t("deliveries.sub"), clear), _list()
    )
