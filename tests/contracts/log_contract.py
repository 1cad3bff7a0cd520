"""What every log engine promises. Subclasses bring `opened`: it opens the same log again and again, as a new process would."""

import asyncio
import contextlib
import itertools
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.domain.errors import TooLarge
from backend.log.port import Log, Position, Reader, Record
from backend.log.topics import RECORD_LIMIT, Topic

TOPICS = [Topic("events.critical", 2), Topic("events.low", 3), Topic("live", 1), Topic("property", 3)]
CRITICAL, LOW, LIVE = "events.critical", "events.low", "live"
PATIENCE = 60.0  # seconds until a record that must come is missed; a healthy engine needs milliseconds
MOMENT = 0.3  # seconds in which a record that must not come would have come
APPENDER = Path(__file__).with_name("log_appender.py")

Opened = Callable[[], contextlib.AbstractAsyncContextManager[Log]]


def records(topic: str, partition: int, values: Sequence[str], key: bytes = b"k") -> list[Record]:
    return [Record(topic, partition, key, value.encode()) for value in values]


def values(read: Sequence[Record]) -> list[str]:
    return [record.value.decode() for record in read]


def upto(read: Sequence[Record]) -> dict[Position, int]:
    """The marks after all of these."""
    return {(record.topic, record.partition): record.offset + 1 for record in read}


async def read_all(reader: Reader, count: int, limit: int = 500, topics: Sequence[str] | None = None) -> list[Record]:
    """The next `count` records; fails when they do not come."""
    got: list[Record] = []
    async with asyncio.timeout(PATIENCE):
        while len(got) < count:
            got += await reader.read(min(limit, count - len(got)), 1.0, topics)
    return got


