"""SMS through a whole house and Twilio on a real socket: each row of its errors, from the raw answer to state, suppression, next try and page."""

import asyncio
import contextlib

import msgspec
import pytest

from backend.app.content_views import SuppressionIn, TemplateIn
from backend.app.engagement_views import EngagementIn
from backend.app.foretold import cost_of
from backend.app.provider_views import CheckIn, ProviderIn, SelfTestIn
from backend.app.views import GroupIn, PreferencesIn
from backend.channels import twilio, twilio_codes
from backend.channels.guard import Guard
from backend.channels.kinds import Forged
from backend.domain.template import Content, SmsContent
from backend.security.roles import SYSTEM
from backend.store import alert_rows
from tests.channels.fake_twilio import CUT, TYPED, FakeTwilio, error
from tests.channels.test_twilio_hooks import hook, incoming, status
from tests.line.campaigns import campaign_of, planned
from tests.line.houses import NOON, admin, member, order_shipped, standing
from workers.roster import Roster

pytestmark = pytest.mark.timeout(240)
HOUR = 3_600


@pytest.fixture(autouse=True)
def looks_when_told(monkeypatch):
    """Guard and roster look when the test says so: breakers would open in the midst of a table of errors."""
    monkeypatch.setattr(Roster, "run", lambda roster: asyncio.Event().wait())
    monkeypatch.setattr(Guard, "run", lambda guard: asyncio.Event().wait())


@contextlib.asynccontextmanager
async def texting(tmp_path, monkeypatch, kind="embedded", **typed):
    """A house whose texts go to Twilio, and Twilio."""
    async with standing(kind, tmp_path / "home", CARILLON_BASE_URL="https://carillon.example") as stand:
        there = FakeTwilio(stand.clock)
        await there.start()
        monkeypatch.setattr(twilio.Twilio, "base", there.base)
        await stand.app.providers.put(admin(), "texts", ProviderIn("twilio", {**TYPED, **typed}))
        await stand.house.roster.look()
        try:
            yield stand, there
            await stand.settle()
        finally:
            await there.close()


def number(n):
    return f"+4915112{n:06d}"


async def to_one(stand, n, category="orders", **more):
    """A text to somebody with the n-th number; the event."""
    user = await stand.person(phone=number(n), email=None)
    return user, order_shipped(to=user, channels=["sms"], category=category, **more)


async def suppressed(stand, n):
    found = await stand.app.suppressions.find(admin(), "sms", number(n))
    return found.reason if found else ""


def outcomes(view):
    return [(entry.state, entry.code, entry.raw) for entry in view.timeline if entry.kind == "outcome"]


STATE = {"refused": "failed", "bad_address": "bounced", "temporary": "retrying", "unknown": "unknown"}


async def test_every_error_of_twilios_to_state_suppression_next_try_and_page(tmp_path, monkeypatch):
    rows = [(code, {20003: 401, 20404: 404, 20429: 429, 20503: 503}.get(code, 400), row) for code, row in twilio_codes.ERRORS.items()]
    rows += [(0, http, row) for http, row in twilio_codes.STATUSES.items()]
    async with texting(tmp_path, monkeypatch) as (stand, there):
        def answer(form, n):
            code, http, _ = rows[int(form["To"][-6:])]
            return error(http, code or None, f"{form['To']} is at fault", **{"Retry-After": "900"})

        there.script = answer
        events = [await to_one(stand, n) for n in range(len(rows))]
        made = await stand.accept(*(event for _, event in events))
        await stand.settle()
        for n, (code, http, (meaning, name)) in enumerate(rows):
            view = await stand.delivery(made[n], "sms")
            assert view.state == STATE[meaning], (code, http)
            raw = f"{http} {code} … is at fault" if code else f"{http} … is at fault"
            assert outcomes(view) == [(STATE[meaning], name, raw)]
            assert number(n) not in str(view)
            assert await suppressed(stand, n) == ({"opted_out": "stop"}.get(name, "bounced") if meaning == "bad_address" else "")
            if meaning == "temporary":
                assert view.until.timestamp() >= stand.now + 900  # as long as it asked for
            assert view.reason.code == ({"temporary": name}.get(meaning, "provider_refused"))
        there.script = lambda form, n: None
        await stand.settle(after=HOUR)
        asked = [int(form["To"][-6:]) for form in there.forms]
        for n, (_, _, (meaning, _)) in enumerate(rows):
            assert asked.count(n) == (2 if meaning == "temporary" else 1), rows[n]
        again = await stand.accept(*(event for _, event in events))
        await stand.settle()
        for n, (_, _, (meaning, name)) in enumerate(rows):
            units = await stand.units(again[n])
            assert units == {"sms": ["skip suppressed"] if meaning == "bad_address" else ["sent"]}, name


