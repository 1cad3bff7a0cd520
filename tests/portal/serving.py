"""The prebuilt portal on a free port in front of a real house, on a loop and a thread of its own."""

import asyncio
import contextlib
import contextvars
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import uvicorn
import uvloop

from backend.api.app import routes
from backend.clock import HeldClock
from carillon.house import House

TICK = 0.25  # seconds
_held: list[socket.socket] = []  # kept open: the framework takes the origin it accepts once for the whole process


@dataclass
class Served:
    """`base`: the address. `run(coroutine, seconds)`: run it on the server's loop and wait for its result."""

    base: str
    house: House
    clock: HeldClock
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine, seconds=90):
        future: Future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(seconds)

    @contextlib.contextmanager
    def ticking(self) -> Iterator[None]:
        """Meanwhile the held clock goes as fast as the wall's: what a stage looks for now and then it finds without a test that waits for it."""

        async def tick() -> None:
            while True:
                await asyncio.sleep(TICK)
                self.clock.move(TICK)

        running = asyncio.run_coroutine_threadsafe(tick(), self.loop)
        try:
            yield
        finally:
            running.cancel()


@contextlib.contextmanager
def serving(opened: Callable[[str], Awaitable[tuple[House, HeldClock]]], within: float = 180.0) -> Iterator[Served]:
    """`opened(base)` makes the house at that address; it is stopped at the end. `within`: seconds until it answers."""
    from carillon.portal_serve import portal_app
    from portal.wiring import connect

    ready: Future = Future()

    async def serve(sock: socket.socket) -> None:
        base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        house, clock = await opened(base)
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
            if not _held:
                _held.append(socket.socket())
                _held[0].bind(("127.0.0.1", 0))
            uvloop.run(serve(_held[0].dup()))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    # Reflex keeps its registry in a context variable: the server's thread goes on in the one that imported it.
    worker = threading.Thread(target=contextvars.copy_context().run, args=(thread,), name="portal", daemon=True)  # one that does not end must not keep the run from ending
    worker.start()
    found, guest = ready.result(within)
    try:
        yield found
    finally:
        guest.should_exit = True
        worker.join(90)
    if worker.is_alive():
        raise RuntimeError("the server does not end")
