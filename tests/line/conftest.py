"""The `stand` of the line's tests: one running house a module and set of engines, put right again after every test."""

import pytest
import pytest_asyncio

from tests.line.houses import SETS, WAYS, Stand, standing


@pytest.fixture(scope="session", params=SETS)
def kind(request) -> str:
    """Each test runs on both sets of engines."""
    return request.param


@pytest.fixture(scope="module")
def line_engines(request, kind):
    """The real engines, asked for only by the set that needs them."""
    return request.getfixturevalue("engines") if kind == "servers" else None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(kind, line_engines, tmp_path_factory):
    async with standing(kind, tmp_path_factory.mktemp("home")) as stand:
        yield stand


@pytest_asyncio.fixture(loop_scope="module")
async def stand(shared: Stand):
    """The module's house, its providers well."""
    yield shared
    for channel in WAYS:
        await shared.misbehave("ok", channel)
