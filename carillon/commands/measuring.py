"""Measuring and breaking on purpose: what `make bench` and `make drills` run, by name."""

import subprocess
import sys
from importlib.util import find_spec

import click

from carillon.portal_build import ROOT

OURS = {"ignore_unknown_options": True}


@click.command(context_settings=OURS)
@click.argument("name", nargs=-1, type=click.UNPROCESSED)
def bench(name: tuple[str, ...]) -> None:
    """Measure NAME on this machine; without NAME all of them. Options after it are the benchmark's own."""
    if find_spec("carillon.bench.__main__") is None:
        raise click.ClickException("This installation has no benchmarks. They are part of the source tree: make bench")
    sys.exit(subprocess.run([sys.executable, "-m", "carillon.bench", *name], check=False).returncode)


@click.command(context_settings=OURS)
@click.argument("name", nargs=-1, type=click.UNPROCESSED)
def drill(name: tuple[str, ...]) -> None:
    """Kill real processes and count what is lost or doubled: the drill NAME, or all. Needs the source tree with its tests (make drills)."""
    if not (ROOT / "tests").is_dir() or find_spec("pytest") is None:
        raise click.ClickException("Drills are part of the source tree and its tests. Run them there: make drills")
    only = ["-k", " ".join(name)] if name else []
    places = ["-o", "python_files=test_*.py drill_*.py", "tests/line", "tests/drills"]
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "-m", "drill", "-q", *places, *only], cwd=ROOT, check=False).returncode)
