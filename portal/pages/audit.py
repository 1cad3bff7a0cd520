"""The audit: who did what, when, to what; with filters, one entry whole, and every row as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import reflex as rx

from backend.app.audit import AuditView
from portal.components.elements import button_el, div, input_el, label, p, span, td, tr
from portal.components.listing import choice, list_actions, list_card, typed
from portal.components.overlays import sheet
from portal.components.surfaces import empty, kv
from portal.components.text import t
from portal.downloads import Cell, offer
from portal.frame import on_page
from portal.guard import caller, guarded
from portal.reading import teller
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import ago, iso, moment, zone
from portal.wiring import app
from portal.words import known

PATH = "/audit"
AREAS = (
    "account", "client", "token", "user", "group", "address", "preferences", "suppression", "category", "template", "sender", "space", "captures",
    "dead", "event", "halt", "provider", "schedule", "campaign", "forecast", "experiment", "audience", "import", "field", "alerts", "demo", "layout", "partial", "image", "chat", "view",
)  # fmt: skip
SPEC = ListSpec(PATH, "audit.read", {"area": AREAS, "by": (), "object": (), "from": (), "to": ()}, typed=("by", "object"))


@dataclass
class AuditRow:
    """One entry of the list."""

    id: str
    by: str
    role: str
    did: str
    object: str
    time: str
    exact: str


class Audit(listing(SPEC), rx.State):
    """One page of entries, and the one that is looked at."""

    rows: list[AuditRow] = []
    entry: AuditRow = AuditRow("", "", "", "", "", "", "")
    action: str = ""
    details: list[Choice] = []

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        found = await app().audit.list(actor, **_asked(wanted, voice.zone), after=after or "", limit=SPEC.rows)
        self.rows = [_shown(view, voice) for view in found.items]
        return found.next

    @guarded("audit.read")
    async def look_at(self, entry: str) -> None:
        """One entry whole."""
        voice = await teller(self)
        view = await app().audit.get(caller(), str(entry)[:64])
        self.entry, self.action = _shown(view, voice), view.action
        self.details = [Choice(name, _plain(value)) for name, value in list(view.detail.items())[:50]]


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text[:2000]


def _asked(wanted: dict[str, str | None], reader_zone: str) -> dict[str, Any]:
    """The filters as the facade takes them; days are the reader's."""
    return {
        "target": wanted["object"] or "", "by": wanted["by"] or "", "area": wanted["area"] or "", "since": _midnight(wanted["from"], reader_zone, 0),
        "until": _midnight(wanted["to"], reader_zone, 1),
    }  # fmt: skip


def _midnight(text: str | None, reader_zone: str, later: int) -> float:
    """The begin of that day, or of the one `later`; 0 for what is no day."""
    try:
        day = date.fromisoformat(text or "")
        day += timedelta(days=later)
        return datetime(day.year, day.month, day.day, tzinfo=zone(reader_zone)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _did(action: str, voice: Teller) -> str:
    return voice.say(f"did.{action}") if known(f"did.{action}") else action


def _role(role: str, voice: Teller) -> str:
    return voice.say(f"role.{role}") if known(f"role.{role}") else voice.say("audit.program")


def _shown(view: AuditView, voice: Teller) -> AuditRow:
    at = view.at.timestamp()
    return AuditRow(
        view.id, view.actor, _role(view.role, voice), _did(view.action, voice), view.object, ago(at, voice.now, voice.zone, voice.language),
        moment(at, voice.zone, voice.language),
    )  # fmt: skip


@offer(SPEC, "col.when", "audit.who", "members.role", "audit.code", "audit.what", "audit.object", "audit.details")
async def audit_file(
    actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int
) -> tuple[list[Sequence[Cell]], str | None]:
    """Rows of the download."""
    found = await app().audit.list(actor, **_asked(wanted, voice.zone), after=after or "", limit=limit)
    rows: list[Sequence[Cell]] = [
        (
            iso(view.at.timestamp(), voice.zone), view.actor, view.role, view.action, _did(view.action, voice), view.object,
            msgspec.json.encode(view.detail).decode(),
        )
        for view in found.items
    ]  # fmt: skip
    return rows, found.next


def _row(row: AuditRow) -> rx.Component:
    opener = button_el(row.did, type="button", cls="lnk strong", on_click=Audit.look_at(row.id), data_open="entry")
    return tr(
        td(opener, cls="two"),
        td(span(row.by, cls="strong clip"), span(row.role, cls="cap faint clip"), cls="pair"),
        td(span(row.object, cls="mono clip objectname", title=row.object)),
        td(span(row.time, title=row.exact), cls="r"),
    )


def _day(name: str, words: Any) -> rx.Component:
    box = input_el(id=f"f-{name}", type="date", cls="input sm", value=Audit.query[name], on_change=lambda v: Audit.pick(name, v))
    return div(label(words, html_for=f"f-{name}", cls="cap muted"), box, cls="row dayfilter")


@rx.page(PATH, title=t("audit.title") + " · Carillon", on_load=on_page(Audit.load))
def audit() -> rx.Component:
    heads = [(t("audit.what"), ""), (t("audit.who"), ""), (t("audit.object"), ""), (t("col.when"), "r")]
    rows = list_card(
        Audit, heads=heads, row=_row, name=t("audit.title"), widths=("200px", "120px", "160px", "48px"),
        filters=[
            choice(Audit, "area", t("audit.area"), [(area, t(f"area.{area}")) for area in AREAS]), _day("from", t("audit.from")),
            _day("to", t("audit.to")), typed(Audit, ("by", t("audit.by")), ("object", t("audit.object.hint"))),
        ],
        nothing=empty("scroll-text", t("audit.empty"), t("audit.empty.text")),
    )  # fmt: skip
    one = Audit.entry
    details = rx.cond(
        Audit.details.length() > 0,
        rx.el.dl(
            rx.foreach(Audit.details, lambda d: rx.fragment(rx.el.dt(d.value), rx.el.dd(d.text, class_name="mono"))), class_name="kv details"
        ),
    )
    looked = sheet(
        "entry",
        rx.cond(one.did != "", one.did, t("audit.entry")),
        kv(
            (t("audit.who"), span(one.by, ", ", one.role)),
            (t("col.when"), span(one.exact, cls="num")),
            (t("audit.object"), span(one.object, cls="mono")),
            (t("audit.code"), span(Audit.action, cls="mono")),
        ),
        details,
        p(t("audit.foot"), cls="cap faint", style={"margin_top": "18px"}),
    )
    return shell(
        PATH,
        [(t("group.settings"), ""), (t("nav.audit"), "")],
        page_head(t("audit.title"), t("audit.sub"), *list_actions(Audit)),
        rows,
        looked,
    )
