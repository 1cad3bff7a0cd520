"""What a provider may cost in a day, for all processes together.

The store keeps what is spent. A process takes from it in small blocks ahead of its messages, so that a thousand texts a second are a few rows
written, and gives back at its end what it did not use. A process that is killed leaves its block counted as spent: at most a two-hundredth of
the day's sum, and never on the dear side. Money is whole millionths of the currency: sums of fractions would drift.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from backend.clock import Clock
from backend.domain.errors import Invalid

MILLION = 1_000_000
BLOCKS = 200  # a day's sum is taken in so many
AGAIN = 5.0  # seconds until a sum that is spent is asked for again
DAY = 86_400


class Purse(Protocol):
    """Where it is written down."""

    async def take(self, provider: str, day: int, amount: int, cap: int) -> int:
        """Count as much of `amount` as the day still has room for; what was counted. A negative one is given back. Raises `StoreUnavailable`."""
        ...

    async def spent_out(self, provider: str) -> None:
        """The sum is spent: operators should know."""
        ...


class Spending:
    """Of one provider in this process. `cap`: millionths a day (UTC), 0: no bound, and nothing is counted."""

    def __init__(self, provider: str, cap: int, *, purse: Purse | None, clock: Clock) -> None:
        if cap and purse is None:
            raise Invalid("A spending limit needs the store to keep count. Set it to 0 where there is none.", field="spend_cap")
        self._provider, self._cap, self._purse, self._clock = provider, cap, purse, clock
        self._left, self._day, self._again = 0, 0, 0.0
        self._lock = asyncio.Lock()

    async def pay(self, amount: int) -> int | None:
        """Take this much; the day it was taken of, None when the day has no more. Raises `StoreUnavailable`."""
        if not self._cap or self._purse is None:
            return 0
        async with self._lock:
            now = self._clock.now()
            today = int(now // DAY)
            if today != self._day:
                self._left, self._day, self._again = 0, today, 0.0
            if self._left < amount:
                if now < self._again:
                    return None
                wanted = max(amount - self._left, self._cap // BLOCKS)
                self._left += await self._purse.take(self._provider, today, wanted, self._cap)
                if self._left < amount:
                    self._again = now + AGAIN
                    await self._purse.spent_out(self._provider)
                    return None
            self._left -= amount
            return today

    def give_back(self, amount: int, day: int | None) -> None:
        """It was not spent after all: nobody took the message."""
        if day and day == self._day:
            self._left += amount

    async def close(self) -> None:
        """What is left of the block goes back."""
        if self._left and self._purse is not None:
            left, self._left = self._left, 0
            await self._purse.take(self._provider, self._day, -left, self._cap)


def prices_of(text: str) -> Mapping[str, int]:
    """Of lines like "DE 0.0785" and "* 0.10": country -> millionths a segment. "*": of any other. Raises `Invalid`."""
    found: dict[str, int] = {}
    for line in text.replace(",", ".").splitlines():
        words = line.split()
        if not words:
            continue
        country, price = words[0].upper(), words[-1]
        whole, _, part = price.partition(".")
        plain = all(piece.isascii() and piece.isdigit() for piece in (whole or "0", part or "0")) and len(price) <= 12
        if len(words) != 2 or not plain or not (country == "*" or (len(country) == 2 and country.isascii() and country.isalpha())):
            raise Invalid(
                f"{line.strip()[:40]!r} is no price. Write a country and what a segment costs there, like: DE 0.0785. * stands for all others.", field="prices"
            )
        found[country] = round(float(f"{whole or 0}.{part or 0}") * MILLION)
    return found
