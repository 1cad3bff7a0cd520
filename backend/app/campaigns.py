"""Campaigns: drafts that are checked, approved, started, paused and cancelled; what was started is a version. Their runs are made in `campaigning`."""

import contextlib
from collections.abc import Sequence

import msgspec

from backend.app import campaign_looks, campaign_steps
from backend.app.base import PAGE, Aggregate, check_revision, page_size
from backend.app.campaign_views import (
    CalendarEntry,
    CampaignIn,
    CampaignLine,
    CampaignVersionView,
    CampaignView,
    RecipientView,
    RunView,
    StartIn,
)
from backend.app.view_types import Page, moment
from backend.domain.audience_checks import key_fits
from backend.domain.bounds import check_data
from backend.domain.campaign import STATES, Campaign
from backend.domain.campaign_checks import ASKED, World, may, problems
from backend.domain.errors import CursorForeign, Forbidden, Invalid, NotFound, WrongState
from backend.security.roles import Actor, need
from backend.store import campaign_rows, persons
from backend.store.campaign_rows import CampaignRow, VersionRow
from backend.store.port import Tx

LIMIT = 10_000  # campaigns of a space
_decode = msgspec.json.Decoder(Campaign).decode


class Campaigns(Aggregate):
    """Campaigns of the actor's space."""

    # ---- drafts
    async def put(self, actor: Actor, key: str, given: CampaignIn, seen_revision: int | None = None) -> CampaignView:
        """Keep a draft; anything may be missing in it. One that runs gets a new version, for whoever was not told yet: that must have no problem.
        Errors: `Invalid`, `Stale`, `WrongState` for one that ended."""
        need(actor, "content.write")
        if not key_fits(key):
            raise Invalid("A key is 1 to 128 letters, digits or . _ : @ + -, and begins with a letter or digit.", field="key")
        if not (given.name or "x").isprintable():
            raise Invalid("name is one line, without control characters. Take them out.", field="name")
        draft = _draft_of(given)
        world = await campaign_steps.world(self.app, actor.space, draft)
        seen = given.revision if seen_revision is None else seen_revision

        def write(tx: Tx) -> CampaignRow:
            old = campaign_rows.get(tx, actor.space, key, lock=True)
            check_revision(seen, old.revision if old else 0, f"The campaign {key}")
            now = self.app.clock.now()
            if old is None:
                if campaign_rows.count(tx, actor.space) >= LIMIT:
                    raise Invalid(f"A space has at most {LIMIT:,} campaigns. Delete some that are over.", limit=LIMIT)
                row = CampaignRow(space=actor.space, key=key, name=given.name or key, state="draft", body="", revision=0, created=now, changed=now)
            else:
                row = old
            _allow(row, "edit")
            if row.state in ("scheduled", "running", "paused"):
                _refuse(draft, world)
                self._new_version(tx, actor, row, draft, "edited")
                campaign_steps.change_running(self.app, tx, row, draft, world)
            elif row.state in ("review", "approved"):
                row.state, row.submitted_by, row.approved_by = "draft", "", ""  # what was approved is not this any more
            row.name, row.body = given.name or row.name, msgspec.json.encode(draft).decode()
            self._put(tx, actor, row, "campaign.put")
            return row

        return await self._view(actor, await self.app.store.write(write))

    async def get(self, actor: Actor, key: str) -> CampaignView:
        """One campaign. Raises `NotFound`."""
        need(actor, "content.read")
        return await self._view(actor, await self.app.store.read(lambda tx: _found(tx, actor.space, key)))

    async def list(self, actor: Actor, *, after: str = "", limit: int = PAGE, state: str = "", text: str = "") -> Page[CampaignLine]:
        """What was changed last comes first. Errors: `Invalid`, `CursorForeign`."""
        need(actor, "content.read")
        size = page_size(limit)
        if state and state not in STATES:
            raise Invalid(f"There is no state {state[:40]!r}. The states are {', '.join(STATES)}.", field="state", allowed=list(STATES))
        before = _place(after)

        def read(tx: Tx) -> tuple[list[CampaignLine], str | None]:
            rows = campaign_rows.page(tx, actor.space, before, size + 1, state, text)
            following = f"{rows[size - 1].changed!r} {rows[size - 1].key}" if len(rows) > size else None
            return campaign_looks.lines(tx, actor.space, rows[:size]), following

        return Page(*await self.app.store.read(read))

    async def counts(self, actor: Actor) -> dict[str, int]:
        """How many there are in each state."""
        need(actor, "content.read")
        return await self.app.store.read(lambda tx: campaign_rows.by_state(tx, actor.space))

    async def delete(self, actor: Actor, key: str) -> None:
        """Remove a draft, or one that is over; what it has sent stays. Errors: `NotFound`, `WrongState`."""
        need(actor, "content.write")

        def write(tx: Tx) -> None:
            _allow(_found(tx, actor.space, key, lock=True), "delete")
            campaign_rows.remove(tx, actor.space, key)
            self.note(tx, actor, "campaign.delete", f"campaign:{key}")

        await self.app.store.write(write)

    async def duplicate(self, actor: Actor, key: str, new_key: str) -> CampaignView:
        """A draft like it under another key. Errors: `NotFound`, `Invalid`, `Stale` when the key is taken."""
        need(actor, "content.write")
        row = await self.app.store.read(lambda tx: _found(tx, actor.space, key))
        fields = msgspec.structs.asdict(_decode(row.body))
        given = CampaignIn(**{**fields, "exclude": [*fields["exclude"]], "variants": [*fields["variants"]], "channels": [*fields["channels"]]}, name=row.name, revision=0)
        return await self.put(actor, new_key, given, 0)

    async def versions(self, actor: Actor, key: str) -> Sequence[CampaignVersionView]:
        """What was started, the newest first. Raises `NotFound`."""
        need(actor, "content.read")

        def read(tx: Tx) -> list[VersionRow]:
            _found(tx, actor.space, key)
            return campaign_rows.versions(tx, actor.space, key)

        return [CampaignVersionView(row.version, _decode(row.body), moment(row.at), row.by, row.note) for row in await self.app.store.read(read)]

    # ---- approval
    async def submit(self, actor: Actor, key: str, seen_revision: int | None = None) -> CampaignView:
        """Ask a second person. Errors: `Invalid` with what is wrong, `Stale`, `WrongState`."""
        need(actor, "content.write")
        return await self._step(actor, key, "submit", seen_revision, check=True)

    async def approve(self, actor: Actor, key: str, seen_revision: int | None = None) -> CampaignView:
        """Say yes to what somebody else has submitted. Errors: `Forbidden` for whoever submitted it, `Stale`, `WrongState`."""
        need(actor, "content.write")
        need(actor, "events.send")
        return await self._step(actor, key, "approve", seen_revision, check=True)

    async def reject(self, actor: Actor, key: str, why: str) -> CampaignView:
        """Send it back. Errors: `WrongState`."""
        need(actor, "content.write")
        return await self._step(actor, key, "reject", None, why=why[:500])

    async def _step(self, actor: Actor, key: str, act: str, seen: int | None, *, check: bool = False, why: str = "") -> CampaignView:
        row = await self.app.store.read(lambda tx: _found(tx, actor.space, key))
        world = await campaign_steps.world(self.app, actor.space, _decode(row.body)) if check else None

        def write(tx: Tx) -> CampaignRow:
            row = _found(tx, actor.space, key, lock=True)
            check_revision(seen, row.revision, f"The campaign {key}")
            _allow(row, act)
            if world is not None:
                _refuse(_decode(row.body), world)
            if act == "submit":
                row.state, row.submitted_by = "review", actor.subject
            elif act == "approve":
                if row.submitted_by == actor.subject:
                    raise Forbidden("You submitted this yourself; a second person has to look at it.", permission="a second person")
                row.state, row.approved_by = "approved", actor.subject
            else:
                row.state, row.submitted_by, row.approved_by = "draft", "", ""
            self._put(tx, actor, row, f"campaign.{act}", **({"why": why} if why else {}))
            return row

        return await self._view(actor, await self.app.store.write(write))

    # ---- running
    async def start(self, actor: Actor, key: str, given: StartIn) -> CampaignView:
        """Let it go: at once, at its time, or again and again. It is a version from then on. Errors: `Invalid` with what is wrong or when the number of
        people has to be repeated (facts: `people`, `everybody`), `Stale`, `WrongState`."""
        need(actor, "content.write")
        need(actor, "events.send")
        seen = await self.app.store.read(lambda tx: _found(tx, actor.space, key))
        draft = _decode(seen.body)
        world = await campaign_steps.world(self.app, actor.space, draft)
        people = await self.app.store.read(lambda tx: campaign_steps.people(self.app, tx, actor.space, draft)) if draft.audience in world.audiences else (0, 0)

        def write(tx: Tx) -> CampaignRow:
            row = _found(tx, actor.space, key, lock=True)
            check_revision(given.revision if given.revision is not None else seen.revision, row.revision, f"The campaign {key}")
            if draft.approval and row.state == "draft":
                raise WrongState("A second person has to approve this first. Submit it.", state=row.state)
            _allow(row, "start")
            _refuse(draft, world)
            _confirmed(people, given.confirm, draft)
            now = self.app.clock.now()
            self._new_version(tx, actor, row, draft, "started")
            row.next = campaign_steps.first(draft.timing, now)
            row.state = "scheduled" if row.next is None or row.next > now else "running"
            self._put(tx, actor, row, "campaign.start", people=people[0], version=row.version)
            return row

        return await self._view(actor, await self.app.store.write(write))

    async def pause(self, actor: Actor, key: str) -> CampaignView:
        """Nothing more of it goes out within two seconds; what waits, waits. Errors: `WrongState`."""
        need(actor, "content.write")
        return await self._brake(actor, key, "pause")

    async def resume(self, actor: Actor, key: str) -> CampaignView:
        """It goes on where it stopped; nobody is told twice. Errors: `WrongState`."""
        need(actor, "content.write")
        need(actor, "events.send")
        return await self._brake(actor, key, "resume")

    async def cancel(self, actor: Actor, key: str) -> CampaignView:
        """Nothing more of it goes out, for good; whoever was not told is accounted for as cancelled. Errors: `WrongState`."""
        need(actor, "content.write")
        return await self._brake(actor, key, "cancel")

    async def _brake(self, actor: Actor, key: str, act: str) -> CampaignView:
        def write(tx: Tx) -> CampaignRow:
            row = _found(tx, actor.space, key, lock=True)
            _allow(row, act)
            campaign_steps.brake(self.app, tx, row, act, actor.subject)
            self._put(tx, actor, row, f"campaign.{act}")
            return row

        return await self._view(actor, await self.changing_content(write))

    async def roll_out(self, actor: Actor, run: bytes, variant: int) -> None:
        """The rest of a run gets this variant. Nothing when it has been rolled out. Errors: `NotFound`, `Invalid`."""
        need(actor, "content.write")
        need(actor, "events.send")
        await self.app.store.write(lambda tx: campaign_steps.roll_out(self.app, tx, actor.space, run, variant))

    async def stop_variant(self, actor: Actor, run: bytes, variant: int) -> None:
        """Whoever was to get this variant and was not told yet is not. Raises `NotFound`."""
        need(actor, "content.write")
        await self.app.store.write(lambda tx: campaign_steps.stop_variant(tx, actor.space, run, variant))

    # ---- looking
    async def runs(self, actor: Actor, key: str, *, after: str | None = None, limit: int = PAGE) -> Page[RunView]:
        """Its runs, the newest first. Errors: `NotFound`, `CursorForeign`."""
        need(actor, "content.read")
        size = page_size(limit)

        def read(tx: Tx) -> Page[RunView]:
            _found(tx, actor.space, key)
            return campaign_looks.runs(tx, actor.space, key, after, size, self.app.clock.now())

        return await self.app.store.read(read)

    async def run(self, actor: Actor, key: str, run: str) -> RunView:
        """One run. Raises `NotFound`."""
        need(actor, "content.read")
        return await self.app.store.read(lambda tx: campaign_looks.run(tx, actor.space, key, run, self.app.clock.now()))

    async def recipients(self, actor: Actor, key: str, run: str, *, after: str | None = None, limit: int = PAGE, outcome: str = "") -> Page[RecipientView]:
        """Who a run is for, with what became of it; `outcome`: of domain.delivery's states, or skipped. Errors: `NotFound`, `CursorForeign`."""
        need(actor, "content.read")
        need(actor, "people.read")
        size = page_size(limit)

        def read(tx: Tx) -> tuple[Page[RecipientView], dict[str, str]]:
            page = campaign_looks.recipients(tx, actor, key, run, after, size, outcome)
            named = persons.some(tx, actor.space, [one.user for one in page.items if one.user])
            return page, {row.user_id: self.app.people.profile(row).name for row in named}

        page, names = await self.app.store.read(read)
        for one in page.items:
            one.name = names.get(one.user, "")
        return page

    async def calendar(self, actor: Actor, since: float, until: float) -> Sequence[CalendarEntry]:
        """What goes, or went, between two moments (seconds), at most 100 days. Raises `Invalid`."""
        need(actor, "content.read")
        if not 0 < until - since <= 100 * 86_400:
            raise Invalid("A calendar shows 1 to 100 days.", field="until")
        return await self.app.store.read(lambda tx: campaign_looks.calendar(tx, actor, since, until, self.app.clock.now()))

    # ---- rows
    def _new_version(self, tx: Tx, actor: Actor, row: CampaignRow, draft: Campaign, note: str) -> None:
        row.version += 1
        body = msgspec.json.encode(draft).decode()
        made = VersionRow(space=row.space, key=row.key, version=row.version, body=body, at=self.app.clock.now(), by=actor.subject, note=note)
        campaign_rows.add_version(tx, made)

    def _put(self, tx: Tx, actor: Actor, row: CampaignRow, action: str, **detail: object) -> None:
        row.revision, row.changed, row.changed_by = row.revision + 1, self.app.clock.now(), actor.subject
        campaign_rows.put(tx, row)
        self.note(tx, actor, action, f"campaign:{row.key}", revision=row.revision, **detail)

    async def _view(self, actor: Actor, row: CampaignRow) -> CampaignView:
        draft = _decode(row.body)
        found = problems(draft, await campaign_steps.world(self.app, actor.space, draft))
        return await self.app.store.read(lambda tx: campaign_looks.view(tx, row, draft, found, self.app.clock.now()))


