"""Groups: a list, and making one."""

from typing import Any

import reflex as rx

from backend.app.views import GroupIn, PreferencesView
from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from portal.components.controls import button
from portal.components.elements import a, span, td, tr
from portal.components.listing import list_card
from portal.components.surfaces import empty
from portal.components.text import t
from portal.components.typed_form import form_dialog, plain_field
from portal.frame import Frame, on_page, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.shell import page_head, shell
from portal.staff_rows import GroupRow
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import ago, count, moment
from portal.wiring import app

PATH = "/groups"
SPEC = ListSpec(PATH, "people.read")


class Groups(listing(SPEC), rx.State):
    """One page of groups."""

    rows: list[GroupRow] = []
    wrong: str = ""

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        every = [group for group in (await app().groups.list(actor)).items if group.key > (after or "")]
        shown = every[: SPEC.rows]
        self.rows = [
            GroupRow(
                one.key, one.name, count(one.members, voice.language), wishes_of(one.preferences, voice),
                ago(one.changed_at.timestamp(), voice.now, voice.zone, voice.language), moment(one.changed_at.timestamp(), voice.zone, voice.language),
            )
            for one in shown
        ]  # fmt: skip
        return shown[-1].key if len(every) > len(shown) else None

    @guarded("people.write")
    async def add(self, form: dict[str, Any]) -> Any:
        """Make one; a key that is taken is not overwritten."""
        voice, key, name = await teller(self), str(form.get("key", "")).strip()[:200], str(form.get("name", "")).strip()[:400]
        try:
            made = await app().groups.put(caller(), key, GroupIn(name=name[:200] or key), seen_revision=0)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = voice.say("groups.exists") if refusal.code() == "stale" else in_words(refusal)
            return None
        self.wrong = ""
        tell(await self.get_state(Frame), "delivered", voice.say("groups.made"))
        return rx.redirect(f"{PATH}/{made.key}")


def wishes_of(wishes: PreferencesView, voice: Teller) -> str:
    """How much a group says."""
    n = len(wishes.channels) + len(wishes.categories) + sum(len(cells) for cells in wishes.matrix.values()) + len(wishes.quiet_hours)
    return voice.say("groups.wishes.some", count=n) if n else voice.say("groups.wishes.none")


def _row(row: GroupRow) -> rx.Component:
    return tr(
        td(a(row.name, href=f"{PATH}/" + row.id, cls="strong rowlink clip"), span(row.id, cls="cap faint mono clip"), cls="two"),
        td(span(row.members, cls="num"), cls="r", custom_attrs={"data-l": t("groups.col.members")}),
        td(span(row.wishes), custom_attrs={"data-l": t("groups.col.wishes")}),
        td(span(row.time, title=row.exact), cls="r"),
    )


@rx.page(PATH, title=t("groups.title") + " · Carillon", on_load=on_page(Groups.load))
def groups() -> rx.Component:
    heads = [(t("groups.col.group"), ""), (t("groups.col.members"), "r"), (t("groups.col.wishes"), ""), (t("groups.col.changed"), "r")]
    may_add = Frame.may.contains("people.write")
    nothing = empty("users-round", t("groups.empty"), t("groups.empty.text"), rx.cond(may_add, button(t("groups.add"), "plus", data_open="add-group")))
    rows = list_card(Groups, heads=heads, row=_row, name=t("groups.name"), widths=("140px", "40px", "60px", "48px"), nothing=nothing)
    add = rx.cond(may_add, button(t("groups.add"), "plus", kind="pri", data_open="add-group"))
    dialog = form_dialog(
        "add-group", t("groups.add.title"), t("groups.add.text"), plain_field("key", t("groups.key"), t("groups.key.hint"), required=True, max_length=128),
        plain_field("name", t("groups.field.name"), max_length=200), wrong=Groups.wrong, act=t("groups.add.act"), on_submit=Groups.add,
    )  # fmt: skip
    return shell(PATH, [(t("group.reach"), ""), (t("nav.groups"), "")], page_head(t("groups.title"), t("groups.sub"), add), rows, dialog)
