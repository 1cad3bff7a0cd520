"""Suppressing an address that a provider or its owner told us not to use again, with everybody who has it."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, update

from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.receipt import GONE
from backend.domain.shift import Shift
from backend.domain.tally import SHIFT
from backend.store import shifts
from backend.store.port import Tx
from backend.store.tables import addresses, people, suppressions
from backend.store.upsert import insert_new

PUSH, SMS = CHANNEL_NUMBER["push"], CHANNEL_NUMBER["sms"]
STOP = "stop"  # reason of a suppression that its owner asked for at the provider, and may take back there


def suppress(tx: Tx, space: int, channel: int, hashed: bytes, reason: str, source: str, now: float, known: float = 0.0) -> list[int]:
    """Insert the suppression unless the address has one; the persons whose facts changed by it (drop their cached facts
    after the commit: their revision has grown). `known`: when it was true, 0 for now: a device registered since then is a living one."""
    if channel == PUSH and reason == "bounced":
        reason = GONE
        newer = select(addresses.c.person).where(*_at(space, channel, hashed), addresses.c.created > (known or now))
        if tx.conn.execute(newer.limit(1)).first():
            return []
    row = {"space": space, "channel": channel, "hash": hashed, "reason": reason, "source": source, "since": now, "until": None}
    if not insert_new(tx, suppressions, [row]):
        return []
    holders = list(tx.conn.scalars(select(addresses.c.person).where(*_at(space, channel, hashed))))
    if holders:
        tx.conn.execute(
            update(people).where(people.c.space == space, people.c.person.in_(holders)).values(revision=people.c.revision + 1, changed=now)
        )
    if reason == STOP:
        count_turned(tx, space, channel, holders, now, on=False)
    return holders


def count_turned(tx: Tx, space: int, channel: int, holders: Sequence[int], now: float, *, on: bool) -> None:
    """Whoever has an address turned its channel off, or on again, at the provider: by a text, or wherever its owner can."""
    p = people.c
    here = (p.space == space, p.person.in_(holders), p.erased.is_(None))
    way, shift = "sms" if channel == SMS else "provider", Shift(SHIFT["turned_on" if on else "turned_off"], "", channel)
    for demo, n in tx.conn.execute(select(p.demo, func.count()).where(*here).group_by(p.demo)).all() if holders else ():
        shifts.count(tx, space, [shift] * n, way, now, demo=bool(demo))


def _at(space: int, channel: int, hashed: bytes) -> tuple[ColumnElement[bool], ...]:
    return addresses.c.space == space, addresses.c.channel == channel, addresses.c.hash == hashed
