"""What waits, and what may have happened to the person in the meantime: every gate is asked again before anything goes."""

import msgspec
import pytest

from backend.app.halts_views import HaltIn
from backend.app.views import GroupIn, SuppressionIn
from backend.domain.errors import Conflict, NotFound
from backend.domain.event import To
from backend.security.roles import SYSTEM
from tests.line.houses import moment, order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
TITLE = "Your order is on its way"


async def held(stand, **more):
    """A person in quiet hours with a mail on hold; (user, event, second at which the hours end)."""
    user = await stand.person(**more.pop("person", {}))
    until = await stand.quiet(user)
    made = await stand.send(order_shipped(to=user, channels=["web", "email"], **more))
    return user, made, until


async def test_quiet_hours_hold_the_mail_and_make_the_bell_silent(stand):
    user, made, until = await held(stand)
    assert await stand.units(made) == {"web": ["delivered"], "email": ["held"]}
    assert await stand.ledger(made) == {"planned": 2, "sent": 1, "held": 1}
    assert await stand.captured(user) == []
    assert (await stand.delivery(made)).reason.code == "quiet_hours"
    (row,) = (await stand.app.inbox.list(msgspec.structs.replace(SYSTEM, scopes=("notifications:read:any",)), user)).items
    assert row.silent
    await stand.settle(after=until - stand.now - 1)
    assert await stand.captured(user) == []
    await stand.settle(after=1)
    assert await stand.captured(user) == [TITLE]
    assert await stand.ledger(made) == {"planned": 2, "sent": 2}


async def test_urgent_and_essential_do_not_wait(stand):
    user = await stand.person()
    await stand.quiet(user)
    await stand.send(order_shipped(to=user, category="security"))
    assert await stand.captured(user) == [TITLE]


async def test_an_address_suppressed_during_the_hold_gets_nothing(stand):
    user, made, until = await held(stand)
    await stand.app.suppressions.put(SYSTEM, SuppressionIn("email", f"{user}@example.com", "complained"))
    await stand.settle(after=until - stand.now)
    assert await stand.captured(user) == []
    assert (await stand.delivery(made)).reason.code == "suppressed"
    assert await stand.ledger(made) == {"planned": 2, "sent": 1, "skipped": 1}


async def test_who_is_erased_during_the_hold_gets_nothing(stand):
    user, made, until = await held(stand)
    before = len((await stand.app.captures.list(SYSTEM, limit=200)).items)
    await stand.app.people.erase(SYSTEM, user)
    await stand.settle(after=until - stand.now)
    assert len((await stand.app.captures.list(SYSTEM, limit=200)).items) == before
    assert await stand.ledger(made) == {"planned": 2, "sent": 1, "skipped": 1}


async def test_who_opts_out_during_the_hold_gets_nothing(stand):
    user = await stand.person()
    await stand.wish(user, consents={"marketing": True})
    until = await stand.quiet(user)
    made = await stand.send(order_shipped(to=user, category="marketing", channels=["email"]))
    assert await stand.ledger(made) == {"planned": 1, "held": 1}
    await stand.wish(user, consents={"marketing": False})
    await stand.settle(after=until - stand.now)
    assert await stand.captured(user) == []
    assert (await stand.delivery(made)).reason.code in ("unsubscribed", "no_consent")
    assert await stand.ledger(made) == {"planned": 1, "skipped": 1}


async def test_who_turns_the_channel_off_during_the_hold_gets_nothing(stand):
    user, made, until = await held(stand)
    await stand.wish(user, channels={"email": False})
    await stand.settle(after=until - stand.now)
    assert await stand.captured(user) == []
    assert (await stand.delivery(made)).reason.code == "preference_off"
    assert await stand.ledger(made) == {"planned": 2, "sent": 1, "skipped": 1}


async def test_what_expires_before_the_hold_ends_is_not_sent(stand):
    user = await stand.person()
    until = await stand.quiet(user)
    soon = await stand.send(order_shipped(to=user, channels=["email"], expires_at=moment(until - 60)))
    assert await stand.units(soon) == {"email": ["skip expired"]}
    later = await stand.send(order_shipped(to=user, channels=["email"], expires_at=moment(until + 60)))
    assert await stand.ledger(later) == {"planned": 1, "held": 1}
    await stand.settle(after=until - stand.now + 120)
    assert await stand.captured(user) == []
    assert (await stand.delivery(later)).state == "expired"
    assert await stand.ledger(later) == {"planned": 1, "skipped": 1}


