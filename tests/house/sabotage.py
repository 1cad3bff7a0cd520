"""Breaks each promise on a copy of the tree and sees its test go red: `make sabotage`, or `python -m tests.house.sabotage WORD...`.

A test that stays green guards nothing: exit 1. First every named test must be green on an unbroken copy, or red would say nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests import engines
from tests.house.broken import BREAKS, Break

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("alembic", "backend", "carillon", "deploy", "tests", "workers", "portal", "docs", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "*.egg-info", "e2e", ".web")
TOGETHER = 2  # copies tested at once
PATIENCE = 240  # seconds for one test; a patch that makes it wait for good is red by this
FAILED = 1  # pytest: tests ran and some failed; anything else is a mistake of the patch


class Misfit(Exception):
    """A patch no longer fits the code it breaks."""


@contextmanager
def copy(edits: Iterable[tuple[str, str, str]] = ()) -> Iterator[Path]:
    """A copy of the tree with these edits."""
    with tempfile.TemporaryDirectory(prefix="sabotage") as place:
        to = Path(place)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, to / part, ignore=LEFT_OUT)
            elif source.exists():
                shutil.copy2(source, to / part)
        for file, old, new in edits:
            path = to / file
            text = path.read_text()
            if text.count(old) != 1:
                raise Misfit(f"{file} holds {text.count(old)} times: {old.strip()!r}. Write the patch anew in tests/house/broken.py.")
            path.write_text(text.replace(old, new))
        yield to


def run(place: Path, tests: Iterable[str], patience: float = PATIENCE) -> tuple[int, str]:
    """(pytest's exit code, what it said)."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider", *tests]
    environ = os.environ | {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=place, env=environ, capture_output=True, text=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired as late:
        return FAILED, f"E  it hung for {late.timeout:.0f} seconds"
    return done.returncode, done.stdout + done.stderr


def why(said: str) -> str:
    """What pytest found wrong: red for another reason than the broken promise proves nothing, so it is shown."""
    return next((line[1:].strip() for line in said.splitlines() if line.startswith("E  ")), "")[:160]


def goes_red(one: Break) -> tuple[Break, bool, str]:
    """Break it, and look."""
    try:
        with copy(one.edits) as place:
            code, said = run(place, [one.test])
    except Misfit as misfit:
        return one, False, str(misfit)
    return one, code == FAILED, said


def main(words: list[str]) -> int:
    chosen = [one for one in BREAKS if not words or any(word in one.name or word == str(one.promise) for word in words)]
    if any("[servers" in one.test for one in chosen):  # a copy would start engines of its own
        for kind, url in engines.engines()._asdict().items():
            os.environ[engines.VARIABLES[kind]] = url
    started = time.monotonic()
    print(f"{len(chosen)} ways to break {len({one.promise for one in chosen})} promises")
    with copy() as place:
        code, said = run(place, sorted({one.test for one in chosen}), patience=PATIENCE * 4)
    if code:
        print(f"The tests are not green on the tree as it is:\n{said[-3000:]}")
        return 1
    green = 0
    with ThreadPoolExecutor(TOGETHER) as together:
        for one, red, said in together.map(goes_red, chosen):
            print(f"{'red  ' if red else 'GREEN'}  {one.promise}  {one.name}  ({one.test})", flush=True)
            if red:
                print(f"       {why(said)}", flush=True)
            else:
                green += 1
                print(said[-2000:])
    print(f"{len(chosen) - green} of {len(chosen)} went red in {time.monotonic() - started:.0f} s")
    return 1 if green else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
