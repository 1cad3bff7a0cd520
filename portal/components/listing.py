"""A list page: saved views and CSV for its head, then a card with filters and rows, or what stands in their place.

    head = page_head(t("deliveries.title"), t("deliveries.sub"), *list_actions(Bells))
    rows = list_card(
        Bells, heads=[(t("col.message"), ""), (t("col.when"), "r")], row=_row, name=t("deliveries.name"), widths=("140px", "48px"),
        filters=[choice(Bells, "tone", t("col.state"), [(one, t(f"tone.{one}")) for one in TONES]), typed(Bells, ("user", t("col.person")))],
        nothing=empty("bell", t("deliveries.empty"), t("deliveries.empty.text"), button(t("nav.send"), "send", kind="pri", href="/send")),
    )

`Bells` is a state made with `portal.states.listing`, which says what it holds. Give `chooser` and `bulk` for a page whose rows
can be chosen, `chips` in place of a `choice` where a filter has few values.
"""

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx

from portal.components.controls import button, field, text_input
from portal.components.elements import a, button_el, div, icon, input_el, option, p, plain_link, select_el, span, tbody, td, th
from portal.components.overlays import menu
from portal.components.places import page_body, waiting_rows
from portal.components.surfaces import card, empty
from portal.components.table import pager, table
from portal.components.text import t
from portal.rows import ViewChoice


def chips(page: Any, name: str, options: Sequence[tuple[str, Any]], label: Any, *, every: Any = None) -> rx.Component:
    """A filter with few values, each a chip with its count where the page has one. The first chip takes the filter off."""

    def one(value: str, words: Any) -> rx.Component:
        number = page.counts[value or "all"]
        pressed = rx.cond(page.query[name] == value, "true", "false")
        return button_el(
            words, rx.cond(number, span(number, cls="num tally")), type="button", cls="chip", aria_pressed=pressed,
            on_click=page.pick(name, value),
        )  # fmt: skip

    first = [("", every if every is not None else t("list.all"))]
    return div(*[one(*pair) for pair in (*first, *options)], cls="row wrap chips", role="group", aria_label=label)


def choice(page: Any, name: str, label: Any, options: Any, *, every: Any = None) -> rx.Component:
    """A filter with many values. `options`: pairs (value, words), or a state var of `rows.Choice`."""
    none = option(every if every is not None else label, value="")
    if isinstance(options, rx.Var):
        values = [rx.foreach(options, lambda o: option(o.text, value=o.value))]
    else:
        values = [option(words, value=value) for value, words in options]
    box = select_el(
        none, *values, id=f"f-{name}", cls="select sm", aria_label=label, value=page.query[name], on_change=lambda v: page.pick(name, v)
    )
    return div(box, cls="narrow1")


def box(page: Any, name: str, words: Any) -> rx.Component:
    """One filter that is typed."""
    field = input_el(
        id=f"f-{name}", type="search", name=name, placeholder=words, aria_label=words, cls="input sm", max_length=128,
        default_value=page.query[name], key=page.query[name],
    )  # fmt: skip
    return div(icon("search", 15), field, cls="with-ico")


def typed(page: Any, *fields: tuple[str, Any]) -> rx.Component:
    """The filters that are typed, (name, words), in one form; Enter sends it."""
    boxes = [box(page, name, words) for name, words in fields]
    return rx.el.form(*boxes, button(t("list.filter"), "list-filter", type="submit"), on_submit=page.look_for, class_name="row wrap typed")


def chooser(page: Any, key: Any, title: Any) -> rx.Component:
    """The cell that takes a row into the selection."""
    box = input_el(
        type="checkbox", cls="check", aria_label=t("list.choose", title=title), checked=page.chosen.contains(key),
        on_change=lambda on: page.choose(key, on),
    )  # fmt: skip
    return td(box, cls="pick")


def bulk(page: Any, *acts: rx.Component) -> rx.Component:
    """What can be done with the rows that are chosen; it floats at the lower edge while there are some."""
    bar = div(
        span(page.chosen_text, cls="num", aria_live="polite"),
        *acts,
        button("", "x", kind="sm", name=t("list.choose.none"), on_click=page.choose_page(False)),
        cls="bulk",
        role="group",
        aria_label=t("list.bulk"),
    )
    return rx.cond(page.chosen.length() > 0, bar)


