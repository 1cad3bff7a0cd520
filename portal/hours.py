"""The last day hour by hour: columns of channels, their legend, the finding in a sentence and the table behind. Pure."""

from dataclasses import dataclass, field

from backend.app.overview_views import OverviewView
from portal.figures import ORDER, Figure, Key, ticks, width_of
from portal.overview_rows import Part
from portal.telling import Teller
from portal.theme import count, local

HOUR = 3_600.0
COLOURS = {"email": ORDER[0], "push": ORDER[1], "web": ORDER[2], "sms": ORDER[3]}  # from the ground up


@dataclass
class Column:
    """An hour: what it says under the pointer, what stands beneath it, and its parts from the ground up."""

    says: str
    short: str
    parts: list[Part] = field(default_factory=list)


def hours(voice: Teller, day: OverviewView) -> tuple[Figure, list[Column], str]:
    """The figure, its columns, and the number at its upper edge."""
    language, said = voice.language, {one.channel: one.by_hour for one in day.channels}
    sums = list(day.accepted.series)
    begins = [f"{local(day.since.timestamp() + n * HOUR, voice.zone):%H:%M}" for n in range(len(sums))]
    used = [channel for channel in COLOURS if sum(said.get(channel, ()))]
    top = ceiling(max(sums, default=0))
    columns, rows, shown = [], [], ticks(len(sums))
    for n, (begin, whole) in enumerate(zip(begins, sums, strict=True)):
        counts = [count(said[channel][n], language) for channel in used]
        each = ", ".join(f"{voice.channel(channel)} {text}" for channel, text in zip(used, counts, strict=True) if text != "0")
        says = f"{voice.say('overview.hours.one', time=begin, count=whole)}{': ' if each else ''}{each}"
        columns.append(Column(says, begin if n in shown else "", [Part(COLOURS[channel], width_of(said[channel][n], top)) for channel in used]))
        rows.append([begin, *counts, count(whole, language)])
    most = max(range(len(sums)), key=sums.__getitem__, default=0)
    return (
        Figure(
            says=voice.say("overview.hours.most", time=begins[most], count=count(sums[most], language)) if used else "",
            legend=[Key(voice.channel(channel), COLOURS[channel], count(sum(said[channel]), language)) for channel in used],
            heads=[voice.say("overview.hours.from"), *(voice.channel(channel) for channel in used), voice.say("overview.hours.sum")],
            rows=rows,
            drawn=bool(used),
        ),
        columns,
        count(top, language),
    )


def ceiling(most: int) -> int:
    """The next round number: 1, 2, 3, 4, 5, 6 or 8 with zeros behind it."""
    if most <= 0:
        return 1
    unit: int = 10 ** (len(str(most)) - 1)
    return next(step * unit for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * unit >= most)
