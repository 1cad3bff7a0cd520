"""How often an address was full or away, counted on both engines; whoever is counted twice, too old or of somebody else is not."""

import pytest
from sqlalchemy import insert

from backend.domain.delivery import State
from backend.domain.ids import make_id
from backend.domain.receipt import SOFT
from backend.store.tables import attempts, deliveries, receipts, suppressions
from backend.store.worn import times, worn_out
from tests.stages.conftest import NOON, SPACE

EMAIL, DAY, SINCE = 2, 86_400.0, NOON - SOFT["email"].within


def one(n, *, at=NOON, person=1, address=b"mail", channel=EMAIL, space=SPACE, state=State.FAILED, codes=(), told=()):
    """A delivery with attempts of these codes and receipts of these kinds."""
    made = make_id(int(at * 1000), b"worn", bytes([n]))
    row = {
        "id": made, "space": space, "notification": made, "person": person, "channel": channel, "address": address, "cohort": 1, "state": int(state),
        "generation": 0, "reason": "", "until": None, "changed": at,
    }  # fmt: skip
    tried = [
        {"delivery": made, "n": k, "space": space, "provider": "smtp", "started": at, "ended": at, "outcome": int(State.RETRYING), "code": code, "raw": ""}
        for k, code in enumerate(codes, 1)
    ]
    heard = [
        {"delivery": made, "space": space, "kind": kind, "at": at + k, "generation": 0, "provider": "smtp", "raw": ""} for k, kind in enumerate(told)
    ]
    return row, tried, heard


@pytest.mark.parametrize(
    ("made", "count"),
    [
        (one(1, codes=["5.2.2"]), 1),
        (one(1, codes=["4.2.2", "4.2.2", "4.2.2"], state=State.DEAD), 1),
        (one(1, codes=["4.2.1"], state=State.EXPIRED), 1),
        (one(1, state=State.BOUNCED, codes=["2.0.0"], told=["bounced_soft", "bounced_soft"]), 1),
        (one(1, state=State.SENT, codes=["4.2.2", "2.0.0"]), 0),  # it went through after all
        (one(1, state=State.RETRYING, codes=["4.2.2"]), 0),
        (one(1, codes=["5.7.1"]), 0),
        (one(1, codes=["5.12.2"]), 0),
        (one(1, state=State.BOUNCED, told=["bounced_policy", "deferred"]), 0),
        (one(1, codes=["5.2.2"], person=2), 0),
        (one(1, codes=["5.2.2"], address=b"other"), 0),
        (one(1, codes=["5.2.2"], channel=3), 0),
        (one(1, codes=["5.2.2"], space=2), 0),
        (one(1, codes=["5.2.2"], at=SINCE - DAY), 0),
        (one(1, state=State.BOUNCED, told=["bounced_soft"], at=SINCE - DAY), 0),
    ],
)
async def test_what_is_counted(ground, made, count):
    await ground.store.write(lambda tx: put(tx, [made]))
    assert await ground.store.read(lambda tx: times(tx, SPACE, 1, EMAIL, b"mail", SINCE)) == count


async def test_the_last_one_suppresses(ground):
    await ground.person(1, addresses=[(EMAIL, b"mail")])

    def worn(tx):
        return worn_out(tx, SPACE, 1, EMAIL, b"mail", "smtp", NOON)

    for n in range(SOFT["email"].times):
        assert await ground.store.write(worn) == []
        await ground.store.write(lambda tx, n=n: put(tx, [one(n, codes=["5.2.2"])]))
    assert await ground.store.write(worn) == [1]
    assert await ground.rows(suppressions, "hash", "reason", "source") == [(b"mail", "bounced", "smtp")]


def put(tx, made):
    for row, tried, heard in made:
        tx.conn.execute(insert(deliveries), [row])
        for table, rows in ((attempts, tried), (receipts, heard)):
            if rows:
                tx.conn.execute(insert(table), rows)


