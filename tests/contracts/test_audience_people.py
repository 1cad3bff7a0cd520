"""Rules as SQL name the same people as a plain reader of them, on both engines."""


import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from backend.clock import HeldClock
from backend.domain.audience import All, Audience, InAudience
from backend.domain.errors import Invalid, UnknownAudience
from backend.store import audience_people
from backend.store import tables as t
from backend.store.migrate import migrate
from backend.store.open import open_store
from tests.contracts.audience_world import LISTS, NOW, PROS, RULES, named, worlds

SPACE = 1
FILLED = (t.people, t.summaries, t.memberships, t.listed, t.acts, t.recipients, t.runs, t.audiences)
RUN = {"spring": b"\1" * 16, "fall": b"\2" * 16}


def fill(tx, world):
    for table in FILLED:
        tx.conn.execute(delete(table))

    def put(table, rows):
        if rows:
            tx.conn.execute(insert(table), rows)

    put(t.people, [{"space": SPACE, "person": o.person, "user_id": o.user_id, "bucket": 0, "revision": 1, "timezone": o.timezone, "profile": b"", "created": NOW,
                    "changed": NOW, "erased": NOW if o.erased else None} for o in world])  # fmt: skip
    put(t.summaries, [{"space": SPACE, "person": o.person, "attributes": o.attributes, "consents": o.consents, **o.did, "times": o.times} for o in world if not o.erased])
    put(t.memberships, [{"space": SPACE, "group_key": g, "person": o.person, "created": NOW} for o in world for g in o.groups])
    put(t.listed, [{"space": SPACE, "audience": g, "person": o.person, "created": NOW} for o in world for g in o.lists])
    put(t.acts, [{"space": SPACE, "type": k, "person": o.person, "first": at, "last": at, "n": n} for o in world for k, (at, n) in o.acts.items()])
    put(t.recipients, [{"run": RUN[k], "person": o.person, "space": SPACE, "variant": 0, "wave": 0, "foreseen": b"", **did} for o in world for k, did in o.campaigns.items()])
    put(t.runs, [{"space": SPACE, "id": made, "campaign": k, "version": 1, "planned": NOW, "state": "finished", "forecast": b"\0" * 16, "created": NOW} for k, made in RUN.items()])
    saved = {"pros": PROS, **dict.fromkeys(LISTS, Audience())}
    put(t.audiences, [{"space": SPACE, "key": k, "name": k, "kind": "rule" if a.rule else "list", "body": msgspec.json.encode(a).decode(), "version": 1, "revision": 1, "changed": NOW}
                      for k, a in saved.items()])  # fmt: skip


async def people_of(store, audience, key=""):
    return set(await store.read(lambda tx: tx.conn.scalars(audience_people.whom(tx, SPACE, audience, NOW, key=key)).all()))


class AudienceContract:
    """Subclasses give `store`."""

    async def test_a_rule_names_whom_a_plain_reader_of_it_names(self, store):
        found = []

        @settings(max_examples=self.examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(worlds(), st.lists(st.tuples(RULES, st.sets(st.sampled_from([*LISTS, "pros"]), max_size=1)), min_size=10, max_size=10))
        def ask(world, rules):
            found.append((world, [Audience(rule, tuple(exclude)) for rule, exclude in rules]))

        ask()
        for world, some in found:
            await store.write(lambda tx, world=world: fill(tx, world))
            for audience in some:
                assert await people_of(store, audience) == named(world, audience), (world, audience)

    async def test_a_list_names_who_is_on_it(self, store):
        await store.write(lambda tx: fill(tx, []))
        await store.write(lambda tx: tx.conn.execute(insert(t.listed), [{"space": SPACE, "audience": "vips", "person": 7, "created": NOW}]))
        assert await people_of(store, Audience(), "vips") == set(), "nobody of them is here any more"
        await store.write(lambda tx: tx.conn.execute(insert(t.summaries), [{"space": SPACE, "person": 7}]))
        assert await people_of(store, Audience(), "vips") == {7}
        assert await people_of(store, Audience(All())) == {7}

    async def test_audiences_that_name_each_other_are_refused(self, store):
        await store.write(lambda tx: fill(tx, []))
        ring = [{"space": SPACE, "key": k, "name": k, "kind": "rule", "body": msgspec.json.encode(Audience(InAudience(to))).decode(), "version": 1, "revision": 1, "changed": NOW}
                for k, to in (("a", "b"), ("b", "a"))]  # fmt: skip
        await store.write(lambda tx: tx.conn.execute(insert(t.audiences), ring))
        with pytest.raises(Invalid, match="names itself, through"):
            await people_of(store, Audience(InAudience("a")))
        with pytest.raises(UnknownAudience, match="gone"):
            await people_of(store, Audience(InAudience("gone")))


class TestSqliteAudiences(AudienceContract):
    examples = 60

    @pytest.fixture
    async def store(self, tmp_path):
        url = f"sqlite:///{tmp_path / 'carillon.db'}"
        migrate(url, HeldClock(NOW))
        store = open_store(url, HeldClock(NOW))
        await store.start()
        yield store
        await store.close()


class TestPostgresAudiences(AudienceContract):
    examples = 40

    @pytest.fixture
    async def store(self, fresh_postgres_url):
        migrate(fresh_postgres_url, HeldClock(NOW))
        store = open_store(fresh_postgres_url, HeldClock(NOW))
        await store.start()
        yield store
        await store.close()
