"""How long, in few words that stay true: for a screen, a sentence or a terminal."""


def span_of(seconds: float, language: str = "en") -> str:
    """A duration: 38 ms, 0.9 s, 4 min, 8 h 56 min, 3 days."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 120:
        text = f"{seconds:.1f}".removesuffix(".0") + " s"
        return text.replace(".", ",") if language == "de" else text
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} {'Tage' if language == 'de' else 'days'}"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
