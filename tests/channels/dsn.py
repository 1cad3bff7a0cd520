"""Reports as mail servers and mailbox providers write them."""

from backend.channels.verp import Verp
from backend.security.sealing import Sealer

SEALER = Sealer(b"k" * 32)
VERP = Verp(SEALER)
DOMAIN = "bounces.example.com"
DATE = "Wed, 25 Nov 2026 11:59:00 +0000"  # a minute before NOON of the tests


def made(n: int) -> bytes:
    return n.to_bytes(16, "big")


def ours(n: int = 7) -> str:
    """The signed address of a delivery."""
    return VERP.address(1, made(n), DOMAIN)


def dsn(
    status="5.1.1", *, action="failed", said="550 5.1.1 <mia@example.com>: no such user", to="", envid="", returned="", kind="delivery-status", date=DATE, more="",
) -> bytes:  # fmt: skip
    """RFC 3464, with the lines of Postfix."""
    per_message = "Reporting-MTA: dns; mx.example.net\r\n" + (f"Original-Envelope-Id: {envid}\r\n" if envid else "")
    per_recipient = f"Final-Recipient: rfc822; mia@example.com\r\nAction: {action}\r\n" + (f"Status: {status}\r\n" if status else "")
    per_recipient += f"Diagnostic-Code: smtp; {said}\r\n" if said else ""
    back = f"Message-ID: <{returned}@example.com>\r\n" if returned else ""
    return (
        f"From: MAILER-DAEMON@mx.example.net\r\nTo: {to or ours()}\r\nDate: {date}\r\nSubject: Undelivered\r\n{more}MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind};\r\n\tboundary="edge"\r\n\r\n--edge\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\r\n'
        f"--edge\r\nContent-Type: message/{kind}\r\n\r\n{per_message}\r\n{per_recipient}\r\n--edge\r\nContent-Type: message/rfc822\r\n\r\n"
        f"From: Carillon <bells@example.com>\r\nSubject: Hello\r\n{back}\r\nHi\r\n\r\n--edge--\r\n"
    ).encode()


def arf(feedback="abuse", *, mail_from="", returned="", to="fbl@example.com") -> bytes:
    """RFC 5965."""
    return (
        f"From: <staff@provider.example>\r\nTo: <{to}>\r\nDate: {DATE}\r\nSubject: FW: Hello\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report;\r\n boundary="edge"\r\n\r\n--edge\r\nContent-Type: text/plain\r\n\r\nAbuse.\r\n\r\n'
        f"--edge\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {feedback}\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n"
        + (f"Original-Mail-From: <{mail_from}>\r\n" if mail_from else "")
        + "Original-Rcpt-To: <mia@example.com>\r\n\r\n--edge\r\nContent-Type: message/rfc822\r\n\r\n"
        f"From: <bells@example.com>\r\nMessage-ID: <{returned or 'x'}@example.com>\r\nSubject: Hello\r\n\r\nHi\r\n\r\n--edge--\r\n"
    ).encode()
