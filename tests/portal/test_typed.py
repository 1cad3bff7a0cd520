"""Numbers as people type them: understood in both languages, or refused with a sentence that says what to write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.telling import Teller
from portal.typed import Unread, field_text, number_of, whole_of

EN, DE = Teller("en", "UTC", 0.0), Teller("de", "UTC", 0.0)


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("1000", 1_000, 1_000), ("1,000", 1_000, None), ("1.000", None, 1_000), ("12,500", 12_500, None), ("12.500", None, 12_500), ("1.000.000", 1_000_000, 1_000_000),
        ("1,000,000", 1_000_000, 1_000_000), ("1.234,5", 1_234.5, 1_234.5), ("1,234.5", 1_234.5, 1_234.5), ("2.5", 2.5, 2.5), ("2,5", 2.5, 2.5), ("0.125", 0.125, 0.125), ("0,125", 0.125, 0.125),
        ("1 000", 1_000, 1_000), ("1\u202f000,5", 1_000.5, 1_000.5), ("1’000", 1_000, 1_000), (" 5 % ", 5, 5), ("-3", -3, -3), ("−1.000,0", -1_000, -1_000), ("1000.000", 1_000, 1_000), (".5", 0.5, 0.5),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_writer_means_it_or_not_at_all(text, english, german):
    for language, meant in (("en", english), ("de", german)):
        if meant is None:
            with pytest.raises(Unread) as unread:
                number_of(text, language)
            assert unread.value.key == "num.two"
        else:
            assert number_of(text, language) == meant


def test_what_can_mean_two_things_is_refused_with_both():
    with pytest.raises(Unread) as unread:
        number_of("1.000", "en")
    assert EN.say(unread.value.key, **unread.value.values) == "1.000 can mean 1,000 or 1. Write 1000 or 1.0."
    with pytest.raises(Unread) as unread:
        number_of("12,500", "de")
    assert DE.say(unread.value.key, **unread.value.values) == "12,500 kann 12.500 oder 12,5 heißen. Schreiben Sie 12500 oder 12,5."
    assert [number_of(unread.value.values[one], "de") for one in ("one", "other")] == [12_500, 12.5]


@pytest.mark.parametrize("text", ["", "a", "nan", "inf", "1e5", "0x1f", "1_000", "1 2", "1,2,3", "1.00.000", "1,0.000,0", "1.000,00.0", "١", "1\u0301", "--1", "%", "1" * 41])
def test_what_is_no_number_is_said(text):
    for language in ("en", "de"):
        with pytest.raises(Unread) as unread:
            number_of(text, language)
        assert unread.value.key == "num.none"


@given(st.text(max_size=50), st.sampled_from(("en", "de")))
def test_whatever_is_typed_is_read_or_told(text, language):
    try:
        assert abs(number_of(text, language)) < 10**40
    except Unread as unread:
        assert Teller(language, "UTC", 0.0).say(unread.key, **unread.values)


@given(st.one_of(st.integers(-(10**15), 10**15), st.floats(-1e15, 1e15).map(lambda value: round(value, 6))), st.sampled_from(("en", "de")))
def test_what_a_field_shows_is_read_back(value, language):
    assert number_of(field_text(value, language), language) == value


@given(st.integers(-(10**12), 10**12), st.sampled_from(("en", "de")))
def test_grouped_thousands_are_read_in_their_own_language(n, language):
    text = f"{n:,}" if language == "en" else f"{n:,}".replace(",", ".")
    assert whole_of(text, language) == n


def test_parts_of_what_is_counted_in_whole_ones_are_refused():
    with pytest.raises(Unread, match=r"num\.whole"):
        whole_of("2,5", "de")
