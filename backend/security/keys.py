"""Signing keys: RSA 2048, two valid at once (the one that signs and the one before), shared by every process.

They lie sealed in the row "signing_keys" of `marks`, so that what one process signs another verifies; HOME/keys holds a
copy as PEM files (0600), from which an emptied database takes them again: tokens in use stay good.
"""

import asyncio
import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from sqlalchemy import text

from backend.clock import Clock
from backend.domain.errors import Conflict, Refusal
from backend.security.sealing import Sealer
from backend.store.port import Store, Tx

VALID = 2  # keys
BITS = 2048
_MARK = "signing_keys"
_AGAIN = 10.0  # seconds between two looks at the store for an unknown kid: forged ones come often


class SigningKey(msgspec.Struct, frozen=True):
    """`pem`: PKCS 8, unencrypted; it leaves memory only sealed, or into HOME."""

    kid: str
    pem: str
    created: float

    def private(self) -> RSAPrivateKey:
        key = serialization.load_pem_private_key(self.pem.encode(), None)
        if not isinstance(key, RSAPrivateKey):
            raise Refusal(f"The signing key {self.kid} is no RSA key. Remove it from HOME/keys and start again.")
        return key


class Keyring:
    """The keys of this installation, newest first. `load` before use; `get` looks again in the store for a kid it does not know."""

    def __init__(self, store: Store, sealer: Sealer, home: Path | None, clock: Clock) -> None:
        self._store, self._sealer, self._clock = store, sealer, clock
        self._folder = home / "keys" if home else None
        self._keys: list[SigningKey] = []
        self._privates: dict[str, RSAPrivateKey] = {}
        self._looked = float("-inf")

    async def load(self) -> None:
        """Read the keys; the first process makes them. Raises `Unsealable` when SECRET_KEY is another than they were sealed with."""
        kept = await self._store.read(_read)
        if kept is None:
            first = self._from_home() or [await asyncio.to_thread(_make, self._clock.now())]
            kept = await self._store.write(_write_first(self._sealed(first)))
        self._take(kept)

    async def rotate(self) -> str:
        """A new key signs from now on; the one before stays valid, older ones end. The new kid. `Conflict` when another process does it now."""
        was = await self._store.read(_read) or ""
        new = await asyncio.to_thread(_make, self._clock.now())
        now = self._sealed([new, *self._opened(was)][:VALID])
        if not await self._store.write(_replace(was, now)):
            raise Conflict
        self._take(now)
        return new.kid

    async def get(self, kid: str) -> RSAPrivateKey | None:
        """The key with this id; None when there is none (any more)."""
        if kid not in self._privates and self._looked + _AGAIN <= self._clock.now():
            self._looked = self._clock.now()
            await self.load()
        return self._privates.get(kid)

    @property
    def current(self) -> tuple[str, RSAPrivateKey]:
        """(kid, key) that signs."""
        kid = self._keys[0].kid
        return kid, self._privates[kid]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public halves as a JWK set (RFC 7517)."""
        return {"keys": [_jwk(key.kid, self._privates[key.kid]) for key in self._keys]}

    def _take(self, kept: str) -> None:
        keys = self._opened(kept)
        self._privates = {key.kid: self._privates.get(key.kid) or key.private() for key in keys}
        self._keys = keys
        self._to_home()

    def _sealed(self, keys: list[SigningKey]) -> str:
        return base64.b64encode(self._sealer.seal(_MARK, msgspec.json.encode(keys))).decode()

    def _opened(self, kept: str) -> list[SigningKey]:
        return msgspec.json.decode(self._sealer.unseal(_MARK, base64.b64decode(kept)), type=list[SigningKey]) if kept else []

    def _from_home(self) -> list[SigningKey]:
        if self._folder is None or not self._folder.is_dir():
            return []
        files = sorted(self._folder.glob("*.pem"), key=lambda f: f.stat().st_mtime, reverse=True)
        return [SigningKey(f.stem, f.read_text(), f.stat().st_mtime) for f in files[:VALID]]

    def _to_home(self) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        names = {f"{key.kid}.pem": key for key in self._keys}
        for file in self._folder.glob("*.pem"):
            if file.name not in names:
                file.unlink(missing_ok=True)
        for name, key in names.items():
            path = self._folder / name
            if not path.exists():
                part = path.with_suffix(f".{secrets.token_hex(4)}")
                with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file_out:
                    file_out.write(key.pem)
                os.utime(part, (key.created, key.created))
                part.replace(path)
            path.chmod(0o600)  # a copy from elsewhere may have been readable by others


def _make(now: float) -> SigningKey:
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningKey(secrets.token_hex(8), pem.decode(), now)


def _read(tx: Tx) -> str | None:
    found: str | None = tx.conn.execute(text("SELECT value FROM marks WHERE name = :name"), {"name": _MARK}).scalar()
    return found


def _write_first(value: str) -> Callable[[Tx], str]:
    def write(tx: Tx) -> str:
        tx.conn.execute(
            text("INSERT INTO marks (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"), {"name": _MARK, "value": value}
        )
        return _read(tx) or value

    return write


def _replace(was: str, now: str) -> Callable[[Tx], bool]:
    def write(tx: Tx) -> bool:
        done = tx.conn.execute(
            text("UPDATE marks SET value = :now WHERE name = :name AND value = :was"), {"name": _MARK, "now": now, "was": was}
        )
        return done.rowcount == 1

    return write


def _jwk(kid: str, key: RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": _base64url(numbers.n), "e": _base64url(numbers.e)}


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
