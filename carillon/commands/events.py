"""Events: handing them in, asking beforehand, asking afterwards, and whether everything adds up."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click
import msgspec

from carillon.show import Progress, as_json, at_desk, give, note, reason

if TYPE_CHECKING:
    from carillon.desk import Desk

AT_ONCE = 500  # events in one request


def _read(file: Any) -> Any:
    try:
        return msgspec.json.decode(file.read())
    except msgspec.DecodeError as error:
        raise click.UsageError(f"{file.name} is not JSON: {error}") from None


@click.command()
@click.argument("file", type=click.File("rb"))
@as_json
def send(file: Any, as_json: bool) -> None:
    """Hand in the event, or the array of events, in FILE ('-': standard input). Exit 1 when one of them is refused."""
    given = _read(file)
    events = given if isinstance(given, list) else [given]

    async def ask(desk: "Desk") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        with Progress("events", len(events)) as progress:
            for n in range(0, len(events), AT_ONCE):
                some = events[n : n + AT_ONCE]
                items += (await desk.ask("POST", "/v1/events", some))["items"]
                progress.add(len(some))
        if desk.alone and not as_json and any("id" in item for item in items):
            note("Accepted. They are sent when Carillon runs: make up, or carillon work all.")
        return items

    items = at_desk(ask)
    give(items if isinstance(given, list) else items[0], as_json, lambda: (_accepted(n, item) for n, item in enumerate(items)))
    sys.exit(any("error" in item for item in items))


def _accepted(n: int, item: dict[str, Any]) -> str:
    if "error" in item:
        return f"event {n + 1} is refused: {item['error'].get('detail')}"
    return f"{item['id']}  {item['url']}"


@click.command()
@click.argument("file", type=click.File("rb"))
@as_json
def explain(file: Any, as_json: bool) -> None:
    """What would become of the event in FILE now ('-': standard input), decided by the same function. Nothing is sent."""
    given = _read(file)

    async def ask(desk: "Desk") -> Any:
        return await desk.ask("POST", "/v1/decisions", given)

    answer = at_desk(ask)
    decisions = answer["items"] if isinstance(answer, dict) and "items" in answer else answer
    give(answer, as_json, lambda: _decisions(decisions))


def _decisions(decisions: list[dict[str, Any]]) -> Iterable[str]:
    for decision in decisions:
        yield str(decision["user"])
        for unit in decision["units"]:
            until = f" until {unit['until']}" if unit.get("until") else ""
            why = "; ".join(reason(one) for one in unit["reasons"])
            yield f"  {unit['channel']:<6} {unit['address']:<24} {unit['outcome']}{until}{f': {why}' if why else ''}"


@click.command()
@click.argument("delivery")
@as_json
def why(delivery: str, as_json: bool) -> None:
    """Why a delivery is what it is: every gate, and everything that happened to it since."""

    async def ask(desk: "Desk") -> Any:
        return await desk.ask("GET", f"/v1/deliveries/{delivery}")

    view = at_desk(ask)
    give(view, as_json, lambda: _why(view))


def _why(view: dict[str, Any]) -> Iterable[str]:
    yield f"{view['state']}  {view['channel']} {view['address']} to {view['user']}, {view['category']}, {view['priority']}"
    if view.get("reason"):
        yield f"because: {reason(view['reason'])}"
    yield ""
    for gate in view.get("trace") or []:
        yield f"  {gate['gate']:<14} {gate['result']:<5} {reason(gate.get('reason'))}".rstrip()
    yield ""
    for entry in view.get("timeline") or []:
        yield f"  {entry['at']}  {entry['kind']:<10} {entry['text']}".rstrip()
