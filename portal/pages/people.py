"""People: found by id, address or group, and added by a form."""

from typing import Any

import reflex as rx

from backend.app.roster import PersonLine
from backend.app.views import PersonIn
from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from portal.components.controls import button
from portal.components.elements import a, div, p, span, td, tr
from portal.components.listing import choice, list_actions, list_card, typed
from portal.components.status import tag
from portal.components.surfaces import empty
from portal.components.text import t
from portal.components.typed_form import form_dialog, plain_field
from portal.downloads import Cell, offer
from portal.frame import Frame, on_page, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.staff_rows import PersonRow
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import ago, count, iso, moment
from portal.wiring import app

PATH = "/people"
SPEC = ListSpec(
    PATH, "people.read", {"erased": ("yes",), "group": (), "text": (), "locale": (), "timezone": ()}, typed=("text", "locale", "timezone")
)
FIELDS = ("name", "email", "phone", "timezone", "locale")


class People(listing(SPEC), rx.State):
    """One page of people, the groups the filter offers, and what was wrong with the form."""

    rows: list[PersonRow] = []
    groups: list[Choice] = []
    wrong: str = ""

    async def _before(self, actor: Any) -> None:
        if not self.groups:
            self.groups = [Choice(g.key, g.name) for g in (await app().groups.list(actor)).items][:50]

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        found = await app().roster.list(actor, **_asked(wanted), after=after, limit=SPEC.rows)
        self.rows = [_shown(line, voice) for line in found.items]
        return found.next

    @guarded("people.write")
    async def add(self, form: dict[str, Any]) -> Any:
        """Make somebody new; who is there already is not changed."""
        voice, user = await teller(self), str(form.get("id", "")).strip()[:200]
        try:
            made = await app().people.put(caller(), user, person_of(form), seen_revision=0)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = voice.say("people.exists") if refusal.code() == "stale" else in_words(refusal)
            return None
        self.wrong = ""
        tell(await self.get_state(Frame), "delivered", voice.say("people.added", name=made.name or made.id))
        return rx.redirect(f"{PATH}/{made.id}")


def person_of(form: dict[str, Any]) -> PersonIn:
    """What the form says; a field left empty is left out."""
    given = {name: text for name in FIELDS if (text := str(form.get(name, "")).strip()[:400])}
    return PersonIn(**given)


def _asked(wanted: dict[str, str | None]) -> dict[str, Any]:
    return {**wanted, "erased": wanted["erased"] == "yes"}


def _shown(line: PersonLine, voice: Teller) -> PersonRow:
    at, gone = (line.erased_at or line.changed_at).timestamp(), line.erased_at is not None
    return PersonRow(
        "" if gone else line.id, voice.say("people.erased") if gone else line.name or line.id, line.id, line.email or "–", line.phone or "–", line.timezone,
        line.locale, count(line.groups, voice.language), line.demo, gone, ago(at, voice.now, voice.zone, voice.language),
        moment(at, voice.zone, voice.language),
    )  # fmt: skip


@offer(SPEC, "people.id", "people.field.name", "people.col.email", "people.col.phone", "people.col.zone", "people.col.locale", "people.col.changed")
async def _file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[list[Cell]], str | None]:
    found = await app().roster.list(actor, **_asked(wanted), after=after, limit=limit)
    rows: list[list[Cell]] = [
        [line.id, line.name, line.email, line.phone, line.timezone, line.locale, iso(line.changed_at.timestamp(), voice.zone)] for line in found.items
    ]
    return rows, found.next


def _row(row: PersonRow) -> rx.Component:
    name = rx.cond(row.erased, span(row.name, cls="muted"), a(row.name, href=f"{PATH}/" + row.id, cls="strong rowlink clip"))
    under = div(span(row.key, cls="cap faint mono clip"), rx.cond(row.demo, tag(t("people.demo"))), cls="row")
    return tr(
        td(name, under, cls="two"),
        td(span(row.email, cls="clip"), custom_attrs={"data-l": t("people.col.email")}),
        td(span(row.phone, cls="num"), custom_attrs={"data-l": t("people.col.phone")}),
        td(span(row.zone)),
        td(span(row.locale)),
        td(span(row.groups, cls="num"), cls="r", custom_attrs={"data-l": t("people.col.groups")}),
        td(span(row.time, title=row.exact), cls="r"),
    )


def _add() -> rx.Component:
    return form_dialog(
        "add-person", t("people.add.title"), t("people.add.text"),
        plain_field("id", t("people.id"), t("people.id.hint"), required=True, max_length=128),
        plain_field("name", t("people.field.name"), max_length=200),
        div(
            plain_field("email", t("people.field.email"), type="email", max_length=254),
            plain_field("phone", t("people.field.phone"), type="tel", max_length=32),
            plain_field("timezone", t("people.field.timezone"), t("people.field.timezone.hint"), max_length=64),
            plain_field("locale", t("people.field.locale"), t("people.field.locale.hint"), max_length=35),
            cls="grid2",
        ),
        wrong=People.wrong, act=t("people.add.act"), on_submit=People.add,
    )  # fmt: skip


@rx.page(PATH, title=t("people.title") + " · Carillon", on_load=on_page(People.load))
def people() -> rx.Component:
    heads = [
        (t("people.col.person"), ""), (t("people.col.email"), ""), (t("people.col.phone"), ""), (t("people.col.zone"), ""), (t("people.col.locale"), ""),
        (t("people.col.groups"), "r"), (t("people.col.changed"), "r"),
    ]  # fmt: skip
    may_add = Frame.may.contains("people.write")
    add = rx.cond(may_add, button(t("people.add"), "user-plus", kind="pri", data_open="add-person"))
    nothing = empty("users", t("people.empty"), t("people.empty.text"), rx.cond(may_add, button(t("people.add"), "user-plus", data_open="add-person")))
    rows = list_card(
        People, heads=heads, row=_row, name=t("people.name"), widths=("140px", "140px", "90px", "90px", "40px", "30px", "48px"), nothing=nothing,
        filters=[
            choice(People, "group", t("people.col.groups"), People.groups, every=t("people.filter.group")),
            choice(People, "erased", t("people.filter.erased"), [("yes", t("people.filter.erased"))], every=t("people.filter.living")),
            typed(People, ("text", t("people.filter.text")), ("locale", t("people.filter.locale")), ("timezone", t("people.filter.timezone"))),
        ],
    )  # fmt: skip
    masked = rx.cond(Frame.may.contains("people.reveal"), rx.fragment(), p(t("person.addresses.masked"), cls="cap faint", style={"margin_top": "10px"}))
    head = page_head(t("people.title"), t("people.sub"), *list_actions(People), add)
    return shell(PATH, [(t("group.reach"), ""), (t("nav.people"), "")], head, rows, masked, _add())
