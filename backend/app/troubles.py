"""What somebody should look at now, found by bounded looks, the gravest first."""

from collections import Counter, defaultdict

from backend.app.halts import alert_of
from backend.app.overview_views import ProblemView
from backend.app.views import moment, moment_or_none
from backend.domain.delivery import State
from backend.store import alert_rows, counted, halts, marks, watch
from backend.store.counted import Counts
from backend.store.port import Tx

RECENT = 900.0  # seconds of attempts that tell how a provider does
LEAST = 5  # attempts of a provider before anything is said of it
FAILING = 0.2  # share of attempts without success that is worth a sentence
PATIENCE = 300.0  # seconds a delivery may wait for its turn
LATE = 60.0  # seconds a due row may be late
ALERTS = 20
DEMO = "demo"  # the mark of the demo
GOOD = (State.SENT, State.DELIVERED)


def found(tx: Tx, space: int, now: float, stands: Counts) -> list[ProblemView]:
    """Every problem there is; a quiet house has none. `stands`: what is open, by (cohort, channel, state)."""
    problems: list[ProblemView] = []
    if wrong := counted.faults(tx, space):
        problems.append(ProblemView("counts_off", "failed", None, {"n": wrong}))
    problems += _providers(tx, space, now)
    problems += _waiting(tx, space, now, stands)
    problems += [
        ProblemView("halted", "held", moment(row.at), {"scope": row.scope, "by": row.by, "reason": row.reason}) for row in halts.pulled(tx, space)
    ]
    told = {alert_of(space, problem.facts["scope"]) for problem in problems if problem.kind == "halted"}  # said above, with more
    for alert in reversed(alert_rows.newest(tx, space, ALERTS)):
        if alert.id in told:
            continue
        grave = alert.severity in ("error", "critical")
        facts = {"id": alert.id.hex(), "title": alert.title, "message": alert.message, "severity": alert.severity}
        problems.append(ProblemView("alert", "failed" if grave else "held", moment(alert.at), facts))
    letters, oldest = watch.letters(tx, space)
    if letters:
        problems.append(ProblemView("dead_letters", "held", moment_or_none(oldest), {"n": letters, "more": letters >= watch.LETTERS}))
    if marks.get(tx, DEMO) == "on":
        problems.append(ProblemView("demo", "held"))
    return problems


def _providers(tx: Tx, space: int, now: float) -> list[ProblemView]:
    by: dict[str, list[watch.Tried]] = defaultdict(list)
    for one in watch.tried(tx, space, now - RECENT):
        by[one.provider].append(one)
    problems = []
    for provider, tries in sorted(by.items()):
        bad = [one for one in tries if one.outcome not in GOOD]
        if len(tries) < LEAST or len(bad) < FAILING * len(tries):
            continue
        code = Counter(one.code for one in bad).most_common(1)[0][0]
        problems.append(ProblemView("provider_failing", "failed", None, {"provider": provider, "n": len(bad), "of": len(tries), "code": code}))
    return problems


def _waiting(tx: Tx, space: int, now: float, stands: Counts) -> list[ProblemView]:
    problems = []
    pending = sum(n for (_, _, state), n in stands.items() if state in (State.PENDING, State.SENDING))
    since = watch.longest_pending(tx, space) if pending > 0 else None
    if since is not None and now - since > PATIENCE:
        problems.append(ProblemView("waiting", "failed", moment(since), {"n": pending}))
    late, first = watch.overdue(tx, space, now - LATE)
    if late:
        problems.append(ProblemView("overdue", "failed", moment_or_none(first), {"n": late, "more": late >= watch.DUE}))
    return problems
