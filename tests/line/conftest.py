"""The `stand` of the line's tests: one running house for each set of engines, put right again after every test."""

import pytest
import pytest_asyncio

from backend.store import partitions
from tests.line.houses import SETS, WAYS, Stand, forget_all, standing
from tests.line.lives import Victim, install


@pytest.fixture(scope="session", params=SETS)
def kind(request) -> str:
    """Each test runs on both sets of engines."""
    return request.param


@pytest.fixture(scope="session")
def line_engines(request, kind):
    """The real engines, asked for only by the set that needs them."""
    return request.getfixturevalue("engines") if kind == "servers" else None


@pytest.fixture(scope="session", autouse=True)
def broker():
    """What the run made on the broker is removed at its end, when nobody makes topics any more."""
    yield
    forget_all()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(kind, line_engines, tmp_path_factory):
    async with standing(kind, tmp_path_factory.mktemp("home"), empty=True) as stand:
        yield stand


@pytest_asyncio.fixture(loop_scope="session")
async def stand(shared: Stand):
    """The house of the session, with day partitions around its clock; its providers are well again afterwards."""
    await shared.app.store.write(lambda tx: partitions.ensure(tx, shared.now) and None)
    yield shared
    for channel in WAYS:
        await shared.misbehave("ok", channel)


@pytest.fixture(scope="session")
def victim(tmp_path_factory):
    """One process for all that are killed: it costs its imports once."""
    made = Victim(tmp_path_factory.mktemp("victim") / "log")
    yield made
    made.close()


@pytest.fixture
def place(kind, line_engines, tmp_path, victim):
    """An installation of its own that is killed."""
    with install(kind, tmp_path / "place", victim) as made:
        yield made
