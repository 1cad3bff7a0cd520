"""Touches: written by the line in its own transactions, one packed row each; summed up into `summaries`, `acts`, the stamps of `recipients` and counts of people.

A row is summed in the transaction that deletes it, so each counts once, whoever dies when. Two who sum at once take different rows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.campaign import Campaign
from backend.domain.delivery import CHANNEL_NAME
from backend.domain.tally import PEOPLE, people_cohort, quarter_of
from backend.domain.touch import ACTED, LAST, STAMPS, Touch, packed, unpacked
from backend.store import recipient_stamps
from backend.store import tables as t
from backend.store.last import Last, keep_postgres, keep_sqlite, last_postgres, last_sqlite
from backend.store.packed import INT8, int2, number, numbers, session
from backend.store.packed import rows as rows_of
from backend.store.port import Tx
from backend.store.upsert import chunks, insert_new

DAY = 86_400.0
LONGEST = 366 * DAY  # seconds after its start in which a wave may still have conversions
ONCE = 1_000  # touches of one transaction, about 20 ms of it
ROWS = 32  # of one look
_campaign = msgspec.json.Decoder(Campaign).decode
_COHORTS = """select c.cohort, c.category, c.campaign, c.event from unnest($2::int8[]) as n(cohort)
  cross join lateral (select * from cohorts where space = $1::int2 and cohort = n.cohort offset 0) c"""


def waiting(tx: Tx) -> bool:
    """Whether there is something to sum up."""
    return tx.conn.execute(select(t.touches.c.n_th).limit(1)).first() is not None


def forget_absent(tx: Tx, space: int, also: Collection[int] = ()) -> None:
    """Take out of what waits whoever is not here any more, and these: they would leave no trace when it is summed, and leave none until then."""
    r, s = t.touches.c, t.summaries.c
    rows = [(row.n_th, unpacked(bytes(row.body))) for row in tx.conn.execute(select(r.n_th, r.body).where(r.space == space).with_for_update(skip_locked=True))]
    here: set[int] = set()
    for some in chunks(sorted({touch.person for _, touches in rows for touch in touches})):
        here.update(tx.conn.scalars(select(s.person).where(s.space == space, s.person.in_(some))))
    here.difference_update(also)
    for n_th, touches in rows:
        left = [touch for touch in touches if touch.person in here]
        if not left:
            tx.conn.execute(delete(t.touches).where(r.n_th == n_th))
        elif len(left) < len(touches):
            tx.conn.execute(update(t.touches).where(r.n_th == n_th).values(body=packed(left)))


class Goal(NamedTuple):
    """What a campaign's version calls a conversion, and for how many seconds after a wave's start. `type` "": nothing."""

    type: str
    window: float
    category: str


class Watched(NamedTuple):
    """A run that counts conversions: when each of its waves started."""

    run: bytes
    campaign: str
    goal: Goal
    started: dict[int, float]


class _Of(NamedTuple):
    """What is known of a cohort."""

    category: str
    campaign: str
    run: bytes


class Sums:
    """Sums rows up; remembers what versions of campaigns never change."""

    def __init__(self) -> None:
        self._goals: dict[tuple[int, str, int], Goal] = {}

    def once(self, tx: Tx, now: float) -> int:
        """Some of the oldest rows, about `ONCE` touches; how many rows that were."""
        r = t.touches.c
        statement = select(r.n_th, r.space, r.body).order_by(r.n_th).limit(ROWS)
        rows = tx.conn.execute(statement.with_for_update(skip_locked=True)).all()
        by_space: dict[int, list[Touch]] = defaultdict(list)
        taken: list[int] = []
        n = 0
        for row in rows:
            some = unpacked(bytes(row.body))
            by_space[row.space] += some
            taken.append(row.n_th)
            n += len(some)
            if n >= ONCE:
                break
        for space in sorted(by_space):
            self._sum(tx, space, by_space[space], now)
        if taken:
            tx.conn.execute(delete(t.touches).where(r.n_th.in_(taken)))
        return len(taken)

    def _sum(self, tx: Tx, space: int, touches: Sequence[Touch], now: float) -> None:
        cohorts = _cohorts(tx, space, {touch.cohort for touch in touches if touch.cohort})
        here = _summed(tx, space, touches, cohorts)  # whoever was erased since leaves no trace
        mine = [touch for touch in touches if touch.person in here]
        acts = [touch for touch in mine if touch.did == ACTED]
        if acts:
            _keep_acts(tx, space, acts)
        first: dict[tuple[bytes, int], dict[str, float]] = defaultdict(dict)  # (run, person) -> stamp -> the first time
        about: dict[bytes, tuple[str, str]] = {}
        for touch in mine:
            of = cohorts.get(touch.cohort)
            if of is not None and of.campaign and (stamp := STAMPS.get(touch.did)):
                about[of.run] = of.category, of.campaign
                times = first[of.run, touch.person]
                times[stamp] = min(times.get(stamp, touch.at), touch.at)
        watched = self._watched(tx, space, acts) if acts else []
        about |= {one.run: (one.goal.category, one.campaign) for one in watched}
        _stamp(tx, space, first, watched, acts, about, now)

    def _watched(self, tx: Tx, space: int, acts: Sequence[Touch]) -> list[Watched]:
        """Runs that may count one of these acts."""
        r, w = t.runs.c, t.waves.c
        low, high = min(act.at for act in acts) - LONGEST, max(act.at for act in acts)
        found = tx.conn.execute(
            select(r.id, r.campaign, r.version, w.n, w.at)
            .join_from(t.runs, t.waves, (w.space == r.space) & (w.run == r.id))
            .where(r.space == space, r.started.is_not(None), w.at.is_not(None), w.at <= high, w.at >= low)
        ).all()
        types = {act.type for act in acts}
        watched: dict[bytes, Watched] = {}
        for row in found:
            goal = self._goal(tx, space, row.campaign, row.version)
            if goal.type in types:
                watched.setdefault(row.id, Watched(row.id, row.campaign, goal, {})).started[row.n] = row.at
        return list(watched.values())

    def _goal(self, tx: Tx, space: int, key: str, version: int) -> Goal:
        known = self._goals.get((space, key, version))
        if known is None:
            v = t.campaign_versions.c
            body = tx.conn.scalar(select(v.body).where(v.space == space, v.key == key, v.version == version))
            campaign = _campaign(body) if body else Campaign()
            tried = campaign.experiment
            known = Goal(tried.event, tried.window_days * DAY, campaign.category) if tried else Goal("", 0.0, campaign.category)
            if body:
                self._goals[space, key, version] = known
        return known


def _cohorts(tx: Tx, space: int, wanted: set[int]) -> dict[int, _Of]:
    c = t.cohorts.c
    found: dict[int, _Of] = {}
    if tx.dialect == "postgresql":
        for cohort, category, campaign, event in rows_of(session(tx.raw).run("cohorts_look", _COHORTS, int2(space), numbers(INT8, sorted(wanted)))):
            found[number(cohort)] = _Of(category.decode(), campaign.decode(), event)
        return found
    for some in chunks(sorted(wanted)):
        looked = tx.conn.execute(select(c.cohort, c.category, c.campaign, c.event).where(c.space == space, c.cohort.in_(some)))
        found.update((row.cohort, _Of(row.category, row.campaign, bytes(row.event))) for row in looked)
    return found


def _summed(tx: Tx, space: int, touches: Sequence[Touch], cohorts: Mapping[int, _Of]) -> set[int]:
    """Keep when each person last got, opened and clicked, in all, by channel and by category; those who are here."""
    by_person: dict[int, list[Touch]] = defaultdict(list)
    for touch in touches:
        by_person[touch.person].append(touch)
    here: set[int] = set()
    changed: list[Last] = []
    for some in chunks(sorted(by_person)):
        for person, got, opened, clicked, kept in last_sqlite(tx, space, some) if tx.dialect == "sqlite" else last_postgres(tx, space, some):
            here.add(person)
            last, times, new = {"got": got, "opened": opened, "clicked": clicked}, kept, False
            for touch in by_person[person]:
                if not (did := LAST.get(touch.did)):
                    continue
                if (was := last[did]) is None or touch.at > was:
                    last[did], new = touch.at, True
                of = cohorts.get(touch.cohort)
                for part in (CHANNEL_NAME.get(touch.channel, ""), of.category if of else ""):
                    if part and touch.at > times.get(key := f"{did}|{part}", 0.0):
                        times[key], new = touch.at, True
            if new:
                changed.append(Last(person, last["got"], last["opened"], last["clicked"], times))
    if changed:
        (keep_sqlite if tx.dialect == "sqlite" else keep_postgres)(tx, space, changed)
    return here


def _keep_acts(tx: Tx, space: int, acts: Sequence[Touch]) -> None:
    """How often each did it, first and last."""
    done: dict[tuple[str, int], list[float]] = defaultdict(list)
    for act in acts:
        done[act.type, act.person].append(act.at)
    rows = [
        {"space": space, "type": kind, "person": person, "first": min(times), "last": max(times), "n": len(times)}
        for (kind, person), times in sorted(done.items())
    ]
    make: Any = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(t.acts)
    a, new = t.acts.c, make.excluded
    more = {
        "n": a.n + new.n, "first": case((new.first < a.first, new.first), else_=a.first), "last": case((new.last > a.last, new.last), else_=a.last),
    }  # fmt: skip
    tx.conn.execute(make.on_conflict_do_update(index_elements=["space", "type", "person"], set_=more), rows)


def _stamp(
    tx: Tx, space: int, first: Mapping[tuple[bytes, int], Mapping[str, float]], watched: Sequence[Watched], acts: Sequence[Touch],
    about: Mapping[bytes, tuple[str, str]], now: float,
) -> None:  # fmt: skip
    """The stamps of recipients that are not there yet, and each of them counted."""
    by_run: dict[bytes, set[int]] = defaultdict(set)
    for run, person in first:
        by_run[run].add(person)
    did: dict[bytes, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in watched:
        for act in acts:
            if act.type == one.goal.type:
                did[one.run][act.person].append(act.at)
        by_run[one.run].update(did[one.run])
    goals = {one.run: one for one in watched}
    counted: Counter[tuple[bytes, int, bool, str]] = Counter()
    for run in sorted(by_run):
        news: dict[int, dict[str, float]] = {}
        for row in recipient_stamps.look(tx, space, run, list(by_run[run])):
            wanted = {name: at for name, at in first.get((run, row.person), {}).items() if name not in row.there}
            if "converted" not in row.there and (goal := goals.get(run)) and (start := goal.started.get(row.wave)) is not None:
                within = [at for at in did[run][row.person] if start <= at < start + goal.goal.window]
                wanted |= {"converted": min(within)} if within else {}
            if wanted:
                news[row.person] = wanted
                counted.update((run, row.variant, row.demo, name) for name in wanted)
        recipient_stamps.keep(tx, space, run, news)
    _count(tx, space, counted, about, now)


def _count(tx: Tx, space: int, counted: Mapping[tuple[bytes, int, bool, str], int], about: Mapping[bytes, tuple[str, str]], now: float) -> None:
    cohorts: dict[int, dict[str, Any]] = {}
    deltas = []
    for (run, variant, demo, name), n in sorted(counted.items()):
        cohort = people_cohort(space, run, variant, demo)
        category, campaign = about[run]
        cohorts[cohort] = {
            "space": space, "cohort": cohort, "category": category, "priority": "", "template": "", "version": 0, "event": run, "created": now, "demo": demo,
            "campaign": campaign, "variant": variant,
        }  # fmt: skip
        kind = PEOPLE[name]
        deltas.append({"space": space, "cohort": cohort, "minute": int(now // 60), "channel": 0, "was": kind, "now": kind, "n": n, "born": quarter_of(run)})
    if deltas:
        insert_new(tx, t.cohorts, list(cohorts.values()))
        tx.conn.execute(insert(t.deltas), deltas)


def recounted(tx: Tx, space: int, since: float = 0.0) -> Counter[tuple[int, int, int, int]]:
    """(born, cohort, channel, kind) -> people, counted from the recipients of runs that did not end before `since`: what their tallies must be."""
    r, p = t.recipients.c, t.people.c
    found: Counter[tuple[int, int, int, int]] = Counter()
    counts = [func.count(r[name]).label(name) for name in PEOPLE]
    rows = tx.conn.execute(
        select(r.run, r.variant, p.demo, *counts)
        .join_from(t.recipients, t.people, (p.space == r.space) & (p.person == r.person))
        .where(r.space == space, r.run.in_(_kept(space, since)))
        .group_by(r.run, r.variant, p.demo)
    )
    for row in rows:
        for name, kind in PEOPLE.items():
            cohort = people_cohort(space, row.run, row.variant, bool(row.demo))
            found[quarter_of(row.run), cohort, 0, kind] += int(getattr(row, name))
    return +found


def unlike(tx: Tx, space: int, since: float) -> int:
    """How many counts of people are not what the recipients of runs say that did not end before `since`: 0, or something is wrong."""
    k, d, c = t.tallies.c, t.deltas.c, t.cohorts.c
    found: Counter[tuple[int, int, int, int]] = Counter()
    kinds, mine = list(PEOPLE.values()), (c.space == space, c.event.in_(_kept(space, since)), c.campaign != "")
    of_tallies = select(k.born, k.cohort, k.channel, k.kind, k.n).join_from(t.tallies, t.cohorts, (c.space == k.space) & (c.cohort == k.cohort)).where(k.kind.in_(kinds), *mine)
    of_deltas = select(d.born, d.cohort, d.channel, d.now, d.n).join_from(t.deltas, t.cohorts, (c.space == d.space) & (c.cohort == d.cohort)).where(d.now.in_(kinds), *mine)
    for statement in (of_tallies, of_deltas):
        for born, cohort, channel, kind, n in tx.conn.execute(statement):
            found[born, cohort, channel, kind] += n
    rows = recounted(tx, space, since)
    return sum(found[key] != rows[key] for key in found.keys() | rows.keys())


def _kept(space: int, since: float) -> Select[tuple[bytes]]:
    r = t.runs.c
    return select(r.id).where(r.space == space, or_(r.ended.is_(None), r.ended >= since))
