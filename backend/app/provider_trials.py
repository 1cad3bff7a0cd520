"""Trying a provider: what is typed put together with what is kept, a connection opened with it, and a message to oneself through the line."""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from backend.app.captures import StoreShelf
from backend.app.provider_views import CheckIn, CheckView, ProviderView, SelfTestIn, SelfTestSent, Typed
from backend.app.spending import StorePurse
from backend.app.views import AddressIn
from backend.channels import fields
from backend.channels.base import Provider
from backend.channels.kinds import Given, Kind, Parts
from backend.channels.registry import from_settings, kind_of
from backend.channels.router import CAPTURE
from backend.domain.category import TELLING
from backend.domain.delivery import CHANNEL_NUMBER, route_of
from backend.domain.errors import Invalid, NotFound, Refusal, Unavailable
from backend.domain.event import EventIn, To
from backend.domain.ids import delivery_id, notification_id
from backend.domain.known import known_as
from backend.domain.receipt import Receipt
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.security.addresses import device, mask, normalise
from backend.security.limits import Policy
from backend.security.roles import Actor
from backend.security.sealing import Sealer, Unsealable
from backend.store import persons
from backend.store import providers as rows
from backend.store.providers import ProviderRow

if TYPE_CHECKING:
    from backend.app.app import App

PATIENCE = 10.0  # seconds a check may take
LEAVE = 3.0  # seconds that what a check opened has to close
TRIALS = Policy("trials", 30, 60)  # checks and tests of one person
SECRET_SHOWN = 4  # characters from which a secret is taken out of what a provider said


# ---- what is typed and what is kept
def texts(typed: Mapping[str, Typed]) -> dict[str, str | None]:
    """What was typed, as fields take it: a switch as 1 or 0, a number in digits; None clears a field."""
    made: dict[str, str | None] = {}
    for name, value in typed.items():
        made[name] = None if value is None else str(int(value)) if isinstance(value, bool | int) else value
    return made


def merged(kind: Kind, known: str, old: ProviderRow | None, typed: Mapping[str, Typed], sealer: Sealer) -> dict[str, str]:
    """Every field, checked; secrets that were left out as they are kept. Raises `Invalid`."""
    given = texts(typed)
    kept = secrets_kept(known, old, sealer) if old is not None else {}
    whole = {name: value for name, value in given.items() if value is not None}
    borrowed = [one for one in kind.fields if one.secret and not whole.get(one.name) and one.name not in {n for n, v in given.items() if v is None} and one.name in kept]
    for one in borrowed:
        whole[one.name] = kept[one.name]
    for one in kind.fields:
        if one.make is not None and not whole.get(one.name) and one.name not in kept and (old is None or one.secret):
            whole[one.name] = one.make()
    read = fields.read(kind, whole)
    if old is not None and borrowed:
        before = fields.plain_of(old.fields)
        for one in kind.fields:
            if one.pinned and not one.secret and read[one.name] != before.get(one.name, one.usual):
                what = borrowed[0]
                raise Invalid(f"{one.title['en']} changed, and {what.title['en']} would be sent to it. Type {what.title['en']} again.", field=what.name)
    return read


def secrets_kept(known: str, row: ProviderRow, sealer: Sealer) -> dict[str, str]:
    """Open; nothing where they cannot be opened: then they have to be typed again."""
    try:
        return fields.secrets_of(known, row.secrets, sealer)
    except Unsealable:
        return {}


def secrets_set(kind: Kind, known: str, row: ProviderRow, sealer: Sealer) -> list[str]:
    """Names of the secret fields that hold something, in the order of the kind."""
    kept = secrets_kept(known, row, sealer)
    return [one.name for one in kind.fields if one.secret and kept.get(one.name)]


def to_keep(kind: Kind, known: str, read: Mapping[str, str], old: ProviderRow | None, sealer: Sealer) -> tuple[str, bytes, list[str]]:
    """(open fields, sealed secrets, names of what changed). Where no secret changed the sealed bytes stay, so that nothing is made anew for it."""
    plain, sealed = fields.kept(kind, known, read, sealer)
    before = {**fields.plain_of(old.fields), **secrets_kept(known, old, sealer)} if old is not None else {}
    changed = [one.name for one in kind.fields if read.get(one.name, "") != before.get(one.name, "")]
    secret = {one.name for one in kind.fields if one.secret}
    if old is not None and not secret & set(changed):
        try:
            fields.secrets_of(known, old.secrets, sealer)
        except Unsealable:
            pass
        else:
            sealed = old.secrets
    return plain, sealed, changed


def parts_of(app: "App") -> Parts:
    """What providers are made with outside the line."""

    async def report(receipt: Receipt) -> None:
        partition = topics.partition_of(receipt.space, receipt.person)
        await app.log.append([Record(topics.RECEIPTS, partition, receipt.delivery, encode(receipt))])

    return Parts(app.clock, app.sealer, StoreShelf(app.store), report, StorePurse(app))


