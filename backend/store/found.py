"""What a search finds: each statement walks a range of an index."""

from sqlalchemy import Table, func, or_, select

from backend.store.port import Tx
from backend.store.tables import audiences, campaigns, deliveries, events, notifications, templates


def templates_of(tx: Tx, space: int, text: str, limit: int) -> list[tuple[str, str]]:
    """(key, name) of templates whose key or name begins with the text; a space has hundreds of them, which are walked."""
    return _named(tx, templates, space, text, limit)


def campaigns_of(tx: Tx, space: int, text: str, limit: int) -> list[tuple[str, str]]:
    """(key, name) of campaigns, as `templates_of`."""
    return _named(tx, campaigns, space, text, limit)


def audiences_of(tx: Tx, space: int, text: str, limit: int) -> list[tuple[str, str]]:
    """(key, name) of audiences, as `templates_of`."""
    return _named(tx, audiences, space, text, limit)


def _named(tx: Tx, table: Table, space: int, text: str, limit: int) -> list[tuple[str, str]]:
    c = table.c
    begins = or_(c.key.startswith(text.lower(), autoescape=True), func.lower(c.name).startswith(text.lower(), autoescape=True))
    rows = tx.conn.execute(select(c.key, c.name).where(c.space == space, begins).order_by(c.key).limit(limit))
    return [(key, name) for key, name in rows]


def events_in(tx: Tx, space: int, span: tuple[bytes, bytes], limit: int) -> list[tuple[bytes, str, str]]:
    """(id, type, category) of events with ids from the first to the last of the span, newest first."""
    e = events.c
    where = (e.id >= span[0], e.id <= span[1], e.space == space)
    rows = tx.conn.execute(select(e.id, e.type, e.category).where(*where).order_by(e.id.desc()).limit(limit))
    return [(made, kind, category) for made, kind, category in rows]


def deliveries_in(tx: Tx, space: int, span: tuple[bytes, bytes], limit: int) -> list[tuple[bytes, str]]:
    """(id, category) of deliveries, as `events_in`."""
    d, n = deliveries.c, notifications.c
    where = (d.id >= span[0], d.id <= span[1], d.space == space, n.space == space)
    statement = select(d.id, n.category).join_from(deliveries, notifications, n.id == d.notification).where(*where)
    return [(made, category) for made, category in tx.conn.execute(statement.order_by(d.id.desc()).limit(limit))]
