"""The operators' and administrators' pages without a browser: audit, dead letters, settings."""

import pytest

from backend.app.views import GroupIn
from backend.channels.capture import Behaviour
from backend.domain.event import EventIn, To
from backend.domain.halting import KINDS
from backend.security.roles import SYSTEM
from backend.store import halts
from backend.store.halts import HaltRow
from portal.frame import Frame, halt_name
from portal.pages.audit import Audit, _midnight, audit_file
from portal.pages.settings import SettingsPage
from portal.states.dead import Dead
from portal.states.providers import Brakes
from portal.telling import Teller
from tests.portal.test_pages import tab  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_audit_says_in_words_who_did_what_and_shows_one_entry_whole(house, tab):  # noqa: F811
    await house.app.groups.put(SYSTEM, "choir", GroupIn(members=["mia"]))
    one = await tab("admin")
    page = await one.open(Audit, "/audit?area=group&object=group:choir")
    assert [(row.did, row.by, row.role) for row in page.rows] == [("Changed a group", "carillon", "Administrator")]
    await one.do(Audit, "look_at", page.rows[0].id)
    assert page.action == "group.put"
    assert {detail.value: detail.text for detail in page.details}["members"] == "1"
    page = await one.open(Audit, "/audit?from=2026-09-22&object=group:choir")
    assert page.rows == []
    page = await one.open(Audit, "/audit?from=no-day&to=9999-12-31&object=group:choir")
    assert len(page.rows) == 1
    rows, _ = await audit_file(SYSTEM, Teller("de", "Europe/Oslo", 0.0), {**dict.fromkeys(page.query), "object": "group:choir"}, None, 10)
    assert rows[0][4] == "Eine Gruppe geändert"
    other = await tab("operator")
    await other.open(Audit, "/audit")
    assert other.state(Frame).closed


@pytest.mark.parametrize(
    ("text", "later", "at"),
    [("2026-03-29", 0, 1774738800.0), ("2026-03-29", 1, 1774738800.0 + 23 * 3600), ("nonsense", 0, 0.0), (None, 1, 0.0), ("9999-12-31", 1, 0.0)],
)
async def test_a_day_is_the_readers_own(text, later, at):
    assert _midnight(text, "Europe/Oslo", later) == at


async def test_dead_letters_are_opened_edited_tried_and_sent_again(house, tab):  # noqa: F811
    app = house.app
    await app.captures.behave(SYSTEM, "email", Behaviour("fail"))
    for user in ("una", "ola"):
        item = EventIn(type="t", category="orders", to=To(user=user), title="Ordr", channels=["email"], data={"n": 1})
        await app.events.accept(SYSTEM, [item])
    await house.settle()
    for _ in range(9):
        app.clock.move(3601)
        await house.settle()
    await app.captures.behave(SYSTEM, "email", Behaviour("ok"))
    one = await tab("operator")
    page = await one.open(Dead, "/dead")
    assert [(row.title, row.count, row.advice) for row in page.groups] == [("Every attempt failed", "2", "retry")]
    assert (page.many, len(page.letters), page.letter, page.text) == (2, 2, "", "")
    assert [entry.action for entry in (await app.audit.list(SYSTEM, area="dead")).items] == []  # a look at the page opens no letter
    await one.do(Dead, "try_it")
    assert page.told == "2 of 2 would be sent now."
    await one.do(Dead, "open", page.letters[0].value)
    assert (page.editable, [entry.action for entry in (await app.audit.list(SYSTEM, area="dead")).items]) == (True, ["dead.get"])
    await one.do(Dead, "edit", "{not json")
    assert page.problem == "This is no JSON at 1:2 (line:column)."
    await one.do(Dead, "try_it")
    assert page.told == ""
    for shape in ("[1]", '{"title": "x", "user": "eve"}', '{"data": 1}', "[" * 100_000):
        await one.do(Dead, "edit", shape)
        assert page.problem, shape
    await one.do(Dead, "edit", '{"title": {"a": 1}, "message": "", "data": {"n": 1}}')
    await one.do(Dead, "try_it")
    assert "does not fit" in page.problem
    await one.do(Dead, "edit", '{"title": "Your order", "message": "", "data": {"n": 1}}')
    assert page.changed
    await one.do(Dead, "try_it")
    assert page.told == "2 of 2 would be sent now."
    assert [(row.look, row.count) for row in page.sums] == [("delivered", "2")]
    await one.do(Dead, "send_one")
    await house.settle()
    assert [row.count for row in page.groups] == ["1"]
    assert {view.title for view in (await app.captures.list(SYSTEM)).items} == {"Your order"}
    assert page.letter == ""
    await one.do(Dead, "pick_rate", "1000000")
    assert page.rate == "20"
    await one.do(Dead, "drop")
    assert (page.groups, page.chosen, page.counts["dropped"]) == ([], "", "1")
    page = await one.open(Dead, "/dead?state=dropped")
    assert not page.editable
    other = await tab("marketer")
    await other.open(Dead, "/dead")
    assert other.state(Frame).closed
    await other.do(Dead, "drop")
    assert other.state(Dead).groups == []


