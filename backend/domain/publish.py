"""Publishing: content that was typed becomes content that can be sent. Pure, but slow and at the mercy of what was typed: run it in
the jail (`backend.security.jail`).

CSS is inlined, the text part of mails is made, every channel of every locale is rendered with samples; variables are listed. What
fails names channel, field and line.
"""

import re
from html import unescape
from typing import Any

import css_inline
import msgspec
from msgspec import Struct

from backend.domain.bounds import check_data, merge, parse, syntax
from backend.domain.errors import DataMissing, Invalid, Refusal
from backend.domain.html_text import text_of
from backend.domain.markup import Masked, guard
from backend.domain.parts import Shelf, assemble, led_back
from backend.domain.render import compile_content, render
from backend.domain.template import Content, EmailContent, Message, Variable

_IMPLIED = frozenset({"html", "head", "body", "tbody", "colgroup", "meta"})  # an HTML parser adds these by itself
_TAG = re.compile(
    r"<!--!(?P<mark>[a-z0-9]+)-->|<!--.*?-->|<![^>]*>|<(?P<name>/?[a-zA-Z][a-zA-Z0-9]*)(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", re.DOTALL
)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
MAX_LOCALES = 40

SAMPLE_CONTEXT: dict[str, Any] = {
    "user": {
        "id": "mia",
        "name": "Mia Berger",
        "email": "mia@example.com",
        "phone": "+4915112345678",
        "timezone": "Europe/Berlin",
        "locale": "en",
        "attributes": {},
    },
    "event": {
        "id": "sample",
        "type": "sample",
        "category": "orders",
        "timestamp": "2026-03-01T12:00:00Z",
        "title": "Your order is on its way",
        "message": "It left our warehouse this morning.",
    },
    "brand": {"name": "Example", "color": "#4f46e5", "logo": "", "url": "https://example.com", "address": "1 Example Street"},
    "links": {name: f"https://example.com/{name}" for name in ("unsubscribe", "preferences", "why")},
}


class Rendered(Struct, frozen=True):
    """One message made with the samples; `locale` '' is the outer language."""

    locale: str
    channel: str
    message: Message


class Published(Struct, frozen=True):
    """What publishing gives: content ready to send, what it reads, the samples used, how it looks with them."""

    content: Content
    variables: tuple[Variable, ...]
    samples: dict[str, Any]
    messages: tuple[Rendered, ...]
    parts: dict[str, int] = {}


def publish(content: Content, samples: dict[str, Any] | None = None, shelf: Shelf | None = None) -> Published:
    """Check and prepare everything. TemplateSyntax, TemplateBounds, LinkUnsafe, HeaderUnsafe or DataMissing say what to change.

    `samples` is the `data` of a typical event; what it leaves out is made up from how the variable is used. `shelf` holds the
    layouts and partials of the space. Refusals that have a line have a column too, and `part` when it stands in one of those.
    """
    check_shape(content)
    assembled = assemble(content, shelf or {})
    try:
        return msgspec.structs.replace(_published(assembled.content, samples or {}), parts=assembled.used)
    except Refusal as error:
        raise led_back(error, assembled.wholes) from None


def _published(content: Content, samples: dict[str, Any]) -> Published:
    ready = _ready(content)
    compiled = compile_content(ready)
    found: dict[str, Variable] = {}
    for pieces in compiled.pieces.values():
        for piece in pieces:
            for variable in piece.variables:
                merge(found, variable)
    check_data(samples)
    context = synthesise(tuple(found.values()), samples)
    messages = []
    for locale, channel, _ in ready.each():
        try:
            messages.append(Rendered(locale, channel, render(compiled, channel, context, locale)))
        except DataMissing as error:
            names = error.facts.get("missing", [])
            raise DataMissing(
                f"{channel}: the samples do not bring {', '.join(names[:10])}. Add it to the samples, or give it a default.", missing=names
            ) from None
    return Published(ready, tuple(found.values()), context["data"], tuple(messages))


def check_shape(content: Content) -> None:
    """What holds for a content as a whole. Raises `Invalid`."""
    if not any(True for _ in content.each()):
        raise Invalid("The template says nothing on any channel. Add content for at least one of email, push, sms and web.")
    if len(content.locales) > MAX_LOCALES:
        raise Invalid(f"More than {MAX_LOCALES} locales. Use fewer, such as de instead of de-DE, de-AT and de-CH.", field="locales")
    for locale, inner in content.locales.items():
        if not _LOCALE.fullmatch(locale):
            raise Invalid(f"{locale[:40]!r} is no locale. Use a tag such as de or de-AT.", field="locales")
        if inner.locales:
            raise Invalid(f"The locale {locale!r} holds locales again. Put them side by side.", field="locales")
    for _, channel, one in content.each():
        actions = getattr(one, "actions", ())
        if len({a.key for a in actions}) < len(actions) or len(actions) > 4:
            raise Invalid(f"{channel}: at most four actions, each with its own key.", field="actions")


