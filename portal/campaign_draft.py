"""The draft of a campaign as its builder has it: what is typed becomes a part of it, and two drafts that grew apart are brought together. Pure."""

import itertools
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from backend.app.campaign_views import CampaignIn, CampaignView
from backend.domain.campaign import OWN, VARIANTS, Campaign, Experiment, Guardrails, Timing, Variant, Window
from backend.domain.delivery import CHANNELS
from portal.typed import Unread, field_text, number_of, whole_of

LETTERS = "ABCDEFGH"
MORNING = "09:00"
EXPIRES = (0, 7_200, 21_600, 86_400, 172_800, 604_800)  # seconds to choose from
METRICS = ("clicked", "converted", "read", "opened")
PRESETS = ("0 9 * * *", "0 9 * * 1-5", "0 9 * * 1", "0 9 1 * *")
_DAY, _CLOCK = re.compile(r"\d{4}-\d{2}-\d{2}"), re.compile(r"([01]\d|2[0-3]):[0-5]\d")
# what is typed as text -> its longest
TEXTS = {"name": 200, "description": 2_000, "category": 64, "audience": 128}
PARTS = ("name", "description", "category", "channels", "variants", "audience", "exclude", "timing", "experiment", "approval", "priority", "data")


class Draft(msgspec.Struct, frozen=True):
    """A campaign with its name."""

    name: str = ""
    body: Campaign = Campaign()


class Wrong(Exception):
    """What was typed cannot be. `key`: of the phrase that says so."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def draft_of(view: CampaignView) -> Draft:
    """The draft of a campaign as it is saved."""
    return Draft(view.name, view.draft)


def given(draft: Draft, revision: int) -> CampaignIn:
    """What the facade takes of it."""
    body = draft.body
    return CampaignIn(
        name=draft.name, category=body.category, audience=body.audience, exclude=list(body.exclude), variants=list(body.variants), channels=list(body.channels),
        data=body.data, timing=body.timing, experiment=body.experiment, approval=body.approval, priority=body.priority, description=body.description, revision=revision,
    )  # fmt: skip


# ---- what is typed
def number(text: str, low: float, high: float, language: str = "en", *, whole: bool = False) -> float:
    """A number as people type it. Raises `Wrong`."""
    try:
        value = whole_of(text, language) if whole else number_of(text, language)
    except Unread as unread:
        raise Wrong(unread.key, **unread.values) from None
    if not low <= value <= high:
        raise Wrong("cedit.bad.range", low=field_text(low, language), high=field_text(high, language))
    return value


def plain(value: float) -> str:
    """As a field shows a number: without zeros behind."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    return lambda text, language: int(number(text, low, high, language, whole=True))


_EXPERIMENT: dict[str, Callable[[str, str], Any]] = {
    "gain": lambda text, language: number(text, 0.01, 50, language) / 100,
    "share": lambda text, language: number(text, 1, 100, language),
    "holdout": lambda text, language: number(text, 0, 50, language),
    "least": _whole(0, 10_000_000),
    "days": lambda text, language: number(text, 0, 90, language),
    "window_days": _whole(1, 90),
    "event": lambda text, _: text.strip()[:128],
    "metric": lambda text, _: _one_of(text, METRICS),
    "winner": lambda text, _: _one_of(text, ("roll_out", "ask")),
}
_GUARDS = ("unsubscribed", "complained", "bounced")


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise Wrong("cedit.bad.choice")
    return text


def written(draft: Draft, name: str, text: str, language: str = "en") -> Draft:
    """The draft with this field as typed, in the language of whoever typed it. Raises `Wrong` for what it cannot be, `KeyError` for a field there is none of."""
    body = draft.body
    if name in TEXTS:
        text = text[: TEXTS[name]]
        if name == "name":
            text = " ".join(text.split())
            return msgspec.structs.replace(draft, name=text)
        return _with(draft, **{name: text if name == "description" else text.strip()})
    if name in _EXPERIMENT:
        made = msgspec.structs.replace(body.experiment or Experiment(), **{name: _EXPERIMENT[name](text, language)})
        return _with(draft, experiment=made if needed(body, made) else None)
    if name in _GUARDS:
        now = body.experiment or Experiment()
        rails = msgspec.structs.replace(now.guardrails, **{name: number(text, 0, 100, language) / 100})
        return _with(draft, experiment=msgspec.structs.replace(now, guardrails=rails))
    return _with(draft, timing=_timed(body.timing, name, text, language))


def _timed(timing: Timing, name: str, text: str, language: str) -> Timing:
    put = msgspec.structs.replace
    day, _, clock = timing.at.partition("T")
    text = text.strip()
    if name == "date":
        if text and not _DAY.fullmatch(text):
            raise Wrong("cedit.bad.date")
        return put(timing, at=f"{text}T{clock or MORNING}" if text else "")
    if name == "time":
        if not _CLOCK.fullmatch(text[:5]):
            raise Wrong("cedit.bad.time")
        return put(timing, at=f"{day}T{text[:5]}")
    if name == "cron":
        return put(timing, cron=" ".join(text.split())[:100])
    if name == "zone":
        return put(timing, zone=text[:64])
    if name == "pace":
        return put(timing, pace=number(text, 0, 1_000_000, language) if text else 0.0)
    if name == "expires":
        return put(timing, expires=round(number(text, 0, 30 * 86_400)))
    window = timing.window or Window(MORNING, "20:00")
    if name in ("start", "end"):
        if not _CLOCK.fullmatch(text[:5]):
            raise Wrong("cedit.bad.time")
        return put(timing, window=put(window, **{name: text[:5]}))
    raise KeyError(name)


