"""Ending what runs beside."""

import asyncio
import contextlib

AGAIN = 1.0  # seconds until one that goes on is cancelled once more


async def ended(*running: "asyncio.Task[None]") -> None:
    """Cancel them, and return when each has ended, whatever it ended by.

    More than once if need be: a cancellation can be lost on the way, and who waited for the end would wait for good. Seen of the guard of providers, on
    servers, when a house was opened and closed at once: it had been cancelled, and slept. What kept the cancellation to itself was not found.
    """
    while going := [one for one in running if not one.done()]:
        for one in going:
            one.cancel()
        await asyncio.wait(going, timeout=AGAIN)
    for one in running:
        with contextlib.suppress(asyncio.CancelledError):
            one.exception()
