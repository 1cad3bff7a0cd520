"""Decided events, moves and outcomes to write, and the counts that must be true to them."""


import itertools
from collections import Counter

import msgspec
from sqlalchemy import text

from backend.domain.delivery import SKIPPED, State
from backend.domain.ids import make_id
from backend.store import hot
from backend.store.port import Store, Tx

NOW = 1_790_000_000.0
BORN = int(NOW * 1000)
WHO = 42
RUN = itertools.count(1)
PLACES = [(int(s), g) for g in (0, 1) for s in State]


def one(
    serial, *, space=1, person=None, key="", root=True, recipients=1, event=None, states=(State.PENDING,), skipped=(4,), born=BORN, **also
):
    """A decided event with one delivery for each of `states`, ids made of its serial."""
    event = event or make_id(born, b"event", serial.to_bytes(8, "big"))
    person = serial if person is None else person
    notification = make_id(born, event, person.to_bytes(8, "big"))
    made = tuple(
        hot.NewDelivery(make_id(born, notification, bytes([n])), n + 1, b"address", int(s), "quiet_hours" if s == State.HELD else "",
                        NOW + 60 if s == State.HELD else None)
        for n, s in enumerate(states)
    )  # fmt: skip
    row = hot.Decided(space, event, root, person, recipients, "order_shipped", "orders", 2, 1, key, "shipped", 3, 900 + serial % 3, NOW, b"record",
                      notification, len(made) + len(skipped), skipped, b"trace", made)  # fmt: skip
    return msgspec.structs.replace(row, **also)


def ids(*rows):
    return [d.id for r in rows for d in r.deliveries]


def move(row, state, *, n=0, generation=0, reason="", until=None):
    d = row.deliveries[n]
    return hot.Move(row.space, d.id, row.cohort, d.channel, generation, int(state), reason, until)


def outcome(row, state, *, to=None, n=1, code="250", raw="ok", **kw):
    return hot.Outcome(n, int(state), code, raw, move(row, state if to is None else to, **kw))


def recount(tx: Tx):
    """(space, cohort, channel, state) -> units, from the rows alone."""
    found = Counter()
    for space, cohort, channel, state in tx.conn.execute(text("select space, cohort, channel, state from deliveries")):
        found[space, cohort, channel, state] += 1
    return found


def summed(tx: Tx):
    """The same from the deltas; skipped units apart."""
    found, skipped = Counter(), 0
    for space, cohort, channel, was, now, n in tx.conn.execute(text("select space, cohort, channel, was, now, n from deltas")):
        if now == SKIPPED:
            skipped += n
            continue
        found[space, cohort, channel, now] += n
        if was != -1:
            found[space, cohort, channel, was] -= n
    return +found, skipped, [k for k, n in found.items() if n < 0]


async def balanced(store: Store):
    """Deltas and rows tell the same."""

    def look(tx):
        counted, skipped, negative = summed(tx)
        assert negative == []
        assert counted == recount(tx)
        assert skipped == tx.conn.execute(text("select coalesce(sum(skipped), 0) from notifications")).scalar_one()

    await store.read(look)


async def count(store, table, where="1 = 1"):
    return await store.read(lambda tx: tx.conn.execute(text(f"select count(*) from {table} where {where}")).scalar_one())
