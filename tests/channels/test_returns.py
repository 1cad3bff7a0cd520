"""Our small server for what comes back, against the standard library's client and against strangers who are slow, huge, wrong or want to relay."""

import asyncio
import smtplib
from contextlib import asynccontextmanager

import pytest

from backend.channels.kinds import Parts
from backend.channels.reports import LARGEST
from backend.channels.returns import Returns, listening
from backend.channels.smtp import Smtp
from backend.channels.smtp_intake import OF_ONE
from backend.clock import HeldClock
from backend.domain.errors import Invalid, LogUnavailable, Unavailable
from tests.channels.dsn import DOMAIN, SEALER, dsn, made, ours
from tests.channels.mailserver import NOON, QUICK, server


class Log:
    """Where receipts go; away when told so."""

    def __init__(self):
        self.receipts, self.away = [], False

    async def report(self, receipt):
        if self.away:
            raise LogUnavailable
        self.receipts.append(receipt)


@asynccontextmanager
async def listening_server(line_time=5.0, mail_time=5.0):
    log = Log()
    returns = Returns("smtp", Parts(HeldClock(NOON), SEALER, None, log.report), domain=DOMAIN, listen="127.0.0.1:0")
    returns.intake._line_time, returns.intake._mail_time = line_time, mail_time
    await returns.start()
    try:
        yield returns.intake.port, log
    finally:
        await returns.close()


def say(port, *lines, wait=True):
    """Lines written at once to the server; everything it said until it hung up."""

    async def talk():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for line in lines:
            writer.write(line)
        async with asyncio.timeout(20):
            said = await reader.read() if wait else b""
        writer.close()
        return said.decode()

    return talk()


async def post(port, raw, *to, sender=""):
    def client():
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as there:
            return there.sendmail(sender, list(to), raw)

    return await asyncio.to_thread(client)


async def test_a_bounce_is_taken_and_told_once():
    async with listening_server() as (port, log):
        await post(port, dsn(), ours(7))
        await post(port, dsn("5.2.2", said="552 5.2.2 full"), ours(8).upper())
    assert [(r.delivery, r.kind, r.code, r.provider, r.space) for r in log.receipts] == [
        (made(7), "bounced_hard", "5.1.1", "smtp", 1),
        (made(8), "bounced_soft", "5.2.2", "smtp", 1),
    ]


@pytest.mark.parametrize(
    "address",
    ["mia@example.com", "postmaster@example.org", f"b+{made(7).hex()}.0123456789abcdef@{DOMAIN}", ours(7).replace(DOMAIN, "example.net"), f"postmaster@{DOMAIN}", "a@b@c"],
)
async def test_nothing_is_relayed_and_no_other_address_taken(address):
    async with listening_server() as (port, log):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            await post(port, dsn(), address)
        assert refused.value.recipients[address][0] == 550
    assert log.receipts == []


async def test_what_has_a_sender_is_not_taken():
    async with listening_server() as (port, log):
        with pytest.raises(smtplib.SMTPSenderRefused, match="only reports"):
            await post(port, dsn(), ours(7), sender="mia@example.com")
    assert log.receipts == []


async def test_an_out_of_office_note_is_taken_and_means_nothing():
    async with listening_server() as (port, log):
        await post(port, b"Subject: away\r\nAuto-Submitted: auto-replied\r\n\r\nback on Monday\r\n", ours(7))
    assert log.receipts == []


async def test_while_the_log_is_away_it_comes_again():
    async with listening_server() as (port, log):
        log.away = True
        with pytest.raises(smtplib.SMTPDataError) as later:
            await post(port, dsn(), ours(7))
        assert later.value.smtp_code == 451
        log.away = False
        await post(port, dsn(), ours(7))
    assert [r.kind for r in log.receipts] == ["bounced_hard"]


