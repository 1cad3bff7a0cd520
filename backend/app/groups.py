"""Groups: people who are meant together, with wishes that are their members' defaults."""

import re
from collections.abc import Iterable

import msgspec
from msgspec import UNSET

from backend.app import categories as content_categories
from backend.app.base import PAGE, Aggregate, check_revision, page_size
from backend.app.views import GroupIn, GroupView, Page, moment
from backend.app.wishes import merged, shown
from backend.domain.errors import CursorForeign, Invalid, NotFound, UnknownUser
from backend.domain.ids import person_id
from backend.domain.person import Wishes
from backend.security.roles import Actor, need
from backend.store import groups, persons
from backend.store.groups import GroupRow
from backend.store.port import Tx

MEMBERS = 10_000  # in one call
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+\-]{0,127}")


class Groups(Aggregate):
    """Groups of the actor's space. A change reaches the facts of everybody it concerns at once."""

    async def put(self, actor: Actor, key: str, given: GroupIn, seen_revision: int | None = None) -> GroupView:
        """Make or change one: what is left out stays, `members` replaces. Errors: `Invalid`, `UnknownUser`, `Stale`."""
        need(actor, "people.write")
        _check_key(key)
        if given.preferences is not UNSET and given.preferences.consents not in (UNSET, {}):
            raise Invalid("A group gives no consent; each person does, in their own preferences.", field="preferences")
        wanted = None if given.members is UNSET else self._persons(actor.space, given.members)

        def write(tx: Tx) -> tuple[GroupView, Iterable[int]]:
            old = groups.get(tx, actor.space, key, lock=True)
            check_revision(seen_revision, old.revision if old else 0, f"The group {key}")
            now = self.app.clock.now()
            row = old or GroupRow(space=actor.space, key=key, name=key, wishes="{}", revision=0, changed=now)
            before = row.wishes
            if given.name is not UNSET:
                row.name = given.name
            if given.preferences is not UNSET:
                known = content_categories.telling(tx, actor.space)
                row.wishes = msgspec.json.encode(merged(msgspec.json.decode(before, type=Wishes), given.preferences, known)).decode()
            row.revision, row.changed = row.revision + 1, now
            groups.put(tx, row)
            changed = set() if wanted is None else self._replace(tx, row, wanted, now)
            if row.wishes != before:
                groups.bump_members(tx, actor.space, key, now)
                changed |= set(groups.all_members(tx, actor.space, key))
            size = groups.size(tx, actor.space, key)
            self.note(tx, actor, "group.put", f"group:{key}", revision=row.revision, members=size, made=old is None)
            return _view(row, size), changed

        concerned = await self._concerned(actor.space, key, wanted or {})
        return await self.changing_many(actor.space, concerned, write)

    async def add_members(self, actor: Actor, key: str, user_ids: list[str]) -> GroupView:
        """Add up to 10,000; who is in already stays. Errors: `NotFound`, `UnknownUser`, `Invalid`."""
        return await self._move(actor, key, user_ids, add=True)

    async def remove_members(self, actor: Actor, key: str, user_ids: list[str]) -> GroupView:
        """Take up to 10,000 out; who is not in is passed over. Errors: `NotFound`, `Invalid`."""
        return await self._move(actor, key, user_ids, add=False)

    async def members(self, actor: Actor, key: str, *, after: str = "", limit: int = PAGE) -> Page[str]:
        """User ids of the members, in the order of our own ids; `after` is the `next` of the page before."""
        need(actor, "people.read")
        size = page_size(limit)
        if after and not re.fullmatch(r"[0-9a-f]{16}", after):
            raise CursorForeign

        def read(tx: Tx) -> tuple[list[int], dict[int, str]]:
            self._found(tx, actor.space, key)
            some = groups.members(tx, actor.space, key, int(after, 16) if after else -1, size + 1)
            return some, persons.known(tx, actor.space, some)

        some, names = await self.app.store.read(read)
        return Page([names[person] for person in some[:size] if person in names], f"{some[size - 1]:016x}" if len(some) > size else None)

    async def get(self, actor: Actor, key: str) -> GroupView:
        """One group. Raises `NotFound`."""
        need(actor, "people.read")

        def read(tx: Tx) -> GroupView:
            row = self._found(tx, actor.space, key)
            return _view(row, groups.size(tx, actor.space, key))

        return await self.app.store.read(read)

    async def delete(self, actor: Actor, key: str) -> None:
        """Remove the group; its members stay as people. Raises `NotFound`."""
        need(actor, "people.write")

        def write(tx: Tx) -> tuple[None, Iterable[int]]:
            self._found(tx, actor.space, key, lock=True)
            members = groups.all_members(tx, actor.space, key)
            groups.bump_members(tx, actor.space, key, self.app.clock.now())
            groups.remove(tx, actor.space, key)
            self.note(tx, actor, "group.delete", f"group:{key}", members=len(members))
            return None, members

        await self.changing_many(actor.space, await self._concerned(actor.space, key, {}), write)

    async def list(self, actor: Actor) -> Page[GroupView]:
        """All groups, by key."""
        need(actor, "people.read")
        rows = await self.app.store.read(lambda tx: groups.every(tx, actor.space))
        return Page([_view(row, size) for row, size in rows])

    async def _move(self, actor: Actor, key: str, user_ids: Iterable[str], *, add: bool) -> GroupView:
        need(actor, "people.write")
        wanted = self._persons(actor.space, user_ids)

        def write(tx: Tx) -> tuple[GroupView, Iterable[int]]:
            row = self._found(tx, actor.space, key, lock=True)
            now = self.app.clock.now()
            if add:
                _check_known(tx, actor.space, wanted)
                groups.add(tx, actor.space, key, sorted(wanted), now)
            else:
                groups.drop(tx, actor.space, key, sorted(wanted))
            persons.bump(tx, actor.space, sorted(wanted), now)
            row.revision, row.changed = row.revision + 1, now
            groups.put(tx, row)
            self.note(tx, actor, "group.add" if add else "group.remove", f"group:{key}", revision=row.revision, given=len(wanted))
            return _view(row, groups.size(tx, actor.space, key)), wanted

        return await self.changing_many(actor.space, wanted, write)

    def _persons(self, space: int, user_ids: Iterable[str]) -> dict[int, str]:
        wanted = {person_id(space, user_id): user_id for user_id in user_ids}
        if len(wanted) > MEMBERS:
            raise Invalid(f"At most {MEMBERS:,} members in one call. Send the rest in a next one.", field="members", limit=MEMBERS)
        return wanted

    def _replace(self, tx: Tx, row: GroupRow, wanted: dict[int, str], now: float) -> set[int]:
        _check_known(tx, row.space, wanted)
        there = set(groups.all_members(tx, row.space, row.key))
        gone, new = there - wanted.keys(), wanted.keys() - there
        groups.drop(tx, row.space, row.key, sorted(gone))
        groups.add(tx, row.space, row.key, sorted(new), now)
        persons.bump(tx, row.space, sorted(gone | new), now)
        return gone | new

    def _found(self, tx: Tx, space: int, key: str, *, lock: bool = False) -> GroupRow:
        row = groups.get(tx, space, key, lock=lock)
        if row is None:
            raise NotFound(f"There is no group {key[:128]!r} here. Check its key.", key=key[:128])
        return row

    async def _concerned(self, space: int, key: str, more: dict[int, str]) -> set[int]:
        return set(await self.app.store.read(lambda tx: groups.all_members(tx, space, key))) | more.keys()


def _check_known(tx: Tx, space: int, wanted: dict[int, str]) -> None:
    known = persons.known(tx, space, list(wanted))
    missing = sorted(user_id for person, user_id in wanted.items() if known.get(person) != user_id)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UnknownUser(f"Nobody with the user id {missing[0]!r}{more} is known here. Create them first.", missing=missing[:20])


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise Invalid("The key of a group is 1 to 128 letters, digits or . _ : @ + -, and begins with a letter or digit.", field="key")


def _view(row: GroupRow, size: int) -> GroupView:
    wishes = msgspec.json.decode(row.wishes, type=Wishes)
    return GroupView(row.key, row.name, size, shown(wishes, row.revision), row.revision, moment(row.changed))
