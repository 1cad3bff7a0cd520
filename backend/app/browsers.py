"""What browsers need to be notified: the public key that they subscribe with."""

from backend.app.base import Aggregate
from backend.security.roles import Actor


class Browsers(Aggregate):
    """See the module."""

    async def key(self, actor: Actor) -> str:
        """`applicationServerKey` of the actor's space: of the first provider of Web Push that is switched on, "" while there is none."""
        return ""
