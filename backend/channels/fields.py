"""What was typed into the fields of a provider, checked: a provider is made of nothing else.

Everything is hostile until here. A line break or another control character never gets into a field that is not one of lines: it would end up in
a header, a command or a URL.
"""

import re
from collections.abc import Mapping

from backend.channels.kinds import Field, Kind
from backend.domain.errors import Invalid

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_CONTROL_OF_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NUMBER = re.compile(r"[0-9]{1,9}")
SHOWN = 60  # characters of a wrong value that a refusal repeats


def read(kind: Kind, typed: Mapping[str, str]) -> dict[str, str]:
    """The value of every field, with what usually stands in those that were left empty. Raises `Invalid`, naming field and repair."""
    unknown = sorted(typed.keys() - {field.name for field in kind.fields})
    if unknown:
        known = ", ".join(field.name for field in kind.fields)
        raise Invalid(f"{kind.name} has no field {unknown[0][:SHOWN]!r}. Its fields are {known}.", field=unknown[0][:SHOWN])
    return {field.name: _value(field, typed.get(field.name, "")) for field in kind.fields}


def _value(field: Field, typed: str) -> str:
    text = typed.replace("\r\n", "\n").strip() if field.form in ("lines", "secret_lines") else typed if field.secret else typed.strip()
    if len(text) > field.longest:
        raise _wrong(field, f"is {len(text)} characters long; at most {field.longest} fit. Shorten it, or look whether something else was pasted.")
    lined = field.form in ("lines", "secret_lines")
    if (_CONTROL_OF_LINES if lined else _CONTROL).search(text):
        raise _wrong(field, "holds a line break or another control character. Paste it again without it.")
    if not text:
        if field.usual or not field.required or field.form == "switch":
            return field.usual or ("0" if field.form == "switch" else "")
        raise _wrong(field, "is empty, and nothing can be sent without it. Fill it in.")
    match field.form:
        case "number":
            if not _NUMBER.fullmatch(text) or not field.low <= int(text) <= field.high:
                raise _wrong(field, f"is a number from {field.low} to {field.high}. Correct it.")
            text = str(int(text))
        case "choice":
            if text not in (names := [name for name, _ in field.choices]):
                raise _wrong(field, f"is one of {', '.join(names)}. Choose one of them.")
        case "switch":
            if text not in ("0", "1"):
                raise _wrong(field, 'is a switch: "1" or "0". Give one of them.')
        case _:
            pass
    if field.check is not None:
        try:
            field.check(text)
        except Invalid as wrong:
            raise Invalid(wrong.detail, **{**wrong.facts, "field": field.name}) from None
    return text


def _wrong(field: Field, what: str) -> Invalid:
    return Invalid(f"{field.title['en']} {what}", field=field.name)
