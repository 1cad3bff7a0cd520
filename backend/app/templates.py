"""Templates: drafts that change, versions that never do. Whatever was typed is checked and rendered in the jail."""

import re
from typing import Any

import msgspec
from msgspec import UNSET

from backend.app.base import PAGE, Aggregate, check_revision, page_size
from backend.app.parts import brand_of, shelf_of
from backend.app.views import Page, PreviewIn, PreviewView, TemplateIn, TemplateView, VersionView, moment
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.draft import Draft
from backend.domain.errors import Invalid, NotFound, TooLarge
from backend.domain.ids import person_id
from backend.domain.publish import SAMPLE_CONTEXT
from backend.domain.schema import well_formed
from backend.domain.template import Channel, Content, TemplateVersion
from backend.security.roles import Actor, need
from backend.store import persons, templates
from backend.store.port import Tx
from backend.store.templates import TemplateRow, VersionRow

DRAFT = 2 * 1024 * 1024  # bytes of JSON
VERSIONS = 50  # shown
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,127}")


class Templates(Aggregate):
    """Templates of the actor's space."""

    async def put(self, actor: Actor, key: str, given: TemplateIn, seen_revision: int | None = None) -> TemplateView:
        """Make or change a draft; what is published stays as it is. Errors: `Invalid`, `TooLarge`, `Stale`."""
        need(actor, "content.write")
        check_key(key)
        if given.schema is not UNSET and given.schema:
            well_formed(given.schema)
        seen = given.revision if seen_revision is None else seen_revision

        def write(tx: Tx) -> TemplateView:
            old = templates.get(tx, actor.space, key, lock=True)
            check_revision(seen, old.revision if old else 0, f"The template {key}")
            before = draft_of(old) if old else Draft(given.content)
            samples = before.samples if given.samples is UNSET else given.samples
            draft = encoded(Draft(given.content, samples, before.schema if given.schema is UNSET else given.schema))
            row = TemplateRow(
                space=actor.space,
                key=key,
                name=(old.name if old else key) if given.name is UNSET else given.name,
                draft=draft,
                revision=(old.revision if old else 0) + 1,
                published=old.published if old else 0,
                changed=self.app.clock.now(),
                changed_by=actor.subject,
            )
            templates.put(tx, row)
            self.note(tx, actor, "template.put", f"template:{key}", revision=row.revision)
            return _view(tx, row)

        return await self.app.store.write(write)

    async def get(self, actor: Actor, key: str) -> TemplateView:
        """One template with its newest versions. Raises `NotFound`."""
        need(actor, "content.read")
        return await self.app.store.read(lambda tx: _view(tx, found(tx, actor.space, key)))

    async def publish(self, actor: Actor, key: str, seen_revision: int | None = None, note: str = "") -> TemplateView:
        """Check the draft and make it the version that events pin from now on; it holds the layouts, partials and brand of today.

        Errors: `TemplateSyntax`, `TemplateBounds`, `DataMissing`, `LinkUnsafe`, `HeaderUnsafe` (what to change, and where), `Stale`.
        """
        need(actor, "content.write")
        row, shelf, brand = await self.app.store.read(
            lambda tx: (found(tx, actor.space, key), shelf_of(tx, actor.space), brand_of(tx, actor.space))
        )
        check_revision(seen_revision, row.revision, f"The template {key}")
        draft = draft_of(row)
        published = await self.app.jail.publish(draft.content, draft.samples, shelf)

        def write(tx: Tx) -> TemplateView:
            now = found(tx, actor.space, key, lock=True)
            check_revision(row.revision, now.revision, f"The template {key}")  # changed while it was being checked
            number = templates.last_version(tx, actor.space, key) + 1
            version = TemplateVersion(key, number, published.content, published.variables, draft.samples, brand, published.parts)
            return self._release(tx, actor, now, version, "template.publish", row.draft, note[:500])

        return await self.changing_content(write)

    async def rollback(self, actor: Actor, key: str, version: int, seen_revision: int | None = None) -> TemplateView:
        """Publish the content of an older version again, under a new number; the draft stays. Errors: `NotFound`, `Stale`."""
        need(actor, "content.write")

        def write(tx: Tx) -> TemplateView:
            row = found(tx, actor.space, key, lock=True)
            check_revision(seen_revision, row.revision, f"The template {key}")
            old = version_row(tx, actor.space, key, version)
            number = templates.last_version(tx, actor.space, key) + 1
            again = msgspec.structs.replace(version_of(old), version=number)
            return self._release(tx, actor, row, again, "template.rollback", old.source, f"Rolled back to version {version}.", to=version)

        return await self.changing_content(write)

    async def preview(self, actor: Actor, key: str, given: PreviewIn) -> PreviewView:
        """How it looks, per channel: the draft, a version or unsaved content; with samples, or as a real user would get it.

        Errors: `NotFound`, those of `publish`, `DataMissing`, `TemplateMissing` for a channel it says nothing on.
        """
        need(actor, "content.read")
        if given.user is not None:
            need(actor, "people.read")
        user = {} if given.user is None else await self.as_user(actor, given.user)
        version = await self._previewed(actor, key, given)
        channels: list[Channel] = list(dict.fromkeys(channel for _, channel, _ in version.content.each()))
        if given.channel is not None:
            channels = [given.channel]
        context = {**SAMPLE_CONTEXT, "user": {**SAMPLE_CONTEXT["user"], **user}, "data": version.samples}
        locale = given.locale if given.user is None else str(user["locale"])
        return PreviewView({channel: await self.app.jail.render(version, channel, context, locale) for channel in channels})

    async def list(self, actor: Actor, *, after: str = "", limit: int = PAGE) -> Page[TemplateView]:
        """By key; `after` is the `next` of the page before."""
        need(actor, "content.read")
        size = page_size(limit)

        def read(tx: Tx) -> Page[TemplateView]:
            rows = templates.page(tx, actor.space, after, size + 1)
            return Page([_view(tx, row) for row in rows[:size]], rows[size - 1].key if len(rows) > size else None)

        return await self.app.store.read(read)

    def _release(
        self, tx: Tx, actor: Actor, row: TemplateRow, version: TemplateVersion, action: str, source: str, note: str, **detail: Any
    ) -> TemplateView:
        now = self.app.clock.now()
        kept = VersionRow(
            space=actor.space, key=row.key, version=version.version, content=msgspec.json.encode(version).decode(), published_by=actor.subject,
            at=now, note=note, source=source,
        )  # fmt: skip
        templates.add_version(tx, kept)
        row.published, row.revision, row.changed = version.version, row.revision + 1, now
        templates.put(tx, row)
        self.note(tx, actor, action, f"template:{row.key}", version=version.version, revision=row.revision, **detail)
        return _view(tx, row)

    async def _previewed(self, actor: Actor, key: str, given: PreviewIn) -> TemplateVersion:
        if given.version is not None and given.content is None:
            number = given.version
            kept = await self.app.store.read(lambda tx: version_of(version_row(tx, actor.space, key, number)))
            published = await self.app.jail.publish(kept.content, {**kept.samples, **(given.data or {})})
        else:
            row, shelf = await self.app.store.read(lambda tx: (templates.get(tx, actor.space, key), shelf_of(tx, actor.space)))
            if row is None and given.content is None:
                raise NotFound(f"There is no template {key[:128]!r} here. Check its key.", key=key[:128])
            draft = draft_of(row) if row else Draft(Content())
            published = await self.app.jail.publish(given.content or draft.content, {**draft.samples, **(given.data or {})}, shelf)
        return TemplateVersion(key, given.version or 0, published.content, published.variables, published.samples)

    async def as_user(self, actor: Actor, user_id: str) -> dict[str, Any]:
        """The names a template sees of a person, as the deliver stage gives them. Raises `NotFound`."""
        need(actor, "people.read")

        def read(tx: Tx) -> dict[str, Any]:
            row = self.app.people.found(tx, actor.space, user_id)
            profile = self.app.people.profile(row)
            first: dict[int, str] = {}
            for address in persons.addresses_of(tx, actor.space, person_id(actor.space, user_id), self.app.clock.now()):
                first.setdefault(address.channel, self.app.people.opened(address))
            return {
                "id": row.user_id,
                "name": profile.name,
                "email": first.get(CHANNEL_NUMBER["email"], ""),
                "phone": first.get(CHANNEL_NUMBER["sms"], ""),
                "timezone": row.timezone,
                "locale": row.locale,
                "attributes": profile.attributes,
            }

        return await self.app.store.read(read)


