"""The judge of the drills, and what each tells the report: `make drills` has it in docs/drills.md, any other run in build/drills.md."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.load import OPEN_LIMIT, Verdict
from tests.drills.plant import Plant
from tests.drills.report import Row, write
from tests.line.houses import SETS, forget_all

ROOT = Path(__file__).resolve().parents[2]
PAGE = os.environ.get("DRILLS_PAGE", "build/drills.md")  # `make drills` sets it
lines: list[str] = []

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
        engines = "SQLite" if plant.kind == "embedded" else "Kafka, PostgreSQL, Redis"
        row = Row(
            what, engines, sum(plant.kills.values()), plant.refused, found.accepted, found.heard, found.lost, found.doubled, allowed, back
        )
        lines.append(row.line())

    return told


def pytest_sessionfinish(session, exitstatus) -> None:
    if lines:
        part = exitstatus or session.config.option.keyword or any(".py" in given for given in session.config.args)
        write(ROOT / PAGE, lines, whole=not part)
