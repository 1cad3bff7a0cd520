"""The rule builder: conditions and groups of them, each with its own choices, to be added, turned round, moved and taken out by keyboard too."""

from typing import Any

import reflex as rx

from portal.audience_rows import Mark, MetRow, PartRow, TornPart
from portal.components.controls import button
from portal.components.elements import div, fieldset, input_el, label, legend, li, option, p, plain_link, select_el, span, ul
from portal.components.surfaces import card
from portal.components.text import t
from portal.components.typed_form import wrong_line
from portal.frame import Frame
from portal.states.audience import AudiencePage

CHANGE = Frame.may.contains("content.write")
FITS = {
    "number": ("equals", "differs", "more", "less", "between", "present", "absent"),
    "flag": ("equals", "differs", "present", "absent"),
    "date": ("before", "after", "equals", "present", "absent"),
    "text": ("equals", "differs", "one_of", "none_of", "contains", "begins", "present", "absent"),
}


def _id(row: PartRow, what: str) -> Any:
    return f"p-{what}-" + row.path.replace(".", "-")


def _set(row: PartRow, name: str) -> Any:
    return lambda value: AudiencePage.set_part(row.path, name, value)


def _box(row: PartRow, name: str, words: Any, options: list[rx.Component], value: Any) -> rx.Component:
    return select_el(*options, id=_id(row, name), cls="select sm", aria_label=words, value=value, on_change=_set(row, name), disabled=~CHANGE)


def _picked(row: PartRow, name: str, words: Any, choices: Any, value: Any) -> rx.Component:
    """One of what the space has; what is chosen and gone stays to be seen."""
    known = rx.foreach(choices, lambda one: option(one.text, value=one.value))
    return _box(row, name, words, [option(t("aud.choose"), value=""), known], value)


def _typed(row: PartRow, name: str, words: Any, value: Any, *, hint: Any = None, cls: str = "", **props: Any) -> rx.Component:
    return input_el(
        id=_id(row, name), cls=f"input sm {cls}".strip(), aria_label=words, placeholder=words if hint is None else hint, default_value=value, key=_id(row, name) + value,
        on_blur=_set(row, name), max_length=4_000, auto_complete="off", disabled=~CHANGE, **props,
    )  # fmt: skip


def _attribute(row: PartRow) -> rx.Component:
    def compare(kind: str) -> rx.Component:
        return _box(row, "is_", t("aud.comparison"), [option(t(f"aud.is.{one}"), value=one) for one in FITS[kind]], row.is_)

    compared = rx.match(row.kind, *((kind, compare(kind)) for kind in ("number", "flag", "date")), compare("text"))
    flag = _box(row, "value", t("aud.value"), [option(t("aud.yes"), value="yes"), option(t("aud.no"), value="no")], row.value)
    value = rx.cond(row.bare, rx.fragment(), rx.cond(row.kind == "flag", flag, _typed(row, "value", row.hint, row.value, custom_attrs={"list": "met-" + row.name})))
    return div(_picked(row, "name", t("aud.attribute"), AudiencePage.fields, row.name), compared, value, cls="row wrap grow")


def _activity(row: PartRow) -> rx.Component:
    did = _box(row, "did", t("aud.did"), [option(t(f"aud.did.{one}"), value=one) for one in ("got", "opened", "clicked")], row.did)
    of = select_el(
        rx.foreach(AudiencePage.abouts, lambda one: option(one.text, value=one.value)), id=_id(row, "of"), cls="select sm", aria_label=t("aud.of"), value=row.of,
        on_change=_set(row, "of"), disabled=~CHANGE,
    )  # fmt: skip
    return div(did, of, _days(row), cls="row wrap grow")


def _days(row: PartRow) -> rx.Component:
    return div(span(t("aud.days"), cls="cap faint"), _typed(row, "days", t("aud.days"), row.days, hint=t("aud.days.hint"), cls="few", input_mode="numeric"), cls="row")


def _event(row: PartRow) -> rx.Component:
    often = div(span(t("aud.times"), cls="cap faint"), _typed(row, "times", t("aud.times"), row.times, cls="few", input_mode="numeric"), cls="row")
    return div(_typed(row, "name", t("aud.type"), row.name, hint="order.placed", cls="mono"), often, _days(row), cls="row wrap grow")


def _consent(row: PartRow) -> rx.Component:
    given = _box(row, "given", t("aud.consent"), [option(t("aud.consent.yes"), value="yes"), option(t("aud.consent.no"), value="no")], rx.cond(row.given, "yes", "no"))
    return div(given, _picked(row, "name", t("aud.category"), AudiencePage.categories, row.name), cls="row wrap grow")


def adder(path: Any, words: Any) -> rx.Component:
    """Adds a condition, or a group, to a group."""
    kinds = ("attribute", "activity", "event", "consent", "group", "audience", "any")
    box = select_el(
        option(words, value=""), *(option(t(f"aud.about.{one}"), value=one) for one in kinds), cls="select sm", aria_label=words, value="",
        on_change=lambda about: AudiencePage.add(path, about),
    )  # fmt: skip
    return rx.cond(CHANGE, div(box, cls="shortfield"))


def joint(path: Any, value: Any, words: Any) -> rx.Component:
    """Whether all or any of a group have to be met."""
    box = select_el(
        option(t("aud.match.all"), value="all"), option(t("aud.match.any"), value="any"), cls="select sm", aria_label=words, value=value,
        on_change=lambda chosen: AudiencePage.set_part(path, "joint", chosen), disabled=~CHANGE,
    )  # fmt: skip
    return div(span(words, cls="muted"), box, cls="row wrap field-joint")


