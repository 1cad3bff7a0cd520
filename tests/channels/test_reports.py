"""What mail servers report of our mails: whose mail it was, what it says of the address, and that strangers cannot make us believe anything."""

import time
from email import message_from_bytes

import flufl.bounce
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.channels.reports import BOUNCES, LARGEST, bounce_of, read, receipt_of
from backend.channels.verp import Bounced, Verp
from backend.domain.receipt import STATE_BY_KIND
from backend.security.sealing import Sealer
from tests.channels.dsn import VERP, arf, dsn, made, ours
from tests.channels.mailserver import NOON

KINDS = [
    ("5.1.1", "550 5.1.1 no such user", "bounced_hard", "5.1.1"),
    ("5.1.2", "no such domain", "bounced_hard", "5.1.2"),
    ("5.1.6", "550 5.1.6 has moved", "bounced_hard", "5.1.6"),
    ("5.1.10", "556 5.1.10 null MX", "bounced_hard", "5.1.10"),
    ("5.2.1", "550 5.2.1 disabled", "bounced_hard", "5.2.1"),
    ("5.2.2", "552 5.2.2 mailbox full", "bounced_soft", "5.2.2"),
    ("5.2.4", "550 5.2.4 list", "bounced_soft", "5.2.4"),
    ("4.2.2", "452 4.2.2 mailbox full", "bounced_soft", "4.2.2"),
    ("4.4.7", "", "bounced_soft", "4.4.7"),
    ("4.1.1", "450 4.1.1 later", "bounced_soft", "4.1.1"),
    ("5.4.4", "host not found", "bounced_soft", "5.4.4"),
    ("5.3.0", "553 5.3.0 whatever", "bounced_soft", "5.3.0"),
    ("5.1.8", "550 5.1.8 your domain does not exist", "bounced_policy", "5.1.8"),
    ("5.1.7", "550 5.1.7 bad sender", "bounced_policy", "5.1.7"),
    ("5.2.3", "552 5.2.3 too long", "bounced_policy", "5.2.3"),
    ("5.3.4", "552 5.3.4 too big", "bounced_policy", "5.3.4"),
    ("5.5.2", "500 5.5.2 syntax", "bounced_policy", "5.5.2"),
    ("5.6.1", "554 5.6.1 media", "bounced_policy", "5.6.1"),
    ("5.7.1", "554 5.7.1 looks like spam", "bounced_policy", "5.7.1"),
    ("5.7.26", "550 5.7.26 unauthenticated", "bounced_policy", "5.7.26"),
    ("5.0.0", "550 5.1.1 no such user", "bounced_hard", "5.1.1"),  # the words say more than the status
    ("5.0.0", "something", "bounced_soft", "5.0.0"),
    ("5.0.0", "250 2.1.5 was well", "bounced_soft", "5.0.0"),
    ("", "550 5.1.1 no such user", "bounced_hard", "5.1.1"),
    ("", "451 try later", "bounced_soft", "4.0.0"),
    ("", "", "bounced_soft", "5.0.0"),
    ("nonsense", "", "bounced_soft", "5.0.0"),
]


@pytest.mark.parametrize(("status", "said", "kind", "code"), KINDS)
def test_what_a_bounce_says(status, said, kind, code):
    told = read(dsn(status, said=said), [ours()], "", VERP)
    assert (told.kind, told.code, told.about) == (kind, code, Bounced(1, made(7)))


def test_every_row_of_the_table_is_among_them():
    rows = {next(key for key in (code, code.rpartition(".")[0], code[0]) if key in BOUNCES) for _, _, _, code in KINDS}
    assert rows == set(BOUNCES)
    assert all(bounce_of(code) == kind for _, _, kind, code in KINDS)


@pytest.mark.parametrize(("status", "said", "kind", "code"), KINDS[:19])
def test_another_reader_of_bounces_finds_the_same_address(status, said, kind, code):
    """flufl.bounce, the bounce reader of Mailman: what it takes for permanent is what we end a delivery for."""
    temporary, permanent = flufl.bounce.scan_message(message_from_bytes(dsn(status, said=said))), None
    permanent = flufl.bounce.all_failures(message_from_bytes(dsn(status, said=said)))
    assert temporary == {b"mia@example.com"} or b"mia@example.com" in permanent[0] | permanent[1]


@pytest.mark.parametrize("action", ["relayed", "expanded", "", "x" * 5_000])
def test_what_is_no_end_is_no_receipt(action):
    assert read(dsn("2.0.0", action=action), [ours()], "", VERP) is None


def test_delivered_is_delivered():
    assert read(dsn("2.0.0", action="delivered", said="250 2.0.0 ok"), [ours()], "", VERP).kind == "delivered"


def test_a_delay_is_told_and_is_no_bounce():
    told = read(dsn("4.4.1", action="delayed", said="connect: timed out"), [ours()], "", VERP)
    assert (told.kind, told.code) == ("deferred", "4.4.1")
    assert "deferred" not in STATE_BY_KIND


