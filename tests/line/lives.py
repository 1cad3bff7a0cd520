"""Hands of the tests that kill: the victim, the mail sink with a file of its own, and the judge of what is left."""

import asyncio
import contextlib
import dataclasses
import json
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


@dataclasses.dataclass
class Install:
    """One installation that is killed again and again."""

    kind: str
    environ: dict[str, str]
    victim: "Victim"
    accepted: Path  # ids, one a line
    taken: Path  # delivery ids that the mail server took, one a line; whole when it has ended
    sink: "subprocess.Popen[str]"
    kills: int = 0

    def begin(self, life: str, **command) -> int:
        """A new life of the victim here; its pid."""
        return self.victim.begin(life=life, environ=self.environ, accepted=str(self.accepted), **command)

    async def ended(self) -> int:
        """How the life ended: its exit code, or minus the signal that killed it."""
        how = await asyncio.to_thread(self.victim.ended)
        self.kills += how == -signal.SIGKILL
        return how

    async def dies(self, life: str, n: int, plan: str) -> None:
        """The life of this number ends by its plan."""
        self.begin(life, n=n, plan=plan)
        assert await self.ended() == -signal.SIGKILL, (plan, self.victim.said())

    async def lives(self, life: str, n: int) -> None:
        """The life of this number ends by itself."""
        self.begin(life, n=n)
        assert await self.ended() == 0, self.victim.said()

    def heard(self) -> list[str]:
        """Delivery ids that the mail server took, in its order. It ends by this."""
        self.sink.terminate()  # writes what it holds
        self.sink.wait(30)
        return self.taken.read_text().split()


class Victim:
    """The process of `victim.py`: its children live in whatever installation a command names."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.line.victim"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        self._path = log
        self.port = self.heard("port")

    def said(self) -> str:
        """The end of what its lives wrote into their log."""
        return self._path.read_text()[-4000:]

    def heard(self, word: str):
        """What the victim says next under this word."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        said = json.loads(line) if line else {}
        assert word in said, f"waited for {word!r}, heard {said}\n{self.said()}"
        return said[word]

    def begin(self, **command) -> int:
        """A new life; its pid."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self.heard("pid")

    def ended(self) -> int:
        """Its exit code, or minus the signal that killed it."""
        return self.heard("ended")

    def close(self) -> None:
        self._process.kill()  # a living child dies with it
        self._process.communicate()
        self._log.close()


@contextlib.contextmanager
def install(kind: str, home: Path, victim: Victim) -> Iterator[Install]:
    """A mail server and engines of its own for the victim."""
    home.mkdir(exist_ok=True)
    taken = home / "sink"
    taken.touch()
    command = [sys.executable, "-m", "carillon.bench.sink_smtp", "0", "--file", str(taken)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout
            url = f"smtp://127.0.0.1:{int(sink.stdout.readline())}"
            with environment(kind, home / "home", again=False, CARILLON_SMTP_URL=url) as variables:
                yield Install(kind, variables, victim, home / "accepted", taken, sink)
        finally:
            sink.terminate()


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


def judge(place: Install, found: Found) -> None:
    """Nothing lost, nothing unaccounted for, nothing twice but what was open at a kill."""
    assert found.accepted
    assert found.lost == []
    assert found.unbalanced == []
    assert found.pending == []
    times = Counter(place.heard())
    assert set(times) <= found.made, "the sink heard deliveries that nobody made"
    assert found.sent - set(times) == set(), "sent, but never heard"
    twice = {made for made, n in times.items() if n > 1}
    assert twice <= found.repeated, f"heard twice, though no attempt was open at a kill: {twice - found.repeated}"
    extra = sum(n - 1 for n in times.values())
    assert extra <= OPEN_LIMIT * place.kills
