"""What follows from a provider's answer: the attempt's outcome, the delivery's move, and what happens later."""

from collections.abc import Callable

import msgspec

from backend.channels.base import Answer
from backend.domain.category import Category
from backend.domain.decision import Reason, Unit
from backend.domain.delivery import CHANNEL_NAME, Delivery, State, route_of
from backend.domain.halting import look_again
from backend.domain.receipt import SOFT_CODES
from backend.domain.retry import At, limits_of, next_try
from backend.log import topics
from backend.log.codec import encode
from backend.store import hot
from workers.refusals import Refused, refused

RAW = 500  # characters kept of a provider's words
SAYS_ITSELF = frozenset(("country_not_allowed", "number_unfit", "no_provider"))  # codes of answers given before anybody outside was asked: reasons themselves
SUPPRESSES = {"opted_out": "stop"}  # code of an answer about a bad address -> reason of the suppression, where it did not just bounce
CHANGED = 1.0  # seconds until what was called back from a provider that changed goes to who is there now


class After(msgspec.Struct):
    """Written in one transaction. `letter`: a cause, when the delivery now needs a person."""

    outcome: hot.Outcome
    later: hot.Later | None = None
    letter: str = ""
    suppress: str = ""  # reason, when the address is known to be bad for good
    soft: bool = False  # its mailbox was full or away, and that is how it ended
    known: float = 0.0  # see `Answer`


def may_repeat(category: Category, channel: int) -> bool:
    """May an attempt of unknown end be made again? Essential and service mail, push and web may; marketing and SMS wait for a receipt."""
    return CHANNEL_NAME[channel] != "sms" and category.kind != "marketing"


def given_up(delivery: Delivery) -> hot.Move:
    """The end of a delivery that nobody can carry out as it is; its letter says why."""
    return hot.Move(delivery.space, delivery.id, delivery.cohort, delivery.channel, delivery.generation, State.DEAD, "dead_letter")


def again(delivery: Delivery, at: float) -> hot.Later:
    """The next attempt, as a due row."""
    following = msgspec.structs.replace(delivery, attempt=delivery.attempt + 1)
    return _due(following, f"retry.{following.attempt}", at)  # the row before it may still stand while its record is carried out


def look(delivery: Delivery, attempt: int, at: float) -> hot.Later:
    """The same record once more, when whoever has this attempt open must have had its answer."""
    return _due(delivery, f"look.{attempt}", at)


def _due(delivery: Delivery, kind: str, at: float) -> hot.Later:
    return hot.Later(
        space=delivery.space,
        id=delivery.id,
        kind=kind,
        at=at,
        topic=topics.deliveries(CHANNEL_NAME[delivery.channel], delivery.priority),
        partition=topics.partition_of(delivery.space, delivery.person),
        key=delivery.person.to_bytes(8, "big", signed=True),
        value=encode(delivery),
    )


def withheld(delivery: Delivery, answer: Answer, now: float) -> Refused:
    """It was called back at the last step: it waits for what called it back, and is decided again. The gate's words are its reason."""
    channel = CHANNEL_NAME[delivery.channel]
    until = now + CHANGED if answer.code == "provider_changed" else look_again(now, max(delivery.accepted, delivery.released))
    route = route_of(channel, delivery.address)
    about = {"scope": answer.raw} if answer.code == "halted" else {"provider": answer.raw, "channel": channel, "route": route}
    return refused(delivery, Unit(channel, delivery.address, "hold", until, (Reason(answer.code, {**about, "until": until}),), ()), now)


def _why(answer: Answer) -> str:
    return answer.code if answer.code in SAYS_ITSELF else "provider_refused"


def after(delivery: Delivery, answer: Answer, category: Category, now: float, rnd: Callable[[], float], provider: str = "") -> After:
    """Pure: `rnd` gives a number from 0 to 1 for the jitter of a retry. `provider`: whose answer it is."""
    raw, took = answer.raw[:RAW], max(0.0, now - max(delivery.accepted, delivery.released))

    def ended(state: State, reason: str = "", until: float | None = None, outcome: State | None = None) -> hot.Outcome:
        move = hot.Move(
            delivery.space, delivery.id, delivery.cohort, delivery.channel, delivery.generation, state, reason, until, provider, took
        )  # fmt: skip
        return hot.Outcome(delivery.attempt, outcome or state, answer.code, raw, move)

    match answer.meaning:
        case "accepted":
            return After(ended(State.SENT))
        case "delivered":
            return After(ended(State.DELIVERED))
        case "refused":
            return After(ended(State.FAILED, _why(answer)), soft=answer.code.startswith(SOFT_CODES))
        case "bad_address":
            return After(ended(State.BOUNCED, _why(answer)), suppress=SUPPRESSES.get(answer.code, "bounced"), known=answer.known)
        case "withheld":
            stop = withheld(delivery, answer, now)
            move = msgspec.structs.replace(stop.move, provider=provider)
            return After(hot.Outcome(delivery.attempt, State.HELD, answer.code, raw, move), later=stop.later)
        case "unknown" if not may_repeat(category, delivery.channel):
            return After(ended(State.UNKNOWN, "provider_refused"))
    planned = next_try(delivery.attempt, now, delivery.expires, answer.retry_after, rnd(), limits_of(category, delivery.priority), max(delivery.accepted, delivery.released))
    attempt_outcome = State.UNKNOWN if answer.meaning == "unknown" else State.RETRYING
    if isinstance(planned, At):
        return After(ended(State.RETRYING, answer.code or "temporary", planned.at, attempt_outcome), later=again(delivery, planned.at))
    if planned.code == "expired":
        return After(ended(State.EXPIRED, "expired", outcome=attempt_outcome), soft=answer.code.startswith(SOFT_CODES))
    letter = f"retry_exhausted: {answer.code}".strip(" :")
    return After(ended(State.DEAD, "retry_exhausted", outcome=attempt_outcome), letter=letter, soft=answer.code.startswith(SOFT_CODES))
