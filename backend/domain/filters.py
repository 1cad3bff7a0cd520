"""The filters of templates: date, number, money, truncate, default and the small text ones. None lets a text outgrow a message."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context
from markupsafe import escape

from backend.domain.errors import TemplateBounds
from backend.domain.links import check_link
from backend.domain.sandbox import MAX_OUTPUT, Missing, bounded_text, finalize

_MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),
}
_LONG = {"de": "{d}. {month} {y}", "es": "{d} de {month} de {y}"}
_SHORT = {"de": "%d.%m.%Y", "fr": "%d/%m/%Y", "es": "%d/%m/%Y"}
_COMMA = frozenset({"de", "fr", "es", "it", "nl", "pt", "pl", "da", "sv", "nb", "fi", "cs", "ru", "tr"})
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}
_WHOLE = frozenset({"JPY", "KRW", "CLP", "VND"})
_FORMATS = ("short", "long", "time", "datetime", "iso")


def _text(value: Any) -> str:
    if isinstance(value, Missing):
        return value.used()
    value = finalize(value)
    return value if isinstance(value, str) else str(value)


def _of_text(change: Callable[..., str]) -> Callable[..., str]:
    """A filter on one text: missing values are named, containers refused, results bounded; escaped text stays escaped."""

    @wraps(change)
    def filtered(value: Any, *args: Any, **kwargs: Any) -> str:
        return bounded_text(change(_text(value), *args, **kwargs))

    return filtered


def _amount(value: Any) -> Decimal:
    if isinstance(value, Missing):
        value.used()
        return Decimal(0)
    try:
        if isinstance(value, bool) or (isinstance(value, str) and len(value) > 40):
            raise InvalidOperation
        number = Decimal(str(value)) if isinstance(value, int | float | str | Decimal) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number) >= Decimal(10) ** 30:
        raise TemplateBounds(f"{str(value)[:40]!r} is not a number that can be shown. Send a number, such as 12.5.")
    return number


def _language(context: Context) -> str:
    return str(context.parent.get("_locale") or "en").lower().replace("_", "-").split("-")[0]


def _grouped(number: Decimal, digits: int | None, language: str) -> str:
    shown = f"{number:,f}" if digits is None else f"{number:,.{digits}f}"
    return shown.translate({44: 46, 46: 44}) if language in _COMMA else shown


def _digits(digits: Any) -> int | None:
    if digits is None or (type(digits) is int and 0 <= digits <= 10):
        return digits
    raise TemplateBounds("The digits of a number are 0 to 10.")


@pass_context
def number(context: Context, value: Any, digits: int | None = None) -> str:
    """`1234.5` -> 1,234.5, or 1.234,5 where that is the custom."""
    return _grouped(_amount(value), _digits(digits), _language(context))


@pass_context
def money(context: Context, value: Any, currency: str = "EUR") -> str:
    """`12.5|money('EUR')` -> €12.50, or 12,50 € where that is the custom."""
    code = str(currency).upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise TemplateBounds("A currency is three letters, such as EUR.")
    amount, language = _amount(value), _language(context)
    shown = _grouped(abs(amount), 0 if code in _WHOLE else 2, language)
    minus, sign = "-" if amount < 0 else "", _SIGNS.get(code)
    if language in _COMMA:
        return f"{minus}{shown}\u00a0{sign or code}"
    return f"{minus}{sign}{shown}" if sign else f"{minus}{code}\u00a0{shown}"


@lru_cache(maxsize=700)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise TemplateBounds(f"{name[:40]!r} is no time zone. Use a name such as Europe/Berlin.") from None


def _moment(value: Any) -> datetime:
    try:
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str) and len(value) <= 40:
            read = datetime.fromisoformat(value)
            return read if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise TemplateBounds(f"{str(value)[:40]!r} is no date. Send ISO 8601, such as 2026-03-01T12:00:00Z, or seconds since 1970.")


@pass_context
def when(context: Context, value: Any, shape: str = "long", tz: str | None = None) -> str:
    """A date in the reader's zone and language: short, long, time, datetime or iso. A bare date is not moved between zones."""
    if isinstance(value, Missing):
        return value.used()
    if shape not in _FORMATS:
        raise TemplateBounds(f"A date is shown as one of: {', '.join(_FORMATS)}.")
    bare = isinstance(value, str) and len(value) == 10
    zone = tz or (context.parent.get("user") or {}).get("timezone") or "UTC"
    moment = _moment(value)
    try:
        moment = moment if bare else moment.astimezone(_zone(str(zone)))
    except (OverflowError, ValueError):
        raise TemplateBounds("The date lies too far away to be shown in this time zone.") from None
    if shape == "iso":
        return moment.date().isoformat() if bare else moment.isoformat(timespec="seconds")
    if shape == "time":
        return f"{moment:%H:%M}"
    language = _language(context)
    if shape == "short":
        return moment.strftime(_SHORT.get(language, "%Y-%m-%d"))
    month = _MONTHS.get(language, _MONTHS["en"])[moment.month - 1]
    day = _LONG.get(language, "{d} {month} {y}").format(d=moment.day, month=month, y=moment.year)
    return day if shape == "long" else f"{day}, {moment:%H:%M}"


