"""Processes that we started: recognised later by pid and start time, so that a reused pid is never signalled."""

import asyncio
import contextlib
import os
import signal
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process by pid and the moment it started, as the kernel tells it (opaque text)."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has this pid now; `started` is empty when it is gone already."""
        return cls(pid, _started(pid))

    def as_json(self) -> dict[str, int | str]:
        return asdict(self)

    def alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        with contextlib.suppress(ChildProcessError):  # ours when started by this very process: reap it
            os.waitpid(self.pid, os.WNOHANG)
        return bool(self.started) and _started(self.pid) == self.started

    async def stop(self, by: signal.Signals, patience: float) -> bool:
        """Ask it to end, and kill it when it has not after `patience` seconds. False when it had ended before."""
        if not self.alive():
            return False
        self._signal(by)
        for _ in range(int(patience / 0.05)):
            if not self.alive():
                return True
            await asyncio.sleep(0.05)
        self._signal(signal.SIGKILL)
        return True

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def _started(pid: int) -> str:
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()  # the name before may hold spaces and parentheses
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] == "Z" else fields[19]  # proc(5): state; starttime in clock ticks since boot
    told = subprocess.run(["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return "" if not told or told[0].startswith("Z") else " ".join(told[1:])


def tail(path: Path, lines: int = 15) -> str:
    """The end of a log, for an error to show."""
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
