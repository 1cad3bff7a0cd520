"""Thirty days of history, written in portions: each one transaction with the mark of how far it is, so that nothing is there twice
whenever it is stopped, and every number is true to the rows: they are written by the writers of the line.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import msgspec
from sqlalchemy import bindparam, select, update

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.demo import MADE, made_of
from backend.domain.deadletter import fingerprint
from backend.domain.decision import Decision, Facts
from backend.domain.delivery import Delivery, State
from backend.domain.event import Body, Event, FanOut
from backend.domain.forecast import Difference, code_of, differences
from backend.domain.ids import make_id, person_id
from backend.domain.touch import GOT, OF_RECEIPT, Touch
from backend.live.records import AlertRaised
from backend.log.codec import decode
from backend.store import (
    alert_rows,
    captures,
    fanouts,
    hot,
    inbox,
    letters,
    marks,
    partitions,
    receipt_rows,
    stamps,
    tables,
    traces,
)
from backend.store.port import Tx
from backend.store.suppress import suppress
from backend.store.upsert import CHUNK, insert_new
from carillon.demo import plot, runs
from carillon.demo.happening import Script, Step, Teller
from carillon.demo.past import ORDERED, PACE, Past, pasts
from carillon.demo.plot import STORIES, Moment, Portion, Size, Story, Users
from workers import decided
from workers.decided import Made
from workers.rendering import Rendering

MARK = "demo.history"
LATE = "demo.late"  # the same of campaigns, where the history was written before there were any
TURN = "demo"
EVENTS = 8  # events followed before the loop gets a turn
TOGETHER = 25  # people of a fan-out who are decided at one instant
BY_THEMSELVES = 0.012  # of a campaign's people, who order without having been asked
ALERTS = (
    (9, 13.1, 1.5, "warning", "Push: a provider is away", "75 of 100 attempts failed. They are tried again by themselves; nothing is lost."),
    (17, 8.05, 0.8, "warning", "E-mail: a provider answers 421", "The mail server asks for patience. What it refused is tried again within the hour."),
    (3, 2.0, 0.2, "info", "A day of history was sealed", "Its totals stay; its rows are dropped when they are thirty days old."),
)  # days ago, hour, hours until it was resolved


class Place(msgspec.Struct):
    """How far the history is. `start`: the second before which it lies, the same after every restart."""

    start: float
    done: int = 0
    of: int = 0


class Stopped(Exception):
    """Somebody stopped the demo."""


def place(tx: Tx, mark: str = MARK) -> Place | None:
    """How far the history is, None when none was begun."""
    kept = marks.get(tx, mark)
    return msgspec.json.decode(kept, type=Place) if kept else None


class History:
    """Writes what is missing. `go_on(tx)` is asked in every transaction; when it says no, `write` raises `Stopped`."""

    def __init__(self, app: App, size: Size, go_on: Callable[[Tx], bool]) -> None:
        self._app, self._size, self._go_on, self._mark = app, size, go_on, MARK
        self._renderer = Rendering(store=app.store, facts=app.facts, sealer=app.sealer, base_url=app.settings.base_url)

    async def write(self, told: Callable[[int, int], Awaitable[None]]) -> None:
        """All of it; `told(done, of)` after each portion. A history of a version without campaigns gets them: they ran before now."""
        self._mark, place_ = MARK, await self._begin()
        if not 0 < place_.of <= place_.done:
            await self._go(plot.portions(place_.start, self._size, Users(self._size, await self._own())), place_, told)
        elif (late := await self._late()) is not None:
            self._mark = LATE
            await self._go(list(plot.campaigns(late.start, self._size)), late, told)

    async def start(self) -> float:
        """The second before which the campaigns lie."""
        known = await self._app.store.read(lambda tx: place(tx, LATE) or place(tx))
        return known.start if known else self._app.clock.now()

    async def _late(self) -> Place | None:
        """Where the campaigns of an older history are; None when it has them, or had them once."""
        keys, now = {past.key for past in pasts(self._size.days)}, self._app.clock.now()

        def write(tx: Tx) -> Place | None:
            self._asked(tx)
            known = place(tx, LATE)
            if known is None and keys & made_of(tx).campaigns.keys():
                return None
            if known is None:
                partitions.ensure(tx, now, back=self._size.days)
                known = Place(float(int(now)))
                marks.put(tx, LATE, msgspec.json.encode(known).decode())
            return None if 0 < known.of <= known.done else known

        return await self._app.store.write(write, turn=TURN)

    async def _go(self, plan: Sequence[Portion], place_: Place, told: Callable[[int, int], Awaitable[None]]) -> None:
        teller = Teller(self._renderer, self._app.sealer, place_.start, {past.key: past.rates for past in pasts(self._size.days)})
        for n in range(place_.done, len(plan)):
            await self._play(teller, plan[n], Place(place_.start, n + 1, len(plan)))
            await told(n + 1, len(plan))

    async def _begin(self) -> Place:
        now = self._app.clock.now()

        def write(tx: Tx) -> Place:
            self._asked(tx)
            partitions.ensure(tx, now, back=self._size.days)
            known, made = place(tx), made_of(tx)
            if known is None:
                known = Place(float(int(now)))
                marks.put(tx, MARK, msgspec.json.encode(known).decode())
                for ago, hour, hours, severity, title, text in ALERTS:
                    at = (known.start // plot.DAY - ago) * plot.DAY + hour * plot.HOUR
                    if ago < self._size.days:
                        alert = AlertRaised(MAIN, make_id(int(at * 1000), b"demo alert"), severity, title, text, at, at + hours * plot.HOUR)
                        alert_rows.put(tx, alert)
                        made.alerts.append(alert.id.hex())
                marks.put(tx, MADE, msgspec.json.encode(made).decode())
            return known

        return await self._app.store.write(write, turn=TURN)

    async def _own(self) -> list[str]:
        """User ids of the demo's people behind sign-ins, in a fixed order."""
        a, p = tables.accounts.c, tables.people.c

        def read(tx: Tx) -> list[str]:
            joined = tables.accounts.join(tables.people, (a.space == p.space) & (a.person == p.person))
            found = tx.conn.execute(joined.select().with_only_columns(p.user_id).where(a.space == MAIN, p.demo).order_by(p.user_id))
            return list(found.scalars())

        return await self._app.store.read(read)

    def _asked(self, tx: Tx) -> None:
        if not self._go_on(tx):
            raise Stopped

    # ---- one portion
    async def _play(self, teller: Teller, portion: Portion, after: Place) -> None:
        script, rng = Script(), Random(portion.seed)  # noqa: S311 - a plot, no secret
        if portion.campaign and not 1 <= portion.part <= portion.parts:
            await self._frame(portion, after)
            return
        known = (await self._app.facts.content_of(MAIN)).published
        begun: FanOut | None = None
        everybody: list[int] = []
        pace, upto = 0.0, 0
        if portion.campaign:
            pace = PACE
            groups, upto = await self._told(portion, after, script, rng)
        elif not portion.letter:
            groups = [_single(moment, rng, known) for moment in portion.moments]
        elif portion.letter in known:
            begun, everybody = await self._letter(portion, known)
            groups = _children(portion, begun, everybody)
        else:
            groups = []
        events = [event for group in groups for event in group]
        facts = iter(await self._app.facts.of_events(events, after.start) if events else [])
        made: list[list[tuple[Facts, Made]]] = []
        decided_at, first = 0.4, upto - len(events)
        for n, group in enumerate(groups):
            met = [fact for _ in group if (fact := next(facts)) is not None and not fact.person.erased and fact.person.demo]
            if pace:
                decided_at = 0.4 + (first + n * TOGETHER) / pace
            then = [msgspec.structs.replace(fact, now=round(group[-1].accepted + decided_at, 3), halted=()) for fact in met]
            made.append([(fact, teller.decide(script, fact)) for fact in then])
        await self._renderer.prepare(_needed([one for together in made for _, one in together]))
        turn = 0
        for together in made:
            lasts: dict[int, float] = {}
            for fact, one in together:
                turn += 1
                if turn % EVENTS == 0:
                    await asyncio.sleep(0)
                teller.follow(script, fact, one, rng, lasts)
        await self._order(teller, script, rng, after)
        changed: set[int] = set()

        def write(tx: Tx) -> None:
            self._asked(tx)
            changed.clear()
            if begun is not None and portion.part == 0:
                _begin_letter(tx, begun, everybody)
            changed.update(_write(tx, script))
            if portion.campaign:
                runs.write_told(tx, self._past(portion), after.start, upto, _otherwise(script, made))
            marks.put(tx, self._mark, msgspec.json.encode(after).decode())

        await self._app.store.write(write, turn=TURN)
        if changed:
            await self._app.facts.forget([(MAIN, person) for person in changed])

    def _past(self, portion: Portion) -> Past:
        return next(past for past in pasts(self._size.days) if past.key == portion.campaign)

    async def _frame(self, portion: Portion, after: Place) -> None:
        """The beginning or the end of a campaign's run."""
        of, past = runs.Runs(self._app, after.start), self._past(portion)
        begun = await of.begin(past) if portion.part == 0 else None
        if portion.part:
            await of.look(past)

        def write(tx: Tx) -> None:
            self._asked(tx)
            if begun is not None:
                runs.write_begun(tx, begun)
            elif portion.part:
                runs.write_ended(tx, past, after.start)
            marks.put(tx, self._mark, msgspec.json.encode(after).decode())

        await self._app.store.write(write, turn=TURN)

    async def _told(self, portion: Portion, after: Place, script: Script, rng: Random) -> tuple[list[list[Event]], int]:
        """The next people of a campaign, as many at a time as were decided together, and how many that makes in all. Some order without being told."""
        everybody = await runs.Runs(self._app, after.start).people(self._past(portion))
        begins, ends = (portion.part - 1) * plot.PART, len(everybody) if portion.part == portion.parts else portion.part * plot.PART
        mine = everybody[begins:ends]
        script.bought += [(event.person, portion.at + rng.uniform(0.1, 6.5) * plot.DAY) for event in mine if rng.random() < BY_THEMSELVES]
        return [mine[n : n + TOGETHER] for n in range(0, len(mine), TOGETHER)], min(begins, len(everybody)) + len(mine)

    async def _order(self, teller: Teller, script: Script, rng: Random, after: Place) -> None:
        """What people ordered until the start: events that tell nobody."""
        events = []
        for person, at in script.bought:
            if at < after.start - 60:
                body = msgspec.json.encode(Body(data={"order": f"A-{rng.randint(10_000, 99_999)}"}))
                made = make_id(int(at * 1000), b"demo act", person.to_bytes(8, "big"))
                events.append(Event(made, MAIN, person, ORDERED, "activity", "normal", round(at, 3), body=body))
        for event, fact in zip(events, await self._app.facts.of_events(events, after.start) if events else [], strict=True):
            if fact is not None and fact.person.demo and not fact.person.erased:
                act = decided.act_of(teller.decide(script, msgspec.structs.replace(fact, now=round(event.accepted + 0.4, 3), halted=())))
                script.acted += [act] if act is not None else []

    async def _letter(self, portion: Portion, known: dict[str, int]) -> tuple[FanOut, list[int]]:
        """The fan-out and whom it is for: the demo's people in its group when it began."""
        story = STORIES[portion.letter]
        made = make_id(int(portion.at * 1000), b"demo", portion.letter.encode())
        pattern = _event(story, portion.at, made, 0, Random(f"{portion.letter} {portion.at}"), known)  # noqa: S311

        def read(tx: Tx) -> list[int]:
            if portion.part:
                return fanouts.walk(tx, MAIN, made, -1, 1_000_000)
            m, p = tables.memberships, tables.people
            mine = (m.c.space == MAIN, m.c.group_key == story.group, p.c.demo, p.c.erased.is_(None))
            joined = m.join(p, (m.c.space == p.c.space) & (m.c.person == p.c.person))
            return list(tx.conn.scalars(select(m.c.person).select_from(joined).where(*mine).order_by(m.c.person)))

        everybody = await self._app.store.read(read)
        return FanOut(pattern, story.group, recipients=len(everybody)), everybody


