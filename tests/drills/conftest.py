"""The report of the drills: each tells one row; at the end of the run they stand in build/drills.md, of a whole run in docs/drills.md."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.load import OPEN_LIMIT, Verdict
from tests.drills.plant import Plant
from tests.line.houses import SETS, forget_all

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# Drills

Written by `make drills`: real processes under load, harmed on purpose. Lost and doubled are judged by two files alone: what the load
client was answered, and what the mail server heard. May be doubled: {limit} (attempts a mail server may have open) for each kill of a
process that delivers, and what the mail server itself took without saying so. Back: seconds from the moment named until every person was
written to again. The load average at the end was {load:.1f} on {cores} cores.

| what was done | engines | kills | accepted (202) | heard | lost | doubled | may be doubled | seconds until back |
|---|---|---|---|---|---|---|---|---|
"""
PAGE = os.environ.get("DRILLS_PAGE", "")  # `make drills` sets it: where the report of a whole run goes
rows: list[str] = []

Tell = Callable[..., None]


@pytest.fixture(scope="session", params=SETS)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="session", autouse=True)
def broker():
    yield
    forget_all()


def judged(plant: Plant, found: Verdict, *, mistaken: int = 0) -> int:
    """Nothing lost, nothing doubled but what may be; how much that is. `mistaken`: what else may be, for a reason the drill gives."""
    kills = plant.kills.get("deliver", 0) + plant.kills.get("all", 0)
    allowed = OPEN_LIMIT * kills + found.open + mistaken
    assert found.accepted
    assert found.lost == 0, found
    assert found.doubled <= allowed, found
    return allowed


@pytest.fixture
def tell() -> Tell:
    """A row of the report, once the judge agrees."""

    def told(what: str, plant: Plant, found: Verdict, back: list[float], **more: int) -> None:
        allowed = judged(plant, found, **more)
        kills = sum(plant.kills.values())
        engines = "SQLite" if plant.kind == "embedded" else "Kafka, PostgreSQL, Redis"
        seconds = ", ".join(f"{one:.1f}" for one in back) or "-"
        cells = (what, engines, kills, found.accepted, found.heard, found.lost, found.doubled, allowed, seconds)
        rows.append(f"| {' | '.join(map(str, cells))} |\n")

    return told


@pytest.fixture(scope="session", autouse=True)
def report(request):
    yield
    if not rows:
        return
    whole = not request.config.option.keyword and not request.session.testsfailed
    page = ROOT / (PAGE if PAGE and whole else "build/drills.md")
    page.parent.mkdir(exist_ok=True)
    page.write_text(HEAD.format(limit=OPEN_LIMIT, load=os.getloadavg()[0], cores=os.cpu_count()) + "".join(rows))
