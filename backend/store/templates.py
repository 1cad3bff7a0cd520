"""Rows of templates: the draft that changes, and published versions that never do."""

import msgspec
from sqlalchemy import delete, func, insert, or_, select

from backend.store.port import Tx
from backend.store.tables import template_drafts, template_versions, templates
from backend.store.upsert import upsert


class TemplateRow(msgspec.Struct, kw_only=True):
    """A row of `templates`; `draft` is JSON, `published` the version events pin (0: none yet)."""

    space: int
    key: str
    name: str
    draft: str
    revision: int
    published: int
    changed: float
    changed_by: str = ""


class VersionRow(msgspec.Struct, kw_only=True):
    """A row of `template_versions`; `content` is JSON of domain.template.TemplateVersion."""

    space: int
    key: str
    version: int
    content: str
    published_by: str
    at: float
    note: str = ""
    source: str = ""


class DraftRow(msgspec.Struct, kw_only=True):
    """A row of `template_drafts`: what `author` wrote on top of revision `base` while somebody else saved first."""

    space: int
    key: str
    author: str
    base: int
    draft: str
    at: float


def get(tx: Tx, space: int, key: str, *, lock: bool = False) -> TemplateRow | None:
    """The template, or None."""
    statement = select(templates).where(templates.c.space == space, templates.c.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else TemplateRow(**row)


def put(tx: Tx, row: TemplateRow) -> None:
    """Insert or overwrite."""
    upsert(tx, templates, msgspec.structs.asdict(row))


def page(tx: Tx, space: int, after: str, limit: int) -> list[TemplateRow]:
    """Templates whose key comes behind `after`, by key."""
    rows = tx.conn.execute(
        select(templates).where(templates.c.space == space, templates.c.key > after).order_by(templates.c.key).limit(limit)
    ).mappings()
    return [TemplateRow(**row) for row in rows]


def search(tx: Tx, space: int, after: str, limit: int, words: str = "") -> list[TemplateRow]:
    """The same, of those whose key or name holds the words."""
    statement = select(templates).where(templates.c.space == space, templates.c.key > after)
    if words:
        statement = statement.where(or_(templates.c.key.icontains(words, autoescape=True), templates.c.name.icontains(words, autoescape=True)))
    return [TemplateRow(**row) for row in tx.conn.execute(statement.order_by(templates.c.key).limit(limit)).mappings()]


def keep(tx: Tx, row: DraftRow) -> None:
    """Keep an overtaken text; the author's newest one counts."""
    upsert(tx, template_drafts, msgspec.structs.asdict(row))


def kept(tx: Tx, space: int, key: str) -> list[DraftRow]:
    """Overtaken texts of a template, the newest first."""
    t = template_drafts.c
    rows = tx.conn.execute(select(template_drafts).where(t.space == space, t.key == key).order_by(t.at.desc()).limit(50)).mappings()
    return [DraftRow(**row) for row in rows]


def drop_kept(tx: Tx, space: int, key: str, author: str) -> int:
    """Forget an overtaken text; how many there were."""
    t = template_drafts.c
    return tx.conn.execute(delete(template_drafts).where(t.space == space, t.key == key, t.author == author)).rowcount


def version(tx: Tx, space: int, key: str, number: int) -> VersionRow | None:
    """One published version, or None."""
    row = tx.conn.execute(
        select(template_versions).where(
            template_versions.c.space == space, template_versions.c.key == key, template_versions.c.version == number
        )
    ).mappings().first()
    return None if row is None else VersionRow(**row)


def versions(tx: Tx, space: int, key: str, limit: int) -> list[VersionRow]:
    """The newest first."""
    rows = tx.conn.execute(
        select(template_versions)
        .where(template_versions.c.space == space, template_versions.c.key == key)
        .order_by(template_versions.c.version.desc())
        .limit(limit)
    ).mappings()
    return [VersionRow(**row) for row in rows]


def last_version(tx: Tx, space: int, key: str) -> int:
    """The highest number given so far; 0 before the first."""
    statement = select(func.max(template_versions.c.version)).where(template_versions.c.space == space, template_versions.c.key == key)
    return int(tx.conn.execute(statement).scalar() or 0)


def add_version(tx: Tx, row: VersionRow) -> None:
    """Insert; a number that is taken is an error of the database: versions are immutable."""
    tx.conn.execute(insert(template_versions), msgspec.structs.asdict(row))
