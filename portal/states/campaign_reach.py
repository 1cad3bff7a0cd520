"""State of whom a draft names: counted exactly, by channel, with a few of them to look at; and how many a trial needs."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from typing import Any

import reflex as rx

from backend.app.audience_views import CountIn, CountView
from backend.app.campaign_views import SampleSizeIn
from backend.domain.audience import InAudience
from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from portal import campaign_draft as drafts
from portal import campaign_plan as plans
from portal.campaign_draft import Wrong
from portal.campaign_rows import FactRow, PersonRow
from portal.figures import width_of
from portal.guard import caller, guarded
from portal.numbers import percent
from portal.overview_rows import Part
from portal.reading import teller
from portal.refusals import in_words
from portal.states.campaign_edit import Builder
from portal.states.campaign_shown import bars
from portal.telling import Teller
from portal.theme import clock, count
from portal.wiring import app

SAMPLE = 5
CHANNEL_HUES = {"email": "sent", "push": "engaged", "sms": "held", "web": "digested"}


class Reach(rx.State):
    """`people`: how many, formatted, "" before they were counted. `rate` and `sizes`: of the calculator."""

    people: str = ""
    share: str = ""
    when: str = ""
    wrong: str = ""
    everybody: bool = False
    nobody: bool = False
    parts: list[Part] = []
    channels: list[FactRow] = []
    sample: list[PersonRow] = []
    may_see: bool = True
    split: list[Part] = []
    legend: list[FactRow] = []
    rate: str = "5"
    rate_wrong: str = ""
    sizes: str = ""
    enough: str = ""  # yes, no, "" when nobody can say
    _n: int = -1
    _counted: tuple[str, str, tuple[str, ...]] = ("", "", ())

    @guarded("content.write")
    async def count(self) -> None:
        """Count anew, when the audience is another one than was counted last."""
        page = await self.get_state(Builder)
        asked = (page.key, page._held.body.audience, page._held.body.exclude)
        if asked == self._counted and self.people:
            page._people = self._n
            await self._rest()
            return
        await self._ask(asked)

    @guarded("content.write")
    async def recount(self) -> None:
        """Count anew."""
        page = await self.get_state(Builder)
        await self._ask((page.key, page._held.body.audience, page._held.body.exclude))

    @guarded("content.write")
    async def reckon(self, text: str) -> None:
        """The calculator: the rate that is expected now."""
        self.rate, self.rate_wrong = str(text)[:16], ""
        await self._rest()

    async def _ask(self, asked: tuple[str, str, tuple[str, ...]]) -> None:
        page, voice, actor = await self.get_state(Builder), await teller(self), caller()
        self.wrong, self._counted = "", asked
        if not asked[1]:
            self.people, self.parts, self.channels, self.sample, page._people = "", [], [], [], -1
            await self._rest()
            return
        rule = CountIn(rule=InAudience(key=asked[1]), exclude=list(asked[2]))
        try:
            found = await app().audiences.count(actor, CountIn(rule=rule.rule, exclude=rule.exclude, sample=SAMPLE))
            self.may_see = True
        except Forbidden:  # who may not see people counts them all the same
            self.may_see = False
            found = await app().audiences.count(actor, rule)
        except Unauthenticated:
            raise
        except Refusal as refusal:
            self.wrong, self.people, page._people = in_words(refusal), "", -1
            return
        _show(self, voice, found, list(page._held.body.channels or page._usual_ones()))
        page._people = self._n = found.count
        await self._rest()

    async def _rest(self) -> None:
        """What leans on the number: the plan, the split, the calculator."""
        page, voice = await self.get_state(Builder), await teller(self)
        body, people = page._held.body, page._people
        page.plan = plans.plan(voice, body, people if people >= 0 else None, page._cost)
        self.split, self.legend = bars(plans.split(voice, body, max(0, people))) if people > 0 else ([], [])
        await self._reckon(page, voice)

    async def _reckon(self, page: Any, voice: Teller) -> None:
        body = page._held.body
        self.sizes = self.enough = ""
        if body.experiment is None or not drafts.needed(body, body.experiment):
            return
        trial, people = body.experiment, max(0, page._people)
        try:
            rate = drafts.number(self.rate, 0.01, 99, voice.language) / 100
        except Wrong as wrong:
            self.rate_wrong = voice.say(wrong.key, **wrong.values)
            return
        arms = max(2, len(body.variants))
        try:
            size = await app().experiments.sample_size(caller(), SampleSizeIn(rate=rate, gain=trial.gain, arms=arms, people=people))
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.rate_wrong = in_words(refusal)
            return
        language = voice.language
        self.sizes = voice.say("cedit.size", each=count(size.each, language), all=count(size.all, language), gain=plans.points(voice, trial.gain))
        if people:
            tried = round(people * (1 - trial.holdout / 100) * trial.share / 100)
            self.enough = "yes" if tried >= size.all else "no"
            finds = plans.points(voice, size.finds) if size.finds else ""
            key = "cedit.size.enough" if self.enough == "yes" else "cedit.size.few" if finds else "cedit.size.short"
            self.sizes += " " + voice.say(key, people=count(tried, language), **({"finds": finds} if key == "cedit.size.few" else {}))


def _show(page: Reach, voice: Teller, found: CountView, chosen: list[str]) -> None:
    language = voice.language
    page.people, page.when = count(found.count, language), voice.say("cedit.counted", time=clock(voice.now, voice.zone)[:5])
    page.share = voice.say("cedit.of_all", share=percent(found.count, found.everybody, language), all=count(found.everybody, language))
    page.everybody, page.nobody = 0 < found.count == found.everybody, found.count == 0
    reach = [(channel, found.channels.get(channel, 0)) for channel in chosen]
    whole = max(1, sum(n for _, n in reach))
    page.parts = [Part(CHANNEL_HUES.get(channel, "queued"), width_of(n, whole)) for channel, n in reach if n]
    page.channels = [FactRow(voice.channel(channel), count(n, language), CHANNEL_HUES.get(channel, "queued")) for channel, n in reach]
    page.sample = [
        PersonRow(one.user, one.name or one.user, ", ".join(f"{name}: {value}" for name, value in list(one.attributes.items())[:4])[:200], "", one.local_time, one.timezone, f"/people/{one.user}")
        for one in found.sample
    ]
    page.sample = page.sample[:SAMPLE]


