"""The facade on embedded engines with a clock the test owns; `each_app` also on real PostgreSQL and Redis."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from backend.app.app import App, open_app
from backend.clock import HeldClock
from backend.settings import Settings
from backend.store.migrate import migrate
from tests import engines

NOW = 1_790_000_000.0  # seconds


def settings(home: Path, **changes: object) -> Settings:
    """Settings of an installation in `home`."""
    fields: dict[str, object] = {
        "home": home,
        "port": 0,
        "gateway_port": 0,
        "base_url": "http://localhost:8000",
        "database_url": f"sqlite:///{home / 'carillon.db'}",
        "log_url": "embedded:",
        "cache_url": "memory:",
        "secret_key": b"0" * 64,
        "demo": False,
        "smtp_url": "",
        **changes,
    }
    return Settings(**fields)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the newest schema and a signing key, both slow to make, to be copied."""
    path = tmp_path_factory.mktemp("migrated")
    migrate(f"sqlite:///{path / 'carillon.db'}", HeldClock(NOW))
    (path / "keys").mkdir()
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (path / "keys" / "0123456789abcdef.pem").write_bytes(pem)
    return path


@pytest.fixture
def home(tmp_path: Path, migrated: Path) -> Path:
    return shutil.copytree(migrated, tmp_path / "home")


@pytest.fixture
async def app(home: Path, clock: HeldClock) -> AsyncIterator[App]:
    async with open_app(settings(home), clock) as opened:
        yield opened


@pytest.fixture
def migrated_postgres_url(postgres_url: str) -> Iterator[str]:
    """A database with the newest schema for one test."""
    with engines.database(postgres_url, NOW) as url:
        yield url


@pytest.fixture(params=["embedded", "servers"])
async def each_app(request: pytest.FixtureRequest, home: Path, clock: HeldClock) -> AsyncIterator[App]:
    """The same on both: what is asked of it may not depend on the engine."""
    changes: dict[str, object] = {}
    if request.param == "servers":
        changes = {
            "database_url": request.getfixturevalue("migrated_postgres_url"),
            "cache_url": request.getfixturevalue("redis_url"),
            "log_url": f"{request.getfixturevalue('kafka_url')}?prefix=app-tests.",
        }
    async with open_app(settings(home, **changes), clock) as opened:
        yield opened
