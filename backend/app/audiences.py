"""Audiences: rules and lists of people. Made, counted exactly, looked into; each change of a rule is a version."""

import contextlib
import time
from collections.abc import Iterable, Sequence

import msgspec

from backend.app import audience_looks
from backend.app.audience_views import AudienceIn, AudienceVersionView, AudienceView, CountIn, CountView, FieldView
from backend.app.base import PAGE, Aggregate, check_revision, page_size
from backend.app.view_types import Page, moment, moment_or_none
from backend.domain.audience import All, Audience
from backend.domain.audience_checks import Names, checked, key_fits
from backend.domain.errors import (
    CursorForeign,
    Invalid,
    NotFound,
    Refusal,
    UnknownAudience,
    UnknownCategory,
    UnknownGroup,
    UnknownUser,
    WrongState,
)
from backend.domain.ids import person_id
from backend.security.roles import Actor, may, need
from backend.store import audience_people, audience_rows, groups, persons, summaries
from backend.store.audience_rows import AudienceRow, VersionRow
from backend.store.port import Tx

LIMIT = 1_000  # audiences of a space
MEMBERS = 10_000  # of one call
_decode = msgspec.json.Decoder(Audience).decode


class Audiences(Aggregate):
    """Audiences of the actor's space."""

    async def put(self, actor: Actor, key: str, given: AudienceIn, seen_revision: int | None = None) -> AudienceView:
        """Make or change one. Errors: `Invalid`, `UnknownGroup`, `UnknownCategory`, `UnknownAudience`, `Stale`."""
        need(actor, "content.write")
        _check_key(key)
        audience = _audience_of(given)
        names = checked(audience)
        known = await self.app.facts.content_of(actor.space)
        _check_categories(names, set(known.categories))
        seen = given.revision if seen_revision is None else seen_revision

        def write(tx: Tx) -> AudienceView:
            old = audience_rows.get(tx, actor.space, key, lock=True)
            check_revision(seen, old.revision if old else 0, f"The audience {key}")
            if old is not None and old.kind != given.kind:
                raise Invalid(f"{key} is a {old.kind} and stays one. Make another audience under a new key.", field="kind")
            if old is None:
                _check_room(tx, actor.space)
            return self._keep(tx, actor, key, given.name or key, audience, given.note, old, names)

        return await self.app.store.write(write)

    async def get(self, actor: Actor, key: str) -> AudienceView:
        """One audience. Raises `NotFound`."""
        need(actor, "content.read")

        def read(tx: Tx) -> AudienceView:
            row = self._found(tx, actor.space, key)
            return _view(row, _used_by(tx, actor.space).get(key, []))

        return await self.app.store.read(read)

    async def list(self, actor: Actor, *, after: str = "", limit: int = PAGE, text: str = "") -> Page[AudienceView]:
        """By key; those whose key or name contains `text`."""
        need(actor, "content.read")
        size = page_size(limit)

        def read(tx: Tx) -> tuple[list[AudienceRow], dict[str, list[str]]]:
            return audience_rows.page(tx, actor.space, after, size + 1, text), _used_by(tx, actor.space)

        rows, used = await self.app.store.read(read)
        return Page([_view(row, used.get(row.key, [])) for row in rows[:size]], rows[size - 1].key if len(rows) > size else None)

    async def delete(self, actor: Actor, key: str) -> None:
        """Remove one that nothing names. Errors: `NotFound`, `WrongState`."""
        need(actor, "content.write")

        def write(tx: Tx) -> None:
            self._found(tx, actor.space, key, lock=True)
            if used := _used_by(tx, actor.space).get(key):
                shown = ", ".join(used[:5]) + (f" and {len(used) - 5} more" if len(used) > 5 else "")
                raise WrongState(f"{key} is used by {shown}. Take it out there first.", used_by=used[:20])
            audience_rows.remove(tx, actor.space, key)
            self.note(tx, actor, "audience.delete", f"audience:{key}")

        await self.app.store.write(write)

    async def duplicate(self, actor: Actor, key: str, new_key: str, name: str = "") -> AudienceView:
        """Another one like it under a new key: its rule as it is now, or who is on its list now. Errors: `NotFound`, `Stale` when the key is taken,
        those of `put`."""
        need(actor, "content.write")
        _check_key(new_key)
        known = await self.app.facts.content_of(actor.space)

        def write(tx: Tx) -> AudienceView:
            old = self._found(tx, actor.space, key)
            taken = audience_rows.get(tx, actor.space, new_key, lock=True)
            check_revision(0, taken.revision if taken else 0, f"The audience {new_key}")
            _check_room(tx, actor.space)
            body = _decode(old.body)
            given = AudienceIn(name=name or old.name, kind="list" if body.rule is None else "rule", rule=body.rule, exclude=list(body.exclude), description=body.description)
            audience = _audience_of(given)
            names = checked(audience)
            _check_categories(names, set(known.categories))
            view = self._keep(tx, actor, new_key, given.name, audience, f"like {key}", None, names)
            if body.rule is None:
                audience_rows.copy_list(tx, actor.space, key, new_key, self.app.clock.now())
            return view

        return await self.app.store.write(write)

    # ---- counting
    async def count(self, actor: Actor, given: CountIn) -> CountView:
        """Whom a rule names now, saved or not. The sample is left out for who may not read people. Errors as `put`."""
        need(actor, "content.read")
        audience = Audience(given.rule if given.rule is not None else All(), tuple(given.exclude))
        return await self._count(actor, audience, "", steps=given.steps, sample=given.sample)

    async def count_of(self, actor: Actor, key: str, *, steps: bool = False, sample: int = 0) -> CountView:
        """The same of a saved one; what was counted is kept with it. Raises `NotFound`."""
        need(actor, "content.read")
        row = await self.app.store.read(lambda tx: self._found(tx, actor.space, key))
        counted = await self._count(actor, _decode(row.body), key, steps=steps, sample=sample)
        now = self.app.clock.now()
        with contextlib.suppress(Refusal):  # the count is right, whether it can be kept or not
            await self.app.store.write(lambda tx: audience_rows.counted(tx, actor.space, key, counted.count, now))
        return counted

    async def _count(self, actor: Actor, audience: Audience, key: str, *, steps: bool, sample: int) -> CountView:
        names = checked(audience)
        known = await self.app.facts.content_of(actor.space)
        _check_categories(names, set(known.categories))
        shown = sample if may(actor, "people.read") else 0
        began = time.perf_counter()

        def read(tx: Tx) -> CountView:
            _check_names(tx, actor.space, names)
            return audience_looks.count(self.app, tx, actor.space, audience, key, steps=steps, sample=shown)

        counted = await self.app.store.read(read)
        counted.took_ms = round((time.perf_counter() - began) * 1000, 1)
        return counted

    # ---- versions
    async def versions(self, actor: Actor, key: str) -> Sequence[AudienceVersionView]:
        """What it was, the newest first. Raises `NotFound`."""
        need(actor, "content.read")

        def read(tx: Tx) -> list[VersionRow]:
            self._found(tx, actor.space, key)
            return audience_rows.versions(tx, actor.space, key)

        rows = await self.app.store.read(read)
        bodies = [(row, _decode(row.body)) for row in rows]
        return [AudienceVersionView(row.version, body.rule, list(body.exclude), moment(row.at), row.by, row.note) for row, body in bodies]

    async def restore(self, actor: Actor, key: str, version: int, seen_revision: int | None = None) -> AudienceView:
        """Make a former version the newest. Errors: `NotFound`, `Stale`, those of `put`."""
        need(actor, "content.write")

        def write(tx: Tx) -> AudienceView:
            row = self._found(tx, actor.space, key, lock=True)
            check_revision(seen_revision, row.revision, f"The audience {key}")
            former = next((one for one in audience_rows.versions(tx, actor.space, key) if one.version == version), None)
            if former is None:
                raise NotFound(f"{key} has no version {version} any more.", key=key)
            body = _decode(former.body)
            return self._keep(tx, actor, key, row.name, body, f"version {version} again", row, checked(body))

        return await self.app.store.write(write)

    # ---- lists
    async def members(self, actor: Actor, key: str, *, after: str = "", limit: int = PAGE) -> Page[str]:
        """User ids of who is on a list, or is named by a rule now; in the order of our own ids. Errors: `NotFound`, `CursorForeign`."""
        need(actor, "content.read")
        need(actor, "people.read")
        size = page_size(limit)
        if after and (len(after) != 16 or not set(after) <= set("0123456789abcdef")):
            raise CursorForeign

        def read(tx: Tx) -> tuple[list[int], dict[int, str]]:
            row = self._found(tx, actor.space, key)
            behind = int(after, 16) if after else -1
            asked = audience_people.whom(tx, actor.space, _decode(row.body), self.app.clock.now(), key=key)
            some = audience_looks.page(tx, asked, behind, size + 1)
            return some, persons.known(tx, actor.space, some)

        some, names = await self.app.store.read(read)
        return Page([names[person] for person in some[:size] if person in names], f"{some[size - 1]:016x}" if len(some) > size else None)

    async def add_members(self, actor: Actor, key: str, users: Iterable[str]) -> AudienceView:
        """Put up to 10,000 on a list; who is on it stays. Errors: `NotFound`, `WrongState` for a rule, `UnknownUser`."""
        return await self._move(actor, key, users, add=True)

    async def remove_members(self, actor: Actor, key: str, users: Iterable[str]) -> AudienceView:
        """Take up to 10,000 off. Errors: `NotFound`, `WrongState`."""
        return await self._move(actor, key, users, add=False)

    async def _move(self, actor: Actor, key: str, users: Iterable[str], *, add: bool) -> AudienceView:
        need(actor, "content.write")
        need(actor, "people.read")
        wanted = {person_id(actor.space, user): user for user in users}
        if len(wanted) > MEMBERS:
            raise Invalid(f"At most {MEMBERS:,} people in one call. Send the rest in a next one.", field="members", limit=MEMBERS)

        def write(tx: Tx) -> AudienceView:
            row = self._found(tx, actor.space, key, lock=True)
            if row.kind != "list":
                raise WrongState(f"{key} is a rule: who it names follows from what is known of them. Make a list for people picked by hand.", kind=row.kind)
            now = self.app.clock.now()
            if add:
                here = persons.known(tx, actor.space, list(wanted))
                missing = sorted(user for person, user in wanted.items() if here.get(person) != user)
                if missing:
                    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
                    raise UnknownUser(f"Nobody with the user id {missing[0]!r}{more} is known here. Create them first.", missing=missing[:20])
                moved = audience_rows.add(tx, actor.space, key, sorted(wanted), now)
            else:
                moved = audience_rows.drop(tx, actor.space, key, sorted(wanted))
            row.size = audience_rows.size(tx, audience_people.whom(tx, actor.space, _decode(row.body), now, key=key))
            row.counted, row.revision, row.changed, row.changed_by = now, row.revision + 1, now, actor.subject
            audience_rows.put(tx, row)
            self.note(tx, actor, "audience.add" if add else "audience.remove", f"audience:{key}", moved=moved)
            return _view(row, _used_by(tx, actor.space).get(key, []))

        return await self.app.store.write(write)

    # ---- fields
    async def fields(self, actor: Actor) -> Sequence[FieldView]:
        """Attributes that were met, with values met often; those only for who may read people."""
        need(actor, "content.read")

        def read(tx: Tx) -> list[FieldView]:
            rows = summaries.fields_of(tx, actor.space)
            shown = {row.name for row in rows if row.used and row.kind == "text"} if may(actor, "people.read") else set()
            return [
                FieldView(row.name, row.kind, row.used, summaries.common_values(tx, actor.space, row.name) if row.name in shown else []) for row in rows
            ]

        return await self.app.store.read(read)

    async def put_field(self, actor: Actor, name: str, *, used: bool) -> FieldView:
        """Let rules look at an attribute, or seal it: then it leaves what rules see at once. Raises `NotFound`."""
        need(actor, "people.write")

        def write(tx: Tx) -> FieldView:
            if not summaries.use_field(tx, actor.space, name, used):
                raise NotFound(f"Nobody here has an attribute {name[:64]!r}.", name=name[:64])
            self.note(tx, actor, "field.use" if used else "field.seal", f"field:{name}")
            return next(FieldView(row.name, row.kind, row.used) for row in summaries.fields_of(tx, actor.space) if row.name == name)

        return await self.app.store.write(write)

    # ---- rows
    def _keep(
        self, tx: Tx, actor: Actor, key: str, name: str, audience: Audience, note: str, old: AudienceRow | None, names: Names
    ) -> AudienceView:  # fmt: skip
        _check_names(tx, actor.space, names)
        now = self.app.clock.now()
        body = msgspec.json.encode(audience).decode()
        changed = old is None or old.body != body
        row = AudienceRow(
            space=actor.space, key=key, name=name, kind="list" if audience.rule is None else "rule", body=body, version=(old.version if old else 0) + changed,
            revision=(old.revision if old else 0) + 1, changed=now, changed_by=actor.subject,
            size=old.size if old and not changed else None, counted=old.counted if old and not changed else None,
        )  # fmt: skip
        audience_rows.put(tx, row)
        if changed:
            audience_rows.add_version(tx, VersionRow(space=actor.space, key=key, version=row.version, body=body, at=now, by=actor.subject, note=note))
        # asked once, so that one that names itself or what is gone is refused here and not when it is used
        audience_people.whom(tx, actor.space, audience, now, key=key)
        self.note(tx, actor, "audience.put", f"audience:{key}", revision=row.revision, version=row.version)
        return _view(row, _used_by(tx, actor.space).get(key, []))

    def _found(self, tx: Tx, space: int, key: str, *, lock: bool = False) -> AudienceRow:
        row = audience_rows.get(tx, space, key, lock=lock)
        if row is None:
            raise NotFound(f"There is no audience {key[:128]!r} here. Check its key.", key=key[:128])
        return row


