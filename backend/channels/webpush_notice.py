"""What a browser is told, as our service worker (assets/notify-sw.js) reads it; and the headers that say how it travels."""

import msgspec

from backend.channels.base import Outgoing
from backend.channels.push import Unfit, mark_of, message_of
from backend.channels.webpush_seal import ROOM

TTL = 28 * 86_400  # seconds: what push services keep at most, for what does not expire
URGENCY = {"critical": "high", "high": "high", "normal": "normal", "low": "low"}  # RFC 8030, 5.3
BODY_KEPT = 200  # characters of the text that are not cut away; no browser shows more
ACTIONS = 2  # buttons; no browser shows more


class ActionNote(msgspec.Struct, omit_defaults=True):
    """A button."""

    action: str
    title: str
    link: str = ""


class Notice(msgspec.Struct, omit_defaults=True):
    """`id`: of the delivery. `tag`: a later one with the same tag takes its place; `renotify`: and is heard again. `badge`: number on the app's icon,
    None when nobody knows."""

    id: str
    title: str
    body: str = ""
    icon: str = ""
    image: str = ""
    link: str = ""
    tag: str = ""
    actions: list[ActionNote] = []
    badge: int | None = None
    renotify: bool = False
    silent: bool = False


def headers_of(outgoing: Outgoing, now: float) -> dict[str, str]:
    """Without who sends it."""
    ttl = TTL if not outgoing.expires else min(TTL, max(0, int(outgoing.expires - now)))
    return {
        "TTL": str(ttl),
        "Urgency": URGENCY.get(outgoing.priority, "normal"),
        "Topic": mark_of(outgoing),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
    }


def payload_of(outgoing: Outgoing, icon: str = "") -> bytes:
    """JSON of a `Notice`. What is too large loses first the text beyond `BODY_KEPT` characters, then its picture, then its buttons.
    Raises `Unfit`."""
    message = message_of(outgoing)
    notice = Notice(
        id=outgoing.delivery.hex(), title=message.title, body=message.body, icon=icon, image=message.image, link=message.link, tag=mark_of(outgoing),
        actions=[ActionNote(one.key, one.label, one.link) for one in message.actions[:ACTIONS]], badge=outgoing.badge, renotify=bool(outgoing.collapse),
        silent=outgoing.priority == "low",
    )  # fmt: skip
    made = msgspec.json.encode(notice)
    if len(made) <= ROOM:
        return made
    notice.body = _shortened(notice.body, len(made) - ROOM)
    for lose in ("", "image", "actions"):
        if lose:
            setattr(notice, lose, type(getattr(notice, lose))())
        made = msgspec.json.encode(notice)
        if len(made) <= ROOM:
            return made
    raise Unfit("too_large", f"It would be {len(made)} bytes long without picture and buttons, and a browser is given {ROOM} at most. Shorten the title or the link.")


def _shortened(body: str, surplus: int) -> str:
    """Without so many bytes of JSON at its end, but never less than `BODY_KEPT` characters; … stands where it was cut."""
    kept, gone = len(body), -3
    while kept > BODY_KEPT and gone < surplus:
        kept -= 1
        gone += len(msgspec.json.encode(body[kept])) - 2
    return body if kept == len(body) else body[:kept].rstrip() + "…"
