"""What a kind of provider is: the fields its credentials stand in, how one is made of them, and how it is heard when it calls back.

A kind is one value in its provider's file, and its place in `registry.KINDS` is all that makes it known: the page and the API show its fields,
check what is typed, seal what is secret, and give it its address for receipts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import msgspec

from backend.channels.base import Provider
from backend.channels.capture import Shelf
from backend.channels.spending import Purse
from backend.clock import Clock
from backend.domain.errors import Refusal
from backend.domain.receipt import Receipt
from backend.security.sealing import Sealer

Said = Mapping[str, str]  # by language: {"en": ..., "de": ...}
Report = Callable[[Receipt], Awaitable[None]]
Form = Literal["text", "secret", "lines", "secret_lines", "number", "choice", "switch"]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is typed. `secret` forms are sealed and never shown again. `usual`: what stands there when nothing is typed; a field that
    is not `required` may stay empty. `make`: what is kept where nothing is typed and nothing is kept yet, made anew for each provider.
    `low`, `high`: bounds of a number; `longest`: characters. `check` raises `Invalid`, naming the repair. `pinned`: it says where secrets
    are sent to, so they have to be typed again when it changes. `rare`: most people leave it as it is, so the page folds it away."""

    name: str
    form: Form = "text"
    title: Said
    hint: Said = {}
    required: bool = True
    usual: str = ""
    choices: Sequence[tuple[str, Said]] = ()
    low: int = 0
    high: int = 1_000_000
    longest: int = 4_096
    check: Callable[[str], None] | None = None
    make: Callable[[], str] | None = None
    pinned: bool = False
    rare: bool = False

    @property
    def secret(self) -> bool:
        """Whether it is sealed."""
        return self.form in ("secret", "secret_lines")


class Given(msgspec.Struct, frozen=True):
    """One provider as it was configured: its key, what stands in its fields (secrets open, switches "1" or "0"), and its address for receipts."""

    key: str
    fields: Mapping[str, str]
    hook: str = ""  # https://…/hooks/<key>

    def number(self, name: str) -> int:
        """Of a field of this form."""
        return int(self.fields[name])

    def on(self, name: str) -> bool:
        """Of a switch."""
        return self.fields.get(name) == "1"


class Parts(msgspec.Struct, frozen=True):
    """What providers are made with. `report` appends a receipt to the log."""

    clock: Clock
    sealer: Sealer
    shelf: Shelf
    report: Report
    purse: Purse | None = None  # of kinds with a limit to what they spend


class Hook(msgspec.Struct, frozen=True):
    """One request at a provider's address for receipts. `url`: the whole address under which the outside knows us, for signatures over it."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class OptOut(msgspec.Struct, frozen=True):
    """Somebody answered a message, or pressed a button at the provider's: nothing more to this address, or (`stop` False) again."""

    channel: str
    address: str
    stop: bool
    at: float
    words: str = ""  # what they wrote


class Heard(msgspec.Struct, frozen=True):
    """What a request told, and what is answered to it. Receipts without a known delivery are left out by whoever reads them.

    `once` names the signed request, for one that may be repeated by whoever saw it: whoever reads it remembers the name for `keep` seconds once its
    receipts are durable, and what comes under a remembered name changes nothing. The caller does it, for only it knows when they are.
    """

    receipts: Sequence[Receipt] = ()
    opt_outs: Sequence[OptOut] = ()
    status: int = 200
    body: bytes = b""
    media: str = "text/plain"
    once: str = ""
    keep: float = 0.0


class Forged(Refusal):
    """This request is not signed by the provider, or was changed or delayed on its way. Check the secret or key of its webhooks on the page Providers."""

    status = 403


class Late(Forged):
    """This request is signed, and older than the provider would still repeat: somebody may have kept it. Check the clocks here if it is new."""


Hear = Callable[[Given, Hook, int, float], Awaitable[Heard]]  # of (given, request, space, now); raises `Forged`, or `Invalid` for what cannot be read


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of provider. `route`: see `domain.delivery.route_of`. `needs`: one sentence on what one must have to use it. `make` raises `Invalid`
    for fields that do not go together; nothing is connected before `start`."""

    key: str
    name: str
    channel: str
    needs: Said
    fields: Sequence[Field]
    make: Callable[[Given, Parts], Provider]
    route: str = ""  # "": its channel
    hear: Hear | None = None

    @property
    def way(self) -> str:
        """The route it serves."""
        return self.route or self.channel
