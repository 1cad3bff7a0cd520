"""The demo as the facade knows it: whether it runs, how much of it there is, and how it leaves when real work begins.

Its people are marked. They leave a few at a time, so that nothing waits and it may be stopped at any moment; the next step goes on.
"""

from collections.abc import Collection
from hashlib import blake2b
from typing import Literal

import msgspec

from backend.app import audience_looks, checklist
from backend.app.accounts import MAIN
from backend.app.base import Aggregate
from backend.app.categories import decoded
from backend.app.first_start import FILE
from backend.channels.capture import Behaviour
from backend.domain.campaign import STATES, Campaign
from backend.domain.errors import Refusal
from backend.security.roles import Actor, need
from backend.store import (
    accounts,
    audience_rows,
    campaign_rows,
    captures,
    categories,
    demo_campaigns,
    demo_rows,
    groups,
    marks,
    summaries,
    templates,
    touches,
)
from backend.store.port import Tx

MARK = "demo"  # on, off (its people stay), leaving, gone; absent before the first start
MADE = "demo.made"
LEAVING = "demo.leaving"
LEFT = "demo.left"  # that some of its people left a category is written
PROGRESS = ("demo.people", "demo.history", "demo.known", "demo.late", LEFT)  # marks of how far it was made
ONCE = 60  # people of one step
CHANNELS = ("email", "push", "sms")
USUAL = Behaviour("fail", share=0.015)  # what the demo tells its push provider: now and then one fails for good
AWAY = Behaviour("fail", share=0.6)

_campaign = msgspec.json.Decoder(Campaign).decode
Stage = Literal["never", "on", "off", "leaving", "gone"]


class Made(msgspec.Struct, omit_defaults=True):
    """What the demo made besides people, with the revision it left (of campaigns a mark of what they say, for running one is no change): what
    somebody changed since is theirs, and stays."""

    templates: dict[str, int] = {}
    groups: dict[str, int] = {}
    audiences: dict[str, int] = {}
    campaigns: dict[str, str] = {}
    alerts: list[str] = []


class Leaving(msgspec.Struct, omit_defaults=True):
    """How far the demo has left. `keep`: the person who sent it away, if that is one of its own."""

    keep: int = 0
    cursor: int = -1
    second: bool = False  # the second round takes what was on its way during the first, and the people themselves
    done: int = 0
    of: int = 0


class DemoView(msgspec.Struct):
    """Whether the demo runs, how much of its history is written, and, while it leaves, how many of its people have left."""

    stage: Stage
    written: int = 0
    of: int = 0
    left_done: int = 0
    left_of: int = 0


class DemoCounts(msgspec.Struct):
    """What goes when the demo leaves. `kept`: what somebody changed since, and stays. `account`: the actor's own sign-in, which stays."""

    people: int
    notifications: int
    deliveries: int
    inbox: int
    captures: int
    accounts: list[str] = []
    templates: list[str] = []
    groups: list[str] = []
    audiences: list[str] = []
    campaigns: list[str] = []
    kept: list[str] = []
    account: str = ""


class DemoStep(msgspec.Struct):
    """How far it has left: `done` of `of` people; `gone` when nothing is left."""

    done: int
    of: int
    gone: bool


class NoDemo(Refusal):
    """The demo is not here: it was never started, or it has left. `carillon demo start` brings it."""

    status = 409


def stage(tx: Tx) -> Stage:
    """What the demo is doing."""
    kept = marks.get(tx, MARK)
    return kept if kept in ("on", "off", "leaving", "gone") else "never"  # type: ignore[return-value]


def goes_on(tx: Tx) -> bool:
    """Whether more of the demo may be made."""
    return stage(tx) == "on"


