"""The people of a space as a list, the trail of somebody's consent, and what would go with them if they were erased."""

from datetime import datetime

import msgspec

from backend.app.base import PAGE, Aggregate, need_or_own, page_size
from backend.app.views import Page, moment, moment_or_none
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.errors import CursorForeign, Invalid
from backend.security.addresses import mask
from backend.security.roles import Actor, may, need
from backend.store import persons, roster_rows
from backend.store.persons import PersonRow
from backend.store.port import Tx
from backend.store.roster_rows import Asked

TYPED = 128  # characters of an id that are looked for


class PersonLine(msgspec.Struct):
    """One person of a list. Of an erased one only the tombstone's name and its time are left."""

    id: str
    name: str
    email: str
    phone: str
    timezone: str
    locale: str
    groups: int
    changed_at: datetime
    demo: bool = False
    erased_at: datetime | None = None


class ConsentView(msgspec.Struct):
    """One recorded answer; the latest of a category counts."""

    category: str
    at: datetime
    given: bool
    source: str
    evidence: str


class HoldingsView(msgspec.Struct):
    """How many of each would go, or be emptied, with a person. `waiting`: deliveries that would be cancelled."""

    addresses: int
    groups: int
    consents: int
    inbox: int
    notifications: int
    deliveries: int
    waiting: int
    captures: int


class Roster(Aggregate):
    """See the module."""

    async def consents(self, actor: Actor, user_id: str) -> Page[ConsentView]:
        """Every answer of a person to a category, the newest first, with how it was got. Raises `NotFound`."""
        need_or_own(actor, user_id, "people.read")

        def read(tx: Tx) -> list[ConsentView]:
            row = self.app.people.found(tx, actor.space, user_id)
            trail = persons.consents_of(tx, actor.space, row.person)
            return [ConsentView(one.category, moment(one.at), one.given, one.source, one.evidence) for one in reversed(trail)]

        return Page(await self.app.store.read(read))

    async def holdings(self, actor: Actor, user_id: str) -> HoldingsView:
        """What is kept of a person, counted. Raises `NotFound`."""
        need(actor, "people.erase")

        def read(tx: Tx) -> HoldingsView:
            row = self.app.people.found(tx, actor.space, user_id)
            return HoldingsView(**roster_rows.holdings(tx, actor.space, row.person))

        return await self.app.store.read(read)

    def _hashes(self, typed: str) -> list[tuple[int, bytes]]:
        found = []
        for name in ("email", "sms"):
            try:
                found.append((CHANNEL_NUMBER[name], self.app.sealer.address_hash(CHANNEL_NUMBER[name], typed)))
            except Invalid:
                continue  # it reads like no address of this channel
        return found

    def _line(self, tx: Tx, actor: Actor, row: PersonRow, groups: int) -> PersonLine:
        """Addresses in part, unless they may be revealed."""
        first: dict[int, str] = {}
        for address in persons.addresses_of(tx, row.space, row.person, self.app.clock.now()):
            first.setdefault(address.channel, self.app.people.opened(address))
        email, phone = first.get(CHANNEL_NUMBER["email"], ""), first.get(CHANNEL_NUMBER["sms"], "")
        if not may(actor, "people.reveal"):
            email, phone = mask("email", email) if email else "", mask("sms", phone) if phone else ""
        profile = self.app.people.profile(row)
        return PersonLine(
            row.user_id, profile.name, email, phone, row.timezone, row.locale, groups, moment(row.changed), bool(row.demo), moment_or_none(row.erased)
        )

    async def list(
        self, actor: Actor, *, text: str | None = None, group: str | None = None, locale: str | None = None, timezone: str | None = None,
        erased: bool = False, after: str | None = None, limit: int = PAGE,
    ) -> Page[PersonLine]:  # fmt: skip
        """People by user id. `text`: an exact address or number, or how the id begins. A page may be short and still have a `next`."""
        need(actor, "people.read")
        size, typed = page_size(limit), (text or "")[:TYPED].strip()
        hashes = [] if erased or not typed else self._hashes(typed)
        asked = Asked(typed, group, locale, timezone, erased)
        if after is not None and len(after) > 400:
            raise CursorForeign

        def read(tx: Tx) -> tuple[list[PersonLine], str | None]:
            holders = [] if after else roster_rows.holders(tx, actor.space, hashes)
            rows, following = (holders, None) if holders else roster_rows.page(tx, actor.space, asked, after or "", size)
            sizes = roster_rows.groups_of(tx, actor.space, [row.person for row in rows])
            return [self._line(tx, actor, row, sizes.get(row.person, 0)) for row in rows], following

        items, following = await self.app.store.read(read)
        return Page(items, following)
