"""Templates: the list, and a new one from a starting layout or as a copy."""


import re
from typing import Any

import reflex as rx

from backend.app.studio_views import CreateIn, TemplateCard
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Invalid, Taken
from backend.domain.starters import STARTERS
from portal.components.controls import button, field, text_input
from portal.components.elements import a, div, fieldset, h2, input_el, label, legend, p, span, td, tr
from portal.components.listing import choice, list_actions, list_card, typed
from portal.components.status import channel_icon, channel_word, tag
from portal.components.surfaces import empty
from portal.components.text import t
from portal.downloads import Cell, offer
from portal.frame import Frame, on_page
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.states.listing import ListSpec, listing
from portal.studio_rows import TemplateRow
from portal.telling import Teller
from portal.theme import ago, count, iso, moment
from portal.wiring import app

PATH = "/templates"
SPEC = ListSpec(PATH, "content.read", {"words": (), "category": (), "channel": CHANNELS}, typed=("words",))
BLANK = "blank"


class Templates(listing(SPEC), rx.State):
    """One page of templates, and the dialog that makes one."""

    rows: list[TemplateRow] = []
    categories: list[Choice] = []
    of: str = ""  # the template a new one is a copy of
    starter: str = "order"
    name: str = ""
    slug: str = ""
    offered: str = ""  # the key made of the name; the form brings it back, to tell whether another one was written
    wrong_name: str = ""
    wrong_key: str = ""
    made: int = 0  # grows when the dialog begins anew

    async def _before(self, actor: Any) -> None:
        if not self.categories:
            self.categories = [Choice(c.key, c.name) for c in (await app().categories.list(actor)).items]

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        found = await app().studio.list(actor, **{k: v or "" for k, v in wanted.items()}, after=after or "", limit=SPEC.rows)
        self.rows = [_shown(card, voice) for card in found.items]
        return found.next

    @guarded("content.write")
    async def begin(self, of: str) -> None:
        """The dialog opens: a new one, or a copy of this one."""
        source = next((row for row in self.rows if row.id == of), None)
        self.of = source.id if source else ""
        self.name = (await teller(self)).say("create.copy", title=source.name)[:200] if source else ""
        self.slug = self.offered = _slug(self.name)
        self.wrong_name, self.wrong_key, self.made = "", "", self.made + 1

    @guarded("content.write")
    async def named(self, name: str) -> None:
        """The key follows the name until it is written by hand."""
        self.name = str(name)[:200].strip()
        self.slug = self.offered = _slug(self.name)
        self.wrong_name, self.wrong_key = "", ""

    @guarded("content.write")
    async def keyed(self, key: str) -> None:
        """The key by hand."""
        self.slug, self.wrong_key = str(key)[:128].strip(), ""

    @guarded("content.write")
    async def start_with(self, starter: str) -> None:
        """A starting layout."""
        if starter not in {*STARTERS, BLANK}:
            raise Invalid(field="starter")
        self.starter = starter

    @guarded("content.write")
    async def create(self, form: dict[str, Any]) -> Any:
        """Make it and open its studio. The form has what was typed last: `named` waits for a pause, and whoever is quick leaves none."""
        self.name, key = str(form.get("name", ""))[:200].strip(), str(form.get("key", ""))[:128].strip()
        self.slug = _slug(self.name) if key == str(form.get("offered", "")) else key
        if not self.name:
            self.wrong_name = (await teller(self)).say("create.needs.name")
            return None
        given = CreateIn(self.name, "" if self.of or self.starter == BLANK else self.starter, self.of)
        try:
            card = await app().studio.create(caller(), self.slug, given)
        except (Invalid, Taken) as refusal:
            self.wrong_key = in_words(refusal)
            return None
        return rx.redirect(f"{PATH}/{card.key}")


def _slug(name: str) -> str:
    """`Order shipped` -> order-shipped."""
    plain = name.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64]


def _shown(card: TemplateCard, voice: Teller) -> TemplateRow:
    at = card.changed_at.timestamp()
    tongues = voice.say("templates.more", count=len(card.locales)) if card.locales else voice.say("templates.outer")
    return TemplateRow(
        card.key, card.name, card.channels, voice.say("templates.version", number=count(card.published, voice.language)) if card.published else "",
        card.draft_differs, tongues + (f": {', '.join(card.locales[:4])}" if card.locales else ""), ", ".join(card.categories),
        ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language), card.changed_by,
    )  # fmt: skip


