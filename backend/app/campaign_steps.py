"""What a campaign's acts write, within the transaction of whoever acts: versions that run are changed, braked, rolled out."""

import base64
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import func, select, update

from backend.domain import recurrence
from backend.domain.audience import Audience, InAudience
from backend.domain.campaign import Campaign, Timing
from backend.domain.campaign_checks import World, moment_of
from backend.domain.campaign_event import pins
from backend.domain.errors import Invalid, NotFound
from backend.domain.event import Body
from backend.domain.run import UNASSIGNED, Content, RunBody, own_hour, timing_of
from backend.domain.timing import grace_of
from backend.store import audience_people, audience_rows, campaign_rows, halts, hot, parked
from backend.store.campaign_rows import CampaignRow, RunRow
from backend.store.halts import HaltRow
from backend.store.port import Tx
from backend.store.tables import audiences, due, recipients, templates

if TYPE_CHECKING:
    from backend.app.app import App

OPEN = ("preparing", "running", "paused", "testing")
_body = msgspec.json.Decoder(RunBody).decode


def cancelled_scope(run: bytes) -> str:
    """The row of `halts` that says a run is cancelled (see `domain.gates`)."""
    return f"cancelled:{run.hex()}"


async def world(app: "App", space: int, draft: Campaign) -> World:
    """What the checks of a draft look at."""
    known = await app.facts.content_of(space)
    pins = {(space, v.template, known.published[v.template]) for v in draft.variants if v.template in known.published}
    demanded = await app.demanded.of(pins)
    published = {pin[1]: demanded.get(pin, {}) for pin in pins}
    wanted = [key for key in (draft.audience, *draft.exclude) if key]
    a = audiences.c
    there = await app.store.read(lambda tx: set(tx.conn.scalars(select(a.key).where(a.space == space, a.key.in_(wanted))))) if wanted else set()
    return World(app.clock.now(), known.categories, published, frozenset(there))


def asked_of(draft: Campaign) -> Audience:
    """Whom a campaign is for: its audience without its exclusions."""
    return Audience(InAudience(draft.audience), draft.exclude)


def people(app: "App", tx: Tx, space: int, draft: Campaign) -> tuple[int, int]:
    """How many it is for now, and how many people there are."""
    asked = audience_people.whom(tx, space, asked_of(draft), app.clock.now())
    return audience_rows.size(tx, asked), audience_rows.everybody(tx, space)


def first(timing: Timing, now: float) -> float | None:
    """When it is looked at first; for each person's own zone when the first of them is told. None when it never goes."""
    if timing.kind == "now":
        return now
    if timing.kind == "at":
        at = moment_of(timing)
        return None if at is None else max(now, recurrence.starts(at, timing.zone))
    found = next(recurrence.planned(timing.cron, timing.zone, now), None)
    return None if found is None else recurrence.starts(found, timing.zone)


def body_of(draft: Campaign, world: World, published: dict[str, int], old: RunBody | None = None) -> RunBody:
    """What a run of this draft is made of."""
    contents = []
    for variant in draft.variants:
        raw = msgspec.json.encode(Body(data={**draft.data, **variant.data}))
        contents.append(Content(variant.template, published.get(variant.template, 0), base64.b64encode(raw).decode()))
    pace, window, zone = timing_of(draft.timing)
    pinned = pins(draft, world.categories, published)
    made = RunBody(tuple(contents), pinned.priority, pinned.asked, pace, window, zone, draft.channels, draft.timing.expires, grace_of(draft.timing))
    if old is None:
        return made
    own = (made.grace is None) == (old.grace is None)  # whose hour it is was settled when its waves were made
    return msgspec.structs.replace(made, stopped=old.stopped, late=old.late, left=old.left, grace=made.grace if own else old.grace)


def change_running(app: "App", tx: Tx, row: CampaignRow, draft: Campaign, world: World) -> None:
    """Whoever was not told yet gets the new version; variants stay as many as they were, for people were assigned to them."""
    before = msgspec.json.decode(row.body, type=Campaign)
    open_runs = [run for run in campaign_rows.runs_of(tx, row.space, row.key, None, 50) if run.state in OPEN]
    if open_runs and (len(draft.variants) != len(before.variants) or draft.audience != before.audience or draft.exclude != before.exclude or draft.experiment != before.experiment
                      or draft.category != before.category):  # fmt: skip
        raise Invalid(
            "People were chosen and told already: the audience, the category, the number of variants and the experiment stay as they are. Change texts, pace or window, "
            "or cancel it and start another.",
            field="audience",
        )
    published = _published(tx, row.space, draft)
    for run in open_runs:
        changed = body_of(draft, world, published, _body(run.body))
        campaign_rows.change_run(tx, run, body=msgspec.json.encode(changed).decode(), version=row.version)
    if row.state == "scheduled" or (row.state == "running" and draft.timing.kind == "recurring"):
        row.next = first(draft.timing, app.clock.now())


