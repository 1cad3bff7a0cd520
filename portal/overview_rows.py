"""What the overview holds of the facade's views: words, numbers and times ready to be shown."""

from dataclasses import dataclass


@dataclass
class RestRow:
    """A part of the rest: what is not on the way any more, or not yet."""

    word: str
    count: str
    hue: str
    href: str


@dataclass
class ChannelRow:
    """A channel in a day."""

    channel: str
    accepted: str
    sent: str
    delivered: str
    delivered_of: str
    failed: str
    failed_of: str
    waiting: str
    median: str
    median_of: str


@dataclass
class Part:
    """A segment of a bar."""

    hue: str
    width: str


@dataclass
class SendRow:
    """A fan-out on its way."""

    id: str
    title: str
    facts: str
    done: str
    left: str
    parts: list[Part]


@dataclass
class LaneRow:
    """What waits in one priority."""

    word: str
    waiting: str
    hue: str


@dataclass
class ProblemRow:
    """A sentence, what to do about it, and where."""

    key: str
    hue: str
    icon: str
    title: str
    text: str
    since: str
    exact: str
    href: str
    act: str


@dataclass
class AheadRow:
    """What comes next."""

    key: str
    day: str
    time: str
    exact: str
    title: str
    text: str
    count: str
    href: str


@dataclass
class StartRow:
    """One of the first steps of an empty installation."""

    number: str
    done: bool
    title: str
    text: str
    href: str
    act: str
