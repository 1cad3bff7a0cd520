"""The house the portal's tests stand in: the real facade on embedded engines, one account of each role, a clock of our own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from backend.app.app import App, open_app
from backend.clock import HeldClock
from backend.security.roles import ROLES, SYSTEM
from backend.settings import Settings
from backend.store.migrate import migrate

NOW = 1_790_000_000.0  # seconds
PASSWORD = "a long test password"


@dataclass
class Inbox:
    """Until the facade has an inbox: counts, and changes as they come."""

    counts: dict[str, int] = field(default_factory=dict)
    open: list[tuple[str, asyncio.Queue]] = field(default_factory=list)

    async def unread(self, actor):
        return self.counts.get(actor.subject, 0)

    async def changes(self, actor) -> AsyncIterator[SimpleNamespace]:
        entry = (actor.subject, asyncio.Queue())
        self.open.append(entry)
        try:
            while True:
                yield await entry[1].get()
        finally:
            self.open.remove(entry)

    async def ring(self, subject, title):
        self.counts[subject] = self.counts.get(subject, 0) + 1
        for who, queue in self.open:
            if who == subject:
                queue.put_nowait(SimpleNamespace(unread=self.counts[subject], notification=title))


async def open_house(home: Path, base: str) -> tuple[App, HeldClock]:
    """A started facade at `base`; close it at the end."""
    clock = HeldClock(NOW)
    url = f"sqlite:///{home / 'carillon.db'}"
    await asyncio.to_thread(migrate, url, clock)
    settings = Settings(
        home=home,
        port=0,
        gateway_port=0,
        base_url=base,
        database_url=url,
        log_url="embedded:",
        cache_url="memory:",
        secret_key=b"0" * 64,
        demo=False,
        smtp_url="",
    )
    app = open_app(settings, clock)
    await app.start()
    for role in ROLES:
        await app.accounts.create(SYSTEM, role, PASSWORD, role, f"{role.title()} Person", timezone="Europe/Oslo")
    await app.accounts.create(SYSTEM, "doris", PASSWORD, "marketer", "Doris Beispiel", timezone="Europe/Berlin", locale="de-AT")
    app.inbox = Inbox()
    return app, clock
