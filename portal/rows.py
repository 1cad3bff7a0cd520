"""What pages hold of the facade's views: flat rows with words, numbers and times ready to be shown, at most 50 of a kind."""

from dataclasses import dataclass, field


@dataclass
class Choice:
    """One entry of a select or of suggestions."""

    value: str
    text: str


@dataclass
class GateRow:
    """One line of a trace. `result`: pass, stop, hold, na (does not apply) or off (not reached)."""

    result: str
    rule: str
    why: str


@dataclass
class UnitRow:
    """What becomes of a notification on one channel. `delivery` is "" where none was made, `look` one of status.LOOKS."""

    key: str
    user: str
    channel: str
    address: str
    look: str
    text: str
    delivery: str = ""
    gates: list[GateRow] = field(default_factory=list)


@dataclass
class TimeRow:
    """One entry of a timeline; `raw` are a provider's own words."""

    look: str
    title: str
    text: str
    raw: str
    time: str
    exact: str


@dataclass
class AttemptRow:
    """One attempt at a provider."""

    number: str
    provider: str
    time: str
    took: str
    look: str
    answer: str
    raw: str


@dataclass
class DeliveryRow:
    """One delivery of the list."""

    id: str
    title: str
    user: str
    address: str
    channel: str
    category: str
    look: str
    reason: str
    time: str
    exact: str


@dataclass
class InboxRow:
    """One notification of an inbox. `actions` are links of its own; `why` is the address of its explanation; `day` stands above the
    first of a day; `kind` is its type."""

    id: str
    title: str
    text: str
    category: str
    hue: str
    time: str
    exact: str
    unread: bool
    archived: bool
    silent: bool
    snoozed: str
    link: str
    why: str
    actions: list[Choice] = field(default_factory=list)
    kind: str = ""
    day: str = ""


@dataclass
class CaptureRow:
    """One captured message of the list."""

    id: str
    delivery: str
    user: str
    address: str
    channel: str
    title: str
    attempt: str
    time: str
    exact: str
    preview: str = ""


@dataclass
class CategoryRow:
    """A category to choose, with what its kind means."""

    key: str
    name: str
    kind: str
    note: str
    channels: list[str]


@dataclass
class Tile:
    """A number with its course. `mood` of the change: up is good, down is bad, flat; `exact`: the number in full."""

    value: str = ""
    unit: str = ""
    change: str = ""
    mood: str = "flat"
    note: str = ""
    exact: str = ""
    spark: list[str] = field(default_factory=lambda: ["", "", ""])
    name: str = ""


@dataclass
class StepRow:
    """A bar of a funnel, or what stands beside it; `hue` a state class, `width` a CSS width."""

    word: str
    count: str
    width: str
    hue: str
    share: str


@dataclass
class SumRow:
    """One column of a ledger that is not empty. `share` is a CSS width."""

    look: str
    word: str
    count: str
    share: str


@dataclass
class ViewChoice:
    """A saved view of a list."""

    name: str
    href: str
