"""A mailbox in which reports of our mails arrive, read by IMAP (RFC 3501) every minute: the standard library's client in a thread of its own.

What was read is marked, or deleted where that is wanted, only once its receipt is in the log; what is no report of ours is marked as seen and left.
"""

import asyncio
import imaplib
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from email import message_from_bytes
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from backend.channels.reports import LARGEST
from backend.domain.errors import Invalid, Unavailable

log = logging.getLogger("carillon.channels")

EVERY = 60.0  # seconds
PATIENCE = 20.0  # seconds for each answer of the server
AT_ONCE = 100  # mails of one look; a look that found as many is followed by the next at once
HEADERS = 65_536  # bytes in which the envelope's sender is looked for

Take = Callable[[bytes, str | None], Awaitable[bool]]


class Mailbox(msgspec.Struct, frozen=True):
    """Where it is. `delete`: what was read is deleted instead of marked."""

    host: str
    port: int
    user: str
    password: str
    folder: str = "INBOX"
    delete: bool = False
    secure: bool = True
    ca: str = ""


def parse_mailbox(url: str) -> Mailbox:
    """`imaps://user:password@host:993/FOLDER?delete=1&ca=FILE`; `imap://` without TLS only on this machine. Raises `Invalid`, never saying the password."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _wrong("it cannot be read") from None
    if parts.scheme not in ("imap", "imaps") or not host:
        raise _wrong("it names no server")
    if parts.scheme == "imap" and host not in ("localhost", "127.0.0.1", "::1"):
        raise _wrong("a password may not travel in the clear, so it begins with imaps://")
    user, password, folder = unquote(parts.username or ""), unquote(parts.password or ""), unquote(parts.path.lstrip("/")) or "INBOX"
    if not user or not password:
        raise _wrong("it names no user and password")
    if not (user + password + folder).isprintable() or not folder.isascii() or '"' in folder or "\\" in folder:
        raise _wrong("a user, password or folder cannot hold such characters")
    if asked.keys() - {"delete", "ca"} or asked.get("delete", "0") not in ("0", "1"):
        raise _wrong("it asks for something else than delete=1 or ca=FILE")
    secure = parts.scheme == "imaps"
    return Mailbox(host, port or (993 if secure else 143), user, password, folder, asked.get("delete") == "1", secure, asked.get("ca", ""))


class Reading:
    """Reads it until it is closed. `take` is given a mail and its envelope's sender as far as that is known; whether it was a report. It raises
    `Unavailable` when the mail shall be read again."""

    def __init__(self, mailbox: Mailbox, take: Take) -> None:
        self._box, self._take = mailbox, take
        self._task: asyncio.Task[None] | None = None
        self._failed = ""

    def start(self) -> None:
        """From now on."""
        self._task = asyncio.create_task(self._run(), name="bounces")

    async def close(self) -> None:
        """After the look that is under way at most its `PATIENCE`."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                while await self.look() >= AT_ONCE:
                    pass
                self._failed = ""
            except Unavailable as away:
                if away.detail != self._failed:
                    log.warning("%s", away.detail)
                self._failed = away.detail
            except Exception:
                log.exception("the mailbox of bounces could not be read")
            await asyncio.sleep(EVERY)

    async def look(self) -> int:
        """Read what is new; how many mails that were. Raises `Unavailable`."""
        found = await asyncio.to_thread(_fetch, self._box)
        read: list[bytes] = []
        seen: list[bytes] = []
        try:
            for uid, raw in found:
                if raw is not None and await self._take(raw, returned_to(raw)):
                    read.append(uid)
                else:
                    seen.append(uid)
        finally:
            if read or seen:
                await asyncio.to_thread(_mark, self._box, read, seen)
        return len(found)

    async def reachable(self) -> str:
        """That it can be opened. Raises `Unavailable`."""
        await asyncio.to_thread(_leave, await asyncio.to_thread(_open, self._box))
        return f"the mailbox {self._box.folder} of {self._box.user} opens"


