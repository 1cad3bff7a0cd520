"""Commands that run until they are told to end, and `migrate` before them."""

import logging
from typing import TYPE_CHECKING, Any

import click
import msgspec

from backend.settings import Settings, load
from carillon.show import as_json, give, note

if TYPE_CHECKING:
    from carillon.house import House

STAGES = ("expand", "decide", "deliver", "receipts", "due", "rollup", "purge")  # those of workers.line; a test holds them equal


class Seeding:
    """Tells of the demo's history while it is written beside everything else: a line at each quarter, none when nothing is to be made."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._open, self._last = quiet, False, -1

    def begin(self) -> None:
        """The address is printed: speak from now on."""
        self._open = True

    def told(self, what: str, done: int, of: int) -> None:
        """How far it is."""
        quarter = done * 4 // max(1, of)
        if self._quiet or not self._open or what != "history" or quarter == self._last:
            return
        self._last = quarter
        if done == of:
            note("The demo's thirty days of history are written.")
        elif quarter:
            note(f"The demo's history: {quarter * 25} % written. You can work meanwhile.")


@click.command()
@as_json
def up(as_json: bool) -> None:
    """Run everything in this process: API, GraphQL, portal and the line. Ctrl-C ends it in order."""
    from carillon import demo, run
    from carillon.demo.life import Life
    from carillon.demo.plot import FULL, TINY
    from carillon.portal_build import BuildFailed

    settings = load()
    run.start_logging(as_json=as_json)

    async def ready(house: "House") -> None:
        first = await house.app.first_start()
        await demo.first(house.app)
        progress = Seeding(quiet=as_json)
        house.app.later(Life(house.app, TINY if settings.demo_small else FULL, progress.told).run())
        claim = f"{settings.base_url}/claim?token={first.claim}" if first.claim else ""
        if as_json:
            said: dict[str, Any] = {"address": settings.base_url, "sign_ins": msgspec.to_builtins(first.sign_ins), "claim": claim or None}
            click.echo(msgspec.json.encode(said).decode())
            return
        click.echo(f"\nCarillon is open at {settings.base_url}\n")
        if first.sign_ins:
            click.echo("Sign in with one of these (the demo made them; set CARILLON_DEMO=0 before the first start for an empty one):\n")
            for one in first.sign_ins:
                click.echo(f"  {one.login:<10} {one.password}")
            click.echo()
        if claim:
            click.echo(f"Make the first account with this link; it works once:\n\n  {claim}\n")
        progress.begin()
        click.echo(f"API {settings.base_url}/v1/docs   GraphQL {settings.base_url}/graphql   Ctrl-C ends it.")

    try:
        run.run(settings, ready)
    except BuildFailed as failed:
        raise click.ClickException(str(failed)) from None
    _ended(as_json)


@click.command()
@click.argument("entrance", type=click.Choice(["portal", "api"]))
@as_json
def serve(entrance: str, as_json: bool) -> None:
    """Run one entrance alone: `portal` (pages for people) or `api` (HTTP, GraphQL, links). The line runs elsewhere (carillon work)."""
    from carillon import local, run
    from carillon.portal_build import BuildFailed

    settings = load()
    run.start_logging(as_json=as_json)

    async def ready(_: "House") -> None:
        click.echo(f"The {entrance} answers at {local.address_of(settings)}" if not as_json else _json(settings, entrance=entrance))

    try:
        run.run(settings, ready, entrance="portal" if entrance == "portal" else "api", names=())
    except BuildFailed as failed:
        raise click.ClickException(str(failed)) from None
    _ended(as_json)


@click.command()
@click.argument("stages", nargs=-1, required=True, metavar="STAGE...|all")
@as_json
def work(stages: tuple[str, ...], as_json: bool) -> None:
    """Run stages of the line alone: expand decide deliver receipts due rollup purge, or all."""
    from carillon import run

    names = STAGES if "all" in stages else stages
    if unknown := [name for name in names if name not in STAGES]:
        raise click.UsageError(f"There is no stage {unknown[0]!r}. The stages are {', '.join(STAGES)}, and all.")
    settings = load()
    run.start_logging(as_json=as_json)

    async def ready(_: "House") -> None:
        click.echo(f"Working: {', '.join(names)}. Ctrl-C ends it." if not as_json else _json(settings, stages=list(names)))

    run.run(settings, ready, entrance=None, names=names)
    _ended(as_json)


@click.command()
@as_json
def migrate(as_json: bool) -> None:
    """Bring the database's schema up to date and make the topics that are missing."""
    import asyncio

    from backend.clock import SystemClock
    from backend.log.open import open_log
    from backend.settings import make_home
    from backend.store import migrate as schema

    settings, clock = load(), SystemClock()
    make_home(settings.home)
    applied = schema.migrate(settings.database_url, clock)

    async def topics() -> None:
        events = open_log(settings.log_url, sqlite=None, clock=clock)
        await events.start()
        try:
            await events.create_topics()
        finally:
            await events.close()

    if not settings.log_url.startswith("embedded:"):  # there they are tables of the same file
        asyncio.run(topics())
    give({"applied": applied}, as_json, lambda: [f"Applied {', '.join(applied)}." if applied else "The schema is up to date."])


def _json(settings: Settings, **more: object) -> str:
    return msgspec.json.encode({"port": settings.port, **more}).decode()


def _ended(as_json: bool) -> None:
    logging.getLogger().handlers[:] = []
    if not as_json:
        note("Ended in order.")
