"""Taking the demo's people away with everything that was made of them. Every statement is for a few people, so that nothing waits long.

What is deleted is counted off where it was counted, in the same transaction: the ledger balances after each of them. At the end
the cohorts, which hold nobody else, go as a whole.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, bindparam, delete, func, insert, select, update

from backend.domain.delivery import CHANNEL_NUMBER, SKIPPED
from backend.domain.ids import NO_ID, person_bytes
from backend.domain.tally import STAMP, quarter_of
from backend.store import tables as t
from backend.store import tallies
from backend.store.counted import NOTHING
from backend.store.port import Tx
from backend.store.upsert import CHUNK

OF_PERSON = (
    t.captures, t.inbox, t.inbox_heads, t.collapses, t.consents, t.memberships, t.chat_members, t.chat_messages, t.orders, t.notifications, t.deliveries,
    t.summaries, t.acts, t.listed, t.recipients, t.differences,
)  # fmt: skip
COUNTED = (t.deltas, t.totals, t.standing, t.tally_days, t.ledger_totals)  # by cohort; tallies besides
Units = Counter[tuple[int, int, int, int]]  # (cohort, channel, state or stamp, quarter in which it was born)
ONCE = 2_000  # rows of counters in one statement
_PERSON = re.compile(rb'"person":(\d+)')


class Sizes(msgspec.Struct):
    """How much there is of the demo's people."""

    people: int = 0
    notifications: int = 0
    deliveries: int = 0
    inbox: int = 0
    captures: int = 0


def _demo(space: int) -> tuple[object, ...]:
    return t.people.c.space == space, t.people.c.demo.is_(True)


def sizes(tx: Tx, space: int) -> Sizes:
    """Exact counts, from the rows."""
    mine = select(t.people.c.person).where(*_demo(space))  # type: ignore[arg-type]

    def count(table: Table) -> int:
        where = (table.c.space == space, table.c.person.in_(mine))
        return int(tx.conn.scalar(select(func.count()).select_from(table).where(*where)) or 0)

    return Sizes(count(t.people), *(count(table) for table in (t.notifications, t.deliveries, t.inbox, t.captures)))


def persons(tx: Tx, space: int, after: int = -1, limit: int = 1_000_000) -> list[int]:
    """The demo's people behind `after`, gone or not, in the order of their number."""
    statement = select(t.people.c.person).where(*_demo(space), t.people.c.person > after)  # type: ignore[arg-type]
    return list(tx.conn.scalars(statement.order_by(t.people.c.person).limit(limit)))


def close(tx: Tx, space: int, keep: int, now: float) -> list[str]:
    """Nobody of them is told anything any more, and nobody signs in as one but `keep`; the logins that went."""
    mine = select(t.people.c.person).where(*_demo(space), t.people.c.person != keep)  # type: ignore[arg-type]
    a = t.accounts.c
    logins = list(tx.conn.scalars(select(a.login).where(a.space == space, a.person.in_(mine)).order_by(a.login)))
    tx.conn.execute(delete(t.sessions).where(t.sessions.c.space == space, t.sessions.c.login.in_(logins)))
    tx.conn.execute(delete(t.accounts).where(a.space == space, a.login.in_(logins)))
    gone = (*_demo(space), t.people.c.person != keep, t.people.c.erased.is_(None))
    tx.conn.execute(
        update(t.people).where(*gone).values(erased=now, changed=now, revision=t.people.c.revision + 1)  # type: ignore[arg-type]
    )
    return logins


