"""Rows of system alerts."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from backend.live.records import AlertRaised
from backend.store.port import Tx
from backend.store.tables import alerts
from backend.store.upsert import upsert


def get(tx: Tx, space: int, made: bytes) -> AlertRaised | None:
    """The alert, or None."""
    row = tx.conn.execute(select(alerts).where(alerts.c.space == space, alerts.c.id == made)).first()
    return None if row is None else AlertRaised(*row)


def put(tx: Tx, alert: AlertRaised) -> None:
    """Insert or overwrite."""
    names = ("space", "id", "severity", "title", "message", "at", "resolved_at")
    upsert(tx, alerts, {name: getattr(alert, name) for name in names})


def newest(tx: Tx, space: int, limit: int, also: Sequence[bytes] = ()) -> list[AlertRaised]:
    """The newest open alerts, and those named whatever became of them; oldest first."""
    c = alerts.c
    which = or_(c.resolved_at.is_(None), c.id.in_(list(also)))
    rows = tx.conn.execute(select(alerts).where(c.space == space, which).order_by(c.at.desc()).limit(limit))
    return [AlertRaised(*row) for row in rows][::-1]
