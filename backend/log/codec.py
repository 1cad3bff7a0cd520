"""How values stand in records: JSON objects whose first member is their version, and the trace context beside them.

A value of version N reads records of N and, through its upgrade, of N-1. Members it does not know are ignored and new
members have defaults, so most changes need no new version. Headers carry `traceparent` (W3C Trace Context, level 1).
"""

import functools
import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import msgspec

Value = TypeVar("Value")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

TRACEPARENT = "traceparent"
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_encoder = msgspec.json.Encoder()


class Unreadable(ValueError):
    """The record's value cannot be read: not JSON, not of this shape, or of a version this program does not know."""


class _Versioned(msgspec.Struct):
    v: int


@functools.cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


_version = msgspec.json.Decoder(_Versioned)


def version_of(kind: type[Any]) -> int:
    """The version that `kind` writes: its class attribute `VERSION`, else 1."""
    return int(getattr(kind, "VERSION", 1))


@functools.cache
def _head(kind: Hashable) -> bytes:
    """How its records begin. Kept, since every record that is written or read asks."""
    return b'{"v":%d,' % version_of(kind)  # type: ignore[arg-type]


def encode(value: Any) -> bytes:
    """A struct or dataclass as a JSON object that begins with its version: `{"v":1,...}`."""
    body = _encoder.encode(value)
    if body[:1] != b"{":
        raise TypeError(f"A record's value is an object, not {type(value).__name__}.")
    head = _head(type(value))  # type: ignore[arg-type]  # classes are hashable
    return head[:-1] + b"}" if body == b"{}" else head + body[1:]


def decode(kind: type[Value], raw: bytes, upgrade: Upgrade | None = None) -> Value:
    """The value of a record, or `Unreadable`. `upgrade` turns an object of the version before into today's."""
    read: Callable[[bytes], Value] = _decoder(kind).decode  # type: ignore[arg-type]  # classes are hashable
    try:
        if raw.startswith(_head(kind)):  # type: ignore[arg-type]  # what we wrote ourselves needs no second look
            return read(raw)
        want, have = version_of(kind), _version.decode(raw).v
        if have == want:
            return read(raw)
        if have == want - 1 and have > 0:
            old = msgspec.json.decode(raw, type=dict[str, Any])
            return msgspec.convert(upgrade(old) if upgrade else old, kind)
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise Unreadable(f"The record is not a {kind.__name__}: {error}") from error
    raise Unreadable(f"The record is a {kind.__name__} of version {have}; this program reads {want - 1} and {want}. Run the newer one.")


class Trace(msgspec.Struct, frozen=True):
    """A place in a trace: 16 bytes and 8 bytes in lower-case hex, and whether somebody records it."""

    trace: str
    span: str
    sampled: bool = True

    def child(self) -> "Trace":
        """A new span of the same trace."""
        return Trace(self.trace, secrets.token_hex(8), self.sampled)

    def headers(self) -> dict[str, str]:
        """As the headers of a record or of a request."""
        return {TRACEPARENT: f"00-{self.trace}-{self.span}-{'01' if self.sampled else '00'}"}


def new_trace() -> Trace:
    """A trace that begins here."""
    return Trace(secrets.token_hex(16), secrets.token_hex(8))


def read_trace(headers: Mapping[str, str]) -> Trace | None:
    """The trace that a record or request belongs to; None where the header is absent or not valid (then begin a new one)."""
    found = _TRACEPARENT.fullmatch(headers.get(TRACEPARENT, ""))
    if not found or not found[1].strip("0") or not found[2].strip("0"):
        return None
    return Trace(found[1], found[2], bool(int(found[3], 16) & 1))
