"""The house the portal's tests stand in: facade, providers and line on embedded engines, one account of each role, a clock of our own."""

from pathlib import Path

from backend.app.views import GroupIn, PersonIn, PreferencesIn, QuietHoursIn
from backend.clock import HeldClock
from backend.security.roles import ROLES, SYSTEM, Actor
from backend.settings import load
from carillon.house import House

NOW = 1_790_000_000.0  # seconds; a Monday, 14:13 UTC
PASSWORD = "a long test password"


async def open_house(home: Path, base: str) -> tuple[House, HeldClock]:
    """A started house at `base`; stop it at the end. People beside the accounts: see `_people`."""
    clock = HeldClock(NOW)
    settings = load({"CARILLON_HOME": str(home), "CARILLON_BASE_URL": base, "CARILLON_SECRET_KEY": "30" * 64, "DEMO": "0"})
    house = House(settings, clock)
    await house.start()
    app = house.app
    for role in ROLES:
        await app.accounts.create(SYSTEM, role, PASSWORD, role, f"{role.title()} Person", timezone="Europe/Oslo")
    await app.accounts.create(SYSTEM, "doris", PASSWORD, "marketer", "Doris Beispiel", timezone="Europe/Berlin", locale="de-AT")
    await _people(house)
    return house, clock


async def _people(house: House) -> None:
    """mia: e-mail and number, quiet at night; tom: the inbox alone; both in the group club. ola and una: e-mail, ola a number too."""
    app = house.app
    await app.people.put(SYSTEM, "mia", PersonIn(name="Mia Berg", email="mia@example.com", phone="+14155552671", timezone="Europe/Oslo"))
    night = PreferencesIn(quiet_hours=[QuietHoursIn(start="22:00", end="07:00")])
    await app.preferences.put(SYSTEM, "mia", night)
    await app.people.put(SYSTEM, "tom", PersonIn(name="Tom Moss"))
    await app.people.put(SYSTEM, "ola", PersonIn(name="Ola Lind", email="ola@example.com", phone="+14155552672"))
    await app.people.put(SYSTEM, "una", PersonIn(name="Una Vik", email="una@example.com"))
    await app.people.put(SYSTEM, "member", PersonIn(email="member@example.com"))
    await app.groups.put(SYSTEM, "club", GroupIn(name="The club", members=["mia", "tom"]))


def member(house: House, user_id: str) -> Actor:
    """A program that may read the inbox of this person."""
    return Actor(space=1, subject=user_id, role="member", scopes=("notifications:read:any",))
