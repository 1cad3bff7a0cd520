"""The SMTP provider against a scripted server on a real socket: what each reply means, order, reconnecting, time limits."""

import asyncio
import socket
from email import message_from_bytes, policy

import pytest

from backend.channels.base import Answer
from backend.channels.smtp_parcel import Timing
from backend.domain.errors import Unavailable
from backend.domain.space import Sender
from tests.channels.mailserver import DROP, HANG, QUICK, Answers, number, outgoing, provider, send, server
from tests.channels.mailserver import GOOD as _GOOD

BARE = _GOOD["EHLO"].replace(b"250-PIPELINING\r\n", b"")
SAID = [
    ("final", b"250 2.0.0 queued as 4711", "accepted", "2.0.0"),
    ("final", b"250 thanks", "accepted", "250"),
    ("RCPT", b"550 5.1.1 <mia@example.com>: no such user", "bad_address", "5.1.1"),
    ("RCPT", b"551-5.1.6 has moved\r\n551 5.1.6 away", "bad_address", "5.1.6"),
    ("RCPT", b"550 5.1.8 your domain does not exist", "refused", "5.1.8"),
    ("RCPT", b"550 no such user", "refused", "550"),
    ("RCPT", b"450 5.1.1 not verified yet", "temporary", "5.1.1"),
    ("RCPT", b"451 4.7.1 greylisted", "temporary", "4.7.1"),
    ("RCPT", b"452 4.2.2 full", "temporary", "4.2.2"),
    ("RCPT", b"552 5.2.2 full for good", "refused", "5.2.2"),
    ("MAIL", b"550 5.1.1 we do not like you", "refused", "5.1.1"),
    ("MAIL", b"530 5.7.0 sign in first", "temporary", "5.7.0"),
    ("MAIL", b"421 4.3.2 closing", "temporary", "4.3.2"),
    ("MAIL", b"450 later", "temporary", "450"),
    ("DATA", b"554 5.7.1 not from you", "refused", "5.7.1"),
    ("DATA", b"451 4.3.0 later", "temporary", "4.3.0"),
    ("DATA", b"250 I misread you", "temporary", "250"),
    ("final", b"554 5.7.1 looks like spam", "refused", "5.7.1"),
    ("final", b"552 5.3.4 too big", "refused", "5.3.4"),
    ("final", b"550 5.1.1 so late", "refused", "5.1.1"),
    ("final", b"451 4.3.0 disk full", "temporary", "4.3.0"),
    ("final", b"421 4.3.2 closing", "temporary", "4.3.2"),
    ("final", b"354 what?", "unknown", "354"),
    ("RCPT", DROP, "temporary", "connection_lost"),
    ("DATA", DROP, "temporary", "connection_lost"),
    ("final", DROP, "unknown", "connection_lost"),
    ("MAIL", b"hello?", "temporary", "protocol"),
    ("final", b"what is this", "unknown", "protocol"),
    ("greet", DROP, "temporary", "connection_lost"),
    ("greet", b"554 5.3.2 no mail here", "temporary", "554"),
    ("EHLO", b"421 4.7.0 too many of you", "temporary", "421"),
]


@pytest.mark.parametrize("ehlo", [_GOOD["EHLO"], BARE], ids=["pipelining", "bare"])
@pytest.mark.parametrize(("step", "said", "meaning", "code"), SAID)
async def test_what_an_answer_means(step, said, meaning, code, ehlo):
    def script(at, n):
        if at == step and n <= 1:
            return said if said is DROP else said + b"\r\n"
        return {"EHLO": ehlo}.get(at) if at != "HELO" or step != "EHLO" else said + b"\r\n"

    async with server(script) as there:
        (answer,) = (await send(there.port, outgoing())).values()
    assert (answer.meaning, answer.code) == (meaning, code)
    if said is not DROP:
        assert said.split(b"\r\n")[0].decode() in answer.raw


