"""Receipts: what providers report later moves deliveries forward, suppresses addresses, and is kept.

An address that bounces for good is suppressed at once, one that is full or away after `domain.receipt.SOFT`; a mail that was refused by policy is
nobody's address's fault, and somebody is told.

A receipt that comes before its attempt's outcome is durable waits as a due row, for at most a day.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from backend.clock import Clock
from backend.domain import preference
from backend.domain.category import Category
from backend.domain.delivery import CHANNEL_NUMBER, State
from backend.domain.ids import born_of, make_id
from backend.domain.machines import too_soon
from backend.domain.receipt import MACHINE, SUPPRESSES, Kind, Receipt, moves
from backend.domain.touch import GOT, OF_RECEIPT, Touch
from backend.log import topics
from backend.log.codec import Unreadable, decode, encode
from backend.log.port import Record
from backend.store import audit, categories, hot, leaving, link_rows, persons, receipt_rows, stamps
from backend.store.port import Tx
from backend.store.suppress import suppress
from backend.store.worn import worn_out
from workers.ports import FactsOf
from workers.stage import DONE, Batch, Dead, Verdict

SMS = CHANNEL_NUMBER["sms"]
EARLY = (0.5, 300.0, 86_400.0)  # seconds until an early receipt is looked at again, doubled each time up to the second; given up after


class Receipts:
    """The stage `receipts`."""

    name = "receipts"

    def __init__(self, *, clock: Clock, facts: FactsOf, alarm: Callable[[str], None] | None = None) -> None:
        self._clock, self._facts, self._alarm = clock, facts, alarm
        self.lanes = [topics.RECEIPTS]

    async def handle(self, records: Sequence[Record]) -> Batch:
        verdicts: list[Verdict] = [DONE] * len(records)
        read: list[tuple[Record, Receipt]] = []
        for n, record in enumerate(records):
            try:
                read.append((record, decode(Receipt, record.value)))
            except Unreadable as error:
                verdicts[n] = Dead(0, "unreadable", str(error))
        now = self._clock.now()
        changed: list[tuple[int, int]] = []
        policies: set[tuple[str, str, bool]] = set()

        def write(tx: Tx) -> Sequence[Record]:
            changed.clear()
            policies.clear()
            for space in {receipt.space for _, receipt in read}:
                mine = [(record, receipt) for record, receipt in read if receipt.space == space]
                policies.update(self._write(tx, space, mine, now, changed))
            return []

        async def forget() -> None:
            if changed:
                await self._facts.forget(changed)
            if self._alarm:
                for told in policies:
                    self._alarm(_refused_by_policy(*told))

        return Batch(write, verdicts, forget)

    @staticmethod
    def _write(tx: Tx, space: int, mine: Sequence[tuple[Record, Receipt]], now: float, changed: list[tuple[int, int]]) -> set[tuple[str, str, bool]]:
        """(provider, code, whether it was a text) of what was refused by policy."""
        about = receipt_rows.deliveries_of(tx, space, [receipt.delivery for _, receipt in mine])
        kept: list[Receipt] = []
        later: list[hot.Later] = []
        steps: list[hot.Move] = []
        place: dict[bytes, tuple[int, int]] = {}
        sent = _sent(tx, space, mine, about)
        for record, receipt in mine:
            row = about.get(receipt.delivery)
            if row is None or row.state in (State.PENDING, State.HELD):
                if now - receipt.at < EARLY[2] and (row is not None or now - born_of(receipt.delivery) / 1000 < EARLY[2]):
                    later.append(_look_again(record, receipt, now))  # an id of long ago without a row is one that history dropped
                continue
            kept.append(msgspec.structs.replace(receipt, generation=receipt.generation or row.generation, kind=_done_by(receipt, row, sent)))
            step = moves(place.get(row.id, (row.generation, row.state)), kept[-1])
            if step:
                place[row.id] = step
                steps.append(
                    hot.Move(space, row.id, row.cohort, row.channel, *step, receipt.code or receipt.kind, provider=receipt.provider)
                )
            if receipt.kind in SUPPRESSES:
                changed += [
                    (space, p) for p in suppress(tx, space, row.channel, row.address, SUPPRESSES[receipt.kind], receipt.provider, now, receipt.at)
                ]
            if receipt.kind == "unsubscribed" and _leave(tx, space, receipt, now):
                changed.append((space, row.person))
        stamps.count_receipts(tx, space, kept, about, now)
        hot.write_touches(tx, [*_touches(space, kept, about), *_arrived(space, steps, about, now)], now)
        receipt_rows.keep(tx, space, kept)
        for receipt in kept:
            if receipt.kind == "bounced_soft":
                row = about[receipt.delivery]
                changed += [(space, p) for p in worn_out(tx, space, row.person, row.channel, row.address, receipt.provider, now)]
        for step_ in steps:  # one by one: two moves of one delivery must come in their order
            hot.write_moves(tx, [step_], now)
        if later:
            hot.write_due(tx, later)
        return {(r.provider, r.code, about[r.delivery].channel == SMS) for r in kept if r.kind == "bounced_policy"}


def _touches(space: int, kept: Sequence[Receipt], about: Mapping[bytes, receipt_rows.Place]) -> Iterator[tuple[int, Touch]]:
    for receipt in kept:
        if did := OF_RECEIPT.get(receipt.kind):
            row = about[receipt.delivery]
            yield space, Touch(did, row.person, receipt.at, row.channel, row.cohort)


def _arrived(space: int, steps: Sequence[hot.Move], about: Mapping[bytes, receipt_rows.Place], now: float) -> Iterator[tuple[int, Touch]]:
    """What a receipt says went after all: its attempt ended without an answer."""
    for step in steps:
        row = about[step.delivery]
        if step.state in (State.SENT, State.DELIVERED) and row.state not in (State.SENT, State.DELIVERED):
            yield space, Touch(GOT, row.person, now, row.channel, row.cohort)


def _sent(tx: Tx, space: int, mine: Sequence[tuple[Record, Receipt]], about: Mapping[bytes, receipt_rows.Place]) -> dict[bytes, float]:
    """When the mails were sent that somebody is said to have looked at."""
    seen = [receipt.delivery for _, receipt in mine if receipt.kind in MACHINE and receipt.delivery in about]
    return receipt_rows.sent_at(tx, space, seen) if seen else {}


def _done_by(receipt: Receipt, row: receipt_rows.Place, sent: Mapping[bytes, float]) -> Kind:
    """The kind, which is a machine's for what was done sooner than a person can, or before the mail was even taken."""
    if receipt.kind not in MACHINE:
        return receipt.kind
    flies = row.state == State.SENDING and receipt.delivery not in sent
    return MACHINE[receipt.kind] if flies or too_soon(receipt.at, sent.get(receipt.delivery)) else receipt.kind


