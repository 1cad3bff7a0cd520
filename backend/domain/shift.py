"""Shifts: what changed of what somebody wants, as it is counted: a category opted in to or out of, a channel turned on or off, a pause, quiet hours.

Only a change counts: an answer that says again what stood counts nothing, nor does a first "yes" to what is on by itself. Who it was is
not in it, so an erasure changes no sum.
"""

from collections.abc import Mapping
from typing import NamedTuple

from backend.domain import preference
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.person import Wishes
from backend.domain.tally import SHIFT

WAYS = ("portal", "staff", "link", "one_click", "sms", "provider", "api", "import", "program")
_WAY = {"graphql": "api", "hook": "provider", "cli": "program", "line": "program"}


class Shift(NamedTuple):
    """One change. `kind`: of `tally.SHIFT`. `category` "" and `channel` 0: it is about none; both: one category on one channel."""

    kind: int
    category: str = ""
    channel: int = 0


def way_of(via: str, *, own: bool = True) -> str:
    """Where a change came from, of `WAYS`. `via`: of the actor; not `own`: for somebody else, in the portal."""
    way = _WAY.get(via, via)
    return "staff" if way == "portal" and not own else way if way in WAYS else "program"


def stance(wishes: Wishes, said: bool | None, category: str) -> bool | None:
    """Whether somebody wants a category, by their own wish and their last recorded answer; None: they never said. A "no" of either counts."""
    wish = wishes.categories.get(category)
    if wish is False or said is False:
        return False
    return True if wish or said else None


def answered(was: bool | None, now: bool | None, *, asked_first: bool) -> int:
    """The kind of a category's change from one stance to another, 0 when nothing changed. `asked_first`: it is off until somebody says yes (marketing)."""
    if was is now or (was is None and now and not asked_first):
        return 0
    if now is None:
        return SHIFT["opted_in"] if was is False and not asked_first else SHIFT["opted_out"] if was and asked_first else 0
    return SHIFT["opted_in" if now else "opted_out"]


def shifts(
    before: Wishes, after: Wishes, said: Mapping[str, bool], answers: Mapping[str, bool], asked_first: Mapping[str, bool], now: float
) -> list[Shift]:
    """What changed. `said`: recorded answers until then, `answers`: those given now, by category; `asked_first`: of each category there is."""
    found = []
    for category in sorted({*before.categories, *after.categories, *answers}):
        known = said.get(category)
        was, then = stance(before, known, category), stance(after, answers.get(category, known), category)
        if kind := answered(was, then, asked_first=asked_first.get(category, False)):
            found.append(Shift(kind, category))
    for channel in sorted({*before.channels, *after.channels}):
        was_on, is_on = before.channels.get(channel, True), after.channels.get(channel, True)
        if was_on != is_on:
            found.append(_turned(is_on, "", channel))
    for category in sorted({*before.matrix, *after.matrix}):
        old, new = before.matrix.get(category, {}), after.matrix.get(category, {})
        for channel in sorted({*old, *new}):
            if old.get(channel) is not new.get(channel) and (on := _on(after, category, channel)) != _on(before, category, channel):
                found.append(_turned(on, category, channel))
    if (paused := _paused(after, now)) != _paused(before, now):
        found.append(Shift(SHIFT["paused" if paused else "resumed"]))
    if after.quiet != before.quiet and (after.quiet or before.quiet):
        found.append(Shift(SHIFT["quiet_set" if after.quiet else "quiet_ended"]))
    return found


def _turned(on: bool, category: str, channel: str) -> Shift:
    return Shift(SHIFT["turned_on" if on else "turned_off"], category, CHANNEL_NUMBER[channel])


def _on(wishes: Wishes, category: str, channel: str) -> bool:
    said = preference.opinion(wishes, category, channel)
    return said is None or said[0]


def _paused(wishes: Wishes, now: float) -> bool:
    """A pause that ended by itself is none; one of 0 lasts until further notice."""
    until = wishes.paused_until
    return until is not None and (until == 0 or until > now)
