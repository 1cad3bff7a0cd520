"""A file of people in a real browser, by what is written on things: sent, mapped, checked, started with its count, and what was refused had as a file."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.portal.e2e.conftest import faults
from tests.portal.e2e.hands import Hands

pytestmark = pytest.mark.e2e

FILE = "Kunde;E-Mail;Name;plan\nanna-i;anna-i@example.com;Anna Müller;pro\nbert-i;bert-i@example.com;=1+1;free\nanna-i;x@example.com;Anna;free\ncleo-i;nowhere;=cmd;pro\n"


def test_a_marketer_imports_a_file_and_gets_the_refused_rows(look, axe, served, tmp_path):
    file: Path = tmp_path / "kunden.csv"
    file.write_bytes(FILE.encode("cp1252"))
    page = look()
    hands = Hands(page)
    hands.sign_in("marketer")
    hands.go("Imports")
    assert faults(page, axe) == {}
    page.get_by_label("Send a CSV file").set_input_files(file)
    hands.sees("4 rows, read as WINDOWS-1252, cells divided by semicolons")
    served.run(served.house.settle())
    expect(page.get_by_role("button", name="Import 2 rows")).to_be_visible(timeout=45_000)
    hands.sees("Anna Müller")
    page.get_by_label("Put them on a list").select_option(label="A new list")
    page.get_by_label("Name of the new list").fill("From the fair")
    page.get_by_label("Key of the new list").fill("fair")
    hands.click("button", "Check the rows")
    expect(page.get_by_role("button", name="Import 2 rows")).to_be_visible(timeout=45_000)
    assert faults(page, axe) == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    hands.click("button", "Import 2 rows")
    begin = page.get_by_role("dialog").get_by_role("button", name="Import 2 rows")
    expect(begin).to_be_disabled()
    page.get_by_label("Type 2 to go on").fill("2")
    begin.click()
    hands.sees("of 4 rows applied")
    served.run(served.house.settle())
    hands.sees("Everybody in the file is accounted for.")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Refused rows as CSV").click()
    text = Path(caught.value.path()).read_text("utf-8-sig")
    assert text.count("\n") == 3 and "line 2" in text and "'=cmd" in text
    page.get_by_role("link", name="fair").click()
    hands.sees("bert-i")
