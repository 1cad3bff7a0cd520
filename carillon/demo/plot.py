"""What happened in the demo's thirty days, and what happens now: which story, to whom, when. Pure: the same start gives the same plot.

A shop with a community: orders that come and go, people who sign in and talk, a letter a week to those who asked for it. More on
weekdays than at weekends, more by day than by night, and a little more from week to week. Twice a provider was away.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec

from backend.channels.base import Answer
from carillon.demo.cast import PEOPLE, crowd
from carillon.demo.german import spoken
from carillon.demo.past import pasts
from carillon.demo.templates import SHOP

HOUR, DAY = 3_600.0, 86_400.0
PART = 100  # people of a fan-out in one portion
_HOURS = (3, 2, 2, 2, 2, 3, 5, 7, 9, 10, 10, 10, 9, 9, 10, 10, 10, 10, 9, 9, 8, 7, 6, 4)  # by hour, UTC
_WEEK = (1.08, 1.04, 1.0, 1.02, 0.98, 0.76, 0.66)  # Monday first
_THINGS = (
    ("Enamel teapot", 54.0), ("Darjeeling, 250 g", 16.7), ("Stoneware cup", 14.5), ("Oolong, 100 g", 12.9), ("Bamboo whisk", 19.0), ("Gift card", 30.0),
    ("Kettle with thermometer", 89.0), ("Linen towel", 11.0), ("Honey from the heath", 8.4), ("Tea tin", 9.8),
)  # fmt: skip
_CITIES = ("Lisbon", "Porto", "Hamburg", "Leeds", "Lyon", "Boston", "Nagoya", "Pune", "Graz", "Turin")
_SAID = (
    "Did the teapot arrive in one piece?", "The second steep is the best one.", "I can bring the cups on Saturday.", "Which water do you use?",
    "Thank you, that was exactly it.", "Shall we order together?", "It tastes of apricots.", "Who has the recipe for the biscuits?",
)  # fmt: skip
_WHAT = ("stoneware cups", "green teas", "kettles", "tea tins", "everything for travelling")
_TIPS = (
    ("Three ways to brew oolong", "Cooler water, a smaller pot, shorter steeps: the same leaves give five cups, each of them different."),
    ("How to descale a kettle", "Half vinegar, half water, one hour, then twice clear water: nothing else is needed, and nothing scratches."),
    ("Where the new harvest comes from", "Four gardens, two thousand metres up, picked in the first two weeks of spring. We were there."),
    ("Tea that keeps for years", "Some teas become better with age. What you need is a dry shelf, a tin that breathes, and patience."),
)


class Story(msgspec.Struct, frozen=True):
    """A kind of event. `expires`: seconds after which it is of no use. `weight`: how often among single events."""

    type: str
    category: str
    template: str
    weight: int = 0
    priority: str = "normal"
    expires: float = 0.0
    group: str = ""


STORIES = {
    story.template: story
    for story in (
        Story("order.confirmed", "orders", "order_confirmed", 22),
        Story("order.shipped", "orders", "order_shipped", 18),
        Story("order.delivered", "orders", "order_delivered", 14),
        Story("payment.failed", "orders", "payment_failed", 3, "high"),
        Story("sign_in.code", "security", "sign_in_code", 12, "critical", 600.0),
        Story("sign_in.new_device", "security", "new_device", 5, "high"),
        Story("password.changed", "security", "password_changed", 2, "critical"),
        Story("chat.message", "chat", "chat_message", 17, "high", 2 * DAY),
        Story("invoice.ready", "system", "invoice_ready", 5),
        Story("maintenance.planned", "system", "maintenance", group="beta"),
        Story("product.tips", "product", "product_tips", priority="low", group="newsletter"),
        Story("offer.weekly", "marketing", "weekly_offer", priority="low", expires=3 * DAY, group="loyal"),
    )
}
_SINGLE = [story for story in STORIES.values() if story.weight]
_LETTERS = ((1, 15, "product_tips"), (3, 9, "weekly_offer"))  # weekday, hour, UTC


class Size(msgspec.Struct, frozen=True):
    """How large a demo is: people beside the twelve, days of history, single events a day."""

    people: int = 5_000
    days: int = 30
    daily: int = 380


FULL, TINY = Size(), Size(60, 3, 24)


class Moment(msgspec.Struct, frozen=True):
    """Some single events of one instant: (story, user) each."""

    at: float
    events: tuple[tuple[str, str], ...]


class Portion(msgspec.Struct, frozen=True):
    """What is written in one transaction: an hour of single events, a part of a fan-out (`letter` with its `part` of `parts`), or of a campaign: its
    beginning (part 0), people (1 to `parts`) or its end."""

    seed: str
    moments: tuple[Moment, ...] = ()
    letter: str = ""
    at: float = 0.0
    part: int = 0
    parts: int = 0
    campaign: str = ""


class Users:
    """Who single events happen to: some often, most now and then; `own`, the people behind the sign-ins, more than others."""

    def __init__(self, size: Size, own: Sequence[str]) -> None:
        self._crowd = [one.user for one in crowd(size.people)]
        self._share = max(0.045, 14 / (14 + size.people))
        self._few = [*own, *(one.user for one in PEOPLE)]
        self.sizes: dict[str, int] = {}
        for one in (*PEOPLE, *crowd(size.people)):
            for key in one.groups:
                self.sizes[key] = self.sizes.get(key, 0) + 1

    def pick(self, rng: Random) -> str:
        """One of them."""
        if not self._crowd or rng.random() < self._share:
            return rng.choice(self._few)
        return self._crowd[int(len(self._crowd) * rng.random() ** 1.7)]


def portions(start: float, size: Size, users: Users) -> list[Portion]:
    """The whole history before `start` (seconds): the last day first and the campaigns, since these are what is looked at, then from the beginning on."""
    last = start - DAY
    made = [*_hours(start, size, users), *_letters(start, size, users)]

    def when(one: Portion) -> float:
        return one.at or one.moments[0].at

    newest = sorted((p for p in made if when(p) >= last), key=when)
    return [*newest, *campaigns(start, size), *sorted((p for p in made if when(p) < last), key=when)]


def campaigns(start: float, size: Size) -> Iterator[Portion]:
    """Those that ran before."""
    parts = max(1, -(-int(size.people * 0.45) // PART))
    for past in pasts(size.days):
        for part in range(parts + 2):
            yield Portion(f"{past.key} {part}", at=past.at(start), part=part, parts=parts, campaign=past.key)


def _first_day(start: float, size: Size) -> int:
    return int(start // DAY) - size.days + 1


def _hours(start: float, size: Size, users: Users) -> Iterator[Portion]:
    first = _first_day(start, size)
    for day in range(first, first + size.days):
        rng = Random(f"day {day}")  # noqa: S311 - a plot, no secret
        daily = size.daily * _WEEK[(day + 3) % 7] * (0.9 + 0.2 * (day - first) / size.days) * rng.uniform(0.92, 1.08)
        for hour in range(24):
            at = (day * 24 + hour) * HOUR
            wanted = daily * _HOURS[hour] / sum(_HOURS)
            n = int(wanted) + (rng.random() < wanted % 1)
            each = Random(f"hour {day} {hour}")  # noqa: S311
            moments = []
            while n > 0:
                some = min(n, each.randint(2, 6))
                n -= some
                moment = at + each.random() * (HOUR - 60)
                moments.append(Moment(moment, tuple((each.choices(_SINGLE, [s.weight for s in _SINGLE])[0].template, users.pick(each)) for _ in range(some))))
            moments = sorted((m for m in moments if m.at < start - 90), key=lambda m: m.at)
            if moments:
                yield Portion(f"{day}:{hour}", tuple(moments))


def _letters(start: float, size: Size, users: Users) -> Iterator[Portion]:
    first = _first_day(start, size)
    for day in range(first, first + size.days):
        due = [(hour, key) for weekday, hour, key in _LETTERS if (day + 3) % 7 == weekday]
        if day == first + size.days * 2 // 3:
            due.append((11, "maintenance"))
        for hour, key in due:
            at = day * DAY + hour * HOUR + 120.0
            if at < start - HOUR:
                parts = max(1, -(-users.sizes.get(STORIES[key].group, 0) // PART))
                yield from (Portion(f"{key} {day} {part}", (), key, at, part, parts) for part in range(parts))


def data_of(story: str, rng: Random, at: float) -> dict[str, Any]:
    """The event's data, in English and in German."""
    return spoken(_data_of(story, rng, at))


