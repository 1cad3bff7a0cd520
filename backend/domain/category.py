"""Categories: what an event is about, the unit of consent."""

from typing import Literal

import msgspec

Kind = Literal["essential", "service", "marketing", "activity"]
TELLING: tuple[Kind, ...] = ("essential", "service", "marketing")  # kinds that somebody is told something of
NOTIFICATION_TYPES = ("SECURITY", "TRANSACTION", "ORDER", "CHAT", "SYSTEM", "PRODUCT", "MARKETING", "DIGEST")


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`kind` essential: preferences, quiet hours and caps do not apply; service: opted in by default; marketing: a
    recorded opt-in is needed; activity: what people did, nobody is told anything of it, it feeds audiences and conversions. `plan`, `digest`, `cap` keep their places for later milestones."""

    key: str
    name: str
    kind: Kind = "service"
    description: str = ""
    type: str = "SYSTEM"  # of NOTIFICATION_TYPES
    max_priority: str = "high"
    channels: tuple[str, ...] = ("web", "email")
    plan: list[dict[str, object]] | None = None
    urgent: bool = False
    ordered: bool = False
    digest: dict[str, object] | None = None
    cap: dict[str, int] | None = None
    value: int = 0
    tracking: bool = True
    template: str = ""
    attempts: int = 0  # of a delivery in all; 0: as its priority says
    give_up: int = 0  # seconds after which nothing is tried any more; 0: as its priority says


ACTIVITY = Category("activity", "Activity", "activity", "What people do in your product. Nobody is told of it.", "SYSTEM", "normal", (), tracking=False)
SEEDED = (
    Category("security", "Security", "essential", "Sign-ins, password changes and other things you must know.", "SECURITY", "critical",
             ("web", "email", "push", "sms"), urgent=True, tracking=False),
    Category("orders", "Orders", "service", "What happens to your orders.", "ORDER", "high", ("web", "email", "push"), ordered=True),
    Category("chat", "Chat", "service", "Messages from people while you are away.", "CHAT", "high", ("web", "push")),
    Category("system", "System", "service", "News about the service itself, maintenance included.", "SYSTEM", "high", ("web", "email")),
    Category("product", "Product news", "marketing", "New features and tips.", "PRODUCT", "normal", ("web", "email")),
    Category("marketing", "Offers", "marketing", "Offers and campaigns.", "MARKETING", "low", ("web", "email", "push")),
    ACTIVITY,
)
