"""Twilio as a provider, over real sockets: what we ask, what its answers mean, what is never asked, and what became of an answer that got lost."""

import asyncio
import socket

import pytest
from aiohttp import web

from backend.channels import fields, twilio, twilio_codes
from backend.channels.base import Answer
from backend.clock import HeldClock
from backend.domain.errors import Invalid, StoreUnavailable, Unavailable
from tests.channels.fake_twilio import CUT, HANG, HOOK, MOBILE, SERVICE, SID, TOKEN, TYPED, Purses, ask, error, made, outgoing, running
from tests.channels.mailserver import NOON


async def test_what_is_asked_of_twilio():
    async with running() as (there, provider):
        (answer,) = await ask(provider, outgoing(7, generation=2, expires=NOON + 3600))
    assert (answer.meaning, answer.code) == ("accepted", "queued")
    assert answer.raw.endswith("queued, 1 gsm7")
    assert there.forms == [{
        "To": MOBILE, "Body": "Your order is on its way", "MessagingServiceSid": SERVICE, "ValidityPeriod": "3600",
        "StatusCallback": f"{HOOK}?d={7:032x}&g=2",
    }]  # fmt: skip
    assert there.seen == [(SID, f"{SID}:{TOKEN}")]


async def test_a_number_a_key_and_no_address_that_twilio_could_reach():
    key = "SK" + "c" * 32
    async with running(sender="+4915100000000", api_key=key, api_secret="k-secret", hook="http://localhost:8000/hooks/sms") as (there, provider):
        await ask(provider, outgoing())
    assert there.forms[0].keys() == {"To", "Body", "From"}
    assert there.seen == [(SID, f"{key}:k-secret")]


@pytest.mark.parametrize(("code", "row"), twilio_codes.ERRORS.items())
async def test_every_error_of_the_table_as_twilio_says_it(code, row):
    status = {20003: 401, 20404: 404, 20429: 429, 20503: 503}.get(code, 400)
    said = f"The number {MOBILE} (+49 151 1234-5678) is what {code} is about"
    async with running() as (there, provider):
        there.script = lambda form, n: error(status, code, said, **({"Retry-After": "3"} if status in (429, 503) else {}))
        (answer,) = await ask(provider, outgoing())
    assert (answer.meaning, answer.code) == row
    assert answer.raw == f"{status} {code} The number … (…) is what {code} is about"
    assert answer.retry_after == (3 if status in (429, 503) else None)


