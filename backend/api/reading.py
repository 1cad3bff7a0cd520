"""Reading what was sent: size and type before parsing, then values of the declared type or a refusal that names field and repair."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from backend.domain.errors import Invalid, Refusal, TooLarge, UnsupportedType
from backend.domain.event import BODY_LIMIT

T = TypeVar("T")
JSON_TYPES = frozenset({"application/json", "text/json"})
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PATH = re.compile(r" - at `(?:key in )?(\$[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")


def media_type(request: Request) -> str:
    """The content type without its parameters, lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The body, refused with `TooLarge` as soon as it is known to be larger than `limit` bytes, whatever its length header says."""
    return b"".join([part async for part in read_parts(request, limit)])


async def read_parts(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it comes. Refuses as `read_body` does."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > limit:
        raise TooLarge(limit=limit)
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise TooLarge(limit=limit)
            yield part
    except ClientDisconnect:
        raise Invalid("The connection ended before the body did. Send the request again.") from None


def need_json(request: Request) -> None:
    """Raise `UnsupportedType` unless the body is said to be JSON, in UTF-8 (RFC 8259)."""
    kind = media_type(request)
    if kind not in JSON_TYPES and not (
        kind.startswith("application/") and kind.endswith("+json") and not kind.startswith("application/cloudevents")
    ):
        raise UnsupportedType(given=kind[:100])
    charset = re.search(r"charset\s*=\s*\"?([\w-]+)", request.headers.get("content-type", ""), re.IGNORECASE)
    if charset and charset.group(1).lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedType("JSON is read in UTF-8. Send the body in UTF-8.", given=charset.group(1)[:32])


def decode(raw: bytes, kind: type[T]) -> T:
    """JSON to a value of `kind`; `Invalid` with `field`, and `allowed` where there is a list.

    The character NUL is refused: PostgreSQL keeps none in a text, and one such row would stop a whole batch of the line.
    """
    if b"\\u0000" in raw and _NUL.search(raw):
        raise Invalid("A text holds the character NUL (\\u0000), which cannot be kept. Remove it.")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise explained(str(error), kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is no JSON: {error}.") from None
    except RecursionError:
        raise Invalid("The JSON is nested too deep. Send flatter values.") from None


def convert_texts(values: Mapping[str, str], kind: type[T], what: str = "query") -> T:
    """Texts of a query string to a value of `kind` (numbers and booleans are read from their texts)."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise explained(str(error), kind, what) from None


def explained(message: str, kind: Any, what: str = "body") -> Refusal:
    """msgspec's words as a refusal: what is wrong, at which field, what is allowed there."""
    found = _PATH.search(message)
    path = found.group(1) if found else "$"
    said = message[: found.start()] if found else message
    field = path.removeprefix("$").removeprefix(".")
    facts: dict[str, Any] = {}
    allowed: list[Any]
    if unknown := _UNKNOWN.search(said):
        allowed = _fields(_type_at(kind, path))
        field = f"{field}.{unknown.group(1)}".lstrip(".")
        said = f"There is no field {unknown.group(1)!r} here"
        facts["allowed"] = allowed
        said += f"; the fields are {', '.join(allowed)}" if allowed else ""
    elif missing := _MISSING.search(said):
        field = f"{field}.{missing.group(1)}".lstrip(".")
        said = f"The field {field!r} is missing"
    elif (allowed := _values(_type_at(kind, path))) and ("Invalid enum" in said or "Invalid value" in said):
        facts["allowed"] = allowed
        said = f"{field or 'The value'} is {said.partition('value ')[2] or 'not allowed'}; allowed are {', '.join(map(str, allowed))}"
    elif field:
        said = f"{field}: {said[0].lower()}{said[1:]}" if said else field
    return Invalid(f"{said}. Correct the {what} and send it again.", **({"field": field[:200]} if field else {}), **facts)


def _type_at(kind: Any, path: str) -> Any:
    """The declared type at a path like `$.to.users[...]`, as msgspec describes it; None where it cannot be told."""
    here: Any = msgspec.inspect.type_info(kind)
    for step in re.findall(r"\.([^.\[]+)|(\[[^\]]*\])", path):
        here = _below(here, step[0], step[1])
        if here is None:
            return None
    return here


def _below(here: Any, name: str, index: str) -> Any:
    for option in _options(here):
        if name and isinstance(option, msgspec.inspect.StructType):
            for field in option.fields:
                if field.encode_name == name:
                    return field.type
        if index and isinstance(option, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
            return option.item_type
        if isinstance(option, msgspec.inspect.DictType):
            return option.value_type
    return None


def _options(here: Any) -> list[Any]:
    if isinstance(here, msgspec.inspect.Metadata):
        return _options(here.type)
    return list(here.types) if isinstance(here, msgspec.inspect.UnionType) else [here]


def _fields(here: Any) -> list[str]:
    return sorted(
        field.encode_name for option in _options(here) if isinstance(option, msgspec.inspect.StructType) for field in option.fields
    )


def _values(here: Any) -> list[Any]:
    return [value for option in _options(here) if isinstance(option, msgspec.inspect.LiteralType) for value in option.values]
