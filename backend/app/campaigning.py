"""Making the runs of campaigns: what has come is prepared, handed to the line wave by wave, and ended when everybody is accounted for.

A run is a fan-out: its id is the id of its event. Whom it is for is taken in one statement (`recipients`), so that nobody is in it twice; variants and
moments are given in chunks behind a stored cursor, so that a run that was killed goes on where it was. Each wave starts by a due row that is written in
the transaction that makes it ready.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from backend.app import campaign_steps
from backend.app.campaign_steps import OPEN
from backend.app.foreseeing import divides_alike
from backend.domain import forecast, recurrence
from backend.domain.bucketing import assigned
from backend.domain.campaign import OWN, Campaign
from backend.domain.campaign_checks import moment_of, problems
from backend.domain.campaign_event import Pins, event_of
from backend.domain.delivery import State
from backend.domain.errors import Refusal, Unavailable
from backend.domain.event import CAMPAIGN, NO_VARIANT, Event, FanOut
from backend.domain.ids import NO_ID
from backend.domain.pacing import Pace
from backend.domain.run import UNASSIGNED, RunBody, ahead_of, due_of, run_id
from backend.log import topics
from backend.log.codec import encode
from backend.store import audience_people, campaign_rows, counted, fanouts, forecast_rows, halts, hot, recipient_rows, watch
from backend.store.campaign_rows import CampaignRow, RunRow, WaveRow
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App

log = logging.getLogger("carillon.line")

AT_ONCE = 20
CHUNK = 2_000  # people who are assigned in one transaction
LOOK = 2.0  # seconds between looks at a run that is on its way
WAITING = (State.PENDING, State.HELD, State.RETRYING, State.SENDING)
_draft = msgspec.json.Decoder(Campaign).decode
_body = msgspec.json.Decoder(RunBody).decode


class Campaigning:
    """A step of the due stage, as `Firing` is."""

    def __init__(self, app: "App") -> None:
        self.app = app

    async def once(self) -> int:
        """Make what has come; how many campaigns and runs that were."""
        now = self.app.clock.now()
        rows, going = await self.app.store.read(lambda tx: (campaign_rows.come(tx, now, AT_ONCE), campaign_rows.runs_come(tx, now, AT_ONCE)))
        done = 0
        for row in rows:
            done += await self._guarded(row, self._begin(row, now))
        for run in going:
            done += await self._guarded(run, self._go_on(run, now))
        return done

    async def _guarded(self, what: CampaignRow | RunRow, work: "object") -> int:
        try:
            return int(await work)  # type: ignore[misc]
        except Unavailable:
            raise
        except Exception as error:
            log.exception("a campaign makes us fail")
            detail = f"{type(error).__name__}: {error}"[:500]
        return await self.app.store.write(lambda tx: self._give_up(tx, what, detail), turn="due")

    def _give_up(self, tx: Tx, what: CampaignRow | RunRow, detail: str) -> int:
        """One that makes us fail must not keep the others from going: it waits for somebody who looks at it."""
        now = self.app.clock.now()
        if isinstance(what, CampaignRow):
            row = campaign_rows.get(tx, what.space, what.key, lock=True)
            if row is not None and row.next == what.next:
                row.next, row.state = None, "paused"
                campaign_rows.put(tx, row)
            return 0
        run = campaign_rows.run(tx, what.space, what.id, lock=True)
        if run is not None and run.state == "preparing":
            body = msgspec.structs.replace(_body(run.body), detail=detail)
            campaign_rows.change_run(tx, run, state="failed", ended=now, next=None, body=msgspec.json.encode(body).decode())
        elif run is not None:
            campaign_rows.change_run(tx, run, next=now + 60.0)
        return 0

    # ---- a campaign whose time has come
    async def _begin(self, row: CampaignRow, now: float) -> bool:
        version = await self.app.store.read(lambda tx: campaign_rows.version(tx, row.space, row.key, row.version))
        if version is None or row.next is None:
            return False
        draft = _draft(version.body)
        zone = draft.timing.zone if draft.timing.kind != "now" else "UTC"
        planned = recurrence.planned_of(row.next, zone) if zone == OWN else row.next
        if draft.timing.kind == "at" and zone == OWN:
            planned = moment_of(draft.timing) or planned
        world = await campaign_steps.world(self.app, row.space, draft)
        blocking = [problem.text for problem in problems(draft, world) if problem.blocks and problem.code != "past"]
        known = await self.app.facts.content_of(row.space)

        def write(tx: Tx) -> bool:
            if not campaign_rows.take(tx, row):
                return False
            made = run_id(row.space, row.key, planned)
            body = campaign_steps.body_of(draft, world, dict(known.published))
            late = draft.timing.kind == "recurring" and now > recurrence.ends(planned, zone) + draft.timing.grace
            run = RunRow(space=row.space, id=made, campaign=row.key, version=row.version, planned=planned, state="preparing", forecast=NO_ID, created=now, next=now,
                         body=msgspec.json.encode(body).decode())  # fmt: skip
            if late or blocking:
                why = " ".join(blocking) if blocking else "Nothing ran when its time came, and it is too late now."
                run.state, run.ended, run.next = "failed", now, None
                run.body = msgspec.json.encode(msgspec.structs.replace(body, detail=why[:500])).decode()
            elif not self._snapshot(tx, run, row, draft, now):
                return False
            campaign_rows.add_run(tx, run)
            after = campaign_rows.get(tx, row.space, row.key, lock=True)
            assert after is not None
            after.next = campaign_steps.first(draft.timing, max(now, recurrence.starts(planned, zone))) if draft.timing.kind == "recurring" else None
            after.state = "running" if run.state != "failed" else "scheduled" if after.next is not None else "finished"
            campaign_rows.put(tx, after)
            return True

        return await self.app.store.write(write, turn="due")

    def _snapshot(self, tx: Tx, run: RunRow, row: CampaignRow, draft: Campaign, now: float) -> bool:
        """Whom it is for, in one statement; False when there is one already."""
        if campaign_rows.run(tx, run.space, run.id) is not None:
            return False
        try:
            asked = audience_people.whom(tx, run.space, campaign_steps.asked_of(draft), now)
        except Refusal as refusal:
            body = msgspec.structs.replace(_body(run.body), detail=refusal.detail)
            run.state, run.ended, run.next, run.body = "failed", now, None, msgspec.json.encode(body).decode()
            return True
        before = campaign_rows.newest_runs(tx, row.space, [row.key]).get(row.key)
        run.forecast = forecast_rows.reviewed(tx, row.space, row.key, before.created if before else 0.0)
        plain = draft.experiment is None and not _own(draft)
        variant = 0 if plain else forecast_rows.NOT_ASSIGNED
        alike = run.forecast == NO_ID or divides_alike(tx, row.space, row.key, run.forecast, draft)
        run.recipients = forecast_rows.take(tx, run.space, run.id, run.forecast, asked, variant, alike=alike)
        if run.forecast != NO_ID:
            body = msgspec.structs.replace(_body(run.body), left=_left(tx, run, now))
            run.body = msgspec.json.encode(body).decode()
        return True

    # ---- a run on its way
    async def _go_on(self, run: RunRow, now: float) -> bool:
        if run.state == "preparing":
            return await self._prepare(run, now)
        return await self.app.store.write(lambda tx: self._look(tx, run, now), turn="due")

    async def _prepare(self, run: RunRow, now: float) -> bool:
        """Variants and waves of some more people; when all have theirs, the waves."""
        version = await self.app.store.read(lambda tx: campaign_rows.version(tx, run.space, run.campaign, run.version))
        if version is None:
            return False
        draft = _draft(version.body)
        at: RunRow | None = run
        while at is not None:
            here = at
            at = await self.app.store.write(lambda tx, here=here: self._some(tx, here, draft, now), turn="due")  # type: ignore[misc]
        return True

    def _some(self, tx: Tx, seen: RunRow, draft: Campaign, now: float) -> RunRow | None:
        """The next people get their place; the run as it stands then, None when all have theirs or somebody else goes on with it."""
        run = campaign_rows.take_run(tx, seen)
        if run is None:
            return None
        plain = draft.experiment is None and not _own(draft)
        fresh = run.forecast != NO_ID and not _own(draft)  # the others have the variant that the forecast gave them
        some = [] if plain else recipient_rows.users(tx, run.space, run.id, run.cursor, CHUNK, fresh=fresh)
        clocks = self._clocks(tx, run, draft)
        places = {zone: place for place, ahead in enumerate(sorted({*clocks.values()}, reverse=True)) for zone in clocks if clocks[zone] == ahead}
        recipient_rows.assign(tx, run.space, run.id, {person: _place(run.campaign, draft, user, zone, places) for person, user, zone, _ in some})
        if len(some) < CHUNK:
            if fresh:
                recipient_rows.rest(tx, run.space, run.id, REST)
            self._ready(tx, run, draft, sorted({*clocks.values()}, reverse=True), now)
            return None
        campaign_rows.change_run(tx, run, cursor=some[-1][0])
        return msgspec.structs.replace(run, cursor=some[-1][0])

    def _clocks(self, tx: Tx, run: RunRow, draft: Campaign) -> Mapping[str, int]:
        """zone -> seconds its clock is ahead of UTC's, where people are told by their own; who are ahead by as much are one wave, the furthest the first."""
        if not _own(draft):
            return {}
        by_clock = draft.timing.kind != "now"
        return {zone: ahead_of(run.planned, zone, by_clock=by_clock) for zone in recipient_rows.zones(tx, run.space, run.id)}

    def _ready(self, tx: Tx, run: RunRow, draft: Campaign, clocks: Sequence[int], now: float) -> None:
        """All have their place: the event, its waves, and what starts each."""
        sizes = campaign_steps.sizes(tx, run.space, run.id)
        ahead = dict(enumerate(clocks))
        made, body, late = [], _body(run.body), 0
        by_clock = body.grace is not None
        for n, people in sorted(sizes.items()):
            rest, place = n >= REST, n % REST
            moment = due_of(run.planned, ahead.get(place), by_clock=by_clock)
            kind = "rest" if rest else "test" if draft.experiment is not None and draft.experiment.share < 100 else "all"
            state = "waiting"
            if not rest and body.grace is not None and moment + body.grace < now:
                late += people
            made.append(WaveRow(space=run.space, run=run.id, n=n, kind=kind, at=None if rest else max(now, moment), recipients=people, state=state, changed=now, ahead=ahead.get(place)))
        campaign_rows.add_waves(tx, made)
        pattern = self._event(run, draft)
        fanouts.put_event(tx, {
            "id": run.id, "space": run.space, "person": 0, "type": pattern.type, "category": pattern.category, "priority": pattern.priority, "source": CAMPAIGN, "key": "",
            "template": pattern.template, "version": pattern.version, "recipients": run.recipients, "duplicate_of": None, "cohort": 0,
            "target": f"campaign:{run.campaign}", "body": msgspec.msgpack.encode(pattern), "accepted": pattern.accepted,
        })  # fmt: skip
        hot.write_due(tx, [_later(run, pattern, wave.n, wave.at) for wave in made if wave.at is not None])
        changed = msgspec.structs.replace(body, late=late)
        state = "running" if run.recipients else "finished"
        campaign_rows.change_run(tx, run, state=state, started=now, next=now + LOOK if run.recipients else None, ended=None if run.recipients else now,
                                 body=msgspec.json.encode(changed).decode())  # fmt: skip
        if not run.recipients:
            _ended(tx, run, now)

    def _event(self, run: RunRow, draft: Campaign) -> Event:
        """The pattern of its children; what is of a variant is put in as they are made."""
        body = _body(run.body)
        pinned = Pins(body.priority, body.asked, tuple(content.version for content in body.contents))
        event = event_of(run.space, run.campaign, draft, pinned, run=run.id, at=run.planned, variant=0)
        return msgspec.structs.replace(event, variant=NO_VARIANT, recipients=run.recipients)

    def _look(self, tx: Tx, seen: RunRow, now: float) -> bool:
        """Start waves that were given their moment since, and end the run when nothing waits any more."""
        run = campaign_rows.take_run(tx, seen)
        if run is None:
            return False
        waves = campaign_rows.waves_of(tx, run.space, run.id)
        fresh = [wave for wave in waves if wave.kind == "rest" and wave.state == "waiting" and wave.at is not None]
        for wave in fresh:
            version = campaign_rows.version(tx, run.space, run.campaign, run.version)
            if version is not None and wave.at is not None:
                hot.write_due(tx, [_later(run, self._event(run, _draft(version.body)), wave.n, wave.at)])
            campaign_rows.change_wave(tx, run.space, run.id, wave.n, state="running", changed=now)
        over = all(wave.state == "finished" for wave in waves)
        held = any(wave.kind == "rest" and wave.at is None for wave in waves)
        if not fresh and held and all(wave.state == "finished" or wave.at is None for wave in waves) and run.state == "running":
            campaign_rows.change_run(tx, run, state="testing", next=now + LOOK)
            return True
        if not over or self._waits(tx, run):
            campaign_rows.change_run(tx, run, next=now + LOOK)
            return True
        cancelled = halts.remove(tx, run.space, campaign_steps.cancelled_scope(run.id))
        campaign_rows.change_run(tx, run, state="cancelled" if cancelled else "finished", ended=now, next=None)
        _ended(tx, run, now)
        return True

    def _waits(self, tx: Tx, run: RunRow) -> bool:
        """Whether somebody is not accounted for: not decided yet, or on the way."""
        cohorts = campaign_rows.cohorts_of(tx, run.space, run.id)
        if not cohorts:
            return run.recipients > 0
        stands = counted.now_standing(tx, run.space, cohorts=cohorts)
        if any(n for (_, state), n in stands.items() if state in WAITING):
            return True
        return watch.told(tx, run.space, run.id) < run.recipients


