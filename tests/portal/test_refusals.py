"""Refusals in German: every sentence of the catalogue is one the facade says, and what is not in it is said all the same."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from backend.app.saved_views import checked_name
from backend.domain import errors
from backend.domain.errors import DataMissing, Forbidden, Invalid, NotFound, Refusal, StoreUnavailable, TemplateBounds, TemplateSyntax
from backend.domain.ids import parse_id
from backend.domain.lint import look
from backend.domain.template import Content, SmsContent
from portal.refusals import EVERY, _named, _names, german, in_words
from portal.words.refusals import GENERAL
from portal.words.template_problems import OTHERS


def sentences(path):
    """Every text of a module with "{}" for what is put in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


SAID = {text for path in Path("backend").rglob("*.py") for text in sentences(path)}
SAID |= {re.sub(r"^\{\}(\{\}|, line \{\})?: ", "", text) for text in SAID}  # without the place in a template
CODES = {kind.code(): kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)}


def test_the_facade_says_every_sentence_of_the_catalogue():
    assert sorted(set(EVERY) - SAID) == []
    assert set(GENERAL) <= set(CODES)


def test_what_is_named_in_english_is_named_in_german():
    for english, words in (EVERY | OTHERS).items():
        wanted = {str(n) for n in range(len(re.findall(r"\{\}", english)))}
        assert words != english
        if not wanted:
            continue  # it is said as it stands
        assert {name for _, name, _, _ in Formatter().parse(words) if name is not None} <= wanted, english


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
        (TemplateSyntax("email body, line 3: unexpected '}'"), "email body, Zeile 3: '}' gehört hier nicht hin."),
        (TemplateSyntax("email body, line 3: something nobody translated"), "email body, line 3: something"),
        (TemplateBounds("sms text: nothing is left when it is rendered. It needs a text."), "sms text: Ausgefüllt bleibt nichts übrig."),
        (DataMissing("email: the samples do not bring data.a. Add it to the samples, or give it a default."), "email: In den Beispieldaten fehlt data.a."),
    ],
)
def test_a_refusal_in_german(refusal, german):
    assert in_words(refusal, "de").startswith(german)
    assert in_words(refusal, "en") == refusal.detail
    assert in_words(refusal) == refusal.detail  # nobody reads it yet


def test_refusals_as_they_are_raised():
    for call, given, words in ((parse_id, "x", "Eine Kennung hat 32"), (checked_name, "", "Eine Ansicht braucht"), (checked_name, "x" * 70, "Ein Name hat höchstens 60 Zeichen, dieser hat 70.")):
        with pytest.raises(Invalid) as refused:
            call(given)
        assert in_words(refused.value, "de").startswith(words)


@pytest.mark.parametrize("typed", ["a.b. Did you mean c.d", "a. b", "'. x", "", "{0}"])
def test_what_a_sentence_names_is_found_in_one_look(typed):
    """A text that nearly fits, over and over, is looked through no oftener than one that does not: here by counting, for a test that measures time fails by itself."""
    looks = []

    class Text(str):
        __slots__ = ()

        def find(self, *at):
            looks.append(at)
            return super().find(*at)

    for parts, _ in _named():
        _names(parts, Text(parts[0] + typed * 90 + parts[-1]))
    assert len(looks) <= sum(len(parts) - 2 for parts, _ in _named())


def test_what_is_named_is_as_short_as_can_be():
    assert _names(["a ", " b ", "."], "a x b y b z.") == ["x", "y b z"]
    assert _names(["a ", " b ", "."], "a  b y.") is None
    assert _names(["a ", "."], "a .") is None
    assert _names(["", "", " c"], "xy c") == ["x", "y"]
    assert _names(["no ", " no"], "no no") is None


def test_a_long_text_that_somebody_typed_is_answered_at_once():
    assert in_words(NotFound("There is no account " + "'here. " * 50_000), "de").startswith("Das gibt es hier nicht")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("Hello {{ data.a", "Der Text endet, und es fehlt }}."),
        ("Hello {{ data.a b }}", "Hier gehört }} hin; da steht"),
        ("{% if data.a b %}x{% endif %}", "Hier gehört %} hin"),
        ("Hello {{ }}", "Hier fehlt ein Wert"),
        ("Hello {{ data.a | uper }}", "Den Filter 'uper' gibt es nicht. Meinten Sie 'upper'?"),
        ("Hello {{ data.a | zzzz }}", "Den Filter 'zzzz' gibt es nicht. Es gibt: "),
        ("{% if data.a %}x", "Der Text endet, und 'if' ist noch offen."),
        ("{% endif %}", "'endif' steht hier falsch"),
        ("{% for a in data.b %}{% if a %}x{% endfor %}", "'endfor' steht hier falsch, oder es gibt es nicht. In Vorlagen gibt es nur"),
        ("{% frobnicate %}", "'frobnicate' steht hier falsch, oder es gibt es nicht. In Vorlagen gibt es nur if"),
        ("{% %}", "Hinter {% fehlt das Wort"),
        ("{# note", "Der Kommentar wird nicht geschlossen."),
        ("{% raw %}x", "'raw' wird nicht geschlossen."),
        ("{{ data.a ! }}", "Das Zeichen '!' gehört hier nicht hin."),
        ("{{ (data.a] }}", "']' gehört hier nicht hin, sondern ')'."),
        ("{% import 'x' as y %}", "'import' gibt es in Vorlagen nicht."),
        ("{{ data._secret }}", "'._secret' gibt es nicht"),
        ("{{ name() }}", "Aufrufen lässt sich nur range()"),
        ("{{ user.shoe }}", "user.shoe gibt es nicht. Meinten Sie user."),
        ("{{ 1 / 0 }}", "Hier wird durch null geteilt. Fragen Sie zuerst: {% if total %}"),
        ("{% for n in range(1000000) %}x{% endfor %}", "range() gibt höchstens"),
        ("{{ 'x' | date }}", "'x' ist kein Datum."),
        ("{{ data }}", "Ausgeben lassen sich nur Texte und Zahlen."),
        (" ", "Ausgefüllt bleibt nichts übrig."),
        ("{% include 'partial:none' %}", ""),
    ],
)
def test_what_is_wrong_with_a_template_is_said_in_german(source, says):
    """As the studio finds it, by the template language's own parser where that complains."""
    seen = look(Content(sms=SmsContent(source)), "sms", "", {"data": {"a": "x"}, "user": {"name": "Mia"}}, {})
    assert seen.problems
    assert german(seen.problems[0].text).startswith(says), seen.problems[0].text
    assert german(seen.problems[0].text) != seen.problems[0].text
