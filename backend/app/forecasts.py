"""Forecasts of campaigns: the dry run over a whole audience, and afterwards the plan beside the fact."""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, cast

import msgspec

from backend.app.base import Aggregate
from backend.app.campaign_views import DifferenceRow, ForecastRow, ForecastView
from backend.app.explain import reason_view
from backend.app.foreseeing import UNTAKEN, Kept, audience_of, basis_of, decode, encode
from backend.app.views import ReasonView, moment, moment_or_none
from backend.domain import forecast, timing
from backend.domain.campaign import OWN, Campaign
from backend.domain.campaign_event import pins
from backend.domain.decision import Reason
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, SKIPPED
from backend.domain.errors import NotFound
from backend.domain.forecast import HOUR, Row
from backend.domain.ids import NO_ID, make_id, parse_id
from backend.security.roles import Actor, need
from backend.store import forecast_rows, run_counts
from backend.store.audience_people import whom
from backend.store.forecast_rows import DifferingRow
from backend.store.forecast_rows import ForecastRow as Stored
from backend.store.port import Tx

NONE = "none"  # state of the report of a run that nobody had looked at before
NOT_DONE = "The run is not decided to its end: {n:,} of {of:,}. The facts of each row come then."
OFF = "The counts do not add up: on {channel} {counted:,} were left out, and the rows say {rows:,}. Look at the ledger with: carillon ledger --campaign {key} --recount"
_campaign = msgspec.json.Decoder(Campaign).decode


class Forecasts(Aggregate):
    """Forecasts of the actor's space. A campaign has one that counts; the one before it stops."""

    async def begin(self, actor: Actor, campaign_key: str) -> ForecastView:
        """Count who will get the draft as it is now, and who not and why. Errors: `NotFound`, and those of a draft that could not be sent."""
        need(actor, "content.write")
        known = await self.app.facts.content_of(actor.space)
        now = self.app.clock.now()

        def write(tx: Tx) -> Stored:
            row = forecast_rows.draft(tx, actor.space, campaign_key)
            if row is None:
                raise _gone(campaign_key)
            campaign = _campaign(row.body)
            timing.moments(campaign.timing, now)("UTC")  # a time that is none is said now
            kept = Kept(campaign, pins(campaign, known.categories, known.published), basis_of(tx, actor.space, campaign, known.published))
            whom(tx, actor.space, audience_of(campaign), now)  # an audience that is gone is said now
            forecast_rows.stop(tx, actor.space, campaign_key, now)
            made = Stored(
                space=actor.space, id=make_id(int(now * 1000), b"forecast", campaign_key.encode(), secrets.token_bytes(8)), campaign=campaign_key,
                revision=row.revision, state="counting", cursor=UNTAKEN, body=encode(kept).decode(), at=now, by=actor.subject,
            )  # fmt: skip
            forecast_rows.put(tx, made)
            self.note(tx, actor, "forecast.begin", f"campaign:{campaign_key[:128]}", forecast=made.id.hex())
            return made

        return self._view(await self.app.store.write(write), actor, outdated=False)

    async def get(self, actor: Actor, campaign_key: str, id: str | None = None) -> ForecastView:
        """One of the campaign, or its newest; `outdated` when the draft, its audiences or templates are others by now. Raises `NotFound`."""
        need(actor, "content.read")
        made = parse_id(id) if id else None
        known = await self.app.facts.content_of(actor.space)

        def read(tx: Tx) -> tuple[Stored, bool]:
            row = forecast_rows.get(tx, actor.space, campaign_key, made)
            if row is None:
                raise NotFound(f"The campaign {campaign_key[:128]!r} has no forecast yet. Make one: POST /v1/campaigns/{{key}}/plan.", key=campaign_key[:128])
            return row, self._outdated(tx, row, known.published)

        row, outdated = await self.app.store.read(read)
        return self._view(row, actor, outdated=outdated)

    async def stop(self, actor: Actor, campaign_key: str) -> ForecastView | None:
        """Count no further; what was counted is shown as it is. Raises `NotFound`."""
        need(actor, "content.write")
        now = self.app.clock.now()

        def write(tx: Tx) -> None:
            if forecast_rows.stop(tx, actor.space, campaign_key, now):
                self.note(tx, actor, "forecast.stop", f"campaign:{campaign_key[:128]}")

        await self.app.store.write(write)
        return await self.get(actor, campaign_key)

    async def report(self, actor: Actor, campaign_key: str, run: str | None = None) -> ForecastView:
        """The forecast that a run was started by (of its newest without `run`), with what it did, and each difference with cause and time.
        Raises `NotFound` when the campaign has not run."""
        need(actor, "content.read")
        made = parse_id(run) if run else None

        def read(tx: Tx) -> tuple[Stored | None, run_counts.RunRow, _Happened]:
            found = run_counts.run_of(tx, actor.space, campaign_key, made)
            if found is None:
                raise NotFound(f"The campaign {campaign_key[:128]!r} has not run yet. Its forecast: GET /v1/campaigns/{{key}}/plan.", key=campaign_key[:128])
            row = None if found.forecast == NO_ID else forecast_rows.get(tx, actor.space, campaign_key, found.forecast)
            differing = _split(forecast_rows.differing(tx, actor.space, found.id))
            stands = run_counts.standing_of(tx, actor.space, campaign_key, found.id)
            return row, found, _Happened(differing, stands, run_counts.waiting_of(tx, actor.space, found.id))

        row, found, happened = await self.app.store.read(read)
        if row is None:
            return ForecastView("", NONE, found.recipients, found.recipients, people=found.recipients, detail="Nobody made a forecast before this run.", run=found.id.hex())
        view = self._view(row, actor, outdated=False)
        view.run = found.id.hex()
        return self._with_fact(view, decode(row.body), happened, actor, campaign_key)

    def _outdated(self, tx: Tx, row: Stored, published: Mapping[str, int]) -> bool:
        draft = forecast_rows.draft(tx, row.space, row.campaign)
        return draft is None or basis_of(tx, row.space, _campaign(draft.body), published) != decode(row.body).basis

    def _view(self, row: Stored, actor: Actor, *, outdated: bool) -> ForecastView:
        kept = decode(row.body)
        sums = kept.sums
        rows = [
            _row(forecast.row_of(key), n, actor, until=moment_or_none(sums.last.get(key, 0) * HOUR)) for key, n in sorted(sums.rows.items())
        ]
        return ForecastView(
            id=row.id.hex(), state="outdated" if outdated and row.state == "done" else row.state, total=row.total, done=row.done, people=sums.people,
            reached=sums.reached, held_out=sums.held_out, units=sums.units, rows=rows, held_until=[(moment(hour * HOUR), n) for hour, n in sorted(sums.hours.items())],
            missing=kept.missing, segments=kept.segments, cost=kept.cost, everybody=kept.everybody, at=moment(row.at),
            took=(row.ended or self.app.clock.now()) - row.at, detail=kept.detail, told_at=_told_at(kept.campaign, row.at),
        )  # fmt: skip

    def _with_fact(self, view: ForecastView, kept: Kept, happened: "_Happened", actor: Actor, key: str) -> ForecastView:
        planned = {forecast.row_of(name): n for name, n in kept.sums.rows.items()}
        fact = forecast.moved(planned, ((channel, before, after, n) for channel, before, after, _, n, _, _ in happened.differing))
        view.differences = [
            DifferenceRow(channel, before, after, _cause(cause, actor), n, moment(first), moment(last))
            for channel, before, after, cause, n, first, last in happened.differing
        ]
        later, stands = forecast.Sums(), happened.stands
        later.add(happened.waiting)
        view.waiting = later.units
        for name, n in later.rows.items():
            fact[forecast.row_of(name)] -= n
        decided, expected = sum(stands.values()), sum(fact.values())
        if decided != expected:
            view.detail = NOT_DONE.format(n=decided, of=expected)
            return view
        for channel, number in CHANNEL_NUMBER.items():
            skipped = sum(n for row, n in fact.items() if row[0] == channel and row[1] == "skip")
            if skipped != stands.get((number, SKIPPED), 0):
                view.detail = OFF.format(channel=channel, counted=stands.get((number, SKIPPED), 0), rows=skipped, key=key)
                return view
        old: dict[Row, ForecastRow] = {(one.channel, one.outcome, one.reason.code if one.reason else ""): one for one in view.rows}
        for row, n in sorted(fact.items()):
            one = old.get(row)
            if one is None:
                one = _row(row, 0, actor)
                view.rows.append(one)
            one.fact = n
        return view


