"""The studio around templates: saving as one types, two editors who lose nothing, checks, differences, where used, tests to oneself."""

from typing import Any

import msgspec
from msgspec import UNSET

from backend.app.base import PAGE, Aggregate, page_size
from backend.app.categories import decoded
from backend.app.parts import brand_of, shelf_of
from backend.app.studio_views import (
    CreateIn,
    KeptView,
    LookIn,
    LookView,
    OutlookView,
    Overtaken,
    Saved,
    SaveIn,
    TemplateCard,
    TrialIn,
    TrialSent,
    UsedBy,
    VersionCard,
)
from backend.app.templates import check_key, draft_of, encoded, found, source_of, version_of, version_row
from backend.app.views import Page, moment
from backend.domain import starters
from backend.domain.draft import Change, Draft, changes
from backend.domain.errors import Invalid, NotFound, Refusal, Taken
from backend.domain.event import EventIn, To
from backend.domain.lint import Problem
from backend.domain.publish import SAMPLE_CONTEXT
from backend.domain.schema import faults, well_formed
from backend.domain.segments import segments
from backend.domain.starters import STARTERS
from backend.domain.template import CHANNELS, TEST, Content, EmailContent, SmsContent, SmsMessage, TemplateVersion, fallbacks
from backend.security.roles import Actor, need
from backend.store import categories, template_parts, templates
from backend.store.port import Tx
from backend.store.templates import DraftRow, TemplateRow, VersionRow

RECENT = 7  # days that "where used" looks back
NOTED = 300.0  # seconds in which one editor's saves are one entry of the audit trail
SCANNED = 2_000  # templates looked at for one page of a filtered list
MARKED = "Test: "


