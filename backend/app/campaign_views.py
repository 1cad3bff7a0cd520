"""What the facade takes and shows of campaigns, their runs, forecasts and experiments."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from backend.app.view_types import Name, ReasonView
from backend.app.views import LedgerView
from backend.domain.campaign import Campaign, Experiment, RunState, States, Timing, Variant


class CampaignIn(Struct, forbid_unknown_fields=True):
    """The draft of a campaign; `domain.campaign` says what its parts mean. Anything may be missing in a draft: it is checked when it is
    submitted or started. `revision`: the one you read, 0 to make a new one."""

    name: Name = ""
    category: str = "marketing"
    audience: str = ""
    exclude: list[str] = []
    variants: list[Variant] = field(default_factory=lambda: [Variant()])
    channels: list[str] = []
    data: dict[str, Any] = {}
    timing: Timing = Timing()
    experiment: Experiment | None = None
    approval: bool = False
    priority: str = "low"
    description: Annotated[str, Meta(max_length=2_000)] = ""
    revision: int | None = None


class ProblemView(Struct):
    """Something that keeps it from starting, or should be looked at. `step`: messages, audience, delivery, experiment. `blocks`: it cannot start."""

    step: str
    text: str
    blocks: bool
    code: str = ""


class WaveView(Struct):
    """Those of a run who are told from one moment on. `kind`: all, test, rest (gets the winner). `state`: waiting, running, finished, cancelled."""

    n: int
    kind: Literal["all", "test", "rest"]
    at: datetime | None
    variant: int
    recipients: int
    state: str


class RunView(Struct):
    """One time of a campaign. `id` is its event. `released`: people handed to the line so far; `rate`: people a second, lately.
    `ends_at`: when the rest will have gone at this pace, null when nobody can say."""

    id: str
    campaign: str
    version: int
    planned_at: datetime
    state: RunState
    recipients: int
    released: int
    ledger: LedgerView
    waves: list[WaveView]
    rate: float = 0.0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ends_at: datetime | None = None
    detail: str = ""  # why it failed, or what it waits for


class RecipientView(Struct):
    """A person of a run. `variant`: place among the campaign's variants, -2 held out, -3 waits for the winner. `outcome`: waiting (not decided
    yet), sent, held, skipped, failed, holdout: the best of the person's channels. `reason`: of what is held, skipped or failed. `delivery`: id of
    the one that stands for it, "" where none was made. `notification`: what was decided for this person, on every channel, "" before that.
    `skipped`: channel -> why nothing goes there, for whom nothing goes anywhere, a holdout too."""

    user: str
    name: str
    variant: int
    wave: int
    outcome: Literal["waiting", "sent", "held", "skipped", "failed", "holdout"]
    reason: ReasonView | None = None
    delivery: str = ""
    channels: list[str] = []  # those it was sent on, or waits on
    skipped: dict[str, ReasonView] = {}
    notification: str = ""


class CampaignView(Struct):
    """A campaign. `draft`: as it is now; `version`: the newest that was started, 0 for none. `can`: what may be done now, of submit, approve,
    reject, start, pause, resume, cancel, edit, duplicate, delete. `next_at`: when it goes, or goes again."""

    key: str
    name: str
    state: States
    draft: Campaign
    version: int
    revision: int
    can: list[str]
    problems: list[ProblemView]
    created_at: datetime
    changed_at: datetime
    changed_by: str
    submitted_by: str = ""
    approved_by: str = ""
    next_at: datetime | None = None
    run: RunView | None = None  # the newest


class CampaignLine(Struct):
    """A campaign as a list shows it."""

    key: str
    name: str
    state: States
    category: str
    channels: list[str]
    audience: str
    experiment: bool
    next_at: datetime | None
    recipients: int
    done: float  # 0 to 1, of the newest run
    ledger: LedgerView | None
    changed_at: datetime
    changed_by: str


class CampaignVersionView(Struct):
    """What was started. It never changes."""

    version: int
    body: Campaign
    at: datetime
    by: str
    note: str = ""


class StartIn(Struct, forbid_unknown_fields=True):
    """`confirm`: the number of people that the forecast showed; needed when everybody is meant, or more than 10,000."""

    confirm: int | None = None
    revision: int | None = None


class CalendarEntry(Struct):
    """What goes, or went, at a time: of campaigns and of schedules. `kind`: campaign, schedule."""

    key: str
    name: str
    kind: str
    at: datetime
    state: str
    recipients: int | None = None


class ForecastRow(Struct):
    """Units (one person on one channel) of a forecast, and what came of them. `outcome`: send, hold, skip. `reason`: why, for hold and skip; of
    send null. `until`: of a hold, the latest. `planned`; `fact`: units now in that row, null before the run."""

    outcome: Literal["send", "hold", "skip"]
    channel: str
    reason: ReasonView | None
    planned: int
    until: datetime | None = None
    fact: int | None = None


class DifferenceRow(Struct):
    """Units that the forecast saw in one place and that went to another. `first_at`, `last_at`: when it was decided so."""

    channel: str
    foreseen: str  # send, hold:<code>, skip:<code>
    fact: str
    cause: ReasonView
    n: int
    first_at: datetime
    last_at: datetime


class ForecastView(Struct):
    """The dry run over the whole audience. `state`: counting, done, stopped, failed, outdated (the draft was changed since); of a report also none
    (nobody made one before the run). `people`: named by
    the audience; `reached`: who get something on at least one channel, at once or later; `held_out`. `rows` add up to `units`. `missing`: data
    the template needs -> how many people it is missing for. `cost`: of SMS, in the operator's currency, by "least" and "most"; null without a price.
    `everybody`: the audience is everybody. `told_at`: when the first are told, null when that is a moment of each person's own zone."""

    id: str
    state: str
    total: int
    done: int
    people: int = 0
    reached: int = 0
    held_out: int = 0
    units: int = 0
    rows: list[ForecastRow] = []
    held_until: list[tuple[datetime, int]] = []  # hour -> units that go then
    missing: dict[str, int] = {}
    segments: int = 0
    cost: dict[str, float] | None = None
    everybody: bool = False
    at: datetime | None = None
    took: float = 0.0
    differences: list[DifferenceRow] = []
    detail: str = ""
    run: str = ""  # of a report: the run whose fact it is
    told_at: datetime | None = None
    waiting: int = 0  # of a report: units of people whose moment, or winner, has not come; planned + differences = facts + these