def _single(moment: Moment, rng: Random, known: dict[str, int]) -> list[Event]:
    """Events of one instant, of templates that are published."""
    events = []
    for n, (key, user) in enumerate(moment.events):
        at = round(moment.at + n * 0.004, 3)
        made = make_id(int(at * 1000), b"demo", key.encode(), user.encode())
        event = _event(STORIES[key], at, made, person_id(MAIN, user), rng, known)
        if event.version:
            events.append(event)
    return events


def _children(portion: Portion, fanout: FanOut, everybody: Sequence[int]) -> list[list[Event]]:
    """The events of one part of a fan-out, as many at a time as were decided together."""
    end = None if portion.part == portion.parts - 1 else (portion.part + 1) * plot.PART
    mine = everybody[portion.part * plot.PART : end]
    children = [msgspec.structs.replace(fanout.event, person=person, root=False) for person in mine]
    return [children[n : n + TOGETHER] for n in range(0, len(children), TOGETHER)]


def _otherwise(script: Script, made: Sequence[Sequence[tuple[Facts, Made]]]) -> dict[int, Sequence[Difference]]:
    """Where people of a campaign got something else than was foreseen."""
    found: dict[int, Sequence[Difference]] = {}
    for facts, one in (pair for together in made for pair in together):
        decision = msgspec.msgpack.decode(one.row.trace, type=Decision)
        if differing := differences(facts.event.foreseen, code_of(decision)):
            found[facts.event.person] = differing
    return found


