"""How commands speak: results on standard output, everything else on standard error; `--json` gives the value itself."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click
import msgspec

from backend.settings import load

if TYPE_CHECKING:
    from carillon.desk import Desk

T = TypeVar("T")
as_json = click.option("--json", "as_json", is_flag=True, help="Give the result as JSON.")


def at_desk(work: "Callable[[Desk], Awaitable[T]]") -> T:
    """Run one question at the desk these settings lead to."""
    from carillon.desk import open_desk

    async def ask() -> T:
        async with open_desk(load()) as desk:
            return await work(desk)

    return asyncio.run(ask())


def give(value: Any, as_json: bool, lines: Callable[[], Iterable[str]]) -> None:
    """The value as JSON, or the lines it is read by."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
        return
    for line in lines():
        click.echo(line)


def note(text: str) -> None:
    """Beside the result: progress, warnings."""
    click.echo(text, err=True)


class Progress:
    """`12,000 of 40,000 events` on a terminal, rewritten in place; elsewhere one line at the end."""

    def __init__(self, what: str, whole: int) -> None:
        self._what, self._whole, self._done = what, whole, 0

    def __enter__(self) -> Self:
        return self

    def add(self, n: int) -> None:
        """So many more are done."""
        self._done += n
        if sys.stderr.isatty():
            click.echo(f"\r{self._done:,} of {self._whole:,} {self._what}", nl=False, err=True)

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty() and self._done:
            click.echo(err=True)
        elif self._whole > 1:
            note(f"{self._done:,} of {self._whole:,} {self._what}")


def table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> Iterable[str]:
    """Aligned columns: key -> heading."""
    shown = [list(columns.values()), *([_cell(row.get(key)) for key in columns] for row in rows)]
    widths = [max(len(row[n]) for row in shown) for n in range(len(columns))]
    for row in shown:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def reason(view: Mapping[str, Any] | None) -> str:
    """A reason by its sentence, or its code where there is none."""
    return "" if not view else str(view.get("text") or view.get("code") or "")
