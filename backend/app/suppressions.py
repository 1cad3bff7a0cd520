"""Suppressions: addresses nothing may be sent to, whatever the priority. The list holds keyed hashes, not addresses."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Garbled
from collections.abc import Iterable

from backend.app.base import PAGE, Aggregate, page_size
from backend.app.views import Page, SuppressionIn, SuppressionView, moment, moment_or_none
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER
from backend.domain.errors import CursorForeign, Invalid, NotFound, UnknownChannel
from backend.security.roles import Actor, need
from backend.store import persons, suppressions
from backend.store.port import Tx
from backend.store.suppressions import SuppressionRow


class Suppressions(Aggregate):
    """Suppressions of the actor's space. A change reaches everybody who has the address at once."""

    async def put(self, actor: Actor, given: SuppressionIn) -> SuppressionView:
        """Suppress an address, known here or not; a second time changes reason and end. A STOP of its owner stays in front. Raises `Invalid`."""
        need(actor, "people.write")
        channel = CHANNEL_NUMBER[given.channel]
        hashed = self.app.sealer.address_hash(channel, given.address)
        now = self.app.clock.now()
        if given.until is not None and given.until.timestamp() <= now:
            raise Invalid("The suppression would end in the past. Leave until out to suppress for good.", field="until")
        row = SuppressionRow(
            space=actor.space,
            channel=channel,
            hash=hashed,
            reason=given.reason,
            source=actor.via,
            since=now,
            until=given.until.timestamp() if given.until else None,
        )

        def write(tx: Tx) -> tuple[SuppressionRow, Iterable[int]]:
            made = suppressions.beside_stop(suppressions.get(tx, actor.space, channel, hashed), row)
            suppressions.put(tx, made)
            self.note(tx, actor, "suppression.put", f"suppression:{given.channel}:{hashed.hex()}", reason=given.reason)
            return made, self._changed(tx, row.space, channel, hashed)

        return _view(await self.changing_many(actor.space, await self._holders(actor.space, channel, hashed), write))

    async def remove(self, actor: Actor, channel: str, address: str) -> None:
        """Allow an address again, given as it is or as the hash the list shows. Raises `NotFound`."""
        need(actor, "people.write")
        number = _number(channel)
        hashed = self._hash(number, address)

        def write(tx: Tx) -> tuple[None, Iterable[int]]:
            if not suppressions.remove(tx, actor.space, number, hashed):
                raise NotFound("This address is not suppressed on this channel. Check both.")
            self.note(tx, actor, "suppression.remove", f"suppression:{channel}:{hashed.hex()}")
            return None, self._changed(tx, actor.space, number, hashed)

        await self.changing_many(actor.space, await self._holders(actor.space, number, hashed), write)

    async def find(self, actor: Actor, channel: str, address: str) -> SuppressionView | None:
        """The suppression of one address, None when there is none."""
        need(actor, "people.read")
        number = _number(channel)
        hashed = self._hash(number, address)
        row = await self.app.store.read(lambda tx: suppressions.get(tx, actor.space, number, hashed))
        return _view(row) if row else None

    async def list(self, actor: Actor, *, channel: str = "", after: str = "", limit: int = PAGE) -> Page[SuppressionView]:
        """By channel and hash."""
        need(actor, "people.read")
        number = _number(channel) if channel else 0
        size = page_size(limit)
        behind = _cursor(after)
        rows = await self.app.store.read(lambda tx: suppressions.page(tx, actor.space, number, behind, size + 1))
        last = rows[size - 1] if len(rows) > size else None
        following = urlsafe_b64encode(bytes((last.channel,)) + last.hash).decode().rstrip("=") if last else None
        return Page([_view(row) for row in rows[:size]], following)

    def _hash(self, channel: int, address: str) -> bytes:
        if len(address) in (32, 34) and all(c in "0123456789abcdef" for c in address):
            return bytes.fromhex(address)
        return self.app.sealer.address_hash(channel, address)

    def _changed(self, tx: Tx, space: int, channel: int, hashed: bytes) -> Iterable[int]:
        holders = persons.holders(tx, space, channel, hashed)
        persons.bump(tx, space, holders, self.app.clock.now())
        return holders

    async def _holders(self, space: int, channel: int, hashed: bytes) -> Iterable[int]:
        return await self.app.store.read(lambda tx: persons.holders(tx, space, channel, hashed))


def _number(channel: str) -> int:
    if channel not in CHANNEL_NUMBER or channel == "web":
        raise UnknownChannel("Addresses of email, push and sms can be suppressed.", given=channel[:32])
    return CHANNEL_NUMBER[channel]


def _cursor(text: str) -> tuple[int, bytes]:
    if not text:
        return 0, b""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"==")
    except (Garbled, ValueError):
        raw = b""
    if len(raw) < 2 or raw[0] not in CHANNEL_NAME:
        raise CursorForeign
    return raw[0], raw[1:]


def _view(row: SuppressionRow) -> SuppressionView:
    name = CHANNEL_NAME[row.channel]
    return SuppressionView(name, row.hash.hex(), row.reason, row.source, moment(row.since), moment_or_none(row.until), suppressions.also(row))
