"""Providers of a space: added, changed, put in order and removed here; every process that delivers follows within two seconds (`workers.roster`).

A space goes by its own providers of a route, else by those of the installation (CARILLON_SMTP_URL), else by capture. What is secret is sealed and
never shown again.
"""

import builtins
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET

from backend.app import provider_trials as trials
from backend.app.alerts import resolve
from backend.app.base import Aggregate, check_revision
from backend.app.provider_live import breaker_alert, live_view, origin_of, trouble_alert, words_of
from backend.app.provider_views import (
    CheckIn,
    CheckView,
    KindView,
    ModeView,
    OrderIn,
    OutlookView,
    ProviderIn,
    ProviderView,
    SelfTestIn,
    SelfTestSent,
    in_order,
    kind_view,
)
from backend.app.views import Page, moment
from backend.channels import fields
from backend.channels.guard import Word
from backend.channels.kinds import Given, Kind
from backend.channels.registry import from_settings, kind_of, kinds
from backend.channels.router import CAPTURE
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.errors import Invalid, NotFound, Taken, UnknownChannel
from backend.domain.halting import DOWN
from backend.domain.known import is_key, is_reserved, known_as
from backend.domain.space import SpaceSettings
from backend.security.roles import Actor, need
from backend.store import halts, parked, space_rows
from backend.store import providers as rows
from backend.store.port import Tx
from backend.store.providers import ProviderRow

LIMIT = 50  # providers of a space

__all__ = ["ProviderView", "Providers"]


