"""The gauges of what waits: lane by lane, due rows and their lateness, dead letters."""

import pytest

from backend.app.engine import GROUPS
from backend.domain.engine import STAGES
from backend.domain.ids import make_id
from backend.log import topics
from backend.store import letters
from backend.telemetry import REGISTRY
from carillon.waiting import look
from tests.line.houses import order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")


def shown(name, **labels):
    return REGISTRY.get_sample_value(name, labels)


async def test_each_lane_and_what_is_late_and_dead_is_shown(stand):
    await look(stand.app.store, stand.line, stand.now)
    lane, dead = topics.events("low"), shown("carillon_dead_letters_waiting")
    assert shown("carillon_lane_lag_records", group="decide", lane=lane) == 0
    assert shown("carillon_due_late") == 0
    assert shown("carillon_due_late_seconds") == 0

    user = await stand.person()
    until = await stand.quiet(user)
    await stand.send(order_shipped(to=user, channels=["email"]))
    made = make_id(int(stand.now * 1000), b"a letter")

    def write(tx):
        letters.insert(tx, space=1, id=made, at=stand.now, topic=lane, stage="decide", cause="x", fingerprint="x", detail="", value=b"{}")

    await stand.app.store.write(write)
    await look(stand.app.store, stand.line, until + 30)
    assert shown("carillon_due_late") == 1
    assert shown("carillon_due_late_seconds") == pytest.approx(30, abs=1)
    assert shown("carillon_dead_letters_waiting") == dead + 1
    await stand.app.store.write(lambda tx: letters.drop(tx, 1, [made], stand.now))
    await stand.settle(after=until - stand.now + 1)


async def test_the_page_of_the_engine_knows_every_part_of_the_line_and_its_lanes(stand):
    assert set(stand.line.alive) == set(STAGES)
    groups = {group: set(lanes) for group, lanes in (await stand.line.lanes()).items()}
    assert {group: set(lanes) for group, lanes in GROUPS.items()} == {group: lanes for group, lanes in groups.items() if group in GROUPS}
    assert groups.keys() - GROUPS.keys() <= set(STAGES)


async def test_a_lane_nobody_reads_shows_its_records(stand, monkeypatch):
    lane = topics.events("low")

    async def lag(group, names):
        return {name: 3 if name == lane else 0 for name in names}

    monkeypatch.setattr(stand.line._log, "lag", lag)
    await look(stand.app.store, stand.line, stand.now)
    assert shown("carillon_lane_lag_records", group="decide", lane=lane) == 3
    assert shown("carillon_lag_records", group="decide") == 3
