"""Settings of a space: who its messages come from, how they look, and what its people want unless they say otherwise."""

import msgspec

from backend.domain.person import Wishes


class Sender(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who a message comes from: `address` of e-mail, `name` shown; postal address for marketing mail."""

    address: str = "notifications@example.com"
    name: str = "Carillon"
    reply_to: str = ""
    postal: str = ""


class Brand(msgspec.Struct, frozen=True, omit_defaults=True):
    """What templates see as `brand`. `color` is a CSS colour."""

    name: str = "Carillon"
    color: str = "#0f6b68"
    logo: str = ""
    address: str = ""


class SpaceSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The JSON of `spaces.settings`."""

    sender: Sender = Sender()
    brand: Brand = Brand()
    wishes: Wishes = Wishes()
