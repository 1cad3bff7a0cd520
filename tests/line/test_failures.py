"""Providers that fail, refuse and bounce, and what is known of it afterwards."""

import pytest
from sqlalchemy import select

from backend.app.views import Accepted, CategoryIn, TemplateIn
from backend.domain.errors import DataMissing
from backend.domain.ids import person_id
from backend.domain.receipt import Receipt
from backend.domain.template import Content, EmailContent, WebContent
from backend.security.roles import SYSTEM
from backend.store.tables import due
from tests.line.houses import order_shipped
from tests.stages.conftest import event_for, record_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
TITLE = "Your order is on its way"


async def mail(stand, **more) -> tuple[str, str]:
    """An event by mail alone: (user, event)."""
    user = await stand.person()
    return user, await stand.send(order_shipped(to=user, channels=["email"], **more))


async def report(stand, made: str, kind: str, at: float = 0.0) -> None:
    """A provider's report of the mail of an event."""
    seen = await stand.delivery(made)
    await stand.house.report(Receipt(1, bytes.fromhex(seen.id), kind, at or stand.now, provider="test", person=0))


async def attempts(stand, made: str) -> list[int]:
    return [entry.attempt for entry in (await stand.delivery(made)).timeline if entry.kind == "attempt"]


async def next_try(stand, made: str) -> float:
    delivery = bytes.fromhex((await stand.delivery(made)).id)
    return await stand.app.store.read(lambda tx: tx.conn.scalar(select(due.c.at).where(due.c.id == delivery)))


async def test_what_fails_for_a_while_is_tried_again_further_and_further_apart(stand):
    await stand.misbehave("fail")
    user, made = await mail(stand)
    assert (await stand.delivery(made)).state == "retrying"
    assert await stand.ledger(made) == {"planned": 1, "pending": 1}
    waits = []
    for _ in range(3):
        waits.append(await next_try(stand, made) - stand.now)
        await stand.settle(after=waits[-1])
    assert all(1.0 <= wait <= bound for wait, bound in zip(waits, (56, 112, 224), strict=True)), waits
    await stand.misbehave("ok")
    await stand.settle(after=3_600)
    assert await stand.captured(user) == [TITLE]
    assert await attempts(stand, made) == [1, 2, 3, 4, 5]
    assert await stand.ledger(made) == {"planned": 1, "sent": 1}


async def test_what_never_succeeds_ends_as_a_letter_and_can_be_replayed(stand):
    before = {letter.id for letter in (await stand.app.dead.list(SYSTEM)).items}
    await stand.misbehave("fail")
    user, made = await mail(stand)
    for _ in range(9):
        await stand.settle(after=3_601)
    assert (await stand.delivery(made)).state == "dead"
    assert await attempts(stand, made) == list(range(1, 9))
    assert await stand.ledger(made) == {"planned": 1, "failed": 1}
    (letter,) = [letter for letter in (await stand.app.dead.list(SYSTEM)).items if letter.id not in before]
    assert "retry_exhausted" in letter.cause
    assert await stand.captured(user) == []
    await stand.misbehave("ok")
    assert await stand.app.dead.replay(SYSTEM, ids=[bytes.fromhex(letter.id)]) == 1
    await stand.settle(after=1)
    assert await stand.captured(user) == [TITLE]
    assert await stand.ledger(made) == {"planned": 1, "sent": 1}


async def test_what_is_refused_is_not_tried_again(stand):
    await stand.misbehave("refuse")
    user, made = await mail(stand)
    assert (await stand.delivery(made)).state == "failed"
    await stand.misbehave("ok")
    await stand.settle(after=86_400)
    assert await stand.captured(user) == []
    assert await attempts(stand, made) == [1]
    assert await stand.ledger(made) == {"planned": 1, "failed": 1}


async def test_a_hard_bounce_suppresses_the_address_for_what_comes_next(stand):
    await stand.misbehave("bounce")
    user, made = await mail(stand)
    await bounced(stand, made)
    assert await stand.ledger(made) == {"planned": 1, "failed": 1}
    await stand.misbehave("ok")
    following = await stand.send(order_shipped(to=user, channels=["email"]))
    assert await stand.units(following) == {"email": ["skip suppressed"]}
    assert len(await stand.captured(user)) == 1


async def bounced(stand, made: str) -> None:
    """The provider reports from a turn of the loop of its own."""
    for _ in range(50):
        await stand.settle(after=2.5)  # a report may come before the attempt's outcome is durable, and waits then
        if (await stand.delivery(made)).state == "bounced":
            return
    raise AssertionError((await stand.delivery(made)).state)


