"""Events that nobody could decide: counted as failed until somebody sends their letter again."""

import msgspec
from sqlalchemy import delete, insert, select

from backend.domain.decision import Decision
from backend.domain.delivery import State
from backend.domain.ids import notification_id
from backend.domain.tally import quarter_of
from backend.store.port import Tx
from backend.store.tables import deliveries, deltas, notifications

_decision = msgspec.msgpack.Decoder(Decision)


def take_back(tx: Tx, space: int, event: bytes, person: int, now: float) -> None:
    """Take away the rows that say it failed, so that it can be decided; of one that was decided nothing is touched."""
    made = notification_id(event, person)
    n, d = notifications.c, deliveries.c
    trace = tx.conn.scalar(select(n.trace).where(n.id == made, n.space == space))
    if trace is None or _decision.decode(bytes(trace)).units:
        return
    row = tx.conn.execute(select(d.id, d.cohort, d.channel).where(d.notification == made, d.space == space, d.person == person)).first()
    if row is None:
        return  # of an activity: it has no units because nobody is told of it
    tx.conn.execute(delete(deliveries).where(d.id == row.id, d.space == space))
    tx.conn.execute(delete(notifications).where(n.id == made, n.space == space))
    less = {
        "space": space,
        "cohort": row.cohort,
        "minute": int(now // 60),
        "channel": row.channel,
        "was": -1,
        "now": int(State.DEAD),
        "n": -1,
        "born": quarter_of(made),
    }
    tx.conn.execute(insert(deltas), less)
