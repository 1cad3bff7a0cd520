"""The demo's people are nobody: reserved addresses, numbers kept for fiction, zones that exist."""

from zoneinfo import available_timezones

import phonenumbers
import pytest

from carillon.demo.cast import PEOPLE, crowd, mail_of, phone_of

CROWD = list(enumerate(crowd(5_000)))


def test_addresses_are_reserved_ones():
    mails = [mail for _, one in CROWD if (mail := mail_of(one))] + [mail_of(one) for one in PEOPLE]
    assert len(mails) > 4_700
    assert {mail.rpartition("@")[2] for mail in mails} == {"example.com", "example.org"}
    assert all(mail.isascii() and mail == mail.lower() for mail in mails)


def test_telephone_numbers_are_those_kept_for_fiction():
    numbers = [number for n, one in CROWD if (number := phone_of(one, n))]
    assert len(numbers) > 2_500
    for number in numbers:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_possible_number(parsed)
        national = str(parsed.national_number)
        kept = {1: national[3:8] == "55501", 44: national.startswith("7700900"), 33: national.startswith("63998")}
        assert kept[parsed.country_code], number


def test_everybody_has_an_id_of_their_own_and_lives_somewhere():
    users = [one.user for _, one in CROWD] + [one.user for one in PEOPLE]
    assert len(set(users)) == len(users)
    assert {one.zone for _, one in CROWD} <= available_timezones()
    assert len({one.zone for _, one in CROWD}) > 15
    assert len({one.locale for _, one in CROWD}) > 15


@pytest.mark.parametrize("size", [0, 1, 60])
def test_a_smaller_crowd_is_the_beginning_of_the_larger(size):
    assert list(crowd(size)) == [one for _, one in CROWD[:size]]