@pytest.mark.parametrize("ehlo", [_GOOD["EHLO"], BARE], ids=["pipelining", "bare"])
@pytest.mark.parametrize(("step", "said", "meaning", "code"), [row for row in SAID if row[0] in ("MAIL", "RCPT", "DATA", "final")])
async def test_the_mails_after_it_arrive_all_the_same(step, said, meaning, code, ehlo):
    def script(at, n):
        if at == step and n == 2:
            return said if said is DROP else said + b"\r\n"
        return {"EHLO": ehlo}.get(at)

    async with server(script) as there:
        answers = await send(there.port, *(outgoing(n) for n in range(1, 6)))
        taken = [number(mail) for mail in there.taken]
    assert [answers[n].meaning for n in (1, 3, 4, 5)] == ["accepted"] * 4
    # the second one may have had its second chance: an old connection that ended before its body is no answer
    assert answers[2].meaning in (
        {meaning, "accepted"} if code in ("connection_lost", "protocol") and meaning == "temporary" else {meaning}
    )
    assert taken == [n for n in range(1, 6) if answers[n].meaning == "accepted"]


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "final"])
async def test_a_server_that_hangs_blocks_nothing_for_ever(step):
    quick = Timing(connect=5.0, answer=0.1, idle=5.0, close=0.1, pauses=(0.0,))

    async with server(lambda at, n: HANG if at == step and n == 1 else None) as there:
        answers = await send(there.port, outgoing(1), outgoing(2), timing=quick)
    assert (answers[1].meaning, answers[1].code) == ("unknown" if step == "final" else "temporary", "timeout")
    assert answers[2].meaning == "accepted" or answers[2].code == "timeout"


async def test_a_greeting_that_does_not_come():
    quick = Timing(connect=5.0, answer=0.05, pauses=(0.0,))
    async with server(lambda at, n: HANG if at == "greet" else None) as there:
        answers = await send(there.port, outgoing(), timing=quick)
    assert (answers[1].meaning, answers[1].code) == ("temporary", "timeout")


async def test_nobody_listens():
    async with server() as there:
        port = there.port
    answers = await send(port, outgoing(1), outgoing(2))
    assert {(answer.meaning, answer.code) for answer in answers.values()} == {("temporary", "connection")}
    async with provider(port) as made:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await made.reachable()


async def test_after_a_failure_the_lane_pauses_and_comes_back_alone():
    down = True

    def script(step, n):
        return DROP if step == "greet" and down else None

    async with server(script) as there, provider(there.port) as made:
        answers = Answers()
        answers.post(made, outgoing(1))
        assert (await answers.all(1))[1].meaning == "temporary"
        down = False
        answers.post(made, outgoing(2))
        assert (await answers.all(2))[2].meaning == "accepted"


async def test_reachable_tells_who_answered():
    async with server() as there, provider(there.port) as made:
        said = await made.reachable()
        assert "220 here" in said
        assert "not encrypted" in said


async def test_order_and_one_connection_within_a_lane():
    async with server() as there:
        answers = Answers()
        async with provider(there.port, query="lanes=2") as made:
            for n in range(1, 101):
                answers.post(made, outgoing(n), lane=n % 20)
            got = await answers.all(100)
        assert there.connections == 2
        assert {answer.meaning for answer in got.values()} == {"accepted"}
        for lane in range(20):
            mine = [n for n in range(1, 101) if n % 20 == lane]
            assert [n for n in answers.order if n % 20 == lane] == mine
            assert [number(mail) for mail in there.heard if number(mail) % 20 == lane] == mine


async def test_without_pipelining_each_command_waits_for_its_answer():
    async with server(lambda at, n: BARE if at == "EHLO" else None, chunk=3) as there:
        answers = await send(there.port, *(outgoing(n) for n in range(1, 4)))
        assert [answers[n].meaning for n in (1, 2, 3)] == ["accepted"] * 3
        assert there.verbs[:4] == ["EHLO", "MAIL", "RCPT", "DATA"]


async def test_a_server_that_knows_only_helo():
    async with server(lambda at, n: b"502 what?\r\n" if at == "EHLO" else None) as there:
        assert (await send(there.port, outgoing()))[1].meaning == "accepted"


