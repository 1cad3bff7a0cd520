"""The pages of imports without a browser: a file from its columns to what happened, and its refusals in words."""

from collections.abc import AsyncIterator

import pytest

from backend.app.importing import Importing
from backend.app.views import PersonIn
from backend.security.roles import SYSTEM
from portal.frame import Frame
from portal.states.imports import NEW, ImportPage, Imports
from tests.portal.test_pages import sent, tab  # noqa: F401 - fixtures

pytestmark = pytest.mark.asyncio(loop_scope="module")
FILE = "Kunde,E-Mail,plan\nanna,anna@example.com,pro\nbert,bert@example.com,=1+1\nanna,x@example.com,free\ncleo,nowhere,pro\n"


async def chunks(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def walked(house) -> None:
    while await Importing(house.app).once():
        pass


async def test_a_file_from_its_columns_to_what_happened(house, tab):  # noqa: F811
    await house.app.people.put(SYSTEM, "bert", PersonIn(email="bert@example.com"))
    view = await house.app.imports.begin(SYSTEM, "kunden.csv", chunks(FILE))
    await walked(house)
    one = await tab("marketer")
    listed = await one.open(Imports, "/imports")
    assert [(row.name, row.state, row.total, row.refused) for row in listed.rows] == [("kunden.csv", "Ready", "4", "2")]
    await one.do(Imports, "refused", "leute.csv\tThe file is empty.")
    assert listed.wrong == "leute.csv: The file is empty."
    await one.do(Imports, "refused", "")
    assert listed.wrong == ""
    page = await one.open(ImportPage, f"/imports/{view.id}")
    assert (page.fresh, page.changed, page.same, page.refused, page.rows) == ("1", "1", "0", "2", "2")
    assert page.preview == [], "cells are for who sent the file"
    await one.do(ImportPage, "pick_consent", "marketing")
    form = {"map-0": "user_id", "map-1": "email", "map-2": "attribute", "overwrite": "1"}
    await one.do(ImportPage, "check", form)
    assert "no opt-in" in page.wrong
    await one.do(ImportPage, "pick_list", NEW)
    await one.do(ImportPage, "check", form | {"source": "Fair", "evidence": "List 7", "key": "fair", "list_name": "From the fair"})
    assert (page.wrong, page.state) == ("", "ready"), "who else agreed or goes on a list changes no row"
    page = await one.open(ImportPage, f"/imports/{view.id}")
    assert page.can_start and page.new_list and page.form["key"] == "fair"
    await one.do(ImportPage, "start")
    assert (page.state, page.open) == ("running", False)
    await one.do(ImportPage, "cancel")
    assert "goes through" in one.state(Frame).said_text + one.state(Frame).said_title
    await walked(house)
    page = await one.open(ImportPage, f"/imports/{view.id}")
    assert (page.state, page.word, page.audience, page.fresh, page.refused) == ("finished", "Finished", "fair", "1", "2")
    assert page.opted.startswith("2 agreed")
    assert (await house.app.audiences.get(SYSTEM, "fair")).size == 2


async def test_what_is_not_there_and_who_may_not(house, tab):  # noqa: F811
    one = await tab("operator")
    page = await one.open(ImportPage, "/imports/" + "0" * 32)
    assert page.gone
    view = await house.app.imports.begin(SYSTEM, "x.csv", chunks("what,ever\na,b\n"))
    page = await one.open(ImportPage, f"/imports/{view.id}")
    assert page.state == "ready" and not page.checked and page.lists == []
    await one.do(ImportPage, "check", {"map-0": "attribute", "map-1": "ignore"})
    assert "No column is the user id" in page.wrong
    await one.do(ImportPage, "cancel")
    assert page.state == "cancelled"
    reader = await tab("analyst")
    await reader.open(Imports, "/imports")
    assert reader.state(Frame).closed
