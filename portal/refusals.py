"""A refusal of the facade in the reader's language: the catalogue's sentence, else a general one for its code, else its own English."""

import re
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
    for pattern, sentence in _patterns():
        if found := pattern.fullmatch(text) or pattern.fullmatch(text[:1].lower() + text[1:]):
            return sentence.format(*found.groups())
    return ""


def _of_caller() -> str:
    try:
        return language_of(caller().locale)
    except LookupError:
        return "en"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences that name something; those with more words of their own are tried first."""
    named = sorted((english for english in _ALL if "{}" in english), key=len, reverse=True)
    return tuple((re.compile("(.+?)".join(re.escape(part) for part in english.split("{}")), re.DOTALL), _ALL[english]) for english in named)
