"""The request a form stands for, as a program would send it: with a token, or with the variable one is read from."""

import json
import pprint
import shlex
from typing import Any

import msgspec

from backend.domain.event import EventIn

TOKEN = "CARILLON_TOKEN"  # noqa: S105 - the name of a variable


def body_of(item: EventIn) -> dict[str, Any]:
    """The JSON of an event, without what was left out."""
    made: dict[str, Any] = {name: value for name, value in msgspec.to_builtins(item).items() if value not in (None, {}, [])}
    return made


def curl(base: str, body: dict[str, Any], token: str = "") -> str:
    """For a shell."""
    bearer = shlex.quote(f"Authorization: Bearer {token}") if token else f'"Authorization: Bearer ${TOKEN}"'
    lines = [
        f"curl -X POST {shlex.quote(base + '/v1/events')}",
        f"-H {bearer}",
        "-H 'Content-Type: application/json'",
    ]
    return " \\\n  ".join([*lines, f"-d {shlex.quote(json.dumps(body, ensure_ascii=False, indent=2))}"])


def python(base: str, body: dict[str, Any], token: str = "") -> str:
    """For Python, with what it brings along."""
    bearer = repr(f"Bearer {token}") if token else f'"Bearer " + os.environ["{TOKEN}"]'
    return "\n".join(
        (
            "import json, urllib.request" if token else "import json, os, urllib.request",
            "",
            f"event = {pprint.pformat(body, sort_dicts=False, width=72)}",
            "request = urllib.request.Request(",
            f"    {base + '/v1/events'!r},",
            "    data=json.dumps(event).encode(),",
            f'    headers={{"Authorization": {bearer},',
            '             "Content-Type": "application/json"},',
            ")",
            "print(urllib.request.urlopen(request).read().decode())",
        )
    )


def javascript(base: str, body: dict[str, Any], token: str = "") -> str:
    """For Node.js or Deno, as a module."""
    bearer = json.dumps(f"Bearer {token}") if token else f"`Bearer ${{process.env.{TOKEN}}}`"
    return "\n".join(
        (
            f"const event = {json.dumps(body, ensure_ascii=False, indent=2)};",
            f"const answer = await fetch({json.dumps(base + '/v1/events')}, {{",
            '  method: "POST",',
            "  headers: {",
            f"    Authorization: {bearer},",
            '    "Content-Type": "application/json",',
            "  },",
            "  body: JSON.stringify(event),",
            "});",
            "console.log(await answer.json());",
        )
    )


def all_of(base: str, body: dict[str, Any], token: str = "") -> dict[str, str]:
    """Each language's."""
    return {"curl": curl(base, body, token), "python": python(base, body, token), "javascript": javascript(base, body, token)}
