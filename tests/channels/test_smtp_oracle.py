"""The SMTP provider against mail software of others: aiosmtpd as the server, smtplib as the client to compare with."""

import asyncio
import re
import smtplib

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from backend.channels.smtp import Smtp
from backend.channels.smtp_open import Target, parse_target
from backend.clock import HeldClock
from backend.domain.errors import Invalid, Unavailable
from tests.channels.mailserver import NOON, QUICK, Answers, outgoing, server

PASSWORD = "pa:ss/w@rd?"  # every one of them means something in a URL
QUOTED = "pa%3Ass%2Fw%40rd%3F"


class Inbox:
    """Handler of aiosmtpd: keeps what arrives."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the name aiosmtpd looks for
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content, session.ssl is not None, session.auth_data))
        return "250 2.0.0 kept"


def authenticator(server, session, envelope, mechanism, data):
    success = (data.login, data.password) == (b"mia", PASSWORD.encode())
    return AuthResult(success=success, handled=success, auth_data=data.login)


async def serve(inbox, *, tls=None, implicit=None, **how):
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(inbox, tls_context=tls, loop=loop, hostname="here", ident="test", **how), "127.0.0.1", 0, ssl=implicit
    )


async def send(url, *mails):
    made = Smtp(url, clock=HeldClock(NOON), timing=QUICK)
    await made.start()
    answers = Answers()
    try:
        for mail in mails:
            answers.post(made, mail, lane=0)
        got = await answers.all(len(mails))
        return list(got.values()), await made.reachable() if got[1].meaning == "accepted" else ""
    finally:
        await made.close()


def port_of(there):
    return there.sockets[0].getsockname()[1]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_starttls_and_signing_in(certificates, mechanism):
    inbox = Inbox()
    exclude = ["LOGIN" if mechanism == "PLAIN" else "PLAIN"]
    there = await serve(inbox, tls=certificates.context, auth_required=True, authenticator=authenticator, auth_exclude_mechanism=exclude)
    url = f"smtp://mia:{QUOTED}@127.0.0.1:{port_of(there)}?ca={certificates.ca}"
    answers, said = await send(url, *(outgoing(n) for n in range(1, 4)))
    there.close()
    assert [answer.raw for answer in answers] == ["250 2.0.0 kept"] * 3
    assert "encrypted, signed in" in said
    assert [(mail[0], mail[1], mail[3], mail[4]) for mail in inbox.mails] == [("bells@example.com", ["mia@example.com"], True, b"mia")] * 3


async def test_tls_from_the_first_byte(certificates):
    inbox = Inbox()
    there = await serve(inbox, implicit=certificates.context, auth_require_tls=False, authenticator=authenticator)
    answers, said = await send(f"smtps://mia:{QUOTED}@127.0.0.1:{port_of(there)}?ca={certificates.ca}", outgoing(1))
    there.close()
    assert answers[0].meaning == "accepted"
    assert "(encrypted, signed in)" in said
    assert inbox.mails[0][4] == b"mia"


async def test_a_wrong_password_is_our_mistake_not_the_mails(certificates):
    inbox = Inbox()
    there = await serve(inbox, tls=certificates.context, auth_required=True, authenticator=authenticator)
    answers, _ = await send(f"smtp://mia:wrong@127.0.0.1:{port_of(there)}", outgoing(1))
    there.close()
    assert (answers[0].meaning, answers[0].code) == ("temporary", "535")
    assert "wrong" not in answers[0].raw
    assert not inbox.mails


@pytest.mark.parametrize("implicit", [True, False])
async def test_a_certificate_nobody_vouches_for_gets_no_mail(certificates, implicit):
    inbox = Inbox()
    there = await serve(inbox, **{"implicit" if implicit else "tls": certificates.context})
    scheme, port = "smtps" if implicit else "smtp", port_of(there)
    answers, _ = await send(f"{scheme}://127.0.0.1:{port}?verify=1", outgoing(1))
    assert (answers[0].meaning, answers[0].code) == ("temporary", "tls")
    assert "ca=FILE" in answers[0].raw
    assert not inbox.mails
    answers, _ = await send(f"{scheme}://127.0.0.1:{port}?verify=0", outgoing(1))
    assert answers[0].meaning == "accepted"
    there.close()


async def test_a_server_without_auth_is_told_no_password():
    inbox = Inbox()
    there = await serve(inbox, auth_exclude_mechanism=["LOGIN", "PLAIN"])
    answers, _ = await send(f"smtp://mia:{QUOTED}@127.0.0.1:{port_of(there)}", outgoing(1))
    there.close()
    assert (answers[0].meaning, answers[0].code) == ("temporary", "no_auth")


async def test_words_said_before_tls_do_not_count(certificates):
    """CVE-2011-0411: whoever sits between may add lines to the reply of STARTTLS."""

    def script(step, n):
        if step == "EHLO":
            return b"250-here\r\n250 STARTTLS\r\n"
        return b"220 go\r\n250-here\r\n250 PIPELINING\r\n" if step == "STARTTLS" else None

    async with server(script) as there:
        answers, _ = await send(f"smtp://127.0.0.1:{there.port}", outgoing(1))
        assert (answers[0].meaning, answers[0].code) == ("temporary", "protocol")
        assert "MAIL" not in there.verbs


async def test_tls_that_is_offered_and_then_fails_is_not_given_up():
    def script(step, n):
        return {"EHLO": b"250-here\r\n250 STARTTLS\r\n", "STARTTLS": b"454 4.7.0 not now\r\n"}.get(step)

    async with server(script) as there:
        answers, _ = await send(f"smtp://127.0.0.1:{there.port}", outgoing(1))
        assert (answers[0].meaning, answers[0].code) == ("temporary", "454")
        assert "MAIL" not in there.verbs


def test_a_password_never_travels_in_the_clear(monkeypatch):
    """Elsewhere than on this machine (which the test makes of it by its name)."""
    monkeypatch.setattr(Target, "near", property(lambda self: False))

    async def story():
        async with server() as there:
            answers, _ = await send(f"smtp://mia:{QUOTED}@127.0.0.1:{there.port}", outgoing(1))
            assert (answers[0].meaning, answers[0].code) == ("temporary", "no_tls")
            assert there.verbs == ["EHLO", "QUIT"]

    asyncio.run(story())


async def test_a_refused_recipient_leaves_no_open_transaction_behind():
    """aiosmtpd answers 503 to a second MAIL without RSET."""

    class Choosy(Inbox):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - the name aiosmtpd looks for
            if address.startswith("nobody"):
                return "550 5.1.1 nobody"
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 ok"

    there = await serve(Choosy())
    answers = Answers()
    made = Smtp(f"smtp://127.0.0.1:{port_of(there)}", clock=HeldClock(NOON), timing=QUICK)
    await made.start()
    for n, to in enumerate(["mia@example.com", "nobody@example.com", "mia@example.com", "nobody@example.com", "mia@example.com"]):
        answers.post(made, outgoing(n, to=to))
    got = await answers.all(5)
    await made.close()
    there.close()
    assert [got[n].meaning for n in range(5)] == ["accepted", "bad_address", "accepted", "bad_address", "accepted"]


async def test_what_arrives_is_what_smtplib_would_have_sent():
    inbox = Inbox()
    there = await serve(inbox)
    mail = outgoing(1, text=".\n..dots\nend", html="<p>\n.\n</p>")
    await send(f"smtp://127.0.0.1:{port_of(there)}", mail)
    ours = inbox.mails[0]

    def compare():
        with smtplib.SMTP("127.0.0.1", port_of(there)) as client:
            client.sendmail(mail.sender.address, [mail.address], ours[2])

    await asyncio.to_thread(compare)
    there.close()
    assert inbox.mails[1][:3] == ours[:3]
    assert b"\n.\r\n" in ours[2]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", ours[2])  # bare CR or LF opens the door to smuggled mails


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://mail.example.com", "it is none"),
        ("smtp://", "no host"),
        ("smtp://mail.example.com:99999", "cannot be read"),
        ("smtp://mail.example.com:0", "port"),
        ("smtp://mail.example.com/path", "it is none"),
        ("smtp://mia@mail.example.com", "go together"),
        ("smtp://mail.example.com?veryfi=0", "veryfi"),
        ("smtp://mail.example.com?verify=no", "0 or 1"),
        ("smtp://mail.example.com?connections=0", "1 to 1000"),
        ("smtp://mail.example.com?bounces=a%0d%0ab", "bounces is no domain"),
        ("smtp://mail.example.com?open=x", "1 to 4096"),
        ("smtp://mail.example.com?ehlo=a%0d%0ab", "ehlo"),
        ("smtp://mail example.com", "no host"),
    ],
)
def test_urls_that_are_none(url, why):
    with pytest.raises(Invalid, match=why):
        parse_target(url)


def test_urls():
    target = parse_target(f"smtps://mia%40x:{QUOTED}@mail.example.com?connections=2&open=9&timeout=5&ehlo=me.example&bounces=b.example")
    assert (target.host, target.port, target.implicit, target.user, target.password) == ("mail.example.com", 465, True, "mia@x", PASSWORD)
    assert (target.connections, target.bounces, target.open_limit, target.answer, target.ehlo, target.verify) == (2, "b.example", 9, 5.0, "me.example", True)
    assert PASSWORD not in repr(target)
    assert parse_target("smtp://mail.example.com").port == 587
    assert not parse_target("smtp://localhost:25").verify
    assert parse_target("smtp://[::1]:25").near
    with pytest.raises(Invalid) as refused:
        parse_target(f"smtp://mia:{QUOTED}@mail.example.com:1?x=1")
    assert "pa" not in refused.value.detail.replace("password", "").replace("path", "")
    with pytest.raises(Invalid, match="certificates"):
        parse_target("smtp://localhost?ca=/nowhere/ca.pem").context()


async def test_unreachable_names_the_reason(certificates):
    there = await serve(Inbox(), implicit=certificates.context)
    made = Smtp(f"smtps://127.0.0.1:{port_of(there)}?verify=1", clock=HeldClock(NOON), timing=QUICK)
    await made.start()
    with pytest.raises(Unavailable, match="TLS"):
        await made.reachable()
    await made.close()
    there.close()
