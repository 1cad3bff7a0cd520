"""What the pages of engagement hold: flat rows with words and numbers ready to be shown."""

from dataclasses import dataclass, field


@dataclass
class EngagedRow:
    """A row of the breakdown. `facts` under its name, `href` of its page; a `tip` says what a rate is of, or why there is none."""

    key: str
    name: str
    facts: str
    href: str
    planned: str
    sent: str
    delivered: str
    delivered_tip: str
    opened: str
    opened_tip: str
    machine: str
    clicked: str
    clicked_tip: str
    unsubscribed: str
    unsubscribed_tip: str
    converted: str
    converted_tip: str


@dataclass
class ComparedCell:
    """One campaign's figure. `width`: of its bar, "" without one; `of`: what a rate is of, or why there is none."""

    head: str
    value: str
    of: str = ""
    width: str = ""
    tip: str = ""


@dataclass
class ComparedRow:
    """A measure, campaign by campaign."""

    name: str
    cells: list[ComparedCell] = field(default_factory=list)


@dataclass
class ComparedHead:
    """A campaign of the comparison; `without`: the address of the comparison without it."""

    key: str
    name: str
    href: str
    without: str


@dataclass
class EngagementShown:
    """The words of one report."""

    answer: str
    proof: str
    few: str
    people_note: str
    holdout: str
    heat_sub: str
    heat_none: str
