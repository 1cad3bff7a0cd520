"""`python -m tests.memory COMMAND...`: run it with its temporary files in memory, where there is room; exit as it exits.

Engines and houses of tests are durable as in production, and so they wait for a disk some hundred thousand times in a run, though what they keep
is gone a minute later. No test needs what a power cut would leave. Whatever is left is removed at the end.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 6 * 2**30  # bytes; a run takes less than a third of it, and other programs want some


def ground(memory: Path = MEMORY, room: int = ROOM) -> Path | None:
    """A new folder in memory, or none where that is not to be had: other systems, containers with little of it."""
    if not memory.is_dir() or not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < room:
        return None
    made = Path(tempfile.mkdtemp(prefix="carillon-", dir=memory))
    made.chmod(0o711)  # PostgreSQL runs as another user when we are root
    return made


def main(command: list[str]) -> int:
    """Its exit code, as a shell tells it."""
    place = ground()
    try:
        with subprocess.Popen(command, env=os.environ | ({"TMPDIR": str(place)} if place else {})) as child:
            signal.signal(signal.SIGINT, lambda *_: None)  # a terminal sends Ctrl-C to the command as well: let it end, then clean up
            signal.signal(signal.SIGTERM, lambda *_: child.terminate())
            code = child.wait()
    finally:
        if place:
            shutil.rmtree(place, ignore_errors=True)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
