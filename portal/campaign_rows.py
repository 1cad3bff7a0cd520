"""What the pages of campaigns hold: flat rows with words, numbers and times ready to be shown."""

from dataclasses import dataclass, field

from portal.overview_rows import Part


@dataclass
class CampaignRow:
    """One campaign of the list. `share` is a CSS width, "" where nothing is under way; `sent_of` what stands behind the rate."""

    id: str
    name: str
    channels: str
    ab: bool
    state: str
    share: str
    progress: str
    people: str
    sent: str
    sent_of: str
    when: str
    exact: str
    by: str


@dataclass
class VariantRow:
    """A message of the draft. `title`: what its reader sees first; `speaks`: on which channels it says nothing although the campaign goes there."""

    letter: str
    name: str
    template: str
    title: str
    text: str
    weight: str
    place: int
    first: bool
    mute: str
    href: str


@dataclass
class MessageRow:
    """A message of a campaign on its page. `letter`: "" where it is the only one; `name`: of its variant, "" where that is the letter; `title`: what its template is called."""

    letter: str
    name: str
    title: str
    href: str
    share: str


@dataclass
class ChannelPick:
    """A channel in its order. `on`: the campaign goes there."""

    name: str
    word: str
    on: bool
    place: str
    first: bool
    last: bool


@dataclass
class FactRow:
    """A fact with its value."""

    word: str
    text: str
    note: str = ""


@dataclass
class ReasonRow:
    """Units that wait, or do not go, for one reason. `fact`, `gap`: of the run, "" before it."""

    key: str
    look: str
    channel: str
    why: str
    until: str
    planned: str
    share: str
    share_of: str
    fact: str = ""
    gap: str = ""


@dataclass
class OutcomeRow:
    """One of sent on time, sent later, not sent."""

    key: str
    word: str
    n: str
    note: str
    hue: str


@dataclass
class ChannelSum:
    """A channel of the forecast, in units."""

    channel: str
    send: str
    hold: str
    skip: str
    planned: str
    parts: list[Part] = field(default_factory=list)


@dataclass
class CheckRow:
    """A check before sending. `hue`: delivered, held, failed; `step`: where it is put right, 0 for nowhere."""

    hue: str
    icon: str
    title: str
    text: str
    step: int
    act: str


@dataclass
class DifferRow:
    """Units that went elsewhere than foreseen, and why."""

    channel: str
    foreseen: str
    fact: str
    cause: str
    n: str
    time: str


@dataclass
class WaveRow:
    """Those of a run who are told from one moment on."""

    n: str
    word: str
    at: str
    people: str
    state: str


@dataclass
class PersonRow:
    """One recipient and what became of them. `href`: where the why of it stands, "" before it was decided."""

    user: str
    name: str
    variant: str
    look: str
    outcome: str
    why: str
    href: str


@dataclass
class RunRow:
    """One time of a campaign."""

    id: str
    planned: str
    people: str
    state: str
    said: str
    detail: str


@dataclass
class VersionRow:
    """What was started."""

    version: str
    by: str
    time: str
    exact: str
    note: str


@dataclass
class TornField:
    """A part of a draft that two people changed. `pick`: mine or theirs."""

    key: str
    title: str
    mine: str
    theirs: str
    pick: str


@dataclass
class DayEntry:
    """What goes, or went, on a day of the calendar."""

    key: str
    name: str
    kind: str
    time: str
    state: str
    href: str
    people: str


@dataclass
class DayCell:
    """A day of the calendar; `out`: of another month."""

    date: str
    number: str
    word: str
    out: bool
    today: bool
    more: str
    goes: list[DayEntry] = field(default_factory=list)
