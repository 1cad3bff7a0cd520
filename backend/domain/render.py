"""Rendering: a published version becomes, for one channel and one person, a message. Pure; Jinja and nothing else.

`compile_version` is slow (milliseconds; keep the result per version), `render` is fast (tens of microseconds). A missing value is
DataMissing with its whole path before anything is sent.
"""

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, TypeAlias

import msgspec
from jinja2 import Template, TemplateError
from jinja2.exceptions import UndefinedError

from backend.domain.bounds import HTML, TEXT, links_read, parse, variables
from backend.domain.errors import DataMissing, HeaderUnsafe, Refusal, TemplateBounds, TemplateMissing
from backend.domain.follow import Follow, followed, marked
from backend.domain.html_text import tidy
from backend.domain.links import check_link
from backend.domain.markup import guard, mask
from backend.domain.sandbox import MAX_OUTPUT, MAX_TURNS, Names, fence, noted, short_range, traced
from backend.domain.template import (
    Action,
    Channel,
    ChannelContent,
    Content,
    EmailContent,
    EmailMessage,
    Message,
    PushMessage,
    SmsContent,
    SmsMessage,
    TemplateVersion,
    Variable,
    WebContent,
    WebMessage,
    fallbacks,
)

MAX_LINE = 500  # characters of a subject or title
MAX_SMS = 1_600  # characters; what providers take as one text
NAMESPACES = ("user", "event", "brand", "links")
_BODY = re.compile(r"<body\b(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", re.IGNORECASE)
_PREHEADER = '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{}</div>'

Values: TypeAlias = dict[str, Any]


class Piece:
    """One compiled text of a template. `where` names it in errors; a text without Jinja is kept as it is. `marks`: with those of `follow`."""

    __slots__ = ("_env", "_root", "_template", "fixed", "links", "variables", "where")

    def __init__(self, source: str, html: bool, where: str, *, marks: bool = False) -> None:
        self.where = where
        tree = parse(source, html, where)
        self.variables: list[Variable] = variables(tree, where)
        self.links = links_read(tree)
        if html:
            guarded = guard(source, where)[0]
            if marks:
                source = guarded = marked(guarded)
            tree = parse(guarded, html, where)
        self._env = HTML if html else TEXT
        self.fixed: str | None = source if "{{" not in source and "{%" not in source and "{#" not in source else None
        try:
            code = self._env.compile(fence(tree), where, where)
        except (RecursionError, MemoryError, SyntaxError):
            raise TemplateBounds(f"{where}: the source is too complex. Make it simpler.", where=where) from None
        self._template = Template.from_code(self._env, code, {})
        self._root = self._template.root_render_func

    def __call__(self, values: Values) -> str:
        """The text. `values` come from `scope`."""
        if self.fixed is not None:
            return self.fixed
        try:
            return self._env.concat(self._root(Names(self._env, values, self.where)))
        except UndefinedError as error:
            raise DataMissing(str(error.message)) from None
        except Refusal as error:
            facts = {**error.facts, "where": self.where, **self._at(error)}
            raise type(error)(f"{self.where}{self._line(error)}: {error.detail}", **facts) from None
        except (
            TemplateError,
            TypeError,
            ValueError,
            ArithmeticError,
            LookupError,
            AttributeError,
            RecursionError,
            AssertionError,
        ) as error:
            what = re.sub(r"\w+\(\) got|\w+\(\) (takes|missing)", "the filter got", str(error))[:200]
            raise TemplateBounds(
                f"{self.where}{self._line(error)}: this does not work with the data given: {what}. Check the value or the filter.",
                where=self.where,
                **self._at(error),
            ) from None

    def _line(self, error: BaseException) -> str:
        """', line 3', or nothing when it is not one line's fault (the whole is too long)."""
        return "".join(f", line {line}" for line in self._at(error).values())

    def _at(self, error: BaseException) -> dict[str, int]:
        """The line as a fact, when there is one."""
        trace, at = error.__traceback__, {}
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.where:
                at = {"line": self._template.get_corresponding_lineno(trace.tb_lineno)}
            trace = trace.tb_next
        return at


