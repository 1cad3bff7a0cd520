"""The mailbox of bounces, at a real Dovecot: read, marked or deleted only when the log has it, and what is no report left alone."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.channels.imap_intake import parse_mailbox
from backend.channels.kinds import Parts
from backend.channels.reports import LARGEST
from backend.channels.returns import Returns
from backend.clock import HeldClock
from backend.domain.errors import Invalid, LogUnavailable, Unavailable
from carillon.engines.home import EngineError
from carillon.engines.programs import ensure, find
from tests.channels.dsn import DOMAIN, SEALER, arf, dsn, made, ours
from tests.channels.mailserver import NOON
from tests.channels.test_returns import Log

USER, PASSWORD = "mia", "s3cret/@x"
AWAY = b"Return-Path: <max@example.com>\r\nFrom: max@example.com\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nuntil Monday\r\n"
CONFIG = """
base_dir = {home}/run
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{pem}
ssl_key = <{pem}
auth_mechanisms = plain
first_valid_uid = 1
mail_location = maildir:{home}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""


class Box:
    """One mailbox on disk, and where it is served."""

    def __init__(self, home: Path, port: int, owner: pwd.struct_passwd) -> None:
        self.mail, self.port, self._owner, self._n = home / "mail", port, owner, 0

    def put(self, raw: bytes) -> None:
        self._n += 1
        path = self.mail / "new" / f"{self._n}.here"
        path.write_bytes(raw)
        os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def flags(self) -> list[str]:
        """Of each mail that is there."""
        return sorted(path.name.partition(":2,")[2] for folder in ("new", "cur") for path in (self.mail / folder).iterdir())


@contextmanager
def dovecot(pem: Path):
    try:
        ensure(["Dovecot"])
    except EngineError as error:
        pytest.fail(str(error))
    if os.geteuid():
        pytest.fail("Dovecot serves mailboxes of other users, so this test runs as root only. Run the tests as root, as CI does.")
    home, owner = Path(tempfile.mkdtemp(prefix="carillon-dovecot-")), pwd.getpwnam("nobody")
    home.chmod(0o755)
    for folder in ("mail", "mail/new", "mail/cur", "mail/tmp"):
        (home / folder).mkdir()
        os.chown(home / folder, owner.pw_uid, owner.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (home / "conf").write_text(CONFIG.format(home=home, pem=pem, port=port, password=PASSWORD, user=owner.pw_uid, group=owner.pw_gid))
    server = subprocess.Popen([find("dovecot"), "-F", "-c", str(home / "conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"Dovecot did not start: {(home / 'log').read_text() if (home / 'log').exists() else 'it says nothing'}")
                time.sleep(0.05)
        yield Box(home, port, owner)
    finally:
        subprocess.run([find("doveadm"), "-c", str(home / "conf"), "stop"], check=False, capture_output=True)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(20)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def served(certificates):
    with dovecot(certificates.ca.parent / "here.pem") as made_box:
        yield made_box


@pytest.fixture
def box(served):
    for folder in ("new", "cur"):
        for path in (served.mail / folder).iterdir():
            path.unlink()
    return served


@pytest.fixture
def reading(box, certificates):
    """(log, look): what arrived, and a function that looks once."""
    log = Log()

    def make(more="", password="s3cret%2F%40x"):
        url = f"imaps://{USER}:{password}@127.0.0.1:{box.port}/INBOX?ca={certificates.ca}{more}"
        return Returns("smtp", Parts(HeldClock(NOON), SEALER, None, log.report), domain="", mailbox=url)._reading

    return log, make


async def test_bounces_and_complaints_are_read_and_marked(box, reading):
    log, make = reading
    box.put(dsn())
    box.put(b"Return-Path: <>\r\n" + dsn("5.2.2", said="552 5.2.2 full", to=ours(8)))
    box.put(b"Return-Path: <staff@provider.example>\r\n" + arf(mail_from=ours(9)))
    box.put(AWAY)
    box.put(b"Return-Path: <joker@example.com>\r\n" + dsn(to=ours(5)))
    box.put(b"Subject: a huge one\r\n\r\n" + b"x" * LARGEST)
    assert await make().look() == 6
    assert sorted((r.delivery, r.kind) for r in log.receipts) == [(made(7), "bounced_hard"), (made(8), "bounced_soft"), (made(9), "complained")]
    assert box.flags() == ["S"] * 6
    assert await make().look() == 0
    assert len(log.receipts) == 3


async def test_what_was_read_is_deleted_where_that_is_wanted_and_nothing_else(box, reading):
    log, make = reading
    box.put(dsn())
    box.put(AWAY)
    await make("&delete=1").look()
    assert len(log.receipts) == 1
    assert box.flags() == ["S"]
    box.put(AWAY)
    await make("&delete=1").look()  # nothing to delete at all
    assert box.flags() == ["S", "S"]


async def test_while_the_log_is_away_nothing_is_marked(box, reading):
    log, make = reading
    log.away = True
    box.put(dsn())
    with pytest.raises(LogUnavailable):
        await make("&delete=1").look()
    log.away = False
    assert await make("&delete=1").look() == 1
    assert [r.kind for r in log.receipts] == ["bounced_hard"]
    assert box.flags() == []


async def test_many_are_read_by_and_by(box, reading, monkeypatch):
    monkeypatch.setattr("backend.channels.imap_intake.AT_ONCE", 3)
    log, make = reading
    for n in range(1, 8):
        box.put(dsn(to=ours(n)))
    assert [await make().look() for _ in range(4)] == [3, 3, 1, 0]
    assert {r.delivery for r in log.receipts} == {made(n) for n in range(1, 8)}


async def test_a_wrong_password_is_said_without_it(reading):
    _, make = reading
    with pytest.raises(Unavailable, match="cannot be read") as away:
        await make(password="wr0ng").reachable()
    assert "wr0ng" not in away.value.detail
    assert "opens" in await make().reachable()


async def test_a_certificate_nobody_vouches_for_is_told_no_password(box):
    url = f"imaps://{USER}:s3cret@127.0.0.1:{box.port}"
    reading = Returns("smtp", Parts(HeldClock(NOON), SEALER, None, None), domain=DOMAIN, mailbox=url)._reading
    with pytest.raises(Unavailable, match="certificate"):
        await reading.look()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("imap://mia:x@mail.example.com", "in the clear"),
        ("http://mia:x@mail.example.com", "no server"),
        ("imaps://mail.example.com", "user and password"),
        ("imaps://mia:secret@mail.example.com:99999", "cannot be read"),
        ("imaps://mia:sec%0d%0aret@mail.example.com", "such characters"),
        ("imaps://mia:secret@mail.example.com/a%22b", "such characters"),
        ("imaps://mia:secret@mail.example.com?delete=yes", "something else"),
        ("imaps://mia:secret@mail.example.com?remove=1", "something else"),
    ],
)
def test_what_is_no_url_of_a_mailbox(url, why):
    with pytest.raises(Invalid, match=why) as refused:
        parse_mailbox(url)
    assert "secret" not in refused.value.detail
