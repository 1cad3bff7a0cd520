"""Ordered categories: while an earlier one is tried again, later ones to the same person wait, and come in their order."""

import pytest
from sqlalchemy import func, select, update

from backend.app.captures import StoreShelf
from backend.app.content_views import CategoryIn
from backend.channels.capture import Behaviour
from backend.domain.ids import person_bytes, person_id
from backend.security.roles import SYSTEM
from backend.store.tables import ahead, due
from tests.line.houses import moment, order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def waited_behind(stand) -> int:
    return await stand.app.store.read(lambda tx: tx.conn.scalar(select(func.count()).select_from(ahead)))


async def through(stand, *made: str) -> None:
    """Let time pass until all of these have ended."""
    for _ in range(40):
        ledgers = [await stand.ledger(one) for one in made]
        if all(ledger.keys() <= {"planned", "sent", "failed", "skipped"} for ledger in ledgers):
            return
        await stand.settle(after=181.0)
    raise AssertionError([await stand.units(one) for one in made])


async def mails(stand, user: str, *titles: str, **more) -> list[str]:
    return await stand.accept(*[order_shipped(to=user, title=title, channels=["email"], **more) for title in titles])


@pytest.fixture
def heard(monkeypatch):
    """Deliveries in the order in which the provider got them: the clock of these tests stands still."""
    ids, keep = [], StoreShelf.keep

    async def listen(self, rows):
        await keep(self, rows)
        ids.extend(row.delivery.hex() for row in rows)

    monkeypatch.setattr(StoreShelf, "keep", listen)
    return ids


async def places(stand, heard, *made: str) -> list[int]:
    """Where each came in."""
    return [heard.index((await stand.delivery(one)).id) for one in made]


async def test_later_ones_wait_behind_one_that_is_tried_again_and_come_in_order(stand, heard):
    user, other = await stand.person(), await stand.person()
    await stand.misbehave("fail")
    (first,) = await mails(stand, user, "first")
    await stand.settle()
    assert (await stand.delivery(first)).state == "retrying"
    await stand.misbehave("ok")
    rest = await mails(stand, user, "second", "third")
    (apart,) = await mails(stand, other, "apart")
    (loose,) = await mails(stand, user, "loose", category="system")
    await stand.settle()
    assert await stand.captured(user) == ["loose"], "another category does not wait, nor does another person"
    assert await stand.captured(other) == ["apart"]
    for one in rest:
        delivery = await stand.delivery(one)
        assert (delivery.state, delivery.reason.code) == ("held", "ordered")
        assert delivery.reason.text.startswith("An earlier one of category orders is still being tried on e-mail;")
        assert await stand.ledger(one) == {"planned": 1, "held": 1}
    await through(stand, first, *rest, apart, loose)
    found = await places(stand, heard, loose, first, *rest)
    assert found == sorted(found) and len(heard) == 5
    assert await waited_behind(stand) == 0


async def test_who_waited_comes_when_the_one_before_was_sent_and_not_at_a_look_of_its_own(stand, heard):
    user = await stand.person()
    await stand.misbehave("fail")
    (first,) = await mails(stand, user, "first")
    await stand.settle()
    await stand.misbehave("ok")
    rest = await mails(stand, user, *[f"{n}" for n in range(30)])
    await stand.settle()

    def scatter(tx):
        """As looks at a busy hour leave them: each at a time of its own, far away, the later ones sooner."""
        held = [row.id for row in tx.conn.execute(select(due.c.id).where(due.c.kind.like("release.%"), due.c.key == person_bytes(person_id(1, user))).order_by(due.c.id.desc()))]
        assert len(held) == len(rest)
        for n, made in enumerate(held):
            tx.conn.execute(update(due).where(due.c.id == made).values(at=stand.now + 5_000 + 60 * n))

    await stand.app.store.write(scatter)
    await stand.settle(after=57.0)  # the first one's next try
    found = await places(stand, heard, first, *rest)
    assert found == sorted(found) and len(heard) == 1 + len(rest)
    assert await waited_behind(stand) == 0


async def test_one_that_fails_for_good_lets_the_others_go(stand):
    user = await stand.person()
    await stand.misbehave("fail")
    (first,) = await mails(stand, user, "first", expires_at=moment(stand.now + 600))
    await stand.settle()
    (second,) = await mails(stand, user, "second")
    for _ in range(12):
        await stand.settle(after=61.0)
    assert (await stand.delivery(first)).state == "expired"
    await stand.misbehave("ok")
    await through(stand, first, second)
    assert await stand.captured(user) == ["second"]
    assert await waited_behind(stand) == 0


async def test_the_order_holds_while_each_of_many_fails_by_chance(stand, heard):
    """Whatever fails, each person's mails come in the order of acceptance, once."""
    people = [await stand.person() for _ in range(4)]
    await stand.app.captures.behave(SYSTEM, "email", Behaviour("fail", 1.0, 0.5))
    made = []
    for n in range(5):
        made += await stand.accept(*[order_shipped(to=user, title=f"{n}", channels=["email"]) for user in people])
        await stand.settle(after=20.0 if n % 2 else 0.0)
    for _ in range(4):
        await stand.settle(after=61.0)
    await stand.misbehave("ok")
    await through(stand, *made)
    for n in range(len(people)):
        found = await places(stand, heard, *made[n :: len(people)])
        assert found == sorted(found)
    assert len(heard) == len(made), "each came once"
    assert await waited_behind(stand) == 0


async def test_a_category_that_is_not_ordered_holds_nothing_back(stand):
    await stand.app.categories.put(SYSTEM, "loose", CategoryIn("Loose", channels=["email"]))
    user = await stand.person()
    await stand.misbehave("fail")
    await mails(stand, user, "first", category="loose")
    await stand.settle()
    await stand.misbehave("ok")
    await mails(stand, user, "second", category="loose")
    await stand.settle()
    assert await stand.captured(user) == ["second"]
    await stand.settle(after=3_700)
    assert await stand.captured(user) == ["first", "second"]


async def test_who_is_erased_is_waited_behind_no_more(stand):
    user = await stand.person()
    await stand.misbehave("fail")
    await mails(stand, user, "first")
    await stand.settle()
    await mails(stand, user, "second")
    await stand.settle()
    assert await waited_behind(stand) == 2
    await stand.app.people.erase(SYSTEM, user)
    assert await waited_behind(stand) == 0
