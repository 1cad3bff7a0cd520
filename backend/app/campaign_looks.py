"""What is shown of campaigns, their runs and whom they were for. Reads only."""

import itertools
from collections import Counter
from collections.abc import Sequence

import msgspec

from backend.app.base import cursor_of, place_of
from backend.app.campaign_views import CalendarEntry, CampaignLine, CampaignView, ProblemView, RecipientView, RunView, WaveView
from backend.app.explain import ledger_view, reason_view
from backend.app.view_types import Page, ReasonView, moment, moment_or_none
from backend.domain import recurrence
from backend.domain.campaign import Campaign
from backend.domain.campaign_checks import Problem, may
from backend.domain.decision import Decision, Reason
from backend.domain.delivery import CHANNEL_NAME, LEDGER_OF, State
from backend.domain.errors import CursorForeign, Invalid, NotFound
from backend.domain.event import HOLDOUT
from backend.domain.ids import notification_id, parse_id
from backend.domain.ledger import Ledger
from backend.domain.reasons import sentence
from backend.domain.run import RunBody
from backend.domain.schedule import Schedule
from backend.security.roles import Actor
from backend.store import campaign_rows, event_rows, history, persons, schedules
from backend.store.campaign_rows import CampaignRow, RunRow, WaveRow
from backend.store.port import Tx
from backend.store.recipient_rows import RecipientRow
from backend.store.recipient_rows import page as recipient_page

_decode = msgspec.json.Decoder(Campaign).decode
_body = msgspec.json.Decoder(RunBody).decode
_trace = msgspec.msgpack.Decoder(Decision).decode
ENTRIES = 500  # of a calendar
_RANK = ("sent", "held", "waiting", "failed", "skipped")


def view(tx: Tx, row: CampaignRow, draft: Campaign, found: Sequence[Problem], now: float) -> CampaignView:
    """One campaign with its newest run."""
    newest = campaign_rows.newest_runs(tx, row.space, [row.key]).get(row.key)
    return CampaignView(
        key=row.key, name=row.name, state=row.state, draft=draft, version=row.version, revision=row.revision, can=may(row.state, draft),  # type: ignore[arg-type]
        problems=[ProblemView(p.step, p.text, p.blocks, p.code) for p in found], created_at=moment(row.created), changed_at=moment(row.changed), changed_by=row.changed_by,
        submitted_by=row.submitted_by, approved_by=row.approved_by, next_at=moment_or_none(row.next), run=run_view(tx, newest, now) if newest else None,
    )  # fmt: skip


def lines(tx: Tx, space: int, rows: Sequence[CampaignRow]) -> list[CampaignLine]:
    """As a list shows them."""
    newest = campaign_rows.newest_runs(tx, space, [row.key for row in rows])
    made = []
    for row in rows:
        draft, run = _decode(row.body), newest.get(row.key)
        ledger = _ledger(tx, run, exact=False) if run else None
        made.append(
            CampaignLine(
                row.key, row.name, row.state, draft.category, list(draft.channels), draft.audience, draft.experiment is not None, moment_or_none(row.next),  # type: ignore[arg-type]
                run.recipients if run else 0, _done(run, ledger), ledger_view(ledger) if ledger else None, moment(row.changed), row.changed_by,
            )
        )  # fmt: skip
    return made


def _done(run: RunRow | None, ledger: Ledger | None) -> float:
    if run is None or ledger is None:
        return 0.0
    if run.state in ("finished", "cancelled", "failed"):
        return 1.0
    return min(1.0, max(0.0, 1 - ledger.pending / ledger.planned)) if ledger.planned else 0.0


def _ledger(tx: Tx, run: RunRow, *, exact: bool) -> Ledger:
    row = history.events_of(tx, run.space, [run.id]).get(run.id)
    return Ledger(planned=run.recipients, pending=run.recipients) if row is None else event_rows.ledger(tx, run.space, row, exact=exact)


