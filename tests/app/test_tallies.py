"""Tallies: whatever happens in whatever order and however it is compacted, they are what a recount of the rows says."""

import random
from collections import Counter

import msgspec
import pytest

from backend.app.app import App
from backend.domain.delivery import SKIPPED, State
from backend.domain.ids import make_id, notification_id
from backend.domain.latency import step_of
from backend.domain.receipt import Receipt
from backend.domain.tally import ARRIVED, REFUSED, STAMP, STEP, TAKEN, Cut, kinds_of, quarter_of
from backend.store import hot, inbox, receipt_rows, rollup, stamps, tables, tallies
from tests.app.conftest import NOW

WEB, EMAIL = 1, 2


def decided(serial: int, chance: random.Random) -> hot.Decided:
    born = int(NOW * 1000) + chance.randrange(-4, 4) * 900_000 + chance.randrange(900_000)
    event = make_id(born, serial.to_bytes(4, "big"))
    made = notification_id(event, serial)
    units = tuple(
        hot.NewDelivery(make_id(born, made, bytes([channel])), channel, b"a", chance.choice((State.PENDING, State.HELD)))
        for channel in (WEB, EMAIL)
    )
    return hot.Decided(
        1, event, True, serial, 1, "order_shipped", "orders", 2, 1, "", "", 0, 7 + serial % 3, NOW, b"record", made, 3, (4,) * chance.randrange(3), b"t", units
    )  # fmt: skip


def step(tx, rows: list[hot.Decided], chance: random.Random) -> None:
    """One thing that the line does to one unit, sensible or not."""
    row = chance.choice(rows)
    unit = chance.choice(row.deliveries)
    what = chance.randrange(5)
    state, generation = chance.choice(list(State)), chance.randrange(2)
    move = hot.Move(1, unit.id, row.cohort, unit.channel, generation, state, provider=chance.choice(("", "mail")), took=chance.choice((-1.0, 0.2, 9.0)))
    if what == 0:
        hot.write_moves(tx, [move, msgspec.structs.replace(move, state=State.DELIVERED)], NOW)
    elif what == 1:
        hot.write_attempts(tx, [hot.Outcome(1, int(state), "250", "ok", move)], [hot.Start(1, unit.id, 2, "mail")], NOW)
    elif what == 2:
        heard = [Receipt(1, unit.id, chance.choice(list(STAMP)), NOW + chance.randrange(3)) for _ in range(3)]  # type: ignore[arg-type]
        stamps.count_receipts(tx, 1, heard, receipt_rows.deliveries_of(tx, 1, [unit.id]), NOW)
        receipt_rows.keep(tx, 1, heard)
    elif what == 3:
        person = row.person
        inbox.write(tx, 1, [inbox.Row(space=1, person=person, id=row.notification, type="ORDER", category="orders", priority="high", title="T", message="M", at=NOW)], NOW)
    else:

        def mark(one: inbox.Row) -> None:
            one.read = chance.choice((None, NOW))
            one.seen = one.seen or NOW

        inbox.change(tx, 1, row.person, [row.notification], NOW, mark)


def told(tx, kinds=None) -> Counter:
    """The tallies as `recounted` counts: without provider, skipped units of all channels together."""
    found: Counter = Counter()
    for row in tx.conn.execute(tables.tallies.select().where(tables.tallies.c.cohort != tallies.ALL)):
        if row.kind < TAKEN:
            found[row.born, row.cohort, 0 if row.kind == SKIPPED else row.channel, row.kind] += row.n
        assert row.space == 1 and (row.provider == "") == (row.kind < TAKEN or (row.kind >= STEP and not row.provider))
    return Counter({key: n for key, n in found.items() if n})


