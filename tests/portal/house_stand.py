"""A small house for the portal's own tests: people who can sign in, and inboxes that ring."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace

from backend.domain.errors import Unauthenticated
from backend.security.roles import Actor

PASSWORD = "a long test password"


@dataclass
class Accounts:
    people: dict[str, Actor]
    sessions: dict[str, str] = field(default_factory=dict)

    async def sign_in(self, login, password):
        if password != PASSWORD or login not in self.people:
            raise Unauthenticated
        token = secrets.token_urlsafe(24)
        self.sessions[token] = login
        return SimpleNamespace(token=token)

    async def who(self, token):
        if token not in self.sessions:
            raise Unauthenticated
        return self.people[self.sessions[token]]

    async def sign_out(self, token):
        if self.sessions.pop(token, None) is None:
            raise Unauthenticated


@dataclass
class Inbox:
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


def make_house():
    people = {
        role: Actor(space=1, subject=role, role=role, person=n, name=f"{role.title()} Person", timezone="Europe/Oslo", locale="en")
        for n, role in enumerate(("admin", "marketer", "analyst", "operator", "member"), 1)
    }
    people["doris"] = Actor(space=1, subject="doris", role="marketer", person=9, name="Doris Beispiel", timezone="Europe/Berlin", locale="de-AT")
    return SimpleNamespace(accounts=Accounts(people), inbox=Inbox())
