"""Members: who may sign in and as what, who is invited, and which programs have a key."""

import reflex as rx

from portal.components.controls import button, field, search, text_input
from portal.components.elements import a, code, dialog_el, div, h2, icon, input_el, label, legend, nav, p, pre, span, tbody, td, tr
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_rows
from portal.components.status import tag
from portal.components.surfaces import card, empty
from portal.components.table import table
from portal.components.text import t
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.members import PATH, ROLES, SCOPES, TABS, InviteRow, MemberRow, Members, ProgramRow


def role_options(name: str) -> rx.Component:
    """The five roles as cards, each with what it may do."""

    def one(role: str) -> rx.Component:
        box = input_el(
            type="radio", cls="check radio", name=name, value=role, checked=Members.role == role, on_change=lambda _: Members.pick_role(role)
        )
        return label(box, div(span(t(f"role.{role}"), cls="strong"), span(t(f"role.{role}.may"), cls="cap muted"), cls="col grow"), cls="opt")

    problem = rx.cond(Members.problems["role"] != "", div(icon("circle-alert", 14), span(Members.problems["role"]), cls="err", role="alert"))
    return rx.el.fieldset(
        legend(t("members.role"), cls="sr"), div(*[one(role) for role in ROLES], cls="col g2"), problem, class_name="field roles"
    )


def _once(what: rx.Var, ident: str, *more: rx.Component) -> rx.Component:
    """Something that is shown this one time."""
    return div(
        div(code(what, id=ident, cls="mono grow"), button(t("copy"), "copy", kind="sm", data_copy=f"#{ident}"), cls="row dnsline once"),
        *more,
        div(button(t("members.once.done"), "check", kind="pri", on_click=Members.forget, data_close="1"), cls="acts"),
        cls="col g3",
    )


def _tabs() -> rx.Component:
    def one(tab: str) -> rx.Component:
        here = rx.cond(Members.tab == tab, "page", "false")
        return a(t(f"members.tab.{tab}"), href=PATH if tab == "people" else f"{PATH}?tab={tab}", custom_attrs={"aria-current": here})

    return nav(*[one(tab) for tab in TABS], cls="seg tabline", aria_label=t("members.tabs"))


def _person(row: MemberRow) -> rx.Component:
    acts = div(
        button(t("members.role.open"), kind="sm", on_click=Members.about(row.login), data_open="role"),
        rx.cond(
            row.disabled != "",
            button(t("members.enable"), kind="sm", on_click=Members.switch(row.login)),
            button(t("members.disable"), kind="sm danger", on_click=Members.about(row.login), data_open="disable"),
        ),
        cls="row end",
    )
    return tr(
        td(
            div(
                span(row.initials, cls="avatar"),
                div(
                    div(span(row.name, cls="strong clip"), rx.cond(row.own, tag(t("members.you"), "accent")), cls="row"),
                    p(row.login, cls="cap faint clip"),
                    cls="grow",
                ),
                cls="row",
            ),
            cls="full",
        ),
        td(div(span(row.role_word), cls="row")),
        td(rx.cond(row.disabled != "", tag(row.disabled, "skipped"), tag(t("members.active"), "delivered"))),
        td(span(row.since, title=row.exact), cls="r hide"),
        td(acts, cls="r full"),
    )


def _people() -> rx.Component:
    heads = [(t("members.who"), ""), (t("members.role"), ""), (t("col.state"), ""), (t("members.since"), "r"), (t("members.acts"), "r")]
    looking = rx.el.form(
        search("f-find", t("members.find"), "260px", name="find", default_value=Members.find, key=Members.find), on_submit=Members.look_for
    )
    full = table(heads, tbody(rx.foreach(Members.people, _person)), name=t("members.tab.people"))
    none = empty("search-x", t("list.none"), t("members.none"))
    more = rx.cond(Members.more != "", p(Members.more, cls="cap faint pad"))
    waiting = table(heads, waiting_rows(5, ("180px", "90px", "70px", "60px", "160px")), name=t("members.tab.people"))
    body = page_body(Members.trouble, Members.again, waiting, rx.cond(Members.people.length() > 0, rx.fragment(full, more), none))
    return card(None, div(looking, cls="tools"), body, flush=True)


