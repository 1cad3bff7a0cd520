"""An analytics view as its page shows it: the answer in a sentence, tiles, funnel, figures, tables. Pure: views in, words and numbers out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.app.analytics_views import AnalyticsView, FiguresView, PartView
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.durations import span_of
from backend.domain.measures import FEW, Rate
from portal.figures import HUES, ORDER, Figure, Series, layers, lines, spark, width_of
from portal.numbers import NONE, change, compact, of, percent, points, slower
from portal.rows import StepRow, Tile
from portal.stretch import HeatRow, Stretch, week
from portal.telling import Teller
from portal.theme import clock, count, day

LAYERS = ("delivered", "sent", "digest", "held", "queued", "unknown", "skipped", "failed")  # from the ground up


@dataclass
class PartRow:
    """A row of a breakdown; a `tip` says what a rate is of, or why there is none."""

    key: str
    name: str
    channel: str
    planned: str
    change: str
    mood: str
    sent: str
    delivered: str
    delivered_tip: str
    opened: str
    opened_tip: str
    clicked: str
    clicked_tip: str
    failed: str
    failed_tip: str
    half: str
    nearly_all: str


@dataclass
class Shown:
    """Everything of one report."""

    answer: str
    proof: str
    few: str
    tiles: list[Tile]
    steps: list[StepRow]
    beside: list[StepRow]
    sum: str
    volume: Figure
    failures: Figure
    times: Figure
    heat: list[HeatRow]
    parts: list[PartRow]
    channels: list[PartRow]


class Analyst(Stretch):
    """Tells one report to one reader."""

    def __init__(self, view: AnalyticsView, voice: Teller, sort: str, by: str) -> None:
        super().__init__(view, voice)
        self.view, self.sort, self.by, self.one = view, sort, by, view.provider

    def told(self, key: str, **values: str) -> str:
        """Words that say "given" for "planned" where one provider is looked at: all that came to it."""
        return self.say(f"{key}.given", provider=self.one, **values) if self.one else self.say(key, **values)

    def shown(self) -> Shown:
        whole, rate = self.view.whole, self.view.whole.failed
        return Shown(
            answer=self.answer(), proof=self.proof(), few=self.say("analytics.few", count=FEW) if 0 < rate.whole < FEW else "", tiles=self.tiles(),
            steps=self.funnel(), beside=self.beside(), sum=self.sum(whole), volume=self.volume(), failures=self.failures(), times=self.times(),
            heat=self.heat(), parts=self.rows(self.view.parts, self.by), channels=self.rows(self.view.channels, "channel", sort="planned"),
        )  # fmt: skip

    # ---- words
    def answer(self) -> str:
        """What happened, in one sentence."""
        whole, before = self.view.whole, self.view.before
        if not whole.ledger.planned:
            return self.told("analytics.answer.none")
        said = self.told(
            "analytics.answer", sent=count(whole.ledger.sent, self.language), planned=count(whole.ledger.planned, self.language),
            share=percent(whole.ledger.sent, whole.ledger.planned, self.language),
        )  # fmt: skip
        if before is None:
            return f"{said}."
        moved = change(whole.ledger.planned, before.ledger.planned, self.language)
        return f"{said}; {self.told('analytics.answer.change', change=moved)}." if moved else f"{said}."

    def proof(self) -> str:
        """How well it went, in another one."""
        whole, parts = self.view.whole, []
        if not whole.delivered.why:
            parts.append(self.say("analytics.proof.delivered", share=self.rate(whole.delivered)))
        if whole.half is not None:
            parts.append(self.say("analytics.proof.time", time=span_of(whole.half, self.language)))
        if not whole.failed.why:
            parts.append(self.say("analytics.proof.failed", count=count(whole.failed.part, self.language), share=self.rate(whole.failed)))
        said = self.voice.listed(parts)
        return f"{said[:1].upper()}{said[1:]}." if said else ""

    def sum(self, whole: FiguresView) -> str:
        """The columns written out, so that they can be added up."""
        ledger = whole.ledger
        parts = [count(n, self.language) for n in (ledger.sent, ledger.held, ledger.skipped, ledger.failed, ledger.unknown, ledger.pending, ledger.folded) if n]
        return f"{' + '.join(parts)} = {count(ledger.planned, self.language)}" if parts else ""

    def rate(self, rate: Rate) -> str:
        return percent(rate.part, rate.whole, self.language) if not rate.why else NONE

    def tip(self, rate: Rate, signal: str) -> str:
        """What it is of; why there is none."""
        if self.one and signal in ("opened", "clicked"):
            return self.say("analytics.by.provider.no")
        return of(rate.part, rate.whole, self.language) if not rate.why else self.say(f"analytics.{rate.why}", signal=self.say(f"analytics.signal.{signal}"))

    # ---- tiles
    def tiles(self) -> list[Tile]:
        whole, before = self.view.whole, self.view.before
        planned, sent = whole.ledger.planned, whole.ledger.sent
        out = Tile(compact(sent, self.language), note=self.told("analytics.of.planned", count=count(planned, self.language)), exact=count(sent, self.language), name=self.say("analytics.tile.sent"))
        if before is not None:
            out.change = change(sent, before.ledger.sent, self.language)
        out.spark = self.course(lambda f: f.ledger.sent)
        arrived = self.rated("delivered", whole.delivered, before.delivered if before else None, good=1)
        arrived.spark = self.course(lambda f: f.delivered.share)
        failed = self.rated("failed", whole.failed, before.failed if before else None, good=-1)
        failed.spark = self.course(lambda f: f.failed.share)
        time = Tile(NONE, note=self.say("analytics.untimed"), name=self.say("analytics.tile.time"))
        if whole.half is not None:
            value, _, unit = span_of(whole.half, self.language).partition(" ")
            time.value, time.unit = value, unit
            time.note = self.say("analytics.tile.nearly", time=span_of(whole.nearly_all or 0, self.language))
            time.exact = self.say("analytics.timed", count=count(whole.timed, self.language))
            if before is not None and before.half is not None:
                time.change = slower(whole.half, before.half, self.language)
                time.mood = self.mood(before.half - whole.half, whole.timed, before.timed, least=0.1 * before.half)
            time.spark = self.course(lambda f: f.half)
        return [out, arrived, time, failed]

    def rated(self, name: str, rate: Rate, before: Rate | None, *, good: int) -> Tile:
        tile = Tile(self.rate(rate), note=self.tip(rate, name), exact=self.tip(rate, name), name=self.say(f"analytics.tile.{name}"))
        if not rate.why:
            tile.value, tile.unit = tile.value.rstrip("% "), "%"
            if before is not None and before.share is not None and rate.share is not None:
                tile.change = points(100 * rate.share, 100 * before.share, self.language)
                tile.mood = self.mood(good * (rate.share - before.share), rate.whole, before.whole, least=0.0005)
        return tile

    @staticmethod
    def mood(better: float, now: int, then: int, *, least: float) -> str:
        """Good or bad, where there is enough to say so."""
        if abs(better) < least or now < FEW or then < FEW:
            return "flat"
        return "up" if better > 0 else "down"

    def course(self, value: Callable[[FiguresView], float | None]) -> list[str]:
        return list(spark([value(point.figures) if point.known else None for point in self.view.points]))

    # ---- funnel
    def funnel(self) -> list[StepRow]:
        whole = self.view.whole
        planned = whole.ledger.planned

        def step(word: str, n: int, hue: str, share: str) -> StepRow:
            said = self.told("analytics.step.planned") if word == "planned" else self.say(f"analytics.step.{word}")
            return StepRow(said, count(n, self.language), width_of(n, planned), hue, share)

        rows = [
            step("planned", planned, "queued", ""),
            step("sent", whole.ledger.sent, "sent", self.told("analytics.of.step.planned", rate=percent(whole.ledger.sent, planned, self.language), of=of(whole.ledger.sent, planned, self.language)) if planned else ""),
        ]  # fmt: skip
        for word, rate, hue in (("delivered", whole.delivered, "delivered"), ("opened", whole.opened, "engaged"), ("clicked", whole.clicked, "engaged")):
            if rate.why:
                rows.append(StepRow(self.say(f"analytics.step.{word}"), NONE, "0%", hue, self.tip(rate, word)))
            else:
                rows.append(step(word, rate.part, hue, self.say(f"analytics.of.step.{word}", rate=self.rate(rate), of=self.tip(rate, word))))
        if whole.opened_machine:
            rows[3].share += " · " + self.say("analytics.machine", count=count(whole.opened_machine, self.language))
        return rows

    def beside(self) -> list[StepRow]:
        """What did not go out: with sent it makes up planned."""
        ledger = self.view.whole.ledger
        pairs = (("held", ledger.held), ("skipped", ledger.skipped), ("failed", ledger.failed), ("unknown", ledger.unknown), ("queued", ledger.pending), ("digest", ledger.folded))
        always = ("failed",) if self.one else ("held", "skipped", "failed")
        return [StepRow(self.say(f"look.{look}"), count(n, self.language), "", look, "") for look, n in pairs if n or look in always]

    # ---- figures
    def volume(self) -> Figure:
        seen = self.view.points
        series = []
        for look in LAYERS:
            values = [self.layer(point.figures, look) if point.known else None for point in seen]
            total = sum(value or 0 for value in values)
            if total:
                texts = [NONE if value is None else count(value, self.language) for value in values]
                series.append(Series(self.say(f"look.{look}"), HUES[look], values, texts, count(total, self.language)))
        axis = self.axis()
        busiest = max(range(len(seen)), key=lambda n: seen[n].figures.ledger.planned, default=0)
        says = self.told("analytics.volume.says", count=count(self.view.whole.ledger.planned, self.language), most=count(seen[busiest].figures.ledger.planned, self.language), when=axis.labels[busiest]) if seen else ""
        return layers(axis, series, says, self.language)

    @staticmethod
    def layer(figures: FiguresView, look: str) -> int:
        ledger, arrived = figures.ledger, 0 if figures.delivered.why else figures.delivered.part
        return {
            "delivered": arrived, "sent": ledger.sent - arrived, "digest": ledger.folded, "held": ledger.held, "queued": ledger.pending,
            "unknown": ledger.unknown, "skipped": ledger.skipped, "failed": ledger.failed,
        }[look]  # fmt: skip

    def failures(self) -> Figure:
        rates = [point.figures.failed if point.known else Rate() for point in self.view.points]
        values = [None if rate.share is None else round(100 * rate.share, 3) for rate in rates]
        texts = [NONE if rate.why else f"{self.rate(rate)} ({self.tip(rate, 'failed')})" for rate in rates]
        says = self.say("analytics.failures.says", rate=self.rate(self.view.whole.failed), of=self.tip(self.view.whole.failed, "failed"))
        return lines(self.axis(), [Series(self.say("analytics.failures"), HUES["failed"], values, texts)], says, self.language, suffix=" %" if self.language == "de" else "%")

    def times(self) -> Figure:
        found = [point.figures for point in self.view.points]
        by, unit = _unit([f.most for f in found if f.most is not None])
        series = []
        for word, colour, pick in (("most", ORDER[1], lambda f: f.most), ("half", ORDER[0], lambda f: f.half)):
            times = [pick(f) for f in found]
            texts = [NONE if time is None else span_of(time, self.language) for time in times]
            series.append(Series(self.say(f"analytics.times.{word}"), colour, [None if time is None else round(time / by, 4) for time in times], texts))
        whole = self.view.whole
        says = self.say("analytics.untimed") if whole.half is None else self.say("analytics.times.says", half=span_of(whole.half, self.language), most=span_of(whole.most or 0, self.language))
        return lines(self.axis(), series, says, self.language, suffix=f" {unit}")

    def heat(self) -> list[HeatRow]:
        """Shades of the busiest hour."""
        by = {(hour.weekday, hour.hour): hour.n for hour in self.view.hours}

        def tip(place: tuple[int, int], day: str, hour: str) -> str:
            return self.say("analytics.heat.tip", day=day, hour=hour, count=count(by.get(place, 0), self.language))

        return week(by, tip, self.voice)

    # ---- tables
    def rows(self, parts: Sequence[PartView], by: str, sort: str = "") -> list[PartRow]:
        return [self.row(part, by) for part in self.sorted(parts, sort or self.sort)]

    def sorted(self, parts: Sequence[PartView], sort: str) -> list[PartView]:
        """What has no figure comes last, whichever way it is sorted."""
        value: dict[str, Callable[[FiguresView], float | None]] = {
            "planned": lambda f: f.ledger.planned, "sent": lambda f: f.ledger.sent, "delivered": lambda f: f.delivered.share,
            "opened": lambda f: f.opened.share, "clicked": lambda f: f.clicked.share, "failed": lambda f: f.failed.share, "half": lambda f: f.half,
            "nearly_all": lambda f: f.nearly_all,
        }  # fmt: skip
        pick = value.get(sort, value["planned"])
        return sorted(parts, key=lambda part: (pick(part.figures) is None, -(pick(part.figures) or 0)))

    def row(self, part: PartView, by: str) -> PartRow:
        f, was = part.figures, part.before
        moved = change(f.ledger.planned, was.ledger.planned, self.language) if was else ""
        rates = {name: (self.rate(rate), self.tip(rate, name)) for name, rate in (("delivered", f.delivered), ("opened", f.opened), ("clicked", f.clicked), ("failed", f.failed))}
        if by == "provider" or self.one:
            rates["opened"] = rates["clicked"] = (NONE, self.say("analytics.by.provider.no"))
        return PartRow(
            part.key, self.name(part.key, by), part.key if by == "channel" else "", count(f.ledger.planned, self.language), moved, "flat",
            count(f.ledger.sent, self.language), *rates["delivered"], *rates["opened"], *rates["clicked"], *rates["failed"],
            NONE if f.half is None else span_of(f.half, self.language), NONE if f.nearly_all is None else span_of(f.nearly_all, self.language),
        )  # fmt: skip

    def name(self, key: str, by: str) -> str:
        if key == "*":
            return self.say("analytics.rest")
        if not key:
            return self.say(f"analytics.none.{by}")
        if by == "channel" and key in CHANNELS:
            return self.voice.channel(key)
        return self.say(f"priority.{key}") if by == "priority" and key in PRIORITIES else key

    def compared(self) -> str:
        """With what, and up to when."""
        if self.view.against is None or self.view.before is None:
            return ""
        zone = self.view.zone
        end = self.view.against + self.view.elapsed
        first, last = day(self.view.against, zone, self.language), day(end - 1, zone, self.language)
        part = "" if self.view.elapsed >= self.view.until - self.view.since else ".part"
        return self.say(f"analytics.compared{part}", first=first, last=last, time=clock(end, zone)[:5])


def _unit(times: Sequence[float]) -> tuple[float, str]:
    """What to divide seconds by for an axis, and its unit."""
    most = max(times, default=1.0)
    return next((by, unit) for limit, by, unit in ((1.0, 0.001, "ms"), (300.0, 1.0, "s"), (18_000.0, 60.0, "min"), (float("inf"), 3600.0, "h")) if most < limit)