def told_by_day(tx) -> tuple[Counter, Counter]:
    days, whole = tables.tally_days, tables.tallies
    per_day: Counter = Counter()
    together: Counter = Counter()
    for row in tx.conn.execute(days.select().where(days.c.kind < TAKEN)):
        per_day[row.day, row.cohort, row.kind] += row.n
    for row in tx.conn.execute(whole.select().where(whole.c.kind < TAKEN, whole.c.cohort == tallies.ALL)):
        together[row.born, row.kind] += row.n
        assert row.provider == ""
    return +per_day, +together


def answered(tx, *, whole: bool) -> Counter:
    """What providers did, as it stands for all cohorts together, and as it stands cohort by cohort."""
    c, found = tables.tallies.c, Counter()
    for row in tx.conn.execute(tables.tallies.select().where(c.kind >= TAKEN, (c.cohort == tallies.ALL) if whole else (c.cohort != tallies.ALL))):
        found[row.born, row.channel, row.provider, row.kind] += row.n
    return Counter({key: n for key, n in found.items() if n})


@pytest.mark.parametrize("seed", range(4))
async def test_tallies_are_what_the_rows_say(each_app: App, seed: int) -> None:
    chance, store = random.Random(seed), each_app.store
    rows = [decided(serial, chance) for serial in range(1, 13)]
    await store.write(lambda tx: hot.write_decided(tx, rows[:6], NOW))
    for n in range(80):
        if n == 20:
            await store.write(lambda tx: hot.write_decided(tx, rows, NOW))  # half of it a repeat
        await store.write(lambda tx: step(tx, rows if n > 20 else rows[:6], chance))  # noqa: B023 - run at once
        if chance.random() < 0.2:
            await store.write(lambda tx: rollup.compact(tx, 3))
    await store.write(lambda tx: rollup.compact(tx, 10_000))
    counted, true = await store.read(told), await store.read(lambda tx: tallies.recounted(tx, 1))
    assert counted == true
    days: Counter = Counter()
    whole: Counter = Counter()
    for (born, cohort, _, kind), n in counted.items():
        days[born // tallies.DAY, cohort, kind] += n
        whole[born, kind] += n
    assert await store.read(told_by_day) == (days, whole)
    by_provider = await store.read(lambda tx: answered(tx, whole=True))
    assert by_provider == await store.read(lambda tx: answered(tx, whole=False))
    assert any(provider for _, _, provider, _ in by_provider)
    units = sum(len(row.deliveries) + len(row.skipped) for row in rows)
    assert sum(n for (*_, kind), n in counted.items() if kind <= SKIPPED) == units


async def test_a_receipt_of_one_kind_counts_once(each_app: App) -> None:
    row, store = decided(1, random.Random(1)), each_app.store
    await store.write(lambda tx: hot.write_decided(tx, [row], NOW))
    made = row.deliveries[1].id
    for at in (1.0, 2.0, 2.0):
        heard = [Receipt(1, made, "clicked", NOW + at), Receipt(1, made, "clicked", NOW + at + 0.5), Receipt(1, made, "delivered", NOW)]

        def write(tx, heard=heard):
            stamps.count_receipts(tx, 1, heard, receipt_rows.deliveries_of(tx, 1, [made]), NOW)
            receipt_rows.keep(tx, 1, heard)

        await store.write(write)
    await store.write(lambda tx: rollup.compact(tx, 100))
    assert (await store.read(told))[quarter_of(made), row.cohort, EMAIL, STAMP["clicked"]] == 1


async def test_provider_and_time_are_told_with_the_move(each_app: App) -> None:
    row, store = decided(1, random.Random(1)), each_app.store
    row = msgspec.structs.replace(row, deliveries=tuple(msgspec.structs.replace(d, state=State.PENDING) for d in row.deliveries))
    web, mail = row.deliveries
    await store.write(lambda tx: hot.write_decided(tx, [row], NOW))
    arrived = hot.Move(1, web.id, row.cohort, WEB, 0, State.DELIVERED, provider="inbox", took=0.02)
    went = hot.Outcome(1, int(State.SENT), "250", "ok", hot.Move(1, mail.id, row.cohort, EMAIL, 0, State.SENT, provider="mail", took=2.0))
    await store.write(lambda tx: (hot.write_moves(tx, [arrived], NOW), hot.write_attempts(tx, [went], [], NOW)))
    for state in (State.DELIVERED, State.BOUNCED):
        move = hot.Move(1, mail.id, row.cohort, EMAIL, 0, state, provider="mail")
        await store.write(lambda tx, move=move: hot.write_moves(tx, [move], NOW))
    await store.write(lambda tx: rollup.compact(tx, 100))
    asked = tallies.Asked(1, quarter_of(web.id), quarter_of(web.id) + 1)
    found = {(t.channel, t.provider, t.kind): t.n for t in await store.read(lambda tx: tallies.by_parts(tx, asked)) if t.provider}
    assert found == {
        (WEB, "inbox", TAKEN): 1, (WEB, "inbox", ARRIVED): 1, (WEB, "inbox", STEP + step_of(0.02)): 1,
        (EMAIL, "mail", REFUSED): 1, (EMAIL, "mail", STEP + step_of(2.0)): 1,
    }  # fmt: skip


def test_a_provider_takes_a_delivery_once() -> None:
    assert kinds_of(State.SENT, State.DELIVERED, "mail", -1) == [(ARRIVED, 1)]
    assert kinds_of(State.PENDING, State.DELIVERED, "mail", 3) == [(TAKEN, 1), (ARRIVED, 1), (STEP + 3, 1)]
    assert kinds_of(State.DELIVERED, State.BOUNCED, "mail", -1) == [(REFUSED, 1), (TAKEN, -1), (ARRIVED, -1)]
    assert kinds_of(State.PENDING, State.HELD, "", 3) == []


async def test_time_is_cut_by_a_clock_that_changes(each_app: App) -> None:
    """Two quarters either side of a change by one hour, in a zone 45 minutes off."""
    store, first = each_app.store, 1_988_000
    births = [first + n for n in range(0, 200, 7)]
    values = Counter({(1, born, 7, EMAIL, "", int(State.SENT)): 1 + k for k, born in enumerate(births)})
    await store.write(lambda tx: tallies.add(tx, values))
    change = first + 90
    cut = Cut(96, 23, ((change, 19),))
    expected: Counter = Counter()
    for (_, born, *_), n in values.items():
        expected[(born + (19 if born >= change else 23)) // 96] += n
    asked = tallies.Asked(1, first, first + 200)
    assert await store.read(lambda tx: tallies.by_slot(tx, asked, cut, [State.SENT])) == expected
    assert {t.slot: t.n for t in await store.read(lambda tx: tallies.by_time(tx, asked, cut))} == expected
    assert await store.read(lambda tx: tallies.first(tx, 1)) == first
    assert await store.read(lambda tx: tallies.first(tx, 2)) is None


async def test_a_cohort_that_is_dropped_leaves_the_others_as_they_were(each_app: App) -> None:
    chance, store = random.Random(5), each_app.store

    def of(cohort: int) -> Counter:
        keys = [(1, born, cohort, chance.choice((WEB, EMAIL)), provider, kind) for born in range(500, 540) for provider, kind in (("", 0), ("", 5), ("", STAMP["read"]), ("mail", STEP + 3))]
        return Counter({key: chance.randrange(1, 9) for key in keys})

    mine, theirs = of(7), of(8)
    await store.write(lambda tx: tallies.add(tx, mine))
    alone = await store.read(lambda tx: set(tx.conn.execute(tables.tallies.select()).all()))
    await store.write(lambda tx: tallies.add(tx, theirs))
    steps = 1
    while not await store.write(lambda tx: tallies.drop(tx, 1, 8, 30)):
        steps += 1
    assert steps > 3
    assert await store.read(lambda tx: set(tx.conn.execute(tables.tallies.select()).all())) == alone
    assert await store.write(lambda tx: tallies.drop(tx, 1, 7, 3000))
    assert await store.read(lambda tx: tallies.first(tx, 1)) is None