def default(value: Any, other: Any = "") -> Any:
    """The value, or `other` when it is missing, null or an empty text."""
    return other if isinstance(value, Undefined) or value is None or value == "" else value


@_of_text
def truncate(text: str, length: int = 100, end: str = "…") -> str:
    """At most `length` characters, cut at a word where there is one, with `end` behind."""
    if type(length) is not int or length < 1 or len(text) <= length:
        return text
    room = max(length - len(end), 0)
    cut = text[:room]
    word = cut.rsplit(" ", 1)[0] if text[room : room + 1] != " " else cut
    return (word if len(word) > room // 2 else cut) + end


@_of_text
def replace(text: str, old: str, new: str) -> str:
    """Every `old` becomes `new`."""
    old, new = _text(old), _text(new)
    if not old:
        raise TemplateBounds("replace() needs a text to look for.")
    if len(text) + text.count(old) * max(len(new) - len(old), 0) > MAX_OUTPUT:
        raise TemplateBounds("replace() would make the text too long.")
    return text.replace(old, new)


def join(value: Any, between: str = ", ") -> str:
    """The values of a list, `between` them."""
    if isinstance(value, Missing):
        return value.used()
    if not isinstance(value, list | tuple) or len(value) > 1000:
        raise TemplateBounds("join() is for lists of at most 1,000 values.")
    between = _text(between)
    if len(between) * len(value) > MAX_OUTPUT:
        raise TemplateBounds("join() would make the text too long.")
    size, parts = 0, []
    for item in value:
        parts.append(_text(item))
        size += len(parts[-1])
        if size > MAX_OUTPUT:
            raise TemplateBounds("join() would make the text too long.")
    return bounded_text(between.join(parts))


def tojson(value: Any) -> str:
    """JSON that is safe to put anywhere: <, >, & and ' are written as escapes, and in HTML its quotes are escaped as well."""
    if isinstance(value, Missing):
        value.used()
        value = None
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise TemplateBounds("This value cannot be written as JSON.") from None
    for raw, safe in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")):
        text = text.replace(raw, safe)
    return bounded_text(text)


def items(value: Any) -> list[tuple[Any, Any]]:
    """The (key, value) pairs of an object, for loops."""
    if isinstance(value, Missing):
        value.used()
        return []
    if not isinstance(value, dict):
        raise TemplateBounds("items is for objects.")
    return list(value.items())


def count(value: Any) -> int:
    """How many: of a list, an object or the characters of a text."""
    if isinstance(value, Missing):
        value.used()
        return 0
    if not isinstance(value, str | list | tuple | dict | range):
        raise TemplateBounds("length is for lists, objects and texts.")
    return len(value)


def _end(index: int) -> Callable[[Any], Any]:
    def pick(value: Any) -> Any:
        """The first or last of a list or text; missing when there is none."""
        if isinstance(value, Missing):
            return value
        if not isinstance(value, str | list | tuple):
            raise TemplateBounds("first and last are for lists and texts.")
        return value[index] if value else Missing(path=f"{getattr(value, 'path', '')}[{index}]")

    return pick


def rounded(value: Any, digits: int = 0) -> float | int:
    """A number, rounded half to even, to 0 to 10 digits."""
    amount = round(float(_amount(value)), _digits(digits) or 0)
    return amount if digits else int(amount)


FILTERS: dict[str, Callable[..., Any]] = {
    "date": when,
    "number": number,
    "money": money,
    "truncate": truncate,
    "default": default,
    "upper": _of_text(lambda t: t.upper()),
    "lower": _of_text(lambda t: t.lower()),
    "title": _of_text(lambda t: t.title()),
    "capitalize": _of_text(lambda t: t.capitalize()),
    "trim": _of_text(lambda t: t.strip()),
    "urlencode": _of_text(lambda t: quote(str(t), safe="", errors="replace")),
    "url": _of_text(lambda t: check_link(str(t))),
    "escape": lambda value: escape(bounded_text(_text(value))),
    "replace": replace,
    "join": join,
    "tojson": tojson,
    "items": items,
    "length": count,
    "first": _end(0),
    "last": _end(-1),
    "round": rounded,
    "int": lambda value: int(_amount(value)),
}
FILTERS |= {"d": default, "e": FILTERS["escape"], "json": tojson, "count": count}
TESTS = frozenset(
    "defined undefined none string number mapping sequence even odd divisibleby equalto eq ne lt gt le ge == != < > <= >= true false boolean integer in".split()
)