def _data_of(story: str, rng: Random, at: float) -> dict[str, Any]:
    order = f"A-{rng.randint(10_000, 99_999)}"
    match story:
        case "order_confirmed" | "order_shipped" | "order_delivered" | "payment_failed" | "invoice_ready":
            bought = [(name, price, rng.choice((1, 1, 1, 2, 3))) for name, price in rng.sample(_THINGS, rng.randint(1, 3))]
            lines = [{"name": name, "count": n, "price": round(price * n, 2)} for name, price, n in bought]
            days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Monday")
            return {
                "order": order, "arrives": days[(int(at // DAY) + 6) % 7], "currency": "EUR", "total": round(sum(price * n for _, price, n in bought), 2),
                "lines": lines, "link": f"{SHOP}/orders/{order}", "month": _MONTHS[int(at // (30.4 * DAY)) % 12],
            }  # fmt: skip
        case "sign_in_code":
            return {"code": f"{rng.randint(100, 999)} {rng.randint(100, 999)}", "link": f"{SHOP}/sign-in"}
        case "new_device" | "password_changed":
            device = rng.choice(("a phone", "a laptop", "a tablet"))
            return {"place": rng.choice(_CITIES), "device": device, "link": f"{SHOP}/account/devices"}
        case "chat_message":
            return {"from": rng.choice(PEOPLE).name, "text": rng.choice(_SAID), "link": f"{SHOP}/chat/{rng.randint(1, 99)}"}
        case "maintenance":
            return {"day": "Sunday", "link": f"{SHOP}/news/maintenance"}
        case "product_tips":
            tip, text = _TIPS[int(at // (7 * DAY)) % len(_TIPS)]
            return {"tip": tip, "text": text, "link": f"{SHOP}/tips/{int(at // (7 * DAY))}"}
        case _:
            off = (10, 15, 20, 25)[int(at // (7 * DAY)) % 4]
            return {"off": off, "what": _WHAT[int(at // (7 * DAY)) % len(_WHAT)], "link": f"{SHOP}/offers/{off}"}


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
# how long each provider takes to answer, seconds, and how likely what is sent is opened within hours, and clicked then
LATENCY = {"email": (0.3, 1.6), "push": (0.08, 0.4), "sms": (0.4, 1.2)}
OPENED = {"essential": 0.62, "service": 0.44, "marketing": 0.21}
CLICKED = {"essential": 0.34, "service": 0.28, "marketing": 0.13}
AWAY = (("push", 9, 13.0, 1.4, 0.75), ("email", 17, 8.0, 0.7, 0.45))  # channel, days ago, hour, hours, share


def answer(channel: str, at: float, start: float, rng: Random, *, doomed: bool) -> Answer:
    """How a provider answered an attempt at this time."""
    today = start // DAY
    for of, ago, hour, hours, share in AWAY:
        begins = (today - ago) * DAY + hour * HOUR
        if of == channel and begins <= at < begins + hours * HOUR and rng.random() < share:
            return Answer("temporary", "503", "503 Service Unavailable: the provider is being repaired.")
    chance = rng.random()
    if doomed or chance < 0.014:
        return Answer("temporary", "421" if channel == "email" else "429", "421 4.7.0 Try again later." if channel == "email" else "429 Too many requests.")
    if channel == "email" and chance < 0.019:
        return Answer("bad_address", "550", "550 5.1.1 The mailbox does not exist.")
    if chance < 0.022:
        return Answer("refused", "554", "554 5.7.1 Refused by policy." if channel == "email" else "The message was refused.")
    if channel == "sms" and chance < 0.026:
        return Answer("unknown", "timeout", "The connection ended before the answer.")
    return Answer("accepted", "250", "250 2.0.0 kept" if channel == "email" else "kept")
