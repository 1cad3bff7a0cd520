"""Houses to walk through, and several tabs that walk through one at the same time."""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from portal import wiring
from portal.access import SESSION_COOKIE, home_of
from portal.routes import STRANGERS, routes
from portal.wiring import connect
from tests.portal.e2e.behind_links import HOSTED, invitation, leaves
from tests.portal.e2e.conftest import FLAGS, chromium_path
from tests.portal.e2e.full_house import fill
from tests.portal.e2e.walk import BUILD, LOOKS, Findings, Look, Walk
from tests.portal.house_stand import PASSWORD, open_house

CREWS = 3  # each with a tab of every role
STRANGERS_BY_BROWSER = {"stranger": "en-GB", "stranger-de": "de-AT"}  # pages before the door speak the browser's language


class Standing:
    """A house the portal shows for a while."""

    def __init__(self, name, server, house, clock):
        self.name, self.server, self.house, self.clock = name, server, house, clock
        self.began = time.monotonic()

    def session(self, login):
        self.server.loop.call_soon_threadsafe(self.clock.move, 61)  # sign-ins are limited by the minute
        return self.server.run(self.house.app.accounts.sign_in(login, PASSWORD)).token


@contextlib.contextmanager
def open_standing(name: str, server, home: Path) -> Iterator[Standing]:
    """A house in place of the server's own: "empty", or "full" of everything."""

    async def begin():
        house, clock = await open_house(home, server.base)
        if name == "full":
            await fill(house)
        return house, clock

    house, clock = server.run(begin(), 300)
    before = wiring._live
    connect(house.app)
    yield Standing(name, server, house, clock)
    connect(before)
    server.run(house.stop(), 60)


def walk_through(
    standing: Standing, axe: str, logins: Sequence[str], looks: Sequence[Look] = LOOKS, *, only: Sequence[str] = (), deep: bool = True
) -> Findings:
    """Every page as every one of them, the administrator first, then those of strangers. `only`: these pages alone, and none of strangers.
    `deep`: dialogs, menus, tabs and folds too."""
    sessions = {login: standing.session(login) for login in logins}
    found = Findings()
    mine = only or [route for route in chosen("ROUTE", routes()) if route not in STRANGERS]
    strangers = [] if only else chosen("ROLE", [*STRANGERS_BY_BROWSER])
    try:
        asyncio.run(_walk(standing, axe, {**sessions, **dict.fromkeys(strangers, "")}, mine, found, looks, deep))
    finally:
        told(standing, found)
    return found


async def _walk(
    standing: Standing, axe: str, sessions: dict[str, str], mine: Sequence[str], found: Findings, looks: Sequence[Look], deep: bool
) -> None:
    plain, variable = [route for route in mine if "[" not in route], [route for route in mine if "[" in route]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        crews = [[await _tab(browser, standing, axe, who, token, found, looks, deep) for who, token in sessions.items() if token] for _ in range(CREWS)]
        for waiting in (plain, variable):  # what is variable is a link of a page before
            await asyncio.gather(*[_work(crew, waiting) for crew in crews])
        for walk in crews[0] if deep else ():
            await walk.shell(home_of(walk.role))
        for who in (who for who, token in sessions.items() if not token):
            await _walk_strangers(await _tab(browser, standing, axe, who, "", found, looks, deep), standing)
        await browser.close()


async def _walk_strangers(stranger: Walk, standing: Standing) -> None:
    """What nobody needs to sign in for: the portal's own pages, an invitation that is good, and the pages behind links in messages.

    These last come from the house the server began with: only the portal is told of another.
    """
    for route in chosen("ROUTE", STRANGERS):
        await stranger.visit(route)
        if route == "/invite":
            await stranger.visit(route, standing.server.run(invitation(standing.house)), "invite-good")
    for leaf in standing.server.run(leaves(standing.server.house), 60) if chosen("ROUTE", HOSTED) else ():
        if leaf.kind in chosen("ROUTE", HOSTED):
            await stranger.leaf(leaf)


async def _work(crew: list[Walk], waiting: list[str]) -> None:
    while waiting:
        route = waiting.pop(0)
        for walk in crew:
            await walk.visit(route)


async def _tab(
    browser: Browser, standing: Standing, axe: str, who: str, token: str, found: Findings, looks: Sequence[Look], deep: bool
) -> Walk:
    base = standing.server.base
    context = await browser.new_context(base_url=base, locale=STRANGERS_BY_BROWSER.get(who, "en-GB"), reduced_motion="reduce")
    if token:
        await context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": base}])
    walk = Walk(context, standing.name, who, found, looks, deep=deep)
    await walk.open(axe, base)
    return walk


def chosen(kind: str, every: Sequence[str]) -> list[str]:
    """Those of them an environment variable of this name asks for, separated by commas; without it all."""
    asked = chosen_words(kind)
    return [one for one in every if not asked or one in asked]


def chosen_words(kind: str) -> list[str]:
    """What the variable says."""
    return [one for one in os.environ.get(kind, "").split(",") if one]


def chosen_looks() -> list[Look]:
    """All, or those that LOOK asks for: LOOK=1440-light,390-dark."""
    return [look for look in LOOKS if f"{look[0]}-{look[1]}" in chosen("LOOK", [f"{width}-{mode}" for width, mode in LOOKS])]


def told(standing: Standing, found: Findings) -> None:
    """What was walked, in a table for people."""
    lines = [f"# {standing.name.title()} house: {found.looks} looks, {found.pictures} judged and pictured, {time.monotonic() - standing.began:.0f} s", ""]
    lines += ["Seconds spent on: " + ", ".join(f"{kind} {s:.0f}" for kind, s in sorted(found.spent.items(), key=lambda one: -one[1])), ""]
    lines += ["| role | pages seen | closed to it |", "|---|---|---|"]
    lines += [f"| {role} | {len(seen)} | {len(found.closed[role])} |" for role, seen in found.seen.items()]
    lines += ["", *[f"* {where}: {'; '.join(what)}" for where, what in found.faults.items()], ""]
    part = "-".join(one.strip("/").replace("/", "-") for kind in ("ROLE", "ROUTE", "LOOK") for one in chosen_words(kind))
    (BUILD / f"walked-{standing.name}{part and '-'}{part[:80]}.md").write_text("\n".join(lines))
