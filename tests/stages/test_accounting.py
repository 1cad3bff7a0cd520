"""Whatever happens between a batch and its end, the ledger of every event balances and nothing is lost or doubled."""

import random

import pytest

from backend.domain.delivery import Delivery, State
from backend.domain.ids import notification_id
from backend.domain.ledger import balance, ledger_of
from backend.domain.person import QuietHours, Wishes
from backend.store import hot
from backend.store.tables import deliveries, due, events, notifications
from tests.stages.conftest import NOON, SPACE, event_for, read_all, record_of
from workers.decide import DecideStage

WISHES = (
    Wishes(),
    Wishes(channels={"email": False}),
    Wishes(matrix={"orders": {"web": False}}),
    Wishes(quiet=(QuietHours("11:00", "13:00"),)),
    Wishes(quiet=(QuietHours("11:00", "14:00"),), categories={"chat": False}),
    Wishes(paused_until=NOON + 1800),
)


class _Crash(Exception):
    pass


@pytest.mark.parametrize("seed", [1])
async def test_events_held_repeated_crashed_and_changed_end_in_a_ledger_that_balances(ground, seed):
    chance = random.Random(seed)
    persons = range(1, 13)

    async def somebody(person):
        consents = [("product", chance.random() < 0.5)] if chance.random() < 0.6 else []
        addresses = [(channel, b"%d-%d" % (channel, n)) for channel in (2, 3) for n in range(chance.randrange(3))]
        await ground.person(person, wishes=chance.choice(WISHES), addresses=addresses, consents=consents)

    for person in persons:
        await somebody(person)
    asked = [
        event_for(
            chance.choice(persons), chance.choice(["orders", "security", "product", "chat"]), key=f"e{n}", born=NOON + n / 1000,
            collapse=chance.choice(["", "", "a"]), send_at=chance.choice([0.0, 0.0, NOON + 1800]), expires=chance.choice([0.0, 0.0, NOON + 4000]),
        )
        for n in range(60)
    ]  # fmt: skip
    waiting = [record_of(event) for event in asked]
    appended: dict[bytes, int] = {}
    stage = DecideStage(clock=ground.clock, facts=ground.facts)

    async def carry_out(records):
        """Crashes before the commit, or between commit and append, until it goes through once."""
        while True:
            fate = chance.random()
            if fate < 0.25:
                batch = await stage.handle(records)

                def crashes(tx, batch=batch):
                    batch.write(tx)
                    raise _Crash

                with pytest.raises(_Crash):
                    await ground.store.write(crashes)
            out = await ground.carry_out(stage, records)
            if 0.25 <= fate < 0.5:  # committed, and nothing appended
                stage.__init__(clock=ground.clock, facts=ground.facts)
                await somebody(chance.choice(persons))
                continue
            return out

    for _ in range(12):
        while waiting:
            batch, waiting = waiting[:30], waiting[30:]
            for record in await carry_out(batch):
                (delivery,) = read_all(Delivery, [record])
                appended[delivery.id] = appended.get(delivery.id, 0) + 1
                move = hot.Move(SPACE, delivery.id, delivery.cohort, delivery.channel, delivery.generation, State.SENT)
                await ground.store.write(lambda tx, move=move: hot.write_moves(tx, [move], ground.clock.now()))
        ground.clock.move(1800)
        await somebody(chance.choice(persons))
        waiting = await ground.due()

    assert await ground.count(due) == 0
    assert sorted(row[0] for row in await ground.rows(events, "id")) == sorted({e.id for e in asked})
    planned = {event: (units, skipped) for event, units, skipped in await ground.rows(notifications, "event", "planned", "skipped")}
    states: dict[bytes, list[int]] = {}
    for notification, state in await ground.rows(deliveries, "notification", "state"):
        states.setdefault(notification, []).append(state)
    for event in asked:
        mine = states.get(notification_id(event.id, event.person), [])
        units, skipped = planned[event.id]
        ledger = ledger_of(units, {s: mine.count(s) for s in mine}, skipped, 1, 1)
        assert balance(ledger) == 0
        assert ledger.pending == ledger.held == 0
    sent = {made for made, state in await ground.rows(deliveries, "id", "state") if state == State.SENT}
    assert appended == dict.fromkeys(sent, 1)
    assert len(sent) > 25
