"""The disk is full; the clock is set forward and back."""

import asyncio
import contextlib
import subprocess
import time
from pathlib import Path

import pytest

from tests.drills.load import moving, resumed, said, under_load, until, verdict
from tests.drills.plant import plant

ROOM = 48  # megabytes of the disk
HOUR = 3_600.0
pytestmark = [pytest.mark.drill, pytest.mark.timeout(1200)]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own that can be filled."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}m", "tmpfs", str(disk)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"A small disk cannot be mounted here (root is needed): {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(file: Path) -> None:
    """Until the last byte: also what a file system lends to small writes."""
    with file.open("ab", 0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    filler.write(b"\0" * size)


async def test_a_full_disk(small_disk, tmp_path, tell):
    with plant("embedded", tmp_path / "place", home=small_disk / "home") as made:
        await made.start()
        async with under_load(made) as load:
            fill(small_disk / "filler")
            await until(lambda: load.refused >= 3, say=lambda: f"accepted {load.accepted}, refused {load.refused}")
            await said(made, "disk")
            assert load.unanswered == 0
            (small_disk / "filler").unlink()
            at = time.time()
            await moving(made, at)
            back = [resumed(made, at)]
        tell("the disk full until three requests were answered 503; back from the moment it had room", made, verdict(made), back)


async def test_a_clock_that_jumps(kind, tmp_path, request, tell):
    if kind == "servers":
        request.getfixturevalue("engines")
    with plant(kind, tmp_path / "place") as made:
        await made.start()
        back = []
        async with under_load(made):
            for shift in (2 * HOUR, 0.0, -2 * HOUR, 0.0):
                await asyncio.sleep(1.0)
                made.shift_clock(shift)
                at = time.time()
                await moving(made, at)
                back.append(resumed(made, at))
        tell("the clock set two hours forward, back, two hours back, forward", made, verdict(made), back)