def _draft_of(given: CampaignIn) -> Campaign:
    fields = {name: getattr(given, name) for name in Campaign.__struct_fields__}
    fields |= {name: tuple(dict.fromkeys(fields[name])) for name in ("exclude", "channels")}
    draft = Campaign(**{**fields, "variants": tuple(given.variants)})
    for variant in draft.variants[:50]:
        check_data({**draft.data, **variant.data})
    try:
        return _decode(msgspec.json.encode(draft))  # what cannot be read again may not be kept: a number that is none becomes null
    except msgspec.ValidationError as error:
        raise Invalid(f"A number of the draft is none that can be counted with ({str(error).rpartition('at ')[2]}). Change it.", field="timing") from None


def _found(tx: Tx, space: int, key: str, *, lock: bool = False) -> CampaignRow:
    row = campaign_rows.get(tx, space, key, lock=lock)
    if row is None:
        raise NotFound(f"There is no campaign {key[:128]!r} here. Check its key.", key=key[:128])
    return row


def _allow(row: CampaignRow, act: str) -> None:
    draft = _decode(row.body) if row.body else Campaign()
    if act not in may(row.state, draft) and not (act == "start" and row.state == "draft"):  # type: ignore[arg-type]
        raise WrongState(f"{row.key} is {row.state}: it can be {_listed(may(row.state, draft))}.", state=row.state, can=may(row.state, draft))  # type: ignore[arg-type]


