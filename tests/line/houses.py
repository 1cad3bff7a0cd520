"""Whole houses for the tests of the line: on the embedded engines and on PostgreSQL, Redis and Kafka, with a clock the test owns."""

import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from confluent_kafka.admin import AdminClient

from backend.app import categories
from backend.app.views import Accepted, AddressIn, PersonIn, PreferencesIn, QuietHoursIn
from backend.channels.capture import Behaviour
from backend.clock import HeldClock
from backend.domain.event import EventIn, To
from backend.domain.ids import person_id
from backend.domain.ledger import Ledger, balance
from backend.security.roles import SYSTEM, Actor
from backend.settings import load
from backend.store import space_rows
from carillon.house import House
from tests import engines

SETS = ("embedded", "servers")
NOON = 1_795_608_000.0  # 2026-11-25T12:00:00Z
WAYS = ("email", "push", "sms")
_made = itertools.count(1)


_free: list[str] = []  # prefixes whose topics are there and read to their ends
_used: set[str] = set()
_lived_in: set[str] = set()  # of houses that still stand: another room's end of the run must not take their topics away


@contextlib.contextmanager
def environment(kind: str, home: Path, given: engines.Engines | None = None, again: bool = True, empty: bool = False, **more: str) -> Iterator[dict[str, str]]:
    """The variables of an installation of its own on one set of engines. Topics are made once and used again by the next one, unless
    this one went wrong or may leave something unread (`again` False); `forget_all` removes them at the end of the run. `empty`: the
    database has no tables, so that the house makes them."""
    if kind == "embedded":
        yield {"CARILLON_HOME": str(home), **more}
        return
    found, prefix = given or engines.engines(), _free.pop() if _free and again else f"line{secrets.token_hex(4)}."
    _used.add(prefix)
    _lived_in.add(prefix)
    with engines.database(found.database, None if empty else NOON) as database, engines.numbered_redis(found.cache) as cache:
        yield {
            "CARILLON_HOME": str(home), "CARILLON_DATABASE_URL": database, "CARILLON_CACHE_URL": cache,
            "CARILLON_LOG_URL": f"{found.log}?prefix={prefix}", "CARILLON_SECRET_KEY": secrets.token_hex(32), **more,
        }  # fmt: skip
    _lived_in.discard(prefix)
    if again:
        _free.append(prefix)


def forget_all() -> None:
    """Remove what this run made on the shared broker."""
    for prefix in _used - _lived_in:
        forget_topics(engines.bootstrap(engines.engines().log), prefix)
        _used.discard(prefix)


def forget_topics(servers: str, prefix: str) -> None:
    """Topics with this prefix would burden every later run."""
    admin = AdminClient({"bootstrap.servers": servers})
    mine = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
    if mine:
        for answer in admin.delete_topics(mine).values():
            answer.result(timeout=20)


def member(user: str, space: int = 1) -> Actor:
    """A person in their own inbox."""
    return Actor(space=space, subject=user, role="member", person=person_id(space, user), via="portal")


def admin(space: int = 1) -> Actor:
    return msgspec.structs.replace(SYSTEM, space=space)


def order_shipped(to, **more) -> EventIn:
    """`to`: one user id, a list of them, or a `To`."""
    target = to if isinstance(to, To) else To(users=to) if isinstance(to, list) else To(user=to)
    return EventIn(**{"type": "order.shipped", "category": "orders", "to": target, "title": "Your order is on its way", **more})


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