def run_view(tx: Tx, row: RunRow, now: float) -> RunView:
    """One run as it stands."""
    waves = campaign_rows.waves_of(tx, row.space, row.id)
    released = sum(wave.released for wave in waves)
    body = _body(row.body) if row.body != "{}" else None
    since = min((wave.at for wave in waves if wave.at is not None and wave.released), default=None)
    rate = released / max(1.0, now - since) if since is not None and row.ended is None else 0.0
    left = sum(wave.recipients - wave.released for wave in waves if wave.kind != "rest" or wave.at is not None)
    last = max((wave.at for wave in waves if wave.at is not None and wave.state != "finished"), default=now)
    ends = max(last, now + left / rate) if rate > 0 and left and row.state == "running" else None
    return RunView(
        id=row.id.hex(), campaign=row.campaign, version=row.version, planned_at=moment(row.planned), state=row.state, recipients=row.recipients, released=released,  # type: ignore[arg-type]
        ledger=ledger_view(_ledger(tx, row, exact=row.ended is not None)), waves=[_wave(wave) for wave in waves], rate=round(rate, 1), started_at=moment_or_none(row.started),
        ended_at=moment_or_none(row.ended), ends_at=moment_or_none(ends), detail=body.detail if body else "",
    )  # fmt: skip


def _wave(wave: WaveRow) -> WaveView:
    return WaveView(wave.n, wave.kind, moment_or_none(wave.at), wave.variant, wave.recipients, wave.state)  # type: ignore[arg-type]


def runs(tx: Tx, space: int, key: str, after: str | None, size: int, now: float) -> Page[RunView]:
    """The newest first."""
    rows = campaign_rows.runs_of(tx, space, key, place_of(after), size + 1)
    following = cursor_of(rows[size - 1].planned, rows[size - 1].id) if len(rows) > size else None
    return Page([run_view(tx, row, now) for row in rows[:size]], following)


def run(tx: Tx, space: int, key: str, made: str, now: float) -> RunView:
    """One of them. Raises `NotFound`."""
    return run_view(tx, found(tx, space, key, made), now)


def found(tx: Tx, space: int, key: str, made: str) -> RunRow:
    """The row of a campaign's run. Raises `NotFound`."""
    row = campaign_rows.run(tx, space, parse_id(made))
    if row is None or row.campaign != key:
        raise NotFound(f"The campaign {key[:128]!r} has no run {made[:40]}.", key=key[:128])
    return row


def recipients(tx: Tx, actor: Actor, key: str, made: str, after: str | None, size: int, outcome: str) -> Page[RecipientView]:
    """Whom a run is for, by person."""
    row = found(tx, actor.space, key, made)
    if after and (len(after) != 16 or not set(after) <= set("0123456789abcdef")):
        raise CursorForeign
    if outcome and outcome not in ("waiting", "sent", "held", "skipped", "failed", "holdout"):
        raise Invalid("outcome is one of waiting, sent, held, skipped, failed, holdout.", field="outcome")
    cursor, made_views, looked = int(after, 16) if after else -1, list[RecipientView](), 0
    while len(made_views) < size and looked < 20:  # a filter that few fit looks at some pages and hands over where it stopped
        rows = recipient_page(tx, row.space, row.id, cursor, size + 1)
        views = _recipients(tx, actor, row, rows[:size])
        looked += 1
        for one, shown in zip(rows[:size], views, strict=True):
            cursor = one.person
            if not outcome or shown.outcome == outcome:
                made_views.append(shown)
            if len(made_views) == size:
                break
        else:
            if len(rows) <= size:
                return Page(made_views, None)
            continue
        break
    return Page(made_views, f"{cursor:016x}")


