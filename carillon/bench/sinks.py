"""What the sinks of channels have in common: a port of this machine, printed as the first line, until they are told to end."""

import asyncio
import signal
import ssl
import sys
from collections.abc import Callable

import uvloop


def serve(session: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None = None) -> None:
    """Until SIGTERM. The port is the first argument."""

    async def run() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        server = await loop.create_server(session, "127.0.0.1", int(sys.argv[1]), ssl=context)
        print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
        loop.add_signal_handler(signal.SIGTERM, over.set)
        await over.wait()
        server.close()

    uvloop.run(run())