def _needed(made: Sequence[Made]) -> list[Delivery]:
    """A delivery of each version that has to be compiled."""
    found: dict[str, Delivery] = {}
    for one in made:
        if one.event.template not in found:
            found.update((one.event.template, decode(Delivery, way.value)) for way in one.ways[:1] if way.value is not None)
    return list(found.values())


def _event(story: Story, at: float, made: bytes, person: int, rng: Random, known: dict[str, int]) -> Event:
    body = msgspec.json.encode(Body(data=plot.data_of(story.template, rng, at)))
    return Event(
        made, MAIN, person, story.type, story.category, story.priority, at, template=story.template if story.template in known else "",
        version=known.get(story.template, 0), expires=at + story.expires if story.expires else 0.0, body=body,
    )  # fmt: skip


def _begin_letter(tx: Tx, fanout: FanOut, everybody: Sequence[int]) -> None:
    """The snapshot and the events row of a fan-out."""
    event = fanout.event
    cohort = decided.cohort_of(msgspec.structs.replace(event, root=False))
    insert_new(tx, tables.snapshots, [{"event": event.id, "person": person, "space": MAIN} for person in everybody])
    fanouts.put_event(
        tx,
        {
            "id": event.id, "space": MAIN, "person": 0, "type": event.type, "category": event.category, "priority": event.priority,
            "source": event.source, "key": "", "template": event.template, "version": event.version, "recipients": len(everybody),
            "duplicate_of": None, "cohort": cohort.cohort, "target": f"group:{fanout.group}", "body": msgspec.msgpack.encode(event),
            "accepted": event.accepted,
        },
    )  # fmt: skip


