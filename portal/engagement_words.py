"""An engagement report as its page shows it: the answer in a sentence, tiles, funnels, figures, the week, the parts. Pure: views in, rows out.

Of fewer than `FEW` a rate is no rate: the counts stand alone.
"""

from collections.abc import Callable, Sequence

from backend.app.engagement_views import EngagedView, EngagementView, FunnelView, HourFunnelView
from backend.domain.delivery import CHANNELS
from backend.domain.event import HOLDOUT
from backend.domain.measures import FEW, Rate
from backend.domain.run import UNASSIGNED
from portal.engagement_rows import EngagedRow, EngagementShown
from portal.experiment_words import LETTERS
from portal.figures import ORDER, Figure, Series, lines, spark, width_of
from portal.numbers import NONE, of, percent
from portal.rows import StepRow, Tile
from portal.stretch import HeatRow, Stretch, week
from portal.telling import Teller
from portal.theme import count

REST = "*"
HEATS = ("opened", "clicked", "sent")
SORTS = ("planned", "sent", "delivered", "opened", "clicked", "unsubscribed", "converted")
RATED = ("delivered", "opened", "clicked", "unsubscribed", "converted")
PEOPLE_STEPS = (("got", "delivered"), ("opened", "engaged"), ("read", "engaged"), ("clicked", "engaged"), ("converted", "delivered"))


class Rates:
    """How rates are written: with what they are of, and none of a handful."""

    def __init__(self, voice: Teller, provider: str = "") -> None:
        self.voice, self.say, self.language, self.provider = voice, voice.say, voice.language, provider

    def short(self, rate: Rate) -> str:
        """25.0%; 2 of 7 where there are few; a dash where nobody can say."""
        if rate.why:
            return NONE
        return of(rate.part, rate.whole, self.language) if rate.few else percent(rate.part, rate.whole, self.language)

    def full(self, rate: Rate) -> str:
        """25.0% (3,100 of 12,400)."""
        if rate.why or rate.few:
            return self.short(rate)
        return f"{self.short(rate)} ({of(rate.part, rate.whole, self.language)})"

    def tip(self, rate: Rate, signal: str) -> str:
        """What it is of; why there is none."""
        if self.provider and signal in ("opened", "clicked", "unsubscribed", "converted"):
            return self.say("analytics.by.provider.no")
        if rate.why == "no_signal" and signal == "converted":
            return self.say("eng.no_goal")
        if rate.why:
            return self.say(f"analytics.{rate.why}", signal=self.say(f"eng.signal.{signal}"))
        counts = of(rate.part, rate.whole, self.language)
        return self.say("eng.few.tip", of=counts) if rate.few else counts

    def part(self, funnel: FunnelView, name: str) -> tuple[str, str]:
        """In a table, with its tip; of a holdout those who converted, of how many nobody tallies."""
        rate: Rate = getattr(funnel, name)
        if name == "converted" and not self.provider:
            if funnel.people is None:
                return NONE, self.say("eng.people.several")
            if not funnel.people.got and (n := funnel.people.holdout_converted):
                return count(n, self.language), self.say("eng.people.holdout", count=count(n, self.language))
        return self.short(rate), self.tip(rate, name)

    def share(self, signal: str, rate: Rate) -> str:
        """Under a bar: the rate, of what, and how many that are."""
        if rate.why:
            return self.tip(rate, signal)
        counts = of(rate.part, rate.whole, self.language)
        return self.say(f"eng.of.few.{signal}", of=counts) if rate.few else self.say(f"eng.of.{signal}", rate=self.short(rate), of=counts)