def _recipients(tx: Tx, actor: Actor, row: RunRow, rows: Sequence[RecipientRow]) -> list[RecipientView]:
    people = [one.person for one in rows]
    known = persons.known(tx, row.space, people)
    notes = {person: notification_id(row.id, person) for person in people}
    told = history.notifications_with(tx, row.space, list(notes.values()))
    deliveries: dict[bytes, list[history.DeliveryRow]] = {}
    for d in history.deliveries_of(tx, row.space, list(told)):
        deliveries.setdefault(d.notification, []).append(d)
    made = []
    for one in rows:
        mine = deliveries.get(notes[one.person], [])
        outcomes = Counter(_outcome(State(d.state)) for d in mine)
        if one.variant == HOLDOUT:
            what = "holdout"
        elif notes[one.person] not in told:
            what = "waiting"
        else:
            what = next((name for name in _RANK if outcomes[name]), "skipped")
        chosen = next((d for d in mine if _outcome(State(d.state)) == what), None)
        skipped = _skipped(told[notes[one.person]], actor) if what in ("skipped", "holdout") else {}
        reason = next(iter(skipped.values()), None)
        if chosen is not None and chosen.reason and what in ("held", "failed", "skipped"):
            reason = _reason(actor, chosen.reason)
        channels = [CHANNEL_NAME[d.channel] for d in mine if _outcome(State(d.state)) == what]
        note = notes[one.person].hex() if notes[one.person] in told else ""
        made.append(RecipientView(known.get(one.person, ""), "", one.variant, one.wave, what, reason, chosen.id.hex() if chosen else "", channels, skipped, note))  # type: ignore[arg-type]
    return made


def _skipped(row: history.NotificationRow, actor: Actor) -> dict[str, ReasonView]:
    """channel -> why nothing goes there, of the trace: what is skipped has no delivery that could say so."""
    units = _trace(row.trace).units if row.trace else ()
    return {unit.channel: reason_view(unit.reasons[0], actor) for unit in units if unit.outcome == "skip" and unit.reasons}


def _outcome(state: State) -> str:
    return {"sent": "sent", "held": "held", "skipped": "skipped", "failed": "failed", "unknown": "sent", "pending": "waiting", "folded": "sent"}[LEDGER_OF[state]]


def _reason(actor: Actor, code: str) -> ReasonView:
    return ReasonView(code, {}, sentence(Reason(code), "staff", actor.locale, actor.timezone))


def calendar(tx: Tx, actor: Actor, since: float, until: float, now: float) -> list[CalendarEntry]:
    """Of campaigns and of schedules, by time."""
    made: list[CalendarEntry] = []
    for row in campaign_rows.every(tx, actor.space, ("scheduled", "running", "paused", "finished", "cancelled")):
        draft = _decode(row.body)
        for one in campaign_rows.runs_of(tx, actor.space, row.key, None, 100):
            if since <= one.planned < until:
                made.append(CalendarEntry(row.key, row.name, "campaign", moment(one.planned), one.state, one.recipients))
        if row.state in ("scheduled", "running") and row.next is not None:
            if draft.timing.kind == "recurring":
                ahead = recurrence.planned(draft.timing.cron, draft.timing.zone, max(now, since) - 1)
                times = list(itertools.islice(itertools.takewhile(lambda at: at < until, ahead), ENTRIES))
            else:
                times = [recurrence.planned_of(row.next, draft.timing.zone)]
            made += [CalendarEntry(row.key, row.name, "campaign", moment(at), "scheduled") for at in times if since <= at < until and at >= now]
    for plan in schedules.page(tx, actor.space, "", ENTRIES):
        body = msgspec.json.decode(plan.body, type=Schedule)
        if not plan.paused:
            ahead = recurrence.planned(body.cron, body.zone, max(now, since) - 1)
            times = list(itertools.islice(itertools.takewhile(lambda at: at < until, ahead), ENTRIES))
            made += [CalendarEntry(plan.key, plan.name, "schedule", moment(at), "scheduled") for at in times if since <= at]
    return sorted(made, key=lambda entry: entry.at)[:ENTRIES]

