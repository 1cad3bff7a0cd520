"""The gates in their order: `decide(facts)` says for every channel and address what happens and why. Pure.

A unit is one (notification, channel, address or none). Every address is a unit, a suppressed one too: it is explained, not
hidden. A channel without an address is one unit that is skipped. A gate that stops ends the asking; one that holds lets
the later gates be asked still, since what will never be sent need not wait. Quiet hours and a pause do not hold web, they
make it silent. `digest` and the plan of more than one step keep their places and are off.
"""

from collections.abc import Callable, Sequence

from backend.domain import consent, halting, preference, quiet, sms_hours
from backend.domain.decision import GATES, Decision, Facts, GateTrace, Outcome, Reason, Unit
from backend.domain.delivery import CHANNEL_NAME
from backend.domain.event import HOLDOUT
from backend.domain.ids import NO_ADDRESS, person_bytes
from backend.domain.person import Address

WEB, SMS = "web", "sms"
NOWHERE = ("", "UTC")  # zones of people who have not said theirs
RECHECKED = 8  # gates that are asked again right before the provider: erased .. preference

_PASS = {gate: GateTrace(gate, "pass") for gate in GATES}
_OFF = {gate: GateTrace(gate, "off") for gate in GATES}
_EACH = GateTrace("", "off")  # in place of a trace: ask
Gate = Callable[[Facts, str, Address | None, float], GateTrace]


def decide(facts: Facts) -> Decision:
    """The decision for every unit of the notification."""
    event, units, shared = facts.event, [], _Shared(facts, len(_ASK))
    for channel in channels_of(facts):
        if channel == WEB:
            units.append(_unit(facts, WEB, web_address(facts.person.person), None, shared))
            continue
        number, found = _NUMBER[channel], False
        for address in _addresses(facts):
            if address.channel == number:
                found = True
                units.append(_unit(facts, channel, address.hash, address, shared))
        if not found:
            units.append(_unit(facts, channel, NO_ADDRESS, None, shared))
    if event.asked_priority and event.asked_priority != event.priority:
        return Decision(tuple(units), (Reason("lowered_priority", {"asked": event.asked_priority, "given": event.priority}),))
    return Decision(tuple(units))


def redecide(facts: Facts) -> Unit:
    """The decision for the one delivery that comes back from a hold or a replay (`event.delivery`, `channel`, `address`)."""
    return _one(facts, CHANNEL_NAME[facts.event.channel], facts.event.address, len(_ASK))


def recheck(facts: Facts, channel: str, address: bytes) -> Unit:
    """The first eight gates, right before the provider is called: `send`, or the skip or hold that came up since."""
    return _one(facts, channel, address, RECHECKED)


def planned_units(facts: Facts) -> int:
    """How many units there must be, counted from channels and addresses alone: the ledger checks the outcomes against it."""
    held_at = [address.channel for address in _addresses(facts)]
    return sum(1 if channel == WEB else max(1, held_at.count(_NUMBER[channel])) for channel in channels_of(facts))


def _addresses(facts: Facts) -> Sequence[Address]:
    """Of the person; of a test of a provider the one address that is tried."""
    event = facts.event
    return [one for one in facts.person.addresses if one.hash == event.address] if event.via else facts.person.addresses


def channels_of(facts: Facts) -> tuple[str, ...]:
    """The channels asked for: the event's, else the category's; each once, in their order."""
    if facts.category.kind == "activity":  # nobody is told of it
        return ()
    asked = facts.event.channels or facts.category.channels
    return asked if len(set(asked)) == len(asked) else tuple(dict.fromkeys(asked))


def web_address(person: int) -> bytes:
    """The address of the web channel is the person."""
    return person_bytes(person)


def _one(facts: Facts, channel: str, key: bytes, depth: int) -> Unit:
    shared = _Shared(facts, depth)
    if channel == WEB:
        return _unit(facts, WEB, key, None, shared)
    number = _NUMBER[channel]
    for address in facts.person.addresses:
        if address.channel == number and address.hash == key:
            return _unit(facts, channel, key, address, shared)
    return _unit(facts, channel, key, None, shared)  # it was taken away since


