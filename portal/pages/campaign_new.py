"""The first thing of a campaign: its name and what it is about. The builder goes on from there."""

import itertools
from typing import Any

import reflex as rx

from backend.app.campaign_views import CampaignIn
from backend.domain.campaign import Campaign, Timing
from backend.domain.errors import Forbidden, NotFound, Refusal, Stale, Unauthenticated
from portal.campaign_draft import keys_of
from portal.components.controls import button, field, text_input
from portal.components.elements import div, option, select_el
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card
from portal.components.text import t
from portal.components.typed_form import wrong_line
from portal.frame import Frame, on_page
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.wiring import app

PATH = "/campaigns/new"
TRIES = 40  # names that are taken before one is asked for another
SHOWN = 50


class NewCampaign(rx.State):
    """The categories to choose from, and what was refused."""

    categories: list[Choice] = []
    usual: str = ""
    wrong: str = ""
    trouble: str = ""

    @guarded("content.write", page=True)
    async def load(self) -> None:
        """What can be chosen."""
        self.reset()
        await self._fill()

    @guarded("content.write")
    async def again(self) -> None:
        """After it did not load."""
        await self._fill()
        (await self.get_state(Frame)).loaded = True

    @guarded("content.write")
    async def make(self, form: dict[str, Any]) -> Any:
        """A draft of this name; its key is made of it."""
        voice, name = await teller(self), " ".join(str(form.get("name", ""))[:400].split())[:200]
        if not name:
            self.wrong = voice.say("cnew.needs")
            return None
        category = str(form.get("category", ""))[:64]
        for key in itertools.islice(keys_of(name), TRIES):
            try:
                made = await app().campaigns.put(caller(), key, CampaignIn(name=name, category=category or Campaign().category, timing=Timing(zone=voice.zone), revision=0), 0)
            except Stale:
                continue
            except (Forbidden, Unauthenticated):
                raise
            except Refusal as refusal:
                self.wrong = in_words(refusal)
                return None
            return rx.redirect(f"/campaigns/{made.key}/edit?step=1")
        self.wrong = voice.say("cnew.taken")
        return None

    async def _fill(self) -> None:
        self.trouble = ""
        try:
            known = (await app().categories.list(caller())).items
        except NotFound:
            known = []
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.trouble = in_words(refusal)
            return
        self.categories = [Choice(one.key, one.name) for one in known if one.kind not in ("activity", "essential")][:SHOWN]
        marketing = [one.key for one in known if one.kind == "marketing"]
        self.usual = marketing[0] if marketing else self.categories[0].value if self.categories else ""


@rx.page(PATH, title=t("cnew.page") + " · Carillon", on_load=on_page(NewCampaign.load))
def campaign_new() -> rx.Component:
    name = field(t("cedit.name"), text_input("n-name", name="name", max_length=200, auto_complete="off", auto_focus=True), t("cedit.name.hint"))
    box = select_el(
        rx.foreach(NewCampaign.categories, lambda one: option(one.text, value=one.value)), id="n-category", name="category", cls="select", default_value=NewCampaign.usual, key=NewCampaign.usual,
    )  # fmt: skip
    form = rx.el.form(
        name, field(t("cedit.category"), box, t("cedit.category.hint")), wrong_line(NewCampaign.wrong),
        div(button(t("act.cancel"), href="/campaigns"), button(t("cnew.act"), "arrow-right", kind="pri rev", type="submit"), cls="row end"), on_submit=NewCampaign.make, class_name="col g4",
        custom_attrs={"noValidate": True},
    )  # fmt: skip
    body = div(card(t("cnew.card"), form, sub=t("cnew.card.sub"), cls="c7"), cls="grid")
    head = page_head(t("cnew.page"), t("cnew.sub"))
    return shell("/campaigns", [(t("nav.campaigns"), "/campaigns"), (t("cnew.page"), "")], head, page_body(NewCampaign.trouble, NewCampaign.again, waiting_cards(), body))
