"""What the pages of templates hold: flat rows with words ready to be shown."""

from dataclasses import dataclass, field

from portal.rows import Choice


@dataclass
class TemplateRow:
    """One template of the list."""

    id: str
    name: str
    channels: list[str]
    published: str  # "" when it never was
    differs: bool
    languages: str
    categories: str
    time: str
    exact: str
    who: str


@dataclass
class ProblemRow:
    """One complaint. `place` says where it is; `kind`: error or missing."""

    field: str
    place: str
    text: str
    kind: str
    line: int
    column: int


@dataclass
class ValueRow:
    """One value the text reads. `state`: there, absent or optional."""

    name: str
    state: str


@dataclass
class LineRow:
    """One line of a difference."""

    mark: str
    text: str
    old: str
    new: str


@dataclass
class ChangeRow:
    """One text that differs."""

    title: str
    lines: list[LineRow] = field(default_factory=list)


@dataclass
class VersionRow:
    """One published version."""

    number: int
    title: str
    by: str
    exact: str
    note: str
    live: bool
    facts: str


@dataclass
class KeptRow:
    """One text that was kept aside."""

    author: str
    by: str


@dataclass
class TornRow:
    """One text that both editors changed. `pick`: mine or theirs."""

    key: str
    title: str
    mine: str
    theirs: str
    pick: str = "mine"


@dataclass
class PartRow:
    """A layout or partial."""

    name: str
    kind: str
    key: str
    facts: str
    used: str


@dataclass
class ImageRow:
    """A picture: `src` on this host, `url` for templates."""

    name: str
    label: str
    src: str
    url: str
    facts: str


@dataclass
class Shown:
    """What the preview shows of one channel."""

    html: str = ""
    text: str = ""
    title: str = ""
    preheader: str = ""
    image: str = ""
    link: str = ""
    facts: str = ""
    foreign: str = ""
    actions: list[Choice] = field(default_factory=list)
