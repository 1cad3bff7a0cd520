"""What keeps a campaign from starting, step by step, and what may be done with it in each state. Pure: what is known of the space is passed in."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from backend.domain import recurrence
from backend.domain.campaign import OWN, VARIANTS, Campaign, Experiment, States, Timing
from backend.domain.category import Category
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.demands import Path, lacking
from backend.domain.errors import Invalid

ASKED = 10_000  # people from which on a start has to repeat the number
FASTEST = 100_000.0  # people a second
FURTHEST = 365 * 86_400.0
STEPS = ("messages", "audience", "delivery", "experiment")

# what may be done in each state; `start` of one that asks for approval needs the state approved
MAY: Mapping[States, tuple[str, ...]] = {
    "draft": ("edit", "submit", "start", "duplicate", "delete"),
    "review": ("edit", "approve", "reject", "duplicate"),
    "approved": ("edit", "start", "duplicate"),
    "scheduled": ("edit", "pause", "cancel", "duplicate"),
    "running": ("edit", "pause", "cancel", "duplicate"),
    "paused": ("edit", "resume", "cancel", "duplicate"),
    "finished": ("duplicate", "delete"),
    "cancelled": ("duplicate", "delete"),
}


class Problem(msgspec.Struct, frozen=True):
    """Something of one step; `blocks`: it cannot start like this."""

    step: str
    text: str
    blocks: bool = True
    code: str = ""


class World(msgspec.Struct, frozen=True):
    """What the checks know. `published`: template -> channels it speaks on, and what it needs on each. `audiences`: those there are."""

    now: float
    categories: Mapping[str, Category]
    published: Mapping[str, Mapping[str, frozenset[Path]]]
    audiences: frozenset[str]


def problems(draft: Campaign, world: World) -> list[Problem]:
    """All of them, in the order of the steps."""
    return [*_messages(draft, world), *_audience(draft, world), *_timing(draft.timing, world.now), *_experiment(draft)]


def _messages(draft: Campaign, world: World) -> Iterator[Problem]:
    step = "messages"
    category = world.categories.get(draft.category)
    if category is None:
        yield Problem(step, f"There is no category {draft.category[:64]!r}. Choose one.", code="unknown_category")
    elif str(category.kind) == "activity":
        yield Problem(step, f"{category.name} is a category of what people did; nobody is told of it. Choose another.", code="unknown_category")
    if draft.priority not in PRIORITIES or draft.priority == "critical":
        yield Problem(step, "A campaign is high, normal or low.", code="invalid")
    wrong = [channel for channel in draft.channels if channel not in CHANNELS]
    if wrong:
        yield Problem(step, f"There is no channel {wrong[0][:40]!r}. The channels are {', '.join(CHANNELS)}.", code="unknown_channel")
    if not draft.variants:
        yield Problem(step, "There is no message. Add one.", code="no_variant")
    if len(draft.variants) > VARIANTS:
        yield Problem(step, f"There are {len(draft.variants)} variants, more than {VARIANTS}. Remove some.", code="too_many_variants")
    channels = draft.channels or (category.channels if category else ())
    for n, variant in enumerate(draft.variants):
        name = variant.name or chr(65 + n)
        if not variant.template:
            yield Problem(step, f"Variant {name} has no template. Pick one.", code="template_missing")
            continue
        speaks = world.published.get(variant.template)
        if speaks is None:
            yield Problem(step, f"The template {variant.template} of variant {name} has no published version. Publish it first.", code="template_missing")
            continue
        silent = [channel for channel in channels if channel not in speaks]
        if silent and len(silent) == len(channels):
            yield Problem(step, f"The template {variant.template} says nothing on {' or '.join(channels)}. Choose other channels, or another template.", code="no_variant")
        elif silent:
            yield Problem(step, f"The template {variant.template} says nothing on {', '.join(silent)}: nobody gets it there.", blocks=False, code="no_variant")
        data = {**draft.data, **variant.data}
        for channel in channels:
            if missing := lacking(data, speaks.get(channel, frozenset())):
                named = ", ".join(one.removeprefix("data.") for one in missing[:5])
                yield Problem(step, f"The template {variant.template} needs {named} for {channel}. Write it among the values for the messages (data).", code="data_missing")
                break


def _audience(draft: Campaign, world: World) -> Iterator[Problem]:
    if not draft.audience:
        yield Problem("audience", "Nobody is chosen. Pick an audience.", code="unknown_audience")
    for key in (draft.audience, *draft.exclude):
        if key and key not in world.audiences:
            yield Problem("audience", f"There is no audience {key[:64]!r} any more. Pick another.", code="unknown_audience")


def _timing(timing: Timing, now: float) -> Iterator[Problem]:
    step = "delivery"
    if not (math.isfinite(timing.pace) and 0 <= timing.pace <= FASTEST):
        yield Problem(step, f"The pace is 0 (as fast as it goes) to {FASTEST:,.0f} people a second.", code="invalid")
    if not 0 <= timing.expires <= 30 * 86_400:
        yield Problem(step, "It may be of use for at most 30 days.", code="invalid")
    if timing.window is not None and not _window_fits(timing):
        yield Problem(step, "The window needs two different times like 09:00 and 18:00, and at least one day.", code="invalid")
    try:
        if timing.zone != OWN:
            recurrence.zone_of(timing.zone)
        if timing.kind == "recurring":
            recurrence.checked(timing.cron, timing.zone, now)
        elif timing.kind == "at":
            yield from _at(timing, now)
    except Invalid as refusal:
        yield Problem(step, refusal.detail, code="invalid")


def _at(timing: Timing, now: float) -> Iterator[Problem]:
    at = moment_of(timing)
    if at is None:
        yield Problem("delivery", "Choose a day and a time.", code="invalid")
        return
    last = recurrence.ends(at, timing.zone)
    if last + (timing.grace if timing.zone == OWN else 0) <= now:
        yield Problem("delivery", "This time is over. Choose one that is to come, or send it now.", code="past")
    elif last > now + FURTHEST:
        yield Problem("delivery", "This is more than a year ahead. Choose an earlier time.", code="invalid")
    elif timing.zone != OWN and shown_at(at, timing.zone) != timing.at[:16]:
        yield Problem("delivery", f"The clock of {timing.zone} skips {timing.at[11:16]} on that day: it goes at {shown_at(at, timing.zone)[11:]}.", blocks=False, code="gap")
    elif timing.zone == OWN and recurrence.starts(at, OWN) < now:
        told = f"In some zones this hour is over already: who lives there is told at once, or not at all once it is over by {timing.grace // 60:,} minutes."
        yield Problem("delivery", told, blocks=False, code="past")


def moment_of(timing: Timing) -> float | None:
    """The moment of a single time: on the clock of its zone, or as if UTC's when it is each person's own. None for what is none."""
    try:
        wall = datetime.fromisoformat(timing.at[:16])
    except ValueError:
        return None
    if wall.tzinfo is not None or not 1990 < wall.year < 2200:
        return None
    return wall.replace(tzinfo=UTC).timestamp() if timing.zone == OWN else recurrence.wall_moment(wall, recurrence.zone_of(timing.zone))


def shown_at(at: float, zone: str) -> str:
    """What the clock of the zone shows then, "2026-12-01T09:00"."""
    return datetime.fromtimestamp(at, recurrence.zone_of(zone)).strftime("%Y-%m-%dT%H:%M")


def _window_fits(timing: Timing) -> bool:
    window = timing.window
    assert window is not None
    times = [at for at in (window.start, window.end) if len(at) == 5 and at[2] == ":" and at[:2].isdigit() and at[3:].isdigit() and at <= "24:00" and at[3:] < "60"]
    return len(times) == 2 and window.start != window.end and bool(window.days) and set(window.days) <= set(range(7))


def _experiment(draft: Campaign) -> Iterator[Problem]:
    step, tried = "experiment", draft.experiment
    if tried is None:
        if len(draft.variants) > 1:
            yield Problem(step, f"There are {len(draft.variants)} variants and nothing says how to tell which is better. Choose what is measured.", code="no_metric")
        return
    weights = [variant.weight for variant in draft.variants]
    if not all(math.isfinite(weight) and weight > 0 for weight in weights) or abs(sum(weights) - 100) > 0.01:
        yield Problem(step, f"The weights of the variants come to {sum(weights):g}, not to 100. Change one.", code="weights")
    if len(draft.variants) < 2 and not tried.holdout:
        yield Problem(step, "One message and nobody held out: there is nothing to compare. Add a variant, or hold some people out.", code="no_metric")
    if not (0 <= tried.holdout <= 50 and 1 <= tried.share <= 100):
        yield Problem(step, "At most half of the people are held out, and at least 1 of a hundred is tried on.", code="shares")
    if tried.metric == "converted" and not tried.event:
        yield Problem(step, "A conversion is an event that says what somebody did, like order.placed. Name its type.", code="no_metric")
    if tried.metric == "opened":
        yield Problem(step, "Many opens are made by machines that look at mails before people do. Clicks or conversions say more.", blocks=False, code="opens")
    if not _numbers_fit(tried):
        yield Problem(step, "A gain is between 0 and 1, days 1 to 90, people at least 1, and a window 1 to 90 days.", code="invalid")


def _numbers_fit(tried: Experiment) -> bool:
    return 0 < tried.gain < 1 and 0 <= tried.days <= 90 and 1 <= tried.window_days <= 90 and tried.least >= 1


def may(state: States, draft: Campaign) -> list[str]:
    """What may be done now."""
    found = list(MAY[state])
    if draft.approval and state == "draft":
        found.remove("start")
    if not draft.approval and state == "draft":
        found.remove("submit")
    return found
