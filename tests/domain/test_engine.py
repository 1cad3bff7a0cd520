"""What is stuck, why, and what to do: one table from facts to sentences."""

import pytest

from backend.domain.engine import (
    STAGES,
    Engine,
    Finding,
    Halted,
    Lane,
    Source,
    StageLook,
    added,
    english,
    findings,
    headline,
    quantile,
)
from backend.domain.engine_words import WELL

ALIVE = [StageLook(name, 1, 3.0) for name in STAGES]


def without(*names, last=None):
    return [StageLook(name, 0, last) if name in names else StageLook(name, 1, 3.0) for name in STAGES]


def late(priority="high", channel="email", waiting=1_240, oldest=600.0, per_second=0.0):
    return Lane(f"deliver.{channel}", priority, channel, waiting, oldest, per_second)


CASES = [
    ("calm", Engine(stages=ALIVE), [WELL]),
    ("within the target", Engine(stages=ALIVE, lanes=[late(oldest=29.0), late("low", oldest=599.0)]), [WELL]),
    ("store", Engine(away=("store", "cache"), stages=without(*STAGES)), ["The store does not answer", "The cache does not answer"]),
    ("disk", Engine(stages=ALIVE, free=(400_000_000, 0.004)), ["The disk is nearly full, 400 MB (0 %) are free"]),
    ("a large disk", Engine(stages=ALIVE, free=(900_000_000_000, 0.2)), [WELL]),
    ("a small disk", Engine(stages=ALIVE, free=(700_000_000, 0.5)), [WELL]),
    ("never ran", Engine(stages=without(*STAGES), lanes=[late(waiting=1)]), ["No process runs the line, so one waits: start it"]),
    ("runs no more", Engine(stages=without(*STAGES, last=300.0)), ["No process runs the line since 5 min, so nothing waits yet"]),
    (
        "a stage", Engine(stages=without("decide", last=70.0), lanes=[Lane("decide", "low", waiting=12, oldest=9_999.0)]),
        ["No process runs the stage decide since 70 s, so 12 wait before it: start one with carillon work decide."],
    ),
    ("a channel's stage", Engine(stages=without("deliver.sms")), ["stage deliver.sms, so nothing waits yet before it: start one with carillon work deliver."]),
    ("what due brings along", Engine(stages=without("due", "release", "schedules")), ["No process runs the stage due"]),
    (
        "down", Engine(stages=ALIVE, providers=[Source("smtp", "email", "open", "connect_failed", 1_240)], lanes=[late()]),
        ["Nobody can send e-mail because smtp keeps failing (connect_failed), so 1,240 wait: see what it answers; it is tried again by itself."],
    ),
    (
        "others take over", Engine(stages=ALIVE, providers=[Source("smtp", "email", "open", "451"), Source("smtp-2", "email")]),
        ["smtp keeps failing (451) and is left alone while others send its e-mail"],
    ),
    (
        "halts", Engine(stages=ALIVE, halts=[Halted("category:offers", "ola", 60.0), Halted("channel:sms", "ola", 7_500.0, 3)]),
        ["ola halted the channel SMS 2 h 5 min ago, so 3 wait: resume it when its cause is gone.", "ola halted the category offers 60 s ago, so nothing waits yet"],
    ),
    ("slow", Engine(stages=ALIVE, providers=[Source("smtp", "email", slow=12.4, points=90)]), ["smtp answers after 12.4 s on average, too slowly, and keeps 90 % of e-mail"]),
    (
        "budget", Engine(stages=ALIVE, providers=[Source("smtp", "email", rate=100)], lanes=[late(per_second=96.0)]),
        ["e-mail waits because the budget of 100 a second is spent, so 1,240 wait, the oldest for 10 min: raise the rate of smtp"],
    ),
    (
        "slower than its budget", Engine(stages=ALIVE, providers=[Source("smtp", "email", rate=100)], lanes=[late(per_second=10.0)]),
        ["e-mail of priority high is slow, 1,240 wait, the oldest for 10 min where 30 s is the aim: start one more carillon work deliver"],
    ),
    ("the most urgent lane of a stage", Engine(stages=ALIVE, lanes=[late("low", oldest=900.0), late("critical", waiting=1, oldest=11.0)]), ["priority critical is slow, 1,241 wait"]),
    ("decisions", Engine(stages=ALIVE, lanes=[Lane("decide", "normal", waiting=2, oldest=121.0)]), ["Decisions of priority normal are slow, 2 wait, the oldest for 2 min"]),
    ("fan-outs", Engine(stages=ALIVE, lanes=[Lane("expand", "low", waiting=1, oldest=601.0)]), ["Fan-outs of priority low are slow, one waits"]),
    ("overdue", Engine(stages=ALIVE, late=20_000, late_for=90.0, more=frozenset({"late"})), ["more than 20,000 due rows should have gone before, the first 90 s ago"]),
    ("unbalanced", Engine(stages=ALIVE, unbalanced=1), ["One counter stands at less than nothing, so a count is wrong"]),
    ("letters", Engine(stages=ALIVE, dead=50, dead_new=2), ["2 dead letters came within the last hour"]),
    ("old letters", Engine(stages=ALIVE, dead=50), [WELL]),
    ("missed", Engine(stages=ALIVE, missed=1), ["One time of a schedule was missed within a day because nothing ran then"]),
]  # fmt: skip


@pytest.mark.parametrize(("engine", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_found_is_said_in_one_sentence_each(engine, wanted):
    found = findings(engine)
    said = [english(one) for one in found] or [headline(found, english, WELL)]
    assert len(said) == len(wanted), said
    for sentence, part in zip(said, wanted, strict=True):
        assert part in sentence
        assert sentence.count(". ") == 0
        assert "{" not in sentence


def test_the_gravest_comes_first():
    everything = Engine(
        away=("log",), free=(1, 0.0), stages=without("rollup"), halts=[Halted("space", "ola", 1.0, 9)],
        providers=[Source("smtp", "email", "open", "451", 3), Source("push", "push", slow=9.0)], lanes=[late("high", "sms")], late=1, dead_new=1, missed=1, unbalanced=1,
    )  # fmt: skip
    kinds = [one.kind for one in findings(everything)]
    assert kinds == ["away.log", "disk", "stage.ever", "down", "halted", "slow", "lane", "overdue", "unbalanced", "dead", "missed"]
    assert headline(findings(everything), english, WELL) == english(Finding("away.log", "failed"))


def test_what_one_can_act_on_in_the_portal_has_a_link():
    links = {one.kind: one.link for _, engine, _ in CASES for one in findings(engine)}
    assert {kind: links[kind] for kind in ("halted", "down", "open", "slow", "dead", "missed")} == {
        "halted": "/providers", "down": "/providers", "open": "/providers", "slow": "/providers", "dead": "/dead", "missed": "/schedules",
    }  # fmt: skip


def test_quantiles_come_from_steps_and_processes_are_added_up():
    bounds = (0.1, 0.2, 1.0)
    assert quantile(bounds, [0, 0, 0, 0], 0.5) is None
    assert quantile(bounds, [10, 0, 0, 0], 0.5) == pytest.approx(0.05)
    assert quantile(bounds, [50, 40, 10, 0], 0.99) == pytest.approx(0.2 + 0.8 * 0.9)
    assert quantile(bounds, [0, 0, 0, 4], 0.99) == 1.0
    assert added([{"low": [1, 2]}, {"low": [3, 4], "high": [1, 0]}, {"low": [1, 1, 1]}]) == {"low": [4, 6], "high": [1, 0]}