Make: TypeAlias = Callable[[Values], Message]


class Compiled:
    """A version ready to render: per channel and locale one way to make the message. Immutable; share it freely in one process.
    `marks`: its mails have those of `follow`, which `render` takes out."""

    __slots__ = ("brand", "key", "make", "marks", "pieces", "version")

    def __init__(self, key: str, version: int, *, marks: bool = False) -> None:
        self.key, self.version, self.marks = key, version, marks
        self.brand: dict[str, str] | None = None  # of the day it was published; None: whatever the context says
        self.make: dict[tuple[Channel, str], Make] = {}
        self.pieces: dict[tuple[Channel, str], list[Piece]] = {}

    def find(self, channel: Channel, locale: str) -> tuple[Channel, str] | None:
        """Where the content for a reader is: the nearest locale that has this channel. None: not on this channel."""
        for tag in fallbacks(locale):
            if (channel, tag) in self.make:
                return channel, tag
        return None


def compile_version(version: TemplateVersion, *, marks: bool = False) -> Compiled:
    """Compile every channel and locale of a version; with `marks`, links of its mails can be followed. TemplateSyntax or TemplateBounds name
    channel, field and line."""
    compiled = compile_content(version.content, version.key, version.version, marks=marks)
    compiled.brand = version.brand
    return compiled


def compile_content(content: Content, key: str = "", version: int = 0, *, marks: bool = False) -> Compiled:
    """The same for content that has no version yet."""
    compiled = Compiled(key, version, marks=marks)
    for locale, channel, one in content.each():
        at = (channel, locale.replace("_", "-").lower())
        pieces: list[Piece] = []
        compiled.make[at] = _maker(channel, one, f"{channel}" + (f" [{locale}]" if locale else ""), pieces, marks=marks)
        compiled.pieces[at] = pieces
    return compiled


def _maker(channel: Channel, content: ChannelContent, where: str, pieces: list[Piece], *, marks: bool) -> Make:
    def piece(source: str, name: str, html: bool = False) -> Piece:
        made = Piece(source, html, f"{where} {name}", marks=marks and html)
        pieces.append(made)
        return made

    if isinstance(content, EmailContent):
        return _mail(content, piece)
    if isinstance(content, SmsContent):
        text = piece(content.text, "text")
        return lambda values: SmsMessage(_short(_something(text(values).strip(), text.where), MAX_SMS, text.where))
    return _notice(channel, content, piece)


def _mail(content: EmailContent, piece: Callable[..., Piece]) -> Make:
    subject = piece(content.subject, "subject")
    preheader = piece(content.preheader, "preheader")
    html = piece(_with_preheader(content), "html", html=True)
    text = piece(content.text, "text")

    def make(values: Values) -> EmailMessage:
        return EmailMessage(
            _line(subject(values), subject.where), html(values), tidy(text(values)), preheader(values) if content.preheader else ""
        )

    return make


def _with_preheader(content: EmailContent) -> str:
    """The HTML with the preheader hidden at the top of its body, where mail programs look for it."""
    body = _BODY.search(content.html)
    if not content.preheader or body is None:
        return content.html
    parse(content.preheader, False, "email preheader")
    masked = mask(content.preheader)
    hidden = _PREHEADER.format(masked.restore(escape(masked.html, quote=False)))
    return content.html[: body.end()] + hidden + content.html[body.end() :]


def _notice(channel: Channel, content: Any, piece: Callable[..., Piece]) -> Make:
    kind: type[PushMessage | WebMessage] = WebMessage if isinstance(content, WebContent) else PushMessage
    title, body = piece(content.title, "title"), piece(content.body, "body")
    image, link = piece(content.image, "image"), piece(content.link, "link")
    actions = [(a.key, piece(a.label, f"action {a.key} label"), piece(a.link, f"action {a.key} link")) for a in content.actions]

    def make(values: Values) -> Message:
        return kind(
            _line(title(values), title.where),
            body(values).strip(),
            _address(image, values),
            _address(link, values),
            tuple(Action(key, _line(label(values), label.where), _address(to, values)) for key, label, to in actions) if actions else (),
        )

    return make


