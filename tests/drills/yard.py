"""Where the processes of a drill come from: `python -m tests.drills.yard`. Each is a fork of this one, so that a start costs no imports,
and runs what `carillon serve api` and `carillon work ...` run.

Commands are JSON lines: `{"names": [...], "port": N}` (port 0: no entrance) begins one, `{"await": pid}` reaps one. Answers are JSON lines:
`{"pid"}`, `{"ready": pid, "token"}` by the process itself, `{"ended": code or -signal}`. The clock of all of them is the machine's plus
what stands in the file CARILLON_DRILL_CLOCK: eight bytes, seconds.
"""

import asyncio
import ctypes
import json
import mmap
import os
import signal
import struct
import sys
import time
import traceback

from backend.settings import load
from carillon import run
from tests.line.victim import DIE_WITH_PARENT, people

DAY = 86_400.0


class JumpingClock:
    """The machine's clock, set forward or back by whoever writes the file."""

    def __init__(self, file: str) -> None:
        with open(file, "rb") as opened:  # noqa: PTH123 - a descriptor for mmap
            self._shift = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)

    def now(self) -> float:
        return time.time() + float(struct.unpack("d", self._shift[:8])[0])

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def say(**words) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


def bound() -> None:
    """A process of the yard ends when the yard does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


def live(command: dict) -> None:
    clock = JumpingClock(os.environ["CARILLON_DRILL_CLOCK"])
    run.SystemClock = lambda: clock  # type: ignore[assignment,misc]
    os.environ["CARILLON_PORT"] = str(command["port"] or 8000)

    async def ready(house) -> None:
        if command.get("furnish"):
            await people(house)
        say(ready=os.getpid(), token=house.app.tokens.issue(space=1, subject="load", scopes=("events:write", "operate"), ttl=30 * DAY))

    run.start_logging(as_json=False)
    run.run(load(), ready, entrance="api" if command["port"] else None, names=command["names"])


def main() -> None:
    bound()
    for line in sys.stdin:
        command = json.loads(line)
        if "await" in command:
            say(ended=os.waitstatus_to_exitcode(os.waitpid(command["await"], 0)[1]))
            continue
        pid = os.fork()
        if pid == 0:
            bound()
            code = 1
            try:
                live(command)
                code = 0
            except BaseException:
                traceback.print_exc()
            os._exit(code)
        say(pid=pid)


if __name__ == "__main__":
    main()
