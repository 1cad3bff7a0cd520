"""Rows of chat channels."""

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, text

from backend.live.records import ChatSaid
from backend.store.port import Tx
from backend.store.tables import chat_members, chat_messages
from backend.store.upsert import insert_new


def set_members(tx: Tx, space: int, channel: str, persons: Sequence[int], now: float) -> None:
    """Replace them; who stays keeps the time of joining."""
    c = chat_members.c
    held = set(members(tx, space, channel))
    for gone in held - set(persons):
        tx.conn.execute(delete(chat_members).where(c.space == space, c.channel == channel, c.person == gone))
    insert_new(
        tx, chat_members, [{"space": space, "channel": channel, "person": person, "since": now} for person in persons if person not in held]
    )


def members(tx: Tx, space: int, channel: str) -> list[int]:
    """The persons of a channel."""
    c = chat_members.c
    return list(tx.conn.scalars(select(c.person).where(c.space == space, c.channel == channel)))


def last(tx: Tx, space: int, channel: str) -> int:
    """The newest message's number, 0 for none."""
    c = chat_messages.c
    return int(tx.conn.scalar(select(func.coalesce(func.max(c.seq), 0)).where(c.space == space, c.channel == channel)) or 0)


def add(tx: Tx, space: int, channel: str, made: bytes, person: int, author: str, said: str, now: float) -> int:
    """Insert a message; its number, the next of the channel. Writers of one channel take turns."""
    if tx.dialect == "postgresql":
        tx.conn.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"chat:{space}:{channel}"})
    seq = last(tx, space, channel) + 1
    row = {"space": space, "channel": channel, "seq": seq, "id": made, "person": person, "author": author, "text": said, "at": now}
    tx.conn.execute(insert(chat_messages), row)
    return seq


def since(tx: Tx, space: int, channel: str, seq: int, limit: int) -> list[ChatSaid]:
    """Messages after a number, oldest first."""
    c = chat_messages.c
    rows = tx.conn.execute(select(chat_messages).where(c.space == space, c.channel == channel, c.seq > seq).order_by(c.seq).limit(limit))
    return [ChatSaid(space, channel, row.seq, row.id, row.author, row.text, row.at) for row in rows]
