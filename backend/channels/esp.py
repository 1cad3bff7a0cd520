"""What mail providers that are spoken to by SMTP and heard by webhook have alike: fields, the provider made of them, and how a request is read.

Each of them is one file: its fields, the header by which our delivery id comes back, its signature, and a table of what its events mean.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from backend.channels.base import Answer, Outgoing
from backend.channels.kinds import Field, Forged, Given, Heard, Late
from backend.channels.reports import BOUNCES
from backend.channels.smtp import Smtp
from backend.clock import Clock
from backend.domain.errors import Invalid
from backend.domain.receipt import Kind as Word
from backend.domain.receipt import Receipt

T = TypeVar("T")
ID = "carillon_delivery"  # the name under which our delivery id travels
BIG = 4 * 1024 * 1024  # bytes of a request; SendGrid sends batches of under 768 kB, the others one event
EVENTS = 10_000  # in one request
SKEW = 600.0  # seconds a provider's clock, and a request's way, may take beyond what it repeats
RAW = 400  # characters of a provider's words
AGE = 30 * 86_400.0  # seconds: history is no older, so no event is

# What an event means; "bounced" is one of three kinds, by the status code of the mail server. () says nothing that is kept.
Words = Sequence[str]
Table = Mapping[str, Words]
NOTHING: Words = ()
_ADDRESS = re.compile(r"[^\s<>@:;,\"'()]+@[^\s<>@:;,\"'()]+")
_DELIVERY = re.compile(r"[0-9a-f]{32}")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


# ---- fields
def secret(name: str, en: str, de: str, hint_en: str = "", hint_de: str = "", *, required: bool = True, check: Callable[[str], None] | None = None) -> Field:
    """A field that is sealed."""
    hint = {"en": hint_en, "de": hint_de} if hint_en else {}
    return Field(name=name, form="secret", title={"en": en, "de": de}, hint=hint, required=required, longest=1_024, check=check or one_line)


def text(
    name: str, en: str, de: str, hint_en: str = "", hint_de: str = "", *, usual: str = "", required: bool = True,
    check: Callable[[str], None] | None = None,
) -> Field:  # fmt: skip
    """A field of one line."""
    hint = {"en": hint_en, "de": hint_de} if hint_en else {}
    return Field(name=name, title={"en": en, "de": de}, hint=hint, required=required, usual=usual, longest=512, check=check or one_line)


RATE = Field(
    name="rate", rare=True, form="number", title={"en": "Mails a second, at most", "de": "Höchstens Mails pro Sekunde"},
    hint={"en": "0: as many as it takes. Your account's limit stands on the provider's page.", "de": "0: so viele es annimmt. Die Grenze Ihres Kontos steht auf der Seite des Anbieters."},
    required=False, usual="0", low=0, high=100_000,
)  # fmt: skip


def one_line(value: str) -> None:
    """Nothing that would break a header, a sign-in or a URL."""
    if not value.isprintable() or value != value.strip():
        raise Invalid("This must be one line without blanks around it. Copy it once more.")


# ---- the provider
class Esp(Smtp):
    """SMTP, with the headers by which this provider gives our delivery id back."""

    def __init__(self, url: str, *, clock: Clock, key: str, marks: Callable[[str], dict[str, str]]) -> None:
        super().__init__(url, clock=clock, key=key)
        self._marks = marks

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        marked = {**outgoing.headers, **self._marks(outgoing.delivery.hex())}
        super().post(lane, msgspec.structs.replace(outgoing, headers=marked), done)


def smtp_url(host: str, user: str, password: str, given: Given, port: int = 587) -> str:
    """Where its mails go. TLS is begun before anybody signs in (`smtp_open`)."""
    rate = given.fields.get("rate") or "0"
    behind = f"?rate={int(rate)}" if int(rate) else ""
    return f"smtp://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}{behind}"


# ---- reading a request
def read(body: bytes, shape: type[T]) -> T:
    """The JSON of a request that was verified, in the shape it should have. Raises `Invalid`."""
    if len(body) > BIG:
        raise Invalid(f"The request is longer than {BIG:,} bytes. Let the provider send smaller batches.")
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The request cannot be read: {str(error)[:200]}. Let the provider send the format of its documentation.") from None


def said(table: Mapping[str, Any], *path: str) -> str:
    """The text at a path of JSON, "" when something else or nothing stands there."""
    found: Any = table
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return ""
    return found if isinstance(found, str) else str(found) if isinstance(found, int | float) else ""


def moment(value: str, now: float) -> float:
    """Seconds of an event's time, given as seconds or ISO 8601; now, when it says none, or one that cannot be."""
    try:
        at = float(value) if value.replace(".", "", 1).isdigit() else datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError):
        return now
    return at if now - AGE < at <= now else now


def delivery_of(value: str) -> bytes:
    """Our delivery id as it came back, b"" for anything else."""
    told = value.strip().lower()
    return bytes.fromhex(told) if _DELIVERY.fullmatch(told) else b""


def meaning(table: Table, *keys: str) -> Words:
    """Of the first of `keys` (the most particular one) that the table knows; an event nobody has told us of means nothing."""
    return next((table[key] for key in keys if key in table), NOTHING)


def bounce(status: str, otherwise: Word) -> Word:
    """The kind of a bounce by its enhanced status code, as of a report by mail; `otherwise` where the code says too little."""
    parts = status.split(".")
    known = (BOUNCES.get(".".join(parts[:n])) for n in (3, 2))
    return next((kind for kind in known if kind), BOUNCES["4"] if parts[0] == "4" else otherwise)


def status_of(*texts: str) -> str:
    """The first enhanced status code in what a mail server said."""
    return next((found[1] for one in texts if (found := _STATUS.search(one))), "")


class Event(msgspec.Struct, frozen=True):
    """One event, as far as it is understood. `words` as in the table; `otherwise`: of a bounce whose status says too little."""

    delivery: bytes
    words: Words
    at: float
    code: str = ""
    raw: str = ""
    status: str = ""
    otherwise: Word = "bounced_soft"


def receipts(given: Given, space: int, events: Sequence[Event]) -> Iterator[Receipt]:
    """Of the events about mails of ours that say something."""
    for event in events:
        if not event.delivery:
            continue
        for word in event.words:
            kind = bounce(event.status, event.otherwise) if word == "bounced" else word
            raw = _ADDRESS.sub("<address>", event.raw)[:RAW]
            yield Receipt(space, event.delivery, kind, event.at, provider=given.key, code=(event.status or event.code)[:60], raw=raw)  # type: ignore[arg-type]


# ---- late and repeated
def heard(given: Given, space: int, events: Sequence[Event], *, once: str = "", repeats: float = 0.0) -> Heard:
    """The answer. `once`: what is signed in the request and is different in each; `repeats`: seconds for which the provider would send it again."""
    name = blake2b(once.encode(), digest_size=16, key=given.key.encode()[:64]).hexdigest() if once else ""
    return Heard(tuple(receipts(given, space, events)), once=name, keep=repeats + 2 * SKEW if once else 0.0)


def check_time(at: float, now: float, repeats: float) -> None:
    """Refuse what is older than the provider would still repeat it, or from the future. Raises `Late`, `Forged`."""
    if at > now + SKEW:
        raise Forged("This request is signed for a time that has not come. Check the clock of this machine.")
    if at < now - repeats - SKEW:
        raise Late
