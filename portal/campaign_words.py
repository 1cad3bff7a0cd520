"""A campaign that runs, in sentences: its state first, then its waves, versions, times and people. Pure: views in, words out."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from backend.app.campaign_views import CampaignVersionView, CampaignView, RecipientView, RunView, WaveView
from backend.domain.campaign import OWN, Campaign
from backend.domain.delivery import CHANNELS
from portal.campaign_plan import letter, plain_percent, plan, since, when
from portal.campaign_rows import FactRow, MessageRow, PersonRow, RunRow, VersionRow, WaveRow
from portal.numbers import decimal
from portal.telling import Teller
from portal.theme import count, moment, wall
from portal.words import known

LOOKS = {"waiting": "queued", "sent": "sent", "held": "held", "skipped": "skipped", "failed": "failed", "holdout": "skipped"}
HELD_OUT, UNASSIGNED = -2, -3


def sentence(voice: Teller, view: CampaignView) -> str:
    """What state it is in, with its numbers and its cause."""
    run, state, language = view.run, view.state, voice.language
    if run is not None and run.state == "failed":
        return voice.say("crun.say.failed", detail=run.detail or "–")
    if state in ("draft", "review", "approved"):
        return voice.say(f"crun.say.{state}", who=view.submitted_by if state == "review" else view.approved_by or "–")
    if state == "scheduled":
        if view.next_at is None:
            return voice.say("crun.say.scheduled.none")
        if view.draft.timing.kind == "at" and view.draft.timing.zone == OWN:
            return voice.say("crun.say.scheduled.own", when=when(voice, view.draft.timing), first=_soon(voice, view.next_at))
        again = view.draft.timing.kind == "recurring" and run is not None
        return voice.say("crun.say.scheduled.again" if again else "crun.say.scheduled", when=_soon(voice, view.next_at))
    if run is None:
        return voice.say(f"crun.say.{state}.none") if state in ("paused", "finished", "cancelled") else voice.say("crun.say.preparing")
    numbers = {"released": count(run.released, language), "people": count(run.recipients, language)}
    if state == "running":
        return _running(voice, run, numbers)
    if state == "finished":
        ledger = run.ledger
        if not run.recipients:
            return voice.say("crun.say.finished.none")
        ended = _soon(voice, run.ended_at) if run.ended_at else ""
        gone = ledger.sent + ledger.unknown
        return voice.say("crun.say.finished", time=ended, people=numbers["people"], sent=count(gone, language), skipped=count(ledger.skipped + ledger.failed, language)).replace("  ", " ")
    if not run.recipients:
        return voice.say(f"crun.say.{state}.none")
    return voice.say(f"crun.say.{state}", **numbers)


def _running(voice: Teller, run: RunView, numbers: dict[str, str]) -> str:
    if run.state == "preparing":
        return voice.say("crun.say.preparing")
    if run.state == "testing":
        return voice.say("crun.say.testing", **numbers)
    rate = rate_words(voice, run.rate)
    text = voice.say("crun.say.running.rate", **numbers, rate=rate) if rate else voice.say("crun.say.running", **numbers)
    return f"{text} {voice.say('crun.say.ends', time=_soon(voice, run.ends_at))}" if run.ends_at and run.released < run.recipients else text


def rate_words(voice: Teller, rate: float) -> str:
    """People a second, "" while none is measured."""
    if rate <= 0:
        return ""
    return count(round(rate), voice.language) if rate >= 10 else decimal(rate, 1, voice.language)


def _soon(voice: Teller, at: datetime) -> str:
    return wall(at.timestamp(), voice.now, voice.zone, voice.language)


def waves(voice: Teller, some: list[WaveView]) -> list[WaveRow]:
    """At most fifty."""
    rows = []
    for n, one in enumerate(some[:50], 1):
        at = moment(one.at.timestamp(), voice.zone, voice.language) if one.at else voice.say("crun.wave.at.none") if one.kind == "rest" else "–"
        state = voice.say(f"crun.wave.{one.state}") if one.state in ("waiting", "running", "finished", "cancelled", "paused") else one.state
        rows.append(WaveRow(str(n), voice.say(f"crun.wave.{one.kind}"), at, count(one.recipients, voice.language), state))
    return rows


def runs(voice: Teller, some: list[RunView]) -> list[RunRow]:
    """Each time of it."""
    rows = []
    for one in some:
        _, said, _ = voice.sums(one.ledger)
        people = voice.say("crun.run.people", count=count(one.recipients, voice.language) if one.recipients != 1 else 1)
        rows.append(RunRow(one.id, moment(one.planned_at.timestamp(), voice.zone, voice.language), people, voice.say(f"crun.run.{one.state}"), said, one.detail))
    return rows


def versions(voice: Teller, some: Sequence[CampaignVersionView]) -> list[VersionRow]:
    """What was started, newest first."""
    return [
        VersionRow(
            voice.say("crun.version", n=one.version),
            voice.say("crun.version.by", who=one.by, time=since(voice, one.at.timestamp())),
            "", moment(one.at.timestamp(), voice.zone, voice.language), voice.say(f"crun.version.{one.note}") if known(f"crun.version.{one.note}") else one.note,
        )
        for one in some[:50]
    ]  # fmt: skip


def _skipped(one: RecipientView) -> str:
    """Why somebody gets nothing, first what stopped it last: each reason once; it names its channel where it is about one."""
    some = [*([one.reason] if one.reason and one.delivery else []), *(one.skipped[channel] for channel in CHANNELS if channel in one.skipped)]
    return " ".join(dict.fromkeys(reason.text for reason in some))


def people(voice: Teller, some: list[RecipientView], names: list[str]) -> list[PersonRow]:
    """`names`: of the variants."""
    rows = []
    for one in some:
        variant = names[one.variant] if 0 <= one.variant < len(names) else voice.say("cplan.split.held" if one.variant == HELD_OUT else "cplan.split.rest") if one.variant in (HELD_OUT, UNASSIGNED) else "–"
        channels = ", ".join(voice.channel(channel) for channel in CHANNELS if channel in one.channels)
        why = _skipped(one) if one.skipped else one.reason.text if one.reason else channels
        href = f"/deliveries/{one.delivery}" if one.delivery else f"/notifications/{one.notification}" if one.notification else ""
        rows.append(PersonRow(one.user, one.name or one.user, variant, LOOKS.get(one.outcome, "queued"), voice.say(f"crun.outcome.{one.outcome}"), why, href))
    return rows


def facts(voice: Teller, view: CampaignView, names: dict[str, str]) -> list[FactRow]:
    """What it is, in the rail. `names`: of audiences and categories, by key."""
    body = view.draft
    rows = [
        FactRow(voice.say("crun.audience"), names.get(f"audience {body.audience}", body.audience) or "–", ", ".join(names.get(f"audience {one}", one) for one in body.exclude)),
        FactRow(voice.say("crun.category"), names.get(f"category {body.category}", body.category) or "–"),
        FactRow(voice.say("crun.channels"), ", ".join(voice.channel(one) for one in body.channels) or voice.say("camp.channels.category")),
    ]
    made = voice.say("crun.made.by", who=view.changed_by, time=since(voice, view.changed_at.timestamp()))
    return [*rows, *plan(voice, body, view.run.recipients if view.run else None, ""), FactRow(voice.say("crun.made"), made)]


def messages(voice: Teller, body: Campaign, names: dict[str, str]) -> list[MessageRow]:
    """Which messages it has, by the names of their templates."""
    rows, several = [], len(body.variants) > 1
    for n, one in enumerate(body.variants):
        title = names.get(f"template {one.template}", one.template) or voice.say("crun.message.none")
        href = f"/templates/{quote(one.template, safe='')}" if one.template else ""
        mark = letter(n) if several else ""
        rows.append(MessageRow(mark, "" if one.name == mark or not several else one.name, title, href, plain_percent(voice, one.weight) if several else ""))
    return rows


def address(user: str) -> str:
    """Of a person's page."""
    return f"/people/{quote(user, safe='')}"
