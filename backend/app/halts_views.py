"""What people and programs see of halts."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct


class HaltIn(Struct, forbid_unknown_fields=True):
    """Why, for whoever reads the trace."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class HaltView(Struct):
    """One halt. `waiting`: deliveries that wait for its end."""

    scope: str
    reason: str
    by: str
    at: datetime
    waiting: int = 0


class HaltLook(Struct):
    """A scope before it is halted or let go on. `on_the_way`: deliveries that a halt would hold now; `waiting`: those that wait for its end;
    `pace`: how many a second come back at most."""

    scope: str
    halted: bool
    on_the_way: int
    waiting: int
    pace: int
