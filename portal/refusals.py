"""A refusal of the facade in the reader's language: the catalogue's sentence, else a general one for its code, else its own English."""

import re
from functools import cache

from backend.domain.errors import Refusal
from portal.guard import caller
from portal.words import campaign_problems, form_problems, import_problems, language_of
from portal.words.refusals import GENERAL, SENTENCES

EVERY = SENTENCES | form_problems.SENTENCES | campaign_problems.SENTENCES | import_problems.SENTENCES


def in_words(refusal: Refusal, language: str = "") -> str:
    """What the refusal says. Without `language` that of the caller of the running handler, whose own handler it is."""
    if (language or _of_caller()) != "de":
        return refusal.detail
    text = refusal.detail[:2_000]  # what somebody typed stands in it, and may be long
    german = EVERY.get(text)
    if german is not None:
        return german
    for pattern, sentence in _patterns():
        if found := pattern.fullmatch(text):
            return sentence.format(*found.groups())
    return GENERAL.get(type(refusal).code(), refusal.detail)


def _of_caller() -> str:
    try:
        return language_of(caller().locale)
    except LookupError:
        return "en"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences that name something; those with more words of their own are tried first."""
    named = sorted((english for english in EVERY if "{}" in english), key=len, reverse=True)
    return tuple((re.compile("(.+?)".join(re.escape(part) for part in english.split("{}")), re.DOTALL), EVERY[english]) for english in named)