@pytest.mark.parametrize(
    ("status", "meaning", "code"),
    [
        (301, "temporary", "unexpected"), (400, "refused", "refused"), (401, "temporary", "credentials"), (403, "temporary", "credentials"),
        (404, "temporary", "account"), (408, "unknown", "timeout"), (418, "refused", "refused"), (429, "temporary", "throttled"),
        (500, "unknown", "failed"), (502, "unknown", "failed"), (503, "temporary", "away"), (504, "unknown", "timeout"), (599, "unknown", "failed"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("body", [b"<html>no</html>", b"", b'{"code": [], "message": 7}', b"\xff\xfe", b"[]", b'{"code": 999999}'])
async def test_an_answer_that_is_none_of_twilios_means_what_its_status_means(status, meaning, code, body):
    async with running() as (there, provider):
        there.script = lambda form, n: web.Response(status=status, body=body, headers={"Location": "https://evil.example/", "Retry-After": "soon"})
        (answer,) = await ask(provider, outgoing())
    assert (answer.meaning, answer.code, answer.retry_after) == (meaning, code, None)
    assert len(there.forms) == 1


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"null", b"{}", b'{"sid": 7, "status": "vanished"}', b"\xff"])
async def test_a_success_that_nobody_can_read_is_unknown(body):
    async with running() as (there, provider):
        there.script = lambda form, n: web.Response(status=201, body=body, content_type="application/json")
        (answer,) = await ask(provider, outgoing())
    assert (answer.meaning, answer.code) == ("unknown", "no_answer")
    assert len(there.forms) == 1


async def test_a_message_that_is_made_and_failed_at_once():
    async with running() as (there, provider):
        there.script = lambda form, n: web.json_response(
            {"sid": "SM1", "status": "failed", "error_code": 21610, "error_message": f"{MOBILE} said stop"}, status=201
        )
        (answer,) = await ask(provider, outgoing())
    assert (answer.meaning, answer.code) == ("bad_address", "opted_out")
    assert MOBILE not in answer.raw


async def test_nobody_there_is_safe_to_repeat():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        provider = made()
        provider.base = f"http://127.0.0.1:{taken.getsockname()[1]}"
        await provider.start()
        (answer,) = await ask(provider, outgoing())
        with pytest.raises(Unavailable, match="does not answer"):
            await provider.reachable()
        await provider.close()
    assert (answer.meaning, answer.code) == ("temporary", "away")


@pytest.mark.parametrize("how", [CUT, HANG])
async def test_an_answer_that_never_comes_is_unknown_and_asked_once(how, monkeypatch):
    monkeypatch.setattr(twilio, "ANSWER", 0.3)
    monkeypatch.setattr(twilio, "CONNECT", 0.2)
    async with running() as (there, provider):
        there.script = lambda form, n: how
        (answer,) = await ask(provider, outgoing())
    assert (answer.meaning, answer.code) == ("unknown", "no_answer")
    assert len(there.forms) == 1


async def test_a_name_is_a_sender_though_it_begins_like_a_service():
    async with running(sender="MGM Hotels") as (there, provider):
        await ask(provider, outgoing())
    assert there.forms[0]["From"] == "MGM Hotels"


async def test_an_answer_without_end_is_none():
    async def endless(request=None):
        return web.Response(status=400, body=b"x" * (3 << 20))

    async with running() as (there, provider):
        there.script = lambda form, n: endless()
        (answer,) = await ask(provider, outgoing())
    assert answer.meaning == "unknown"


# ---- the lost ones
class Looks:
    """Somebody who learns of receipts."""

    def __init__(self):
        self.receipts, self._some = [], asyncio.Event()

    async def report(self, receipt):
        self.receipts.append(receipt)
        self._some.set()

    async def some(self):
        await asyncio.wait_for(self._some.wait(), 10)
        return self.receipts


async def _looked(there, provider, clock, times):
    """The clock has gone on, and so many looks were had."""
    for _ in range(2_000):
        if len(there.listings) >= times:
            return
        clock.move(30)
        await asyncio.sleep(0.002)
    raise AssertionError(there.listings)


@pytest.mark.parametrize(("status", "code", "kind"), [("queued", None, "sent"), ("delivered", None, "delivered"), ("undelivered", 30006, "bounced_hard")])
async def test_a_lost_one_is_found_among_the_messages_and_settled_by_a_receipt(status, code, kind):
    clock, looks = HeldClock(NOON), Looks()
    async with running(clock, report=looks.report) as (there, provider):
        def lose(form, n):
            there.keep(form, status)["error_code"] = code
            return CUT

        there.script = lose
        (answer,) = await ask(provider, outgoing(9, generation=3))
        assert answer.meaning == "unknown"
        there.keep({"To": MOBILE, "Body": "another text"})
        await _looked(there, provider, clock, 1)
        (receipt,) = await looks.some()
    assert (receipt.delivery, receipt.generation, receipt.kind, receipt.provider) == ((9).to_bytes(16, "big"), 3, kind, "sms")
    assert there.listings[0]["To"] == MOBILE
    assert there.listings[0]["DateSent>"] == "2026-11-25T11:59:58Z"
    assert len(there.forms) == 1


async def test_of_two_that_it_could_be_neither_is_believed_and_those_that_are_known_are_none():
    clock, looks = HeldClock(NOON), Looks()
    async with running(clock, report=looks.report) as (there, provider):
        await ask(provider, outgoing(1))  # the same words, taken and known
        there.script = lambda form, n: CUT
        await ask(provider, outgoing(2))
        await _looked(there, provider, clock, 1)
        assert looks.receipts == []  # the one that stands there is known
        for _ in range(2):
            there.keep({"To": MOBILE, "Body": "Your order is on its way"})["date_created"] = there.messages[0]["date_created"]
        await _looked(there, provider, clock, 4)
        await asyncio.sleep(0.05)
    assert looks.receipts == []
    assert len(there.listings) == 4


async def test_no_more_are_looked_for_than_is_good_for_twilio(monkeypatch):
    monkeypatch.setattr(twilio, "LOOKING", 3)
    clock, looks = HeldClock(NOON), Looks()
    async with running(clock, report=looks.report) as (there, provider):
        there.script = lambda form, n: CUT
        answers = await ask(provider, *(outgoing(n) for n in range(1, 11)))
        assert {answer.meaning for answer in answers} == {"unknown"}
        assert len(provider._looking) == 3
        await _looked(there, provider, clock, 12)
        for _ in range(200):
            await asyncio.sleep(0.002)
        assert (len(there.listings), len(provider._looking)) == (12, 0)
    assert looks.receipts == []


# ---- what is never asked
@pytest.mark.parametrize(
    ("to", "meaning", "code", "raw"),
    [
        ("+493012345678", "bad_address", "number_unfit", "landline"),
        ("+18005551212", "bad_address", "number_unfit", "toll_free"),
        ("+49151", "bad_address", "number_unfit", "impossible"),
        ("", "bad_address", "number_unfit", "impossible"),
        ("x\r\nTo: +4915112345678", "bad_address", "number_unfit", "impossible"),
        ("+447400123456", "refused", "country_not_allowed", "GB"),
        ("+15551234567", "refused", "country_not_allowed", "not known"),
    ],
)
async def test_numbers_that_are_not_sent_to(to, meaning, code, raw):
    async with running() as (there, provider):
        (answer,) = await ask(provider, outgoing(to=to))
    assert (answer.meaning, answer.code) == (meaning, code)
    assert answer.raw.endswith(raw)
    assert there.forms == []


@pytest.mark.parametrize("to", ["+12125551212", "+4915112345678"])
async def test_numbers_that_may_be_a_phone_with_a_screen_are(to):
    async with running() as (_, provider):
        (answer,) = await ask(provider, outgoing(to=to))
    assert answer.meaning == "accepted"


@pytest.mark.parametrize(("text", "code"), [("", "empty"), (" \n", "empty"), ("x" * 1_601, "too_long")])
async def test_texts_that_twilio_would_refuse(text, code):
    async with running() as (there, provider):
        (answer,) = await ask(provider, outgoing(text=text))
    assert (answer.meaning, answer.code, there.forms) == ("refused", code, [])


async def test_typographic_characters_are_made_plain_where_that_costs_less():
    dear = "“Your order” – it’s on its way… " + "x" * 100
    async with running() as (there, provider):
        (answer,) = await ask(provider, outgoing(text=dear))
        assert there.forms[0]["Body"].startswith('"Your order" - it\'s on its way... x')
        assert answer.raw.endswith("1 gsm7")
    async with running(plain="0") as (there, provider):
        (answer,) = await ask(provider, outgoing(text=dear))
        assert there.forms[0]["Body"] == dear
        assert answer.raw.endswith("2 ucs2")


# ---- what it costs
async def test_a_days_sum_is_kept_by_all_and_the_next_day_has_its_own():
    clock, purse = HeldClock(NOON), Purses()
    prices = {"spend_cap": "1", "prices": "DE 0.08\n* 0.30"}
    async with running(clock, purse=purse, **prices) as (there, one), running(clock, purse=purse, **prices) as (also, two):
        answers = await ask(one, *(outgoing(n) for n in range(1, 8))) + await ask(two, *(outgoing(n) for n in range(8, 30)))
        assert [a.meaning for a in answers].count("accepted") == 12  # 12 of 0.08 are 0.96
        assert len(there.forms) + len(also.forms) == 12
        held = answers[-1]
        assert (held.meaning, held.code, held.raw) == ("withheld", "spend_cap", "sms")
        assert purse.told
        assert purse["sms", int(NOON // 86_400)] <= 1_000_000
        clock.move(86_400)
        (answer,) = await ask(two, outgoing(99, to="+12125551212"))
        assert answer.meaning == "accepted"


async def test_long_texts_and_dear_countries_cost_more_and_what_nobody_took_costs_nothing():
    purse, day = Purses(), int(NOON // 86_400)
    async with running(purse=purse, spend_cap="10000", prices="US 0.01\n* 1.5") as (there, provider):
        await ask(provider, outgoing(1, text="x" * 161), outgoing(2, to="+12125551212"))
        there.script = lambda form, n: error(400, 21610)
        await ask(provider, *(outgoing(n) for n in range(3, 90)))
        there.script = lambda form, n: CUT
        await ask(provider, outgoing(91))
    assert purse["sms", day] == 3_000_000 + 10_000 + 1_500_000  # at its end it gave back what it had not spent; the unknown one counts
    assert purse.takes < 20


async def test_without_the_store_nothing_is_spent():
    purse = Purses()
    async def away(*_):
        raise StoreUnavailable
    purse.take = away
    async with running(purse=purse, spend_cap="1") as (there, provider):
        (answer,) = await ask(provider, outgoing())
    assert (answer.meaning, answer.code, there.forms) == ("temporary", "spending_unknown", [])


# ---- order, and the end
async def test_a_person_gets_theirs_in_order_and_others_do_not_wait():
    first = asyncio.Event()

    async def slow():
        await first.wait()

    async with running() as (there, provider):
        there.script = lambda form, n: slow() if form["Body"] == "1a" else None
        answers = []
        provider.post(1, outgoing(1, text="1a"), answers.append)
        provider.post(1, outgoing(1, text="1b"), answers.append)
        await ask(provider, outgoing(2, text="2"))
        assert [form["Body"] for form in there.forms] == ["1a", "2"]
        assert answers == []
        first.set()
        await ask(provider, outgoing(1, text="1c"))
        assert [form["Body"] for form in there.forms] == ["1a", "2", "1b", "1c"]
        assert [answer.meaning for answer in answers] == ["accepted", "accepted"]


async def test_what_waits_is_called_back_and_what_flies_is_not():
    first = asyncio.Event()

    async def slow():
        await first.wait()

    async with running() as (there, provider):
        there.script = lambda form, n: slow()
        answers = {}
        for n in (1, 2, 3):
            provider.post(5, outgoing(n), lambda answer, n=n: answers.__setitem__(n, answer))
        while not there.forms:
            await asyncio.sleep(0.005)
        provider.recall([n.to_bytes(16, "big") for n in (1, 2)], Answer("withheld", "halted", "space"))
        assert {n: answer.code for n, answer in answers.items()} == {2: "halted"}
        closing = asyncio.create_task(provider.close())
        await asyncio.sleep(0)
        assert answers[3].code == "closing"
        first.set()
        await closing
        assert answers[1].meaning == "accepted"
        (late,) = await ask(provider, outgoing(4))
        assert (late.meaning, late.code) == ("temporary", "closing")
    assert len(there.forms) == 1


async def test_reachable_says_what_twilio_says():
    async with running() as (there, provider):
        assert "knows the account" in await provider.reachable()
        assert there.listings == [{"PageSize": "1"}]


# ---- what is typed
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"account_sid": "AC1"}, "account_sid"), ({"account_sid": f"{SID}/../x"}, "account_sid"), ({"auth_token": ""}, "auth_token"),
        ({"auth_token": "with blank s"}, "auth_token"), ({"sender": SERVICE[:-1]}, "sender"), ({"sender": "much too long a name"}, "sender"),
        ({"sender": "4915112345678"}, "sender"), ({"countries": ""}, "countries"), ({"countries": "all"}, "countries"), ({"countries": "*"}, "countries"),
        ({"countries": "DE, XX"}, "countries"), ({"prices": "DE"}, "prices"), ({"prices": "Germany 1"}, "prices"), ({"prices": "DE -1"}, "prices"),
        ({"prices": "DE 1e9"}, "prices"), ({"region": "evil.example/"}, "region"), ({"edge": "evil.example/#", "region": "ie1"}, "edge"),
        ({"edge": "dublin"}, "region"), ({"api_key": "SK" + "c" * 32}, "api_secret"), ({"signing_secret": "s"}, "signing_key"),
        ({"spend_cap": "5", "prices": "DE 0.1"}, "prices"), ({"api_key": "AC" + "c" * 32, "api_secret": "x"}, "api_key"),
    ],
)  # fmt: skip
def test_what_is_typed_wrongly_names_its_field(typed, field):
    with pytest.raises(Invalid) as refused:
        made(**typed)
    assert refused.value.facts["field"] == field
    assert TOKEN not in str(refused.value.detail)


def test_the_name_of_a_host_is_made_of_region_and_edge_alone(monkeypatch):
    monkeypatch.setenv("TWILIO_REGION", "evil")

    async def uri(**typed):
        provider = made(**typed)
        await provider.start()
        found = provider._client.get_hostname("https://api.twilio.com/x")
        await provider.close()
        return found

    assert asyncio.run(uri()) == "https://api.twilio.com/x"
    assert asyncio.run(uri(region="ie1", edge="dublin")) == "https://api.dublin.ie1.twilio.com/x"


def test_countries_have_to_be_named():
    assert fields.read(twilio.KIND, TYPED)["countries"] == "DE, US"
    with pytest.raises(Invalid, match="is empty"):
        fields.read(twilio.KIND, {**TYPED, "countries": " "})
