"""The prebuilt portal on a free port, in front of the real house; built once when its stamp is stale."""

import asyncio
import contextvars
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import pytest
import uvicorn
import uvloop

from backend.api.app import routes
from backend.clock import HeldClock
from carillon import portal_build
from carillon.house import House
from tests.portal.house_stand import open_house


@dataclass
class Served:
    """`base`: the address. `run(coroutine, seconds)`: run it on the server's loop and wait for its result."""

    base: str
    house: House
    clock: HeldClock
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine, seconds=20):
        future: Future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(seconds)


@pytest.fixture(scope="session")
def built() -> None:
    portal_build.build(lambda text: None)


@pytest.fixture(scope="session")
def server(built, tmp_path_factory) -> Iterator[Served]:
    from carillon.portal_serve import portal_app
    from portal.wiring import connect

    ready: Future = Future()
    home = tmp_path_factory.mktemp("home")

    async def serve(sock: socket.socket) -> None:
        base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        house, clock = await open_house(home, base)
        connect(house.app)
        guest = uvicorn.Server(uvicorn.Config(portal_app(routes(house.app), origin=base), log_level="warning", lifespan="on"))
        running = asyncio.ensure_future(guest.serve(sockets=[sock]))
        while not guest.started and not running.done():
            await asyncio.sleep(0.01)
        ready.set_result((Served(base, house, clock, asyncio.get_running_loop()), guest))
        await running
        await house.stop()

    def thread() -> None:
        try:
            with socket.socket() as sock:
                sock.bind(("127.0.0.1", 0))
                uvloop.run(serve(sock))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    # Reflex keeps its registry in a context variable: the server's thread goes on in the one that imported it.
    worker = threading.Thread(target=contextvars.copy_context().run, args=(thread,), name="portal")
    worker.start()
    found, guest = ready.result(60)
    yield found
    guest.should_exit = True
    worker.join(20)
    assert not worker.is_alive()


@pytest.fixture
def served(server) -> Served:
    """The server a minute later, so that no test meets the limit on sign-ins that another one used up."""
    server.loop.call_soon_threadsafe(server.clock.move, 60)
    return server
