"""A refusal of the facade in the reader's language: the catalogue's sentence, else a general one for its code, else its own English."""

import re
from collections.abc import Sequence
from functools import cache

from backend.domain.errors import Refusal
from portal.guard import caller
from portal.words import campaign_problems, form_problems, import_problems, language_of, provider_problems, template_problems
from portal.words.refusals import GENERAL, SENTENCES

EVERY = SENTENCES | form_problems.SENTENCES | campaign_problems.SENTENCES | import_problems.SENTENCES | provider_problems.SENTENCES | template_problems.SENTENCES
_ALL = EVERY | template_problems.OTHERS
_PLACED = re.compile(r"([^:]{1,80}?)(?:, line (\d{1,7}))?: (.+)", re.DOTALL)  # "email html, line 3: ..."


def in_words(refusal: Refusal, language: str = "") -> str:
    """What the refusal says. Without `language` that of the caller of the running handler, whose own handler it is."""
    if (language or _of_caller()) != "de":
        return refusal.detail
    return german(refusal.detail) or GENERAL.get(type(refusal).code(), refusal.detail)


def german(text: str) -> str:
    """A sentence of the facade in German, behind the place that it begins with; "" when the catalogue has none."""
    text = text[:2_000]  # what somebody typed stands in it, and may be long
    if known := _known(text):
        return known
    if (placed := _PLACED.fullmatch(text)) and (known := _known(placed[3])):
        return f"{placed[1]}{f', Zeile {placed[2]}' if placed[2] else ''}: {known}"
    return ""


def _known(text: str) -> str:
    for spelled in (text, text[:1].lower() + text[1:]):  # a sentence behind a place begins small
        if found := _ALL.get(spelled):
            return found
        for parts, sentence in _named():
            if (names := _names(parts, spelled)) is not None:
                return sentence.format(*names)
    return ""


def _names(parts: Sequence[str], text: str) -> list[str] | None:
    """What stands between these parts of a sentence, each as early as can be, a character at least; None: it is another sentence. Each part is looked for
    once: with an expression that tries again whoever typed the text could make it take seconds."""
    if len(text) < sum(map(len, parts)) or not (text.startswith(parts[0]) and text.endswith(parts[-1])):
        return None
    names, at, end = list[str](), len(parts[0]), len(text) - len(parts[-1])
    for part in parts[1:-1]:
        begin = text.find(part, at + 1, end)
        if begin < 0:
            return None
        names.append(text[at:begin])
        at = begin + len(part)
    return [*names, text[at:end]] if at < end else None


def _of_caller() -> str:
    try:
        return language_of(caller().locale)
    except LookupError:
        return "en"


@cache
def _named() -> tuple[tuple[Sequence[str], str], ...]:
    """The sentences that name something, in the parts around it; those with more words of their own are tried first."""
    named = sorted((english for english in _ALL if "{}" in english), key=len, reverse=True)
    return tuple((english.split("{}"), _ALL[english]) for english in named)