async def test_a_connection_carries_so_many_mails_and_is_made_anew():
    timing = Timing(connect=5.0, answer=5.0, most=3, pauses=(0.0,))
    async with server() as there:
        answers = await send(there.port, *(outgoing(n) for n in range(1, 11)), timing=timing)
        assert {answer.meaning for answer in answers.values()} == {"accepted"}
        assert there.connections == 4
        assert [number(mail) for mail in there.heard] == list(range(1, 11))


async def test_an_idle_connection_is_closed_and_made_anew_on_demand():
    timing = Timing(connect=5.0, answer=5.0, idle=0.02, pauses=(0.0,))
    left = asyncio.Event()

    def script(step, n):
        if step == "QUIT":
            left.set()

    async with server(script) as there, provider(there.port, timing=timing) as made:
        answers = Answers()
        answers.post(made, outgoing(1))
        await answers.all(1)
        await asyncio.wait_for(left.wait(), 60)
        answers.post(made, outgoing(2))
        assert (await answers.all(2))[2].meaning == "accepted"
        assert there.connections == 2


async def test_the_server_that_leaves_while_idle_costs_no_attempt():
    """After each mail it says 421 and goes: what comes next gets a new connection."""

    def script(step, n):
        return b"250 2.0.0 ok\r\n421 4.4.2 idle too long\r\n" if step == "final" else None

    async with server(script) as there:
        answers = Answers()
        async with provider(there.port) as made:
            for n in range(1, 5):
                answers.post(made, outgoing(n))
                assert (await answers.all(n))[n].meaning == "accepted"


async def test_bodies_arrive_as_they_were():
    text = "\n".join([".", "..", ".hidden", "a line", "From here", "." * 300])
    big = "<p>" + "\n.x" * 60_000 + "</p>"
    mails = [outgoing(1, text=text), outgoing(2, text=text, html=big), outgoing(3, text="Grüße\n.\n", subject="Schöne Grüße ✓")]
    async with server(lambda at, n: b"250-here\r\n250 PIPELINING\r\n" if at == "EHLO" else None) as there:
        answers = await send(there.port, *mails)
        heard = {number(mail): message_from_bytes(mail[:-3].replace(b"\r\n..", b"\r\n."), policy=policy.default) for mail in there.heard}
    assert {answer.meaning for answer in answers.values()} == {"accepted"}
    for n, mail in enumerate(mails, 1):
        plain, rich = heard[n].iter_parts()
        assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == mail.message.text.rstrip("\n")
        assert rich.get_content().replace("\r\n", "\n").rstrip("\n") == mail.message.html
        assert heard[n]["Subject"] == mail.message.subject


