"""What is wrong with a draft, and where: every complaint about one channel in one language at once, and how it would look.

Pure, but at the mercy of what was typed: run it in the jail. `publish` refuses at the first of these; here all are told.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from backend.domain.bounds import check_data, merge, parse
from backend.domain.errors import DataMissing, Refusal
from backend.domain.parts import Shelf, Whole, led_back, put_together
from backend.domain.publish import check_shape, ready_mail, synthesise
from backend.domain.render import NAMESPACES, Piece, compile_content, missing, render
from backend.domain.template import Channel, Content, EmailContent, Message, Variable, fallbacks

SHOWN = 20  # problems of one check


class Problem(Struct, frozen=True):
    """One complaint. `part`: the layout or partial it stands in, "" for the text itself. `line` 0: the text as a whole."""

    channel: str
    locale: str  # "": the outer language
    field: str
    text: str
    line: int = 0
    column: int = 0
    part: str = ""
    kind: Literal["error", "missing"] = "error"


class Look(Struct, frozen=True):
    """What a check found for one channel as a reader of one language has it. `locale`: whose content that is ("" the outer one).

    `message` is None when it says nothing there, or cannot be rendered; `missing` are values neither sample nor default gives.
    """

    problems: tuple[Problem, ...]
    variables: tuple[Variable, ...]
    locale: str | None = None
    message: Message | None = None
    missing: tuple[str, ...] = ()
    made: dict[str, Any] = {}  # `data` as the variables read it, for samples that were left out


def look(content: Content, channel: Channel, locale: str, context: Mapping[str, Any], shelf: Shelf) -> Look:
    """Check the content that a reader of `locale` gets on `channel`, and render it. `context` as for `render`."""
    found = nearest(content, channel, locale)
    if found is None:
        return Look((), ())
    tag, one = found
    problems: list[Problem] = []
    wholes: dict[str, Whole] = {}
    variables: dict[str, Variable] = {}
    label = channel + (f" [{tag}]" if tag else "")
    try:
        check_shape(content)
    except Refusal as error:
        problems.append(_problem(error, channel, tag, str(error.facts.get("field", ""))))
    texts: dict[str, str] = {}
    for field, source, html in texts_of(one):
        where = f"{label} {field}"
        try:
            whole = put_together(source, where, shelf, one.layout if isinstance(one, EmailContent) and field == "html" else "")
            wholes[where] = whole
            texts[field] = whole.text
            for variable in _read(whole.text, html, where):
                merge(variables, variable)
        except Refusal as error:
            problems.append(_problem(led_back(error, wholes), channel, tag, field))
    known = tuple(variables.values())
    if problems:
        return Look(tuple(problems[:SHOWN]), known, tag)
    return _shown(one, texts, channel, tag, context, known, wholes)


def _read(source: str, html: bool, where: str) -> list[Variable]:
    """What a text reads; refusals for what it may not say."""
    if html:
        parse(source, True, where)
        ready_mail(EmailContent("", source), where.removesuffix(" html"))
    return Piece(source, html, where).variables


def _shown(
    one: Any, texts: dict[str, str], channel: Channel, tag: str, context: Mapping[str, Any], known: tuple[Variable, ...], wholes: dict[str, Whole]
) -> Look:
    """Rendered with what there is: first as it stands, then, when values are missing, with made-up ones in their places."""
    ready = msgspec.structs.replace(one, **{k: v for k, v in texts.items() if k in one.__struct_fields__})
    label = f"{channel} [{tag}]" if tag else channel
    try:
        if isinstance(ready, EmailContent):
            ready = ready_mail(msgspec.structs.replace(ready, layout=""), label)
        single = Content(**{channel: ready}) if not tag else Content(locales={tag: Content(**{channel: ready})})
        compiled = compile_content(single, "draft")
        check_data(dict(context.get("data") or {}))
        made = synthesise(known, dict(context.get("data") or {}))
        lacking = tuple(missing(compiled, channel, context, tag))
        if lacking:
            whole = {**made, **{name: {**made.get(name, {}), **(context.get(name) or {})} for name in NAMESPACES}}
            message = render(compiled, channel, whole, tag)
            return Look(tuple(_absent(path, one, channel, tag) for path in lacking[:SHOWN]), known, tag, message, lacking, made["data"])
        return Look((), known, tag, render(compiled, channel, context, tag), (), made["data"])
    except DataMissing as error:
        return Look((_problem(error, channel, tag, ""),), known, tag, None, tuple(error.facts.get("missing", ())))
    except Refusal as error:
        return Look((_problem(led_back(error, wholes), channel, tag, _field_of(error, label)),), known, tag)


def nearest(content: Content, channel: Channel, locale: str) -> tuple[str, Any] | None:
    """(tag, content) of the nearest language that says something on this channel, as rendering finds it."""
    held = {"": content, **{tag.replace("_", "-").lower(): inner for tag, inner in content.locales.items()}}
    names = {tag.replace("_", "-").lower(): tag for tag in content.locales}
    for tag in fallbacks(locale):
        if tag in held and (one := held[tag].on(channel)) is not None:
            return names.get(tag, ""), one
    return None


def texts_of(one: Any) -> Iterator[tuple[str, str, bool]]:
    """(field, source, whether it is HTML) of every text of one channel's content, in the order people read them."""
    for field in ("subject", "preheader", "html", "text", "title", "body", "image", "link"):
        if (source := getattr(one, field, None)) is not None:
            yield field, source, field == "html"
    for action in getattr(one, "actions", ()):
        yield f"action {action.key} label", action.label, False
        yield f"action {action.key} link", action.link, False


def _field_of(error: Refusal, label: str) -> str:
    return str(error.facts.get("where", "")).removeprefix(label).strip()


def _problem(error: Refusal, channel: str, tag: str, field: str) -> Problem:
    line, column = error.facts.get("line", 0), error.facts.get("column", 0)
    where = str(error.facts.get("where", ""))
    text = error.detail.removeprefix(where).lstrip(" :") if where else error.detail
    if where and text.startswith(","):  # ", line 3: ..."
        text = text.partition(": ")[2] or text
    text = text[:1].upper() + text[1:]
    return Problem(channel, tag, field, text, line if isinstance(line, int) else 0, column if isinstance(column, int) else 0, str(error.facts.get("part", "")))


def _absent(path: str, one: Any, channel: str, tag: str) -> Problem:
    """A value that nothing gives, at the first text that reads it."""
    short = path.removeprefix("data.").split("[")[0]
    for field, source, _ in texts_of(one):
        at = source.find(short)
        if at >= 0:
            line = source.count("\n", 0, at) + 1
            return Problem(channel, tag, field, path, line, at - source.rfind("\n", 0, at), kind="missing")
    return Problem(channel, tag, "", path, kind="missing")
