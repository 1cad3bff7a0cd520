"""The ids that every record asks for are written out, and are the same as `make_id` makes."""

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.ids import born_of, delivery_id, make_id, notification_id, person_bytes

made = st.builds(make_id, st.integers(0, 2**48 - 1), st.binary(max_size=40))
person = st.integers(0, 2**63 - 1)


@given(made, person)
def test_a_notification_of_an_event_and_a_person(event, who):
    assert notification_id(event, who) == make_id(born_of(event), event, person_bytes(who))


@given(made, person, st.integers(0, 255), st.binary(max_size=40))
def test_a_delivery_of_a_notification_to_an_address(notification, who, channel, address):
    assert delivery_id(notification, who, channel, address) == make_id(born_of(notification), notification, person_bytes(who), bytes((channel,)), address)


def test_they_stay_what_they_are():
    """Rows of years are found by them."""
    event = make_id(1_795_608_000_000, b"event")
    notification = notification_id(event, 7)
    assert event.hex() == "01a21293b600d196ef999498ae1e2302"
    assert notification.hex() == "01a21293b6007c43df489c3700000c9d"
    assert delivery_id(notification, 7, 2, b"mail").hex() == "01a21293b6005a6a3cb125d0c1139101"