def _address(piece: Piece, values: Values) -> str:
    if piece.fixed == "":
        return ""
    try:
        return check_link(piece(values).strip())
    except Refusal as error:
        if error.detail.startswith(piece.where):
            raise
        raise type(error)(f"{piece.where}: {error.detail}", **{**error.facts, "where": piece.where}) from None


def _line(text: str, where: str) -> str:
    line = text.strip()
    if len(line.splitlines()) > 1 or "\r" in line or "\n" in line:
        raise HeaderUnsafe(f"{where}: a value brings a line break, and this must be one line. Remove it from the value.", where=where)
    return _short(_something(line, where), MAX_LINE, where)


def _something(text: str, where: str) -> str:
    if not text:
        raise TemplateBounds(f"{where}: nothing is left when it is rendered. It needs a text.", where=where)
    return text


def _short(text: str, most: int, where: str) -> str:
    if len(text) > most:
        raise TemplateBounds(
            f"{where}: {len(text):,} characters; {most:,} are allowed. Shorten it, for example with |truncate.", where=where
        )
    return text


def scope(context: Mapping[str, Any], locale: str = "") -> Values:
    """The names a template sees: user, event, brand, links, data, and the keys of data at the top where no other name is hidden."""
    data = context.get("data")
    data = {} if data is None else data
    values: Values = {**data, "data": data, "range": short_range}
    for name in NAMESPACES:
        found = context.get(name)
        values[name] = {} if found is None else found
    values["_turns"] = [MAX_TURNS]
    values["_locale"] = locale or values["user"].get("locale") or ""
    return values


def render(compiled: Compiled, channel: Channel, context: Mapping[str, Any], locale: str = "", follow: Follow | None = None) -> Message:
    """The message for one person. `context` has user, data, event, brand, links (dictionaries of plain JSON values). `follow`: of a mail whose
    opens and clicks are counted.

    DataMissing names every missing value; TemplateMissing: nothing for this channel; TemplateBounds, LinkUnsafe, HeaderUnsafe:
    what came out may not be sent.
    """
    at = compiled.find(channel, locale)
    if at is None:
        raise TemplateMissing(f"The template {compiled.key!r} says nothing for {channel}. Add content for it, or leave the channel out.")
    if compiled.brand is not None:
        context = {**context, "brand": compiled.brand}
    values = scope(context, locale)
    try:
        message = compiled.make[at](values)
        if compiled.marks and isinstance(message, EmailMessage):
            message = EmailMessage(message.subject, followed(message.html, follow), message.text, message.preheader)
        return message
    except DataMissing as error:
        names = missing(compiled, channel, context, locale) or [error.detail]
        raise DataMissing(
            f"The template {compiled.key!r} needs {', '.join(names[:10])}, and the event does not bring it. "
            "Send it, or give the template a default: {{ name|default('...') }}.",
            missing=names,
        ) from None


def missing(compiled: Compiled, channel: Channel, context: Mapping[str, Any], locale: str = "") -> list[str]:
    """The paths (`data.order.total`) that rendering would miss, in the order of use; [] when all is there.

    Only looks at the branches this context takes. Never raises for the rest: what else is wrong, `render` says.
    """
    at = compiled.find(channel, locale)
    if at is None:
        return []
    named = {k: traced(context.get(k) or {}, k) for k in (*NAMESPACES, "data")}
    found: list[str] = []
    token = noted.set(found)
    try:
        for piece in compiled.pieces[at]:
            values = scope(named, locale)
            try:
                piece(values)
            except Refusal:
                continue
    finally:
        noted.reset(token)
    return list(dict.fromkeys(p if p.split(".")[0].split("[")[0] in (*NAMESPACES, "data") else f"data.{p}" for p in found))


def encoded_size(message: Message) -> int:
    """Bytes of a message as JSON, for limits of providers."""
    return len(msgspec.json.encode(message))


__all__ = ["MAX_OUTPUT", "Compiled", "compile_content", "compile_version", "encoded_size", "missing", "render", "scope"]
