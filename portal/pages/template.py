"""The studio of one template: sample data, source and preview side by side; on a phone one of them at a time."""

from typing import Any

import reflex as rx

from portal.components.controls import button, field, segmented, select, text_input
from portal.components.differences import differences
from portal.components.editor import editor
from portal.components.elements import button_el, div, h2, icon, input_el, label, li, p, span, ul
from portal.components.overlays import menu, modal, sheet
from portal.components.places import page_body, waiting_cards
from portal.components.preview import preview_head, preview_stage
from portal.components.status import CHANNEL_ICONS, channel_word, tag
from portal.components.surfaces import empty, note
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.shell import page_head, shell
from portal.states.studio import Studio
from portal.states.studio_acts import Overtaken, Publishing, Trial, Versions
from portal.studio_rows import KeptRow, ProblemRow, TornRow, ValueRow, VersionRow

WRITES = Frame.may.contains("content.write")
ORDER = ("email", "push", "sms", "web")


def _source(name: str, words: Any, *, line: bool = False, lang: str = "jinja", hint: Any = None) -> rx.Component:
    """An editor of one text of the channel; a single line has its name before it."""
    extra = {"hint": hint} if hint is not None else {}
    made = editor(
        Studio.values[name], Studio.doc + ":" + name, words, Studio.typed, lang=lang, line=line, problems=Studio.marks[name], offers=Studio.offers,
        read_only=~WRITES, **extra,
    )  # fmt: skip
    if line:
        return div(span(words, cls="cap faint fname"), made, cls="sline")
    return div(made, cls="sblock")


def _email() -> rx.Component:
    parts = segmented([("html", t("studio.html")), ("text", t("studio.text"))], Studio.part, lambda v: Studio.show("part", v), t("studio.part"))
    layouts = rx.el.select(
        rx.el.option(t("studio.layout.none"), value=""), rx.foreach(Studio.layouts, lambda o: rx.el.option(o.text, value=o.value)),
        class_name="select sm", value=Studio.values["layout"], on_change=Studio.layout, disabled=~WRITES, custom_attrs={"aria-label": t("studio.layout")},
    )  # fmt: skip
    body = rx.cond(
        Studio.part == "text",
        _source("text", t("studio.text"), hint=t("studio.text.made")),
        _source("html", t("studio.html"), lang="html"),
    )
    return rx.fragment(
        _source("subject", t("studio.subject"), line=True),
        _source("preheader", t("studio.preheader"), line=True),
        div(parts, span(cls="grow"), span(t("studio.layout"), cls="cap faint only-d"), layouts, cls="row stools"),
        body,
    )


def _notice(channel: str) -> rx.Component:
    actions = div(p(t("studio.actions"), span(t("studio.actions.hint"), cls="faint"), cls="cap fname2"), _source("actions", t("studio.actions")), cls="sacts")
    return rx.fragment(
        _source("title", t("studio.heading"), line=True),
        _source("link", t("studio.link"), line=True),
        _source("image", t("studio.image"), line=True),
        _source("body", t("studio.body")),
        actions,
    )


def _silent() -> rx.Component:
    falls = rx.cond(Studio.falls == "*", t("studio.none.outer"), t("studio.none.falls", tag=Studio.falls))
    text = rx.cond(Studio.falls != "", falls, t("studio.none.text"))
    write = rx.cond(WRITES, button(t("studio.write"), "pencil", kind="pri", on_click=Studio.write_here))
    return empty("message-square-off", t("studio.none"), text, write)


def _channel_tab(channel: str) -> rx.Component:
    return button_el(
        icon(CHANNEL_ICONS[channel], 15),
        span(t(f"channel.{channel}")),
        rx.cond(~Studio.speaks[channel], span("–", cls="faint", aria_hidden="true")),
        type="button", role="tab", id=f"tab-{channel}", aria_selected=rx.cond(Studio.channel == channel, "true", "false"),
        aria_controls="source-body", on_click=Studio.show("channel", channel), cls="tab",
    )  # fmt: skip