def clear(tx: Tx, space: int, who: Sequence[int], now: float) -> int:
    """Everything that tells of these people but their own rows; how many notifications that were."""
    d, n = t.deliveries.c, t.notifications.c
    delivered = tx.conn.execute(select(d.id, d.cohort, d.channel, d.state).where(d.space == space, d.person.in_(who))).all()
    told = tx.conn.execute(select(n.id, n.event, n.cohort, n.skipped).where(n.space == space, n.person.in_(who))).all()
    counted: Units = Counter((row.cohort, row.channel, row.state, quarter_of(row.id)) for row in delivered)
    for row in told:
        counted[row.cohort, 0, SKIPPED, quarter_of(row.id)] += row.skipped
    _count_off(tx, space, counted, _stamped(tx, space, who, delivered, {row.id: row.cohort for row in told}), now)
    _shrink_events(tx, space, Counter(row.event for row in told), who)
    ids = [row.id for row in delivered]
    for table in (t.attempts, t.receipts):
        for some in _pieces(ids):
            tx.conn.execute(delete(table).where(table.c.delivery.in_(some), table.c.space == space))
    tx.conn.execute(delete(t.due).where(t.due.c.space == space, t.due.c.key.in_([person_bytes(person) for person in who])))
    _drop_letters(tx, space, set(who))
    _drop_addresses(tx, space, who)
    for table in OF_PERSON:
        tx.conn.execute(delete(table).where(table.c.space == space, table.c.person.in_(who)))
    return len(told)


def forget(tx: Tx, space: int, who: Sequence[int]) -> None:
    """Their rows: nobody lived, so their ids may be used again."""
    tx.conn.execute(delete(t.people).where(*_demo(space), t.people.c.person.in_(who)))  # type: ignore[arg-type]


def release(tx: Tx, space: int, person: int) -> None:
    """A person who stays is nobody of the demo any more."""
    tx.conn.execute(update(t.people).where(t.people.c.space == space, t.people.c.person == person).values(demo=False, revision=t.people.c.revision + 1))


def drop_counters(tx: Tx, space: int) -> bool:
    """One bounded step of taking the counters away, then their cohorts; True when nothing is left."""
    c = t.cohorts.c
    mine = list(tx.conn.scalars(select(c.cohort).where(c.space == space, c.demo.is_(True))))
    for cohort in mine:
        if not tallies.drop(tx, space, cohort, ONCE):
            return False
    for table in COUNTED if mine else ():
        keys = list(table.primary_key)
        rows = tx.conn.execute(select(*keys).where(table.c.space == space, table.c.cohort.in_(mine)).limit(ONCE)).all()
        if rows:
            where = [column == bindparam(f"k{n}") for n, column in enumerate(keys)]
            tx.conn.execute(delete(table).where(*where), [{f"k{n}": value for n, value in enumerate(row)} for row in rows])
            return False
    tx.conn.execute(delete(t.cohorts).where(c.space == space, c.demo.is_(True)))
    return True


def wait_for_touches(tx: Tx, space: int) -> None:
    """Nobody else has rows of these in hand from now until this transaction ends."""
    r = t.touches.c
    tx.conn.execute(select(r.n_th).where(r.space == space).order_by(r.n_th).with_for_update()).all()


def drop_template(tx: Tx, space: int, key: str, revision: int) -> bool:
    """A template that nobody changed since; False when somebody did."""
    where = (t.templates.c.space == space, t.templates.c.key == key, t.templates.c.revision == revision)
    if not tx.conn.execute(delete(t.templates).where(*where)).rowcount:
        return False
    tx.conn.execute(delete(t.template_versions).where(t.template_versions.c.space == space, t.template_versions.c.key == key))
    return True


def drop_alerts(tx: Tx, space: int, ids: Sequence[bytes]) -> None:
    """These alerts."""
    tx.conn.execute(delete(t.alerts).where(t.alerts.c.space == space, t.alerts.c.id.in_(list(ids))))