def _with(draft: Draft, **fields: Any) -> Draft:
    return msgspec.structs.replace(draft, body=msgspec.structs.replace(draft.body, **fields))


# ---- what is picked
def kind_of(draft: Draft, kind: str) -> Draft:
    """When it goes: now, at, recurring."""
    timing = msgspec.structs.replace(draft.body.timing, kind=_one_of(kind, ("now", "at", "recurring")))
    if timing.kind == "recurring" and not timing.cron:
        timing = msgspec.structs.replace(timing, cron=PRESETS[2])
    return _with(draft, timing=timing)


def own_clock(draft: Draft, on: bool, zone: str) -> Draft:
    """On each person's clock, or on that of `zone`."""
    return _with(draft, timing=msgspec.structs.replace(draft.body.timing, zone=OWN if on else zone))


def windowed(draft: Draft, on: bool) -> Draft:
    """Between two hours only, or at any."""
    return _with(draft, timing=msgspec.structs.replace(draft.body.timing, window=Window(MORNING, "20:00") if on else None))


def day_turned(draft: Draft, day: int) -> Draft:
    """A day of the week in the window or out of it; the last one stays."""
    window = draft.body.timing.window
    if window is None or not 0 <= day <= 6:
        return draft
    days = tuple(sorted({*window.days} ^ {day}))
    return _with(draft, timing=msgspec.structs.replace(draft.body.timing, window=msgspec.structs.replace(window, days=days))) if days else draft


def channel_turned(draft: Draft, name: str, on: bool, usual: list[str]) -> Draft:
    """A channel in or out, behind those that are in. `usual`: the category's, as long as none was chosen."""
    if name not in CHANNELS:
        return draft
    chosen = list(draft.body.channels or usual)
    rest = [one for one in chosen if one != name]
    return _with(draft, channels=tuple([*rest, name] if on and name not in chosen else chosen if on else rest))


def channel_moved(draft: Draft, name: str, by: int, usual: list[str]) -> Draft:
    """One place up or down."""
    chosen = list(draft.body.channels or usual)
    if name in chosen:
        at = chosen.index(name)
        to = at + (1 if by > 0 else -1)
        if 0 <= to < len(chosen):
            chosen[at], chosen[to] = chosen[to], chosen[at]
    return _with(draft, channels=tuple(chosen))


def even(n: int) -> list[float]:
    """Parts of a hundred for so many, as even as two digits allow; together exactly 100."""
    each = math.floor(10_000 / n) / 100
    return [round(100 - each * (n - 1), 2), *[each] * (n - 1)]


def variant_added(draft: Draft) -> Draft:
    """One message more, a copy of the last; it is tried against the others then."""
    now = draft.body.variants
    if len(now) >= VARIANTS:
        return draft
    free = next(letter for letter in LETTERS if letter not in {one.name for one in now})
    some = [*now, msgspec.structs.replace(now[-1] if now else Variant(), name=free)]
    return _weighed(_with(draft, variants=tuple(some), experiment=draft.body.experiment or Experiment()), even(len(some)))


def variant_removed(draft: Draft, place: int) -> Draft:
    """Without the message at this place; one is left at least."""
    some = [one for n, one in enumerate(draft.body.variants) if n != place]
    if not some or len(some) == len(draft.body.variants):
        return draft
    experiment = draft.body.experiment
    kept = experiment if experiment is not None and needed(msgspec.structs.replace(draft.body, variants=tuple(some)), experiment) else None
    return _weighed(_with(draft, variants=tuple(some), experiment=kept), even(len(some)))


def variant_written(draft: Draft, place: int, name: str, text: str, language: str = "en") -> Draft:
    """A field of the message at this place: name, template, weight. Raises `Wrong`."""
    some = list(draft.body.variants)
    if not 0 <= place < len(some):
        return draft
    if name == "weight":
        some[place] = msgspec.structs.replace(some[place], weight=number(text, 0, 100, language))
    elif name == "template":
        some[place] = msgspec.structs.replace(some[place], template=text.strip()[:128])
    elif name == "name":
        typed = " ".join(text.split())[:40]
        if not typed or typed in {one.name for n, one in enumerate(some) if n != place}:
            raise Wrong("cedit.bad.variant")
        some[place] = msgspec.structs.replace(some[place], name=typed)
    return _with(draft, variants=tuple(some))


def valued(draft: Draft, path: str, text: str) -> Draft:
    """A value of the data that the messages read, by its path "order.number"; an empty text takes it out."""
    names = [name for name in path.split(".") if name][:8]
    if not names:
        return draft
    return _with(draft, data=_put(draft.body.data, names, text[:2_000]))


