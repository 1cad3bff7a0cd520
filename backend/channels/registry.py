"""Which providers this installation has. A new one is one file and one line here (docs/adding-a-provider.md)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from backend.channels.base import Provider
from backend.channels.capture import Capture, Shelf
from backend.channels.smtp import Smtp
from backend.clock import Clock
from backend.domain.receipt import Receipt
from backend.security.sealing import Sealer
from backend.settings import Settings

Report = Callable[[Receipt], Awaitable[None]]


class Parts(msgspec.Struct, frozen=True):
    """What providers are made of. `report` appends a receipt to the log."""

    settings: Settings
    shelf: Shelf
    sealer: Sealer
    clock: Clock
    report: Report

    def capture(self, channel: str) -> Provider:
        """The provider that keeps everything here."""
        return Capture(channel, shelf=self.shelf, sealer=self.sealer, clock=self.clock, report=self.report)


def _smtp(parts: Parts) -> list[Provider]:
    """smtp, smtp-2 ...: the later ones stand in for the earlier."""
    urls = parts.settings.smtp_urls
    return [Smtp(url, clock=parts.clock, key="smtp" if n == 1 else f"smtp-{n}") for n, url in enumerate(urls, 1)]


# kind -> its providers, none when the settings do not ask for it; of one channel the first is used before the later ones
KINDS: Mapping[str, Callable[[Parts], Sequence[Provider]]] = {
    "smtp": _smtp,
    "capture-email": lambda parts: [parts.capture("email")],
    "capture-push": lambda parts: [parts.capture("push")],
    "capture-sms": lambda parts: [parts.capture("sms")],
}


def providers(settings: Settings, *, shelf: Shelf, sealer: Sealer, clock: Clock, report: Report) -> list[Provider]:
    """All there are, in order of preference within their channel; every channel ends with its capture. Raises `Invalid`."""
    parts = Parts(settings, shelf, sealer, clock, report)
    return [made for build in KINDS.values() for made in build(parts)]