def _invitation(row: InviteRow) -> rx.Component:
    hue = rx.match(row.ending, ("accepted", "tag delivered"), ("open", "tag sent"), "tag skipped")
    withdraw = rx.cond(row.ending == "open", button(t("invites.revoke"), kind="sm danger", on_click=Members.revoke(row.id)))
    return tr(
        td(span(row.name, cls="strong clip")),
        td(span(row.role_word)),
        td(span(row.ending_word, cls=hue)),
        td(span(row.until, cls="num")),
        td(span(row.by, cls="muted clip")),
        td(withdraw, cls="r"),
    )


def _invitations() -> rx.Component:
    heads = [
        (t("members.who"), ""), (t("members.role"), ""), (t("col.state"), ""), (t("invites.until"), ""), (t("invites.by"), ""), (t("members.acts"), "r"),
    ]  # fmt: skip
    none = empty("mail-plus", t("invites.empty"), t("invites.empty.text"))
    full = table(heads, tbody(rx.foreach(Members.invitations, _invitation)), name=t("members.tab.invitations"))
    waiting = table(heads, waiting_rows(3, ("140px", "90px", "70px", "60px", "60px", "80px")), name=t("members.tab.invitations"))
    return card(
        None, page_body(Members.trouble, Members.again, waiting, rx.cond(Members.invitations.length() > 0, full, none)), foot=t("invites.foot"), flush=True
    )


def _program(row: ProgramRow) -> rx.Component:
    acts = div(
        button(t("programs.again"), kind="sm", on_click=Members.about(row.id), data_open="program"),
        button(t("programs.remove"), kind="sm danger", on_click=Members.about(row.id), data_open="remove-program"),
        cls="row end",
    )
    return tr(
        td(span(row.name, cls="strong clip"), span(row.id, cls="cap faint mono clip"), cls="pair full"),
        td(div(rx.foreach(row.scopes, lambda one: span(one, cls="tag mono")), cls="row wrap"), cls="full"),
        td(span(row.since, title=row.exact), cls="r hide"),
        td(acts, cls="r full"),
    )


def _programs() -> rx.Component:
    heads = [(t("programs.program"), ""), (t("programs.scopes"), ""), (t("members.since"), "r"), (t("members.acts"), "r")]
    none = empty("key-round", t("programs.empty"), t("programs.empty.text"))
    full = table(heads, tbody(rx.foreach(Members.programs, _program)), name=t("members.tab.programs"))
    waiting = table(heads, waiting_rows(3, ("140px", "220px", "60px", "160px")), name=t("members.tab.programs"))
    body = page_body(Members.trouble, Members.again, waiting, rx.cond(Members.programs.length() > 0, full, none))
    return card(None, body, foot=t("programs.foot"), flush=True)


