"""A campaign: which message, to whom, when, and what is tried. A value; what was started is kept as a version and never changes."""

from typing import Any, Literal

import msgspec

States = Literal["draft", "review", "approved", "scheduled", "running", "paused", "finished", "cancelled"]
STATES: tuple[States, ...] = ("draft", "review", "approved", "scheduled", "running", "paused", "finished", "cancelled")
RunState = Literal["preparing", "running", "paused", "testing", "finished", "cancelled", "failed"]
Metric = Literal["clicked", "converted", "read", "opened"]
VARIANTS = 8  # at most
OWN = "person"  # in place of a zone: each person's own


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One message of a campaign. `weight`: parts of a hundred of those who are tried on; all weights together are 100. `data`: put over
    the campaign's."""

    name: str = "A"
    template: str = ""
    weight: float = 100.0
    data: dict[str, Any] = {}


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Wall times "HH:MM" on the clock of the timing's zone between which it sends; `days`: 0 Monday."""

    start: str
    end: str
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When it goes. `at`: local wall time "2026-12-01T09:00" on the clock of `zone` (an IANA name, or "person": each person's own);
    `cron`: for a recurring one. `pace`: people a second, 0: as fast as it is carried out. `expires`: seconds after which it is not worth
    sending, 0: never. `grace`: seconds by which a recurring one may be late, and somebody's own hour be over; who is later gets nothing."""

    kind: Literal["now", "at", "recurring"] = "now"
    at: str = ""
    cron: str = ""
    zone: str = "UTC"
    window: Window | None = None
    pace: float = 0.0
    expires: int = 0
    grace: int = 3_600


class Guardrails(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Rates above which a variant is stopped, in parts of those who got it; 0: not looked at."""

    unsubscribed: float = 0.01
    complained: float = 0.001
    bounced: float = 0.05


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is tried. Fixed before the start. `event`: type of the activity event that is a conversion, for the metric converted;
    `window_days`: for how long after the start of a person's wave it counts. `share`: of a hundred, how many are tried on; the rest
    gets the winner. `holdout`: of a hundred, who get nothing, of the whole audience. `winner`: rolled out by itself, or somebody says so.
    `gain`: the smallest difference of rates that is worth acting on (0.01: a point), what the calculator plans with.
    `least`: people a variant before anything is said; `days`: before anything is said."""

    metric: Metric = "clicked"
    event: str = ""
    window_days: int = 7
    gain: float = 0.01
    share: float = 100.0
    holdout: float = 0.0
    winner: Literal["roll_out", "ask"] = "ask"
    least: int = 500
    days: float = 7.0
    guardrails: Guardrails = Guardrails()


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`channels`: in their order, empty: the category's. `exclude`: audiences whose people are left out besides the audience's own exclusions.
    `experiment` None: one variant, nobody held out. `approval`: a second person has to say yes before it starts."""

    category: str = "marketing"
    audience: str = ""
    exclude: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = (Variant(),)
    channels: tuple[str, ...] = ()
    data: dict[str, Any] = {}
    timing: Timing = Timing()
    experiment: Experiment | None = None
    approval: bool = False
    priority: str = "low"
    description: str = ""
