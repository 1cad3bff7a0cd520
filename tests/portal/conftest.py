"""The prebuilt portal on a free port, in front of the real house; built once when its stamp is stale."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from carillon import portal_build
from portal import wiring
from portal.wiring import connect
from tests.portal.house_stand import open_house
from tests.portal.serving import Served, serving


@pytest.fixture(scope="session")
def built() -> None:
    portal_build.build(lambda text: None)


@pytest.fixture(scope="session")
def server(built, tmp_path_factory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    with serving(lambda base: open_house(home, base)) as found:
        yield found


@pytest.fixture
def served(server) -> Served:
    """The server a minute later, so that no test meets the limit on sign-ins that another one used up."""
    server.loop.call_soon_threadsafe(server.clock.move, 60)
    return server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory):
    """A house without a server in front of it: handlers of pages are called as the framework calls them."""
    house, _ = await open_house(tmp_path_factory.mktemp("home"), "http://127.0.0.1:8000")
    before = wiring._live  # the server of other modules goes on after this one
    connect(house.app)
    yield house
    wiring._live = before
    await house.stop()