def _published(tx: Tx, space: int, draft: Campaign) -> dict[str, int]:
    t = templates.c
    keys = [variant.template for variant in draft.variants]
    return {key: int(n) for key, n in tx.conn.execute(select(t.key, t.published).where(t.space == space, t.key.in_(keys)))}


def brake(app: "App", tx: Tx, row: CampaignRow, act: str, by: str) -> None:
    """Pause, resume or cancel; the caller announces that halts have changed."""
    now = app.clock.now()
    scope = f"campaign:{row.key}"
    open_runs = [run for run in campaign_rows.runs_of(tx, row.space, row.key, None, 50) if run.state in OPEN]
    if act == "pause":
        halts.put(tx, HaltRow(space=row.space, scope=scope, reason="the campaign is paused", by=by, at=now))
        parked.stop(tx, row.space, scope)
        for run in open_runs:
            campaign_rows.change_run(tx, run, state="paused" if run.state != "preparing" else "preparing")
        row.state = "paused"
        return
    halts.remove(tx, row.space, scope)
    parked.begin(tx, row.space, scope, now)
    if act == "resume":
        for run in open_runs:
            campaign_rows.change_run(tx, run, state="running" if run.state == "paused" else run.state)
        if not open_runs:
            row.next = max(now, row.next) if row.next is not None else first(_draft(row).timing, now)
        row.state = "running" if open_runs or (row.next is not None and row.next <= now) else "scheduled"
        return
    for run in open_runs:
        halts.put(tx, HaltRow(space=row.space, scope=cancelled_scope(run.id), reason="the campaign was cancelled", by=by, at=now))
        if run.state == "preparing":  # nobody is accounted for yet, and nobody will be
            campaign_rows.change_run(tx, run, state="cancelled", ended=now, next=None)
            continue
        campaign_rows.change_run(tx, run, state="running", next=now)
        _rest_too(tx, run, now)
        low, high = hot.born_range(run.id)
        tx.conn.execute(update(due).where(due.c.space == row.space, due.c.id >= low, due.c.id < high, due.c.at > now).values(at=now))
    row.state, row.next = "cancelled", None


def _rest_too(tx: Tx, run: RunRow, now: float) -> None:
    """Who waits for a winner is accounted for with the others."""
    for wave in campaign_rows.waves_of(tx, run.space, run.id):
        if wave.kind == "rest" and wave.state == "waiting":
            release_rest(tx, run, wave.n, max(0, wave.variant), now, now)


def roll_out(app: "App", tx: Tx, space: int, made: bytes, variant: int) -> bool:
    """Release the rest with this variant; False when that was done already."""
    run = campaign_rows.run(tx, space, made, lock=True)
    if run is None:
        raise NotFound(f"There is no run {made.hex()} here.")
    body, now = _body(run.body), app.clock.now()
    if not 0 <= variant < len(body.contents):
        raise Invalid(f"There is no variant {variant}.", field="variant")
    rest = [wave for wave in campaign_rows.waves_of(tx, space, made) if wave.kind == "rest" and wave.state == "waiting" and wave.at is None]
    if not rest or run.state not in ("running", "testing"):
        return False
    for wave in rest:
        release_rest(tx, run, wave.n, variant, own_hour(body, run.planned, wave.ahead, now), now)
    campaign_rows.change_run(tx, run, state="running", next=now)
    return True


def release_rest(tx: Tx, run: RunRow, n: int, variant: int, at: float, now: float) -> None:
    """Give them the variant, and the wave its moment; the round of runs hands it to the line."""
    r = recipients.c
    tx.conn.execute(update(recipients).where(r.run == run.id, r.space == run.space, r.wave == n, r.variant == UNASSIGNED).values(variant=variant))
    campaign_rows.change_wave(tx, run.space, run.id, n, at=at, variant=variant, changed=now)


def stop_variant(tx: Tx, space: int, made: bytes, variant: int) -> None:
    """Whoever was to get it and was not released yet is skipped."""
    run = campaign_rows.run(tx, space, made, lock=True)
    if run is None:
        raise NotFound(f"There is no run {made.hex()} here.")
    body = _body(run.body)
    if variant not in body.stopped:
        changed = msgspec.structs.replace(body, stopped=(*body.stopped, variant))
        campaign_rows.change_run(tx, run, body=msgspec.json.encode(changed).decode())


def _draft(row: CampaignRow) -> Campaign:
    return msgspec.json.decode(row.body, type=Campaign)


def sizes(tx: Tx, space: int, run: bytes) -> dict[int, int]:
    """wave -> people of a run's snapshot."""
    r = recipients.c
    rows = tx.conn.execute(select(r.wave, func.count()).where(r.run == run, r.space == space).group_by(r.wave))
    return {int(wave): int(n) for wave, n in rows}

