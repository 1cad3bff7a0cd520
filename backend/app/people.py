"""People: profile, addresses, member tokens, erasure and export. A person is found by the customer's own user id.

At rest the profile is JSON of domain.person.Profile sealed for the purpose "profile", an address is its normalised text sealed
for "address"; equality goes by `Sealer.address_hash`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from backend.app import devices, export
from backend.app.base import Aggregate, check_revision, is_own, need_or_own
from backend.app.erasure import erase
from backend.app.person_checks import check_fields, checked_person
from backend.app.views import AddressIn, AddressView, Page, PersonIn, PersonView, ReasonView, moment
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, platform_of
from backend.domain.errors import Erased, Forbidden, Invalid, NotFound, UnknownGroup
from backend.domain.ids import bucket_of, person_id
from backend.domain.person import Profile
from backend.security.addresses import device, mask, normalise
from backend.security.roles import Actor, may, need
from backend.store import groups, persons, summaries
from backend.store.persons import AddressRow, PersonRow
from backend.store.port import Tx

EMAIL, SMS = CHANNEL_NUMBER["email"], CHANNEL_NUMBER["sms"]
ADDRESSES = 50  # of one person
SEARCH = 20
MANY = 100  # people in one call
TOKEN_LONGEST = 24 * 3600.0  # seconds
_OWN_FIELDS = frozenset({"name", "timezone", "locale"})  # what somebody may change about themselves


class Sealed(NamedTuple):
    """An address ready for its row."""

    channel: int
    hash: bytes
    sealed: bytes


class Change(NamedTuple):
    """What is to become of one person, checked and sealed."""

    person: int
    user_id: str
    fields: dict[str, Any]
    first: dict[int, Sealed | None]  # by channel: the first address there, None takes it away


class People(Aggregate):
    """People of the actor's space. A member reaches only themselves, and may change name, zone, language and devices."""

    async def put(self, actor: Actor, user_id: str, given: PersonIn, seen_revision: int | None = None) -> PersonView:
        """Make or change a person: what is left out stays. Errors: `Invalid`, `UnknownGroup`, `Erased`, `Stale`."""
        own = need_or_own(actor, user_id, "people.write")
        change = self.change_of(actor.space, user_id, given)
        if own and not change.fields.keys() <= _OWN_FIELDS:
            named = ", ".join(sorted(change.fields.keys() - _OWN_FIELDS))
            raise Forbidden(f"You may change your name, timezone and locale here, not {named}. Ask whoever runs this service.")

        def write(tx: Tx) -> PersonView:
            return self._seen(actor, self._view(tx, self._apply(tx, actor, change, seen_revision)))

        return await self.changing(actor.space, [change.person], write)

    async def put_many(self, actor: Actor, given: Sequence[tuple[str, PersonIn]]) -> int:
        """Up to 100 people in one transaction: all of them or, for the first that is refused, none. How many. Errors as `put`."""
        need(actor, "people.write")
        if len(given) > MANY:
            raise Invalid(f"At most {MANY} people in one call. Send the rest in a next one.", limit=MANY)
        changes = [self.change_of(actor.space, user_id, one) for user_id, one in given]

        def write(tx: Tx) -> int:
            for change in changes:
                self._apply(tx, actor, change, None)
            return len(changes)

        return await self.changing(actor.space, [change.person for change in changes], write)

    async def get(self, actor: Actor, user_id: str) -> PersonView:
        """One person. Raises `NotFound`, also for one who was erased."""
        need_or_own(actor, user_id, "people.read")

        def read(tx: Tx) -> PersonView:
            return self._seen(actor, self._view(tx, self.found(tx, actor.space, user_id)))

        return await self.app.store.read(read)

    async def search(self, actor: Actor, text: str) -> Page[PersonView]:
        """At most 20: whoever has exactly this e-mail address or telephone number, and whose user id begins with it."""
        need(actor, "people.read")
        hashes = self.app.sealer.possible_hashes(text)

        def read(tx: Tx) -> list[PersonView]:
            found: dict[int, PersonRow] = {}
            for channel, hashed in hashes:
                for person in persons.holders(tx, actor.space, channel, hashed)[:SEARCH]:
                    row = persons.get(tx, actor.space, person)
                    if row is not None and row.erased is None:
                        found[person] = row
            for row in persons.search(tx, actor.space, text[:128], SEARCH):
                found.setdefault(row.person, row)
            return [self._seen(actor, self._view(tx, row)) for row in list(found.values())[:SEARCH]]

        return Page(await self.app.store.read(read))

    async def addresses(self, actor: Actor, user_id: str) -> Page[AddressView]:
        """Every address of a person, with the suppression in force on it."""
        need_or_own(actor, user_id, "people.read")

        def read(tx: Tx) -> list[AddressRow]:
            row = self.found(tx, actor.space, user_id)
            return persons.addresses_of(tx, actor.space, row.person, self.app.clock.now())

        shown = [self._address(row) for row in await self.app.store.read(read)]
        if not (may(actor, "people.reveal") or is_own(actor, user_id)):
            for one in shown:
                one.address = mask(one.channel, one.address)
        return Page(shown)

    async def put_address(self, actor: Actor, user_id: str, given: AddressIn) -> AddressView:
        """Add an address; one that is there gets the label. A member registers devices (push), no address that needs proof.

        A device that is registered again is fresh, and usable again; the one that has not been for longest gives way to an 11th; one that
        was somebody else's in this space is theirs no more."""
        own = need_or_own(actor, user_id, "people.write")
        if own and given.channel != "push":
            raise Forbidden("You may register your own devices here. E-mail addresses and numbers are set by whoever runs this service.")
        address = self.sealed(CHANNEL_NUMBER[given.channel], _plain(given))
        person = checked_person(actor.space, user_id)
        push = given.channel == "push"

        def write(tx: Tx) -> tuple[AddressRow, list[int]]:
            row = self.found(tx, actor.space, user_id, lock=True)
            now = self.app.clock.now()
            there = persons.addresses_of(tx, actor.space, row.person, now)
            old = next((a for a in there if (a.channel, a.hash) == (address.channel, address.hash)), None)
            if old is None and len(there) >= ADDRESSES and not push:
                raise Invalid(f"A person has at most {ADDRESSES} addresses. Remove one that is no longer used.", limit=ADDRESSES)
            made = AddressRow(row.person, *address, given.label, old.created if old else now, old.suppressed if old else "")
            if push:
                made.created, made.suppressed = now, devices.revive(tx, actor.space, made)
                devices.make_room(tx, actor.space, [a for a in there if a is not old])
            persons.put_address(tx, actor.space, made)
            left = devices.leave_others(tx, actor.space, made) if push else []
            if push and old is not None and (old.label, old.suppressed) == (made.label, made.suppressed) and not left:
                return made, []  # an app that starts says so each time: nothing that anybody is told by has changed
            persons.bump(tx, actor.space, [row.person, *left], now)
            self.note(tx, actor, "address.put", f"user:{user_id}", channel=given.channel, **({"left": len(left)} if left else {}))
            return made, [row.person, *left]

        others = await self.app.store.read(lambda tx: persons.holders(tx, actor.space, address.channel, address.hash)) if push else []
        return self._address(await self.changing_many(actor.space, {person, *others}, write))

    async def remove_address(self, actor: Actor, user_id: str, address_id: str) -> None:
        """Remove one by the `id` its view shows. Raises `NotFound`."""
        own = need_or_own(actor, user_id, "people.write")
        person = checked_person(actor.space, user_id)

        def write(tx: Tx) -> None:
            row = self.found(tx, actor.space, user_id, lock=True)
            now = self.app.clock.now()
            there = persons.addresses_of(tx, actor.space, row.person, now)
            address = next((a for a in there if a.hash.hex() == address_id), None)
            if address is None:
                raise NotFound("This person has no such address. Take the id from the list of addresses.")
            if own and CHANNEL_NAME[address.channel] != "push":
                raise Forbidden("You may remove your own devices here. E-mail addresses and numbers are set by whoever runs this service.")
            persons.remove_address(tx, actor.space, row.person, address.channel, address.hash)
            persons.bump(tx, actor.space, [row.person], now)
            self.note(tx, actor, "address.remove", f"user:{user_id}", channel=CHANNEL_NAME[address.channel])

        await self.changing(actor.space, [person], write)

    async def token(self, actor: Actor, user_id: str, ttl: float = 3600.0) -> str:
        """A member token of this person, for the customer's own pages; `ttl` in seconds, 24 hours at most. Raises `NotFound`."""
        need(actor, "people.write")
        if not 1 <= ttl <= TOKEN_LONGEST:
            raise Invalid("A member token lives 1 second to 24 hours. Ask for a new one when it ends.", field="ttl", limit=TOKEN_LONGEST)

        def write(tx: Tx) -> PersonRow:
            row = self.found(tx, actor.space, user_id)
            self.note(tx, actor, "token.make", f"user:{user_id}", seconds=round(ttl))
            return row

        row = await self.app.store.write(write)
        return self.app.tokens.issue(space=row.space, subject=row.user_id, ttl=ttl, role="member")

    async def export(self, actor: Actor, user_id: str) -> dict[str, Any]:
        """Everything kept about a person, ready for JSON (GDPR, articles 15 and 20)."""
        need_or_own(actor, user_id, "people.reveal")

        def write(tx: Tx) -> dict[str, Any]:
            row = self.found(tx, actor.space, user_id)
            self.note(tx, actor, "user.export", f"user:{user_id}")
            return export.bundle(tx, self.app, row)

        return await self.app.store.write(write)

    async def erase(self, actor: Actor, user_id: str) -> None:
        """Erase a person for good (GDPR, article 17); see `erasure`. Raises `NotFound`, `Invalid` for the last administrator."""
        need(actor, "people.erase")
        person = checked_person(actor.space, user_id)

        def write(tx: Tx) -> None:
            row = self.found(tx, actor.space, user_id, lock=True)
            tombstone = erase(tx, row, self.app.clock.now())
            self.note(tx, actor, "user.erase", f"user:{tombstone}")

        await self.changing(actor.space, [person], write)

    async def erase_own(self, actor: Actor, confirmed: str) -> None:
        """Erase oneself for good, `confirmed` being one's own user id, typed. Raises `Invalid` for another, and for the last administrator."""
        need(actor, "wishes.own")
        if not is_own(actor, actor.subject):
            raise Forbidden("A program has no data of its own to erase. Erase a person with DELETE /v1/users/{id}.")
        if confirmed != actor.subject:
            raise Invalid(f"Type {actor.subject} to confirm. Nothing was erased.", field="confirmed")

        def write(tx: Tx) -> None:
            row = self.found(tx, actor.space, actor.subject, lock=True)
            tombstone = erase(tx, row, self.app.clock.now())
            self.note(tx, msgspec.structs.replace(actor, subject=tombstone), "user.erase", f"user:{tombstone}", own=True)

        await self.changing(actor.space, [actor.person], write)

    # ---- shared with the other parts of the facade
    def found(self, tx: Tx, space: int, user_id: str, *, lock: bool = False) -> PersonRow:
        """The living person of this user id, or `NotFound`."""
        row = persons.get(tx, space, person_id(space, user_id), lock=lock)
        if row is None or row.erased is not None or row.user_id != user_id:
            raise NotFound(f"Nobody with the user id {user_id[:128]!r} is known here. Create the user with PUT first.", user=user_id[:128])
        return row

    def id_of(self, given: AddressIn) -> str:
        """The `id` that the address has, or would have. Raises `Invalid` with the repair."""
        return self.app.sealer.address_hash(CHANNEL_NUMBER[given.channel], _plain(given)).hex()

    def sealed(self, channel: int, text: str) -> Sealed:
        """An address as it is kept. Raises `Invalid` with the repair."""
        plain = normalise(channel, text)
        return Sealed(channel, self.app.sealer.address_hash(channel, plain), self.app.sealer.seal("address", plain.encode()))

    def opened(self, row: AddressRow) -> str:
        """The address itself."""
        return self.app.sealer.unseal("address", row.sealed).decode()

    def profile(self, row: PersonRow) -> Profile:
        """The personal data of a row."""
        return msgspec.json.decode(self.app.sealer.unseal("profile", row.profile), type=Profile) if row.profile else Profile()

    def new_row(self, space: int, user_id: str, name: str, timezone: str = "UTC", locale: str = "en", demo: bool = False) -> PersonRow:
        """A person who has no row yet."""
        person, now = checked_person(space, user_id), self.app.clock.now()
        return PersonRow(
            space=space,
            person=person,
            user_id=user_id,
            bucket=bucket_of(space, person),
            revision=1,
            timezone=timezone,
            locale=locale,
            profile=self.sealed_profile(Profile(name=name)),
            wishes="{}",
            demo=demo,
            created=now,
            changed=now,
        )

    def ensure(self, tx: Tx, space: int, user_id: str, name: str, timezone: str = "UTC", locale: str = "en", demo: bool = False) -> PersonRow:
        """The person of this user id, made with this name when there is none. Raises `Erased`, `Invalid`."""
        row = self._living(tx, space, checked_person(space, user_id), user_id, lock=True)
        if row is None:
            row = self.new_row(space, user_id, name, timezone, locale, demo)
            persons.put(tx, row)
        return row

    def change_of(self, space: int, user_id: str, given: PersonIn) -> Change:
        """What is to become of somebody, checked and sealed. Raises `Invalid` with the repair."""
        person = checked_person(space, user_id)
        fields = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not UNSET}
        check_fields(fields)
        first = {
            channel: None if fields[name] is None else self.sealed(channel, fields[name])
            for name, channel in (("email", EMAIL), ("phone", SMS))
            if name in fields
        }
        return Change(person, user_id, fields, first)

    def _apply(self, tx: Tx, actor: Actor, change: Change, seen_revision: int | None) -> PersonRow:
        person, user_id, fields, first = change
        old = self._living(tx, actor.space, person, user_id, lock=True)
        check_revision(seen_revision, old.revision if old else 0, f"The user {user_id}")
        now = self.app.clock.now()
        row = self._merged(actor.space, user_id, old, fields, now)
        persons.put(tx, row)
        if "attributes" in fields:
            summaries.set_attributes(tx, actor.space, {person: fields["attributes"]}, now)
        for channel, address in first.items():
            if old is not None:
                set_first(tx, actor.space, person, channel, address, now)
            elif address is not None:
                persons.put_address(tx, actor.space, AddressRow(person, *address, "", now))
        if "groups" in fields:
            _set_groups(tx, actor.space, person, fields["groups"], now)
        self.note(tx, actor, "user.put", f"user:{user_id}", revision=row.revision, fields=sorted(fields), made=old is None)
        return row

    def _living(self, tx: Tx, space: int, person: int, user_id: str, *, lock: bool = False) -> PersonRow | None:
        row = persons.get(tx, space, person, lock=lock)
        if row is not None and row.erased is not None:
            raise Erased
        if row is not None and row.user_id != user_id:
            raise Invalid("This user id cannot be told from another one that is in use here. Choose a different user id.", field="id")
        return row

    def _merged(self, space: int, user_id: str, old: PersonRow | None, fields: dict[str, Any], now: float) -> PersonRow:
        row = old or self.new_row(space, user_id, "")
        profile = self.profile(row)
        row.profile = self.sealed_profile(
            Profile(
                name=(fields["name"] or "") if "name" in fields else profile.name,
                attributes=fields.get("attributes", profile.attributes),
            )
        )
        row.timezone, row.locale = fields.get("timezone", row.timezone), fields.get("locale", row.locale)
        row.revision, row.changed = row.revision + (old is not None), now
        return row

    def sealed_profile(self, profile: Profile) -> bytes:
        """As it is kept."""
        return self.app.sealer.seal("profile", msgspec.json.encode(profile))

    def _view(self, tx: Tx, row: PersonRow) -> PersonView:
        profile = self.profile(row)
        first: dict[int, str] = {}
        for address in persons.addresses_of(tx, row.space, row.person, self.app.clock.now()):
            if address.channel in (EMAIL, SMS) and address.channel not in first:
                first[address.channel] = self.opened(address)
        return PersonView(
            id=row.user_id,
            revision=row.revision,
            created_at=moment(row.created),
            changed_at=moment(row.changed),
            name=profile.name,
            email=first.get(EMAIL),
            phone=first.get(SMS),
            timezone=row.timezone,
            locale=row.locale,
            attributes=profile.attributes,
            groups=groups.keys_of(tx, row.space, row.person),
        )

    def _seen(self, actor: Actor, view: PersonView) -> PersonView:
        """As this actor may see it: addresses in part, unless they may be revealed or are one's own."""
        if not (may(actor, "people.reveal") or is_own(actor, view.id)):
            view.email = mask("email", view.email) if view.email else view.email
            view.phone = mask("sms", view.phone) if view.phone else view.phone
        return view

    def _address(self, row: AddressRow) -> AddressView:
        reason = ReasonView("suppressed", {"reason": row.suppressed}) if row.suppressed else None
        platform = (platform_of(row.hash) or "fcm") if CHANNEL_NAME[row.channel] == "push" else ""
        return AddressView(row.hash.hex(), CHANNEL_NAME[row.channel], self.opened(row), row.label, reason, moment(row.created), platform)


