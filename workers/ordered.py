"""Ordered categories: what is tried again holds back what the same person was meant to get after it, on that channel.

Within a process the next of a person waits until the one before has its outcome; behind one that is tried again it is held, and decided
anew when its turn may have come. Its place is when it was accepted; of equals, its id's.
"""

import asyncio
from collections.abc import Sequence

from backend.domain.decision import Reason, Unit
from backend.domain.delivery import CHANNEL_NAME, State
from backend.store import ahead
from backend.store.ahead import Ahead
from backend.store.port import Store, Tx
from workers.inhand import InHand, key_of
from workers.items import Item
from workers.outcomes import After
from workers.refusals import Refused, refused

NONE_FOR = 1.0  # seconds for which nothing is known to be waited behind, unless this process writes something
STEP = 0.001
AFTER = 1.0  # seconds from a try to the next one's: most tries have their answer by then
SHORTEST, LONGEST = 2.0, 60.0  # seconds between looks while the one before is late


def is_ordered(item: Item) -> bool:
    """Whether its category keeps a person's order."""
    return item.facts is not None and item.facts.category.ordered


class Ordered:
    """One of a process. `sift` says which may fly."""

    def __init__(self, store: Store) -> None:
        self._store, self._none_until = store, 0.0

    async def sift(self, go: Sequence[Item], stopped: list[tuple[Item, Refused]], hand: InHand, now: float) -> list[Item]:
        """Those that may fly; who must wait in hand goes back, who must wait behind a retry joins `stopped`. Raises `Unavailable`."""
        mine = [item for item in go if is_ordered(item)]
        if not mine:
            return list(go)
        behind = await self._behind(mine)
        out: list[Item] = []
        back: list[Item] = []
        for item in go:
            if not is_ordered(item):
                out.append(item)
            elif key_of(item.delivery) in hand.held:
                back.append(item)
            elif found := behind.get(item.delivery.id):
                stopped.append((item, _held(item, *found, now)))
            else:
                hand.held[key_of(item.delivery)] = item.delivery.id
                out.append(item)
        hand.put_back(back)
        return out

    def written(self) -> None:
        """Something is waited behind now."""
        self._none_until = 0.0

    async def _behind(self, mine: Sequence[Item]) -> dict[bytes, tuple[Ahead, int]]:
        time = asyncio.get_running_loop().time()
        if time < self._none_until:
            return {}
        places = [place_of(item) for item in mine]

        def read(tx: Tx) -> dict[bytes, tuple[Ahead, int]] | None:
            return ahead.before(tx, places) if ahead.some(tx) else None

        found = await self._store.read(read)
        if found is None:
            self._none_until = time + NONE_FOR
        return found or {}


def place_of(item: Item, until: float = 0.0) -> Ahead:
    """Where it stands in its person's order."""
    d = item.delivery
    return Ahead(d.space, d.person, f"{d.channel}:{d.priority}:{d.category}", d.accepted, d.id, until)


def write(tx: Tx, done: Sequence[tuple[Item, After]], stopped: Sequence[tuple[Item, Refused]], now: float) -> None:
    """What is waited behind after these, in their transaction; who waited behind one that ended comes next."""
    opened: list[Ahead] = []
    ended: list[Ahead] = []
    for item, after in done:
        if is_ordered(item):
            if after.outcome.move.state == State.HELD:
                continue  # called back by a halt or a breaker: what comes after it waits for the same, and comes back in its order
            if after.later:
                opened.append(place_of(item, after.later.at))
            elif item.delivery.attempt > 1 or item.delivery.generation:
                ended.append(place_of(item))
    for item, stop in stopped:
        if is_ordered(item):
            if stop.move.state == State.HELD and stop.move.reason == "ordered" and stop.later:
                opened.append(place_of(item, stop.later.at))
            elif stop.move.state != State.HELD:
                ended.append(place_of(item))
    if opened:
        ahead.put(tx, opened)
    if ended:
        ahead.drop(tx, ended)
        ahead.bring(tx, ended, now)


def _held(item: Item, found: Ahead, state: int, now: float) -> Refused:
    d = item.delivery
    if found.until > now:
        until = found.until + (AFTER if state == State.RETRYING else STEP)  # those that wait come together, in their order
    else:  # it is being tried, or is late: look again, the longer this waits the more seldom
        until = now + min(max((now - d.accepted) / 4, SHORTEST), LONGEST)
    channel = CHANNEL_NAME[d.channel]
    reason = Reason("ordered", {"behind": found.delivery.hex(), "channel": channel, "category": d.category, "until": until})
    return refused(d, Unit(channel, d.address, "hold", until, (reason,), ()), now)
