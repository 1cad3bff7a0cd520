"""Jinja inside HTML: hide it from HTML tools and bring it back, and hold links and tags of mail to what may be sent.

A token such as jq7qj stands for each `{{ }}` and `{% %}`. HTML tools move or escape raw Jinja (a loop between <table> and <tr> is
thrown out, a < in a condition becomes &lt;), tokens they leave alone.
"""

import re
from html.parser import HTMLParser

from jinja2 import nodes
from msgspec import Struct

from backend.domain.bounds import HTML, syntax
from backend.domain.errors import LinkUnsafe
from backend.domain.links import check_link

URL_ATTRIBUTES = frozenset({"href", "src", "action", "formaction", "background", "poster", "cite", "longdesc", "data", "xlink:href"})
_REFUSED_TAGS = frozenset(
    "script iframe frame frameset object embed applet base form input button textarea select link svg math template noscript".split()
)
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')


class Token(Struct):
    """One piece of Jinja: `block` for {% %}, `raw` for a raw block, else {{ }}; `source` as typed; `line` counted from 1; `inner` what an expression says."""

    name: str
    block: bool
    source: str
    line: int
    inner: str = ""
    raw: bool = False


class Masked(Struct):
    """HTML with tokens in place of Jinja, and the way back."""

    html: str
    tokens: dict[str, Token]
    pattern: re.Pattern[str]

    def restore(self, html: str) -> str:
        """`html` with every token, bare or hidden as the comment <!--!token-->, replaced by its source."""
        pattern = re.compile(rf"<!--!({self.pattern.pattern})-->|({self.pattern.pattern})")
        return pattern.sub(lambda m: self.tokens[m.group(1) or m.group(2)].source, html)


def mask(source: str) -> Masked:
    """Tokens for Jinja; comments of Jinja are dropped, raw blocks keep their text. The source must parse (`bounds.parse`)."""
    prefix = "jq"
    while prefix in source.lower():
        prefix += "q"
    parts: list[str] = []
    tokens: dict[str, Token] = {}
    held: list[str] = []
    inside, line = "", 1
    for number, kind, value in HTML.lex(source):
        if not inside and kind in ("block_begin", "variable_begin", "raw_begin", "comment_begin"):
            inside, held, line = kind.split("_")[0], [value], number
        elif inside and kind == f"{inside}_end":
            held.append(value)
            if inside != "comment":
                name = f"{prefix}{len(tokens)}z"
                tokens[name] = Token(name, inside == "block", "".join(held), line, "".join(held[1:-1]), inside == "raw")
                parts.append(name)
            inside = ""
        elif inside:
            held.append(value)
        else:
            parts.append(value)
    return Masked("".join(parts), tokens, re.compile(rf"{prefix}\d+z"))


class _Guard(HTMLParser):
    """Walks masked HTML; refuses what may not be sent and notes which expressions begin a link, and which blocks stand in text."""

    def __init__(self, masked: Masked, where: str, before: int = 0) -> None:
        super().__init__(convert_charrefs=True)
        self.masked, self.where, self.before = masked, where, before
        self.links: set[str] = set()
        self.text_blocks: set[str] = set()
        self._style = False

    def complain(self, what: str, token: str = "") -> None:
        raise syntax(self.where, self.masked.tokens[token].line if token else self.before + self.getpos()[0], what)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pattern = self.masked.pattern
        self._style = tag == "style"
        if tag in _REFUSED_TAGS:
            self.complain(f"<{tag}> may not be in a mail. Remove it.")
        if pattern.search(tag):
            self.complain("a value cannot make the name of a tag. Write the tag out.", _first(pattern, tag))
        bare = _QUOTED.sub('""', self.get_starttag_text() or "")
        if found := pattern.search(bare):  # HTML tools change the order of attributes: a pair of {% %} between them would not stay one
            self.complain("Jinja stands inside quotes only: class=\"{{ 'a' if x else 'b' }}\".", found.group())
        for name, value in attrs:
            if name.startswith("on"):
                self.complain(f"'{name[:20]}' would run a script. Remove it.")
            if tag == "meta" and name == "http-equiv" and (value or "").strip().lower() == "refresh":
                self.complain("a mail may not redirect. Remove this meta tag.")
            if name in URL_ATTRIBUTES and value:
                self.link(name, value.strip())
            elif name == "srcset" and value:
                self.complain("srcset is not available in mail. Use src.")

    def link(self, attribute: str, value: str) -> None:
        """One address: fixed ones are checked now, those that begin with a value when they are rendered."""
        token = self.masked.pattern.search(value)
        fixed = value[: token.start()] if token else value
        if token is None or (fixed and any(c in fixed for c in ":/?#")):
            try:
                check_link(fixed)
            except LinkUnsafe as error:
                self.complain(error.detail)
            return
        name, rest = token.group(), value[token.end() :]
        if fixed or self.masked.tokens[name].block or (rest and rest[0] not in "/?#&"):
            self.complain(
                f"begin {attribute} with https:// or with one value alone; choose between links with {{{{ a if b else c }}}}.", name
            )
        self.links.add(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._style = False

    def handle_comment(self, data: str) -> None:
        """Outlook reads what stands in `<!--[if mso]> ... <![endif]-->`: the same rules hold there."""
        inner = _Guard(self.masked, self.where, self.before + self.getpos()[0] - 1)
        inner.feed(data.partition(">")[2] if data.startswith("[if") else data)
        inner.close()
        self.links |= inner.links

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        for name in self.masked.pattern.findall(data):
            if self.masked.tokens[name].block:
                if self._style:
                    self.complain("{% %} cannot stand inside <style>. Choose between classes in the HTML instead.", name)
                self.text_blocks.add(name)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group() if found else ""


def _checked(expression: str) -> bool:
    """Whether the outermost thing of an expression is the filter `url`."""
    printed = HTML.parse("{{" + expression + "}}").find(nodes.Output)
    return printed is not None and isinstance(printed.nodes[0], nodes.Filter) and printed.nodes[0].name == "url"


def guard(source: str, where: str) -> tuple[str, Masked, set[str]]:
    """Hold the HTML of a mail to the rules. Gives (source whose dynamic links are checked when rendered, masked form, names of the
    blocks that stand in text). Guarding twice changes nothing. TemplateSyntax names the line."""
    masked = mask(source)
    for token in masked.tokens.values():
        if token.raw:  # what it holds would not be looked at
            raise syntax(where, token.line, "'raw' is not available in the HTML of a mail. Print the text instead: {{ '{{' }}.")
    reader = _Guard(masked, where)
    reader.feed(masked.html)
    reader.close()
    for name in reader.links:
        token = masked.tokens[name]
        if not _checked(token.inner):
            start = token.source.index(token.inner, 2)
            begin, end = token.source[:start], token.source[start + len(token.inner) :]
            token.inner = f" ({token.inner.strip()})|url "
            token.source = begin + token.inner + end
    return masked.restore(masked.html), masked, reader.text_blocks
