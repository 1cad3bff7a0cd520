"""Numbers as people type them, in English and in German: 1,000 and 1.000, 2.5 and 2,5. Every field of the portal that takes a number reads it here. Pure.

The reader's language says what a comma and a point are. What the other language would have written is understood as well where it can mean one thing only
(2,5 and 1,234.5 are the same numbers to everybody); what can mean two things is refused with both of them, never guessed.
"""

import re
from decimal import Decimal

from portal.numbers import decimal
from portal.theme import count

LONGEST = 40  # letters
_BODY = re.compile(r"[0-9]+(?:[.,\s'’][0-9]+)*[.,]?|[.,][0-9]+")
_SPACED = re.compile(r"[0-9]{1,3}(?:[\s'’][0-9]{3})+(?=[.,]|$)")
_GROUPED = {mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in ".,"}


class Unread(ValueError):
    """What was typed is no number, or can be read as two. `key`: of the phrase that says so, with its `values`."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def number_of(text: str, language: str = "en") -> float:
    """The number; a sign before it and a % behind it may be there. Raises `Unread`."""
    typed = text.strip()
    body = typed.removesuffix("%").strip()
    sign, body = (-1, body[1:].strip()) if body[:1] in ("-", "−") else (1, body.removeprefix("+"))
    if len(typed) > LONGEST or not _BODY.fullmatch(body):
        raise Unread("num.none")
    return sign * float(_plain(body, typed, language))


def whole_of(text: str, language: str = "en") -> int:
    """The same, of what is counted in whole ones. Raises `Unread`."""
    value = number_of(text, language)
    if not value.is_integer():
        raise Unread("num.whole")
    return int(value)


def _plain(body: str, typed: str, language: str) -> str:
    """Digits with at most one point, which is the decimal one."""
    spaced = _SPACED.match(body)
    if spaced:
        body = re.sub(r"[\s'’]", "", spaced[0]) + body[spaced.end() :]
    marks = re.sub(r"[0-9]", "", body)
    if not set(marks) <= {".", ","}:
        raise Unread("num.none")  # blanks where no thousands are
    if not marks:
        return body
    mark = marks[-1]
    if len(set(marks)) == 2:  # the last one is the decimal one, the others group
        whole, _, part = body.rpartition(mark)
        other = "," if mark == "." else "."
        if mark in whole or not _GROUPED[other].fullmatch(whole):
            raise Unread("num.none")
        return f"{whole.replace(other, '')}.{part or 0}"
    if len(marks) > 1:
        if not _GROUPED[mark].fullmatch(body):
            raise Unread("num.none")
        return body.replace(mark, "")
    whole, _, part = body.partition(mark)
    if not _two_ways(whole, part):
        return f"{whole or 0}.{part or 0}"
    if mark == _grouping(language):
        return whole + part
    large, small = int(whole + part), float(f"{whole}.{part}")
    digits = len(part.rstrip("0"))
    raise Unread("num.two", typed=typed, large=count(large, language), small=decimal(small, digits, language), one=str(large), other=field_text(small, language, always=True))


def _two_ways(whole: str, part: str) -> bool:
    """12,345 and 12.345: one of both languages means thousands."""
    return len(part) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"


def _grouping(language: str) -> str:
    return "." if language == "de" else ","


def field_text(value: float, language: str = "en", *, always: bool = False) -> str:
    """A number as a field shows it to this reader, without grouping; `number_of` reads it back. `always`: with the decimal mark even when it is whole."""
    whole, _, part = format(Decimal(repr(value)), "f").partition(".")
    part = part.rstrip("0")
    if not part:
        return f"{whole}{_point(language)}0" if always else whole
    if _two_ways(whole.lstrip("-"), part):
        part += "0"
    return f"{whole}{_point(language)}{part}"


def _point(language: str) -> str:
    return "," if language == "de" else "."
