"""The demo: thousands of fictional people, thirty days of their history, and a gentle stream of events, all of it marked.

What is sent to them is captured whatever providers are configured, and all of it leaves again (`backend.app.demo`).
"""

import msgspec

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.demo import LEAVING, MADE, MARK, made_of, stage
from backend.app.first_start import kept_sign_ins
from backend.domain.errors import Refusal
from backend.store import accounts, groups, marks, persons
from backend.store.port import Tx
from carillon.demo.cast import GROUPS
from carillon.demo.people import seed_twelve
from carillon.demo.templates import TEMPLATES, seed_templates

AT_ONCE = ("order_shipped", "password_changed")  # templates that are there when the address is printed; the others follow


class StillLeaving(Refusal):
    """The demo is being taken away. Let that end first, with: carillon demo stop --remove."""

    status = 409


async def first(app: App) -> None:
    """Seed an installation whose settings ask for the demo, once: who stopped it does not get it back by a restart."""
    if app.settings.demo and await app.store.read(stage) == "never":
        await start(app)


async def start(app: App) -> int:
    """Make whoever and whatever is missing of what is needed at once; how many people that are. What was changed meanwhile stays.

    The crowd, its history and the stream of events come from `carillon.demo.life`, where the whole house runs.
    """
    if await app.store.read(lambda tx: marks.get(tx, LEAVING)) is not None:
        raise StillLeaving
    await _mark_own(app)
    there = await app.store.read(lambda tx: {key for key, _, _ in GROUPS if groups.get(tx, MAIN, key) is not None})
    many = await seed_twelve(app)
    await remember(app, await seed_templates(app, AT_ONCE), {key for key, _, _ in GROUPS} - there)
    await app.store.write(lambda tx: marks.put(tx, MARK, "on"))
    return many


async def seed_rest(app: App) -> None:
    """The other templates."""
    for one in TEMPLATES:
        if one.key not in AT_ONCE:
            await remember(app, await seed_templates(app, (one.key,)), set())


async def remember(app: App, templates: dict[str, int], made_groups: set[str]) -> None:
    """Note what was made, so that it can be taken away again where nobody changed it."""
    if not templates and not made_groups:
        return

    def write(tx: Tx) -> None:
        made = made_of(tx)
        made.templates |= templates
        made.groups |= dict.fromkeys(made_groups, 1)
        marks.put(tx, MADE, msgspec.json.encode(made).decode())

    await app.store.write(write)


async def _mark_own(app: App) -> None:
    """The people behind the demo's sign-ins are of the demo as well."""
    logins = [one.login for one in kept_sign_ins(app.settings.home)]

    def look(tx: Tx) -> list[int]:
        rows = [row for login in logins if (row := accounts.get(tx, MAIN, login)) is not None]
        people = [persons.get(tx, MAIN, row.person) for row in rows]
        return [one.person for one in people if one is not None and not one.demo and one.erased is None]

    found = await app.store.read(look)

    def write(tx: Tx) -> None:
        for person in found:
            row = persons.get(tx, MAIN, person, lock=True)
            if row is not None:
                row.demo, row.revision = True, row.revision + 1
                persons.put(tx, row)

    if found:
        await app.people.changing(MAIN, found, write)
