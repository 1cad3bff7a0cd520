"""What a provider is: a way to hand a rendered message to the outside, and a table of what its answers mean.

A provider never decides, never retries and never waits: it is given attempts that are already on record, in lanes that keep
a person's messages in order, and answers each exactly once.
"""

from collections.abc import Callable, Collection
from typing import Literal, Protocol

import msgspec

from backend.domain.space import Sender
from backend.domain.template import Message

# accepted: the provider took it. delivered: it says it arrived. refused: for good, this message. bad_address: for good, this
# address. temporary: try again later. unknown: nobody can say whether it was taken (the connection died amid the answer).
# withheld: nobody outside was told of it, for it was called back (`code`: halted, breaker_open, provider_off, provider_changed); it goes back through decide.
Meaning = Literal["accepted", "delivered", "refused", "bad_address", "temporary", "unknown", "withheld"]


class Answer(msgspec.Struct, frozen=True):
    """How an attempt ended. `raw` keeps the provider's own words. `known`: of a bad address, seconds (UTC) at which the provider knows it to be
    one, 0 for the moment it was tried: a device that was registered since then is a living one."""

    meaning: Meaning
    code: str = ""
    raw: str = ""
    retry_after: float | None = None  # seconds, when the provider asked for it
    known: float = 0.0


class Outgoing(msgspec.Struct, frozen=True):
    """One attempt, ready to go. `address` is open text here and nowhere else; it is never logged."""

    delivery: bytes
    space: int
    person: int
    channel: str
    attempt: int
    address: str
    message: Message
    sender: Sender
    priority: str = "normal"
    collapse: str = ""
    expires: float = 0.0
    headers: dict[str, str] = {}  # of e-mail: List-Unsubscribe and its kin
    category: str = ""
    generation: int = 0  # what receipts of this attempt name
    badge: int | None = None  # of push: what is unread in the person's inbox


class Provider(Protocol):
    """`lanes`: how many streams keep their order; `open_limit`: attempts that may be open at once in this process
    (64 at 50 ms is 1,280 a second). `patience`: seconds after which one is answered or will never be. `rate`: attempts a second that
    all processes together may make, 0 for any number."""

    @property
    def key(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def route(self) -> str:
        """See `domain.delivery.route_of`."""
        ...

    @property
    def lanes(self) -> int: ...

    @property
    def open_limit(self) -> int: ...

    @property
    def patience(self) -> float: ...

    @property
    def rate(self) -> int: ...

    async def start(self) -> None:
        """Make ready; an outside that is away is no error here: attempts then answer temporary."""
        ...

    async def close(self, patience: float | None = None) -> None:
        """Answer what is open, then let go. `patience`: seconds the outside is waited for at most; None: as long as this provider usually is. What has no
        answer by then is answered as if its time had run out."""
        ...

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        """Take one attempt; returns at once. `done` is called once, on the loop; a lane answers and sends in order."""
        ...

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """Answer so those of them that wait here and of which nobody outside has heard."""
        ...

    async def reachable(self) -> str:
        """One sentence on how the outside answered just now; raises `Unavailable` with the reason."""
        ...
