"""Which addresses may stand behind a link or an image: http, https, mailto, tel, and relative ones; nothing that runs."""

import re

from backend.domain.errors import LinkUnsafe

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*(?=:)", re.IGNORECASE)
_IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\ufeff]+")  # browsers skip some of these before a scheme
_COLON = re.compile(r"[^/?#]*:")


def check_link(link: str) -> str:
    """The link, without blanks around it. LinkUnsafe for a scheme that may run something or read a file."""
    if link.startswith(("https://", "http://")) and link.isascii() and link.isprintable():
        return link.rstrip(" ")
    bare = _IGNORED.sub("", link)
    scheme = _SCHEME.match(bare)
    if scheme:
        if scheme.group().lower() not in SCHEMES:
            raise LinkUnsafe(
                f"The link begins with {scheme.group()[:20]!r}:, which may not be sent. Use https, http, mailto or tel.", link=link[:100]
            )
    elif _COLON.match(bare):
        raise LinkUnsafe("The part of the link before ':' is no scheme. Use https, http, mailto or tel.", link=link[:100])
    if "\n" in link or "\r" in link or "\t" in link:
        return bare
    return link.strip()
