"""Which role may use which screen, and who is calling. The facade decides again; this is only the earlier answer."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

SESSION_COOKIE = "carillon_session"
ZONE_COOKIE = "carillon_zone"
ZONES = frozenset(available_timezones())

EVERYONE = frozenset({"admin", "marketer", "analyst", "operator", "member"})
STAFF = EVERYONE - {"member"}
# Permissions of the facade that pages need -> roles of people who have them; a test holds this to the facade's own table.
MAY: Mapping[str, frozenset[str]] = {
    "inbox.own": EVERYONE,
    "events.send": frozenset({"admin", "marketer", "operator"}),
    "deliveries.read": STAFF,
    "captures.read": frozenset({"admin", "marketer", "operator"}),
    "content.read": STAFF,
    "content.write": frozenset({"admin", "marketer"}),
    "events.read": STAFF,
    "analytics.read": STAFF,
    "people.read": frozenset({"admin", "marketer", "operator"}),
    "people.import": frozenset({"admin", "marketer", "operator"}),
    "people.write": frozenset({"admin", "operator"}),
    "people.reveal": frozenset({"admin", "operator"}),
    "people.erase": frozenset({"admin"}),
    "accounts.write": frozenset({"admin"}),
    "audit.read": frozenset({"admin"}),
    "senders.write": frozenset({"admin", "operator"}),
    "operate": frozenset({"admin", "operator"}),
}
SIGNED_IN = "inbox.own"  # what everybody who is signed in may
AT_WORK = "content.read"  # what everybody on the staff may
HOMES = {"admin": "/overview", "marketer": "/overview", "analyst": "/overview", "operator": "/overview", "member": "/inbox"}


def permissions(role: str) -> list[str]:
    return sorted(name for name, roles in MAY.items() if role in roles)


def home_of(role: str) -> str:
    """The page a person of this role begins on."""
    return HOMES.get(role, "/inbox")


def session_in(cookies: str) -> str:
    """The session token of a Cookie header, "" when there is none. The first one counts, as browsers send the closest path first."""
    for part in cookies.split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            return value.strip('"')
    return ""


def zone_of(router_data: Mapping[str, Any]) -> str:
    """The zone that the browser told by assets/person.js, "" when it did not; what it says is typed by anybody, so look it up."""
    headers = router_data.get("headers") or {}
    for part in str(headers.get("cookie", "")).split(";"):
        name, _, value = part.strip().partition("=")
        if name == ZONE_COOKIE:
            return value if value in ZONES else ""
    return ""


def session_of(router_data: Mapping[str, Any]) -> str:
    """The session token of a socket. Its headers are those of the handshake, put in by the server over what a client sends."""
    headers = router_data.get("headers") or {}
    return session_in(str(headers.get("cookie", "")))
