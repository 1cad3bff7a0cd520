"""Connections: as many as mails need and no more than may be, kept in order by person, given back when idle, spent or old; what a server takes no
more of costs no attempt. And what a server that reports is asked to report."""

import asyncio

import msgspec
import pytest

from backend.channels.base import Answer
from backend.channels.kinds import Parts
from backend.channels.smtp import Smtp
from backend.channels.smtp_parcel import Timing
from backend.channels.smtp_pool import OPENING
from backend.channels.verp import Bounced, Verp
from backend.clock import HeldClock
from backend.security.sealing import Sealer
from carillon.bench.sink_smtp import Manner, Sink
from tests.channels.mailserver import GOOD as _GOOD
from tests.channels.mailserver import HANG, NOON, QUICK, Answers, number, outgoing, provider, send, server
from tests.channels.postfix import postfix

REPORTING = _GOOD["EHLO"].replace(b"250-PIPELINING\r\n", b"250-PIPELINING\r\n250-DSN\r\n")
BARE = REPORTING.replace(b"250-PIPELINING\r\n", b"")
SEALER = Sealer(b"k" * 32)


async def flown(delay, count=120, most=12):
    """So many mails of as many people, twelve open at a time; the connections that took."""
    sink = Sink(manner=Manner(delay=delay))
    port = await sink.start()
    async with provider(port, query=f"connections={most}") as made:
        answers = Answers()
        for n in range(1, count + 1):
            if n > 12:
                await answers.all(n - 12)
            answers.post(made, outgoing(n), lane=n)
        got = await answers.all(count)
    await sink.close()
    assert {answer.meaning for answer in got.values()} == {"accepted"}
    return sink.connections


async def test_a_slow_server_gets_more_connections_than_a_quick_one():
    assert await flown(0.0) <= 6  # two on a quiet machine
    assert await flown(0.03) == 12


async def test_a_slow_server_gets_as_many_for_a_few_people_who_are_told_much():
    """What is read together is for few people: none of them may keep the connection of another's mails when it could have one of its own."""
    sink = Sink(manner=Manner(delay=0.03))
    port = await sink.start()
    async with provider(port, query="connections=12") as made:
        answers = Answers()
        for n in range(1, 181):
            answers.post(made, outgoing(n), lane=n % 12)
        got = await answers.all(180)
    await sink.close()
    assert {answer.meaning for answer in got.values()} == {"accepted"}
    assert sink.connections == 12
    places = {made: n for n, made in enumerate(sink.ids)}
    heard = [places[outgoing(n).delivery.hex()] for n in range(1, 181)]
    for lane in range(12):
        assert heard[lane::12] == sorted(heard[lane::12])


async def test_no_more_than_twenty_are_opened_at_once():
    """Nobody is greeted: the twenty-first connection is not even begun."""
    async with server(lambda step, n: HANG if step == "greet" else None) as there:
        quick = Timing(connect=5.0, answer=0.5, idle=5.0, close=0.1, pauses=(0.0,))
        async with provider(there.port, query="connections=200", timing=quick) as made:
            answers = Answers()
            for n in range(1, 601):
                answers.post(made, outgoing(n), lane=n)
            while there.connections < OPENING:
                await asyncio.sleep(0.005)
            assert len(made._pool._lanes()) == OPENING
        got = await answers.all(600)
    assert {answer.meaning for answer in got.values()} == {"temporary"}


async def test_an_urgent_mail_finds_a_connection_when_its_persons_last_one_has_just_closed():
    """The first mail is the last of its connection, and the urgent one comes before what waits has gone on."""
    timing = Timing(connect=5.0, answer=5.0, idle=5.0, close=0.5, pauses=(0.0,), most=1)
    async with server() as there, provider(there.port, query="connections=3", timing=timing) as made:
        got: list[int] = []
        pool, urgent = made._pool, msgspec.structs.replace(outgoing(99), priority="critical")
        closed, pool._takes = pool.idle, 0.1  # a slow server: one mail on a connection

        def idle(lane):
            closed(lane)
            pool.idle = closed
            made.post(1, urgent, lambda _: got.append(99))

        pool.idle = idle
        for n in range(1, 12):  # one is on its connection, ten wait for it
            made.post(1, outgoing(n), lambda _, n=n: got.append(n))
        while len(got) < 12:
            await asyncio.sleep(0.005)
        assert [n for n in got if n != 99] == list(range(1, 12))


