"""What is dropped by age, and what must not change by it: counts of the inbox, numbers of a chat channel, the seal of a day."""

from backend.store import chat_rows, inbox, retention, seals
from backend.store import tables as t
from backend.store.tables import deliveries, ledger_totals
from tests.stages.conftest import NOON, SPACE, event_for
from tests.stages.test_decide import decide

DAY = 86_400.0


def row(n, at):
    return inbox.Row(
        space=SPACE, person=1, id=bytes([n]) * 16, type="ORDER", category="orders", priority="normal", title="t", message="", at=at
    )


async def test_unread_rows_that_are_dropped_are_counted_off(ground):
    def write(tx):
        inbox.write(tx, SPACE, [row(1, NOON - 31 * DAY), row(2, NOON - 31 * DAY), row(3, NOON)], NOON)
        inbox.change(tx, SPACE, 1, [row(2, NOON).id], NOON, lambda one: setattr(one, "read", NOON))

    await ground.store.write(write)
    assert await ground.store.write(lambda tx: retention.sweep(tx, NOON)) == 2
    head = await ground.store.read(lambda tx: inbox.head(tx, SPACE, 1))
    assert (head.unread, head.unseen, head.seq) == (1, 1, 4)
    assert (head.unread, head.unseen) == await ground.store.read(lambda tx: inbox.recount(tx, SPACE, 1))


async def test_numbers_of_a_chat_channel_go_on_after_a_silent_month(ground):
    def said(tx, at):
        return chat_rows.add(tx, SPACE, "c", b"%16d" % at, 1, "a", "t", at)

    for n in range(3):
        await ground.store.write(lambda tx, n=n: said(tx, NOON - 40 * DAY + n))
    assert await ground.store.write(lambda tx: retention.sweep(tx, NOON)) == 2
    assert await ground.store.write(lambda tx: said(tx, NOON)) == 4
    assert await ground.store.write(lambda tx: retention.sweep(tx, NOON)) == 1
    assert await ground.store.read(lambda tx: chat_rows.last(tx, SPACE, "c")) == 4


async def test_a_day_that_is_dropped_in_pieces_is_sealed_once(ground):
    await ground.person(1)
    await decide(ground, event_for(1), event_for(1, type="u"))
    day = int(NOON // DAY)
    assert await ground.store.write(lambda tx: seals.seal_day(tx, day, NOON)) == []
    kept = await ground.rows(ledger_totals, "totals")
    await ground.store.write(lambda tx: tx.conn.execute(deliveries.delete()))  # as after the first piece
    assert await ground.store.write(lambda tx: seals.seal_day(tx, day, NOON)) == []
    assert await ground.rows(ledger_totals, "totals") == kept


async def test_a_day_that_does_not_balance_is_told(ground):
    await ground.person(1)
    await decide(ground, event_for(1))
    (made,) = (await ground.rows(deliveries, "id", order="id"))[:1]
    await ground.store.write(lambda tx: tx.conn.execute(deliveries.delete().where(deliveries.c.id == made[0])))
    ((space, _, missing),) = await ground.store.write(lambda tx: seals.seal_day(tx, int(NOON // DAY), NOON))
    assert (space, missing) == (SPACE, 1)


async def test_whom_a_run_was_for_goes_some_time_after_its_end_and_its_counts_stay(ground):
    def write(tx):
        for n, ended in enumerate((NOON - 91 * DAY, NOON - 89 * DAY, NOON - 31 * DAY, None)):
            run = bytes([n]) * 16
            tx.conn.execute(t.runs.insert().values(space=SPACE, id=run, campaign="c", version=1, planned=1.0, state="finished", forecast=bytes(16), created=1.0, ended=ended))
            tx.conn.execute(t.recipients.insert().values(space=SPACE, run=run, person=7, variant=0, wave=0, foreseen=b""))
            tx.conn.execute(t.differences.insert().values(space=SPACE, run=run, person=7, channel=2, foreseen="send", fact="skip", cause="x", at=1.0))
        for n, at in ((8, NOON - 31 * DAY), (9, NOON)):
            made = bytes([n]) * 16
            tx.conn.execute(t.forecasts.insert().values(space=SPACE, id=made, campaign="c", revision=1, state="finished", at=at, ended=at))
            tx.conn.execute(t.recipients.insert().values(space=SPACE, run=made, person=7, variant=0, wave=0, foreseen=b""))
            tx.conn.execute(t.imports.insert().values(space=SPACE, id=made, name="f", state="finished", body="{}", created=at, changed=at))
            tx.conn.execute(t.import_rows.insert().values(space=SPACE, import_id=made, n=1, person=7, sealed=b""))

    await ground.store.write(write)
    await ground.store.write(lambda tx: retention.sweep(tx, NOON))
    assert {made[0] for (made,) in await ground.rows(t.recipients, "run")} == {1, 2, 3, 9}
    assert {made[0] for (made,) in await ground.rows(t.differences, "run")} == {3}
    assert {made[0] for (made,) in await ground.rows(t.import_rows, "import_id")} == {9}
    assert await ground.count(t.runs) == 4 and await ground.count(t.forecasts) == 2 and await ground.count(t.imports) == 2
