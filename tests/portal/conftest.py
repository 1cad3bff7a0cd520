"""The prebuilt portal on a free port, beside a small house; built once when its stamp is stale."""

import asyncio
import contextvars
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
import uvloop

from carillon import portal_build
from tests.portal.house_stand import make_house


@dataclass
class Served:
    """`base`: the address. `run(coroutine)`: run it on the server's loop and wait for its result."""

    base: str
    house: Any
    app: Any
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine):
        future: Future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(20)


@pytest.fixture(scope="session")
def built() -> None:
    portal_build.build(lambda text: None)


@pytest.fixture(scope="session")
def served(built) -> Iterator[Served]:
    from carillon.portal_serve import portal_app
    from portal.wiring import connect

    house = make_house()
    connect(house)
    ready: Future = Future()

    async def serve() -> None:
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        app = portal_app([], origin=base)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", ws="websockets-sansio"))
        running = asyncio.ensure_future(server.serve(sockets=[sock]))
        try:
            while not server.started and not running.done():
                await asyncio.sleep(0.01)
            ready.set_result((Served(base, house, app, asyncio.get_running_loop()), server))
        except BaseException as error:
            ready.set_exception(error)
            raise
        await running

    def thread() -> None:
        try:
            uvloop.run(serve())
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)

    # Reflex keeps its registry in a context variable: the server's thread goes on in the one that imported it.
    worker = threading.Thread(target=contextvars.copy_context().run, args=(thread,), name="portal")
    worker.start()
    found, server = ready.result(60)
    yield found
    server.should_exit = True
    worker.join(20)
    assert not worker.is_alive()
