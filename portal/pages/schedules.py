"""Schedules: what is sent again and again, its next times while it is typed, and what became of those before."""

import reflex as rx

from portal.components.controls import button, field, text_area, text_input
from portal.components.elements import a, div, fieldset, icon, input_el, label, legend, li, option, p, select_el, span, ul
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import hue_icon
from portal.components.surfaces import card, empty, note
from portal.components.table import pager
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.shell import page_head, shell
from portal.states.schedules import NEW, PATH, RunLine, ScheduleLine, Schedules, TimeLine

MAY = Frame.may.contains("events.send")


def _line(line: ScheduleLine) -> rx.Component:
    inner = div(
        div(span(line.name, cls="strong clip"), cls="row"),
        p(line.when, cls="cap muted clip"),
        p(line.next, title=line.exact, cls="cap faint clip"),
        cls="grow",
    )
    return li(
        rx.el.button(
            hue_icon(line.look), inner, icon("chevron-right", 15, class_name="faint"), type="button", class_name="pickline", on_click=Schedules.choose(line.key),
            custom_attrs={"aria-pressed": rx.cond(Schedules.chosen == line.key, "true", "false")},
        )
    )  # fmt: skip


def _input(name: str, hint: str, **props: object) -> rx.Component:
    box = text_input(
        f"s-{name}", name=name, default_value=Schedules.form[name], read_only=~MAY, auto_complete="off",
        aria_invalid=rx.cond(Schedules.problems[name] != "", "true", "false"), **props,
    )  # fmt: skip
    return field(t(f"schedules.{name}"), box, t(hint), Schedules.problems[name])


def _pick(name: str, choices: rx.Var, first: str) -> rx.Component:
    kept = Schedules.form[name]
    options = [option(t(first), value=""), rx.foreach(choices, lambda one: option(one.text, value=one.value))]
    return select_el(*options, id=f"s-{name}", name=name, cls="select", default_value=kept, disabled=~MAY)


def _when() -> rx.Component:
    mono = {"cls": "mono", "spell_check": False, "auto_capitalize": "none"}
    cron = field(
        t("schedules.cron"),
        text_input("s-cron", name="cron", default_value=Schedules.form["cron"], read_only=~MAY, auto_complete="off", on_change=Schedules.try_cron.debounce(300), **mono),
        t("schedules.cron.hint"), Schedules.problems["cron"],
    )  # fmt: skip
    zone = field(
        t("schedules.zone"),
        text_input("s-zone", name="zone", default_value=Schedules.form["zone"], read_only=~MAY | Schedules.own, auto_complete="off", spell_check=False, on_change=Schedules.try_zone.debounce(300)),
        t("schedules.zone.hint"), Schedules.problems["zone"],
    )  # fmt: skip
    own = label(
        input_el(type="checkbox", cls="check", checked=Schedules.own, on_change=Schedules.pick_own, disabled=~MAY),
        div(span(t("schedules.own")), span(t("schedules.own.text"), cls="cap faint"), cls="col grow"), cls="opt",
    )  # fmt: skip

    def time(one: TimeLine) -> rx.Component:
        return li(span(one.text, cls="num"), span(one.until, cls="cap faint"), cls="row between")

    ahead = rx.cond(
        Schedules.wrong != "",
        note("failed", "circle-alert", t("schedules.wrong"), Schedules.wrong),
        rx.cond(Schedules.times.length() > 0, div(p(t("schedules.ahead"), cls="cap faint"), ul(rx.foreach(Schedules.times, time), cls="col g2"), cls="well col g2")),
    )
    return div(div(cron, zone, cls="grid2"), own, div(ahead, aria_live="polite"), cls="col g3")


def _to() -> rx.Component:
    def radio(kind: str, on: rx.Var) -> rx.Component:
        return label(input_el(type="radio", cls="radio", name="to", value=kind, checked=on, on_change=lambda _: Schedules.pick_to(kind), disabled=~MAY), span(t(f"schedules.to.{kind}")), cls="opt")

    group = field(t("schedules.group"), _pick("group", Schedules.groups, "schedules.group.none"))
    users = field(t("schedules.users"), text_area("s-users", 4, custom_attrs={"name": "users"}, cls="mono", spell_check=False, default_value=Schedules.form["users"], read_only=~MAY), t("schedules.users.hint"))
    said = rx.cond(Schedules.problems["to"] != "", div(icon("circle-alert", 14), span(Schedules.problems["to"]), cls="err", role="alert"))
    return fieldset(
        legend(t("schedules.to")), div(radio("group", Schedules.to_group), radio("users", ~Schedules.to_group), cls="row wrap"),
        rx.cond(Schedules.to_group, group, users), said, cls="field",
    )  # fmt: skip


