"""Temporary files of a run lie in memory where there is room, and are gone after it, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import memory

ROOT = Path(__file__).resolve().parents[2]
WRITES = "import os, sys, tempfile, time; d = tempfile.mkdtemp(); print(d, flush=True); {}"


def started(then):
    return subprocess.Popen([sys.executable, "-m", "tests.memory", sys.executable, "-c", WRITES.format(then)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.parametrize(("then", "code"), [("sys.exit(0)", 0), ("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", 137)])
def test_it_ends_as_the_command_does_and_nothing_is_left(then, code):
    with started(then) as run:
        place = Path(run.communicate(timeout=60)[0].strip())
    assert run.returncode == code
    inside = memory.MEMORY in place.parents
    assert not (inside and place.parent.exists())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_clears_away_once_the_command_has_ended(how):
    with started("time.sleep(100)") as run:
        place = Path(run.stdout.readline().strip())
        assert place.exists()
        (os.killpg if how == signal.SIGINT else os.kill)(run.pid, how)  # a terminal tells both
        assert run.wait(60) == 128 + how
    assert not (memory.MEMORY in place.parents and place.parent.exists())


def test_without_room_everything_lies_where_it_lies_otherwise(tmp_path):
    assert memory.ground(tmp_path, room=2**60) is None
    assert memory.ground(tmp_path / "missing") is None
    made = memory.ground(tmp_path, room=1)
    assert made is not None and made.parent == tmp_path
