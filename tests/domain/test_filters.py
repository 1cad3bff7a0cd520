"""What filters make of values, by language, and what they refuse."""

import pytest

from backend.domain.errors import TemplateBounds
from tests.domain.rendered import sms


@pytest.mark.parametrize(
    ("source", "value", "en", "de"),
    [
        ("{{ v|money }}", 1234.5, "€1,234.50", "1.234,50\u00a0€"),
        ("{{ v|money('CHF') }}", "-3", "-CHF\u00a03.00", "-3,00\u00a0CHF"),
        ("{{ v|money('JPY') }}", 1234, "¥1,234", "1.234\u00a0¥"),
        ("{{ v|number }}", 1234567.25, "1,234,567.25", "1.234.567,25"),
        ("{{ v|number(1) }}", 2, "2.0", "2,0"),
        ("{{ v|date }}", "2026-03-01T23:30:00Z", "2 March 2026", "2. März 2026"),
        ("{{ v|date('datetime', 'America/New_York') }}", 1_772_407_800, "1 March 2026, 18:30", "1. März 2026, 18:30"),
        ("{{ v|date('short') }}", "2026-03-01", "2026-03-01", "01.03.2026"),
        ("{{ v|date('iso') }}", "2026-07-01T12:00:00Z", "2026-07-01T14:00:00+02:00", "2026-07-01T14:00:00+02:00"),
        ("{{ v|date('time') }}", "2026-07-01T12:00:00Z", "14:00", "14:00"),
        ("{{ v|upper }}/{{ v|lower }}/{{ v|title }}", "ab Cd", "AB CD/ab cd/Ab Cd", "AB CD/ab cd/Ab Cd"),
        ("{{ v|truncate(11) }}", "one two three four", "one two…", "one two…"),
        ("{{ v|truncate(5) }}", "abcdefgh", "abcd…", "abcd…"),
        ("{{ v|urlencode }}", "a b/ü", "a%20b%2F%C3%BC", "a%20b%2F%C3%BC"),
        ("{{ v|tojson }}", {"a": "</script>'"}, '{"a": "\\u003c/script\\u003e\\u0027"}', '{"a": "\\u003c/script\\u003e\\u0027"}'),
        ("{{ v|join(' + ') }} {{ v|length }} {{ v|first }} {{ v|last }}", ["a", "b"], "a + b 2 a b", "a + b 2 a b"),
        ("{% for k, w in v|items %}{{ k }}={{ w }} {% endfor %}", {"a": 1, "b": 2}, "a=1 b=2", "a=1 b=2"),
        ("{{ v|round(1) }} {{ v|int }} {{ v|round }}", 2.67, "2.7 2 3", "2.7 2 3"),
        ("{{ v ~ 1 }} {{ v + 'x' }} {{ v[:1] }} {{ v|replace('b', 'c') }}", "ab", "ab1 abx a ac", "ab1 abx a ac"),
    ],
)
def test_filters(source, value, en, de):
    assert sms(source, {"v": value}, "en") == en
    assert sms(source, {"v": value}, "de-AT") == de


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ v|money }}", "abc"),
        ("{{ v|money }}", "1" * 50),
        ("{{ v|money }}", float("inf")),
        ("{{ v|money }}", [1]),
        ("{{ v|money('EURO') }}", 1),
        ("{{ v|date }}", "yesterday"),
        ("{{ v|date }}", 10**20),
        ("{{ v|date('long', '../../etc') }}", 1),
        ("{{ v|date('%Y') }}", 1),
        ("{{ v|number(10000) }}", 1),
        ("{{ v|replace('', 'x') }}", "a"),
        ("{{ v|join }}", "abc"),
        ("{{ v|upper }}", {"a": 1}),
    ],
)
def test_filters_refuse_what_they_cannot_show(source, value):
    with pytest.raises(TemplateBounds, match="sms text, line 1"):
        sms(source, {"v": value})
