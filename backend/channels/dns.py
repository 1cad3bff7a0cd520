"""What the names of a sender's domain say to everybody: TXT and MX records, asked of the resolver this machine uses (RFC 1035).

One datagram, one answer, repeated over TCP when it was cut. Enough to tell somebody whether what they copied has arrived.
"""

import asyncio
import secrets
import struct
from pathlib import Path

from backend.domain.errors import Unavailable

PATIENCE = 3.0  # seconds for one server
TRIES = 2
KINDS = {"TXT": 16, "MX": 15}
_HEAD = struct.Struct(">HHHHHH")
_HOPS = 64  # pointers followed in one name; a loop ends there


class ResolverAway(Unavailable):
    """The name server of this machine does not answer, so nothing can be checked from here. The records are right all the same."""


async def lookup(name: str, kind: str, server: tuple[str, int] | None = None) -> list[str]:
    """The values of a name's TXT or MX records ("10 mail.example.com"), [] when it has none. Raises `ResolverAway`."""
    asked = _question(name, KINDS[kind])
    for at in [server] if server else _servers():
        for _ in range(TRIES):
            try:
                async with asyncio.timeout(PATIENCE):
                    answer = await _by_datagram(at, asked)
                    if answer[2] & 0x02:  # cut short
                        answer = await _by_stream(at, asked)
                return _values(answer, asked, KINDS[kind])
            except (TimeoutError, OSError, struct.error, IndexError, UnicodeError, ValueError):
                continue
    raise ResolverAway


def _servers() -> list[tuple[str, int]]:
    try:
        lines = Path("/etc/resolv.conf").read_text().splitlines()
    except OSError:
        lines = []
    named = [parts[1] for line in lines if len(parts := line.split()) >= 2 and parts[0] == "nameserver"]
    return [(one, 53) for one in named[:2]] or [("127.0.0.1", 53)]


def _question(name: str, kind: int) -> bytes:
    labels = name.rstrip(".").encode("idna").split(b".")
    packed = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    return _HEAD.pack(secrets.randbits(16), 0x0100, 1, 0, 0, 0) + packed + struct.pack(">HH", kind, 1)


class _Hear(asyncio.DatagramProtocol):
    def __init__(self, asked: bytes) -> None:
        self._asked = asked
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data[:2] == self._asked[:2] and len(data) >= _HEAD.size and not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _by_datagram(at: tuple[str, int], asked: bytes) -> bytes:
    transport, heard = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Hear(asked), remote_addr=at)
    try:
        transport.sendto(asked)
        return await heard.answer
    finally:
        transport.close()


async def _by_stream(at: tuple[str, int], asked: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*at)
    try:
        writer.write(struct.pack(">H", len(asked)) + asked)
        (size,) = struct.unpack(">H", await reader.readexactly(2))
        return await reader.readexactly(size)
    except asyncio.IncompleteReadError as cut:
        raise ConnectionError from cut
    finally:
        writer.close()


def _values(answer: bytes, asked: bytes, kind: int) -> list[str]:
    _, flags, questions, answers, _, _ = _HEAD.unpack_from(answer)
    code = flags & 0x0F
    if code == 3:  # there is no such name
        return []
    if code:
        raise ConnectionError(f"the name server answers with code {code}")
    at = _HEAD.size
    for _ in range(questions):
        at = _skip(answer, at) + 4
    found = []
    for _ in range(answers):
        at = _skip(answer, at)
        its, _, _, size = struct.unpack_from(">HHIH", answer, at)
        at += 10
        if its == kind:
            found.append(_txt(answer[at : at + size]) if kind == KINDS["TXT"] else _mx(answer, at))
        at += size
    return found


def _txt(data: bytes) -> str:
    parts, at = [], 0
    while at < len(data):
        size = data[at]
        parts.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    return b"".join(parts).decode("utf-8", "replace")


def _mx(answer: bytes, at: int) -> str:
    (weight,) = struct.unpack_from(">H", answer, at)
    return f"{weight} {_name(answer, at + 2)}"


def _name(answer: bytes, at: int) -> str:
    labels: list[str] = []
    for _ in range(_HOPS):
        size = answer[at]
        if size == 0:
            return ".".join(labels)
        if size & 0xC0 == 0xC0:
            at = struct.unpack_from(">H", answer, at)[0] & 0x3FFF
            continue
        labels.append(answer[at + 1 : at + 1 + size].decode("ascii", "replace"))
        at += 1 + size
    raise ValueError("a name that goes in circles")


def _skip(answer: bytes, at: int) -> int:
    while True:
        size = answer[at]
        if size == 0:
            return at + 1
        if size & 0xC0 == 0xC0:
            return at + 2
        at += 1 + size
