"""Rows of sign-ins: accounts, their sessions, OAuth clients, and answers kept for Idempotency-Key."""

import msgspec
from sqlalchemy import delete, func, insert, select, update

from backend.store.port import Tx
from backend.store.tables import accounts, clients, idempotency, sessions
from backend.store.upsert import insert_new, upsert


class AccountRow(msgspec.Struct, kw_only=True):
    """A row of `accounts`; `password` is a hash, "" when none was set yet."""

    space: int
    login: str
    name: str
    password: str
    role: str
    person: int
    timezone: str
    locale: str
    created: float
    disabled: float | None = None


class SessionRow(msgspec.Struct, kw_only=True):
    """A row of `sessions`; `token` is the hash of what the browser holds, `agent` what the browser says of itself."""

    token: bytes
    space: int
    login: str
    created: float
    expires: float
    agent: str = ""


class ClientRow(msgspec.Struct, kw_only=True):
    """A row of `clients`; `secret` is a hash, `scopes` are separated by blanks."""

    space: int
    id: str
    name: str
    secret: bytes
    scopes: str
    created: float


class AnswerRow(msgspec.Struct, kw_only=True):
    """A row of `idempotency`; `code` None: still in flight."""

    space: int
    key: str
    digest: bytes
    answer: bytes | None
    code: int | None
    at: float


def get(tx: Tx, space: int, login: str, *, lock: bool = False) -> AccountRow | None:
    """The account, or None."""
    statement = select(accounts).where(accounts.c.space == space, accounts.c.login == login)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else AccountRow(**row)


def add(tx: Tx, row: AccountRow) -> bool:
    """False when the login is taken."""
    return insert_new(tx, accounts, [msgspec.structs.asdict(row)]) == 1


def put(tx: Tx, row: AccountRow) -> None:
    """Insert or overwrite."""
    upsert(tx, accounts, msgspec.structs.asdict(row))


def every(tx: Tx, space: int) -> list[AccountRow]:
    """All of a space, by login; it has tens of them."""
    rows = tx.conn.execute(select(accounts).where(accounts.c.space == space).order_by(accounts.c.login)).mappings()
    return [AccountRow(**row) for row in rows]


def of_person(tx: Tx, space: int, person: int) -> list[AccountRow]:
    """Sign-ins of a person."""
    rows = tx.conn.execute(select(accounts).where(accounts.c.space == space, accounts.c.person == person)).mappings()
    return [AccountRow(**row) for row in rows]


def remove(tx: Tx, space: int, login: str) -> None:
    """The account and its sessions."""
    end_sessions(tx, space, login)
    tx.conn.execute(delete(accounts).where(accounts.c.space == space, accounts.c.login == login))


def count(tx: Tx) -> int:
    """Accounts of every space: none means that nobody has signed up yet."""
    return int(tx.conn.execute(select(func.count()).select_from(accounts)).scalar_one())


def session(tx: Tx, token: bytes) -> tuple[SessionRow, AccountRow] | None:
    """A session with its account, lapsed or disabled ones included."""
    row = tx.conn.execute(select(sessions).where(sessions.c.token == token)).mappings().first()
    if row is None:
        return None
    found = SessionRow(**row)
    account = get(tx, found.space, found.login)
    return None if account is None else (found, account)


def add_session(tx: Tx, row: SessionRow) -> None:
    """Insert; lapsed ones of the same account go."""
    tx.conn.execute(
        delete(sessions).where(sessions.c.space == row.space, sessions.c.login == row.login, sessions.c.expires <= row.created)
    )
    tx.conn.execute(insert(sessions), msgspec.structs.asdict(row))


def sessions_of(tx: Tx, space: int, person: int, now: float) -> list[SessionRow]:
    """Sessions of a person that are still good, the one used last first; at most 50."""
    logins = [row.login for row in of_person(tx, space, person)]
    where = (sessions.c.space == space, sessions.c.login.in_(logins), sessions.c.expires > now)
    rows = tx.conn.execute(select(sessions).where(*where).order_by(sessions.c.expires.desc()).limit(50)).mappings()
    return [SessionRow(**row) for row in rows]


def prolong(tx: Tx, token: bytes, expires: float) -> None:
    """Let a session end later."""
    tx.conn.execute(update(sessions).where(sessions.c.token == token).values(expires=expires))


def end_session(tx: Tx, token: bytes) -> None:
    """Sign out."""
    tx.conn.execute(delete(sessions).where(sessions.c.token == token))


def end_sessions(tx: Tx, space: int, login: str) -> None:
    """Sign out everywhere."""
    tx.conn.execute(delete(sessions).where(sessions.c.space == space, sessions.c.login == login))


def client(tx: Tx, space: int, ident: str) -> ClientRow | None:
    """An OAuth client, or None."""
    row = tx.conn.execute(select(clients).where(clients.c.space == space, clients.c.id == ident)).mappings().first()
    return None if row is None else ClientRow(**row)


def clients_of(tx: Tx, space: int) -> list[ClientRow]:
    """All of a space, by id."""
    rows = tx.conn.execute(select(clients).where(clients.c.space == space).order_by(clients.c.id)).mappings()
    return [ClientRow(**row) for row in rows]


def put_client(tx: Tx, row: ClientRow) -> None:
    """Insert or overwrite."""
    upsert(tx, clients, msgspec.structs.asdict(row))


def remove_client(tx: Tx, space: int, ident: str) -> bool:
    """False when there was none."""
    return tx.conn.execute(delete(clients).where(clients.c.space == space, clients.c.id == ident)).rowcount > 0


def answer(tx: Tx, space: int, key: str) -> AnswerRow | None:
    """What is kept under an Idempotency-Key; locked, for two requests may come with it at once."""
    where = (idempotency.c.space == space, idempotency.c.key == key)
    row = tx.conn.execute(select(idempotency).where(*where).with_for_update()).mappings().first()
    return None if row is None else AnswerRow(**row)


def claim_answer(tx: Tx, row: AnswerRow) -> bool:
    """True when the key was free."""
    return insert_new(tx, idempotency, [msgspec.structs.asdict(row)]) == 1


def put_answer(tx: Tx, row: AnswerRow) -> None:
    """Overwrite."""
    upsert(tx, idempotency, msgspec.structs.asdict(row))


def drop_answer(tx: Tx, space: int, key: str, digest: bytes) -> None:
    """Give the key back: the request ended without an answer worth keeping."""
    where = (idempotency.c.space == space, idempotency.c.key == key, idempotency.c.digest == digest, idempotency.c.code.is_(None))
    tx.conn.execute(delete(idempotency).where(*where))
