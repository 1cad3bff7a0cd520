"""A house with something of everything in it, through the line itself, long and hostile texts among it."""

from backend.app.views import AddressIn, GroupIn, PersonIn, TemplateIn
from backend.domain.event import EventIn, To
from backend.domain.template import Content, SmsContent, WebContent
from backend.security.roles import SYSTEM
from carillon.house import House

LONG = "A-very-long-word-without-any-place-to-break-it-that-somebody-typed-into-the-title-of-a-notification"
HOSTILE = "<img src=x onerror=alert(1)> {{ 7*7 }} =1+1 \u05e9\u05dc\u05d5\u05dd " + LONG
ZONES = ("Europe/Oslo", "Asia/Tokyo", "America/New_York", "Pacific/Chatham")


async def fill(house: House) -> None:
    """People, groups, templates and events of every category; what the line makes of them is there afterwards."""
    app = house.app
    for n in range(30):
        name = HOSTILE[:150] if n == 7 else f"Person Number {n}"
        some = PersonIn(name=name, email=f"p{n}@example.com", phone=f"+1415555{2700 + n}", timezone=ZONES[n % 4], attributes={"plan": "gold"})
        await app.people.put(SYSTEM, f"p-{n:02}", some)
    await app.people.put_address(SYSTEM, "p-01", AddressIn("push", "device-token"))
    await app.groups.put(SYSTEM, "everybody", GroupIn(HOSTILE[:100], members=[f"p-{n:02}" for n in range(30)]))
    for key, name in (("order-shipped", "Order shipped"), ("hostile", HOSTILE[:100])):
        content = Content(sms=SmsContent(f"{name[:40]}"), web=WebContent(name[:100], "{{ data.text | default('Hello') }}"))
        await app.templates.put(SYSTEM, key, TemplateIn(content, name=name))
    for n in range(60):
        user = ("admin", "marketer", "operator", "analyst", "member", "p-01", "p-02")[n % 7]
        item = EventIn(
            type="order.shipped", category=("orders", "system", "security", "chat")[n % 4], to=To(user=user), id=f"full-{n}",
            title=HOSTILE[:200] if n % 9 == 0 else f"Your order A-{n} is on its way", message=f"{HOSTILE} and a text that goes on.",
        )  # fmt: skip
        await app.events.accept(SYSTEM, [item])
    await app.events.accept(SYSTEM, [EventIn(type="news", category="system", to=To(group="everybody"), title="To everybody")])
    await house.settle()
