"""What browsers need to be notified: the public key that they subscribe with."""

from backend.app.base import Aggregate
from backend.channels.fields import secrets_of
from backend.channels.webpush import KIND
from backend.channels.webpush_seal import public_key, read_key
from backend.domain.known import known_as
from backend.security.roles import Actor
from backend.store import providers
from backend.store.port import Tx


class Browsers(Aggregate):
    """See the module."""

    async def key(self, actor: Actor) -> str:
        """`applicationServerKey` of the actor's space (65 bytes in base64url): of the first provider of Web Push that is switched on, "" while there
        is none. Whoever subscribes shows it to their push service, so it is no secret."""

        def read(tx: Tx) -> str:
            for row in providers.every(tx, actor.space):
                if row.kind == KIND.key and row.used:
                    secrets = secrets_of(known_as(row.space, row.key), row.secrets, self.app.sealer)
                    return public_key(read_key(secrets["private_key"]))
            return ""

        return await self.app.store.read(read)
