"""The pages of engagement without a browser: filters in addresses, and reports told in both languages, with no rate of a handful."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from backend.app.engagement_views import (
    ComparedView,
    EngagedView,
    EngagementView,
    FunnelView,
    HourFunnelView,
    PeopleView,
    ShiftPartView,
    ShiftsView,
    TrendView,
)
from backend.domain.measures import FEW, Rate
from backend.domain.shift import WAYS
from portal.engagement_compare import Comparer
from portal.engagement_words import Engager, Rates, variant_name
from portal.shift_words import Shifter
from portal.states.engagement import SPEC, asked_for, number_of
from portal.states.engagement_compare import address
from portal.telling import Teller

NOW = datetime(2026, 11, 25, 14, 20, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
DAY = 86_400.0
WANTED = dict.fromkeys(SPEC.filters)
PEOPLE = PeopleView(got=1_000, opened=300, clicked=90, converted=40, unsubscribed=3, holdout_converted=2)
WHOLE = FunnelView(
    planned=2_000, sent=1_900, delivered=Rate(why="no_signal"), opened=Rate(475, 1_900, ""), opened_machine=600, clicked=Rate(95, 1_900, ""), unsubscribed=Rate(4, 1_900, ""),
    complained=1, bounced=10, people=PEOPLE, converted=Rate(40, 1_000, ""),
)  # fmt: skip
FEWER = FunnelView(
    planned=9, sent=7, delivered=Rate(7, 7, ""), opened=Rate(2, 7, ""), opened_machine=0, clicked=Rate(1, 7, ""), unsubscribed=Rate(0, 7, ""), complained=0, bounced=0,
    people=PeopleView(got=7, clicked=1), converted=Rate(0, 7, ""),
)  # fmt: skip


def told(whole=WHOLE, language="en", parts=(), hours=(), by="campaign", sort="planned", heat="opened", provider=""):
    points = [TrendView(NOW - 2 * DAY, NOW - DAY, True, whole, 5, 2), TrendView(NOW - DAY, NOW, False, whole, 0, 0)]
    view = EngagementView(NOW - 2 * DAY, NOW, "Europe/Berlin", "day", NOW - DAY, NOW, whole, points, list(parts), list(hours), provider)
    return Engager(view, Teller(language, "Europe/Berlin", NOW), by=by, sort=sort, heat=heat, names={"spring": "Spring sale"})


def test_an_address_asks_for_a_variant_of_the_campaign_that_is_picked_alone():
    asked, _ = asked_for({**WANTED, "campaign": "spring", "variant": "1", "audience": "vips", "provider": "mail", "channel": "email"}, "UTC", NOW)
    assert (asked.campaign, asked.variant, asked.audience, asked.provider, asked.channel, asked.by) == ("spring", 1, "vips", "mail", "email", "variant")
    asked, _ = asked_for({**WANTED, "variant": "1"}, "UTC", NOW)
    assert (asked.variant, asked.by) == (None, "campaign")


@pytest.mark.parametrize("text", ["", "one", "1e3", "99999999999999999999", "-99", "' or 1=1", "½"])
def test_what_is_no_variant_is_none(text):
    assert number_of(text) is None


def test_a_comparison_has_an_address_whatever_the_keys_are():
    assert address(["spring", "a&b=c d"]) == "/engagement/compare?campaigns=spring,a%26b%3Dc%20d"
    assert address([]) == "/engagement/compare"


def test_the_answer_says_what_a_rate_is_of_and_keeps_machines_out():
    shown = told().shown()
    assert shown.answer == "Of the messages that arrived people opened 25.0% (475 of 1,900) and clicked in 5.0% (95 of 1,900)."
    assert "4.0% (40 of 1,000) converted" in shown.proof and "600 messages were opened by machines" in shown.proof
    assert shown.few == "" and shown.holdout.startswith("Of the people who got nothing on purpose 2 converted")
    german = told(language="de").shown()
    assert german.answer == "Von den angekommenen Nachrichten öffneten Menschen 25,0 % (475 von 1.900) und klickten 5,0 % (95 von 1.900) an."


def test_of_a_handful_there_is_no_rate_anywhere():
    one = told(FEWER, parts=[EngagedView("tiny", "Tiny", FEWER)])
    shown = one.shown()
    texts = [shown.answer, *(f"{tile.value}{tile.unit}" for tile in one.tiles()), *(row.share for row in one.funnel()), *(row.share for row in one.people())]
    texts += [text for row in one.rows() for text in (row.opened, row.clicked, row.converted, row.unsubscribed, row.delivered)]
    assert "2 of 7" in shown.answer and str(FEW) in shown.few
    assert not [text for text in texts if "%" in text]
    assert "too few for a rate" in one.rows()[0].clicked_tip


def test_the_funnel_ends_with_people_and_every_bar_is_of_what_was_planned():
    rows = told().funnel()
    assert [(row.word, row.count) for row in rows] == [
        ("Planned", "2,000"), ("Went out", "1,900"), ("Delivered", "–"), ("Opened by people", "475"), ("Opened by machines", "600"), ("Clicked", "95"), ("Converted", "40"),
    ]  # fmt: skip
    assert [row.width for row in rows] == ["100.00%", "95.00%", "0%", "23.75%", "30.00%", "4.75%", "2.00%"]
    assert rows[2].share == "No signal: nobody reports here whether a message was delivered" and rows[-1].share.startswith("People, not messages: 4.0%")


@pytest.mark.parametrize("language", ["en", "de"])
def test_of_nothing_there_is_a_sentence_and_no_number_is_made_up(language):
    nothing = FunnelView(planned=0, sent=0, delivered=Rate(), opened=Rate(), opened_machine=0, clicked=Rate(), unsubscribed=Rate(), complained=0, bounced=0, people=PeopleView())
    one = told(nothing, language)
    shown = one.shown()
    assert shown.answer == {"en": "Nothing was planned in this time.", "de": "In diesem Zeitraum war nichts geplant."}[language] and shown.people_note
    assert [row.count for row in one.funnel()] == ["0", "–", "–", "–", "–", "–"] and one.people() == one.heat() == one.rows() == []
    assert [tile.value for tile in one.tiles()] == ["–"] * 4


def test_where_no_event_counts_as_converted_that_is_said():
    aimless = msgspec.structs.replace(WHOLE, converted=Rate(why="no_signal"), people=msgspec.structs.replace(PEOPLE, converted=0))
    one = told(aimless, parts=[EngagedView("spring", "Spring sale", aimless)])
    assert [row.word for row in one.people()] == ["Got a campaign", "Opened a mail", "Clicked"]
    assert one.rows()[0].converted_tip == one.funnel()[-1].share == "No event counts as converted here: a campaign names it with its experiment"
    rows = {row.name: row.cells for row in compared(("a", "Spring", aimless)).rows()}
    assert [(cell.value, cell.of) for cell in rows["Converted"]] == [("–", "no goal set")]


def test_one_provider_has_neither_opens_nor_people():
    unheard = Rate(0, 0, "no_signal")
    carried = FunnelView(planned=100, sent=90, delivered=Rate(80, 90, ""), opened=unheard, opened_machine=0, clicked=unheard, unsubscribed=unheard, complained=0, bounced=10)
    one = told(carried, provider="mail", heat="clicked", parts=[EngagedView("email", "", carried)], by="channel")
    assert one.shown().answer == "mail took 90 of the 100 messages it was given (90.0%)."
    assert one.heat_of == "sent" and one.people() == [] and one.shown().people_note.startswith("One person has several")
    (row,) = one.rows()
    assert (row.name, row.opened, row.converted, row.machine) == ("Email", "–", "–", "–")
    assert row.opened_tip == row.converted_tip == "Opens and clicks belong to a message, not to its provider"


def test_an_hour_of_few_messages_has_no_shade_but_its_counts():
    hours = [HourFunnelView(0, 9, 100, 40, 5), HourFunnelView(1, 10, 200, 40, 30), HourFunnelView(2, 11, 3, 3, 3)]
    week = told(hours=hours).heat()
    assert [(week[d].cells[h].level) for d, h in ((0, 9), (1, 10), (2, 11), (3, 3))] == ["100%", "50%", "0%", "0%"]
    assert week[0].cells[9].tip == "Monday 09:00: 100 went out, 40 (40.0%) opened, 5 (5.0%) clicked"
    assert week[2].cells[11].tip == "Wednesday 11:00: 3 went out, 3 opened, 3 clicked"
    assert week[3].cells[3].tip == "Thursday 03:00: nothing went out"
    assert told(hours=hours, heat="sent").heat()[1].cells[10].level == "100%"


NOTHING = ShiftsView()


def changes(language="en", shifts=NOTHING, **parts):
    points = [TrendView(NOW - (3 - n) * DAY, NOW - (2 - n) * DAY, n == 1, WHOLE, some.opted_in, some.opted_out, some) for n, some in enumerate((ShiftsView(opted_in=9), shifts, ShiftsView()))]
    view = EngagementView(NOW - 3 * DAY, NOW, "Europe/Berlin", "day", NOW - DAY, NOW, WHOLE, points, [], [], shifts=shifts, **parts)
    return Shifter(view, Teller(language, "Europe/Berlin", NOW))


SOME = ShiftsView(opted_in=5, opted_out=2, turned_on=1, turned_off=1_300, cells_off=4, paused=7, resumed=3, quiet_set=6)


def test_answers_are_their_own_lines_and_what_is_not_known_is_a_gap():
    figure = changes(shifts=SOME).answers()
    assert figure.says == "Opted in to a category: 14; opted out: 2; messages that led to unsubscribing: 12."
    assert [row[1:] for row in figure.rows] == [["9", "–", "4"], ["5", "2", "4"], ["–", "–", "4"]], "what was filled in is known, before anything was sent"
    assert not changes().channels().drawn


def test_channels_pauses_and_quiet_hours_are_told_in_both_languages():
    told = changes(shifts=SOME)
    assert told.channels().says == "Channels turned off: 1,300; turned on: 1; everything paused: 7; quiet hours set: 6."
    assert [(row.word, row.count) for row in told.beside()] == [("Pause ended early", "3"), ("Quiet hours taken off", "0")]
    assert [key.count for key in told.channels().legend] == ["1", "1,300", "7", "6"]
    assert changes("de", SOME).channels().says == "Kanäle abgeschaltet: 1.300; eingeschaltet: 1; alles pausiert: 7; Ruhezeiten gesetzt: 6."


def test_what_was_turned_on_and_off_stands_by_category_channel_and_way():
    parts = {
        "shifts_by_category": [ShiftPartView("offers", ShiftsView(opted_in=5, opted_out=2, cells_off=4))],
        "shifts_by_channel": [ShiftPartView("sms", ShiftsView(turned_off=1_300, cells_off=4, cells_on=1))],
        "shifts_by_way": [ShiftPartView("one_click", ShiftsView(opted_out=2)), ShiftPartView("portal", SOME)],
    }  # fmt: skip
    told = changes(shifts=SOME, **parts)
    shown = told.shown("/file.csv")
    assert [(row.name, row.on, row.off, row.facts) for row in shown.by_category] == [("offers", "5", "2", "On single channels: 0 on, 4 off")]
    assert [(row.name, row.on, row.off, row.facts) for row in shown.by_channel] == [("SMS", "0", "1,300", "For single categories: 1 on, 4 off")]
    assert [(row.name, row.on, row.off) for row in shown.by_way] == [("One-click unsubscribe", "0", "2"), ("Themselves, in the portal", "9", "1,313")]
    assert [(head, name) for head, name, _ in told.every()][-2:] == [("Way", "One-click unsubscribe"), ("Way", "Themselves, in the portal")]
    for way in WAYS:
        assert not told.name(way, "way").startswith("shift."), way


@pytest.mark.parametrize(("hours", "heat", "said"), [
    ([], "opened", "Nothing went out in this time, so no hour has a shade."),
    ([HourFunnelView(0, 9, 29, 9, 0), HourFunnelView(1, 9, 3, 0, 0)], "opened", "No hour has a share: in none of them 30 messages went out, 29 at most."),
    ([HourFunnelView(0, 9, 30, 0, 0)], "opened", "Nobody opened anything in the hours of 30 messages or more."),
    ([HourFunnelView(0, 9, 30, 9, 0)], "clicked", "Nobody clicked in the hours of 30 messages or more."),
])  # fmt: skip
def test_a_week_without_a_shade_says_why(hours, heat, said):
    one = told(hours=hours, heat=heat)
    assert one.heat() == [] and one.shown().heat_none.startswith(said)


def test_rates_of_few_are_sorted_behind_those_that_can_be_believed():
    parts = [EngagedView("tiny", "Tiny", FEWER), EngagedView("*", "", WHOLE), EngagedView("spring", "Spring sale", WHOLE)]
    assert [row.key for row in told(parts=parts, sort="opened").rows()] == ["spring", "tiny", "*"]


@pytest.mark.parametrize(("number", "said"), [("0", "A · Short"), ("7", "H · Short"), ("-2", "Holdout, got nothing on purpose"), ("-3", "The rest, waits for the winner"), ("-1", "No variant"), ("x", "x")])
def test_variants_have_letters(number, said):
    assert variant_name("Short", number, Teller("en", "UTC", NOW)) == said


# ---- side by side
def compared(*views):
    return Comparer([ComparedView(key, name, funnel, []) for key, name, funnel in views], Teller("en", "UTC", NOW))


def test_who_is_ahead_is_said_with_counts_and_only_where_there_are_enough():
    better = FunnelView(planned=200, sent=200, delivered=Rate(), opened=Rate(20, 200, ""), opened_machine=0, clicked=Rate(20, 200, ""), unsubscribed=Rate(), complained=0, bounced=0)
    said = compared(("a", "Spring", WHOLE), ("b", "Fall", better), ("c", "Tiny", FEWER))
    assert said.answer() == "Fall was clicked most: 10.0% (20 of 200). Next comes Spring with 5.0% (95 of 1,900)."
    assert compared(("a", "Spring", WHOLE), ("c", "Tiny", FEWER)).answer() == "There are too few messages that report clicks to say who is ahead."
    assert compared(("a", "Spring", WHOLE)).answer() == "Add a second campaign to compare this one with."
    rows = {row.name: row.cells for row in said.rows()}
    assert [(cell.value, cell.width) for cell in rows["Clicked"]] == [("5.0%", "50.00%"), ("10.0%", "100.00%"), ("1 of 7", "")]
    assert [cell.value for cell in rows["People who got it"]] == ["1,000", "–", "7"]


def test_a_rate_without_a_signal_says_so():
    rates = Rates(Teller("en", "UTC", NOW))
    assert rates.short(Rate(0, 5, "no_signal")) == "–" and "nobody reports" in rates.tip(Rate(0, 5, "no_signal"), "opened")