def _saved(page: Any) -> list[rx.Component]:
    """The menu of saved views, and the dialog that names one."""

    def one(view: ViewChoice) -> rx.Component:
        return div(
            a(
                rx.cond(view.name == page.view, icon("check", 15), icon("list-filter", 15)), span(view.name, cls="clip grow"), href=view.href,
                aria_current=rx.cond(view.name == page.view, "true", "false"),
            ),
            button(
                "", "pencil", kind="ghost sm", name=t("views.rename", name=view.name), data_open="view-name", on_click=page.name_view(view.name)
            ),
            button("", "trash-2", kind="ghost sm", name=t("views.delete", name=view.name), on_click=page.delete_view(view.name)),
            cls="row item",
        )  # fmt: skip

    save = button_el(
        icon("bookmark-plus", 15), span(t("views.save")), type="button", disabled=~page.filtered, data_open="view-name",
        on_click=page.name_view(""),
    )  # fmt: skip
    opener = button(rx.cond(page.view != "", page.view, t("views")), "bookmark", kind="", popover_target="views", cls="views-btn")
    listed = rx.cond(page.views.length() > 0, rx.foreach(page.views, one), p(t("views.none"), cls="cap faint hintline"))
    title = rx.cond(page.renaming != "", t("views.rename.title"), t("views.save.title"))
    box = text_input(
        "view-new-name", name="name", max_length=80, default_value=page.renaming, key=page.renaming + page.asked.to_string(),
        auto_complete="off", aria_describedby="view-name-t",
    )  # fmt: skip
    form = rx.el.form(
        rx.el.h2(title, id="view-name-t"),
        p(rx.cond(page.renaming != "", "", t("views.save.text")), cls="muted"),
        field(t("views.name"), box, error=page.problem),
        div(button(t("act.cancel"), data_close="1"), button(t("views.act"), kind="pri", type="submit"), cls="acts"),
        on_submit=page.save_view,
        class_name="col g3",
    )
    naming = rx.el.dialog(
        form, id="view-name", class_name="modal", custom_attrs={"aria-labelledby": "view-name-t", "data-done": page.asked.to_string()}
    )
    return [opener, menu("views", listed, rx.el.hr(), save, end=True), naming]


def list_actions(page: Any, *, csv: bool = True, saved: bool = True) -> list[rx.Component]:
    """Saved views and the download, for the page's head."""
    file = plain_link(
        icon("download", 15), span(t("list.csv")), href=page.download, cls="btn", title=t("list.csv.limit"), download=True
    )
    return [*(_saved(page) if saved else []), *([file] if csv else [])]


def list_tools(page: Any, *filters: rx.Component, folds: bool = False) -> rx.Component:
    """The filters, and the way back from them. `folds`: on a phone they stand behind a button until one is used, so that rows come first."""
    clear = rx.cond(page.filtered, a(icon("x", 14), span(t("clear")), href=page.CLEAR, cls="btn ghost"))
    if not folds:
        return div(*filters, clear, cls="tools listtools")
    opener = button(t("list.filters"), "list-filter", kind="block only-m unfold", data_act="unfold", aria_expanded=rx.cond(page.filtered, "true", "false"))
    return div(opener, *filters, clear, cls="tools listtools")


def list_card(
    page: Any, *, heads: list[tuple[Any, str]], row: Callable[[Any], rx.Component], name: Any, widths: tuple[str, ...], nothing: rx.Component,
    filters: Sequence[rx.Component] = (), picks: bool = False, tight: bool = False,
) -> rx.Component:  # fmt: skip
    """`nothing` stands where there is no row at all; `picks`: the first cell of a row is a `chooser`; `widths` are those of waiting rows."""
    first: list[Any] = [_choose_page(page)] if picks else []
    waiting = table(heads, waiting_rows(8, widths), name=name, tight=tight, before=[th(cls="pick")] if picks else [])
    full = rx.fragment(
        table(heads, tbody(rx.foreach(page.rows, row)), name=name, tight=tight, before=first),
        pager(page.place, on_prev=page.newer, on_next=page.older, first=page.first, last=page.last),
    )
    further = div(
        icon("telescope", 15), span(t("list.partial"), cls="grow"), button(t("list.partial.act"), kind="sm", on_click=page.older), cls="row wrap partial",
        role="status",
    )  # fmt: skip
    filtered = empty("search-x", t("list.none"), t("list.none.text"), button(t("clear"), "x", href=page.CLEAR))
    none_yet = empty("telescope", t("list.partial.none"), t("list.partial"), button(t("list.partial.act"), kind="pri", on_click=page.older))
    some = rx.fragment(rx.cond(page.partial, further), full)
    body = rx.cond(page.rows.length() > 0, some, rx.cond(page.partial, none_yet, rx.cond(page.filtered, filtered, nothing)))
    return card(None, *([list_tools(page, *filters, folds=len(filters) > 2)] if filters else []), page_body(page.trouble, page.again, waiting, body, kept=page.kept), flush=True)


def _choose_page(page: Any) -> rx.Component:
    every = input_el(
        type="checkbox", cls="check", aria_label=t("list.choose.page"), checked=page.chosen.length() == page.rows.length(),
        on_change=page.choose_page,
    )  # fmt: skip
    return th(every, scope="col", cls="pick")