def check_key(key: str) -> None:
    """Raises `Invalid` for what can be no key of a template."""
    if not _KEY.fullmatch(key):
        raise Invalid("The key of a template is 1 to 128 letters, digits or . _ -, and begins with a letter or digit.", field="key")


def encoded(draft: Draft) -> str:
    """The draft for its row. Raises `TooLarge`."""
    body = msgspec.json.encode(draft)
    if len(body) > DRAFT:
        raise TooLarge(f"The draft takes {len(body) // 1024} KB; {DRAFT // 1024} KB are allowed. Make it smaller.")
    return body.decode()


def found(tx: Tx, space: int, key: str, *, lock: bool = False) -> TemplateRow:
    """The template's row. Raises `NotFound`."""
    row = templates.get(tx, space, key, lock=lock)
    if row is None:
        raise NotFound(f"There is no template {key[:128]!r} here. Check its key.", key=key[:128])
    return row


def version_row(tx: Tx, space: int, key: str, number: int) -> VersionRow:
    """A published version's row. Raises `NotFound`."""
    row = templates.version(tx, space, key, number)
    if row is None:
        raise NotFound(f"The template {key[:128]!r} has no version {number}. Its versions stand in the template itself.", version=number)
    return row


def version_of(row: VersionRow) -> TemplateVersion:
    """The version as the line knows it."""
    return msgspec.json.decode(row.content, type=TemplateVersion)


def source_of(row: VersionRow) -> Draft:
    """What the version was made of; of an old one without it, what it became."""
    return msgspec.json.decode(row.source, type=Draft) if row.source else Draft(version_of(row).content, version_of(row).samples)


def draft_of(row: TemplateRow) -> Draft:
    """The draft as a value."""
    return msgspec.json.decode(row.draft, type=Draft)


def _view(tx: Tx, row: TemplateRow) -> TemplateView:
    draft = draft_of(row)
    current = version_of(version_row(tx, row.space, row.key, row.published)) if row.published else None
    return TemplateView(
        key=row.key,
        name=row.name,
        draft=draft.content,
        published=row.published,
        revision=row.revision,
        changed_at=moment(row.changed),
        changed_by=row.changed_by,
        samples=draft.samples,
        schema=draft.schema,
        variables=list(current.variables) if current else [],
        versions=[VersionView(v.version, v.published_by, moment(v.at), v.note) for v in templates.versions(tx, row.space, row.key, VERSIONS)],
    )
