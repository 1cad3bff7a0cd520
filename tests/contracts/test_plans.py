"""Plans of PostgreSQL's hot lookups on a day without rows or statistics: by the key, or a busy day is walked whole."""

import re

import pytest

from backend.clock import HeldClock
from backend.store import dialect, inbox_writes, last, partitions, recipient_stamps, statements
from backend.store.migrate import migrate
from tests import engines
from tests.contracts.hot_rows import NOW

# statement -> what its index must be asked with
LOOKUPS = {
    "OWNERS": "space = t.s) AND (source = t.o) AND (key = t.k",
    "AGAIN": "space = t.s) AND (person = t.p) AND (id >= t.low) AND (id < t.high",
    "PLACES": "id = ANY ($1)",
    "MOVE": "id = ANY ($2)",
    "END": "delivery = ANY ($2)) AND (n = $3) AND (space = $1",
    "START": "id = t.d",
    "LAST": "delivery = ANY ($2)) AND (space = $1",
    "CLOSE": "delivery = ANY ($2)) AND (space = $1",
    "STATES": "id = ANY ($2)",
    "TAKE": "at <= $1",
    "DROP": "id = ANY ($3)) AND (kind = $2) AND (space = $1",
}


@pytest.fixture(scope="module")
def conn(postgres_url):
    with engines.database(postgres_url) as url:
        migrate(url, HeldClock(NOW))
        engine = dialect.postgres_engine(url, size=1)
        with engine.connect() as conn:
            yield conn
        engine.dispose()


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_lookup_asks_the_index_for_its_keys(conn, name):
    plan = _plan(conn, getattr(statements, name).replace("{0}", partitions.name("", int(NOW // 86400))))
    assert f"Index Cond: (({LOOKUPS[name]}))" in plan or f"Index Cond: ({LOOKUPS[name]})" in plan
    assert not re.search("Seq Scan|Hash|Merge", plan)


@pytest.mark.parametrize("name", ["MOVE", "START", "STATES", "END"])
def test_a_day_that_has_some_rows_and_no_statistics_is_not_walked_either(conn, name):
    day = partitions.name("", int(NOW // 86400))
    conn.exec_driver_sql(
        f"insert into deliveries{day} (id, space, notification, person, channel, address, cohort, state, generation, reason, changed) "
        f"select (lpad(to_hex({int(NOW * 1000)} + n), 12, '0') || repeat('0', 20))::uuid, 1, gen_random_uuid(), n, 1, '', 1, 0, 0, '', 1 "
        "from generate_series(1, 60) n"
    )
    plan = _plan(conn, getattr(statements, name).replace("{0}", day))
    conn.rollback()
    assert "person_id_idx" not in plan
    assert not re.search("Seq Scan|Hash|Merge", plan)


@pytest.mark.parametrize("text", [inbox_writes.KNOWN, recipient_stamps.LOOK, recipient_stamps.KEEP, last.LOOK_POSTGRES, last.KEEP_POSTGRES])
def test_what_is_kept_of_a_person_is_asked_for_by_the_person(conn, text):
    plan = _plan(conn, text)
    assert re.search(r"Index Cond: .*person = \w+\.p\)", plan)
    assert not re.search("Seq Scan|Hash|Merge", plan)


def _plan(conn, sql):
    types = {int(n): kind for n, kind in re.findall(r"\$(\d+)::(\w+(?:\[\])?)", sql)}
    values = ["'{}'" if types[n].endswith("[]") else "'x'" if types[n] == "text" else "null" if types[n] == "uuid" else "1" for n in sorted(types)]
    conn.exec_driver_sql(f"prepare looked ({', '.join(types[n] for n in sorted(types))}) as {sql}")
    plan = "\n".join(line for (line,) in conn.exec_driver_sql(f"explain (costs off) execute looked ({', '.join(values)})"))
    conn.exec_driver_sql("deallocate looked")
    return plan


def test_people_whose_user_id_begins_so_are_a_range_of_the_index(conn):
    begins = "select person from people where space = 1 and user_id >= 'ab' and user_id < 'ac' and erased is null order by user_id limit 6"
    plan = "\n".join(line for (line,) in conn.exec_driver_sql(f"explain (costs off) {begins}"))
    assert "Index Cond: ((space = 1) AND (user_id >= 'ab'::text) AND (user_id < 'ac'::text))" in plan
    assert "Sort" not in plan


def test_every_lookup_is_watched():
    texts = {name for name, text in vars(statements).items() if name.isupper() and ("insert" not in text or "deliveries" in text.partition("where")[2])}
    assert texts == set(LOOKUPS)
