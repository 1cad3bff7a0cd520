"""Campaigns side by side: measure by measure, each with what it is of, and what may not be concluded. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from backend.app.engagement_views import ComparedView, EngagedView, FunnelView
from backend.domain.measures import Rate
from portal.engagement_rows import ComparedCell, ComparedRow, EngagedRow
from portal.engagement_words import RATED, Rates, variant_name
from portal.figures import width_of
from portal.numbers import NONE, of
from portal.telling import Teller
from portal.theme import count

COUNTS: tuple[tuple[str, Callable[[FunnelView], int | None]], ...] = (
    ("planned", lambda f: f.planned), ("sent", lambda f: f.sent), ("machine", lambda f: f.opened_machine), ("complained", lambda f: f.complained),
    ("bounced", lambda f: f.bounced), ("got", lambda f: f.people.got if f.people else None), ("holdout", lambda f: f.people.holdout_converted if f.people else None),
)  # fmt: skip
ORDER = ("planned", "sent", "delivered", "opened", "machine", "clicked", "unsubscribed", "complained", "bounced", "got", "converted", "holdout")


class Comparer:
    """Tells a comparison to one reader."""

    def __init__(self, views: Sequence[ComparedView], voice: Teller) -> None:
        self.views, self.voice, self.rates = views, voice, Rates(voice)

    def head(self, view: ComparedView) -> str:
        return view.name or view.key

    def answer(self) -> str:
        """Who is ahead in clicks, where enough was sent to say so."""
        found = [(view.funnel.clicked, self.head(view)) for view in self.views if not view.funnel.clicked.why]
        sure = sorted((one for one in found if not one[0].few and one[0].part), key=lambda one: -(one[0].share or 0))
        if len(self.views) < 2:
            return self.voice.say("eng.compare.one")
        if len(sure) < 2:
            return self.voice.say("eng.compare.early")
        (first, name), (second, other) = sure[:2]
        if first.share == second.share:
            return self.voice.say("eng.compare.same", rate=self.rates.short(first))
        return self.voice.say("eng.compare.ahead", name=name, rate=self.rates.full(first), other=other, then=self.rates.full(second))

    def rows(self) -> list[ComparedRow]:
        counts = dict(COUNTS)
        rows = []
        for name in ORDER:
            found = [self._count(view, counts[name]) if name in counts else self._rate(view, name) for view in self.views]
            if name in ("machine", "complained", "holdout") and all(cell.value in ("0", NONE) for cell in found):
                continue
            rows.append(ComparedRow(self.voice.say(f"eng.col.{name}"), self._drawn(name, found)))
        return rows

    def _count(self, view: ComparedView, pick: Callable[[FunnelView], int | None]) -> ComparedCell:
        n = pick(view.funnel)
        return ComparedCell(self.head(view), NONE if n is None else count(n, self.voice.language))

    def _rate(self, view: ComparedView, name: str) -> ComparedCell:
        rate: Rate = getattr(view.funnel, name)
        why = "no_goal" if name == "converted" and rate.why == "no_signal" else rate.why
        said = self.voice.say(f"eng.compare.{why}") if why else self.voice.say("eng.compare.few") if rate.few else of(rate.part, rate.whole, self.voice.language)
        return ComparedCell(self.head(view), self.rates.short(rate), said, tip=self.rates.tip(rate, name))

    def _drawn(self, name: str, cells: list[ComparedCell]) -> list[ComparedCell]:
        """Bars on one scale, of rates that can be believed."""
        if name not in RATED:
            return cells
        rates: list[Rate] = [getattr(view.funnel, name) for view in self.views]
        shares = [0.0 if rate.few else rate.share or 0.0 for rate in rates]
        top = max(shares, default=0.0)
        return [replace(cell, width=width_of(share, top) if share else "") for cell, share in zip(cells, shares, strict=True)]

    def variants(self) -> list[EngagedRow]:
        """The messages of every campaign with more than one."""
        return [self._variant(view, part) for view in self.views if len(view.variants) > 1 for part in sorted(view.variants, key=lambda one: _place(one.key))]

    def _variant(self, view: ComparedView, part: EngagedView) -> EngagedRow:
        f, rates, language = part.funnel, self.rates, self.voice.language
        told = [text for name in RATED for text in rates.part(f, name)]
        delivered, opened, clicked, unsubscribed, converted = (told[n : n + 2] for n in range(0, 10, 2))
        name = variant_name(part.name, part.key.rpartition("/")[2], self.voice)
        return EngagedRow(
            part.key, name, self.head(view), "", count(f.planned, language), count(f.sent, language), *delivered, *opened, count(f.opened_machine, language), *clicked,
            *unsubscribed, *converted,
        )  # fmt: skip


def _place(key: str) -> int:
    """Variants by number, the holdout and the rest behind them."""
    number = int(key.rpartition("/")[2])
    return number if number >= 0 else 1_000 - number
