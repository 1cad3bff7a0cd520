"""The port of blobs. A name is made of the content it stands for, so nothing under it ever changes, and putting it twice is putting it once."""

import re
from typing import Protocol

from backend.domain.errors import Invalid, Unavailable

NAME = re.compile(r"[0-9a-f]{32}\.(png|jpg|gif|webp)")
LARGEST = 8 * 1024 * 1024  # bytes of one blob


class BlobsUnavailable(Unavailable):
    """The place where pictures are kept does not answer. Nothing was changed; send it again in a moment."""


class Blobs(Protocol):
    """Safe to use from several tasks at once."""

    async def start(self) -> None:
        """Make ready. Raises `BlobsUnavailable`."""

    async def close(self) -> None:
        """Give back what is held."""

    async def put(self, name: str, data: bytes, kind: str) -> None:
        """Keep the bytes, whole or not at all; what is there under this name stays. Errors: `Invalid`, `BlobsUnavailable`."""

    async def get(self, name: str) -> bytes | None:
        """The bytes, or None when there are none. Errors: `BlobsUnavailable`."""


def check_name(name: str) -> str:
    """The name. Raises `Invalid` for one that was not made here: it may lead out of the place."""
    if not NAME.fullmatch(name):
        raise Invalid("This is no name of a picture.", field="name")
    return name


def check_size(data: bytes) -> None:
    """Raises `Invalid` above `LARGEST` or for nothing at all."""
    if not 0 < len(data) <= LARGEST:
        raise Invalid(f"A picture takes 1 to {LARGEST // 1024 // 1024} MB; this one has {len(data)} bytes.", field="data")