@offer(SPEC, "csv.template.key", "create.name", "col.channels", "col.published", "col.languages", "col.category", "col.changed")
async def _file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[list[Cell]], str | None]:
    found = await app().studio.list(actor, **{k: v or "" for k, v in wanted.items()}, after=after or "", limit=limit)
    rows: list[list[Cell]] = [
        [
            c.key, c.name, " ".join(c.channels), c.published, " ".join(c.locales), " ".join(c.categories), iso(c.changed_at.timestamp(), voice.zone),
        ]
        for c in found.items
    ]  # fmt: skip
    return rows, found.next


def _row(row: TemplateRow) -> rx.Component:
    spoken = span(rx.foreach(row.channels, lambda c: span(channel_icon(c, 15), span(channel_word(c), cls="sr"), cls="chan")), cls="row")
    live = rx.cond(row.published != "", tag(row.published, "delivered"), tag(t("templates.unpublished"), "queued"))
    differs = rx.cond((row.published != "") & row.differs, tag(t("templates.draft"), "held"))
    copy = rx.cond(
        Frame.may.contains("content.write"),
        button("", "copy", kind="ghost sm", name=t("templates.duplicate", title=row.name), data_open="create", on_click=Templates.begin(row.id)),
    )
    return tr(
        td(a(row.name, href=f"{PATH}/{row.id}", cls="strong rowlink clip"), span(row.id, cls="cap faint mono clip"), cls="two"),
        td(span(live, differs, cls="row wrap"), cls="st"),
        td(spoken),
        td(span(row.languages, cls="cap")),
        td(span(row.categories, cls="mono"), cls=rx.cond(row.categories == "", "hide", "")),
        td(span(row.time, title=row.exact), span(row.who, cls="cap faint clip"), cls="r pair"),
        td(copy, cls="r only-d"),
    )


def _create() -> rx.Component:
    def starter(key: str) -> rx.Component:
        box = input_el(
            type="radio", name="starter", value=key, cls="check", checked=Templates.starter == key, on_change=lambda _: Templates.start_with(key)
        )
        return label(box, span(span(t(f"starter.{key}"), cls="strong"), span(t(f"starter.{key}.text"), cls="cap muted"), cls="col"), cls="opt row")

    begin = fieldset(legend(t("create.with")), div(*[starter(key) for key in (*STARTERS, BLANK)], cls="grid2 starters"))
    body = rx.el.form(
        h2(t("create.title"), id="create-t"),
        p(t("create.text"), cls="muted"),
        field(
            t("create.name"),
            text_input("create-name", name="name", max_length=200, default_value=Templates.name, on_change=Templates.named.debounce(200), auto_complete="off"),
            t("create.name.hint"),
            Templates.wrong_name,
        ),
        field(
            t("create.key"),
            text_input("create-key", name="key", cls="mono", max_length=128, default_value=Templates.slug, key=Templates.slug, on_blur=Templates.keyed, spell_check=False),
            t("create.key.hint"),
            Templates.wrong_key,
        ),
        input_el(type="hidden", name="offered", value=Templates.offered),
        rx.cond(Templates.of == "", begin),
        div(button(t("act.cancel"), data_close="1"), button(t("create.act"), kind="pri", type="submit"), cls="acts"),
        class_name="col g3",
        key=Templates.made.to_string(),
        on_submit=Templates.create,
    )  # fmt: skip
    return rx.el.dialog(body, id="create", class_name="modal wide", custom_attrs={"aria-labelledby": "create-t"})


@rx.page(PATH, title=t("templates.title") + " · Carillon", on_load=on_page(Templates.load))
def templates() -> rx.Component:
    heads = [
        (t("col.template"), ""), (t("col.published"), ""), (t("col.channels"), ""), (t("col.languages"), ""), (t("col.category"), ""),
        (t("col.changed"), "r"), (span(t("members.acts"), cls="sr"), "r only-d"),
    ]  # fmt: skip
    new = rx.cond(
        Frame.may.contains("content.write"), button(t("templates.new"), "plus", kind="pri", data_open="create", on_click=Templates.begin(""))
    )
    rows = list_card(
        Templates, heads=heads, row=_row, name=t("templates.name"), widths=("180px", "90px", "72px", "70px", "80px", "60px", "20px"),
        nothing=empty("file-text", t("templates.empty"), t("templates.empty.text"), new),
        filters=[
            typed(Templates, ("words", t("templates.search"))),
            choice(Templates, "category", t("col.category"), Templates.categories, every=t("templates.filter.category")),
            choice(Templates, "channel", t("col.channel"), [(c, t(f"channel.{c}")) for c in CHANNELS], every=t("templates.filter.channel")),
        ],
    )  # fmt: skip
    head = page_head(
        t("templates.title"), t("templates.sub"), *list_actions(Templates), button(t("templates.parts"), "layers", href="/layouts"), new
    )
    return shell(PATH, [(t("group.reach"), ""), (t("nav.templates"), "")], head, rows, _create())
