"""Reasons of refused rows: in two languages, kept as text and read again, and nothing of what somebody wrote in a cell."""

from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.errors import Erased, Invalid
from backend.domain.importing import fields_of, value_of
from backend.domain.row_reasons import SENTENCES, RowReason, RowRefused, counted, reason_for, reason_of


def test_each_code_is_said_in_both_languages_about_the_same():
    for code, (english, german) in SENTENCES.items():
        assert set(code) <= set(ascii_letters + "_") and english != german
        assert english.count("{}") == german.count("{}") <= 1, code
        for language in ("en", "de"):
            assert "{}" not in RowReason(code, "x").sentence(language)


@given(st.sampled_from(sorted(SENTENCES)), st.text(max_size=70).map(str.strip))
def test_what_is_kept_is_read_again(code, about):
    assert reason_of(RowReason(code, about).kept()) == RowReason(code, about.rstrip())
    assert about in RowReason(code, about).sentence() or "{}" not in SENTENCES[code][0] or not about


def test_what_nobody_wrote_is_other():
    assert reason_of("The same person stands in line 3.") == reason_of("") == RowReason("other")


def test_rows_are_counted_by_what_is_the_matter_and_not_by_where():
    assert RowReason("duplicate", "12").kind == RowReason("duplicate")
    assert RowReason("duplicate").sentence("de").startswith("Dieselbe Person steht schon in einer früheren")
    assert RowReason("group_unknown", "vips").kind.about == "vips"
    assert counted({"duplicate": 1, "group_unknown vips": 7}) == [(RowReason("group_unknown", "vips"), 7), (RowReason("duplicate"), 1)]


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (Erased(), RowReason("erased")),
        (Invalid("x", field="phone", given="+0 secret"), RowReason("phone_invalid")),
        (Invalid("x", field="who knows"), RowReason("other")),
        (RowRefused("not_a_date", "born"), RowReason("not_a_date", "born")),
    ],
)
def test_what_a_row_was_refused_with_has_a_code(refusal, reason):
    assert reason_for(refusal) == reason


@pytest.mark.parametrize(("kind", "code"), [("number", "not_a_number"), ("flag", "not_a_flag"), ("date", "not_a_date")])
def test_no_reason_holds_what_a_cell_says(kind, code):
    with pytest.raises(RowRefused) as caught:
        value_of("secret", kind, "age")
    assert caught.value.reason == RowReason(code, "age") and "secret" not in caught.value.detail


def test_a_row_too_wide_and_a_row_without_anybody():
    with pytest.raises(RowRefused) as caught:
        fields_of(["a", "b", "c"], ["user_id"], email_is_id=False)
    assert caught.value.reason == RowReason("cells_too_many", "3")
    with pytest.raises(RowRefused) as caught:
        fields_of([" "], ["user_id"], email_is_id=False)
    assert caught.value.reason == RowReason("user_missing")
