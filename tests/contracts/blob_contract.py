"""What holds for blobs on every engine: the same tests, the same ids, no branch on which one it is."""

import asyncio

import pytest

from backend.blobs.port import LARGEST, Blobs
from backend.domain.errors import Invalid

NAME = "0123456789abcdef0123456789abcdef.png"
OTHER = "fedcba9876543210fedcba9876543210.jpg"


class BlobContract:
    """Subclasses give `blobs`, started, and `again(blobs)`: the same place opened anew."""

    async def test_what_is_put_is_there_for_everybody(self, blobs: Blobs, again) -> None:
        data = bytes(range(256)) * 40
        await blobs.put(NAME, data, "image/png")
        assert await blobs.get(NAME) == data and await blobs.get(OTHER) is None
        second = await again()
        assert await second.get(NAME) == data

    async def test_putting_twice_is_putting_once(self, blobs: Blobs) -> None:
        await asyncio.gather(*[blobs.put(NAME, b"same", "image/png") for _ in range(8)])
        assert await blobs.get(NAME) == b"same"

    @pytest.mark.parametrize("name", ["", "x.png", "../" + NAME, NAME + "/..", NAME.upper(), NAME.replace("png", "svg"), "a" * 4_000, NAME + "\n"])
    async def test_only_names_that_are_made_here(self, blobs: Blobs, name: str) -> None:
        with pytest.raises(Invalid):
            await blobs.put(name, b"x", "image/png")
        with pytest.raises(Invalid):
            await blobs.get(name)

    async def test_sizes(self, blobs: Blobs) -> None:
        for data in (b"", b"x" * (LARGEST + 1)):
            with pytest.raises(Invalid):
                await blobs.put(NAME, data, "image/png")
        await blobs.put(OTHER, b"x" * LARGEST, "image/jpeg")
        assert len(await blobs.get(OTHER) or b"") == LARGEST

    async def test_many_at_once(self, blobs: Blobs) -> None:
        names = [f"{n:032x}.gif" for n in range(24)]
        await asyncio.gather(*[blobs.put(name, name.encode(), "image/gif") for name in names])
        assert await asyncio.gather(*[blobs.get(name) for name in names]) == [name.encode() for name in names]
