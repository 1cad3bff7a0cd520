"""A small world of people and a plain reader of rules: what `audience_people` is held to, written without SQL."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from backend.domain import audience as rules
from backend.domain.audience import Audience, Rule

NOW = 1_790_000_000.0
DAY = 86_400.0
NAMES = ("plan", "age", "city", "vip", "since")
TEXTS = ("pro", "free", "", "Ünal %", "7")
NUMBERS = (0.0, 7.0, 18.5, -3.0)
DATES = ("2026-01-31", "2026-02-01T10:00:00Z", "2027-01-01")
GROUPS, CATEGORIES, CHANNELS, TYPES, CAMPAIGNS, LISTS = ("g1", "g2"), ("offers", "news"), ("email", "push"), ("bought", "asked"), ("spring", "fall"), ("vips", "beta")
ZONES = ("UTC", "Europe/Berlin")
MOMENTS = st.sampled_from([None, NOW - DAY, NOW - 10 * DAY, NOW - 100 * DAY])
DID = ("got", "opened", "clicked")


class One(msgspec.Struct):
    """What is known of one person."""

    person: int
    user_id: str
    timezone: str
    attributes: dict[str, Any]
    consents: dict[str, bool]
    did: dict[str, float | None]
    times: dict[str, float]
    groups: set[str]
    lists: set[str]
    acts: dict[str, tuple[float, int]]
    campaigns: dict[str, dict[str, float | None]]
    erased: bool


def _values() -> st.SearchStrategy[Any]:
    return st.one_of(st.sampled_from([*TEXTS, *DATES]), st.sampled_from(NUMBERS), st.booleans())


@st.composite
def worlds(draw: st.DrawFn) -> list[One]:
    """Up to twelve people."""
    return [
        One(
            n + 1, f"user-{n}", draw(st.sampled_from(ZONES)), draw(st.dictionaries(st.sampled_from(NAMES), _values())),
            draw(st.dictionaries(st.sampled_from(CATEGORIES), st.booleans())), {did: draw(MOMENTS) for did in DID},
            draw(st.dictionaries(st.sampled_from([f"{d}|{x}" for d in DID for x in (*CATEGORIES, *CHANNELS)]), MOMENTS.filter(bool))),
            draw(st.sets(st.sampled_from(GROUPS))), draw(st.sets(st.sampled_from(LISTS))),
            draw(st.dictionaries(st.sampled_from(TYPES), st.tuples(MOMENTS.filter(bool), st.integers(1, 3)))),
            draw(st.dictionaries(st.sampled_from(CAMPAIGNS), st.fixed_dictionaries(dict.fromkeys(DID, MOMENTS)))), draw(st.integers(0, 9)) == 0,
        )
        for n in range(draw(st.integers(0, 12)))
    ]  # fmt: skip


def _attribute(name: str) -> st.SearchStrategy[Rule]:
    text, number = st.sampled_from([*TEXTS, *DATES]), st.sampled_from(NUMBERS)
    made = {
        "equals": _values(), "differs": _values(), "one_of": st.lists(st.one_of(text, number), max_size=3), "none_of": st.lists(text, max_size=3),
        "contains": text, "begins": text, "more": number, "less": number, "between": st.lists(number, min_size=2, max_size=2),
        "before": st.sampled_from(["2026-02-01", "2026-12-31"]), "after": st.sampled_from(["2026-02-01", "2026-12-31"]), "present": st.none(), "absent": st.none(),
    }  # fmt: skip
    return st.one_of([value.map(lambda v, is_=is_: rules.Attribute(name, is_, v)) for is_, value in made.items()])  # type: ignore[misc, arg-type]


WITHIN = st.sampled_from([0, 5, 30])
LEAVES: st.SearchStrategy[Rule] = st.one_of(
    st.sampled_from(NAMES).flatmap(_attribute),
    st.sampled_from(ZONES).map(lambda zone: rules.Attribute("timezone", "equals", zone)),
    st.sampled_from(["user-1", "user-"]).map(lambda begin: rules.Attribute("user_id", "begins", begin)),
    st.sampled_from(GROUPS).map(rules.InGroup),
    st.builds(rules.Consented, st.sampled_from(CATEGORIES), st.booleans()),
    st.builds(rules.Activity, st.sampled_from(DID), WITHIN),
    st.builds(lambda did, days, x: rules.Activity(did, days, channel=x), st.sampled_from(DID), WITHIN, st.sampled_from(CHANNELS)),
    st.builds(lambda did, days, x: rules.Activity(did, days, category=x), st.sampled_from(DID), WITHIN, st.sampled_from(CATEGORIES)),
    st.builds(lambda did, days, x: rules.Activity(did, days, campaign=x), st.sampled_from(DID), WITHIN, st.sampled_from(CAMPAIGNS)),
    st.builds(rules.Acted, st.sampled_from(TYPES), WITHIN, st.integers(1, 3)),
    st.sampled_from([*LISTS, "pros"]).map(rules.InAudience),
)
RULES: st.SearchStrategy[Rule] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda of: rules.All(tuple(of))), st.lists(inner, max_size=3).map(lambda of: rules.Any(tuple(of))), inner.map(rules.Not)
    ),
    max_leaves=6,
)
PROS = Audience(rules.Attribute("plan", "equals", "pro"), exclude=("beta",))  # saved as "pros"


def named(world: list[One], audience: Audience) -> set[int]:
    """Whom it names, by reading the rule aloud."""
    found = set()
    for one in world:
        if one.erased or any(_in_audience(one, key) for key in audience.exclude):
            continue
        if audience.rule is not None and holds(one, audience.rule):
            found.add(one.person)
    return found


def _in_audience(one: One, key: str) -> bool:
    return "beta" not in one.lists and one.attributes.get("plan") == "pro" if key == "pros" else key in one.lists


def _recent(at: float | None, days: int) -> bool:
    return at is not None and (not days or at >= NOW - days * DAY)


def holds(one: One, rule: Rule) -> bool:
    """Whether the rule names this person."""
    match rule:
        case rules.All():
            return all(holds(one, each) for each in rule.of)
        case rules.Any():
            return any(holds(one, each) for each in rule.of)
        case rules.Not():
            return not holds(one, rule.of)
        case rules.InGroup():
            return rule.key in one.groups
        case rules.Consented():
            return one.consents.get(rule.category) is rule.given
        case rules.Activity():
            if rule.campaign:
                return _recent(one.campaigns.get(rule.campaign, {}).get(rule.did), rule.within_days)
            about = rule.channel or rule.category
            return _recent(one.times.get(f"{rule.did}|{about}") if about else one.did[rule.did], rule.within_days)
        case rules.Acted():
            at, n = one.acts.get(rule.type, (None, 0))
            return n >= rule.times and _recent(at, rule.within_days)
        case rules.InAudience():
            return _in_audience(one, rule.key)
        case rules.Attribute():
            known = one.attributes | {"timezone": one.timezone, "user_id": one.user_id}
            return _meets(rule, known.get(rule.name))


def _same(have: object, wanted: object) -> bool:
    return type(have) is type(wanted) and have == wanted


def _meets(rule: rules.Attribute, have: Any) -> bool:
    value: Any = rule.value
    text, number = isinstance(have, str), isinstance(have, float)
    match rule.is_:
        case "present":
            return have is not None
        case "absent":
            return have is None
        case "equals":
            return _same(have, value)
        case "differs":
            return not _same(have, value)
        case "one_of":
            return any(_same(have, each) for each in value)
        case "none_of":
            return not any(_same(have, each) for each in value)
        case "contains":
            return text and value in have
        case "begins":
            return text and have.startswith(value)
        case "more":
            return number and have > value
        case "less":
            return number and have < value
        case "between":
            return number and value[0] <= have <= value[1]
        case "before":
            return text and len(have) >= 10 and have[:10] < value
        case "after":
            return text and len(have) >= 10 and have[:10] > value
