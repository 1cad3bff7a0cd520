"""A whole installation of separate processes that a drill may harm: its engines' URLs, its mail server, its processes, its load."""

import asyncio
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from socket import socket
from typing import Any

import msgspec

from carillon.bench.sink_smtp import Manner
from tests.line.houses import environment
from workers.line import STAGES

ROOT = Path(__file__).resolve().parents[2]
APART: dict[str, tuple[str, ...]] = {  # one process for each; the stages are those of `carillon work`
    "decide": ("decide",),
    "deliver": ("deliver",),
    "rest": tuple(name for name in STAGES if name not in ("decide", "deliver")),
}
START = 120.0  # seconds a start may take on a machine that does other things


class Talk:
    """A child that answers each line with lines of its own."""

    def __init__(self, module: str, *args: str, log: Path, environ: dict[str, str]) -> None:
        self.log = log
        self._said = log.open("ab")
        env = {name: value for name, value in os.environ.items() if not name.startswith("CARILLON_")} | environ
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *args], cwd=ROOT, env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said,
        )  # fmt: skip

    def tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.words()
        return line.strip()

    def words(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._said.close()


class Plant:
    """`running` maps a name (`deliver1`) to its pid. `kills`: by name of the stage, how often one was killed."""

    def __init__(self, kind: str, place: Path, variables: dict[str, str], sink: Talk, clock: Path, each: int = 2) -> None:
        self.kind, self.place, self.clock, self._sink, self.each = kind, place, clock, sink, each
        self.variables = variables
        self.heard, self.answered = place / "sink", place / "client"
        self.running: dict[str, int] = {}
        self.kills: dict[str, int] = {}
        self.token = ""
        self.made = self.before = 0  # events of all loads, and of those before the last one
        self.refused = 0  # requests of the last load that were answered 503
        self.asking: asyncio.Task[None] | None = None  # the load, while there is some
        self.ports = [free_port() for _ in range(each)]
        self._furnished = False
        self._yard = Talk("tests.drills.yard", log=place / "log", environ=variables | {"CARILLON_DRILL_CLOCK": str(clock)})
        self._answers: list[dict[str, Any]] = []

    @property
    def names(self) -> list[str]:
        """All that belong to it: on servers so many of each stage and of the entrance, embedded one process."""
        return ["all1"] if self.kind == "embedded" else [f"{kind}{n}" for kind in ("api", *APART) for n in range(1, self.each + 1)]

    async def start(self, *names: str) -> None:
        """Start these, or all that do not run; return when each says that it is ready."""
        for name in names or [name for name in self.names if name not in self.running]:
            await asyncio.to_thread(self._start, name)

    def _start(self, name: str) -> None:
        kind, n = name[:-1], int(name[-1])
        stages: Sequence[str] = STAGES if kind == "all" else APART.get(kind, ())
        port = self.ports[n - 1] if kind in ("all", "api") else 0
        self._yard.tell(json.dumps({"names": list(stages), "port": port, "furnish": bool(port) and not self._furnished}))
        pid = self._hear("pid")["pid"]
        ready = self._hear("ready", "ended")
        assert ready["ready"] == pid, self._yard.words()
        self._furnished |= bool(port)
        self.token = ready["token"]
        self.running[name] = pid

    def _hear(self, *words: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._yard.hear())
        assert any(word in said for word in words), f"{said}\n{self._yard.words()}"
        return said

    async def kill(self, name: str) -> float:
        """SIGKILL; the moment of it."""
        pid = self.running.pop(name)
        at = time.time()
        os.kill(pid, signal.SIGKILL)
        self._yard.tell(json.dumps({"await": pid}))
        ended = (await asyncio.to_thread(self._hear, "ended"))["ended"]
        assert ended == -signal.SIGKILL, f"{name} had ended by itself: {ended}\n{self._yard.words()}"
        self.kills[name[:-1]] = self.kills.get(name[:-1], 0) + 1
        return at

    def all_live(self) -> None:
        """Nothing ended that nobody killed."""
        for name, pid in self.running.copy().items():
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            assert state != "Z", f"{name} ended by itself\n{self._yard.words()}"

    def behave(self, **manner: Any) -> None:
        """The mail server does so from now on; without arguments it is well."""
        self._sink.tell(msgspec.json.encode(Manner(**manner)).decode())
        assert self._sink.hear() == "so"

    def shift_clock(self, seconds: float) -> None:
        """All clocks of the house, seen from the machine's."""
        with self.clock.open("r+b") as file:
            file.write(struct.pack("d", seconds))

    def close(self) -> None:
        self._yard.close()


@contextlib.contextmanager
def plant(kind: str, place: Path, given: Any = None, home: Path | None = None, each: int = 2, **mail: object) -> Iterator[Plant]:
    """`mail`: options of the mail server's URL; `home`: where the data goes, if not beside the files that judge; `each`: processes."""
    place.mkdir(exist_ok=True)
    clock = place / "clock"
    clock.write_bytes(struct.pack("d", 0.0))
    sink = Talk("tests.drills.sink", str(place / "sink"), log=place / "sink.log", environ={})
    try:
        query = "&".join(f"{name}={value}" for name, value in mail.items())
        url = f"smtp://127.0.0.1:{int(sink.hear())}" + (f"?{query}" if query else "")
        same = {"CARILLON_BASE_URL": "http://localhost:8000", "CARILLON_DEMO": "0"}  # two entrances are one house: a token is for both
        with environment(kind, home or place / "home", given, again=False, CARILLON_SMTP_URL=url, **same) as variables:
            made = Plant(kind, place, variables, sink, clock, each)
            try:
                yield made
            finally:
                made.close()
    finally:
        sink.close()


def free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
