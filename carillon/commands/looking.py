"""`carillon engine`: what is stuck, why and what to do, as the page of operators says it."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from backend.domain.durations import span_of
from carillon.show import as_json, at_desk, give, table

if TYPE_CHECKING:
    from carillon.desk import Desk


@click.command()
@as_json
def engine(as_json: bool) -> None:
    """Say in one sentence what is stuck, why and what to do; then what waits where. Exit 1 unless everything moves."""

    async def ask(desk: "Desk") -> dict[str, Any]:
        look: dict[str, Any] = await desk.ask("GET", "/v1/engine")
        return look

    look = at_desk(ask)
    give(look, as_json, lambda: _lines(look))
    sys.exit(not look["well"])


def _lines(look: dict[str, Any]) -> Iterable[str]:
    yield look["sentence"]
    yield from (f"Also: {finding['sentence']}" for finding in look["findings"][1:])
    lanes = [one for one in look["lanes"] if one["waiting"] or one["per_second"]]
    if lanes:
        yield ""
        rows = [
            {**one, "waiting": f"{one['waiting']:,}", "oldest": "" if one["oldest"] is None else span_of(one["oldest"]), "rate": f"{one['per_second']:.1f}/s"}
            for one in lanes
        ]
        yield from table(rows, {"priority": "priority", "stage": "stage", "waiting": "waiting", "oldest": "oldest", "rate": "rate"})
    took = [one for one in look["took"] if one["n"]]
    if took:
        yield ""
        rows = [{**one, "p50": span_of(one["p50"]), "p99": span_of(one["p99"]), "n": f"{one['n']:,}"} for one in took]
        yield from table(rows, {"priority": "priority", "n": "taken in 5 min", "p50": "median", "p99": "99th percentile"})
    yield ""
    counts = (f"{name} {_count(look[name])}" for name in ("due", "parked", "dead"))
    yield ", ".join(counts) + f"; {sum(one['processes'] > 0 for one in look['stages'])} of {len(look['stages'])} stages run."


def _count(one: dict[str, Any]) -> str:
    return f"{'more than ' if one['more'] else ''}{one['n']:,}"
