"""What is said about decisions and deliveries, in both languages."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from backend.app.views import DecisionView, DeliveryView, GateView, LedgerView, ReasonView, TimelineEntry, UnitView
from backend.domain.receipt import Kind
from portal.telling import Teller

AT = datetime(2026, 11, 22, 21, 4, 11, tzinfo=UTC)  # 22:04:11 in Oslo
MORNING = datetime(2026, 11, 23, 6, 0, 2, tzinfo=UTC)
QUIET = ReasonView("quiet_hours", {}, "Quiet hours 22:00 to 07:00.")
NOBODY = ReasonView("no_address", {}, "The person has no address on push.")


def teller(language="en"):
    return Teller(language, "Europe/Oslo", AT.timestamp())


def unit(channel, outcome, reasons=(), **more):
    return UnitView(channel, "", outcome, list(reasons), [], **more)


def delivery(state, **more):
    given = {"channel": "email", "address": "", "category": "orders", "priority": "high", "accepted_at": AT, "changed_at": MORNING} | more
    return DeliveryView(id="d", event="e", notification="n", user="mia", state=state, **given)


def test_a_check_answers_in_one_sentence_and_tells_the_rest():
    units = [unit("web", "send"), unit("email", "hold", [QUIET], until=MORNING), unit("push", "skip", [NOBODY])]
    assert teller().outlook("Mia", [DecisionView("mia", units)]) == (
        "Mia gets this in the app now.",
        "Email waits until 07:00: quiet hours. Mobile push is skipped: there is no address.",
    )
    assert teller("de").outlook("Mia", [DecisionView("mia", units[2:])])[0] == "Mia erhält davon jetzt nichts."


def test_many_people_are_a_sum_that_is_written_out():
    going, waiting, none = [unit("web", "send")], [unit("email", "hold", [QUIET], until=MORNING)], [unit("push", "skip", [NOBODY])]
    told = teller().outlook("The club", [DecisionView(str(n), units) for n, units in enumerate((going, going, waiting, none))])
    assert told == ("Of the first 4 people, 2 get this now.", "2 now + 1 later + 1 not at all = 4 people.")


def test_gates_after_the_one_that_stopped_are_not_reached():
    gates = [GateView("erased", "pass"), GateView("consent", "off"), GateView("suppression", "stop", NOBODY), GateView("quiet", "off")]
    assert [row.result for row in teller().gates(gates)] == ["pass", "na", "stop", "off"]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("pending", "The email is on its way since 07:00:02."),
        ("held", "The email waits until 07:00: quiet hours."),
        ("retrying", "The email failed and is tried again at 07:00."),
        ("unknown", "The email went out, and the provider did not answer. It is not sent twice; a report may still come."),
        ("sent", "The email was accepted by its provider at 07:00:02, 8 h 56 min after the event."),
        ("bounced", "The email came back at 07:00:02: the address does not take it."),
        ("superseded", "The email was not sent: a newer one took its place."),
        ("failed", "The email did not go out: quiet hours."),
    ],
)
def test_every_state_is_a_sentence_with_subject_time_and_cause(state, sentence):
    assert teller().verdict(delivery(state, reason=QUIET, until=MORNING))[0] == sentence


def test_what_waited_says_for_what():
    late = delivery("sent", trace=[GateView("quiet", "hold", QUIET)], timeline=[TimelineEntry(MORNING, "outcome", "250", state="sent")])
    assert teller().verdict(late)[0].endswith("8 h 56 min after the event, because of quiet hours.")
    assert teller("de").verdict(late)[0].endswith("8 h 56 min nach dem Ereignis, wegen der Ruhezeit.")


def test_a_ledger_shows_its_sum_and_whether_it_balances():
    rows, told, even = teller().sums(LedgerView(planned=4, sent=3, skipped=1))
    assert ([row.share for row in rows], told, even) == (["75.00%", "25.00%"], "3 sent + 1 skipped = 4 planned", True)
    assert teller().sums(LedgerView(planned=5, sent=3, skipped=1))[2] is False


def test_attempts_keep_the_words_of_the_provider():
    entries = [
        TimelineEntry(AT, "attempt", "attempt", provider="smtp", attempt=1),
        TimelineEntry(MORNING, "outcome", "451", state="retrying", provider="smtp", code="451", raw="4.3.0 try later", attempt=1),
        TimelineEntry(MORNING, "attempt", "attempt", provider="smtp", attempt=2),
    ]
    first, second = teller().attempts(delivery("sending", timeline=entries))
    assert (first.answer, first.raw, first.look) == ("451", "4.3.0 try later", "retrying")
    assert (second.answer, second.took) == ("waiting for the answer", "–")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if kind not in ("seen", "read")])  # an inbox tells of those in its own words
def test_every_report_has_its_words(kind, language):
    entry = TimelineEntry(AT, "receipt", kind, provider="mails", raw="250 OK")
    (row,) = teller(language).timeline(delivery("sent", timeline=[entry]))
    assert row.title and not row.title.startswith(("Report:", "Meldung:")) and "_" not in row.title
    assert (row.text, row.raw) == ("mails", "250 OK")
    assert row.look == {"b": "failed", "f": "failed"}.get(kind[0], row.look)