# ---- whose mail it was
def test_the_signed_recipient_comes_first():
    raw = dsn(to="somebody@example.com", envid=made(8).hex(), returned=made(9).hex())
    assert read(raw, [ours(7)], "", VERP).about == Bounced(1, made(7))
    assert read(raw, [], "", VERP).about == Bounced(1, made(8))
    assert read(dsn(to="somebody@example.com", returned=made(9).hex()), [], "", VERP).about == Bounced(1, made(9))
    assert read(dsn(to="somebody@example.com"), [], "", VERP) is None


def test_a_mailbox_finds_it_in_the_headers():
    assert read(dsn(to=f"Bounces <{ours(7)}>"), [], None, VERP).about == Bounced(1, made(7))
    assert read(dsn(to="list@example.com", more=f"Delivered-To: {ours(5)}\r\n"), [], None, VERP).about == Bounced(1, made(5))


def test_a_forged_signature_is_nobody():
    forged = Verp(Sealer(b"x" * 32)).address(1, made(7), "bounces.example.com")
    assert read(dsn(to=forged), [forged], "", VERP) is None


# ---- complaints
@pytest.mark.parametrize(("feedback", "kind"), [("abuse", "complained"), ("fraud", "complained"), ("opt-out", "unsubscribed"), ("ABUSE", "complained")])
def test_complaints(feedback, kind):
    assert read(arf(feedback, mail_from=ours(4)), [], "staff@provider.example", VERP).kind == kind
    assert read(arf(feedback, mail_from=ours(4)), [], "staff@provider.example", VERP).about == Bounced(1, made(4))
    assert read(arf(feedback, returned=made(6).hex()), [], None, VERP).about == Bounced(1, made(6))


@pytest.mark.parametrize("feedback", ["not-spam", "virus", "other", "", "abuse\x00"])
def test_what_is_no_complaint(feedback):
    assert read(arf(feedback, mail_from=ours(4)), [], None, VERP) is None


# ---- what else arrives
OUT_OF_OFFICE = b"From: mia@example.com\r\nTo: x\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nI am away until Monday. 550 5.1.1\r\n"


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        (OUT_OF_OFFICE, ""),
        (OUT_OF_OFFICE, "mia@example.com"),
        (dsn(), "mailer@example.net"),  # a bounce has no sender: one that has is a loop, or somebody's joke
        (dsn(more="Auto-Submitted: auto-notified\r\n"), ""),
        (b"", ""),
        (b"\x00" * 5_000, ""),
        (b"\xff\xfe" * 500, None),
        (dsn().replace(b"delivery-status", b"disposition-notification"), ""),
        (dsn().replace(b"multipart/report", b"multipart/mixed"), ""),
        (dsn().replace(b"Action: failed\r\n", b""), ""),
        (dsn() + b"x" * LARGEST, ""),
        (dsn().replace(b"--edge", b"--other"), ""),
    ],
    ids=["away", "away, from somebody", "with a sender", "notified", "empty", "zeros", "no text", "read receipt", "mixed", "no action", "huge", "no parts"],
)
def test_what_is_no_report(raw, sender):
    assert read(raw, [ours()], sender, VERP) is None


def test_wrong_charsets_and_raw_bytes_harm_nothing():
    told = read(dsn(said="550 5.1.1 caf\xe9 \x1b[31m").replace(b"caf\xc3\xa9", b"caf\xe9"), [ours()], "", VERP)
    assert told.kind == "bounced_hard"
    assert told.raw.isprintable()
    odd = dsn().replace(b"message/delivery-status", b"message/delivery-status; charset=no-such").replace(b"Subject: Undelivered", b"Subject: =?no-such?q?=ff?=")
    assert read(odd, [ours()], "", VERP).kind == "bounced_hard"
    assert read(dsn(kind="global-delivery-status").replace(b"report-type=global-", b"report-type="), [ours()], "", VERP).kind == "bounced_hard"


def test_nobodys_address_is_kept():
    told = read(dsn(said="550 5.1.1 <mia@example.com>: rejected, ask postmaster@example.com\r\n about mia@example.com"), [ours()], "", VERP)
    assert "@" not in told.raw
    assert told.raw.startswith("550 5.1.1 <(address)>: rejected")


@pytest.mark.parametrize("depth", [30, 1_000, 30_000])
def test_nested_without_end_is_no_report_and_takes_no_time(depth):
    nested = b"".join(b'Content-Type: multipart/report; report-type=delivery-status; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth))
    began = time.perf_counter()
    assert read(nested[:LARGEST], [ours()], "", VERP) is None
    assert read((b"Content-Type: message/rfc822\r\n\r\n" * depth)[:LARGEST], [ours()], "", VERP) is None
    assert time.perf_counter() - began < 2.0


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_changed_in_it_nothing_breaks(data):
    raw = bytearray(dsn(envid=made(8).hex(), returned=made(9).hex()))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=12))
    told = read(bytes(raw), [ours()], "", VERP)
    assert told is None or told.about == Bounced(1, made(7))


def test_the_time_is_the_reports_own_if_it_can_be():
    assert receipt_of(dsn(), [ours()], "", VERP, "smtp", NOON).at == NOON - 60
    for date in ("Wed, 25 Nov 2099 11:59:00 +0000", "Wed, 25 Nov 1999 11:59:00 +0000", "yesterday", "", "Wed, 99 Nov 2026"):
        assert receipt_of(dsn(date=date), [ours()], "", VERP, "smtp", NOON).at == NOON