def _leave(tx: Tx, space: int, receipt: Receipt, now: float) -> bool:
    """Somebody unsubscribed at the provider's or with a button of their mail program: the category is not wanted any more."""
    told = link_rows.sent(tx, space, receipt.delivery)
    stored = categories.get(tx, space, told.category) if told else None
    if told is None or stored is None or preference.locked(msgspec.json.decode(stored.body, type=Category).kind):
        return False
    person = persons.get(tx, space, told.person, lock=True)
    if person is None or person.erased is not None:
        return False
    evidence = f"delivery {receipt.delivery.hex()}"
    if not leaving.leave(tx, person, told.category, now, receipt.provider or "link", evidence, receipt.at):
        return False
    detail = msgspec.json.encode({"category": told.category, "delivery": receipt.delivery.hex()}).decode()
    made = make_id(int(now * 1000), receipt.delivery, b"unsubscribed")
    audit.add(tx, audit.AuditRow(
        space=space, id=made, at=now, actor=receipt.provider or "link", role="provider", action="preferences.unsubscribe",
        object=f"user:{person.user_id}", detail=detail,
    ))  # fmt: skip
    return True


def _refused_by_policy(provider: str, code: str, text: bool) -> str:
    """One alert for each provider and code, however many come back."""
    if text:
        return (
            f"Texts that the provider {provider or 'of a receipt'} sent come back as filtered or refused by policy ({code or 'no code'}). The numbers are not at fault, and stay. "
            "Look at the answers on the pages of bounced deliveries: the words of the text, and whether its sender is registered for the country. Halt what repeats it."
        )
    return (
        f"Mails that the provider {provider or 'of a receipt'} sent come back as refused by policy ({code or 'no code'}). The addresses are not at fault, and stay. Look at "
        "the answers on the pages of bounced deliveries: sender, SPF, DKIM and DMARC of your domain, and the standing of the address they are sent from."
    )


def _look_again(record: Record, receipt: Receipt, now: float) -> hot.Later:
    """Each look is a row of its own: the one before may stand claimed until its lease ends, and would keep this one waiting as long."""
    looked = receipt.looked + 1
    at = now + min(EARLY[0] * 2 ** min(receipt.looked, 20), EARLY[1])
    made = make_id(int(receipt.at * 1000), receipt.delivery, receipt.kind.encode())
    value = encode(msgspec.structs.replace(receipt, looked=looked))
    return hot.Later(receipt.space, made, f"receipt.{receipt.kind}.{looked}", at, record.topic, record.partition, record.key, value)
