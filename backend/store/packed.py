"""Statements prepared once per PostgreSQL connection, with columns that travel as binary arrays packed here.

`unnest` of packed arrays costs a third of what the driver's lists cost, and needs no temporary table. Wire format of
arrays: src/backend/utils/adt/arrayfuncs.c, array_recv; of the elements: each type's own receive function.
"""

import select
import struct
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import OperationalError, errors, pq

from backend.store import partitions

BYTEA, INT8, INT2, INT4, TEXT, FLOAT8, UUID = 17, 20, 21, 23, 25, 701, 2950
_HEAD = struct.Struct(">iiiii").pack
_LEN = struct.Struct(">i").pack
_NULL = _LEN(-1)
_SIXTEEN = _LEN(16)
_PACK = {
    INT2: struct.Struct(">ih").pack,
    INT4: struct.Struct(">ii").pack,
    INT8: struct.Struct(">iq").pack,
    FLOAT8: struct.Struct(">id").pack,
}
_SIZE = {INT2: 2, INT4: 4, INT8: 8, FLOAT8: 8}
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
Statement = tuple[str, str, tuple[bytes, ...]]  # name, text, columns

int2 = struct.Struct(">h").pack
int4 = struct.Struct(">i").pack
int8 = struct.Struct(">q").pack
float8 = struct.Struct(">d").pack


def _array(oid: int, count: int, body: bytes, nulls: bool = False) -> bytes:
    return _HEAD(1, int(nulls), oid, count, 1) + body if count else struct.pack(">iii", 0, 0, oid)


def _alike(items: Sequence[Any]) -> bool:
    """Most columns of a batch hold one value; comparing is cheaper than packing each."""
    return len(items) > 1 and items[0] == items[-1] and items.count(items[0]) == len(items)


def uuids(items: Sequence[bytes]) -> bytes:
    """Made ids, 16 bytes each."""
    return _array(UUID, len(items), _SIXTEEN + _SIXTEEN.join(items) if items else b"")


def uuids_or_null(items: Sequence[bytes | None]) -> bytes:
    """Made ids with NULLs."""
    return _array(UUID, len(items), b"".join([_NULL if x is None else _SIXTEEN + x for x in items]), nulls=True)


def numbers(oid: int, items: Sequence[float]) -> bytes:
    """Integers of INT2, INT4 or INT8, or FLOAT8."""
    pack, size = _PACK[oid], _SIZE[oid]
    if _alike(items):
        return _array(oid, len(items), pack(size, items[0]) * len(items))
    return _array(oid, len(items), b"".join([pack(size, x) for x in items]))


def times(items: Sequence[float | None]) -> bytes:
    """FLOAT8 with NULLs."""
    pack = _PACK[FLOAT8]
    return _array(FLOAT8, len(items), b"".join([_NULL if x is None else pack(8, x) for x in items]), nulls=True)


def blobs(items: Sequence[bytes], oid: int = BYTEA) -> bytes:
    """Bytes of any length."""
    return _array(oid, len(items), b"".join([_LEN(len(x)) + x for x in items]))


def texts(items: Sequence[str]) -> bytes:
    """Text that `forward.clean` has seen, or that is ours."""
    if _alike(items):
        word = items[0].encode()
        return _array(TEXT, len(items), (_LEN(len(word)) + word) * len(items))
    return blobs([x.encode() for x in items], TEXT)