class LogContract:
    """One engine behind the port. `appender`: the arguments with which `log_appender.py` opens the same log."""

    @pytest.fixture
    async def log(self, opened: Opened) -> AsyncIterator[Log]:
        async with opened() as log:
            yield log

    async def test_topics_are_created_once(self, log: Log) -> None:
        assert await log.create_topics() == []

    async def test_records_of_a_partition_arrive_in_order(self, log: Log) -> None:
        sent = [f"{n}" for n in range(1_200)]
        for start in range(0, len(sent), 100):
            await log.append(records(LOW, 1, sent[start : start + 100]))
        reader = await log.reader("g", [LOW])
        got = await read_all(reader, len(sent))
        await reader.close()
        assert values(got) == sent
        assert [record.offset for record in got] == sorted({record.offset for record in got})
        assert {(record.topic, record.partition) for record in got} == {(LOW, 1)}

    async def test_appends_at_the_same_time_keep_their_own_order(self, log: Log) -> None:
        await asyncio.gather(*(log.append(records(LOW, 0, [f"{who} {n}" for n in range(50)])) for who in range(10)))
        reader = await log.reader("g", [LOW])
        got = values(await read_all(reader, 500))
        await reader.close()
        for who in range(10):
            assert [value for value in got if value.startswith(f"{who} ")] == [f"{who} {n}" for n in range(50)]

    async def test_key_value_headers_and_time_come_back(self, log: Log) -> None:
        sent = Record(LOW, 2, bytes(range(256)), b"\x00\xff", {"traceparent": "00-ab-cd-01", "name": "Zoë ⚑"})
        await log.append([sent, Record(LOW, 2, b"", b"")])
        reader = await log.reader("g", [LOW])
        got, empty = await read_all(reader, 2)
        await reader.close()
        assert (got.key, got.value, dict(got.headers)) == (sent.key, sent.value, sent.headers)
        assert (empty.key, empty.value, dict(empty.headers)) == (b"", b"", {})
        assert got.at > 1_600_000_000
        assert (got.offset, empty.offset) == (0, 1)

    async def test_big_records_come_back_whole(self, log: Log) -> None:
        sent = [bytes([n]) * 200_000 for n in range(12)]
        await log.append([Record(LOW, n % 3, b"k", value) for n, value in enumerate(sent)])
        reader = await log.reader("g", [LOW])
        got = await read_all(reader, len(sent))
        await reader.close()
        assert sorted(record.value for record in got) == sent

    async def test_the_largest_record_fits_and_a_larger_one_is_refused_with_all_beside_it(self, log: Log) -> None:
        with pytest.raises(TooLarge, match=str(RECORD_LIMIT)):
            await log.append([*records(LOW, 0, ["beside"]), Record(LOW, 0, b"key", b"x" * (RECORD_LIMIT - 2))])
        await log.append([Record(LOW, 0, b"key", b"x" * (RECORD_LIMIT - 3))])
        reader = await log.reader("g", [LOW])
        got = await read_all(reader, 1)
        await reader.close()
        assert len(got[0].value) == RECORD_LIMIT - 3

    @pytest.mark.parametrize("record", [Record("misspelt", 0, b"", b""), Record(LOW, 3, b"", b""), Record(LOW, -1, b"", b"")])
    async def test_what_is_not_declared_is_refused_with_all_beside_it(self, log: Log, record: Record) -> None:
        with pytest.raises(ValueError, match=r"misspelt|partition"):
            await log.append([*records(LIVE, 0, ["beside"]), record])
        assert (await log.lag("nobody", [LIVE])) == {LIVE: 0}

    async def test_readers_tails_and_lag_of_an_undeclared_topic_are_refused(self, log: Log) -> None:
        for call in (log.reader("g", ["misspelt"]), log.tail(["misspelt"]), log.lag("g", ["misspelt"])):
            with pytest.raises(ValueError, match="misspelt"):
                await call  # type: ignore[misc]  # three different answers

    async def test_nothing_is_appended_by_nothing(self, log: Log) -> None:
        await log.append([])
        assert await log.lag("g", [LOW]) == {LOW: 0}

    async def test_a_member_that_leaves_without_a_mark_leaves_everything_to_the_next(self, log: Log) -> None:
        await log.append(records(LOW, 0, ["a", "b", "c"]))
        first = await log.reader("g", [LOW])
        assert values(await read_all(first, 3)) == ["a", "b", "c"]
        await first.close()
        second = await log.reader("g", [LOW])
        assert values(await read_all(second, 3)) == ["a", "b", "c"]
        await second.close()

    async def test_a_mark_is_kept_when_the_log_is_opened_again(self, opened: Opened) -> None:
        async with opened() as log:
            await log.append(records(LOW, 0, ["a", "b", "c"]) + records(LOW, 2, ["x", "y"]))
            reader = await log.reader("g", [LOW])
            await read_all(reader, 5)
            await reader.mark({(LOW, 0): 2, (LOW, 2): 1})
            await reader.close()
        async with opened() as log:
            assert await log.lag("g", [LOW]) == {LOW: 2}
            reader = await log.reader("g", [LOW])
            assert sorted(values(await read_all(reader, 2))) == ["c", "y"]
            await reader.close()

    async def test_records_are_kept_when_the_log_is_opened_again_and_offsets_go_on(self, opened: Opened) -> None:
        async with opened() as log:
            await log.append(records(LOW, 0, ["a"]))
        async with opened() as log:
            await log.append(records(LOW, 0, ["b"]))
            reader = await log.reader("g", [LOW])
            got = await read_all(reader, 2)
            await reader.close()
        assert values(got) == ["a", "b"]
        assert got[0].offset < got[1].offset

    async def test_a_mark_never_moves_by_itself(self, log: Log) -> None:
        await log.append(records(LOW, 0, ["a", "b", "c"]))
        reader = await log.reader("g", [LOW])
        first = await read_all(reader, 1, limit=1)
        await reader.mark(upto(first))
        assert len(await read_all(reader, 2)) == 2
        assert await log.lag("g", [LOW]) == {LOW: 2}
        await reader.close()
        assert await log.lag("g", [LOW]) == {LOW: 2}

    async def test_groups_do_not_know_of_each_other(self, log: Log) -> None:
        await log.append(records(LOW, 0, ["a", "b"]))
        one, two = await log.reader("one", [LOW]), await log.reader("two", [LOW])
        await one.mark(upto(await read_all(one, 2)))
        assert values(await read_all(two, 2)) == ["a", "b"]
        assert await log.lag("one", [LOW]) == {LOW: 0}
        assert await log.lag("two", [LOW]) == {LOW: 2}
        await one.close()
        await two.close()

    async def test_lag_counts_what_is_not_marked_topic_by_topic(self, log: Log) -> None:
        await log.append(records(LOW, 0, ["a", "b"]) + records(LOW, 1, ["c"]) + records(CRITICAL, 1, ["d"]))
        assert await log.lag("g", [LOW, CRITICAL, LIVE]) == {LOW: 3, CRITICAL: 1, LIVE: 0}
        reader = await log.reader("g", [LOW])
        await read_all(reader, 3)
        await reader.mark({(LOW, 0): 1})
        assert await log.lag("g", [LOW, CRITICAL]) == {LOW: 2, CRITICAL: 1}
        await reader.mark({(LOW, 0): 2, (LOW, 1): 1})
        assert await log.lag("g", [LOW, CRITICAL]) == {LOW: 0, CRITICAL: 1}
        await reader.close()

    async def test_the_oldest_is_when_the_first_record_behind_the_mark_was_appended(self, log: Log) -> None:
        assert await log.oldest("g", [LOW, CRITICAL]) == {}
        await log.append(records(LOW, 1, ["first"]))
        await log.append(records(LOW, 0, ["a", "b"]))
        reader = await log.reader("g", [LOW])
        at = {record.value: record.at for record in await read_all(reader, 3)}
        assert await log.oldest("g", [LOW, CRITICAL]) == {LOW: pytest.approx(min(at.values()))}
        await reader.mark({(LOW, 1): 1, (LOW, 0): 1})
        assert await log.oldest("g", [LOW]) == {LOW: pytest.approx(at[b"b"])}
        await reader.mark({(LOW, 0): 2})
        assert await log.oldest("g", [LOW]) == {}
        assert await log.oldest("another", [LOW]) == {LOW: pytest.approx(min(at.values()))}
        await reader.close()

    async def test_read_waits_for_the_first_record_and_no_longer(self, log: Log) -> None:
        reader = await log.reader("g", [LOW])
        await log.append(records(LOW, 0, ["joined"]))
        await read_all(reader, 1)
        loop = asyncio.get_running_loop()
        began = loop.time()
        reading = asyncio.create_task(reader.read(10, PATIENCE))
        await log.append(records(LOW, 0, ["now"]))
        assert values(await reading) == ["now"]
        assert loop.time() - began < 2
        began = loop.time()
        assert await reader.read(10, 0.1) == []
        assert 0.05 < loop.time() - began < 2
        await reader.close()

    async def test_one_read_brings_no_more_than_its_limit(self, log: Log) -> None:
        await log.append(records(LOW, 0, [f"{n}" for n in range(20)]) + records(LOW, 1, [f"{n}" for n in range(20)]))
        reader = await log.reader("g", [LOW])
        sizes = []
        async with asyncio.timeout(PATIENCE):
            while sum(sizes) < 40:
                sizes.append(len(await reader.read(7, 1.0)))
        assert max(sizes) <= 7
        await reader.close()

    async def test_a_backlog_is_read_from_every_partition_side_by_side(self, log: Log) -> None:
        """One partition after the other, what it leads to would go to one process of the next stage while the others have nothing to do."""
        for partition, _ in itertools.product(range(3), range(40)):
            await log.append(records(LOW, partition, [secrets.token_hex(150) for _ in range(100)]))
        reader = await log.reader("g", [LOW])
        assert {record.partition for record in await read_all(reader, 4_500)} == {0, 1, 2}
        await reader.close()

    async def test_a_read_of_some_topics_leaves_the_others_for_later(self, log: Log) -> None:
        await log.append(records(LOW, 0, [f"low {n}" for n in range(30)]) + records(CRITICAL, 1, ["now"]))
        reader = await log.reader("g", [CRITICAL, LOW])
        assert values(await read_all(reader, 1, topics=[CRITICAL])) == ["now"]
        assert len(await read_all(reader, 10, topics=[LOW])) == 10
        await log.append(records(CRITICAL, 0, ["now too"]))
        assert values(await read_all(reader, 1, topics=[CRITICAL])) == ["now too"]
        assert values(await read_all(reader, 20)) == [f"low {n}" for n in range(10, 30)]
        await reader.close()

    async def test_a_paused_topic_is_not_read_until_it_is_resumed(self, log: Log) -> None:
        await log.append(records(LOW, 0, ["a", "b"]) + records(CRITICAL, 0, ["c"]))
        reader = await log.reader("g", [CRITICAL, LOW])
        assert values(await read_all(reader, 1, limit=1, topics=[LOW])) == ["a"]
        reader.pause([LOW])
        assert values(await read_all(reader, 1)) == ["c"]
        assert await reader.read(10, MOMENT) == []
        assert await reader.read(10, 0.05, [LOW]) == []
        reader.resume([LOW])
        assert values(await read_all(reader, 1)) == ["b"]
        await reader.close()

    async def test_a_tail_brings_all_that_comes_after_it_to_everyone(self, log: Log) -> None:
        await log.append(records(LIVE, 0, ["before"]))
        tails = [await log.tail([LIVE, CRITICAL]) for _ in range(2)]
        await log.append(records(LIVE, 0, ["a", "b"]))
        await log.append(records(CRITICAL, 1, ["c"]) + records(LOW, 0, ["of another topic"]))
        for tail in tails:
            got: list[Record] = []
            async with asyncio.timeout(PATIENCE):
                async for batch in tail:
                    got += batch
                    if len(got) == 3:
                        break
            assert sorted(values(got)) == ["a", "b", "c"]
            assert [value for value in values(got) if value != "c"] == ["a", "b"]
            await tail.close()

    async def test_a_closed_tail_ends(self, log: Log) -> None:
        tail = await log.tail([LIVE])
        waiting = asyncio.ensure_future(anext(tail))
        await asyncio.sleep(0)
        await tail.close()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(waiting, PATIENCE)

    async def test_a_second_member_reads_on_from_the_marks_when_the_first_leaves(self, log: Log) -> None:
        await log.append(records(LIVE, 0, ["a", "b"]))
        first = await log.reader("g", [LIVE])
        got = await read_all(first, 2)
        second = await log.reader("g", [LIVE])
        assert await second.read(10, MOMENT) == []
        await first.mark(upto(got[:1]))
        await first.close()
        assert values(await read_all(second, 1)) == ["b"]
        await second.close()

    async def test_closing_twice_is_closing_once(self, log: Log) -> None:
        reader = await log.reader("g", [LOW])
        await reader.close()
        await reader.close()
        assert await reader.read(10, 0.01) == []

    async def test_it_answers(self, log: Log) -> None:
        await log.reachable()

    async def test_what_append_returned_for_survives_a_process_killed_at_once(self, opened: Opened, appender: list[str]) -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, str(APPENDER), *appender, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        async with asyncio.timeout(PATIENCE):
            acked = [(await process.stdout.readline()).decode().strip() for _ in range(5)]
        process.kill()
        acked += (await process.stdout.read()).decode().split()
        await process.wait()
        assert len(acked) >= 5
        assert all(acked)
        sent = [f"{batch}/{n}" for batch in acked for n in range(100)]
        async with opened() as log:
            reader = await log.reader("g", [LOW])
            got = values(await read_all(reader, len(sent)))
            await reader.close()
        assert set(sent) <= set(got)

    numbers = itertools.count()

    @settings(
        max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
    )  # one test, inherited by every engine
    @given(st.data())
    async def test_a_group_reads_exactly_what_was_appended_however_it_reads(self, opened: Opened, data: st.DataObject) -> None:
        group = f"p{next(self.numbers)}"
        async with opened() as log:  # records of earlier examples are marked as read
            past = await log.reader(group, ["property"])
            if before := (await log.lag(group, ["property"]))["property"]:
                await past.mark(upto(await read_all(past, before)))
            await past.close()
        sent: dict[int, list[str]] = {0: [], 1: [], 2: []}
        done: dict[int, list[str]] = {0: [], 1: [], 2: []}
        names = (f"{group}-{n}" for n in itertools.count())
        for _ in range(data.draw(st.integers(1, 3), label="openings")):
            async with opened() as log:
                reader = await log.reader(group, ["property"])
                for _ in range(data.draw(st.integers(0, 3), label="batches")):
                    batch = data.draw(st.lists(st.integers(0, 2), max_size=30), label="partitions")
                    new = [(partition, next(names)) for partition in batch]
                    await log.append([Record("property", partition, b"", name.encode()) for partition, name in new])
                    for partition, name in new:
                        sent[partition].append(name)
                waiting = sum(map(len, sent.values())) - sum(map(len, done.values()))
                wanted = data.draw(st.integers(0, waiting), label="read")
                limits = itertools.cycle(data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=4), label="limits"))
                got: list[Record] = []
                async with asyncio.timeout(PATIENCE):
                    while len(got) < wanted:
                        got += await reader.read(next(limits), 1.0)  # how often is not for the data to say: a busy machine reads in more parts
                if data.draw(st.booleans(), label="marked"):
                    await reader.mark(upto(got))
                    for record in got:
                        done[record.partition].append(record.value.decode())
                await reader.close()
        async with opened() as log:
            reader = await log.reader(group, ["property"])
            for record in await read_all(reader, sum(map(len, sent.values())) - sum(map(len, done.values()))):
                done[record.partition].append(record.value.decode())
            assert await reader.read(10, 0.0) == []
            await reader.close()
        assert done == sent
