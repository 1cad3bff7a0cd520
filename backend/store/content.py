"""What the gates know that is of nobody: categories, senders, the space's own wishes, halts; under one revision that every change raises.

Whoever changes any of it calls `bump` in the same transaction and, once that is committed, `announce`. Published versions of
templates never change and are read once.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy import select

from backend.cache.port import Cache
from backend.domain.category import Category
from backend.domain.person import Wishes
from backend.domain.space import SpaceSettings
from backend.domain.template import Content, TemplateVersion
from backend.store import marks, senders
from backend.store.port import Tx
from backend.store.tables import categories, halts, spaces, template_versions, templates

MARK = "content"
KEY = b"{content}revision"  # in the cache
TTL = 1.0  # seconds the cache's word is taken, when a change was committed and could not be announced


class Known(msgspec.Struct, frozen=True):
    """The content of one space at one revision."""

    categories: dict[str, Category]
    settings: SpaceSettings
    halted: tuple[str, ...]
    published: dict[str, int]  # template -> the version that events pin; templates without one are missing

    @property
    def wishes(self) -> Wishes:
        """What people of the space want unless they say otherwise."""
        return self.settings.wishes


def bump(tx: Tx) -> int:
    """The next revision. Two who bump at once take turns."""
    return marks.bump(tx, MARK)


def revision(tx: Tx) -> int:
    """The revision now; 0 before the first change."""
    return marks.number(tx, MARK)


async def announce(cache: Cache, revision: int) -> None:
    """Tell every process of a revision that is committed. An older one than the cache holds changes nothing."""
    await cache.put_newer({KEY: (revision, b"%d" % revision)}, TTL)


def snapshot(tx: Tx, space: int) -> Known:
    """The content of a space."""
    bodies = tx.conn.execute(select(categories.c.body).where(categories.c.space == space)).scalars()
    found = (msgspec.json.decode(body, type=Category) for body in bodies)
    scopes = tx.conn.execute(select(halts.c.scope).where(halts.c.space == space).order_by(halts.c.scope)).scalars()
    t = templates.c
    published = tx.conn.execute(select(t.key, t.published).where(t.space == space, t.published > 0))
    settings = senders.into(tx, space, settings_of(tx, space))
    return Known({category.key: category for category in found}, settings, tuple(scopes), {row.key: row.published for row in published})


def settings_of(tx: Tx, space: int) -> SpaceSettings:
    """The settings of a space."""
    settings = tx.conn.execute(select(spaces.c.settings).where(spaces.c.space == space)).scalar()
    return msgspec.json.decode(settings or "{}", type=SpaceSettings)


def space_wishes(tx: Tx, space: int) -> Wishes:
    """The default wishes of a space."""
    return settings_of(tx, space).wishes


def locales_of(tx: Tx, space: int, pins: Iterable[tuple[str, int]]) -> dict[tuple[str, int], dict[str, frozenset[str]]]:
    """Of the published versions (key, version) that exist: channel -> locales it has content in ("" for the outer one)."""
    v = template_versions.c
    found: dict[tuple[str, int], dict[str, frozenset[str]]] = {}
    for key, version in pins:
        raw = tx.conn.execute(select(v.content).where(v.space == space, v.key == key, v.version == version)).scalar()
        if raw is not None:
            found[key, version] = _locales(msgspec.json.decode(raw, type=TemplateVersion).content)
    return found


def _locales(content: Content) -> dict[str, frozenset[str]]:
    held: dict[str, set[str]] = {}
    for locale, channel, _ in content.each():
        held.setdefault(channel, set()).add(locale.replace("_", "-").lower())
    return {channel: frozenset(locales) for channel, locales in held.items()}
