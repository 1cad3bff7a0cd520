"""State of the list of campaigns: one page of rows, the counts of their states, and what moves while something is under way."""

from typing import Any

import reflex as rx

from backend.app.campaign_views import CampaignLine
from backend.domain.campaign import STATES
from portal.campaign_plan import since
from portal.campaign_rows import CampaignRow
from portal.guard import guarded
from portal.numbers import NONE, of, percent
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import count, day, moment, wall
from portal.watching import watch
from portal.wiring import app

PATH = "/campaigns"
SPEC = ListSpec(PATH, "content.read", {"state": STATES, "text": ()}, typed=("text",))
LOOK = 5.0  # seconds between looks while something is under way
AGAIN = 12  # looks after which the caller is asked for anew
MOVING = ("running", "paused")


class Campaigns(listing(SPEC), rx.State):
    """One page of campaigns."""

    rows: list[CampaignRow] = []
    _loop: str = ""

    async def _before(self, actor: Any) -> None:
        counts = await app().campaigns.counts(actor)
        language = actor.locale[:2]
        self.counts = {state: count(counts.get(state, 0), language) for state in STATES} | {"all": count(sum(counts.values()), language)}

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        found = await app().campaigns.list(actor, after=after or "", limit=SPEC.rows, state=wanted["state"] or "", text=wanted["text"] or "")
        self.rows = [row_of(line, voice) for line in found.items]
        return found.next

    @guarded("content.read", background=True)
    async def follow(self) -> None:
        """Look again while something of the page is under way."""

        async def ask(actor: Any, _whole: bool) -> list[CampaignLine]:
            after = self._cursors[-1] if self._cursors else ""
            asked = {name: self.query[name] for name in ("state", "text")}
            return (await app().campaigns.list(actor, after=after, limit=SPEC.rows, **asked)).items

        def show(voice: Teller, lines: list[CampaignLine]) -> None:
            self.rows = [row_of(line, voice) for line in lines]
            if not any(row.state in MOVING for row in self.rows):
                self._loop = ""  # nothing moves any more

        await watch(self, PATH, "content.read", every=LOOK, whole=AGAIN, ask=ask, show=show)


def row_of(line: CampaignLine, voice: Teller) -> CampaignRow:
    """A campaign as the list shows it."""
    when, exact = when_of(line, voice)
    ledger, language = line.ledger, voice.language
    sent = percent(ledger.sent, ledger.planned, language) if ledger else NONE
    people = count(line.recipients, language) if line.recipients else NONE
    moving = line.state in MOVING
    share = percent(round(line.done * 10_000), 10_000, language)
    return CampaignRow(
        id=line.key, name=line.name or line.key, channels=channels_of(line.channels, voice), ab=line.experiment, state=line.state,
        share=f"{100 * min(1.0, max(0.0, line.done)):.1f}%" if moving else "", progress=voice.say("camp.progress", share=share, count=people) if moving else "",
        people=people, sent=sent, sent_of=of(ledger.sent, ledger.planned, language) if ledger and ledger.planned else voice.say("camp.sent.none"),
        when=when, exact=exact, by=line.changed_by,
    )  # fmt: skip


def channels_of(channels: list[str], voice: Teller) -> str:
    """Email, mobile push ... in their order."""
    return ", ".join(voice.channel(one) for one in channels) or voice.say("camp.channels.category")


def when_of(line: CampaignLine, voice: Teller) -> tuple[str, str]:
    """When it goes, or what it waits for; and the moment in full."""
    changed, language = line.changed_at.timestamp(), voice.language
    if line.state == "running":
        return voice.say("camp.when.now"), ""
    if line.next_at is not None and line.state in ("scheduled", "approved"):
        at = line.next_at.timestamp()
        return wall(at, voice.now, voice.zone, language), moment(at, voice.zone, language)
    exact = moment(changed, voice.zone, language)
    if line.state == "paused":
        return voice.say("camp.when.paused"), exact
    if line.state == "review":
        return voice.say("camp.when.review"), exact
    if line.state == "draft":
        return voice.say("camp.when.edited", time=since(voice, changed)), exact
    return day(changed, voice.zone, language), exact
