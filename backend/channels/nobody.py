"""Who stands in the place of a provider where nobody can be asked: it takes nothing and says at once why."""

from collections.abc import Callable, Collection

from backend.channels.base import Answer, Outgoing


class Nobody:
    """It answers every attempt the same, so that attempt, reason and page exist as for any other."""

    lanes, open_limit, patience, rate = 1, 256, 1.0, 0

    def __init__(self, key: str, channel: str, route: str, answer: Answer) -> None:
        self.key, self.channel, self.route, self._answer = key, channel, route, answer

    async def start(self) -> None:
        """Nothing to connect to."""

    async def close(self, patience: float | None = None) -> None:
        """Nothing is open."""

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        """Say why."""
        done(self._answer)

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """Nothing waits here."""

    async def reachable(self) -> str:
        """Always."""
        return self._answer.raw


def missing(channel: str, route: str) -> Nobody:
    """The space has providers of this channel, and none that reaches such an address: refused for good."""
    words = {"push": "Firebase", "push-apns": "Apple", "push-webpush": "browsers"}.get(route, route)
    return Nobody("none", channel, route, Answer("refused", "no_provider", f"No provider of {channel} here reaches {words}. Add one on the page Providers."))


def off(channel: str, route: str) -> Nobody:
    """There are some, and none is switched on or can be made: it waits."""
    return Nobody("off", channel, route, Answer("withheld", "provider_off", route))