def part(row: PartRow) -> rx.Component:
    """A condition, or the head of a group with what adds to it."""
    body = rx.match(
        row.about,
        ("attribute", _attribute(row)), ("activity", _activity(row)), ("event", _event(row)), ("consent", _consent(row)),
        ("group", div(span(t("aud.about.group"), cls="cap faint"), _picked(row, "name", t("aud.about.group"), AudiencePage.groups, row.name), cls="row wrap grow")),
        div(span(t("aud.about.audience"), cls="cap faint"), _picked(row, "name", t("aud.about.audience"), AudiencePage.others, row.name), cls="row wrap grow"),
    )  # fmt: skip
    group = div(joint(row.path, row.joint, t("aud.group.of")), adder(row.path, t("aud.add.part")), cls="row wrap grow")
    turned = rx.cond(
        CHANGE,
        button(
            t("aud.not"), kind="sm not", aria_pressed=rx.cond(row.no, "true", "false"), title=t("aud.not.hint"),
            on_click=AudiencePage.set_part(row.path, "no", rx.cond(row.no, "no", "yes")),
        ),
        rx.cond(row.no, span(t("aud.not"), cls="tag")),
    )  # fmt: skip
    acts = rx.cond(CHANGE, div(
        rx.cond(row.first, rx.fragment(), button("", "arrow-up", kind="ghost sm", name=t("aud.up"), on_click=AudiencePage.move(row.path, -1))),
        rx.cond(row.last, rx.fragment(), button("", "arrow-down", kind="ghost sm", name=t("aud.down"), on_click=AudiencePage.move(row.path, 1))),
        button("", "x", kind="ghost sm", name=t("aud.remove"), on_click=AudiencePage.remove(row.path)), cls="row",
    ))  # fmt: skip
    left = rx.cond(row.left != "", span(row.left, cls="cap faint num"))
    return div(turned, rx.cond(row.group, group, body), left, acts, cls="part row wrap", style={"--deep": row.deep.to_string()}, key=row.path)


def _met(one: MetRow) -> rx.Component:
    """Values that are met often, for whoever types one."""
    return rx.el.datalist(rx.foreach(one.some, lambda value: option(value=value)), id="met-" + one.name)


def save_line(*after: Any) -> rx.Component:
    """What is not saved yet, with what keeps or forgets it. `after`: handlers that follow the saving."""
    return rx.cond(
        CHANGE & AudiencePage.dirty,
        div(
            span(t("aud.unsaved"), cls="cap muted grow"), rx.cond(AudiencePage.torn.length() > 0, plain_link(t("aud.torn.go"), href="#torn", cls="btn")), button(t("aud.forget"), kind="ghost", on_click=AudiencePage.again),
            button(t("aud.save"), "check", kind="pri", on_click=[AudiencePage.save, *after]), cls="row wrap",
        ),
    )  # fmt: skip


def rule_card(*head: Any, after: Any = (), title: Any = None, foot: Any = None) -> rx.Component:
    """The builder itself. `head`: above its conditions; `foot`: under them; `after`: handlers that follow the saving."""
    under = [] if foot is None else [foot]
    page = AudiencePage
    body = div(
        *head, joint("", page.joint, t("aud.match")), div(rx.foreach(page.parts, part), cls="col"), adder("", t("aud.add.condition")), wrong_line(page.wrong), *under, save_line(*after),
        rx.foreach(page.met, _met), cls="col g3",
    )  # fmt: skip
    return card(title if title is not None else t("aud.who"), body, sub=rx.cond(page.said != "", page.said, t("aud.who.sub")))


def how_many(**props: Any) -> rx.Component:
    """The number under the conditions, where no rail stands beside them."""
    page = AudiencePage
    return rx.cond(page.people != "", p(span(t("aud.now"), cls="muted"), " ", span(page.people, cls="strong num"), " ", span(page.share, cls="cap faint"), **props))


def marked(marks: Any, **props: Any) -> rx.Component:
    """A sentence with what came in and what went out."""

    def one(mark: Mark) -> rx.Component:
        came = rx.el.ins(span(t("aud.mark.in"), " ", cls="sr"), mark.text, class_name="mark-in")
        went = rx.el.del_(span(t("aud.mark.out"), " ", cls="sr"), mark.text, class_name="mark-out")
        return rx.fragment(rx.match(mark.kind, ("in", came), ("out", went), span(mark.text)), " ")

    return p(rx.foreach(marks, one), **props)


def torn_card(*settle: Any) -> rx.Component:
    """Two people saved: what both changed, side by side; one of the two is chosen, nothing is lost. `settle`: what its button does."""
    page = AudiencePage

    def side(one: TornPart, which: str, marks: Any, number: Any) -> rx.Component:
        box = input_el(type="radio", cls="check", name="torn-" + one.key, checked=one.pick == which, on_change=page.pick_torn(one.key, which))
        said = div(span(t(f"aud.torn.{which}"), cls="cap faint"), marked(marks), rx.cond(number != "", span(number, cls="cap strong num")), cls="col grow")
        return label(box, said, cls="opt top")

    def one(row: TornPart) -> rx.Component:
        both = div(side(row, "mine", row.mine, row.mine_count), side(row, "theirs", row.theirs, row.theirs_count), cls="grid2")
        return li(fieldset(legend(row.title, cls="strong"), both, cls="field"), key=row.key)

    body = div(p(t("aud.torn.text"), cls="muted"), ul(rx.foreach(page.torn, one), cls="col g4"), div(button(t("aud.torn.act"), "check", kind="pri", on_click=[*settle]), cls="row"), cls="col g4")
    return rx.cond(page.torn.length() > 0, card(page.torn_by, body, role="alert", id="torn"))