async def test_every_end_that_twilio_reports_to_state_suppression_and_page(tmp_path, monkeypatch):
    rows = [(code, kind) for code, kind in twilio_codes.ENDS.items()] + [(0, "bounced_soft"), (99_999, "bounced_soft")]
    async with texting(tmp_path, monkeypatch) as (stand, there):
        events = [await to_one(stand, n) for n in range(len(rows))]
        made = await stand.accept(*(event for _, event in events))
        await stand.settle()
        assert len(there.forms) == len(rows)
        for form in there.forms:
            code, _ = rows[int(form["To"][-6:])]
            form_url = form["StatusCallback"]
            assert form_url.startswith("https://carillon.example/hooks/texts?d=")
            for word, error_code in (("undelivered", str(code or "")), ("sent", ""), ("undelivered", str(code or ""))):  # out of order, and twice
                await tell(stand, hook(status(word, error_code, To=form["To"], MessageSid="SM" + form["To"][-6:]), form_url))
        await stand.settle()
        for n, (code, kind) in enumerate(rows):
            view = await stand.delivery(made[n], "sms")
            assert view.state == ("failed" if code == 21610 else "bounced"), code
            assert kind in [entry.text for entry in view.timeline if entry.kind == "receipt"]
            assert number(n) not in str(view)
            assert await suppressed(stand, n) == ("stop" if code == 21610 else "bounced" if kind == "bounced_hard" else "")


async def tell(stand, request):
    """As whoever asks at our address for receipts."""
    return await stand.app.hooks.hear("texts", request, "198.51.100.7")


async def writes_back(stand, n, word, sid):
    form = {**incoming(word, From=number(n)), "MessageSid": sid}
    return await tell(stand, hook(form, "https://carillon.example/hooks/texts"))


async def test_stop_is_above_everything_and_start_lifts_that_alone(tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch) as (stand, there):
        _, event = await to_one(stand, 1, "security", priority="critical")
        assert (await writes_back(stand, 1, "Stop.", "SM1")).body.endswith(b"<Response/>")
        assert await suppressed(stand, 1) == "stop"
        assert await stand.units(await stand.send(event)) == {"sms": ["skip suppressed"]}
        await writes_back(stand, 1, "START", "SM2")
        assert await suppressed(stand, 1) == ""
        assert await stand.units(await stand.send(event)) == {"sms": ["sent"]}
        await writes_back(stand, 1, "STOP", "SM3")
        stand.clock.move(3 * 86_400)
        await writes_back(stand, 1, "START", "SM2")  # somebody who saw it says it again
        assert await suppressed(stand, 1) == "stop"
        await writes_back(stand, 2, "START", "SM4")
        there.script = lambda form, n: error(400, 21614)
        _, other = await to_one(stand, 2)
        await stand.send(other)
        await writes_back(stand, 2, "START", "SM5")
        assert await suppressed(stand, 2) == "bounced"
        await writes_back(stand, 2, "STOP", "SM6")  # on a number that is suppressed already: it is recorded in front
        assert await suppressed(stand, 2) == "stop"
        assert (await stand.app.suppressions.find(SYSTEM, "sms", number(2))).also == "bounced"
        again = await stand.app.suppressions.put(SYSTEM, SuppressionIn("sms", number(2), reason="manual"))
        assert (again.reason, again.also) == ("stop", "manual"), "nobody's later word takes the place of its owner's"
        await writes_back(stand, 2, "START", "SM7")
        assert await suppressed(stand, 2) == "manual", "START lifts the STOP alone"
        await stand.line.rollup.once()
        trend = await stand.app.engagement.report(SYSTEM, EngagementIn(stand.now - 4 * 86_400, stand.now + 900))
        assert {part.key: (part.shifts.turned_off, part.shifts.turned_on) for part in trend.shifts_by_way} == {"sms": (3, 2)}


async def test_what_is_forged_changes_nothing(tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch) as (stand, there):
        _, event = await to_one(stand, 1)
        (made,) = await stand.accept(event)
        await stand.settle()
        url = there.forms[0]["StatusCallback"]
        for request in (hook(status("failed"), url, token="guessed"), hook(incoming("STOP", From=number(1)), "https://carillon.example/hooks/texts", token="guessed")):
            with pytest.raises(Forged):
                await tell(stand, request)
        await stand.settle()
        assert (await stand.delivery(made, "sms")).state == "sent"
        assert await suppressed(stand, 1) == ""


