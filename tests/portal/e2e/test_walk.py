"""The short form of `make walk`: every page of the application's own table once, on a phone in the dark, half of them as each of two roles."""

import pytest

from portal.routes import STRANGERS, routes
from tests.portal.e2e.walking import Standing, walk_through

pytestmark = pytest.mark.e2e


def test_every_page_fits_a_phone_and_has_no_grave_finding(server, axe):
    standing = Standing("short", server, server.house, server.clock)
    mine = [route for route in routes() if route not in STRANGERS]
    for role, half in (("operator", mine[::2]), ("marketer", mine[1::2])):
        found = walk_through(standing, axe, [role], [(390, "dark")], only=half, deep=False)
        assert {*found.seen[role], *found.closed[role]} == {*half}
        assert found.faults == {}