async def test_a_bounce_may_come_after_delivered_and_nothing_after_that(stand):
    _, made = await mail(stand)
    for kind, state in (("delivered", "delivered"), ("bounced_hard", "bounced"), ("delivered", "bounced")):
        await report(stand, made, kind)
        await stand.settle(after=1)
        assert (await stand.delivery(made)).state == state
    assert await stand.ledger(made) == {"planned": 1, "failed": 1}


async def test_a_receipt_that_comes_before_its_attempt_waits(stand):
    user = await stand.person()
    until = await stand.quiet(user)
    made = await stand.send(order_shipped(to=user, channels=["email"]))
    await report(stand, made, "delivered", at=until)
    await stand.settle()
    assert (await stand.delivery(made)).state == "held"
    await stand.settle(after=until - stand.now)
    await stand.settle(after=2)  # no longer than it needs: not as long as the lease of a claimed row
    assert (await stand.delivery(made)).state == "delivered"


async def test_missing_data_fails_with_the_variable_named_and_nothing_is_sent(stand):
    """What acceptance cannot know: whether a branch is taken."""
    html = "{% if data.number > 5 %}<p>Parcel {{ data.parcel }}</p>{% endif %}"
    content = Content(email=EmailContent(subject="Order {{ data.number }}", html=html))
    await stand.app.templates.put(SYSTEM, "shipped", TemplateIn(content, samples={"number": 1, "parcel": "p"}))
    await stand.app.templates.publish(SYSTEM, "shipped")
    user = await stand.person()
    made = await stand.send(order_shipped(to=user, template="shipped", title=None, data={"number": 7}, channels=["email"]))
    seen = await stand.delivery(made)
    assert seen.state == "failed"
    assert any("parcel" in f"{entry.text} {entry.raw}" for entry in seen.timeline), seen.timeline
    assert await stand.captured(user) == []
    whole = await stand.send(order_shipped(to=user, template="shipped", title=None, data={"number": 7, "parcel": "P1"}, channels=["email"]))
    assert await stand.captured(user) == ["Order 7"]
    assert await stand.ledger(whole) == {"planned": 1, "sent": 1}


async def test_an_event_that_lacks_what_its_template_always_prints_is_refused(stand):
    content = Content(
        email=EmailContent(subject="Order {{ data.number }}", html="<p>Parcel {{ data.parcel }}</p>"), web=WebContent("Order {{ data.number }}")
    )
    await stand.app.templates.put(SYSTEM, "always", TemplateIn(content, samples={"number": 1, "parcel": "p"}))
    await stand.app.templates.publish(SYSTEM, "always")
    user = await stand.person()

    def asked(**more):
        return order_shipped(to=user, template="always", title=None, **more)

    refused, taken, web = await stand.app.events.accept(
        SYSTEM,
        [
            asked(data={"number": 7}, channels=["email", "web"]),
            asked(data={"number": 7, "parcel": None}, channels=["email"]),
            asked(data={"number": 8}, channels=["web"]),
        ],
    )
    assert (type(refused), refused.facts["missing"], refused.status) == (DataMissing, ["data.parcel"], 422)
    assert isinstance(taken, Accepted)
    assert isinstance(web, Accepted)
    await stand.settle()
    assert await stand.captured(user) == ["Order 7"]
    assert await stand.inbox(user) == ["Order 8"]
    with pytest.raises(DataMissing):
        await stand.app.events.dry_run(SYSTEM, asked(data={}))


async def test_an_event_nobody_can_decide_is_failed_and_goes_once_its_letter_is_sent_again(stand):
    user = await stand.person()
    event = event_for(person_id(1, user), "gone", at=stand.now, channels=("web",), body=b'{"title":"Late"}')
    await stand.app.log.append([record_of(event)])
    await stand.settle()
    assert await stand.ledger(event.id.hex()) == {"planned": 1, "failed": 1}
    (letter,) = [one for one in (await stand.app.dead.list(SYSTEM)).items if one.cause == "unknown_category"]
    await stand.app.categories.put(SYSTEM, "gone", CategoryIn("Back again", channels=["web"]))
    assert await stand.app.dead.replay(SYSTEM, ids=[bytes.fromhex(letter.id)]) == 1
    await stand.settle(after=1)
    assert await stand.inbox(user) == ["Late"]
    assert await stand.ledger(event.id.hex()) == {"planned": 1, "sent": 1}