async def test_what_waits_for_its_own_can_be_called_back_and_is_answered_at_the_end():
    async with server(lambda step, n: HANG if step == "final" else None) as there:
        quick = Timing(connect=5.0, answer=60.0, idle=5.0, close=0.05, pauses=(0.0,))
        async with provider(there.port, query="connections=3", timing=quick) as made:
            answers = Answers()
            for n in range(1, 31):  # eight are on its connection, of which one was begun; the others wait for those
                answers.post(made, outgoing(n), lane=1)
            while not there.heard:
                await asyncio.sleep(0.005)
            made.recall([outgoing(n).delivery for n in (5, 20, 21)], Answer("withheld", "halted", "space"))
            assert {n: answer.code for n, answer in (await answers.all(3)).items()} == dict.fromkeys((5, 20, 21), "halted")
        got = await answers.all(30)
        assert there.connections == 1
        assert {answer.meaning for n, answer in got.items() if n > 8 and n not in (20, 21)} == {"temporary"}


async def test_no_more_connections_are_opened_than_may_be():
    """Nothing is answered: eight mails wait on each connection before the next is opened, and the rest behind them."""
    async with server(lambda step, n: HANG if step == "final" else None) as there:
        quick = Timing(connect=5.0, answer=0.5, idle=5.0, close=0.1, pauses=(0.0,))
        async with provider(there.port, query="connections=3", timing=quick) as made:
            answers = Answers()
            for n in range(1, 9):
                answers.post(made, outgoing(n), lane=n)
            while len(there.heard) < 1:
                await asyncio.sleep(0.005)
            assert there.connections == 1
            for n in range(9, 60):
                answers.post(made, outgoing(n), lane=n)
            while len(there.heard) < 3:
                await asyncio.sleep(0.005)
            assert there.connections == 3


async def test_one_connection_is_enough_for_mails_that_come_one_by_one():
    async with server() as there, provider(there.port, query="connections=9") as made:
        answers = Answers()
        for n in range(1, 30):
            answers.post(made, outgoing(n), lane=n)
            await answers.all(n)
        assert there.connections == 1


async def test_each_person_keeps_the_order_on_many_connections():
    timing = Timing(connect=5.0, answer=5.0, idle=5.0, close=0.5, pauses=(0.0,), most=7)
    async with server() as there, provider(there.port, query="connections=5", timing=timing) as made:
        answers = Answers()
        for n in range(1, 601):
            answers.post(made, outgoing(n), lane=n % 11)
            if n % 50 == 0:
                await asyncio.sleep(0.01)
        got = await answers.all(600)
        assert {answer.meaning for answer in got.values()} == {"accepted"}
        for lane in range(11):
            assert [number(mail) for mail in there.heard if number(mail) % 11 == lane] == [n for n in range(1, 601) if n % 11 == lane]
        assert there.connections >= 600 // 7


async def test_a_server_that_takes_two_connections_gets_all_mails_on_two():
    """As Postfix does beyond smtpd_client_connection_count_limit: the third greeting is a refusal."""
    greeted = 0

    def script(step, n):
        nonlocal greeted
        if step == "greet":
            greeted += 1
            return b"421 4.7.0 too many connections from you\r\n" if greeted > 2 else None
        return None

    timing = Timing(connect=5.0, answer=5.0, idle=5.0, close=0.5, pauses=(0.0,), most=500)
    async with server(script) as there, provider(there.port, query="connections=20&open=64", timing=timing) as made:
        answers = Answers()
        answers.post(made, outgoing(1), lane=1)
        await answers.all(1)
        for n in range(2, 203):
            answers.post(made, outgoing(n), lane=n % 64)
        got = await answers.all(202)
        assert greeted > 2
        assert {answer.meaning for answer in got.values()} == {"accepted"}
        for lane in range(64):
            mine = [number(mail) for mail in there.heard if number(mail) % 64 == lane]
            assert mine == sorted(mine)