class _Shared:
    """What each gate says to every unit of the notification alike; _EACH where every unit has to ask. `open`: the gates of which
    there is something to ask or to say."""

    __slots__ = ("open", "traces")

    def __init__(self, facts: Facts, depth: int) -> None:
        now = facts.now
        quiet_now = _quiet(facts, "", None, now) if depth > RECHECKED else _OFF["quiet"]
        consented = _consent(facts, "", None, now)
        self.traces = [
            _erased(facts, "", None, now),
            _expired(facts, "", None, now),
            _superseded(facts, "", None, now),
            _EACH if facts.halted else _PASS["halted"],
            _holdout(facts, "", None, now),
            _EACH,
            _EACH if consented.result == "pass" and _ruled(facts) else consented,
            _EACH,
            _OFF["plan"] if facts.template_channels is None else _EACH,
            _OFF["digest"],
            quiet_now if quiet_now.reason is None else _EACH,
            _EACH if facts.cap_refused else _OFF["cap"],
        ][:depth]
        self.open: Sequence[int] = [n for n, trace in enumerate(self.traces) if trace is _EACH or trace.reason is not None]


def _unit(facts: Facts, channel: str, key: bytes, address: Address | None, shared: _Shared) -> Unit:
    traces = shared.traces.copy()
    reasons: tuple[Reason, ...] = ()
    outcome: Outcome = "send"
    until = facts.now
    silent = False
    following, asked = shared.open, 0
    while asked < len(following):
        n = following[asked]
        asked += 1
        trace = traces[n]
        if trace is _EACH or outcome == "hold":
            trace = traces[n] = _ASK[n](facts, channel, address, until)
        reason = trace.reason
        if reason is None:
            continue
        if trace.result == "stop":
            outcome, reasons = "skip", (reason, *reasons)
            traces[n + 1 :] = [_OFF[gate] for gate in GATES[n + 1 : len(traces)]]
            break
        if trace.result == "hold":
            outcome, until = "hold", max(until, float(reason.params["until"]))
            reasons += (reason,)
            following, asked = range(len(traces)), n + 1  # all that follow are asked for the moment at which it would go
        elif trace.result == "pass":  # a pass with a reason: it goes, but quietly
            silent = channel == WEB
            reasons += (reason,)
    expires = facts.event.expires
    if outcome == "hold" and expires and until >= expires:
        outcome, reasons = "skip", (Reason("expired", {"at": expires}), *reasons)
    return Unit(channel, key, outcome, until if outcome == "hold" else 0.0, reasons, tuple(traces), silent and outcome == "send")


