"""The inbox: lists, marks, counts, and the stream of its changes by cursor (contracts.md "The web channel").

A cursor is `epoch:seq`. The same cursor works for every transport; where a page of the list goes on is told apart by its first letter.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from backend.app.base import Aggregate, need_or_own, page_size
from backend.app.views import Counts, InboxChange, InboxItem, InboxPage, moment, moment_or_none
from backend.domain.errors import CursorForeign, Invalid, NotFound
from backend.domain.ids import parse_id, person_id
from backend.domain.template import Action
from backend.live.hub import inbox_of
from backend.live.records import InboxChanged, changed
from backend.live.tell import write_and_tell
from backend.log import topics
from backend.log.port import Record
from backend.security.roles import Actor
from backend.store import inbox
from backend.store.port import Tx

REPLAY = 200  # rows read at once when a stream catches up
LOOK = 30.0  # seconds after which a silent stream looks at the store by itself
AT_ONCE = 500  # rows marked in one transaction
SEARCH = 200  # characters of a search

WAKE = InboxChange(seen=False, read=False, snoozed_until=None)

_actions = msgspec.json.Decoder(list[Action])


class Change(msgspec.Struct):
    """What the bell needs: how much is unread now, and the notification when one is new."""

    unread: int
    notification: InboxItem | None = None


class Inbox(Aggregate):
    """See the module. A person reads their own; anybody else needs `notifications:read:any`."""

    async def list(self, actor: Actor, user_id: str, after: str | None = None, limit: int = 50, *, view: str = "all", search: str = "") -> InboxPage:
        """Without `after` the newest first, its `next` leads on; with a stream's cursor the changes since, oldest first. `search`: words
        that all stand in title or text. Whoever's sleep is over comes back first."""
        person = self._person(actor, user_id)
        size, now = page_size(limit), self.app.clock.now()
        if view not in ("all", "unread", "archived", "snoozed"):
            raise Invalid("view is one of all, unread, archived and snoozed.", field="view")
        if len(search) > SEARCH:
            raise Invalid(f"A search has at most {SEARCH} characters. Look for a word or two.", field="search", limit=SEARCH)
        await self._wake(actor.space, person)
        if after and not after.startswith("l"):
            return await self._since(actor.space, person, after, size)
        before = _position(after) if after else None

        def read(tx: Tx) -> tuple[Sequence[inbox.Row], inbox.Head]:
            return inbox.newest(
                tx, actor.space, person, view=view, before=before, limit=size + 1, now=now, search=search
            ), inbox.head(tx, actor.space, person)

        rows, head = await self.app.store.read(read)
        following = f"l{rows[size - 1].at!r}:{rows[size - 1].id.hex()}" if len(rows) > size else None
        return InboxPage([item(row) for row in rows[:size]], _cursor(head.epoch, head.seq), following)

    async def _since(self, space: int, person: int, after: str, size: int) -> InboxPage:
        epoch, seq = _place(after)

        def read(tx: Tx) -> tuple[Sequence[inbox.Row], inbox.Head]:
            head = inbox.head(tx, space, person)
            return ([] if epoch not in (0, head.epoch) else inbox.since(tx, space, person, seq, size + 1)), head

        rows, head = await self.app.store.read(read)
        if epoch not in (0, head.epoch):  # 0: the cursor of an inbox that nothing had reached yet
            return InboxPage([_gap(head)], _cursor(head.epoch, head.seq), None)
        if seq > head.seq:
            raise CursorForeign
        items = [item(row) for row in rows[:size]]
        last = items[-1].cursor if items else _cursor(head.epoch, head.seq)
        return InboxPage(items, last, last if len(rows) > size else None)

    async def counts(self, actor: Actor, user_id: str) -> Counts:
        """Unread and unseen."""
        person = self._person(actor, user_id)
        head = await self.app.store.read(lambda tx: inbox.head(tx, actor.space, person))
        return Counts(unread=head.unread, unseen=head.unseen)

    async def unread(self, actor: Actor) -> int:
        """Of the actor's own inbox."""
        return (await self.counts(actor, actor.subject)).unread

    async def mark(self, actor: Actor, user_id: str, ids: Sequence[str] | None, change: InboxChange) -> Counts:
        """Set or take back flags of these notifications, or of all (None). What is as asked already does not change."""
        person, now = self._person(actor, user_id), self.app.clock.now()
        if isinstance(change.snoozed_until, msgspec.UnsetType) and change.seen is change.read is change.archived is msgspec.UNSET:
            raise Invalid(
                "The change is empty: set seen, read, archived or snoozed_until.", allowed=["seen", "read", "archived", "snoozed_until"]
            )
        if ids is None:
            await self._mark_all(actor.space, person, change, now)
            return await self.counts(actor, user_id)
        wanted = list(dict.fromkeys(parse_id(one) for one in ids))
        for start in range(0, len(wanted), AT_ONCE):
            await self._mark(actor.space, person, wanted[start : start + AT_ONCE], change, now)
        return await self.counts(actor, user_id)

    async def mark_all(self, actor: Actor, user_id: str, change: InboxChange) -> Sequence[str]:
        """`mark` of all there is, with the ids of those that were not so already: what takes exactly this back."""
        person = self._person(actor, user_id)
        return [made.hex() for made in await self._mark_all(actor.space, person, change, self.app.clock.now())]

    async def _mark_all(self, space: int, person: int, change: InboxChange, now: float) -> Sequence[bytes]:
        # by id: a row that somebody else changes meanwhile gets another place in the order of changes, and would be passed over
        there = await self.app.store.read(lambda tx: inbox.ids(tx, space, person))
        changed: list[bytes] = []
        for start in range(0, len(there), AT_ONCE):
            changed += await self._mark(space, person, there[start : start + AT_ONCE], change, now)
        return changed

    async def _wake(self, space: int, person: int) -> None:
        """Bring back those whose sleep is over, as new ones: every open screen hears it."""
        now = self.app.clock.now()
        while over := await self.app.store.read(lambda tx: inbox.woken(tx, space, person, now, AT_ONCE)):
            await self._mark(space, person, over, WAKE, now, only=lambda row: row.snoozed_until is not None and row.snoozed_until <= now)

    async def _mark(
        self, space: int, person: int, ids: Sequence[bytes], change: InboxChange, now: float, only: Callable[[inbox.Row], bool] | None = None
    ) -> Sequence[bytes]:
        def edit(row: inbox.Row) -> None:
            if only is not None and not only(row):
                return
            for name in ("seen", "read", "archived"):
                wanted = getattr(change, name)
                if wanted is not msgspec.UNSET:
                    setattr(row, name, (getattr(row, name) or now) if wanted else None)
            if change.read is True and row.seen is None:
                row.seen = now  # nobody reads what they have not seen
            if not isinstance(change.snoozed_until, msgspec.UnsetType):
                row.snoozed_until = change.snoozed_until.timestamp() if change.snoozed_until else None

        def write(tx: Tx) -> tuple[list[bytes], Sequence[Record]]:
            rows = inbox.change(tx, space, person, ids, now, edit)
            partition = topics.partition_of(space, person)
            return [row.id for row in rows], [Record(topics.LIVE, partition, person.to_bytes(8, "big", signed=True), changed(row)) for row in rows]

        return await write_and_tell(self.app.store, self.app.log, write)

    async def stream(self, actor: Actor, user_id: str, after: str | None = None) -> AsyncIterator[InboxItem]:
        """Changes as they happen, in the order of their cursors, without gap or double; first those since `after`.

        Without `after` it starts now. A cursor too old, or of an inbox that began anew, gives one item with `gap`.
        """
        person, space = self._person(actor, user_id), actor.space
        epoch, seq = _place(after) if after else (0, -1)
        with self.app.hub.listen(inbox_of(space, person)) as listener:
            head = await self.app.store.read(lambda tx: inbox.head(tx, space, person))
            if after is None:
                seq = head.seq
            elif epoch not in (0, head.epoch):
                seq = head.seq
                yield _gap(head)
            elif seq > head.seq:
                raise CursorForeign
            look = seq < head.seq
            while True:
                if look:
                    async for row in self._after(space, person, seq):
                        seq = row.seq
                        yield item(row)
                rows, look = await listener.take(LOOK)
                if not rows and not look:
                    look = True  # silence: a record may have been lost
                    await self._wake(space, person)
                for told in rows:
                    if not isinstance(told, InboxChanged) or told.row.seq <= seq:
                        continue
                    if told.row.seq > seq + 1:
                        look = True
                        break
                    seq = told.row.seq
                    yield item(told.row)

    async def _after(self, space: int, person: int, seq: int) -> AsyncIterator[inbox.Row]:
        while True:
            rows = await self.app.store.read(lambda tx, seq=seq: inbox.since(tx, space, person, seq, REPLAY))  # type: ignore[misc]
            for row in rows:
                yield row
            if len(rows) < REPLAY:
                return
            seq = rows[-1].seq

    async def changes(self, actor: Actor) -> AsyncIterator[Change]:
        """What the bell of the actor's own screens hears."""
        async with contextlib.aclosing(self.stream(actor, actor.subject)) as stream:  # type: ignore[type-var]
            async for one in stream:
                fresh = one if one.seen_at is None and one.read_at is None and not one.silent and not one.gap else None
                yield Change(one.unread_count, fresh)

    async def get(self, actor: Actor, user_id: str, notification_id: str) -> InboxItem:
        """One notification."""
        person, made = self._person(actor, user_id), parse_id(notification_id)
        row = await self.app.store.read(lambda tx: inbox.get(tx, actor.space, person, made))
        if row is None:
            raise NotFound("There is no such notification in this inbox. They are kept for 30 days.")
        return item(row)

    def _person(self, actor: Actor, user_id: str) -> int:
        need_or_own(actor, user_id, "inbox.any", "inbox.own")
        return person_id(actor.space, user_id)


