"""The overview without a browser: what the page holds of a house with life in it, in both languages, and who may see it."""

import pytest

from backend.app.halts_views import HaltIn
from backend.app.overview_views import AheadView, LaneView, ProblemView, SendView
from backend.app.views import LedgerView, moment
from backend.security.roles import SYSTEM
from backend.store import rollup
from portal import overview_words as words
from portal.frame import Frame
from portal.states.overview import Overview
from portal.telling import Teller
from tests.portal.test_pages import sent, tab  # noqa: F401 - fixtures

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = 1_790_000_000.0
VOICE, STIMME = Teller("en", "Europe/Oslo", NOW), Teller("de", "Europe/Berlin", NOW)


async def test_an_empty_house_shows_its_first_steps_and_a_used_one_its_numbers(house, tab):  # noqa: F811
    one = await tab("analyst")
    page = await one.open(Overview, "/overview")
    assert not page.begun
    assert [(step.number, step.done, step.href) for step in page.start] == [("1", True, "/people"), ("2", False, "/categories"), ("3", False, "/send")]
    await sent(house)
    await house.app.store.write(lambda tx: rollup.compact(tx, 1_000))
    await house.app.halts.put(SYSTEM, "channel:sms", HaltIn("Numbers are checked."))
    house.app.clock.move(30)
    page = await one.open(Overview, "/overview")
    assert page.begun
    assert (page.accepted.value, page.accepted.note, page.accepted.change) == ("3", "3 messages", "")
    assert (page.delivered.value, page.delivered.unit, page.delivered.note) == ("100.0", "%", "1 of 1")
    assert (page.sum, page.balances) == ("2 sent + 1 skipped = 3", True)
    assert [(row.channel, row.sent, row.delivered) for row in page.channels][:2] == [("web", "1", "100.0%"), ("email", "1", "–")]
    assert (page.hours.heads, page.hours.says) == (["Hour from", "Email", "Mobile push", "In-app", "Together"], "Most came in the hour from 15:15: 3 messages")
    assert (len(page.columns), page.top, page.columns[-1].says) == (24, "3", "From 15:15, 3 messages: Email 1, Mobile push 1, In-app 1")
    assert [lane.waiting for lane in page.lanes] == ["0 waiting"] * 4
    assert [(row.title, row.text) for row in page.problems] == [
        ("Sending is halted for SMS, by carillon.", "Numbers are checked. Messages are held, not lost. “carillon resume channel:sms” lets them go on.")
    ]
    assert (page.note.key, page.problems_text) == ("", "1 to look at")  # nothing is broken, so nothing shouts
    await house.app.halts.remove(SYSTEM, "channel:sms")


async def test_a_member_sees_no_overview(house, tab):  # noqa: F811
    one = await tab("member")
    page = await one.open(Overview, "/overview")
    assert one.state(Frame).closed and page.channels == []


async def test_the_loop_ends_with_its_tab(house, tab, monkeypatch):  # noqa: F811
    monkeypatch.setattr("portal.states.overview.LOOK", 0.0)
    one = await tab("operator")
    await one.open(Overview, "/overview")
    looks = []
    monkeypatch.setattr("portal.watching.tab_is_open", lambda state: len(looks) < 3)
    real = house.app.overview.now

    async def look(actor):
        looks.append(actor.role)
        return await real(actor)

    monkeypatch.setattr(house.app.overview, "now", look)
    await one.do(Overview, "follow")
    assert looks == ["operator"] * 3


async def test_every_problem_is_a_sentence_with_what_to_do():
    facts = {
        "counts_off": {"n": 2}, "provider_failing": {"provider": "smtp", "n": 4, "of": 5, "code": "451"}, "waiting": {"n": 1}, "overdue": {"n": 3_000, "more": True},
        "halted": {"scope": "space", "by": "ann", "reason": ""}, "alert": {"id": "01", "title": "Disk", "message": "Disk is full", "severity": "error"},
        "dead_letters": {"n": 214, "more": False}, "demo": {},
    }  # fmt: skip
    for voice in (VOICE, STIMME):
        rows = [words.problem(voice, ProblemView(kind, "failed", moment(NOW - 600), dict(given))) for kind, given in facts.items()]
        assert all(row.title and row.text for row in rows)
        assert "{" not in "".join(row.title + row.text for row in rows)
    waiting = words.problem(VOICE, ProblemView("waiting", "failed", moment(NOW - 600), {"n": 1}))
    assert (waiting.title, waiting.href) == ("1 message has waited for its turn since 16:03.", "/deliveries?state=pending")
    late = words.problem(STIMME, ProblemView("overdue", "failed", moment(NOW - 600), {"n": 3_000, "more": True}))
    assert late.title.startswith("3.000 oder mehr terminierte Nachrichten")


async def test_what_is_sent_and_what_comes_is_written_for_its_reader():
    ledger = LedgerView(planned=1_000, sent=600, failed=10, pending=390)
    row = words.send(VOICE, SendView("01", "Sale", "marketing", "club", 1_000, 610, ledger))
    assert (row.done, row.left, row.facts) == ("610 of 1,000", "610 of 1,000 people decided", "To club, marketing")
    assert [(part.hue, part.width) for part in row.parts] == [("delivered", "60.00%"), ("failed", "1.00%")]
    assert words.lane(STIMME, LaneView("low", 173_744)).waiting == "173.744 warten"
    held = words.ahead(VOICE, AheadView(moment(NOW + 3_600), "held", 1_204, more=True), "0")
    assert (held.time, held.count, held.href) == ("17:13", "1,204+", "/deliveries?state=held")
    assert words.rate(VOICE, 1_284.2) == "1,284 per second" and words.rate(VOICE, 0.05) == "3.0 per minute"
    assert words.rate(STIMME, 0.0) == "Gerade geht nichts hinaus"


async def test_a_change_is_coloured_by_good_or_bad_and_not_by_direction():
    assert [words._mood(*given) for given in (("+1", "up"), ("−1", "up"), ("+1", "down"), ("−1", "down"), ("±0", "up"), ("", "up"))] == [
        "up", "down", "down", "up", "flat", "flat",
    ]  # fmt: skip
    assert words._split("98,0 %") == ("98,0", "%") and words._split("0.9 s") == ("0.9", "s")
