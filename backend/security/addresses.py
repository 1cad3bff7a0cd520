"""One spelling per address: what is compared, suppressed and hashed. Shapes are checked here, reachability is not."""

import re
import unicodedata
from collections.abc import Callable, Mapping

import phonenumbers

from backend.domain.delivery import CHANNEL_NUMBER, PLATFORMS
from backend.domain.errors import Invalid, UnknownChannel
from backend.security import browsers

_EMAIL = re.compile(r"[^\s@<>(),;:\\\"\[\]\x00-\x1f\x7f]{1,64}@[^\s@<>(),;:\\\"\[\]\x00-\x1f\x7f]{1,253}")
EMAIL, PUSH, SMS, WEB = CHANNEL_NUMBER["email"], CHANNEL_NUMBER["push"], CHANNEL_NUMBER["sms"], CHANNEL_NUMBER["web"]


def channel_number(channel: int | str) -> int:
    """The channel's number, of its number or name. Raises `UnknownChannel`."""
    number = CHANNEL_NUMBER.get(channel, 0) if isinstance(channel, str) else channel
    if number not in CHANNEL_NUMBER.values():
        raise UnknownChannel(given=str(channel)[:32], allowed=sorted(CHANNEL_NUMBER))
    return number


def normalise(channel: int | str, text: str) -> str:
    """E-mail: trimmed, NFC, lower case. SMS: E.164. Push: a token as it stands, behind its platform where that is named; of a browser its JSON. Web: as it stands.
    Raises `Invalid`, naming the repair."""
    number = channel_number(channel)
    if number == EMAIL:
        return _email(text)
    if number == SMS:
        return _phone(text)
    if not text or len(text) > 4096 or not text.isprintable():
        raise Invalid("A push address is a token of 1 to 4096 printable characters.", field="address")
    platform, colon, rest = text.partition(":")
    return f"{platform}:{_DEVICES[platform](rest)}" if number == PUSH and colon and platform in _DEVICES else text


def device(platform: str, text: str) -> str:
    """The push address of a device whose platform is named: `fid:…`, `apns:…`; of "" and fcm the token itself. Raises `Invalid`."""
    named = platform_named(text)
    if platform and named and named != platform:
        raise Invalid(f"This address says {named}, and platform says {platform}. Give the token alone, as the device got it.", field="address")
    if platform in ("", "fcm") or named:
        return normalise(PUSH, text)
    return normalise(PUSH, f"{platform}:{text}")


def platform_named(text: str) -> str:
    """The platform that a push address names, "" for a registration token of Firebase."""
    platform, colon, _ = text.partition(":")
    return platform if colon and platform in PLATFORMS else ""


def mask(channel: int | str, text: str) -> str:
    """Enough to recognise one's own address by: "m…a@example.com", "+49…89"; of a push token its last four characters."""
    number = channel_number(channel)
    if number == EMAIL and "@" in text:
        local, _, domain = text.rpartition("@")
        return f"{local[0]}…{local[-1] if len(local) > 2 else ''}@{domain}" if local else f"@{domain}"
    if number == SMS:
        return f"{text[:3]}…{text[-2:]}"
    if number == PUSH and text.startswith(browsers.PREFIX):
        return browsers.hint(text)
    if number == PUSH:
        return f"…{text[-4:]}" if len(text) > 12 else "…"
    return ""


def _email(text: str) -> str:
    address = unicodedata.normalize("NFC", text.strip()).lower()
    domain = address.rpartition("@")[2]
    if (
        len(address) > 254
        or not _EMAIL.fullmatch(address)
        or domain.startswith((".", "-"))
        or domain.endswith((".", "-"))
        or ".." in address
    ):
        raise Invalid("This is no e-mail address. Write it like name@example.com.", field="email", given=text[:80])
    return address


def _phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text[:40], None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise Invalid(
            "This is no telephone number. Write it with + and the country's code, like +49 30 901820.", field="phone", given=text[:40]
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _fid(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{22}", text):
        raise Invalid("A Firebase installation id has 22 letters, digits, - and _. Give what FirebaseInstallations.getId() says.", field="address")
    return text


def _apns(text: str) -> str:
    """Apple: the length is not fixed; today 32 bytes, "up to 100" in its documents."""
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2}){32,100}", text):
        raise Invalid(
            "A device token of Apple is 64 to 200 hexadecimal digits. Write the bytes that didRegisterForRemoteNotifications gives so, without blanks.",
            field="address",
        )
    return text.lower()


_DEVICES: Mapping[str, Callable[[str], str]] = {"fid": _fid, "apns": _apns, "webpush": browsers.written}  # platform -> how the rest of its addresses is written
