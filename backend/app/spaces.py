"""The space a caller is in: its name, and whether the demo lives in it."""

import msgspec

from backend.app.base import Aggregate
from backend.security.roles import Actor, need
from backend.store import content, marks, space_rows
from backend.store.port import Tx

DEMO = "demo"  # the mark of the demo


class SpaceView(msgspec.Struct):
    """`demo`: people and events of the demo are in it, and nothing leaves the house for them."""

    name: str
    demo: bool
    brand: str = ""  # the name people know the sender by


class Spaces(Aggregate):
    """Read only. A caller learns of their own space alone."""

    async def mine(self, actor: Actor) -> SpaceView:
        """For everybody who is signed in."""
        need(actor, "inbox.own")

        def read(tx: Tx) -> SpaceView:
            return SpaceView(space_rows.name(tx, actor.space), marks.get(tx, DEMO) == "on", content.settings_of(tx, actor.space).brand.name)

        return await self.app.store.read(read)
