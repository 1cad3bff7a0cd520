"""What providers may cost in a day, kept in the store: every process takes from the same row, and a flushed cache forgets nothing."""

from typing import TYPE_CHECKING

from backend.app.accounts import MAIN
from backend.app.alerts import resolve, say
from backend.domain.ids import make_id
from backend.store import spent

if TYPE_CHECKING:
    from backend.app.app import App


class StorePurse:
    """See `channels.spending.Purse`. One alert for a provider stands until its next day has begun to be spent."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._days: dict[str, int] = {}  # provider -> the day this process took of last

    async def take(self, provider: str, day: int, amount: int, cap: int) -> int:
        counted = await self._app.store.write(lambda tx: spent.take(tx, MAIN, provider, day, amount, cap))
        if counted > 0 and self._days.get(provider) != day:
            self._days[provider] = day
            await resolve(self._app, MAIN, _alert(provider))
        return counted

    async def spent_out(self, provider: str) -> None:
        sentence = (
            f"Provider {provider} may cost no more today. What it was to send waits and is asked again, at the latest tomorrow (UTC). "
            "Raise the limit on the page Providers if this is right; look who is written to so often if it is not."
        )
        await say(self._app, MAIN, _alert(provider), "error", sentence)


def _alert(provider: str) -> bytes:
    return make_id(0, b"spent", provider.encode())