REST = 1_000  # added to the number of a wave whose people wait for the winner


def _left(tx: Tx, run: RunRow, now: float) -> int:
    """Whom the forecast knew and the run does not tell: a difference each; how many."""
    cursor, n = -1, 0
    while some := forecast_rows.left(tx, run.space, run.id, run.forecast, cursor, CHUNK):
        forecast_rows.differ(tx, run.space, run.id, {person: forecast.left(code) for person, code in some}, now)
        cursor, n = some[-1][0], n + len(some)
    return n


def _own(draft: Campaign) -> bool:
    """Whether when somebody is told follows from the clock they live by."""
    return draft.timing.zone == OWN and (draft.timing.kind != "now" or draft.timing.window is not None)


def _place(key: str, draft: Campaign, user: str, zone: str, places: Mapping[str, int]) -> tuple[int, int]:
    """(variant, wave) of a person."""
    wave = places.get(zone, 0)
    if draft.experiment is None:
        return 0, wave
    variant, tested = assigned(key, draft, user)
    return variant, wave if tested or variant != UNASSIGNED else REST + wave


def _later(run: RunRow, pattern: Event, n: int, at: float) -> hot.Later:
    fanout = FanOut(pattern, recipients=run.recipients, wave=n, pace=Pace(asked=_body(run.body).pace))
    return hot.Later(run.space, run.id, f"wave.{n}", at, topics.fanouts(pattern.priority), topics.spread_of(run.id), run.id, encode(fanout))


def _ended(tx: Tx, run: RunRow, now: float) -> None:
    """Its campaign is over, unless it comes again or another run of it goes on."""
    row = campaign_rows.get(tx, run.space, run.campaign, lock=True)
    if row is None or row.state not in ("running", "paused"):
        return
    others = [one for one in campaign_rows.runs_of(tx, run.space, run.campaign, None, 50) if one.state in OPEN and one.id != run.id]
    if not others:
        row.state = "finished" if row.next is None else "scheduled"
        row.changed = now
        campaign_rows.put(tx, row)