async def test_a_server_that_writes_all_in_one_go_is_understood():
    """RFC 2920; Postfix writes QUIT behind the dot."""
    envelope = f"EHLO x\r\nMAIL FROM:<> SIZE=900\r\nRCPT TO:<{ours(7)}> NOTIFY=NEVER\r\nDATA\r\n".encode()
    again = f"MAIL FROM:<>\r\nRCPT TO:<{ours(8)}>\r\nDATA\r\n".encode()
    async with listening_server() as (port, log):
        said = await say(port, envelope + dsn() + b".\r\n" + again + dsn() + b".\r\nQUIT\r\n")
    assert [line[:3] for line in said.splitlines() if line[3] == " "] == ["220", "250", "250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert [r.delivery for r in log.receipts] == [made(7), made(8)]


async def test_a_bare_line_feed_hides_no_second_mail():
    """SMTP smuggling: a dot between bare line feeds ends nothing."""
    hidden = f"MAIL FROM:<>\r\nRCPT TO:<{ours(9)}>\r\nDATA\r\n".encode() + dsn(to=ours(9))
    async with listening_server() as (port, log):
        await say(port, f"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<{ours(7)}>\r\nDATA\r\n".encode() + dsn() + b"\n.\n" + hidden + b"\n.\r\n" + hidden + b".\r\nQUIT\r\n")
    assert [r.delivery for r in log.receipts] == [made(7)]


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        ((b"x" * 5_000,), "500 5.5.2"),
        ((b"HELO x\r\n", b"NOOP " + b"y" * 3_000 + b"\r\n"), "500 5.5.2"),
        ((b"HELO x\r\n", b"VRFY mia\r\n" * 20), "421 4.7.0"),
        ((b"NOOP\r\n" * 500,), "421 4.7.0"),
        ((b"HELO x\r\nMAIL FROM:<> SIZE=99999999\r\nQUIT\r\n",), "221"),
        ((f"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<{ours(7)}>\r\nDATA\r\n".encode(), b"x" * 900 + b"\r\n", b"y" * LARGEST), "552 5.3.4"),
        ((b"\xff\x00\xfe\r\n" * 20,), "421 4.7.0"),
        ((b"DATA\r\nRCPT TO:<a@b>\r\nMAIL FROM:nobody\r\nQUIT\r\n",), "221"),
        ((f"MAIL FROM:<>\r\nRCPT TO:<{ours(7)}>\r\nDATA\r\n.\r\nQUIT\r\n".encode(),), "221"),
    ],
    ids=["no line", "long line", "wrong commands", "too many", "announced too large", "too large", "no text", "out of order", "nothing"],
)
async def test_what_is_wrong_is_cut_off_with_a_reason(lines, last):
    async with listening_server() as (port, log):
        said = await say(port, *lines)
    assert said.splitlines()[-1].startswith(last)
    assert log.receipts == []


@pytest.mark.parametrize("begin", [b"", b"HEL", f"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<{ours(7)}>\r\nDATA\r\nSubject".encode()], ids=["silent", "amid a command", "amid a mail"])
async def test_who_is_slow_is_hung_up_on(begin):
    async with listening_server(line_time=0.1, mail_time=0.1) as (port, _):
        said = await say(port, begin)
    assert said.splitlines()[-1].startswith("421 4.4.2")


async def test_one_peer_has_so_many_connections_and_closing_waits_for_none():
    async with listening_server() as (port, _):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(OF_ONE)]
        for reader, _ in held:
            assert (await reader.readline()).startswith(b"220")
        assert (await say(port)).startswith("421 4.7.0")
        held[0][1].write(b"QUIT\r\n")
        assert (await held[0][0].readline()).startswith(b"221")
        assert await held[0][0].read() == b""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.readline()).startswith(b"220")
        writer.close()
    for _, writer in held:
        writer.close()


async def test_a_port_that_is_taken_stops_no_mail_and_the_check_says_it():
    parts = Parts(HeldClock(NOON), SEALER, None, Log().report)
    taken = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with server() as there:
        provider = Smtp(f"smtp://127.0.0.1:{there.port}?bounces={DOMAIN}&listen=127.0.0.1:{port}", clock=HeldClock(NOON), timing=QUICK, parts=parts)
        await provider.start()
        with pytest.raises(Unavailable, match="Free the port"):
            await provider.reachable()
        await provider.close()
        well = Smtp(f"smtp://127.0.0.1:{there.port}?bounces={DOMAIN}&listen=127.0.0.1:0", clock=HeldClock(NOON), timing=QUICK, parts=parts)
        await well.start()
        assert "bounces are taken at port" in await well.reachable()
        await well.close()
    taken.close()


@pytest.mark.parametrize("text", ["", "x", "70000", "1e3", "host:", "a b:25", "smtp://x:25", "٢٥"])
def test_what_is_no_port(text):
    with pytest.raises(Invalid):
        listening(text)


def test_a_server_for_bounces_needs_their_domain():
    with pytest.raises(Invalid, match="bounce domain"):
        Returns("smtp", Parts(HeldClock(NOON), SEALER, None, None), domain="", listen="25")
    assert listening("[::1]:25") == ("::1", 25)
    assert listening("2525") == ("", 2525)
