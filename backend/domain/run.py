"""A run of a campaign: what its children are made of, how fast it goes, and what its state follows from. Pure."""

import base64
import math

import msgspec

from backend.domain import recurrence
from backend.domain.campaign import OWN, Timing, Window
from backend.domain.ids import make_id
from backend.domain.timing import opened, until

UNASSIGNED = -3  # in `recipients.variant`: in the rest that waits for a winner
DAY = 86_400
BEAT = 0.25  # seconds between steps of a wave that has a pace
LAG = 1.0  # seconds by which a pace is made up for; what was late by more (a pause) goes on from now


class Content(msgspec.Struct, frozen=True):
    """What the people of a variant get: the pinned version, and the body of their events (base64 of JSON of domain.event.Body)."""

    template: str
    version: int
    body: str = "e30="

    @property
    def raw(self) -> bytes:
        return base64.b64decode(self.body)


class RunBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Kept with the run; replaced when its campaign is edited. `stopped`: variants whose people who were not told yet are not."""

    contents: tuple[Content, ...]
    priority: str = "low"
    asked: str = ""  # the priority that was asked for, when it was lowered
    pace: float = 0.0
    window: Window | None = None
    zone: str = "UTC"
    channels: tuple[str, ...] = ()
    expires: int = 0
    grace: int | None = None  # where each is told in their own hour: seconds by which it may be over when the run begins
    stopped: tuple[int, ...] = ()
    late: int = 0  # people whose own hour was over by more than the grace
    left: int = 0  # people of the forecast who were not named any more
    detail: str = ""


def run_id(space: int, key: str, planned: float) -> bytes:
    """The one run of a campaign at a planned time, whoever makes it and however often."""
    return make_id(max(0, int(planned * 1000)), b"run", space.to_bytes(2, "big"), key.encode(), repr(planned).encode())


def timing_of(timing: Timing) -> tuple[float, Window | None, str]:
    """Pace, window and whose clock the window is on: a zone, or `OWN`."""
    return timing.pace, timing.window, timing.zone


def ahead_of(planned: float, zone: str, *, by_clock: bool) -> int:
    """How many seconds the clock of a zone is ahead of UTC's: when it shows the time `planned` (as if UTC's), or at that moment."""
    return round(planned - recurrence.own_moment(planned, zone)) if by_clock else round(recurrence.offset(planned, zone))


def opens(body: RunBody, ahead: int | None, now: float) -> float:
    """The first moment from now on at which its window is open; now when it is, or when there is none. `ahead`: of people who are told by their own clocks,
    how many seconds these are ahead of UTC's."""
    if body.zone != OWN:
        return opened(body.window, now, body.zone)
    return opened(body.window, now + (ahead or 0), "UTC") - (ahead or 0)


def due_of(planned: float, ahead: int | None, *, by_clock: bool) -> float:
    """The moment that was planned for people whose clocks are ahead of UTC's by so many seconds."""
    return planned - (ahead or 0) if by_clock else planned


def ends(body: RunBody, planned: float, ahead: int | None, began: float) -> float:
    """From when on it is not worth telling the people of a wave, 0: never."""
    return until(due_of(planned, ahead, by_clock=body.grace is not None), body.expires, body.grace, began)


def own_hour(body: RunBody, planned: float, ahead: int | None, now: float) -> float:
    """When those who waited for a winner are told: at once, or the next time their own clocks show the hour of the run, where that is when people are told.
    Clocks that were changed since the run began are an hour off."""
    if body.grace is None:
        return now
    due = due_of(planned, ahead, by_clock=True)
    return due + math.ceil(max(0.0, now - due) / DAY) * DAY


def share(pace: float) -> int:
    """How many people a step of a wave with this pace releases."""
    return max(1, round(pace * BEAT))


def following(due: float, released: int, pace: float, now: float) -> float:
    """When the next step is due: as long after this one was as its people take, so that lateness is made up for."""
    return max(due, now - LAG) + released / pace
