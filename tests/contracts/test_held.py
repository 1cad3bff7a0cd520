"""What a reader of the embedded log holds in memory: the same records in the same order as from the file, whatever does not fit."""

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from backend.clock import HeldClock
from backend.log import held
from backend.log.embedded import EmbeddedLog
from tests.contracts.log_contract import LOW, TOPICS, read_all, records, upto, values
from tests.contracts.sqlite_file import PlainSqliteFile


class Counting(PlainSqliteFile):
    """Counts its reads."""

    reads = 0

    async def read(self, fn: Callable[[Any], Any]) -> Any:
        self.reads += 1
        return await super().read(fn)


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Counting]:
    file = Counting(tmp_path / "log.db")
    yield file
    file.close()


@pytest.fixture
async def log(file: Counting) -> EmbeddedLog:
    log = EmbeddedLog(file, HeldClock(1_800_000_000.0), TOPICS)
    await log.start()
    return log


async def test_what_was_just_written_is_not_read_from_the_file(log: EmbeddedLog, file: Counting) -> None:
    await log.append(records(LOW, 0, ["before"]))
    reader = await log.reader("g", [LOW])
    assert values(await read_all(reader, 1)) == ["before"]
    reads = file.reads
    await log.append(records(LOW, 0, ["a", "b"]) + records(LOW, 1, ["c"]))
    got = await read_all(reader, 3)
    assert sorted(values(got)) == ["a", "b", "c"]
    assert file.reads == reads
    assert [record.offset for record in got if record.partition == 0] == [1, 2]


async def test_nothing_is_left_out_or_read_twice_when_little_fits(log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "MOST", 4 * (held.BESIDE + 2))
    rnd, reader = random.Random(7), await log.reader("g", [LOW])
    wrote: dict[int, list[str]] = {0: [], 1: []}
    read: dict[int, list[str]] = {0: [], 1: []}
    for n in range(120):
        partition = rnd.randrange(2)
        made = [f"{n}.{part}" for part in range(rnd.randrange(1, 5))]
        wrote[partition] += made
        await log.append(records(LOW, partition, made))
        if rnd.random() < 0.6:
            for record in await reader.read(rnd.randrange(1, 9), 0):
                read[record.partition].append(record.value.decode())
    while rest := await reader.read(3, 0):
        for record in rest:
            read[record.partition].append(record.value.decode())
    assert read == wrote


async def test_a_partition_that_must_be_read_from_the_file_does_not_wait_for_those_in_memory(
    log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = await log.reader("g", [LOW])
    await reader.read(1, 0)  # takes its places over
    monkeypatch.setattr(held, "MOST", 2 * (held.BESIDE + 1))
    await log.append(records(LOW, 0, ["a", "b", "c"]) + records(LOW, 1, ["d"]))
    assert "d" in values(await reader.read(2, 0))


async def test_who_takes_over_begins_at_the_mark_and_not_at_what_another_held(log: EmbeddedLog) -> None:
    first = await log.reader("g", [LOW])
    second = await log.reader("g", [LOW])
    await log.append(records(LOW, 0, ["a", "b", "c"]))
    got = await read_all(first, 1, limit=1)
    await first.mark(upto(got))
    await log.append(records(LOW, 0, ["d"]))
    await first.close()
    assert values(await read_all(second, 3)) == ["b", "c", "d"]


@pytest.mark.parametrize(
    ("unread", "limit", "shares"),
    [
        ([5], 3, [3]),
        ([10, 10], 10, [5, 5]),
        ([30, 10], 20, [15, 5]),
        ([97, 1, 1, 1], 100, [97, 6, 6, 6]),  # a long one leaves the others a quarter of what would be equal
        ([1, 1, 1, 1], 2, [1, 1, 1, 1]),
    ],
)
def test_how_much_is_read_of_each_partition(unread: list[int], limit: int, shares: list[int]) -> None:
    assert held.shares_of(unread, limit) == shares
    assert sum(shares) >= min(limit, sum(unread))
