"""CSV of a list over HTTP: who gets it, what a spreadsheet makes of it, and where it ends."""

import csv
import io

import httpx
import pytest

from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from portal import downloads
from portal.downloads import line, offered, safe
from tests.portal.house_stand import PASSWORD

PATH = "/download/deliveries.csv"


@pytest.fixture
def browser(served):
    with httpx.Client(base_url=served.base, headers={"Origin": served.base, "Sec-Fetch-Site": "same-origin"}) as client:
        yield client


@pytest.fixture
def enter(browser):
    def sign_in(login):
        browser.post("/session", data={"login": login, "password": PASSWORD})
        return browser

    return sign_in


async def send(served, user, title, many=1):
    for n in range(many):
        await served.house.app.events.accept(SYSTEM, [EventIn(type="t", category="orders", to=To(user=user), title=title, id=f"csv-{title}-{n}")])
    await served.house.settle()


def table(answer):
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_file_has_every_row_of_the_filters_and_no_formula(served, enter):
    served.run(send(served, "una", '=HYPERLINK("http://evil.example","x")', 3))
    served.run(send(served, "tom", "quiet"))
    answer = enter("analyst").get(f"{PATH}?user=una&channel=email")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="carillon-deliveries-2026-09-21.csv"'
    head, *rows = table(answer)
    assert head == ["ID", "Notification", "Person", "Address", "Channel", "Category", "State", "Why", "Accepted"]
    assert {row[1] for row in rows} >= {"'=HYPERLINK(\"http://evil.example\",\"x\")"}
    assert {row[2] for row in rows} == {"una"}
    assert all(row[8].endswith("+02:00") for row in rows)


def test_pages_are_joined_and_the_end_is_said(served, enter, monkeypatch):
    served.run(send(served, "mia", "many", 7))
    monkeypatch.setattr(downloads, "PAGE", 3)
    browser = enter("operator")
    whole = table(browser.get(f"{PATH}?user=mia"))
    assert len({row[0] for row in whole}) == len(whole) > 8
    monkeypatch.setattr(downloads, "LIMIT", 4)
    cut = table(browser.get(f"{PATH}?user=mia"))
    assert cut[:5] == whole[:5]
    assert cut[5:] == [["Cut off after 4 rows. Use narrower filters to get the rest."]]


def test_who_may_not_gets_no_row(served, enter, browser):
    away = browser.get(f"{PATH}?user=mia")
    assert (away.status_code, away.headers["location"]) == (303, "/sign-in?next=%2Fdeliveries%3Fuser%3Dmia")
    assert enter("member").get(PATH).status_code == 403
    browser.cookies.clear()
    staff = enter("marketer")
    assert staff.get("/download/nothing.csv").status_code == 404
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "", "Referer": "http://evil.example/"}):
        assert staff.get(PATH, headers=headers).status_code == 403
    for headers in ({"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "", "Referer": f"{served.base}/deliveries"}):
        assert staff.get(PATH, headers=headers).status_code == 200


def test_a_german_reader_gets_german_heads_and_odd_filters_are_none(enter):
    browser = enter("doris")
    head, *rows = table(browser.get(f"{PATH}?state=nonsense&channel='%20or%201=1&user={'x' * 10_000}"))
    assert head[:4] == ["Kennung", "Benachrichtigung", "Person", "Adresse"]
    assert rows == []


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@SUM(A1)", "\tx", "\rx", "  =1", "＝1", "\u00a0=1"])
def test_text_that_a_spreadsheet_would_compute_is_kept_text(cell):
    assert safe(cell) == f"'{cell}"


def test_other_cells_stay_as_they_are():
    assert [safe(cell) for cell in ("a=b", "", None, -3, 1.5, "Ä")] == ["a=b", "", "", -3, 1.5, "Ä"]
    assert line(["a,b", 'say "x"', "two\nlines"]) == '"a,b","say ""x""","two\nlines"\r\n'


def test_every_offer_is_of_a_list_page(served):
    assert "deliveries" in offered()
    for name, download in offered().items():
        assert download.spec.path == f"/{name.replace('-', '/')}"
