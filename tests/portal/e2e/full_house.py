"""A house with something of everything in it: the demo in its smallest size, and long and hostile texts through the line itself."""

from backend.app.views import AddressIn, GroupIn, PersonIn, TemplateIn
from backend.domain.event import EventIn, To
from backend.domain.template import Content, SmsContent, WebContent
from backend.security.roles import SYSTEM
from carillon import demo
from carillon.demo.life import Life
from carillon.demo.plot import TINY, Size
from carillon.house import House

LONG = "A-very-long-word-without-any-place-to-break-it-that-somebody-typed-into-the-title-of-a-notification"
HOSTILE = "<img src=x onerror=alert(1)> {{ 7*7 }} =1+1 \u05e9\u05dc\u05d5\u05dd " + LONG


async def inhabit(house: House, size: Size = TINY) -> None:
    """The demo's people, templates and history."""
    await demo.start(house.app)
    await Life(house.app, size).seed()


async def fill(house: House) -> None:
    """The demo, and what nobody would wish for beside it."""
    await inhabit(house)
    app = house.app
    await app.people.put(SYSTEM, "p-01", PersonIn(name=HOSTILE[:150], email="p1@example.com", phone="+14155552701", attributes={"plan": HOSTILE}))
    await app.people.put_address(SYSTEM, "p-01", AddressIn("push", "device-token"))
    await app.groups.put(SYSTEM, "everybody", GroupIn(HOSTILE[:100], members=["p-01", "mia", "admin"]))
    content = Content(sms=SmsContent("Hello"), web=WebContent(HOSTILE[:100].replace("{", "("), "Hello"))
    await app.templates.put(SYSTEM, "hostile", TemplateIn(content, name=HOSTILE[:100]))
    for n in range(21):
        user = ("admin", "marketer", "operator", "analyst", "member", "p-01", "ola")[n % 7]
        item = EventIn(
            type="order.shipped", category=("orders", "system", "security", "chat")[n % 4], to=To(user=user), id=f"full-{n}",
            title=HOSTILE[:200] if n % 5 == 0 else f"Your order A-{n} is on its way", message=f"{HOSTILE} and a text that goes on.",
        )  # fmt: skip
        await app.events.accept(SYSTEM, [item])
    await app.events.accept(SYSTEM, [EventIn(type="news", category="system", to=To(group="everybody"), title="To everybody")])
    await house.settle()
