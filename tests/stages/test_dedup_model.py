"""Dedup against plain models: whatever comes, comes again, is given up by a crash or grows old, the first of each id owns it."""

from types import SimpleNamespace

import sqlalchemy
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from backend.domain.ids import make_id
from backend.domain.schedule import firing_id
from backend.store import retention, schedules, seen
from backend.store import tables as t
from backend.store.schedules import FiringRow, ScheduleRow

DAY = 86_400.0
START = 1_795_608_000.0
key = st.tuples(st.integers(1, 2), st.integers(1, 2), st.sampled_from([b"a", b"b", b"c", "ü".encode()]))


class Store(RuleBasedStateMachine):
    """The tables in memory beside two dictionaries."""

    def __init__(self):
        super().__init__()
        self.engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
        t.meta.create_all(self.engine)
        self.now, self.made = START, 0
        self.owner: dict[tuple[int, int, bytes], tuple[bytes, float]] = {}
        self.waits, self.fired = START, list[float]()
        row = ScheduleRow(space=1, key="s", name="s", body="{}", paused=False, next=START, revision=1, changed=START)
        self._write(lambda tx: schedules.put(tx, row))

    def _write(self, fn, crash=False):
        with self.engine.connect() as conn:
            answer = fn(SimpleNamespace(dialect="sqlite", conn=conn, raw=conn.connection.dbapi_connection))
            if crash:
                conn.rollback()
            else:
                conn.commit()
            return answer

    @rule(keys=st.lists(key, min_size=1, max_size=4), crash=st.booleans())
    def a_batch_comes(self, keys, crash):
        self.made += 1
        claims = {one: make_id(int(self.now * 1000), b"%d" % self.made, repr(one).encode()) for one in keys}
        owners = self._write(lambda tx: seen.claim(tx, claims, self.now), crash)
        for one, made in claims.items():
            assert owners[one] == self.owner.get(one, (made, 0.0))[0]
            if not crash:
                self.owner.setdefault(one, (made, self.now))

    @rule(days=st.floats(0.1, 20.0))
    def time_passes_and_what_is_old_is_forgotten(self, days):
        self.now += days * DAY
        while self._write(lambda tx: retention.sweep(tx, self.now)):
            pass
        self.owner = {one: (made, at) for one, (made, at) in self.owner.items() if at >= self.now - 30 * DAY}

    @rule(looks=st.integers(1, 4), crash=st.booleans())
    def several_look_at_a_schedule(self, looks, crash):
        """All have read the same row; the first that is not undone makes the firing."""
        with self.engine.connect() as conn:
            (row,) = schedules.page(SimpleNamespace(conn=conn), 1, "", 1)
        assert row.next == self.waits
        made = FiringRow(space=1, id=firing_id(1, "s", row.next), schedule="s", planned=row.next, at=self.now, outcome="fired", event=bytes(16))

        def fire(tx):
            return schedules.take(tx, row, row.next + 3_600.0) and schedules.add_firing(tx, made)

        done = [self._write(fire, crash and n == 0) for n in range(looks)]
        winners = sum(done[1:] if crash else done)
        assert winners == (1 if looks > crash else 0)
        if winners:
            self.fired.append(self.waits)
            self.waits += 3_600.0

    @invariant()
    def the_tables_are_what_the_models_say(self):
        def read(tx):
            return seen.owners(tx, self.owner), tx.conn.scalars(sqlalchemy.select(t.firings.c.planned).order_by(t.firings.c.planned)).all()

        owners, fired = self._write(read)
        assert owners == {one: made for one, (made, _) in self.owner.items()}
        assert fired == [at for at in self.fired if at in fired] and len(set(self.fired)) == len(self.fired)

    def teardown(self):
        self.engine.dispose()


TestStore = Store.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
