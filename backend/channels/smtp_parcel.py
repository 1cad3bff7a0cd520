"""What connections to a mail server carry: a mail on its way, with its envelope; how long is waited for what; why a server could not be spoken to."""

from collections.abc import Callable, Sequence

import msgspec

from backend.channels.base import Answer


class Timing(msgspec.Struct, frozen=True):
    """Seconds, and `most` mails on one connection: many servers take a hundred (Postfix, SendGrid), and one that is balanced over several machines
    spreads us anew."""

    connect: float = 10.0
    answer: float = 60.0
    idle: float = 30.0
    age: float = 300.0  # as Postfix (smtp_connection_reuse_time_limit): an address that moved is found again
    close: float = 10.0  # for what flies when the provider is closed and nobody says how long
    pauses: Sequence[float] = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # before opening again what did not open
    most: int = 100


class Unreachable(Exception):
    """The server could not be spoken to. `code` is short, `why` a sentence."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


class Parcel:
    """One mail on its way. `body` ends with CRLF; `done` is called once, `landed` just before it. `urgent`: it goes before those that are not."""

    __slots__ = ("again", "body", "delivery", "done", "dotted", "key", "landed", "recipient", "sender", "trouble", "urgent", "whole")

    def __init__(self, sender: bytes, recipient: bytes, body: bytes, done: Callable[[Answer], None], delivery: bytes = b"", *, urgent: bool = False) -> None:
        self.delivery, self.key, self.urgent = delivery, 0, urgent
        self.landed: Callable[[Parcel], None] | None = None
        self.sender, self.recipient, self.body = sender, recipient, body
        self.done: Callable[[Answer], None] | None = done
        self.trouble: Answer | None = None  # what the envelope was answered with
        self.dotted = False  # its end was written
        self.whole = False  # by BDAT
        self.again = False  # had its second chance on a new connection

    def answer(self, answer: Answer) -> None:
        """The first call counts."""
        done, self.done = self.done, None
        if done is not None:
            if self.landed is not None:
                self.landed(self)
            done(answer)

    def mail_from(self, dsn: bool) -> bytes:
        """With what is asked of reports where the server makes them (RFC 3461): the headers alone, and our delivery's id."""
        if dsn and self.delivery:
            return b"MAIL FROM:<%b> RET=HDRS ENVID=%b\r\n" % (self.sender, self.delivery.hex().encode())
        return b"MAIL FROM:<%b>\r\n" % self.sender

    def rcpt_to(self, dsn: bool) -> bytes:
        """Reports are wanted of what fails or is late; a success would say little more than the answer did."""
        if dsn and self.delivery:
            plain = self.recipient.replace(b"+", b"+2B").replace(b"=", b"+3D")  # xtext, RFC 3461, 4
            return b"RCPT TO:<%b> NOTIFY=FAILURE,DELAY ORCPT=rfc822;%b\r\n" % (self.recipient, plain)
        return b"RCPT TO:<%b>\r\n" % self.recipient
