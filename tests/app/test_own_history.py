"""A person's history, on every engine: what was meant for them, page by page."""

from backend.app.app import App
from backend.app.views import PersonIn
from backend.clock import HeldClock
from tests.app.actors import ADMIN, actor
from tests.app.line_rows import happened

ME = actor("member", "mia")


async def test_each_notification_once_with_every_channel(each_app: App, clock: HeldClock) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia", email="mia@example.com"))
    await app.people.put(ADMIN, "ben", PersonIn(email="ben@example.com"))
    await happened(app, "ben")
    made = []
    for n in range(5):
        clock.move(1)
        made.append((await happened(app, "mia", key=f"order-{n}", category="chat" if n == 2 else "orders"))["notification"].hex())
    first = await app.history.list(ME, "mia", limit=3)
    rest = await app.history.list(ME, "mia", after=first.next, limit=3)
    assert [item.id for item in [*first.items, *rest.items]] == made[::-1] and rest.next is None
    item = first.items[0]
    assert (item.title, item.category_name, item.fate) == ("Shipped", "Orders", "waiting")
    assert [(unit.channel, unit.state, unit.gates) for unit in item.units] == [("email", "held", []), ("push", "failed", [])]
    assert item.units[0].address == "m…a@example.com"
    assert [found.id for found in (await app.history.list(ME, "mia", category="chat")).items] == [made[2]]
    assert (await app.history.list(ME, "mia", fate="arrived")).items == []
    assert len((await app.history.list(ADMIN, "ben", channel="push")).items) == 1
