"""Mails that go whole, several in one write (CHUNKING, RFC 3030): what each reply means for them and for those on their way behind."""

import asyncio
from email import message_from_bytes, policy

import pytest

from backend.channels import smtp_link, smtp_pool
from backend.channels.base import Answer
from backend.channels.smtp_link import AHEAD, BIG
from backend.channels.smtp_parcel import Timing
from carillon.bench.sink_smtp import Manner, Sink
from tests.channels.mailserver import DROP, HANG, QUICK, WHOLE, Answers, number, outgoing, provider, send, server
from tests.channels.postfix import postfix
from tests.channels.test_smtp import SAID


def offering(script=lambda step, n: None):
    """The script of a server that offers it."""
    return lambda step, n: script(step, n) or (WHOLE if step == "EHLO" else None)


def once(step, said, n=2):
    return offering(lambda at, which: said if at == step and which == n else None)


async def test_they_go_one_behind_the_other_and_each_begins_clean():
    async with server(offering()) as there:
        answers = await send(there.port, *(outgoing(n) for n in range(1, 31)))
        assert {answer.meaning for answer in answers.values()} == {"accepted"}
        assert [number(mail) for mail in there.heard] == list(range(1, 31))
        assert there.connections == 1
        verbs = [verb for verb in there.verbs if verb not in ("EHLO", "QUIT")]
        one = ["MAIL", "RCPT", "BDAT"]
        assert verbs[:10] == [*one, *one, "RSET", *one]  # the first shows how quick it is
        assert verbs.count("BDAT") == 30


@pytest.mark.parametrize(("step", "said", "meaning", "code"), [row for row in SAID if row[0] not in ("DATA", "greet", "EHLO")])
async def test_what_an_answer_means(step, said, meaning, code):
    """The same as of a mail that waits for a go-ahead, but that its body had gone before whatever ended the connection."""
    async with server(once(step, said if said is DROP else said + b"\r\n", n=1)) as there:
        (answer,) = (await send(there.port, outgoing())).values()
    if code in ("connection_lost", "protocol"):
        meaning = "unknown"
    assert (answer.meaning, answer.code) == (meaning, code)


@pytest.mark.parametrize(("step", "said", "meaning", "code"), [row for row in SAID if row[0] in ("MAIL", "RCPT", "final") and row[3] not in ("connection_lost", "protocol")])
async def test_the_mails_behind_it_arrive_all_the_same_and_once(step, said, meaning, code):
    async with server(once(step, said + b"\r\n")) as there:
        answers = await send(there.port, *(outgoing(n) for n in range(1, 13)))
        assert (answers[2].meaning, answers[2].code) == (meaning, code)
        assert {answers[n].meaning for n in answers if n != 2} == {"accepted"}
        assert [number(mail) for mail in there.taken] == [n for n in range(1, 13) if answers[n].meaning == "accepted"]
        assert there.nested == 0
        assert there.connections == (2 if said.startswith(b"421") else 1)


@pytest.mark.parametrize("said", [DROP, HANG, b"what is this\r\n"])
async def test_where_the_connection_breaks_nobody_knows_of_those_on_their_way_and_the_others_ask_from_then_on(said):
    timing = Timing(connect=5.0, answer=0.3, idle=5.0, close=0.5, pauses=(0.0,))
    async with server(once("final", said, n=3)) as there, provider(there.port, timing=timing) as made:
        answers = Answers()
        for n in range(1, 31):
            answers.post(made, outgoing(n))
        got = await answers.all(30)
        unknown = [n for n, answer in got.items() if answer.meaning == "unknown"]
        assert unknown == list(range(3, 3 + len(unknown)))
        assert 1 < len(unknown) <= AHEAD
        others = [n for n in got if n not in unknown]
        assert {got[n].meaning for n in others} == {"accepted"}
        assert sorted(set(map(number, there.taken)) - set(unknown)) == others
        asked = [verb for verb in there.verbs if verb in ("DATA", "BDAT")]
        assert asked[-(30 - unknown[-1]) :] == ["DATA"] * (30 - unknown[-1])
        whole = there.verbs.count("BDAT")
        await _on_a_new_connection(made, answers, 31)
        assert there.verbs.count("BDAT") == whole
        made._pool._whole_from -= smtp_pool.ASKING  # the hour is over
        await _on_a_new_connection(made, answers, 35)
        assert there.verbs.count("BDAT") == whole + 4