class Stand:
    """A running house and hands to use it as people and programs would."""

    def __init__(self, house: House, clock: HeldClock, kind: str) -> None:
        self.house, self.clock, self.kind, self.app, self.line = house, clock, kind, house.app, house.line

    @property
    def now(self) -> float:
        return self.clock.now()

    async def settle(self, after: float = 0.0) -> None:
        """Let `after` seconds pass, then wait until nothing is left to do."""
        if after:
            self.clock.move(after)
        await self.house.settle()

    async def person(self, name="", space=1, user="", push=0, **fields) -> str:
        """A new person with a mail address and `push` devices; the user id."""
        user = user or f"{name or 'u'}{next(_made)}"
        fields.setdefault("email", f"{user}@example.com")
        await self.app.people.put(admin(space), user, PersonIn(name=name or user, **fields))
        for n in range(push):
            await self.app.people.put_address(admin(space), user, AddressIn("push", f"device-{user}-{n}"))
        return user

    async def accept(self, *events: EventIn, space=1) -> list[str]:
        """Ids, hexadecimal; a refusal is raised."""
        answers = await self.app.events.accept(admin(space), list(events))
        for answer in answers:
            if not isinstance(answer, Accepted):
                raise answer
        return [answer.id.hex() for answer in answers]

    async def send(self, event: EventIn) -> str:
        """Accept one and wait."""
        (made,) = await self.accept(event)
        await self.settle()
        return made

    async def wish(self, user: str, space=1, **wishes) -> None:
        await self.app.preferences.put(admin(space), user, PreferencesIn(**wishes))

    async def quiet(self, user: str, before=3600.0, after=3600.0) -> float:
        """Quiet hours around now; the second at which they end (whole minutes)."""
        start, end = self.now // 60 * 60 - before, self.now // 60 * 60 + after
        clock = [datetime.fromtimestamp(at, UTC).strftime("%H:%M") for at in (start, end)]
        await self.wish(user, quiet_hours=[QuietHoursIn(*clock)])
        return end

    async def misbehave(self, mode: str, channel="email", seconds=1.0, share=1.0) -> None:
        await self.app.captures.behave(SYSTEM, channel, Behaviour(mode, seconds, share))

    async def event(self, made: str, space=1):
        return await self.app.events.get(admin(space), made)

    async def ledger(self, made: str, space=1) -> dict[str, int]:
        """The columns that are not zero, after seeing that they add up."""
        view = (await self.event(made, space)).ledger
        columns = msgspec.structs.asdict(view)
        assert balance(Ledger(**columns)) == 0, columns
        return {name: n for name, n in columns.items() if n}

    async def units(self, made: str, space=1) -> dict[str, list[str]]:
        """channel -> what became of its units: states, or "skip code"."""
        out: dict[str, list[str]] = {}
        for decision in (await self.event(made, space)).decisions:
            for unit in decision.units:
                said = unit.state or f"{unit.outcome} {unit.reasons[0].code}"
                out.setdefault(unit.channel, []).append(said)
        return out

    async def delivery(self, made: str, channel="email", space=1):
        """The delivery of an event on a channel, with trace and timeline."""
        for decision in (await self.event(made, space)).decisions:
            for unit in decision.units:
                if unit.channel == channel and unit.delivery:
                    return await self.app.deliveries.get(admin(space), unit.delivery)
        raise AssertionError(f"no delivery on {channel}: {await self.units(made, space)}")

    async def inbox(self, user: str, space=1) -> list[str]:
        """Titles, oldest first."""
        titles, after = [], None
        while True:
            page = await self.app.inbox.list(member(user, space), user, after, 200)
            titles += [item.title for item in page.items]
            if page.next is None:
                return titles[::-1]
            after = page.next

    async def captured(self, user: str, channel="email", space=1) -> list[str]:
        """Titles that reached the capture provider for this person."""
        titles, after = [], None
        while True:
            page = await self.app.captures.list(admin(space), channel=channel, after=after, limit=200)
            titles += [item.title for item in page.items if item.user == user]
            if page.next is None:
                return titles
            after = page.next

    async def new_space(self, space: int) -> None:
        def write(tx):
            space_rows.ensure(tx, space, f"space{space}", self.now)
            categories.seed(tx, space, self.now)

        await self.app.facts.content_of(1)  # the reader is warm, as in a process that has run for a while
        await self.app.store.write(write)


@contextlib.asynccontextmanager
async def standing(kind: str, home: Path, given: engines.Engines | None = None, empty: bool = False, **more: str) -> AsyncIterator[Stand]:
    """A house of its own on one set of engines."""
    with environment(kind, home, given, empty=empty, **more) as variables:
        clock = HeldClock(NOON)
        async with House(load(variables), clock) as house:
            yield Stand(house, clock, kind)
            await house.settle()  # nothing unread is left to whoever uses the topics next
