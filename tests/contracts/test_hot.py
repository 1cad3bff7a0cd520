"""The hot writes on both dialects."""

import shutil

import pytest

from backend.clock import HeldClock
from backend.store.migrate import migrate
from backend.store.open import open_store
from tests.contracts.hot_contract import HotContract
from tests.contracts.hot_rows import NOW

WRITTEN = ("seen", "events", "notifications", "deliveries", "attempts", "deltas", "due")


class TestSqliteHot(HotContract):
    @pytest.fixture(scope="class")
    @classmethod
    def migrated(cls, tmp_path_factory):
        file = tmp_path_factory.mktemp("store") / "carillon.db"
        migrate(f"sqlite:///{file}", HeldClock(NOW))
        return file

    @pytest.fixture
    async def hot_store(self, migrated, tmp_path):
        store = open_store(f"sqlite:///{shutil.copy(migrated, tmp_path)}", HeldClock(NOW))
        await store.start()
        yield store
        await store.close()


class TestPostgresHot(HotContract):
    @pytest.fixture(scope="class")
    @classmethod
    def migrated(cls, class_postgres_url):
        migrate(class_postgres_url, HeldClock(NOW))
        return class_postgres_url

    @pytest.fixture
    async def hot_store(self, migrated):
        store = open_store(migrated, HeldClock(NOW))
        await store.start()
        yield store
        await store.write(lambda tx: [tx.conn.exec_driver_sql(f"delete from {table}") for table in WRITTEN])
        await store.close()