class Demo(Aggregate):
    """The demo of the main space. Everything here is an administrator's."""

    async def state(self, actor: Actor) -> DemoView:
        """Whether it runs."""
        need(actor, "accounts.write")

        def read(tx: Tx) -> DemoView:
            kept = marks.get(tx, "demo.history")
            place = msgspec.json.decode(kept, type=dict[str, float]) if kept else {}
            plan = _leaving(tx) or Leaving()
            return DemoView(stage(tx), int(place.get("done", 0)), int(place.get("of", 0)), plan.done, plan.of)

        return await self.app.store.read(read)

    async def counts(self, actor: Actor) -> DemoCounts:
        """Exactly what would go now. Raises `NoDemo`."""
        need(actor, "accounts.write")

        def read(tx: Tx) -> DemoCounts:
            if stage(tx) in ("never", "gone"):
                raise NoDemo
            there, made = demo_rows.sizes(tx, MAIN), made_of(tx)
            mine = {row.login: row.person for row in accounts.every(tx, MAIN)}
            of_demo = set(demo_rows.persons(tx, MAIN))
            own = next((login for login, person in mine.items() if person == actor.person), "")
            campaigns, own_campaigns = _campaigns(tx, made)
            audiences, own_audiences = _audiences(tx, made, campaigns)
            unchanged, changed = _templates(tx, made, campaigns)
            return DemoCounts(
                there.people - (actor.person in of_demo), there.notifications, there.deliveries, there.inbox, there.captures,
                sorted(login for login, person in mine.items() if person in of_demo and person != actor.person),
                unchanged, sorted(made.groups), audiences, campaigns, [*changed, *own_campaigns, *own_audiences], own if mine.get(own) in of_demo else "",
            )  # fmt: skip

        return await self.app.store.read(read)

    async def stop(self, actor: Actor) -> DemoView:
        """No more events; its people and their history stay. Raises `NoDemo`."""
        need(actor, "accounts.write")

        def write(tx: Tx) -> None:
            if stage(tx) in ("never", "gone"):
                raise NoDemo
            if stage(tx) == "on":
                marks.put(tx, MARK, "off")
                _be_well(tx)
                self.note(tx, actor, "demo.stop", "demo")

        await self.app.store.write(write)
        return await self.state(actor)

    async def leave(self, actor: Actor) -> DemoStep:
        """One step of taking the demo away; call it again until it is `gone`. Raises `NoDemo`.

        The actor's own sign-in stays, as the one of somebody real, when it is one of the demo's.
        """
        need(actor, "accounts.write")
        now = self.app.clock.now()
        plan = await self.app.store.read(_leaving)
        if plan is None:
            await self._stop_campaigns(now)
            return await self._begin(actor, now)
        if plan.cursor < 0 and plan.second and not await self.app.store.read(lambda tx: _others(tx, plan)):
            return await self._finish(actor, plan)
        some = await self.app.store.read(lambda tx: demo_rows.persons(tx, MAIN, plan.cursor, ONCE))

        def write(tx: Tx) -> Leaving:
            at = _leaving(tx)
            if at is None or at != plan:
                return plan if at is None else at  # somebody else goes on with it
            demo_rows.clear(tx, MAIN, some, now)
            at.done += 0 if at.second else len(some)
            at.cursor = some[-1] if len(some) == ONCE else -1
            if at.second:
                demo_rows.forget(tx, MAIN, [person for person in some if person != at.keep])
            elif at.cursor < 0:
                at.second = True
            marks.put(tx, LEAVING, msgspec.json.encode(at).decode())
            return at

        at = await self.changing(MAIN, some, write)
        return DemoStep(min(at.done, at.of), at.of, gone=False)

    async def _stop_campaigns(self, now: float) -> None:
        """Their runs end before people leave, or they would tell who is leaving. What somebody changed is a draft from now on."""

        def write(tx: Tx) -> None:
            if stage(tx) in ("never", "gone"):
                raise NoDemo
            same, changed = _campaigns(tx, made_of(tx))
            for key in (*same, *changed):
                demo_campaigns.drop_runs(tx, MAIN, key)
            for key in same:
                campaign_rows.remove(tx, MAIN, key)
            for key in changed:
                demo_campaigns.back_to_draft(tx, MAIN, key, now)

        await self.changing_content(write)

    async def _begin(self, actor: Actor, now: float) -> DemoStep:
        def write(tx: Tx) -> tuple[Leaving, list[int]]:
            if stage(tx) in ("never", "gone"):
                raise NoDemo
            people = demo_rows.persons(tx, MAIN)
            keep = actor.person if actor.person in people else 0
            own = accounts.of_person(tx, MAIN, keep) if keep else []
            if own:  # its password was printed: a step of the checklist until it has another one
                marks.put(tx, checklist.OWN, f"{own[0].login} {checklist.fingerprint(own[0].password)}")
            logins = demo_rows.close(tx, MAIN, keep, now)
            plan = Leaving(keep, of=len(people))
            marks.put(tx, MARK, "leaving")
            marks.put(tx, LEAVING, msgspec.json.encode(plan).decode())
            _be_well(tx)
            self.note(tx, actor, "demo.leave", "demo", people=len(people), accounts=len(logins))
            return plan, people

        plan = await self.changing_many(MAIN, await self.app.store.read(lambda tx: demo_rows.persons(tx, MAIN)), write)
        (self.app.settings.home / FILE).unlink(missing_ok=True)
        return DemoStep(0, plan.of, gone=False)

    @staticmethod
    def _forget_touches(tx: Tx, keep: int) -> None:
        """What waits to be summed up. Whoever sums some of it has these rows for themselves: they are waited for first, since what they leave when they
        fail would be passed by. Nothing else is locked before, and they wait for nobody here."""
        demo_rows.wait_for_touches(tx, MAIN)
        touches.forget_absent(tx, MAIN, (keep,) if keep else ())

    async def _finish(self, actor: Actor, plan: Leaving) -> DemoStep:
        await self.app.store.write(lambda tx: self._forget_touches(tx, plan.keep))
        if not await self.app.store.write(lambda tx: demo_rows.drop_counters(tx, MAIN)):
            return DemoStep(plan.of, plan.of, gone=False)

        def write(tx: Tx) -> None:
            made = made_of(tx)
            demo_campaigns.settle_events(tx, MAIN, list(made.campaigns))
            for key in _audiences(tx, made, [])[0]:
                audience_rows.remove(tx, MAIN, key)
            for key in _templates(tx, made, [])[0]:
                demo_rows.drop_template(tx, MAIN, key, made.templates[key])
            for key in made.groups:
                if groups.get(tx, MAIN, key) is not None and not groups.size(tx, MAIN, key):
                    groups.remove(tx, MAIN, key)
            demo_rows.drop_alerts(tx, MAIN, [bytes.fromhex(one) for one in made.alerts])
            if plan.keep:
                demo_rows.release(tx, MAIN, plan.keep)
                summaries.ensure(tx, MAIN, plan.keep)
            summaries.drop_unmet(tx, MAIN)
            for name in (MADE, LEAVING, *PROGRESS):
                kept = marks.get(tx, name)
                if kept is not None:
                    marks.take(tx, name, kept)
            marks.put(tx, MARK, "gone")
            self.note(tx, actor, "demo.gone", "demo", people=plan.of)

        await self.changing_content(write)
        return DemoStep(plan.of, plan.of, gone=True)