async def test_a_break_amid_a_long_body_is_no_riddle():
    """The server closes while most of the body is still here: the dot was never written, so nobody has taken the mail."""

    async def cut(reader, writer):
        writer.write(b"220 x\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(b"250-x\r\n250 PIPELINING\r\n")
        await reader.readuntil(b"DATA\r\n")
        writer.write(b"250 ok\r\n250 ok\r\n354 go\r\n")
        await reader.read(1000)
        writer.transport.abort()

    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    there = await asyncio.start_server(cut, sock=listening, limit=1000)
    answers = await send(listening.getsockname()[1], outgoing(html="x\n" * 3_000_000))
    there.close()
    assert (answers[1].meaning, answers[1].code) == ("temporary", "connection_lost")


async def test_a_mail_larger_than_the_server_takes_is_refused_before_it_is_sent():
    async with server() as there:
        answers = await send(there.port, outgoing(1, html="x" * 1_000_001), outgoing(2))
        assert (answers[1].meaning, answers[1].code) == ("refused", "5.3.4")
        assert [number(mail) for mail in there.heard] == [2]


async def test_envelope_and_headers():
    sender = Sender(address="bells@bücher.example", name="Glöckchen", reply_to="shop@example.com")
    unsubscribe = {"List-Unsubscribe": "<https://x.example/u/t>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    async with server() as there:
        await send(there.port, outgoing(7, sender=sender, headers=unsubscribe))
        mail = message_from_bytes(there.heard[0], policy=policy.default)
        assert there.envelopes == [b"MAIL FROM:<bells@xn--bcher-kva.example>\r\n", b"RCPT TO:<mia@example.com>\r\n"]
    assert mail["From"] == "Glöckchen <bells@xn--bcher-kva.example>"
    assert mail["Reply-To"] == "shop@example.com"
    assert mail["Message-ID"] == f"<{7:032x}@xn--bcher-kva.example>"
    assert mail["List-Unsubscribe"] == "<https://x.example/u/t>"
    assert mail["Date"] == "Wed, 25 Nov 2026 12:00:00 -0000"


@pytest.mark.parametrize(
    "bad",
    [
        {"to": "mia@example.com>\r\nRCPT TO:<eve@example.com"},
        {"to": "mia@example.com\n"},
        {"to": "mia example.com"},
        {"to": "<mia@example.com>"},
        {"to": ""},
        {"to": "mía@example.com"},
        {"sender": Sender(address="a@b.example> SIZE=1\r\nX")},
        {"sender": Sender(name="Eve\r\nBcc: all@example.com")},
        {"sender": Sender(reply_to="x\r\nBcc: all@example.com")},
        {"subject": "Hi\r\nBcc: all@example.com"},
        {"headers": {"X-Note": "a\nb"}},
        {"headers": {"Bcc": "all@example.com"}},
    ],
)
async def test_what_cannot_be_written_is_refused_and_nothing_is_sent(bad):
    async with server() as there:
        answers = await send(there.port, outgoing(1, **bad))
        assert (answers[1].meaning, answers[1].code) == ("refused", "header_unsafe")
        assert there.connections == 0


async def test_closing_answers_everything():
    """The server never answers the first mail; the others wait behind it."""
    async with server(lambda at, n: HANG if at == "final" else None) as there:
        answers = Answers()
        made_timing = Timing(connect=5.0, answer=30.0, close=0.05)
        async with provider(there.port, timing=made_timing) as made:
            for n in range(1, 6):
                answers.post(made, outgoing(n))
            while not there.heard:
                await asyncio.sleep(0)
        got = await answers.all(5)
    assert got[1].meaning == "unknown"
    assert {got[n].meaning for n in (2, 3, 4, 5)} == {"temporary"}
    late = []
    made.post(0, outgoing(9), late.append)
    assert [answer.meaning for answer in late] == ["temporary"]


async def test_closing_waits_for_what_flies():
    async with server() as there:
        answers = Answers()
        async with provider(there.port) as made:
            answers.post(made, outgoing(1))
            while not there.heard:
                await asyncio.sleep(0)
        assert (await answers.all(1))[1] == Answer("accepted", "2.0.0", "250 2.0.0 queued as 4711")


async def test_a_reply_without_end_is_cut_off():
    async with server(lambda at, n: b"250-" + b"x" * 20_000 if at == "MAIL" else None) as there:
        assert (await send(there.port, outgoing()))[1].code == "protocol"
    async with server(lambda at, n: b"250-x\r\n" * 200 if at == "MAIL" else None) as there:
        assert (await send(there.port, outgoing()))[1].code == "protocol"


async def test_quick_is_quick():
    """The timing of these tests is the real one but for its seconds."""
    assert QUICK.most == Timing().most
    assert (Timing().connect, Timing().answer, Timing().idle) == (10.0, 60.0, 30.0)


async def test_what_waits_can_be_called_back_and_what_was_begun_goes_on():
    """A server that says nothing after the first mail: what waits behind it is answered, and none of it was heard."""
    async with server(lambda step, n: HANG if step == "final" else None) as there, provider(there.port) as made:
        answers = Answers()
        for n in range(1, 9):
            answers.post(made, outgoing(n))
        async with asyncio.timeout(20):
            while not there.heard:
                await asyncio.sleep(0.01)
        made.recall({n.to_bytes(16, "big") for n in range(1, 8)}, Answer("withheld", "halted", "space"))
        called = {n for n, (answer,) in answers.of.items() if answer == Answer("withheld", "halted", "space")}
        assert {3, 4, 5, 6, 7} <= called  # one is being sent, and the envelope of the next rides behind it
        assert not called & {1, 8}
        assert {number(mail) for mail in there.heard} == {1}
