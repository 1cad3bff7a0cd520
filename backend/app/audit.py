"""The audit trail, read by administrators. It is written by every change itself, in the same transaction."""

from datetime import datetime
from typing import Any

import msgspec

from backend.app.base import PAGE, Aggregate, page_size
from backend.app.views import Page, moment
from backend.domain.ids import parse_id
from backend.security.roles import Actor, need
from backend.store import audit

_NEWEST = b"\xff" * 16


class AuditView(msgspec.Struct):
    """Who did what to what. `detail` holds names and numbers, no personal data."""

    id: str
    at: datetime
    actor: str
    role: str
    action: str
    object: str
    detail: dict[str, Any]


class Audit(Aggregate):
    """Read only; nobody changes or removes an entry."""

    async def list(self, actor: Actor, *, target: str = "", after: str = "", limit: int = PAGE) -> Page[AuditView]:
        """Entries of the actor's space, the newest first; `target` keeps to one, e.g. "category:orders"."""
        need(actor, "audit.read")
        before = parse_id(after) if after else _NEWEST
        size = page_size(limit)
        rows = await self.app.store.read(lambda tx: audit.page(tx, actor.space, before, size + 1, target))
        items = [
            AuditView(r.id.hex(), moment(r.at), r.actor, r.role, r.action, r.object, msgspec.json.decode(r.detail)) for r in rows[:size]
        ]
        return Page(items, rows[size - 1].id.hex() if len(rows) > size else None)
