"""What a channel reads: the most urgent lane is always asked for, and nothing that came is lost."""

import asyncio

import pytest

from backend.domain.errors import LogUnavailable
from backend.log.port import Record
from workers.reads import Reads

LANES = ("critical", "high", "low")


class Slow:
    """A reader whose reads end when the test says so."""

    def __init__(self):
        self.asked = []

    async def read(self, limit, wait, lanes):
        ended = asyncio.get_running_loop().create_future()
        self.asked.append((tuple(lanes), wait, ended))
        return await ended


async def turn():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_the_most_urgent_lane_is_asked_for_by_itself():
    reader, heard = Slow(), []
    reads = Reads(LANES, lambda: heard.append(1))
    assert reads.ask(reader, ["critical", "high"], 0.025)
    await turn()
    assert [asked[:2] for asked in reader.asked] == [(("critical",), 0.5), (("high",), 0.025)], "a full lane is looked at again soon"
    assert not reads.ask(reader, LANES, 0.025)
    reader.asked[1][2].set_result([Record("high", 0, b"", b"1")])
    await turn()
    assert (reads.ended, reads.urgent, len(heard)) == (True, False, 1)
    reader.asked[0][2].set_result([Record("critical", 0, b"", b"2")])
    await turn()
    assert reads.urgent
    assert [record.topic for record in reads.take()] == ["critical", "high"]
    assert not reads.ended
    assert reads.ask(reader, LANES, 0.025)
    await turn()
    assert [asked[:2] for asked in reader.asked[2:]] == [(("critical",), 0.5), (("high", "low"), 0.5)]
    await reads.close()
    assert all(asked[2].cancelled() for asked in reader.asked[2:])


async def test_what_came_is_had_though_the_other_read_failed():
    reader = Slow()
    reads = Reads(LANES, lambda: None)
    reads.ask(reader, LANES, 0.025)
    await turn()
    reader.asked[0][2].set_exception(LogUnavailable("gone"))
    reader.asked[1][2].set_result([Record("low", 0, b"", b"1")])
    await turn()
    assert [record.topic for record in reads.take()] == ["low"]
    reads.ask(reader, ["critical"], 0.025)
    await turn()
    reader.asked[2][2].set_exception(LogUnavailable("gone"))
    await turn()
    with pytest.raises(LogUnavailable):
        reads.take()
    await reads.close()


async def test_one_lane_is_one_read():
    reader = Slow()
    reads = Reads(("low",), lambda: None)
    reads.ask(reader, ["low"], 0.025)
    reads.ask(reader, ["low"], 0.025)
    await turn()
    assert len(reader.asked) == 1
    await reads.close()
