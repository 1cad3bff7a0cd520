"""Claimed due rows: left alone for their lease, gone when dropped, kept when put off in between."""

import msgspec

from backend.log import topics
from backend.store import due_rows, hot
from backend.store.tables import due
from tests.stages.conftest import NOON, SPACE

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
