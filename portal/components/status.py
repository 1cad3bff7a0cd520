"""Delivery states as people see them: icon, word and hue, never hue alone."""

from typing import Any

import reflex as rx

from portal.components.elements import icon, span
from portal.components.text import t

# How a delivery looks -> (icon, hue class, key of its word). `look_of` says which look a state has.
LOOKS = {
    "queued": ("clock", "queued"),
    "held": ("circle-pause", "held"),
    "retrying": ("triangle-alert", "failed"),
    "unknown": ("clock", "queued"),
    "sent": ("send", "sent"),
    "delivered": ("check", "delivered"),
    "read": ("mail-open", "engaged"),
    "digest": ("layers", "digested"),
    "skipped": ("ban", "skipped"),
    "failed": ("triangle-alert", "failed"),
    "dead": ("archive-x", "dead"),
}
_LOOK_OF = {
    "pending": "queued",
    "sending": "queued",
    "folded": "digest",
    "bounced": "failed",
    "expired": "skipped",
    "superseded": "skipped",
    "cancelled": "skipped",
}


def look_of(state: str) -> str:
    """The look of a delivery state of contracts.md, or of `skipped` and `read`."""
    return _LOOK_OF.get(state, state)


def pill(look: str) -> rx.Component:
    ico, hue = LOOKS[look]
    return span(icon(ico, 13), t(f"look.{look}"), cls=f"pill {hue}")


def pill_var(look: Any) -> rx.Component:
    """The pill of a look that is known only at run time."""
    return rx.match(look, *[(k, pill(k)) for k in LOOKS if k != "queued"], pill("queued"))


def hue_icon(look: Any, size: int = 13, cls: str = "ico sm") -> rx.Component:
    """Icon tile in the hue of a look known at run time; decoration beside its word."""

    def tile(key: str) -> rx.Component:
        return span(icon(LOOKS[key][0], size), cls=f"{cls} {LOOKS[key][1]}")

    return rx.match(look, *[(k, tile(k)) for k in LOOKS if k != "queued"], tile("queued"))


def tag(text: Any, hue: str = "", ico: str = "") -> rx.Component:
    return span(*([icon(ico, 12)] if ico else []), text, cls=f"tag {hue}".strip())


CHANNEL_ICONS = {"web": "inbox", "email": "mail", "push": "smartphone", "sms": "message-square-text"}


def channel_icon(channel: Any, size: int = 15) -> rx.Component:
    return rx.match(channel, *[(k, icon(v, size)) for k, v in CHANNEL_ICONS.items() if k != "web"], icon("inbox", size))


def channel_word(channel: Any) -> Any:
    return rx.match(channel, *[(k, t(f"channel.{k}")) for k in CHANNEL_ICONS if k != "web"], t("channel.web"))
