"""What the pages of audiences hold: flat rows with words and numbers ready to be shown."""

from dataclasses import dataclass


@dataclass
class PartRow:
    """A condition, or a group of some, as the builder shows it. `kind`: of the attribute; `left`: people left after it."""

    path: str
    deep: int
    group: bool
    joint: str
    no: bool
    about: str
    name: str
    is_: str
    value: str
    given: bool
    did: str
    days: str
    of: str
    times: str
    kind: str
    bare: bool
    hint: str
    left: str
    first: bool
    last: bool


@dataclass
class MetRow:
    """Values of a field that are met often."""

    name: str
    some: list[str]


@dataclass
class SomeoneRow:
    """Somebody of the sample."""

    user: str
    name: str
    known: str
    time: str
    zone: str


@dataclass
class Mark:
    """Words of a sentence. `kind`: "" they stand in both, "in" they came in, "out" they went out."""

    text: str
    kind: str


@dataclass
class FormerRow:
    """A version. `marks`: its sentence, with what is another than in the one before; `same`: nothing is."""

    number: int
    title: str
    by: str
    said: str
    marks: list[Mark]
    same: bool
    now: bool


@dataclass
class TornPart:
    """A part that two people changed, each in another way. `pick`: mine, theirs. The counts are of rules, "" of everything else."""

    key: str
    title: str
    mine: list[Mark]
    theirs: list[Mark]
    mine_count: str
    theirs_count: str
    pick: str
