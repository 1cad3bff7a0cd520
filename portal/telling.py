"""Decisions, deliveries and events in sentences: who gets what when, why, or why not. Pure: views in, words out."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from backend.app.views import DecisionView, DeliveryView, GateView, LedgerView, ReasonView, UnitView
from backend.domain.durations import span_of
from backend.domain.ledger import Ledger, balance
from portal.components.status import look_of
from portal.rows import AttemptRow, GateRow, SumRow, TimeRow, UnitRow
from portal.theme import clock, count, day, moment, wall
from portal.words import known, say

# what is not listed arrived
RECEIPT_LOOK = {
    "bounced_hard": "failed", "bounced_soft": "failed", "bounced_policy": "failed", "failed": "failed", "complained": "failed", "unsubscribed": "skipped",
    "deferred": "retrying", "opened_human": "read", "opened_machine": "read", "clicked": "read", "clicked_machine": "read",
}  # fmt: skip
COLUMNS = {
    "sent": "sent",
    "held": "held",
    "skipped": "skipped",
    "failed": "failed",
    "unknown": "unknown",
    "pending": "queued",
    "folded": "digest",
}


class Teller:
    """Speaks to one reader: in their language and zone, at `now` (seconds)."""

    def __init__(self, language: str, zone: str, now: float) -> None:
        self.language, self.zone, self.now = language, zone, now

    def say(self, key: str, /, **values: object) -> str:
        return say(self.language, key, **values)

    # ---- words
    def channel(self, channel: str) -> str:
        return self.say(f"channel.{channel}")

    def over(self, channel: str) -> str:
        """In the app, by email ..."""
        return self.say(f"over.{channel}")

    def listed(self, words: Sequence[str]) -> str:
        """a, b and c."""
        if len(words) < 2:
            return "".join(words)
        return self.say("list.and", some=", ".join(words[:-1]), last=words[-1])

    def when(self, at: datetime) -> str:
        """A moment to come, as short as it is clear: 07:00, Tue 09:00, 22 Nov 2026, 09:00."""
        return wall(at.timestamp(), self.now, self.zone, self.language)

    def because(self, reasons: Sequence[ReasonView]) -> str:
        """The reason in two or three words where there are some, else its sentence."""
        if not reasons:
            return ""
        key = f"because.{reasons[0].code}"
        return self.say(key) if known(key) else reasons[0].text.rstrip(".")

    # ---- traces
    def gates(self, gates: Sequence[GateView]) -> list[GateRow]:
        rows, stopped = [], False
        for gate in gates:
            if stopped:
                rows.append(GateRow("off", self.rule(gate.gate), self.say("why.unreached")))
                continue
            result = "na" if gate.result == "off" else gate.result
            why = gate.reason.text if gate.reason else self.say(f"why.{result}.{gate.gate}")
            rows.append(GateRow(result, self.rule(gate.gate), why))
            stopped = gate.result == "stop"
        return rows

    def rule(self, gate: str) -> str:
        return self.say(f"rule.{gate}")

    def unit(self, unit: UnitView, user: str, key: str) -> UnitRow:
        """One channel of a decision, dry or done."""
        if unit.state is not None:
            look = look_of(unit.state)
        else:
            look = {"send": "sent", "hold": "held", "skip": "skipped", "fold": "digest"}[unit.outcome]
        text = self.fate(unit)
        if unit.segments is not None:
            text = f"{text} · {self.say('fate.segments.one' if unit.segments.count == 1 else 'fate.segments', count=unit.segments.count)}"
        return UnitRow(key, user, unit.channel, unit.address, look, text, unit.delivery or "", self.gates(unit.gates))

    def fate(self, unit: UnitView) -> str:
        """What happens on this channel, as one sentence."""
        why = self.because(unit.reasons)
        if unit.state in ("sent", "delivered"):
            return self.say("fate.done.to", address=unit.address) if unit.address else self.say("fate.done")
        if unit.state is not None and unit.state != "held":
            return self.say(f"fate.{unit.state}") if known(f"fate.{unit.state}") else ""
        match unit.outcome:
            case "send":
                if unit.silent:
                    return self.say("fate.silent", why=why)
                return self.say("fate.send.to", address=unit.address) if unit.address else self.say("fate.send")
            case "hold":
                return self.say("fate.hold", until=self.when(unit.until) if unit.until else "–", why=why)
            case "fold":
                return self.say("fate.fold")
            case _:
                return self.say("fate.skip", why=why)

    def own(self, view: DeliveryView) -> str:
        """Why somebody got what is in their inbox."""
        essential = any(gate.gate == "preference" and gate.result == "off" for gate in view.trace or [])
        return self.say("own.essential" if essential else "own.wanted", category=view.category)

    # ---- a dry run
    def outlook(self, name: str, decisions: Sequence[DecisionView]) -> tuple[str, str]:
        """The answer to "what would happen": one sentence, and one about the rest."""
        if len(decisions) == 1:
            return self._outlook_of_one(name, decisions[0].units)
        now = sum(any(u.outcome == "send" for u in d.units) for d in decisions)
        later = sum(
            not any(u.outcome == "send" for u in d.units) and any(u.outcome in ("hold", "fold") for u in d.units) for d in decisions
        )
        values = {"now": count(now, self.language), "later": count(later, self.language)}
        values |= {"none": count(len(decisions) - now - later, self.language), "all": count(len(decisions), self.language)}
        return self.say("outlook.many", **values), self.say("outlook.many.sum", **values)

    def _outlook_of_one(self, name: str, units: Sequence[UnitView]) -> tuple[str, str]:
        going = list(dict.fromkeys(self.over(u.channel) for u in units if u.outcome == "send"))
        first = self.say("outlook.now", name=name, over=self.listed(going)) if going else self.say("outlook.none", name=name)
        rest = []
        for unit in units:
            values = {"channel": self.channel(unit.channel), "why": self.because(unit.reasons)}
            if unit.outcome == "hold":
                rest.append(self.say("outlook.hold", until=self.when(unit.until) if unit.until else "–", **values))
            elif unit.outcome == "skip":
                rest.append(self.say("outlook.skip", **values))
            elif unit.outcome == "fold":
                rest.append(self.say("outlook.fold", **values))
            elif unit.silent:
                rest.append(self.say("outlook.silent", **values))
        return first, " ".join(dict.fromkeys(rest))

    # ---- a ledger
    def sums(self, ledger: LedgerView) -> tuple[list[SumRow], str, bool]:
        """The columns that are not empty, the sum written out, and whether it balances."""
        values = {name: getattr(ledger, name) for name in COLUMNS}
        whole = max(1, sum(values.values()))
        rows = [
            SumRow(COLUMNS[name], self.say(f"sum.{name}", count=value), count(value, self.language), f"{100 * value / whole:.2f}%")
            for name, value in values.items()
            if value
        ]
        parts = " + ".join(f"{row.count} {row.word}" for row in rows) or "0"
        left = balance(Ledger(**{name: getattr(ledger, name) for name in ("planned", *COLUMNS)}))
        return rows, self.say("sum", parts=parts, planned=count(ledger.planned, self.language)), left == 0

    # ---- a delivery
    def verdict(self, view: DeliveryView) -> tuple[str, str]:
        """Subject, time and cause of one delivery; and what became of the others."""
        at, accepted = view.changed_at.timestamp(), view.accepted_at.timestamp()
        waited = next((g.gate for g in view.trace or [] if g.result == "hold"), "")
        reason = self.because([view.reason]) if view.reason else ""
        done = next((e for e in reversed(view.timeline or []) if e.kind in ("outcome", "state")), None)
        arrived = done.at.timestamp() if done is not None and view.state in ("sent", "delivered") else at
        values = {
            "subject": self.say(f"subject.{view.channel}"), "time": self.moment_of(arrived, accepted), "span": span_of(max(0.0, arrived - accepted), self.language),
            "until": self.when(view.until) if view.until else "–", "why": reason or self.say("because.unknown"),
        }  # fmt: skip
        key = f"verdict.{view.state}" + (".web" if view.channel == "web" and view.state == "delivered" else "")
        if view.state in ("sent", "delivered") and waited:
            late = f"late.{waited}"
            values["why"] = self.say(late) if known(late) else self.say("late.rule", rule=self.rule(waited))
            key += ".late"
        return self.say(key, **values), " ".join(self._others(view))

    def _others(self, view: DeliveryView) -> Iterable[str]:
        for unit in view.units or []:
            if unit.delivery == view.id:
                continue
            words = {
                "subject": self.say(f"subject.{unit.channel}"),
                "channel": self.channel(unit.channel),
                "why": self.because(unit.reasons),
            }
            if unit.outcome == "skip":
                yield self.say("other.skip", **words)
            elif unit.state in ("sent", "delivered"):
                yield self.say("other.sent", **words)
            elif unit.outcome == "hold" and unit.state == "held":
                yield self.say("other.hold", until=self.when(unit.until) if unit.until else "–", **words)
            elif unit.state in ("failed", "bounced", "dead"):
                yield self.say("other.failed", **words)

    def fates(self, units: Sequence[UnitView], name: str) -> tuple[str, str, str]:
        """What became of one notification on all channels: arrived, waiting or none; one sentence; and what stands against each of the others."""
        states = [unit.state for unit in units]
        arrived = list(dict.fromkeys(self.over(unit.channel) for unit in units if unit.state in ("sent", "delivered")))
        under_way = any(state in ("held", "pending", "sending", "retrying", "unknown") for state in states)
        fate = "arrived" if arrived else "waiting" if under_way else "none"
        rest: dict[tuple[str, str, str], list[str]] = {}  # channels that fared alike are named together
        for unit in units:
            until, why = self.when(unit.until) if unit.until else "–", self.because(unit.reasons) or self.say("because.unknown")
            if unit.outcome == "hold" and unit.state in ("held", "pending"):
                rest.setdefault(("note.hold", why, until), []).append(self.channel(unit.channel))
            elif unit.state in ("failed", "bounced", "dead"):
                rest.setdefault(("note.failed", "", ""), []).append(self.channel(unit.channel))
            elif unit.outcome == "skip" or unit.state in ("cancelled", "expired", "superseded"):
                rest.setdefault(("note.skip", why, ""), []).append(self.channel(unit.channel))
        said = [self.say(key, channels=self.listed(list(dict.fromkeys(channels))), why=why, until=until) for (key, why, until), channels in rest.items()]
        return fate, self.say(f"note.{fate}", name=name, over=self.listed(arrived)), " ".join(said)

    def moment_of(self, at: float, reference: float) -> str:
        """To the second; with the day when it is more than one from the reference."""
        if abs(at - reference) < 86_400:
            return clock(at, self.zone)
        return f"{day(at, self.zone, self.language)}, {clock(at, self.zone)}"

    def timeline(self, view: DeliveryView) -> list[TimeRow]:
        """Newest first, at most 50."""
        rows = []
        for entry in reversed(view.timeline or []):
            at = entry.at.timestamp()
            look = look_of(entry.state) if entry.state else {"accepted": "queued", "receipt": "delivered"}.get(entry.kind, "read")
            provider = entry.provider or ""
            match entry.kind:
                case "attempt":
                    title, text = self.say("time.attempt", number=entry.attempt or 1), provider
                case "outcome":
                    title = self.say(f"time.outcome.{entry.state}") if known(f"time.outcome.{entry.state}") else self.say(f"look.{look}")
                    text = " ".join(part for part in (provider, entry.code or "") if part)
                case "held":
                    title, text = self.say("time.held"), entry.text
                case "receipt":
                    look = RECEIPT_LOOK.get(entry.text, "delivered")
                    key = f"time.receipt.{entry.text}"
                    title, text = self.say(key) if known(key) else self.say("time.receipt", what=entry.text.replace("_", " ")), provider
                case "state":
                    title = self.say(f"time.arrived.{view.channel}") if entry.state == "delivered" else self.say(f"look.{look}")
                    code = f"because.{entry.text}"
                    text = self.say(code) if known(code) else ""
                case kind:
                    title, text = self.say(f"time.{kind}"), self.say("time.accepted.text") if kind == "accepted" else ""
            rows.append(TimeRow(look, title, text, entry.raw or "", clock(at, self.zone), moment(at, self.zone, self.language)))
        return rows[:50]

    def attempts(self, view: DeliveryView) -> list[AttemptRow]:
        """Each attempt with the provider's answer, oldest first, at most 50."""
        ends = {e.attempt: e for e in view.timeline or [] if e.kind == "outcome"}
        rows = []
        for start in (e for e in view.timeline or [] if e.kind == "attempt"):
            end, began = ends.get(start.attempt), start.at.timestamp()
            took = span_of(max(0.0, end.at.timestamp() - began), self.language) if end else "–"
            look = look_of(end.state or "sending") if end else "queued"
            answer = (end.code or "") if end else self.say("attempt.open")
            rows.append(
                AttemptRow(
                    str(start.attempt or 1),
                    start.provider or "",
                    clock(began, self.zone),
                    took,
                    look,
                    answer,
                    (end.raw or "") if end else "",
                )
            )
        return rows[:50]
