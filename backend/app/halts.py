"""Halts: stop sending for the space, a channel, a category, a priority or a template, and let it go on. What is halted waits; nothing is lost."""

import re

from backend.app.base import Aggregate
from backend.app.views import HaltIn, HaltView, Page, moment
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.errors import Invalid, NotFound
from backend.security.roles import Actor, need
from backend.store import halts
from backend.store.halts import HaltRow
from backend.store.port import Tx

KINDS = ("space", "channel:<channel>", "category:<key>", "priority:<priority>", "template:<key>")
_SCOPE = re.compile(r"space|(channel|category|priority|template):[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")


class Halts(Aggregate):
    """Halts of the actor's space, in force at every process within seconds."""

    async def put(self, actor: Actor, scope: str, given: HaltIn) -> HaltView:
        """Halt a scope; one that is halted gets the new reason. Raises `Invalid`."""
        need(actor, "operate")
        checked(scope)
        row = HaltRow(space=actor.space, scope=scope, reason=given.reason, by=actor.subject, at=self.app.clock.now())

        def write(tx: Tx) -> None:
            halts.put(tx, row)
            self.note(tx, actor, "halt.put", f"halt:{scope}", reason=given.reason)

        await self.changing_content(write)
        return _view(row)

    async def remove(self, actor: Actor, scope: str) -> None:
        """Let it go on. Raises `NotFound`."""
        need(actor, "operate")
        checked(scope)

        def write(tx: Tx) -> None:
            if not halts.remove(tx, actor.space, scope):
                raise NotFound(f"{scope} is not halted.")
            self.note(tx, actor, "halt.remove", f"halt:{scope}")

        await self.changing_content(write)

    async def list(self, actor: Actor) -> Page[HaltView]:
        """What is halted now."""
        need(actor, "operate")
        return Page([_view(row) for row in await self.app.store.read(lambda tx: halts.every(tx, actor.space))])


def checked(scope: str) -> str:
    """The scope as the gates read it. Raises `Invalid`."""
    kind, _, name = scope.partition(":")
    known = {"channel": CHANNELS, "priority": PRIORITIES}.get(kind)
    if not _SCOPE.fullmatch(scope) or (known and name not in known):
        raise Invalid(f"There is no scope {scope[:80]!r} to halt.", field="scope", allowed=list(KINDS))
    return scope


def _view(row: HaltRow) -> HaltView:
    return HaltView(row.scope, row.reason, row.by, moment(row.at))