async def test_a_filtered_text_tells_operators_and_leaves_the_number(tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch) as (stand, there):
        _, event = await to_one(stand, 1)
        (made,) = await stand.accept(event)
        await stand.settle()
        await tell(stand, hook(status("undelivered", "30007"), there.forms[0]["StatusCallback"]))
        await stand.settle()
        await asyncio.gather(*stand.app._pending)
        (alert,) = await stand.app.store.read(lambda tx: alert_rows.newest(tx, 1, 50))
        assert "Texts that the provider texts sent come back as filtered" in alert.message
        assert "30007" in alert.message
        assert (await stand.delivery(made, "sms")).state == "bounced"
        assert await suppressed(stand, 1) == ""


async def test_a_number_that_could_not_be_reached_five_times_rests(tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch) as (stand, there):
        _, event = await to_one(stand, 1)
        for n in range(5):
            assert await suppressed(stand, 1) == ""
            await stand.send(event)
            await tell(stand, hook(status("undelivered", "30005", MessageSid=f"SM{n}"), there.forms[-1]["StatusCallback"]))
            await stand.settle(after=60)
        assert await suppressed(stand, 1) == "bounced"


async def test_credentials_are_checked_and_a_text_to_oneself_is_followed_to_its_receipt(tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch, spend_cap="5") as (stand, there):
        checked = await stand.app.providers.check(SYSTEM, "texts", CheckIn())
        assert checked.well
        there.denied = True
        for given in (CheckIn(), CheckIn("twilio", {**TYPED, "auth_token": "a-wrong-one"})):
            checked = await stand.app.providers.check(SYSTEM, "texts", given)
            assert not checked.well
            assert "20003" in checked.said
            assert TYPED["auth_token"] not in checked.said
            assert "a-wrong-one" not in checked.said
        user = await stand.person(phone=number(1))
        actor = msgspec.structs.replace(member(user), role="operator")
        sent = await stand.app.providers.send_test(actor, "texts", SelfTestIn())
        await stand.settle()
        (form,) = there.forms
        assert form["To"] == number(1)
        await tell(stand, hook(status("delivered", To=number(1)), form["StatusCallback"]))
        await stand.settle()
        view = await stand.app.deliveries.get(actor, sent.delivery)
        assert view.state == "delivered"
        assert [(entry.kind, entry.text) for entry in view.timeline][-1] == ("receipt", "delivered")
        assert outcomes(view)[0][2].endswith("gsm7")


async def test_receipts_in_any_order_end_where_twilio_ended(tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch) as (stand, there):
        _, event = await to_one(stand, 1)
        (made,) = await stand.accept(event)
        await stand.settle()
        url = there.forms[0]["StatusCallback"]
        for word in ("delivered", "queued", "sent", "sending", "delivered"):
            await tell(stand, hook(status(word), url))
        await stand.settle()
        assert (await stand.delivery(made, "sms")).state == "delivered"


@pytest.mark.parametrize("word", ["sent", "delivered", "undelivered"])
async def test_one_whose_answer_got_lost_is_settled_by_what_twilio_says_later(tmp_path, monkeypatch, word):
    async with texting(tmp_path, monkeypatch) as (stand, there):
        there.script = lambda form, n: CUT
        _, event = await to_one(stand, 1)
        (made,) = await stand.accept(event)
        await stand.settle()
        assert (await stand.delivery(made, "sms")).state == "unknown"
        assert (await stand.ledger(made)) == {"planned": 1, "unknown": 1}
        await stand.settle(after=HOUR)
        assert len(there.forms) == 1, "it is never sent again"
        await tell(stand, hook(status(word), there.forms[0]["StatusCallback"]))
        await stand.settle()
        assert (await stand.delivery(made, "sms")).state == {"undelivered": "bounced"}.get(word, word)


async def test_what_never_leaves_says_why(tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch) as (stand, there):
        for phone, state, reason in (("+447400123456", "failed", "country_not_allowed"), ("+493012345678", "bounced", "number_unfit")):
            user = await stand.person(phone=phone, email=None)
            made = await stand.send(order_shipped(to=user, channels=["sms"]))
            view = await stand.delivery(made, "sms")
            assert (view.state, view.reason.code) == (state, reason)
            assert "–" not in view.reason.text
        assert there.forms == []


