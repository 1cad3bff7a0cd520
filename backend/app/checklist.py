"""The first steps of a real installation, each ticked by what is there: nothing is stored, so nothing can be ticked by hand."""

from hashlib import sha256
from typing import Literal

import msgspec
from sqlalchemy import select

from backend.app.base import Aggregate
from backend.app.provider_trials import check
from backend.app.provider_views import CheckIn
from backend.channels.router import CAPTURE
from backend.channels.smtp import Smtp
from backend.domain.category import SEEDED
from backend.domain.delivery import CHANNEL_NUMBER, State
from backend.domain.errors import NotFound, Unavailable
from backend.domain.tally import TAKEN
from backend.security.roles import Actor, need
from backend.store import accounts, categories, marks, providers, senders
from backend.store.port import Tx
from backend.store.tables import deliveries, tallies

OWN = "start.password"  # the mark of the sign-in that stayed when the demo left: login and a hash of the hash it had then

Step = Literal["password", "sender", "provider", "test", "category"]


class Point(msgspec.Struct):
    """One step. `about`: the account's login, the mail server, or nothing."""

    step: Step
    done: bool
    about: str = ""


class Checklist(Aggregate):
    """For administrators: they are who begins."""

    async def points(self, actor: Actor) -> list[Point]:
        """The steps in their order, with what is done of them."""
        need(actor, "accounts.write")
        by_url = self.app.settings.first_smtp.rpartition("@")[2].rpartition("//")[2].split("?")[0].rstrip("/")

        def read(tx: Tx) -> list[Point]:
            kept = marks.get(tx, OWN)
            login, _, before = (kept or "").partition(" ")
            row = accounts.get(tx, actor.space, login) if kept else None
            own = [] if row is None else [Point("password", fingerprint(row.password) != before, login)]
            seeded = {category.key for category in SEEDED}
            named = any(one.key not in seeded or one.revision > 1 for one in categories.every(tx, actor.space))
            server = _added(tx, actor.space) or by_url
            return [
                *own,
                Point("sender", senders.count(tx, actor.space) > 0),
                Point("provider", bool(server) and _took(tx, actor.space), server),
                Point("test", _reached(tx, actor)),
                Point("category", named),
            ]

        return await self.app.store.read(read)

    async def reach(self, actor: Actor) -> str:
        """How the mail server answers now, in one sentence. Errors: `NotFound` when none is configured, `Unavailable` with the reason."""
        need(actor, "accounts.write")
        if added := await self.app.store.read(lambda tx: _added(tx, actor.space)):
            view = await check(self.app, actor, added, CheckIn())
            if not view.well:
                raise Unavailable(view.said)
            return view.said
        if not self.app.settings.first_smtp:
            raise NotFound("No mail server is configured: mail is captured here. Add one on the page Providers.")
        server = Smtp(self.app.settings.first_smtp, clock=self.app.clock)
        await server.start()
        try:
            return await server.reachable()
        except TimeoutError:
            raise Unavailable("The mail server did not answer in time. Check its address and port.") from None
        finally:
            await server.close()


def _added(tx: Tx, space: int) -> str:
    """The first mail provider that somebody added and switched on, "" when there is none."""
    return next((row.key for row in providers.every(tx, space) if row.channel == "email" and row.used), "")


def fingerprint(password: str) -> str:
    """Tells a later hash of a password from this one."""
    return sha256(password.encode()).hexdigest()


def _took(tx: Tx, space: int) -> bool:
    """Whether a mail provider ever took a mail."""
    t = tallies.c
    where = (t.space == space, t.channel == CHANNEL_NUMBER["email"], t.provider != "", t.provider.not_like(f"{CAPTURE}%"), t.kind == TAKEN, t.n > 0)
    return tx.conn.execute(select(t.n).where(*where).limit(1)).first() is not None


def _reached(tx: Tx, actor: Actor) -> bool:
    """Whether anything but the inbox reached the actor."""
    d = deliveries.c
    ends = (State.SENT, State.DELIVERED)
    where = (d.space == actor.space, d.person == actor.person, d.channel != CHANNEL_NUMBER["web"], d.state.in_(ends))
    return tx.conn.execute(select(d.id).where(*where).limit(1)).first() is not None