class Studio(Aggregate):
    """See the module. Published versions and rollback are `templates`."""

    async def create(self, actor: Actor, key: str, given: CreateIn) -> TemplateCard:
        """A new template from a starting layout or as a copy. Makes the layout and partial it begins with when they are missing."""
        need(actor, "content.write")
        check_key(key)
        if given.starter and given.starter not in STARTERS:
            raise Invalid("There is no such starting layout.", field="starter", allowed=sorted(STARTERS))

        def write(tx: Tx) -> TemplateCard:
            if templates.get(tx, actor.space, key, lock=True) is not None:
                raise Taken(f"There is a template {key!r} already. Choose another key.", field="key")
            if given.of:
                draft = draft_of(found(tx, actor.space, given.of))
            elif given.starter:
                starter = STARTERS[given.starter]
                draft = Draft(starter.content, starter.samples)
                self._shelve(tx, actor)
            else:
                draft = Draft(Content())
            now = self.app.clock.now()
            row = TemplateRow(
                space=actor.space, key=key, name=given.name, draft=encoded(draft), revision=1, published=0, changed=now, changed_by=actor.subject
            )
            templates.put(tx, row)
            self.note(tx, actor, "template.create", f"template:{key}", starter=given.starter, of=given.of)
            return _card(row, draft, [], tx)

        return await self.app.store.write(write)

    def _shelve(self, tx: Tx, actor: Actor) -> None:
        """What the starting layouts stand on, unless the space has its own under these keys."""
        have, now = shelf_of(tx, actor.space), self.app.clock.now()
        for part in starters.PARTS:
            if part.name not in have:
                row = template_parts.PartRow(
                    space=actor.space, kind=part.kind, key=part.key, source=part.source, revision=1, changed=now, changed_by=actor.subject
                )
                template_parts.put(tx, row)
                self.note(tx, actor, f"{part.kind}.put", part.name, revision=1)

    async def list(
        self, actor: Actor, *, words: str = "", category: str = "", channel: str = "", after: str = "", limit: int = PAGE
    ) -> Page[TemplateCard]:
        """By key: those whose key or name holds the words, that a category uses, that speak on a channel."""
        need(actor, "content.read")
        size = page_size(limit)

        def read(tx: Tx) -> Page[TemplateCard]:
            users = _users(tx, actor.space)
            cards: list[TemplateCard] = []
            position, looked = after, 0
            while looked < SCANNED:
                rows = templates.search(tx, actor.space, position, PAGE, words.strip()[:128])
                for row in rows:
                    position, looked = row.key, looked + 1
                    card = _card(row, draft_of(row), users.get(row.key, []), tx)
                    if (not category or category in card.categories) and (not channel or channel in card.channels):
                        cards.append(card)
                        if len(cards) > size:
                            return Page(cards[:size], cards[size - 1].key)
                if len(rows) < PAGE:
                    return Page(cards, None)
            return Page(cards, position)

        return await self.app.store.read(read)

    async def save(self, actor: Actor, key: str, given: SaveIn) -> Saved:
        """Keep the draft. When somebody else saved since, theirs stands, this one is kept aside, and `overtaken` tells who and when.

        With `over` it replaces the draft of `revision`, and the one it replaces is kept aside in its author's name.
        """
        need(actor, "content.write")
        if given.schema is not UNSET and given.schema:
            well_formed(given.schema)

        def write(tx: Tx) -> Saved:
            row, now = found(tx, actor.space, key, lock=True), self.app.clock.now()
            before = draft_of(row)
            samples = before.samples if given.samples is UNSET else given.samples
            body = encoded(Draft(given.content, samples, before.schema if given.schema is UNSET else given.schema))
            if given.revision != row.revision:
                kept = DraftRow(space=actor.space, key=key, author=actor.subject, base=given.revision, draft=body, at=now)
                templates.keep(tx, kept)
                theirs = Overtaken(row.changed_by, moment(row.changed), row.revision, before.content, before.samples, before.schema)
                return Saved(row.revision, moment(now), theirs)
            if given.over and body != row.draft:
                templates.keep(
                    tx,
                    DraftRow(space=actor.space, key=key, author=row.changed_by or "–", base=row.revision, draft=row.draft, at=row.changed),
                )
            name = row.name if given.name is UNSET else given.name
            if body == row.draft and name == row.name:
                return Saved(row.revision, moment(row.changed))
            fresh = row.changed_by != actor.subject or now - row.changed > NOTED
            row.draft, row.name, row.revision, row.changed, row.changed_by = body, name, row.revision + 1, now, actor.subject
            templates.put(tx, row)
            if not given.over:
                templates.drop_kept(tx, actor.space, key, actor.subject)
            if fresh or given.over:  # one who types saves every second: the trail needs one entry for that
                self.note(tx, actor, "template.put", f"template:{key}", revision=row.revision, over=given.over)
            return Saved(row.revision, moment(now))

        return await self.app.store.write(write)

    async def kept(self, actor: Actor, key: str) -> Page[KeptView]:
        """Texts kept aside, the newest first."""
        need(actor, "content.read")

        def read(tx: Tx) -> Page[KeptView]:
            found(tx, actor.space, key)
            rows = templates.kept(tx, actor.space, key)
            return Page([KeptView(r.author, r.base, moment(r.at), msgspec.json.decode(r.draft, type=Draft).content) for r in rows])

        return await self.app.store.read(read)

    async def drop_kept(self, actor: Actor, key: str, author: str) -> None:
        """Forget one of them. Raises `NotFound`."""
        need(actor, "content.write")

        def write(tx: Tx) -> None:
            if not templates.drop_kept(tx, actor.space, key, author):
                raise NotFound("This text is not kept any more.", key=key[:128])
            self.note(tx, actor, "template.forget", f"template:{key}", author=author)

        await self.app.store.write(write)

    async def look(self, actor: Actor, key: str, given: LookIn) -> LookView:
        """What is wrong with content that is not saved yet, at which line and column, and how it looks. Rendered in the jail."""
        need(actor, "content.read")
        if given.schema:
            well_formed(given.schema)
        user = {"locale": given.locale or "en"} if given.user is None else await self.app.templates.as_user(actor, given.user)
        shelf, brand = await self.app.store.read(lambda tx: (shelf_of(tx, actor.space), brand_of(tx, actor.space)))
        context = {**SAMPLE_CONTEXT, "user": {**SAMPLE_CONTEXT["user"], **user}, "brand": brand, "data": given.data}
        locale = str(context["user"]["locale"]) if given.locale is None else given.locale
        seen = await self.app.jail.look(given.content, given.channel, locale, context, shelf)
        return LookView(
            problems=list(seen.problems), variables=list(seen.variables), missing=list(seen.missing),
            faults=faults(given.schema, given.data) if given.schema else [], read=seen.locale, chain=list(fallbacks(locale)), message=seen.message,
            segments=segments(seen.message.text) if isinstance(seen.message, SmsMessage) else None, user=context["user"],
        )  # fmt: skip

    async def versions(self, actor: Actor, key: str) -> Page[VersionCard]:
        """The newest versions with who, when, why, the parts they hold, and how much was planned with them lately."""
        need(actor, "content.read")

        def read(tx: Tx) -> Page[VersionCard]:
            row = found(tx, actor.space, key)
            planned = template_parts.planned_since(tx, actor.space, key, self._since())
            return Page([
                VersionCard(v.version, v.published_by, moment(v.at), v.note, v.version == row.published, version_of(v).parts, planned.get(v.version, 0))
                for v in templates.versions(tx, actor.space, key, PAGE)
            ])  # fmt: skip

        return await self.app.store.read(read)

    async def diff(self, actor: Actor, key: str, old: int, new: int = 0) -> Page[Change]:
        """What changed from one version to another, or to the draft (`new` 0), text by text. `old` 0: from nothing."""
        need(actor, "content.read")

        def read(tx: Tx) -> Page[Change]:
            before = source_of(version_row(tx, actor.space, key, old)).content if old else Content()
            after = source_of(version_row(tx, actor.space, key, new)).content if new else draft_of(found(tx, actor.space, key)).content
            return Page(changes(before, after))

        return await self.app.store.read(read)

    async def source(self, actor: Actor, key: str, version: int) -> Content:
        """What a version was made of, to go on from. Raises `NotFound`."""
        need(actor, "content.read")
        return await self.app.store.read(lambda tx: source_of(version_row(tx, actor.space, key, version)).content)

    async def outlook(self, actor: Actor, key: str) -> OutlookView:
        """What publishing the draft would change, what stands against it, and whom it concerns."""
        need(actor, "content.read")

        def read(tx: Tx) -> tuple[Draft, OutlookView, dict[str, Any]]:
            row = found(tx, actor.space, key)
            draft, shelf = draft_of(row), shelf_of(tx, actor.space)
            live = version_row(tx, actor.space, key, row.published) if row.published else None
            held = version_of(live).parts if live else {}
            view = OutlookView(
                next=templates.last_version(tx, actor.space, key) + 1,
                changes=changes(source_of(live).content if live else Content(), draft.content),
                newer_parts=[name for name, revision in held.items() if name in shelf and shelf[name].revision > revision],
                used=self._used(tx, actor.space, key),
                problems=[],
            )
            return draft, view, shelf

        draft, view, shelf = await self.app.store.read(read)
        try:
            await self.app.jail.publish(draft.content, draft.samples, shelf)
        except Refusal as error:
            at = error.facts
            view.problems = [
                Problem(str(at.get("channel", "")), "", str(at.get("where", "")), error.detail, int(at.get("line", 0)), int(at.get("column", 0)))
            ]
        return view

    async def used(self, actor: Actor, key: str) -> UsedBy:
        """Categories that use it, and the messages planned with it lately."""
        need(actor, "content.read")
        return await self.app.store.read(lambda tx: self._used(tx, actor.space, key))

    async def test(self, actor: Actor, key: str, given: TrialIn) -> TrialSent:
        """Send a draft to oneself, the way everything goes: gates, line, providers. It is marked as a test, on every channel.

        The draft becomes a version of its own under `key~test`, so that what is published stays what it is. Errors: those of `publish`.
        """
        need(actor, "content.write")
        need(actor, "events.send")
        row, shelf, brand = await self.app.store.read(
            lambda tx: (found(tx, actor.space, key), shelf_of(tx, actor.space), brand_of(tx, actor.space))
        )
        marked = _marked(given.content)
        done = await self.app.jail.publish(marked, given.samples, shelf)

        def write(tx: Tx) -> int:
            found(tx, actor.space, key, lock=True)  # tests of one template take turns
            number = templates.last_version(tx, actor.space, key + TEST) + 1
            version = TemplateVersion(key + TEST, number, done.content, done.variables, given.samples, brand, done.parts)
            templates.add_version(
                tx,
                VersionRow(
                    space=actor.space, key=key + TEST, version=number, content=msgspec.json.encode(version).decode(), published_by=actor.subject,
                    at=self.app.clock.now(),
                ),
            )  # fmt: skip
            self.note(tx, actor, "template.test", f"template:{key}", version=number, category=given.category)
            return number

        number = await self.app.store.write(write)
        speaks = [c for c in CHANNELS if given.content.on(c) is not None or any(inner.on(c) for inner in given.content.locales.values())]
        item = EventIn(
            type="template.test", category=given.category, to=To(user=actor.subject), title=MARKED + row.name[:200], data=done.samples,
            channels=[c for c in speaks if not given.channels or c in given.channels] or None,
        )  # fmt: skip
        (answer,) = await self.app.events.accept(actor, [item], "portal" if actor.via == "portal" else "api", (key + TEST, number))
        if isinstance(answer, Refusal):
            raise answer
        return TrialSent(answer.id.hex(), key + TEST, number)

    def _since(self) -> int:
        return int(self.app.clock.now() // 60) - RECENT * 1440

    def _used(self, tx: Tx, space: int, key: str) -> UsedBy:
        planned = template_parts.planned_since(tx, space, key, self._since())
        return UsedBy(_users(tx, space).get(key, []), RECENT, sum(planned.values()), planned)


def _users(tx: Tx, space: int) -> dict[str, list[str]]:
    """Template -> categories that use it."""
    made: dict[str, list[str]] = {}
    for row in categories.every(tx, space):
        if template := decoded(row).template:
            made.setdefault(template, []).append(row.key)
    return made


def _card(row: TemplateRow, draft: Draft, users: list[str], tx: Tx) -> TemplateCard:
    spoken = {channel for _, channel, _ in draft.content.each()}
    live = templates.version(tx, row.space, row.key, row.published) if row.published else None
    return TemplateCard(
        key=row.key, name=row.name, channels=[c for c in CHANNELS if c in spoken], locales=sorted(draft.content.locales), categories=users,
        published=row.published, draft_differs=live is None or (live.source != row.draft and bool(live.source)), changed_at=moment(row.changed),
        changed_by=row.changed_by,
    )  # fmt: skip


def _marked(content: Content) -> Content:
    """The content that says of itself that it is a test."""
    made: dict[str, Any] = {}
    for channel in CHANNELS:
        one = content.on(channel)
        if one is not None:
            field = "subject" if isinstance(one, EmailContent) else "text" if isinstance(one, SmsContent) else "title"
            made[channel] = msgspec.structs.replace(one, **{field: MARKED + getattr(one, field)})
    return msgspec.structs.replace(content, locales={tag: _marked(inner) for tag, inner in content.locales.items()}, **made)
