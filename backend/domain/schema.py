"""The shape of an event's data: inferred from a sample and from what a template reads, or written as JSON Schema, and checked.

The part of JSON Schema (2020-12) that describes data of events: type, properties, required, items, enum, const, the bounds of numbers,
texts and lists, pattern left out because a typed pattern can run for hours. Keywords that are not known are ignored, as the standard says.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from backend.domain.errors import Invalid
from backend.domain.template import Variable

MAX_FOUND = 20
MAX_DEPTH = 16
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "number": (int, float), "integer": (int, float), "boolean": (bool,), "null": (type(None),),
}  # fmt: skip
_KIND = {"number": "number", "list": "array", "object": "object", "flag": "boolean"}


class Fault(Struct, frozen=True):
    """One value that does not fit. `path` from the top: `order.lines[0].name`; the code and its figures make the sentence."""

    path: str
    code: str  # required, type, enum, const, minimum, maximum, minLength, maxLength, minItems, maxItems, additional, schema
    wanted: str = ""


def infer(sample: Any, variables: tuple[Variable, ...] = ()) -> dict[str, Any]:
    """A schema that the sample fits; what the template cannot do without is required."""
    schema = _shape(sample, 0)
    for variable in variables:
        root, _, path = variable.name.partition(".")
        if root == "data" and path:
            _require(schema, path.replace("[]", ".[]").split("."), variable)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _shape(value: Any, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        return {}
    if isinstance(value, dict):
        return {"type": "object", "properties": {str(k): _shape(v, depth + 1) for k, v in value.items()}}
    if isinstance(value, list):
        return {"type": "array", "items": _shape(value[0], depth + 1) if value else {}}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"type": "integer"}
    if isinstance(value, float):
        return {"type": "number"}
    return {} if value is None else {"type": "string"}


def _require(schema: dict[str, Any], path: list[str], variable: Variable) -> None:
    inside = schema
    for n, name in enumerate(path):
        last = n == len(path) - 1
        if name == "[]":
            inside["type"] = "array"
            inside = inside.setdefault("items", {})
        else:
            inside["type"] = "object"
            if variable.required:
                inside["required"] = sorted({*inside.get("required", ()), name})
            inside = inside.setdefault("properties", {}).setdefault(name, {})
        if last and "type" not in inside and variable.kind in _KIND:
            inside["type"] = _KIND[variable.kind]


def well_formed(schema: Any) -> dict[str, Any]:
    """The schema itself. `Invalid` when it is none, with the place."""
    for path, wrong in _wrong(schema, "", 0):
        raise Invalid(f"The schema is wrong at {path or 'its top'}: {wrong}", field="schema", path=path)
    made: dict[str, Any] = schema
    return made


def _wrong(schema: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(schema, bool) and path:
        return
    if not isinstance(schema, dict):
        yield path, 'a schema is an object, such as {"type": "object", "properties": {}}.'
        return
    if depth > MAX_DEPTH:
        yield path, f"it is nested deeper than {MAX_DEPTH}."
        return
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in TYPES:
            yield path, f"type is one of {', '.join(TYPES)}."
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        yield path, "properties is an object."
        return
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        yield path, "required is a list of names."
    for name, inner in properties.items():
        yield from _wrong(inner, f"{path}.{name}" if path else str(name), depth + 1)
    if "items" in schema:
        yield from _wrong(schema["items"], f"{path}[]", depth + 1)


def faults(schema: dict[str, Any], data: Any) -> list[Fault]:
    """What does not fit, at most 20. The schema is `well_formed`."""
    found: list[Fault] = []
    for fault in _faults(schema, data, "", 0):
        found.append(fault)
        if len(found) == MAX_FOUND:
            break
    return found


def _faults(schema: Any, value: Any, path: str, depth: int) -> Iterator[Fault]:
    if schema is False:
        yield Fault(path, "additional")
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return
    kinds = schema.get("type", [])
    wanted = kinds if isinstance(kinds, list) else [kinds]
    if wanted and not any(_is(value, kind) for kind in wanted):
        yield Fault(path, "type", ", ".join(wanted))
        return
    if "enum" in schema and isinstance(schema["enum"], list) and not any(_same(value, one) for one in schema["enum"]):
        yield Fault(path, "enum", ", ".join(str(one)[:40] for one in schema["enum"][:10]))
    if "const" in schema and not _same(value, schema["const"]):
        yield Fault(path, "const", str(schema["const"])[:80])
    yield from _bounds(schema, value, path)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield Fault(f"{path}.{name}" if path else name, "required")
        for name, inner in value.items():
            below = f"{path}.{name}" if path else str(name)
            yield from _faults(properties.get(name, schema.get("additionalProperties", True)), inner, below, depth + 1)
    if isinstance(value, list) and "items" in schema:
        for n, inner in enumerate(value):
            yield from _faults(schema["items"], inner, f"{path}[{n}]", depth + 1)


def _bounds(schema: dict[str, Any], value: Any, path: str) -> Iterator[Fault]:
    size: float | None = None
    names: tuple[str, str] = ("", "")
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        size, names = value, ("minimum", "maximum")
    elif isinstance(value, str):
        size, names = len(value), ("minLength", "maxLength")
    elif isinstance(value, list):
        size, names = len(value), ("minItems", "maxItems")
    for name in names:
        bound = schema.get(name)
        if size is None or not isinstance(bound, int | float) or isinstance(bound, bool):
            continue
        if size < bound if name.startswith("min") else size > bound:
            yield Fault(path, name, f"{bound}")


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, TYPES[kind])


def _same(a: Any, b: Any) -> bool:
    """Equal as JSON: true is not 1."""
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