def _others(tx: Tx, plan: Leaving) -> bool:
    return any(person != plan.keep for person in demo_rows.persons(tx, MAIN, limit=2))


def _leaving(tx: Tx) -> Leaving | None:
    kept = marks.get(tx, LEAVING)
    return msgspec.json.decode(kept, type=Leaving) if kept else None


def made_of(tx: Tx) -> Made:
    """What the demo made besides people."""
    kept = marks.get(tx, MADE)
    return msgspec.json.decode(kept, type=Made) if kept else Made()


def _templates(tx: Tx, made: Made, going: Collection[str]) -> tuple[list[str], list[str]]:
    """Keys of the demo's templates that nobody changed, and of those that somebody did, or that a category or a campaign that stays speaks with.
    `going`: campaigns that go, where they are not gone yet."""
    spoken = {decoded(row).template for row in categories.every(tx, MAIN)}
    for row in campaign_rows.every(tx, MAIN, STATES):
        if row.key not in going:
            spoken |= {variant.template for variant in _campaign(row.body).variants}
    rows = {key: templates.get(tx, MAIN, key) for key in made.templates}
    there = {key: row for key, row in rows.items() if row is not None}
    same = sorted(key for key, row in there.items() if row.revision == made.templates[key] and key not in spoken)
    return same, sorted(there.keys() - set(same))


def body_mark(tx: Tx, key: str) -> str:
    """What a campaign says, in one word; "" of one that is not there."""
    row = campaign_rows.get(tx, MAIN, key)
    return blake2b(row.body.encode(), digest_size=12).hexdigest() if row is not None else ""


def _campaigns(tx: Tx, made: Made) -> tuple[list[str], list[str]]:
    """Keys of the demo's campaigns that say what they said, and of those that somebody changed."""
    there = {key: mark for key in made.campaigns if (mark := body_mark(tx, key))}
    same = sorted(key for key, mark in there.items() if mark == made.campaigns[key])
    return same, sorted(there.keys() - set(same))


def _audiences(tx: Tx, made: Made, going: Collection[str]) -> tuple[list[str], list[str]]:
    """The same of audiences; what is named by something that stays does too. `going`: campaigns that go, where they are not gone yet."""
    rows = {key: audience_rows.get(tx, MAIN, key) for key in made.audiences}
    there = {key: row for key, row in rows.items() if row is not None}
    same = {key for key, row in there.items() if row.revision == made.audiences[key]}
    gone = {f"campaign:{key}" for key in going}
    while named := same & {key for who, body in audience_rows.bodies(tx, MAIN) if who not in same | gone for key in audience_looks.named_in(who, body)}:
        same -= named
    return sorted(same), sorted(there.keys() - same)


def _be_well(tx: Tx) -> None:
    """The capture providers behave again, where the demo told them not to."""
    for channel in CHANNELS:
        if captures.behaviour(tx, channel) in (USUAL, AWAY):
            captures.behave(tx, channel, Behaviour())