def _audience_of(given: AudienceIn) -> Audience:
    if given.kind == "rule" and given.rule is None:
        raise Invalid("A rule is missing. Give one, or make a list of people (kind list).", field="rule")
    if given.kind == "list" and given.rule is not None:
        raise Invalid("A list has no rule: people are put on it. Leave the rule out, or make it a rule (kind rule).", field="rule")
    if not (given.name or "x").isprintable():
        raise Invalid("name is one line, without control characters. Take them out.", field="name")
    return Audience(given.rule, tuple(dict.fromkeys(given.exclude)), given.description)


def _check_room(tx: Tx, space: int) -> None:
    if audience_rows.count(tx, space) >= LIMIT:
        raise Invalid(f"A space has at most {LIMIT:,} audiences. Delete one that is not needed.", limit=LIMIT)


def _check_key(key: str) -> None:
    if not key_fits(key):
        raise Invalid("A key is 1 to 128 letters, digits or . _ : @ + -, and begins with a letter or digit.", field="key")


def _check_categories(names: Names, known: set[str]) -> None:
    if missing := sorted(names.categories - known):
        raise UnknownCategory(f"There is no category {missing[0][:64]!r}. Take it out of the rule, or make it first.", field="rule", given=missing[0][:64])


def _check_names(tx: Tx, space: int, names: Names) -> None:
    if missing := sorted(names.groups - groups.existing(tx, space, sorted(names.groups))):
        raise UnknownGroup(f"There is no group {missing[0][:64]!r}. Take it out of the rule, or make it first.", field="rule", given=missing[0][:64])
    for key in sorted(names.audiences):
        if audience_rows.get(tx, space, key) is None:
            raise UnknownAudience(f"There is no audience {key[:64]!r}. Take it out of the rule, or make it first.", field="rule", given=key[:64])


def _used_by(tx: Tx, space: int) -> dict[str, list[str]]:
    """audience -> what names it: keys of audiences, and `campaign:<key>`."""
    used: dict[str, list[str]] = {}
    for who, body in audience_rows.bodies(tx, space):
        for key in audience_looks.named_in(who, body):
            used.setdefault(key, []).append(who)
    return used


def _view(row: AudienceRow, used_by: list[str]) -> AudienceView:
    body = _decode(row.body)
    return AudienceView(
        row.key, row.name, "list" if row.kind == "list" else "rule", body.rule, list(body.exclude), body.description, row.version, row.size,
        moment_or_none(row.counted), row.revision, moment(row.changed), row.changed_by, used_by,
    )  # fmt: skip
