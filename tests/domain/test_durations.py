"""Durations as they are told."""

import pytest

from backend.domain.durations import span_of


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.038, "38 ms"), (0.9, "900 ms"), (9.84, "9.8 s"), (119.0, "119 s"), (240, "4 min"), (32160, "8 h 56 min"), (7200, "2 h"),
        (47 * 3600, "47 h"), (200_000.0, "2 days"),
    ],
)  # fmt: skip
def test_a_time_is_told_as_short_as_it_is_clear(seconds, text):
    assert span_of(seconds) == text


def test_in_german():
    assert [span_of(seconds, "de") for seconds in (1.5, 2.0, 200_000.0)] == ["1,5 s", "2 s", "2 Tage"]
