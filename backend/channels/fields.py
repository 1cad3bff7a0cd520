"""What was typed into the fields of a provider, checked: a provider is made of nothing else.

Everything is hostile until here. A line break or another control character never gets into a field that is not one of lines: it would end up in
a header, a command or a URL.
"""

import re
from collections.abc import Mapping

import msgspec

from backend.channels.kinds import Field, Given, Kind
from backend.domain.errors import Invalid
from backend.security.sealing import Sealer

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_CONTROL_OF_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NUMBER = re.compile(r"[0-9]{1,9}")
SHOWN = 60  # characters of a wrong value that a refusal repeats


def read(kind: Kind, typed: Mapping[str, str]) -> dict[str, str]:
    """The value of every field, with what usually stands, or is made, in those that were left empty. Raises `Invalid`, naming field and repair."""
    unknown = sorted(typed.keys() - {field.name for field in kind.fields})
    if unknown:
        known = ", ".join(field.name for field in kind.fields)
        raise Invalid(f"{kind.name} has no field {unknown[0][:SHOWN]!r}. Its fields are {known}.", field=unknown[0][:SHOWN])
    return {field.name: _value(field, typed.get(field.name, "")) for field in kind.fields}


def _value(field: Field, typed: str) -> str:
    title, lined = field.title["en"], field.form in ("lines", "secret_lines")
    text = typed.replace("\r\n", "\n").strip() if lined else typed if field.secret else typed.strip()
    if len(text) > field.longest:
        raise Invalid(
            f"{title} is {len(text)} characters long; at most {field.longest} fit. Shorten it, or look whether something else was pasted.", field=field.name
        )
    if (_CONTROL_OF_LINES if lined else _CONTROL).search(text):
        raise Invalid(f"{title} holds a line break or another control character. Paste it again without it.", field=field.name)
    if not text and field.make is not None:
        return field.make()
    if not text:
        if field.usual or not field.required or field.form == "switch":
            return field.usual or ("0" if field.form == "switch" else "")
        raise Invalid(f"{title} is empty, and nothing can be sent without it. Fill it in.", field=field.name)
    match field.form:
        case "number":
            if not _NUMBER.fullmatch(text) or not field.low <= int(text) <= field.high:
                raise Invalid(f"{title} is a number from {field.low} to {field.high}. Correct it.", field=field.name)
            text = str(int(text))
        case "choice":
            if text not in (names := [name for name, _ in field.choices]):
                raise Invalid(f"{title} is one of {', '.join(names)}. Choose one of them.", field=field.name)
        case "switch":
            if text not in ("0", "1"):
                raise Invalid(f'{title} is a switch: "1" or "0". Give one of them.', field=field.name)
        case _:
            pass
    if field.check is not None:
        try:
            field.check(text)
        except Invalid as wrong:
            raise Invalid(wrong.detail, **{**wrong.facts, "field": field.name}) from None
    return text


# ---- as they are kept: what is secret sealed, for this very provider
PURPOSE = "provider"
_texts = msgspec.json.Decoder(dict[str, str])


def kept(kind: Kind, known: str, fields: Mapping[str, str], sealer: Sealer) -> tuple[str, bytes]:
    """(JSON of what is open, sealed JSON of what is secret) of the provider that is known as `known`."""
    secret = {field.name: fields[field.name] for field in kind.fields if field.secret and fields.get(field.name)}
    plain = {field.name: fields.get(field.name, "") for field in kind.fields if not field.secret}
    return msgspec.json.encode(plain).decode(), sealer.seal(PURPOSE, msgspec.json.encode(secret), known.encode())


def secrets_of(known: str, sealed: bytes, sealer: Sealer) -> dict[str, str]:
    """What is secret, open. Raises `Unsealable`."""
    return _texts.decode(sealer.unseal(PURPOSE, sealed, known.encode()))


def plain_of(text: str) -> dict[str, str]:
    """What is open."""
    return _texts.decode(text)


def given_of(kind: Kind, known: str, plain: str, sealed: bytes, sealer: Sealer, base_url: str) -> Given:
    """What a provider is made of, from what was kept of it. Fields that its kind has gained since stand as usual. Raises `Invalid`, `Unsealable`."""
    have = {**plain_of(plain), **secrets_of(known, sealed, sealer)}
    names = {field.name for field in kind.fields}
    return Given(known, read(kind, {name: value for name, value in have.items() if name in names}), hook_of(base_url, known) if kind.hear else "")


def hook_of(base_url: str, known: str) -> str:
    """The address at which its outside tells us what became of messages."""
    return f"{base_url}/hooks/{known}"
