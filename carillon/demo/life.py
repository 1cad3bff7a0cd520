"""The life of the demo beside everything else: the crowd and its history are written once, then a few events a minute come in.

Everything it does is asked of the mark first, so `carillon demo stop` ends it within seconds, here or from another process.
"""

import logging
from collections.abc import Callable, Sequence
from random import Random

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.demo import AWAY, PROGRESS, USUAL, goes_on, stage
from backend.channels.capture import Behaviour
from backend.domain.errors import Refusal, Unavailable
from backend.domain.event import EventIn, To
from backend.store import captures, marks, persons
from backend.store.port import Tx
from carillon import demo
from carillon.demo import people, plot
from carillon.demo.campaigns import count_again, seed_shelf
from carillon.demo.cast import PEOPLE, Someone, crowd
from carillon.demo.history import TURN, History, Stopped
from carillon.demo.leaves import some_leave
from carillon.demo.plot import STORIES, Size

log = logging.getLogger("carillon")

SLOT = 15.0  # seconds; at most one event each, the same for every process that has the same idea
LOOK = 3.0  # seconds between looks at whether the demo goes on
SOME = 100  # people written in one transaction
CYCLE, AWAY_SLOTS = 60, 6  # slots: of fifteen minutes the push provider is away for one and a half
Told = Callable[[str, int, int], None]


class Life:
    """`run` until it is cancelled. `told(what, done, of)` hears how far the seeding is."""

    def __init__(self, app: App, size: Size, told: Told | None = None) -> None:
        self._app, self._size, self._told = app, size, told or _nobody
        self._seeded, self._slot = False, 0

    async def run(self) -> None:
        """Seed, then stream; wait while the demo is stopped."""
        while True:
            try:
                if await self._app.store.read(stage) != "on":
                    self._seeded = False
                elif not self._seeded:
                    await self.seed()
                    self._seeded = True
                else:
                    await self.tick()
            except Stopped:
                continue
            except Unavailable as away:
                log.warning("the demo waits: %s", away.detail)
            except Refusal as refusal:  # somebody changed what it builds on; the rest of the house is not touched by that
                log.warning("the demo leaves something out: %s", refusal.detail)
            await self._app.clock.sleep(LOOK)

    async def seed(self) -> None:
        """Everything that is missing; raises `Stopped` when somebody stops it. What is there already is not made again."""
        await demo.seed_rest(self._app)
        await self._crowd()
        await self._known()
        if await self._app.store.read(goes_on):
            await seed_shelf(self._app)

        async def told(done: int, of: int) -> None:
            self._told("history", done, of)

        history = History(self._app, self._size, goes_on)
        await history.write(told)
        await some_leave(self._app, self._size.days, await history.start())
        await count_again(self._app)

    async def _crowd(self) -> None:
        done = await self._app.store.read(lambda tx: int(marks.get(tx, PROGRESS[0]) or 0))
        if done >= self._size.people:
            return
        everybody = list(enumerate(crowd(self._size.people)))
        known = await self._app.store.read(people.known_categories)
        for n in range(done, len(everybody), SOME):
            some = people.ready(self._app, everybody[n : n + SOME], self._app.clock.now(), known)

            def write(tx: Tx, upto: int = n + len(some), some: list[people.Ready] = some) -> None:
                if not goes_on(tx):
                    raise Stopped
                people.write_crowd(tx, some, self._app.clock.now())
                marks.put(tx, PROGRESS[0], str(upto))

            await self._app.store.write(write, turn=TURN)
            self._told("people", n + len(some), len(everybody))
        if not done:
            await self._app.store.write(lambda tx: marks.put(tx, PROGRESS[2], "1"), turn=TURN)

    async def _known(self) -> None:
        """What rules ask of the crowd, where it was made before they could ask: its campaigns name people by that."""
        mark = PROGRESS[2]
        if await self._app.store.read(lambda tx: marks.get(tx, mark)) is not None:
            return
        everybody = list(crowd(self._size.people))
        for n in range(0, len(everybody), SOME):
            some = everybody[n : n + SOME]

            def write(tx: Tx, some: Sequence[Someone] = some) -> list[int]:
                if not goes_on(tx):
                    raise Stopped
                return people.fill_known(self._app, tx, some)

            changed = await self._app.store.write(write, turn=TURN)
            if changed:
                await self._app.facts.forget([(MAIN, person) for person in changed])
        await self._app.store.write(lambda tx: marks.put(tx, mark, "1"), turn=TURN)

    # ---- the stream
    async def tick(self) -> bool:
        """The event of this slot, if it has one and was not handed in yet; whether there was one."""
        slot = int(self._app.clock.now() // SLOT)
        if slot == self._slot or not await self._app.store.read(goes_on):
            return False
        self._slot = slot
        await self._app.store.write(lambda tx: _weather(tx, slot), turn=TURN)
        rng = Random(f"slot {slot}")  # noqa: S311 - whoever runs the demo beside us must make the same event
        if rng.random() > 0.8:
            return False
        story = rng.choices(list(STORIES.values()), [one.weight for one in STORIES.values()])[0]
        user = await self._user(rng)
        item = EventIn(
            type=story.type, category=story.category, to=To(user=user), id=f"demo-{slot}", priority=story.priority, template=story.template,
            data=plot.data_of(story.template, rng, self._app.clock.now()),
        )  # fmt: skip
        for answer in await self._app.events.accept(people.BY, [item]):
            if isinstance(answer, Refusal):
                raise answer
        return True

    async def _user(self, rng: Random) -> str:
        """One of the demo's people: often one of the twelve, since those are looked at."""
        if rng.random() < 0.25:
            return rng.choice(PEOPLE).user
        everybody = [one.user for one in crowd(min(self._size.people, 400))]
        wanted = rng.choice([*everybody, *(one.user for one in PEOPLE)])
        row = await self._app.store.read(lambda tx: persons.get(tx, MAIN, people.person_of(wanted)))
        return wanted if row is not None and row.demo and row.erased is None else PEOPLE[0].user


def _nobody(what: str, done: int, of: int) -> None:
    """Hears it."""


def _weather(tx: Tx, slot: int) -> None:
    """The push provider is away now and then; what somebody told it stays."""
    wanted = AWAY if slot % CYCLE < AWAY_SLOTS else USUAL
    told = captures.behaviour(tx, "push")
    if told != wanted and told in (AWAY, USUAL, Behaviour()) and goes_on(tx):
        captures.behave(tx, "push", wanted)
