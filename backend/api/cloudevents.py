"""CloudEvents 1.0 over HTTP (CNCF), binary, structured and batch, read as our own events.

`type` is the event's type; `source` and `id` together are its id (what makes a repeat a repeat); `subject` is the user id; `data` is
the event's data. The rest stands in extension attributes, which have lower-case names: category, priority, template, title,
message, channels (separated by commas), collapsekey, expiresat, sendat, group (instead of subject). Others are passed over.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from backend.api.reading import decode
from backend.domain.errors import Invalid, Refusal, UnsupportedType
from backend.domain.event import EventIn, To

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_OURS = {
    "category": "category",
    "priority": "priority",
    "template": "template",
    "title": "title",
    "message": "message",
    "collapsekey": "collapse_key",
    "expiresat": "expires_at",
    "sendat": "send_at",
}


def is_binary(headers: Mapping[str, str]) -> bool:
    """True when the attributes stand in `ce-` headers."""
    return "ce-specversion" in headers


def is_structured(media_type: str) -> bool:
    """True for one event, or a batch, in a JSON envelope."""
    return media_type.startswith("application/cloudevents")


def structured(media_type: str, raw: bytes) -> list[msgspec.Raw]:
    """The envelopes of a body, each still to be read. Raises `UnsupportedType` for other formats than JSON."""
    if media_type == STRUCTURED:
        return [msgspec.Raw(raw)]
    if media_type == BATCH:
        return decode(raw, list[msgspec.Raw])
    raise UnsupportedType(f"CloudEvents are read as JSON. Send {STRUCTURED} or {BATCH}.", given=media_type[:100])


def from_envelope(raw: bytes) -> EventIn:
    """One event of an envelope."""
    attributes = decode(raw, dict[str, Any])
    if "data_base64" in attributes:
        raise Invalid("The data of a CloudEvent is read as JSON. Send it in data, not in data_base64.", field="data_base64")
    kind = attributes.get("datacontenttype", "application/json")
    if not isinstance(kind, str) or not _is_json(kind):
        raise Invalid("The data of a CloudEvent is read as JSON. Send datacontenttype application/json.", field="datacontenttype")
    return _event(attributes, attributes.get("data"))


def from_headers(headers: Mapping[str, str], media_type: str, raw: bytes) -> EventIn:
    """One event whose attributes are headers and whose data is the body."""
    if raw and not _is_json(media_type):
        raise UnsupportedType("The data of a CloudEvent is read as JSON. Send it as application/json.", given=media_type[:100])
    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    return _event(attributes, decode(raw, Any) if raw else None)


def _event(attributes: Mapping[str, Any], data: Any) -> EventIn:
    for name in ("specversion", "id", "source", "type"):
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise Invalid(f"The CloudEvents attribute {name} is missing or no text.", field=name)
    if attributes["specversion"] != "1.0":
        raise Invalid("CloudEvents of specversion 1.0 are understood here.", field="specversion", allowed=["1.0"])
    if not isinstance(attributes.get("category"), str):
        raise Invalid("A CloudEvent names its category in the extension attribute category (header ce-category).", field="category")
    if data is not None and not isinstance(data, dict):
        raise Invalid("The data of a CloudEvent is a JSON object here.", field="data")
    user, group = attributes.get("subject"), attributes.get("group")
    if (user is None) == (group is None):
        raise Invalid("A CloudEvent names its recipient in subject (a user id), or in the extension attribute group.", field="subject")
    fields: dict[str, Any] = {ours: attributes[theirs] for theirs, ours in _OURS.items() if theirs in attributes}
    fields |= {"id": f"{attributes['source']} {attributes['id']}", "type": attributes["type"], "data": data or {}}
    if channels := attributes.get("channels"):
        fields["channels"] = [channel.strip() for channel in str(channels).split(",") if channel.strip()]
    try:
        return msgspec.convert({**fields, "to": msgspec.to_builtins(To(user=user, group=group))}, EventIn)
    except msgspec.ValidationError as error:
        raise _refused(error) from None


def _refused(error: msgspec.ValidationError) -> Refusal:
    return Invalid(f"An attribute of the CloudEvent does not fit: {error}. Correct it and send it again.")


def _is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
