"""Rows of invitations: links that let somebody make an account. Of the link only a hash is kept, of the name only what is sealed."""

import msgspec
from sqlalchemy import delete, insert, select, update

from backend.store.port import Tx
from backend.store.tables import invitations


class InvitationRow(msgspec.Struct, kw_only=True):
    """A row of `invitations`. `login`: the account that was made with it, "" before."""

    space: int
    id: bytes
    token: bytes
    name: bytes
    role: str
    by: str
    created: float
    expires: float
    revoked: float | None = None
    accepted: float | None = None
    login: str = ""


def add(tx: Tx, row: InvitationRow) -> None:
    """Append."""
    tx.conn.execute(insert(invitations), msgspec.structs.asdict(row))


def of_token(tx: Tx, token: bytes, *, lock: bool = False) -> InvitationRow | None:
    """The invitation whose link has this hash, used and lapsed ones included."""
    statement = select(invitations).where(invitations.c.token == token)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else InvitationRow(**row)


def get(tx: Tx, space: int, made: bytes, *, lock: bool = False) -> InvitationRow | None:
    """One by its id."""
    statement = select(invitations).where(invitations.c.space == space, invitations.c.id == made)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else InvitationRow(**row)


def page(tx: Tx, space: int, before: bytes, limit: int) -> list[InvitationRow]:
    """Older than the id `before`, the newest first."""
    statement = select(invitations).where(invitations.c.space == space, invitations.c.id < before)
    return [InvitationRow(**row) for row in tx.conn.execute(statement.order_by(invitations.c.id.desc()).limit(limit)).mappings()]


def accept(tx: Tx, row: InvitationRow, login: str, now: float) -> None:
    """It is used up; the name lives on in the account alone."""
    where = (invitations.c.space == row.space, invitations.c.id == row.id)
    tx.conn.execute(update(invitations).where(*where).values(accepted=now, login=login, name=b""))


def revoke(tx: Tx, row: InvitationRow, now: float) -> None:
    """Nobody gets in with it any more."""
    where = (invitations.c.space == row.space, invitations.c.id == row.id)
    tx.conn.execute(update(invitations).where(*where).values(revoked=now, name=b""))


def forget(tx: Tx, space: int, before: float) -> int:
    """Drop those that ended before this time, however they did."""
    where = (invitations.c.space == space, invitations.c.expires < before)
    return tx.conn.execute(delete(invitations).where(*where)).rowcount
