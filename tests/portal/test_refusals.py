"""Refusals in German: every sentence of the catalogue is one the facade says, and what is not in it is said all the same."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from backend.app.saved_views import checked_name
from backend.domain import errors
from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, StoreUnavailable, TemplateSyntax
from backend.domain.ids import parse_id
from portal.refusals import EVERY, in_words
from portal.words.refusals import GENERAL


def sentences(path):
    """Every text of a module with "{}" for what is put in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


SAID = {text for path in Path("backend").rglob("*.py") for text in sentences(path)}
CODES = {kind.code(): kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)}


def test_the_facade_says_every_sentence_of_the_catalogue():
    assert sorted(set(EVERY) - SAID) == []
    assert set(GENERAL) <= set(CODES)


def test_what_is_named_in_english_is_named_in_german():
    for english, german in EVERY.items():
        wanted = {str(n) for n in range(len(re.findall(r"\{\}", english)))}
        assert {name for _, name, _, _ in Formatter().parse(german) if name is not None} <= wanted, english
        assert german != english


@pytest.mark.parametrize(
    ("refusal", "german"),
    [
        (NotFound("There is no account 'a {b} c' here."), "Das Konto 'a {b} c' gibt es hier nicht."),
        (Invalid('A cell that begins in line 7 or soon after never ends: its quotation mark (") is not closed. Close it, or write a mark within a cell twice.'), "Eine Zelle, die in Zeile 7"),
        (Invalid('Line 9 is not UTF-8, though lines before it are. Save it again as "CSV UTF-8" and send that.'), "Zeile 9 ist nicht in UTF-8, obwohl Zeilen davor es sind. Speichern"),
        (StoreUnavailable(), "Die Datenbank antwortet nicht."),
        (Forbidden("You may not do this: it needs the scope admin."), "Das dürfen Sie nicht."),
        (NotFound("something nobody translated"), "Das gibt es hier nicht."),
        (Invalid("something nobody translated"), "something nobody translated"),
        (TemplateSyntax("email body, line 3: unexpected '}'"), "email body, line 3"),
    ],
)
def test_a_refusal_in_german(refusal, german):
    assert in_words(refusal, "de").startswith(german)
    assert in_words(refusal, "en") == refusal.detail
    assert in_words(refusal) == refusal.detail  # nobody reads it yet


def test_refusals_as_they_are_raised():
    for call, given, german in ((parse_id, "x", "Eine Kennung hat 32"), (checked_name, "", "Eine Ansicht braucht"), (checked_name, "x" * 70, "Ein Name hat höchstens 60 Zeichen, dieser hat 70.")):
        with pytest.raises(Invalid) as refused:
            call(given)
        assert in_words(refused.value, "de").startswith(german)


def test_a_long_text_that_somebody_typed_is_answered_at_once():
    assert in_words(NotFound("There is no account " + "'here. " * 50_000), "de").startswith("Das gibt es hier nicht")
