"""Every route of the application's own table, for every role, in an empty and in a full house, light and dark, wide and narrow.

The administrator sees each page in all four ways, every other role in both modes and both sizes once each; `make walk EVERY=1` shows
all roles everything. Pictures of what was judged are under build/portal.
"""

import os
import time

import pytest

from backend.security.roles import ROLES
from portal import wiring
from portal.access import SESSION_COOKIE, home_of
from portal.routes import STRANGERS, routes
from portal.wiring import connect
from tests.portal.e2e.full_house import fill
from tests.portal.e2e.walk import BUILD, EVERY, Walk
from tests.portal.house_stand import PASSWORD, open_house

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
PARTS = 4  # of the routes, so that what takes long says where
HALVES = {"marketer": EVERY[::3], "analyst": EVERY[1:3], "operator": EVERY[::3], "member": EVERY[1:3]}


class Standing:
    """A house the portal shows for a while. `named` keeps what stands for the variable parts of addresses."""

    def __init__(self, name, server, house, clock):
        self.name, self.server, self.house, self.clock, self.named = name, server, house, clock, {}

    def session(self, role):
        self.server.loop.call_soon_threadsafe(self.clock.move, 61)  # sign-ins are limited by the minute
        return self.server.run(self.house.app.accounts.sign_in(role, PASSWORD)).token


@pytest.fixture(scope="module", params=["empty", "full"])
def standing(request, server, tmp_path_factory):
    async def begin():
        house, clock = await open_house(tmp_path_factory.mktemp(request.param), server.base)
        if request.param == "full":
            await fill(house)
        return house, clock

    house, clock = server.run(begin(), 300)
    before = wiring._live
    connect(house.app)
    yield Standing(request.param, server, house, clock)
    connect(before)
    server.run(house.stop(), 60)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_every_role(standing, chromium, axe, role, part):
    mine = [route for route in routes() if route not in STRANGERS][part::PARTS]
    began = time.monotonic()
    context = chromium.new_context(base_url=standing.server.base, locale="en-GB")
    context.add_cookies([{"name": SESSION_COOKIE, "value": standing.session(role), "url": standing.server.base}])
    sights = EVERY if role == "admin" or os.environ.get("EVERY") else HALVES[role]
    if standing.name == "empty" and role != "admin" and not os.environ.get("EVERY"):
        sights = sights[:1] if role in ("analyst", "operator") else sights[1:]  # with nothing on them pages differ by role in what is absent
    walk = Walk(context, axe, standing.name, role, sights)
    for route in mine:
        walk.visit(route, standing.named)
    if role == "admin" and part == 0:
        walk.page.goto(home_of(role))
        walk.shell()
    context.close()
    assert set(walk.seen) | set(walk.closed) == set(mine)
    with (BUILD / "walked.txt").open("a") as told:
        told.write(f"{walk.name} {part + 1} of {PARTS}: {len(walk.seen)} pages, {len(walk.closed)} closed, {walk.looks} looks, {time.monotonic() - began:.0f} s\n")
    assert walk.faults == {}


def test_pages_for_strangers(standing, chromium, axe):
    context = chromium.new_context(base_url=standing.server.base, locale="en-GB")
    walk = Walk(context, axe, standing.name, "stranger")
    for route in STRANGERS:
        walk.visit(route, {route: route})
    context.close()
    assert set(walk.seen) == set(STRANGERS)
    assert walk.faults == {}
