"""The workbench of dead letters: by cause, opened, tried on copies, changed, sent again at a rate, dropped."""

import pytest
import pytest_asyncio

from backend.domain.errors import Invalid
from backend.security.roles import SYSTEM
from tests.line.houses import order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def lost(stand):
    """Three mails nobody could deliver, each to somebody of their own; the users and the fingerprint."""
    await stand.misbehave("fail")
    users = [await stand.person() for _ in range(3)]
    for user in users:
        await stand.send(order_shipped(to=user, channels=["email"], title="Your ordr", data={"order": {"id": user}}))
    for _ in range(9):
        await stand.settle(after=3_601)
    await stand.misbehave("ok")
    newest = (await stand.app.dead.list(SYSTEM, state="open")).items[0]
    assert newest.cause.startswith("retry_exhausted")
    yield users, newest.fingerprint
    await stand.app.dead.drop(SYSTEM, fingerprint=newest.fingerprint)


async def captured(stand, users) -> list[list[str]]:
    return [await stand.captured(user) for user in users]


async def test_a_group_is_tried_changed_and_sent_again_at_a_rate(stand, lost):
    users, cause = lost
    app = stand.app
    (group,) = [one for one in (await app.dead.groups(SYSTEM)).items if one.fingerprint == cause]
    assert (group.code, group.advice, group.count, group.stage) == ("retry_exhausted", "retry", 3, "deliver")
    opened = [await app.dead.get(SYSTEM, one.id) for one in (await app.dead.list(SYSTEM, fingerprint=cause, state="open")).items]
    letter, first, second, third = opened[-1], *[one.user for one in reversed(opened)]  # as they are sent again: the oldest first
    users = [first, second, third]
    assert (sorted(users), letter.channel, letter.category) == (sorted(lost[0]), "email", "orders")
    assert letter.body == {"title": "Your ordr", "message": "", "data": {"order": {"id": users[0]}}}
    patch = {"title": "Your order", "data": {"coupon": "TEN"}}
    outlook = await app.dead.dry_run(SYSTEM, fingerprint=cause, patch=patch)
    assert (outlook.count, outlook.looked, outlook.sent, outlook.user) == (3, 3, 3, users[0])
    assert await captured(stand, users) == [[], [], []]
    await stand.wish(users[1], categories={"orders": False})
    outlook = await app.dead.dry_run(SYSTEM, fingerprint=cause)
    assert (outlook.sent, outlook.stopped) == (2, 1)
    assert await app.dead.replay(SYSTEM, fingerprint=cause, patch=patch, rate=0.1) == 3
    await stand.settle()
    assert await captured(stand, users) == [["Your order"], [], []]
    await stand.settle(after=21)
    assert await captured(stand, users) == [["Your order"], [], ["Your order"]]  # the second said no meanwhile
    assert await app.dead.replay(SYSTEM, fingerprint=cause) == 0
    assert (await app.dead.counts(SYSTEM)).today >= 3
    view = await stand.app.deliveries.list(SYSTEM, user=users[0], channel="email")
    assert [(one.state, one.generation) for one in view.items] == [("sent", 1)]


async def test_what_nobody_wants_any_more_is_dropped_and_not_sent(stand, lost):
    users, cause = lost
    before = (await stand.app.dead.counts(SYSTEM)).dropped
    assert await stand.app.dead.drop(SYSTEM, fingerprint=cause) == 3
    assert (await stand.app.dead.counts(SYSTEM)).dropped == before + 3
    assert cause not in [one.fingerprint for one in (await stand.app.dead.groups(SYSTEM)).items]
    assert await stand.app.dead.replay(SYSTEM, fingerprint=cause) == 0
    await stand.settle(after=5)
    assert await captured(stand, users) == [[], [], []]


@pytest.mark.parametrize("patch", [{"data": 7}, {"title": {"a": 1}}, {"data": {"x": "y" * 300_000}}])
async def test_a_change_that_leaves_no_body_changes_nothing(stand, lost, patch):
    users, cause = lost
    with pytest.raises(Invalid):
        await stand.app.dead.dry_run(SYSTEM, fingerprint=cause, patch=patch)
    with pytest.raises(Invalid):
        await stand.app.dead.replay(SYSTEM, fingerprint=cause, patch=patch)
    assert len((await stand.app.dead.list(SYSTEM, fingerprint=cause, state="open")).items) == 3
    await stand.settle(after=5)
    assert await captured(stand, users) == [[], [], []]


async def test_a_replay_at_a_rate_is_seen_and_can_be_stopped(stand):
    """What has not gone waits again, is counted as failed as before, and goes when it is sent again, once."""
    await stand.misbehave("fail")
    users = [await stand.person() for _ in range(5)]
    soon = [await stand.send(order_shipped(to=user, channels=["email"], category="system")) for user in users]
    for _ in range(9):
        await stand.settle(after=3_601)
    await stand.misbehave("ok")
    mine = (await stand.app.dead.list(SYSTEM, state="open")).items[:5]
    ids = [bytes.fromhex(letter.id) for letter in mine]
    assert await stand.app.dead.replay(SYSTEM, ids=ids, rate=0.01) == 5
    await stand.settle()
    going = await stand.app.dead.going(SYSTEM)
    assert going.waiting == 4 and going.until.timestamp() == stand.now + 400
    await stand.settle(after=100)
    assert (await stand.app.dead.going(SYSTEM)).waiting == 3
    assert await stand.app.dead.stop(SYSTEM) == 3
    assert (await stand.app.dead.going(SYSTEM)).waiting == 0
    await stand.settle(after=1_000)
    sent = [await stand.ledger(made) for made in soon]
    assert sorted(ledger.get("sent", 0) for ledger in sent) == [0, 0, 0, 1, 1]
    assert len([one for one in (await stand.app.dead.list(SYSTEM, state="open")).items if bytes.fromhex(one.id) in ids]) == 3
    assert await stand.app.dead.replay(SYSTEM, ids=[made for made in ids if made.hex() in {one.id for one in (await stand.app.dead.list(SYSTEM, state="open")).items}]) == 3
    await stand.settle(after=1)
    assert [await stand.ledger(made) for made in soon] == [{"planned": 1, "sent": 1}] * 5
    assert [len(await stand.captured(user)) for user in users] == [1] * 5
