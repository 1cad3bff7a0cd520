"""What every cache engine promises. Subclasses bring the fixtures `clock` (held) and `cache` (started, empty)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.cache.port import Cache
from backend.clock import HeldClock

NOW = 1_800_000_000.25
HOUR = 3600.0
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]  # one test, inherited by every engine


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Return once `true`, or fail after half a minute."""
    async with asyncio.timeout(30):
        while not await true():
            await asyncio.sleep(0.005)


class CacheContract:
    """One engine behind the port. Times to live pass with `clock` or with the engine's own, whichever it uses."""

    async def test_values_come_back_in_the_order_asked(self, cache: Cache) -> None:
        await cache.put_many({b"{1}a": b"one", b"{1}b": b"", b"{1}c": bytes(range(256))}, HOUR)
        assert await cache.get_many([b"{1}c", b"{1}none", b"{1}b", b"{1}a"]) == [bytes(range(256)), None, b"", b"one"]

    async def test_nothing_asked_nothing_answered(self, cache: Cache) -> None:
        await cache.put_many({}, HOUR)
        await cache.put_newer({}, HOUR)
        await cache.drop([])
        assert await cache.get_many([]) == []

    async def test_a_later_value_overwrites(self, cache: Cache) -> None:
        await cache.put_many({b"{1}a": b"one"}, HOUR)
        await cache.put_many({b"{1}a": b"two"}, HOUR)
        assert await cache.get_many([b"{1}a"]) == [b"two"]

    async def test_thousands_of_keys_in_one_call(self, cache: Cache) -> None:
        items = {b"{1}%d" % n: b"v%d" % n for n in range(2_500)}
        await cache.put_many(items, HOUR)
        assert await cache.get_many(list(items)) == list(items.values())
        await cache.drop(list(items))
        assert set(await cache.get_many(list(items))) == {None}

    async def test_a_value_goes_when_its_time_has_passed(self, cache: Cache, clock: HeldClock) -> None:
        await cache.put_many({b"{1}short": b"s"}, 0.25)
        await cache.put_many({b"{1}long": b"l"}, HOUR)
        assert await cache.get_many([b"{1}short"]) == [b"s"]
        clock.move(0.3)

        async def gone() -> bool:
            return await cache.get_many([b"{1}short", b"{1}long"]) == [None, b"l"]

        await until(gone)

    async def test_dropped_values_are_gone(self, cache: Cache) -> None:
        await cache.put_many({b"{1}a": b"one", b"{1}b": b"two"}, HOUR)
        await cache.drop([b"{1}a", b"{1}never"])
        assert await cache.get_many([b"{1}a", b"{1}b"]) == [None, b"two"]

    async def test_an_older_revision_does_not_overwrite_a_newer_one(self, cache: Cache) -> None:
        await cache.put_newer({b"{1}a": (300, b"new")}, HOUR)
        await cache.put_newer({b"{1}a": (299, b"old"), b"{1}b": (1, b"first")}, HOUR)
        assert await cache.get_many([b"{1}a", b"{1}b"]) == [b"new", b"first"]

    async def test_the_same_or_a_newer_revision_overwrites(self, cache: Cache) -> None:
        await cache.put_newer({b"{1}a": (255, b"one")}, HOUR)
        await cache.put_newer({b"{1}a": (255, b"same")}, HOUR)
        assert await cache.get_many([b"{1}a"]) == [b"same"]
        await cache.put_newer({b"{1}a": (256, b"two")}, HOUR)
        assert await cache.get_many([b"{1}a"]) == [b"two"]

    async def test_dropping_keeps_the_revision_as_a_floor(self, cache: Cache) -> None:
        await cache.put_newer({b"{1}a": (7, b"seven")}, HOUR)
        await cache.drop([b"{1}a"])
        await cache.drop([b"{1}a"])
        assert await cache.get_many([b"{1}a"]) == [None]
        await cache.put_newer({b"{1}a": (6, b"late reader of an old row")}, HOUR)
        assert await cache.get_many([b"{1}a"]) == [None]
        await cache.put_newer({b"{1}a": (8, b"eight")}, HOUR)
        assert await cache.get_many([b"{1}a"]) == [b"eight"]

    async def test_a_floor_goes_when_the_time_of_its_value_has_passed(self, cache: Cache, clock: HeldClock) -> None:
        await cache.put_newer({b"{1}a": (7, b"seven")}, 0.2)
        await cache.drop([b"{1}a"])
        clock.move(0.25)

        async def free() -> bool:
            await cache.put_newer({b"{1}a": (1, b"one")}, HOUR)
            return await cache.get_many([b"{1}a"]) == [b"one"]

        await until(free)

    async def test_a_plain_overwrite_forgets_the_revision(self, cache: Cache) -> None:
        await cache.put_newer({b"{1}a": (7, b"seven")}, HOUR)
        await cache.put_many({b"{1}a": b"plain"}, HOUR)
        await cache.put_newer({b"{1}a": (1, b"one")}, HOUR)
        assert await cache.get_many([b"{1}a"]) == [b"one"]

    async def test_the_first_to_claim_holds_it(self, cache: Cache) -> None:
        assert await cache.claim(b"{1}k", b"us", HOUR) == b"us"
        assert await cache.claim(b"{1}k", b"them", HOUR) == b"us"
        assert await cache.claim(b"{1}k", b"us", HOUR) == b"us"

    async def test_many_claims_in_one_trip_name_each_holder(self, cache: Cache) -> None:
        await cache.claim(b"{1}a", b"earlier", HOUR)
        held = await cache.claim_many({b"{1}a": b"us", b"{1}b": b"us"}, HOUR)
        assert held == {b"{1}a": b"earlier", b"{1}b": b"us"}
        assert await cache.claim(b"{1}b", b"them", HOUR) == b"us"

    async def test_of_many_at_once_one_holds_the_claim(self, cache: Cache) -> None:
        owners = [b"owner %d" % n for n in range(50)]
        holders = await asyncio.gather(*(cache.claim(b"{1}k", owner, HOUR) for owner in owners))
        assert len(set(holders)) == 1
        assert holders[0] in owners

    async def test_only_its_owner_gives_a_claim_back(self, cache: Cache) -> None:
        await cache.claim(b"{1}k", b"us", HOUR)
        await cache.release(b"{1}k", b"them")
        assert await cache.claim(b"{1}k", b"them", HOUR) == b"us"
        await cache.release(b"{1}k", b"us")
        assert await cache.claim(b"{1}k", b"them", HOUR) == b"them"

    async def test_a_claim_ends_by_itself(self, cache: Cache, clock: HeldClock) -> None:
        await cache.claim(b"{1}k", b"us", 0.2)
        assert await cache.claim(b"{1}k", b"them", HOUR) == b"us"
        clock.move(0.25)

        async def free() -> bool:
            return await cache.claim(b"{1}k", b"them", HOUR) == b"them"

        await until(free)

    async def test_a_bucket_gives_its_limit_at_once_and_then_says_how_long(self, cache: Cache) -> None:
        assert [await cache.take(b"{1}t", 4, 60.0, NOW) for _ in range(4)] == [0.0] * 4
        assert await cache.take(b"{1}t", 4, 60.0, NOW) == pytest.approx(15.0, abs=1e-4)
        assert await cache.take(b"{1}t", 4, 60.0, NOW + 10) == pytest.approx(5.0, abs=1e-4)
        assert await cache.take(b"{1}t", 4, 60.0, NOW + 15) == 0.0
        assert await cache.take(b"{1}t", 4, 60.0, NOW + 15) == pytest.approx(15.0, abs=1e-4)
        assert await cache.take(b"{1}t", 4, 60.0, NOW + 15 + 60, 4) == 0.0

    async def test_a_cost_is_taken_whole_or_not_at_all(self, cache: Cache) -> None:
        assert await cache.take(b"{1}t", 10, 10.0, NOW, 7) == 0.0
        assert await cache.take(b"{1}t", 10, 10.0, NOW, 4) == pytest.approx(1.0, abs=1e-4)
        assert await cache.take(b"{1}t", 10, 10.0, NOW, 3) == 0.0

    async def test_a_clock_that_went_back_takes_nothing_twice(self, cache: Cache) -> None:
        assert await cache.take(b"{1}t", 1, 10.0, NOW) == 0.0
        assert await cache.take(b"{1}t", 1, 10.0, NOW - 5) == pytest.approx(15.0, abs=1e-4)

    async def test_a_clock_that_went_back_for_hours_refuses_nobody_for_hours(self, cache: Cache) -> None:
        assert await cache.take(b"{1}t", 2, 10.0, NOW) == 0.0
        assert await cache.take(b"{1}t", 2, 10.0, NOW - 7_200) == 0.0
        assert await cache.take(b"{1}t", 2, 10.0, NOW - 7_200) == 0.0
        assert await cache.take(b"{1}t", 2, 10.0, NOW - 7_200) == pytest.approx(5.0, abs=1e-4)

    @pytest.mark.parametrize(("limit", "window", "cost"), [(0, 1.0, 1), (1, 0.0, 1), (1, 1.0, 0), (1, 1.0, 2), (-1, 1.0, -1)])
    async def test_a_bucket_that_can_never_give_is_refused(self, cache: Cache, limit: int, window: float, cost: int) -> None:
        with pytest.raises(ValueError, match="cannot give"):
            await cache.take(b"{1}t", limit, window, NOW, cost)

    async def test_a_cap_holds_its_places_for_the_window(self, cache: Cache) -> None:
        assert await cache.reserve(b"{1}c", b"one", 2, 100.0, NOW)
        assert await cache.reserve(b"{1}c", b"two", 2, 100.0, NOW + 40)
        assert not await cache.reserve(b"{1}c", b"three", 2, 100.0, NOW + 99)
        assert await cache.reserve(b"{1}c", b"three", 2, 100.0, NOW + 100)
        assert not await cache.reserve(b"{1}c", b"four", 2, 100.0, NOW + 139)
        assert await cache.reserve(b"{1}c", b"four", 2, 100.0, NOW + 140)

    async def test_a_repeat_is_free_and_does_not_renew_its_place(self, cache: Cache) -> None:
        assert await cache.reserve(b"{1}c", b"one", 1, 100.0, NOW)
        assert await cache.reserve(b"{1}c", b"one", 1, 100.0, NOW + 60)
        assert not await cache.reserve(b"{1}c", b"two", 1, 100.0, NOW + 60)
        assert await cache.reserve(b"{1}c", b"two", 1, 100.0, NOW + 100)

    async def test_a_cap_of_nothing_gives_nothing(self, cache: Cache) -> None:
        assert not await cache.reserve(b"{1}c", b"one", 0, 100.0, NOW)

    async def test_of_many_at_once_exactly_the_limit_hold_a_place(self, cache: Cache) -> None:
        members = [b"m%d" % n for n in range(40)]
        assert sum(await asyncio.gather(*(cache.reserve(b"{1}c", member, 7, 100.0, NOW) for member in members))) == 7

    async def test_kinds_never_meet_under_one_key(self, cache: Cache) -> None:
        await cache.put_many({b"{1}x": b"value"}, HOUR)
        assert await cache.claim(b"{1}x", b"us", HOUR) == b"us"
        assert await cache.take(b"{1}x", 1, 10.0, NOW) == 0.0
        assert await cache.reserve(b"{1}x", b"one", 1, 10.0, NOW)
        await cache.drop([b"{1}x"])
        assert await cache.get_many([b"{1}x"]) == [None]
        assert await cache.claim(b"{1}x", b"them", HOUR) == b"us"
        assert await cache.take(b"{1}x", 1, 10.0, NOW) > 0
        assert not await cache.reserve(b"{1}x", b"two", 1, 10.0, NOW)

    async def test_it_answers(self, cache: Cache) -> None:
        await cache.reachable()

    @settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["put", "newer", "drop"]), st.sampled_from([b"{1}p", b"{1}q"]), st.integers(0, 2**40), st.binary(max_size=9)
            ),
            max_size=12,
        )
    )
    async def test_any_order_of_writes_reads_back_as_a_plain_model_says(
        self, cache: Cache, writes: list[tuple[str, bytes, int, bytes]]
    ) -> None:
        await cache.put_many({b"{1}p": b"", b"{1}q": b""}, HOUR)  # every example begins without revisions
        held: dict[bytes, tuple[int, bytes | None]] = {b"{1}p": (0, b""), b"{1}q": (0, b"")}
        for kind, key, revision, value in writes:
            if kind == "put":
                await cache.put_many({key: value}, HOUR)
                held[key] = (0, value)
            elif kind == "drop":
                await cache.drop([key])
                held[key] = (held[key][0], None)
            else:
                await cache.put_newer({key: (revision, value)}, HOUR)
                if revision >= held[key][0]:
                    held[key] = (revision, value)
            assert await cache.get_many(list(held)) == [value for _, value in held.values()]
