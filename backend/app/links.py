"""What people behind signed links may do without signing in: unsubscribe (RFC 8058), see why, open their preferences.

The token is the permission. It names a person and a category (and outlives history), or a delivery.
"""

import contextlib
from typing import Literal, NamedTuple

import msgspec

from backend.app import categories as content_categories
from backend.app.base import Aggregate
from backend.app.views import LinkView, ReasonView, moment_or_none
from backend.app.wishes import latest
from backend.domain import preference
from backend.domain.category import Category
from backend.domain.decision import Decision, Reason, Unit
from backend.domain.delivery import CHANNEL_NAME
from backend.domain.errors import CacheUnavailable, Locked, NotFound, Unavailable
from backend.domain.machines import BURST
from backend.domain.reasons import sentence
from backend.domain.receipt import Receipt
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.security.addresses import mask
from backend.security.links import Link
from backend.security.roles import Actor
from backend.store import categories, content, leaving, link_rows, persons
from backend.store.link_rows import Sent
from backend.store.persons import PersonRow
from backend.store.port import Tx

ONE_CLICK = "one_click"  # source of the consent row


class _Behind(NamedTuple):
    link: Link
    sent: Sent | None
    person: PersonRow | None  # None: unknown or erased
    category: Category | None


class Links(Aggregate):
    """See the module. Errors of every call: `LinkInvalid`, `LinkExpired`."""

    async def describe(self, token: str, purpose: Literal["u", "p", "y"] = "u") -> LinkView:
        """What a page may show before anybody decides; changes nothing."""
        link = self.app.signed.read(purpose, token, self.app.clock.now())
        return await self.app.store.read(lambda tx: self._view(tx, self._behind(tx, link)))

    async def unsubscribe(self, token: str) -> LinkView:
        """One click: the category is opted out of, with the delivery as evidence; a second click changes nothing. Raises `Locked`."""
        link = self.app.signed.read("u", token, self.app.clock.now())
        person = link.person or await self.app.store.read(lambda tx: self._person_of(tx, link))

        def write(tx: Tx) -> LinkView:
            behind = self._behind(tx, link)
            row, category = behind.person, behind.category
            if row is not None and category is not None:
                if preference.locked(category.kind):
                    raise Locked(f"{category.name} is essential: it is about things you must know, and goes to everybody.", category=category.key)
                evidence = f"delivery {link.delivery.hex()}" if link.delivery else "signed link"
                if leaving.leave(tx, row, category.key, self.app.clock.now(), ONE_CLICK, evidence):
                    actor = Actor(row.space, row.user_id, "member", person=row.person, via="link")
                    self.note(tx, actor, "preferences.unsubscribe", f"user:{row.user_id}", category=category.key, delivery=link.delivery.hex())
            return self._view(tx, behind)

        view = await self.changing(link.space, [person] if person else [], write)
        await self._report(link, "unsubscribed")
        return view

    async def why(self, token: str) -> LinkView:
        """The reasons of one delivery, in the person's language. Raises `NotFound` once history has dropped it."""
        link = self.app.signed.read("y", token, self.app.clock.now())

        def read(tx: Tx) -> LinkView:
            behind = self._behind(tx, link)
            if behind.sent is None:
                raise NotFound("This was sent more than 30 days ago, and its history is no longer kept.")
            view = self._view(tx, behind)
            zone = behind.person.timezone if behind.person else "UTC"
            view.reasons = [
                ReasonView(r.code, r.params, sentence(r, "person", view.locale, zone)) for r in _reasons(behind.sent)
            ]
            return view

        return await self.app.store.read(read)

    async def person(self, token: str, purpose: Literal["u", "p"] = "p") -> Actor:
        """Who the hosted preferences of a link belong to: a member who reaches their own wishes. Raises `NotFound` when erased."""
        link = self.app.signed.read(purpose, token, self.app.clock.now())
        row = (await self.app.store.read(lambda tx: self._behind(tx, link))).person
        if row is None:
            raise NotFound("Nobody is behind this link any more: the person was erased.")
        return Actor(link.space, row.user_id, "member", person=row.person, timezone=row.timezone, locale=row.locale, via="link")

    async def clicked(self, token: str, url: str, *, machine: bool = False) -> None:
        """A link of a message was followed: by a person, counted once, or by a machine. `url` must be the one it was made for (`LinkInvalid`).

        Who follows two links of a mail within a second is no person: the second is a machine's. The first has been counted by then.
        """
        link = self.app.signed.clicked(token, url, self.app.clock.now())
        if not machine:
            with contextlib.suppress(CacheUnavailable):
                machine = await self._amid_another(link)
        await self._report(link, "clicked_machine" if machine else "clicked")

    async def _amid_another(self, link: Link) -> bool:
        """Whether another link of this mail was followed less than `BURST` seconds ago."""
        now = int(self.app.clock.now() * 1000)
        holder = await self.app.cache.claim(b"click:" + link.delivery, link.target + now.to_bytes(8, "big"), BURST)
        return holder[:8] != link.target and now - int.from_bytes(holder[8:], "big") < BURST * 1000

    def check(self, token: str, url: str) -> None:
        """Whether a click may go to `url`; nothing is counted. Raises `LinkInvalid`, `LinkExpired`."""
        self.app.signed.clicked(token, url, self.app.clock.now())

    async def opened(self, token: str, *, machine: bool = False) -> None:
        """The picture of a mail was fetched, by a person's program or by a machine that fetches all of them."""
        await self._report(self.app.signed.read("o", token, self.app.clock.now()), "opened_machine" if machine else "opened_human")

    async def _report(self, link: Link, kind: Literal["clicked", "clicked_machine", "opened_human", "opened_machine", "unsubscribed"]) -> None:
        if not link.delivery:
            return
        receipt = Receipt(link.space, link.delivery, kind, self.app.clock.now(), person=link.person)
        partition = topics.partition_of(link.space, link.person)
        with contextlib.suppress(Unavailable):  # nobody waits at a link because it cannot be counted now
            await self.app.log.append([Record(topics.RECEIPTS, partition, link.delivery, encode(receipt))])

    def behind(self, tx: Tx, link: Link) -> tuple[int, str, str]:
        """(person, category, its kind) of a link that was read; zeros when nobody is there (any more)."""
        found = self._behind(tx, link)
        category = found.category
        return found.person.person if found.person else 0, category.key if category else "", category.kind if category else ""

    def _person_of(self, tx: Tx, link: Link) -> int:
        sent = link_rows.sent(tx, link.space, link.delivery) if link.delivery else None
        return sent.person if sent else 0

    def _behind(self, tx: Tx, link: Link) -> _Behind:
        sent = link_rows.sent(tx, link.space, link.delivery) if link.delivery else None
        person = link.person or (sent.person if sent else 0)
        row = persons.get(tx, link.space, person) if person else None
        key = link.category or (sent.category if sent else "")
        stored = categories.get(tx, link.space, key) if key else None
        return _Behind(
            link, sent, row if row and row.erased is None else None, content_categories.decoded(stored) if stored else None
        )

    def _view(self, tx: Tx, behind: _Behind) -> LinkView:
        link, sent, person, category = behind
        sealed = link_rows.sealed_address(tx, link.space, sent.person, sent.channel, sent.address) if sent else None
        channel = CHANNEL_NAME[sent.channel] if sent else ""
        return LinkView(
            brand=content.settings_of(tx, link.space).brand.name,
            locale=person.locale if person else "en",
            category=category.key if category else "",
            category_name=category.name if category else "",
            channel=channel,
            address=mask(channel, self.app.sealer.unseal("address", sealed).decode()) if sealed else "",
            # nothing reaches a person who is gone
            opted_out=person is None or (category is not None and latest(tx, person).get(category.key) is False),
            sent_at=moment_or_none(sent.accepted) if sent else None,
            kind=category.kind if category else "",
            timezone=person.timezone if person else "UTC",
        )


def _reasons(sent: Sent) -> list[Reason]:
    """Of the unit that became this delivery, and of the whole notification; each code once."""
    try:
        decision = msgspec.msgpack.decode(sent.trace, type=Decision)
    except msgspec.DecodeError:
        return []
    unit = next((u for u in decision.units if _is(u, sent)), None)
    found = list(decision.notes)
    if unit is not None:
        found += [*unit.reasons, *(gate.reason for gate in unit.gates if gate.reason)]
    return list({reason.code: reason for reason in found}.values())


def _is(unit: Unit, sent: Sent) -> bool:
    return unit.channel == CHANNEL_NAME[sent.channel] and unit.address == sent.address
