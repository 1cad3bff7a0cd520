"""Rows that cannot be written: the one to blame becomes a letter, and what came with it goes on."""

from collections import Counter

import msgspec
import pytest
from sqlalchemy import select

from backend.channels.base import Answer
from backend.domain.ids import person_id
from backend.log.codec import decode
from backend.security.roles import SYSTEM
from backend.store.tables import attempts
from tests.line.houses import order_shipped
from workers import inhand

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def letters(stand) -> Counter[str]:
    return Counter(letter.cause.split(":")[0] for letter in (await stand.app.dead.list(SYSTEM)).items)


async def states(stand, events) -> list[str]:
    return [(await stand.delivery(made)).state for made in events]


async def test_an_attempt_that_cannot_be_put_on_record(stand, monkeypatch):
    """A number that no database takes, in one of several records of a chunk."""
    users = [await stand.person() for _ in range(6)]

    def spoilt(kind, raw):
        delivery = decode(kind, raw)
        return msgspec.structs.replace(delivery, attempt=2**63) if delivery.person == person_id(1, users[2]) else delivery

    monkeypatch.setattr(inhand, "decode", spoilt)
    before = await letters(stand)
    events = await stand.accept(*(order_shipped(to=user, channels=["email"]) for user in users))
    await stand.settle()
    assert await states(stand, events) == ["sent", "sent", "dead", "sent", "sent", "sent"]
    assert (await letters(stand) - before).total() == 1
    assert await stand.ledger(events[2]) == {"planned": 1, "failed": 1}


async def test_an_outcome_that_cannot_be_written(stand, monkeypatch):
    """A provider that answers a number where words belong."""
    users = [await stand.person() for _ in range(6)]
    (provider,) = [one for one in stand.house.router.providers if one.channel == "email"]
    post, spoilt = provider.post, []

    def odd(lane, outgoing, done):
        if not spoilt:
            spoilt.append(outgoing.delivery)
            done(Answer("accepted", 250, "kept"))
        else:
            post(lane, outgoing, done)

    monkeypatch.setattr(provider, "post", odd)
    before = await letters(stand)
    events = await stand.accept(*(order_shipped(to=user, channels=["email"]) for user in users))
    await stand.settle()
    assert sorted(await states(stand, events)) == ["dead", *["sent"] * 5]
    assert (await letters(stand) - before).total() == 1
    a = attempts.c
    ends = await stand.app.store.read(lambda tx: tx.conn.execute(select(a.outcome).where(a.delivery == spoilt[0])).all())
    assert [tuple(end) for end in ends] == [(4,)]  # of unknown end, and closed
