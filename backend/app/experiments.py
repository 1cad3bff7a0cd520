"""Experiments: what they say now, rolling a message out to the rest, ending one, and the calculator."""

import msgspec

from backend.app import campaign_steps
from backend.app.base import PAGE, Aggregate, cursor_of, page_size, place_of
from backend.app.campaign_views import ArmView, ExperimentView, LookView, SampleSizeIn, SampleSizeView
from backend.app.looking import GOING, OPENED, Looking, campaign_of, decode_kept, look_view
from backend.app.view_types import Page, moment, moment_or_none
from backend.domain import statistics
from backend.domain.campaign import Campaign, Experiment
from backend.domain.errors import Invalid, NotFound, WrongState
from backend.domain.ids import NO_ID
from backend.domain.verdict import Arm, Kept, judged
from backend.domain.verdict_words import said
from backend.security.roles import Actor, may, need
from backend.store import campaign_rows, experiment_rows
from backend.store.campaign_rows import RunRow
from backend.store.experiment_rows import OFF, VerdictRow
from backend.store.port import Tx

LOOKS = 1_000  # shown of an experiment


class Seen(msgspec.Struct):
    """What an experiment is shown from."""

    row: VerdictRow
    run: RunRow
    campaign: Campaign
    looks: list[LookView]


