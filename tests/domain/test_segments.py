"""SMS segments against published vectors and a slow, obvious second way of counting."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.segments import pieces, segments

EXTENSION = "\f^{}\\[~]|€"


@pytest.mark.parametrize(
    ("text", "encoding", "count", "units"),
    [
        ("", "gsm7", 0, 0),
        ("a", "gsm7", 1, 1),
        ("a" * 160, "gsm7", 1, 160),
        ("a" * 161, "gsm7", 2, 161),
        ("a" * 306, "gsm7", 2, 306),
        ("a" * 307, "gsm7", 3, 307),
        ("a" * 459, "gsm7", 3, 459),
        ("a" * 460, "gsm7", 4, 460),
        ("€" * 80, "gsm7", 1, 160),
        ("€" * 81, "gsm7", 2, 162),
        ("a" * 158 + "€", "gsm7", 1, 160),
        ("a" * 159 + "€", "gsm7", 2, 161),
        ("a" * 152 + "€" + "a" * 153, "gsm7", 3, 307),  # the pair does not fit into the last septet of the first segment
        ("äöüÄÖÜßéèàñ£¥@\n\r", "gsm7", 1, 16),
        ("{}[]~^|\\", "gsm7", 1, 16),
        ("ç", "ucs2", 1, 1),
        ("я" * 70, "ucs2", 1, 70),
        ("я" * 71, "ucs2", 2, 71),
        ("я" * 134, "ucs2", 2, 134),
        ("я" * 135, "ucs2", 3, 135),
        ("🔔" * 35, "ucs2", 1, 70),
        ("🔔" * 36, "ucs2", 2, 72),
        ("x" * 66 + "🔔" + "y" * 66, "ucs2", 3, 134),  # nor is a surrogate pair split
    ],
)
def test_known_vectors(text, encoding, count, units):
    found = segments(text)
    assert (found.encoding, found.count, found.units) == (encoding, count, units)


def test_what_forces_ucs2_is_named_once():
    assert segments("“Hi” “there”").foreign == "“”"


@settings(deadline=None)
@given(st.text(st.sampled_from("ab€[🔔я"), max_size=400))
def test_equals_filling_segments_by_hand(text):
    plain = all(c in "ab" or c in EXTENSION for c in text)
    width = (lambda c: 2 if c in EXTENSION else 1) if plain else (lambda c: len(c.encode("utf-16-be")) // 2)
    single, several = (160, 153) if plain else (70, 67)
    boxes = [0]
    for char in text:
        if boxes[-1] + width(char) > several:
            boxes.append(0)
        boxes[-1] += width(char)
    total = sum(boxes)
    assert segments(text).count == (0 if not total else 1 if total <= single else len(boxes))


@pytest.mark.parametrize("text", ["", "a" * 160, "a" * 161, "€" * 200, "ж" * 200, "😀" * 100, "a[b]" * 100])
def test_pieces_are_the_segments_that_are_counted(text):
    parts, counted = pieces(text), segments(text)
    assert "".join(parts) == text
    assert len(parts) == counted.count
    assert all(segments(part).units <= counted.per_segment for part in parts if counted.encoding == segments(part).encoding)
