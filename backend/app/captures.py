"""Captured messages: what would have left the house, shown as it would have arrived; and how the capture provider behaves."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from backend.app.base import Aggregate, page_size
from backend.app.views import Page, moment
from backend.channels.capture import Behaviour, Captured, Kept
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER
from backend.domain.errors import NotFound, UnknownChannel
from backend.domain.ids import parse_id
from backend.domain.template import EmailMessage, Message, PushMessage
from backend.security.addresses import mask
from backend.security.roles import Actor, need
from backend.store import captures, people
from backend.store.port import Store, Tx

ALL = tuple(CHANNEL_NUMBER[name] for name in ("email", "push", "sms"))
LOOKED_THROUGH = 1_000  # of the newest, by a search: what was sent is sealed, so no index knows it
ONCE = 1_000  # dropped in one transaction
_captured = msgspec.json.Decoder(Captured)


class CaptureView(msgspec.Struct):
    """One captured message. `message` and `mail` (the whole mail, as a server would get it) are null in lists."""

    id: str
    delivery: str
    user: str
    channel: str
    at: datetime
    address: str  # masked
    title: str
    attempt: int
    sender: str = ""
    preview: str = ""  # what a list shows behind the title
    message: Message | None = None
    mail: str | None = None


class StoreShelf:
    """The shelf of the capture provider, in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, rows: Sequence[Kept]) -> None:
        """Durable on return."""
        await self._store.write(lambda tx: captures.keep(tx, rows), turn="capture")

    async def behaviour(self, channel: str) -> Behaviour:
        """What somebody last told the provider of this channel."""
        return await self._store.read(lambda tx: captures.behaviour(tx, channel))


class Captures(Aggregate):
    """See the module. Captured content is other people's mail: seeing one whole is noted in the audit."""

    async def list(
        self, actor: Actor, *, channel: str | None = None, delivery: str | None = None, find: str = "", after: str | None = None, limit: int = 50
    ) -> Page[CaptureView]:
        """The newest first. `after`: the last id seen. `find`: in title and user id, or the whole address; looks through a thousand."""
        need(actor, "captures.read")
        numbers = [_number(channel)] if channel is not None else list(ALL)
        size, of, wanted = page_size(limit), parse_id(delivery) if delivery else None, find.strip().casefold()[:200]

        def read(tx: Tx) -> tuple[Sequence[captures.CaptureRow], dict[int, str]]:
            before = None
            if after:
                row = captures.get(tx, actor.space, parse_id(after))
                before = (row.at, row.id) if row else None
            most = LOOKED_THROUGH if wanted else size + 1
            rows = captures.page(tx, actor.space, channels=numbers, delivery=of, before=before, limit=most)
            known = people.facts_of(tx, actor.space, list({row.person for row in rows}), self.app.clock.now())
            return rows, {person: facts.user_id for person, facts in known.items()}

        rows, users = await self.app.store.read(read)
        items: list[CaptureView] = []
        for n, row in enumerate(rows):
            if n and n % 50 == 0:
                await asyncio.sleep(0)  # opening takes microseconds each
            view = self._view(row, users.get(row.person, ""), whole=False, find=wanted)
            if view is not None:
                items.append(view)
            if len(items) > size:
                break
        more = len(items) > size
        return Page(items[:size], items[size - 1].id if more else None)

    async def counts(self, actor: Actor) -> dict[str, int]:
        """How many are kept of each channel."""
        need(actor, "captures.read")
        kept = await self.app.store.read(lambda tx: captures.count(tx, actor.space))
        return {CHANNEL_NAME[number]: kept.get(number, 0) for number in ALL}

    async def newest(self, actor: Actor, channel: str | None = None) -> float:
        """When the newest was kept, in seconds; 0 when there is none. Cheap: for whoever waits for the next one."""
        need(actor, "captures.read")
        numbers = [_number(channel)] if channel is not None else list(ALL)
        return await self.app.store.read(lambda tx: max(captures.newest(tx, actor.space, number) for number in numbers))

    async def clear(self, actor: Actor, channel: str | None = None) -> int:
        """Drop what is kept by now, of one channel or of all; how many. Deliveries and their history stay."""
        need(actor, "operate")
        numbers, until, gone = [_number(channel)] if channel is not None else list(ALL), self.app.clock.now(), 0
        for number in numbers:
            while dropped := await self.app.store.write(lambda tx, number=number: captures.clear(tx, actor.space, number, until, ONCE)):  # type: ignore[misc]
                gone += dropped
        await self.app.store.write(lambda tx: self.note(tx, actor, "captures.clear", channel or "all", count=gone))
        return gone

    async def get(self, actor: Actor, capture_id: str) -> CaptureView:
        """One message, whole."""
        need(actor, "captures.read")
        made = parse_id(capture_id)

        def read(tx: Tx) -> tuple[captures.CaptureRow, str] | None:
            row = captures.get(tx, actor.space, made)
            if row is None:
                return None
            known = people.facts_of(tx, actor.space, [row.person], self.app.clock.now())
            self.note(tx, actor, "captures.get", capture_id)
            return row, getattr(known.get(row.person), "user_id", "")

        found = await self.app.store.write(read)
        if found is None:
            raise NotFound("There is no captured message with this id here. They are kept for 30 days.")
        view = self._view(*found, whole=True)
        assert view is not None
        return view

    async def behaviour(self, actor: Actor, channel: str) -> Behaviour:
        """How the capture provider of a channel treats what it is given."""
        need(actor, "captures.read")
        _number(channel)
        return await self.app.store.read(lambda tx: captures.behaviour(tx, channel))

    async def behave(self, actor: Actor, channel: str, how: Behaviour) -> None:
        """Tell it to be well, slow, failing, refusing, hanging or bouncing."""
        need(actor, "operate")
        _number(channel)

        def write(tx: Tx) -> None:
            captures.behave(tx, channel, how)
            self.note(tx, actor, "captures.behave", channel, mode=how.mode)

        await self.app.store.write(write)

    def _view(self, row: captures.CaptureRow, user: str, *, whole: bool, find: str = "") -> CaptureView | None:
        """None when it is not what is looked for."""
        kept = _captured.decode(self.app.sealer.unseal("capture", row.sealed))
        channel = CHANNEL_NAME[row.channel]
        message = kept.message
        title = str(getattr(message, "subject", None) or getattr(message, "title", None) or getattr(message, "text", ""))
        match message:
            case EmailMessage():
                preview = message.preheader or message.text
            case PushMessage():
                preview = message.body
            case _:
                preview = ""
        if find and find not in title.casefold() and find not in user.casefold() and find != kept.address.casefold():
            return None
        return CaptureView(
            id=row.id.hex(), delivery=row.delivery.hex(), user=user, channel=channel, at=moment(row.at), address=mask(channel, kept.address),
            title=title[:200], attempt=kept.attempt, sender=kept.sender, preview=" ".join(preview[:400].split())[:160],
            message=message if whole else None, mail=(kept.mail or None) if whole else None,
        )  # fmt: skip


def _number(channel: str) -> int:
    if channel not in ("email", "push", "sms"):
        raise UnknownChannel(f"The capture provider serves email, push and sms, not {channel[:32]!r}.", allowed=["email", "push", "sms"])
    return CHANNEL_NUMBER[channel]
