"""Who asks, in the tests of the facade."""

from typing import Any

from sqlalchemy import select

from backend.app.app import App
from backend.domain.ids import facts_key, person_id
from backend.security.roles import Actor
from backend.store.tables import audit


def actor(role: str, user: str = "", space: int = 1) -> Actor:
    """Somebody signed in with a role; `user` is their own user id."""
    subject = user or f"the-{role}"
    return Actor(space, subject, role, person=person_id(space, subject), via="portal")


ADMIN, MARKETER, ANALYST, OPERATOR, MEMBER = (actor(role) for role in ("admin", "marketer", "analyst", "operator", "member"))


def program(*scopes: str, space: int = 1) -> Actor:
    """A program with a token."""
    return Actor(space, "shop", scopes=scopes)


async def trail(app: App, space: int = 1) -> list[tuple[str, str, str]]:
    """(actor, action, object) of every audit row, oldest first."""
    a = audit.c
    rows = await app.store.read(lambda tx: tx.conn.execute(select(a.actor, a.action, a.object).where(a.space == space).order_by(a.at, a.id)).all())
    return [tuple(row) for row in rows]  # type: ignore[misc]


async def plant(app: App, user: str, space: int = 1) -> bytes:
    """Put something into the cache where the facts of this person stand; its key."""
    key = facts_key(space, person_id(space, user))
    await app.cache.put_many({key: b"old facts"}, 60.0)
    return key


async def gone(app: App, key: bytes) -> bool:
    """True when the cache has forgotten it."""
    return await app.cache.get_many([key]) == [None]


async def rows(app: App, table: Any, *where: Any) -> list[dict[str, Any]]:
    """Rows of a table."""
    return await app.store.read(lambda tx: [dict(r) for r in tx.conn.execute(select(table).where(*where)).mappings()])