class Experiments(Aggregate):
    """Experiments of the actor's space."""

    async def list(self, actor: Actor, *, after: str | None = None, limit: int = PAGE) -> Page[ExperimentView]:
        """What was looked at last comes first; without its looks."""
        need(actor, "content.read")
        size, before = page_size(limit), place_of(after)

        def read(tx: Tx) -> tuple[list[Seen], str | None]:
            rows = experiment_rows.page(tx, actor.space, before, size + 1)
            found = [seen for row in rows[:size] if (seen := _seen(tx, row)) is not None]
            return found, cursor_of(rows[size - 1].at, rows[size - 1].run) if len(rows) > size else None

        found, following = await self.app.store.read(read)
        return Page([_view(actor, seen) for seen in found], following)

    async def get(self, actor: Actor, campaign_key: str, run: str | None = None) -> ExperimentView:
        """The newest of a campaign, or of that run. What was looked at longer ago than a minute is looked at now. Raises `NotFound`."""
        need(actor, "content.read")
        row = await self.app.store.read(lambda tx: _found(tx, actor.space, campaign_key, run))
        kept = decode_kept(row.body)
        if row.next is not None and (kept.looked is None or kept.looked + OPENED <= self.app.clock.now()):
            await Looking(self.app).look(actor.space, row.run)
        return await self._shown(actor, row.run)

    async def roll_out(self, actor: Actor, campaign_key: str, variant: int, run: str | None = None) -> ExperimentView:
        """Send this variant to those who wait for the winner, whatever the verdict. Errors: `NotFound`, `Invalid`, `WrongState` when nobody waits."""
        need(actor, "content.write")
        need(actor, "events.send")
        now = self.app.clock.now()

        def write(tx: Tx) -> bytes:
            row = _found(tx, actor.space, campaign_key, run, lock=True)
            kept = decode_kept(row.body)
            if variant in kept.stopped:
                raise WrongState("This message was stopped, for it goes beyond a guardrail. Choose another one.")
            if not campaign_steps.roll_out(self.app, tx, actor.space, row.run, variant):
                raise WrongState("Nobody waits for this experiment: everybody was told, or the campaign is paused or over. Look at the campaign.")
            ended = kept.ended_by if kept.decided is not None else actor.name or actor.subject
            kept = msgspec.structs.replace(kept, sent=variant, decided=kept.decided or now, ended_by=ended)
            _keep(tx, row, kept, now, following=now + GOING)
            self.note(tx, actor, "experiment.roll_out", f"run:{row.run.hex()}", variant=variant)
            return row.run

        return await self._shown(actor, await self.app.store.write(write))

    async def end(self, actor: Actor, campaign_key: str, run: str | None = None) -> ExperimentView:
        """Look no more: what it says now stands. Who waits for a winner waits on, until something is rolled out. Errors: `NotFound`, `WrongState`."""
        need(actor, "content.write")
        now = self.app.clock.now()

        def write(tx: Tx) -> bytes:
            row = _found(tx, actor.space, campaign_key, run, lock=True)
            kept = decode_kept(row.body)
            if kept.decided is not None:
                raise WrongState("This experiment is over already. Its verdict stays.")
            _keep(tx, row, msgspec.structs.replace(kept, decided=now, ended_by=actor.name or actor.subject), now)
            self.note(tx, actor, "experiment.end", f"run:{row.run.hex()}")
            return row.run

        return await self._shown(actor, await self.app.store.write(write))

    async def sample_size(self, actor: Actor, given: SampleSizeIn) -> SampleSizeView:
        """People an arm until a gain shows, by the interval that is valid at every look. Raises `Invalid` for a gain that leads beyond everybody."""
        need(actor, "content.read")
        if given.rate + given.gain >= 1:
            raise Invalid("The rate now and the gain together are 100 % or more. Expect less.", field="gain")
        alpha = given.alpha / (given.arms - 1)
        each = statistics.needed(given.rate, given.gain, alpha, given.power)
        found = statistics.finds(given.people // given.arms, given.rate, alpha, given.power) if given.people > 0 else None
        return SampleSizeView(each, each * given.arms, found)

    async def _shown(self, actor: Actor, run: bytes) -> ExperimentView:
        def read(tx: Tx) -> Seen | None:
            row = experiment_rows.get(tx, actor.space, run)
            seen = None if row is None else _seen(tx, row)
            if seen is not None:
                seen.looks = [look_view(at, body) for at, body in experiment_rows.looks_of(tx, actor.space, run, LOOKS)]
            return seen

        seen = await self.app.store.read(read)
        if seen is None:
            raise _gone(run.hex())
        return _view(actor, seen)


def _keep(tx: Tx, row: VerdictRow, kept: Kept, now: float, following: float | None = None) -> None:
    """It is decided by hand. `following`: when it is looked at again; never, when nothing of it goes to anybody."""
    if row.state in ("waiting", "running"):
        row.state = "stopped"
    row.body, row.next, row.at = msgspec.json.encode(kept).decode(), following, now
    experiment_rows.put(tx, row)


def _found(tx: Tx, space: int, key: str, run: str | None, *, lock: bool = False) -> VerdictRow:
    """The newest run with an experiment, or that one."""
    for made in campaign_rows.runs_of(tx, space, key, None, 50):
        row = experiment_rows.get(tx, space, made.id, lock=lock) if run is None or made.id.hex() == run else None
        if row is not None and row.state != OFF:
            return row
    raise _gone(key)


def _gone(key: str) -> NotFound:
    return NotFound(f"There is no experiment of {key[:128]!r} here: it has not begun, or nothing is tried in it. Check the key.", key=key[:128])


def _seen(tx: Tx, row: VerdictRow) -> Seen | None:
    run = campaign_rows.run(tx, row.space, row.run)
    campaign = None if run is None else campaign_of(tx, row.space, run.campaign, run.version)
    return None if run is None or campaign is None or campaign.experiment is None else Seen(row, run, campaign, [])


def _view(actor: Actor, seen: Seen) -> ExperimentView:
    kept, plan = decode_kept(seen.row.body), seen.campaign.experiment or Experiment()
    started = kept.started if kept.started is not None else seen.run.started or seen.run.planned
    verdict = kept.verdict or judged(seen.campaign, [], started, started, started)
    if seen.row.state == "stopped":
        verdict = msgspec.structs.replace(verdict, state="stopped")
    sentence, explained = said(
        seen.campaign, verdict, rest=kept.rest, locale=actor.locale, timezone=actor.timezone, ended_by=kept.ended_by, sent=kept.sent,
    )  # fmt: skip
    waits = kept.rest > 0 and kept.sent is None
    can = []
    if waits and seen.run.state in ("running", "testing") and may(actor, "content.write") and may(actor, "events.send"):
        can.append("roll_out")
    if kept.decided is None and may(actor, "content.write"):
        can.append("end")
    return ExperimentView(
        run=seen.row.run.hex() if seen.row.run != NO_ID else "", campaign=seen.run.campaign, state=seen.row.state, metric=plan.metric, sentence=sentence, explained=explained,
        arms=[_arm(n, seen.campaign, arm) for n, arm in enumerate(verdict.arms)], looks=seen.looks, split_p=verdict.split_p if verdict.arms else None,
        split_ok=verdict.split_ok, needed=verdict.needed, least=plan.least, ready_at=moment_or_none(verdict.ready_at), rest=kept.rest,
        holdout=kept.holdout if plan.holdout > 0 else None, winner=verdict.winner, machine_opens=kept.machine, decided_at=moment_or_none(kept.decided),
        can=can, started_at=moment(started), ends_at=moment_or_none(verdict.ends_at), sent=kept.sent, looked_at=moment_or_none(kept.looked),
    )  # fmt: skip


def _arm(n: int, campaign: Campaign, arm: Arm) -> ArmView:
    low, high = statistics.wilson(arm.count.hits, arm.count.people)
    variant = campaign.variants[n] if n < len(campaign.variants) else None
    return ArmView(
        variant=n, name=variant.name if variant else str(n), people=arm.count.people, hits=arm.count.hits, rate=arm.rate, difference=arm.difference, low=arm.low,
        high=arm.high, p=arm.p, chance=arm.chance, guardrails={name: (guard.hits, guard.of, guard.limit, guard.over) for name, guard in arm.guards.items()},
        stopped=arm.stopped, weight=variant.weight if variant else 0.0, template=variant.template if variant else "", rate_low=low, rate_high=high,
    )  # fmt: skip
