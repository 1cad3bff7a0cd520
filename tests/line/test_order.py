"""Order: what one person gets comes in the order of acceptance, and what is critical never stands behind a campaign."""

import asyncio

import pytest
import pytest_asyncio

from backend.domain.ids import person_id
from backend.log.topics import partition_of
from carillon.bench.sink_smtp import Manner, Sink
from tests.line.houses import member, order_shipped, standing

pytestmark = pytest.mark.asyncio(loop_scope="session")
EVENTS = 200
CAMPAIGN = 1_500


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mailing(kind, line_engines, tmp_path_factory):
    """A house whose mails go to a server that writes down what it took, in order; (stand, sink)."""
    sink = Sink()
    port = await sink.start()
    async with standing(kind, tmp_path_factory.mktemp("order"), CARILLON_SMTP_URL=f"smtp://127.0.0.1:{port}") as stand:
        yield stand, sink
    await sink.close()


def notice(**more):
    """Of a category that is not `ordered`: there nobody's next one flies before the one before was answered, and no lane is needed for it."""
    return order_shipped(category="system", **more)


async def deliveries_of(stand, accepted: list[str]) -> dict[str, int]:
    """delivery by mail -> place of its event among the accepted ones."""
    from sqlalchemy import select

    from backend.store.tables import deliveries, notifications

    d, n = deliveries.c, notifications.c
    place = {made: n_th for n_th, made in enumerate(accepted)}
    mails = select(d.id, n.event).join_from(deliveries, notifications, n.id == d.notification).where(d.channel == 2)
    rows = await stand.app.store.read(lambda tx: tx.conn.execute(mails).all())
    return {made.hex(): place[event.hex()] for made, event in rows if event.hex() in place}


async def rung(stand, user: str, after: str) -> list[str]:
    """Titles in the order in which open screens hear of them."""
    titles: list[str] = []
    while page := await stand.app.inbox.list(member(user), user, after, 50):
        titles += [item.title for item in page.items]
        after = page.cursor
        if not page.items:
            break
    return titles


async def test_one_person_gets_everything_in_the_order_of_acceptance(mailing):
    stand, sink = mailing
    mia, others = await stand.person("mia"), [await stand.person() for _ in range(20)]
    hers, start = [], (await stand.app.inbox.list(member(mia), mia)).cursor
    for n in range(EVENTS // 20):
        events = []
        for k in range(20):
            events.append(notice(to=mia, title=f"{n * 20 + k}", channels=["web", "email"]))
            events.append(notice(to=others[k], title="noise", channels=["email"]))
        hers += (await stand.accept(*events))[::2]
        stand.clock.move(0.002)
    await stand.settle()
    assert await rung(stand, mia, start) == [str(n) for n in range(EVENTS)]
    places = await deliveries_of(stand, hers)
    assert [places[made] for made in sink.ids if made in places] == list(range(EVENTS))


async def mails_of(stand) -> int:
    """Mails of everybody, in whatever state."""
    from sqlalchemy import func, select

    from backend.store.tables import deliveries

    mails = select(func.count()).select_from(deliveries).where(deliveries.c.channel == 2)
    return await stand.app.store.read(lambda tx: tx.conn.execute(mails).scalar_one())


def partition(user: str) -> int:
    return partition_of(1, person_id(1, user))


async def test_what_is_critical_overtakes_a_campaign_that_waits(mailing):
    stand, sink = mailing
    mia = await stand.person("mia")
    beside = [name for name in (f"crowd{n}" for n in range(1_000)) if partition(name) == partition(mia)][:30]
    crowd = [await stand.person(user=name) for name in beside]  # of her partition: no luck of the log brings her forward
    before = len(sink.ids)
    sink.manner = Manner(delay=0.5)  # so that the campaign still waits, however fast the machine is
    campaign = [notice(to=crowd[n % 30], priority="low", title=f"{n}", channels=["email"]) for n in range(CAMPAIGN)]
    for n in range(0, CAMPAIGN, 500):
        await stand.accept(*campaign[n : n + 500])
    async with asyncio.timeout(60):
        while await mails_of(stand) < before + CAMPAIGN:  # until it has been decided, and waits for its provider
            await asyncio.sleep(0.02)
    (alarm,) = await stand.accept(order_shipped(to=mia, category="security", priority="critical", channels=["email"]))
    waiting = CAMPAIGN - (len(sink.ids) - before)
    sink.manner = Manner()
    assert waiting > CAMPAIGN // 2
    await stand.settle()
    (made,) = await deliveries_of(stand, [alarm])
    behind = len(sink.ids) - sink.ids.index(made) - 1
    assert len(sink.ids) == before + CAMPAIGN + 1
    # what the provider had (64 at most) and what was on its way to it came first
    assert behind >= waiting - 200, f"{behind} mails of the campaign came after it, {waiting} waited"
