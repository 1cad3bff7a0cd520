"""Places and addresses: letters lead to one place each, everybody behind the door is known from the table of routes."""

from portal.access import MAY
from portal.navigation import OWN, PLAN, groups, places
from portal.palette import address
from portal.routes import STRANGERS, behind_the_door, is_page, is_prerendered, routes
from portal.words import known

EVERY = [*(place for _, some in PLAN for place in some), *OWN]


def test_each_letter_and_address_is_of_one_place():
    for given in ([place.letter for place in EVERY if place.letter], [place.path for place in EVERY], [place.word for place in EVERY]):
        assert len(set(given)) == len(given)
    assert {place.permission for place in EVERY} <= MAY.keys()


def test_places_that_exist_have_words_and_the_others_are_not_shown():
    assert {place.path for place in places()} <= set(routes())
    assert all(known(f"nav.{place.word}") for place in places())
    assert all(known(f"group.{group}") for group, _ in groups() if group != "start")


def test_pages_for_strangers_are_before_the_door_and_all_others_behind_it():
    assert set(STRANGERS) <= set(routes())
    assert {route for route in routes() if not is_page(route.split("/[")[0])} == set(STRANGERS)
    assert is_page("/deliveries/ab12")
    assert not is_page("/deliveriesx")
    assert is_prerendered("/deliveries")
    assert not is_prerendered("/deliveries/ab12")
    assert "/deliveries" in behind_the_door()


def test_what_is_found_leads_to_its_page_or_to_a_list_of_it():
    assert address("delivery", "0a" * 16) == f"/deliveries/{'0a' * 16}"
    assert address("person", "a/b?c") in ("/people/a%2Fb%3Fc", "/deliveries?user=a%2Fb%3Fc")
