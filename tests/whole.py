"""All tests as CI runs them: `python -m tests.whole [what pytest takes]`.

They are run in parts, two at a time, each in a process of its own: a test waits for engines, browsers and mail servers most of the time,
and one process leaves a core idle. What a part said is shown when it ends. Where tests are named, there is one part: those.

What fails beside 5,000 others is run once more, alone, in a process of its own: whoever reads the run learns at once whether the code is
broken or the test raced something, and a race on a busy machine does not stop everybody. It is named in either case, for it is a
fault to be found, and more than `FEW` of them fail the run without a second look.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
import pytest

FEW = 2
HANDS = 2  # parts at a time: engines and browsers want their share of two cores as well
TESTS = Path("tests")
PARTS = (("line",), ("portal/e2e",), (), ("portal", "demo"), ("contracts", "stages", "migrations"))  # what takes longest begins first; () is all the others


class Part(NamedTuple):
    """Some of the tests in one process: what it is called, what it takes."""

    name: str
    args: list[str]


class Ended(NamedTuple):
    """How a part ended: its code as pytest means it, the ids of what failed, seconds."""

    name: str
    code: int
    failed: list[str]
    took: float


class Failures:
    """A plugin that keeps the ids of the tests that failed, in their order."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.ids:
            self.ids.append(report.nodeid)


def parts(root: Path = TESTS) -> list[Part]:
    """Every test below `root` in exactly one of them."""
    rooms = sorted({path.relative_to(root).parts[0] for path in root.rglob("test_*.py") if "node_modules" not in path.parts})
    named = [tuple(place for place in places if (root / place).exists()) for places in PARTS]
    alone = {place for places in named for place in places}
    named[PARTS.index(())] = tuple(room for room in rooms if room not in alone)
    return [_part(root, places, alone) for places in named if places]


def _part(root: Path, places: Sequence[str], alone: set[str]) -> Part:
    elsewhere = [one for one in sorted(alone - {*places}) if any(one.startswith(f"{place}/") for place in places)]
    return Part(", ".join(places), [*(str(root / place) for place in places), *(f"--ignore={root / one}" for one in elsewhere)])


def main(args: list[str]) -> int:
    """The exit code, as pytest means it."""
    named = any(Path(one.partition("::")[0]).exists() for one in args if not one.startswith("-"))
    with tempfile.TemporaryDirectory() as scratch:
        try:
            ended = asyncio.run(_all([Part("what was named", [])] if named else parts(), args, Path(scratch)))
        except KeyboardInterrupt:
            return int(pytest.ExitCode.INTERRUPTED)
    for one in ended:
        click.echo(f"{one.took / 60:5.1f} min  {one.name}")
    worst = max((one.code for one in ended if one.code != pytest.ExitCode.NO_TESTS_COLLECTED), default=pytest.ExitCode.NO_TESTS_COLLECTED)
    failed = [name for one in ended for name in one.failed]
    if worst != pytest.ExitCode.TESTS_FAILED or not 0 < len(failed) <= FEW:
        return int(worst)
    broken = [one for one in failed if subprocess.run([sys.executable, "-m", "pytest", one], check=False).returncode]
    for one in failed:
        click.echo(f"FAILED TWICE  {one}" if one in broken else f"FAILED BESIDE THE OTHERS, PASSED ALONE  {one}: find what it raced")
    return int(pytest.ExitCode.TESTS_FAILED if broken else pytest.ExitCode.OK)


async def _all(waiting: Sequence[Part], args: Sequence[str], scratch: Path) -> list[Ended]:
    left, ended = deque(enumerate(waiting)), []

    async def hand() -> None:
        while left:
            n, part = left.popleft()
            ended.append(await _run(part, args, scratch / str(n), at_once=len(waiting) == 1))

    async with asyncio.TaskGroup() as hands:
        for _ in range(HANDS):
            hands.create_task(hand())
    return ended


async def _run(part: Part, args: Sequence[str], file: Path, *, at_once: bool) -> Ended:
    """One part; it says what it says `at_once`, or when it is over."""
    began, said = time.monotonic(), file.with_suffix(".said")
    command = [sys.executable, "-m", "tests.whole", "--part", str(file), *part.args, *args]
    with said.open("wb") as out:
        where = {} if at_once else {"stdout": out, "stderr": out}
        child = await asyncio.create_subprocess_exec(*command, start_new_session=True, **where)  # a terminal's Ctrl-C reaches it once: from here
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGINT)
            await child.wait()
            raise
        finally:
            click.echo(f"\n--- {part.name}\n{said.read_text(errors='replace')}", nl=False)
    failed = file.read_text().splitlines() if file.exists() else []
    return Ended(part.name, code if code >= 0 else 128 - code, failed, time.monotonic() - began)


def _inside(file: str, args: list[str]) -> int:
    """A part's own process: pytest, and what failed in `file`."""
    failures = Failures()
    code = pytest.main(args, plugins=[failures])
    Path(file).write_text("".join(f"{one}\n" for one in failures.ids))
    return int(code)


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(_inside(given[1], given[2:]) if given[:1] == ["--part"] else main(given))