_DONE = {"edit": "edited", "submit": "submitted", "start": "started", "duplicate": "duplicated", "delete": "deleted", "approve": "approved", "reject": "sent back",
         "pause": "paused", "cancel": "cancelled", "resume": "resumed"}  # fmt: skip


def _listed(acts: Sequence[str]) -> str:
    words = [_DONE[act] for act in acts]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _refuse(draft: Campaign, world: World) -> None:
    blocking = [problem for problem in problems(draft, world) if problem.blocks]
    if blocking:
        raise Invalid(
            " ".join(problem.text for problem in blocking[:5]), problems=[msgspec.structs.asdict(problem) for problem in blocking], field=blocking[0].step
        )


def _confirmed(people: tuple[int, int], confirm: int | None, draft: Campaign) -> None:
    """Everybody, or very many, only when the number was repeated; nobody only for one that comes again."""
    count, everybody = people
    if count == 0 and draft.timing.kind == "now":
        raise Invalid("Nobody is in this audience now, so nobody would get it. Look at its rule.", people=0, everybody=False, field="audience")
    if (count >= ASKED or (count == everybody and count > 1)) and confirm != count:
        who = "everybody here" if count == everybody else "many people"
        raise Invalid(f"This goes to {count:,} people, {who}. Repeat the number to confirm.", people=count, everybody=count == everybody, field="confirm")


def _place(after: str) -> tuple[float, str] | None:
    if not after:
        return None
    at, _, key = after.partition(" ")
    with contextlib.suppress(ValueError):
        return float(at), key
    raise CursorForeign

