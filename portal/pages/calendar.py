"""The calendar: a month of what goes and went; on a phone a list of its days."""

import reflex as rx

from portal.campaign_rows import DayCell, DayEntry
from portal.components.campaign_parts import state_dot
from portal.components.controls import button
from portal.components.elements import a, caption, div, h2, icon, li, p, section, span, table_el, tbody, td, th, thead, time_el, tr, ul
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.shell import page_head, shell
from portal.states.calendar import PATH, Calendar

MAY = Frame.may.contains("content.write")


def _entry(one: DayEntry) -> rx.Component:
    face = rx.cond(one.href.startswith("/schedules"), icon("calendar-clock", 12, class_name="faint"), state_dot(one.state))
    return li(a(face, span(one.time, cls="num cap faint"), span(one.name, cls="clip grow"), href=one.href, cls="calentry", title=one.time + " " + one.name), key=one.key)


def _cell(cell: DayCell) -> rx.Component:
    number = time_el(cell.number, custom_attrs={"dateTime": cell.date}, cls=rx.cond(cell.today, "num calnum now", "num calnum"))
    more = rx.cond(cell.more != "", p(cell.more, cls="cap faint"))
    return td(number, ul(rx.foreach(cell.goes, _entry)), more, cls=rx.cond(cell.out, "out", ""), key=cell.date)


def _grid() -> rx.Component:
    head = thead(tr(rx.foreach(Calendar.heads, lambda one: th(one, scope="col"))))
    body = tbody(rx.foreach(Calendar.weeks, lambda week: tr(rx.foreach(week, _cell))))
    return card(None, table_el(caption(Calendar.title, cls="sr"), head, body, cls="calgrid"), flush=True, cls="only-wide")


def _listed(one: DayEntry) -> rx.Component:
    under = span(one.kind, rx.cond(one.people != "", " · " + one.people, ""), cls="cap faint")
    return li(state_dot(one.state), span(one.time, cls="num"), div(a(one.name, href=one.href, cls="strong rowlink"), under, cls="col grow"), cls="row", key=one.key)


def _day(cell: DayCell) -> rx.Component:
    more = rx.cond(cell.more != "", p(cell.more, cls="cap faint pad"))
    return section(h2(cell.word, cls="calday"), ul(rx.foreach(cell.goes, _listed), cls="list"), more, cls="card flush", key=cell.date)


@rx.page(PATH, title=t("cal.page") + " · Carillon", on_load=on_page(Calendar.load))
def calendar() -> rx.Component:
    turn = div(
        button("", "chevron-left", kind="sm", name=t("cal.previous"), href=Calendar.before), button(t("cal.today"), kind="sm", href=PATH),
        button("", "chevron-right", kind="sm", name=t("cal.next"), href=Calendar.after), h2(Calendar.title, cls="caltitle", aria_live="polite"), cls="row calturn",
    )  # fmt: skip
    none = rx.cond(Calendar.days.length() == 0, card(None, empty("calendar", t("cal.empty"), t("cal.empty.text")), flush=True, cls="only-phone"))
    days = div(rx.foreach(Calendar.days, _day), none, cls="col g3 only-phone")
    body = div(turn, _grid(), days, cls="col g4")
    add = rx.cond(MAY, button(t("cal.add"), "plus", kind="pri", href="/campaigns/new"))
    head = page_head(t("cal.page"), Calendar.sub, add)
    return shell(PATH, [(t("group.reach"), ""), (t("nav.calendar"), "")], head, page_body(Calendar.trouble, Calendar.again, waiting_cards(), body))