def _stamped(tx: Tx, space: int, who: Sequence[int], delivered: Sequence[Any], told: Mapping[bytes, int]) -> Units:
    """First-time stamps of these deliveries and of these inboxes."""
    counted: Units = Counter()
    places = {row.id: (row.cohort, row.channel) for row in delivered}
    r, i = t.receipts.c, t.inbox.c
    for some in _pieces(list(places)):
        of_some = select(r.delivery, r.kind).where(r.space == space, r.delivery.in_(some), r.kind.in_(list(STAMP))).distinct()
        counted.update((*places[made], STAMP[kind], quarter_of(made)) for made, kind in tx.conn.execute(of_some))
    for made, seen, was_read in tx.conn.execute(select(i.id, i.seen, i.read).where(i.space == space, i.person.in_(who))):
        if made in told:
            met = [name for name, at in (("seen", seen), ("read", was_read)) if at is not None]
            counted.update((told[made], CHANNEL_NUMBER["web"], STAMP[name], quarter_of(made)) for name in met)
    return counted


def _count_off(tx: Tx, space: int, units: Units, stamped: Units, now: float) -> None:
    """Units leave the state they are in; a stamp is a delta from itself to itself."""
    rows = [
        {"space": space, "cohort": cohort, "minute": int(now // 60), "channel": channel, "was": was, "now": kind, "n": -n, "born": born}
        for counted in (units, stamped)
        for (cohort, channel, kind, born), n in counted.items()
        for was in [NOTHING if counted is units else kind]
        if n
    ]
    if rows:
        tx.conn.execute(insert(t.deltas), rows)


def _shrink_events(tx: Tx, space: int, gone: Counter[bytes], who: Sequence[int]) -> None:
    """An event that was for them alone goes; one for others too has fewer recipients."""
    e = t.events.c
    for some in _pieces(list(gone)):
        rows = tx.conn.execute(select(e.id, e.person, e.recipients, e.source, e.key).where(e.id.in_(some), e.space == space)).all()
        ended = [row for row in rows if row.recipients <= gone[row.id]]
        if ended:
            tx.conn.execute(delete(t.events).where(e.id.in_([row.id for row in ended]), e.space == space))
            tx.conn.execute(delete(t.events).where(e.space == space, e.duplicate_of.in_([row.id for row in ended]), e.duplicate_of != NO_ID))
        for row in ended:
            if row.key:
                s = t.seen.c
                tx.conn.execute(delete(t.seen).where(s.space == space, s.source == row.source, s.key == row.key.encode()))
        for row in rows:
            if row.person == 0:
                own = (t.snapshots.c.event == row.id, t.snapshots.c.space == space)
                tx.conn.execute(delete(t.snapshots).where(*own, *([] if row in ended else [t.snapshots.c.person.in_(who)])))
            if row not in ended:
                tx.conn.execute(update(t.events).where(e.id == row.id, e.space == space).values(recipients=row.recipients - gone[row.id]))


def _drop_letters(tx: Tx, space: int, who: set[int]) -> None:
    letters = tx.conn.execute(select(t.dead.c.id, t.dead.c.value).where(t.dead.c.space == space)).all()
    mine = [made for made, value in letters if any(int(number) in who for number in _PERSON.findall(bytes(value)[:4096]))]
    for some in _pieces(mine):
        tx.conn.execute(delete(t.dead).where(t.dead.c.space == space, t.dead.c.id.in_(some)))


def _drop_addresses(tx: Tx, space: int, who: Sequence[int]) -> None:
    """Their addresses, and suppressions of those that are nobody else's."""
    a, s = t.addresses.c, t.suppressions.c
    mine = tx.conn.execute(select(a.channel, a.hash).where(a.space == space, a.person.in_(who))).all()
    tx.conn.execute(delete(t.addresses).where(a.space == space, a.person.in_(who)))
    for channel in {row.channel for row in mine}:
        hashes = {bytes(row.hash) for row in mine if row.channel == channel}
        for some in _pieces(sorted(hashes)):
            others = set(map(bytes, tx.conn.scalars(select(a.hash).where(a.space == space, a.channel == channel, a.hash.in_(some)))))
            tx.conn.execute(delete(t.suppressions).where(s.space == space, s.channel == channel, s.hash.in_(set(some) - others)))


def _pieces(ids: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return [ids[n : n + CHUNK] for n in range(0, len(ids), CHUNK)]