def returned_to(raw: bytes) -> str | None:
    """The envelope's sender as the last server wrote it down: "" the null sender, None when it did not (RFC 5321, 4.4)."""
    try:
        said = message_from_bytes(raw[:HEADERS]).get("return-path")
    except Exception:  # noqa: BLE001 - written by anybody
        return None
    return None if said is None else str(said).strip().strip("<>").strip()


# ---- in a thread
def _open(box: Mailbox) -> imaplib.IMAP4:
    try:
        if box.secure:
            context = ssl.create_default_context()
            if box.ca:
                context.load_verify_locations(box.ca)
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL(box.host, box.port, ssl_context=context, timeout=PATIENCE)
        else:
            client = imaplib.IMAP4(box.host, box.port, timeout=PATIENCE)
    except (OSError, imaplib.IMAP4.error) as error:
        raise _away(box, error) from None
    try:
        client.login(box.user, box.password)
        _ok(box, client.select(f'"{box.folder}"'))
    except (OSError, imaplib.IMAP4.error) as error:
        _leave(client)
        raise _away(box, error) from None
    except Unavailable:
        _leave(client)
        raise
    return client


def _fetch(box: Mailbox) -> list[tuple[bytes, bytes | None]]:
    """Number and content of each new mail; without content what is longer than a report may be."""
    client = _open(box)
    found: list[tuple[bytes, bytes | None]] = []
    try:
        for uid in _ok(box, client.uid("SEARCH", "UNSEEN"))[0].split()[:AT_ONCE]:  # type: ignore[union-attr]
            raw = _content(box, client, uid)
            found.append((uid, raw))
    except (OSError, imaplib.IMAP4.error) as error:
        raise _away(box, error) from None
    finally:
        _leave(client)
    return found


def _content(box: Mailbox, client: imaplib.IMAP4, uid: bytes) -> bytes | None:
    data = _ok(box, client.uid("FETCH", uid.decode("ascii"), f"(BODY.PEEK[]<0.{LARGEST + 1}>)"))
    raw = next((part[1] for part in data if isinstance(part, tuple)), None)
    return raw if isinstance(raw, bytes) and len(raw) <= LARGEST else None


def _mark(box: Mailbox, read: Sequence[bytes], seen: Sequence[bytes]) -> None:
    client = _open(box)
    try:
        if everything := [*read, *seen]:
            _ok(box, client.uid("STORE", b",".join(everything).decode("ascii"), "+FLAGS", "(\\Seen)"))
        if box.delete and read:
            _ok(box, client.uid("STORE", b",".join(read).decode("ascii"), "+FLAGS", "(\\Deleted)"))
            _ok(box, client.expunge())
    except (OSError, imaplib.IMAP4.error) as error:
        raise _away(box, error) from None
    finally:
        _leave(client)


def _ok(box: Mailbox, answer: tuple[str, Sequence[bytes | tuple[bytes, bytes] | None]]) -> list[bytes | tuple[bytes, bytes]]:
    said, data = answer
    if said != "OK":
        raise _away(box, ValueError(b" ".join(part for part in data if isinstance(part, bytes)).decode("utf-8", "replace")[:200]))
    return [part for part in data if part is not None]


def _leave(client: imaplib.IMAP4) -> None:
    try:
        client.logout()
    except (OSError, imaplib.IMAP4.error):
        client.shutdown()


def _away(box: Mailbox, error: Exception) -> Unavailable:
    told = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error).encode()
    said = " ".join(told.decode("utf-8", "replace").split())[:200]
    return Unavailable(f"The mailbox of bounces at {box.host}:{box.port} cannot be read: {said.replace(box.password, '***')}. It is tried again every minute.")


def _wrong(why: str) -> Invalid:
    return Invalid(f"This is no URL of a mailbox: {why}. Write it like imaps://user:password@mail.example.com/INBOX.", field="mailbox")
