"""Walking forecasts: a snapshot of whom a campaign names, then every one of them asked about by the function that decides.

A chunk is people, facts, decisions and one transaction that keeps what was foreseen and puts the forecast forward: after a crash it goes on
behind the last. Who walks one has it for itself for `LEASE`; a chunk of whoever lost it changes nothing.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from backend.app.foretold import cost_of, sms_segments
from backend.channels.spending import prices_of
from backend.domain import forecast, gates, timing
from backend.domain.audience import Audience, InAudience
from backend.domain.audience_checks import checked
from backend.domain.bucketing import UNASSIGNED, assigned, likely
from backend.domain.campaign import OWN, Campaign
from backend.domain.campaign_event import Pins, event_of
from backend.domain.decision import Decision, Facts
from backend.domain.demands import lacking
from backend.domain.errors import Invalid, Refusal, Unavailable, UnknownCategory
from backend.domain.event import Event
from backend.domain.forecast import Sums
from backend.domain.person import Person, Profile
from backend.domain.run import share, timing_of
from backend.domain.timing import Moment
from backend.security import numbers
from backend.security.sealing import Unsealable
from backend.store import audience_rows, fanouts, forecast_rows, providers
from backend.store.audience_people import whom
from backend.store.forecast_rows import ForecastRow
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App

log = logging.getLogger("carillon.line")

CHUNK = 1_000  # persons of one transaction
CHUNKS = 100  # of one look; others get their turn then
LEASE = 30.0  # seconds for which a process has a forecast for itself, from its last chunk on
TURN = 64  # persons decided before the loop gets a turn: under 10 ms
UNTAKEN = -2  # cursor of one whose people are not written down yet
WORN = 20_000  # people of older forecasts dropped in one transaction
WAITS = ("send", "hold")
_Released: TypeAlias = dict[str, tuple[int, float]]  # wave -> people released so far, and when the last of them were
_Some: TypeAlias = tuple[Sequence[int], Sequence[Facts | None], _Released]


class Kept(msgspec.Struct, omit_defaults=True):
    """The body of a forecast. `campaign`: the draft it is of, `basis`: what it was made from, in one word. `texts`: "variant locale country"
    -> texts by SMS, and somebody who gets one; the country only where prices differ by it. `released`: of one that has a pace. `missing`: what a template needs -> people who lack it."""

    campaign: Campaign
    pins: Pins
    basis: str
    sums: Sums = msgspec.field(default_factory=Sums)
    texts: dict[str, tuple[int, int]] = {}
    missing: dict[str, int] = {}
    released: dict[str, tuple[int, float]] = {}
    everybody: bool = False
    segments: int = 0
    cost: dict[str, float] | None = None
    detail: str = ""


decode = msgspec.json.Decoder(Kept).decode
encode = msgspec.json.Encoder().encode
_profile = msgspec.json.Decoder(Profile)


def audience_of(campaign: Campaign) -> Audience:
    """Whom the campaign names, as a rule. Raises `Invalid` when it names nobody's audience."""
    if not campaign.audience:
        raise Invalid("The campaign has no audience. Choose one in the step of the audience.", field="audience")
    return Audience(rule=InAudience(campaign.audience), exclude=campaign.exclude)


