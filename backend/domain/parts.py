"""Layouts and partials: texts that templates of a space share. They are put in before anything is parsed.

So a published version holds what its layout and partials said on that day, and never changes when they do. `place` leads an
error in the put-together text back to the text somebody typed.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from backend.domain.errors import Refusal, TemplateBounds, TemplateSyntax
from backend.domain.template import Content, EmailContent

PartKind: TypeAlias = Literal["layout", "partial"]
KINDS: tuple[PartKind, ...] = ("layout", "partial")
MAX_DEPTH = 4  # partials inside partials
MAX_WHOLE = 512 * 1024  # characters of a text with everything put in
NAME = r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
_INCLUDE = re.compile(rf"\{{%[-+]?\s*include\s+(?:\"({NAME})\"|'({NAME})')\s*[-+]?%\}}")
_CONTENT = re.compile(r"\{%[-+]?\s*content\s*[-+]?%\}")
_NAMED = re.compile(r"'([^']{1,80})'|\bno ((?:user|event|brand|links)\.\w+)")  # what a complaint is about
_JINJA = re.compile(r"\{\{|\{%")


class Part(Struct, frozen=True):
    """A layout or partial as it is now; `revision` grows with every change."""

    kind: PartKind
    key: str
    source: str
    revision: int = 0

    @property
    def name(self) -> str:
        """`layout:standard`."""
        return f"{self.kind}:{self.key}"


Shelf: TypeAlias = Mapping[str, Part]  # name -> part


class Piece(Struct, frozen=True):
    """Where one stretch of a put-together text comes from: `origin` "" for the template's own source, else a part's name."""

    at: int  # offset in the whole
    origin: str
    offset: int  # in the origin's source


class Whole(Struct):
    """A text with everything put in."""

    text: str
    pieces: list[Piece]
    sources: dict[str, str]
    used: dict[str, int]  # part -> revision

    def place(self, line: int, detail: str = "") -> tuple[str, int, int]:
        """(origin, line, column) of an error that was met in this line of the whole; columns count from 1."""
        start = 0
        for _ in range(line - 1):
            found = self.text.find("\n", start)
            if found < 0:
                break
            start = found + 1
        end = self.text.find("\n", start)
        here = self.text[start : end if end >= 0 else len(self.text)]
        at = start + _column(here, detail)
        piece = self.pieces[max(0, bisect_right([p.at for p in self.pieces], at) - 1)]
        source = self.sources[piece.origin]
        offset = min(piece.offset + at - piece.at, len(source))
        return piece.origin, source.count("\n", 0, offset) + 1, offset - (source.rfind("\n", 0, offset) + 1) + 1


def _column(line: str, detail: str) -> int:
    """Where in a line an error is most likely: at the name it gives, else at the first piece of Jinja, else at the first character."""
    for quoted, path in _NAMED.findall(detail):
        bare = (quoted or path).removeprefix(".")
        if bare and (found := line.find(bare)) >= 0:
            return found
    if jinja := _JINJA.search(line):
        return jinja.start()
    return len(line) - len(line.lstrip())


def put_together(source: str, where: str, shelf: Shelf, layout: str = "") -> Whole:
    """The source inside its layout, with its partials. `TemplateSyntax` for a part that is not there, with its line."""
    whole = Whole("", [], {"": source}, {})
    out: list[str] = []
    _add(whole, out, "", source, where, shelf, layout=layout)
    whole.text = "".join(out)
    return whole


def _add(whole: Whole, out: list[str], origin: str, source: str, where: str, shelf: Shelf, *, layout: str = "", depth: int = 0) -> None:
    if layout:
        part = _part(whole, "layout", layout, where, shelf, source, 0)
        marks = list(_CONTENT.finditer(part.source))
        if len(marks) != 1:
            raise TemplateSyntax(
                f"{where}: the layout '{layout}' has {len(marks)} places for the content. Write {{% content %}} in it once.", where=where, part=part.name
            )
        _pieces(whole, out, part.name, part.source[: marks[0].start()], 0, where, shelf, depth)
        _pieces(whole, out, origin, source, 0, where, shelf, depth)
        _pieces(whole, out, part.name, part.source[marks[0].end() :], marks[0].end(), where, shelf, depth)
        return
    _pieces(whole, out, origin, source, 0, where, shelf, depth)


def _pieces(whole: Whole, out: list[str], origin: str, text: str, offset: int, where: str, shelf: Shelf, depth: int) -> None:
    """Append `text`, which stands at `offset` of its origin, with its partials put in."""
    position = 0
    for mark in _INCLUDE.finditer(text):
        _append(whole, out, origin, text[position : mark.start()], offset + position)
        position = mark.end()
        line = text.count("\n", 0, mark.start()) + 1
        if depth >= MAX_DEPTH:
            raise TemplateBounds(
                f"{where}, line {line}: partials inside partials more than {MAX_DEPTH} deep, or one that includes itself. Take one out.",
                where=where, line=line, part=origin,
            )  # fmt: skip
        part = _part(whole, "partial", mark.group(1) or mark.group(2), where, shelf, text, mark.start())
        _pieces(whole, out, part.name, part.source.rstrip("\n"), 0, where, shelf, depth + 1)
    _append(whole, out, origin, text[position:], offset + position)


def _append(whole: Whole, out: list[str], origin: str, text: str, offset: int) -> None:
    size = whole.pieces[-1].at + len(out[-1]) if whole.pieces else 0
    if size + len(text) > MAX_WHOLE:
        raise TemplateBounds(f"A text with its layout and partials is longer than {MAX_WHOLE // 1024} KB. Make it shorter.")
    whole.pieces.append(Piece(size, origin, offset))
    out.append(text)


def _part(whole: Whole, kind: PartKind, key: str, where: str, shelf: Shelf, text: str, at: int) -> Part:
    part = shelf.get(f"{kind}:{key}")
    if part is None:
        line = text.count("\n", 0, at) + 1
        raise TemplateSyntax(
            f"{where}, line {line}: there is no {kind} '{key}'. Make it under Templates, Layouts and partials, or choose another.",
            where=where, channel=where.split(" ", maxsplit=1)[0], line=line, column=at - text.rfind("\n", 0, at), field=kind,
        )  # fmt: skip
    whole.sources[part.name] = part.source
    whole.used[part.name] = part.revision
    return part


class Assembled(Struct):
    """Content with everything put in; `wholes` by where ('email [de] html'), for the way back; `used`: part -> revision."""

    content: Content
    wholes: dict[str, Whole]
    used: dict[str, int]


def assemble(content: Content, shelf: Shelf) -> Assembled:
    """Every text of a content with its parts put in. Without parts it is the same content, and only the way back is noted."""
    made = Assembled(content, {}, {})
    made.content = _assembled(content, "", shelf, made)
    return made


def _assembled(content: Content, label: str, shelf: Shelf, made: Assembled) -> Content:
    changed: dict[str, object] = {}
    for channel in ("email", "push", "sms", "web"):
        one = getattr(content, channel)
        if one is None:
            continue
        texts: dict[str, str] = {}
        for field in ("subject", "preheader", "html", "text", "title", "body"):
            source = getattr(one, field, "")
            if not source:
                continue
            where = f"{channel}{label} {field}"
            layout = one.layout if isinstance(one, EmailContent) and field == "html" else ""
            whole = put_together(source, where, shelf, layout)
            made.wholes[where] = whole
            made.used |= whole.used
            texts[field] = whole.text
        if isinstance(one, EmailContent):
            texts["layout"] = ""
        changed[channel] = msgspec.structs.replace(one, **texts)
    locales = {tag: _assembled(inner, f" [{tag}]", shelf, made) for tag, inner in content.locales.items()}
    return msgspec.structs.replace(content, locales=locales, **changed)


def led_back(error: Refusal, wholes: Mapping[str, Whole]) -> Refusal:
    """The same refusal with line and column of the text somebody typed, and the part it stands in."""
    where, line = str(error.facts.get("where", "")), error.facts.get("line")
    whole = wholes.get(where)
    if whole is None or not isinstance(line, int) or "column" in error.facts:
        return error
    origin, there, column = whole.place(line, error.detail)
    facts = {**error.facts, "line": there, "column": column, **({"part": origin} if origin else {})}
    detail = error.detail
    if origin:
        kind, _, key = origin.partition(":")
        detail = detail.replace(f"{where}, line {line}", f"{where}, {kind} '{key}', line {there}")
    elif there != line:
        detail = detail.replace(f"{where}, line {line}", f"{where}, line {there}")
    return type(error)(detail, **facts)


def includes(source: str) -> list[str]:
    """Keys of the partials a source names, in order."""
    return list(dict.fromkeys(a or b for a, b in _INCLUDE.findall(source)))
