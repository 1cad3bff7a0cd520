"""What the installation tells of itself: every setting with its source, nothing secret, engines that do not answer named."""

from pathlib import Path

import pytest

from backend.app.app import App
from backend.domain.errors import StoreUnavailable
from backend.domain.ids import NO_ID
from backend.settings import described, hidden, load
from backend.store import retention, tables, templates
from backend.store.port import Tx
from backend.store.templates import VersionRow
from portal.words import say
from tests.app.actors import ADMIN
from tests.app.conftest import NOW
from workers.purge import Purge


def test_no_password_is_shown_wherever_it_stands(tmp_path: Path) -> None:
    environ = {
        "CARILLON_HOME": str(tmp_path), "CARILLON_SECRET_KEY": "s3cr3t" * 10, "CARILLON_SMTP_URL": "smtps://user:s3cr3t@mail.example.com:465",
        "CARILLON_DATABASE_URL": "postgresql://carillon:s3cr3t@db/carillon?password=s3cr3t", "CARILLON_LOG_URL": "kafka://k:9092?prefix=a.",
        "CARILLON_CACHE_URL": "redis://:s3cr3t@cache:6379/0",
    }  # fmt: skip
    rows = {name: (value, source) for name, value, source in described(load(environ))}
    assert "s3cr3t" not in str(rows)
    assert rows["CARILLON_SMTP_URL"] == ("smtps://user:***@mail.example.com:465", "environment")
    assert rows["CARILLON_PORT"] == ("8000", "default")
    assert hidden("redis://:p@ss@cache") == "redis://:***@cache"
    for mailbox in ("imaps://me:b0x@mail.example.com/INBOX", "imaps%3A%2F%2Fme%3Ab0x%40mail.example.com"):
        shown = hidden(f"smtp://me:s3cret@mail.example.com?bounces=b.example.com&mailbox={mailbox}&rate=5")
        assert shown == "smtp://me:***@mail.example.com?bounces=b.example.com&mailbox=***&rate=5"


async def test_an_engine_that_is_away_is_named(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(app.store, "reachable", away)
    view = await app.about.describe(ADMIN)
    assert [(engine.name, engine.well) for engine in view.engines] == [("store", False), ("log", True), ("cache", True)]
    assert "does not answer" in view.engines[0].said
    assert (view.licence, {kept.what: kept.days for kept in view.kept}["history"]) == ("Apache-2.0", 30)


async def test_what_is_kept_is_told_as_it_is_and_when_it_was_last_cleared(each_app: App) -> None:
    told = await each_app.about.describe(ADMIN)
    assert {one.what: one.days for one in told.kept} == {what: round(seconds / retention.DAY) for what, seconds in retention.KEPT.items()}
    assert all(say(language, f"settings.kept.{one.what}") for one in told.kept for language in ("en", "de"))
    assert told.purged is None
    purge = Purge(store=each_app.store, events=each_app.log, clock=each_app.clock, alarm=lambda _: None)

    def old(tx: Tx) -> None:
        tx.conn.execute(tables.seen.insert(), {"space": 1, "source": 1, "key": b"k", "id": NO_ID, "at": NOW - 31 * retention.DAY})

    await each_app.store.write(old)
    await purge.once()
    told = await each_app.about.describe(ADMIN)
    assert (told.purged, told.purged_rows, told.purged_days) == (NOW, 1, 0)


async def test_versions_of_tests_end_when_nothing_sent_with_them_is_left(each_app: App) -> None:
    month = 30 * retention.DAY

    def made(key: str, version: int, age: float) -> VersionRow:
        return VersionRow(space=1, key=key, version=version, content="{}", published_by="mia", at=NOW - age)

    rows = [
        made("a", 1, 90 * retention.DAY), made("a", 2, 80 * retention.DAY),  # published: never
        made("a~test", 1, month + 2 * retention.DAY), made("a~test", 2, month - 60), made("a~test", 3, 5),
        made("b~test", 1, 50 * retention.DAY), made("b~test", 2, 40 * retention.DAY),  # the newest stays: the next one is 3
    ]  # fmt: skip
    await each_app.store.write(lambda tx: [templates.add_version(tx, row) for row in rows])
    assert await each_app.store.write(lambda tx: retention.sweep(tx, NOW)) == 2
    left = await each_app.store.read(lambda tx: [(key, one.version) for key in ("a", "a~test", "b~test") for one in templates.versions(tx, 1, key, 9)])
    assert left == [("a", 2), ("a", 1), ("a~test", 3), ("a~test", 2), ("b~test", 2)]
    assert await each_app.store.read(lambda tx: templates.last_version(tx, 1, "b~test")) == 2
    assert await each_app.store.write(lambda tx: retention.sweep(tx, NOW)) == 0
