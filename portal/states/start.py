"""State of the first steps: the demo and how it leaves, then the checklist of a real installation."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.app.checklist import Point
from backend.app.demo import DemoCounts, NoDemo
from backend.domain.errors import NotFound, Unavailable
from portal.frame import Frame, tab_is_open, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.telling import Teller
from portal.theme import count
from portal.wiring import app

PATH = "/start"
LINKS = {"password": "/account", "sender": "/senders", "test": "/send", "category": "/categories"}


@dataclass
class FigureRow:
    """A count of the demo."""

    word: str
    count: str


@dataclass
class PointRow:
    """A step. `href` leads to where it is done, "" for the one that is checked here."""

    step: str
    title: str
    text: str
    act: str
    href: str
    done: bool
    word: str


class Start(rx.State):
    """`stage`: of the demo. `going`: this tab is taking it away just now."""

    stage: str = ""
    stage_word: str = ""
    figures: list[FigureRow] = []
    writing: str = ""
    asking: list[str] = []  # sentences of the dialog
    going: bool = False
    gone_text: str = ""
    share: str = "0%"
    points: list[PointRow] = []
    points_word: str = ""
    done: int = 0  # grows when the dialog has done its work
    trouble: str = ""

    @guarded("accounts.write", page=True)
    async def load(self) -> None:
        """The demo, while there is one; the checklist after it."""
        await _fill(self)

    @guarded("accounts.write")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("accounts.write")
    async def stop(self) -> None:
        """No more events."""
        await app().demo.stop(caller())
        voice = await teller(self)
        tell(await self.get_state(Frame), "delivered", voice.say("demo.stopped"), voice.say("demo.stopped.text"))
        await _fill(self)

    @guarded("accounts.write")
    async def ask(self) -> None:
        """The dialog opens: count anew, exactly."""
        self.asking = _sentences(await teller(self), await app().demo.counts(caller()))

    @guarded("accounts.write", background=True)
    async def leave(self) -> None:
        """Take the demo away, a step at a time, until it is gone or this tab is closed; who comes back goes on."""
        async with self:
            if self.going:
                return
            self.going, self.stage = True, "leaving"
            self.done += 1
            voice = await teller(self)
        try:
            while True:
                step = await app().demo.leave(caller())
                async with self:
                    if step.gone:
                        tell(await self.get_state(Frame), "delivered", voice.say("demo.gone"), voice.say("demo.gone.text"))
                        await _fill(self)
                        return
                    _show_step(self, voice, step.done, step.of)
                if not tab_is_open(self):
                    return
        except NoDemo:  # another tab was quicker
            async with self:
                await _fill(self)
        finally:
            async with self:
                self.going = False

    @guarded("accounts.write")
    async def check(self) -> None:
        """Ask the mail server now."""
        voice, frame = await teller(self), await self.get_state(Frame)
        try:
            said = await app().checklist.reach(caller())
        except (Unavailable, NotFound) as refusal:
            tell(frame, "failed", voice.say("check.away"), refusal.detail)
            return
        tell(frame, "delivered", voice.say("check.answers"), said)


async def _fill(state: Any) -> None:
    voice, who = await teller(state), caller()
    try:
        view = await app().demo.state(who)
        state.stage, state.trouble = view.stage, ""
        state.figures, state.points, state.writing = [], [], ""
        if view.stage in ("on", "off"):
            state.stage_word = voice.say(f"demo.{view.stage}")
            state.figures = _figures(voice, await app().demo.counts(who))
            if 0 <= view.written < view.of:
                state.writing = voice.say("demo.writing", done=count(view.written, voice.language), of=count(view.of, voice.language))
        elif view.stage == "leaving":
            state.stage_word = voice.say("demo.leaving")
            counts = await app().demo.counts(who)
            _show_step(state, voice, view.left_done, view.left_of)
            state.figures = _figures(voice, counts)
        else:
            points = await app().checklist.points(who)
            state.points = [_point(voice, point) for point in points]
            done = sum(point.done for point in points)
            state.points_word = voice.say("check.progress", done=done, of=len(points))
    except Unavailable as away:
        state.trouble = away.detail


def _show_step(state: Any, voice: Teller, done: int, of: int) -> None:
    state.gone_text = voice.say("demo.going", done=count(done, voice.language), of=count(of, voice.language))
    state.share = f"{100 * done / max(1, of):.1f}%"


def _figures(voice: Teller, counts: DemoCounts) -> list[FigureRow]:
    return [
        FigureRow(voice.say(f"demo.{name}"), count(n, voice.language))
        for name, n in (
            ("people", counts.people), ("notifications", counts.notifications), ("deliveries", counts.deliveries), ("inbox", counts.inbox),
            ("captures", counts.captures), ("templates", len(counts.templates)), ("audiences", len(counts.audiences)), ("campaigns", len(counts.campaigns)),
        )
    ]  # fmt: skip


def _sentences(voice: Teller, counts: DemoCounts) -> list[str]:
    """What the dialog says will go, and what stays."""
    names = ("people", "notifications", "deliveries", "inbox", "captures")
    said = [voice.say("demo.real.text", **{name: count(getattr(counts, name), voice.language) for name in names})]
    logins = voice.listed(counts.accounts) if counts.accounts else voice.say("demo.real.none")
    said.append(voice.say("demo.real.also", templates=len(counts.templates), audiences=len(counts.audiences), campaigns=len(counts.campaigns), accounts=logins))
    if counts.kept:
        said.append(voice.say("demo.real.kept", kept=voice.listed(counts.kept)))
    if counts.account:
        said.append(voice.say("demo.real.own", account=counts.account))
    return [*said, voice.say("demo.real.safe")]


def _point(voice: Teller, point: Point) -> PointRow:
    text = "check.provider.text.set" if point.step == "provider" and point.about else f"check.{point.step}.text"
    return PointRow(
        point.step, voice.say(f"check.{point.step}"), voice.say(text, about=point.about), voice.say(f"check.{point.step}.act"),
        LINKS.get(point.step, ""), point.done, voice.say("check.done" if point.done else "check.open"),
    )  # fmt: skip
