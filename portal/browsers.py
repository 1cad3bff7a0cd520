"""The browser that a page is open in: what it says of itself (assets/person.js), and what is kept of it."""

from typing import TYPE_CHECKING, Literal

import msgspec

from backend.app.views import AddressIn, AddressView
from backend.domain.errors import Invalid
from backend.domain.plain import in_line
from portal.telling import Teller
from portal.wiring import app

if TYPE_CHECKING:
    from backend.app import Actor

LONGEST = 8_192  # characters of what it says
DAY = 86_400.0  # seconds after which one that is on is registered again, so that it counts as used


class Said(msgspec.Struct):
    """What the browser did: `look`, `on`, `renew` or `off`, how it stands after it, and what it is subscribed by (JSON, "" for nothing)."""

    act: Literal["look", "on", "renew", "off"]
    state: Literal["on", "off", "blocked", "failed", "home", "impossible", "insecure"]
    subscription: str = ""
    browser: str = ""
    system: str = ""
    why: str = ""


def read(text: object) -> Said:
    """Raises `Invalid`."""
    try:
        return msgspec.json.decode(str(text)[:LONGEST], type=Said)
    except msgspec.DecodeError:
        raise Invalid("This browser said something that is not understood. Load the page again.") from None


async def keep(actor: "Actor", said: Said, voice: Teller) -> tuple[str, str]:
    """Register or remove it as it says; how it stands (as `Said.state`, or "gone"), and what was changed: "on", "off" or "". Raises `Invalid`."""
    mine = await _mine(actor, said.subscription)
    if said.act == "off":
        if mine is not None:
            await app().people.remove_address(actor, actor.subject, mine.id)
        return "off", "off"
    if said.state != "on":
        return said.state, ""
    if said.act == "look":
        if mine is None:
            return "off", ""
        if mine.suppressed is not None:
            return "gone", ""
        if mine.created_at is None or app().clock.now() - mine.created_at.timestamp() < DAY:
            return "on", ""
    await app().people.put_address(actor, actor.subject, AddressIn("push", said.subscription, _label(said, voice), "webpush"))
    return "on", "" if said.act == "look" else "on"


async def _mine(actor: "Actor", subscription: str) -> AddressView | None:
    """The address of one's own that this browser is."""
    if not subscription:
        return None
    made = app().people.id_of(AddressIn("push", subscription, platform="webpush"))
    return next((a for a in (await app().people.addresses(actor, actor.subject)).items if a.id == made), None)


def _label(said: Said, voice: Teller) -> str:
    browser = in_line(said.browser, 60) or voice.say("push.label.browser")
    return voice.say("push.label", browser=browser, system=in_line(said.system, 60)) if said.system else browser
