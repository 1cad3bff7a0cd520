"""The load of a drill, and the judge. The judge reads two files: what the client was answered, and what the mail server heard."""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.drills.plant import Plant
from tests.line.victim import PEOPLE

BATCH = 10
OPEN_LIMIT = 64  # of the mail server: attempts that may be open, and be heard twice, at each kill of a process that delivers
PATIENCE = 240.0  # seconds until all that was accepted must have been heard
LATE = 3.0  # seconds in which nothing more must come once all is there


class Load:
    """Asks without a pause. A batch that nobody answers, or that is refused for now (503), is asked again until it is accepted."""

    def __init__(self, plant: Plant, pause: float = 0.1) -> None:
        self.plant, self.pause = plant, pause
        self.refused = self.unanswered = self.accepted = 0
        self.stop = asyncio.Event()

    async def run(self) -> None:
        ports = itertools.cycle(self.plant.ports if self.plant.kind != "embedded" else self.plant.ports[:1])
        with self.plant.answered.open("a", 1) as file:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
                while not self.stop.is_set():
                    batch = [self._event() for _ in range(BATCH)]
                    while not await self._asked(client, next(ports), batch):
                        await asyncio.sleep(0.2)
                    self.accepted += BATCH
                    file.writelines(f"{time.time():.3f} {event['title']} {event['to']['user']}\n" for event in batch)
                    await asyncio.sleep(self.pause)

    def _event(self) -> dict:
        n = self.plant.made = self.plant.made + 1  # never one of an earlier load: that would be a repeat, and send nothing
        user = f"user{n % PEOPLE}"
        return {
            "type": "order.shipped",
            "category": "orders",
            "to": {"user": user},
            "title": f"Drill-{n}",
            "id": f"d-{n}",
            "channels": ["email"],
        }

    async def _asked(self, client: httpx.AsyncClient, port: int, batch: list[dict]) -> bool:
        head = {"Authorization": f"Bearer {self.plant.token}"}
        try:
            answer = await client.post(f"http://127.0.0.1:{port}/v1/events", json=batch, headers=head)
        except httpx.TransportError:
            self.unanswered += 1
            return False
        if answer.status_code == 503:
            self.refused += 1
            return False
        assert answer.status_code == 202, f"{answer.status_code} {answer.text[:500]}"
        assert all(item.get("id") for item in answer.json()["items"]), answer.text[:500]
        return True


class Mail(NamedTuple):
    """A line of the mail server's file."""

    at: float
    how: str
    delivery: str
    title: str


class Verdict(NamedTuple):
    """Of the last load, by title. `open`: mails that the server took without saying so."""

    accepted: int
    heard: int
    lost: int
    doubled: int
    open: int


def mails(plant: Plant) -> list[Mail]:
    made = []
    for line in plant.heard.read_text().splitlines():
        at, how, delivery, title = line.split(" ", 3)
        made.append(Mail(float(at), how, delivery, title))
    return made


def answers(file: Path) -> dict[str, tuple[float, str]]:
    """Title -> when it was accepted, for whom."""
    return {title: (float(at), user) for at, title, user in (line.split() for line in file.read_text().splitlines())}


def number(title: str) -> int:
    return int(title.partition("-")[2])


def verdict(plant: Plant) -> Verdict:
    accepted = {title for title in answers(plant.answered) if number(title) > plant.before}
    heard = [mail for mail in mails(plant) if number(mail.title) > plant.before]
    times = Counter(mail.title for mail in heard)
    lost = accepted - set(times)
    return Verdict(len(accepted), len(heard), len(lost), sum(times.values()) - len(times), sum(mail.how != "ok" for mail in heard))


def resumed(plant: Plant, at: float) -> float:
    """Seconds from this moment until each person had been written to who was written to at all since: every lane moves again."""
    users = {title: user for title, (_, user) in answers(plant.answered).items()}
    first: dict[str, float] = {}
    for mail in mails(plant):
        if mail.at > at and mail.title in users:
            first.setdefault(users[mail.title], mail.at - at)
    assert len(first) == PEOPLE, f"only {len(first)} of {PEOPLE} people were written to again"
    return max(first.values())


def usual(plant: Plant, since: float, until: float) -> float:
    """The longest that a mail of an unharmed stretch took, from its 202 to the server."""
    accepted = answers(plant.answered)
    took = [
        mail.at - accepted[mail.title][0] for mail in mails(plant) if mail.title in accepted and since <= accepted[mail.title][0] < until
    ]
    return max(took, default=0.0)


@contextlib.asynccontextmanager
async def under_load(plant: Plant, pause: float = 0.1) -> AsyncIterator[Load]:
    """Load from here to the end of the block; then all of it must be heard, and nothing more come."""
    plant.before = plant.made
    load = Load(plant, pause)
    asking = plant.asking = asyncio.create_task(load.run())
    try:
        await until(lambda: load.accepted >= 2 * PEOPLE, asking)
        yield load
    finally:
        load.stop.set()
        await asyncio.wait_for(asking, 120)
        plant.refused = load.refused
    plant.all_live()
    await until(lambda: verdict(plant).lost == 0, patience=PATIENCE, say=lambda: str(verdict(plant)))
    await asyncio.sleep(LATE)


async def moving(plant: Plant, at: float) -> None:
    """Until each person was written to again since that moment."""

    def all_of_them() -> bool:
        plant.all_live()
        with contextlib.suppress(AssertionError):
            return resumed(plant, at) >= 0
        return False

    await until(all_of_them, plant.asking, PATIENCE, lambda: str(verdict(plant)))


async def said(plant: Plant, kind: str) -> str:
    """Until the page Engine finds this (`domain.engine`); what it says of it."""
    found: dict[str, str] = {}
    head = {"Authorization": f"Bearer {plant.token}"}
    limit = time.monotonic() + PATIENCE
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        while kind not in found:
            assert time.monotonic() < limit, f"the page Engine says nothing of {kind}, but {found}"
            await asyncio.sleep(0.2)
            with contextlib.suppress(httpx.TransportError):
                answer = await client.get(f"http://127.0.0.1:{plant.ports[0]}/v1/engine", headers=head)
                assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
                found = {one["kind"]: one["sentence"] for one in answer.json()["findings"]}
    return found[kind]


async def until(so, task: "asyncio.Task[None] | None" = None, patience: float = 120.0, say=lambda: "") -> None:
    limit = time.monotonic() + patience
    while not so():
        if task is not None and task.done():
            task.result()
        assert time.monotonic() < limit, say()
        await asyncio.sleep(0.1)
