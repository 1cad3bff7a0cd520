"""System alerts: what operators must see, raised by people, programs and the house itself."""

import secrets
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from backend.app.accounts import MAIN
from backend.app.base import Aggregate
from backend.app.views import AlertIn, AlertView, Severity, moment, moment_or_none
from backend.domain.errors import NotFound
from backend.domain.ids import make_id, parse_id
from backend.live.hub import alerts_of
from backend.live.records import AlertRaised
from backend.live.tell import write_and_tell
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.security.roles import Actor, need
from backend.store import alert_rows
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App

SHOWN = 100  # open alerts that a stream begins with
LOOK = 30.0  # seconds after which a silent stream looks at the store by itself


class Alerts(Aggregate):
    """See the module."""

    async def raise_(self, actor: Actor, given: AlertIn) -> AlertView:
        """Raise one, or resolve an open one by its id."""
        need(actor, "operate")
        now = self.app.clock.now()
        made = parse_id(given.id) if given.id else make_id(int(now * 1000), secrets.token_bytes(16))

        def write(tx: Tx) -> tuple[AlertRaised, Sequence[Record]]:
            was = alert_rows.get(tx, actor.space, made)
            if given.id and was is None:
                raise NotFound("There is no alert with this id here.")
            alert = AlertRaised(
                actor.space, made, given.severity, given.title, given.message, was.at if was else now, now if given.resolved else None
            )
            alert_rows.put(tx, alert)
            self.note(tx, actor, "alerts.resolve" if given.resolved else "alerts.raise", made.hex(), severity=given.severity)
            return alert, [Record(topics.LIVE, topics.spread_of(made), made, encode(alert))]

        return _view(await write_and_tell(self.app.store, self.app.log, write))

    async def stream(self, actor: Actor) -> AsyncIterator[AlertView]:
        """The open alerts, then each that is raised or resolved."""
        need(actor, "alerts.read")
        with self.app.hub.listen(alerts_of(actor.space)) as listener:
            shown: dict[bytes, AlertRaised] = {}
            look = True
            while True:
                told: list[AlertRaised] = []
                if look:
                    told = await self.app.store.read(lambda tx: alert_rows.newest(tx, actor.space, SHOWN, list(shown)))
                    told = [alert for alert in told if alert.resolved_at is None or alert.id in shown]
                else:
                    heard, look = await listener.take(LOOK)
                    look = look or not heard
                    told = [alert for alert in heard if isinstance(alert, AlertRaised)]
                    if not told:
                        continue
                look = False
                for alert in told:
                    if shown.get(alert.id) != alert:
                        shown[alert.id] = alert
                        yield _view(alert)


async def alarm(app: "App", sentence: str) -> None:
    """The house itself says that somebody should look at something: a system alert of the main space, one for each matter however often
    and with whatever count it is said, until it is resolved. Errors: `StoreUnavailable`, `LogUnavailable`."""
    await say(app, MAIN, make_id(0, b"alarm", sentence.lstrip("0123456789 ").encode()), "critical", sentence)


async def say(app: "App", space: int, made: bytes, severity: Severity, sentence: str) -> None:
    """The alert `made` is open and says this; it is told again only when it says something else. Errors as above."""
    now = app.clock.now()

    def write(tx: Tx) -> tuple[None, Sequence[Record]]:
        was = alert_rows.get(tx, space, made)
        is_open = was is not None and was.resolved_at is None
        if was is not None and is_open and was.message == sentence:
            return None, []
        title = sentence.partition(". ")[0][:200]
        alert = AlertRaised(space, made, severity, title, sentence, was.at if was is not None and is_open else now, None)
        alert_rows.put(tx, alert)
        return None, [Record(topics.LIVE, topics.spread_of(made), made, encode(alert))]

    await write_and_tell(app.store, app.log, write)


async def resolve(app: "App", space: int, made: bytes) -> None:
    """The matter is settled; nothing happens where there is none. Errors as above."""
    now = app.clock.now()

    def write(tx: Tx) -> tuple[None, Sequence[Record]]:
        was = alert_rows.get(tx, space, made)
        if was is None or was.resolved_at is not None:
            return None, []
        alert = AlertRaised(space, made, was.severity, was.title, was.message, was.at, now)
        alert_rows.put(tx, alert)
        return None, [Record(topics.LIVE, topics.spread_of(made), made, encode(alert))]

    await write_and_tell(app.store, app.log, write)


def _view(alert: AlertRaised) -> AlertView:
    return AlertView(alert.id.hex(), alert.severity, alert.title, alert.message, moment(alert.at), moment_or_none(alert.resolved_at))
