"""The guard: watches how each provider answers, and tells the router who may be asked how much. Looks a few times a second, never per delivery.

Every process counts its own answers; what follows from them (a breaker, moved points) is told the others through the cache, where the newest
word counts. A budget is one token bucket for all processes, taken a tenth of a second at a time. While the cache is away each process
goes by what it sees itself, and a provider with a budget waits.
"""

import asyncio
import contextlib
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping

import msgspec

from backend.cache.port import Cache
from backend.channels.base import Answer, Provider
from backend.channels.router import CAPTURE, Router
from backend.clock import Clock
from backend.domain import balance, breaker
from backend.domain.balance import Points
from backend.domain.breaker import Breaker
from backend.domain.errors import CacheUnavailable
from backend.telemetry import BREAKER

log = logging.getLogger("carillon.channels")

LOOK = 0.5  # seconds
TENTH = 0.1  # seconds between tokens of a budget
TTL = 120.0  # seconds a word about a provider is kept
TELL = 10.0  # seconds after which it is said again, for a cache that was flushed
TRIAL = 10.0  # seconds one process has for its trials before another one may try
AGAIN = 60.0  # seconds after which trials that nothing came of are made again
ALL = b"{providers}all"


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one provider. `order` is its place among all; `told`: when it was last said to the others; `space` 0: of the installation;
    `weight`: of a hundred."""

    key: str
    channel: str
    order: int
    breaker: Breaker = Breaker()
    points: Points = Points()
    rate: int = 0
    code: str = ""  # of the bad answers, the most frequent
    told: float = 0.0
    route: str = ""
    space: int = 0
    weight: int = 0


def word_key(key: str) -> bytes:
    """Under which the cache has it."""
    return b"{provider}" + key.encode()


class Guard:
    """Of one process. `changed` is told of every new position: (its word, whether another of its channel is able)."""

    def __init__(
        self, router: Router, *, cache: Cache, clock: Clock, changed: Callable[[Word, bool], None], halted: Callable[[int], frozenset[str]]
    ) -> None:
        self._router, self._cache, self._clock, self._changed, self._halted = router, cache, clock, changed, halted
        self._words: dict[str, Word] = {}
        self._codes: dict[str, Counter[str]] = {}
        self._listed = False  # the others know which there are
        self._follow()
        self._owner = secrets.token_bytes(8)
        self._looked = float("-inf")
        self._looking = asyncio.Lock()

    @property
    def words(self) -> Mapping[str, Word]:
        return self._words

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("the guard of the providers stumbled")
            await asyncio.sleep(TENTH if any(provider.rate for provider in self._router.providers) else LOOK)

    async def become(self, change: Callable[[], None], anew: Collection[str] = ()) -> None:
        """Let the router have other providers, and follow it. What was known of those in `anew` is of no use any more: they were made anew."""
        async with self._looking:
            change()
            self._follow()
            now = self._clock.now()
            for key in set(anew) & self._words.keys():
                word = self._words[key]
                if word.breaker.position != "closed":
                    self._words[key] = word = msgspec.structs.replace(word, breaker=Breaker(changed=now), code="", told=0.0)
                    self._turned(word)
            self._route()
            self._listed, self._looked = False, float("-inf")  # the next look tells the others, however soon it is
        self._router.wake()

    def _follow(self) -> None:
        """The words of those that there are now."""
        before, self._words = self._words, {}
        of = {provider.key: (rivals, weight) for rivals in self._router.groups() for provider, weight in zip(rivals.all, rivals.weights, strict=True)}
        for n, provider in enumerate(self._router.providers):
            rivals, weight = of.get(provider.key, (None, 0))
            old = before.get(provider.key) or Word(provider.key, provider.channel, n)
            self._words[provider.key] = msgspec.structs.replace(
                old, channel=provider.channel, order=n, rate=provider.rate, route=rivals.route if rivals else provider.route, space=rivals.space if rivals else 0, weight=weight
            )
        for key in before.keys() - self._words.keys():
            self._codes.pop(key, None)
            with contextlib.suppress(KeyError):
                BREAKER.remove(key)

    async def look(self) -> None:
        """Take account of the answers since the last look, and of what others said."""
        async with self._looking:
            await self._look(self._clock.now())

    async def _look(self, now: float) -> None:
        await self._fill(now)
        if 0 <= now - self._looked < LOOK and not self._router.answers:
            return
        self._looked = now
        said = await self._said()
        told: dict[bytes, tuple[int, bytes]] = {}
        for key, word in self._words.items():
            mine = self._seen(word, now)
            other = said.get(key)
            if other is not None and other.breaker.changed > mine.breaker.changed:
                mine = msgspec.structs.replace(mine, breaker=other.breaker, points=other.points, code=other.code)
            elif other is not None and other.points.moved > mine.points.moved:
                mine = msgspec.structs.replace(mine, points=other.points)
            turned = mine.breaker.position != word.breaker.position  # twice within one moment of the clock, perhaps
            if turned or (mine.breaker.changed, mine.points) != (word.breaker.changed, word.points) or now - mine.told > TELL or other is None:
                mine = msgspec.structs.replace(mine, told=now)
                told[word_key(key)] = (int(max(mine.breaker.changed, mine.points.moved) * 1000) + 1, msgspec.msgpack.encode(mine))
            self._words[key] = mine
            if turned:
                self._turned(mine)
        await self._tell(told)
        self._route()
        await self._fill(now)

    # ---- what is known
    def _seen(self, word: Word, now: float) -> Word:
        good, bad, codes, took = self._router.take_answers(word.key)
        if word.key.startswith(CAPTURE):  # nothing outside is to be spared, and what it is told to answer shall be seen
            return word
        if bad:
            self._codes[word.key] = codes
        following = breaker.heard(word.breaker, good, bad, now, took)
        share, of = breaker.failing(following)
        slow = balance.slow(following) and not all(balance.slow(other.breaker) for other in self._rivals(word) if other.key != word.key)
        points = balance.moved(word.points, share, of, out=following.position != "closed", now=now, slow=slow)
        code = self._codes[word.key].most_common(1)[0][0] if word.key in self._codes and following.position == "open" else word.code
        return msgspec.structs.replace(word, breaker=following, points=points, code=code)

    async def _said(self) -> dict[str, Word]:
        keys = list(self._words)
        try:
            raws = await self._cache.get_many([word_key(key) for key in keys])
        except CacheUnavailable:
            return dict(self._words)
        found: dict[str, Word] = {}
        for key, raw in zip(keys, raws, strict=True):
            try:
                if raw is not None:
                    found[key] = msgspec.msgpack.decode(raw, type=Word)
            except msgspec.DecodeError:
                continue  # of another version of this program
        return found

    async def _tell(self, told: Mapping[bytes, tuple[int, bytes]]) -> None:
        if told or not self._listed:
            try:
                if told:
                    await self._cache.put_newer(told, TTL)
                self._listed = True
                await self._cache.put_many({ALL: msgspec.msgpack.encode(list(self._words))}, TTL)
            except CacheUnavailable:
                self._listed = False
                log.debug("what is known of the providers could not be told")

    def _turned(self, word: Word) -> None:
        BREAKER.labels(word.key).set({"closed": 0, "trying": 1, "open": 2}[word.breaker.position])
        log.warning("the breaker of provider %s is %s", word.key, word.breaker.position)
        if word.breaker.position == "open":
            self._router.leave(next(one for one in self._router.providers if one.key == word.key), Answer("withheld", "breaker_open", word.key))
        others = [w for w in self._rivals(word) if w.key != word.key and w.breaker.position != "open"]
        self._changed(word, bool(others))

    # ---- what follows
    def _rivals(self, word: Word) -> list[Word]:
        """The providers that may stand in for each other: never capture for one that sends."""
        for rivals in self._router.groups():
            if any(provider.key == word.key for provider in rivals.all):
                return [self._words[provider.key] for provider in rivals.all]
        return [word]

    def _route(self) -> None:
        for rivals in self._router.groups():
            words = [self._words[provider.key] for provider in rivals.all if provider.key in self._words]
            if len(words) < 2 and not any(w.breaker.position != "closed" for w in words):
                self._router.turn(rivals, [(balance.PLACES, rivals.all[0].key)])
                continue
            halted = self._halted(rivals.space)
            free = [w for w in words if f"provider:{w.key}" not in halted] or words  # one that is halted keeps what nobody else can take
            well = [w for w in free if w.breaker.position == "closed"]
            tried = [w.key for w in free if w.breaker.position == "trying"]
            use = {w.key for w in well} or set(tried)
            shares = balance.spread([balance.Share(w.key, w.weight, w.points.given, w.key in use) for w in words])
            down = words[0].key if words and all(w.breaker.position == "open" for w in words) else ""
            self._router.turn(rivals, shares, trying=tried if well else [], down=down)

    async def _fill(self, now: float) -> None:
        """Tokens of budgets, and trials of those that are being tried."""
        limited = self._router.limited
        for provider in self._router.providers:
            word = self._words[provider.key]
            trying = word.breaker.position == "trying"
            if not (provider.rate or trying):
                limited.pop(provider.key, None)
                continue
            try:
                limited[provider.key] = await self._trials(provider, word, now) if trying else await self._tokens(provider, now)
            except CacheUnavailable:
                limited[provider.key] = 0
        self._router.wake()

    async def _trials(self, provider: Provider, word: Word, now: float) -> int:
        """One process tries; the others wait for what comes of it."""
        key = b"{provider}try:" + provider.key.encode() + b"%d" % int(word.breaker.changed * 1000)
        if await self._cache.claim(key, self._owner, TRIAL) != self._owner:
            return 0
        changed, spent, since = self._router.tried.get(provider.key, (0.0, 0, 0.0))
        if changed != word.breaker.changed or now - since > AGAIN:  # some of the trials were never answered
            changed, spent, since = word.breaker.changed, 0, now
            self._router.tried[provider.key] = (changed, spent, since)
        return max(0, breaker.TRIALS - spent)

    async def _tokens(self, provider: Provider, now: float) -> int:
        have, step = self._router.limited.get(provider.key, 0), max(1, int(provider.rate * TENTH))
        if have >= step:
            return have
        late = await self._cache.take(b"{provider}budget:" + provider.key.encode(), provider.rate, 1.0, now, step)
        return have if late else have + step