class Engager(Stretch):
    """Tells one report to one reader. `names`: of campaigns, by key."""

    def __init__(self, view: EngagementView, voice: Teller, *, by: str, sort: str, heat: str, names: dict[str, str]) -> None:
        super().__init__(view, voice)
        self.view, self.by, self.sort, self.heat_of, self.names = view, by, sort, "sent" if view.provider else heat, names
        self.rates = Rates(voice, view.provider)

    def count(self, n: int) -> str:
        return count(n, self.language)

    # ---- words
    def shown(self) -> EngagementShown:
        whole = self.view.whole
        few = any(rate.whole > 0 and not rate.why and rate.few for rate in (whole.opened, whole.clicked, whole.converted))
        return EngagementShown(
            answer=self.answer(), proof=self.proof(), few=self.say("eng.few", count=FEW) if few else "", people_note=self.people_note(), holdout=self.holdout(),
            heat_sub=self.say(f"eng.heat.sub.{self.heat_of}", zone=self.view.zone, count=FEW), heat_none=self.heat_none(),
        )  # fmt: skip

    def answer(self) -> str:
        """What people did, in one sentence."""
        whole = self.view.whole
        if not whole.planned:
            return self.say("eng.answer.none")
        if self.view.provider:
            share = percent(whole.sent, whole.planned, self.language)
            return self.say("analytics.answer.given", provider=self.view.provider, sent=self.count(whole.sent), planned=self.count(whole.planned), share=share) + "."
        key = {(False, False): "neither", (True, False): "opened", (False, True): "clicked", (True, True): "both"}[not whole.opened.why, not whole.clicked.why]
        return self.say(f"eng.answer.{key}", opened=self.rates.full(whole.opened), clicked=self.rates.full(whole.clicked))

    def proof(self) -> str:
        """What it rests on, and what came of it."""
        whole, said = self.view.whole, []
        if whole.planned and not self.view.provider:
            said.append(self.say("eng.proof.sent", sent=self.count(whole.sent), planned=self.count(whole.planned), share=percent(whole.sent, whole.planned, self.language)))
        if not whole.converted.why:
            said.append(self.say("eng.proof.converted", rate=self.rates.full(whole.converted)))
        if whole.opened_machine:
            said.append(self.say("eng.proof.machine", count=self.count(whole.opened_machine)))
        return " ".join(said)

    def people_note(self) -> str:
        """Why no people are counted; "" when some are."""
        people = self.view.whole.people
        if people is None:
            return self.say("eng.people.several")
        return "" if people.got or people.holdout_converted else self.say("eng.people.none")

    def holdout(self) -> str:
        people = self.view.whole.people
        return self.say("eng.people.holdout", count=self.count(people.holdout_converted)) if people and people.holdout_converted else ""

    # ---- tiles
    def tiles(self) -> list[Tile]:
        whole = self.view.whole
        picks: tuple[tuple[str, Rate, Callable[[FunnelView], Rate] | None], ...] = (
            ("opened", whole.opened, lambda f: f.opened), ("clicked", whole.clicked, lambda f: f.clicked), ("converted", whole.converted, None),
            ("unsubscribed", whole.unsubscribed, lambda f: f.unsubscribed),
        )  # fmt: skip
        return [self._tile(name, rate, pick) for name, rate, pick in picks]

    def _tile(self, name: str, rate: Rate, pick: Callable[[FunnelView], Rate] | None) -> Tile:
        tile = Tile(self.rates.short(rate), note=self.rates.tip(rate, name), exact=self.rates.tip(rate, name), name=self.say(f"eng.tile.{name}"))
        if not rate.why and not rate.few:
            tile.value, tile.unit = tile.value.rstrip("% \u00a0"), "%"
        if pick is not None:
            tile.spark = list(spark([pick(point.funnel).share if point.known else None for point in self.view.points]))
        return tile

    # ---- funnels
    def funnel(self) -> list[StepRow]:
        """Messages from planned to clicked, then people who converted; every bar against what was planned."""
        whole, planned = self.view.whole, self.view.whole.planned
        sent = Rate(whole.sent, planned, "" if planned else "nothing")
        rows = [
            StepRow(self.say("analytics.step.planned"), self.count(planned), width_of(planned, planned), "queued", ""),
            self._step("sent", sent, planned, "sent"), self._step("delivered", whole.delivered, planned, "delivered"),
            self._step("opened", whole.opened, planned, "engaged"),
        ]  # fmt: skip
        if whole.opened_machine:
            n = whole.opened_machine
            rows.append(StepRow(self.say("eng.step.machine"), self.count(n), width_of(n, planned), "skipped", self.say("eng.machine")))
        rows.append(self._step("clicked", whole.clicked, planned, "engaged"))
        if whole.people is not None:
            rows.append(self._step("converted", whole.converted, planned, "delivered"))
        return rows

    def _step(self, name: str, rate: Rate, planned: int, hue: str) -> StepRow:
        if rate.why:
            return StepRow(self.say(f"eng.step.{name}"), NONE, "0%", hue, self.rates.tip(rate, name))
        return StepRow(self.say(f"eng.step.{name}"), self.count(rate.part), width_of(rate.part, planned), hue, self.rates.share(name, rate))

    def people(self) -> list[StepRow]:
        """Unique people: each once a run, whatever many messages they got of it."""
        people = self.view.whole.people
        if people is None or not people.got:
            return []
        rows = []
        for name, hue in PEOPLE_STEPS:
            n = getattr(people, name)
            if name in ("opened", "read") and not n and people.opened + people.read:
                continue  # of campaigns on one channel the other says nothing
            if name == "converted" and self.view.whole.converted.why:
                continue  # nobody could
            if name == "got":
                rows.append(StepRow(self.say("eng.people.got"), self.count(n), width_of(n, n), hue, ""))
            else:
                share = self.rates.share("converted", self.view.whole.converted) if name == "converted" else self.rates.share("people", Rate(n, people.got, ""))
                rows.append(StepRow(self.say(f"eng.people.{name}"), self.count(n), width_of(n, people.got), hue, share))
        return rows

    def beside(self) -> list[StepRow]:
        """What people did that nobody hopes for."""
        people = self.view.whole.people
        if people is None or not people.got:
            return []
        pairs = (("unsubscribed", "skipped"), ("complained", "failed"), ("bounced", "failed"))
        return [StepRow(self.say(f"eng.people.{name}"), self.count(getattr(people, name)), "", hue, "") for name, hue in pairs]

    # ---- figures
    def course(self) -> Figure:
        """Opens and clicks over time: counts, for of few messages a rate says nothing; the table behind has both."""
        axis, points = self.axis(), self.view.points
        rates = {name: [getattr(point.funnel, name) if point.known else Rate() for point in points] for name in ("opened", "clicked")}
        series = [
            Series(self.say(f"eng.course.{name}"), colour, [rate.part if not rate.why else None for rate in some], [self.rates.full(rate) for rate in some], self.count(sum(r.part for r in some)))
            for (name, some), colour in zip(rates.items(), (ORDER[0], ORDER[2]), strict=True)
        ]  # fmt: skip
        most = max(range(len(points)), key=lambda n: (rates["clicked"][n].part, rates["opened"][n].part), default=0)
        opened, clicked = self.view.whole.opened.part, self.view.whole.clicked.part
        says = self.say("eng.course.says", opened=self.count(opened), clicked=self.count(clicked), most=self.count(rates["clicked"][most].part), when=axis.labels[most]) if points else ""
        return lines(axis, series, says, self.language, whole=True)

    def heat_none(self) -> str:
        """Why no hour has a shade: nothing went out, too little did in each of them, or nobody did it."""
        hours = [hour.sent for hour in self.view.hours if hour.sent]
        if self.heat_of == "sent" or not hours:
            return self.say("eng.heat.none")
        if max(hours) < FEW:
            return self.say("eng.heat.none.few", count=FEW, most=self.count(max(hours)))
        return self.say(f"eng.heat.none.{self.heat_of}", count=FEW)

    def heat(self) -> list[HeatRow]:
        """Of each hour what went out, or the share that was opened or clicked; an hour of few messages has no share."""
        by = {(hour.weekday, hour.hour): hour for hour in self.view.hours}

        def level(hour: HourFunnelView) -> float:
            if self.heat_of == "sent":
                return hour.sent
            return getattr(hour, self.heat_of) / hour.sent if hour.sent >= FEW else 0

        def tip(place: tuple[int, int], day: str, at: str) -> str:
            hour = by.get(place)
            if hour is None or not hour.sent:
                return self.say("eng.heat.nothing", day=day, hour=at)
            values = {"day": day, "hour": at, "count": self.count(hour.sent)}
            if self.view.provider:
                return self.say("analytics.heat.tip", **values)
            rates = {name: Rate(getattr(hour, name), hour.sent, "") for name in ("opened", "clicked")}
            return self.say("eng.heat.tip", **values, **{name: self.count(rate.part) if rate.few else f"{self.count(rate.part)} ({self.rates.short(rate)})" for name, rate in rates.items()})

        return week({place: level(hour) for place, hour in by.items()}, tip, self.voice)

    # ---- parts
    def rows(self) -> list[EngagedRow]:
        return [self.row(part) for part in self.sorted(self.view.parts)]

    def sorted(self, parts: Sequence[EngagedView]) -> list[EngagedView]:
        """The highest first; rates of few come after those that can be believed, what has none after them, the rest last of all."""

        def rank(part: EngagedView) -> tuple[bool, bool, bool, float]:
            found = getattr(part.funnel, self.sort)
            if isinstance(found, Rate):
                return part.key == REST, found.share is None, found.few, -(found.share or 0)
            return part.key == REST, False, False, -found

        return sorted(parts, key=rank)

    def row(self, part: EngagedView) -> EngagedRow:
        f, rates = part.funnel, Rates(self.voice, self.view.provider or ("*" if self.by == "provider" else ""))
        told = [text for name in RATED for text in rates.part(f, name)]
        name, facts, href = self.name(part)
        delivered, opened, clicked, unsubscribed, converted = (told[n : n + 2] for n in range(0, 10, 2))
        machine = self.count(f.opened_machine) if not rates.provider else NONE
        return EngagedRow(part.key, name, facts, href, self.count(f.planned), self.count(f.sent), *delivered, *opened, machine, *clicked, *unsubscribed, *converted)

    def name(self, part: EngagedView) -> tuple[str, str, str]:
        """What a part is called, what stands under it, and its page."""
        key = part.key
        if key == REST:
            return self.say("analytics.rest"), "", ""
        if self.by == "variant":
            campaign, _, number = key.rpartition("/")
            return variant_name(part.name, number, self.voice), self.names.get(campaign, campaign), f"/campaigns/{campaign}"
        if not key:
            return self.say(f"eng.none.{self.by}" if self.by == "audience" else f"analytics.none.{self.by}"), "", ""
        if self.by == "campaign":
            return part.name or key, key if part.name else "", f"/campaigns/{key}"
        if self.by == "channel" and key in CHANNELS:
            return self.voice.channel(key), "", ""
        return key, "", f"/audiences/{key}" if self.by == "audience" else ""


def variant_name(name: str, number: str, voice: Teller) -> str:
    """A, Short; the holdout; whoever waits for a winner."""
    try:
        n = int(number)
    except ValueError:
        return number
    if n == HOLDOUT:
        return voice.say("eng.variant.holdout")
    if n == UNASSIGNED:
        return voice.say("eng.variant.rest")
    if n < 0:
        return voice.say("eng.variant.none")
    return f"{LETTERS[n % 8]} · {name}" if name else LETTERS[n % 8]


