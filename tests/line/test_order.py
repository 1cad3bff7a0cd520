"""Order: what one person gets comes in the order of acceptance, and what is critical never stands behind a campaign."""

import pytest
import pytest_asyncio

from carillon.bench.sink_smtp import Sink
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
            events.append(order_shipped(to=mia, title=f"{n * 20 + k}", channels=["web", "email"]))
            events.append(order_shipped(to=others[k], title="noise", channels=["email"]))
        hers += (await stand.accept(*events))[::2]
        stand.clock.move(0.002)
    await stand.settle()
    assert await rung(stand, mia, start) == [str(n) for n in range(EVENTS)]
    places = await deliveries_of(stand, hers)
    assert [places[made] for made in sink.ids if made in places] == list(range(EVENTS))


async def test_what_is_critical_overtakes_a_campaign_that_waits(mailing):
    stand, sink = mailing
    crowd = [await stand.person() for _ in range(30)]
    mia = await stand.person("mia")
    before = len(sink.ids)
    campaign = [order_shipped(to=crowd[n % 30], priority="low", title=f"{n}", channels=["email"]) for n in range(CAMPAIGN)]
    for n in range(0, CAMPAIGN, 500):
        await stand.accept(*campaign[n : n + 500])
    (alarm,) = await stand.accept(order_shipped(to=mia, category="security", priority="critical", channels=["email"]))
    waiting = CAMPAIGN - (len(sink.ids) - before)
    await stand.settle()
    (made,) = await deliveries_of(stand, [alarm])
    behind = len(sink.ids) - sink.ids.index(made) - 1
    assert len(sink.ids) == before + CAMPAIGN + 1
    # three batches of 500 at most were already on their way when it came: the lanes of decide and of deliver each hold one
    assert behind >= min(waiting, CAMPAIGN // 3), f"{behind} mails of the campaign came after it, {waiting} waited"
