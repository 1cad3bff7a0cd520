"""What tallies come to: the ledger's columns, rates with what they are of, and times; of nothing that was not reported there is a rate.

SMS has no opens, a mail server reports no deliveries: there a rate has no denominator, which is something else than nought.
"""

from collections import Counter, defaultdict

import msgspec

from backend.domain.delivery import CHANNEL_NUMBER, LEDGER, LEDGER_OF, SKIPPED, State
from backend.domain.latency import quantile
from backend.domain.ledger import Ledger, of_totals
from backend.domain.tally import ARRIVED, REFUSED, STAMP, STEP, TAKEN

WEB = CHANNEL_NUMBER["web"]
# channels that can tell: a stamp that came anyway is believed too
OPENED = {WEB: STAMP["read"], CHANNEL_NUMBER["email"]: STAMP["opened_human"]}
CLICKED = frozenset({CHANNEL_NUMBER["email"], CHANNEL_NUMBER["sms"]})
BACK = (State.FAILED, State.BOUNCED, State.DEAD)
FEW = 30  # of fewer a rate is shown and nothing is concluded from it


class Rate(msgspec.Struct, frozen=True):
    """`part` of `whole`. `why`: "" or the reason there is no rate: nothing (there was none), no_signal (nobody reports it)."""

    part: int = 0
    whole: int = 0
    why: str = "nothing"

    @property
    def share(self) -> float | None:
        return self.part / self.whole if self.whole and not self.why else None

    @property
    def few(self) -> bool:
        return self.whole < FEW


class Measures:
    """Tallies of some units, channel by channel; add with `count`."""

    def __init__(self) -> None:
        self._by: dict[int, Counter[int]] = defaultdict(Counter)

    def count(self, channel: int, kind: int, n: int) -> None:
        self._by[channel][kind] += n

    def add(self, other: "Measures") -> None:
        for channel, by in other._by.items():  # noqa: SLF001 - of its own kind
            self._by[channel].update(by)

    def of(self, *kinds: int) -> int:
        """Units of these kinds together."""
        return sum(by[kind] for by in self._by.values() for kind in kinds)

    @property
    def planned(self) -> int:
        """Every unit stands in one state."""
        return sum(n for by in self._by.values() for kind, n in by.items() if kind <= SKIPPED)

    def ledger(self) -> Ledger:
        """The columns of the ledger; `planned` is their sum."""
        states: Counter[int] = Counter()
        for by in self._by.values():
            states.update({kind: n for kind, n in by.items() if kind in LEDGER_OF})
        return of_totals(self.planned, states)

    def column(self, name: str) -> int:
        """One column of the ledger."""
        return int(getattr(self.ledger(), name))

    # ---- rates
    def delivered(self) -> Rate:
        """Delivered, of what went out (sent, delivered or returned), where a channel reports deliveries."""
        return _together([self._delivered(by) for by in self._by.values()])

    def failed(self) -> Rate:
        """Failed for good, of what was tried."""
        tried = self.of(State.SENT, State.DELIVERED, *BACK)
        return Rate(self.of(*BACK), tried, "" if tried else "nothing")

    def opened(self) -> Rate:
        """Opened by a person (read, in the inbox), of what arrived."""
        return _together([self._stamped(by, OPENED.get(channel), STAMP["opened_human"]) for channel, by in self._by.items()])

    def clicked(self) -> Rate:
        """Clicked, of what arrived."""
        clicks = STAMP["clicked"]
        return _together([self._stamped(by, clicks if channel in CLICKED else None, clicks) for channel, by in self._by.items()])

    def unsubscribed(self) -> Rate:
        """Unsubscribed or complained through a message, of what arrived."""
        arrived = sum(_arrived(by) for by in self._by.values())
        return Rate(self.of(STAMP["unsubscribed"], STAMP["complained"]), arrived, "" if arrived else "nothing")

    def provided(self) -> tuple[Rate, Rate]:
        """Of one provider: delivered of what it took, failed of what it was given."""
        taken, arrived, back = self.of(TAKEN), self.of(ARRIVED), self.of(REFUSED)
        tried = taken + back
        return (
            Rate(arrived, tried, "" if arrived or (tried and not taken) else "no_signal" if tried else "nothing"),
            Rate(back, tried, "" if tried else "nothing"),
        )

    # ---- times
    def time(self, part: float) -> float | None:
        """The seconds within which `part` of what was handed over had been, None when no time was taken."""
        steps: Counter[int] = Counter()
        for by in self._by.values():
            steps.update({kind - STEP: n for kind, n in by.items() if kind >= STEP and n > 0})
        return quantile(steps, part)

    @property
    def timed(self) -> int:
        """How many a time was taken of."""
        return sum(n for by in self._by.values() for kind, n in by.items() if kind >= STEP)

    @staticmethod
    def _delivered(by: Counter[int]) -> Rate:
        went = by[State.SENT] + by[State.DELIVERED] + by[State.BOUNCED]
        if not went:
            return Rate()
        return Rate(by[State.DELIVERED], went, "" if by[State.DELIVERED] else "no_signal")

    @staticmethod
    def _stamped(by: Counter[int], kind: int | None, otherwise: int) -> Rate:
        arrived = _arrived(by)
        if not arrived:
            return Rate()
        if kind is None and not by[otherwise]:
            return Rate(0, arrived, "no_signal")
        return Rate(by[otherwise if kind is None else kind], arrived, "")


def _arrived(by: Counter[int]) -> int:
    """Delivered; where nobody reports deliveries, what went out and did not come back."""
    return by[State.DELIVERED] or by[State.SENT]


def _together(rates: list[Rate]) -> Rate:
    """Over the channels that can tell; without one there is no rate."""
    told = [rate for rate in rates if not rate.why]
    if told:
        return Rate(sum(rate.part for rate in told), sum(rate.whole for rate in told), "")
    return Rate(why="no_signal" if any(rate.why == "no_signal" for rate in rates) else "nothing")


COLUMNS = LEDGER[1:]  # what planned is the sum of
