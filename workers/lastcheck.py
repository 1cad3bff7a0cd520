"""The last check before a provider: the first eight gates once more, whose turn it is in ordered categories, and who must stay in the house."""

import logging
from collections.abc import Sequence

from backend.domain import gates
from backend.domain.decision import Unit
from backend.domain.delivery import CHANNEL_NAME
from backend.domain.errors import Unavailable
from workers.inhand import InHand
from workers.items import Item
from workers.ordered import Ordered
from workers.ports import FactsOf, Renderer, Router
from workers.refusals import Refused, refused

log = logging.getLogger("carillon.line")


class LastCheck:
    """Of what one `Deliver` has in hand."""

    def __init__(self, hand: InHand, *, facts: FactsOf, renderer: Renderer, router: Router, ordered: Ordered | None) -> None:
        self._hand, self._facts, self._renderer, self._router, self._ordered = hand, facts, renderer, router, ordered

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
            facts = await self._facts.of_deliveries([item.delivery for item in take], now)
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
