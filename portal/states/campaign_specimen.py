"""State of the sheet that shows a message of a draft as its reader would have it, and sends it to whoever looks."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from typing import Any

import reflex as rx

from backend.app.studio_views import TrialIn
from backend.app.views import PreviewIn
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from backend.domain.template import EmailMessage
from portal.campaign_plan import letter
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.states.campaign_edit import Builder
from portal.studio_rows import Shown
from portal.wiring import app


class Specimen(rx.State):
    """`place`: of the message that is looked at; `channel`: where."""

    place: int = 0
    title: str = ""
    choices: list[Choice] = []
    channels: list[Choice] = []
    channel: str = ""
    shown: Shown = Shown()
    wrong: str = ""
    ready: bool = False

    @guarded("content.write")
    async def open(self, place: int) -> None:
        """Look at the message at this place."""
        self.reset()
        page = await self.get_state(Builder)
        some = page._held.body.variants
        self.place = int(place) if 0 <= int(place) < len(some) else 0
        self.choices = [Choice(str(n), one.name if len(one.name) > 1 else letter(n)) for n, one in enumerate(some)]
        await self._look()

    @guarded("content.write")
    async def pick(self, place: str) -> None:
        """Another message."""
        page = await self.get_state(Builder)
        if str(place).isdecimal() and int(place) < len(page._held.body.variants):
            self.place = int(place)
            await self._look()

    @guarded("content.write")
    async def over(self, channel: str) -> None:
        """Another channel."""
        if channel in CHANNELS:
            self.channel = channel
            await self._look()

    @guarded("content.write")
    async def send(self) -> None:
        """The message to whoever looks, the way everything goes; it is marked as a test."""
        page, voice = await self.get_state(Builder), await teller(self)
        frame, one = await self.get_state(Frame), page._held.body.variants[self.place]
        try:
            template = await app().templates.get(caller(), one.template)
            data = {**template.samples, **page._held.body.data, **one.data}
            content = await app().studio.source(caller(), one.template, template.published) if template.published else template.draft
            picked: list[Any] = [self.channel] if self.channel else []
            await app().studio.test(caller(), one.template, TrialIn(content, page._held.body.category, data, picked))
        except Unauthenticated:
            raise
        except Refusal as refusal:
            tell(frame, "failed", voice.say("spec.not_sent"), in_words(refusal))
            return
        tell(frame, "delivered", voice.say("spec.sent"), voice.say("spec.sent.text"))

    async def _look(self) -> None:
        page, voice = await self.get_state(Builder), await teller(self)
        self.ready, self.wrong, self.shown = True, "", Shown()
        body = page._held.body
        one = body.variants[self.place]
        self.title = one.template
        goes = list(body.channels or page._usual_ones())
        self.channels = [Choice(channel, voice.channel(channel)) for channel in goes]
        if self.channel not in goes:
            speaks = page._says.get(one.template, ("", "", set()))[2]
            self.channel = next((channel for channel in goes if channel in speaks), goes[0] if goes else "")
        if not one.template:
            self.wrong = voice.say("spec.none")
            return
        try:
            view = await app().templates.get(caller(), one.template)
            asked = PreviewIn(channel=self.channel or None, locale=voice.language, version=view.published or None, data={**body.data, **one.data})  # type: ignore[arg-type]
            found = await app().templates.preview(caller(), one.template, asked)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal)
            return
        message: Any = found.messages.get(self.channel)  # type: ignore[call-overload]
        if message is None:
            self.wrong = voice.say("spec.mute")
        elif isinstance(message, EmailMessage):
            self.shown = Shown(html=message.html, title=message.subject, preheader=message.preheader)
        else:
            self.shown = Shown(text=getattr(message, "body", "") or getattr(message, "text", ""), title=getattr(message, "title", ""))
