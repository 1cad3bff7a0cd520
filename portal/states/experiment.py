"""State of one experiment: what it says, its course, its messages, and what may be done with it. Opening the page looks."""


from collections.abc import Awaitable, Callable
from typing import Any

import reflex as rx

from backend.app.campaign_views import ExperimentView
from backend.domain.errors import Forbidden, NotFound, Refusal, Unauthenticated
from portal import experiment_words as words
from portal.experiment_rows import ArmRow, GuardRow, TrustRow
from portal.figures import Figure
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.states.campaign_edit import key_in
from portal.states.experiments import PATH, name_of
from portal.theme import count
from portal.typed import Unread
from portal.wiring import app


class Experiment(rx.State):
    """`chosen`: the message that is offered for the rest. `asked` grows when a dialog is done."""

    key: str = ""
    name: str = ""
    sub: str = ""
    look: str = "queued"
    state: str = "waiting"
    badge: str = ""
    sentence: str = ""
    explained: str = ""
    arms: list[ArmRow] = []
    several: bool = False
    trust: list[TrustRow] = []
    guards: list[GuardRow] = []
    course: Figure = Figure()
    course_sub: str = ""
    holdout: str = ""
    rest: str = ""
    send_text: str = ""
    send_act: str = ""
    can: list[str] = []
    offered: list[Choice] = []
    chosen: str = ""
    gone: str = ""
    trouble: str = ""
    wrong: str = ""
    asked: int = 0

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """The campaign's key comes from the address."""
        key = key_in(self, 1)
        self.reset()
        self.key = key
        await self._fill()

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load."""
        await self._fill()
        (await self.get_state(Frame)).loaded = True

    @guarded("content.write")
    async def send(self, form: dict[str, Any]) -> None:
        """The rest gets a message; the facade asks for the permission to send besides."""
        given = str(form.get("variant", ""))
        if given not in {one.value for one in self.offered}:
            self.wrong = (await teller(self)).say("exp.send.which")
            return
        name = next(one.text for one in self.offered if one.value == given)
        rest = self.rest

        async def deed(actor: Any, key: str) -> ExperimentView:
            return await app().experiments.roll_out(actor, key, int(given))

        await self._act(deed, "exp.sent", name=name, n=rest)

    @guarded("content.write")
    async def end(self) -> None:
        """It is looked at no more."""
        await self._act(app().experiments.end, "exp.ended")

    async def _act(self, deed: Callable[[Any, str], Awaitable[ExperimentView]], said: str, **values: str) -> None:
        voice, frame = await teller(self), await self.get_state(Frame)
        self.wrong = ""
        try:
            await deed(caller(), self.key)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal)
            tell(frame, "failed", self.wrong)
            return
        self.asked += 1
        await self._fill()
        tell(frame, "delivered", voice.say(said, **values), voice.say(f"{said}.text"))

    async def _fill(self) -> None:
        voice, actor = await teller(self), caller()
        self.trouble = self.gone = ""
        try:
            view = await app().experiments.get(actor, self.key)
        except NotFound as missing:
            self.gone = in_words(missing)
            return
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.trouble = in_words(refusal)
            return
        self.name = await name_of(actor, self.key)
        self.sub, self.badge, self.look, self.state = words.sub_of(view, voice), words.badge_of(view, voice), words.LOOKS[view.state], view.state
        self.sentence, self.explained = view.sentence, view.explained
        self.arms, self.trust, self.guards = words.arms_of(view, voice), words.trust_of(view, voice), words.guards_of(view, voice)
        self.several = len(self.arms) > 1
        self.course = words.course_of(view, voice)
        self.course_sub = voice.say("exp.course.sub", metric=voice.say(f"exp.metric.{view.metric}").capitalize())
        self.holdout = words.holdout_of(view, voice)
        self.rest = count(view.rest, voice.language)
        self.send_text, self.send_act = voice.say("exp.send.text", n=self.rest), voice.say("exp.send.act", n=self.rest)
        self.can = view.can
        self.offered = [Choice(str(arm.variant), arm.name) for arm in view.arms if not arm.stopped]
        self.chosen = str(view.winner if view.winner is not None else self.offered[0].value if self.offered else "")


class SampleSize(rx.State):
    """The calculator; a page may set what it begins with."""

    said: str = ""
    more: str = ""
    wrong: str = ""

    @guarded("content.read")
    async def work_out(self, form: dict[str, Any]) -> None:
        """From what was typed."""
        voice = await teller(self)
        self.said = self.more = self.wrong = ""
        try:
            given = words.size_in(form, voice.language)
        except Unread as unread:
            self.wrong = voice.say(unread.key, **unread.values)
            return
        if given is None:
            self.wrong = voice.say("size.wrong")
            return
        try:
            found = await app().experiments.sample_size(caller(), given)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal)
            return
        self.said, self.more = words.size_words(found, given.people, voice)


__all__ = ["PATH", "Experiment", "SampleSize"]