def _problem(row: ProblemRow) -> rx.Component:
    return li(
        rx.cond(row.kind == "missing", icon("circle-help", 14), icon("circle-alert", 14)),
        div(rx.cond(row.place != "", span(row.place, cls="cap strong")), span(row.text, cls="cap"), cls="col"),
        cls=rx.cond(row.kind == "missing", "problem held", "problem failed"),
    )


def _lint() -> rx.Component:
    """The line under the source: whether it renders, and everything that does not, at its place."""
    verdict = div(
        rx.cond(Studio.wrong > 0, icon("circle-alert", 15, class_name="bad"), rx.cond(Studio.here, icon("circle-check", 15, class_name="good"))),
        span(rx.cond(Studio.here | (Studio.wrong > 0), Studio.verdict, ""), cls="grow", id="verdict"),
        rx.cond(WRITES, span(rx.cond(Studio.aside, t("studio.unsaved"), Studio.saved), cls="cap faint num", id="saved"), span(t("studio.readonly"), cls="cap faint")),
        cls="row lintline",
    )  # fmt: skip
    found = ul(rx.foreach(Studio.problems, _problem), cls="problems")
    return div(rx.cond(Studio.problems.length() > 0, found), verdict, cls="lint", role="status", aria_live="polite")


def _source_pane() -> rx.Component:
    tongue = rx.el.select(
        rx.foreach(Studio.locales, lambda o: rx.el.option(rx.cond(o.value == "", t("studio.locale.outer"), o.text), value=o.value)),
        class_name="select sm", value=Studio.locale, on_change=lambda v: Studio.show("locale", v), custom_attrs={"aria-label": t("studio.locale")},
    )  # fmt: skip
    more = menu(
        "more-source",
        button_el(icon("languages", 15), span(t("studio.locale.add")), type="button", data_open="add-locale"),
        rx.cond(
            Studio.locale != "",
            button_el(icon("trash-2", 15), span(t("studio.locale.remove", tag=Studio.locale)), type="button", on_click=Studio.remove_locale),
        ),
        rx.cond(Studio.here, button_el(icon("eraser", 15), span(t("studio.drop")), type="button", on_click=Studio.say_nothing)),
        end=True,
    )
    tabs = div(*[_channel_tab(c) for c in ORDER], cls="tabs", role="tablist", aria_label=t("studio.channels"))
    written = rx.match(
        Studio.channel,
        ("push", _notice("push")),
        ("web", _notice("web")),
        ("sms", _source("text", t("studio.sms"))),
        _email(),
    )
    return div(
        div(
            h2(t("studio.source"), cls="grow only-d"),
            tongue,
            rx.cond(WRITES, rx.fragment(button("", "ellipsis", kind="ghost sm", name=t("studio.locale.add"), popover_target="more-source"), more)),
            button(t("studio.history"), "history", kind="sm", data_open="versions", on_click=Versions.open),
            cls="hd",
        ),
        tabs,
        div(
            rx.cond(Studio.here, div(written, cls="written"), _silent()), id="source-body", role="tabpanel",
            custom_attrs={"aria-labelledby": "tab-" + Studio.channel.to(str)}, cls="sbody",
        ),
        _lint(),
        cls=rx.cond(Studio.pane == "source", "pane on", "pane"),
    )  # fmt: skip


def _value(row: ValueRow) -> rx.Component:
    state = rx.match(
        row.state,
        ("there", span(icon("check", 14, class_name="good"), span(t("studio.value.there"), cls="sr"))),
        ("absent", tag(t("studio.value.absent"), "held")),
        tag(t("studio.value.optional")),
    )
    return li(span(row.name, cls="mono grow clip"), state, cls="row")