async def test_a_newer_one_under_the_collapse_key_takes_the_place_of_what_is_held(stand):
    user = await stand.person()
    until = await stand.quiet(user)
    old = await stand.send(order_shipped(to=user, channels=["email"], collapse_key="order-1", title="Packed"))
    stand.clock.move(1)  # of two in one millisecond nobody can say which is newer
    new = await stand.send(order_shipped(to=user, channels=["email"], collapse_key="order-1", title="Shipped"))
    await stand.settle(after=until - stand.now)
    assert await stand.captured(user) == ["Shipped"]
    assert (await stand.delivery(old)).state == "superseded"
    assert await stand.ledger(old) == {"planned": 1, "skipped": 1}
    assert await stand.ledger(new) == {"planned": 1, "sent": 1}


async def test_a_scheduled_event_is_decided_when_it_is_sent(stand):
    user = await stand.person()
    at = stand.now + 7_200
    (made,) = await stand.accept(order_shipped(to=user, channels=["email"], send_at=moment(at)))
    await stand.settle()
    assert await stand.captured(user) == []
    await stand.wish(user, categories={"orders": False})
    await stand.settle(after=7_200)
    assert await stand.captured(user) == []
    assert await stand.units(made) == {"email": ["skip category_off"]}
    (other,) = await stand.accept(order_shipped(to=await stand.person(), channels=["email"], send_at=moment(stand.now + 60)))
    await stand.settle(after=59)
    assert await stand.ledger(other) == {"planned": 1, "pending": 1}
    await stand.settle(after=1)
    assert await stand.ledger(other) == {"planned": 1, "sent": 1}


async def test_a_halt_holds_until_it_is_lifted(stand):
    user = await stand.person()
    await stand.app.halts.put(SYSTEM, "channel:email", HaltIn("provider trouble"))
    made = await stand.send(order_shipped(to=user, channels=["email"]))
    try:
        assert await stand.ledger(made) == {"planned": 1, "held": 1}
        await stand.settle(after=61)
        assert await stand.ledger(made) == {"planned": 1, "held": 1}
    finally:
        await stand.app.halts.remove(SYSTEM, "channel:email")
    await stand.settle(after=901)
    assert await stand.captured(user) == [TITLE]


async def test_an_address_suppressed_between_two_tries_gets_nothing(stand):
    user = await stand.person()
    await stand.misbehave("fail")
    made = await stand.send(order_shipped(to=user, channels=["email"]))
    assert (await stand.delivery(made)).state == "retrying"
    await stand.misbehave("ok")
    await stand.app.suppressions.put(SYSTEM, SuppressionIn("email", f"{user}@example.com", "complained"))
    await stand.settle(after=3_600)
    assert await stand.captured(user) == []
    assert (await stand.delivery(made)).reason.code == "suppressed"
    assert await stand.ledger(made) == {"planned": 1, "skipped": 1}


async def test_an_event_that_is_called_back_before_its_time_goes_to_nobody_and_is_accounted_for(stand):
    user, others = await stand.person(), [await stand.person() for _ in range(2)]
    await stand.app.groups.put(SYSTEM, "called-back", GroupIn("Called back", members=[user, *others]))
    at = moment(stand.now + 3_600)
    (one,) = await stand.accept(order_shipped(to=user, channels=["email"], send_at=at))
    (several,) = await stand.accept(order_shipped(to=To(users=others), channels=["email"], send_at=at))
    (group,) = await stand.accept(order_shipped(to=To(group="called-back"), channels=["email"], send_at=at))
    await stand.settle()
    assert (await stand.event(group)).ledger.planned == 3
    told = [(await stand.app.events.cancel(SYSTEM, made)).recipients for made in (one, several, group)]
    assert told == [1, 2, None]
    with pytest.raises(Conflict):
        await stand.app.events.cancel(SYSTEM, one)
    await stand.settle()
    assert [await stand.ledger(made) for made in (one, several, group)] == [{"planned": n, "skipped": n} for n in (1, 2, 3)]
    (decision,) = (await stand.event(one)).decisions
    assert [reason.code for unit in decision.units for reason in unit.reasons] == ["cancelled"]
    await stand.settle(after=7_200)
    assert [await stand.captured(each) for each in (user, *others)] == [[], [], []]
    entries = (await stand.app.audit.list(SYSTEM, target="event:", limit=50)).items
    assert {entry.object for entry in entries if entry.action == "event.cancel"} >= {f"event:{made}" for made in (one, several, group)}


async def test_what_has_begun_or_is_not_there_is_not_called_back(stand):
    made = await stand.send(order_shipped(to=await stand.person()))
    with pytest.raises(Conflict, match="sent already"):
        await stand.app.events.cancel(SYSTEM, made)
    with pytest.raises(NotFound):
        await stand.app.events.cancel(SYSTEM, "0" * 32)
