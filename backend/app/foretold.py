"""What a text would cost that a dry run foretells: its segments, rendered as the deliver stage does, with links of the usual length."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from backend.app.parts import brand_of
from backend.channels.spending import MILLION
from backend.domain.default_content import default_version
from backend.domain.errors import Refusal
from backend.domain.event import Body, Event
from backend.domain.person import Person, Profile
from backend.domain.publish import SAMPLE_CONTEXT
from backend.domain.segments import Segments, segments
from backend.domain.template import SmsMessage, TemplateVersion
from backend.store import templates

if TYPE_CHECKING:
    from backend.app.app import App

_body, _profile, _version = msgspec.json.Decoder(Body), msgspec.json.Decoder(Profile), msgspec.json.Decoder(TemplateVersion)


def cost_of(segments: Mapping[str, int], prices: Sequence[Mapping[str, int]]) -> dict[str, float] | None:
    """What so many segments, country by country, cost at the `least` and at the `most`: nobody knows which provider takes which. `prices`: of each provider, a
    country -> millionths, "*" any other. Where nobody names a country's price it may be nothing, or the dearest of all. None without segments or prices."""
    known = [price for one in prices for price in one.values()]
    if not known or not sum(segments.values()):
        return None
    least = most = 0
    for country, n in segments.items():
        found = [price for one in prices if (price := one.get(country, one.get("*"))) is not None]
        least += n * min(found, default=0)
        most += n * max(found, default=max(known))
    return {"least": least / MILLION, "most": most / MILLION}


async def sms_segments(app: "App", event: Event, person: Person) -> Segments | None:
    """Of the event's text to this person; None where it could not be rendered, which the real run would say."""
    try:
        brand = await app.store.read(lambda tx: brand_of(tx, event.space))
        version = default_version()
        if event.version:
            row = await app.store.read(lambda tx: templates.version(tx, event.space, event.template, event.version))
            if row is None:
                return None
            version = _version.decode(row.content)
        message = await app.jail.render(version, "sms", _context(app, event, person, brand), person.locale)
    except Refusal:
        return None
    return segments(message.text) if isinstance(message, SmsMessage) else None


def _context(app: "App", event: Event, person: Person, brand: dict[str, str]) -> dict[str, Any]:
    body = _body.decode(event.body)
    profile = _profile.decode(app.sealer.unseal("profile", person.profile)) if person.profile else Profile()
    user = {
        "id": person.user_id, "name": profile.name, "timezone": person.timezone, "locale": person.locale, "attributes": profile.attributes,
    }  # fmt: skip
    about = {"id": event.id.hex(), "type": event.type, "category": event.category, "timestamp": event.accepted, "title": body.title, "message": body.message}
    return {**SAMPLE_CONTEXT, "user": {**SAMPLE_CONTEXT["user"], **user}, "data": body.data, "event": about, "brand": brand}
