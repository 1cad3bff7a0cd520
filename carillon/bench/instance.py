"""A real `carillon up` on a home that was prepared before, and a client that is signed in to it."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket

import httpx

from carillon import local

START = 120  # seconds; the first start of a checkout builds the portal


class Instance:
    """`pid`, and `client` whose requests carry the credential of HOME."""

    def __init__(self, pid: int, client: httpx.AsyncClient) -> None:
        self.pid, self.client = pid, client


@asynccontextmanager
async def instance(variables: dict[str, str], home: Path, *words: str) -> AsyncIterator[Instance]:
    """`carillon up`, or what `words` say. Started when it says that it is open, ended in order. Raises `RuntimeError` with its last words when it does not start."""
    port = _free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("CARILLON_")} | variables | {"CARILLON_PORT": str(port)}
    command = [sys.executable, "-m", "carillon.cli", *(words or ["up"]), "--json"]
    with (home / "log").open("w+") as log:
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: ASYNC220
        assert process.stdout is not None
        try:
            if not process.stdout.readline():
                log.seek(0)
                raise RuntimeError(f"carillon {' '.join(words) or 'up'} did not start: {log.read()[-2000:]}")
            known = local.read(home)
            assert known is not None
            head = {"Authorization": f"Bearer {known.token}"}
            async with httpx.AsyncClient(base_url=known.address, headers=head, timeout=60.0, trust_env=False) as client:
                yield Instance(process.pid, client)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)  # what a mail server has and does not answer is waited for
            process.stdout.close()


def _free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
