"""A draft as its separate texts: what changed between two, and how two editors' changes come together without a loss."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from backend.domain.template import CHANNELS, Action, Channel, Content, EmailContent, PushContent, SmsContent, WebContent

Field: TypeAlias = tuple[str, Channel, str]  # locale ("" the outer one), channel, field
KINDS: dict[Channel, type[Any]] = {"email": EmailContent, "push": PushContent, "sms": SmsContent, "web": WebContent}
DIFF_LINES = 2_000  # of one text; a longer one is shown as replaced
AROUND = 2  # lines shown around a change


class Draft(Struct, frozen=True, omit_defaults=True):
    """What `templates.draft` holds. `samples` is the `data` of previews; `schema` describes it."""

    content: Content
    samples: dict[str, Any] = {}
    schema: dict[str, Any] = {}


class Line(Struct, frozen=True):
    """One line of a difference: `mark` is same, gone, new, or gap (lines that did not change and are left out)."""

    mark: Literal["same", "gone", "new", "gap"]
    text: str
    old: int = 0
    new: int = 0


class Change(Struct, frozen=True):
    """One text that differs."""

    locale: str
    channel: str
    field: str
    lines: tuple[Line, ...]


def texts(content: Content) -> dict[Field, str]:
    """Every text of a content; actions as one text of a line each."""
    found: dict[Field, str] = {}
    for locale, channel, one in content.each():
        for name in one.__struct_fields__:
            value = getattr(one, name)
            found[locale, channel, name] = actions_text(value) if name == "actions" else value
    return found


def built(values: Mapping[Field, str]) -> Content:
    """The content of such texts. A channel is there when any of its texts is, filled or not."""
    held: dict[str, dict[Channel, dict[str, Any]]] = {}
    for (locale, channel, name), text in values.items():
        held.setdefault(locale, {}).setdefault(channel, {})[name] = actions_of(text) if name == "actions" else text
    made = {locale: Content(**{c: _of(c, fields) for c, fields in channels.items()}) for locale, channels in held.items()}
    outer = made.pop("", Content())
    return msgspec.structs.replace(outer, locales=dict(sorted(made.items())))


def _of(channel: Channel, fields: dict[str, Any]) -> Any:
    kind = KINDS[channel]
    names = kind.__struct_fields__
    needed = dict.fromkeys(names[:len(names) - len(kind.__struct_defaults__)], "")
    return kind(**{**needed, **{name: value for name, value in fields.items() if name in names}})


def actions_text(actions: tuple[Action, ...]) -> str:
    """`follow | Follow your parcel | https://...`, a line each."""
    return "\n".join(f"{a.key} | {a.label} | {a.link}" for a in actions)


def actions_of(text: str) -> tuple[Action, ...]:
    """The way back; lines without a key and label are left out."""
    made = []
    for line in text.splitlines():
        key, _, rest = line.partition("|")
        label, _, link = rest.rpartition("|") if rest.count("|") else (rest, "", "")
        if key.strip() or label.strip():
            made.append(Action(key.strip(), label.strip(), link.strip()))
    return tuple(made)


def empty(channel: Channel) -> Any:
    """A channel that says nothing yet."""
    return _of(channel, {})


def changes(old: Content, new: Content) -> list[Change]:
    """Every text that differs, in the order languages and channels have."""
    before, after = texts(old), texts(new)
    keys = sorted(before.keys() | after.keys(), key=lambda k: (k[0], CHANNELS.index(k[1]), _place(k)))
    return [
        Change(*key, lines=tuple(_lines(before.get(key, ""), after.get(key, ""))))
        for key in keys
        if before.get(key, "") != after.get(key, "")
    ]


def _place(key: Field) -> int:
    names = KINDS[key[1]].__struct_fields__
    return names.index(key[2]) if key[2] in names else len(names)


def _lines(old: str, new: str) -> list[Line]:
    a, b = old.split("\n") if old else [], new.split("\n") if new else []
    if len(a) > DIFF_LINES or len(b) > DIFF_LINES:
        head = [Line("gone", text, n + 1) for n, text in enumerate(a[:50])] + [Line("new", text, 0, n + 1) for n, text in enumerate(b[:50])]
        return [*head, Line("gap", "")]
    out: list[Line] = []
    groups = list(SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(AROUND))
    for n, group in enumerate(groups):
        if group[0][1] or n:
            out.append(Line("gap", ""))
        for kind, i1, i2, j1, j2 in group:
            if kind == "equal":
                out += [Line("same", text, i1 + k + 1, j1 + k + 1) for k, text in enumerate(a[i1:i2])]
            else:
                out += [Line("gone", text, i1 + k + 1) for k, text in enumerate(a[i1:i2])]
                out += [Line("new", text, 0, j1 + k + 1) for k, text in enumerate(b[j1:j2])]
    if groups and groups[-1][-1][2] < len(a):
        out.append(Line("gap", ""))
    return out


class Merged(Struct, frozen=True):
    """Two editors' texts together. `torn`: texts both changed, each its own way; there the merged content has `mine`."""

    content: Content
    torn: tuple[Field, ...]


def merge(base: Content, mine: Content, theirs: Content) -> Merged:
    """Each text from whoever changed it since `base`; a text both changed is torn, and chosen by a person.

    A channel that one took away and the other one wrote on stays: taking away is quickly done again, writing is not.
    """
    was, one, other = texts(base), texts(mine), texts(theirs)
    spoken = [{key[:2] for key in held} for held in (was, one, other)]
    made: dict[Field, str] = {}
    torn: list[Field] = []
    for key in {**was, **other, **one}:
        first = was.get(key, "")
        here = one.get(key, "") if key[:2] in spoken[1] else first
        there = other.get(key, "") if key[:2] in spoken[2] else first
        if here not in (first, there) and there != first:
            torn.append(key)
        made[key] = there if here == first else here
    for channel in spoken[0] - (spoken[1] & spoken[2]):  # somebody took it away
        keys = [key for key in made if key[:2] == channel]
        if all(made[key] == was.get(key, "") for key in keys):
            for key in keys:
                del made[key]
    return Merged(built(made), tuple(key for key in torn if key in made))


def chosen(merged: Merged, theirs: Content, take_theirs: set[Field]) -> Content:
    """The merged content with some of the torn texts as the other editor has them."""
    values, other = texts(merged.content), texts(theirs)
    values.update({key: other.get(key, "") for key in take_theirs & set(merged.torn)})
    return built(values)
