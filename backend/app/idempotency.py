"""Idempotency-Key: the first answer again for 24 hours. A key belongs to whoever sent it; two programs never share answers."""

import msgspec

from backend.app.base import Aggregate
from backend.domain.errors import Conflict, IdempotencyMismatch, Invalid
from backend.security.roles import Actor
from backend.store import accounts
from backend.store.accounts import AnswerRow
from backend.store.port import Tx

KEPT = 24 * 3600.0  # seconds
LEFT = 60.0  # seconds after which a request without an answer is taken to be dead with its process
LONGEST = 255  # characters of a key


class Fresh(msgspec.Struct, frozen=True):
    """Nobody used the key: do the work, then `finish` with this, or `abandon` it."""

    space: int
    key: str
    digest: bytes
    at: float


class Answer(msgspec.Struct, frozen=True):
    """The first answer, to be given again."""

    code: int  # of HTTP
    body: bytes


class Idempotency(Aggregate):
    """`digest` is a hash of the request's method, path and body, made by the entrance."""

    async def begin(self, actor: Actor, key: str, digest: bytes) -> Fresh | Answer:
        """`Fresh`, or the answer of before. Raises `IdempotencyMismatch`, `Conflict` while the first is in flight, `Invalid`."""
        if not 1 <= len(key) <= LONGEST or not key.isprintable():
            raise Invalid(f"An Idempotency-Key has 1 to {LONGEST} printable characters.", field="Idempotency-Key")
        now = self.app.clock.now()
        fresh = Fresh(actor.space, f"{actor.subject}\n{key}", digest, now)
        new = AnswerRow(space=fresh.space, key=fresh.key, digest=digest, answer=None, code=None, at=now)

        def write(tx: Tx) -> AnswerRow | None:
            if accounts.claim_answer(tx, new):
                return None
            old = accounts.answer(tx, fresh.space, fresh.key)
            if old is not None and old.at > now - KEPT:
                if old.digest != digest:
                    raise IdempotencyMismatch
                if old.code is not None:
                    return old
                if old.at > now - LEFT:
                    raise Conflict("The first request with this Idempotency-Key is still in flight. Wait, and send it again.")
            accounts.put_answer(tx, new)  # it is too old, or its process died before it could answer
            return None

        old = await self.app.store.write(write)
        if old is None:
            return fresh
        return Answer(old.code or 200, self.app.sealer.unseal("answer", old.answer or b""))

    async def finish(self, fresh: Fresh, code: int, body: bytes) -> None:
        """Keep the answer. One that took so long that another request took over is not kept."""
        sealed = self.app.sealer.seal("answer", body)  # an answer may hold personal data

        def write(tx: Tx) -> None:
            old = accounts.answer(tx, fresh.space, fresh.key)
            if old is not None and (old.digest, old.at, old.code) == (fresh.digest, fresh.at, None):
                accounts.put_answer(tx, AnswerRow(space=fresh.space, key=fresh.key, digest=fresh.digest, answer=sealed, code=code, at=fresh.at))

        await self.app.store.write(write)

    async def abandon(self, fresh: Fresh) -> None:
        """Give the key back: the request failed in a way that may go better the next time."""
        await self.app.store.write(lambda tx: accounts.drop_answer(tx, fresh.space, fresh.key, fresh.digest))
