"""Providers as the processes that deliver see them now: how well each does, who takes how much, and what follows when a breaker turns.

What they see is told through the cache; a flushed one knows it again within seconds.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from backend.app.accounts import MAIN
from backend.app.alerts import resolve, say
from backend.app.provider_views import Origin, ProviderView
from backend.app.views import moment, moment_or_none
from backend.cache.port import Cache
from backend.channels.guard import ALL, Word, word_key
from backend.channels.registry import kinds
from backend.channels.router import CAPTURE
from backend.domain.balance import PLACES, WHOLE, Share, slow, spread
from backend.domain.breaker import failing, mean
from backend.domain.halting import DOWN
from backend.domain.ids import make_id
from backend.store import parked, space_rows
from backend.store import providers as rows
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App


async def words_of(cache: Cache) -> dict[str, Word]:
    """What is known of every provider, in their order; nothing while nobody delivers. Errors: `CacheUnavailable`."""
    (raw,) = await cache.get_many([ALL])
    keys = msgspec.msgpack.decode(raw, type=list[str]) if raw else []
    raws = await cache.get_many([word_key(key) for key in keys])
    return {word.key: word for word in (msgspec.msgpack.decode(one, type=Word) for one in raws if one is not None)}


def live_view(key: str, word: Word, words: Sequence[Word], halted: bool, waiting: int, origin: Origin) -> ProviderView:
    """One provider as it does now. `words`: of those that a space goes by."""
    bad, answers = failing(word.breaker)
    return ProviderView(
        key, word.channel, word.breaker.position, points_of(word, words), bad, answers, word.rate, word.code, halted, waiting,
        moment_or_none(word.breaker.changed or None), moment(word.breaker.until) if word.breaker.position == "open" else None,
        mean(word.breaker) if slow(word.breaker) else 0.0, word.key, word.route or word.channel, origin, weight=word.weight,
    )  # fmt: skip


def origin_of(word: Word) -> Origin:
    """Where one of the installation comes from."""
    return "capture" if word.key.startswith(CAPTURE) else "settings"


def points_of(word: Word, words: Sequence[Word]) -> int:
    """Its part of its route now, of a hundred."""
    mine = sorted((one for one in words if (one.route or one.channel) == (word.route or word.channel)), key=lambda one: one.order)
    sending = [one for one in mine if not one.key.startswith(CAPTURE)] or mine
    well = {one.key for one in sending if one.breaker.position == "closed"} or {one.key for one in sending if one.breaker.position == "trying"}
    part = low = 0
    for below, key in spread([Share(one.key, one.weight, one.points.given, one.key in well) for one in sending]):
        part += (below - low) * (key == word.key)
        low = below
    return round(WHOLE * part / PLACES)


def breaker_alert(known: str) -> bytes:
    """The id of the alert that a provider's breaker raises."""
    return make_id(0, b"breaker", known.encode())


def trouble_alert(known: str) -> bytes:
    """The id of the alert of a provider that cannot be made."""
    return make_id(0, b"provider", known.encode())


async def turned(app: "App", word: Word, others: bool) -> None:
    """Its breaker turned: an alert while it is not closed; what waits behind a route that was down goes on once somebody is able."""
    made, position, scope, now = breaker_alert(word.key), word.breaker.position, DOWN + (word.route or word.channel), app.clock.now()
    told = word.space or MAIN

    def write(tx: Tx) -> None:
        for space in _served(tx, word):
            if position == "open" and not others:
                parked.stop(tx, space, scope)
            else:
                parked.begin(tx, space, scope, now)

    await app.store.write(write)
    if position == "closed":
        await resolve(app, told, made)
    elif position == "open":
        way = "Others of the channel take over." if others else f"Nobody else sends {word.channel}: it waits, and goes on at a pace when it is well."
        code = f" ({word.code})" if word.code else ""
        await say(app, told, made, "error" if others else "critical", f"Provider {word.key} keeps failing{code} and is left alone. {way}")


async def troubled(app: "App", space: int, known: str, sentence: str) -> None:
    """A provider cannot be made, or (an empty sentence) can again."""
    if sentence:
        await say(app, space, trouble_alert(known), "critical", sentence)
    else:
        await resolve(app, space, trouble_alert(known))


def _served(tx: Tx, word: Word) -> list[int]:
    """The spaces whose messages go by this provider: its own, or all that have none of their own for its route."""
    if word.space:
        return [word.space]
    known, route = kinds(), word.route or word.channel
    have = {row.space for row in rows.every(tx) if row.kind in known and known[row.kind].way == route}
    return [space for space in space_rows.every(tx) if space not in have]
