"""Campaigns in words, without a house: what is typed, two drafts brought together, moments across the change of clocks, sums that add up."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.app.campaign_views import CalendarEntry, CampaignView, DifferenceRow, ForecastRow, ForecastView, ProblemView, RunView
from backend.app.views import LedgerView, ReasonView
from backend.domain.campaign import Campaign, Experiment, Timing, Variant
from portal import campaign_draft as drafts
from portal import campaign_forecast as forecasts
from portal import campaign_plan as plans
from portal import campaign_words as words
from portal.campaign_draft import Draft, Wrong
from portal.states.calendar import cells_of, following, month_of
from portal.telling import Teller

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
EN, DE = Teller("en", "Europe/Oslo", NOW), Teller("de", "Europe/Berlin", NOW)
AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


# ---- what is typed
@pytest.mark.parametrize(
    ("name", "text", "held"),
    [
        ("gain", "0,5", lambda b: b.experiment.gain == 0.005), ("gain", "2.5", lambda b: b.experiment.gain == 0.025), ("holdout", "5 %", lambda b: b.experiment.holdout == 5),
        ("pace", "", lambda b: b.timing.pace == 0), ("pace", "1 200", lambda b: b.timing.pace == 1_200), ("date", "2026-12-01", lambda b: b.timing.at == "2026-12-01T09:00"),
        ("time", "18:30:00", lambda b: b.timing.at == "T18:30"), ("bounced", "3", lambda b: b.experiment.guardrails.bounced == 0.03), ("cron", " 0  9 * * 1 ", lambda b: b.timing.cron == "0 9 * * 1"),
        ("description", "x" * 3_000, lambda b: len(b.description) == 2_000), ("expires", "86400", lambda b: b.timing.expires == 86_400),
    ],
)  # fmt: skip
def test_a_field_becomes_a_part_of_the_draft(name, text, held):
    two = Draft("x", Campaign(variants=(Variant("A", weight=50), Variant("B", weight=50)), experiment=Experiment()))
    assert held(drafts.written(two, name, text).body)


def test_a_pace_typed_the_german_way_is_a_thousand_and_never_one():
    assert drafts.written(Draft("x"), "pace", "1.000", "de").body.timing.pace == 1_000
    with pytest.raises(Wrong) as wrong:
        drafts.written(Draft("x"), "pace", "1.000", "en")
    assert EN.say(wrong.value.key, **wrong.value.values) == "1.000 can mean 1,000 or 1. Write 1000 or 1.0."


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "1e9", "", "a lot", "0x10", "1" * 400])
def test_what_is_no_number_in_range_is_told_and_changes_nothing(text):
    two = Draft("x", Campaign(variants=(Variant("A", weight=50), Variant("B", weight=50)), experiment=Experiment()))
    with pytest.raises(Wrong) as wrong:
        drafts.written(two, "holdout", text)
    assert EN.say(wrong.value.key, **wrong.value.values)


@given(st.text(max_size=40), st.sampled_from(sorted(drafts.form_of(Draft(), "UTC"))))
def test_whatever_is_typed_into_a_field_is_taken_or_told(text, name):
    try:
        made = drafts.written(Draft("x"), name, text)
    except Wrong as wrong:
        assert DE.say(wrong.key, **wrong.values)
        return
    assert msgspec.json.decode(msgspec.json.encode(made), type=Draft) == made


@given(st.integers(1, 8))
def test_shares_of_messages_are_even_and_make_a_hundred(n):
    shares = drafts.even(n)
    assert round(sum(shares), 2) == 100
    assert max(shares) - min(shares) < 0.1


def test_messages_come_and_go_and_the_experiment_with_them():
    draft = Draft("x", Campaign(variants=(Variant("A", "welcome"),)))
    for _ in range(10):
        draft = drafts.variant_added(draft)
    assert [one.name for one in draft.body.variants] == list("ABCDEFGH")
    assert draft.body.experiment is not None and drafts.weights_of(draft.body) == 100
    for _ in range(10):
        draft = drafts.variant_removed(draft, 0)
    assert [one.name for one in draft.body.variants] == ["H"]
    assert draft.body.experiment is None and drafts.weights_of(draft.body) == 100
    with pytest.raises(Wrong):
        drafts.variant_written(drafts.variant_added(draft), 1, "name", "H")


def test_channels_keep_their_order_and_begin_with_those_of_the_category():
    draft = drafts.channel_turned(Draft(), "sms", True, ["web", "email"])
    assert draft.body.channels == ("web", "email", "sms")
    draft = drafts.channel_moved(drafts.channel_moved(draft, "sms", -1, []), "sms", -1, [])
    assert draft.body.channels == ("sms", "web", "email")
    assert drafts.channel_moved(draft, "sms", -1, []) == draft
    assert drafts.channel_turned(draft, "pigeon", True, []) == draft


PIECES = {
    "name": st.text(max_size=3), "description": st.text(max_size=3), "category": st.sampled_from("ab"), "audience": st.sampled_from("ab"),
    "channels": st.sampled_from([(), ("email",), ("sms", "web")]), "approval": st.booleans(), "timing": st.sampled_from([Timing(), Timing(kind="at", at="2026-12-01T09:00")]),
}  # fmt: skip


@st.composite
def grown(draw):
    """A draft, and two that grew out of it."""

    def one(of):
        for key in draw(st.sets(st.sampled_from(sorted(PIECES)))):
            of = drafts.put_part(of, key, draw(PIECES[key]))
        return of

    base = one(Draft())
    return base, one(base), one(base)


@given(grown())
def test_two_drafts_become_one_and_nothing_that_somebody_changed_is_lost(three):
    base, mine, theirs = three
    both = set(drafts.torn(base, mine, theirs))
    for take in (set(), both):
        made = drafts.joined(base, mine, theirs, take)
        for key in drafts.PARTS:
            one, other, was = (drafts.part(draft, key) for draft in (mine, theirs, base))
            wanted = (other if key in take else one) if key in both else one if one != was else other
            assert drafts.part(made, key) == wanted


def test_a_key_is_made_of_the_name_and_is_never_the_address_of_the_page_that_makes_one():
    assert next(drafts.keys_of("Über Größe 41 & more!")) == "ueber-groesse-41-more"
    assert next(drafts.keys_of("New")) == "new-campaign"
    assert next(drafts.keys_of("愛")) == "campaign"
    keys = drafts.keys_of("Sale")
    assert [next(keys), next(keys)] == ["sale", "sale-2"]


# ---- moments
@pytest.mark.parametrize(
    ("timing", "text", "odd"),
    [
        (Timing("at", "2026-12-01T09:00", zone="Europe/Oslo"), "Tue, 1 Dec 2026, 09:00 CET, on the clock of Europe/Oslo", ""),
        (Timing("at", "2026-12-01T09:00", zone="Asia/Tokyo"), "Tue, 1 Dec 2026, 09:00 JST, on the clock of Asia/Tokyo; for you Tue, 1 Dec 2026, 01:00 CET", ""),
        (Timing("at", "2027-03-28T02:30", zone="Europe/Oslo"), "Sun, 28 Mar 2027, 03:00 CEST, on the clock of Europe/Oslo", "skip 02:30 that night. It goes at 03:00"),
        (Timing("at", "2027-10-31T02:30", zone="Europe/Oslo"), "Sun, 31 Oct 2027, 02:30 CEST, on the clock of Europe/Oslo", "show 02:30 twice that night. It goes the first time"),
        (Timing("at", "2026-11-26T09:00", zone="Europe/Oslo"), "Thu, 26 Nov 2026, 09:00 CET, on the clock of Europe/Oslo", "has passed"),
        (Timing("at", "2026-12-01T09:00", zone="Mars/Olympus"), "", "no time zone Mars/Olympus"),
        (Timing("at", "", zone="UTC"), "", "Choose a day"),
        (Timing("at", "T09:00", zone="UTC"), "", "Choose a day"),
        (Timing("at", "2026-12-01T09:00", zone="person"), "1 Dec 2026, 09:00 on the clock of each person: from 30 Nov 2026, 20:00 to 1 Dec 2026, 22:00 on yours", ""),
        (Timing("at", "2026-11-26T18:00", zone="person"), "26 Nov 2026, 18:00 on the clock of each person: from 26 Nov 2026, 05:00 to 27 Nov 2026, 07:00 on yours", "begun in the first zones"),
    ],
)  # fmt: skip
def test_a_moment_is_told_with_what_is_strange_about_it(timing, text, odd):
    said, strange = plans.resolved(EN, timing)
    assert said == text
    assert (odd in strange) if odd else strange == ""


@given(st.integers(0, 2_000_000), st.floats(0, 50), st.floats(1, 100), st.lists(st.floats(0, 100), min_size=1, max_size=8))
def test_a_split_accounts_for_everybody(people, holdout, share, weights):
    body = Campaign(variants=tuple(Variant(str(n), weight=w) for n, w in enumerate(weights)), experiment=Experiment(holdout=holdout, share=share))
    counts = [int(text.split(" ")[0].replace(",", "")) for _, _, text in plans.split(EN, body, people)]
    assert sum(counts) == people
    assert min(counts) >= 0


# ---- a dry run
def forecast(**more):
    def row(outcome, channel, code, planned, fact=None, until=None):
        return ForecastRow(outcome, channel, ReasonView(code, {}, f"{code} told.") if code else None, planned, until, fact)

    rows = [row("send", "email", "", 80, more.get("fact")), row("hold", "email", "quiet_hours", 15, until=AT + timedelta(hours=9)), row("skip", "email", "no_consent", 4), row("skip", "sms", "new_code", 1)]
    given_ = {"people": 100, "reached": 95, "units": 100, "rows": rows, "missing": {}, "everybody": False, **{k: v for k, v in more.items() if k != "fact"}}
    return ForecastView("f" * 32, "done", 100, 100, at=AT, **given_)


def test_a_dry_run_adds_up_in_sight_and_says_when_it_does_not():
    told = forecasts.told(EN, forecast())
    assert told.sum == "80 + 15 + 5 = 100. Nothing is unaccounted for." and told.holds
    assert told.lead == "95 of 100 people get it on at least one channel."
    assert [(one.key, one.n) for one in told.outcomes] == [("send", "80"), ("hold", "15"), ("skip", "5")]
    assert "by 22:00" in told.outcomes[1].note
    assert [(one.why, one.planned) for one in told.reasons] == [("Quiet hours of the person, until they end", "15"), ("Never agreed to this category", "4"), ("new_code told", "1")]
    assert [(one.channel, one.planned) for one in told.channels] == [("email", "99"), ("sms", "1")]
    off = forecasts.told(EN, forecast(units=101))
    assert not off.holds and "101 were looked at" in off.sum


@pytest.mark.parametrize(
    ("more", "must"), [({}, ""), ({"everybody": True}, "100"), ({"people": 10_000}, ""), ({"people": 10_001}, "10001"), ({"people": 0, "everybody": True}, "")]
)
def test_everybody_and_more_than_ten_thousand_have_to_be_typed(more, must):
    assert forecasts.must_of(forecast(**more)) == must


def test_checks_name_what_blocks_first_and_where_it_is_put_right():
    problems = [ProblemView("delivery", "Late.", False), ProblemView("audience", "Nobody.", True)]
    rows = forecasts.checks(EN, problems, forecast(missing={"first_name": 12}))
    assert [(row.hue, row.step) for row in rows] == [("failed", 2), ("held", 3), ("held", 1)]
    assert rows[2].title == "first_name is missing for 12 people"
    assert forecasts.checks(DE, [], forecast())[-1].title == "Nichts hindert sie am Beginn"


def test_the_fact_stands_beside_the_plan_with_what_differs():
    told = forecasts.told(EN, forecast(fact=77))
    assert next((one.planned, one.fact, one.gap) for one in told.reasons) == ("80", "77", "−3")
    rows = [DifferenceRow("email", "send", "skip:no_consent", ReasonView("no_consent", {}, ""), 3, AT, AT + timedelta(minutes=2))]
    (row,) = forecasts.differs(EN, rows)
    assert (row.foreseen, row.fact, row.n) == ("Sent on time", "Not sent: Never agreed to this category", "3")
    assert row.time == "26 Nov 2026, 13:00:00 CET to 26 Nov 2026, 13:02:00 CET"


def test_texts_cost_what_they_cost_or_nobody_has_said():
    assert forecasts.cost_words(EN, forecast()) == ""
    assert "no provider has a price" in forecasts.cost_words(EN, forecast(segments=3))
    assert forecasts.cost_words(EN, forecast(segments=1_200, cost={"least": 12.5, "most": 14.04})) == "Costs between 12.50 and 14.04: 1,200 text messages"


# ---- its state in a sentence
def view(state, run=None, **more):
    draft = Campaign(timing=Timing(kind="recurring", cron="0 9 * * 1")) if state == "scheduled" else Campaign()
    return CampaignView("sale", "Sale", state, draft, 1, 1, [], [], AT, AT, "mo", run=run, **more)


def run(state="running", **more):
    return RunView("a" * 32, "sale", 1, AT, state, **{"recipients": 100, "released": 62, "ledger": LedgerView(planned=100, sent=50, skipped=12, pending=38), "waves": [], **more})


def own_hours():
    draft = Campaign(timing=Timing("at", "2026-12-24T18:00", zone="person"))
    return CampaignView("sale", "Sale", "scheduled", draft, 1, 1, [], [], AT, AT, "mo", next_at=datetime(2026, 12, 24, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (view("draft"), "It is a draft. Nothing has gone out."),
        (view("review", submitted_by="mo"), "mo asked for approval. It starts once somebody else has said yes."),
        (view("running", run(rate=12.4, ends_at=AT + timedelta(minutes=6))), "62 of 100 people are worked through, 12 a second. The rest will have gone by 13:06."),
        (view("running", run("preparing")), "Its people are being put together."),
        (view("running", run("testing")), "The test is out: 62 of 100 people. The rest waits for a winner."),
        (view("paused", run("paused")), "Paused. 62 of 100 people are worked through; nobody else is told until it goes on."),
        (view("cancelled"), "It was cancelled before anything went out."),
        (view("cancelled", run("cancelled")), "It was cancelled. 62 of 100 people had been worked through; the others get nothing."),
        (view("running", run("failed", detail="Its template is gone.")), "It did not go on: Its template is gone."),
        (view("scheduled", run("finished"), next_at=AT + timedelta(days=1)), "It goes again Fri 13:00."),
        (own_hours(), "It goes Thu 24 Dec 2026, 18:00, local; the first zone has that hour at 24 Dec 2026, 05:00 on your clock."),
        (view("finished", run("finished", released=100, ended_at=AT)), "It was finished 13:00: 100 people worked through, 50 messages sent, 12 not sent."),
    ],
)  # fmt: skip
def test_a_state_is_a_sentence_with_its_numbers(seen, said):
    assert words.sentence(EN, seen) == said


# ---- the calendar
def test_a_day_is_that_of_the_reader_and_what_does_not_fit_is_counted():
    entries = [CalendarEntry(f"c{n}", f"C{n}", "campaign", datetime(2026, 11, 26, 23, 30, tzinfo=UTC) + timedelta(minutes=n), "scheduled", 5) for n in range(6)]
    cells = {cell.date: cell for cell in cells_of(EN, entries, date(2026, 10, 26), date(2026, 12, 7), date(2026, 11, 1), date(2026, 11, 26), 4)}
    assert [one.time for one in cells["2026-11-27"].goes] == ["00:30", "00:31", "00:32", "00:33"] and cells["2026-11-27"].more == "and 2 more"
    assert cells["2026-11-26"].today and not cells["2026-11-26"].goes
    assert cells["2026-10-31"].out and not cells["2026-11-01"].out and len(cells) == 42


@pytest.mark.parametrize(("text", "first"), [("2026-02", date(2026, 2, 1)), ("", date(2026, 11, 1)), ("0001-01", date(2020, 1, 1)), ("9999-99", date(2026, 11, 1)), ("x" * 7, date(2026, 11, 1))])
def test_a_month_of_the_address_is_one_or_this_one(text, first):
    assert month_of(text, date(2026, 11, 26)) == first
    assert following(date(2026, 12, 1)) == date(2027, 1, 1)


def test_the_messages_of_a_campaign_have_the_names_of_their_templates():
    body = Campaign(variants=(Variant("A", "weekly_offer", 50), Variant("Warm", "offer/2", 30), Variant("C", "", 20)))
    rows = words.messages(DE, body, {"template weekly_offer": "Angebot der Woche"})
    assert [(row.letter, row.name, row.title, row.href, row.share) for row in rows] == [
        ("A", "", "Angebot der Woche", "/templates/weekly_offer", "50 %"), ("B", "Warm", "offer/2", "/templates/offer%2F2", "30 %"), ("C", "", "Keine Vorlage gewählt", "", "20 %"),
    ]  # fmt: skip
    (alone,) = words.messages(EN, Campaign(variants=(Variant("A", "weekly_offer"),)), {})
    assert (alone.letter, alone.name, alone.share) == ("", "", "")
