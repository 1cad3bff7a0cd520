"""What people typed, made harmless inside a sentence of ours: no marks that turn the rest of the line around, no line breaks."""

import re

_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def in_line(text: str, longest: int = 200) -> str:
    """The text without direction marks and control characters; cut with an ellipsis when longer than `longest`."""
    clean = _BREAKS.sub(" ", _TURNS.sub("", text)).strip()
    return clean if len(clean) <= longest else clean[: longest - 1].rstrip() + "…"
