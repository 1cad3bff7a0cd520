"""Senders: who messages come from, for which categories, and the DNS records that make others believe it."""

import reflex as rx

from portal.components.controls import button, field, text_input
from portal.components.elements import code, div, icon, input_el, label, legend, p, span
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import tag
from portal.components.surfaces import card, empty, note
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.shell import page_head, shell
from portal.states.senders import NEW, PATH, Assigned, DnsRow, SenderLine, Senders

MAY = Frame.may.contains("senders.write")


def _line(line: SenderLine) -> rx.Component:
    inner = div(
        div(span(line.name, cls="strong clip"), rx.cond(line.default, tag(t("senders.default"), "accent")), cls="row"),
        p(line.address, cls="cap muted clip"),
        rx.cond(line.covers != "", p(line.covers, cls="cap faint clip")),
        cls="grow",
    )
    return rx.el.li(
        rx.el.button(
            span(icon("at-sign", 15), cls="ico"),
            inner,
            icon("chevron-right", 15, class_name="faint"),
            type="button",
            class_name="pickline",
            on_click=Senders.choose(line.key),
            custom_attrs={"aria-pressed": rx.cond(Senders.chosen == line.key, "true", "false")},
        )
    )


def _assign(one: Assigned) -> rx.Component:
    box = input_el(type="checkbox", cls="check", name="category:" + one.key, default_checked=one.on, disabled=~MAY)
    other = rx.cond(one.other != "", span(t("senders.takes", name=one.other), cls="cap faint"))
    return label(box, div(span(one.name), other, cls="col grow"), cls="opt")


def _input(name: str, value: rx.Var, hint: str, **props: object) -> rx.Component:
    return field(
        t(f"senders.{name}"),
        text_input(
            f"s-{name}", name=name, default_value=value, read_only=~MAY, aria_invalid=rx.cond(Senders.problems[name] != "", "true", "false"),
            **props,
        ),
        t(hint),
        Senders.problems[name],
    )  # fmt: skip


def _form() -> rx.Component:
    wrong = rx.cond(Senders.problems["all"] != "", note("failed", "circle-alert", t("senders.refused"), Senders.problems["all"]))
    new = Senders.chosen == NEW
    chosen = rx.el.fieldset(
        legend(t("senders.categories")),
        div(rx.foreach(Senders.assigned, _assign), cls="grid2c"),
        p(rx.cond(Senders.problems["categories"] != "", Senders.problems["categories"], t("senders.categories.hint")), cls="hint"),
        class_name="field",
    )
    default = rx.cond(
        Senders.default,
        p(icon("circle-check", 15), t("senders.is_default"), cls="row muted"),
        label(
            input_el(type="checkbox", cls="check", name="default", disabled=~MAY),
            div(span(t("senders.make_default")), span(t("senders.make_default.text"), cls="cap faint"), cls="col grow"),
            cls="opt",
        ),
    )
    remove = rx.cond(~new, button(t("senders.remove"), "trash-2", kind="danger", data_open="remove-sender"))
    acts = rx.cond(MAY, div(remove, button(t("senders.save"), "check", kind="pri", type="submit"), cls="row formacts"))
    mono = {"cls": "mono", "spell_check": False, "auto_capitalize": "none"}
    inner = rx.el.form(
        wrong,
        rx.cond(new, _input("key", Senders.key, "senders.key.hint", **mono)),
        div(
            _input("name", Senders.name, "senders.name.hint", auto_complete="organization"),
            _input("address", Senders.address, "senders.address.hint", type="email", auto_complete="off"),
            cls="grid2",
        ),
        _input("reply_to", Senders.reply_to, "senders.reply_to.hint", type="email", auto_complete="off"),
        _input("postal", Senders.postal, "senders.postal.hint", auto_complete="off"),
        chosen,
        default,
        acts,
        on_submit=Senders.save,
        class_name="col g4",
        custom_attrs={"noValidate": True},
    )
    return card(rx.cond(new, t("senders.new"), Senders.name), div(inner, key=Senders.round.to_string()), sub=t("senders.form.sub"))


def _record(row: DnsRow, n: rx.Var) -> rx.Component:
    def place(what: str, text: rx.Var) -> rx.Component:
        ident = f"dns-{what}-" + n.to_string()
        return div(
            span(t(f"senders.dns.{what}"), cls="cap faint"),
            code(text, id=ident, cls="mono grow"),
            button("", "copy", kind="ghost sm", name=t(f"senders.copy.{what}", kind=row.kind), data_copy="#" + ident),
            cls="row dnsline",
        )

    why = rx.match(row.purpose, *[(k, t(f"senders.dns.{k}.why")) for k in ("spf", "mx")], t("senders.dns.dmarc.why"))
    word = rx.match(row.purpose, ("spf", "SPF"), ("mx", "MX"), "DMARC")
    said = rx.cond(row.said != "", p(span(cls="dot"), row.said, cls="row cap said " + row.look))
    return rx.el.li(
        div(span(word, cls="strong"), tag(row.kind), cls="row"),
        p(why, cls="cap muted"),
        place("host", row.host),
        place("value", row.value),
        said,
        class_name="dns",
    )


def _records() -> rx.Component:
    look = button(
        rx.cond(Senders.checking, t("senders.dns.checking"), t("senders.dns.check")), "refresh-cw", kind="sm", on_click=Senders.check,
        disabled=Senders.checking,
    )  # fmt: skip
    unserved = rx.cond(~Senders.served, p(t("senders.dns.unserved"), cls="cap muted pad"))
    return card(
        t("senders.dns"),
        unserved,
        rx.el.ul(rx.foreach(Senders.records, _record), class_name="dnslist"),
        sub=t("senders.dns.sub"),
        actions=[rx.cond(MAY, look)],
        foot=t("senders.dns.dkim"),
        flush=True,
    )


@rx.page(PATH, title=t("senders.title") + " · Carillon", on_load=on_page(Senders.load))
def senders() -> rx.Component:
    add = rx.cond(MAY, button(t("senders.add"), "plus", kind=rx.cond(Senders.lines.length() > 0, "", "pri"), on_click=Senders.anew))
    none = empty("at-sign", t("senders.empty"), t("senders.empty.text"), rx.cond(MAY, button(t("senders.add"), "plus", kind="pri", on_click=Senders.anew)))
    some = card(t("senders.list"), rx.el.ul(rx.foreach(Senders.lines, _line), class_name="picklist"), flush=True)
    both = div(
        div(rx.cond(Senders.lines.length() > 0, some, card(None, none, flush=True)), cls="col g4 c4"),
        div(rx.cond(Senders.chosen != "", _form()), rx.cond(Senders.records.length() > 0, _records()), cls="col g4 c8"),
        cls="grid",
    )
    alone = (Senders.lines.length() == 0) & (Senders.chosen == "")
    body = rx.cond(alone, card(None, none, flush=True), both)
    gone = modal(
        "remove-sender",
        t("senders.remove.ask", name=Senders.name),
        t("senders.remove.text"),
        confirm=button(t("senders.remove.act"), "trash-2", kind="danger solid", on_click=Senders.remove, data_close="1"),
    )
    return shell(
        PATH,
        [(t("group.operate"), ""), (t("nav.senders"), "")],
        page_head(t("senders.title"), t("senders.sub"), rx.cond(alone | ~Frame.loaded, rx.fragment(), add)),
        page_body(Senders.trouble, Senders.again, waiting_cards(), body),
        gone,
    )
