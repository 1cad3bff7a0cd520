"""Ground for the tests of stages: a real store (both engines), a cache, a clock that the test owns, and hands to put people in."""

import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import msgspec
import psycopg
import pytest
from sqlalchemy import func, select

from backend.cache.memory import MemoryCache
from backend.clock import HeldClock
from backend.domain.category import SEEDED, Category
from backend.domain.event import Event, FanOut
from backend.domain.ids import bucket_of, make_id, person_bytes
from backend.domain.person import Wishes
from backend.facts import FactsReader
from backend.log import topics
from backend.log.codec import decode, encode
from backend.log.port import Record
from backend.store import categories, content, groups, persons
from backend.store.categories import CategoryRow
from backend.store.groups import GroupRow
from backend.store.migrate import migrate
from backend.store.open import open_store
from backend.store.persons import AddressRow, ConsentRow, PersonRow
from backend.store.suppress import suppress
from backend.store.tables import meta
from tests import engines

NOON = 1_795_608_000.0  # 2026-11-25T12:00:00Z
SPACE = 1
MAIL = b"mail"


class Ground:
    """One installation without its entrances."""

    def __init__(self, store, clock):
        self.store, self.clock, self.cache = store, clock, MemoryCache(clock)
        self.facts = FactsReader(store=store, cache=self.cache)

    async def seed(self):
        def write(tx):
            for category in SEEDED:
                self._put_category(tx, category)
            return content.bump(tx)

        await content.announce(self.cache, await self.store.write(write))

    @staticmethod
    def _put_category(tx, category: Category):
        body = msgspec.json.encode(category).decode()
        categories.put(tx, CategoryRow(space=SPACE, key=category.key, body=body, revision=1, changed=NOON))

    async def person(
        self, person, *, wishes=None, addresses=((2, MAIL),), consents=(), member=(), timezone="UTC", locale="en", space=SPACE
    ):
        """Write, or write anew, and forget what is cached, as the facade does."""

        def write(tx):
            old = persons.get(tx, space, person)
            row = PersonRow(
                space=space, person=person, user_id=f"u{person}", bucket=bucket_of(space, person), revision=old.revision + 1 if old else 1, timezone=timezone,
                locale=locale, profile=b"", wishes=msgspec.json.encode(wishes or Wishes()).decode(), demo=False, created=NOON, changed=self.clock.now(),
            )  # fmt: skip
            persons.put(tx, row)
            for channel, hashed in addresses:
                persons.put_address(tx, space, AddressRow(person, channel, hashed, b"sealed", "", NOON))
            for n, (category, given) in enumerate(consents):
                persons.add_consent(tx, space, person, ConsentRow(category, NOON + n, given, "test", ""))
            for key in member:
                if groups.get(tx, space, key) is None:
                    groups.put(tx, GroupRow(space=space, key=key, name=key, wishes="{}", revision=1, changed=NOON))
                groups.add(tx, space, key, [person], NOON)

        await self.store.write(write)
        await self.facts.forget([(space, person)])

    async def suppress(self, channel, hashed, reason="hard_bounce"):
        changed = await self.store.write(lambda tx: suppress(tx, SPACE, channel, hashed, reason, "test", self.clock.now()))
        await self.facts.forget([(SPACE, person) for person in changed])

    async def carry_out(self, stage, records: Sequence[Record]) -> list[Record]:
        """As the runner does, without its log: what would be appended. Verdicts are kept in `verdicts`."""
        from backend.store import hot
        from workers.stage import Later

        batch = await stage.handle(records)
        self.verdicts = list(batch.verdicts)

        def write(tx):
            out = list(batch.write(tx))
            hot.write_due(tx, [verdict.due for verdict in batch.verdicts if isinstance(verdict, Later)])
            return out

        out = await self.store.write(write, turn=stage.name)
        if batch.after:
            await batch.after()
        return out

    async def rows(self, table, *columns, order=None):
        """All rows of a table, as tuples of the columns."""
        asked = [table.c[name] for name in columns]
        statement = select(*asked).order_by(*([table.c[order]] if order else asked))
        return [tuple(row) for row in await self.store.read(lambda tx: tx.conn.execute(statement).all())]

    async def count(self, table) -> int:
        return await self.store.read(lambda tx: tx.conn.execute(select(func.count()).select_from(table)).scalar_one())

    async def due(self) -> list[Record]:
        """What is due now, taken off the table."""
        from backend.store import hot

        def write(tx):
            taken = hot.take_due(tx, self.clock.now(), 1000)
            hot.drop_due(tx, taken)
            return taken

        return [Record(row.topic, row.partition, row.key, row.value) for row in await self.store.write(write)]


def event_for(person, category="orders", *, key="", at=NOON, **more) -> Event:
    """An accepted event; its id is made of its key, or of what it is when it has none."""
    born = more.pop("born", max(at, more.get("send_at", 0.0)))
    made = make_id(int(born * 1000), b"test", key.encode() or repr((person, category, more)).encode())
    return Event(
        **{
            "id": made,
            "space": SPACE,
            "person": person,
            "type": "t",
            "category": category,
            "priority": "normal",
            "accepted": at,
            "key": key,
            **more,
        }
    )


def record_of(event: Event | FanOut, headers=None) -> Record:
    """As acceptance appends it."""
    if isinstance(event, FanOut):
        return Record(topics.fanouts(event.event.priority), 0, event.event.id, encode(event), headers or {})
    return Record(
        topics.events(event.priority),
        topics.partition_of(event.space, event.person),
        person_bytes(event.person),
        encode(event),
        headers or {},
    )


def read_all(kind, records):
    return [decode(kind, record.value) for record in records]


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory) -> Path:
    """An SQLite file with the schema, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "carillon.db"
    migrate(f"sqlite:///{path}", HeldClock(NOON))
    return path


@pytest.fixture(scope="session")
def _postgres(postgres_url) -> Iterator[str]:
    """A PostgreSQL database with the schema, emptied before each test."""
    with engines.database(postgres_url) as url:
        migrate(url, HeldClock(NOON))
        yield url


def _emptied(url: str) -> str:
    with psycopg.connect(url, autocommit=True) as conn:
        names = [table.name for table in meta.sorted_tables]
        conn.execute("; ".join(f"delete from {name}" for name in names))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
async def ground(request, tmp_path) -> AsyncIterator[Ground]:
    """On each engine of the store in turn."""
    clock = HeldClock(NOON)
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_migrated"), tmp_path / "carillon.db")
        url = f"sqlite:///{tmp_path}/carillon.db"
    else:
        url = _emptied(request.getfixturevalue("_postgres"))
    store = open_store(url, clock)
    await store.start()
    made = Ground(store, clock)
    try:
        await made.seed()
        yield made
    finally:
        await store.close()
