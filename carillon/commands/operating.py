"""Levers: dead letters, halts, purge, the demo."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from carillon.given import Patch
from carillon.show import Progress, as_json, at_desk, give, table

if TYPE_CHECKING:
    from carillon.desk import Desk

PAGE = 200
LOOKED_AT = 200  # letters that one dry run decides
AT_ONCE = 1_000  # letters that one request sends again


@click.group()
def dead() -> None:
    """Dead letters: records that nobody could carry out, kept until a person decides."""


@dead.command(name="list")
@click.option("--cause", "fingerprint", help="Those of one cause: its fingerprint.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@as_json
def listed(fingerprint: str | None, limit: int, as_json: bool) -> None:
    """Newest first."""
    items = at_desk(lambda desk: _letters(desk, fingerprint, limit))
    columns = {
        "id": "id",
        "at": "at",
        "stage": "stage",
        "topic": "topic",
        "fingerprint": "cause",
        "replayed_at": "sent again",
        "cause": "why",
    }
    give(items, as_json, lambda: table(items, columns) if items else ["No dead letters."])


_ids = click.argument("ids", nargs=-1)
_cause = click.option("--cause", "fingerprint", help="All of one cause that were not sent again yet: its fingerprint.")
_all = click.option("--all", "everything", is_flag=True, help="All that were not sent again yet.")
_patch = click.option("--patch", type=Patch(), help="A merge patch of title, message and data: JSON, or @FILE.")


@dead.command(name="dry-run")
@_ids
@_cause
@_all
@_patch
@as_json
def dry_run(ids: tuple[str, ...], fingerprint: str | None, everything: bool, patch: dict[str, Any] | None, as_json: bool) -> None:
    """What sending dead letters again would do now, tried on copies. Nothing is sent."""
    _one_of(ids, fingerprint, everything)

    async def ask(desk: "Desk") -> dict[str, Any]:
        whole: dict[str, Any] = {}
        wanted = await _wanted(desk, ids, fingerprint)
        for n in range(0, len(wanted), LOOKED_AT):
            found = await desk.ask("POST", "/v1/dead/dry-run", {"ids": wanted[n : n + LOOKED_AT], "patch": patch})
            whole = {name: whole.get(name, 0) + found[name] for name in ("count", "looked", "sent", "held", "stopped", "unreadable")}
        return whole or dict.fromkeys(("count", "looked", "sent", "held", "stopped", "unreadable"), 0)

    found = at_desk(ask)
    words = {"sent": "would be sent now", "held": "would be held", "stopped": "would not be sent", "unreadable": "cannot be read as an event"}
    give(found, as_json, lambda: [f"{found[name]:,} of {found['looked']:,} {word}." for name, word in words.items() if found[name]] or ["No dead letters."])


@dead.command()
@_ids
@_cause
@_all
@_patch
@click.option("--rate", type=click.FloatRange(0.1, 10_000), default=500, show_default=True, help="Letters a second.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what it would do, and do nothing.")
@as_json
def replay(ids: tuple[str, ...], fingerprint: str | None, everything: bool, patch: dict[str, Any] | None, rate: float, dry: bool, as_json: bool) -> None:
    """Send dead letters again. What is for a person goes back through decide: what forbids it by now is asked anew.

    They go at the rate by themselves, also when this command has ended; `carillon dead stop` calls back what has not gone."""
    if dry:
        dry_run.callback(ids, fingerprint, everything, patch, as_json)  # type: ignore[misc]
        return
    _one_of(ids, fingerprint, everything)

    async def ask(desk: "Desk") -> int:
        wanted, done = await _wanted(desk, ids, fingerprint), 0
        with Progress("letters", len(wanted)) as progress:
            for n in range(0, len(wanted), AT_ONCE):
                some = wanted[n : n + AT_ONCE]
                if n:
                    await asyncio.sleep(AT_ONCE / rate)
                done += (await desk.ask("POST", "/v1/dead/replay", {"ids": some, "patch": patch, "rate": rate}))["replayed"]
                progress.add(len(some))
        return done

    done = at_desk(ask)
    give({"replayed": done}, as_json, lambda: [f"{done:,} sent again."])


@dead.command(name="stop")
@as_json
def stop_replay(as_json: bool) -> None:
    """Call back what was sent again at a rate and has not gone yet; it waits for a person again."""

    async def ask(desk: "Desk") -> int:
        return int((await desk.ask("POST", "/v1/dead/stop"))["stopped"])

    stopped = at_desk(ask)
    give({"stopped": stopped}, as_json, lambda: [f"{stopped:,} called back."])


def _one_of(ids: tuple[str, ...], fingerprint: str | None, everything: bool) -> None:
    if sum((bool(ids), bool(fingerprint), everything)) != 1:
        raise click.UsageError("Give ids, or --cause, or --all.")


async def _wanted(desk: "Desk", ids: tuple[str, ...], fingerprint: str | None) -> list[str]:
    """The ids that are meant, the oldest first."""
    return list(ids) or [one["id"] for one in reversed(await _letters(desk, fingerprint, 0)) if not one.get("replayed_at")]


async def _letters(desk: "Desk", fingerprint: str | None, limit: int) -> list[dict[str, Any]]:
    """Newest first; `limit` 0: all."""
    items: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        size = min(PAGE, limit - len(items)) if limit else PAGE
        page = await desk.ask("GET", "/v1/dead", fingerprint=fingerprint, after=after, limit=size)
        items += page["items"]
        after = page["next"]
        if after is None or (limit and len(items) >= limit):
            return items


@click.command()
@click.argument("scope", required=False)
@click.option("--reason", default="", help="Why, for whoever reads the trace.")
@as_json
def halt(scope: str | None, reason: str, as_json: bool) -> None:
    """Stop sending for SCOPE within two seconds: space, channel:sms, provider:smtp, category:KEY, priority:low, template:KEY, event:ID.

    What is halted waits; nothing is lost. Without SCOPE: what is halted now, and how much waits."""

    async def ask(desk: "Desk") -> Any:
        if scope is None:
            return (await desk.ask("GET", "/v1/halts"))["items"]
        return await desk.ask("PUT", f"/v1/halts/{quote(scope, safe=':')}", {"reason": reason})

    answer = at_desk(ask)
    give(
        answer,
        as_json,
        lambda: _halts(answer) if isinstance(answer, list) else [f"{scope} is halted. Let it go on: carillon resume {scope}"],
    )


def _halts(items: list[dict[str, Any]]) -> Iterable[str]:
    if not items:
        return ["Nothing is halted."]
    return table(items, {"scope": "scope", "by": "by", "at": "since", "waiting": "waiting", "reason": "reason"})


@click.command()
@click.argument("scope")
@as_json
def resume(scope: str, as_json: bool) -> None:
    """Let a halted SCOPE go on. What waited is decided anew and comes back at a pace, the oldest first."""

    async def ask(desk: "Desk") -> Any:
        path = f"/v1/halts/{quote(scope, safe=':')}"
        look = await desk.ask("GET", path)
        await desk.ask("DELETE", path)
        return look

    look = at_desk(ask)
    words = f"{scope} goes on." + (f" {look['waiting']:,} come back, at most {look['pace']:,} a second." if look["waiting"] else "")
    give({"resumed": scope, "waiting": look["waiting"], "pace": look["pace"]}, as_json, lambda: [words])


@click.command()
@as_json
def purge(as_json: bool) -> None:
    """Seal and drop what is older than 30 days, keep partitions ahead. The line does it every hour by itself."""

    async def ask(desk: "Desk") -> dict[str, Any]:
        done: dict[str, Any] = await desk.ask("POST", "/local/purge")
        return done

    done = at_desk(ask)
    give(done, as_json, lambda: [f"{done['days']} days and {done['rows']:,} further rows dropped.", *done["alarms"]])


@click.group()
def demo() -> None:
    """The demo: fictional people, their history and a few events a minute. Everything sent to them is captured here."""


@demo.command()
@as_json
def start(as_json: bool) -> None:
    """Make whoever and whatever of the demo is missing, and let events come in where Carillon runs."""
    answer = at_desk(lambda desk: _demo(desk, on=True))
    give(answer, as_json, lambda: [f"{answer['people']} people of the demo are there. A running Carillon makes the rest within a minute or two."])


@demo.command()
@click.option("--remove", is_flag=True, help="Take its people away too, with everything that was made of them.")
@as_json
def stop(remove: bool, as_json: bool) -> None:
    """End the demo's events. Its people and their history stay, unless --remove takes them away (Ctrl-C is safe; run it again)."""
    if not remove:
        answer = at_desk(lambda desk: _demo(desk, on=False))
        give(answer, as_json, lambda: ["No more events of the demo come in. Its people stay: carillon demo stop --remove takes them away."])
        return
    answer = at_desk(_removed)
    claim = [f"Make the first account with this link; it works once:\n\n  {answer['claim']}\n"] if answer["claim"] else []
    give(answer, as_json, lambda: [f"The demo is gone: {answer['of']:,} people and everything that was made of them.", *claim])


async def _demo(desk: "Desk", **asked: bool) -> dict[str, Any]:
    answer: dict[str, Any] = await desk.ask("POST", "/local/demo", asked)
    return answer


async def _removed(desk: "Desk") -> dict[str, Any]:
    step = await _demo(desk, on=False, remove=True)
    with Progress("people", step["of"]) as progress:
        done = 0
        while not step["gone"]:
            progress.add(step["done"] - done)
            done = step["done"]
            step = await _demo(desk, on=False, remove=True)
        progress.add(step["done"] - done)
    return step
