"""Numbers and moments as people read them."""

import pytest

from portal.theme import clock, count, day, moment, zone

NIGHT = 1795298402.0  # 2026-11-21 22:00:02 UTC


def test_counts_group_by_language():
    assert (count(1204880), count(1204880, "de"), count(7)) == ("1,204,880", "1.204.880", "7")


def test_moments_are_in_the_readers_zone():
    assert clock(NIGHT, "Europe/Oslo") == "23:00:02"
    assert moment(NIGHT, "Asia/Tokyo") == "22 Nov 2026, 07:00:02 JST"
    assert day(NIGHT, "Europe/Berlin", "de") == "21. Nov. 2026"


@pytest.mark.parametrize("name", ["Nowhere/Atall", "../../etc/passwd", ""])
def test_a_zone_nobody_knows_is_utc(name):
    assert zone(name).key == "UTC"

