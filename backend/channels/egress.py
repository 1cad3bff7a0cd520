"""Calls to addresses that people typed: only ever to public ones, whatever a name says, and never where a redirect leads.

A name is looked up once, what it says is checked, and the connection goes to just that: a name that answers otherwise a moment later
reaches nothing (DNS rebinding).
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import msgspec
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

Resolve = Callable[[str, int], Awaitable[list[str]]]  # (name, port) -> numeric addresses; raises OSError

IDLE = 30.0  # seconds an unused connection is kept
NAMES = 30  # seconds a name is not asked for again
_EMBEDDED = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))  # whose last 32 bits are an IPv4 address (RFC 6052, 8215, 4291)


class NotPublic(OSError):
    """A name leads to an address that is not everybody's."""


async def ask_system(name: str, port: int) -> list[str]:
    """As this machine resolves names."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(address[0]) for *_, address in found]


class Egress(msgspec.Struct, frozen=True):
    """`allowed`: addresses that are as good as public ones, and `context`: certificates to trust; both for tests."""

    resolve: Resolve = ask_system
    allowed: frozenset[str] = frozenset()
    context: ssl.SSLContext | None = None

    def session(self, *, limit: int, timeout: ClientTimeout) -> ClientSession:
        """Pooled, without cookies, proxies of the environment or unpacking. Whoever posts says `allow_redirects=False`."""
        connector = TCPConnector(
            resolver=_Checked(self), limit=limit, ttl_dns_cache=NAMES, keepalive_timeout=IDLE, ssl=self.context or True,
        )  # fmt: skip
        return ClientSession(connector=connector, timeout=timeout, cookie_jar=DummyCookieJar(), trust_env=False, auto_decompress=False)


def public(text: str) -> bool:
    """Whether an address is everybody's: not private, loopback, link-local (where clouds keep metadata), shared, multicast or reserved, also
    not by way of IPv6."""
    try:
        address = ip_address(text)
    except ValueError:  # a zone behind it: of this machine's own links
        return False
    inner = _inner(address)
    if inner is not None:
        return public(str(inner))
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _EMBEDDED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class _Checked(AbstractResolver):
    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        found = await self._egress.resolve(host, port)
        if not found:
            raise OSError("The name has no address.")
        if not all(one in self._egress.allowed or public(one) for one in found):
            raise NotPublic("The name leads to an address that is not public.")
        return [
            ResolveResult(
                hostname=host, host=one, port=port, family=socket.AF_INET6 if ":" in one else socket.AF_INET, proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for one in found
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is kept."""
