"""Two spaces with the same user ids, groups and event ids never meet."""

import pytest

from backend.app.views import GroupIn
from backend.domain.errors import NotFound
from backend.domain.event import To
from tests.line.houses import admin, order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
TWO = 2


async def test_the_same_names_in_two_spaces_are_different_people(stand):
    await stand.new_space(TWO)
    for space in (1, TWO):
        await stand.person(user="sam", space=space, email=f"sam@space{space}.example")
        await stand.app.groups.put(admin(space), "team", GroupIn(members=["sam"]))
    (one,) = await stand.accept(order_shipped(to="sam", id="same", title="One"), space=1)
    (two,) = await stand.accept(order_shipped(to="sam", id="same", title="Two"), space=TWO)
    (team,) = await stand.accept(order_shipped(to=To(group="team"), title="Team two"), space=TWO)
    await stand.settle()
    assert one != two
    assert await stand.inbox("sam", 1) == ["One"]
    assert sorted(await stand.inbox("sam", TWO)) == ["Team two", "Two"]
    assert await stand.captured("sam", space=1) == ["One"]
    assert sorted(await stand.captured("sam", space=TWO)) == ["Team two", "Two"]
    assert await stand.ledger(one, 1) == await stand.ledger(two, TWO) == await stand.ledger(team, TWO)
    for made, wrong in ((one, TWO), (two, 1), (team, 1)):
        with pytest.raises(NotFound):
            await stand.event(made, wrong)
    mail = await stand.delivery(one, space=1)
    with pytest.raises(NotFound):
        await stand.app.deliveries.get(admin(TWO), mail.id)
    seen = {row.id for row in (await stand.app.deliveries.list(admin(TWO))).items}
    assert seen and mail.id not in seen
    assert seen.isdisjoint({row.id for row in (await stand.app.deliveries.list(admin(1))).items})
    assert (await stand.app.deliveries.list(admin(1), event=two)).items == []


async def test_wishes_and_suppressions_of_one_space_say_nothing_in_another(stand):
    from backend.app.views import SuppressionIn

    await stand.new_space(TWO)
    for space in (1, TWO):
        await stand.person(user="kim", space=space, email="kim@example.com")
    await stand.wish("kim", space=TWO, categories={"orders": False})
    await stand.app.suppressions.put(admin(TWO), SuppressionIn("email", "kim@example.com", "complained"))
    (one,) = await stand.accept(order_shipped(to="kim"), space=1)
    (two,) = await stand.accept(order_shipped(to="kim"), space=TWO)
    await stand.settle()
    assert (await stand.units(one, 1))["email"] == ["sent"]
    assert (await stand.units(two, TWO))["email"] == ["skip suppressed"]
    assert await stand.inbox("kim", TWO) == []