async def test_a_days_sum_holds_what_is_over_it_tells_operators_and_goes_on(kind, line_engines, tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch, kind, spend_cap="1", prices="* 0.30") as (stand, there):
        events = [await to_one(stand, n) for n in range(5)]
        made = await stand.accept(*(event for _, event in events))
        await stand.settle()
        views = [await stand.delivery(one, "sms") for one in made]
        assert sorted(view.state for view in views) == ["held", "held", "sent", "sent", "sent"]
        (held, _) = [view for view in views if view.state == "held"]
        assert held.reason.code == "spend_cap"
        assert "–" not in held.reason.text
        alerts = await stand.app.store.read(lambda tx: alert_rows.newest(tx, 1, 50))
        assert any("may cost no more today" in alert.message for alert in alerts)
        await stand.settle(after=HOUR)
        assert len(there.forms) == 3
        await stand.settle(after=12 * HOUR)  # it is another day
        assert len(there.forms) == 5
        assert {(await stand.delivery(one, "sms")).state for one in made} == {"sent"}


async def test_a_campaign_says_what_its_texts_cost_by_the_prices_of_their_countries(tmp_path, monkeypatch):
    async with texting(tmp_path, monkeypatch, prices="DE 0.08\nFR 0.05\n* 0.30") as (stand, _):
        for n, text in (("one", "Hallo"), ("two", "x" * 161)):
            await stand.app.templates.put(SYSTEM, n, TemplateIn(Content(sms=SmsContent(text))))
            await stand.app.templates.publish(SYSTEM, n)
        users = [await stand.person(phone=phone, email=None) for phone in (number(1), number(2), "+33612345678", "+13055550142")]
        users.append(await stand.person(email=None))  # without a number: nothing
        await stand.app.groups.put(SYSTEM, "crew", GroupIn(name="Crew", members=users))
        await campaign_of(stand, "one", "crew", category="orders", channels=("sms",))
        view = await planned(stand, "one")
        assert (view.segments, view.cost) == (4, {"least": 0.51, "most": 0.51})
        await campaign_of(stand, "two", "crew", category="orders", channels=("sms",))
        view = await planned(stand, "two")
        assert (view.segments, view.cost) == (8, {"least": 1.02, "most": 1.02})
        await stand.app.providers.put(admin(), "others", ProviderIn("twilio", {**TYPED, "prices": "DE 0.10\nUS 0.01"}))
        view = await planned(stand, "one")
        assert view.cost == {"least": pytest.approx(0.22), "most": pytest.approx(0.55)}


@pytest.mark.parametrize(("segments", "prices", "cost"), [
    ({"DE": 3}, [], None), ({}, [{"*": 5}], None), ({"": 2}, [{"*": 5}], (10, 10)), ({"DE": 2, "FR": 1}, [{"DE": 1, "*": 10}], (12, 12)),
    ({"DE": 2}, [{"DE": 1}, {"*": 4}], (2, 8)), ({"FR": 2}, [{"DE": 3}, {"AT": 7}], (0, 14)), ({"DE": 1}, [{"DE": 0}], (0, 0)),
])  # fmt: skip
def test_the_cost_of_texts(segments, prices, cost):
    expected = None if cost is None else {"least": cost[0] / 1_000_000, "most": cost[1] / 1_000_000}
    assert cost_of(segments, prices) == expected


@pytest.mark.asyncio(loop_scope="session")
async def test_advertising_waits_for_the_hours_of_the_law_and_the_dry_run_says_so(stand):
    """It is noon UTC, seven in New York, whatever the tests before did to the clock."""
    await stand.settle(after=(NOON - stand.clock.now()) % (24 * HOUR))
    user = await stand.person(phone="+13055550142", email=None)
    await stand.app.preferences.put(admin(), user, PreferencesIn(consents={"marketing": True}))
    event = order_shipped(to=user, category="marketing", channels=["sms"])
    (foretold,) = await stand.app.events.dry_run(SYSTEM, event)
    assert (foretold.units[0].outcome, foretold.units[0].reasons[0].code) == ("hold", "law")
    assert "US-FL" in foretold.units[0].reasons[0].text
    assert (foretold.units[0].segments.encoding, foretold.units[0].segments.count) == ("gsm7", 1)
    dear = msgspec.structs.replace(event, title="Ihr Päckchen ✓", message="x" * 130)
    (foretold,) = await stand.app.events.dry_run(SYSTEM, dear)
    assert (foretold.units[0].segments.encoding, foretold.units[0].segments.count, foretold.units[0].segments.foreign) == ("ucs2", 3, "✓")
    made = await stand.send(event)
    assert await stand.units(made) == {"sms": ["held"]}
    await stand.settle(after=HOUR - 1)
    assert await stand.units(made) == {"sms": ["held"]}
    await stand.settle(after=1)
    assert await stand.units(made) == {"sms": ["sent"]}
    needed = await stand.send(order_shipped(to=user, channels=["sms"]))
    assert await stand.units(needed) == {"sms": ["sent"]}
