"""Runs of campaigns that lie in the past, made of what the line makes them of: who they were for, the forecast that was looked at, the waves, and the looks
of experiments, each at its moment."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import select

from backend.app import campaign_steps
from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.campaigning import REST, WAITING
from backend.app.demo import body_mark
from backend.app.foreseeing import Kept, basis_of, encode
from backend.app.looking import Looking
from backend.clock import HeldClock
from backend.domain import forecast, gates
from backend.domain.bucketing import UNASSIGNED, assigned
from backend.domain.campaign import Campaign
from backend.domain.campaign_event import event_of, pins
from backend.domain.event import CAMPAIGN, NO_VARIANT, Event
from backend.domain.ids import make_id
from backend.domain.run import run_id
from backend.store import audience_people, audience_rows, campaign_rows, counted, experiment_rows, fanouts, forecast_rows, rollup, touches
from backend.store.campaign_rows import CampaignRow, RunRow, VersionRow, WaveRow
from backend.store.experiment_rows import OFF, VerdictRow
from backend.store.forecast_rows import ForecastRow
from backend.store.port import Tx
from backend.store.tables import people, recipients
from backend.store.upsert import insert_new
from carillon.demo.campaigns import note_made
from carillon.demo.past import DAY, PACE, Past
from carillon.demo.people import BY

LOOKED = 3 * 3_600.0  # seconds between the looks that an experiment had
SOME = 200  # people who are foreseen before the loop gets a turn
TURN = "demo"


class Run(msgspec.Struct):
    """One that is to be written: everything but what people got."""

    campaign: CampaignRow
    version: VersionRow
    run: RunRow
    waves: list[WaveRow]
    forecast: ForecastRow
    verdict: VerdictRow
    pattern: Event
    told: list[tuple[int, int, int, bytes]]  # person, variant, wave, what was foreseen


class Runs:
    """The runs of a demo that began at `start`."""

    def __init__(self, app: App, start: float) -> None:
        self._app, self._start = app, start

    async def begin(self, past: Past) -> Run | None:
        """A run as it stood when it began; None when somebody has a campaign of this name, or what it needs is gone."""
        at, draft = past.at(self._start), past.body
        known = await self._app.facts.content_of(MAIN)
        taken = await self._app.store.read(lambda tx: campaign_rows.get(tx, MAIN, past.key) is not None or audience_rows.get(tx, MAIN, draft.audience) is None)
        if taken or draft.category not in known.categories or any(one.template not in known.published for one in draft.variants):
            return None
        world = await campaign_steps.world(self._app, MAIN, draft)
        pinned, made = pins(draft, known.categories, known.published), run_id(MAIN, past.key, at)
        told = await self._foresee(past, made, {n: event_of(MAIN, past.key, draft, pinned, run=made, at=at, variant=n) for n in range(-3, len(draft.variants))})
        body, content = campaign_steps.body_of(draft, world, dict(known.published)), msgspec.json.encode(draft).decode()
        kept = Kept(draft, pinned, await self._app.store.read(lambda tx: basis_of(tx, MAIN, draft, known.published)))
        kept.sums.add(Counter(code for _, _, _, code in told))
        planned = make_id(int((at - 7_200) * 1000), b"forecast", past.key.encode())
        sizes = Counter(wave for _, _, wave, _ in told)
        waves = [
            WaveRow(space=MAIN, run=made, n=n, kind="rest" if n == REST else "test" if sizes[REST] else "all", at=None if n == REST else at,
                    recipients=sizes[n], state="waiting" if n == REST else "running", changed=at)
            for n in sorted(sizes)
        ]  # fmt: skip
        pattern = msgspec.structs.replace(event_of(MAIN, past.key, draft, pinned, run=made, at=at, variant=0), variant=NO_VARIANT, recipients=len(told))
        return Run(
            CampaignRow(space=MAIN, key=past.key, name=past.name, state="running", body=content, version=1, revision=2, created=at - DAY, changed=at, changed_by=BY.subject),
            VersionRow(space=MAIN, key=past.key, version=1, body=content, at=at - 60, by=BY.subject, note="started"),
            RunRow(space=MAIN, id=made, campaign=past.key, version=1, planned=at, state="running", recipients=len(told), forecast=planned,
                   body=msgspec.json.encode(body).decode(), created=at, started=at),
            waves,
            ForecastRow(space=MAIN, id=planned, campaign=past.key, revision=1, state="done", total=len(told), done=len(told), body=encode(kept).decode(), at=at - 7_200,
                        ended=at - 7_199, by=BY.subject),
            VerdictRow(space=MAIN, run=made, state=OFF if draft.experiment is None else "waiting", next=None, at=at),
            pattern, told,
        )  # fmt: skip

    async def _foresee(self, past: Past, run: bytes, of_variant: Mapping[int, Event]) -> list[tuple[int, int, int, bytes]]:
        at = past.at(self._start)

        def read(tx: Tx) -> list[tuple[int, str]]:
            whom, p = audience_people.whom(tx, MAIN, campaign_steps.asked_of(past.body), self._start), people.c
            rows = select(p.person, p.user_id).where(p.person.in_(whom), p.space == MAIN, p.demo, p.erased.is_(None)).order_by(p.person)
            return [(person, user) for person, user in tx.conn.execute(rows)]

        found = await self._app.store.read(read)
        told = []
        for n in range(0, len(found), SOME):
            some = [(person, *_place(past.key, past.body, user)) for person, user in found[n : n + SOME]]
            events = [msgspec.structs.replace(of_variant[variant], person=person, recipients=1) for person, variant, _ in some]
            for (person, variant, wave), facts in zip(some, await self._app.facts.of_events(events, at), strict=True):
                if facts is not None:
                    told.append((person, variant, wave, forecast.code_of(gates.decide(msgspec.structs.replace(facts, now=at, halted=())))))
            await asyncio.sleep(0)
        return told

    async def people(self, past: Past) -> list[Event]:
        """What those of its first wave were handed, by person."""
        made, at, draft = run_id(MAIN, past.key, past.at(self._start)), past.at(self._start), past.body

        def read(tx: Tx) -> tuple[list[tuple[int, int, bytes]], ForecastRow | None]:
            row = campaign_rows.run(tx, MAIN, made)
            return campaign_rows.walk(tx, MAIN, made, 0, -1, 1_000_000), None if row is None else forecast_rows.get(tx, MAIN, past.key, row.forecast)

        rows, planned = await self._app.store.read(read)
        if planned is None:
            return []
        pinned = msgspec.json.decode(planned.body, type=Kept).pins
        of_variant = {n: event_of(MAIN, past.key, draft, pinned, run=made, at=at, variant=n) for n in range(-3, len(draft.variants))}
        return [msgspec.structs.replace(of_variant[variant], person=person, foreseen=foreseen) for person, variant, foreseen in rows]

    async def look(self, past: Past) -> None:
        """The looks that an experiment had until now, each by what had happened then."""
        await self._summed()
        made, at = run_id(MAIN, past.key, past.at(self._start)), past.at(self._start)
        if past.body.experiment is None or await self._app.store.read(lambda tx: campaign_rows.run(tx, MAIN, made)) is None:
            return
        await self._app.store.write(lambda tx: experiment_rows.later(tx, MAIN, made, at), turn=TURN)
        when = at + LOOKED
        while when < self._start:
            row = await self._app.store.read(lambda tx: experiment_rows.get(tx, MAIN, made))
            if row is None or row.next is None:
                return
            await Looking(self._app, HeldClock(when)).look(MAIN, made)
            when += LOOKED

    async def _summed(self) -> None:
        """Wait until what people did is summed up, and help; and count what is counted."""
        sums = touches.Sums()
        while await self._app.store.read(touches.waiting):
            if not await self._app.store.write(lambda tx: sums.once(tx, self._start), turn=TURN):
                await asyncio.sleep(0)  # somebody else has the last rows in hand
        while await self._app.store.write(lambda tx: rollup.compact(tx, 2_000), turn=TURN):
            pass


def write_begun(tx: Tx, one: Run) -> None:
    """A run that begins."""
    campaign_rows.put(tx, one.campaign)
    campaign_rows.add_version(tx, one.version)
    campaign_rows.add_run(tx, one.run)
    campaign_rows.add_waves(tx, one.waves)
    forecast_rows.put(tx, one.forecast)
    experiment_rows.watch(tx, one.verdict)
    rows = [{"run": one.run.id, "space": MAIN, "person": p, "variant": variant, "wave": wave, "foreseen": code} for p, variant, wave, code in one.told]
    insert_new(tx, recipients, rows)
    event = one.pattern
    fanouts.put_event(
        tx,
        {
            "id": event.id, "space": MAIN, "person": 0, "type": event.type, "category": event.category, "priority": event.priority, "source": CAMPAIGN, "key": "",
            "template": event.template, "version": event.version, "recipients": event.recipients, "duplicate_of": None, "cohort": 0,
            "target": f"campaign:{event.campaign}", "body": msgspec.msgpack.encode(event), "accepted": event.accepted,
        },
    )  # fmt: skip
    note_made(tx, campaigns={one.campaign.key: body_mark(tx, one.campaign.key)})


def write_told(tx: Tx, past: Past, start: float, upto: int, otherwise: Mapping[int, Sequence[forecast.Difference]]) -> None:
    """So many of its first wave were told by now; where that was not what had been foreseen."""
    made, at = run_id(MAIN, past.key, past.at(start)), past.at(start)
    campaign_rows.released(tx, MAIN, made, 0, upto, "running", at + upto / PACE)
    forecast_rows.differ(tx, MAIN, made, otherwise, at + upto / PACE)


def write_ended(tx: Tx, past: Past, start: float) -> None:
    """All were told who were to be; who waits for a winner waits on, and so does who is asleep."""
    run, row = campaign_rows.run(tx, MAIN, run_id(MAIN, past.key, past.at(start)), lock=True), campaign_rows.get(tx, MAIN, past.key, lock=True)
    if run is None or row is None or run.state != "running":
        return
    waves = campaign_rows.waves_of(tx, MAIN, run.id)
    ended = run.planned + 5 + sum(wave.recipients for wave in waves if wave.n != REST) / PACE
    for wave in waves:
        if wave.n != REST:
            campaign_rows.change_wave(tx, MAIN, run.id, wave.n, released=wave.recipients, state="finished", changed=ended)
    standing = counted.now_standing(tx, MAIN, cohorts=campaign_rows.cohorts_of(tx, MAIN, run.id))
    if any(wave.n == REST for wave in waves):
        campaign_rows.change_run(tx, run, state="testing", next=start)
    elif any(n for (_, state), n in standing.items() if state in WAITING):
        campaign_rows.change_run(tx, run, next=start)
    else:
        campaign_rows.change_run(tx, run, state="finished", ended=ended)
        row.state, row.changed = "finished", ended
        campaign_rows.put(tx, row)


def _place(key: str, draft: Campaign, user: str) -> tuple[int, int]:
    """(variant, wave) of a person."""
    variant, tested = assigned(key, draft, user)
    return variant, REST if variant == UNASSIGNED and not tested else 0
