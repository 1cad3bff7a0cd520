"""Days: partitions of `tables.PARTITIONED` on PostgreSQL, ranges of ids on SQLite. The id itself names its day.

On PostgreSQL a partition is `<table>_<yyyymmdd>`; rows of a day that has none fall into `<table>_default`, where they are
found through the parent only (slow, correct) until `ensure` gives them their day.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from backend.domain.errors import StoreUnavailable
from backend.domain.ids import first_of_day
from backend.store.port import Tx
from backend.store.tables import PARTITIONED

AGED = (*PARTITIONED, "receipts")  # what is dropped by the age of its leading id; receipts are few and not partitioned
CHUNK = 5_000  # rows that one call deletes at most where days are ranges of ids
PAGES = 4_000  # free pages given back to the file system by one call
FILLFACTOR = {"events": 95, "notifications": 95, "deliveries": 50, "attempts": 50}  # room for updates in place
LOCK = 7_229_401  # advisory: one process at a time changes partitions
EPOCH = date(1970, 1, 1)


def lead(table: str) -> str:
    """The column whose id names the day."""
    return "delivery" if table in ("attempts", "receipts") else "id"


def name(table: str, day: int) -> str:
    """`deliveries_20261125` of a day since 1970."""
    return f"{table}_{EPOCH + timedelta(days=day):%Y%m%d}"


def ready(tx: Tx, now: float) -> None:
    """Called when the store opens: the tables exist, and today's and the next days' partitions. Raises `StoreUnavailable`."""
    look = "select count(*) from sqlite_master where name = 'deltas'" if tx.dialect == "sqlite" else "select count(to_regclass('deltas'))"
    if not tx.conn.execute(text(look)).scalar_one():
        raise StoreUnavailable("The database has no tables yet. Run `carillon migrate` once.")
    ensure(tx, now)


def ensure(tx: Tx, now: float, ahead: int = 7, back: int = 2) -> list[str]:
    """Make the partitions from `back` days ago to `ahead` days ahead that are missing; their names. Nothing to do on SQLite."""
    if tx.dialect == "sqlite":
        return []
    today = int(now // 86400)
    wanted = [(table, day) for table in PARTITIONED for day in range(today - back, today + ahead + 1)]
    if not (missing := _missing(tx, wanted)):
        return []
    tx.conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    missing = _missing(tx, wanted)  # another process may have made them while this one waited
    for table, day in missing:
        _make(tx, table, day)
    return [name(table, day) for table, day in missing]


def _missing(tx: Tx, wanted: list[tuple[str, int]]) -> list[tuple[str, int]]:
    there = {partition for table in PARTITIONED for partition, _ in days(tx, table)}
    return [(table, day) for table, day in wanted if name(table, day) not in there]


def days(tx: Tx, table: str) -> Iterator[tuple[str, int]]:
    """(partition, day) of each day's partition of a table on PostgreSQL, oldest first."""
    rows = tx.conn.execute(
        text(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass(:table) order by 1"
        ),
        {"table": table},
    )
    for (partition,) in rows.all():
        suffix = partition.removeprefix(table + "_")
        if suffix.isdigit():
            yield partition, (datetime.strptime(suffix, "%Y%m%d").replace(tzinfo=UTC).date() - EPOCH).days


def _make(tx: Tx, table: str, day: int) -> None:
    """Made apart and attached: attaching lets readers and writers of the other days go on. Rows that came too early move in."""
    run = tx.conn.exec_driver_sql
    own, key = name(table, day), lead(table)
    low, high = UUID(bytes=first_of_day(day)), UUID(bytes=first_of_day(day + 1))
    run(f"create table {own} (like {table} including defaults including constraints) with (fillfactor = {FILLFACTOR[table]})")
    run(
        f"with early as (delete from {table}_default where {key} >= '{low}' and {key} < '{high}' returning *) insert into {own} select * from early"
    )
    run(f"alter table {own} add constraint {own}_range check ({key} >= '{low}' and {key} < '{high}')")  # so attaching need not scan
    run(f"alter table {table} attach partition {own} for values from ('{low}') to ('{high}')")
    run(f"alter table {own} drop constraint {own}_range")


def strays(tx: Tx) -> dict[str, int]:
    """Rows per table that stand in the default partition: more than none means that a day was not made in time. {} on SQLite."""
    if tx.dialect == "sqlite":
        return {}
    counts = {table: int(tx.conn.exec_driver_sql(f"select count(*) from {table}_default").scalar_one()) for table in PARTITIONED}
    return {table: n for table, n in counts.items() if n}


def drop_before(tx: Tx, day: int) -> list[str]:
    """Drop what was born before a day (days since 1970); the names of what was dropped, or shortened. Call it again until it
    answers []: where days are no partitions one call takes at most CHUNK rows of each table, so that the writer stays free."""
    low = first_of_day(day)
    if tx.dialect == "sqlite":
        dropped = [table for table in AGED if _shorten(tx, table, low)]
        tx.raw.execute(f"pragma incremental_vacuum({PAGES})").fetchall()  # frees a page for each row fetched
        return dropped
    tx.conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    dropped = []
    for table in PARTITIONED:
        for partition, its in list(days(tx, table)):
            if its < day:
                tx.conn.exec_driver_sql(f"drop table {partition}")
                dropped.append(partition)
        dropped += [f"{table}_default"] * bool(_delete(tx, f"{table}_default", lead(table), low))
    return dropped + ["receipts"] * bool(_delete(tx, "receipts", "delivery", low))


def _delete(tx: Tx, table: str, key: str, low: bytes) -> int:
    return tx.conn.exec_driver_sql(f"delete from {table} where {key} < '{UUID(bytes=low)}'").rowcount


def _shorten(tx: Tx, table: str, low: bytes) -> int:
    key = lead(table)
    row = tx.raw.execute(f"select {key} from {table} where {key} < ? order by {key} limit 1 offset {CHUNK}", (low,)).fetchone()
    return int(tx.raw.execute(f"delete from {table} where {key} < ?", row or (low,)).rowcount)