def _write(tx: Tx, script: Script) -> set[int]:
    """Every step in its order, with the line's writers; the persons whose facts changed."""
    changed: set[int] = set()
    first = min(script.steps, default=0.0)
    insert_new(tx, tables.cohorts, [{**msgspec.structs.asdict(c), "created": first} for c in script.cohorts.values()])
    for at, step in sorted(script.steps.items()):
        _write_step(tx, step, at)
        for channel, address in step.bad:
            changed.update(suppress(tx, MAIN, channel, address, "bounced", "provider", at))
    _write_inbox(tx, script)
    traces.add(tx, MAIN, script.explained)
    last = max(script.steps, default=0.0)
    stamps.count_receipts(tx, MAIN, script.receipts, receipt_rows.deliveries_of(tx, MAIN, [one.delivery for one in script.receipts]), last)
    receipt_rows.keep(tx, MAIN, script.receipts)
    hot.write_touches(tx, _touches(tx, script), last)
    captures.keep(tx, script.kept)
    if script.due:
        hot.write_due(tx, script.due)
    for letter in script.letters:
        letters.insert(
            tx, space=MAIN, id=letter.id, at=letter.at, topic=letter.record.topic, stage="deliver", cause=letter.cause,
            fingerprint=fingerprint("deliver", letter.cause.split(":")[0], letter.cause), detail="", value=letter.record.value,
        )  # fmt: skip
    return changed


def _touches(tx: Tx, script: Script) -> list[tuple[int, Touch]]:
    """What people got and did, as the line would have told it."""
    went = [
        (at, GOT, move.delivery)
        for at, step in script.steps.items()
        for move in (*step.moves, *(outcome.move for outcome in step.outcomes))
        if move.state in (State.SENT, State.DELIVERED)
    ]
    went += [(one.at, did, one.delivery) for one in script.receipts if (did := OF_RECEIPT.get(one.kind))]
    places: dict[bytes, receipt_rows.Place] = {}
    ids = sorted({made for _, _, made in went})
    for n in range(0, len(ids), CHUNK):
        places |= receipt_rows.deliveries_of(tx, MAIN, ids[n : n + CHUNK])
    return [*script.acted, *((MAIN, Touch(did, row.person, at, row.channel, row.cohort)) for at, did, made in sorted(went) if (row := places.get(made)))]


def _write_step(tx: Tx, step: Step, at: float) -> None:
    if step.rows:
        hot.write_decided(tx, step.rows, at)
    if step.moves:
        hot.write_moves(tx, step.moves, at)
    if step.outcomes or step.starts:
        hot.write_attempts(tx, step.outcomes, step.starts, at)


def _write_inbox(tx: Tx, script: Script) -> None:
    """The rows of the web channel, and their heads without what was read meanwhile."""
    if not script.arrived:
        return
    first = min(row.at for row in script.arrived)
    fresh = inbox.write(tx, MAIN, sorted(script.arrived, key=lambda row: row.at), first)
    stamps.count_inbox(tx, MAIN, [(row.id, name, 1) for row in fresh for name in ("seen", "read") if getattr(row, name) is not None], first)
    known = [(row.person, row.read is not None, row.seen is not None) for row in fresh]
    heads = tables.inbox_heads.c
    statement = (
        update(tables.inbox_heads)
        .where(heads.space == MAIN, heads.person == bindparam("who"))
        .values(unread=heads.unread - bindparam("was_read"), unseen=heads.unseen - bindparam("was_seen"))
    )
    if counted := [{"who": person, "was_read": int(read), "was_seen": int(seen)} for person, read, seen in known if read or seen]:
        tx.conn.execute(statement, counted)