class Foreseeing:
    """The step of the due stage that walks forecasts."""

    def __init__(self, app: "App") -> None:
        self.app = app

    async def once(self) -> int:
        """Walk the oldest that nobody has; how many chunks that were."""
        now = self.app.clock.now()
        for row in await self.app.store.read(lambda tx: forecast_rows.open_ones(tx, now, 3)):
            if await self.app.store.write(lambda tx, row=row: forecast_rows.claim(tx, row, now + LEASE), turn="forecast"):  # type: ignore[misc]
                return await self._walk(row)
        return 0

    async def _walk(self, row: ForecastRow) -> int:
        kept = decode(row.body)
        walk = _Walk(self.app, row, kept)
        try:
            await walk.prepare()
            n = 0
            while n < CHUNKS and row.state == "counting":
                n += 1
                if not await walk.step():
                    return n
            await walk.let_go()
            return n
        except Unavailable:
            raise
        except Refusal as refusal:
            await self._fail(row, kept, refusal.detail)
        except Exception as error:
            log.exception("a forecast cannot be counted")
            await self._fail(row, kept, f"{type(error).__name__}: {error}"[:500])
        finally:
            await walk.close()
        return 1

    async def _fail(self, row: ForecastRow, kept: Kept, detail: str) -> None:
        kept.detail = detail
        values = {"state": "failed", "ended": self.app.clock.now(), "body": encode(kept).decode()}
        await self.app.store.write(lambda tx: forecast_rows.forward(tx, row, **values), turn="forecast")


