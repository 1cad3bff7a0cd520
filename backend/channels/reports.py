"""What mail servers and mailbox providers report of our mails: bounces (RFC 3464), complaints (RFC 5965). Pure, and made for bytes that anybody may send.

A report is believed about the delivery whose signed address it was sent to or names; else about the one whose id it gives back as envelope id
(RFC 3461) or Message-ID, which the stage `receipts` drops when there is no such delivery. Everything else that comes is no report: an
out-of-office note, a success that says no more than we know.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes, message_from_string
from email.message import Message
from email.utils import parsedate_to_datetime

import msgspec

from backend.channels.verp import FIRST, Bounced, Verp
from backend.domain.errors import Invalid
from backend.domain.ids import parse_id
from backend.domain.receipt import Kind, Receipt

LARGEST = 1_048_576  # bytes of a report; with RET=HDRS one has a few thousand
PARTS = 40  # boundaries and messages within messages; a report has three parts, and parsing goes as deep as they are nested
RAW = 500  # characters kept of what a server said
LATE = 7 * 86_400.0  # seconds; mail servers give up after five days
_WORDS = 400  # headers that are looked at

# status of what failed (RFC 3463), the most particular first -> what it says of the address
BOUNCES: Mapping[str, Kind] = {
    "4": "bounced_soft",  # the server gave up on what might have passed: 4.4.7 and the like
    "5.1.7": "bounced_policy",  # the sender's address
    "5.1.8": "bounced_policy",
    "5.1": "bounced_hard",
    "5.2.1": "bounced_hard",  # mailbox disabled
    "5.2.2": "bounced_soft",  # full
    "5.2.3": "bounced_policy",  # mail longer than it may be
    "5.2": "bounced_soft",
    "5.3.4": "bounced_policy",  # the same
    "5.5": "bounced_policy",  # a word of the protocol
    "5.6": "bounced_policy",  # what is in the mail
    "5.7": "bounced_policy",  # policy: who sends, from where, what
    "5": "bounced_soft",  # 5.0.0, 5.3, 5.4: nobody knows; an address that keeps failing so is counted
}
FEEDBACK: Mapping[str, Kind] = {  # RFC 5965, 7.3; opt-out is older practice
    "abuse": "complained",
    "fraud": "complained",
    "opt-out": "unsubscribed",
}
# `relayed` and `expanded` went on to somebody who reports nothing: that says no more than we know
ACTIONS: Mapping[str, Kind] = {"delivered": "delivered", "delayed": "deferred"}

GIVEN_BACK = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE = re.compile(r"\b([45])\d\d\b")
_ADDRESS = re.compile(r"[^\s<>@\"']{1,64}@[^\s<>\"']{1,255}")
_MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@", re.IGNORECASE)
_NESTING = re.compile(rb"(?i)boundary\s*=|message/")


class Told(msgspec.Struct, frozen=True):
    """What one report says."""

    kind: Kind
    about: Bounced
    code: str = ""
    raw: str = ""


def bounce_of(status: str) -> Kind:
    """Of a status such as 5.1.1."""
    parts = status.split(".")
    for n in (3, 2, 1):
        if (kind := BOUNCES.get(".".join(parts[:n]))) is not None:
            return kind
    return "bounced_soft"


def read(raw: bytes, recipients: Sequence[str], sender: str | None, verp: Verp) -> Told | None:
    """What `raw` reports, or None. `recipients`: whom the envelope names; `sender`: whom it is from, "" the null sender, None when that is not known."""
    if len(raw) > LARGEST or len(_NESTING.findall(raw)) > PARTS:
        return None
    try:
        mail = message_from_bytes(raw)
        kind = mail.get_content_type() if len(mail.keys()) <= _WORDS else ""
        if kind != "multipart/report" or not mail.is_multipart():
            return None
        parts = _within(mail)
        asked = str(mail.get_param("report-type", "")).lower()
        if asked == "feedback-report":
            return _complaint(parts, [*recipients, *_headers(mail)], verp)
        if asked != "delivery-status" or sender or _auto(mail):
            return None  # a bounce has the null sender (RFC 5321, 4.5.5), so that two servers never bounce each other's bounces
        return _bounce(parts, [*recipients, *_headers(mail)], verp)
    except Exception:  # noqa: BLE001 - whatever a stranger writes, it is no report and nothing else is disturbed
        return None


def receipt_of(raw: bytes, recipients: Sequence[str], sender: str | None, verp: Verp, provider: str, now: float) -> Receipt | None:
    """The same as a record for the log. It is as old as the report says, if that can be: one that is fetched twice is one receipt."""
    told = read(raw, recipients, sender, verp)
    if told is None:
        return None
    return Receipt(told.about.space, told.about.delivery, told.kind, _written(raw, now), provider=provider, code=told.code, raw=told.raw)


# ---- bounces
def _bounce(parts: Sequence[Message], recipients: Sequence[str], verp: Verp) -> Told | None:
    blocks = next((list(_blocks(part)) for part in parts if _status_part(part)), [])
    found = next((block for block in blocks[1:] if _field(block, "action").lower() == "failed"), None)
    done = next((block for block in blocks[1:] if _field(block, "action").lower() in ACTIONS), None)
    block = found or done
    if block is None:
        return None
    about = _signed(recipients, verp) or _named(_field(blocks[0], "original-envelope-id")) or _returned(parts, verp)
    if about is None:
        return None
    diagnostic = _plain(_field(block, "diagnostic-code"))
    if found is None:
        return Told(ACTIONS[_field(block, "action").lower()], about, _field(block, "status")[:11], diagnostic)
    status = _status(_field(block, "status"), diagnostic)
    return Told(bounce_of(status), about, status, diagnostic)


def _within(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _status_part(part: Message) -> bool:
    return part.get_content_type() in ("message/delivery-status", "message/global-delivery-status")


def _blocks(part: Message) -> Iterator[Message]:
    """Groups of fields: of the report, then of each recipient. Of the international form (RFC 6533) the library reads the first only."""
    for block in _within(part):
        yield block
        rest = block.get_payload()
        if isinstance(rest, str) and rest.strip():
            for text in re.split(r"\r?\n\r?\n", rest)[:PARTS]:
                yield message_from_string(text.lstrip("\r\n"))


def _status(status: str, diagnostic: str) -> str:
    """The one that says most: a server's own words where the status is only 5.0.0, and the three digits where there is no status."""
    found = _STATUS.search(status)
    said = _STATUS.search(diagnostic)
    if found and (found[2] != "0" or not said or said[1] != found[1]):
        return found[0]
    if said and said[1] != "2":
        return said[0]
    if found:
        return found[0]
    code = _CODE.search(diagnostic)
    return f"{code[1]}.0.0" if code else "5.0.0"


