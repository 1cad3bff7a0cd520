"""The command `carillon`. Commands live in carillon/commands, by purpose; each loads what it needs when it is called."""

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from backend.domain.errors import Refusal

# command -> its module in carillon.commands
COMMANDS = {
    "up": "running", "serve": "running", "work": "running", "migrate": "running",
    "check": "checking", "engine": "looking",
    "send": "events", "explain": "events", "why": "events", "ledger": "accounting",
    "dead": "operating", "halt": "operating", "resume": "operating", "purge": "operating", "demo": "operating",
    "token": "people", "export": "people", "erase": "people",
    "bench": "measuring", "drill": "measuring",
}  # fmt: skip


class Commands(click.Group):
    """The table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"carillon.commands.{COMMANDS[name]}")
        found: click.Command = getattr(module, name)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="carillon", prog_name="carillon")
def cli() -> None:
    """Carillon: one keyboard, many bells.

    Settings come from the environment (CARILLON_...); `carillon check` shows them. Exit: 0 done, 1 refused or not well, 2 not understood.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script; `arguments` instead of the process's own. Leaves by `SystemExit`."""
    try:
        cli(arguments)
    except Refusal as refusal:
        click.echo(f"carillon: {refusal.detail}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # of `| head`
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
