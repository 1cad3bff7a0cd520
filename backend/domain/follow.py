"""Where the links of a mail's HTML stand, found when its version is compiled, so that each mail is only cut at those places and put together.

A version compiled for following has marks around the value of every link's href, and where the picture that tells of an open goes. The mark is a
random word of this process, which no value can bring along. Rendering takes every mark out again, whether anybody follows or not.

What is never followed: mailto:, tel:, places in the mail itself, relative addresses, and links inside Outlook's conditional comments.
"""

import re
import secrets
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser

from msgspec import Struct

from backend.domain.markup import mask

MARK = f"\x02{secrets.token_hex(8)}\x03"  # one word for all, so that a mail is cut in one pass
LINK, PICTURE = "L", "P"  # what stands behind a first mark
LONGEST = 1_500  # characters of a target; what is longer stays as it is, for some mail programs cut addresses at 2,000
_TAGS = frozenset({"a", "area"})
_ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_STAYS = re.compile(r"\s*(?:#|mailto:|tel:|$)", re.IGNORECASE)


class Follow(Struct, frozen=True):
    """How one mail is followed: `link` gives what stands instead of a target, as text of an attribute, or None to leave it; `picture` is HTML."""

    link: Callable[[str], str | None]
    picture: str = ""


class _Finder(HTMLParser):
    """Walks masked HTML and notes where the values of href begin and end."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._lines = [0]
        for found in re.finditer("\n", html):
            self._lines.append(found.end())
        self.spans: list[tuple[int, int]] = []
        self.end = len(html)  # where the picture goes: before the end of the body

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_endtag(self, tag: str) -> None:
        if tag == "body":
            self.end = self._at()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        written = self.get_starttag_text()
        if tag not in _TAGS or written is None:
            return
        begin = self._at()
        for found in _ATTRIBUTE.finditer(written, 1 + len(tag)):
            if found[1].lower() == "href" and found[2]:
                quoted = found[2][0] in "\"'"
                start, end = found.start(2) + quoted, found.end(2) - quoted
                if not _STAYS.match(written[start:end]):
                    self.spans.append((begin + start, begin + end))
                return


def marked(source: str) -> str:
    """The HTML source of a mail with the marks in it. It must have passed `markup.guard`."""
    masked = mask(source)
    finder = _Finder(masked.html)
    finder.feed(masked.html)
    finder.close()
    html, parts, at = masked.html, [], 0
    places = [(start, MARK + LINK) for start, _ in finder.spans] + [(end, MARK) for _, end in finder.spans] + [(finder.end, MARK + PICTURE + MARK)]
    for place, mark in sorted(places):
        parts += [html[at:place], mark]
        at = place
    return masked.restore("".join([*parts, html[at:]]))


def followed(html: str, follow: Follow | None) -> str:
    """Rendered HTML without marks; with `follow`, its links and picture in their place."""
    parts = html.split(MARK)
    for n in range(1, len(parts), 2):  # what stands between two marks
        part = parts[n]
        if part[:1] == LINK:
            parts[n] = _instead(part[1:], follow) if follow else part[1:]
        elif part == PICTURE:
            parts[n] = follow.picture if follow else ""
    return "".join(parts)


def _instead(value: str, follow: Follow) -> str:
    bare = value.strip()
    target = unescape(bare) if "&" in bare else bare
    if target[:8].lower() != "https://" and target[:7].lower() != "http://":
        return value
    new = follow.link(target) if len(target) <= LONGEST else None
    return value if new is None else new
