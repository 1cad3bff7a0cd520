"""The gates: what stops, what holds, in which order, and what nothing can outrank."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings

from backend.domain import gates
from backend.domain.category import Category
from backend.domain.decision import GATES, Decision, Unit
from backend.domain.gates import decide, planned_units, recheck, redecide, web_address
from backend.domain.ids import NO_ADDRESS
from backend.domain.person import Address, QuietHours, Wishes
from backend.domain.quiet import OUTSIDE_WINDOW, in_quiet, next_allowed, zone
from backend.domain.reasons import SENTENCES
from tests.domain import known
from tests.domain.known import MAIL, MIA, MORNING, NIGHT, NIGHTLY, NOON, PHONE, TABLET, a_person, an_event, some_facts


def outcome(facts, channel="email"):
    unit = next(u for u in decide(facts).units if u.channel == channel)
    return unit.outcome, *(r.code for r in unit.reasons)


def gate(unit: Unit, name: str):
    return next(t for t in unit.gates if t.gate == name)


# ---- every decision
@settings(max_examples=120, deadline=None)
@given(known.facts())
def test_covers_exactly_the_planned_units_each_once_with_a_reason_for_all_that_is_not_sent(facts):
    decision = decide(facts)
    assert len(decision.units) == planned_units(facts)
    assert len({(u.channel, u.address) for u in decision.units}) == len(decision.units)
    assert {u.channel for u in decision.units} == set(facts.event.channels or facts.category.channels)
    for unit in decision.units:
        assert tuple(t.gate for t in unit.gates) == GATES
        assert unit.outcome in ("send", "hold", "skip")
        assert unit.reasons or unit.outcome == "send"
        assert all(r.code in SENTENCES for r in unit.reasons)
        assert (unit.until > facts.now) == (unit.outcome == "hold")
        assert any(t.result == "stop" for t in unit.gates) <= (unit.outcome == "skip")


@settings(max_examples=120, deadline=None)
@given(known.facts())
def test_nothing_goes_where_suppression_erasure_or_consent_forbid_it(facts):
    suppressed = {(a.channel, a.hash) for a in facts.person.addresses if a.suppressed}
    for unit in decide(facts).units:
        if unit.outcome == "skip":
            continue
        assert not facts.person.erased
        assert (gates._NUMBER[unit.channel], unit.address) not in suppressed
        if facts.category.kind == "marketing":
            assert facts.person.consents.get(facts.category.key) is True
        if facts.category.kind == "service":
            assert facts.person.consents.get(facts.category.key) is not False


@settings(max_examples=80, deadline=None)
@given(known.facts())
def test_is_the_same_each_time_and_survives_the_way_through_the_store(facts):
    decision = decide(facts)
    assert decide(facts) == decision
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(decision), type=Decision) == decision


@settings(max_examples=120, deadline=None)
@given(known.facts())
def test_a_hold_ends_outside_quiet_hours(facts):
    if facts.category.kind == "essential" or facts.category.urgent:
        return
    ranges, _ = gates.preference.quiet_ranges(facts.person, facts.space_wishes)
    often, _ = gates.preference.frequency(facts.person, facts.space_wishes)
    whole = (*ranges, *OUTSIDE_WINDOW.get(often, ()))
    if next_allowed(facts.now, zone(facts.person.timezone), whole) is not None:
        ranges = whole
    for unit in decide(facts).units:
        if unit.outcome == "hold" and unit.channel != "web":  # a halt holds web, and lets it go silent
            assert not in_quiet(unit.until, zone(facts.person.timezone), ranges)
        if unit.outcome == "send" and unit.channel != "web":
            assert not in_quiet(facts.now, zone(facts.person.timezone), ranges)


@settings(max_examples=80, deadline=None)
@given(known.facts())
def test_one_unit_decided_again_or_rechecked_agrees_with_the_whole(facts):
    for unit in decide(facts).units:
        event = msgspec.structs.replace(facts.event, delivery=b"d" * 16, channel=gates._NUMBER[unit.channel], address=unit.address)
        assert redecide(msgspec.structs.replace(facts, event=event)) == unit
        again = recheck(facts, unit.channel, unit.address)
        assert again.gates == unit.gates[:8]
        if again.outcome != "send":
            assert unit.outcome == again.outcome or (again.outcome, unit.outcome) == ("hold", "skip")


# ---- gate by gate
def test_everything_passes():
    assert [u.outcome for u in decide(some_facts()).units] == ["send", "send", "send"]
    assert decide(some_facts()).units[0].address == web_address(MIA)


def test_erased_outranks_all():
    person = a_person(erased=True, addresses=())
    assert outcome(some_facts("security", person=person), "web") == ("skip", "erased")


def test_expired_at_its_second():
    event = an_event(expires=NOON)
    assert outcome(some_facts(event=event)) == ("skip", "expired")
    assert outcome(some_facts(event=msgspec.structs.replace(event, expires=NOON + 1))) == ("send",)


def test_superseded_by_a_newer_event_and_not_by_itself():
    event = an_event(collapse="order-1")
    assert outcome(some_facts(event=event, newest_collapse=b"n" * 16)) == ("skip", "superseded")
    assert outcome(some_facts(event=event, newest_collapse=event.id)) == ("send",)


@pytest.mark.parametrize("scope", ["space", "channel:email", "category:orders", "priority:normal"])
def test_a_halt_holds_what_it_names(scope):
    assert outcome(some_facts(halted=(scope,))) == ("hold", "halted")
    assert outcome(some_facts(halted=("channel:sms", "category:chat", "priority:low", "template:other"))) == ("send",)


def test_what_a_halt_holds_asks_again_later_the_longer_it_waited():
    waits = [decide(some_facts(halted=("space",), event=an_event(now=NOON - ago))).units[1].until - NOON for ago in (0, 100, 5000)]
    assert waits == [60, 100, 900]


def test_what_will_never_go_does_not_wait_for_a_halt_to_end():
    person = a_person(addresses=(Address(2, b"mail", b"s", "bounced"),))
    assert outcome(some_facts(halted=("space",), person=person))[:2] == ("skip", "suppressed")


def test_every_address_is_a_unit_and_a_suppressed_one_is_explained():
    person = a_person(addresses=(TABLET, Address(3, b"old", b"s", "unregistered"), MAIL))
    units = decide(some_facts(person=person, event=an_event(channels=("push", "sms")))).units
    assert [(u.channel, u.address, u.outcome) for u in units] == [
        ("push", b"tablet", "send"),
        ("push", b"old", "skip"),
        ("sms", NO_ADDRESS, "skip"),
    ]
    assert [r.code for u in units for r in u.reasons] == ["suppressed", "no_address"]


@pytest.mark.parametrize("priority", ["critical", "low"])
def test_an_sms_stop_is_above_essential_urgent_and_critical(priority):
    stopped = a_person(addresses=(Address(4, b"phone", b"s", "stop"),))
    event = an_event("security", priority=priority, channels=("sms",))
    assert outcome(some_facts("security", person=stopped, event=event), "sms") == ("skip", "suppressed")


def test_consent_by_kind():
    assert outcome(some_facts("marketing")) == ("skip", "no_consent")
    assert outcome(some_facts("marketing", person=a_person(consents={"marketing": True}))) == ("send",)
    assert outcome(some_facts("marketing", person=a_person(consents={"marketing": False}))) == ("skip", "unsubscribed")
    assert outcome(some_facts("orders", person=a_person(consents={"orders": False}))) == ("skip", "unsubscribed")
    assert outcome(some_facts("security", person=a_person(consents={"security": False}))) == ("send",)


FLORIDA = Address(4, b"phone", b"s", "", "", "US-FL", ("America/New_York",))
SEVEN = datetime(2026, 11, 25, 7, 0, tzinfo=ZoneInfo("America/New_York")).timestamp()  # and noon UTC


def advertising(now=SEVEN, category="marketing", timezone="UTC", address=FLORIDA, **more):
    given = a_person(addresses=(MAIL, address), consents={"marketing": True}, timezone=timezone, **more)
    return some_facts(category, person=given, now=now, event=an_event(category, now=now, channels=("web", "email", "sms")))


def test_advertising_by_sms_waits_for_the_hours_of_the_law():
    facts = advertising()
    assert [(u.channel, u.outcome) for u in decide(facts).units] == [("web", "send"), ("email", "send"), ("sms", "hold")]
    unit = decide(facts).units[2]
    assert (unit.until, unit.reasons[0].code) == (SEVEN + 3600, "law")
    assert unit.reasons[0].params == {"rule": "US-FL", "zone": "America/New_York", "until": SEVEN + 3600}
    assert (gate(unit, "consent").result, gate(unit, "cap").gate) == ("hold", "cap")
    assert recheck(facts, "sms", b"phone").outcome == "hold"  # it is asked again right before the provider
    assert outcome(advertising(SEVEN + 3600), "sms") == ("send",)
    assert outcome(advertising(SEVEN + 13 * 3600), "sms")[:2] == ("hold", "law")  # eight in the evening


@pytest.mark.parametrize("category", ["orders", "security"])
def test_what_people_need_is_no_advertising(category):
    assert outcome(advertising(category=category), "sms") == ("send",)


def test_where_somebody_says_they_are_counts_before_their_number():
    assert outcome(advertising(timezone="Europe/Berlin"), "sms") == ("send",)
    assert outcome(advertising(timezone="America/Los_Angeles"), "sms") == ("hold", "law")
    assert decide(advertising(timezone="America/Los_Angeles")).units[2].until == SEVEN + 4 * 3600


def test_the_law_outranks_no_refusal_and_a_place_without_rule_has_none():
    stopped = msgspec.structs.replace(FLORIDA, suppressed="stop")
    assert outcome(advertising(address=stopped), "sms") == ("skip", "suppressed")
    assert outcome(advertising(wishes=Wishes(channels={"sms": False})), "sms")[:2] == ("skip", "preference_off")
    assert outcome(advertising(address=PHONE), "sms") == ("send",)


def test_what_would_be_of_no_use_by_then_is_not_sent():
    facts = advertising()
    late = msgspec.structs.replace(facts, event=msgspec.structs.replace(facts.event, expires=SEVEN + 1800))
    assert outcome(late, "sms")[:2] == ("skip", "expired")


def test_a_preference_names_who_set_it():
    off = Wishes(matrix={"orders": {"email": False}})
    unit = decide(some_facts(person=a_person(wishes=off))).units[1]
    assert (unit.outcome, unit.reasons[0].code, unit.reasons[0].params["from"]) == ("skip", "preference_off", "person")
    unit = decide(some_facts(person=a_person(group_wishes=(("team", off),)))).units[1]
    assert unit.reasons[0].params["from"] == "group:team"
    assert outcome(some_facts(space_wishes=Wishes(categories={"orders": False})), "web") == ("skip", "category_off")


def test_essential_is_locked_on_and_says_so():
    facts = some_facts(
        "security", NIGHT, person=a_person(wishes=Wishes(channels={"email": False}, quiet=NIGHTLY, paused_until=0)), cap_refused=("email",)
    )
    unit = decide(facts).units[1]
    assert unit.outcome == "send"
    assert gate(unit, "preference").reason.code == "locked"


def test_no_content_for_the_channel():
    assert outcome(some_facts(template_channels=("web",))) == ("skip", "no_variant")
    assert outcome(some_facts(template_channels=("web",)), "web") == ("send",)


def test_quiet_hours_hold_mail_and_silence_web():
    facts = some_facts(now=NIGHT, person=a_person(wishes=Wishes(quiet=NIGHTLY)))
    web, mail, push = decide(facts).units
    assert (web.outcome, web.silent, web.reasons[0].code) == ("send", True, "quiet_hours")
    assert (mail.outcome, mail.until, mail.silent) == ("hold", MORNING, False)
    assert push.until == MORNING
    assert mail.reasons[0].params == {"zone": "UTC", "start": "22:00", "end": "08:00", "from": "person", "until": MORNING}


def test_urgent_passes_quiet_hours_and_a_critical_priority_alone_does_not():
    person = a_person(wishes=Wishes(quiet=NIGHTLY))
    critical = an_event(now=NIGHT, priority="critical")
    assert outcome(some_facts(now=NIGHT, person=person, event=critical)) == ("hold", "quiet_hours")
    urgent = Category("orders", "Orders", "service", urgent=True)
    assert outcome(msgspec.structs.replace(some_facts(now=NIGHT, person=person), category=urgent)) == ("send",)


def test_what_expires_before_the_quiet_hours_end_is_not_held():
    event = an_event(now=NIGHT, expires=MORNING)
    facts = some_facts(now=NIGHT, person=a_person(wishes=Wishes(quiet=NIGHTLY)), event=event)
    assert outcome(facts) == ("skip", "expired", "quiet_hours")
    assert outcome(facts, "web") == ("send", "quiet_hours")


def test_a_pause_holds_until_its_end_and_until_further_notice_skips():
    paused = a_person(wishes=Wishes(paused_until=NOON + 60))
    assert decide(some_facts(person=paused)).units[1].until == NOON + 60
    forever = a_person(wishes=Wishes(paused_until=0))
    assert outcome(some_facts(person=forever)) == ("skip", "paused_by_person")
    web = decide(some_facts(person=forever)).units[0]
    assert (web.outcome, web.silent) == ("send", True)
    assert outcome(some_facts(person=a_person(wishes=Wishes(paused_until=NOON)))) == ("send",)


def test_a_pause_that_ends_at_night_is_held_until_the_morning():
    person = a_person(wishes=Wishes(paused_until=NIGHT, quiet=NIGHTLY))
    unit = decide(some_facts(person=person)).units[1]
    assert (unit.outcome, unit.until, [r.code for r in unit.reasons]) == ("hold", MORNING, ["paused_by_person", "quiet_hours"])


def at(text, name="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name)).timestamp()


@pytest.mark.parametrize(
    ("often", "now", "until"),
    [
        ("each", "2026-11-25T12:00", None),
        ("daily", "2026-11-25T12:00", "2026-11-25T17:00"),
        ("daily", "2026-11-25T16:59:59", "2026-11-25T17:00"),
        ("daily", "2026-11-25T17:00", None),
        ("daily", "2026-11-25T17:59", None),
        ("daily", "2026-11-25T18:00", "2026-11-26T17:00"),
        ("daily", "2026-03-28T20:00", "2026-03-29T17:00"),  # the night the clocks go forward
        ("weekly", "2026-11-25T12:00", "2026-11-27T17:00"),
        ("weekly", "2026-11-27T17:30", None),
        ("weekly", "2026-11-27T18:00", "2026-12-04T17:00"),
        ("weekly", "2026-10-24T12:00", "2026-10-30T17:00"),  # over the night they go back
    ],
)
def test_what_can_wait_goes_out_in_its_hour(often, now, until):
    person = a_person(timezone="Europe/Berlin", wishes=Wishes(frequency=often))
    facts = some_facts(now=at(now), person=person)
    unit = next(u for u in decide(facts).units if u.channel == "email")
    assert (unit.outcome, unit.until) == (("hold", at(until)) if until else ("send", 0.0))
    assert [r.code for r in unit.reasons] == (["send_window"] if until else [])
    web = next(u for u in decide(facts).units if u.channel == "web")
    assert (web.outcome, web.silent) == ("send", False)
    assert outcome(some_facts("security", now=at(now), person=person)) == ("send",)


def test_quiet_hours_over_the_hour_of_collected_ones_do_not_keep_them_for_ever():
    evening = Wishes(quiet=(QuietHours("16:00", "20:00"),), frequency="daily")
    person = a_person(timezone="Europe/Berlin", wishes=evening)
    assert outcome(some_facts(now=at("2026-11-25T12:00"), person=person)) == ("send",)
    unit = next(u for u in decide(some_facts(now=at("2026-11-25T17:00"), person=person)).units if u.channel == "email")
    assert (unit.outcome, unit.until, unit.reasons[0].code) == ("hold", at("2026-11-25T20:00"), "quiet_hours")


def test_a_night_within_a_collected_day_waits_for_the_hour():
    person = a_person(timezone="Europe/Berlin", wishes=Wishes(quiet=NIGHTLY, frequency="daily"))
    unit = next(u for u in decide(some_facts(now=at("2026-11-25T23:00"), person=person)).units if u.channel == "email")
    assert (unit.outcome, unit.until, unit.reasons[0].code) == ("hold", at("2026-11-26T17:00"), "quiet_hours")


def test_weekday_nights_leave_the_weekend_alone():
    week = Wishes(quiet=(QuietHours("22:00", "07:00", (0, 1, 2, 3, 4)),))
    person = a_person(timezone="Europe/Berlin", wishes=week)
    assert outcome(some_facts(now=at("2026-11-27T23:00"), person=person)) == ("hold", "quiet_hours")  # Friday night
    assert outcome(some_facts(now=at("2026-11-28T03:00"), person=person)) == ("hold", "quiet_hours")  # its morning
    assert outcome(some_facts(now=at("2026-11-28T23:00"), person=person)) == ("send",)


def test_quiet_for_the_whole_week_leaves_no_time():
    person = a_person(wishes=Wishes(quiet=(QuietHours("00:00", "24:00"),)))
    assert outcome(some_facts(person=person)) == ("skip", "quiet_hours")


def test_a_refused_cap():
    assert outcome(some_facts(cap_refused=("email",))) == ("skip", "cap")


def test_a_lowered_priority_is_noted():
    event = an_event(priority="high", asked_priority="critical")
    (note,) = decide(some_facts(event=event)).notes
    assert (note.code, note.params) == ("lowered_priority", {"asked": "critical", "given": "high"})


def test_an_address_taken_away_since_is_no_address():
    assert recheck(some_facts(), "sms", b"gone").reasons[0].code == "no_address"
    assert recheck(some_facts(), "sms", PHONE.hash).outcome == "send"
