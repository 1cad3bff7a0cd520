"""Whether a rule can be asked: its size, and the values of its conditions. What it names (groups, categories, audiences) is looked up by the facade. Pure."""

import math
import re
from collections.abc import Iterator
from datetime import date

from backend.domain import audience as rules
from backend.domain.audience import Audience, Rule
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Invalid
from backend.domain.fields import LONGEST, named

DEEPEST = 8  # groups of conditions within each other
CONDITIONS = 100
VALUES = 1_000  # of one condition
EXCLUDED = 20
FURTHEST = 3_650  # days
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+\-]{0,127}")
COMPARING = ("more", "less", "between")
DATED = ("before", "after")
SEVERAL = ("one_of", "none_of", "between")


class Names:
    """What a rule names of the space."""

    def __init__(self) -> None:
        self.groups: set[str] = set()
        self.categories: set[str] = set()
        self.audiences: set[str] = set()
        self.campaigns: set[str] = set()


def checked(audience: Audience) -> Names:
    """What it names. Raises `Invalid` with the repair."""
    names = Names()
    if len(audience.exclude) > EXCLUDED:
        raise Invalid(f"At most {EXCLUDED} audiences are left out of another. Put them into one audience first.", field="exclude", limit=EXCLUDED)
    names.audiences.update(audience.exclude)
    if audience.rule is not None:
        for count, (rule, depth) in enumerate(each(audience.rule), 1):
            if depth > DEEPEST:
                raise Invalid(f"Conditions stand at most {DEEPEST} deep in each other. Make a part of the rule an audience of its own.", field="rule")
            if count > CONDITIONS:
                raise Invalid(f"A rule has at most {CONDITIONS} conditions. Make a part of it an audience of its own.", field="rule")
            _check(rule, names)
    return names


def each(rule: Rule, depth: int = 0) -> Iterator[tuple[Rule, int]]:
    """Every condition with how deep it stands, without recursion: what is handed in may be deeper than our stack."""
    waiting = [(rule, depth)]
    while waiting:
        one, at = waiting.pop()
        yield one, at
        if isinstance(one, rules.All | rules.Any):
            waiting += [(inner, at + 1) for inner in one.of]
        elif isinstance(one, rules.Not):
            waiting.append((one.of, at + 1))


def _check(rule: Rule, names: Names) -> None:
    match rule:
        case rules.Attribute():
            _attribute(rule)
        case rules.InGroup():
            names.groups.add(rule.key)
        case rules.Consented():
            names.categories.add(rule.category)
        case rules.InAudience():
            names.audiences.add(rule.key)
        case rules.Activity():
            _days(rule.within_days)
            given = [name for name in ("channel", "category", "campaign") if getattr(rule, name)]
            if len(given) > 1:
                raise Invalid(f"A condition of what somebody {rule.did} names one of channel, category and campaign, not {' and '.join(given)}.", field="rule")
            if rule.channel and rule.channel not in CHANNELS:
                raise Invalid(f"There is no channel {rule.channel[:64]!r}. The channels are {', '.join(CHANNELS)}.", field="rule")
            if rule.category:
                names.categories.add(rule.category)
            if rule.campaign:
                names.campaigns.add(rule.campaign)
        case rules.Acted():
            _days(rule.within_days)
            if not 1 <= rule.times <= 1_000_000:
                raise Invalid("How often somebody did something is a number from 1 to 1,000,000.", field="rule")
            if not 0 < len(rule.type) <= 128 or not rule.type.isprintable():
                raise Invalid("The type of an event is 1 to 128 characters, like order.placed.", field="rule")


def _days(days: int) -> None:
    if not 0 <= days <= FURTHEST:
        raise Invalid(f"Days are 0 (ever) to {FURTHEST:,}.", field="rule")


def _attribute(rule: rules.Attribute) -> None:
    name, value = rule.name, rule.value
    own = name in ("user_id", "timezone", "locale")
    if not own and not named(name):
        raise Invalid(f"{name[:64]!r} is no name of an attribute that rules can look at: 1 to 64 characters without quotation marks.", field="rule")
    if own and rule.is_ in COMPARING:
        raise Invalid(f"{name} is a text: it is not more or less than another.", field="rule")
    if rule.is_ in ("present", "absent"):
        if value is not None:
            raise Invalid(f"Whether {name} is {rule.is_} needs no value. Leave it out.", field="rule")
        return
    if rule.is_ in SEVERAL:
        if not isinstance(value, list) or not value:
            raise Invalid(f"{rule.is_.replace('_', ' ')} needs a list of values for {name}.", field="rule")
        if rule.is_ == "between" and (len(value) != 2 or not all(isinstance(v, int | float) for v in value)):
            raise Invalid(f"between needs two numbers for {name}, the lower first.", field="rule")
        if len(value) > VALUES:
            raise Invalid(f"A condition has at most {VALUES:,} values. Make a list of these people instead.", field="rule", limit=VALUES)
        for one in value:
            _value(name, one)
        return
    if value is None or isinstance(value, list):
        raise Invalid(f"{rule.is_} needs one value for {name}.", field="rule")
    _value(name, value)
    if rule.is_ in COMPARING and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Invalid(f"{rule.is_} needs a number for {name}, not {str(value)[:40]!r}.", field="rule")
    if rule.is_ in ("contains", "begins") and not (isinstance(value, str) and value):
        raise Invalid(f"{rule.is_} needs a text for {name}.", field="rule")
    if rule.is_ in DATED:
        try:
            date.fromisoformat(str(value)[:10] if isinstance(value, str) else "")
        except ValueError:
            raise Invalid(f"{rule.is_} needs a day for {name}, written like 2026-12-31.", field="rule") from None


def _value(name: str, value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"A value for {name} is no number that can be compared.", field="rule")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 1e15:
        raise Invalid(f"A number for {name} is too large: at most 15 digits.", field="rule")
    if isinstance(value, str) and (len(value) > LONGEST or "\x00" in value):
        raise Invalid(f"A text for {name} has at most {LONGEST} characters.", field="rule")


def key_fits(key: str) -> bool:
    """Whether an audience or a campaign may have it."""
    return bool(_KEY.fullmatch(key))
