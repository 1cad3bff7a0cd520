"""From a delivery to what a provider is given: the pinned version, the person's own words, links that work, headers of mail.

Compiled versions are kept (a version never changes); addresses and names are opened here and nowhere else on the line.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from backend.channels.base import Outgoing
from backend.domain.decision import Facts
from backend.domain.default_content import default_version
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, Delivery
from backend.domain.errors import TemplateMissing
from backend.domain.event import Body
from backend.domain.footer import with_postal
from backend.domain.person import Person, Profile
from backend.domain.render import Compiled, compile_version, render
from backend.domain.space import Sender, SpaceSettings
from backend.domain.template import Channel, EmailMessage, TemplateVersion
from backend.facts import FactsReader
from backend.security.links import Link, Links
from backend.security.sealing import Sealer
from backend.store import inbox, templates
from backend.store.port import Store
from workers.following import Following

KEPT = 1_500  # compiled versions; more than all channels together have in hand, so that what is needed is never the oldest
PUSH = CHANNEL_NUMBER["push"]
Key = tuple[int, str, int]
_version = msgspec.json.Decoder(TemplateVersion)
_body, _profile = msgspec.json.Decoder(Body), msgspec.json.Decoder(Profile)


class _Kept:
    """A compiled version, and which links it reads: making one costs as much as a tenth of a mail."""

    __slots__ = ("compiled", "links")

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.links = frozenset(name for row in compiled.pieces.values() for piece in row for name in piece.links)


class Rendering:
    """The renderer of the line."""

    def __init__(self, *, store: Store, facts: FactsReader, sealer: Sealer, base_url: str) -> None:
        self._store, self._facts, self._sealer, self._links, self._base = store, facts, sealer, Links(sealer), base_url
        self._following = Following(self._links, base_url)
        self._compiled: OrderedDict[Key, _Kept] = OrderedDict()
        self._default: _Kept | None = None
        self._settings: dict[int, SpaceSettings] = {}
        self._brands: dict[int, dict[Sender, dict[str, Any]]] = {}
        self._badges: dict[tuple[int, int], int] = {}  # of those who are told by push now: what is unread in their inbox

    async def prepare(self, deliveries: Sequence[Delivery]) -> None:
        """Load and compile the versions these need, and the settings of their spaces."""
        for space in {delivery.space for delivery in deliveries}:
            settings = await self._facts.settings_of(space)
            if settings is not self._settings.get(space):
                self._settings[space], self._brands[space] = settings, _brands(settings)
        if self._default is None:
            self._default = _Kept(await asyncio.to_thread(lambda: compile_version(default_version(), marks=True)))
        needed = {(d.space, d.template, d.version) for d in deliveries if d.version}
        for key in needed & self._compiled.keys():  # before anything makes room
            self._compiled.move_to_end(key)
        for key in needed - self._compiled.keys():
            row = await self._store.read(lambda tx, key=key: templates.version(tx, *key))  # type: ignore[misc]
            if row is not None:  # compiling takes milliseconds
                self._compiled[key] = _Kept(await asyncio.to_thread(compile_version, _version.decode(row.content), marks=True))
        while len(self._compiled) > KEPT:
            self._compiled.popitem(last=False)
        pushed = {(d.space, d.person) for d in deliveries if d.channel == PUSH}
        if pushed:
            if len(self._badges) > KEPT:
                self._badges.clear()
            self._badges.update(await self._store.read(lambda tx: inbox.unread(tx, pushed)))

    def outgoing(self, delivery: Delivery, facts: Facts, *, leaves: bool = False) -> Outgoing:
        """Everything the attempt needs. `leaves`: it is not captured. Raises `DataMissing`, `TemplateMissing`, `PostalMissing` and the bounds of rendering, all before anything is sent."""
        person, sender = facts.person, self._settings[delivery.space].sender_of(delivery.category)
        channel = cast("Channel", CHANNEL_NAME[delivery.channel])
        address = self._address(delivery, person)
        kept = self._version(delivery)
        links = self._links_of(delivery, facts, kept.links)
        context = self._context(delivery, facts, links, address, self._brands[delivery.space][sender])
        follow = self._following.of(delivery, facts, test=self._settings[delivery.space].test, leaves=leaves) if channel == "email" else None
        message = render(kept.compiled, channel, context, person.locale, follow)
        if isinstance(message, EmailMessage) and facts.category.kind == "marketing":
            message = with_postal(message, sender.postal)
        headers = _headers(links, facts, delivery.space, sender) if isinstance(message, EmailMessage) else {}
        return Outgoing(
            delivery=delivery.id, space=delivery.space, person=delivery.person, channel=channel, attempt=delivery.attempt, address=address,
            message=message, sender=sender, priority=delivery.priority, collapse=delivery.collapse, expires=delivery.expires,
            headers=headers, category=delivery.category, generation=delivery.generation,
            badge=self._badges.get((delivery.space, delivery.person), 0) if delivery.channel == PUSH else None,
        )  # fmt: skip

    def _version(self, delivery: Delivery) -> "_Kept":
        if not delivery.version:
            assert self._default is not None
            return self._default
        key = (delivery.space, delivery.template, delivery.version)
        found = self._compiled.get(key)
        if found is None:
            raise TemplateMissing(
                f"Version {delivery.version} of the template {delivery.template!r} is not there any more. Send the event again with a published one."
            )
        self._compiled.move_to_end(key)
        return found

    def _address(self, delivery: Delivery, person: Person) -> str:
        for address in person.addresses:
            if address.channel == delivery.channel and address.hash == delivery.address:
                return self._sealer.unseal("address", address.sealed).decode()
        return ""  # web: its address is the person

    def _links_of(self, delivery: Delivery, facts: Facts, used: frozenset[str]) -> dict[str, str]:
        """Links that the template reads, and the one that the headers of mail need."""
        links = {}
        if "why" in used:
            links["why"] = f"{self._base}/y/{self._links.make('y', Link(delivery.space, delivery.id))}"
        if "preferences" in used:
            links["preferences"] = f"{self._base}/p/{self._links.make('p', Link(delivery.space, person=delivery.person))}"
        if facts.category.kind != "essential":
            mine = Link(delivery.space, delivery.id, delivery.person, delivery.category)
            links["unsubscribe"] = f"{self._base}/u/{self._links.make('u', mine)}"
        return links

    def _context(
        self, delivery: Delivery, facts: Facts, links: dict[str, str], address: str, brand: dict[str, Any]
    ) -> dict[str, Any]:
        person, body = facts.person, _body.decode(delivery.body)
        profile = _profile.decode(self._sealer.unseal("profile", person.profile)) if person.profile else Profile()
        user = {
            "id": person.user_id, "name": profile.name, "email": address if CHANNEL_NAME[delivery.channel] == "email" else "",
            "phone": address if CHANNEL_NAME[delivery.channel] == "sms" else "", "timezone": person.timezone, "locale": person.locale, "attributes": profile.attributes,
        }  # fmt: skip
        event = {
            "id": delivery.event.hex(), "type": delivery.type, "category": delivery.category, "timestamp": delivery.accepted,
            "title": body.title, "message": body.message,
        }  # fmt: skip
        return {"user": user, "data": body.data, "event": event, "brand": brand, "links": links}


def _brands(settings: SpaceSettings) -> dict[Sender, dict[str, Any]]:
    """What templates see as `brand`, for each sender: with the sender's postal address where it has one."""
    brand = msgspec.structs.asdict(settings.brand)
    return {sender: {**brand, "address": sender.postal or brand["address"]} for sender in (settings.sender, *settings.senders.values())}


def _headers(links: dict[str, str], facts: Facts, space: int, sender: Sender) -> dict[str, str]:
    """What says to machines what a mail is: Feedback-ID of Google's four fields (campaign, customer, kind, sender; none may hold a colon), RFC 3834,
    and RFC 2369 and 2919 with one click (RFC 8058), but not on mail that nobody can opt out of."""
    category = facts.category
    made = {"Feedback-ID": f"{category.key.replace(':', '-')}:{space}:{category.kind}:carillon", "Auto-Submitted": "auto-generated"}
    if "unsubscribe" in links:
        made["List-Unsubscribe"] = f"<{links['unsubscribe']}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        made["List-Id"] = f"<{category.key}.{sender.address.rpartition('@')[2]}>"
    return made
