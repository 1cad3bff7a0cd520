"""Every reason can be read by staff and by the person, in both languages."""

import re
import string
from pathlib import Path

import pytest

from backend.domain import gates
from backend.domain.decision import Reason
from backend.domain.reasons import CODES, SENTENCES, sentence

PUBLISHED = (
    "erased expired superseded halted holdout suppressed no_consent law preference_off category_off locked no_address no_variant plan_later "
    "digest quiet_hours send_window cap lost_to lowered_priority breaker_open budget provider_refused retry_exhausted unsubscribed paused_by_person"
).split()
EIGHT = 1_795_680_000.0  # 2026-11-26T08:00:00Z


def test_the_published_codes_are_all_there():
    assert set(PUBLISHED) <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_four_sentences_that_differ_and_name_the_same_things_in_both_languages(code):
    s = SENTENCES[code]
    texts = (s.staff, s.person, s.staff_de, s.person_de)
    assert all(t.endswith(".") and len(t) > 20 for t in texts)
    assert len({s.staff, s.staff_de}) == len({s.person, s.person_de}) == 2
    names = [{name for _, name, _, _ in string.Formatter().parse(t) if name} for t in texts]
    assert names[0] == names[2]
    assert names[1] == names[3]


def test_the_gates_use_no_other_code():
    used = set(re.findall(r'Reason\("(\w+)"', Path(gates.__file__).read_text())) | {
        "category_off",
        "preference_off",
        "no_consent",
        "unsubscribed",
    }
    assert len(used) > 10
    assert used <= set(CODES)


def test_times_stand_in_the_readers_zone_and_language():
    reason = Reason("quiet_hours", {"zone": "Europe/Berlin", "start": "22:00", "end": "09:00", "from": "person", "until": EIGHT})
    assert sentence(reason, "staff", "en", "Europe/Berlin") == (
        "Quiet hours 22:00 to 09:00 (Europe/Berlin), set by the person; until 26 Nov 2026, 09:00 (Europe/Berlin)."
    )
    assert sentence(reason, "person", "de-AT") == "Sie haben Ruhezeit von 22:00 bis 09:00."
    assert "26.11.2026, 08:00 Uhr (UTC)" in sentence(reason, "staff", "de_DE")


def test_who_set_it_in_words():
    reason = Reason("preference_off", {"category": "orders", "channel": "web", "from": "group:team"})
    assert sentence(reason) == "The inbox is turned off for orders by group team."
    assert sentence(reason, "person") == "The inbox is turned off for orders by your group team."
    assert sentence(reason, "staff", "de") == "Der Posteingang ist für orders abgeschaltet durch die Gruppe team."


def test_a_pause_without_end():
    assert sentence(Reason("paused_by_person", {"until": 0.0}), "person") == "You paused notifications until further notice."


def test_what_is_put_in_stays_text():
    hostile = "{0.__class__} {until} %s <b>"
    assert hostile in sentence(Reason("suppressed", {"channel": "sms", "why": hostile}))


def test_a_missing_parameter_an_unknown_code_and_an_absurd_time_are_still_readable():
    assert sentence(Reason("suppressed")) == "The – address is suppressed: –."
    assert sentence(Reason("of_a_newer_version")) == "of_a_newer_version"
    assert "1e+300" in sentence(Reason("expired", {"at": 1e300}))