async def _on_a_new_connection(made, answers, n):
    """Four mails."""
    link = next(iter(made._pool._lanes()))._link
    link.quit()
    await link.closed
    for more in range(n, n + 4):
        answers.post(made, outgoing(more))
    await answers.all(n + 3)


@pytest.mark.parametrize("said", [b"500 5.5.2 what?\r\n", b"502 5.5.1 not implemented\r\n"])
async def test_a_server_that_offers_it_and_does_not_know_it_gets_them_the_other_way(said):
    def script(step, n):
        return said if step == "final" and there.verbs[-1] == "BDAT" else None

    async with server(offering(script)) as there:
        answers = await send(there.port, *(outgoing(n) for n in range(1, 6)))
        assert {answer.meaning for answer in answers.values()} == {"accepted"}
        assert [number(mail) for mail in there.taken] == [1, 2, 3, 4, 5]
        assert there.verbs.count("DATA") == 5


async def test_after_a_silence_the_first_one_asks(monkeypatch):
    """The connection may have ended unseen, and a mail that was sent whole into it is one that nobody knows of."""
    monkeypatch.setattr(smtp_link, "LIVE", -1.0)
    async with server(offering()) as there:
        answers = await send(there.port, *(outgoing(n) for n in range(1, 6)))
        assert {answer.meaning for answer in answers.values()} == {"accepted"}
        assert next(verb for verb in there.verbs if verb in ("DATA", "BDAT")) == "DATA"
        assert [number(mail) for mail in there.heard] == [1, 2, 3, 4, 5]


async def test_a_connection_that_ended_unseen_costs_no_attempt(monkeypatch):
    monkeypatch.setattr(smtp_link, "LIVE", -1.0)

    def script(step, n):
        return DROP if step == "MAIL" and n == 2 else None

    async with server(offering(script)) as there, provider(there.port) as made:
        answers = Answers()
        answers.post(made, outgoing(1))
        await answers.all(1)
        for n in (2, 3):
            answers.post(made, outgoing(n))
        got = await answers.all(3)
        assert {answer.meaning for answer in got.values()} == {"accepted"}
        assert there.connections == 2


async def test_a_long_body_asks_and_the_others_go_on():
    long = "<p>" + "x\n" * BIG + "</p>"
    mails = [outgoing(n, html=long if n == 3 else "<p>Hi</p>") for n in range(1, 6)]
    async with server(offering()) as there:
        answers = await send(there.port, *mails)
        assert {answer.meaning for answer in answers.values()} == {"accepted"}
        assert [number(mail) for mail in there.heard] == [1, 2, 3, 4, 5]
        assert [verb for verb in there.verbs if verb in ("DATA", "BDAT")] == ["BDAT", "BDAT", "DATA", "BDAT", "BDAT"]
        assert there.nested == 0


async def test_a_long_one_behind_one_that_is_refused_begins_clean_too():
    long = "<p>" + "x\n" * BIG + "</p>"
    mails = [outgoing(n, html=long if n == 4 else "<p>Hi</p>") for n in range(1, 7)]
    async with server(once("RCPT", b"550 5.1.1 nobody\r\n", n=3)) as there:
        answers = await send(there.port, *mails)
        assert [n for n, answer in answers.items() if answer.meaning != "accepted"] == [3]
        assert [number(mail) for mail in there.taken] == [1, 2, 4, 5, 6]
        assert there.nested == 0


