"""Ids made to be found: 48 bits of `born` in milliseconds, then 80 bits of BLAKE2b over the parents.

They sort by time, name the day partition they live in, and a repeat of the same parents makes the same id.
On the wire and in the API an id is 32 hexadecimal digits.
"""

import binascii
import zlib
from hashlib import blake2b

from backend.domain.errors import Invalid

BUCKETS = 1024
DAY_MS = 86_400_000
NO_ADDRESS = b""  # never NULL: NULLs are distinct in a unique key, and one insert could make two rows
NO_ID = bytes(16)
_LONG = (16).to_bytes(4, "big")  # lengths of parents, as `make_id` puts them before each
_PERSON = (8).to_bytes(4, "big")
_CHANNEL = {channel: (1).to_bytes(4, "big") + bytes((channel,)) for channel in range(256)}


def make_id(born_ms: int, *parents: bytes) -> bytes:
    """16 bytes: `born_ms` (milliseconds since 1970, UTC) and a hash of the parents, each preceded by its length."""
    whole = b"".join([part for parent in parents for part in (len(parent).to_bytes(4, "big"), parent)])
    return born_ms.to_bytes(6, "big") + blake2b(whole, digest_size=10).digest()


def person_bytes(person: int) -> bytes:
    """A person in made ids, as a record's key and as the address of the web channel."""
    return person.to_bytes(8, "big", signed=True)


def notification_id(event: bytes, person: int) -> bytes:
    """The one notification that an event makes for a person: `make_id` of both, written out, for every record is asked."""
    parents = b"".join((_LONG, event, _PERSON, person.to_bytes(8, "big", signed=True)))
    return event[:6] + blake2b(parents, digest_size=10).digest()


def delivery_id(notification: bytes, person: int, channel: int, address: bytes) -> bytes:
    """The one delivery of a notification to an address of a channel: `make_id` of these, written out."""
    parents = b"".join((_LONG, notification, _PERSON, person.to_bytes(8, "big", signed=True), _CHANNEL[channel], len(address).to_bytes(4, "big"), address))
    return notification[:6] + blake2b(parents, digest_size=10).digest()


def born_of(made: bytes) -> int:
    """Milliseconds since 1970 at which what the id names was born."""
    return int.from_bytes(made[:6], "big")


def day_of(made: bytes) -> int:
    """Days since 1970: the partition the id lives in."""
    return int.from_bytes(made[:6], "big") // DAY_MS


def first_of_day(day: int) -> bytes:
    """The smallest id of a day."""
    return (day * DAY_MS).to_bytes(6, "big") + bytes(10)


def bucket_of(space: int, person: int) -> int:
    """0..1023: chooses the log partition, the cache's hash tag and later the database shard of a person."""
    return zlib.crc32(space.to_bytes(2, "big") + person.to_bytes(8, "big", signed=True)) % BUCKETS


def facts_key(space: int, person: int) -> bytes:
    """Where the cache keeps the facts of a person; whoever changes one of them drops it, before and after the commit."""
    return b"{%d}f:%d:%d" % (bucket_of(space, person), space, person)


def person_id(space: int, user_id: str) -> int:
    """Our 63-bit id of a customer's user id; collisions are refused when the person is written."""
    return int.from_bytes(blake2b(space.to_bytes(2, "big") + user_id.encode(), digest_size=8).digest(), "big") >> 1


def cohort_id(space: int, *parts: str) -> int:
    """63-bit key under which deliveries are counted together (category, template version, channel-independent)."""
    return int.from_bytes(blake2b(space.to_bytes(2, "big") + "\x1f".join(parts).encode(), digest_size=8).digest(), "big") >> 1


def parse_id(text: str) -> bytes:
    """32 hexadecimal digits to 16 bytes. Raises `Invalid`."""
    try:
        made = binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        made = b""
    if len(made) != 16:
        raise Invalid("An id is 32 hexadecimal digits, as the answer to your request gave it.", given=text[:64])
    return made
