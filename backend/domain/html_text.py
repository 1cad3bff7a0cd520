"""The text part of a mail from its HTML: links as `label (address)`, lists, headings, table rows; Jinja inside stays Jinja.

It runs once, when a template is published, so sending a mail only fills in values.
"""

import re
from html.parser import HTMLParser

from backend.domain.markup import Masked, mask

_BLOCKS = frozenset("p div section article header footer main nav aside table blockquote ul ol dl pre figure address center".split())
_LINES = frozenset("tr li dt dd br thead tbody tfoot figcaption".split())
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SILENT = frozenset({"style", "script", "head", "title", "template", "noscript"})
_SPACE = re.compile(r"[ \t\r\n\f]+")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_VOID = frozenset({"br", "hr", "img", "meta", "input", "link", "col", "area", "wbr", "source"})


def text_of(source: str) -> str:
    """A readable text of an HTML source, plain or with Jinja (which must parse)."""
    masked = mask(source)
    reader = _Reader(masked)
    reader.feed(masked.html)
    reader.close()
    text = re.sub(r"\n{3,}", "\n\n", "".join(reader.out)).strip("\n ")
    return masked.restore(text)


def tidy(text: str) -> str:
    """A rendered text without runs of empty lines (a skipped row leaves one) and without blanks at line ends. Each mail comes by: regular expressions
    would take three times as long."""
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    if " \n" in text:
        text = "\n".join([line.rstrip(" ") for line in text.split("\n")])
    return text.strip()


class _Reader(HTMLParser):
    """Collects lines. Line breaks are owed until text comes, so a loop's own break lands inside the loop."""

    def __init__(self, masked: Masked) -> None:
        super().__init__(convert_charrefs=True)
        self.masked = masked
        self.out: list[str] = []
        self._owed = 0
        self._space = False
        self._silent: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._lists: list[int | None] = []
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if self._silent or tag in _SILENT or _HIDDEN.search(values.get("style", "")):
            if tag not in _VOID:
                self._silent.append(tag)
            return
        if tag in _BLOCKS:
            self._break(1 if tag in ("ul", "ol") and self._lists else 2 if tag not in ("div", "table", "center") else 1)
        elif tag in _HEADINGS:
            self._break(2)
        elif tag in _LINES:
            self._break(1)
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag in ("td", "th"):
            self._space = True
        elif tag == "hr":
            self._break(1)
            self._write("-" * 40)
            self._break(1)
        elif tag == "img" and values.get("alt", "").strip():
            self.handle_data(values["alt"])
        elif tag == "a":
            self._links.append((values.get("href", "").strip(), len(self.out)))
        elif tag == "pre":
            self._pre += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            if tag in self._silent:
                while self._silent.pop() != tag:
                    pass
            return
        if tag == "a" and self._links:
            self._close_link(*self._links.pop())
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        if tag in _HEADINGS or (tag in _BLOCKS and tag not in ("div", "table", "center")):
            self._break(1 if tag in ("ul", "ol") and self._lists else 2)
        elif tag in _BLOCKS or tag in _LINES:
            self._break(1)

    def handle_data(self, data: str) -> None:
        if self._silent:
            # a block that begins in hidden text may end in visible text: keep the pair whole
            self.out.extend(name for name in self.masked.pattern.findall(data) if self.masked.tokens[name].block)
            return
        position = 0
        for found in self.masked.pattern.finditer(data):
            if self.masked.tokens[found.group()].block:
                self._words(data[position : found.start()])
                if self._owed > 1:
                    self.out.append("\n" * (self._owed - 1))
                    self._owed = 1
                self.out.append(found.group())
                position = found.end()
        self._words(data[position:])

    def _words(self, data: str) -> None:
        if self._pre:
            self._write(data)
            return
        text = _SPACE.sub(" ", data.replace("\u200b", "").replace("\ufeff", ""))
        if text.startswith(" "):
            self._space, text = True, text[1:]
        ends, text = text.endswith(" "), text.rstrip(" ")
        if text:
            self._write(text)
        self._space = self._space or ends

    def _write(self, text: str) -> None:
        if self._owed:
            self.out.append("\n" * self._owed)
        elif self._space and self.out and not self.out[-1].endswith((" ", "\n")):
            self.out.append(" ")
        self._owed, self._space = 0, False
        self.out.append(text)

    def _break(self, lines: int) -> None:
        if self.out:
            self._owed = max(self._owed, lines)
        self._space = False

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else None
        indent = "  " * (len(self._lists) - 1)
        if number is not None and self._lists:
            self._lists[-1] = number + 1
        # a numbered list inside a loop would repeat its number: numbers only help when they are fixed, so dots stay dots
        self._write(f"{indent}{number + 1}. " if number is not None and not self.masked.tokens else f"{indent}- ")

    def _close_link(self, address: str, start: int) -> None:
        label = "".join(self.out[start:]).strip()
        if not address or address.startswith("#"):
            return
        plain = address.removeprefix("mailto:").removeprefix("tel:")
        if label in (address, plain) or label == re.sub(r"^https?://", "", address).rstrip("/"):
            return
        self._space = bool(label)
        self._write(f"({plain})" if label else plain)
