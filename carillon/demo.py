"""The demo's people: twelve fictional ones, a group, two published templates, so that there is somebody to tell from the first minute.

Their addresses are reserved ones (example.com of RFC 2606, telephone numbers kept for fiction) and they are marked, so that what
is sent to them is captured whatever providers are configured.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.erasure import erase
from backend.app.views import AddressIn, GroupIn, PersonIn, PreferencesIn, QuietHoursIn, TemplateIn
from backend.domain.errors import NotFound
from backend.domain.template import Action, Content, EmailContent, PushContent, SmsContent, WebContent
from backend.security.roles import SYSTEM, Actor
from backend.store import groups, marks, persons
from backend.store.port import Tx

MARK = "demo"  # "on" or "off": what was done last
GROUP = "customers"
BY = Actor(MAIN, SYSTEM.subject, SYSTEM.role, name="Demo", via="line")
NIGHT = ("22:00", "08:00")
ZONES = (
    "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "Pacific/Honolulu", "America/Los_Angeles",
    "America/New_York", "America/Sao_Paulo",
)  # fmt: skip


class Someone(msgspec.Struct, frozen=True):
    """A person of the demo. `zone` "night": one where it is late in the evening when the demo starts."""

    user: str
    name: str
    zone: str
    locale: str = "en"
    phone: bool = True
    device: bool = True
    wishes: PreferencesIn | None = None


QUIET = PreferencesIn(quiet_hours=[QuietHoursIn(*NIGHT)])
PEOPLE = (
    Someone("mia", "Mia Lindner", "Europe/Berlin", "de-DE"),
    Someone("ravi", "Ravi Menon", "Asia/Kolkata", wishes=PreferencesIn(consents={"marketing": True, "product": True})),
    Someone("noor", "Noor Haddad", "night", wishes=QUIET),
    Someone("sofia", "Sofia Duarte", "America/Sao_Paulo", wishes=PreferencesIn(matrix={"orders": {"sms": False}})),
    Someone("kenji", "Kenji Mori", "Asia/Tokyo", phone=False),
    Someone("amara", "Amara Okafor", "Africa/Lagos", device=False),
    Someone("lucas", "Lucas Berg", "Europe/Oslo", wishes=PreferencesIn(channels={"email": False})),
    Someone("zoe", "Zoe Carter", "America/New_York", wishes=PreferencesIn(consents={"product": True})),
    Someone("jonas", "Jonas Weiss", "Europe/Vienna", "de-AT", wishes=QUIET),
    Someone("aroha", "Aroha Ngata", "Pacific/Auckland"),
    Someone("diego", "Diego Ramos", "America/Los_Angeles", wishes=PreferencesIn(categories={"chat": False})),
    Someone("emma", "Emma Dubois", "Europe/Paris", phone=False, device=False),
)

_FRAME = """<!doctype html><html lang="{{ user.locale|default('en') }}"><head><meta charset="utf-8"><title>%s</title></head>
<body style="margin:0;background:#f4f5f7;font-family:system-ui,sans-serif;color:#1c2024"><table role="presentation" width="100%%"><tbody><tr>
<td align="center" style="padding:24px"><table role="presentation" width="100%%" style="max-width:600px;background:#fff;border-radius:12px"><tbody><tr>
<td style="padding:32px">%s</td></tr></tbody></table></td></tr></tbody></table></body></html>"""
_BUTTON = (
    '<p><a href="{{ data.link }}" style="background:#4f46e5;color:#fff;padding:12px 22px;border-radius:8px;text-decoration:none">%s</a></p>'
)

SHIPPED = Content(
    email=EmailContent(
        "Your order {{ data.order }} is on its way",
        _FRAME % (
            "Your order is on its way",
            "<h1>On its way</h1><p>Hello {{ user.name }}, your order {{ data.order }} left our house and arrives on {{ data.arrives }}.</p>"
            + _BUTTON % "Follow your parcel",
        ),
        "It arrives on {{ data.arrives }}.",
    ),
    push=PushContent("Your order is on its way", "{{ data.order }} arrives on {{ data.arrives }}.", "", "{{ data.link }}"),
    sms=SmsContent("Your order {{ data.order }} is on its way and arrives on {{ data.arrives }}."),
    web=WebContent(
        "Your order is on its way", "{{ data.order }} arrives on {{ data.arrives }}.", "", "{{ data.link }}",
        (Action("follow", "Follow your parcel", "{{ data.link }}"),),
    ),
    locales={
        "de": Content(
            email=EmailContent(
                "Ihre Bestellung {{ data.order }} ist unterwegs",
                _FRAME % (
                    "Ihre Bestellung ist unterwegs",
                    "<h1>Unterwegs</h1><p>Guten Tag {{ user.name }}, Ihre Bestellung {{ data.order }} ist unterwegs und kommt am "
                    "{{ data.arrives }} an.</p>" + _BUTTON % "Sendung verfolgen",
                ),
                "Sie kommt am {{ data.arrives }} an.",
            ),
            push=PushContent("Ihre Bestellung ist unterwegs", "{{ data.order }} kommt am {{ data.arrives }} an.", "", "{{ data.link }}"),
            sms=SmsContent("Ihre Bestellung {{ data.order }} ist unterwegs und kommt am {{ data.arrives }} an."),
            web=WebContent("Ihre Bestellung ist unterwegs", "{{ data.order }} kommt am {{ data.arrives }} an.", "", "{{ data.link }}"),
        )
    },
)  # fmt: skip
CHANGED = Content(
    email=EmailContent(
        "Your password was changed",
        _FRAME % (
            "Your password was changed",
            "<h1>Your password was changed</h1><p>Hello {{ user.name }}, the password of your account was changed from {{ data.place }}. "
            "Was it not you? Then set a new one now.</p>" + _BUTTON % "It was not me",
        ),
        "Was it not you? Then set a new one now.",
    ),
    push=PushContent("Your password was changed", "From {{ data.place }}. Was it not you? Then set a new one now.", "", "{{ data.link }}"),
    sms=SmsContent("Your password was changed from {{ data.place }}. Was it not you? Set a new one now: {{ data.link }}"),
    web=WebContent("Your password was changed", "From {{ data.place }}. Was it not you? Then set a new one now.", "", "{{ data.link }}"),
)  # fmt: skip
TEMPLATES = (
    ("order_shipped", "Order shipped", SHIPPED, {"order": "A-1042", "arrives": "Friday", "link": "https://shop.example.com/orders/A-1042"}),
    ("password_changed", "Password changed", CHANGED, {"place": "Lisbon", "link": "https://shop.example.com/account/password"}),
)


async def first(app: App) -> None:
    """Seed an installation whose settings ask for the demo, once: who stopped it does not get it back by a restart."""
    if app.settings.demo and await app.store.read(lambda tx: marks.get(tx, MARK)) is None:
        await start(app)


async def start(app: App) -> int:
    """Make whoever and whatever is missing; how many people the demo has. What was changed meanwhile stays as it is."""
    for n, one in enumerate(PEOPLE):
        await _person(app, n, one)
    outside = await app.store.read(_outside)
    try:
        if outside:
            await app.groups.add_members(BY, GROUP, outside)
    except NotFound:
        await app.groups.put(BY, GROUP, GroupIn(name="Customers", members=outside))
    for key, name, content, samples in TEMPLATES:
        try:
            await app.templates.get(BY, key)
        except NotFound:
            await app.templates.put(BY, key, TemplateIn(content=content, name=name, samples=dict(samples)))
            await app.templates.publish(BY, key)
    await app.store.write(lambda tx: marks.put(tx, MARK, "on"))
    return len(PEOPLE)


async def stop(app: App) -> int:
    """Take the demo's people away with everything that tells of them; how many. Templates and sign-ins stay."""
    gone = 0
    for row in await app.store.read(lambda tx: persons.of_demo(tx, MAIN)):

        def write(tx: Tx, person: int = row.person) -> bool:
            found = persons.get(tx, MAIN, person, lock=True)
            if found is None or found.erased is not None:
                return False
            tombstone = erase(tx, found, app.clock.now())
            persons.remove_erased(tx, MAIN, person)  # nobody lived: their ids may be used again
            app.people.note(tx, BY, "user.erase", f"user:{tombstone}", demo=True)
            return True

        gone += await app.people.changing(MAIN, [row.person], write)
    await app.store.write(lambda tx: marks.put(tx, MARK, "off"))
    return gone


