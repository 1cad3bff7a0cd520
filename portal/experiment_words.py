"""Experiments in words, numbers and places of a scale. Pure: views in, rows out."""

from backend.app.campaign_views import ArmView, ExperimentView, SampleSizeIn, SampleSizeView
from backend.domain.statistics import always_valid
from backend.domain.verdict import DAY, GUARDED
from portal.experiment_rows import ArmRow, ExperimentRow, GuardRow, TrustRow
from portal.figures import ORDER, Axis, Figure, Series, banded
from portal.numbers import decimal, of, percent
from portal.telling import Teller
from portal.theme import ago, count, day, local, moment, wall
from portal.typed import number_of, whole_of

LOOKS = {"waiting": "queued", "running": "sent", "winner": "delivered", "none": "skipped", "stopped": "held", "unhealthy": "failed"}
ICONS = {"waiting": "hourglass", "running": "flask-conical", "winner": "trophy", "none": "equal", "stopped": "octagon-pause", "unhealthy": "scale"}
LETTERS = "ABCDEFGH"


def colour_of(variant: int) -> str:
    """The first is blue, its challenger the house's green, the others follow."""
    return ORDER[(1, 0)[variant] if variant < 2 else variant % len(ORDER)]


def share(part: float, language: str, places: int = 2) -> str:
    """8.91% or 8,91 %."""
    return decimal(100 * part, places, language) + ("\u00a0%" if language == "de" else "%")


def line_of(view: ExperimentView, name: str, voice: Teller) -> ExperimentRow:
    """An experiment as the list shows it."""
    people = sum(arm.people for arm in view.arms)
    at = view.looked_at or view.started_at
    return ExperimentRow(
        view.campaign, name or view.campaign, voice.say(f"exp.metric.{view.metric}"), LOOKS.get(view.state, "queued"), voice.say(f"exp.state.{view.state}"), view.sentence,
        count(people, voice.language), ago(at.timestamp(), voice.now, voice.zone, voice.language) if at else "–", moment(at.timestamp(), voice.zone, voice.language) if at else "",
    )  # fmt: skip


def sub_of(view: ExperimentView, voice: Teller) -> str:
    """What decides, and since when."""
    began = day(view.started_at.timestamp(), voice.zone, voice.language) if view.started_at else "–"
    return voice.say("exp.sub", metric=voice.say(f"exp.metric.{view.metric}"), began=began)