def _dialogs() -> list[rx.Component]:
    scopes = rx.el.fieldset(
        legend(t("programs.scopes")),
        div(
            *[
                label(
                    input_el(type="checkbox", cls="check", name=f"scope:{scope}", default_checked=scope == "events:write"),
                    div(span(scope, cls="mono"), span(t(f"scope.{word}"), cls="cap muted"), cls="col grow"),
                    cls="opt",
                )
                for scope, word in SCOPES.items()
            ],
            cls="col g2 scopes",
        ),
        rx.cond(Members.problems["scopes"] != "", div(icon("circle-alert", 14), span(Members.problems["scopes"]), cls="err", role="alert")),
        class_name="field",
    )
    fresh = rx.cond(
        Members.target == "",
        div(
            field(t("programs.id"), text_input("p-id", name="id", cls="mono", spell_check=False, auto_capitalize="none"), t("programs.id.hint"), Members.problems["id"]),
            field(t("programs.name"), text_input("p-name", name="name", max_length=200), t("programs.name.hint")),
            cls="grid2",
        ),
        p(t("programs.again.text"), cls="note held"),
    )  # fmt: skip
    new_program = dialog_el(
        h2(rx.cond(Members.target == "", t("programs.add.title"), t("programs.again.title", name=Members.target_name)), id="program-t"),
        rx.cond(
            Members.secret != "",
            div(
                p(t("programs.once"), cls="muted", style={"margin": "6px 0 14px"}),
                _once(
                    Members.secret, "new-secret", p(t("programs.token"), cls="cap muted"),
                    pre(Members.token_call, cls="well mono code", tab_index=0, aria_label=t("programs.token")),
                ),
            ),
            rx.el.form(
                p(t("programs.add.text"), cls="muted", style={"margin_top": "6px"}), fresh, scopes,
                div(button(t("act.cancel"), data_close="1"), button(t("programs.add.act"), kind="pri", type="submit"), cls="acts"),
                on_submit=Members.make_program, key=Members.round.to_string(), class_name="col g3",
            ),
        ),
        id="program", cls="modal wide", aria_labelledby="program-t", data_done=Members.done.to_string(),
    )  # fmt: skip
    invite = dialog_el(
        h2(t("invites.new"), id="invite-t"),
        rx.cond(
            Members.link != "",
            div(p(t("invites.once"), cls="muted", style={"margin": "6px 0 14px"}), _once(Members.link, "new-link")),
            rx.el.form(
                p(t("invites.new.text"), cls="muted", style={"margin_top": "6px"}),
                field(t("invites.name"), text_input("i-name", name="name", max_length=200, auto_complete="off"), t("invites.name.hint"), Members.problems["name"]),
                role_options("invite-role"),
                div(button(t("act.cancel"), data_close="1"), button(t("invites.act"), kind="pri", type="submit"), cls="acts"),
                on_submit=Members.invite, key=Members.round.to_string(), class_name="col g3",
            ),
        ),
        id="invite", cls="modal wide", aria_labelledby="invite-t", data_done=Members.done.to_string(),
    )  # fmt: skip
    change = dialog_el(
        h2(t("members.role.title", name=Members.target_name), id="role-t"),
        p(t("members.role.text"), cls="muted", style={"margin": "6px 0 14px"}),
        role_options("role"),
        div(button(t("act.cancel"), data_close="1"), button(t("members.role.act"), kind="pri", on_click=Members.set_role), cls="acts"),
        id="role", cls="modal wide", aria_labelledby="role-t", data_done=Members.done.to_string(),
    )  # fmt: skip
    disable = modal(
        "disable", t("members.disable.title", name=Members.target_name), t("members.disable.text"),
        confirm=button(t("members.disable.act"), kind="danger solid", on_click=Members.switch(Members.target), data_close="1"),
    )  # fmt: skip
    remove = modal(
        "remove-program", t("programs.remove.title", name=Members.target_name), t("programs.remove.text"),
        confirm=button(t("programs.remove.act"), kind="danger solid", on_click=Members.remove_program, data_close="1"),
    )  # fmt: skip
    return [new_program, invite, change, disable, remove]


@rx.page(PATH, title=t("members.title") + " · Carillon", on_load=on_page(Members.load))
def members() -> rx.Component:
    add = rx.cond(
        Members.tab == "programs",
        button(t("programs.add"), "plus", kind="pri", on_click=Members.about(""), data_open="program"),
        button(t("invites.add"), "user-plus", kind="pri", on_click=Members.about(""), data_open="invite"),
    )
    shown = rx.match(Members.tab, ("invitations", _invitations()), ("programs", _programs()), _people())
    return shell(
        PATH,
        [(t("group.settings"), ""), (t("nav.members"), "")],
        page_head(t("members.title"), t("members.sub"), add),
        div(_tabs(), shown, cls="col g4"),
        *_dialogs(),
    )