def _outside(tx: Tx) -> list[str]:
    return [row.user_id for row in persons.of_demo(tx, MAIN) if GROUP not in groups.keys_of(tx, MAIN, row.person)]


async def _person(app: App, n: int, one: Someone) -> None:
    zone = _night_zone(app.clock.now()) if one.zone == "night" else one.zone

    def write(tx: Tx) -> bool:
        row = app.people.ensure(tx, MAIN, one.user, one.name, zone, one.locale, demo=True)
        return row.demo and row.revision == 1 and row.created == row.changed and not persons.addresses_of(tx, MAIN, row.person, row.created)

    if not await app.store.write(write):
        return  # a real person has this id, or somebody has worked with this one since
    phone = f"+1415555{100 + n:04d}" if one.phone else None
    await app.people.put(BY, one.user, PersonIn(name=one.name, email=f"{one.user}@example.com", phone=phone))
    if one.device:
        await app.people.put_address(BY, one.user, AddressIn("push", f"demo-device-{one.user}", "Phone"))
    if one.wishes is not None:
        await app.preferences.put(BY, one.user, one.wishes, evidence="demo")


def _night_zone(now: float) -> str:
    """The zone where the night has just begun, or begins next."""
    at = datetime.fromtimestamp(now, UTC)

    def since_ten(zone: str) -> float:
        there = at.astimezone(ZoneInfo(zone))
        return (there.hour + there.minute / 60 - 22) % 24

    return min(ZONES, key=since_ten)
