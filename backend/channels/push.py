"""What providers of push say alike: by what a repeat replaces what is on the device, how long it is of use, and what does not fit on one."""

from hashlib import blake2b

import msgspec

from backend.channels.base import Answer, Outgoing
from backend.domain.template import PushMessage

LARGEST = 4096  # bytes of what a device is given: Firebase, Apple and RFC 8030 alike
HASTE = frozenset(("critical", "high"))
ALARM = "critical"
RAW = 500  # characters kept of a provider's words

_json = msgspec.json.Encoder()


class Unfit(Exception):
    """It can be given to no device as it is; nothing was sent."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.answer = Answer("refused", code, why)


def mark_of(outgoing: Outgoing) -> str:
    """By what a later message takes the place of this one on a device, its own repeats first of all: 32 characters, safe in a header."""
    if not outgoing.collapse:
        return outgoing.delivery.hex()
    about = blake2b(outgoing.collapse.encode(), digest_size=16, key=outgoing.space.to_bytes(8, "big", signed=True))
    return about.hexdigest()


def message_of(outgoing: Outgoing) -> PushMessage:
    """What is said. Raises `Unfit`."""
    message = outgoing.message
    if not isinstance(message, PushMessage):
        raise Unfit("no_push", "This is no message for a device.")
    if not message.title and not message.body:
        raise Unfit("empty", "It has neither a title nor a text, so a device would show nothing. Give the template a title.")
    if message.image and not secure(message.image):
        raise Unfit("image_not_https", "Devices load images over https alone. Give the image an address that begins with https://.")
    return message


def secure(address: str) -> bool:
    """Whether a browser or device may be led there."""
    return address[:8].lower() == "https://" and address.isprintable()


def data_of(outgoing: Outgoing, message: PushMessage) -> dict[str, str]:
    """What the app reads: the delivery, where a tap leads, and buttons as JSON."""
    data = {"delivery": outgoing.delivery.hex()}
    if message.link:
        data["link"] = message.link
    if message.actions:
        data["actions"] = _json.encode(message.actions).decode()
    return data


def fits(size: int) -> None:
    """Raises `Unfit` for more bytes than a device is given."""
    if size > LARGEST:
        raise Unfit("too_large", f"It would be {size} bytes long, and a device is given {LARGEST} at most. Shorten the text, the link or the buttons.")


def words(text: str, *hidden: str) -> str:
    """A provider's words as one readable line, without what must not be kept."""
    for one in hidden:
        if one:
            text = text.replace(one, "…")
    text = " ".join(text[: RAW * 4].split())[:RAW]
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)
