"""People, categories and facts for the tests of the rules, and Hypothesis strategies for them."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from backend.domain.category import SEEDED, Category
from backend.domain.decision import Facts
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.event import Event
from backend.domain.ids import make_id
from backend.domain.person import Address, Person, QuietHours, Wishes

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
NIGHT = datetime(2026, 11, 25, 23, tzinfo=UTC).timestamp()
MORNING = datetime(2026, 11, 26, 8, tzinfo=UTC).timestamp()
MIA = 7
NIGHTLY = (QuietHours("22:00", "08:00"),)
BY_KEY = {c.key: c for c in SEEDED}
MAIL, PHONE, BELL, TABLET = (
    Address(2, b"mail", b"s"),
    Address(4, b"phone", b"s"),
    Address(3, b"phone-push", b"s"),
    Address(3, b"tablet", b"s"),
)


def an_event(category="orders", now=NOON, **more):
    fields = {"priority": "normal", "channels": (), "key": "", **more}
    return Event(make_id(int(now * 1000), b"test", fields["key"].encode()), 1, MIA, "order.shipped", category, accepted=now, **fields)


def a_person(**more):
    return Person(1, MIA, "mia", 1, **{"addresses": (MAIL, BELL, PHONE), **more})


def some_facts(category="orders", now=NOON, person=None, event=None, **more):
    fields = {"event": event or an_event(category, now), "category": BY_KEY[category], "person": person or a_person(), **more}
    return Facts(now, **fields)


# ---- strategies
wall = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from([0, 30]))
quiet = st.none() | st.lists(st.builds(QuietHours, wall, wall), max_size=2).map(tuple)
tick = st.dictionaries(st.sampled_from(CHANNELS), st.booleans(), max_size=3)
keys = st.sampled_from(["orders", "security", "marketing", "product", "chat"])
wishes = st.builds(
    Wishes,
    channels=tick,
    categories=st.dictionaries(keys, st.booleans(), max_size=3),
    matrix=st.dictionaries(keys, tick, max_size=2),
    quiet=quiet,
    paused_until=st.sampled_from([None, None, None, 0.0, NOON - 5, NOON + 3600, NOON + 90_000]),
    frequency=st.sampled_from(["", "", "each", "daily", "weekly"]),
)
addresses = st.lists(
    st.builds(
        Address, st.sampled_from([2, 3, 4]), st.binary(min_size=1, max_size=2), st.just(b"s"), st.sampled_from(["", "", "bounced", "stop"])
    ),
    max_size=6,
    unique_by=lambda a: (a.channel, a.hash),
).map(tuple)
people = st.builds(
    Person,
    space=st.just(1),
    person=st.just(MIA),
    user_id=st.just("mia"),
    revision=st.just(1),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Chatham", "Nowhere/Else"]),
    addresses=addresses,
    wishes=wishes,
    group_wishes=st.lists(st.tuples(st.sampled_from("abc"), wishes), max_size=2, unique_by=lambda g: g[0]).map(
        lambda g: tuple(sorted(g, key=lambda x: x[0]))
    ),
    consents=st.dictionaries(keys, st.booleans(), max_size=3),
    erased=st.sampled_from([False, False, False, True]),
)


@st.composite
def facts(draw):
    category = BY_KEY[draw(keys)]
    if draw(st.booleans()):
        category = Category(
            category.key, category.name, draw(st.sampled_from(["essential", "service", "marketing"])), urgent=draw(st.booleans())
        )
    now = NOON + draw(st.integers(0, 30 * 86_400))
    event = an_event(
        category.key,
        NOON,
        priority=draw(st.sampled_from(PRIORITIES)),
        channels=draw(st.lists(st.sampled_from(CHANNELS), max_size=5).map(tuple)),
        expires=draw(st.sampled_from([0.0, 0.0, NOON + 3600, NOON + 86_400 * 40])),
        asked_priority=draw(st.sampled_from(["", "critical"])),
        collapse="c",
    )
    return Facts(
        now,
        event,
        category,
        draw(people),
        draw(wishes),
        draw(st.sampled_from([(), (), ("channel:sms",), ("category:orders",), ("space",)])),
        draw(st.sampled_from([b"", b"", make_id(int(NOON * 1000) + 5, b"newer")])),
        draw(st.sampled_from([None, None, ("web", "email")])),
        draw(st.sampled_from([(), (), ("email",)])),
    )