def _put(data: dict[str, Any], names: list[str], text: str) -> dict[str, Any]:
    name, rest = names[0], names[1:]
    if not rest:
        kept = {key: value for key, value in data.items() if key != name}
        return {**kept, name: text} if text else kept
    inner = data.get(name)
    return {**data, name: _put(inner if isinstance(inner, dict) else {}, rest, text)}


def value_of(data: dict[str, Any], path: str) -> str:
    """What stands there now, "" for nothing and for what is no single value."""
    found: Any = data
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return "" if found is None or isinstance(found, dict | list) else str(found)


def split_evenly(draft: Draft) -> Draft:
    """All messages with the same weight."""
    return _weighed(draft, even(len(draft.body.variants)))


def _weighed(draft: Draft, weights: list[float]) -> Draft:
    return _with(draft, variants=tuple(msgspec.structs.replace(one, weight=w) for one, w in zip(draft.body.variants, weights, strict=True)))


def needed(body: Campaign, experiment: Experiment) -> bool:
    """Whether there is anything to try: two messages, or a group that gets none."""
    return len(body.variants) > 1 or experiment.holdout > 0


def excluded(draft: Draft, key: str, on: bool) -> Draft:
    """An audience whose people are left out, or no longer."""
    rest = tuple(one for one in draft.body.exclude if one != key)
    return _with(draft, exclude=(*rest, key[:128]) if on and key else rest)


def approval(draft: Draft, on: bool) -> Draft:
    """Whether a second person has to say yes."""
    return _with(draft, approval=on)


def guarded_by(draft: Draft, name: str, on: bool) -> Draft:
    """A guardrail at its usual limit, or off."""
    now = draft.body.experiment or Experiment()
    if name not in _GUARDS:
        return draft
    limit = getattr(Guardrails(), name) if on else 0.0
    return _with(draft, experiment=msgspec.structs.replace(now, guardrails=msgspec.structs.replace(now.guardrails, **{name: limit})))


# ---- two people on one draft
def part(draft: Draft, key: str) -> Any:
    """One of `PARTS`."""
    return draft.name if key == "name" else getattr(draft.body, key)


def put_part(draft: Draft, key: str, value: Any) -> Draft:
    return msgspec.structs.replace(draft, name=value) if key == "name" else _with(draft, **{key: value})


def torn(base: Draft, mine: Draft, theirs: Draft) -> list[str]:
    """The parts that both changed, each in another way."""
    return [key for key in PARTS if part(mine, key) != part(base, key) != part(theirs, key) != part(mine, key)]


def joined(base: Draft, mine: Draft, theirs: Draft, take: set[str]) -> Draft:
    """Each part from whoever changed it; of those that both changed, `take` are theirs and the others mine."""
    both = set(torn(base, mine, theirs))
    made = theirs
    for key in PARTS:
        if (key in both and key not in take) or (key not in both and part(mine, key) != part(base, key)):
            made = put_part(made, key, part(mine, key))
    return made


def keys_of(name: str, otherwise: str = "campaign") -> Iterator[str]:
    """Keys for a new campaign (or what `otherwise` says), made of its name: lower letters, digits and strokes; then with a number behind, for when
    they are taken."""
    flat = name.lower().translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "a", "ø": "o", "æ": "ae", "é": "e", "è": "e"}))
    stem = re.sub(r"[^a-z0-9]+", "-", flat).strip("-")[:60].strip("-") or otherwise
    stem = f"new-{otherwise}" if stem == "new" else stem  # that address is the page which makes one
    return (stem if n == 1 else f"{stem}-{n}" for n in itertools.count(1))


def form_of(draft: Draft, zone: str) -> dict[str, str]:
    """What the fields of the builder show. `zone`: the reader's, where each person's own is meant."""
    body, timing = draft.body, draft.body.timing
    day, _, clock = timing.at.partition("T")
    window = timing.window or Window(MORNING, "20:00")
    trial = body.experiment or Experiment()
    rails = trial.guardrails
    return {
        "name": draft.name, "description": body.description, "category": body.category, "audience": body.audience, "date": day, "time": clock or MORNING,
        "zone": zone if timing.zone == OWN else timing.zone, "cron": timing.cron, "pace": plain(timing.pace) if timing.pace else "", "expires": str(timing.expires),
        "start": window.start, "end": window.end, "metric": trial.metric, "event": trial.event, "window_days": str(trial.window_days), "gain": plain(100 * trial.gain),
        "share": plain(trial.share), "holdout": plain(trial.holdout), "winner": trial.winner, "least": str(trial.least), "days": plain(trial.days),
        "unsubscribed": plain(100 * rails.unsubscribed), "complained": plain(100 * rails.complained), "bounced": plain(100 * rails.bounced),
    }  # fmt: skip


def weights_of(body: Campaign) -> float:
    """Of all messages together; 100 when it is well."""
    return round(sum(one.weight for one in body.variants), 2)


