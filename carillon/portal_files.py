"""The bundle's files from memory: a first visit asks for some twenty at once, and each would pass every route and a thread on its way.

Only what lies in the bundle when the process starts can be asked for, so no path leads out of it. What is large, asked for in
parts, or no file of the bundle goes to the app inside. A file is read when it is first asked for, and kept, with what the build compressed.
"""

import hashlib
import mimetypes
from pathlib import Path
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

LARGEST = 2_000_000  # bytes; the charts' chunk is the largest file there is
WITHOUT = frozenset({".html", ".gz", ".br"})  # pages have a door of their own
PACKED = (("br", ".br"), ("gzip", ".gz"))  # what the build compressed lies beside each file; the smallest first


class Kept(NamedTuple):
    """A file as it is sent."""

    packed: dict[str, bytes]
    plain: bytes
    kind: bytes
    tag: bytes


class Files:
    """In front of everything else. `client`: the folder of the bundle."""

    def __init__(self, inner: ASGIApp, client: Path) -> None:
        self._inner = inner
        self._paths = {
            f"/{path.relative_to(client).as_posix()}": path
            for path in client.rglob("*")
            if path.is_file() and path.suffix not in WITHOUT and path.stat().st_size <= LARGEST
        }
        self._kept: dict[str, Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._paths or scope["method"] not in ("GET", "HEAD"):
            await self._inner(scope, receive, send)
            return
        asked = Headers(scope=scope)
        if "range" in asked:
            await self._inner(scope, receive, send)
            return
        file = self._file(scope["path"])
        wanted = {part.partition(";")[0].strip() for part in asked.get("accept-encoding", "").split(",") if not part.replace(" ", "").endswith(";q=0")}
        coding = next((name for name in file.packed if name in wanted), "")
        body = file.packed[coding] if coding else file.plain
        tag = file.tag + (f'-{coding}"' if coding else '"').encode()
        headers = [(b"content-type", file.kind), (b"etag", tag)]
        if file.packed:
            headers.append((b"vary", b"Accept-Encoding"))
        if tag.decode() in asked.get("if-none-match", ""):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        headers.append((b"content-length", str(len(body)).encode()))
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})

    def _file(self, path: str) -> Kept:
        found = self._kept.get(path)
        if found is None:
            place = self._paths[path]
            plain = place.read_bytes()
            beside = ((name, place.with_name(place.name + suffix)) for name, suffix in PACKED)  # made when the portal was built
            packed = {name: path.read_bytes() for name, path in beside if path.exists()}
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            kind += "; charset=utf-8" if kind.startswith("text/") else ""
            tag = f'"{hashlib.sha256(plain).hexdigest()[:24]}'
            found = self._kept[path] = Kept(packed, plain, kind.encode(), tag.encode())
        return found