def _auto(mail: Message) -> bool:
    """An answer of somebody's program (RFC 3834), whatever it calls itself."""
    return str(mail.get("auto-submitted", "")).partition(";")[0].strip().lower() == "auto-notified" or "x-autoreply" in mail


# ---- complaints
def _complaint(parts: Sequence[Message], recipients: Sequence[str], verp: Verp) -> Told | None:
    part = next((part for part in parts if part.get_content_type() == "message/feedback-report"), None)
    if part is None:
        return None
    fields = next(iter(_within(part)), None) or message_from_string(str(part.get_payload()))
    said = _field(fields, "feedback-type").lower()
    kind = FEEDBACK.get(said)
    about = _signed([_field(fields, "original-mail-from").strip("<>"), *recipients], verp) or _named(_field(fields, "original-envelope-id")) or _returned(parts, verp)
    return Told(kind, about, said, _plain(_field(fields, "user-agent"))) if kind and about else None


# ---- whose mail it was
def _signed(addresses: Sequence[str], verp: Verp) -> Bounced | None:
    for address in addresses[:PARTS]:
        if (about := verp.read(address)) is not None:
            return about
    return None


def _headers(mail: Message) -> Iterator[str]:
    """Where a mailbox keeps whom a mail was for."""
    for name in ("delivered-to", "x-original-to", "envelope-to", "to"):
        for value in mail.get_all(name, ())[:PARTS]:
            yield from _ADDRESS.findall(str(value)[:2_000])[:PARTS]


def _named(text: str) -> Bounced | None:
    try:
        return Bounced(FIRST, parse_id(text.strip().lower())) if len(text.strip()) == 32 else None
    except Invalid:
        return None


def _returned(parts: Sequence[Message], verp: Verp) -> Bounced | None:
    """By the headers of our mail that the report gives back."""
    for part in parts:
        if part.get_content_type() not in GIVEN_BACK:
            continue
        ours = next(iter(_within(part)), None) or message_from_string(str(part.get_payload())[:100_000])
        signed = _signed(_ADDRESS.findall(_field(ours, "return-path")), verp)
        found = _MESSAGE_ID.search(_field(ours, "message-id"))
        return signed or (_named(found[1]) if found else None)
    return None


# ---- words
def _field(block: Message, name: str) -> str:
    return str(block.get(name, ""))[:4_000].strip()


def _plain(text: str) -> str:
    """What a server said in one line, without anybody's address."""
    kind, _, said = text.partition(";")
    line = " ".join((said if kind.strip().lower() in ("smtp", "x-unix", "x-postfix", "dns") else text).split())
    line = _ADDRESS.sub("(address)", line)[:RAW]
    return "".join(char if char.isprintable() else "�" for char in line)


def _written(raw: bytes, now: float) -> float:
    try:
        at = parsedate_to_datetime(str(message_from_bytes(raw[:65_536].partition(b"\r\n\r\n")[0]).get("date"))).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return now
    return at if now - LATE < at <= now else now
