"""What an experiment says at a moment: made of counts, settings and time alone. The words for it are in `domain.verdict_words`.

Everybody who was assigned counts, whether they were reached or not (intention to treat). The first variant is what the others are compared with.
Nothing is said before `days` have gone by and every variant has `least` people; a split that is not what was asked for means that something
is wrong with the counting, and then nobody wins. A verdict that was reached stays: the interval holds at all looks together, so the first one counts.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from backend.domain.campaign import Campaign, Experiment
from backend.domain.statistics import ALPHA, always_valid, always_valid_p, chance_better, exceeds, holm, needed, sample_ratio

State = Literal["waiting", "running", "winner", "none", "stopped", "unhealthy"]
SPLIT = 0.001  # below it the split is not what was asked for
GUARDED = ("unsubscribed", "complained", "bounced")
EVIDENCE = 20.0  # at which a guardrail stops a variant: wrong once in twenty at most
DAY = 86_400.0
PLANNED_RATE = 0.05  # of hits, while there is none to plan with


class Count(msgspec.Struct, frozen=True):
    """What is counted of one variant: people who were assigned to it, of them those who did what is measured and those whom the machine opened
    for, who got it, and who did what a guardrail watches."""

    people: int = 0
    hits: int = 0
    machine: int = 0
    got: int = 0
    unsubscribed: int = 0
    complained: int = 0
    bounced: int = 0


class Guard(msgspec.Struct, frozen=True):
    """`of`: for bounces those it was sent to, else those who got it. `over`: beyond its limit beyond doubt."""

    hits: int
    of: int
    limit: float
    over: bool


class Arm(msgspec.Struct, frozen=True):
    """A variant, compared with the first: `difference` with its interval, `p` corrected for several, `chance` that it is the better one."""

    count: Count
    rate: float
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    chance: float | None = None
    guards: dict[str, Guard] = {}
    stopped: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """`winner`: a variant, None for none. `split_p`: how often chance alone splits that badly. `needed`: people a variant for the gain that was asked
    for. `ready_at`: nothing is said before; `ends_at`: what has not shown by then is no winner."""

    state: State
    arms: tuple[Arm, ...]
    winner: int | None
    split_p: float
    needed: int
    ready_at: float
    ends_at: float

    @property
    def split_ok(self) -> bool:
        return self.split_p >= SPLIT


def ready_at(plan: Experiment, started: float) -> float:
    """When something may be said."""
    return started + plan.days * DAY


def ends_at(plan: Experiment, started: float) -> float:
    """When nothing counts any more."""
    return started + max(plan.days, float(plan.window_days)) * DAY


def judged(campaign: Campaign, counts: Sequence[Count], started: float, last: float, now: float, stopped: Sequence[int] = ()) -> Verdict:
    """`counts`: by variant. `started`, `last`: when the first and the last of them were told. `stopped`: variants that were stopped before."""
    plan = campaign.experiment or Experiment()
    weights = [variant.weight for variant in campaign.variants]
    arms = _arms(plan, counts, stopped)
    going = [n for n, arm in enumerate(arms) if not arm.stopped]
    split_p = sample_ratio([count.people for count in counts], weights)[1]
    base = counts[0].hits / counts[0].people if counts and counts[0].people and counts[0].hits else PLANNED_RATE
    wanted = needed(base, min(plan.gain, 1 - base), ALPHA / max(1, len(arms) - 1)) if 0 < plan.gain < 1 and base < 1 else 0
    ready, ends = ready_at(plan, started), ends_at(plan, last)
    winner: int | None = None
    state: State
    if split_p < SPLIT:
        state = "unhealthy"
    elif len(going) < min(2, len(arms)):
        state = "stopped"
    elif now < ready or min((arms[n].count.people for n in going), default=0) < plan.least:
        state = "none" if now >= ends and now >= ready else "waiting"
    else:
        winner = _winner(arms, going)
        state = "winner" if winner is not None else "none" if now >= ends else "running"
    return Verdict(state, tuple(arms), winner, split_p, wanted, ready, ends)


def _arms(plan: Experiment, counts: Sequence[Count], stopped: Sequence[int]) -> list[Arm]:
    """Compared with the first; intervals are as wide as all of them together need."""
    compared = max(1, len(counts) - 1)
    first = counts[0] if counts else Count()
    adjusted = holm([always_valid_p(first.hits, first.people, one.hits, one.people) for one in counts[1:]])
    made = []
    for n, one in enumerate(counts):
        guards = _guards(plan, one)
        arm = Arm(one, one.hits / one.people if one.people else 0.0, guards=guards, stopped=n in stopped or any(guard.over for guard in guards.values()))
        if n:
            difference, low, high = always_valid(first.hits, first.people, one.hits, one.people, ALPHA / compared)
            chance = chance_better(first.hits, first.people, one.hits, one.people)
            arm = msgspec.structs.replace(arm, difference=difference, low=low, high=high, p=adjusted[n - 1], chance=chance)
        made.append(arm)
    return made


def _guards(plan: Experiment, one: Count) -> dict[str, Guard]:
    made = {}
    for name in GUARDED:
        limit = float(getattr(plan.guardrails, name))
        hits = int(getattr(one, name))
        of = max(one.got + (one.bounced if name == "bounced" else 0), hits)
        if limit > 0:
            made[name] = Guard(hits, of, limit, exceeds(hits, of, limit) >= EVIDENCE)
    return made


def _winner(arms: Sequence[Arm], going: Sequence[int]) -> int | None:
    """The best of those that beat the first beyond doubt; the first when it beats all others so."""
    better = [n for n in going if n and _sure(arms[n]) and (arms[n].difference or 0) > 0]
    if better:
        return max(better, key=lambda n: arms[n].rate)
    others = [n for n in going if n]
    if 0 in going and others and all(_sure(arms[n]) and (arms[n].difference or 0) < 0 for n in others):
        return 0
    return None


def _sure(arm: Arm) -> bool:
    return arm.p is not None and arm.p < ALPHA


def watched(campaign: Campaign, verdict: Verdict, variant: int, tried: Count, later: Count) -> Verdict:
    """After it is decided: how the guardrails stand for the variant that goes to the rest, counted of all who were to get it. What was said stays."""
    names = ("people", "got", *GUARDED)
    both = Count(**{name: getattr(tried, name) + getattr(later, name) for name in names})
    guards = _guards(campaign.experiment or Experiment(), both)
    arms = [
        msgspec.structs.replace(arm, guards=guards, stopped=arm.stopped or any(guard.over for guard in guards.values())) if n == variant else arm
        for n, arm in enumerate(verdict.arms)
    ]
    return msgspec.structs.replace(verdict, arms=tuple(arms))


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of an experiment between looks. `decided`: when its verdict was reached, for good; `ended_by`: who ended it before; `sent`: the
    variant that went to the rest."""

    verdict: Verdict | None = None
    rest: int = 0
    holdout: tuple[int, int] = (0, 0)
    machine: int = 0
    started: float | None = None
    looked: float | None = None
    decided: float | None = None
    ended_by: str = ""
    stopped: tuple[int, ...] = ()
    sent: int | None = None
