"""One HTTP/2 connection to Apple (RFC 9113), the part of it that a client of short requests needs, with header compression by hpack.

h2 itself is not used: it ends every stream when GOAWAY arrives, and takes ten times the CPU of what is here. Here a GOAWAY gives back the requests
that the server says it has not looked at, and waits for the answers of the others.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Any, cast

from hpack import Decoder, Encoder, HPACKError, NeverIndexedHeaderTuple

from backend.channels.apns_answers import answer_of
from backend.channels.base import Answer
from backend.channels.push import words

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
LARGEST_FRAME = 16_384  # bytes: what every side takes, and we ask for no more
WINDOW_SIZE = 65_535
BLOCK = 65_536  # bytes of one header block
ANSWER = 8_192  # bytes of an answer that are kept
REFUSED_STREAM, CANCEL = 7, 8
LAST_ID = 2**31 - 3  # stream numbers of a connection end; a new one is opened then
LOOK = 1.0  # seconds between looks at what is open
QUIET = 30.0  # seconds without a byte after which the other side is asked whether it is there
ONCE = NeverIndexedHeaderTuple
Header = tuple[bytes, bytes]

_head = struct.Struct(">HBBBL")
_long = struct.Struct(">L")


class Broken(Exception):
    """The other side does not speak HTTP/2 as it is written."""


class Ask:
    """One request and whoever waits for its answer. `headers`: those whose name begins with a colon come first (RFC 9113, 8.3); the ones that
    are of this request alone are `ONCE`, the others are remembered by both sides."""

    __slots__ = ("begun", "body", "delivery", "done", "headers", "moved", "said", "status")

    def __init__(self, delivery: bytes, headers: Sequence[Header], body: bytes, done: Callable[[Answer], None]) -> None:
        self.delivery, self.headers, self.body, self.done = delivery, headers, body, done
        self.status, self.said = 0, b""
        self.begun = 0.0
        self.moved = 0  # times a connection gave it back


class Link(asyncio.Protocol):
    """`changed` is called when there may be room, `gone` when it takes nothing more, with what the other side has not looked at. What it may
    have looked at and did not answer is unknown."""

    def __init__(self, changed: Callable[[], None], gone: "Callable[[Link, list[Ask]], None]", patience: float) -> None:
        self._changed, self._gone, self._patience = changed, gone, patience
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()  # its settings came
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.answers = 0
        self.why = "The connection ended."
        self._streams: dict[int, Ask] = {}
        self._next, self._most, self._window, self._first = 1, 100, WINDOW_SIZE, WINDOW_SIZE
        self._encoder, self._decoder = Encoder(), Decoder()
        self._inbox = bytearray()
        self._block: tuple[int, int, bytearray] | None = None  # stream and flags of headers that go on
        self._eaten = 0  # bytes of answers that were not given back to its window yet
        self._draining = self._over = False
        self._heard, self._pinged = self._loop.time(), False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    # ---- sending
    @property
    def open(self) -> bool:
        """Whether it takes requests, now or later."""
        return not (self._draining or self._over)

    def room(self, size: int, before: int) -> bool:
        """Whether it takes so many bytes now, the last of them behind so many requests."""
        return self.open and len(self._streams) + before < self._most and self._window >= size and self._next + 2 * before <= LAST_ID

    def send(self, asks: Sequence[Ask]) -> None:
        """Each had room."""
        out = bytearray()
        for ask in asks:
            number, self._next = self._next, self._next + 2
            block = self._encoder.encode(ask.headers, huffman=False)
            out += _frame(HEADERS, END_HEADERS, number, block) + _frame(DATA, END_STREAM, number, ask.body)
            self._window -= len(ask.body)
            ask.begun = self._loop.time()
            self._streams[number] = ask
        self._write(out)

    def quit(self) -> None:
        """Take nothing more; close when the last answer is here."""
        self._drain([])

    def abort(self, why: str) -> None:
        """Close now."""
        self._end(why)
        if self._transport is not None:
            self._transport.abort()  # without waiting for its goodbye

    # ---- asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one that does not say so
        settings = struct.pack(">HLHL", 2, 0, 3, 0)  # no pushes, and no streams of its own
        self._transport.write(PREFACE + _frame(SETTINGS, 0, 0, settings))
        self._timer = self._loop.call_later(LOOK, self._look)

    def data_received(self, data: bytes) -> None:
        self._heard, self._pinged = self._loop.time(), False
        self._inbox += data
        done = 0
        try:
            while len(self._inbox) - done >= 9 and not self._over:
                high, low, kind, flags, stream = _head.unpack_from(self._inbox, done)
                size = (high << 8) + low
                if size > LARGEST_FRAME:
                    raise Broken("a frame is larger than was allowed")
                if len(self._inbox) - done < 9 + size:
                    break
                payload = bytes(self._inbox[done + 9 : done + 9 + size])
                done += 9 + size
                self._frame(kind, flags, stream & 0x7FFFFFFF, payload)
        except (Broken, HPACKError, struct.error, IndexError, ValueError) as broken:
            self._end(f"The other side broke HTTP/2: {broken}")
            return
        del self._inbox[:done]
        if not self._over:
            self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"The connection was lost{': ' + words(str(exc)) if exc else ''}.")
        if not self.closed.done():
            self.closed.set_result(None)

    # ---- what is received
    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if self._block is not None and (kind != CONTINUATION or stream != self._block[0]):
            raise Broken("headers were interrupted")
        match kind:
            case 0:
                self._data(flags, stream, payload)
            case 1:
                piece = _unpadded(flags, payload)[5 if flags & PRIORITY else 0 :]
                self._block = (stream, flags, bytearray(piece))
                if flags & END_HEADERS:
                    self._headers()
            case 9:
                if self._block is None:
                    raise Broken("headers go on that never began")
                self._block[2].extend(payload)
                if len(self._block[2]) > BLOCK:
                    raise Broken("headers have no end")
                if flags & END_HEADERS:
                    self._headers()
            case 3:
                self._reset(stream, _long.unpack(payload)[0])
            case 4 if not flags & ACK:
                self._settings(payload)
            case 6 if not flags & ACK:
                self._write(_frame(PING, ACK, 0, payload))
            case 7:
                self._goaway(payload)
            case 8 if stream == 0:
                self._window += _long.unpack(payload)[0] & 0x7FFFFFFF
            case 5:
                raise Broken("it pushes what nobody asked for")
            case _:
                pass  # answers to our own, windows of streams whose bodies always fit, and what later versions may bring

    def _data(self, flags: int, stream: int, payload: bytes) -> None:
        self._eaten += len(payload)
        if self._eaten >= WINDOW_SIZE // 2:
            self._write(_frame(WINDOW, 0, 0, _long.pack(self._eaten)))
            self._eaten = 0
        ask = self._streams.get(stream)
        if ask is None:
            return
        ask.said = (ask.said + _unpadded(flags, payload))[:ANSWER]
        if flags & END_STREAM:
            self._answer(stream)

    def _headers(self) -> None:
        assert self._block is not None
        (stream, flags, block), self._block = self._block, None
        found: Any = self._decoder.decode(bytes(block), raw=True)  # of every stream: both sides keep one table
        ask = self._streams.get(stream)
        if ask is None:
            return
        status = next((value for name, value in found if bytes(name) == b":status"), None)
        if status is not None and not ask.status:
            number = int(status)
            ask.status = number if number >= 200 else 0  # 1xx: the answer is still to come
        if flags & END_STREAM:
            self._answer(stream)

    def _answer(self, stream: int) -> None:
        ask = self._streams.pop(stream)
        self.answers += 1
        ask.done(answer_of(ask.status, ask.said) if ask.status else Answer("unknown", "garbled", "The answer has no status."))
        self._close_when_done()

    def _reset(self, stream: int, code: int) -> None:
        ask = self._streams.pop(stream, None)
        if ask is not None and code == REFUSED_STREAM:  # it was not looked at (RFC 9113, 8.7)
            self._gone(self, [ask])
        elif ask is not None:
            ask.done(Answer("unknown", "reset", f"Apple broke the request off (code {code})."))
        self._close_when_done()

    def _settings(self, payload: bytes) -> None:
        for number, value in struct.iter_unpack(">HL", payload):
            if number == 1:
                self._encoder.header_table_size = min(value, 4096)
            elif number == 3:
                self._most = value
            elif number == 4:
                self._first = value
        if self._first < LARGEST_FRAME // 2:
            raise Broken("its window is smaller than a message")
        self._write(_frame(SETTINGS, ACK, 0, b""))
        if not self.ready.done():
            self.ready.set_result(None)

    def _goaway(self, payload: bytes) -> None:
        last, code = struct.unpack_from(">LL", payload)
        last &= 0x7FFFFFFF
        self.why = words(f"The server closed the connection (code {code}) {payload[8:].decode('utf-8', 'replace')}")
        back = [self._streams.pop(number) for number in [number for number in self._streams if number > last]]
        self._drain(back)

    # ---- ending
    def _look(self) -> None:
        now = self._loop.time()
        late = [number for number, ask in self._streams.items() if now - ask.begun > self._patience]
        for number in late:
            self._write(_frame(RST, 0, number, _long.pack(CANCEL)))
            self._streams.pop(number).done(Answer("unknown", "timeout", f"Apple did not answer within {self._patience:g} seconds."))
        if now - self._heard > QUIET + self._patience / 2:
            self.abort("The other side is silent.")
            return
        if now - self._heard > QUIET and not self._pinged:
            self._pinged = True
            self._write(_frame(PING, 0, 0, b"carillon"))
        self._timer = self._loop.call_later(LOOK, self._look)
        if late:
            self._close_when_done()
        self._changed()

    def _drain(self, back: list[Ask]) -> None:
        first, self._draining = not self._draining, True
        if first or back:
            self._gone(self, back)
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._draining and not self._streams:
            self._end(self.why)

    def _end(self, why: str) -> None:
        if self._over:
            return
        self._over, self.why = True, why
        if self._timer:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
        elif not self.closed.done():
            self.closed.set_result(None)
        if not self.ready.done():
            self.ready.set_result(None)
        streams, self._streams = self._streams, {}
        if not self._draining:
            self._draining = True
            self._gone(self, [])
        for ask in streams.values():
            ask.done(Answer("unknown", "connection_lost", why))

    def _write(self, data: bytes | bytearray) -> None:
        if self._transport is not None and not self._over:
            self._transport.write(data)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    size = len(payload)
    return _head.pack(size >> 8, size & 0xFF, kind, flags, stream) + payload


def _unpadded(flags: int, payload: bytes) -> bytes:
    if not flags & PADDED:
        return payload
    if payload[0] >= len(payload):
        raise Broken("there is more padding than frame")
    return payload[1 : len(payload) - payload[0]]
