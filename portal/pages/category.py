"""One category: what it means in sentences, its details, and changing it."""

from typing import Any

import reflex as rx

from backend.domain.delivery import CHANNELS
from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, Unauthenticated, Unavailable
from portal.category_form import FLAGS, category_of, sentences
from portal.components.category_fields import category_fields
from portal.components.controls import button
from portal.components.elements import a, div, icon, li, p, span, ul
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card, empty, kv
from portal.components.text import t
from portal.components.typed_form import form_dialog
from portal.frame import Frame, on_page, tell
from portal.guard import caller, guarded
from portal.pages.categories import PATH, kind_tag, used_of
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.theme import count, moment
from portal.typed import Unread
from portal.wiring import app

FIELDS = ("name", "description", "kind", "type", "max_priority", "template", "attempts", "give_up", *FLAGS, *(f"channel-{one}" for one in CHANNELS))


class CategoryPage(rx.State):
    """One category; `form` holds its values, "yes" and "" for switches."""

    key: str = ""
    gone: str = ""
    trouble: str = ""
    name: str = ""
    text: str = ""
    kind: str = "service"
    says: list[str] = []
    use: str = ""
    type: str = ""
    changed: str = ""
    revision_text: str = ""
    form: dict[str, str] = dict.fromkeys(FIELDS, "")
    templates: list[Choice] = []
    wrong: str = ""
    done: int = 0
    _revision: int = 0

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """The category of the address."""
        self.key, self.wrong = last_part(self, 128), ""
        await _fill(self)

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("content.write")
    async def save(self, form: dict[str, Any]) -> None:
        """Change it; whoever was faster is not overwritten, and what was typed stays."""
        actor, voice = caller(), await teller(self)
        try:
            before = await app().categories.get(actor, self.key)
            await app().categories.put(actor, self.key, category_of(form, voice.language, before), seen_revision=self._revision)
        except Unread as unread:
            self.wrong = voice.say(unread.key, **unread.values)
            return
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal)
            return
        self.wrong, self.done = "", self.done + 1
        await _fill(self)
        tell(await self.get_state(Frame), "delivered", voice.say("category.saved"))


async def _fill(page: CategoryPage) -> None:
    voice, actor = await teller(page), caller()
    page.gone = page.trouble = ""
    try:
        view = await app().categories.get(actor, page.key)
        used = (await app().categories.used(actor)).get(view.key, 0)
        page.templates = [Choice(one.key, one.name) for one in (await app().templates.list(actor, limit=50)).items]
    except (NotFound, Invalid) as refusal:
        page.gone = in_words(refusal)
        return
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    at = view.changed_at.timestamp()
    page.name, page.text, page.kind, page.type = view.name, view.description, view.kind, view.type
    page.says, page.use = sentences(voice, view), used_of(voice, used)
    page.changed, page._revision = moment(at, voice.zone, voice.language), view.revision  # noqa: SLF001 - the page's own
    page.revision_text = count(view.revision, voice.language)
    page.form = {name: str(getattr(view, name)) for name in ("name", "description", "kind", "type", "max_priority", "template")}
    page.form |= {"attempts": str(view.attempts or ""), "give_up": str(view.give_up // 60 or "")}
    page.form |= {flag: "yes" if getattr(view, flag) else "" for flag in FLAGS}
    page.form |= {f"channel-{one}": "yes" if one in view.channels else "" for one in CHANNELS}


def _says(text: Any) -> rx.Component:
    return li(icon("dot", 16), span(text), cls="top")


def _body() -> rx.Component:
    page = CategoryPage
    change = rx.cond(Frame.may.contains("content.write"), button(t("category.edit"), "pencil", kind="pri", data_open="edit"))
    means = card(t("category.consequences"), ul(rx.foreach(page.says, _says), cls="list says"), sub=t("category.consequences.sub"), flush=True)
    use = card(
        t("category.use"), p(page.use, cls="strong num"), sub=t("category.use.sub"),
        foot=[
            a(t("category.events"), href="/events?category=" + page.key, cls="link"),
            a(t("category.deliveries"), href="/deliveries?category=" + page.key, cls="link end"),
        ],
    )  # fmt: skip
    facts = card(
        t("category.facts"),
        kv(
            (t("category.key"), span(page.key, cls="mono")), (t("category.field.type"), span(page.type, cls="mono")),
            (t("groups.col.changed"), page.changed), (t("person.revision"), page.revision_text),
        ),
    )  # fmt: skip
    edit = form_dialog(
        "edit", t("category.edit.title", name=page.name), t("category.edit.text"), *category_fields("e", page.templates, page.form),
        wrong=page.wrong, act=t("category.edit.act"), on_submit=page.save, done=page.done, key="c" + page.revision_text,
    )  # fmt: skip
    whole = rx.fragment(
        page_head(page.name, rx.cond(page.text != "", page.text, page.key), change, badge=kind_tag(page.kind)),
        div(div(means, cls="col g4 c8"), div(use, facts, cls="col g4 c4"), cls="grid"),
        edit,
    )
    missing = empty("tags", t("category.gone"), page.gone, button(t("nav.categories"), href=PATH))
    return page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", missing, whole))


@rx.page(PATH + "/[subject]", title=t("category.title") + " · Carillon", on_load=on_page(CategoryPage.load))
def category() -> rx.Component:
    trail = [(t("nav.categories"), PATH), (rx.cond(CategoryPage.name != "", CategoryPage.name, t("category.title")), "")]
    return shell(PATH, trail, _body())
