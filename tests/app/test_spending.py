"""A day's sum in the store: however many take at once it is never more than it may be, and operators hear of its end once."""

import asyncio

import pytest

from backend.app.spending import StorePurse
from backend.channels.spending import Spending
from backend.store import alert_rows, spent

DAY = 20_782


async def alerts(app):
    return [alert for alert in await app.store.read(lambda tx: alert_rows.newest(tx, 1, 50)) if "may cost no more" in alert.message]


async def test_all_that_take_at_once_get_no_more_than_the_sum(each_app):
    app = each_app
    purses = [StorePurse(app) for _ in range(4)]
    counted = await asyncio.gather(*(purses[n % 4].take("sms", DAY, 70, 1_000) for n in range(40)))
    assert sum(counted) == 1_000
    assert sorted(set(counted)) == [0, 20, 70]
    assert await app.store.read(lambda tx: spent.of(tx, 1, "sms", DAY)) == 1_000
    assert await purses[0].take("sms", DAY + 1, 70, 1_000) == 70
    assert await purses[0].take("other", DAY, 70, 1_000) == 70


@pytest.mark.parametrize(("back", "left"), [(-300, 700), (-1_000, 0), (-5_000, 0)])
async def test_what_is_given_back_may_be_taken_again(app, back, left):
    purse = StorePurse(app)
    await purse.take("sms", DAY, 1_000, 1_000)
    await purse.take("sms", DAY, back, 1_000)
    assert await app.store.read(lambda tx: spent.of(tx, 1, "sms", DAY)) == left
    assert await purse.take("sms", DAY, 5_000, 1_000) == 1_000 - left


async def test_a_limit_that_was_lowered_gives_nothing_and_takes_nothing_away(app):
    purse = StorePurse(app)
    await purse.take("sms", DAY, 900, 1_000)
    assert await purse.take("sms", DAY, 10, 500) == 0
    assert await app.store.read(lambda tx: spent.of(tx, 1, "sms", DAY)) == 900


async def test_processes_share_a_day_and_a_restart_forgets_nothing(app):
    def another():
        return Spending("sms", 1_000_000, purse=StorePurse(app), clock=app.clock)

    one, two = another(), another()
    paid = [await process.pay(80_000) is not None for _ in range(10) for process in (one, two)]
    assert paid.count(True) == 12
    assert len(await alerts(app)) == 1
    await one.close()
    again = another()
    assert await again.pay(80_000) is None
    two.give_back(80_000, int(app.clock.now() // 86_400))
    assert await two.pay(80_000) is not None
    await again.close()


async def test_operators_hear_of_it_once_and_it_is_over_the_next_day(app):
    purse = StorePurse(app)
    await purse.take("sms", DAY, 10, 10)
    for _ in range(3):
        await purse.spent_out("sms")
    (alert,) = await alerts(app)
    assert alert.severity == "error"
    await purse.take("sms", DAY + 1, 10, 10)
    assert await alerts(app) == []