def _form() -> rx.Component:
    new = Schedules.chosen == NEW
    wrong = rx.cond(Schedules.problems["all"] != "", note("failed", "circle-alert", t("schedules.refused"), Schedules.problems["all"]))
    mono = {"cls": "mono", "spell_check": False, "auto_capitalize": "none"}
    category = field(t("schedules.category"), _pick("category", Schedules.categories, "schedules.category.none"), None, Schedules.problems["category"])
    template = field(t("schedules.template"), _pick("template", Schedules.templates, "schedules.template.none"), t("schedules.template.hint"), Schedules.problems["template"])
    message = field(
        t("schedules.message"), text_area("s-message", 3, custom_attrs={"name": "message"}, default_value=Schedules.form["message"], read_only=~MAY), None, Schedules.problems["message"],
    )  # fmt: skip
    remove = rx.cond(~new, button(t("schedules.delete"), "trash-2", kind="danger", data_open="delete-schedule"))
    halt, go = button(t("schedules.pause"), "pause", on_click=Schedules.pause), button(t("schedules.resume"), "play", on_click=Schedules.pause)
    pause = rx.cond(~new, rx.cond(Schedules.paused, go, halt))
    acts = rx.cond(MAY, div(remove, div(pause, button(t("schedules.save"), "check", kind="pri", type="submit"), cls="row end"), cls="row wrap formacts"))
    inner = rx.el.form(
        wrong,
        rx.cond(Schedules.paused, note("held", "pause", t("schedules.paused.note"), t("schedules.paused.note.text"))),
        div(rx.cond(new, _input("key", "schedules.key.hint", **mono)), _input("name", "schedules.name.hint"), cls="grid2"),
        _when(),
        div(category, template, cls="grid2"),
        _input("title", "schedules.title.hint"),
        message,
        _to(),
        acts,
        on_submit=Schedules.save,
        class_name="col g4",
        custom_attrs={"noValidate": True},
    )
    return card(rx.cond(new, t("schedules.new"), Schedules.form["name"]), div(inner, key=Schedules.round.to_string()), sub=t("schedules.form.sub"))


def _run(one: RunLine) -> rx.Component:
    return li(
        hue_icon(one.look),
        div(div(span(one.planned, cls="num strong"), span(one.said, cls="muted"), cls="row wrap"), rx.cond(one.detail != "", p(one.detail, cls="cap muted")), cls="grow"),
        rx.cond(one.event != "", a(t("schedules.run.event"), href="/events/" + one.event, cls="link")),
        cls="row top",
    )


def _runs() -> rx.Component:
    rows = ul(rx.foreach(Schedules.runs, _run), cls="col g3 pad")
    return card(t("schedules.runs"), rx.cond(Schedules.runs.length() > 0, rows, p(t("schedules.runs.none"), cls="muted quiet pad")), sub=t("schedules.runs.sub"), flush=True)


@rx.page(PATH, title=t("schedules.page") + " · Carillon", on_load=on_page(Schedules.load))
def schedules() -> rx.Component:
    add = rx.cond(MAY, button(t("schedules.add"), "plus", kind=rx.cond(Schedules.chosen != "", "", "pri"), on_click=Schedules.anew))
    none = empty("calendar-clock", t("schedules.empty"), t("schedules.empty.text"), rx.cond(MAY, button(t("schedules.add"), "plus", kind="pri", on_click=Schedules.anew)))
    more = rx.cond(Schedules.first & Schedules.last, rx.fragment(), pager("", on_prev=Schedules.newer, on_next=Schedules.older, first=Schedules.first, last=Schedules.last))
    some = card(t("schedules.list"), ul(rx.foreach(Schedules.lines, _line), cls="picklist"), more, flush=True)
    both = div(
        div(rx.cond(Schedules.lines.length() > 0, some, card(None, empty("calendar-clock", t("schedules.empty"), t("schedules.empty.text")), flush=True)), cls="col g4 c4"),
        div(rx.cond(Schedules.chosen != "", _form()), rx.cond((Schedules.chosen != "") & (Schedules.chosen != NEW), _runs()), cls="col g4 c8"),
        cls="grid",
    )
    alone = (Schedules.lines.length() == 0) & (Schedules.chosen == "")
    gone = modal(
        "delete-schedule", t("schedules.delete.ask", name=Schedules.form["name"]), t("schedules.delete.text"),
        confirm=button(t("schedules.delete.act"), "trash-2", kind="danger solid", on_click=Schedules.delete, data_close="1"),
    )  # fmt: skip
    return shell(
        PATH,
        [(t("group.reach"), ""), (t("nav.schedules"), "")],
        page_head(t("schedules.page"), t("schedules.sub"), rx.cond(alone | ~Frame.loaded, rx.fragment(), add)),
        page_body(Schedules.trouble, Schedules.again, waiting_cards(), rx.cond(alone, card(None, none, flush=True), both)),
        gone,
    )
