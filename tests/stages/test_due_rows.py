"""Claimed due rows: left alone for their lease, gone when dropped, kept when put off in between."""

import msgspec
import pytest

from backend.log import topics
from backend.store import due_rows, hot
from backend.store.tables import due
from tests.stages.conftest import NOON, SPACE
from workers.due import LATELY, SOON, Due

LEASE = 30.0


def row(n, at=NOON, kind="release.1"):
    return hot.Later(SPACE, bytes([n]) * 16, kind, at, topics.events("low"), 3, b"k", b"v")


async def claim(ground, now):
    return await ground.store.write(lambda tx: due_rows.claim(tx, now, 10, LEASE))


async def test_claimed_by_one_and_again_after_its_lease(ground):
    await ground.store.write(lambda tx: hot.write_due(tx, [row(1), row(2, NOON + 100)]))
    assert [r.id for r in await claim(ground, NOON)] == [row(1).id]
    assert await claim(ground, NOON + LEASE - 1) == []
    assert [r.id for r in await claim(ground, NOON + LEASE)] == [row(1).id]


async def test_dropped_rows_do_not_come_back(ground):
    await ground.store.write(lambda tx: hot.write_due(tx, [row(1), row(1, kind="retry.2"), row(2)]))
    taken = await claim(ground, NOON)
    await ground.store.write(lambda tx: hot.drop_due(tx, taken))
    assert await ground.count(due) == 0


async def test_a_row_put_off_while_it_was_appended_stays(ground):
    await ground.store.write(lambda tx: hot.write_due(tx, [row(1)]))
    taken = await claim(ground, NOON)
    later = msgspec.structs.replace(row(1), at=NOON + 500)
    await ground.store.write(lambda tx: hot.write_due(tx, [later]))
    await ground.store.write(lambda tx: hot.drop_due(tx, taken))
    assert await ground.rows(due, "id", "at") == [(row(1).id, NOON + 500)]


async def test_a_row_written_again_for_an_earlier_time_than_its_lease_stays(ground):
    """A receipt that is still early is put off for two seconds while its record is being appended; the lease is longer."""
    await ground.store.write(lambda tx: hot.write_due(tx, [row(1)]))
    taken = await claim(ground, NOON)
    again = msgspec.structs.replace(row(1), at=NOON + 2)
    await ground.store.write(lambda tx: hot.write_due(tx, [again]))
    await ground.store.write(lambda tx: hot.drop_due(tx, taken))
    assert [r.id for r in await claim(ground, NOON + LEASE + 1)] == [row(1).id]


class Appending:
    """Carries out what `Due` hands it, without a log."""

    def __init__(self, store):
        self.store, self.records = store, []

    async def append(self, stage, write, after, faults):
        self.records += await self.store.write(write)
        await self.store.write(after)


async def test_the_next_look_is_when_the_next_row_is_due(ground):
    stage = Due(store=ground.store, events=None, commit=Appending(ground.store), clock=ground.clock)
    await stage.once()
    assert stage.rest() == stage.every  # nothing is known
    await ground.store.write(lambda tx: hot.write_due(tx, [row(1, NOON + 0.3), row(2, NOON + 9)]))
    await stage.once()
    assert stage.rest() == pytest.approx(0.3)
    ground.clock.move(0.25)
    assert stage.rest() == pytest.approx(0.05)
    ground.clock.move(0.1)
    assert await stage.once() == 1
    assert stage.rest() == SOON  # what keeps coming may write its next row any moment
    ground.clock.move(LATELY)
    await stage.once()
    assert stage.rest() == stage.every  # the next row is later than the next look
    ground.clock.move(7.5)
    await stage.once()
    assert stage.rest() == pytest.approx(0.15)
