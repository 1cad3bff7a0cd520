"""Traces of notifications: what was decided later is kept beside what was decided first."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec
from sqlalchemy import bindparam, select, update

from backend.domain.decision import Again, Decision
from backend.store.port import Tx
from backend.store.tables import notifications
from backend.store.upsert import CHUNK

KEPT = 12  # entries of one notification; what is halted for long is decided again many times

_decode = msgspec.msgpack.Decoder(Decision).decode
_encode = msgspec.msgpack.Encoder().encode


def add(tx: Tx, space: int, decided: Iterable[tuple[bytes, Again]]) -> None:
    """Keep what was decided again of these notifications. A repeat of the same generation of a unit takes its place."""
    by_notification: dict[bytes, list[Again]] = defaultdict(list)
    for notification, again in decided:
        by_notification[notification].append(again)
    ids, n = sorted(by_notification), notifications.c
    for start in range(0, len(ids), CHUNK):
        rows = tx.conn.execute(select(n.id, n.trace).where(n.id.in_(ids[start : start + CHUNK]), n.space == space)).all()
        changed = [{"of_id": made, "of_space": space, "trace": _with(bytes(trace), by_notification[made])} for made, trace in rows]
        if changed:
            statement = update(notifications).where(n.id == bindparam("of_id"), n.space == bindparam("of_space"))
            tx.conn.execute(statement.values(trace=bindparam("trace")), changed)


def _with(trace: bytes, later: Iterable[Again]) -> bytes:
    decision = _decode(trace)
    kept = {_key(again): again for again in decision.again}
    kept.update((_key(again), again) for again in later)
    return _encode(msgspec.structs.replace(decision, again=tuple(kept.values())[-KEPT:]))


def _key(again: Again) -> tuple[int, str, bytes]:
    return again.generation, again.unit.channel, again.unit.address
