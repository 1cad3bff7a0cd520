"""The last check before a provider: the first eight gates once more, whose turn it is in ordered categories, and who must stay in the house."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from backend.domain import gates
from backend.domain.decision import Facts, Unit
from backend.domain.delivery import CHANNEL_NAME
from backend.domain.errors import Unavailable
from workers.inhand import InHand
from workers.items import Item
from workers.ordered import Ordered
from workers.ports import FactsOf, Renderer, Router
from workers.refusals import Refused, refused

log = logging.getLogger("carillon.line")

AHEAD = 0.25  # seconds that facts which were read ahead serve for
WINDOWS = 3  # of which one trip to the cache brings the facts: a trip costs as much as the facts of a window


class LastCheck:
    """Of what one `Deliver` has in hand."""

    def __init__(self, hand: InHand, *, facts: FactsOf, renderer: Renderer, router: Router, ordered: Ordered | None) -> None:
        self._hand, self._facts, self._renderer, self._router, self._ordered = hand, facts, renderer, router, ordered
        self._ahead: dict[bytes, tuple[float, Facts]] = {}  # delivery -> until when its facts serve

    async def look_ahead(self, length: int, now: float) -> None:
        """Read the facts of who comes next, while something else is waited for anyway: the trip to the cache would else stand between two
        windows. `length`: of this window; the next is about as long. What folds into something newer is always asked at the last moment. Nothing
        follows from a failure."""
        time = asyncio.get_running_loop().time()
        self._ahead = {made: kept for made, kept in self._ahead.items() if kept[0] > time}
        coming = [item.delivery for item in self._hand.coming(WINDOWS * length)]
        if all(d.id in self._ahead or d.collapse for d in coming[: length + length // 2]):
            return
        wanted = [d for d in coming if d.id not in self._ahead and not d.collapse]
        try:
            facts = await self._facts.of_deliveries(wanted, now)
        except Exception as error:  # noqa: BLE001 - whoever may fly is asked for again, and then it counts
            log.debug("nothing was read ahead: %s", error)
            return
        self._ahead.update((d.id, (time + AHEAD, fact)) for d, fact in zip(wanted, facts, strict=True))

    def forget(self) -> None:
        """What was read ahead may have changed."""
        self._ahead.clear()

    async def _facts_of(self, take: Sequence[Item], now: float) -> list[Facts]:
        time = asyncio.get_running_loop().time()
        known = {made: kept[1] for item in take if (kept := self._ahead.pop(made := item.delivery.id, None)) and kept[0] > time}
        unknown = [item.delivery for item in take if item.delivery.id not in known]
        read = iter(await self._facts.of_deliveries(unknown, now) if unknown else ())
        return [msgspec.structs.replace(fact, now=now) if (fact := known.get(item.delivery.id)) else next(read) for item in take]

    async def among(self, take: Sequence[Item], now: float) -> tuple[list[Item], list[tuple[Item, Refused]]]:
        """Those that may fly, and those that are stopped with what stops them; what makes us fail joins `broken` of the hand.
        Raises `Unavailable`: then nothing has changed hands but to a provider of the demo."""
        go, stopped = await self._asked(take, now)
        if self._ordered and go:
            go = await self._ordered.sift(go, stopped, self._hand, now)
        return go, stopped

    async def _asked(self, take: Sequence[Item], now: float) -> tuple[list[Item], list[tuple[Item, Refused]]]:
        """One whose own facts make us fail costs the others nothing."""
        go: list[Item] = []
        stopped: list[tuple[Item, Refused]] = []
        try:
            facts = await self._facts_of(take, now)
            await self._renderer.prepare([item.delivery for item in take])
            for item, fact in zip(take, facts, strict=True):
                item.facts = fact
                unit: Unit = gates.recheck(fact, CHANNEL_NAME[item.delivery.channel], item.delivery.address)
                if unit.outcome != "send":
                    stopped.append((item, refused(item.delivery, unit, now)))
                    continue
                if fact.person.demo:  # nobody of the demo is written to outside; who is meant is known only now
                    self._hand.hand_over(item, self._router.choose(item.delivery, demo=True))
                go.append(item)
        except Unavailable:
            raise
        except Exception as error:
            if len(take) == 1:
                log.exception("a delivery cannot be carried out")
                self._hand.broken.append((take[0], error))
                return [], []
            half = len(take) // 2
            parts = [await self._asked(take[:half], now), await self._asked(take[half:], now)]
            return [i for found, _ in parts for i in found], [s for _, found in parts for s in found]
        return go, stopped
