"""Looking at experiments: every hour, and when somebody opens the page. A look counts, judges, keeps what it showed, stops variants that go beyond a
guardrail, and rolls the winner out where the campaign says so. While what was rolled out is on its way to the rest, its guardrails are watched on. The counts are read first; what follows from them is written in one transaction, by
whoever finds the verdict as it was."""

import logging
from typing import TYPE_CHECKING

import msgspec

from backend.app import campaign_steps
from backend.app.campaign_views import LookView
from backend.app.view_types import moment
from backend.clock import Clock
from backend.domain.campaign import Campaign
from backend.domain.errors import Refusal, Unavailable
from backend.domain.verdict import DAY, Count, Kept, judged, watched
from backend.security.roles import SYSTEM
from backend.store import campaign_rows, experiment_rows
from backend.store.campaign_rows import RunRow
from backend.store.experiment_rows import OFF, Counted, VerdictRow
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App

log = logging.getLogger("carillon.line")

EVERY = 3_600.0  # seconds between looks
OPENED = 60.0  # a page that is opened looks again after so many seconds
GOING = 60.0  # seconds between looks at the guardrails of what goes to the rest
AT_ONCE = 20
SINCE = 90 * DAY  # runs that began earlier are not looked for
decode_kept = msgspec.json.Decoder(Kept).decode
_campaign = msgspec.json.Decoder(Campaign).decode


class Looking:
    """The round of experiments; the facade looks by it too."""

    def __init__(self, app: "App", clock: Clock | None = None) -> None:
        """`clock`: for looks that lie in the past; the app's otherwise."""
        self.app, self._clock = app, clock or app.clock

    async def once(self) -> int:
        """Begin to watch what has begun, and look at what is due; how many that were."""
        now = self._clock.now()
        fresh, due = await self.app.store.read(lambda tx: (experiment_rows.unwatched(tx, now - SINCE, AT_ONCE), experiment_rows.come(tx, now, AT_ONCE)))
        if fresh:
            await self.app.store.write(lambda tx: _watch(tx, fresh, now), turn="due")
        for row in due:
            try:
                await self.look(row.space, row.run)
            except Unavailable:
                raise
            except Exception:
                log.exception("an experiment makes us fail; it is looked at again later")
                await self.app.store.write(lambda tx, row=row: experiment_rows.later(tx, row.space, row.run, now + EVERY), turn="due")  # type: ignore[misc]
        return len(fresh) + len(due)

    async def look(self, space: int, run: bytes) -> None:
        """One look at one of them; nothing when it is decided, or was looked at meanwhile by somebody else."""
        now = self._clock.now()

        def read(tx: Tx) -> tuple[VerdictRow, Campaign, Counted, RunRow] | None:
            row, made = experiment_rows.get(tx, space, run), campaign_rows.run(tx, space, run)
            if row is None or row.state == OFF or row.next is None or made is None:
                return None
            campaign = campaign_of(tx, space, made.campaign, made.version)
            if campaign is None or campaign.experiment is None:
                return None
            counted = experiment_rows.counted(tx, space, run, campaign.experiment.metric, campaign.experiment.window_days * DAY, now)
            return row, campaign, counted, made

        found = await self.app.store.read(read)
        if found is None:
            return
        row, campaign, counted, made = found
        before = decode_kept(row.body)
        if before.sent is not None:
            going = counted.waits and made.state not in ("finished", "cancelled", "failed")
            await self.app.store.write(lambda tx: self._watch_on(tx, campaign, row, before, counted, now, going=going), turn="due")
            return
        kept = before if before.decided is not None else _judge(campaign, counted, before, made.started or made.planned, now)

        def write(tx: Tx) -> None:
            here = experiment_rows.get(tx, space, run, lock=True)
            if here is None or here.next is None or here.body != row.body:
                return  # somebody else has looked, or it was ended
            if before.decided is None:
                self._act(tx, row, kept, before, now)
            self._roll_out(tx, campaign, row, kept, now, paused=made.state == "paused")

        await self.app.store.write(write, turn="due")

    def _watch_on(self, tx: Tx, campaign: Campaign, row: VerdictRow, before: Kept, counted: Counted, now: float, *, going: bool) -> None:
        """What goes to the rest is stopped, too, when it goes beyond a guardrail; until the last of them is told."""
        here = experiment_rows.get(tx, row.space, row.run, lock=True)
        sent, verdict = before.sent, before.verdict
        if here is None or here.next is None or here.body != row.body or sent is None:
            return
        kept = msgspec.structs.replace(before, looked=now)
        if verdict is not None and sent < len(verdict.arms):
            verdict = watched(campaign, verdict, sent, counted.arms.get(sent, Count()), counted.later.get(sent, Count()))
            over = verdict.arms[sent].stopped and sent not in before.stopped
            kept = msgspec.structs.replace(kept, verdict=verdict, stopped=(*before.stopped, sent) if over else before.stopped)
            if over:
                campaign_steps.stop_variant(tx, row.space, row.run, sent)
                self._note(tx, row, "experiment.stop", variant=sent)
        row.body, row.next = msgspec.json.encode(kept).decode(), now + GOING if going and sent not in kept.stopped else None
        experiment_rows.put(tx, row)

    def _act(self, tx: Tx, row: VerdictRow, kept: Kept, before: Kept, now: float) -> None:
        """Keep the verdict and what the look showed, and stop who goes beyond a guardrail."""
        verdict = kept.verdict
        assert verdict is not None
        for variant in set(kept.stopped) - set(before.stopped):
            campaign_steps.stop_variant(tx, row.space, row.run, variant)
            self._note(tx, row, "experiment.stop", variant=variant)
        if kept.decided is not None:
            self._note(tx, row, "experiment.verdict", state=verdict.state, winner=verdict.winner)
        row.state, row.variant = verdict.state, -1 if verdict.winner is None else verdict.winner
        row.body, row.at = msgspec.json.encode(kept).decode(), now
        row.next = None if kept.decided is not None else min(now + EVERY, max(verdict.ends_at, now + 1.0))
        body = {
            "people": [arm.count.people for arm in verdict.arms], "hits": [arm.count.hits for arm in verdict.arms],
            "intervals": [[arm.difference or 0.0, arm.low or 0.0, arm.high or 0.0] for arm in verdict.arms[1:]],
        }  # fmt: skip
        experiment_rows.add_look(tx, row.space, row.run, now, msgspec.json.encode(body).decode())

    def _roll_out(self, tx: Tx, campaign: Campaign, row: VerdictRow, kept: Kept, now: float, *, paused: bool) -> None:
        """Where the campaign says so the winner goes to the rest; while the campaign is paused, once it goes on."""
        winner, plan = kept.verdict.winner if kept.verdict is not None else None, campaign.experiment
        if kept.decided is not None and kept.sent is None and winner is not None and plan is not None and plan.winner == "roll_out" and not kept.ended_by:
            if self._send(tx, row, winner):
                row.body, row.next = msgspec.json.encode(msgspec.structs.replace(kept, sent=winner)).decode(), now + GOING
            else:
                row.next = now + OPENED if paused else None
        experiment_rows.put(tx, row)

    def _send(self, tx: Tx, row: VerdictRow, variant: int) -> bool:
        """Roll it out; False when there is nobody left, or the run is not in a state for it: then somebody does it by hand."""
        try:
            done = campaign_steps.roll_out(self.app, tx, row.space, row.run, variant)
        except Refusal:
            log.exception("a winner could not be rolled out")
            return False
        if done:
            self._note(tx, row, "experiment.roll_out", variant=variant)
        return done

    def _note(self, tx: Tx, row: VerdictRow, action: str, **detail: object) -> None:
        self.app.experiments.note(tx, msgspec.structs.replace(SYSTEM, space=row.space), action, f"run:{row.run.hex()}", **detail)


