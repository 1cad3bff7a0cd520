"""Chat channels: members, messages, and their stream. Who is a member and not connected is notified under the category chat."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence

from msgspec.structs import replace

from backend.app import acceptance
from backend.app.base import Aggregate
from backend.app.views import ChatMessageView, moment
from backend.domain.errors import CursorForeign, Forbidden, Refusal, Unavailable, UnknownUser
from backend.domain.event import SOURCES, EventIn, To
from backend.domain.ids import bucket_of, make_id, person_id
from backend.live.hub import chat_of
from backend.live.records import ChatSaid
from backend.live.tell import write_and_tell
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.security.roles import SYSTEM, Actor, may, need
from backend.store import chat_rows, hot
from backend.store.port import Tx
from backend.telemetry import EVENTS_ACCEPTED

REPLAY = 200
LOOK = 30.0  # seconds after which a silent stream looks at the store by itself
LEAD = 5.0  # seconds that whoever wrote a message has to append its notification; after them the line does it
HERE = 45.0  # seconds somebody counts as connected after the stream was last heard of


class Chat(Aggregate):
    """See the module."""

    async def set_members(self, actor: Actor, channel: str, members: Sequence[str]) -> int:
        """Replace the members (user ids) of a channel; how many there are now."""
        need(actor, "people.write")
        persons = {user: person_id(actor.space, user) for user in dict.fromkeys(members)}
        now = self.app.clock.now()
        known = await self.app.facts.read([(actor.space, person) for person in persons.values()], now)
        unknown = [user for user, person in persons.items() if known[actor.space, person].erased]
        if unknown:
            raise UnknownUser(
                f"Nobody with the user id {', '.join(map(repr, unknown[:10]))} is known here. Create them first with PUT /v1/users/{{id}}.",
                unknown=unknown[:10],
            )

        def write(tx: Tx) -> None:
            chat_rows.set_members(tx, actor.space, channel, list(persons.values()), now)
            self.note(tx, actor, "chat.set_members", channel, members=len(persons))

        await self.app.store.write(write)
        return len(persons)

    async def post(self, actor: Actor, channel: str, text: str) -> ChatMessageView:
        """Say something: members only, or a program with `events:write`."""
        need(actor, "chat.write")
        members = await self._members(actor, channel)
        now = self.app.clock.now()
        made = make_id(int(now * 1000), secrets.token_bytes(16))
        author = actor.name or actor.subject
        away = await self._away(actor, channel, [member for member in members if member != actor.person], now)
        onward = await self._onward(actor, channel, away, author, text, made, now) if away else []

        def write(tx: Tx) -> tuple[ChatSaid, Sequence[Record]]:
            seq = chat_rows.add(tx, actor.space, channel, made, actor.person, author, text, now)
            hot.write_due(tx, onward)
            said = ChatSaid(actor.space, channel, seq, made, author, text, now)
            return said, [Record(topics.LIVE, topics.spread_of(made), channel.encode(), encode(said))]

        said = await write_and_tell(self.app.store, self.app.log, write)
        if onward:
            with contextlib.suppress(Unavailable):  # the line does it later
                await self.app.log.append([Record(row.topic, row.partition, row.key, row.value) for row in onward])
                await self.app.store.write(lambda tx: hot.drop_due(tx, onward))
        return _view(said)

    async def _onward(
        self, actor: Actor, channel: str, away: Sequence[str], author: str, text: str, made: bytes, now: float
    ) -> list[hot.Later]:
        """The notification of a message, as rows that are written with it: whatever happens after, neither is without the other."""
        system, out = replace(SYSTEM, space=actor.space), list[hot.Later]()
        for start in range(0, len(away), acceptance.USERS_LIMIT):
            event = EventIn(
                type="chat.message", category="chat", to=To(users=list(away[start : start + acceptance.USERS_LIMIT])), id=f"chat:{made.hex()}:{start}",
                title="".join(c if ord(c) >= 32 else " " for c in author[:200]), message=text, data={"channel": channel},
            )  # fmt: skip
            (ready,) = await acceptance.prepare(self.app, system, [event], SOURCES["chat"])
            if isinstance(ready, Refusal):
                raise ready
            for one, record in zip(ready.events, ready.records, strict=True):
                out.append(
                    hot.Later(one.space, one.id, f"chat.{one.person}", now + LEAD, record.topic, record.partition, record.key, record.value)
                )
            EVENTS_ACCEPTED.labels("chat", ready.event.priority).inc()
        return out

    async def _members(self, actor: Actor, channel: str) -> list[int]:
        members = await self.app.store.read(lambda tx: chat_rows.members(tx, actor.space, channel))
        if actor.person not in members and not (actor.scopes is not None and may(actor, "events.send")):
            raise Forbidden("You are not a member of this chat channel. Ask whoever keeps it to add you.", channel=channel)
        return members

    async def _away(self, actor: Actor, channel: str, persons: Sequence[int], now: float) -> list[str]:
        """User ids of members without an open stream of this channel."""
        if not persons:
            return []
        keys = [_here_key(actor.space, channel, person) for person in persons]
        here = await self.app.cache.get_many(keys)
        away = [person for person, raw in zip(persons, here, strict=True) if raw is None]
        known = await self.app.facts.read([(actor.space, person) for person in away], now)
        return [facts.user_id for facts in known.values() if not facts.erased]

    async def stream(self, actor: Actor, channel: str, after: str | None = None) -> AsyncIterator[ChatMessageView]:
        """Messages as they are said, in order; first those after the cursor."""
        await self._members(actor, channel)
        with self.app.hub.listen(chat_of(actor.space, channel)) as listener:
            top = await self.app.store.read(lambda tx: chat_rows.last(tx, actor.space, channel))
            seq = _seq(after) if after else top
            if seq > top:
                raise CursorForeign
            look = seq < top
            while True:
                if actor.person:
                    await self.app.cache.put_many({_here_key(actor.space, channel, actor.person): b"1"}, HERE)
                while look:
                    rows = await self.app.store.read(lambda tx, seq=seq: chat_rows.since(tx, actor.space, channel, seq, REPLAY))  # type: ignore[misc]
                    for row in rows:
                        seq = row.seq
                        yield _view(row)
                    look = len(rows) == REPLAY
                told, look = await listener.take(LOOK)
                look = look or not told
                for said in told:
                    if not isinstance(said, ChatSaid) or said.seq <= seq:
                        continue
                    if said.seq > seq + 1:
                        look = True
                        break
                    seq = said.seq
                    yield _view(said)


def _view(said: ChatSaid) -> ChatMessageView:
    return ChatMessageView(said.id.hex(), said.channel, said.author, said.text, moment(said.at), f"c:{said.seq}")


def _seq(cursor: str) -> int:
    kind, _, seq = cursor.partition(":")
    if kind != "c" or len(seq) > 18 or not (seq.isascii() and seq.isdigit()):
        raise CursorForeign
    return int(seq)


def _here_key(space: int, channel: str, person: int) -> bytes:
    return b"{%d}here:%d:%d:" % (bucket_of(space, person), space, person) + channel.encode()
