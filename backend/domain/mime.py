"""A mail as bytes, built by hand: multipart/alternative of text and HTML (RFC 5322, 2045, 2046, 2047). Pure and fast.

The standard library's EmailMessage takes about a hundred times as long; the tests hold this to its parser instead. Lines end in
CRLF and are at most 998 bytes; doubling leading dots is the business of the SMTP client.
"""

import re
from binascii import b2a_base64
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import TypeAlias

from backend.domain.errors import HeaderUnsafe

Address: TypeAlias = str | tuple[str, str]  # mia@example.com, or ("Mia Berger", "mia@example.com")

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ADDRESS_HEADERS = frozenset({"reply-to", "sender", "cc"})
SHORT = 64  # characters of a header that is kept as written; the signed links of each mail are longer
_ID = re.compile("[!-;=?-~]+")  # ASCII without blanks, brackets and what is not printed
_MARK = bytes.maketrans(b"+/=", b"-_.")
_PLAIN = bytes(range(0x20, 0x7F)) + b"\n\t"
FOLD = "\r\n "  # between the lines of one header
OURS = frozenset({"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding", "bcc"})


def build(
    message_id: str,
    from_: Address,
    to: Address,
    subject: str,
    html: str,
    text: str,
    headers: Mapping[str, str] | None = None,
    now: float | None = None,
) -> bytes:
    """The whole mail. `message_id` is without its angle brackets; `now` is the Date, seconds since 1970 (none: no Date header).

    `headers` are further ones (List-Unsubscribe, Feedback-ID ...); those made here may not be among them. HeaderUnsafe for a line
    break or control character in any header, a name that is no header name, or an address that cannot be written.
    """
    if not _ID.fullmatch(message_id):
        raise HeaderUnsafe("The Message-ID must be ASCII without blanks and brackets.", header="Message-ID")
    mark = b"=_%b_" % b2a_base64(message_id.encode())[-25:-1].translate(_MARK)
    date = "" if now is None else f"Date: {_date(int(now))}\r\n"
    further = [_kept_header(name, value) if len(value) <= SHORT else _header(name, value) for name, value in headers.items()] if headers else ()
    head = (
        f"From: {_address('From', from_)}\r\nTo: {_address('To', to)}\r\nSubject: {_unstructured('Subject', subject)}\r\n{date}"
        f"Message-ID:{' ' if len(message_id) < 60 else FOLD}<{message_id}>\r\nMIME-Version: 1.0\r\n{''.join(further)}"
    )
    return b'%bContent-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n--%b\r\n%b\r\n--%b\r\n%b\r\n--%b--\r\n' % (
        head.encode("ascii"), mark, mark, _part(text, b"plain", mark), mark, _part(html, b"html", mark), mark,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _kept_header(name: str, value: str) -> str:
    """A header that is short, and so most often the same as in the mail before."""
    return _header(name, value)


def _header(name: str, value: str) -> str:
    """The header with the end of its line."""
    return f"{name}: {_address(name, value) if _is_address(name) else _unstructured(name, value)}\r\n"


@lru_cache(maxsize=1024)
def _is_address(name: str) -> bool:
    if not _NAME.fullmatch(name) or name.lower() in OURS:
        raise HeaderUnsafe(f"{name[:40]!r} cannot be set as a header. Use another name.", header=name[:40])
    return name.lower() in _ADDRESS_HEADERS


def _unstructured(name: str, value: str) -> str:
    if not value.isascii():
        _refuse_breaks(name, value)
        return _encoded(value, len(name) + 2)
    if _CONTROL.search(value):
        _refuse_breaks(name, value)
        return _encoded(value, len(name) + 2)
    plain = "=?" not in value and "\t" not in value and not value.startswith(" ") and not value.endswith(" ") and "  " not in value
    if plain and len(value) + len(name) <= 74:
        return value
    if plain and " " not in value and len(value) <= 900:  # one word, such as a signed link: there is no place to fold it
        return value
    if plain and max(map(len, value.split(" "))) <= 900:
        return _folded(value, len(name) + 2)
    return _encoded(value, len(name) + 2)


def _refuse_breaks(name: str, value: str) -> None:
    if "\r" in value or "\n" in value or "\0" in value:
        raise HeaderUnsafe(f"{name} contains a line break or a NUL. Remove it from the value.", header=name)


def _folded(value: str, used: int) -> str:
    lines, line = [], ""
    for word in value.split(" "):
        if line and used + len(line) + 1 + len(word) > 76:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _encoded(value: str, used: int) -> str:
    """RFC 2047 encoded words of at most 75 characters, never splitting a character."""
    words: list[str] = []
    room = max((75 - used - 12) // 4 * 3, 6)
    whole = value.encode("utf-8", "replace")
    if len(whole) <= room:
        return f"=?utf-8?b?{b2a_base64(whole, newline=False).decode()}?="
    held = bytearray()
    for char in value:
        raw = char.encode("utf-8", "replace")
        if len(held) + len(raw) > room:
            words.append(b2a_base64(held, newline=False).decode())
            held, room = bytearray(), 45
        held += raw
    words.append(b2a_base64(held, newline=False).decode())
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in words)


def written(header: str, mail: str) -> str:
    """A bare address as headers and envelopes carry it, its domain in ASCII (IDNA). HeaderUnsafe names `header`."""
    return _address(header, mail)


@lru_cache(maxsize=1024)
def _address(header: str, address: Address) -> str:
    name, mail = ("", address) if isinstance(address, str) else address
    local, _, domain = mail.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            domain = ""
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(mail) > 254:
        raise HeaderUnsafe(f"The address in {header} cannot be written in a mail. Use one such as mia@example.com.", header=header)
    written = f"{local}@{domain}"
    if not name:
        return written
    _refuse_breaks(header, name)
    if (
        not name.isascii()
        or _CONTROL.search(name)
        or "=?" in name
        or "\t" in name
        or len(name) > 60
        or "  " in name
        or name != name.strip()
    ):
        return f"{_encoded(name, len(header) + 2)}\r\n <{written}>"
    if not _ATOMS.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{written}>" if len(name) + len(written) + len(header) < 70 else f"{name}\r\n <{written}>"


def _part(body: str, subtype: bytes, mark: bytes) -> bytes:
    if "\r" in body:
        body = body.replace("\r\n", "\n")
    raw = body.encode("utf-8", "replace")
    rows = raw.split(b"\n")
    lines = b"\r\n".join(rows)
    if (len(raw) < 990 or max(map(len, rows)) < 990) and not raw.translate(None, _PLAIN) and mark not in raw:
        return b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n%b" % (subtype, lines)
    # encoding the whole and cutting it into lines of 76 is faster than encoding line by line
    code = b2a_base64(lines, newline=False)
    wrapped = b"\r\n".join([code[n : n + 76] for n in range(0, len(code), 76)])
    return b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%b" % (subtype, wrapped)


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second, localtime=False)
