"""`carillon ledger`: whether everything that was planned is accounted for, of one event or of every space."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import msgspec

from backend.domain.ledger import Ledger, balance, joined
from carillon.given import Since
from carillon.show import Progress, as_json, at_desk, give, table

if TYPE_CHECKING:
    from carillon.desk import Desk

COLUMNS = ("planned", "sent", "held", "skipped", "failed", "unknown", "pending", "folded")
NAMED = 20  # events that are named on a terminal; --json has them all


@click.command()
@click.option("--event", help="Of one event.")
@click.option("--campaign", help="Of the newest run of one campaign, beside its forecast.")
@click.option("--since", type=Since(), help="Of what came since: 12h, 7d, or a day (2026-01-31), in whole days of UTC.")
@click.option("--recount", is_flag=True, help="Prove the counters against the rows as well.")
@as_json
def ledger(event: str | None, campaign: str | None, since: float | None, recount: bool, as_json: bool) -> None:
    """Planned = sent + held + skipped + failed + unknown + pending + folded, for every event of every space.

    Events that do not balance are named. Exit 1 when something does not balance."""
    if (event or campaign) and (recount or since is not None):
        raise click.UsageError("--recount and --since look at everything; leave --event and --campaign out.")
    if event and campaign:
        raise click.UsageError("An event or a campaign: leave one of them out.")
    if recount and since is not None:
        raise click.UsageError("--recount proves all counters; leave --since out.")
    answer = at_desk(lambda desk: _of_event(desk, event) if event else _of_campaign(desk, campaign) if campaign else _whole(desk, since or 0.0, recount))
    give(answer, as_json, lambda: _lines(answer))
    sys.exit(not answer["balances"])


async def _of_event(desk: "Desk", event: str) -> dict[str, Any]:
    counted = (await desk.ask("GET", f"/v1/events/{event}"))["ledger"]
    difference = balance(msgspec.convert(counted, Ledger))
    return {"balances": not difference, "ledger": counted, "difference": difference}


async def _of_campaign(desk: "Desk", campaign: str) -> dict[str, Any]:
    """The ledger of its newest run, and what was planned beside what came of it. `unexplained`: units by which plan, fact and differences do not agree;
    null while the run is not decided to its end."""
    report = await desk.ask("GET", f"/v1/campaigns/{quote(campaign, safe='')}/report")
    found = await _of_event(desk, report["run"])
    planned = sum(row["planned"] for row in report["rows"])
    moved = sum((one["fact"] != "none") - (one["foreseen"] != "none") for one in report["differences"] for _ in range(one["n"]))
    facts = [row["fact"] for row in report["rows"] if row["fact"] is not None]
    unexplained = sum(facts) + report["waiting"] - planned - moved if facts else None
    return {**found, "balances": found["balances"] and not unexplained, "plan": report, "unexplained": unexplained}


async def _whole(desk: "Desk", since: float, recount: bool) -> dict[str, Any]:
    """A day at a time, so that it shows how far it is and keeps nobody waiting."""
    kept = await desk.ask("POST", "/local/ledger", {"recount": recount, "since": since})
    ledgers = {one["space"]: Ledger() for one in kept["spaces"]}
    unbalanced: list[dict[str, Any]] = []
    with Progress("days", len(kept["days"])) as progress:
        for day in kept["days"]:
            found = await desk.ask("POST", "/local/ledger/day", {"day": day})
            for space, one in found["spaces"].items():
                ledgers[int(space)] = joined(ledgers.get(int(space), Ledger()), msgspec.convert(one, Ledger))
            unbalanced += found["unbalanced"]
            progress.add(1)
    spaces, off = [], 0
    for one in kept["spaces"]:
        of_rows = ledgers[one["space"]]
        sealed = Ledger() if since else msgspec.convert(one["sealed"], Ledger)
        differs = balance(of_rows) + balance(sealed)
        counters = one["counters"] == one["rows"] and not one["people"]
        off += bool(differs) or not counters
        spaces.append({**one, "ledger": msgspec.to_builtins(of_rows), "difference": differs, "counters_right": counters})
    whole = Ledger()
    for one in ledgers.values():
        whole = joined(whole, one)
    return {
        "balances": not off and not unbalanced, "ledger": msgspec.to_builtins(whole), "difference": sum(one["difference"] for one in spaces), "spaces": spaces,
        "unbalanced": unbalanced, "days": len(kept["days"]),
    }  # fmt: skip


def _plan(answer: dict[str, Any]) -> Iterable[str]:
    plan = answer["plan"]
    yield ""
    rows = [
        {"what": one["outcome"], "channel": one["channel"], "why": one["reason"]["code"] if one["reason"] else "", "planned": one["planned"],
         "fact": "" if one["fact"] is None else one["fact"]} for one in plan["rows"]
    ]  # fmt: skip
    yield from table(rows, {name: name for name in ("what", "channel", "why", "planned", "fact")})
    for one in plan["differences"]:
        yield f"{one['n']:,} on {one['channel']}: foreseen {one['foreseen']}, came {one['fact']} ({one['cause']['text'].rstrip('.')}), {one['first_at']} to {one['last_at']}"
    if plan["detail"]:
        yield plan["detail"]
    if answer["unexplained"]:
        yield f"Plan and fact do not agree: {answer['unexplained']:+,} units are unexplained."


def _lines(answer: dict[str, Any]) -> Iterable[str]:
    counted = answer["ledger"]
    yield from (f"{name:<8} {counted[name]:>12,}" for name in COLUMNS)
    if "plan" in answer:
        yield from _plan(answer)
    spaces = answer.get("spaces", [])
    if len(spaces) > 1:
        yield ""
        yield from table(({"space": one["name"], **one["ledger"]} for one in spaces), {"space": "space"} | {name: name for name in COLUMNS})
    for one in spaces:
        if one["rows"] is not None:
            yield ""
            rows = [{"what": name, **one[name]} for name in ("counters", "rows")]
            yield from table(rows, {"what": one["name"]} | {name: name for name in COLUMNS[1:]})
        if not one["counters_right"]:
            yield "The counters do not say what the rows say."
        if one["people"]:
            yield f"{one['people']:,} counts of people are not what the recipients of campaigns say."
        if len(spaces) > 1 and one["difference"]:
            yield f"The space {one['name']} does not balance: {one['difference']:+,} units are unaccounted for."
    if answer["difference"]:
        yield f"It does not balance: {answer['difference']:+,} units are unaccounted for."
    named = answer.get("unbalanced", [])
    yield from (f"Event {one['event']} (space {one['space']}) does not balance: {one['difference']:+,}. Look: carillon ledger --event {one['event']}" for one in named[:NAMED])
    if len(named) > NAMED:
        yield f"And {len(named) - NAMED:,} more events; --json names them."
    if answer["balances"]:
        yield "It balances."