async def test_an_old_connection_is_closed_after_its_mail():
    timing = Timing(connect=5.0, answer=5.0, age=0.0, pauses=(0.0,))
    async with server() as there:
        got = await send(there.port, *(outgoing(n) for n in range(1, 4)), timing=timing)
        assert {answer.meaning for answer in got.values()} == {"accepted"}
        assert there.connections == 3
        assert there.verbs.count("QUIT") >= 2  # the last one may still be on its way


@pytest.mark.parametrize("ehlo", [REPORTING, BARE], ids=["pipelining", "bare"])
async def test_reports_are_asked_of_a_server_that_makes_them(ehlo):
    async with server(lambda step, n: ehlo if step == "EHLO" else None) as there:
        await send(there.port, outgoing(7, to="mia+a=b@example.com"))
    mail, rcpt = there.envelopes
    assert mail == b"MAIL FROM:<bells@example.com> RET=HDRS ENVID=%032x\r\n" % 7
    assert rcpt == b"RCPT TO:<mia+a=b@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;mia+2Ba+3Db@example.com\r\n"


async def test_and_of_no_other():
    async with server() as there:
        await send(there.port, outgoing(7))
    assert there.envelopes == [b"MAIL FROM:<bells@example.com>\r\n", b"RCPT TO:<mia@example.com>\r\n"]


async def test_with_a_bounce_domain_each_mail_has_a_sender_of_its_own_and_one_id_for_all_attempts():
    async with server() as there:
        made = Smtp(f"smtp://127.0.0.1:{there.port}?bounces=b.example.com", clock=HeldClock(NOON), timing=QUICK, parts=Parts(HeldClock(NOON), SEALER, None, None))
        answers = Answers()
        for n in (1, 2):
            answers.post(made, outgoing(n), lane=n)
        await answers.all(2)
        await made.close()
    senders = [line.split(b"<")[1].split(b">")[0].decode() for line in there.envelopes if line.startswith(b"MAIL")]
    assert [Verp(SEALER).read(sender) for sender in senders] == [Bounced(1, n.to_bytes(16, "big")) for n in (1, 2)]
    assert sorted(number(mail) for mail in there.heard) == [1, 2]
    assert b"\r\nFrom: Carillon <bells@example.com>\r\n" in b"\r\n" + there.heard[0]


@pytest.mark.parametrize(("query", "connections", "opened"), [("", 20, 64), ("connections=200", 200, 600), ("connections=200&open=9", 200, 9), ("lanes=4", 4, 64)])
def test_as_many_are_open_as_the_connections_keep_busy(query, connections, opened):
    made = Smtp(f"smtp://127.0.0.1?{query}", clock=HeldClock(NOON))
    assert (made._target.connections, made.open_limit, made.lanes) == (connections, opened, 1 << 20)


async def test_all_mails_get_through_a_postfix_that_takes_fewer_connections():
    async with server() as sink:
        with postfix(sink=sink.port, bounces=9, limit=6) as port:
            async with provider(port, query="connections=30", timing=Timing(connect=10.0, answer=20.0, close=1.0)) as made:
                answers = Answers()
                answers.post(made, outgoing(1, to="mia@sink.example"), lane=1)
                await answers.all(1)
                for n in range(2, 152):
                    answers.post(made, outgoing(n, to="mia@sink.example"), lane=n)
                async with asyncio.timeout(60):
                    got = await answers.all(151)
                assert {answer.meaning for answer in got.values()} == {"accepted"}
                assert made._pool._allowed <= 6


async def test_urgent_mails_go_before_what_waits():
    """One connection has a row of mails: what is urgent goes behind the two that were begun, in its order."""
    sink = Sink(manner=Manner(delay=0.01))
    port = await sink.start()
    async with provider(port, query="connections=1") as made:
        answers = Answers()
        for n in range(1, 31):
            answers.post(made, outgoing(n), lane=n)
        while len(sink.ids) < 3:
            await asyncio.sleep(0.005)
        for n in (31, 32, 33):
            answers.post(made, outgoing(n, priority="critical"), lane=n)
        await answers.all(33)
    await sink.close()
    order = [int(made, 16) for made in sink.ids]
    assert [n for n in order if n > 30] == [31, 32, 33]
    assert order.index(33) < 15, f"{order}"
    assert [n for n in order if n <= 30] == list(range(1, 31))
