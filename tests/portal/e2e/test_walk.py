"""The short form of `make walk`: every fourth page of the application's own table, as an operator on a phone in the dark."""

import pytest

from portal.routes import STRANGERS, routes
from tests.portal.e2e.walking import Standing, walk_through

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]  # takes seconds; many times as long where much else runs


def test_some_pages_of_the_table_fit_a_phone_and_have_no_grave_finding(server, axe):
    standing = Standing("short", server, server.house, server.clock)
    mine = [route for route in routes() if route not in STRANGERS][::4]
    found = walk_through(standing, axe, ["operator"], [(390, "dark")], only=mine, deep=False)
    assert {*found.seen["operator"], *found.closed["operator"]} == {*mine}
    assert found.faults == {}
