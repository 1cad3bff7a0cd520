"""Pictures from outside: looked at, turned, made smaller and written anew in a child process with limits, for decoders are where files bite.

What a file is, its content says, never its name. Everything but the picture itself (place, camera, comments, what hides behind the
end) is left behind, because only pixels are carried over. `python -m backend.security.pictures` is the child: one picture, then it ends.
"""

import asyncio
import io
import resource
import struct
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

from backend.domain.errors import Invalid, TooLarge, Unavailable

LARGEST = 8 * 1024 * 1024  # bytes of an upload
PIXELS = 40_000_000  # of one picture, before it is decoded
FRAMES = 120  # of a moving picture
MOVING = 60_000_000  # pixels of all its frames together
EDGE = 1_600  # pixels of the longer side that are kept; twice what a mail shows
MEMORY = 1024 * 1024 * 1024  # bytes of address space of the child
WALL = 20.0  # seconds on a busy machine
CPU = 10  # seconds
KINDS = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg"), "GIF": ("gif", "image/gif"), "WEBP": ("webp", "image/webp")}
_HEAD = struct.Struct(">cHH")
_LETTERS = {"png": b"p", "jpg": b"j", "gif": b"g", "webp": b"w"}
_ROOT = Path(__file__).resolve().parents[2]


class Picture(Struct, frozen=True):
    """A picture that may be shown: `ending` of its name, `type` for HTTP, its bytes and its size in pixels."""

    ending: str
    type: str
    data: bytes
    width: int
    height: int


class Pictures:
    """Prepares one picture at a time, each in a child of its own."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def prepare(self, raw: bytes) -> Picture:
        """The picture ready to be kept. Errors: `Invalid` (no picture, or one that is none we take), `TooLarge`, `Unavailable`."""
        if len(raw) > LARGEST:
            raise TooLarge(f"The picture takes {len(raw) / 1024 / 1024:.1f} MB; {LARGEST // 1024 // 1024} MB are allowed. Make it smaller.", field="file")
        async with self._turn:
            answer = await _child(raw)
        if answer[:1] == b"-":
            raise Invalid(answer[1:].decode(errors="replace")[:300], field="file")
        if len(answer) < _HEAD.size:
            raise Invalid("The picture could not be read within its limits. It may be broken, or larger than it says. Save it anew and try again.", field="file")
        letter, width, height = _HEAD.unpack(answer[: _HEAD.size])
        ending = next(name for name, mark in _LETTERS.items() if mark == letter)
        kind = next(kind for end, kind in KINDS.values() if end == ending)
        return Picture(ending, kind, answer[_HEAD.size :], width, height)


async def _child(raw: bytes) -> bytes:
    """What the child writes; nothing when its limits ended it."""
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-B", "-m", "backend.security.pictures"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1"},
            cwd="/",
            start_new_session=True,
        )
    except OSError:
        raise Unavailable("The process that reads pictures does not start. Look at memory and process limits.") from None
    try:
        async with asyncio.timeout(WALL):
            answer, _ = await child.communicate(raw)
        return answer
    except TimeoutError:
        return b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def prepared(raw: bytes) -> tuple[str, bytes, int, int]:
    """(ending, bytes, width, height). `ValueError` says what is wrong with it."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS
    try:
        image = Image.open(io.BytesIO(raw), formats=tuple(KINDS))
    except Exception:  # noqa: BLE001 - decoders raise whatever they like
        raise ValueError("This is no PNG, JPEG, GIF or WebP picture, whatever its name says. Save it as one of these.") from None
    kind = str(image.format)
    frames = int(getattr(image, "n_frames", 1))
    if image.width * image.height > PIXELS:
        raise ValueError(f"The picture has {image.width} x {image.height} pixels; {PIXELS // 1_000_000} million are allowed. Make it smaller.")
    if frames > FRAMES or image.width * image.height * frames > MOVING * (1 if frames > 1 else 2):
        raise ValueError(f"The moving picture has {frames} frames or too many pixels; {FRAMES} frames are allowed. Make it shorter or smaller.")
    try:
        if frames > 1 and kind in ("GIF", "WEBP"):
            return _moving(image, kind, frames)
        image.load()
        whole: Any = ImageOps.exif_transpose(image)
        whole.thumbnail((EDGE, EDGE))
        out = io.BytesIO()
        if kind == "JPEG":
            clean = whole.convert("RGB")
            clean.info = {}  # comments would be written again
            clean.save(out, "JPEG", quality=85, optimize=True, exif=b"")
        else:
            mode = whole.mode if kind == "GIF" and whole.mode in ("P", "L") else "RGBA" if "A" in whole.getbands() or "transparency" in whole.info else "RGB"
            clean = whole.convert(mode)
            transparency = clean.info.get("transparency")
            clean.info = {} if transparency is None or mode != "P" else {"transparency": transparency}
            clean.save(out, kind, **({"optimize": True} if kind == "PNG" else {}))
        return KINDS[kind][0], out.getvalue(), whole.width, whole.height
    except ValueError:
        raise
    except Exception:  # noqa: BLE001 - the same
        raise ValueError("The picture is broken: it ends early or contradicts itself. Save it anew and try again.") from None


def _moving(image: Any, kind: str, frames: int) -> tuple[str, bytes, int, int]:
    pictures, times = [], []
    for n in range(frames):
        image.seek(n)
        frame = image.convert("RGBA")
        frame.thumbnail((EDGE, EDGE))
        frame.info = {}
        pictures.append(frame)
        times.append(max(20, int(image.info.get("duration", 100) or 100)))
    out = io.BytesIO()
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], duration=times, loop=int(image.info.get("loop", 0) or 0))
    return KINDS[kind][0], out.getvalue(), pictures[0].width, pictures[0].height


def main() -> None:
    """The child."""
    import PIL.GifImagePlugin
    import PIL.JpegImagePlugin
    import PIL.PngImagePlugin
    import PIL.WebPImagePlugin  # noqa: F401 - loaded before the limits hold

    for limit, most in (
        (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_NPROC, 0),
    ):  # fmt: skip
        resource.setrlimit(limit, (most, most))
    try:
        ending, data, width, height = prepared(sys.stdin.buffer.read(LARGEST + 1))
        answer = _HEAD.pack(_LETTERS[ending], width, height) + data
    except ValueError as error:
        answer = b"-" + str(error).encode()
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
