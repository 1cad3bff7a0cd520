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