def _ready(content: Content, label: str = "") -> Content:
    locales = {tag: _ready(inner, f" [{tag}]") for tag, inner in content.locales.items()}
    mail = content.email and ready_mail(content.email, f"email{label}")
    return msgspec.structs.replace(content, email=mail, locales=locales)


def ready_mail(mail: EmailContent, channel: str) -> EmailContent:
    """The mail with its styles written into its elements, and its text part."""
    where = f"{channel} html"
    parse(mail.html, True, where)
    html = inline_css(mail.html, where)
    return msgspec.structs.replace(mail, html=html, text=mail.text or text_of(html))


def inline_css(source: str, where: str) -> str:
    """The HTML with its style rules written into the elements; @media and @font-face rules stay in <style>. Jinja stays intact.

    TemplateSyntax when HTML rules would move a piece of Jinja (a loop or value directly inside <table>, a tag never closed).
    """
    source, masked, text_blocks = guard(source, where)
    if "<style" not in source.lower():
        return source
    html = masked.html
    for name in text_blocks:
        html = html.replace(name, f"<!--!{name}-->")
    html = _with_tbody(html, masked)
    inliner = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
    try:
        inlined = inliner.inline(html)
    except css_inline.InlineError as error:
        raise syntax(where, 1, f"the styles cannot be read: {str(error)[:200]}. Check the <style> part.") from None
    before, after = _shape(html, masked), _shape(inlined, masked)
    if before != after:
        at = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
        marks = [m for part in before[max(0, at - 1) :] for m in masked.pattern.findall(part)]
        line = masked.tokens[marks[0]].line if marks else 1
        raise syntax(where, line, "the HTML would be moved apart here. Put values and loops of a table inside its rows and cells.")
    return masked.restore(inlined)


def _shape(html: str, masked: Masked) -> list[str]:
    """Tags that begin, tokens and words, in order, without what a parser adds or the inliner takes away."""
    shape: list[str] = []
    outside = re.sub(r"(?is)<style\b.*?</style>", "", html)
    position = 0
    for found in _TAG.finditer(outside):
        shape.extend(unescape(outside[position : found.start()]).split())
        name = (found["name"] or "").lower()
        if found["mark"] in masked.tokens:
            shape.append(found["mark"])
        elif name and not name.startswith("/") and name not in _IMPLIED:
            shape.append(name)
        position = found.end()
    shape.extend(unescape(outside[position:]).split())
    return shape


def _with_tbody(html: str, masked: Masked) -> str:
    """<tbody> written out where rows stand directly in <table>, so that a loop around the rows stays beside them."""
    out: list[str] = []
    tables: list[str] = []  # per open table: "" (nothing open), "row group" (its own), "ours"
    position = 0
    found = list(_TAG.finditer(html))
    for n, tag in enumerate(found):
        out.append(html[position : tag.start()])
        position = tag.end()
        name = (tag["name"] or "").lower()
        if name in ("thead", "tbody", "tfoot", "/table") and tables and tables[-1] == "ours":
            out.append("</tbody>")
            tables[-1] = ""
        if name == "table":
            tables.append("")
        elif name == "/table" and tables:
            tables.pop()
        elif name in ("thead", "tbody", "tfoot") and tables:
            tables[-1] = "row group"
        elif name in ("/thead", "/tbody", "/tfoot") and tables:
            tables[-1] = ""
        elif tables and tables[-1] == "" and (name == "tr" or (tag["mark"] in masked.tokens and _next_tag(found, n) == "tr")):
            out.append("<tbody>")
            tables[-1] = "ours"
        out.append(tag.group())
    return "".join(out) + html[position:]


def _next_tag(found: list[re.Match[str]], n: int) -> str:
    return next(((f["name"]).lower() for f in found[n + 1 :] if f["name"]), "")


_EXAMPLES: dict[str, Any] = {"number": 3, "date": "2026-03-01T12:00:00Z", "link": "https://example.com/", "list": [], "flag": True}


def synthesise(found: tuple[Variable, ...], samples: dict[str, Any]) -> dict[str, Any]:
    """A context in which every required variable has a value: the samples first, then made-up ones of the kind that is used."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode({**SAMPLE_CONTEXT, "data": samples}))
    for variable in sorted(found, key=lambda v: v.name.count(".")):
        if variable.required or variable.kind == "flag":
            _put(made, variable.name.replace("[]", ".[]").split("."), variable)
    return made


def _put(inside: Any, path: list[str], variable: Variable) -> None:
    for n, name in enumerate(path):
        last = n == len(path) - 1
        following = None if last else path[n + 1]
        leaf = _EXAMPLES.get(variable.kind, variable.name.split(".")[-1].replace("_", " ").replace("[]", ""))
        fresh: Any = leaf if last else [] if following == "[]" else {}
        fresh = [] if last and variable.kind == "list" else {} if last and variable.kind == "object" else fresh
        if name == "[]":
            if not isinstance(inside, list):
                return
            if not inside:
                inside.append(fresh)
            for item in inside[1:]:
                if not last:
                    _put(item, path[n + 1 :], variable)
            inside = inside[0]
        elif isinstance(inside, dict):
            inside = inside.setdefault(name, fresh)
        else:
            return
