"""Facts for the gates: people from the cache, those it lacks from the store; content under its revision.

A value read from the store is put into the cache and its revision read once more: whoever changed the person in between has
dropped a key that was not there yet, and the old value must not outlive that.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from backend.cache.port import Cache
from backend.domain import sms_hours
from backend.domain.category import Category
from backend.domain.decision import Facts
from backend.domain.delivery import CHANNEL_NUMBER, Delivery
from backend.domain.errors import StoreUnavailable
from backend.domain.event import Event
from backend.domain.ids import facts_key
from backend.domain.person import Address, Person
from backend.domain.space import SpaceSettings
from backend.domain.template import fallbacks
from backend.domain.timing import Moment
from backend.security import numbers
from backend.security.sealing import Sealer, Unsealable
from backend.store import collapses, content, people, seen
from backend.store.port import Store, Tx

TTL = 300.0  # seconds a person's facts stay in the cache; every change drops them before
SMS = CHANNEL_NUMBER["sms"]
TURN = 250  # people put together before the loop gets a turn: under 10 ms
VERSIONS = 10_000  # published versions remembered in this process

Who = tuple[int, int]  # space, person

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Person).decode


class FactsReader:
    """Reads for decide (`of_events`) and for the recheck of deliver (`of_deliveries`). Errors: `StoreUnavailable`, `CacheUnavailable`."""

    def __init__(self, *, store: Store, cache: Cache, sealer: Sealer | None = None) -> None:
        """Without a `sealer` nothing is known of telephone numbers, and no law of their countries is heeded."""
        self._store, self._cache, self._sealer = store, cache, sealer
        self._revision = -1
        self._known: dict[int, content.Known] = {}
        self._locales: dict[tuple[int, str, int], dict[str, frozenset[str]]] = {}

    # ---- people
    async def read(self, who: Iterable[Who], now: float) -> dict[Who, Person]:
        """The facts of each; someone who does not exist is as good as erased."""
        return (await self._read(who, now))[0]

    async def _read(self, who: Iterable[Who], now: float) -> tuple[dict[Who, Person], bytes | None]:
        """One trip to the cache, for the people and for its word on the revision of content."""
        asked = list(dict.fromkeys(who))
        found: dict[Who, Person] = {}
        missing: list[Who] = []
        word, *raws = await self._cache.get_many([content.KEY, *(facts_key(*key) for key in asked)])
        for key, raw in zip(asked, raws, strict=True):
            if raw is None:
                missing.append(key)
                continue
            try:
                found[key] = _decode(raw)
            except msgspec.DecodeError:  # of another version of this program
                missing.append(key)
        if missing:
            found.update(await self._from_store(missing, now))
        return found, word

    async def forget(self, persons: Sequence[Who]) -> None:
        """Their facts changed: read them anew."""
        if persons:
            await self._cache.drop([facts_key(*who) for who in dict.fromkeys(persons)])

    async def _from_store(self, missing: Sequence[Who], now: float) -> dict[Who, Person]:
        by_space: dict[int, list[int]] = defaultdict(list)
        for space, person in missing:
            by_space[space].append(person)
        found = await self._store.read(
            lambda tx: {(s, person): facts for s, some in by_space.items() for person, facts in people.facts_of(tx, s, some, now).items()}
        )
        if found:
            found = {who: self._placed(facts) for who, facts in found.items()}
            await self._cache.put_newer({facts_key(*who): (facts.revision, _encode(facts)) for who, facts in found.items()}, TTL)
            revisions = await self._store.read(
                lambda tx: {(s, person): n for s, some in by_space.items() for person, n in people.revisions_of(tx, s, some).items()}
            )
            await self.forget([who for who, facts in found.items() if revisions.get(who) != facts.revision])
        return {who: found.get(who) or _nobody(*who) for who in missing}

    def _placed(self, person: Person) -> Person:
        """With the rules for advertising at each telephone number: the gates see no open address."""
        if self._sealer is None or all(address.channel != SMS for address in person.addresses):
            return person
        return msgspec.structs.replace(person, addresses=tuple(self._address(address) for address in person.addresses))

    def _address(self, address: Address) -> Address:
        if address.channel != SMS or self._sealer is None:
            return address
        try:
            number = self._sealer.unseal("address", address.sealed).decode()
        except Unsealable:  # nothing can be sent to it either
            return address
        region = numbers.region_of(number)
        return msgspec.structs.replace(address, region=region, zones=numbers.zones_of(number)) if sms_hours.ruled(region) else address

    # ---- content
    async def content_of(self, space: int) -> content.Known:
        """The content of a space, with every change that is committed by now. While the store is away: as it was known last, which is
        enough to accept an event by; it is decided by what is true when the store is back."""
        try:
            await self.refresh()
        except StoreUnavailable:
            if space not in self._known:
                raise
        return (await self._content({space}, set()))[space]

    async def settings_of(self, space: int) -> SpaceSettings:
        """The settings of a space, as fresh as the facts that were read last: for whoever has just read facts."""
        return (await self._content({space}, set()))[space].settings

    async def refresh(self) -> None:
        """See every change of content that is committed by now."""
        revision = await self._store.read(content.revision)
        self._turn_to(revision)
        await content.announce(self._cache, revision)

    def _turn_to(self, revision: int) -> None:
        if revision != self._revision:
            self._revision, self._known = revision, {}

    async def _content(self, spaces: set[int], pins: set[tuple[int, str, int]]) -> dict[int, content.Known]:
        """The content of these spaces, at the revision turned to or a later one; versions that were not met before are read too."""
        revision, known = self._revision, self._known
        lacking = spaces - known.keys()
        unread = pins - self._locales.keys()
        if not (lacking or unread):
            return known

        def read(tx: Tx) -> tuple[dict[int, content.Known], dict[tuple[int, str, int], dict[str, frozenset[str]]]]:
            fresh = {space: content.snapshot(tx, space) for space in lacking}
            versions = {
                (space, *pin): locales
                for space in {pin[0] for pin in unread}
                for pin, locales in content.locales_of(tx, space, [(key, n) for of, key, n in unread if of == space]).items()
            }
            return fresh, versions

        fresh, versions = await self._store.read(read)
        if len(self._locales) > VERSIONS:  # whoever asked before keeps what is held now; of this call's own nothing may be missing
            self._locales = {pin: self._locales[pin] for pin in pins & self._locales.keys()}
        self._locales.update(versions)
        if self._revision == revision:  # else somebody turned to another meanwhile, and this is for this call alone
            self._known.update(fresh)
        return {**known, **fresh}

    # ---- facts
    async def of_events(self, events: Sequence[Event], now: float) -> list[Facts | None]:
        """The facts of each event, None where its category does not exist. Changes committed before the call are seen."""
        await self.refresh()
        spaces = {event.space for event in events}
        content_of = await self._content(spaces, {(event.space, event.template, event.version) for event in events if event.version})
        locales = self._locales  # as it is now: another call may make room while this one waits
        persons = await self.read([(event.space, event.person) for event in events], now)
        newest = await self._newest(events)
        made: list[Facts | None] = []
        speaks = dict[tuple[int, str, int, str], tuple[str, ...]]()
        for event in events:
            known = content_of[event.space]
            category = known.categories.get(event.category)
            if category is None:
                made.append(None)
                continue
            person = persons[event.space, event.person]
            newer = newest.get((event.space, event.person, event.collapse), b"") if event.collapse else b""
            variants, spoken = None, (event.space, event.template, event.version, person.locale)
            if event.version and (variants := speaks.get(spoken)) is None:
                variants = speaks[spoken] = _variants(locales, event, person.locale)
            made.append(Facts(now, event, category, person, known.wishes, known.halted, newer if newer > event.id else b"", variants))
        return made

    async def foretold(self, space: int, persons: Sequence[int], moment_of: Callable[[str], Moment], event_of: Callable[[Person, Moment], Event]) -> list[Facts | None]:
        """What decide will look at when each of these is told, as the store has it now; None where the category does not exist. `event_of` is asked in the order
        of `persons`, with the moment of the person's zone; its `accepted` is when the person is told. The cache is left alone: a million people who are asked about once would push out those who are on their way."""
        await self.refresh()
        found = await self._store.read(lambda tx: people.facts_of(tx, space, persons, lambda zone: moment_of(zone).at))
        asked = []
        for n, person in enumerate(persons):
            if n % TURN == 0:
                await asyncio.sleep(0)
            facts = self._placed(found[person]) if person in found else _nobody(space, person)
            moment = moment_of(facts.timezone)
            event = event_of(facts, moment)
            asked.append((event.accepted, event, facts))
        content_of = (await self._content({space}, {(space, event.template, event.version) for _, event, _ in asked if event.version}))[space]
        locales, speaks = self._locales, dict[tuple[str, int, str], tuple[str, ...]]()
        made: list[Facts | None] = []
        for n, (at, event, facts) in enumerate(asked):
            if n % TURN == 0:
                await asyncio.sleep(0)
            category = content_of.categories.get(event.category)
            if category is None:
                made.append(None)
                continue
            variants, spoken = None, (event.template, event.version, facts.locale)
            if event.version and (variants := speaks.get(spoken)) is None:
                variants = speaks[spoken] = _variants(locales, event, facts.locale)
            made.append(Facts(at, event, category, facts, content_of.wishes, content_of.halted, b"", variants))
        return made

    async def of_deliveries(self, deliveries: Sequence[Delivery], now: float) -> list[Facts]:
        """What the first eight gates look at, as fresh as the cache. Without its category nothing passes the consent gate."""
        persons, word = await self._read([(d.space, d.person) for d in deliveries], now)
        if word is None:
            await self.refresh()
        else:  # enough for this; it is at most `content.TTL` seconds old
            self._turn_to(int(word))
        content_of = await self._content({d.space for d in deliveries}, set())
        folding = {(d.space, d.person, d.collapse) for d in deliveries if d.collapse}
        newest = await self._store.read(lambda tx: collapses.newest(tx, folding)) if folding else {}
        made: list[Facts] = []
        for d in deliveries:
            known = content_of[d.space]
            category = known.categories.get(d.category) or Category(d.category, d.category, "marketing")
            newer = newest.get((d.space, d.person, d.collapse), b"") if d.collapse else b""
            person = persons[d.space, d.person]
            made.append(Facts(now, _event_of(d), category, person, known.wishes, known.halted, newer if newer > d.event else b""))
        return made

    async def _newest(self, events: Sequence[Event]) -> Mapping[collapses.Key, bytes]:
        """The newest event of each collapse key, those of this batch included; a repeat under a producer's id is no event."""
        folding = [event for event in events if event.collapse]
        if not folding:
            return {}
        first: dict[seen.Key, bytes] = {}
        for event in folding:
            if event.key:
                first.setdefault(_key_of(event), event.id)

        def read(tx: Tx) -> tuple[dict[collapses.Key, bytes], dict[seen.Key, bytes]]:
            return collapses.newest(tx, [(e.space, e.person, e.collapse) for e in folding]), seen.owners(tx, first)

        newest, owners = await self._store.read(read)
        owners = first | owners
        for event in folding:
            key = (event.space, event.person, event.collapse)
            if event.id > newest.get(key, b"") and (not event.key or owners[_key_of(event)] == event.id):
                newest[key] = event.id
        return newest


def _variants(held: Mapping[tuple[int, str, int], dict[str, frozenset[str]]], event: Event, locale: str) -> tuple[str, ...]:
    """Channels the pinned version speaks on in this language or the outer one; none when the version is unknown."""
    found, wanted = held.get((event.space, event.template, event.version), {}), fallbacks(locale)
    return tuple(channel for channel, locales in found.items() if any(tag in locales for tag in wanted))


def _key_of(event: Event) -> seen.Key:
    return event.space, event.source, seen.bytes_of(event.key)


def _nobody(space: int, person: int) -> Person:
    return Person(space, person, "", 0, erased=True)


def _event_of(d: Delivery) -> Event:
    return Event(
        d.event, d.space, d.person, d.type, d.category, d.priority, d.accepted,
        template=d.template, version=d.version, collapse=d.collapse, expires=d.expires, root=False, released=d.released, campaign=d.campaign,
    )  # fmt: skip