def _data_pane() -> rx.Component:
    views = segmented(
        [("sample", t("studio.data")), ("schema", t("studio.schema"))], Studio.sheet, lambda v: Studio.show("sheet", v), t("studio.sample.view")
    )
    find = rx.el.form(
        div(
            icon("user-search", 15),
            input_el(id="as-user", name="user", type="search", placeholder=t("studio.as.find"), aria_label=t("studio.as"), cls="input sm", max_length=128),
            cls="with-ico grow",
        ),
        button(t("studio.as"), kind="sm", type="submit"),
        on_submit=Studio.show_as,
        class_name="row finder",
    )
    person = rx.cond(
        Frame.may.contains("people.read"),
        div(find, rx.cond(Studio.user_note != "", p(Studio.user_note, cls="cap faint", role="status")), cls="finding"),
    )
    sample = editor(Studio.sample, Studio.doc + ":sample", t("studio.sample"), _sampled("sample"), lang="json", read_only=~WRITES)
    schema = editor(Studio.schema, Studio.doc + ":schema", t("studio.schema"), _sampled("schema"), lang="json", read_only=~WRITES, hint=t("studio.schema.hint"))
    wrong = rx.cond(Studio.sample_fault != "", p(icon("circle-alert", 14), span(Studio.sample_fault), cls="err row", role="alert"))
    faults = rx.cond(
        Studio.faults.length() > 0,
        ul(rx.foreach(Studio.faults, lambda f: li(icon("circle-alert", 14), span(f, cls="cap"), cls="problem held")), cls="problems"),
    )
    infer = rx.cond(WRITES & (Studio.sheet == "schema"), div(button(t("studio.schema.infer"), "wand", kind="sm", on_click=Studio.infer), cls="row finder"))
    used = div(
        h2(t("studio.used.values"), cls="h3"),
        rx.cond(
            Studio.used.length() > 0, ul(rx.foreach(Studio.used, _value), cls="uses"), p(t("studio.value.none"), cls="cap faint")
        ),
        cls="used",
    )  # fmt: skip
    return div(
        div(views, cls="hd"),
        person,
        infer,
        div(rx.cond(Studio.sheet == "schema", schema, sample), cls="sblock"),
        wrong,
        faults,
        used,
        cls=rx.cond(Studio.pane == "data", "pane on", "pane"),
    )


def _sampled(name: str) -> Any:
    """The key of the sample's editor is `doc:sample`; the handler wants `round:sample`."""
    return lambda key, text: Studio.sampled(key.split(":")[0] + ":" + name, text)


def _preview_pane() -> rx.Component:
    return div(
        div(h2(t("studio.preview"), cls="grow only-d"), preview_head(), cls="hd"), preview_stage(),
        cls=rx.cond(Studio.pane == "preview", "pane on", "pane"),
    )  # fmt: skip


def _pane_tabs() -> rx.Component:
    names = [("data", t("studio.data")), ("source", t("studio.source")), ("preview", t("studio.preview"))]
    return div(segmented(names, Studio.pane, lambda v: Studio.show("pane", v), t("studio.panes")), cls="panetabs")


def _torn(row: TornRow) -> rx.Component:
    def side(which: str, text: Any) -> rx.Component:
        box = input_el(
            type="radio", name=row.key, value=which, cls="check", checked=row.pick == which, on_change=lambda _: Overtaken.pick(row.key, which)
        )
        return label(div(box, span(t(f"overtaken.pick.{which}"), cls="strong"), cls="row"), div(text, cls="mono torntext"), cls="opt tornside")

    return div(h2(row.title, cls="h3"), div(side("mine", row.mine), side("theirs", row.theirs), cls="tornpair"), cls="col g2")


def _overtaken() -> rx.Component:
    told = note("held", "users", Overtaken.title, Overtaken.text, button(t("overtaken.compare"), kind="sm", data_open="overtaken"))
    return rx.cond(Studio.aside, div(told, cls="toldfirst"))


