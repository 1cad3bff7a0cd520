"""The product's own server process without the portal, for clients that watch it die and come back.

Reads CARILLON_ settings; prints one JSON line with tokens once it answers.
"""

import json
import os
import sys
import threading

from backend.app.views import PersonIn
from backend.security.roles import SYSTEM
from backend.settings import load
from carillon.house import House
from carillon.run import run


async def ready(house: House) -> None:
    app = house.app
    await app.people.put(SYSTEM, "mia", PersonIn(name="Mia"))
    tokens = {"mia": app.tokens.member(1, "mia", 3600), "shop": app.tokens.issue(space=1, subject="shop", scopes=["events:write"], ttl=3600)}
    sys.stdout.write(json.dumps(tokens) + "\n")
    sys.stdout.flush()


def end_with_starter() -> None:
    """Nothing stays behind when whoever started us has gone: the pipe on standard input ends with them."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_starter, daemon=True).start()
    run(load(), ready, entrance="api")