class _Walk:
    """One forecast in the hands of this process."""

    def __init__(self, app: "App", row: ForecastRow, kept: Kept) -> None:
        self.app, self.row, self.kept, self.campaign = app, row, kept, kept.campaign
        self.moment_of = timing.moments(kept.campaign.timing, row.at)
        self._events: dict[tuple[int, int, float], Event] = {}
        self._released: _Released = {**kept.released}
        self._wanted: dict[int, Mapping[str, frozenset[str]]] = {}  # variant -> channel -> attributes
        self._lacking: dict[int, Mapping[str, Sequence[str]]] = {}  # variant -> channel -> data that nobody brings
        self._ahead: asyncio.Task[_Some] | None = None
        self._prices: Sequence[Mapping[str, int]] = []

    async def prepare(self) -> None:
        """What templates need that is not of the gates, and what texts cost."""
        self._prices = await self.app.store.read(lambda tx: _prices(tx, self.row.space))
        space, variants = self.row.space, list(enumerate(zip(self.campaign.variants, self.kept.pins.versions, strict=True)))
        demanded = await self.app.demanded.of((space, one.template, version) for _, (one, version) in variants)
        for n, (one, version) in variants:
            data = {**self.campaign.data, **one.data}
            self._lacking[n] = {channel: lacking(data, paths) for channel, paths in demanded.get((space, one.template, version), {}).items()}
            self._wanted[n] = {channel: names for channel, names in (await self.app.demanded.attributes((space, one.template, version))).items() if names}

    async def step(self) -> bool:
        """A chunk, or the snapshot, or the end. False when it is no longer ours."""
        row = self.row
        if row.cursor == UNTAKEN:
            return await self._take()
        ahead, self._ahead = self._ahead, None
        persons, facts, released = await (ahead or self._read(row.cursor))
        if not persons:
            return await self._end()
        self._ahead = asyncio.create_task(self._read(persons[-1]))  # the store reads while we decide
        self.kept.released = released
        return await self._chunk(persons, facts)

    async def _read(self, cursor: int) -> _Some:
        row = self.row
        persons = await self.app.store.read(lambda tx: fanouts.walk(tx, row.space, row.id, cursor, CHUNK))
        facts = await self.app.facts.foretold(row.space, persons, self.moment_of, self._event_of) if persons else []
        return persons, facts, {**self._released}

    async def close(self) -> None:
        """Nothing that was begun goes on."""
        if self._ahead:
            self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)

    async def let_go(self) -> None:
        """Others may go on."""
        if self.row.state == "counting":
            await self.app.store.write(lambda tx: forecast_rows.forward(tx, self.row, claimed=0.0), turn="forecast")

    async def _forward(self, write: Callable[[Tx], None], **values: object) -> bool:
        row, until = self.row, self.app.clock.now() + LEASE

        def forward(tx: Tx) -> bool:
            if not forecast_rows.forward(tx, row, claimed=until, **values):
                return False
            write(tx)
            return True

        if not await self.app.store.write(forward, turn="forecast"):
            return False
        row.claimed = until
        for name, value in values.items():
            setattr(row, name, value)
        return True

    async def _take(self) -> bool:
        row, now = self.row, self.app.clock.now()
        while await self.app.store.write(lambda tx: forecast_rows.worn(tx, row.space, row.campaign, row.id, WORN), turn="forecast") >= WORN:
            pass

        def take(tx: Tx) -> tuple[int, bool] | None:
            if not forecast_rows.forward(tx, row, claimed=now + LEASE):
                return None
            n = forecast_rows.snapshot(tx, row.space, row.id, whom(tx, row.space, audience_of(self.campaign), row.at))
            self.kept.everybody = n > 0 and n == audience_rows.everybody(tx, row.space)
            row_now = ForecastRow(**{**msgspec.structs.asdict(row), "claimed": now + LEASE})
            forecast_rows.forward(tx, row_now, cursor=-1, total=n, body=encode(self.kept).decode())
            return n, self.kept.everybody

        taken = await self.app.store.write(take, turn="forecast")
        if taken is None:
            return False
        row.total, row.cursor, row.claimed = taken[0], -1, now + LEASE
        return True

    async def _chunk(self, persons: Sequence[int], facts: Sequence[Facts | None]) -> bool:
        row = self.row
        told: list[tuple[int, int, bytes]] = []
        codes: Counter[bytes] = Counter()
        for n, (person, fact) in enumerate(zip(persons, facts, strict=True)):
            if n and n % TURN == 0:
                await asyncio.sleep(0)
            if fact is None:
                raise UnknownCategory(f"There is no category {self.campaign.category!r} any more. Choose another.", field="category")
            decision = gates.decide(fact)
            code = forecast.code_of(decision)
            codes[code] += 1
            told.append((person, fact.event.variant, code))
            self._look(fact, decision)
        self.kept.sums.add(codes)
        body = encode(self.kept).decode()
        return await self._forward(
            lambda tx: forecast_rows.keep(tx, row.space, row.id, told), cursor=persons[-1], done=row.done + len(persons), body=body
        )

    def _event_of(self, person: Person, moment: Moment) -> Event:
        """The very event that a run would hand to decide."""
        variant, _ = assigned(self.row.campaign, self.campaign, person.user_id)
        message = self._message(person, variant)
        at = self._told_at(person, moment, rest=variant == UNASSIGNED)
        pattern = self._events.get((variant, message, moment.until))
        if pattern is None:
            pattern = event_of(
                self.row.space, self.row.campaign, self.campaign, self.kept.pins, run=self.row.id, at=at, until=moment.until, variant=variant, message=message
            )
            self._events[variant, message, moment.until] = pattern
        return msgspec.structs.replace(pattern, person=person.person, accepted=at)

    def _told_at(self, person: Person, moment: Moment, *, rest: bool) -> float:
        """When they are told: at a pace, as many at a time as a run releases, in the order in which it walks its people, while the window is open."""
        pace, window, clock = timing_of(self.campaign.timing)
        if not pace:
            return moment.at
        wave = f"{moment.wave} {rest}"
        n, at = self._released.get(wave, (0, moment.at))
        if n and n % share(pace) == 0:
            at = timing.opened(window, at + share(pace) / pace, person.timezone if clock == OWN else clock)
        self._released[wave] = n + 1, at
        return at

    def _message(self, person: Person, variant: int) -> int:
        """Which of the campaign's messages they get; the likely one for who waits for the winner."""
        return likely(self.row.campaign, self.campaign, person.user_id) if variant == UNASSIGNED else max(0, variant)

    def _attributes(self, person: Person) -> Mapping[str, object]:
        if not person.profile:
            return {}
        try:
            return _profile.decode(self.app.sealer.unseal("profile", person.profile)).attributes
        except Unsealable:
            return {}

    def _look(self, fact: Facts, decision: Decision) -> None:
        """What decide does not look at and a message needs: data, and what a text costs."""
        variant, kept = self._message(fact.person, fact.event.variant), self.kept
        lacking_of, wanted = self._lacking[variant], self._wanted[variant]
        lacks: set[str] = set()
        known = self._attributes(fact.person) if wanted else {}
        for unit in decision.units:
            if unit.outcome not in WAITS:
                continue
            channel = unit.channel
            if channel in lacking_of:
                lacks.update(lacking_of[channel])
            if channel in wanted:
                lacks.update(f"user.attributes.{name}" for name in wanted[channel] if known.get(name) is None)
            if channel == "sms":
                key = f"{variant} {fact.person.locale} {self._country(fact.person, unit.address)}"
                n, somebody = kept.texts.get(key, (0, fact.person.person))
                kept.texts[key] = (n + 1, somebody)
        for name in lacks:
            kept.missing[name] = kept.missing.get(name, 0) + 1

    def _country(self, person: Person, address: bytes) -> str:
        """Of a number, where that makes a difference to its price."""
        if not any(country != "*" for prices in self._prices for country in prices):
            return ""
        sealed = next((one.sealed for one in person.addresses if one.hash == address), None)
        try:
            return numbers.look(self.app.sealer.unseal("address", sealed).decode()).country if sealed else ""
        except Unsealable:
            return ""

    async def _end(self) -> bool:
        row, kept, now = self.row, self.kept, self.app.clock.now()
        by_country: Counter[str] = Counter()
        for key, (n, somebody) in kept.texts.items():
            (facts,) = await self.app.facts.foretold(row.space, [somebody], self.moment_of, self._event_of)
            if facts is None:
                continue
            counted = await sms_segments(self.app, facts.event, facts.person)
            by_country[key.rpartition(" ")[2]] += n * (counted.count if counted else 1)
        kept.segments = by_country.total()
        if row.total >= CHUNK:
            await self.app.store.write(forecast_rows.weigh, turn="forecast")
        kept.cost = cost_of(by_country, self._prices)
        kept.texts = {}
        done = await self._forward(lambda _: None, state="done", ended=now, done=row.done, body=encode(kept).decode())
        while done and await self.app.store.write(lambda tx: forecast_rows.forget(tx, row.space, row.id, WORN), turn="forecast") >= WORN:
            pass
        return done


