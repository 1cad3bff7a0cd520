"""The hash is GrowthBook's, the same for a person whenever it is asked, and the questions do not hang together."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.bucketing import UNASSIGNED, assigned, bucket, fnv1a, ranges
from backend.domain.campaign import Campaign, Experiment, Variant
from backend.domain.event import HOLDOUT

# Version 2 in the table "hash" that GrowthBook publishes for its SDKs (specVersion 0.7.1): seed, value, bucket.
PUBLISHED = [
    ("seed", "a", 0.0505),
    ("seed", "b", 0.2696),
    ("foo", "ab", 0.2575),
    ("foo", "def", 0.2019),
    ("89123klj", "8952klfjas09ujkasdf", 0.124),
    ("90850943850283058242805", "123", 0.7516),
    ("()**(%$##$%#$#", '___)((*":&', 0.0128),
]


@pytest.mark.parametrize(("seed", "value", "published"), PUBLISHED)
def test_published_vectors(seed: str, value: str, published: float) -> None:
    assert bucket(seed, value) / 10_000 == published


def _plain(seed: str, value: str) -> int:
    return fnv1a(str(fnv1a((seed + value).encode())).encode()) % 10_000


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_the_quick_way_is_the_plain_one(seed: str, value: str) -> None:
    assert bucket(seed, value) == _plain(seed, value)


def test_the_quick_way_is_the_plain_one_for_many_ids() -> None:
    """200,000 hashes meet every low six bits and, about 50 times, fewer than seven digits."""
    assert all(bucket("spring", f"user-{n}") == _plain("spring", f"user-{n}") for n in range(200_000))


def test_ranges_stand_one_behind_the_other() -> None:
    assert ranges([0.5, 0.5]) == [(0.0, 0.5), (0.5, 1.0)]
    assert ranges([0.25, 0.25, 0.5]) == [(0.0, 0.25), (0.25, 0.5), (0.5, 1.0)]


def _campaign(weights: list[float], share: float = 100.0, holdout: float = 0.0) -> Campaign:
    return Campaign(variants=tuple(Variant(weight=weight) for weight in weights), experiment=Experiment(share=share, holdout=holdout))


def test_everybody_has_a_place_and_the_split_is_what_was_asked_for() -> None:
    campaign = _campaign([50.0, 30.0, 20.0], share=40.0, holdout=5.0)
    people = [assigned("spring", campaign, f"user-{n}") for n in range(40_000)]
    counted = Counter(people)
    expected = {(HOLDOUT, False): 0.05, (UNASSIGNED, False): 0.95 * 0.6, (0, True): 0.95 * 0.4 * 0.5, (1, True): 0.95 * 0.4 * 0.3, (2, True): 0.95 * 0.4 * 0.2}
    assert set(counted) == set(expected)
    for place, share in expected.items():  # five standard deviations
        assert abs(counted[place] - 40_000 * share) < 5 * (40_000 * share * (1 - share)) ** 0.5, place


def test_holdout_variant_and_other_campaigns_do_not_hang_together() -> None:
    campaign = _campaign([50.0, 50.0], holdout=20.0)
    spring = [assigned("spring", campaign, f"u{n}")[0] for n in range(20_000)]
    summer = [assigned("summer", campaign, f"u{n}")[0] for n in range(20_000)]
    both = Counter(zip(spring, summer, strict=True))
    for a, share_a in ((HOLDOUT, 0.2), (0, 0.4), (1, 0.4)):
        for b, share_b in ((HOLDOUT, 0.2), (0, 0.4), (1, 0.4)):
            share = share_a * share_b
            assert abs(both[a, b] - 20_000 * share) < 5 * (20_000 * share * (1 - share)) ** 0.5


def test_weights_that_miss_a_hair_leave_nobody_out() -> None:
    thirds = _campaign([33.3, 33.3, 33.3])
    assert {assigned("spring", thirds, f"u{n}")[0] for n in range(5_000)} == {0, 1, 2}


def test_more_people_tried_on_keep_who_was_and_without_an_experiment_there_is_one_variant() -> None:
    few, many = _campaign([50.0, 50.0], share=10.0), _campaign([50.0, 50.0], share=60.0)
    for n in range(2_000):
        before = assigned("spring", few, f"u{n}")
        assert not before[1] or assigned("spring", many, f"u{n}") == before
    assert assigned("spring", Campaign(), "u1") == (0, False)
