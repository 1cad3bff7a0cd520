"""An import whose process is killed with SIGKILL on its way: it is gone on from, and everybody of the file is in it once, as if nothing had been."""

from collections import Counter

import pytest
from sqlalchemy import select

from backend.clock import HeldClock
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store.tables import addresses, consents, import_rows, listed, memberships, people, summaries
from carillon.house import House
from tests.line.houses import NOON
from tests.line.lives import judge, rest
from tests.line.victim import KNOWN, ROWS, STEP

pytestmark = [pytest.mark.drill, pytest.mark.timeout(420)]


def of_file(tx):
    """What there is of the people of the file."""
    users = {row.person: row for row in tx.conn.execute(select(people)) if row.user_id.startswith("in")}
    counts = {t.name: Counter(row.person for row in tx.conn.execute(select(t.c.person)) if row.person in users) for t in (addresses, consents, listed, memberships)}
    plans = Counter(row.attributes["plan"] for row in tx.conn.execute(select(summaries)) if row.person in users)
    return users, counts, plans


async def whole(place, n):
    """Everybody once: who was known is changed once, who was not is made once; and what was told meanwhile is accounted for."""
    judge(place, await rest(place, NOON + n * STEP))
    async with House(load(place.environ), HeldClock(NOON + n * STEP + 4 * 3600.0)) as house:
        one = next(one for one in (await house.app.imports.list(SYSTEM)).items if one.state != "failed")
        users, counts, plans = await house.app.store.read(of_file)
        fair = await house.app.audiences.get(SYSTEM, "fair")
    assert (one.state, one.total, one.done, one.new, one.changed, one.same, one.refused) == ("finished", ROWS + 2, ROWS + 2, ROWS - KNOWN, KNOWN, 0, 2)
    assert sorted((why.code, why.count) for why in one.reasons) == [("duplicate", 1), ("email_invalid", 1)]
    assert (one.opted_in, one.kept_out) == (ROWS - 1, 1)
    assert len(users) == ROWS == fair.size
    assert plans == {"free": ROWS // 3, "pro": ROWS - ROWS // 3}
    assert set(counts["addresses"].values()) == set(counts["consents"].values()) == set(counts["listed"].values()) == {1}
    assert len(counts["addresses"]) == len(counts["consents"]) == len(counts["listed"]) == ROWS
    assert len(counts["memberships"]) == ROWS // 100 and set(counts["memberships"].values()) == {1}
    known = {row.revision for row in users.values() if int(row.user_id[2:]) < KNOWN and row.user_id != "in1"}
    assert (known, {row.revision for row in users.values() if int(row.user_id[2:]) >= KNOWN}) == ({3}, {1}), "each was made once, or changed once and agreed once"


async def test_killed_while_it_is_applied_it_goes_through(place):
    before = KNOWN
    for n, plan in enumerate(["import:before_commit:13", "import:after_commit:2"]):  # 2 writes keep the file, 7 check it, 7 apply it
        await place.dies("imports", n, plan)
        async with House(load(place.environ), HeldClock(NOON), names=()) as house:  # nothing goes on in it
            one = (await house.app.imports.list(SYSTEM)).items[0]
            users, _, plans = await house.app.store.read(of_file)
        assert one.state == "running" and 0 < one.done < ROWS, "it was amid it"
        assert before < len(users) < ROWS and plans["old"] == 0
        before = len(users)
    await place.lives("imports", 2)
    await whole(place, 3)


async def test_killed_while_its_file_is_sent_it_is_nothing(place):
    await place.dies("imports", 0, "import:after_commit:1")
    async with House(load(place.environ), HeldClock(NOON + 3600.0)) as house:
        await house.line.settle(40.0)
        one = (await house.app.imports.list(SYSTEM)).items[0]
        users, _, plans = await house.app.store.read(of_file)
        left = await house.app.store.read(lambda tx: tx.conn.execute(select(import_rows)).all())
    assert (one.state, one.done, left) == ("failed", 0, []) and one.detail.startswith("The upload broke off")
    assert (len(users), plans) == (KNOWN, {"old": KNOWN})
    await place.lives("imports", 61)
    await whole(place, 62)


@pytest.mark.long
async def test_killed_again_and_again(place):
    points = ["import:before_commit:4", "import:after_commit:2", "import:before_commit:2", "import:after_commit:5", "import:before_commit:1", "import:after_commit:1"]
    for n, plan in enumerate(points):
        await place.dies("imports", n, plan)
    await place.lives("imports", len(points))
    await whole(place, len(points) + 1)