async def test_defaults_are_set_for_everybody_by_who_may(house, tab):  # noqa: F811
    one = await tab("admin")
    page = await one.open(SettingsPage, "/settings")
    assert (page.quiet, page.frequency, page.off, page.days) == (False, "each", [], [0, 1, 2, 3, 4, 5, 6])
    everything = {f"channel:{name}": "on" for name in ("web", "push", "email")}
    await one.do(SettingsPage, "save", {**everything, "quiet": "on", "start": "25:00", "end": "07:00"})
    assert page.problem == "Write the times like 22:00."
    await one.do(SettingsPage, "day", 6)
    await one.do(SettingsPage, "day", 9)
    await one.do(SettingsPage, "save", {**everything, "quiet": "on", "start": "21:30", "end": "07:00", "frequency": "daily"})
    assert page.problem == ""
    wishes = await house.app.preferences.of_space(SYSTEM)
    assert [(span.start, span.end, span.days) for span in wishes.quiet_hours] == [("21:30", "07:00", [0, 1, 2, 3, 4, 5])]
    assert (wishes.frequency, wishes.channels) == ("daily", {"sms": False})
    await one.do(SettingsPage, "save", {**everything, "channel:sms": "on", "frequency": "each"})
    wishes = await house.app.preferences.of_space(SYSTEM)
    assert (wishes.quiet_hours, wishes.frequency, wishes.channels) == ([], None, {})
    other = await tab("operator")
    await other.open(SettingsPage, "/settings")
    await other.do(SettingsPage, "save", {"quiet": "on", "start": "00:00", "end": "23:00"})
    assert (await house.app.preferences.of_space(SYSTEM)).quiet_hours == []


async def test_the_installation_is_shown_to_who_runs_it_without_its_secrets(house, tab):  # noqa: F811
    one = await tab("operator")
    page = await one.open(SettingsPage, "/settings")
    assert [(row.kind, row.well) for row in page.engines] == [("SQLite", True), ("embedded", True), ("memory", True)]
    values = {row.name: (row.value, row.source) for row in page.settings}
    assert values["CARILLON_SECRET_KEY"] == ("(hidden)", "Environment")
    assert "30" * 64 not in str(page.settings)
    other = await tab("analyst")
    page = await other.open(SettingsPage, "/settings")
    assert (page.settings, page.engines, page.version) == ([], [], "")


async def test_the_brake_is_pulled_with_a_count_seen_on_every_page_and_let_go(house, tab):  # noqa: F811
    await house.guard.look()
    one = await tab("operator")
    page = await one.open(Brakes, "/providers")
    assert page.halts == []
    assert "capture-email" in {row.key: row.word for row in page.providers}
    assert {"space", "channel:sms", "priority:low", "category:orders", "provider:capture-email"} <= {choice.value for choice in page.choices}
    await one.do(Brakes, "ask", "space")
    await one.do(Brakes, "pick", "channel:sms")
    assert "0 deliveries" in one.state(Brakes).would
    await one.do(Brakes, "say_why", "<b>cost</b>")
    await one.do(Brakes, "halt")
    assert [(row.scope, row.title, row.reason, row.waiting) for row in one.state(Brakes).halts] == [("channel:sms", "Channel: SMS", "<b>cost</b>", "0")]
    assert one.state(Frame).halted == "Halted: Channel: SMS"
    other = await tab("analyst")
    await other.open(Brakes, "/providers")
    assert other.state(Frame).closed
    assert "<b>cost</b>" in other.state(Frame).halted_text, "everybody of the staff sees that something is halted"
    await one.do(Brakes, "pick", "nonsense:x")
    assert one.state(Brakes).problem
    await one.do(Brakes, "ask_resume", "channel:sms")
    await one.do(Brakes, "resume")
    assert (one.state(Brakes).halts, one.state(Frame).halted) == ([], "")


async def test_a_campaign_that_is_paused_or_cancelled_alarms_nobody_and_breaks_no_page(house, tab):  # noqa: F811
    assert all(halt_name(language, kind) for language in ("en", "de") for kind in KINDS)
    scopes = ("campaign:spring", f"cancelled:{'0' * 32}")

    def put(tx):
        for scope in scopes:
            halts.put(tx, HaltRow(space=1, scope=scope, reason="the campaign is paused", by="marketer", at=house.app.clock.now()))

    def drop(tx):
        return [halts.remove(tx, 1, scope) for scope in scopes]

    await house.app.store.write(put)
    one = await tab("operator")
    page = await one.open(Brakes, "/providers")
    assert (one.state(Frame).halted, [row.title for row in page.halts]) == ("", ["Campaign: spring"])
    assert not [problem for problem in (await house.app.overview.now(SYSTEM)).problems if problem.kind == "halted"]
    assert await house.app.store.write(drop) == [True, True]
