"""Some of those who got a campaign of the demo leave its category, in the hours after: the letter led to that, and from then on they get no more of it.

Who leaves is found last, among people who got nothing more of the category since, so that nothing else of the history has to be otherwise.
"""

from random import Random

import msgspec
from sqlalchemy import select

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.demo import LEFT, goes_on
from backend.app.links import ONE_CLICK
from backend.domain.delivery import CHANNEL_NUMBER, State
from backend.domain.receipt import Receipt
from backend.domain.run import run_id
from backend.domain.touch import UNSUBSCRIBED, Touch
from backend.store import history, hot, leaving, marks, persons, receipt_rows, stamps
from backend.store.born import with_it
from backend.store.port import Tx
from backend.store.tables import deliveries
from carillon.demo.past import Past, pasts
from carillon.demo.plot import HOUR

SHARE = 0.007  # of the mails that arrived; a guardrail of an experiment stops at one in a hundred
SOON, LATE = 0.1 * HOUR, 9 * HOUR  # after the mail


class Left(msgspec.Struct, frozen=True):
    """Somebody who leaves, and which mail led to it."""

    receipt: Receipt
    category: str
    channel: int
    cohort: int


async def some_leave(app: App, days: int, start: float) -> None:
    """Once; `start`: of the history whose campaigns these are."""
    changed: set[int] = set()

    def write(tx: Tx) -> None:
        changed.clear()
        if marks.get(tx, LEFT) is not None or not goes_on(tx):
            return
        found = [one for past in pasts(days) for one in _of(tx, past, start)]
        left = [one for one in found if _leave(tx, one)]
        changed.update(one.receipt.person for one in left)
        receipts = [one.receipt for one in left]
        stamps.count_receipts(tx, MAIN, receipts, receipt_rows.deliveries_of(tx, MAIN, [one.delivery for one in receipts]), start)
        receipt_rows.keep(tx, MAIN, receipts)
        hot.write_touches(tx, [(MAIN, Touch(UNSUBSCRIBED, one.receipt.person, one.receipt.at, one.channel, one.cohort)) for one in left], start)
        marks.put(tx, LEFT, str(len(left)))

    await app.store.write(write, turn="demo")
    if changed:
        await app.facts.forget([(MAIN, person) for person in changed])


def _of(tx: Tx, past: Past, start: float) -> list[Left]:
    """Of those whom a campaign's mail reached."""
    made, rng, d = run_id(MAIN, past.key, past.at(start)), Random(f"left {past.key}"), deliveries.c  # noqa: S311 - a plot, no secret
    arrived = (State.SENT, State.DELIVERED)
    columns = (d.id, d.person, d.notification, d.changed, d.generation, d.cohort)
    rows = tx.conn.execute(select(*columns).where(with_it(d, MAIN, made), d.channel == CHANNEL_NUMBER["email"], d.state.in_(arrived)).order_by(d.id)).all()
    of_run = history.notifications_with(tx, MAIN, [row.notification for row in rows if rng.random() < SHARE])
    found = []
    for row in rows:
        note = of_run.get(row.notification)
        at = round(row.changed + rng.uniform(SOON, LATE), 3)
        if note is None or note.event != made or at >= start - 60:
            continue
        newest = history.notifications_of_person(tx, MAIN, row.person, note.category, None, 1)
        if newest and newest[0].id == note.id:
            receipt = Receipt(MAIN, row.id, "unsubscribed", at, row.generation, person=row.person)
            found.append(Left(receipt, note.category, CHANNEL_NUMBER["email"], row.cohort))
    return found


def _leave(tx: Tx, one: Left) -> bool:
    person = persons.get(tx, MAIN, one.receipt.person, lock=True)
    if person is None or not person.demo or person.erased is not None:
        return False
    return leaving.leave(tx, person, one.category, one.receipt.at, ONE_CLICK, f"delivery {one.receipt.delivery.hex()}")
