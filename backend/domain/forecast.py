"""What a forecast keeps of one person's decision, and what comes of many: a few bytes a person, rows that add up. Pure.

A code is `VERSION` and then, for each unit in the order decided, its channel and outcome in one byte, its reason in one, and of a hold the hour
at which it ends (three bytes, hours since 1970). `JOINED` is the code of somebody whom the forecast did not know; b"": there was no forecast.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import TypeAlias

import msgspec

from backend.domain.decision import Decision, Unit
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER

VERSION = b"\x01"
JOINED = VERSION  # nothing was foreseen for them
OUTCOMES = ("send", "hold", "skip", "fold")
# what a skip or hold may come of, by its number: kept in rows, so that one is only ever added at the end
REASONS = (
    "", "erased", "expired", "superseded", "halted", "holdout", "suppressed", "no_consent", "law", "preference_off", "category_off", "locked", "no_address",
    "no_variant", "plan_later", "digest", "quiet_hours", "send_window", "cap", "lost_to", "unsubscribed", "paused_by_person", "cancelled",
)  # fmt: skip
OTHER = 255  # a reason of a newer version of this program
HOUR = 3_600
_NUMBER = {code: n for n, code in enumerate(REASONS)}
_OUTCOME = {outcome: n for n, outcome in enumerate(OUTCOMES)}
Row: TypeAlias = tuple[str, str, str]  # channel, outcome, reason ("" of what is sent)


class Place(msgspec.Struct, frozen=True):
    """Where a unit stands: what a row of a forecast counts. `hour`: of a hold, hours since 1970, else 0."""

    channel: str
    outcome: str
    reason: str = ""
    hour: int = 0

    @property
    def word(self) -> str:
        """As a difference names it: send, hold:quiet_hours, skip:no_address."""
        return f"{self.outcome}:{self.reason}" if self.reason else self.outcome

    @property
    def row(self) -> Row:
        return self.channel, self.outcome, self.reason


class Difference(msgspec.Struct, frozen=True):
    """One unit that went elsewhere. `foreseen`, `fact`: words of a place, "none" where there was no such unit. `cause`: a reason code."""

    channel: str
    foreseen: str
    fact: str
    cause: str


class Sums(msgspec.Struct, omit_defaults=True):
    """What came of many people. `rows`: units by channel, outcome and reason, with the last hour of its holds; they add up to `units`."""

    people: int = 0
    reached: int = 0  # who get something on at least one channel, at once or later
    held_out: int = 0
    units: int = 0
    rows: dict[str, int] = {}  # "email hold quiet_hours" -> units
    last: dict[str, int] = {}  # of rows of holds: their latest hour
    hours: dict[int, int] = {}  # hour -> units that go then

    def add(self, codes: Mapping[bytes, int]) -> None:
        """So many people of each code more."""
        for code, n in codes.items():
            places = decoded(code)
            self.people += n
            self.units += n * len(places)
            self.reached += n * any(one.outcome in ("send", "hold") for one in places)
            self.held_out += n * any(one.reason == "holdout" for one in places)
            for one in places:
                key = " ".join(one.row)
                self.rows[key] = self.rows.get(key, 0) + n
                if one.outcome == "hold":
                    self.last[key] = max(self.last.get(key, 0), one.hour)
                    self.hours[one.hour] = self.hours.get(one.hour, 0) + n


def row_of(key: str) -> Row:
    """The row that a key of `Sums.rows` names."""
    channel, outcome, reason = key.split(" ")
    return channel, outcome, reason


def code_of(decision: Decision) -> bytes:
    """The code of a decision."""
    parts = [VERSION]
    for unit in decision.units:
        head = bytes((CHANNEL_NUMBER[unit.channel] << 4 | _OUTCOME[unit.outcome], _NUMBER.get(_why(unit), OTHER)))
        parts.append(head + int(unit.until // HOUR).to_bytes(3, "big") if unit.outcome == "hold" else head)
    return b"".join(parts)


def decoded(code: bytes) -> list[Place]:
    """The places that a code names; of a code that nobody can read none."""
    if code[:1] != VERSION:
        return []
    found, n = [], 1
    while n + 2 <= len(code):
        channel, outcome = CHANNEL_NAME.get(code[n] >> 4, "?"), OUTCOMES[code[n] & 3]
        reason = REASONS[code[n + 1]] if code[n + 1] < len(REASONS) else "other"
        n += 2
        hour = 0
        if outcome == "hold":
            hour = int.from_bytes(code[n : n + 3], "big")
            n += 3
        found.append(Place(channel, outcome, reason, hour))
    return found


def differences(foreseen: bytes, fact: bytes) -> list[Difference]:
    """What is otherwise than foreseen, a unit each; none when there was no forecast. What stays on a channel is taken out first, so that two
    addresses of which one fell away are one difference."""
    if not foreseen or foreseen == fact:
        return []
    was, now = _by_channel(decoded(foreseen)), _by_channel(decoded(fact))
    joined = foreseen == JOINED
    made = []
    for channel in sorted(was.keys() | now.keys()):
        gone, come = was.get(channel, Counter()) - now.get(channel, Counter()), now.get(channel, Counter()) - was.get(channel, Counter())
        for before, after in zip_longest(sorted(gone.elements(), key=_order), sorted(come.elements(), key=_order)):
            made.append(Difference(channel, before.word if before else NONE, after.word if after else NONE, _cause(before, after, joined)))
    return made


def left(foreseen: bytes) -> list[Difference]:
    """Of somebody whom the run does not tell any more."""
    return [Difference(one.channel, one.word, NONE, "left_since") for one in decoded(foreseen)]


def undecided(foreseen: bytes, channel: str) -> list[Difference]:
    """Of somebody about whom nothing could be decided: one unit failed on this channel, the others there are not."""
    places = decoded(foreseen)
    kept = next((n for n, one in enumerate(places) if one.channel == channel), None)
    made = [Difference(one.channel, one.word, NONE, "dead_letter") for n, one in enumerate(places) if n != kept]
    if kept is None:
        return [*made, Difference(channel, NONE, "send", "dead_letter")]
    return made if places[kept].outcome == "send" else [*made, Difference(channel, places[kept].word, "send", "dead_letter")]


def moved(planned: Mapping[Row, int], differing: Iterable[tuple[str, str, str, int]]) -> dict[Row, int]:
    """The fact: what was planned and where it differs (channel, foreseen, fact, units). Rows that nobody planned come up with what came there."""
    fact: dict[Row, int] = defaultdict(int, planned)
    for channel, before, after, n in differing:
        if before != NONE:
            fact[_row(channel, before)] -= n
        if after != NONE:
            fact[_row(channel, after)] += n
    return dict(fact)


NONE = "none"  # in place of a place: there is no such unit


def _row(channel: str, word: str) -> Row:
    outcome, _, reason = word.partition(":")
    return channel, outcome, reason


def _why(unit: Unit) -> str:
    """The reason that counts: the first of what does not go, or waits. What goes quietly goes."""
    return unit.reasons[0].code if unit.outcome != "send" and unit.reasons else ""


def _by_channel(places: Iterable[Place]) -> dict[str, Counter[Place]]:
    found: dict[str, Counter[Place]] = defaultdict(Counter)
    for one in places:
        # a halt is asked again and again: when it ends nobody foresees
        found[one.channel][msgspec.structs.replace(one, hour=0) if one.reason == "halted" else one] += 1
    return found


def _order(place: Place) -> tuple[str, str, int]:
    return place.outcome, place.reason, place.hour


def _cause(before: Place | None, after: Place | None, joined: bool) -> str:
    """The reason of what is so now; of what goes now the reason that holds no more."""
    if joined:
        return "joined_since"
    if after is None:
        return "address_gone"
    if after.reason:
        return after.reason
    return f"no_longer:{before.reason}" if before and before.reason else "address_new"
