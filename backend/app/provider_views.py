"""What people and programs see of providers, and hand in. What is secret is never in it: only that it is set."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from backend.channels.kinds import Field, Kind
from backend.domain.delivery import CHANNELS

Typed = str | int | bool | None
Origin = Literal["portal", "settings", "capture"]
Fields = Annotated[dict[str, Typed], Meta(max_length=40)]
Text = Annotated[str, Meta(max_length=320)]
Said = dict[str, str]  # by language


class ChoiceView(Struct):
    """One of several values of a field."""

    name: str
    title: Said


class FieldView(Struct):
    """A field of a kind. `form`: text, secret, lines, secret_lines, number, choice or switch. `usual`: what stands there when nothing is typed.
    `pinned`: when it changes, what is secret has to be typed again. `rare`: most people leave it as it is."""

    name: str
    form: str
    title: Said
    hint: Said
    required: bool
    usual: str
    choices: list[ChoiceView]
    low: int
    high: int
    longest: int
    secret: bool
    pinned: bool
    rare: bool


class KindView(Struct):
    """A kind of provider, and what one must have to use it. `hears`: it tells us what became of messages."""

    key: str
    name: str
    channel: str
    route: str
    needs: Said
    fields: list[FieldView]
    hears: bool


class ProviderIn(Struct, forbid_unknown_fields=True):
    """A provider as somebody hands it in. A secret field that is left out or empty keeps what it holds, null clears it. `weight`: of a hundred, 0
    when it only stands in; `used`: switched on. Both stay when left out. `revision`: the one you read."""

    kind: str
    fields: Fields = field(default_factory=dict)
    weight: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    used: bool | UnsetType = UNSET
    revision: int | None = None


class PlaceIn(Struct, forbid_unknown_fields=True):
    """One of a channel, in the order in which they are asked."""

    key: str
    weight: Annotated[int, Meta(ge=0, le=100)]


class OrderIn(Struct, forbid_unknown_fields=True):
    """All providers of a channel, in the order in which they are asked."""

    order: Annotated[list[PlaceIn], Meta(max_length=50)]


class CheckIn(Struct, forbid_unknown_fields=True):
    """What to look at: fields that are not kept yet, or nothing, for the provider as it is kept."""

    kind: str = ""
    fields: Fields = field(default_factory=dict)


class CheckView(Struct):
    """What happened when a connection was opened: one sentence."""

    well: bool
    said: str
    seconds: float


class SelfTestIn(Struct, forbid_unknown_fields=True):
    """To whom: one of your own addresses unless one is typed, which then becomes one of yours."""

    address: Annotated[str, Meta(max_length=4_096)] = ""


class SelfTestSent(Struct):
    """A test on its way. `captured`: the space is being tested, so it stays in the house."""

    event: str
    delivery: str
    address: str  # masked
    captured: bool


class OutlookView(Struct):
    """What removing a provider, or switching it off, means. `waiting`: deliveries parked for its route; `others`: keys of those that take over;
    `then`: others, settings (those of the installation), capture (nothing reaches anybody any more) or nobody (everything waits)."""

    waiting: int
    others: list[str]
    then: Literal["others", "settings", "capture", "nobody"]


class ModeView(Struct, forbid_unknown_fields=True):
    """`test`: everything of the space is captured, whatever is configured."""

    test: bool


class ProviderView(Struct):
    """One provider. `breaker`: closed (used), open (left alone until `until`), trying, off (switched off) or unseen (nobody delivers, or nobody could
    make it). `points`: of a hundred, its part of its route now. `bad`, `answers`: of the last ten to twenty seconds. `rate`: attempts a
    second of all processes together, 0 for any number. `waiting`: deliveries parked because nobody of the route can take them. `slow`: the
    mean time of an answer in seconds where it is above the bound, else 0. `known`: its key in attempts, halts and metrics. `secrets`: the
    secret fields that are set. `hook`: the address for its receipts, "" when it tells none."""

    key: str
    channel: str
    breaker: str
    points: int
    bad: int
    answers: int
    rate: int
    code: str
    halted: bool
    waiting: int
    since: datetime | None = None
    until: datetime | None = None
    slow: float = 0.0
    known: str = ""
    route: str = ""
    origin: Origin = "settings"
    kind: str = ""
    used: bool = True
    weight: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    hook: str = ""
    revision: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""


def kind_view(kind: Kind) -> KindView:
    """A kind as it is shown."""
    return KindView(kind.key, kind.name, kind.channel, kind.way, dict(kind.needs), [_field(one) for one in kind.fields], kind.hear is not None)


def _field(one: Field) -> FieldView:
    choices = [ChoiceView(name, dict(title)) for name, title in one.choices]
    return FieldView(
        one.name, one.form, dict(one.title), dict(one.hint), one.required, one.usual, choices, one.low, one.high, one.longest, one.secret, one.pinned,
        one.rare,
    )


def in_order(kinds: list[KindView]) -> list[KindView]:
    """By channel, then by name."""
    return sorted(kinds, key=lambda kind: (CHANNELS.index(kind.channel), kind.name.lower()))
