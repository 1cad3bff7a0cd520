"""Categories: what events are about, what each means, and making one."""

from typing import Any

import reflex as rx

from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from portal.category_form import category_of
from portal.components.category_fields import category_fields
from portal.components.controls import button
from portal.components.elements import a, div, span, td, tr
from portal.components.listing import list_card
from portal.components.status import channel_icon, channel_word, tag
from portal.components.surfaces import empty
from portal.components.text import t
from portal.components.typed_form import form_dialog, plain_field
from portal.frame import Frame, on_page, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.staff_rows import CategoryLine
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import count
from portal.typed import Unread
from portal.wiring import app

PATH = "/categories"
SPEC = ListSpec(PATH, "content.read")


class Categories(listing(SPEC), rx.State):
    """One page of categories."""

    rows: list[CategoryLine] = []
    templates: list[Choice] = []
    wrong: str = ""

    async def _before(self, actor: Any) -> None:
        self.templates = [Choice(one.key, one.name) for one in (await app().templates.list(actor, limit=50)).items]

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        used = await app().categories.used(actor)
        every = [one for one in (await app().categories.list(actor)).items if one.key > (after or "")]
        shown = every[: SPEC.rows]
        self.rows = [
            CategoryLine(
                one.key, one.name, one.description, one.kind, list(one.channels), voice.say(f"priority.{one.max_priority}"),
                used_of(voice, used.get(one.key, 0)),
            )
            for one in shown
        ]  # fmt: skip
        return shown[-1].key if len(every) > len(shown) else None

    @guarded("content.write")
    async def add(self, form: dict[str, Any]) -> Any:
        """Make one; a key that is taken is not overwritten."""
        voice, key = await teller(self), str(form.get("key", "")).strip()[:200]
        try:
            made = await app().categories.put(caller(), key, category_of(form, voice.language), seen_revision=0)
        except Unread as unread:
            self.wrong = voice.say(unread.key, **unread.values)
            return None
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = voice.say("categories.exists") if refusal.code() == "stale" else in_words(refusal)
            return None
        self.wrong = ""
        tell(await self.get_state(Frame), "delivered", voice.say("category.saved"))
        return rx.redirect(f"{PATH}/{made.key}")


def used_of(voice: Teller, n: int) -> str:
    """Whether anything was counted under it."""
    return voice.say("categories.use", count=count(n, voice.language) if n != 1 else 1) if n else voice.say("categories.use.none")


def kind_tag(kind: Any) -> rx.Component:
    """The kind in a word."""
    return rx.match(
        kind, ("essential", tag(t("kind.name.essential"), ico="lock")), ("marketing", tag(t("kind.name.marketing"), ico="megaphone")),
        ("activity", tag(t("kind.name.activity"), ico="activity")),
        tag(t("kind.name.service"), ico="wrench"),
    )  # fmt: skip


def _row(row: CategoryLine) -> rx.Component:
    channels = div(rx.foreach(row.channels, lambda one: span(channel_icon(one, 14), title=channel_word(one))), cls="row")
    return tr(
        td(a(row.name, href=f"{PATH}/" + row.id, cls="strong rowlink clip"), span(row.id, cls="cap faint mono clip"), cls="two"),
        td(kind_tag(row.kind)),
        td(channels),
        td(span(row.priority), custom_attrs={"data-l": t("categories.col.priority")}),
        td(span(row.use, cls="num"), cls="r"),
    )


@rx.page(PATH, title=t("categories.title") + " · Carillon", on_load=on_page(Categories.load))
def categories() -> rx.Component:
    heads = [
        (t("categories.col.category"), ""), (t("categories.col.kind"), ""), (t("categories.col.channels"), ""), (t("categories.col.priority"), ""),
        (t("categories.col.use"), "r"),
    ]  # fmt: skip
    nothing = empty("tags", t("categories.title"), t("categories.sub"))
    rows = list_card(Categories, heads=heads, row=_row, name=t("categories.name"), widths=("140px", "70px", "80px", "60px", "80px"), nothing=nothing)
    add = rx.cond(Frame.may.contains("content.write"), button(t("categories.add"), "plus", kind="pri", data_open="add-category"))
    dialog = form_dialog(
        "add-category", t("categories.add.title"), t("categories.add.text"),
        plain_field("key", t("category.key"), t("category.key.hint"), required=True, max_length=64), *category_fields("n", Categories.templates),
        wrong=Categories.wrong, act=t("categories.add.act"), on_submit=Categories.add,
    )  # fmt: skip
    head = page_head(t("categories.title"), t("categories.sub"), add)
    return shell(PATH, [(t("group.reach"), ""), (t("nav.categories"), "")], head, rows, dialog)
