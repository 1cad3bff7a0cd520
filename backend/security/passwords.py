"""Passwords: argon2id (RFC 9106) with OWASP's parameters (19 MiB, two passes, one lane), hashed beside the loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from backend.domain.errors import Invalid

SHORTEST, LONGEST = 10, 256  # characters
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
_threads = ThreadPoolExecutor(2, "argon2")  # a flood of sign-ins takes two threads and 38 MiB, not the machine
_DECOY = _hasher.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """The hash to keep, its parameters within. Raises `Invalid` for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"A password has {SHORTEST} to {LONGEST} characters. Choose a longer one: several words do well.", field="password")
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def check_password(kept: str | None, password: str) -> bool:
    """True when the password fits. With `kept` None (no such account) it takes as long and is False: nobody learns who has an account."""
    if len(password) > LONGEST:
        return False
    fits = await asyncio.get_running_loop().run_in_executor(_threads, _fits, kept or _DECOY, password)
    return fits and kept is not None


def outdated(kept: str) -> bool:
    """True when the hash was made with older parameters: hash the password again at this sign-in."""
    try:
        return _hasher.check_needs_rehash(kept)
    except InvalidHashError:
        return True


def _fits(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