def _overtaken_sheet() -> rx.Component:
    torn = rx.cond(
        Overtaken.torn.length() > 0,
        div(p(t("overtaken.torn"), cls="strong"), p(t("overtaken.torn.text"), cls="muted"), rx.foreach(Overtaken.torn, _torn), cls="col g3"),
        p(t("overtaken.none"), cls="muted"),
    )
    acts = [
        button(t("overtaken.theirs"), on_click=Overtaken.theirs, data_close="1"),
        button(t("overtaken.mine"), on_click=Overtaken.mine, data_close="1"),
        button(t("overtaken.merge"), "merge", kind="pri", on_click=Overtaken.together, data_close="1"),
    ]
    return sheet("overtaken", t("overtaken.sheet"), div(p(Overtaken.text, cls="muted"), torn, differences(Overtaken.changes), cls="col g4"), foot=acts)


def _version(row: VersionRow) -> rx.Component:
    acts = div(
        button(t("versions.compare"), "git-compare", kind="sm", on_click=Versions.compare(row.number)),
        rx.cond(WRITES, button(t("versions.edit"), "pencil", kind="sm", on_click=Versions.go_on_from(row.number), data_close="1")),
        rx.cond(WRITES & ~row.live, button(t("versions.rollback"), "undo-2", kind="sm", on_click=Versions.ask_back(row.number), data_open="rollback")),
        cls="row wrap",
    )
    return li(
        div(span(row.title, cls="strong"), rx.cond(row.live, tag(t("versions.live"), "delivered")), cls="row"),
        p(row.by, cls="cap faint", title=row.exact),
        rx.cond(row.note != "", p(row.note, cls="raw")),
        p(row.facts, cls="cap faint num"),
        acts,
        cls="vrow",
    )


def _kept(row: KeptRow) -> rx.Component:
    forget = rx.cond(WRITES, button(t("versions.kept.drop"), "trash-2", kind="sm ghost", on_click=Versions.forget(row.author)))
    look = button(t("versions.kept.take"), "git-compare", kind="sm", on_click=Versions.compare_kept(row.author))
    return li(p(row.by, cls="cap"), div(look, forget, cls="row wrap"), cls="vrow")


def _versions_sheet() -> rx.Component:
    kept = rx.cond(
        Versions.kept.length() > 0,
        div(h2(t("versions.kept"), cls="h3"), ul(rx.foreach(Versions.kept, _kept), cls="vrows"), cls="col g2"),
    )
    rows = rx.cond(
        Versions.rows.length() > 0,
        ul(rx.foreach(Versions.rows, _version), cls="vrows"),
        empty("history", t("versions.none"), t("versions.none.text")),
    )
    listed = rx.cond(Versions.ready, div(rows, kept, cls="col g4"), div(cls="skel"))
    compared = div(
        button(t("versions.back"), "arrow-left", kind="sm", on_click=Versions.back), p(Versions.looking, cls="strong"), differences(Versions.changes), cls="col g3"
    )
    return sheet("versions", t("versions.title"), rx.cond(Versions.looking != "", compared, listed))


