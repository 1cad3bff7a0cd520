"""Settings of a space: who its messages come from, how they look, and what its people want unless they say otherwise."""

import msgspec

from backend.domain.person import Wishes


class Sender(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who a message comes from: `address` of e-mail, `name` shown; postal address for marketing mail."""

    address: str = "notifications@example.com"
    name: str = "Carillon"
    reply_to: str = ""
    postal: str = "Carillon, 1 Example Street, Example Town"


class Brand(msgspec.Struct, frozen=True, omit_defaults=True):
    """What templates see as `brand`. `color` is a CSS colour."""

    name: str = "Carillon"
    color: str = "#0f6b68"
    logo: str = ""
    address: str = ""
    url: str = ""


class SpaceSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The JSON of `spaces.settings`, with the senders of the space as they are kept: the default one, and by category."""

    sender: Sender = Sender()
    senders: dict[str, Sender] = {}
    brand: Brand = Brand()
    wishes: Wishes = Wishes()
    test: bool = False  # everything is captured, whatever is configured

    def sender_of(self, category: str) -> Sender:
        """Who messages of a category come from."""
        return self.senders.get(category, self.sender)
