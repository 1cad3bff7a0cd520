"""What a browser is told, as our service worker (assets/notify-sw.js) reads it; and the headers that say how it travels."""

from hashlib import blake2b

import msgspec

from backend.channels.base import Outgoing
from backend.channels.webpush_seal import ROOM
from backend.domain.errors import Invalid
from backend.domain.template import PushMessage
from backend.security.browsers import base64url

TTL = 28 * 86_400  # seconds: what push services keep at most, for what does not expire
URGENCY = {"critical": "high", "high": "high", "normal": "normal", "low": "low"}  # RFC 8030, 5.3
BODY_KEPT = 200  # characters of the text that are not cut away; no browser shows more
ACTIONS = 2  # buttons; no browser shows more


class NoticeTooLarge(Invalid):
    """The message does not fit into the 3,993 bytes that a push service takes, also without picture, buttons and most of its text. Shorten its
    title or its link."""


class ImageOpen(Invalid):
    """The picture's address is not https, and browsers show no other. Give an https address, or take the picture out."""


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


def topic_of(outgoing: Outgoing) -> str:
    """At most 32 characters of base64url (RFC 8030, 5.4): of the collapse key where there is one, else of the delivery, so that an attempt that
    is repeated is not shown twice."""
    return base64url(blake2b(outgoing.collapse.encode(), digest_size=24).digest() if outgoing.collapse else outgoing.delivery)


def headers_of(outgoing: Outgoing, now: float) -> dict[str, str]:
    """Without who sends it."""
    ttl = TTL if not outgoing.expires else min(TTL, max(0, int(outgoing.expires - now)))
    return {
        "TTL": str(ttl),
        "Urgency": URGENCY.get(outgoing.priority, "normal"),
        "Topic": topic_of(outgoing),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
    }


def payload_of(outgoing: Outgoing, icon: str = "", badge: int | None = None) -> bytes:
    """JSON of a `Notice`. What is too large loses first the text beyond `BODY_KEPT` characters, then its picture, then its buttons.
    Raises `ImageOpen`, `NoticeTooLarge`."""
    message = outgoing.message
    assert isinstance(message, PushMessage)
    if message.image and not message.image.startswith("https://"):
        raise ImageOpen(field="image")
    notice = Notice(
        id=outgoing.delivery.hex(), title=message.title, body=message.body, icon=icon, image=message.image, link=message.link, tag=topic_of(outgoing),
        actions=[ActionNote(one.key, one.label, one.link) for one in message.actions[:ACTIONS]], badge=badge, renotify=bool(outgoing.collapse),
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
    raise NoticeTooLarge(field="message", bytes=len(made), limit=ROOM)


def _shortened(body: str, surplus: int) -> str:
    """Without so many bytes of JSON at its end, but never less than `BODY_KEPT` characters; … stands where it was cut."""
    kept, gone = len(body), -3
    while kept > BODY_KEPT and gone < surplus:
        kept -= 1
        gone += len(msgspec.json.encode(body[kept])) - 2
    return body if kept == len(body) else body[:kept].rstrip() + "…"