def item(row: inbox.Row) -> InboxItem:
    """The row as outsiders see it."""
    return InboxItem(
        id=row.id.hex(), type=row.type, title=row.title, message=row.message, timestamp=moment(row.at), category=row.category, priority=row.priority,
        cursor=_cursor(row.epoch, row.seq), metadata=msgspec.json.decode(row.metadata), seen_at=moment_or_none(row.seen), read_at=moment_or_none(row.read),
        archived_at=moment_or_none(row.archived), snoozed_until=moment_or_none(row.snoozed_until), actions=_actions.decode(row.actions),
        image=row.image or None, link=row.link or None, silent=row.silent, unread_count=row.unread,
    )  # fmt: skip


def _gap(head: inbox.Head) -> InboxItem:
    return InboxItem(
        id="0" * 32, type="SYSTEM", title="", message="", timestamp=moment(0.0), category="", priority="low", cursor=_cursor(head.epoch, head.seq),
        silent=True, gap=True, unread_count=head.unread,
    )  # fmt: skip


def _cursor(epoch: int, seq: int) -> str:
    return f"{epoch}:{seq}"


def _place(cursor: str) -> tuple[int, int]:
    epoch, _, seq = cursor.partition(":")
    if len(cursor) > 40 or not (epoch.isascii() and epoch.isdigit() and seq.isascii() and seq.isdigit()):
        raise CursorForeign
    return int(epoch), int(seq)


def _position(after: str) -> tuple[float, bytes]:
    at, _, made = after[1:].partition(":")
    try:
        return float(at), parse_id(made)
    except (ValueError, Invalid):
        raise CursorForeign from None