def _dialogs() -> rx.Component:
    publish = modal(
        "publish",
        t("publish.title", number=Studio.next, name=Studio.name),
        t("publish.text"),
        rx.cond(
            Publishing.ready,
            div(
                rx.cond(Publishing.problem != "", note("failed", "circle-alert", t("publish.stopped"), Publishing.problem)),
                div(
                    p(Publishing.changed, cls="strong"), p(Publishing.used, cls="muted"), rx.cond(Publishing.newer != "", p(Publishing.newer, cls="muted")),
                    cls="well",
                ),
                rx.cond(Publishing.changes.length() > 0, div(differences(Publishing.changes), cls="pubdiff")),
                field(t("publish.note"), text_input("publish-note", max_length=500, default_value=Publishing.note, on_blur=Publishing.write), t("publish.note.hint")),
                cls="col g3",
            ),
            div(cls="skel"),
        ),
        confirm=button(
            t("publish.act", number=Studio.next), "upload", kind="pri", on_click=Publishing.publish, data_close="1",
            disabled=~Publishing.ready | (Publishing.problem != "") | Studio.aside,
        ),
    )  # fmt: skip
    rollback = modal(
        "rollback",
        t("rollback.title", number=Versions.back_to),
        t("rollback.text", next=Versions.back_next),
        confirm=button(t("rollback.act", number=Versions.back_to), "undo-2", kind="pri", on_click=Versions.roll_back, data_close="1"),
    )

    def one(channel: rx.Var[str]) -> rx.Component:
        box = input_el(type="checkbox", cls="check", checked=Trial.channels.contains(channel), on_change=lambda on: Trial.channel(channel, on))
        return label(box, channel_word(channel), cls="row")

    trial = modal(
        "trial",
        t("trial.title"),
        t("trial.text", name=Frame.name),
        div(
            field(t("trial.category"), select("trial-category", Trial.categories, value=Trial.category, on_change=Trial.choose)),
            div(rx.foreach(Trial.offered, one), cls="row wrap", role="group", aria_label=t("studio.channels")),
            cls="col g3",
        ),
        confirm=button(t("trial.act"), "send", kind="pri", on_click=Trial.send, data_close="1", disabled=Trial.channels.length() == 0),
    )
    tongue = rx.el.dialog(
        rx.el.form(
            h2(t("studio.locale.title"), id="add-locale-t"),
            p(t("studio.locale.text"), cls="muted"),
            field(t("studio.locale.tag"), text_input("locale-tag", name="tag", max_length=35, spell_check=False, cls="mono"), t("studio.locale.hint"), Studio.tag_fault),
            div(button(t("act.cancel"), data_close="1"), button(t("studio.locale.act"), kind="pri", type="submit"), cls="acts"),
            on_submit=Studio.add_locale,
            class_name="col g3",
        ),
        id="add-locale",
        class_name="modal",
        custom_attrs={"aria-labelledby": "add-locale-t", "data-done": Studio.locales.length().to_string()},
    )  # fmt: skip
    return rx.fragment(publish, rollback, trial, tongue, _versions_sheet(), _overtaken_sheet())


def _tags() -> rx.Component:
    live = rx.cond(Studio.live > 0, tag(t("studio.live", number=Studio.live), "delivered"), tag(t("templates.unpublished"), "queued"))
    draft = rx.cond(Studio.differs, tag(t("studio.draft", number=Studio.next), "held"), tag(t("studio.same")))
    return span(live, draft, cls="row wrap")


def _body() -> rx.Component:
    acts = rx.cond(
        WRITES,
        rx.fragment(
            button(t("studio.send"), "send", data_open="trial", on_click=Trial.open),
            button(t("studio.publish", number=Studio.next), "upload", kind="pri", data_open="publish", on_click=Publishing.open),
        ),
    )
    sent = rx.cond(
        Trial.event != "",
        div(note("sent", "send", t("trial.sent"), t("trial.sent.text"), button(t("trial.open"), kind="sm", href="/deliveries?event=" + Trial.event)), cls="toldfirst"),
    )
    whole = rx.fragment(
        page_head(Studio.name, Studio.key, acts, badge=_tags()),
        _overtaken(),
        sent,
        _pane_tabs(),
        div(_data_pane(), _source_pane(), _preview_pane(), cls="panes"),
        _dialogs(),
    )
    missing = empty("search-x", t("studio.gone"), Studio.gone, button(t("nav.templates"), href="/templates"))
    return page_body(Studio.trouble, Studio.again, waiting_cards(), rx.cond(Studio.gone != "", missing, whole))


@rx.page("/templates/[template]", title=t("studio.title") + " · Carillon", on_load=on_page(Studio.load))
def template() -> rx.Component:
    name = rx.cond(Studio.name != "", Studio.name, t("studio.title"))
    return shell("/templates", [(t("nav.templates"), "/templates"), (name, "")], _body())