def _watch(tx: Tx, fresh: list[tuple[int, bytes, str, int]], now: float) -> None:
    for space, run, campaign, version in fresh:
        body = campaign_of(tx, space, campaign, version)
        tried = body is not None and body.experiment is not None
        experiment_rows.watch(tx, VerdictRow(space=space, run=run, state="waiting" if tried else OFF, next=now if tried else None, at=now))


def _judge(campaign: Campaign, counted: Counted, before: Kept, started: float, now: float) -> Kept:
    counts = [counted.arms.get(n, Count()) for n in range(len(campaign.variants))]
    first = counted.first if counted.first is not None else started
    last = counted.last if counted.last is not None else first
    verdict = judged(campaign, counts, first, last, now, before.stopped)
    over = now >= verdict.ends_at
    final = verdict.state in ("winner", "none", "stopped") or (over and verdict.state == "unhealthy")
    stopped = tuple(n for n, arm in enumerate(verdict.arms) if arm.stopped)
    return msgspec.structs.replace(
        before, verdict=verdict, rest=counted.rest, holdout=counted.holdout, machine=sum(count.machine for count in counts), started=first, looked=now,
        decided=now if final else None, stopped=stopped,
    )  # fmt: skip


def campaign_of(tx: Tx, space: int, key: str, version: int) -> Campaign | None:
    """The version that runs; None when it was deleted."""
    found = campaign_rows.version(tx, space, key, version)
    return None if found is None else _campaign(found.body)


def look_view(at: float, body: str) -> LookView:
    """A look as it is shown."""
    found = msgspec.json.decode(body, type=Seen)
    return LookView(moment(at), found.people, found.hits, found.intervals)


class Seen(msgspec.Struct):
    """The body of a look."""

    people: list[int]
    hits: list[int]
    intervals: list[tuple[float, float, float]]
