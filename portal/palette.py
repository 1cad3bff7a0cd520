"""The command palette: places and actions at once, and what the house finds for the text; and the letters that lead there.

Opening, sifting, arrows and Enter are assets/keys.js, so that it works while the connection is away; what the server finds comes
under the local entries. `options` of the list are links and buttons in the order they are walked.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import reflex as rx

from backend.domain.errors import Forbidden
from portal.access import SIGNED_IN
from portal.components.controls import button
from portal.components.elements import a, button_el, dd, dialog_el, div, dl, dt, h2, icon, input_el, kbd, label, p, span
from portal.components.text import t
from portal.frame import Reader
from portal.guard import caller, guarded
from portal.navigation import Place, places
from portal.routes import routes
from portal.wiring import app

KINDS = {"person": "user", "template": "file-text", "campaign": "megaphone", "audience": "users-round", "event": "zap", "delivery": "route"}
_PAGES = {"person": "/people", "template": "/templates", "campaign": "/campaigns", "audience": "/audiences", "event": "/events", "delivery": "/deliveries"}
_LISTS = {"person": "/deliveries?user=", "event": "/deliveries?event="}  # where there is no page of its own yet


@dataclass
class FoundRow:
    """One thing the house found."""

    kind: str
    title: str
    detail: str
    href: str


@dataclass(frozen=True)
class Act:
    """Something the palette does. `opens`: the dialog or, with "!", what assets/keys.js does itself."""

    word: str
    icon: str
    opens: str


ACTS = (Act("lang.open", "languages", "own"), Act("theme", "sun-moon", "!theme"), Act("keys", "keyboard", "keys"), Act("account.sign_out", "log-out", "!leave"))


class Palette(rx.State):
    """What was found for the text that was typed last."""

    found: list[FoundRow] = []
    sought: str = ""

    @guarded(SIGNED_IN)
    async def seek(self, text: str) -> None:
        """Look for people, templates, events and deliveries; who may read none of them finds nothing."""
        self.sought = " ".join(str(text)[:128].split())
        try:
            things = await app().search.find(caller(), self.sought)
        except Forbidden:
            things = []
        rows = [FoundRow(one.kind, one.title, one.detail, address(one.kind, one.key)) for one in things]
        self.found = [row for row in rows if row.href]


def address(kind: str, key: str) -> str:
    """Where a thing is shown: its own page, else a list that shows it, "" when there is neither."""
    page = _PAGES[kind]
    if any(route.startswith(f"{page}/[") for route in routes()):
        return f"{page}/{quote(key, safe='')}"
    return f"{_LISTS[kind]}{quote(key, safe='')}" if kind in _LISTS else ""


def seek_box() -> rx.Component:
    """The search box of the top bar; it opens the palette."""
    return button_el(
        icon("search", 15), span(t("palette.hint"), cls="grow"), kbd("Ctrl K", cls="pc", aria_hidden="true"), kbd("⌘ K", cls="mac", aria_hidden="true"),
        type="button", cls="seek", data_open="palette", aria_keyshortcuts="Control+K Meta+K",
    )  # fmt: skip


def _option(*children: Any, key: str, href: Any = "", **props: Any) -> rx.Component:
    common = {"id": key, "role": "option", "tab_index": -1, "aria_selected": "false", **props}
    return a(*children, href=href, **common) if not isinstance(href, str) or href else button_el(*children, type="button", **common)


def _place(place: Place) -> rx.Component:
    letters = span(kbd("G"), kbd(place.letter.upper()), cls="row keycaps end", aria_hidden="true") if place.letter else None
    return rx.cond(
        Reader.may.contains(place.permission),
        _option(
            icon(place.icon, 16), span(t(f"nav.{place.word}"), cls="grow"), *([letters] if letters else []), key=f"pal-{place.word}", href=place.path,
            data_go=place.letter,
        ),
    )  # fmt: skip


def _act(act: Act) -> rx.Component:
    does = {"data_act": act.opens[1:]} if act.opens.startswith("!") else {"data_open": act.opens}
    return _option(icon(act.icon, 16), span(t(act.word), cls="grow"), key=f"pal-{act.opens.strip('!')}", **does)


def _found(row: FoundRow, n: Any) -> rx.Component:
    face = rx.match(row.kind, *[(kind, icon(ico, 16)) for kind, ico in KINDS.items() if kind != "person"], icon("user", 16))
    word = rx.match(row.kind, *[(kind, t(f"palette.{kind}")) for kind in KINDS if kind != "person"], t("palette.person"))
    return _option(
        face, span(row.title, cls="clip"), span(row.detail, cls="clip faint cap mono grow"), span(word, cls="cap faint"), key=f"pal-f-{n}",
        href=row.href, data_found="1",
    )  # fmt: skip


def _group(name: str, *options: Any, **props: Any) -> rx.Component:
    head = p(t(f"palette.group.{name}"), cls="gh", id=f"pal-g-{name}", aria_hidden="true")
    return div(head, *options, role="group", aria_label=t(f"palette.group.{name}"), **props)


def palette() -> rx.Component:
    """One per page; and the dialog that lists the keys."""
    entry = div(
        icon("search", 17),
        input_el(
            id="palette-q", placeholder=t("palette.placeholder"), role="combobox", aria_label=t("palette.open"), aria_expanded="true",
            aria_controls="palette-list", aria_autocomplete="list", auto_complete="off", max_length=128, spell_check=False,
            on_change=Palette.seek.debounce(180),
        ),
        cls="q",
    )  # fmt: skip
    found = _group("found", rx.foreach(Palette.found, _found), id="palette-found", data_for=Palette.sought)
    options = div(
        _group("places", *[_place(place) for place in places()]), found, _group("acts", *[_act(act) for act in ACTS]),
        id="palette-list", role="listbox", aria_label=t("palette.results"),
    )  # fmt: skip
    nothing = p(t("palette.none"), id="palette-none", cls="muted", hidden=True)
    feet = [(("↑", "↓"), "palette.move"), (("Enter",), "palette.go"), (("Esc",), "palette.close")]
    foot = div(*[span(*[kbd(one) for one in keys], t(word), cls="row") for keys, word in feet], cls="ft", aria_hidden="true")
    told = p(id="palette-told", cls="sr", role="status", data_many=t("palette.count"))
    return rx.fragment(dialog_el(entry, options, nothing, told, foot, id="palette", cls="palette", aria_label=t("palette.name")), _keys())


def _keys() -> rx.Component:
    """The letters; they can be switched off, for whoever dictates or hits keys by mistake."""

    def line(words: Any, *keys: str) -> list[rx.Component]:
        return [dt(*[kbd(one) for one in keys], cls="row"), dd(words)]

    def to(place: Place) -> rx.Component:
        return rx.cond(Reader.may.contains(place.permission), rx.fragment(*line(t(f"nav.{place.word}"), "G", place.letter.upper())))

    switch = input_el(id="keys-on", type="checkbox", cls="switch", role="switch", default_checked=True)
    return dialog_el(
        h2(t("keys"), id="keys-t"),
        dl(
            *line(t("palette.open"), "Ctrl", "K"), *line(t("keys.seek"), "/"), *line(t("keys.list"), "?"), *line(t("act.close"), "Esc"),
            *[to(place) for place in places() if place.letter], cls="keylist",
        ),
        div(switch, label(t("keys.on"), html_for="keys-on"), cls="row"),
        div(button(t("act.close"), data_close="1"), cls="acts"),
        id="keys",
        cls="modal wide",
        aria_labelledby="keys-t",
    )  # fmt: skip