def _plain(given: AddressIn) -> str:
    if given.channel == "push":
        return device(given.platform, given.address)
    if given.platform:
        raise Invalid("platform goes with the channel push alone. Leave it out here.", field="platform")
    return given.address


def set_first(tx: Tx, space: int, person: int, channel: int, address: Sealed | None, now: float) -> None:
    """Let `address` stand where the first one of its channel stood; None takes that one away."""
    there = [a for a in persons.addresses_of(tx, space, person, now) if a.channel == channel]
    if there and address and there[0].hash == address.hash:
        return
    if there:
        persons.remove_address(tx, space, person, channel, there[0].hash)
    if address:
        persons.remove_address(tx, space, person, channel, address.hash)  # it may have stood further down
        persons.put_address(tx, space, AddressRow(person, *address, "", there[0].created if there else now))


def _set_groups(tx: Tx, space: int, person: int, keys: list[str], now: float) -> None:
    wanted = set(keys)
    if missing := sorted(wanted - groups.existing(tx, space, keys)):
        raise UnknownGroup(f"There is no group {missing[0]!r}. Create it first with PUT /v1/groups/{missing[0]}.", missing=missing[:20])
    there = set(groups.keys_of(tx, space, person))
    for key in sorted(there - wanted):
        groups.drop(tx, space, key, [person])
    for key in sorted(wanted - there):
        groups.add(tx, space, key, [person], now)
