"""Places of the product in their order: the sidebar, the palette and the shortcut letters show those that exist and the role may use."""

from dataclasses import dataclass
from functools import cache

from portal.routes import routes


@dataclass(frozen=True)
class Place:
    """`word`: of its phrase "nav.<word>". `letter`: pressed after G it leads there; `permission`: who has it may go."""

    word: str
    path: str
    icon: str
    permission: str
    letter: str = ""


# In the order of the day. A place whose page is not built yet is not shown; its phrase is needed then.
PLAN: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "start",
        (
            Place("overview", "/overview", "layout-dashboard", "deliveries.read", "o"),
            Place("start", "/start", "list-checks", "accounts.write", "b"),
        ),
    ),
    (
        "reach",
        (
            Place("send", "/send", "send", "events.send", "s"),
            Place("campaigns", "/campaigns", "megaphone", "content.read", "c"),
            Place("audiences", "/audiences", "target", "content.read", "z"),
            Place("calendar", "/calendar", "calendar", "content.write", "q"),
            Place("schedules", "/schedules", "calendar-clock", "events.read", "r"),
            Place("templates", "/templates", "file-text", "content.read", "t"),
            Place("people", "/people", "users", "people.read", "p"),
            Place("imports", "/imports", "upload", "people.import", "j"),
            Place("groups", "/groups", "users-round", "people.read", "g"),
            Place("categories", "/categories", "tags", "content.read", "k"),
        ),
    ),
    (
        "measure",
        (
            Place("experiments", "/experiments", "flask-conical", "content.read", "h"),
            Place("engagement", "/engagement", "mouse-pointer-click", "analytics.read"),
            Place("analytics", "/analytics", "chart-line", "analytics.read", "a"),
            Place("events", "/events", "zap", "events.read", "e"),
            Place("deliveries", "/deliveries", "route", "deliveries.read", "d"),
        ),
    ),
    (
        "operate",
        (
            Place("engine", "/engine", "activity", "operate", "n"),
            Place("captured", "/captured", "mail-search", "captures.read", "m"),
            Place("dead", "/dead", "archive-x", "operate", "x"),
            Place("providers", "/providers", "plug-zap", "operate", "v"),
            Place("senders", "/senders", "at-sign", "content.read", "f"),
        ),
    ),
    (
        "settings",
        (
            Place("members", "/members", "user-cog", "accounts.write", "u"),
            Place("audit", "/audit", "scroll-text", "audit.read", "l"),
            Place("settings", "/settings", "settings", "content.read", ","),
        ),
    ),
)
OWN = (
    Place("inbox", "/inbox", "inbox", "inbox.own", "i"),
    Place("preferences", "/preferences", "sliders-horizontal", "inbox.own", "w"),
    Place("account", "/account", "circle-user", "inbox.own", "y"),
)


@cache
def groups() -> tuple[tuple[str, tuple[Place, ...]], ...]:
    """The groups of the sidebar with the places that exist."""
    found = [(group, tuple(place for place in places if place.path in routes())) for group, places in PLAN]
    return tuple((group, places) for group, places in found if places)


@cache
def places() -> tuple[Place, ...]:
    """Every place that exists, one's own last."""
    return tuple(place for _, some in groups() for place in some) + tuple(place for place in OWN if place.path in routes())
