"""How many segments an SMS is billed as: GSM-7 160/153 (3GPP TS 23.038), else UCS-2 70/67. What is seen as one character is never split, as
Twilio's own way of counting has it: a flag, a letter with its accents, a family."""

from collections.abc import Sequence
from unicodedata import category

from msgspec import Struct

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")  # an escape and a character: two septets


# What word processors put in place of plain characters; one of them makes a text of 160 characters cost three segments instead of one.
_PLAINER = str.maketrans({
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "…": "...", "•": "*", "·": ".", "⁄": "/",
    "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2007": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ",
    "\u200b": "", "\u200c": "", "\ufeff": "", "\u00ad": "", "\t": " ",
})  # fmt: skip


class Segments(Struct, frozen=True):
    """`encoding` is gsm7 or ucs2; `units` are septets or 16-bit units; `per_segment` is the room in each; `foreign` forced ucs2."""

    encoding: str
    count: int
    units: int
    per_segment: int
    foreign: str = ""


def segments(text: str) -> Segments:
    """The segments of a text. An empty text is none."""
    foreign = "".join(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENSION))
    if foreign:
        return _count("ucs2", [_width(seen) for seen in _seen(text)], 70, 67, foreign)
    return _count("gsm7", [2 if c in _EXTENSION else 1 for c in text], 160, 153, "")


def plainer(text: str) -> str:
    """The text with plain quotation marks, dashes, dots and blanks, where that makes it cost less; else as it is."""
    plain = text.translate(_PLAINER)
    return plain if segments(plain).count < segments(text).count else text


def pieces(text: str) -> list[str]:
    """The text as it is split into its segments."""
    counted = segments(text)
    if counted.count < 2:
        return [text] if text else []
    made, left = [""], counted.per_segment
    plain = counted.encoding == "gsm7"
    for char in text if plain else _seen(text):
        width = (2 if char in _EXTENSION else 1) if plain else _width(char)
        if width > left:
            made.append("")
            left = counted.per_segment
        made[-1] += char
        left -= width
    return made


_JOINER = "\u200d"


def _width(seen: str) -> int:
    """In 16-bit units."""
    return sum(2 if char > "\uffff" else 1 for char in seen)


def _seen(text: str) -> Sequence[str]:
    """What is seen as one character each: the rules of Unicode's UAX 29 that concern texts to phones (not Hangul in single letters)."""
    made: list[str] = []
    for char in text:
        if made and char > "\u02ff" and _belongs(made[-1], char):
            made[-1] += char
        else:
            made.append(char)
    return made


def _belongs(before: str, char: str) -> bool:
    """Whether a character is seen as part of what stands before it."""
    if before[-1] in "\r\n":
        return False
    if char in "\u200c\u200d" or "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f" or category(char) in ("Mn", "Me", "Mc"):
        return True
    if before[-1] == _JOINER:
        return char >= "\U0001f000" or "\u2190" <= char <= "\u2bff"  # pictures
    return len(before) == 1 and "\U0001f1e6" <= char <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff"  # a flag


def _count(encoding: str, widths: list[int], single: int, several: int, foreign: str) -> Segments:
    units = sum(widths)
    if units <= single:
        return Segments(encoding, 1 if units else 0, units, single, foreign)
    count, left = 1, several
    for width in widths:
        if width > left:  # a pair that does not fit moves whole into the next segment
            count, left = count + 1, several
        left -= width
    return Segments(encoding, count, units, several, foreign)
