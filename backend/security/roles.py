"""Who may do what: roles, scopes and permissions, checked by the facade itself and, earlier, by every entrance."""

import msgspec

from backend.domain.errors import Forbidden

ROLES = ("admin", "marketer", "analyst", "operator", "member")
SCOPES = (
    "events:write",
    "notifications:read",
    "notifications:read:any",
    "users:write",
    "content:write",
    "analytics:read",
    "operate",
    "admin",
)

# permission -> roles that have it without a scope, and scopes that grant it. "own": a member reaches what is theirs.
PERMISSIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "events.send": (("admin", "marketer", "operator"), ("events:write",)),
    "events.read": (("admin", "marketer", "analyst", "operator"), ("events:write", "analytics:read")),
    "deliveries.read": (("admin", "marketer", "analyst", "operator"), ("analytics:read",)),
    "people.read": (("admin", "marketer", "operator"), ("users:write",)),
    "people.write": (("admin", "operator"), ("users:write",)),
    "people.import": (("admin", "marketer", "operator"), ("users:write",)),  # files of people
    "people.reveal": (("admin", "operator"), ("users:write",)),  # addresses whole; without it they are shown in part
    "people.erase": (("admin",), ("admin",)),
    "content.read": (("admin", "marketer", "analyst", "operator"), ("content:write",)),
    "content.write": (("admin", "marketer"), ("content:write",)),
    "senders.write": (("admin", "operator"), ("operate",)),
    "analytics.read": (("admin", "marketer", "analyst", "operator"), ("analytics:read",)),
    "captures.read": (("admin", "marketer", "operator"), ("operate",)),
    "operate": (("admin", "operator"), ("operate",)),
    "alerts.read": (("admin", "operator"), ("operate",)),
    "accounts.write": (("admin",), ("admin",)),
    "audit.read": (("admin",), ("admin",)),
    "inbox.any": ((), ("notifications:read:any",)),
    "inbox.own": (ROLES, ("notifications:read", "notifications:read:any")),
    "wishes.own": (ROLES, ("notifications:read",)),
    "chat.write": (ROLES, ("events:write",)),
}


class Actor(msgspec.Struct, frozen=True):
    """Whoever asks: a signed-in person or a program with a token. `role` "" for a program that has scopes alone.

    With `scopes` None (a portal session) the role's permissions hold; with scopes, a permission needs one of its scopes
    (the scope `admin` grants everything), and the role adds nothing.
    """

    space: int
    subject: str  # the user id, or the client's id
    role: str = ""
    scopes: tuple[str, ...] | None = None
    person: int = 0  # our id of the person behind it, 0 for a program
    name: str = ""
    timezone: str = "UTC"
    locale: str = "en"
    via: str = "api"  # api, graphql, portal, cli, line
    expires: float = 0.0  # of the token, seconds; 0: a session's own


def may(actor: Actor, permission: str) -> bool:
    """True when the actor has the permission. An unknown permission is a KeyError: it is our mistake, not theirs."""
    roles, scopes = PERMISSIONS[permission]
    if actor.scopes is None:
        return actor.role in roles
    return "admin" in actor.scopes or any(scope in actor.scopes for scope in scopes)


def need(actor: Actor, permission: str) -> None:
    """Raise `Forbidden`, naming what is missing, unless the actor has the permission."""
    if not may(actor, permission):
        roles, scopes = PERMISSIONS[permission]
        raise Forbidden(
            f"You may not do this: it needs {' or '.join(f'the scope {s}' for s in scopes)}"
            + (f", or the role {' or '.join(roles)}" if roles else "")
            + ".",
            permission=permission,
        )


SYSTEM = Actor(space=1, subject="carillon", role="admin", via="line", name="Carillon")