class Session:
    """One connection: which statements it has prepared, which days it knows to have partitions, and what it owes.

    A trip to the server costs more than a short statement: the thread that waits for it gets the interpreter back from a busy loop only
    after a switch interval. So statements that need nothing of each other travel together (libpq's pipeline mode, docs: "Pipeline Mode"),
    and one whose answer nobody needs is owed until the next trip, at the latest that of the commit.
    """

    def __init__(self, pgconn: Any) -> None:
        self._pgconn = pgconn
        self.prepared: set[str] = set()
        self.days: dict[int, str] = {}
        self._owed: list[Statement] = []

    def run(self, name: str, sql: str, *params: bytes) -> Any:
        """Execute within the open transaction; libpq's result, binary. `name` is one text of `sql` for good."""
        if self._owed:
            return self.together([(name, sql, params)])[0]
        self._prepare(name, sql)
        return self._checked(self._pgconn.exec_prepared(name.encode(), params, [1] * len(params), result_format=1))

    def on(self, day: int, name: str, sql: str, *params: bytes) -> Any:
        """`run` on a day's partitions: "{0}" in `sql` becomes `_20261125`, or nothing (the parent) while the day has none."""
        return self.run(*self.of_day(day, name, sql), *params)

    def of_day(self, day: int, name: str, sql: str) -> tuple[str, str]:
        """Name and text of a statement on a day's partitions."""
        suffix = self.suffix(day)
        return name + suffix, sql.replace("{0}", suffix)

    def owe(self, name: str, sql: str, *params: bytes) -> None:
        """`run` later in this transaction, for what nobody needs the answer of."""
        self._owed.append((name, sql, params))

    def together(self, asked: Sequence[Statement]) -> list[Any]:
        """What is owed and then these, in one trip; the answers of these. The first that fails raises, and none after it was run."""
        owed, self._owed = self._owed, []
        if not (owed or asked):
            return []
        if not owed and len(asked) == 1:
            name, sql, params = asked[0]
            return [self.run(name, sql, *params)]
        return self._trip([*owed, *asked])[len(owed) :]

    def pay(self) -> None:
        """Run what is owed, for whoever looks at it by other ways."""
        self.together([])

    def forgive(self) -> None:
        """The transaction is rolled back: nothing is owed."""
        self._owed.clear()

    def commit(self) -> None:
        """What is owed, and the commit behind it in the same trip. Does nothing when nothing is owed: the driver commits."""
        if self._owed:
            owed, self._owed = self._owed, []
            self._trip(owed, commit=True)

    def suffix(self, day: int) -> str:
        if (known := self.days.get(day)) is not None:
            return known
        try:
            partition = partitions.name("attempts", day)
        except OverflowError:  # an id that names no day of our calendar
            return ""
        exists = self.run("hot_day", "select to_regclass($1::text) is not null", partition.encode()).get_value(0, 0) == b"\1"
        if not exists:
            return ""  # not remembered: it may be made any moment
        self.days[day] = partition.removeprefix("attempts")
        return self.days[day]

    def _prepare(self, name: str, sql: str) -> None:
        if name not in self.prepared:
            self._checked(self._pgconn.prepare(name.encode(), sql.encode()))
            self.prepared.add(name)

    def _trip(self, asked: Sequence[Statement], commit: bool = False) -> list[Any]:
        for name, sql, _ in asked:
            self._prepare(name, sql)
        conn = self._pgconn
        conn.enter_pipeline_mode()
        conn.nonblocking = 1  # both sides would wait for each other once their buffers are full
        try:
            for name, _, params in asked:
                conn.send_query_prepared(name.encode(), params, [1] * len(params), result_format=1)
            if commit:
                conn.send_query_params(b"commit", None)
            conn.pipeline_sync()
            results = list(self._results())
        finally:
            if conn.status == pq.ConnStatus.OK:
                self._leave()
        for result in results:  # the first that is not done is the one to blame
            self._checked(result)
        return results

    def _leave(self) -> None:
        try:
            self._pgconn.exit_pipeline_mode()
            self._pgconn.nonblocking = 0
        except OperationalError:  # broken off amid the answers: nobody can tell any more what the next ones belong to
            self._pgconn.finish()

    def _results(self) -> Iterator[Any]:
        conn = self._pgconn
        waiting = select.poll()
        waiting.register(conn.socket, select.POLLIN | select.POLLOUT)
        while conn.flush():
            waiting.poll()
            conn.consume_input()
        waiting.modify(conn.socket, select.POLLIN)
        while True:
            while conn.is_busy():
                waiting.poll()
                conn.consume_input()
            result = conn.get_result()
            if result is None:
                if conn.status != pq.ConnStatus.OK:
                    raise OperationalError(conn.error_message.decode(errors="replace").strip())
                continue  # between two statements
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return
            yield result

    def _checked(self, result: Any) -> Any:
        if result.status in _DONE:
            return result
        if self._pgconn.status != pq.ConnStatus.OK:
            raise OperationalError(self._pgconn.error_message.decode(errors="replace").strip())
        raise errors.error_from_result(result)


_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def session(raw: Any) -> Session:
    """Of a psycopg connection; it lives as long as that, through every return to the pool."""
    found = _sessions.get(raw)
    if found is None:
        found = _sessions[raw] = Session(raw.pgconn)
    return found


def forget(raw: Any, *, statements: bool) -> None:
    """Ask again which days exist: another process dropped one. `statements`: those are gone from the server too."""
    found = session(raw)
    found.days.clear()
    if statements:
        found.prepared.clear()


def rows(result: Any) -> list[list[Any]]:
    """Binary values (bytes, or None) of every row."""
    width, get = range(result.nfields), result.get_value
    return [[get(i, j) for j in width] for i in range(result.ntuples)]


def number(value: bytes) -> int:
    """A binary integer of any width."""
    return int.from_bytes(value, "big", signed=True)


def double(value: bytes) -> float:
    """A binary double precision."""
    return float(struct.unpack(">d", value)[0])
