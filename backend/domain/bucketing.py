"""Who gets which variant: the same for a person whenever it is asked, by GrowthBook's published hash, version 2.

A seed and an id are put one behind the other, hashed (FNV-1a, 32 bits), the decimal digits of that are hashed again, and the rest by 10,000 is the
bucket. Each question has a seed of its own (held out, tried on, which variant), so that the answers do not hang together.
Source: https://docs.growthbook.io/lib/build-your-own ("hash", "getBucketRange"); FNV: RFC 9923.

It is asked for every person of a campaign, hence two shortcuts. The state behind a seed is kept. And for digits, which differ from each other in the
low six bits only, k steps of the hash are h * prime**k + a number that depends on the low six bits of h and on the digits: a table of three digits
at a time. A test holds both to the plain definition.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

from backend.domain.campaign import Campaign
from backend.domain.event import HOLDOUT

BUCKETS = 10_000
UNASSIGNED = -3  # in place of a variant: in the rest, which waits for the winner
_OFFSET, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
_PRIME_3 = pow(_PRIME, 3, 1 << 32)


def fnv1a(data: bytes, state: int = _OFFSET) -> int:
    """32 bits; `state`: of what stands before."""
    for byte in data:
        state = ((state ^ byte) * _PRIME) & _MASK
    return state


@lru_cache(1_024)
def _behind(seed: str) -> int:
    return fnv1a(seed.encode())


@cache
def _digits() -> tuple[list[int], list[int]]:
    """Two tables: the state behind the leading digits (0 to 4294, nothing for 0), and what three digits add: 1,000 for each value of the low six bits."""
    leading = [_OFFSET, *(fnv1a(b"%d" % n) for n in range(1, 4_295))]
    adds = [(fnv1a(b"%03d" % n, low) - low * _PRIME_3) & _MASK for low in range(64) for n in range(1_000)]
    return leading, adds


def bucket(seed: str, user_id: str) -> int:
    """0 to 9,999; GrowthBook writes it as a fraction of 1."""
    return _bucket(_behind(seed), user_id.encode())


def _bucket(state: int, user_id: bytes) -> int:
    for byte in user_id:
        state = ((state ^ byte) * _PRIME) & _MASK
    if state < 1_000_000:  # fewer than seven digits: nothing leads
        return fnv1a(b"%d" % state) % BUCKETS
    leading, adds = _digits()
    rest = state % 1_000_000
    state = leading[state // 1_000_000]
    state = state * _PRIME_3 + adds[(state & 63) * 1_000 + rest // 1_000]
    return ((state * _PRIME_3 + adds[(state & 63) * 1_000 + rest % 1_000]) & _MASK) % BUCKETS


@lru_cache(1_024)
def _seeds(campaign_key: str) -> tuple[int, int, int]:
    """The states behind the seeds of the three questions."""
    return _behind(f"{campaign_key}:holdout"), _behind(f"{campaign_key}:share"), _behind(campaign_key)


def ranges(weights: Sequence[float]) -> list[tuple[float, float]]:
    """Parts of 1, one behind the other."""
    made, start = [], 0.0
    for weight in weights:
        made.append((start, start + weight))
        start += weight
    return made


@lru_cache(256)
def _table(weights: tuple[float, ...]) -> bytes:
    """Bucket -> variant. Weights that miss a hair of the whole leave that hair to the last one."""
    spans = ranges([weight / 100 for weight in weights])
    last = len(spans) - 1
    return bytes(next((n for n, (low, high) in enumerate(spans) if low <= one / BUCKETS < high), last) for one in range(BUCKETS))


def likely(campaign_key: str, campaign: Campaign, user_id: str) -> int:
    """The message that is foreseen for somebody who waits for the winner: each as often as it is tried, for nobody knows which one wins."""
    return _table(tuple([one.weight for one in campaign.variants]))[_bucket(_seeds(campaign_key)[2], user_id.encode())]


def assigned(campaign_key: str, campaign: Campaign, user_id: str) -> tuple[int, bool]:
    """(variant, whether the person is tried on). HOLDOUT gets nothing, UNASSIGNED waits for the winner; without an experiment there is one variant."""
    plan = campaign.experiment
    if plan is None:
        return 0, False
    holdout, share, variant = _seeds(campaign_key)
    raw = user_id.encode()
    if plan.holdout > 0 and _bucket(holdout, raw) < plan.holdout * (BUCKETS / 100):
        return HOLDOUT, False
    if plan.share < 100 and _bucket(share, raw) >= plan.share * (BUCKETS / 100):
        return UNASSIGNED, False
    return _table(tuple([one.weight for one in campaign.variants]))[_bucket(variant, raw)], True