async def test_one_that_went_whole_in_vain_may_be_refused_the_other_way():
    """The server knows no BDAT, and does not like this mail."""

    def script(step, n):
        return b"500 5.5.2 what?\r\n" if step == "final" else None

    async with server(offering(script)) as there:
        answers = await send(there.port, outgoing(1))
        assert (answers[1].meaning, answers[1].code) == ("refused", "5.5.2")
        assert [verb for verb in there.verbs if verb in ("DATA", "BDAT")] == ["BDAT", "DATA"]


async def test_a_slow_server_gets_one_at_a_time():
    sink = Sink(manner=Manner(delay=0.15))
    port = await sink.start()
    async with provider(port) as made:
        answers = Answers()
        for n in range(1, 11):
            answers.post(made, outgoing(n))
        while sink.count < 2:
            await asyncio.sleep(0.01)
        made.recall({outgoing(n).delivery for n in range(1, 11)}, Answer("withheld", "halted", "space"))
        await answers.all(10)
    await sink.close()
    assert sink.count <= 3


async def test_bodies_arrive_as_they_were():
    text = "\n".join([".", "..", ".hidden", "BDAT 10 LAST", "QUIT", "From here", "." * 300])
    async with server(offering()) as there:
        await send(there.port, outgoing(1, text=text), outgoing(2, text="Grüße\n.\n"))
        heard = {number(mail): message_from_bytes(mail[:-3].replace(b"\r\n..", b"\r\n."), policy=policy.default) for mail in there.heard}
    (plain, _), (greeting, _) = heard[1].iter_parts(), heard[2].iter_parts()
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == text
    assert greeting.get_content().replace("\r\n", "\n").rstrip("\n") == "Grüße\n."


async def test_without_pipelining_it_is_left():
    async with server(lambda step, n: WHOLE.replace(b"250-PIPELINING\r\n", b"") if step == "EHLO" else None) as there:
        await send(there.port, outgoing(1), outgoing(2))
        assert "BDAT" not in there.verbs


async def test_what_is_behind_those_on_their_way_can_be_called_back():
    async with server(once("final", HANG)) as there, provider(there.port, timing=QUICK) as made:
        answers = Answers()
        for n in range(1, AHEAD + 11):
            answers.post(made, outgoing(n))
        async with asyncio.timeout(20):
            while len(there.heard) < 2:
                await asyncio.sleep(0.005)
        made.recall({outgoing(n).delivery for n in range(1, AHEAD + 11)}, Answer("withheld", "halted", "space"))
        assert answers.of[1][0].meaning == "accepted"
        assert sorted(answers.order) == [1, *range(2 + AHEAD, AHEAD + 11)]


async def test_a_real_postfix_takes_them_and_one_that_it_refuses_spoils_no_other():
    async with server() as sink:
        with postfix(sink=sink.port, bounces=9) as port:
            async with provider(port, timing=Timing(connect=10.0, answer=20.0, close=1.0)) as made:
                answers = Answers()
                for n in range(1, 41):
                    to = "mia@elsewhere.example" if n in (3, 20) else "mia@sink.example"
                    answers.post(made, outgoing(n, to=to, text=f".\n..\n.{n}\nBDAT 3 LAST\n"))
                got = await answers.all(40)
                link = next(iter(made._pool._lanes()))._link
                assert link._chunking
                assert link.taken == 40
                assert [n for n, answer in got.items() if answer.meaning != "accepted"] == [3, 20]
                async with asyncio.timeout(60):
                    while len(sink.heard) < 38:
                        await asyncio.sleep(0.02)
        assert sorted(map(number, sink.heard)) == [n for n in range(1, 41) if n not in (3, 20)]
        for mail in sink.heard:
            plain = next(message_from_bytes(mail[:-3].replace(b"\r\n..", b"\r\n."), policy=policy.default).iter_parts())
            assert plain.get_content().replace("\r\n", "\n") == f".\n..\n.{number(mail)}\nBDAT 3 LAST\n"
