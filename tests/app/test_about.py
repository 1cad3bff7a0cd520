"""What the installation tells of itself: every setting with its source, nothing secret, engines that do not answer named."""

from pathlib import Path

import pytest

from backend.app.app import App
from backend.domain.errors import StoreUnavailable
from backend.settings import described, hidden, load
from tests.app.actors import ADMIN


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


async def test_an_engine_that_is_away_is_named(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(app.store, "reachable", away)
    view = await app.about.describe(ADMIN)
    assert [(engine.name, engine.well) for engine in view.engines] == [("store", False), ("log", True), ("cache", True)]
    assert "does not answer" in view.engines[0].said
    assert (view.licence, {kept.what: kept.days for kept in view.kept}["history"]) == ("Apache-2.0", 30)
