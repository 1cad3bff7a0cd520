"""Counts from deltas: the same before, amid and after the rollup, on both engines."""

from collections import Counter

from backend.app.app import App
from backend.app.views import PersonIn
from backend.domain.delivery import SKIPPED, State
from backend.store import counted, hot, rollup, tables
from tests.app.actors import ADMIN
from tests.app.line_rows import happened

EMAIL, PUSH = 2, 3


async def test_what_stands_and_what_moved_is_the_same_before_and_after_the_rollup(each_app: App, clock) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(email="mia@example.com"))
    first = int(clock.now() // 60)
    one = await happened(app, "mia", key="one")
    clock.move(120)
    await happened(app, "mia", key="two")

    def looked(tx):
        return (
            counted.now_standing(tx, 1),
            counted.moved(tx, 1, first, first + 4, 2),
            counted.now_standing(tx, 2),
            counted.now_standing(tx, 1, ("cohort", "channel", "state")),
        )

    before = await app.store.read(looked)
    assert before[0] == {(EMAIL, State.HELD): 2, (PUSH, State.FAILED): 2}
    assert before[1] == {(slot, *key): 1 for slot in (0, 1) for key in ((EMAIL, State.HELD), (PUSH, State.FAILED))}
    assert before[2] == {}
    assert await app.store.write(lambda tx: rollup.compact(tx, 3)) == 3
    assert await app.store.read(looked) == before
    await app.store.write(lambda tx: rollup.compact(tx, 1000))
    assert await app.store.read(looked) == before
    cohort = next(iter(before[3]))[0]
    clock.move(60)
    move = hot.Move(1, one["held"], cohort, EMAIL, 0, State.CANCELLED, "test")
    await app.store.write(lambda tx: hot.write_moves(tx, [move], clock.now()))
    for _ in range(2):
        after = await app.store.read(looked)
        assert after[0] == {(EMAIL, State.HELD): 1, (EMAIL, State.CANCELLED): 1, (PUSH, State.FAILED): 2}
        assert after[1][1, EMAIL, State.HELD] == 0  # one came, one went
        assert sum(after[1].values()) == 4  # a move makes no unit
        await app.store.write(lambda tx: rollup.compact(tx, 1000))
    states = await app.store.read(lambda tx: rollup.everything(tx, 1))
    assert states == Counter({State.HELD: 1, State.CANCELLED: 1, State.FAILED: 2})
    assert SKIPPED not in states
    assert await app.store.read(lambda tx: tx.conn.execute(tables.deltas.select()).all()) == []


async def test_the_states_of_a_key_stand_together() -> None:
    assert counted.by_state(Counter({(0, EMAIL, 5): 2, (0, EMAIL, 6): 1, (1, EMAIL, 5): 4})) == {(0, EMAIL): {5: 2, 6: 1}, (1, EMAIL): {5: 4}}


async def test_units_are_counted_by_category(each_app: App) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(email="mia@example.com"))
    await happened(app, "mia", key="one")
    await happened(app, "mia", key="two", category="chat")
    await app.store.write(lambda tx: rollup.compact(tx, 1000))
    assert await app.categories.used(ADMIN) == {"orders": 2, "chat": 2}
