"""State of the builder's second step: the rule of the audience the draft names, changed where one stands, or made for this campaign alone."""
# ruff: noqa: SLF001 - functions of the page on the pages' own states; the underscore keeps a value from the browser

import contextlib
import itertools
from typing import Any

import reflex as rx

from backend.app.audience_views import AudienceIn
from backend.domain.audience import All
from backend.domain.errors import Refusal, Stale, Taken
from portal import campaign_draft as drafts
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.rows import Choice
from portal.states import audience_shown as shown
from portal.states.audience import AudiencePage, made_like
from portal.states.campaign_edit import Builder, change
from portal.telling import Teller
from portal.wiring import app

TRIES = 50  # keys for an audience that is made here


class Whom(rx.State):
    """`here`: the rule builder shows the audience of the draft. `used`: who else names it; what is changed holds there, too."""

    here: bool = False
    used: str = ""

    @guarded("content.write")
    async def open(self) -> None:
        """With the second step, and when another audience is chosen. What was changed and not saved yet is still here."""
        page = await self.get_state(Builder)
        if page.step == 2 and not page.gone:
            await _open(self, page)

    @guarded("content.write")
    async def make(self) -> None:
        """A rule for this campaign; it is stored as an audience, and names everybody until a condition is added."""
        page, voice = await self.get_state(Builder), await teller(self)
        name = voice.say("cedit.rule.name", name=page.name)[:200]
        given = AudienceIn(name=name, rule=All(), revision=0)
        for key in itertools.islice(drafts.keys_of(name, "audience"), TRIES):
            with contextlib.suppress(Stale):  # taken
                await app().audiences.put(caller(), key, given, 0)
                await _take(self, page, key, name)
                return
        raise Taken

    @guarded("content.write")
    async def copy(self) -> None:
        """Another audience like the one that is chosen, for this campaign alone."""
        page, voice = await self.get_state(Builder), await teller(self)
        name = voice.say("cedit.rule.name", name=page.name)[:200]
        key = await made_like(page._held.body.audience, name)
        await _take(self, page, key, name)
        tell(await self.get_state(Frame), "delivered", voice.say("cedit.rule.copied"), voice.say("cedit.rule.copied.text"))


async def _take(whom: Whom, page: Any, key: str, name: str) -> None:
    """The draft names it from now on."""
    page.audiences = [*page.audiences, Choice(key, name)]
    await change(page, drafts.written(page._held, "audience", key), "audience")
    await _open(whom, page)


async def _open(whom: Whom, page: Any) -> None:
    rule, key, voice = await whom.get_state(AudiencePage), page._held.body.audience, await teller(whom)
    whom.here, whom.used = False, ""
    if not key:
        return
    kept = key == rule.key and rule.dirty
    if not kept:
        rule.reset()
        rule.key = key
    try:
        await shown.fill(rule, keep=kept)
    except Refusal:  # the page says itself what is wrong with the audience
        return
    if rule.gone or rule.trouble:
        return
    others = [one for one in rule._used if one != f"campaign:{page.key}"]
    named = [_called(voice, one, rule._called.get(one, one.removeprefix("campaign:"))) for one in others[:5]]
    more = [voice.say("cedit.rule.more", count=len(others) - 5)] if len(others) > 5 else []
    whom.used = voice.say("cedit.rule.used", some=voice.listed(named + more)) if others else ""
    whom.here = True


def _called(voice: Teller, one: str, name: str) -> str:
    return voice.say("aud.of.campaign", name=name) if one.startswith("campaign:") else name