class ArmView(Struct):
    """A variant in an experiment. `people`: assigned (intention to treat); `hits`: of them, by the metric; `low`, `high`: of the difference to the first
    variant, valid at every look, null for the first. `chance`: that it is better than the first (Bayes), second view. `guardrails`: name -> (hits, of,
    limit, stopped)."""

    variant: int
    name: str
    people: int
    hits: int
    rate: float
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    chance: float | None = None
    guardrails: dict[str, tuple[int, int, float, bool]] = {}
    stopped: bool = False
    weight: float = 0.0
    template: str = ""
    rate_low: float = 0.0  # interval of its own rate, for one look
    rate_high: float = 1.0


class LookView(Struct):
    """What it showed at a moment: difference and interval of each variant but the first."""

    at: datetime
    people: list[int]
    hits: list[int]
    intervals: list[tuple[float, float, float]]  # difference, low, high


class ExperimentView(Struct):
    """`state`: waiting (too early to say), running, winner, none (no winner), stopped, unhealthy (the split is not what it should be).
    `sentence`: the verdict. `explained`: what it means in people. `split_p`: of the sample ratio check. `needed`: people a variant for the gain that
    was asked for. `rest`: people who wait for the winner. `holdout`: people and hits of who got nothing. `can`: of roll_out, end."""

    run: str
    campaign: str
    state: str
    metric: str
    sentence: str
    explained: str
    arms: list[ArmView]
    looks: list[LookView]
    split_p: float | None
    split_ok: bool
    needed: int
    least: int
    ready_at: datetime | None
    rest: int
    holdout: tuple[int, int] | None
    winner: int | None
    machine_opens: int = 0
    decided_at: datetime | None = None
    can: list[str] = []
    started_at: datetime | None = None
    ends_at: datetime | None = None  # nothing counts after
    looked_at: datetime | None = None
    sent: int | None = None  # the variant that went to the rest


class SampleSizeIn(Struct, forbid_unknown_fields=True):
    """For the calculator: the rate expected now, the smallest gain, arms, and how many people there are."""

    rate: Annotated[float, Meta(gt=0, lt=1)]
    gain: Annotated[float, Meta(gt=0, lt=1)]
    arms: Annotated[int, Meta(ge=2, le=9)] = 2
    people: int = 0
    power: Annotated[float, Meta(gt=0, lt=1)] = 0.8
    alpha: Annotated[float, Meta(gt=0, lt=1)] = 0.05


class SampleSizeView(Struct):
    """People an arm and in all; `finds`: the smallest gain that so many people can show."""

    each: int
    all: int
    finds: float | None = None
