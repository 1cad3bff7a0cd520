"""What became of the demo's events: decided by the line's own gates, sent as its providers might have answered, step by step in time.

Everything here is made in memory, with the values and the functions of the line; `carillon.demo.history` writes it with the line's writers.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from backend.channels.capture import Captured, Kept
from backend.channels.mail import mail_of
from backend.domain import gates
from backend.domain.decision import Again, Facts, Unit
from backend.domain.delivery import CHANNEL_NAME, Delivery, State
from backend.domain.errors import Refusal
from backend.domain.event import Event
from backend.domain.ids import make_id, notification_id
from backend.domain.receipt import Receipt
from backend.domain.template import EmailMessage, WebMessage
from backend.domain.touch import Touch
from backend.log.codec import decode, encode
from backend.log.port import Record
from backend.security.sealing import Sealer
from backend.store import hot, inbox
from carillon.demo import plot
from carillon.demo.cast import PEOPLE
from carillon.demo.past import Rates
from workers import decided
from workers.decided import Cohort, Made
from workers.outcomes import after
from workers.rendering import Rendering

CAPTURED = 36 * plot.HOUR  # seconds before the start of which everybody's messages are kept; of the twelve all are
_NAMED = frozenset(one.user for one in PEOPLE)


class Letter(msgspec.Struct):
    """A dead letter."""

    id: bytes
    at: float
    record: Record
    cause: str


class Step(msgspec.Struct):
    """All that one transaction of the line would have written at one instant."""

    rows: list[hot.Decided] = []
    moves: list[hot.Move] = []
    outcomes: list[hot.Outcome] = []
    starts: list[hot.Start] = []
    bad: list[tuple[int, bytes]] = []  # (channel, address) to be suppressed


class Script(msgspec.Struct):
    """What is to be written: steps by their time, and what has a time of its own."""

    steps: dict[float, Step] = {}
    cohorts: dict[tuple[int, int], Cohort] = {}
    arrived: list[inbox.Row] = []
    due: list[hot.Later] = []
    receipts: list[Receipt] = []
    kept: list[Kept] = []
    letters: list[Letter] = []
    explained: list[tuple[bytes, Again]] = []  # what was decided once more, by notification
    bought: list[tuple[int, float]] = []  # who orders something, and when
    acted: list[tuple[int, Touch]] = []  # what people did, by space

    def at(self, time: float) -> Step:
        """The step of a time, to the millisecond."""
        return self.steps.setdefault(round(time, 3), Step())


class Teller:
    """Plays events that were decided at some time before `start`."""

    def __init__(self, renderer: Rendering, sealer: Sealer, start: float, rates: Mapping[str, Sequence[Rates]]) -> None:
        """`rates`: of campaigns, by variant: how people take them."""
        self._renderer, self._sealer, self._start, self._rates = renderer, sealer, start, rates

    def decide(self, script: Script, facts: Facts) -> Made:
        """The rows of one decision, at `facts.now`."""
        cohort = decided.cohort_of(facts.event, demo=True)
        script.cohorts[cohort.space, cohort.cohort] = cohort
        made = decided.made_of(facts, gates.decide(facts), cohort.cohort, {})
        script.at(facts.now).rows.append(made.row)
        return made

    def follow(self, script: Script, facts: Facts, made: Made, rng: Random, pace: dict[int, float]) -> None:
        """Everything that came of it. `pace`: how long each channel's provider took for what was handed to it together."""
        for way in made.ways:
            if way.value is None:
                self._release(script, facts, decided.release(made.event, way.id, way.channel, way.address, way.until), way.cohort, rng, pace)
            else:
                self._deliver(script, facts, decode(Delivery, way.value), facts.now, rng, pace)

    def _release(self, script: Script, facts: Facts, later: hot.Later, cohort: int, rng: Random, pace: dict[int, float]) -> None:
        """A hold that ended before the start is decided again; one that did not waits on, as a due row of the line."""
        if later.at > self._start:
            script.due.append(later)
            return
        event = decode(Event, later.value)
        again = msgspec.structs.replace(facts, now=later.at, event=event)
        unit = gates.redecide(again)
        if unit.outcome != "send":
            self._explain(script, event, unit, later.at)
        if unit.outcome == "hold" and unit.until > later.at:
            script.at(later.at).moves.append(
                hot.Move(event.space, event.delivery, cohort, event.channel, event.generation, State.HELD, unit.reasons[0].code, unit.until)
            )
            self._release(script, facts, decided.release(event, event.delivery, event.channel, event.address, unit.until), cohort, rng, pace)
            return
        state = State.PENDING if unit.outcome == "send" else decided.ENDS.get(unit.reasons[0].code, State.CANCELLED)
        reason = "" if unit.outcome == "send" else unit.reasons[0].code
        script.at(later.at).moves.append(hot.Move(event.space, event.delivery, cohort, event.channel, event.generation, state, reason))
        if unit.outcome == "send":
            self._deliver(script, again, decode(Delivery, decided.again(event, cohort, unit, {}).value), later.at, rng, pace)

    @staticmethod
    def _explain(script: Script, event: Event, unit: Unit, at: float) -> None:
        script.explained.append((notification_id(event.id, event.person), Again(at, event.generation, unit)))

    def _deliver(self, script: Script, facts: Facts, delivery: Delivery, at: float, rng: Random, pace: dict[int, float]) -> None:
        channel = CHANNEL_NAME[delivery.channel]
        if channel == "web":
            self._web(script, facts, delivery, at + 0.12, rng)
            return
        lasts = pace.setdefault(delivery.channel, rng.uniform(*plot.LATENCY[channel]))
        doomed, begins = rng.random() < 0.0007, at + 0.05
        while True:
            script.at(begins).starts.append(hot.Start(delivery.space, delivery.id, delivery.attempt, f"capture-{channel}"))
            said = plot.answer(channel, begins, self._start, rng, doomed=doomed)
            ended = round(begins + lasts, 3)
            what = after(delivery, said, facts.category, ended, rng.random, f"capture-{channel}")
            script.at(ended).outcomes.append(what.outcome)
            if what.suppress:
                script.at(ended).bad.append((delivery.channel, delivery.address))
            if what.letter:
                record = decided.record_of(facts.event, self._way(delivery), {})
                script.letters.append(Letter(make_id(int(ended * 1000), b"demo", delivery.id), ended, record, what.letter))
            if said.meaning == "accepted":
                self._keep(script, facts, delivery, ended)
                self._reported(script, facts, delivery, ended, rng, pace)
            if what.later is None:
                return
            if what.later.at > self._start:
                script.due.append(what.later)
                return
            begins, delivery = what.later.at, decode(Delivery, what.later.value)

    @staticmethod
    def _way(delivery: Delivery) -> decided.Way:
        value = encode(delivery)
        return decided.Way(delivery.id, delivery.notification, delivery.channel, delivery.address, delivery.cohort, 0.0, value)

    def _web(self, script: Script, facts: Facts, delivery: Delivery, at: float, rng: Random) -> None:
        step = script.at(at)
        try:
            message = self._renderer.outgoing(delivery, facts).message
        except Refusal as refusal:
            step.moves.append(_moved(delivery, State.FAILED, refusal.code(), "inbox", at))
            return
        assert isinstance(message, WebMessage)
        seen = at + rng.expovariate(1 / (5 * plot.HOUR))
        read = seen + rng.expovariate(1 / plot.HOUR) if rng.random() < 0.72 else self._start
        step.moves.append(_moved(delivery, State.DELIVERED, "", "inbox", at))
        script.arrived.append(
            inbox.Row(
                space=delivery.space, person=delivery.person, id=delivery.notification, type=facts.category.type, category=delivery.category,
                priority=delivery.priority, title=message.title, message=message.body, at=max(delivery.accepted, delivery.released),
                image=message.image, link=message.link, actions=msgspec.json.encode(message.actions).decode(),
                metadata=msgspec.json.encode(msgspec.json.decode(delivery.body).get("data", {})).decode(), silent=delivery.silent,
                seen=seen if seen < self._start else None, read=read if read < self._start else None,
            )
        )  # fmt: skip

    def _keep(self, script: Script, facts: Facts, delivery: Delivery, at: float) -> None:
        """What the capture provider kept: everybody's of the last day and a half, and all of the twelve."""
        if at < self._start - CAPTURED and facts.person.user_id not in _NAMED:
            return
        try:
            outgoing = self._renderer.outgoing(delivery, facts)
            mail = mail_of(outgoing, at).decode() if outgoing.channel == "email" else ""
        except Refusal:
            return
        sender = f"{outgoing.sender.name} <{outgoing.sender.address}>" if isinstance(outgoing.message, EmailMessage) else outgoing.sender.name
        captured = Captured(outgoing.address, outgoing.message, outgoing.attempt, outgoing.category, sender, mail)
        sealed = self._sealer.seal("capture", msgspec.json.encode(captured))
        script.kept.append(Kept(delivery.space, delivery.id, outgoing.channel, delivery.person, delivery.attempt, at, sealed))

    def _reported(self, script: Script, facts: Facts, delivery: Delivery, at: float, rng: Random, pace: dict[int, float]) -> None:
        """What the provider and the person let us know later."""
        channel, kind = CHANNEL_NAME[delivery.channel], facts.category.kind
        told = round(at + pace.setdefault(-delivery.channel, rng.uniform(2.0, 40.0)), 3)
        if told >= self._start or rng.random() < 0.03:
            return
        if channel == "email" and rng.random() < 0.004:
            script.at(told).moves.append(_moved(delivery, State.BOUNCED, "5.1.1", f"capture-{channel}"))
            script.at(told).bad.append((delivery.channel, delivery.address))
            script.receipts.append(self._receipt(delivery, "bounced_hard", told, "550 5.1.1 The mailbox does not exist."))
            return
        script.at(told).moves.append(_moved(delivery, State.DELIVERED, "delivered", f"capture-{channel}"))
        script.receipts.append(self._receipt(delivery, "delivered", told))
        if channel == "sms" or not facts.category.tracking:
            return
        opened = told + rng.expovariate(1 / (3 * plot.HOUR))
        if channel == "email" and rng.random() < 0.16:
            self._engaged(script, delivery, "opened_machine", told + rng.uniform(1.0, 90.0))
        of_campaign = self._rates.get(facts.event.campaign)
        rates = of_campaign[facts.event.variant] if of_campaign else Rates(plot.OPENED[kind], plot.CLICKED[kind], 0.0)
        if rng.random() < rates.opened * (0.5 if channel == "push" else 1.0):
            self._engaged(script, delivery, "opened_human", opened)
            if rng.random() < rates.clicked:
                clicked = opened + rng.uniform(4.0, 240.0)
                self._engaged(script, delivery, "clicked", clicked)
                if rates.bought and rng.random() < rates.bought:
                    script.bought.append((delivery.person, clicked + rng.uniform(120.0, 5_400.0)))

    def _engaged(self, script: Script, delivery: Delivery, kind: Any, at: float) -> None:
        if at < self._start:
            script.receipts.append(self._receipt(delivery, kind, round(at, 3)))

    @staticmethod
    def _receipt(delivery: Delivery, kind: Any, at: float, raw: str = "") -> Receipt:
        return Receipt(
            delivery.space, delivery.id, kind, at, delivery.generation, f"capture-{CHANNEL_NAME[delivery.channel]}", raw=raw, person=delivery.person
        )


def _moved(delivery: Delivery, state: State, reason: str, provider: str, at: float = 0.0) -> hot.Move:
    took = max(0.0, at - max(delivery.accepted, delivery.released)) if at else -1.0
    return hot.Move(
        delivery.space, delivery.id, delivery.cohort, delivery.channel, delivery.generation, state, reason, provider=provider, took=took
    )  # fmt: skip
