"""What the staff's lists and pages hold: words, numbers and times ready to be shown."""

from dataclasses import dataclass, field

from portal.overview_rows import Part
from portal.rows import UnitRow


@dataclass
class EventRow:
    """One event of the list; `sum` says its ledger in words."""

    id: str
    title: str
    type: str
    whom: str
    whom_href: str
    category: str
    priority: str
    source: str
    parts: list[Part]
    planned: str
    sum: str
    time: str
    exact: str


@dataclass
class CountRow:
    """Deliveries of an event on one channel in one state."""

    channel: str
    look: str
    count: str
    href: str


@dataclass
class DecidedRow:
    """What was decided for one person."""

    user: str
    href: str
    units: list[UnitRow] = field(default_factory=list)


@dataclass
class PersonRow:
    """One person of the list; `id` is "" for one who was erased."""

    id: str
    name: str
    key: str
    email: str
    phone: str
    zone: str
    locale: str
    groups: str
    demo: bool
    erased: bool
    time: str
    exact: str


@dataclass
class AddressRow:
    """One address of a person."""

    id: str
    channel: str
    address: str
    label: str
    blocked: str
    since: str


@dataclass
class CellRow:
    """What holds for a category on a channel. `look`: on, off or none; `why` says where it comes from."""

    channel: str
    look: str
    why: str


@dataclass
class MatrixRow:
    """One category of what reaches a person."""

    key: str
    name: str
    kind: str
    locked: bool
    cells: list[CellRow] = field(default_factory=list)


@dataclass
class PastRow:
    """A notification for a person. `said`: what became of it on each channel, in one line."""

    id: str
    title: str
    said: str
    look: str
    time: str
    exact: str


@dataclass
class ConsentRow:
    """One recorded answer."""

    title: str
    look: str
    source: str
    evidence: str
    time: str
    exact: str


@dataclass
class GroupRow:
    """One group of the list."""

    id: str
    name: str
    members: str
    wishes: str
    time: str
    exact: str


@dataclass
class WishRow:
    """What a group says about a channel or a category: on, off or "" for nothing."""

    key: str
    name: str
    value: str


@dataclass
class CategoryLine:
    """One category of the list."""

    id: str
    name: str
    text: str
    kind: str
    channels: list[str]
    priority: str
    use: str
