"""An import whose process is killed with SIGKILL on its way: it is gone on from, and everybody of the file is in it once, as if nothing had been."""

import asyncio
import signal
from collections import Counter

import pytest
from sqlalchemy import select

from backend.clock import HeldClock
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store.tables import addresses, consents, import_rows, listed, memberships, people, summaries
from carillon.house import House
from tests.line.houses import NOON
from tests.line.lives import install, judge, rest
from tests.line.test_kills import heard
from tests.line.victim import KNOWN, ROWS, STEP

pytestmark = [pytest.mark.drill, pytest.mark.timeout(420)]


@pytest.fixture
def place(kind, line_engines, tmp_path):
    with install(kind, tmp_path / "place") as made:
        yield made


async def lives(place, plans):
    """Lives that end by their plans."""
    for n, plan in enumerate(plans):
        place.victim.begin(life="imports", accepted=str(place.accepted), n=n, plan=plan)
        assert await asyncio.to_thread(place.victim.ended) == -signal.SIGKILL, (plan, place.victim.log.read_text()[-4000:])


async def last(place, n):
    place.victim.begin(life="imports", accepted=str(place.accepted), n=n)
    assert await asyncio.to_thread(place.victim.ended) == 0, place.victim.log.read_text()[-4000:]


def of_file(tx):
    """What there is of the people of the file."""
    users = {row.person: row for row in tx.conn.execute(select(people)) if row.user_id.startswith("in")}
    counts = {t.name: Counter(row.person for row in tx.conn.execute(select(t.c.person)) if row.person in users) for t in (addresses, consents, listed, memberships)}
    plans = Counter(row.attributes["plan"] for row in tx.conn.execute(select(summaries)) if row.person in users)
    return users, counts, plans


async def whole(place, n):
    """Everybody once: who was known is changed once, who was not is made once; and what was told meanwhile is accounted for."""
    found = await rest(place, NOON + n * STEP)
    judge(place, found, await asyncio.to_thread(heard, place))
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


@pytest.mark.parametrize("plan", ["import:before_commit:13", "import:after_commit:12"])  # 2 writes keep the file, 7 check it, 7 apply it
async def test_killed_while_it_is_applied_it_goes_through(place, plan):
    await lives(place, [plan])
    async with House(load(place.environ), HeldClock(NOON)) as house:
        one = (await house.app.imports.list(SYSTEM)).items[0]
        users, _, plans = await house.app.store.read(of_file)
    assert one.state == "running" and 0 < one.done < ROWS, "it was amid it"
    assert KNOWN < len(users) < ROWS and plans["old"] == 0
    await last(place, 1)
    await whole(place, 2)


async def test_killed_while_its_file_is_sent_it_is_nothing(place):
    await lives(place, ["import:after_commit:1"])
    async with House(load(place.environ), HeldClock(NOON + 3600.0)) as house:
        await house.line.settle(40.0)
        one = (await house.app.imports.list(SYSTEM)).items[0]
        users, _, plans = await house.app.store.read(of_file)
        left = await house.app.store.read(lambda tx: tx.conn.execute(select(import_rows)).all())
    assert (one.state, one.done, left) == ("failed", 0, []) and one.detail.startswith("The upload broke off")
    assert (len(users), plans) == (KNOWN, {"old": KNOWN})
    await last(place, 61)
    await whole(place, 62)


@pytest.mark.long
async def test_killed_again_and_again(place):
    points = ["import:before_commit:4", "import:after_commit:2", "import:before_commit:2", "import:after_commit:5", "import:before_commit:1", "import:after_commit:1"]
    await lives(place, points)
    await last(place, len(points))
    await whole(place, len(points) + 1)