def badge_of(view: ExperimentView, voice: Teller) -> str:
    """Its state; while it runs with the day."""
    word = voice.say(f"exp.state.{view.state}")
    if view.state in ("waiting", "running") and view.started_at is not None:
        return voice.say("exp.day", state=word, n=count(int(max(0.0, voice.now - view.started_at.timestamp()) // DAY) + 1, voice.language))
    return word


def arms_of(view: ExperimentView, voice: Teller) -> list[ArmRow]:
    """Messages with their intervals on one scale."""
    low = min((arm.rate_low for arm in view.arms), default=0.0)
    high = max((arm.rate_high for arm in view.arms), default=1.0)
    span = (high - low) or 1.0

    def place(rate: float) -> str:
        return f"{100 * (rate - low) / span:.2f}%"

    return [_arm(view, arm, voice, place(arm.rate_low), f"{100 * (arm.rate_high - arm.rate_low) / span:.2f}%", place(arm.rate)) for arm in view.arms]


def _arm(view: ExperimentView, arm: ArmView, voice: Teller, left: str, width: str, at: str) -> ArmRow:
    language = voice.language
    tag, look = "", ""
    if arm.stopped:
        tag, look = voice.say("exp.tag.stopped"), "failed"
    elif view.sent == arm.variant:
        tag, look = voice.say("exp.tag.sent"), "sent"
    elif view.winner == arm.variant:
        tag, look = voice.say("exp.tag.ahead"), "delivered"
    facts = voice.say("exp.control" if arm.variant == 0 else "exp.challenger", weight=share(arm.weight / 100, language, 1))
    interval = voice.say("exp.interval", low=decimal(100 * arm.rate_low, 2, language), high=decimal(100 * arm.rate_high, 2, language))
    sure = ""
    if arm.low is not None and arm.high is not None and arm.difference is not None:
        sure = voice.say("exp.sure", low=decimal(100 * arm.low, 2, language), high=decimal(100 * arm.high, 2, language))
    chance = arm.chance if arm.chance is not None else 0.0
    return ArmRow(
        key=str(arm.variant), letter=LETTERS[arm.variant % 8], name=arm.name, facts=facts, people=count(arm.people, language), hits=count(arm.hits, language),
        rate=share(arm.rate, language), rate_of=of(arm.hits, arm.people, language), interval=interval, left=left, width=width, at=at,
        colour=colour_of(arm.variant), tag=tag, tag_look=look, sure=sure,
        chance=voice.say("exp.chance", name=arm.name, share=percent(min(99_999, max(1, round(chance * 100_000))), 100_000, language)) if arm.chance is not None else "",
        chance_width=f"{100 * chance:.1f}%",
    )  # fmt: skip


def trust_of(view: ExperimentView, voice: Teller) -> list[TrustRow]:
    """Split, people, time, machines."""
    language = voice.language
    people = voice.listed([count(arm.people, language) for arm in view.arms]) or "0"
    chance = share(view.split_p, language, 0) if view.split_p is not None and view.split_p >= 0.01 else voice.say("exp.tiny")
    split = TrustRow("scale", "delivered" if view.split_ok else "failed", voice.say("exp.split.ok" if view.split_ok else "exp.split.bad"),
                     voice.say("exp.split.text", people=people, share=chance))  # fmt: skip
    least = min((arm.people for arm in view.arms if not arm.stopped), default=0)
    enough = least >= view.least
    size = TrustRow("users", "delivered" if enough else "held", voice.say("exp.enough" if enough else "exp.few"),
                    voice.say("exp.enough.text", least=count(least, language), needed=count(view.least, language), plan=count(view.needed, language)))  # fmt: skip
    rows = [split, size]
    if view.ready_at is not None and view.started_at is not None:
        until = min(voice.now, (view.decided_at or view.ends_at or view.ready_at).timestamp()) if view.decided_at or view.ends_at else voice.now
        days = max(0.0, until - view.started_at.timestamp()) / DAY
        done = until >= view.ready_at.timestamp()
        ready = wall(view.ready_at.timestamp(), voice.now, voice.zone, language)
        text = voice.say("exp.days.done") if done else voice.say("exp.days.text", ready=ready)
        rows.append(TrustRow("calendar-check", "delivered" if done else "held", voice.say("exp.days", count=count(int(days), language)), text))
    if view.metric == "opened":
        rows.append(TrustRow("bot", "held", voice.say("exp.opens"), voice.say("exp.opens.text", machine=count(view.machine_opens, language))))
    else:
        rows.append(TrustRow("bot", "delivered", voice.say("exp.machines"), voice.say("exp.machines.text", machine=count(view.machine_opens, language))))
    return rows


def guards_of(view: ExperimentView, voice: Teller) -> list[GuardRow]:
    """How each guardrail stands."""
    rows = []
    for name in GUARDED:
        arms = [(arm, arm.guardrails[name]) for arm in view.arms if name in arm.guardrails]
        if arms:
            text = ", ".join(f"{arm.name} {share(hits / whole if whole else 0.0, voice.language)} ({of(hits, whole, voice.language)})" for arm, (hits, whole, _, _) in arms)
            ok = not any(guard[3] for _, guard in arms)
            limit = voice.say("exp.limit", limit=share(arms[0][1][2], voice.language))
            rows.append(GuardRow(voice.say(f"exp.guard.{name}"), text, limit, ok, voice.say("exp.guard.ok" if ok else "exp.guard.over")))
    return rows


def holdout_of(view: ExperimentView, voice: Teller) -> str:
    """Those who got nothing, beside those who got something."""
    if view.holdout is None:
        return ""
    people, hits = view.holdout
    language = voice.language
    if view.metric != "converted":
        return voice.say("exp.holdout.plain", n=count(people, language))
    told, did = sum(arm.people for arm in view.arms), sum(arm.hits for arm in view.arms)
    if not people or not told:
        return voice.say("exp.holdout.plain", n=count(people, language))
    found, low, high = always_valid(hits, people, did, told)
    sure = voice.say("exp.holdout.sure" if low > 0 or high < 0 else "exp.holdout.unsure", low=decimal(100 * low, 2, language), high=decimal(100 * high, 2, language))
    return voice.say(
        "exp.holdout", n=count(people, language), rate=share(hits / people, language), told=share(did / told, language), gain=decimal(100 * found, 2, language), sure=sure,
    )  # fmt: skip


def course_of(view: ExperimentView, voice: Teller) -> Figure:
    """The difference of each message to the first over time, with the interval of the one that leads."""
    looks = [look for look in view.looks if look.intervals]
    if not looks:
        return Figure()
    names = [arm.name for arm in view.arms]
    lead = max(range(1, len(names)), key=lambda n: view.arms[n].difference or 0.0) if len(names) > 1 else 1
    thin = looks[:: max(1, len(looks) // 240)] + ([looks[-1]] if len(looks) > 240 else [])
    labels, seen = [], set()
    for look in thin:
        label = moment(look.at.timestamp(), voice.zone, voice.language)
        while label in seen:
            label += " "
        seen.add(label)
        labels.append(label)
    long = (thin[-1].at - thin[0].at).total_seconds() > 1.5 * DAY
    short = [day(one, voice.zone, voice.language).rsplit(" ", 1)[0] if long else f"{local(one, voice.zone):%H:%M}" for one in (look.at.timestamp() for look in thin)]
    axis = Axis(labels, short, voice.say("exp.col.look"))

    def values(n: int, part: int) -> list[float]:
        return [100 * look.intervals[n - 1][part] for look in thin]

    def texts(n: int) -> list[str]:
        return [voice.say("exp.point", found=decimal(100 * a, 2, voice.language), low=decimal(100 * b, 2, voice.language), high=decimal(100 * c, 2, voice.language))
                for a, b, c in (look.intervals[n - 1] for look in thin)]  # fmt: skip

    order = [lead, *(n for n in range(1, len(names)) if n != lead)]
    series = [Series(voice.say("exp.minus", one=names[n], other=names[0]), colour_of(n), values(n, 0), texts(n)) for n in order]
    low, high = values(lead, 1), values(lead, 2)
    half = (high[-1] - low[-1]) / 2
    now = [line.values[-1] or 0.0 for line in series]
    top, bottom = max(0.0, high[-1], *now) + half, min(0.0, low[-1], *now) - half
    says = voice.say("exp.course.says", name=names[lead], low=decimal(low[-1], 2, voice.language), high=decimal(high[-1], 2, voice.language))
    return banded(axis, series, low, high, says, voice.language, (bottom, top), voice.say("exp.zero"))


def size_words(found: SampleSizeView, people: int, voice: Teller) -> tuple[str, str]:
    """(how many people it takes, what the people there are can show)."""
    language = voice.language
    said = voice.say("size.said", each=count(found.each, language), all=count(found.all, language))
    if people <= 0:
        return said, ""
    if found.finds is None:
        return said, voice.say("size.none", people=count(people, language))
    enough = "size.enough" if people >= found.all else "size.short"
    return said, voice.say(enough, people=count(people, language), gain=decimal(100 * found.finds, 2, language))



def size_in(form: dict[str, object], language: str) -> SampleSizeIn | None:
    """What was typed into the calculator; None for numbers that cannot be. Raises `Unread` for what is none."""
    rate, gain = (number_of(str(form.get(name, "")), language) / 100 for name in ("rate", "gain"))
    arms, people = (whole_of(str(form.get(name, "") or default), language) for name, default in (("arms", "2"), ("people", "0")))
    if not (0 < rate < 1 and 0 < gain < 1 and rate + gain < 1 and 2 <= arms <= 9 and 0 <= people <= 10**9):
        return None
    return SampleSizeIn(rate=rate, gain=gain, arms=arms, people=people)
