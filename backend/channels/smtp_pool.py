"""The connections to one mail server: opened as mails need them, up to a number; what goes to one person keeps its order.

Mails of one key ride on one connection while any of them is open there, and on whichever has room after that; those that would wait for others there wait
here, for their own alone. A quick server gets them on few connections, where envelopes ride behind bodies and answers come in one read; the longer it takes
for a mail, the more are opened. A server that takes no more connections is believed for a while: what waited for one more goes to those that are open, and
costs no attempt.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Collection, Sequence
from time import monotonic

from backend.channels.base import Answer
from backend.channels.smtp_lane import CLOSING, Lane
from backend.channels.smtp_open import Target
from backend.channels.smtp_parcel import Parcel, Timing, Unreachable

log = logging.getLogger("carillon.channels")

WAIT = 0.02  # seconds that a mail may wait behind others on its connection before one more is opened
DEPTH = 8  # mails on a connection, however quick the server is
LEARN, LONGEST = 0.05, 0.1  # weight of the newest mail in what one takes, and the seconds that it counts at most: a pause of ours is no slow server
OPENING = 20  # connections that are being opened at once: a server that is knocked at by more drops some, and neither side hears of it until a time is over
ASKING = 3_600.0  # seconds in which a server that broke off amid whole mails gets none
FULL = 60.0  # seconds until a server that took no more connections is asked for one more


class _Bound:
    """Where the mails of a key go, how many of them are there, and what waits until it goes on."""

    __slots__ = ("lane", "n", "waiting")

    def __init__(self, lane: Lane) -> None:
        self.lane, self.n, self.waiting = lane, 0, deque[Parcel]()


class Pool:
    """`most` connections. Use it within a running loop."""

    def __init__(self, target: Target, timing: Timing, context: ssl.SSLContext, most: int) -> None:
        self._target, self._timing, self._context, self._most = target, timing, context, most
        self._loads: list[dict[Lane, None]] = [{}]  # lanes by how many mails they have, the one that got there last behind
        self._bound: dict[int, _Bound] = {}
        self._allowed, self._full_until = most, 0.0
        self._whole_from = 0.0  # when mails may go whole
        self._takes = 0.0  # seconds that the server takes for a mail, as seen on busy connections
        self._closed = False

    def put(self, key: int, parcel: Parcel) -> None:
        """Send it after those of the same key; an urgent one before those that wait."""
        if self._closed:
            parcel.answer(CLOSING)
            return
        parcel.key = key
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bound[key] = _Bound(self._pick())
        elif not parcel.urgent and (bound.waiting or bound.lane.load >= self._depth()):
            bound.waiting.append(parcel)
            return
        elif not bound.n:  # where the last of them was may be closed
            bound.lane = self._pick()
        self._send(bound, parcel)

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """Answer so what of these waits."""
        for bound in [bound for bound in self._bound.values() if bound.waiting]:
            back = [parcel for parcel in bound.waiting if parcel.delivery in deliveries]
            bound.waiting = deque(parcel for parcel in bound.waiting if parcel.delivery not in deliveries)
            for parcel in back:
                parcel.answer(answer)
        for lane in self._lanes():
            lane.recall(deliveries, answer)

    async def close(self, patience: float) -> None:
        """Answer what waits, wait for what flies, so many seconds at most."""
        self._closed = True
        for bound in self._bound.values():
            while bound.waiting:
                bound.waiting.popleft().answer(CLOSING)
        await asyncio.gather(*(lane.close(patience) for lane in self._lanes()))

    # ---- for the lanes
    def elsewhere(self, lane: Lane, parcels: Sequence[Parcel], why: Unreachable) -> bool:
        """See `smtp_lane.Among`."""
        others = sum(one.connected for one in self._lanes())
        if not others:
            return False
        if self._allowed == self._most:
            log.warning("The mail server takes %d connections and not %d: %s", others, self._most, why.why)
        self._allowed, self._full_until = others, asyncio.get_running_loop().time() + FULL
        del self._loads[lane.load][lane]
        for parcel in parcels:  # all that is open of a key was here, so each key goes on in its order
            bound = self._bound[parcel.key]
            if bound.lane is lane:
                bound.lane = self._pick()
            self._give(bound.lane, parcel)
        return True

    def whole(self) -> bool:
        """See `smtp_lane.Among`."""
        return asyncio.get_running_loop().time() >= self._whole_from

    def cut(self) -> None:
        """See `smtp_lane.Among`. Once is an accident that happens to any connection; but where a server does so as a habit, each time costs the answers of several."""
        self._whole_from = asyncio.get_running_loop().time() + ASKING

    def idle(self, lane: Lane) -> None:
        """See `smtp_lane.Among`."""
        if not lane.load:
            self._loads[0].pop(lane, None)

    # ---- inside
    def _lanes(self) -> list[Lane]:
        return [lane for bucket in self._loads for lane in bucket]

    def _depth(self) -> int:
        """Mails that a connection may have, for the last of them not to wait for long."""
        return DEPTH if self._takes * DEPTH <= WAIT else max(1, int(WAIT / self._takes))

    def _pick(self) -> Lane:
        """The busiest one where it need not wait for long; one more where there is none; else the least busy."""
        for bucket in reversed(self._loads[: self._depth()]):
            if bucket:
                return next(reversed(bucket))
        if self._allowed < self._most and asyncio.get_running_loop().time() >= self._full_until:
            self._allowed = self._most
        if sum(map(len, self._loads)) < self._allowed and sum(not lane.connected for lane in self._lanes()) < OPENING:
            lane = Lane(self._target, self._timing, self._context, self)
            self._loads[0][lane] = None
            return lane
        return next(next(reversed(bucket)) for bucket in self._loads if bucket)

    def _send(self, bound: _Bound, parcel: Parcel) -> None:
        bound.n += 1
        parcel.landed = self._landed
        self._give(bound.lane, parcel)

    def _go_on(self, key: int) -> None:
        """With what waits of a key: where those before it are, or where there is room when none is left."""
        bound = self._bound.get(key)
        if bound is None or self._closed:
            return
        if bound.waiting and not bound.n:
            bound.lane = self._pick()
            self._send(bound, bound.waiting.popleft())
        while bound.waiting and bound.lane.load < self._depth():
            self._send(bound, bound.waiting.popleft())
        if not bound.n:
            del self._bound[key]

    def _give(self, lane: Lane, parcel: Parcel) -> None:
        if not lane.load:
            lane.busy_since = monotonic()
        self._move(lane, lane.load + 1)
        lane.put(parcel)

    def _landed(self, parcel: Parcel) -> None:
        bound, now = self._bound[parcel.key], monotonic()
        self._takes += (min(now - bound.lane.busy_since, LONGEST) - self._takes) * LEARN
        bound.lane.busy_since = now
        self._move(bound.lane, bound.lane.load - 1)
        bound.n -= 1
        if bound.waiting:  # soon: its connection is amid an answer
            asyncio.get_running_loop().call_soon(self._go_on, parcel.key)
        elif not bound.n:
            del self._bound[parcel.key]

    def _move(self, lane: Lane, load: int) -> None:
        del self._loads[lane.load][lane]
        lane.load = load
        if load == len(self._loads):
            self._loads.append({})
        self._loads[load][lane] = None
