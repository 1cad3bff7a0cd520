"""Words on a page: both languages are compiled in, the reader's is picked in the browser."""

from typing import Any

import reflex as rx

from portal.frame import Reader
from portal.words import LANGUAGES, phrase


def t(key: str, /, **values: Any) -> Any:
    """The phrase `key` in the reader's language; `values` may be state vars."""
    by_language = {language: phrase(language, key) for language in LANGUAGES}
    if values:
        by_language = {language: rx.Var.create(text.format(**values)) for language, text in by_language.items()}
    elif len(set(by_language.values())) == 1:
        return by_language["en"]
    others = [(language, by_language[language]) for language in LANGUAGES if language != "en"]
    return rx.match(Reader.language, *others, by_language["en"]).to(str)
