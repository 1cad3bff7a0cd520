"""The audit trail, read by administrators. It is written by every change itself, in the same transaction."""

from datetime import datetime
from typing import Any

import msgspec

from backend.app.base import PAGE, Aggregate, page_size
from backend.app.views import Page, moment
from backend.domain.errors import NotFound
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

    async def list(
        self, actor: Actor, *, target: str = "", by: str = "", area: str = "", since: float = 0.0, until: float = 0.0, after: str = "", limit: int = PAGE
    ) -> Page[AuditView]:
        """Entries of the actor's space, the newest first. `target` keeps to one object, e.g. "category:orders", or to all of a kind,
        "category:"; `by`: to whoever did it, `area`: to actions before the dot, `since` and `until`: to a time in seconds."""
        need(actor, "audit.read")
        before = min(parse_id(after) if after else _NEWEST, _first(until) if until else _NEWEST)
        size, from_ = page_size(limit), _first(since) if since else b""
        rows = await self.app.store.read(lambda tx: audit.page(tx, actor.space, before, size + 1, target, actor=by, area=area, since=from_))
        items = [
            AuditView(r.id.hex(), moment(r.at), r.actor, r.role, r.action, r.object, msgspec.json.decode(r.detail)) for r in rows[:size]
        ]
        return Page(items, rows[size - 1].id.hex() if len(rows) > size else None)

    async def get(self, actor: Actor, entry: str) -> AuditView:
        """One entry. Raises `NotFound`."""
        need(actor, "audit.read")
        made = parse_id(entry)
        following = (int.from_bytes(made, "big") + 1).to_bytes(17, "big")[-16:]
        rows = await self.app.store.read(lambda tx: audit.page(tx, actor.space, following, 1, since=made))
        if not rows:
            raise NotFound("There is no such entry here.")
        (r,) = rows
        return AuditView(r.id.hex(), moment(r.at), r.actor, r.role, r.action, r.object, msgspec.json.decode(r.detail))


def _first(seconds: float) -> bytes:
    """The first id an entry of that moment can have."""
    return max(0, int(seconds * 1000)).to_bytes(8, "big")[-6:] + bytes(10)
