"""Hands of the tests that kill: the victim, the mail sink with a file of its own, and the judge of what is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from backend.clock import HeldClock
from backend.domain.delivery import State
from backend.domain.ledger import balance, ledger_of
from backend.settings import load
from backend.store.tables import attempts, deliveries, events, notifications
from carillon.house import House
from tests.line.houses import environment

ROOT = Path(__file__).resolve().parents[2]
OPEN_LIMIT = 64  # of the SMTP provider: attempts that may be heard twice, for each kill
EMAIL = 2


class Install(NamedTuple):
    """One installation that is killed again and again."""

    kind: str
    environ: dict[str, str]
    victim: "Victim"
    accepted: Path  # ids, one a line
    sink: Path  # delivery ids that the mail server took, one a line


class Victim:
    """The process of `victim.py`."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.line.victim"], cwd=ROOT, env=os.environ | environ,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        self.log = log
        self.port = self.heard("port")
        self.kills = 0

    def heard(self, word: str):
        """What the victim says next under this word."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        said = json.loads(line) if line else {}
        assert word in said, f"waited for {word!r}, heard {said}\n{self.log.read_text()[-4000:]}"
        return said[word]

    def begin(self, **command) -> int:
        """A new life; its pid."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self.heard("pid")

    def ended(self) -> int:
        """Its exit code, or minus the signal that killed it."""
        how = self.heard("ended")
        self.kills += how == -signal.SIGKILL
        return how

    def close(self) -> None:
        self._process.kill()  # a living child dies with it
        self._process.communicate()
        self._log.close()


@contextlib.contextmanager
def install(kind: str, home: Path) -> Iterator[Install]:
    """A sink and a victim on engines of their own."""
    home.mkdir(exist_ok=True)
    sink_file = home / "sink"
    sink_file.touch()
    command = [sys.executable, "-m", "carillon.bench.sink_smtp", "0", "--file", str(sink_file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout
            url = f"smtp://127.0.0.1:{int(sink.stdout.readline())}"
            with environment(kind, home / "home", again=False, CARILLON_SMTP_URL=url) as variables:
                victim = Victim(variables, home / "victim.log")
                try:
                    yield Install(kind, variables, victim, home / "accepted", sink_file)
                finally:
                    victim.close()
        finally:
            sink.terminate()  # writes what it holds


async def rest(place: Install, now: float) -> "Found":
    """Let a last, unharmed house finish everything, and look at what there is."""
    async with House(load(place.environ), HeldClock(now)) as house:
        await house.line.settle(60.0)
        house.clock.move(3 * 3600.0)  # what waits for another try
        await house.line.settle(60.0)
        ids = sorted({bytes.fromhex(line) for line in place.accepted.read_text().split()})
        return await house.app.store.read(lambda tx: _found(tx, ids))


class Found(NamedTuple):
    """`lost`: accepted ids without an event; `unbalanced`, `pending`: ids of events; `sent`: deliveries by mail that say so;
    `repeated`: deliveries with an attempt of unknown end."""

    accepted: int
    lost: list[str]
    unbalanced: list[str]
    pending: list[str]
    sent: set[str]
    made: set[str]
    repeated: set[str]


def _found(tx, ids) -> Found:
    e, n, d, a = events.c, notifications.c, deliveries.c, attempts.c
    rows = {row.id: row for row in tx.conn.execute(select(e.id, e.recipients, e.duplicate_of))}
    decided: dict[bytes, list] = defaultdict(list)
    event_of = {}
    for row in tx.conn.execute(select(n.id, n.event, n.planned, n.skipped)):
        decided[row.event].append(row)
        event_of[row.id] = row.event
    states: dict[bytes, Counter] = defaultdict(Counter)
    mails: dict[int, set[str]] = defaultdict(set)
    for row in tx.conn.execute(select(d.id, d.notification, d.channel, d.state)):
        states[event_of[row.notification]][row.state] += 1
        if row.channel == EMAIL:
            mails[row.state].add(row.id.hex())
    lost, unbalanced, pending = [], [], []
    for made in ids:
        row = rows.get(made)
        if row is not None and row.duplicate_of is not None:
            row = rows.get(row.duplicate_of)
        if row is None:
            lost.append(made.hex())
            continue
        mine = decided[row.id]
        planned, skipped = sum(one.planned for one in mine), sum(one.skipped for one in mine)
        ledger = ledger_of(planned, states[row.id], skipped, row.recipients, len(mine))
        if balance(ledger) or not ledger.planned:
            unbalanced.append(f"{made.hex()} {ledger}")
        if ledger.pending:
            pending.append(f"{made.hex()} {ledger}")
    unknown = {made.hex() for (made,) in tx.conn.execute(select(a.delivery).where(a.outcome == State.UNKNOWN))}
    sent = mails[State.SENT] | mails[State.DELIVERED]
    return Found(len(ids), lost, unbalanced, pending, sent, set().union(*mails.values()), unknown)


def judge(place: Install, found: Found, heard: list[str]) -> None:
    """Nothing lost, nothing unaccounted for, nothing twice but what was open at a kill."""
    assert found.accepted
    assert found.lost == []
    assert found.unbalanced == []
    assert found.pending == []
    times = Counter(heard)
    assert set(times) <= found.made, "the sink heard deliveries that nobody made"
    assert found.sent - set(times) == set(), "sent, but never heard"
    twice = {made for made, n in times.items() if n > 1}
    assert twice <= found.repeated, f"heard twice, though no attempt was open at a kill: {twice - found.repeated}"
    extra = sum(n - 1 for n in times.values())
    assert extra <= OPEN_LIMIT * place.victim.kills