class Providers(Aggregate):
    """See the module."""

    async def kinds(self, actor: Actor) -> Page[KindView]:
        """Every kind there is, with its fields and what one must have."""
        need(actor, "operate")
        return Page(in_order([kind_view(kind) for kind in kinds().values()]))

    async def list(self, actor: Actor) -> Page[ProviderView]:
        """The space's own, in the order in which they are asked, then those of the installation. Errors: `CacheUnavailable`."""
        need(actor, "operate")
        words = await words_of(self.app.cache)

        return Page(await self.app.store.read(lambda tx: self._views(tx, actor.space, words)))

    async def get(self, actor: Actor, key: str) -> ProviderView:
        """One. Raises `NotFound`."""
        need(actor, "operate")
        for view in (await self.list(actor)).items:
            if view.key == key:
                return view
        raise NotFound(f"There is no provider {key[:80]!r} here. Check its key.")

    async def put(self, actor: Actor, key: str, given: ProviderIn, seen_revision: int | None = None) -> ProviderView:
        """Add one, or change it. A secret that is left out stays as it is. Errors: `Invalid`, `Taken`, `Stale`."""
        need(actor, "operate")
        if not is_key(key):
            raise Invalid("The key of a provider is 1 to 40 small letters, digits and hyphens, like sendgrid-eu. Choose another one.", field="key")
        if is_reserved(key):
            raise Taken(f"{key} belongs to a provider of the installation. Choose another key, like {key}-own.", field="key")
        kind = kind_of(given.kind)
        seen = given.revision if seen_revision is None else seen_revision
        known = known_as(actor.space, key)

        old = await self.app.store.read(lambda tx: rows.get(tx, actor.space, key))
        if old is not None and old.kind != kind.key:
            raise Invalid(f"{key} is a provider of the kind {old.kind}, and stays one. Add another provider under a new key.", field="kind")
        check_revision(seen, met := old.revision if old else 0, f"The provider {key}")
        typed = trials.merged(kind, known, old, given.fields, self.app.sealer)
        kind.make(Given(known, typed, fields.hook_of(self.app.settings.base_url, known)), trials.parts_of(self.app))  # what does not go together is refused
        plain, sealed, changed = trials.to_keep(kind, known, typed, old, self.app.sealer)

        def write(tx: Tx) -> None:
            there = rows.get(tx, actor.space, key, lock=True)
            check_revision(met, there.revision if there else 0, f"The provider {key}")  # also for who named none: secrets were put together with that one
            if old is None and rows.count(tx, actor.space) >= LIMIT:
                raise Invalid(f"A space has at most {LIMIT} providers. Remove one that is not used.", limit=LIMIT)
            now, used = self.app.clock.now(), (there.used if there else True) if given.used is UNSET else given.used
            weight = (there.weight if there else self._weight(tx, actor.space, kind)) if given.weight is UNSET else given.weight
            row = ProviderRow(
                space=actor.space, key=key, kind=kind.key, channel=kind.channel, place=there.place if there else rows.last_place(tx, actor.space, kind.channel),
                weight=weight, used=used, fields=plain, secrets=sealed, revision=met + 1, changed=now, changed_by=actor.subject,
            )  # fmt: skip
            rows.put(tx, row)
            if used:
                parked.begin(tx, actor.space, DOWN + kind.way, now)  # what waited for one that is switched on
            self.note(tx, actor, "provider.put", f"provider:{key}", revision=row.revision, kind=kind.key, changed=changed, used=used, weight=weight)

        await self.app.store.write(write)
        return await self.get(actor, key)

    async def outlook(self, actor: Actor, key: str) -> OutlookView:
        """What removing it, or switching it off, would mean. Raises `NotFound`."""
        need(actor, "operate")
        at_hand = {one.channel for one in from_settings(self.app.settings, self.app.clock)}

        def read(tx: Tx) -> OutlookView:
            row, route = self._row(tx, actor.space, key), ""
            if row.kind in kinds():
                route = kinds()[row.kind].way
            mine = [one for one in rows.every(tx, actor.space) if one.key != key]
            others = [one.key for one in mine if one.used and one.kind in kinds() and kinds()[one.kind].way == route]
            same = any(one.channel == row.channel for one in mine)
            then = "others" if others else "settings" if row.channel in at_hand and route == row.channel else "nobody" if same else "capture"
            return OutlookView(parked.count(tx, actor.space, DOWN + route), others, then)  # type: ignore[arg-type]

        return await self.app.store.read(read)

    async def remove(self, actor: Actor, key: str, seen_revision: int | None = None) -> None:
        """Take it away: what waits there goes on with whoever is left. Errors: `NotFound`, `Stale`."""
        need(actor, "operate")
        known = known_as(actor.space, key)

        def write(tx: Tx) -> None:
            row = self._row(tx, actor.space, key, lock=True)
            check_revision(seen_revision, row.revision, f"The provider {key}")
            rows.remove(tx, actor.space, key)
            if row.kind in kinds():
                parked.begin(tx, actor.space, DOWN + kinds()[row.kind].way, self.app.clock.now())
            self.note(tx, actor, "provider.remove", f"provider:{key}", kind=row.kind)

        await self.app.store.write(write)
        for alert in (breaker_alert(known), trouble_alert(known)):
            await resolve(self.app, actor.space, alert)

    async def arrange(self, actor: Actor, channel: str, given: OrderIn) -> Page[ProviderView]:
        """In which order those of a channel are asked, and with what weights. Names each of them once. Errors: `Invalid`, `UnknownChannel`."""
        need(actor, "operate")
        if channel not in CHANNEL_NUMBER:
            raise UnknownChannel(given=channel[:32])

        def write(tx: Tx) -> None:
            mine = {row.key: row for row in rows.every(tx, actor.space) if row.channel == channel}
            named = [one.key for one in given.order]
            if sorted(named) != sorted(mine):
                raise Invalid(f"The order names each provider of {channel} once: {', '.join(sorted(mine)) or 'there is none'}. Read them again.", field="order")
            for one in given.order:
                row = mine[one.key]
                if row.weight != one.weight:
                    row.weight, row.revision, row.changed, row.changed_by = one.weight, row.revision + 1, self.app.clock.now(), actor.subject
                    rows.put(tx, row)
            rows.arrange(tx, actor.space, channel, named)
            self.note(tx, actor, "provider.arrange", f"channel:{channel}", order=[f"{one.key}:{one.weight}" for one in given.order])

        await self.app.store.write(write)
        return await self.list(actor)

    async def check(self, actor: Actor, key: str, given: CheckIn) -> CheckView:
        """Open a connection with what is typed, or with what is kept, and say in one sentence what happened. Changes nothing. Errors: `NotFound`,
        `Invalid`, `TooManyRequests`."""
        need(actor, "operate")
        return await trials.check(self.app, actor, key, given)

    async def send_test(self, actor: Actor, key: str, given: SelfTestIn) -> SelfTestSent:
        """A message to oneself by this very provider, through the whole line. Errors: `NotFound`, `Invalid`, `TooManyRequests`."""
        need(actor, "operate")
        return await trials.send_test(self.app, actor, await self.get(actor, key), given)

    async def mode(self, actor: Actor) -> ModeView:
        """Whether everything of the space is captured, whatever is configured: for every page of the portal."""
        need(actor, "inbox.own")
        return ModeView((await self.app.facts.content_of(actor.space)).settings.test)

    async def put_mode(self, actor: Actor, given: ModeView) -> ModeView:
        """Switch that. Within two seconds every process obeys."""
        need(actor, "operate")

        def write(tx: Tx) -> None:
            settings = msgspec.json.decode(space_rows.settings(tx, actor.space, lock=True), type=SpaceSettings)
            if settings.test != given.test:
                space_rows.put_settings(tx, actor.space, msgspec.json.encode(msgspec.structs.replace(settings, test=given.test)).decode())
                rows.bump(tx)
                self.note(tx, actor, "space.test", f"space:{actor.space}", test=given.test)

        await self.changing_content(write)
        return given

    # ---- rows
    def _row(self, tx: Tx, space: int, key: str, *, lock: bool = False) -> ProviderRow:
        row = rows.get(tx, space, key, lock=lock)
        if row is None:
            raise NotFound(f"There is no provider {key[:80]!r} that was added here. Check its key.")
        return row

    def _weight(self, tx: Tx, space: int, kind: Kind) -> int:
        """The first of a route takes everything, those that are added stand in until somebody says otherwise."""
        return 0 if any(row.kind in kinds() and kinds()[row.kind].way == kind.way for row in rows.every(tx, space)) else 100

    def _views(self, tx: Tx, space: int, words: Mapping[str, Word]) -> builtins.list[ProviderView]:
        halted = {row.scope for row in halts.every(tx, space)}
        mine = rows.every(tx, space)
        house = [word for word in words.values() if not word.space]
        own = [words[known] for row in mine if (known := known_as(space, row.key)) in words]
        owned = {kinds()[row.kind].way for row in mine if row.kind in kinds()}
        waiting = {route: parked.count(tx, space, DOWN + route) for route in owned | {word.route or word.channel for word in house}}
        made = [self._own(row, words.get(known_as(space, row.key)), own, halted, waiting) for row in mine]
        for word in sorted(house, key=lambda one: (one.channel, one.order)):
            route = word.route or word.channel
            sends = [one for one in house if (one.route or one.channel) == route and not one.key.startswith(CAPTURE)]
            stands = [] if route in owned else sends or [word]
            view = live_view(word.key, word, stands, f"provider:{word.key}" in halted, waiting.get(route, 0) if word in stands else 0, origin_of(word))
            view.points = view.points if word in stands else 0
            made.append(view)
        return made

    def _own(self, row: ProviderRow, word: Word | None, words: Sequence[Word], halted: set[str], waiting: Mapping[str, int]) -> ProviderView:
        known, kind = known_as(row.space, row.key), kinds().get(row.kind)
        route = kind.way if kind else row.channel
        stopped, parked_now = f"provider:{known}" in halted, waiting.get(route, 0)
        if word is not None and row.used:
            view = live_view(row.key, word, words, stopped, parked_now, "portal")
        else:
            view = ProviderView(row.key, row.channel, "unseen" if row.used else "off", 0, 0, 0, 0, "", stopped, parked_now, known=known, route=route, origin="portal")
        view.kind, view.used, view.weight, view.revision = row.kind, row.used, row.weight, row.revision
        view.fields, view.changed_at, view.changed_by = fields.plain_of(row.fields), moment(row.changed), row.changed_by
        if kind is not None:
            view.secrets = trials.secrets_set(kind, known, row, self.app.sealer)
            view.hook = fields.hook_of(self.app.settings.base_url, known) if kind.hear else ""
        return view
