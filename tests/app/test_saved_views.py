"""Saved views: each person's own, bounded, and gone with the person."""

import pytest

from backend.app.app import App
from backend.app.saved_views import LONGEST_NAME, MOST
from backend.app.views import PersonIn
from backend.domain.errors import Forbidden, Invalid, NotFound, Taken
from backend.store import tables
from tests.app.actors import ADMIN, MARKETER, OPERATOR, actor, program, rows, trail


async def names(app: App, who: object = MARKETER, page: str = "deliveries") -> list[tuple[str, str]]:
    return [(view.name, view.query) for view in (await app.saved_views.list(who, page)).items]  # type: ignore[arg-type]


async def test_a_view_is_saved_overwritten_renamed_and_deleted(each_app: App) -> None:
    views = each_app.saved_views
    await views.put(MARKETER, "deliveries", "  Dead   ones ", "state=dead")
    await views.put(MARKETER, "deliveries", "by mail", "channel=email")
    await views.put(MARKETER, "events", "Dead ones", "x=1")
    await views.put(MARKETER, "deliveries", "Dead ones", "state=dead&channel=sms")
    assert await names(each_app) == [("by mail", "channel=email"), ("Dead ones", "state=dead&channel=sms")]
    with pytest.raises(Taken):
        await views.rename(MARKETER, "deliveries", "by mail", "Dead ones")
    await views.rename(MARKETER, "deliveries", "by mail", "Ärger <b>{{x}}</b>")
    await views.remove(MARKETER, "deliveries", "Dead ones")
    await views.remove(MARKETER, "deliveries", "Dead ones")  # twice is no error
    assert await names(each_app) == [("Ärger <b>{{x}}</b>", "channel=email")]
    with pytest.raises(NotFound):
        await views.rename(MARKETER, "deliveries", "Dead ones", "other")
    assert [one for one in await trail(each_app) if one[1].startswith("view.")].count(("the-marketer", "view.delete", "view:deliveries")) == 1


async def test_nobody_sees_the_views_of_another_nor_of_another_space(app: App) -> None:
    await app.saved_views.put(MARKETER, "deliveries", "mine", "state=dead")
    for other in (OPERATOR, ADMIN, actor("marketer", "the-marketer", space=2)):
        assert await names(app, other) == []
    for nobody in (program("admin"), program("notifications:read")):
        with pytest.raises(Forbidden):
            await app.saved_views.list(nobody, "deliveries")


@pytest.mark.parametrize("name", ["", "   ", "x" * (LONGEST_NAME + 1), "a\u202eb", "a\x00b", "x" * 10_000, "\ue000"])
async def test_a_name_that_cannot_be_read_is_refused(app: App, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        await app.saved_views.put(MARKETER, "deliveries", name, "state=dead")
    assert refused.value.facts["field"] == "name"
    assert await names(app) == []


@pytest.mark.parametrize(("page", "query"), [("Deliveries", ""), ("../x", ""), ("", ""), ("d" * 41, ""), ("deliveries", "x" * 2_001), ("deliveries", "a\nb")])
async def test_a_page_or_filters_that_are_none_are_refused(app: App, page: str, query: str) -> None:
    with pytest.raises(Invalid):
        await app.saved_views.put(MARKETER, page, "name", query)


async def test_twenty_of_a_list_are_the_most_and_one_of_them_can_still_change(app: App) -> None:
    for n in range(MOST):
        await app.saved_views.put(MARKETER, "deliveries", f"view {n:02}", "state=dead")
    with pytest.raises(Invalid, match="20 views"):
        await app.saved_views.put(MARKETER, "deliveries", "one more", "")
    await app.saved_views.put(MARKETER, "deliveries", "view 03", "state=held")
    await app.saved_views.put(MARKETER, "events", "another list", "")
    assert len(await names(app)) == MOST


async def test_views_go_with_the_person_and_are_part_of_their_export(app: App) -> None:
    await app.people.put(ADMIN, "the-marketer", PersonIn(name="M"))
    await app.saved_views.put(MARKETER, "deliveries", "mine", "user=mia")
    assert (await app.people.export(ADMIN, "the-marketer"))["saved_views"] == [{"page": "deliveries", "name": "mine", "query": "user=mia"}]
    await app.people.erase(ADMIN, "the-marketer")
    assert await rows(app, tables.saved_views) == []
