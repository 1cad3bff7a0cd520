"""What can be halted, what a halt stops, and where what it stops is parked. Pure.

Whatever waits for a halt to end (or for a provider to be well again) has a due row of the kind `parked:<why>`, so that it is found by why
it waits and let go in the order of acceptance when that is over. Should nobody let it go, it asks by itself when its time has come.
"""

import re
from collections.abc import Container, Iterable

from backend.domain.decision import Reason
from backend.domain.delivery import CHANNELS, PRIORITIES

KINDS = ("space", "channel:<channel>", "provider:<key>", "category:<key>", "priority:<priority>", "template:<key>", "event:<id>", "campaign:<key>")
PARKED = "parked:"
DOWN = "down:"  # parked because every provider of a route is, or is switched off: down:email
LOOK = (60.0, 900.0)  # seconds: what is parked asks again after as long as it has waited, within these

_SCOPE = re.compile(r"space|(channel|provider|category|priority|template):[A-Za-z0-9][A-Za-z0-9._\-]{0,63}|event:[0-9a-f]{32}|campaign:[A-Za-z0-9][A-Za-z0-9._:@+\-]{0,127}")
_KNOWN: dict[str, Container[str]] = {"channel": CHANNELS, "priority": PRIORITIES}


def is_scope(scope: str) -> bool:
    """Whether a halt may have it."""
    kind, _, name = scope.partition(":")
    return bool(_SCOPE.fullmatch(scope)) and (kind not in _KNOWN or name in _KNOWN[kind])


def stopped_by(halted: Container[str], *, channel: str, category: str, priority: str, template: str, event: bytes, provider: str = "", campaign: str = "") -> str:
    """The widest of the scopes in force that stops it, "" when none does. Without a channel: a fan-out, which no channel stops."""
    for scope in ("space", f"channel:{channel}", f"category:{category}", f"priority:{priority}", f"template:{template}", f"event:{event.hex()}"):
        if scope in halted:
            return scope
    if campaign and f"campaign:{campaign}" in halted:
        return f"campaign:{campaign}"
    return f"provider:{provider}" if provider and f"provider:{provider}" in halted else ""


def look_again(now: float, since: float) -> float:
    """When what is parked asks by itself."""
    return now + min(max(now - since, LOOK[0]), LOOK[1])


def parked_as(reasons: Iterable[Reason]) -> str:
    """The kind of the due row of a hold that ends when somebody or something says so; "" of one that ends by the clock."""
    for reason in reasons:
        if reason.code == "halted":
            return f"{PARKED}{reason.params['scope']}"
        if reason.code in ("breaker_open", "provider_off"):
            return f"{PARKED}{DOWN}{reason.params.get('route') or reason.params['channel']}"
    return ""
