"""What is typed after an option of a command, and what it may be: spans of time, moments, patches."""

import re
import time
from calendar import timegm
from pathlib import Path
from typing import Any

import click
import msgspec

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Span(click.ParamType[float]):
    """`90s`, `15m`, `1h`, `30d`; a bare number is seconds."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        seconds = _span(str(value))
        if seconds is None:
            self.fail(f"{value!r} is no span of time. Write it like 90s, 15m, 1h or 30d.", param, ctx)
        return seconds


class Since(click.ParamType[float]):
    """A span ago, or the beginning of a day (UTC) written as 2026-01-31: seconds since 1970."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if (seconds := _span(str(value))) is not None:
            return time.time() - seconds
        try:
            return float(timegm(time.strptime(str(value).strip(), "%Y-%m-%d")))
        except ValueError:
            self.fail(f"{str(value)[:40]!r} is no time. Write 30m, 12h, 7d, or a day such as 2026-01-31.", param, ctx)


def _span(text: str) -> float | None:
    found = re.fullmatch(r"(\d{1,12}(?:\.\d+)?)([smhd]?)", text.strip())
    return float(found[1]) * UNITS[found[2] or "s"] if found else None


class Patch(click.ParamType[dict[str, Any]]):
    """A JSON object, or @FILE with one."""

    name = "JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        try:
            text = Path(value[1:]).read_bytes() if value.startswith("@") else value
            given = msgspec.json.decode(text)
        except (OSError, msgspec.DecodeError) as error:
            self.fail(f"this is no JSON: {error}", param, ctx)
        if not isinstance(given, dict):
            self.fail('give an object, such as {"title": "Your order"}', param, ctx)
        return given
