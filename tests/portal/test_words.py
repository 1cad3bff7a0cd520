"""The catalogue: both languages say the same things, and every phrase a page asks for exists."""

import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

from portal.words import _PHRASES, _ROOMS, LANGUAGES, en, en_pages, language_of, phrase, preferred, say

EN = _PHRASES["en"]


def holes(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_have_the_same_keys_and_holes(language):
    assert _PHRASES[language].keys() == EN.keys()
    for key, text in _PHRASES[language].items():
        assert text.strip() == text != "", key
        assert holes(text) == holes(EN[key]), key


def test_no_two_rooms_say_the_same_key():
    told = Counter(key for room in _ROOMS for key in room.EN) + Counter([*en.PHRASES, *en_pages.PHRASES])
    assert [key for key, times in told.items() if times > 1] == []


def test_every_phrase_asked_for_by_name_exists():
    asked = set()
    for path in Path("portal").rglob("*.py"):
        asked |= set(re.findall(r"""\b(?:t|say|phrase)\((?:\w+(?:\.\w+)*, )?"([a-z_.]+)"[,)]""", path.read_text()))
    assert len(asked) > 30
    assert asked <= EN.keys()


def test_what_the_audit_notes_has_words():
    noted = set()
    for path in Path("backend").rglob("*.py"):
        noted |= set(re.findall(r"""\bnote\([^)]*?"([a-z_]+\.[a-z_]+)\"""", path.read_text()))
    assert len(noted) > 60
    assert {f"did.{one}" for one in noted} <= EN.keys()


def test_house_style():
    for language in LANGUAGES:
        for key, text in _PHRASES[language].items():
            assert "!" not in text, key
            assert not re.search(r"\b(please|successfully|submit)\b", text, re.IGNORECASE), key


def test_a_missing_phrase_stops_the_build():
    with pytest.raises(KeyError):
        phrase("en", "no.such.key")


def test_values_are_put_in_and_unknown_languages_read_english():
    assert say("de", "bell.unread", count=3) == "Posteingang, 3 ungelesen"
    assert say("xx", "bell.none") == EN["bell.none"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_singular_of_a_phrase_needs_no_other_value(language):
    """It is chosen by the count alone: what the plural is given must do."""
    phrases = _PHRASES[language]
    for key, text in phrases.items():
        plural = key.removesuffix(".one")
        if plural != key and plural in phrases and "count" in holes(phrases[plural]):
            assert holes(text) <= holes(phrases[plural]), key


def test_one_of_something_is_said_in_the_singular_however_it_was_counted():
    for one in (1, "1"):
        assert say("en", "event.cancel.people", count=one) == "It does not go to 1 person."
    assert say("en", "event.cancel.people", count="11") == "It does not go to 11 people."


@pytest.mark.parametrize(("locale", "language"), [("de-AT", "de"), ("de_CH", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")])
def test_language_of_a_locale(locale, language):
    assert language_of(locale) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("fr,de;q=0.8,en;q=0.9", "en"),
        ("de-DE,de;q=0.9", "de"),
        ("xx;q=nonsense,de;q=0.1", "de"),
        ("," * 1000, "en"),
    ],
)
def test_preferred_language_of_a_browser(header, language):
    assert preferred(header) == language
