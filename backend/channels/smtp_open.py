"""Opening a connection to a mail server: where it is, greeting, EHLO, STARTTLS (RFC 3207), signing in (RFC 4954).

A password never travels in the clear, except to this machine itself, and TLS that was begun is never given up for less.
"""

import asyncio
import re
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from backend.channels.smtp_link import Link
from backend.channels.smtp_parcel import Timing, Unreachable
from backend.channels.smtp_replies import words
from backend.domain.errors import Invalid

PORTS = {"smtp": 587, "smtps": 465}
CONNECTIONS = 20  # of one process: two of ours stay below the 50 that Postfix takes of one client (smtpd_client_connection_count_limit)
OPEN, EACH = 64, 3  # attempts open at once, at least and for each connection: none shall wait while the answers before are written down
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,253}")


@dataclass(frozen=True)
class Target:
    """A mail server and how it is spoken to. `implicit`: TLS from the first byte. `starttls`: before that, whether TLS is begun where it is
    offered, must be, or is left."""

    host: str
    port: int
    implicit: bool = False
    starttls: Literal["offered", "must", "never"] = "offered"
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    ca: str = ""  # file of certificates to trust beside the machine's own
    ehlo: str = ""  # our name; empty: the address we call from
    connections: int = CONNECTIONS
    open_limit: int = 0  # 0: as many as the connections keep busy
    answer: float = 60.0
    rate: int = 0  # mails a second, 0 for any number
    bounces: str = ""  # domain whose mail comes back to us; each mail then has an envelope sender of its own there
    listen: str = ""  # [host:]port at which our own small server takes them
    mailbox: str = field(default="", repr=False)  # URL of one in which they arrive

    @property
    def near(self) -> bool:
        """On this machine."""
        return _loopback(self.host)

    @property
    def most_open(self) -> int:
        """Attempts open at once."""
        return self.open_limit or max(OPEN, EACH * self.connections)

    def context(self) -> ssl.SSLContext:
        """For its TLS. Raises `Invalid` when the file of certificates cannot be read."""
        return _context(self.ca, self.verify)


def is_host(text: str) -> bool:
    """Whether it reads like the name or address of a machine."""
    return bool(_HOST.fullmatch(text))


def is_domain(text: str) -> bool:
    """Whether mail may be addressed to it. The longest signed local part and it fit in the 254 characters of an address."""
    return bool(_DOMAIN.fullmatch(text)) and len(text) <= 190


def parse_target(url: str) -> Target:
    """`smtp[s]://user:password@host:port?verify=0&ca=FILE&ehlo=NAME&connections=20&open=64&timeout=60&rate=14&bounces=DOMAIN&listen=PORT&mailbox=URL`; all
    behind the host is optional. `lanes` is the older word for `connections`.

    Raises `Invalid`; the password is never part of what it says.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _wrong("it cannot be read") from None
    if parts.scheme not in PORTS or parts.path not in ("", "/") or parts.fragment:
        raise _wrong("it is none")
    if not is_host(host):
        raise _wrong("it names no host")
    if port == 0:
        raise _wrong("its port is 0")
    unknown = asked.keys() - {"verify", "ca", "ehlo", "lanes", "connections", "open", "timeout", "rate", "bounces", "listen", "mailbox"}
    if unknown:
        raise _wrong(f"it asks for {', '.join(sorted(unknown))[:60]}, which is not known")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password) or "\0" in user + password:
        raise _wrong("a user and a password go together")
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]{0,253}", asked.get("ehlo", "")):
        raise _wrong("its ehlo is no host name")
    if "bounces" in asked and not is_domain(asked["bounces"]):
        raise _wrong("its bounces is no domain")
    ca = asked.get("ca", "")
    verify = asked.get("verify", "0" if _loopback(host) and not ca else "1")
    if verify not in ("0", "1"):
        raise _wrong("verify is 0 or 1")
    return Target(
        host=host, port=port or PORTS[parts.scheme], implicit=parts.scheme == "smtps", user=user, password=password, verify=verify == "1", ca=ca,
        ehlo=asked.get("ehlo", ""), connections=_number(asked, "connections" if "connections" in asked else "lanes", CONNECTIONS, 1000),
        open_limit=_number(asked, "open", 0, 4096) if "open" in asked else 0,
        answer=float(_number(asked, "timeout", 60, 600)), rate=_number(asked, "rate", 1, 100_000) if "rate" in asked else 0,
        bounces=asked.get("bounces", ""), listen=asked.get("listen", ""), mailbox=asked.get("mailbox", ""),
    )  # fmt: skip


async def open_link(target: Target, timing: Timing, context: ssl.SSLContext) -> Link:
    """Connected, greeted, encrypted where that is offered, signed in. Raises `Unreachable`."""
    loop, link = asyncio.get_running_loop(), Link(timing)
    try:
        async with asyncio.timeout(timing.connect):
            await loop.create_connection(lambda: link, target.host, target.port, ssl=context if target.implicit else None)
    except TimeoutError:
        raise Unreachable("timeout", f"{target.host}:{target.port} did not open within {timing.connect:g} seconds.") from None
    except ssl.SSLError as error:
        raise _untrusted(target, error) from None
    except OSError as error:
        raise Unreachable("connection", f"{target.host}:{target.port} cannot be reached: {error.strerror or error}.") from None
    try:
        await _greet(link, target, timing, context)
    except BaseException:
        link.quit()
        raise
    return link


@lru_cache(maxsize=16)
def _context(ca: str, verify: bool) -> ssl.SSLContext:
    """Kept, because reading the machine's certificates takes longer than a mail."""
    try:
        made = ssl.create_default_context()
        if ca:
            made.load_verify_locations(ca)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(f"The file of certificates {ca!r} of the mail server cannot be read: {error}. Correct ca= in its URL.") from None
    if not verify:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


