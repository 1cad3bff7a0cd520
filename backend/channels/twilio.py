"""SMS by Twilio: its own client makes the requests, our pool carries them.

POST Messages has no key by which a repeat could be known (its description has 24 fields, none is one), so an attempt whose answer got lost is
`unknown` and never sent again. It is looked for among the account's messages, by number, time and text, and settled by a receipt; and whatever
Twilio tells of it later at our address for receipts settles it too, for that address carries the delivery's id.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from backend.channels import twilio_fields, twilio_hooks
from backend.channels.base import Answer, Outgoing
from backend.channels.kinds import Given, Kind, Parts
from backend.channels.spending import MILLION, Spending, prices_of
from backend.channels.twilio_codes import BAD, TAKEN, clean, kind_of, meaning_of
from backend.channels.twilio_wire import NotSent, Turned, Unsure, Wire
from backend.domain.errors import Unavailable
from backend.domain.receipt import Receipt
from backend.domain.segments import plainer, segments
from backend.domain.template import SmsMessage
from backend.security import numbers

log = logging.getLogger("carillon.channels")

CONNECT, ANSWER = 5.0, 15.0  # seconds; Twilio answers in 0.1 to 1
LONGEST = 1_600  # characters of a body, https://www.twilio.com/docs/api/errors/21617
VALIDITY = 36_000  # seconds a message may wait at Twilio at most, and does when nothing is said
LOOKS = (15.0, 60.0, 300.0, 1_800.0)  # seconds until a lost one is looked for, after each other
LOOKING, AT_ONCE = 1_000, 4  # lost ones that are looked for, and looks of them at once: more wait for what Twilio tells by itself
SLACK = 2.0  # seconds that two clocks may differ
NOTED = 10_000  # messages whose ids are remembered, so that a lost one is not taken for one of them
CLOSING = Answer("temporary", "closing", "This process is stopping.")
UNANSWERED = Answer("unknown", "closing", "This process stopped before Twilio answered.")
Row = tuple[Outgoing, Callable[[Answer], None]]


class Twilio:
    """One account. `base`: where Twilio is, in tests."""

    channel = route = "sms"
    lanes, patience = 256, CONNECT + ANSWER + 5
    base = ""

    def __init__(self, given: Given, parts: Parts) -> None:
        fields = given.fields
        twilio_fields.together(fields)
        self.key = given.key
        self.open_limit, self.rate = given.number("open"), given.number("rate")
        self._fields, self._clock, self._report = fields, parts.clock, parts.report
        self._hook = given.hook if given.hook.startswith("https://") else ""  # Twilio refuses one that it cannot reach, and the message with it
        self._countries = frozenset(twilio_fields.countries_of(fields["countries"]))
        self._prices = prices_of(fields.get("prices", ""))
        self._spending = Spending(self.key, given.number("spend_cap") * MILLION, purse=parts.purse, clock=parts.clock)
        self._plain = given.on("plain")
        self._wire: Wire | None = None
        self._client: Any = None
        self._rows: dict[int, deque[Row]] = defaultdict(deque)
        self._working: dict[int, asyncio.Task[None]] = {}
        self._looking: set[asyncio.Task[None]] = set()
        self._looks = asyncio.Semaphore(AT_ONCE)
        self._sids: deque[str] = deque(maxlen=NOTED)
        self._closed = False

    async def start(self) -> None:
        """The client belongs to the loop that runs now."""
        f = self._fields
        self._wire = Wire(connect=CONNECT, answer=ANSWER)
        user, password = (f["api_key"], f["api_secret"]) if f.get("api_key") else (f["account_sid"], f["auth_token"])
        self._client = Client(
            user, password, f["account_sid"], f.get("region") or None, self._wire, {"CARILLON": ""}, f.get("edge") or None
        )  # an environment of its own: TWILIO_REGION of the process is nobody's wish
        if self.base:
            self._client.api.base_url = self.base

    async def close(self, patience: float | None = None) -> None:
        self._closed = True
        for row in self._rows.values():
            while row:
                row.popleft()[1](CLOSING)
        for task in self._looking:
            task.cancel()
        if self._working:
            _, late = await asyncio.wait(self._working.values(), timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.gather(*self._looking, return_exceptions=True)
        if self._wire is not None:
            await self._wire.close()
        try:
            await self._spending.close()
        except Unavailable:
            log.warning("What %s had not spent could not be given back; it counts as spent today", self.key)

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        if self._closed:
            done(CLOSING)
            return
        self._rows[lane].append((outgoing, done))
        if lane not in self._working:
            self._working[lane] = asyncio.create_task(self._work(lane))

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        for row in self._rows.values():
            back = [one for one in row if one[0].delivery in deliveries]
            for one in back:
                row.remove(one)
                one[1](answer)

    async def reachable(self) -> str:
        """Asks for one message: that is allowed to every kind of key, and costs nothing."""
        try:
            await self._client.messages.list_async(limit=1, page_size=1)
        except Turned as turned:
            raise Unavailable(f"Twilio said no: {meaning_of(turned.status, turned.body).raw}") from None
        except (NotSent, Unsure, TwilioException) as error:
            raise Unavailable(f"Twilio does not answer: {clean(str(error))}") from None
        return "Twilio knows the account and its key."

    # ---- one lane
    async def _work(self, lane: int) -> None:
        row = self._rows[lane]
        try:
            while row:
                outgoing, done = row.popleft()
                try:
                    answer = await self._answer(outgoing)
                except asyncio.CancelledError:
                    done(UNANSWERED)
                    raise
                except Exception as error:  # a mistake of ours must not leave a message without an answer, nor send it twice
                    log.exception("an SMS could not be sent")
                    answer = Answer("unknown", "failed", type(error).__name__)
                done(answer)
        finally:
            del self._working[lane]
            if not row:
                self._rows.pop(lane, None)

    async def _answer(self, outgoing: Outgoing) -> Answer:
        message = outgoing.message
        assert isinstance(message, SmsMessage)
        text = plainer(message.text) if self._plain else message.text
        number = numbers.look(outgoing.address)
        if number.deaf:
            return Answer("bad_address", "number_unfit", f"not sent: {number.deaf}")
        if number.country not in self._countries:
            return Answer("refused", "country_not_allowed", f"not sent: country {number.country or 'not known'}")
        if not text.strip():
            return Answer("refused", "empty", "not sent: the text is empty")
        if len(text) > LONGEST:
            return Answer("refused", "too_long", f"not sent: {len(text)} characters, {LONGEST} are allowed")
        counted = segments(text)
        price = counted.count * self._prices.get(number.country, self._prices.get("*", 0))
        try:
            day = await self._spending.pay(price)
        except Unavailable as away:
            return Answer("temporary", "spending_unknown", away.detail)
        if day is None:
            return Answer("withheld", "spend_cap", self.key)
        answer = await self._send(outgoing, text, f"{counted.count} {counted.encoding}")
        if answer.meaning not in ("accepted", "unknown"):
            self._spending.give_back(price, day)
        return answer

    async def _send(self, outgoing: Outgoing, text: str, counted: str) -> Answer:
        asked = self._clock.now()
        sender = self._fields["sender"]
        more: dict[str, object] = {"messaging_service_sid" if sender.startswith("MG") and len(sender) == len("MG") + 32 else "from_": sender}
        if self._hook:
            more["status_callback"] = f"{self._hook}?d={outgoing.delivery.hex()}&g={outgoing.generation}"
        if outgoing.expires:
            more["validity_period"] = max(1, min(VALIDITY, int(outgoing.expires - asked)))
        try:
            made = await self._client.messages.create_async(to=outgoing.address, body=text, **more)
        except NotSent as error:
            return Answer("temporary", "away", clean(str(error)))
        except Turned as turned:
            answer = meaning_of(turned.status, turned.body, turned.retry_after)
            if answer.meaning == "unknown":
                self._lost(outgoing, text, asked)
            return answer
        except (Unsure, TwilioException, ValueError, TypeError, AttributeError) as error:  # the last three: a success that nobody can read
            self._lost(outgoing, text, asked)
            return Answer("unknown", "no_answer", clean(f"{type(error).__name__} {error}"))
        status, sid = str(made.status), str(made.sid)[:34]
        self._sids.append(sid)
        raw = f"{sid} {status}, {counted}"
        if status in BAD:
            answer = meaning_of(400, msgspec.json.encode({"code": made.error_code, "message": made.error_message}))
            return Answer(answer.meaning, answer.code, f"{raw} {answer.raw}")
        if status not in TAKEN:
            self._lost(outgoing, text, asked)
            return Answer("unknown", "no_answer", f"{raw} is no status that is known here")
        return Answer("accepted", status, raw)

    # ---- the lost ones
    def _lost(self, outgoing: Outgoing, text: str, asked: float) -> None:
        if len(self._looking) >= LOOKING:
            return
        task = asyncio.create_task(self._look_for(outgoing, text, asked, self._clock.now()))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _look_for(self, outgoing: Outgoing, text: str, asked: float, until: float) -> None:
        """A receipt, once Twilio shows the one message that this must be. None or two of them: it stays unknown."""
        for pause in LOOKS:
            await self._clock.sleep(pause)
            try:
                async with self._looks:
                    listed = await self._client.messages.list_async(to=outgoing.address, date_sent_after=_moment(asked - SLACK), limit=50)
            except (NotSent, Unsure, Turned, TwilioException, ValueError, TypeError, AttributeError):
                continue
            found = [one for one in listed if one.body == text and one.sid not in self._sids and _within(one.date_created, asked - SLACK, until + SLACK)]
            if len(found) == 1:
                (one,) = found
                self._sids.append(one.sid)
                error = int(one.error_code) if str(one.error_code or "").isdigit() else None
                kind = kind_of(str(one.status), error) or "sent"
                raw = f"{str(one.sid)[:34]} {one.status}, found among the messages of the account"
                await self._tell(Receipt(outgoing.space, outgoing.delivery, kind, self._clock.now(), outgoing.generation, self.key, str(error or one.status), raw, outgoing.person))
                return

    async def _tell(self, receipt: Receipt) -> None:
        for pause in (0.5, 5.0, 30.0):
            try:
                return await self._report(receipt)
            except Unavailable:
                await self._clock.sleep(pause)
        return await self._report(receipt)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _within(made: object, first: float, last: float) -> bool:
    return isinstance(made, datetime) and int(first) <= made.timestamp() <= last


KIND = Kind(
    key="twilio",
    name="Twilio",
    channel="sms",
    needs={
        "en": "An account at Twilio with a messaging service or a number that may send texts, and the address that Carillon shows once it is saved entered there for incoming messages, so that STOP is heard.",
        "de": "Ein Konto bei Twilio mit einem Messaging Service oder einer Nummer, die SMS senden darf, und dort die Adresse, die Carillon nach dem Speichern zeigt, für eingehende Nachrichten, "
        "damit STOP gehört wird.",
    },
    fields=twilio_fields.FIELDS,
    make=Twilio,
    hear=twilio_hooks.hear,
)
