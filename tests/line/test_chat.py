"""A message of a chat channel and the notification of those who are away: neither without the other."""

import asyncio

import pytest

from backend.domain.errors import LogUnavailable
from tests.line.houses import admin, member

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def channel(stand, name: str) -> tuple[str, str]:
    """A channel of two: who writes, and who is away."""
    here, away = await stand.person("Mia"), await stand.person("Tom")
    await stand.app.chat.set_members(admin(), name, [here, away])
    return here, away


async def test_who_is_away_is_told_at_once(stand):
    here, away = await channel(stand, "swift")
    await stand.app.chat.post(member(here), "swift", "Are you there?")
    await stand.settle()
    assert await stand.inbox(away) == [here]
    assert await stand.inbox(here) == []
    await stand.settle(after=60)
    assert await stand.inbox(away) == [here]


@pytest.mark.parametrize("end", [LogUnavailable(), asyncio.CancelledError()], ids=["log away", "process gone"])
async def test_a_message_is_never_without_its_notification(stand, monkeypatch, end):
    """Whatever happens once it is written. The second is as near to a crash as one process can come."""
    name = f"torn {type(end).__name__}"
    here, away = await channel(stand, name)

    async def torn(records):
        raise end

    with monkeypatch.context() as patch:
        patch.setattr(stand.app.log, "append", torn)
        posting = asyncio.ensure_future(stand.app.chat.post(member(here), name, "Are you there?"))
        await asyncio.wait({posting})
    assert posting.cancelled() or posting.exception() is None
    await stand.settle(after=10)
    assert await stand.inbox(away) == [here]