async def _greet(link: Link, target: Target, timing: Timing, context: ssl.SSLContext) -> None:
    greeting = await link.ask()
    if greeting[0][:3] != b"220":
        raise _no("the greeting", greeting)
    link.greeting = words(greeting)
    await _hello(link, target)
    if not target.implicit and target.starttls == "must" and "STARTTLS" not in link.extensions:
        raise Unreachable("no_tls", f"{target.host} offers no STARTTLS on port {target.port}. Choose TLS from the first byte (port 465), or none.")
    if not target.implicit and target.starttls != "never" and "STARTTLS" in link.extensions:
        await _encrypt(link, target, timing, context)
        await _hello(link, target)
    if target.user:
        if link.transport.get_extra_info("ssl_object") is None and not target.near:
            raise Unreachable(
                "no_tls", f"The connection with {target.host} is not encrypted, and a password may not travel in the clear. Use smtps://, or no password."
            )
        await _sign_in(link, target)


async def _hello(link: Link, target: Target) -> None:
    name = (target.ehlo or _literal(link)).encode()
    answer = await link.ask(b"EHLO " + name)
    if answer[0][:3] == b"421":
        raise _no("EHLO", answer)
    if answer[0][:1] != b"2":
        link.extensions = {}
        answer = await link.ask(b"HELO " + name)
        if answer[0][:1] != b"2":
            raise _no("EHLO", answer)
        return
    link.extensions = {}
    for line in answer[1:]:
        keyword, _, rest = line[4:].decode("ascii", "replace").replace("AUTH=", "AUTH ").partition(" ")
        link.extensions[keyword.upper()] = f"{link.extensions.get('AUTH', '')} {rest}" if keyword.upper() == "AUTH" else rest


async def _encrypt(link: Link, target: Target, timing: Timing, context: ssl.SSLContext) -> None:
    answer = await link.ask(b"STARTTLS")
    if answer[0][:3] != b"220":
        raise _no("STARTTLS", answer)
    if not link.clean:
        raise Unreachable("protocol", f"{target.host} spoke on before TLS had begun; that may be somebody else, so nothing is sent.")
    try:
        async with asyncio.timeout(timing.connect):
            transport = await asyncio.get_running_loop().start_tls(link.transport, link, context, server_hostname=target.host)
    except TimeoutError:
        raise Unreachable("timeout", f"TLS with {target.host} was not made within {timing.connect:g} seconds.") from None
    except ssl.SSLError as error:
        raise _untrusted(target, error) from None
    except OSError as error:
        raise Unreachable("connection_lost", f"{target.host} went away amid the start of TLS: {error}.") from None
    if transport is None:
        raise Unreachable("connection_lost", f"{target.host} went away amid the start of TLS.")
    link.connection_made(transport)


async def _sign_in(link: Link, target: Target) -> None:
    offered = link.extensions.get("AUTH", "").upper().split()
    user, password = target.user.encode(), target.password.encode()
    if "PLAIN" in offered:
        answer = await link.ask(b"AUTH PLAIN " + b64encode(b"\0" + user + b"\0" + password))
    elif "LOGIN" in offered:
        answer = await link.ask(b"AUTH LOGIN")
        for secret in (user, password):
            if answer[0][:3] != b"334":
                break
            answer = await link.ask(b64encode(secret))
    else:
        raise Unreachable(
            "no_auth",
            f"{target.host} offers neither PLAIN nor LOGIN to sign in with. Leave user and password out of its URL, or use another port.",
        )
    if answer[0][:3] != b"235":
        raise _no("the user and password", answer)


def _literal(link: Link) -> str:
    """The address we call from (RFC 5321, 4.1.3)."""
    address = str(link.transport.get_extra_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no(what: str, answer: list[bytes]) -> Unreachable:
    code = answer[0][:3].decode()
    return Unreachable(code, f"The mail server did not accept {what}, or is busy: {words(answer)}")


def _untrusted(target: Target, error: ssl.SSLError) -> Unreachable:
    why = getattr(error, "verify_message", "") or error.reason or "unknown"
    return Unreachable(
        "tls", f"TLS with {target.host} failed: {why}. Give its certificate with ca=FILE in the URL, or verify=0 to trust any."
    )


def _number(asked: dict[str, str], name: str, usual: int, most: int) -> int:
    text = asked.get(name, str(usual))
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise _wrong(f"{name} is a number from 1 to {most}")
    return int(text)


def _wrong(why: str) -> Invalid:
    return Invalid(f"This is no URL of a mail server: {why}. Write it like smtp://user:password@mail.example.com:587.", field="SMTP_URL")
