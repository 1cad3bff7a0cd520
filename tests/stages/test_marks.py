"""Marks beside the work: never before their rows, never lost, never of a position that has another owner."""

import asyncio
from collections.abc import Mapping

from backend.domain.errors import LogUnavailable
from backend.log.port import Position
from workers.marks import Marks

ONE, OTHER = ("deliveries.email.high", 1), ("deliveries.email.high", 2)


class Taken:
    """A reader that notes its marks; `away`: it takes none."""

    def __init__(self) -> None:
        self.marks: list[dict[Position, int]] = []
        self.away = False

    async def mark(self, upto: Mapping[Position, int]) -> None:
        if self.away:
            raise LogUnavailable("It is away.")
        self.marks.append(dict(upto))


async def _written(marks: Marks) -> None:
    while marks._writing:
        await asyncio.wait([marks._writing])


async def test_in_the_same_file_they_are_rows_of_the_transaction():
    marks, reader = Marks(True, lambda: None), Taken()
    marks.add({ONE: 3})
    assert marks.row() == {ONE: 3}
    marks.written()
    assert not marks.row()
    assert not marks.busy
    marks.turn(reader, hurry=True)
    await marks.finish(reader)
    assert reader.marks == []


async def test_elsewhere_they_follow_their_rows_and_one_another_seldom():
    told: list[bool] = []
    marks, reader = Marks(False, lambda: told.append(True)), Taken()
    marks.add({ONE: 3})
    assert marks.row() == {}
    marks.turn(reader, hurry=True)
    assert reader.marks == []
    assert not marks.busy  # nothing durable stands behind it
    marks.written()
    assert marks.busy
    marks.turn(reader, hurry=False)
    await _written(marks)
    assert reader.marks == [{ONE: 3}]
    assert told
    marks.add({ONE: 7})
    marks.written()
    marks.turn(reader, hurry=False)  # the one before was written a moment ago
    assert reader.marks == [{ONE: 3}]
    marks.add({ONE: 9, OTHER: 1})
    marks.written()
    marks.turn(reader, hurry=True)
    await _written(marks)
    assert reader.marks == [{ONE: 3}, {ONE: 9, OTHER: 1}]
    assert not marks.busy


async def test_what_was_not_taken_is_written_before_the_reader_leaves():
    marks, reader = Marks(False, lambda: None), Taken()
    reader.away = True
    marks.add({ONE: 3, OTHER: 5})
    marks.written()
    marks.turn(reader, hurry=True)
    await _written(marks)
    assert marks.busy
    marks.turn(reader, hurry=True)  # no hurry counts against an engine that is away
    assert marks._writing is None
    marks.add({ONE: 4})
    marks.written()
    marks.lose([OTHER])
    reader.away = False
    await marks.finish(reader)
    assert reader.marks == [{ONE: 4}]


async def test_what_is_in_no_transaction_is_read_again():
    marks, reader = Marks(False, lambda: None), Taken()
    marks.add({ONE: 3})
    marks.begin_anew()
    marks.written()
    await marks.finish(reader)
    assert reader.marks == []