class _Happened(msgspec.Struct):
    """What came of a run: its differences unit by unit, what stands by channel and state, and who waits: code -> people."""

    differing: list[tuple[str, str, str, str, int, float, float]]
    stands: Mapping[tuple[int, int], int]
    waiting: Mapping[bytes, int]


def _told_at(campaign: Campaign, now: float) -> datetime | None:
    return None if campaign.timing.zone == OWN else moment(timing.moments(campaign.timing, now)(campaign.timing.zone).at)


def _row(row: Row, planned: int, actor: Actor, until: datetime | None = None) -> ForecastRow:
    channel, outcome, code = row
    reason = reason_view(Reason(code, {"channel": channel}), actor) if code else None
    return ForecastRow(cast(Literal["send", "hold", "skip"], outcome), channel, reason, planned, until)


def _cause(code: str, actor: Actor) -> ReasonView:
    name, _, was = code.partition(":")
    return reason_view(Reason(name, {"was": was} if was else {}), actor)


def _split(rows: list[DifferingRow]) -> list[tuple[str, str, str, str, int, float, float]]:
    """(channel, foreseen, fact, cause, units, first, last): rows are of channels, what is shown is of units."""
    sums: dict[tuple[str, str, str, str], list[float]] = defaultdict(lambda: [0, float("inf"), 0.0])
    for row in rows:
        for before, after, cause in zip(row.foreseen.split(","), row.fact.split(","), row.cause.split(","), strict=True):
            one = sums[CHANNEL_NAME[row.channel], before, after, cause]
            one[0] += row.n
            one[1], one[2] = min(one[1], row.first), max(one[2], row.last)
    return [(*key, int(n), first, last) for key, (n, first, last) in sorted(sums.items())]


def _gone(key: str) -> NotFound:
    return NotFound(f"There is no campaign {key[:128]!r} here. Check its key.", key=key[:128])