def divides_alike(tx: Tx, space: int, key: str, made: bytes, draft: Campaign) -> bool:
    """Whether that forecast divided people among variants, holdout and rest as the draft does: else who was given what must be asked again."""
    row = forecast_rows.get(tx, space, key, made)
    return row is not None and _division(decode(row.body).campaign) == _division(draft)


def _division(campaign: Campaign) -> tuple[float, ...] | None:
    plan = campaign.experiment
    return None if plan is None else (plan.share, plan.holdout, *(one.weight for one in campaign.variants))


def _prices(tx: Tx, space: int) -> list[Mapping[str, int]]:
    """What a segment costs with each provider of SMS that is used and says so: country -> millionths."""
    fields = [msgspec.json.decode(one.fields, type=dict[str, str]) for one in providers.every(tx, space) if one.channel == "sms" and one.used]
    return [prices for one in fields if (prices := prices_of(one.get("prices", "")))]


def basis_of(tx: Tx, space: int, campaign: Campaign, published: Mapping[str, int]) -> str:
    """What a forecast of this draft is made from, in one word: when it is another, the forecast is outdated."""
    bodies = dict(audience_rows.bodies(tx, space))
    wanted, waiting = dict[str, str](), [campaign.audience, *campaign.exclude]
    while waiting:
        key = waiting.pop()
        if key in bodies and key not in wanted:
            wanted[key] = bodies[key]
            waiting += _named_in(bodies[key])
    parts = [encode(campaign), *(f"{key} {wanted[key]}".encode() for key in sorted(wanted))]
    parts += [f"{one.template} {published.get(one.template, 0)}".encode() for one in campaign.variants]
    return blake2b(b"\x1f".join(parts), digest_size=12).hexdigest()


def _named_in(body: str) -> list[str]:
    try:
        return sorted(checked(msgspec.json.decode(body, type=Audience)).audiences)
    except Refusal:
        return []