# ---- check
async def check(app: "App", actor: Actor, key: str, given: CheckIn) -> CheckView:
    """See `Providers.check`."""
    await app.limits.take(TRIALS, f"{actor.space}:{actor.subject}")
    known = known_as(actor.space, key)
    row = await app.store.read(lambda tx: rows.get(tx, actor.space, key))
    if row is None and not given.kind:
        return await _look(_of_installation(app, key), ())
    kind = kind_of(given.kind or (row.kind if row else ""))
    if row is not None and row.kind != kind.key:
        raise Invalid(f"{key} is a provider of the kind {row.kind}. Check another kind under a key of its own.", field="kind")
    if row is not None and not given.fields:
        made = fields.given_of(kind, known, row.fields, row.secrets, app.sealer, app.settings.base_url)
    else:
        made = Given(known, merged(kind, known, row, given.fields, app.sealer), fields.hook_of(app.settings.base_url, known))
    hidden = [made.fields[one.name] for one in kind.fields if one.secret]
    return await _look(kind.make(made, parts_of(app)), hidden)


def _of_installation(app: "App", key: str) -> Provider:
    """Raises `NotFound`."""
    for one in from_settings(app.settings, app.clock):
        if one.key == key:
            return one
    raise NotFound(f"There is no provider {key[:80]!r} here. Name its kind to check fields that are not kept yet.")


async def _look(provider: Provider, hidden: "list[str] | tuple[()]") -> CheckView:
    begun = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            await provider.start()
            well, said = True, await provider.reachable()
    except Unavailable as away:
        well, said = False, away.detail
    except TimeoutError:
        well, said = False, f"No answer within {PATIENCE:g} seconds. Look whether server and port are right, and whether a firewall stands between."
    except Refusal as refusal:
        well, said = False, refusal.detail
    except Exception as error:  # noqa: BLE001 - whatever a library does, a person reads a sentence
        well, said = False, f"The check failed: {type(error).__name__}: {error}"[:300]
    finally:
        closing = asyncio.ensure_future(provider.close())
        await asyncio.wait([closing], timeout=LEAVE)
        closing.cancel()
    for secret in hidden:
        if len(secret) >= SECRET_SHOWN:
            said = said.replace(secret, "***")
    return CheckView(well, " ".join(said.split())[:500], round(time.monotonic() - begun, 3))


# ---- a message to oneself
async def send_test(app: "App", actor: Actor, provider: ProviderView, given: SelfTestIn) -> SelfTestSent:
    """See `Providers.send_test`."""
    await app.limits.take(TRIALS, f"{actor.space}:{actor.subject}")
    if not provider.used:
        raise Invalid(f"{provider.key} is switched off. Switch it on first; with weight 0 it only stands in for the others.", field="used")
    if not actor.person:
        raise Invalid("A program has no address of its own. Sign in to send yourself a test.", field="address")
    channel = CHANNEL_NUMBER[provider.channel]
    hashed, shown = await _address(app, actor, provider, given.address)
    known = await app.facts.content_of(actor.space)
    categories = sorted((one for one in known.categories.values() if one.kind in TELLING), key=lambda one: (TELLING.index(one.kind), one.key))
    name = provider.kind or provider.key
    item = EventIn(
        type="provider.test", category=categories[0].key, to=To(user=actor.subject), channels=[provider.channel], title=f"Test of {provider.key}",
        message=f"This message went through {name} ({provider.key}). If you read it, {provider.channel} reaches you.",
    )  # fmt: skip
    (answer,) = await app.events.accept(actor, [item], "portal" if actor.via == "portal" else "api", via=(provider.known or provider.key, hashed))
    if isinstance(answer, Refusal):
        raise answer
    notification = notification_id(answer.id, actor.person)
    made = delivery_id(notification, actor.person, channel, hashed)
    return SelfTestSent(answer.id.hex(), made.hex(), shown, known.settings.test and provider.origin != "capture")


async def _address(app: "App", actor: Actor, provider: ProviderView, typed: str) -> tuple[bytes, str]:
    """(hash, masked) of the address the test goes to. One that is typed becomes one of the person's own, so that the delivery has a page."""
    channel, now = CHANNEL_NUMBER[provider.channel], app.clock.now()
    mine = await app.store.read(lambda tx: persons.addresses_of(tx, actor.space, actor.person, now))
    reached = [one for one in mine if one.channel == channel and _reaches(provider, one.hash)]
    if not typed.strip():
        if not reached:
            raise Invalid(f"You have no address that {provider.key} reaches. Type one.", field="address")
        best = min(reached, key=lambda one: (bool(one.suppressed), one.created))
        return best.hash, mask(provider.channel, app.sealer.unseal("address", best.sealed).decode())
    plain = device("apns", typed.strip()) if provider.route == "push-apns" else normalise(channel, typed)
    hashed = app.sealer.address_hash(channel, plain)
    if not _reaches(provider, hashed):
        raise Invalid(f"{provider.key} does not reach this kind of address. Type one of its own kind.", field="address")
    if all(one.hash != hashed or one.suppressed for one in reached):  # a device that was retired is usable again
        await app.people.put_address(actor, actor.subject, AddressIn(provider.channel, plain, "test"))  # type: ignore[arg-type]
    return hashed, mask(provider.channel, plain)


def _reaches(provider: ProviderView, hashed: bytes) -> bool:
    return provider.known.startswith(CAPTURE) or route_of(provider.channel, hashed) == provider.route
