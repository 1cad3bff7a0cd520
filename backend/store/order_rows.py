"""Rows of orders: the newest state of each."""

from sqlalchemy import select

from backend.live.records import OrderMoved
from backend.store.port import Tx
from backend.store.tables import orders
from backend.store.upsert import upsert


def get(tx: Tx, space: int, order: str) -> OrderMoved | None:
    """The order, or None."""
    row = tx.conn.execute(select(orders).where(orders.c.space == space, orders.c.id == order)).first()
    return None if row is None else OrderMoved(space, row.id, row.person, row.state, row.detail, row.at)


def put(tx: Tx, moved: OrderMoved) -> bool:
    """Write it; False when owner, state and detail are as they were."""
    was = get(tx, moved.space, moved.order)
    if was is not None and (was.person, was.state, was.detail) == (moved.person, moved.state, moved.detail):
        return False
    upsert(
        tx,
        orders,
        {"space": moved.space, "id": moved.order, "person": moved.person, "state": moved.state, "detail": moved.detail, "at": moved.at},
    )
    return True
