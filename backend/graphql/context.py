"""Who is asking, for every resolver of one request or socket."""

from typing import TYPE_CHECKING, Any

from strawberry.types import Info

from backend.domain.errors import Forbidden, Unauthenticated
from backend.security.roles import Actor, may

if TYPE_CHECKING:
    from backend.app.app import App


class Context:
    """`actor` is None until a socket has been initialised. `transport`: http, sse or socket."""

    def __init__(self, app: "App", address: str, transport: str = "http", actor: Actor | None = None) -> None:
        self.app, self.address, self.transport, self.actor = app, address, transport, actor
        self.connection_params: dict[str, Any] | None = None

    def who(self) -> Actor:
        """The actor. Raises `Unauthenticated`."""
        if self.actor is None:
            raise Unauthenticated
        return self.actor


Asked = Info[Context, None]


def subject(info: Asked, user_id: str | None) -> tuple[Actor, str]:
    """The actor, and whose inbox is meant: their own unless they may read any. Raises `Forbidden`."""
    actor = info.context.who()
    wanted = actor.subject if user_id is None else str(user_id)
    if (wanted == actor.subject and actor.person) or may(actor, "inbox.any"):
        return actor, wanted
    raise Forbidden(
        "userId is somebody else. A token reads its own subject's notifications, or needs the scope notifications:read:any.", field="userId"
    )