def _erased(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    return GateTrace("erased", "stop", Reason("erased")) if facts.person.erased else _PASS["erased"]


def _expired(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    expires, cancelled = facts.event.expires, facts.event.cancelled
    if cancelled:
        return GateTrace("expired", "stop", Reason("cancelled", {"at": cancelled, "by": facts.event.cancelled_by, "for": facts.event.send_at}))
    if facts.halted and facts.event.campaign and f"cancelled:{facts.event.id.hex()}" in facts.halted:
        return GateTrace("expired", "stop", Reason("cancelled", {"at": facts.now, "by": f"campaign:{facts.event.campaign}", "for": facts.event.accepted}))
    if expires and facts.now >= expires:
        return GateTrace("expired", "stop", Reason("expired", {"at": expires}))
    return _PASS["expired"]


def _superseded(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    newer = facts.newest_collapse
    if newer and newer != facts.event.id:
        return GateTrace("superseded", "stop", Reason("superseded", {"by": newer.hex(), "key": facts.event.collapse}))
    return _PASS["superseded"]


def _halted(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    if facts.halted:
        event = facts.event
        scope = halting.stopped_by(
            facts.halted, channel=channel, category=event.category, priority=event.priority, template=event.template, event=event.id,
            campaign=event.campaign,
        )
        if scope:
            until = halting.look_again(facts.now, max(event.accepted, event.send_at))
            return GateTrace("halted", "hold", Reason("halted", {"scope": scope, "until": until}))
    return _PASS["halted"]


def _holdout(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    event = facts.event
    if event.variant == HOLDOUT:
        return GateTrace("holdout", "stop", Reason("holdout", {"campaign": event.campaign}))
    return _PASS["holdout"] if event.campaign else _OFF["holdout"]


def _suppression(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    if channel == WEB:
        return _OFF["suppression"]
    if address is None:
        return GateTrace("suppression", "stop", Reason("no_address", {"channel": channel}))
    if address.suppressed:
        return GateTrace("suppression", "stop", Reason("suppressed", {"channel": channel, "why": address.suppressed}))
    return _PASS["suppression"]


def _consent(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    category = facts.category
    if category.kind == "essential":
        return _OFF["consent"]
    refused = consent.refusal(facts.person, category)
    if refused is not None:
        return GateTrace("consent", "stop", Reason(refused, {"category": category.key}))
    if channel == SMS and address is not None and address.region and category.kind == "marketing":
        return _law(facts.person.timezone, address, at)
    return _PASS["consent"]


def _law(timezone: str, address: Address, at: float) -> GateTrace:
    """Advertising waits for the hours that the law leaves it. Whoever has not said where they are may be wherever their number is from."""
    zones = address.zones if timezone in NOWHERE else (timezone,)
    until = sms_hours.allowed_from(at, address.region, zones)
    if until <= at:
        return _PASS["consent"]
    return GateTrace("consent", "hold", Reason("law", {"rule": address.region, "zone": ", ".join(zones) or "UTC", "until": until}))


def _ruled(facts: Facts) -> bool:
    """Whether some address of the person has hours for advertising, and this is some."""
    return facts.category.kind == "marketing" and any(address.region for address in facts.person.addresses)


def _preference(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    category, person = facts.category, facts.person
    wish = preference.resolve(person, facts.space_wishes, category.key, channel)
    if preference.locked(category.kind):
        if wish.wanted:
            return _OFF["preference"]
        return GateTrace("preference", "off", Reason("locked", {"category": category.key, "from": wish.source}))
    if not wish.wanted:
        code = "category_off" if wish.about == "category" else "preference_off"
        return GateTrace("preference", "stop", Reason(code, {"category": category.key, "channel": channel, "from": wish.source}))
    paused = person.wishes.paused_until
    if paused is not None and (paused == 0 or paused > facts.now):
        reason = Reason("paused_by_person", {"until": paused})
        return GateTrace("preference", "pass" if channel == WEB else "hold" if paused else "stop", reason)
    return _PASS["preference"]


def _plan(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    has = facts.template_channels
    if has is not None and channel not in has:
        event = facts.event
        return GateTrace("plan", "stop", Reason("no_variant", {"channel": channel, "template": event.template, "version": event.version}))
    return _OFF["plan"]


def _digest(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    return _OFF["digest"]


def _quiet(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    """Asked for the moment at which the unit would go (`at`: now, or the end of an earlier gate's hold)."""
    category = facts.category
    if category.kind == "essential" or category.urgent:
        return _OFF["quiet"]
    ranges, source = preference.quiet_ranges(facts.person, facts.space_wishes)
    often, asked_by = preference.frequency(facts.person, facts.space_wishes)
    outside = quiet.OUTSIDE_WINDOW.get(often, ())
    if not ranges and not outside:
        return _PASS["quiet"]
    tz = quiet.zone(facts.person.timezone)
    span = quiet.which(at, tz, ranges)
    if span is None and (channel == WEB or not quiet.in_quiet(at, tz, outside)):
        return _PASS["quiet"]  # the inbox is looked at when its person likes, so nothing is collected for it
    until = quiet.next_allowed(at, tz, (*ranges, *outside)) if outside else quiet.next_allowed(at, tz, ranges)
    if until is None and outside:  # the hour of the collected ones lies in quiet hours
        until = quiet.next_allowed(at, tz, ranges)
        if span is None:
            return _PASS["quiet"]
    if span is None:
        about = {"zone": facts.person.timezone, "every": often, "from": asked_by, "until": until}
        return GateTrace("quiet", "hold", Reason("send_window", about))
    about = {"zone": facts.person.timezone, "start": span.start, "end": span.end, "from": source, "until": until or 0.0}
    return GateTrace("quiet", "pass" if channel == WEB else "stop" if until is None else "hold", Reason("quiet_hours", about))


def _cap(facts: Facts, channel: str, address: Address | None, at: float) -> GateTrace:
    if channel in facts.cap_refused and facts.category.kind != "essential":
        return GateTrace("cap", "stop", Reason("cap", {"channel": channel, "category": facts.category.key}))
    return _OFF["cap"]


_NUMBER = {name: number for number, name in CHANNEL_NAME.items()}
_ASK: tuple[Gate, ...] = (
    _erased, _expired, _superseded, _halted, _holdout, _suppression, _consent, _preference, _plan, _digest, _quiet, _cap,
)  # fmt: skip
