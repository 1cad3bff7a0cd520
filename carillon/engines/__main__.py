"""`python -m carillon.engines up|down|run|need`: real PostgreSQL, Redis and Kafka for development and tests."""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

import click

from carillon.engines import sets
from carillon.engines.home import EngineError, Home
from carillon.engines.programs import NEEDS, ensure

AT = click.option("--home", "path", type=click.Path(path_type=Path, file_okay=False), default=Path(".engines"), show_default=True)
BROKERS = click.option("--brokers", type=click.Choice(["1", "3"]), help="Kafka brokers; with 3, records are kept three times.")
TESTED = {name: variable.replace("CARILLON_", "CARILLON_TEST_") for name, variable in sets.LEADS.items()}


@click.group()
def main() -> None:
    """Real PostgreSQL, Redis and Kafka for development and tests."""


@main.command()
@AT
@BROKERS
@click.option("--base-port", type=click.IntRange(1024, 65500), help="First of ten ports on 127.0.0.1. Default: some that are free.")
@click.option("--only", type=click.Choice(sets.ALL), multiple=True, help="Just this one; may be given again. Default: all.")
def up(path: Path, brokers: str | None, base_port: int | None, only: tuple[str, ...]) -> None:
    """Start what does not run yet; print how to use it and keep that in HOME/env."""
    home = Home(path)
    variables = asyncio.run(sets.up(home, brokers=int(brokers) if brokers else None, base_port=base_port, only=only or sets.ALL))
    click.echo("\n".join(sets.exports(variables)))
    click.echo(f"Running. Use them with: . {path}/env && make up", err=True)


@main.command()
@AT
@click.option("--remove", is_flag=True, help="Delete their data as well.")
def down(path: Path, *, remove: bool) -> None:
    """Stop what `up` started there. Data and ports are kept."""
    if not path.exists():
        click.echo("Nothing was started here.", err=True)
        return
    home = Home(path)
    stopped = asyncio.run(sets.down(home))
    click.echo(f"Stopped: {', '.join(stopped) or 'nothing ran'}.", err=True)
    if remove:
        home.remove()


@main.command(context_settings={"ignore_unknown_options": True})
@BROKERS
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(brokers: str | None, command: tuple[str, ...]) -> None:
    """Run COMMAND with engines of its own, made for it and removed after it; exit as it exits.

    It finds them in CARILLON_TEST_DATABASE_URL, CARILLON_TEST_LOG_URL and CARILLON_TEST_CACHE_URL; those that are set
    already are used as they are.
    """
    sys.exit(asyncio.run(_run(int(brokers or 1), command)))


@main.command()
@click.argument("names", nargs=-1, required=True, type=click.Choice(list(NEEDS), case_sensitive=False))
def need(names: tuple[str, ...]) -> None:
    """Make sure that programs are there: on Debian as root by installing them, otherwise by saying what is missing."""
    ensure(names)


async def _run(brokers: int, command: tuple[str, ...]) -> int:
    absent = [name for name, variable in TESTED.items() if not os.environ.get(variable)]
    home = Home(Path(tempfile.mkdtemp(prefix="carillon-engines-")))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # a terminal sends Ctrl-C to the command as well: let it end, then clean up
    try:
        found = await sets.up(home, brokers=brokers, only=absent)
        given = {TESTED[name]: found[sets.LEADS[name]] for name in absent}
        return await _until(command, given, ended)
    finally:
        await sets.down(home)
        home.remove()


async def _until(command: tuple[str, ...], given: dict[str, str], ended: asyncio.Event) -> int:
    """The exit code of the command; at SIGTERM it is asked to end first."""
    child = await asyncio.create_subprocess_exec(*command, env=os.environ | given)
    waiting = asyncio.ensure_future(child.wait())
    told = asyncio.ensure_future(ended.wait())
    await asyncio.wait([waiting, told], return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        child.send_signal(signal.SIGINT)
    told.cancel()
    code = await waiting
    return code if code >= 0 else 128 - code  # ended by a signal: as a shell tells it


if __name__ == "__main__":
    try:
        main()
    except EngineError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
