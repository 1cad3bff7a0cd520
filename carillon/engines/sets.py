"""A set of engines as one: start what does not run, all at once; stop what we started."""

import asyncio
import contextlib
import shlex
import signal
from collections.abc import Collection, Coroutine
from typing import Any

from carillon.engines import kafka, postgres, redis
from carillon.engines.home import Home, private
from carillon.engines.processes import Process
from carillon.engines.programs import ensure

ALL = ("postgres", "kafka", "redis")
LEADS = {"postgres": "CARILLON_DATABASE_URL", "redis": "CARILLON_CACHE_URL", "kafka": "CARILLON_LOG_URL"}
NEEDED = {"postgres": ("PostgreSQL",), "redis": ("Redis",), "kafka": ("Java",)}
STOPS = {"postgres": postgres.STOP}  # the others end in order at SIGTERM
PATIENCE = 20.0  # seconds


async def up(home: Home, *, brokers: int | None = None, base_port: int | None = None, only: Collection[str] = ALL) -> dict[str, str]:
    """Start the engines that do not run and return once each answers; the variables that lead to them.

    `brokers` 1 or 3 (default: as the home was made, else 1). What was started is kept even when another one failed: `down` finds it.
    """
    with home.locked():
        home.choose(brokers, base_port)
        absent = [name for name in only if name == "kafka" or not home.running(name)]
        if absent:
            ensure([need for name in absent for need in NEEDED[name]])
        outcomes = await asyncio.gather(*(_start(home, name) for name in absent), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, dict):
                home.processes |= outcome
        home.save()
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        secret = {"CARILLON_SECRET_KEY": home.secret_key}
        running = {LEADS[name.rstrip("123")] for name in home.processes}
        kept = {variable: url for variable, url in home.urls.items() if variable in running} | secret
        private(home.path / "env", "".join(f"{line}\n" for line in exports(kept)))
    return {LEADS[name]: home.urls[LEADS[name]] for name in ALL if name in only} | secret


async def down(home: Home) -> list[str]:
    """Stop what `up` started in this home, and nothing else; the names of those that still ran."""
    with home.locked():
        stops: list[Coroutine[Any, Any, bool]] = [
            process.stop(STOPS.get(name, signal.SIGTERM), PATIENCE) for name, process in home.processes.items()
        ]
        ran = await asyncio.gather(*stops)
        names = [name for name, was_running in zip(home.processes, ran, strict=True) if was_running]
        home.processes.clear()
        if home.base:
            home.save()
        with contextlib.suppress(FileNotFoundError):
            (home.path / "env").unlink()  # it would lead to engines that are gone
    return names


def exports(variables: dict[str, str]) -> list[str]:
    """Lines for a shell."""
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


async def _start(home: Home, name: str) -> dict[str, Process]:
    if name == "kafka":
        return await kafka.start(home)
    return {name: await (postgres.start(home) if name == "postgres" else redis.start(home))}
