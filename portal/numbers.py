"""How figures are written: short counts, percentages that are never a false zero, changes with their sign. Pure."""

from backend.domain.durations import span_of
from portal.theme import count

NONE = "–"  # there is no denominator, or no signal; a tooltip says which
MINUS = "−"
_SHORT = ((1_000_000_000, "B", " Mrd."), (1_000_000, "M", " Mio."), (10_000, "K", " Tsd."))


def decimal(value: float, digits: int, language: str = "en") -> str:
    """1,234.5 in English, 1.234,5 in German; the minus is a minus."""
    text = f"{abs(value):,.{digits}f}"
    if language == "de":
        text = text.replace(",", " ").replace(".", ",").replace(" ", ".")
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text


def compact(value: int, language: str = "en") -> str:
    """Three significant figures for a tile: 4.92M, 18.2K, 940. The exact count stands beside it."""
    for limit, english, german in _SHORT:
        if abs(value) >= limit:
            short = value / (1_000 if limit == 10_000 else limit)
            digits = 2 if abs(short) < 9.995 else 1 if abs(short) < 99.95 else 0
            return decimal(short, digits, language) + (german if language == "de" else english)
    return count(value, language)


def percent(part: int, whole: int, language: str = "en", digits: int = 1) -> str:
    """98.0%, or an en dash where nothing is to be divided by; neither a false zero nor a false hundred."""
    if not whole:
        return NONE
    share, least = 100 * part / whole, 10**-digits
    sign = " %" if language == "de" else "%"
    if 0 < share < least:
        return f"<{decimal(least, digits, language)}{sign}"
    if 100 - least < share < 100:
        return f">{decimal(100 - least, digits, language)}{sign}"
    return f"{decimal(share, digits, language)}{sign}"


def of(part: int, whole: int, language: str = "en") -> str:
    """5,470 of 61,388: what stands behind a percentage."""
    return f"{count(part, language)} {'von' if language == 'de' else 'of'} {count(whole, language)}"


def change(now: float, before: float, language: str = "en") -> str:
    """+6.4% against a count before; "" where there was none to compare with."""
    if not before:
        return ""
    return signed(100 * (now - before) / before, 1, language) + (" %" if language == "de" else "%")


def points(now: float, before: float, language: str = "en") -> str:
    """+0.2 pt: the change of a percentage, both given in per cent."""
    return signed(now - before, 1, language) + (" Pp." if language == "de" else " pt")


def signed(value: float, digits: int, language: str = "en") -> str:
    """Always with its sign; ±0 where rounding leaves nothing."""
    text = decimal(abs(value), digits, language)
    if not text.strip("0.,"):
        return f"±{text}"
    return f"{'+' if value > 0 else MINUS}{text}"


def slower(now: float, before: float, language: str = "en") -> str:
    """−0.1 s: the change of a time in seconds."""
    gap = now - before
    return ("±" if not gap else "+" if gap > 0 else MINUS) + span_of(abs(gap), language)
