"""The report of the drills: a page with a row for each harm. A whole run writes it anew; a part of one replaces the rows it has tried again."""

import os
import time
from pathlib import Path
from typing import NamedTuple

from tests.drills.load import OPEN_LIMIT

HEAD = f"""# Drills

Written by `make drills`: real processes under load, harmed on purpose. Lost and doubled are judged by two files alone: what the load
client was answered, and what the mail server heard. May be doubled: {OPEN_LIMIT} (attempts a mail server may have open) for each kill of a
process that delivers, and what the mail server itself took without saying so. Back: seconds from the moment named until every person was
written to again. Load is the machine's load average when the row was written, on {{cores}} cores that other programs used as well: seconds
of a row with a high one say more about the machine than about Carillon. A whole run writes all rows; `make drills ARGS='-k disk'` tries a
part again and replaces its rows, so rows may be of different times. A drill that fails leaves no row of its own time.

| what was done | engines | kills | answered 503 | events accepted (202) | heard | lost | doubled | may be doubled | seconds until back | when (UTC) | load |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""
ROW = "| "
RULE = "|---"


class Row(NamedTuple):
    """One harm on one set of engines, and what came of it."""

    what: str
    engines: str
    kills: int
    refused: int
    accepted: int
    heard: int
    lost: int
    doubled: int
    allowed: int
    back: list[float]

    def line(self) -> str:
        seconds = ", ".join(f"{one:.1f}" for one in self.back) or "-"
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
        return f"| {' | '.join(map(str, (*self[:-1], seconds, when, f'{os.getloadavg()[0]:.1f}')))} |"


def name_of(line: str) -> tuple[str, ...]:
    """Which harm a line is about."""
    return tuple(cell.strip() for cell in line.split("|")[1:3])


def lines_of(page: Path) -> list[str]:
    """The rows of a page, without the heads of its columns."""
    if not page.exists():
        return []
    lines = page.read_text().splitlines()
    rules = [at for at, line in enumerate(lines) if line.startswith(RULE)]
    return [line for line in lines[rules[0] + 1 :] if line.startswith(ROW)] if rules else []


def write(page: Path, lines: list[str], whole: bool) -> None:
    """`whole`: these are all the rows there are. Otherwise each takes the place of the one of its name, or stands at the end."""
    rows = {} if whole else {name_of(line): line for line in lines_of(page)}
    rows |= {name_of(line): line for line in lines}
    page.parent.mkdir(exist_ok=True)
    page.write_text(HEAD.format(cores=os.cpu_count()) + "".join(f"{line}\n" for line in rows.values()))
