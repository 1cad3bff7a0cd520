"""The request a form stands for, as a program would send it. Nothing secret goes in: the token is a placeholder."""

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


def curl(base: str, body: dict[str, Any]) -> str:
    """For a shell."""
    lines = [
        f"curl -X POST {shlex.quote(base + '/v1/events')}",
        f'-H "Authorization: Bearer ${TOKEN}"',
        "-H 'Content-Type: application/json'",
    ]
    return " \\\n  ".join([*lines, f"-d {shlex.quote(json.dumps(body, ensure_ascii=False, indent=2))}"])


def python(base: str, body: dict[str, Any]) -> str:
    """For Python, with what it brings along."""
    return "\n".join(
        (
            "import json, os, urllib.request",
            "",
            f"event = {pprint.pformat(body, sort_dicts=False, width=72)}",
            "request = urllib.request.Request(",
            f"    {base + '/v1/events'!r},",
            "    data=json.dumps(event).encode(),",
            f'    headers={{"Authorization": "Bearer " + os.environ["{TOKEN}"],',
            '             "Content-Type": "application/json"},',
            ")",
            "print(urllib.request.urlopen(request).read().decode())",
        )
    )


def javascript(base: str, body: dict[str, Any]) -> str:
    """For Node.js or Deno."""
    return "\n".join(
        (
            f"const event = {json.dumps(body, ensure_ascii=False, indent=2)};",
            f"const answer = await fetch({json.dumps(base + '/v1/events')}, {{",
            '  method: "POST",',
            "  headers: {",
            f"    Authorization: `Bearer ${{process.env.{TOKEN}}}`,",
            '    "Content-Type": "application/json",',
            "  },",
            "  body: JSON.stringify(event),",
            "});",
            "console.log(await answer.json());",
        )
    )
