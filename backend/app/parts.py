"""Layouts, partials and the brand of a space: what its templates share. Published versions hold what they were made of."""

import re
from typing import Any

import msgspec

from backend.app.base import Aggregate, check_revision
from backend.app.studio_views import BrandIn, PartIn, PartView
from backend.app.views import Page, moment
from backend.domain.draft import Draft
from backend.domain.errors import Conflict, Invalid, NotFound
from backend.domain.links import check_link
from backend.domain.parts import KINDS, NAME, Part, includes, put_together
from backend.domain.space import Brand
from backend.security.roles import Actor, need
from backend.store import content, space_rows, template_parts, templates
from backend.store.port import Tx
from backend.store.template_parts import PartRow

LIMIT = 100  # layouts and partials of a space
SCANNED = 2_000  # templates looked at for what uses a part


def shelf_of(tx: Tx, space: int) -> dict[str, Part]:
    """Every layout and partial of a space, as putting together wants them."""
    rows = (Part(row.kind, row.key, row.source, row.revision) for row in template_parts.every(tx, space))  # type: ignore[arg-type]
    return {part.name: part for part in rows}


def brand_of(tx: Tx, space: int) -> dict[str, str]:
    """The brand as templates see it."""
    return msgspec.structs.asdict(content.settings_of(tx, space).brand)


class Parts(Aggregate):
    """Layouts and partials of the actor's space, and its brand."""

    async def list(self, actor: Actor) -> Page[PartView]:
        """All of them, layouts first, with the templates whose drafts name them."""
        need(actor, "content.read")

        def read(tx: Tx) -> Page[PartView]:
            rows = template_parts.every(tx, actor.space)
            uses = _uses(tx, actor.space, {row.key: row.source for row in rows if row.kind == "partial"}) if rows else {}
            return Page([_view(row, sorted(uses.get(f"{row.kind}:{row.key}", ()))) for row in rows])

        return await self.app.store.read(read)

    async def put(self, actor: Actor, kind: str, key: str, given: PartIn) -> PartView:
        """Make or change one. What is published stays as it is. Errors: `Invalid`, `TemplateSyntax`, `Stale`."""
        need(actor, "content.write")
        _check_name(kind, key)

        def write(tx: Tx) -> PartView:
            old = template_parts.get(tx, actor.space, kind, key, lock=True)
            check_revision(given.revision, old.revision if old else 0, f"The {kind} {key}")
            shelf = shelf_of(tx, actor.space)
            if old is None and len(shelf) >= LIMIT:
                raise Invalid(f"A space has at most {LIMIT} layouts and partials. Change one that is there.", limit=LIMIT)
            now = self.app.clock.now()
            row = PartRow(
                space=actor.space, kind=kind, key=key, source=given.source, revision=(old.revision if old else 0) + 1, changed=now,
                changed_by=actor.subject,
            )  # fmt: skip
            part = Part(kind, key, given.source, row.revision)  # type: ignore[arg-type]
            mail = "{{ event.title }}" if kind == "layout" else f"{{% include '{key}' %}}"
            put_together(mail, f"{kind} {key}", {**shelf, part.name: part}, key if kind == "layout" else "")  # circles and unknown partials
            template_parts.put(tx, row)
            self.note(tx, actor, f"{kind}.put", f"{kind}:{key}", revision=row.revision)
            return _view(row, [])

        return await self.app.store.write(write)

    async def remove(self, actor: Actor, kind: str, key: str) -> None:
        """Take one away that no draft names. Errors: `NotFound`, `Conflict`."""
        need(actor, "content.write")

        def write(tx: Tx) -> None:
            if template_parts.get(tx, actor.space, kind, key, lock=True) is None:
                raise NotFound(f"There is no {kind[:16]} {key[:64]!r} here.", key=key[:64])
            shelf = {p.key: p.source for p in shelf_of(tx, actor.space).values() if p.kind == "partial"}
            uses = sorted(_uses(tx, actor.space, shelf).get(f"{kind}:{key}", ()))
            if uses:
                raise Conflict(f"The {kind} {key} is used by {', '.join(uses[:5])}. Take it out of there first.", used_by=uses[:20])
            template_parts.remove(tx, actor.space, kind, key)
            self.note(tx, actor, f"{kind}.remove", f"{kind}:{key}")

        await self.app.store.write(write)

    async def brand(self, actor: Actor) -> Brand:
        """The brand of the space."""
        need(actor, "content.read")
        return await self.app.store.read(lambda tx: content.settings_of(tx, actor.space).brand)

    async def put_brand(self, actor: Actor, given: BrandIn) -> Brand:
        """Change it: for drafts and whatever is published from now on. Errors: `Invalid`, `LinkUnsafe`."""
        need(actor, "content.write")
        for name in ("logo", "url"):
            link = getattr(given, name)
            if link and not check_link(link).startswith(("https://", "http://")):
                raise Invalid(f"{name} starts with https://. Give the whole address.", field=name)
        brand = Brand(given.name, given.color.lower(), given.logo, given.address, given.url)

        def write(tx: Tx) -> Brand:
            settings = msgspec.json.decode(space_rows.settings(tx, actor.space, lock=True), type=dict[str, Any])
            settings["brand"] = brand
            space_rows.put_settings(tx, actor.space, msgspec.json.encode(settings).decode())
            self.note(tx, actor, "space.brand", "space", name=brand.name, color=brand.color)
            return brand

        return await self.changing_content(write)


def _check_name(kind: str, key: str) -> None:
    if kind not in KINDS:
        raise Invalid("There are layouts and partials.", field="kind", allowed=list(KINDS))
    if not re.fullmatch(NAME, key):
        raise Invalid("A key is 1 to 64 letters, digits or . _ -, and begins with a letter or digit.", field="key")


def _uses(tx: Tx, space: int, partials: dict[str, str]) -> dict[str, set[str]]:
    """Part -> templates whose draft names it, itself or through a partial."""
    inside = {key: includes(source) for key, source in partials.items()}
    found: dict[str, set[str]] = {}
    for row in templates.page(tx, space, "", SCANNED):
        draft = msgspec.json.decode(row.draft, type=Draft)
        named: list[str] = []
        for _, _, one in draft.content.each():
            for field in one.__struct_fields__:
                value = getattr(one, field)
                if field == "layout" and value:
                    found.setdefault(f"layout:{value}", set()).add(row.key)
                elif isinstance(value, str):
                    named += includes(value)
        while named:
            key = named.pop()
            users = found.setdefault(f"partial:{key}", set())
            if row.key not in users:
                users.add(row.key)
                named += inside.get(key, [])
    for row_ in template_parts.every(tx, space):
        if row_.kind == "layout":
            for key in includes(row_.source):
                found.setdefault(f"partial:{key}", set()).update(found.get(f"layout:{row_.key}", set()) or {f"layout {row_.key}"})
    return found


def _view(row: PartRow, used_by: list[str]) -> PartView:
    return PartView(row.kind, row.key, row.source, row.revision, moment(row.changed), row.changed_by, used_by)  # type: ignore[arg-type]
