"""Every row of what a mail server can answer, from its words on a socket to the delivery's state, the suppression, the next try and the delivery's page."""


import asyncio

import pytest
import pytest_asyncio

from backend.channels.guard import Guard
from backend.channels.smtp_replies import _ENHANCED, MEANS
from backend.security.roles import SYSTEM
from tests.channels.mailserver import DROP, MailServer
from tests.line.houses import order_shipped
from tests.line.test_bounces import house_at

# step, what the server says, the row of the table, state, whether the address is suppressed, whether it is tried again, the code on the page
ROWS = [
    ("final", b"250 2.0.0 queued as 4711", "final 2", "sent", False, False, "2.0.0"),
    ("final", b"250 thanks", "final 2", "sent", False, False, "250"),
    ("RCPT", b"550 5.1.1 no such user", "rcpt 5.1", "bounced", True, False, "5.1.1"),
    ("RCPT", b"551-5.1.6 has moved\r\n551 5.1.6 away", "rcpt 5.1", "bounced", True, False, "5.1.6"),
    ("RCPT", b"556 5.1.10 takes no mail", "rcpt 5.1", "bounced", True, False, "5.1.10"),
    ("RCPT", b"550 5.1.7 your sender is malformed", "rcpt 5.1.7", "failed", False, False, "5.1.7"),
    ("RCPT", b"550 5.1.8 your domain does not exist", "rcpt 5.1.8", "failed", False, False, "5.1.8"),
    ("RCPT", b"550 no such user", "5", "failed", False, False, "550"),
    ("RCPT", b"550 5.2.1 mailbox disabled", "rcpt 5.2.1", "bounced", True, False, "5.2.1"),
    ("RCPT", b"552 5.2.2 mailbox full", "5", "failed", False, False, "5.2.2"),
    ("RCPT", b"554 5.7.1 relaying denied", "5", "failed", False, False, "5.7.1"),
    ("MAIL", b"550 5.1.1 we do not like you", "5", "failed", False, False, "5.1.1"),
    ("final", b"550 5.1.1 so late", "5", "failed", False, False, "5.1.1"),
    ("final", b"554 5.7.1 looks like spam", "5", "failed", False, False, "5.7.1"),
    ("final", b"552 5.3.4 too big", "5", "failed", False, False, "5.3.4"),
    ("DATA", b"554 5.7.1 not from you", "5", "failed", False, False, "5.7.1"),
    ("RCPT", b"450 5.1.1 not verified yet", "4", "retrying", False, True, "5.1.1"),
    ("RCPT", b"451 4.7.1 greylisted", "4", "retrying", False, True, "4.7.1"),
    ("RCPT", b"452 4.2.2 mailbox full", "4", "retrying", False, True, "4.2.2"),
    ("MAIL", b"421 4.3.2 closing", "4", "retrying", False, True, "4.3.2"),
    ("final", b"451 4.3.0 disk full", "4", "retrying", False, True, "4.3.0"),
    ("MAIL", b"530 5.7.0 sign in first", "530", "retrying", False, True, "5.7.0"),
    ("MAIL", b"534 5.7.9 a stronger way to sign in", "534", "retrying", False, True, "5.7.9"),
    ("MAIL", b"535 5.7.8 who are you", "535", "retrying", False, True, "5.7.8"),
    ("MAIL", b"538 5.7.11 only with TLS", "538", "retrying", False, True, "5.7.11"),
    ("DATA", b"250 I misread you", "", "retrying", False, True, "250"),  # no row: nothing was sent yet
    ("final", b"354 what?", "", "retrying", False, True, "354"),  # no row: nobody knows, and mail of this category may come twice
    ("final", DROP, "", "retrying", False, True, "connection_lost"),
]


def row_of(step, said):
    """Which row decides, looked up as the page of the table says: phase and enhanced code, phase and subject, code, class."""
    if said is DROP:
        return ""
    text = said.decode()
    if step == "final" and text[0] == "2":
        return "final 2"
    found = _ENHANCED.match(text)
    keys = [text[:3], text[0]]
    if found and found[1][0] == text[0]:
        keys = [f"{step.lower()} {found[1]}", f"{step.lower()} {found[1].rpartition('.')[0]}", *keys]
    return next((key for key in keys if key in MEANS), "")


def test_every_row_is_here():
    assert {row for _, _, row, *_ in ROWS} - {""} == set(MEANS)
    assert [row_of(step, said) for step, said, *_ in ROWS] == [row for _, _, row, *_ in ROWS]


@pytest.fixture(scope="module")
def no_guard():
    """The breaker would leave a server alone that answers as these do."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Guard, "run", lambda guard: asyncio.Event().wait())
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(no_guard, tmp_path_factory):
    """A house and its mail server, whose next answer is set by each test."""
    server = MailServer(lambda step, n: server.answers.pop(step, None))
    server.answers = {}
    await server.start()
    async with house_at(tmp_path_factory.mktemp("replies"), f"smtp://127.0.0.1:{server.port}?connections=1") as stand:
        yield stand, server
    await server.close()


async def is_suppressed(stand, user):
    units = await stand.units(await stand.send(order_shipped(to=user, channels=["email"], title="And again")))
    return units == {"email": ["skip suppressed"]}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("step", "said", "row", "state", "suppressed", "again", "code"), ROWS, ids=[f"{step} {said if said is not DROP else 'DROP'}" for step, said, *_ in ROWS])
async def test_a_reply_goes_all_the_way(there, step, said, row, state, suppressed, again, code):
    stand, server = there
    user = await stand.person()
    server.answers = {step: said if said is DROP else said + b"\r\n"}
    before = len(server.taken)
    event = await stand.send(order_shipped(to=user, channels=["email"]))
    page = await stand.delivery(event)
    assert page.state == state
    assert (page.until is not None) == again
    tried = [entry for entry in page.timeline if entry.kind == "outcome"]
    assert [(entry.provider, entry.code) for entry in tried] == [("smtp", code)]
    if said is not DROP:
        assert said.split(b"\r\n")[0].decode() in tried[0].raw
    assert server.answers == {}
    if again:
        await stand.settle(after=page.until.timestamp() - stand.now + 1)
        later = await stand.delivery(event)
        assert (later.state, [entry.state for entry in later.timeline if entry.kind == "outcome"][-1]) == ("sent", "sent")
        assert len(server.taken) == before + 1
    assert await is_suppressed(stand, user) == suppressed
    reasons = [view.reason for view in (await stand.app.suppressions.list(SYSTEM, channel="email")).items]
    assert set(reasons) <= {"bounced"}


