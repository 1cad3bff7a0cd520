"""What the pages of experiments hold: flat rows with words and numbers ready to be shown."""

from dataclasses import dataclass


@dataclass
class ExperimentRow:
    """One experiment of the list. `look`: a hue."""

    id: str
    name: str
    metric: str
    look: str
    state: str
    said: str
    people: str
    when: str
    exact: str


@dataclass
class ArmRow:
    """A message in an experiment. `left`, `width`, `at`: CSS places of its interval and its rate on the scale all share."""

    key: str
    letter: str
    name: str
    facts: str
    people: str
    hits: str
    rate: str
    rate_of: str
    interval: str
    left: str
    width: str
    at: str
    colour: str
    tag: str
    tag_look: str
    chance: str
    chance_width: str
    sure: str


@dataclass
class TrustRow:
    """Why a verdict may be trusted, or not. `look`: a hue."""

    icon: str
    look: str
    title: str
    text: str


@dataclass
class GuardRow:
    """One guardrail: how it stands with each message."""

    name: str
    text: str
    limit: str
    ok: bool
    state: str
