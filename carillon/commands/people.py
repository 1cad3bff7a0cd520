"""Tokens, and what a person may ask for: a copy of everything, or that it is erased."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click
import msgspec

from carillon.given import Span
from carillon.show import as_json, at_desk, give, note

if TYPE_CHECKING:
    from carillon.desk import Desk

@click.command()
@click.option("--user", required=True, help="Whose token: a user id.")
@click.option("--role", required=True, help="admin, marketer, analyst, operator or member.")
@click.option("--scope", "scopes", multiple=True, help="Only this; may be repeated. Without it, all the role may do.")
@click.option("--ttl", type=Span(), default="1h", show_default=True, help="How long it is good for: 90s, 15m, 1h, 30d.")
@as_json
def token(user: str, role: str, scopes: tuple[str, ...], ttl: float, as_json: bool) -> None:
    """Make an access token. The bare token is the last line: token=$(carillon token --user me --role admin | tail -1)."""
    body = {"user": user, "role": role, "scopes": list(scopes) or None, "ttl": ttl}

    async def ask(desk: "Desk") -> dict[str, object]:
        made: dict[str, object] = await desk.ask("POST", "/local/token", body)
        return made

    made = at_desk(ask)
    give(made, as_json, lambda: [str(made["token"])])


@click.command()
@click.argument("user")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of standard output; readable by you alone.")
@as_json
def export(user: str, output: Path | None, as_json: bool) -> None:
    """Everything kept about a person, as JSON (GDPR, articles 15 and 20)."""

    async def ask(desk: "Desk") -> object:
        return await desk.ask("GET", f"/v1/users/{quote(user, safe='')}/export")

    text = msgspec.json.format(msgspec.json.encode(at_desk(ask)), indent=2)
    if output is None:
        click.echo(text.decode())
        return
    output.touch(mode=0o600)
    output.write_bytes(text + b"\n")
    give({"file": str(output)}, as_json, lambda: [f"Written to {output}."])


@click.command()
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def erase(user: str, yes: bool, as_json: bool) -> None:
    """Erase a person for good (GDPR, article 17). The same user id does not come back."""
    if not yes:
        click.confirm(f"Erase {user} for good?", abort=True, err=True)

    async def ask(desk: "Desk") -> None:
        await desk.ask("POST", f"/v1/users/{quote(user, safe='')}/erase")

    at_desk(ask)
    give({"erased": user}, as_json, lambda: [f"{user} is erased."])
    if not as_json:
        note("Copies in backups made before are yours to handle.")
