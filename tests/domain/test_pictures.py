"""Uploads are what their content says: decoded in a child with limits, turned, made smaller, nothing carried over but pixels."""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from backend.domain.errors import Invalid, TooLarge
from backend.security.pictures import EDGE, LARGEST, Picture, Pictures


def saved(kind: str, size=(40, 30), mode="RGB", color=(200, 30, 30), **options) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind, **options)
    return out.getvalue()


def opened(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    return image


@pytest.mark.parametrize(("kind", "ending", "type_"), [("PNG", "png", "image/png"), ("JPEG", "jpg", "image/jpeg"), ("GIF", "gif", "image/gif"), ("WEBP", "webp", "image/webp")])
async def test_four_kinds_by_their_content(kind, ending, type_):
    picture = await Pictures().prepare(saved(kind))
    assert (picture.ending, picture.type, picture.width, picture.height) == (ending, type_, 40, 30)
    assert opened(picture).format == kind
    assert (await Pictures().prepare(saved(kind))).data == picture.data  # the same picture has the same name


async def test_a_large_one_is_made_smaller_and_keeps_its_shape():
    picture = await Pictures().prepare(saved("PNG", (4_000, 1_000)))
    assert (picture.width, picture.height) == (EDGE, EDGE // 4) == opened(picture).size


async def test_nothing_but_pixels_is_carried_over():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "secret place")
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "secret camera", 6  # 6: to be turned
    for raw in (
        saved("PNG", pnginfo=notes) + b"secret tail<script>", saved("JPEG", exif=exif.tobytes(), comment=b"secret comment") + b"secret tail",
        saved("WEBP", exif=exif.tobytes(), xmp=b"secret xmp"), saved("GIF", comment=b"secret comment"),
    ):  # fmt: skip
        picture = await Pictures().prepare(raw)
        assert b"secret" in raw and b"secret" not in picture.data
        assert not opened(picture).getexif() and "comment" not in opened(picture).info
    turned = await Pictures().prepare(saved("JPEG", exif=exif.tobytes()))
    assert (turned.width, turned.height) == (30, 40)


async def test_clear_parts_stay_clear_and_moving_ones_move():
    clear = opened(await Pictures().prepare(saved("PNG", mode="RGBA", color=(1, 2, 3, 0))))
    assert clear.mode == "RGBA" and clear.getpixel((0, 0))[3] == 0
    frames = [Image.new("RGB", (20, 20), (n * 40, 0, 0)) for n in range(4)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)
    assert opened(await Pictures().prepare(out.getvalue())).n_frames == 4


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "no PNG, JPEG, GIF or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no PNG"),
        (b"<html><script>alert(1)</script>", "no PNG"),
        (b"MZ\x90\x00" + b"\x00" * 500, "no PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 200, "no PNG"),
        (saved("BMP"), "no PNG"),
        (saved("TIFF"), "no PNG"),
        (saved("PNG")[:-30], "broken"),
        (saved("JPEG")[:300], "broken|no PNG"),
        (bomb(60_000, 60_000), "million are allowed|no PNG"),
        (bomb(5_000, 5_000), "broken"),
        (b"GIF89a" + b"\xff" * 4_000, "no PNG|broken|million|frames"),
    ],
)
async def test_what_is_none_is_refused_in_words(raw, words):
    with pytest.raises(Invalid, match=words):
        await Pictures().prepare(raw)


async def test_too_large_is_refused_before_anybody_looks():
    with pytest.raises(TooLarge, match="8 MB are allowed"):
        await Pictures().prepare(b"\0" * (LARGEST + 1))
