"""Pages people reach by a link from a message or from an invitation, without signing in: their addresses, and what is pressed on them."""

from dataclasses import dataclass

from backend.app.views import PreferencesIn
from backend.domain.event import EventIn, To
from backend.security.links import Link
from backend.security.roles import SYSTEM
from carillon.house import House

HOSTED = ("/u", "/y", "/p")
READERS = (("mia", "en"), ("doris", "de"))
LONG = "A-very-long-word-without-any-place-to-break-it-that-somebody-typed-into-the-title-of-a-notification"
LEAVING = (  # each leads on to the next
    "form:has([name=List-Unsubscribe]) button",
    "form:has([value=undo]) button",
    "form:has([value=fewer]) button",
    "form:has([value=restore]) button",
    "form:has([value=all]) button",
    "form:has([value=restore]) button",
)
CHOOSING = ("input[name=cell]:not(:disabled)", ".save button", "form:has([name=back]) button")


@dataclass(frozen=True)
class Leaf:
    """`presses`: selectors, in their order; the page is judged before and after each. `status`: what the server answers first."""

    name: str
    path: str
    presses: tuple[str, ...] = ()
    status: int = 200

    @property
    def kind(self) -> str:
        return self.path[:2]


async def leaves(house: House) -> list[Leaf]:
    """The pages behind links of two people, who read English and German, in every state their buttons lead to."""
    app, found = house.app, []
    for user, language in READERS:
        await app.preferences.put(SYSTEM, user, PreferencesIn(consents={"marketing": True}), evidence="asked on a walk")
        for category, title in (("orders", LONG), ("security", "<b>Somebody</b> signed in")):
            item = EventIn(type="walked", category=category, to=To(user=user), title=title, channels=["web"])
            (answer,) = await app.events.accept(SYSTEM, [item])
            await house.settle()
            (delivery,) = (await app.deliveries.list(SYSTEM, event=answer.id.hex())).items
            why = app.signed.make("y", Link(1, bytes.fromhex(delivery.id)))
            leave, choose = await app.hosted.ways_on(why)
            found.append(Leaf(f"y-{category}-{language}", f"/y/{why}"))
            if leave:
                found.append(Leaf(f"u-{category}-{language}", f"/u/{leave}", LEAVING if language == "en" else LEAVING[:4]))
        found.append(Leaf(f"p-{language}", f"/p/{choose}", CHOOSING))
    return [*found, *[Leaf(f"{page[1:]}-broken", f"{page}/broken-in-two", status=404) for page in HOSTED]]


async def invitation(house: House) -> str:
    """The address of an invitation that is still good."""
    made = await house.app.invitations.create(SYSTEM, "marketer", "A " + "name-without-any-place-to-break-it-" * 3)
    return "/invite?" + made.url.partition("/invite?")[2]
