"""A mail server that hangs, that takes mails and cuts the connection, that has too much to do, that fails: under load, then it is well."""

import asyncio
import time

import pytest

from tests.drills.load import moving, resumed, said, under_load, verdict
from tests.drills.plant import plant

ILL = 4.0  # seconds at least; and until the page Engine says that nobody can send
pytestmark = [pytest.mark.drill, pytest.mark.timeout(1200)]

MANNERS = {
    "hangs: takes a mail and never answers": {"hang": True},
    "takes a mail and cuts the connection instead of answering": {"drop": True},
    "has too much to do (SMTP's 429: 421 4.7.0 at once, before a mail)": {"refuse": {"mail": "421 4.7.0 too many, try later"}},
    "fails for now (SMTP's 500: 451 4.3.0 after the mail)": {"refuse": {"final": "451 4.3.0 try again later"}},
}


@pytest.fixture
def made(kind, tmp_path, request):
    if kind == "servers":
        request.getfixturevalue("engines")
    with plant(kind, tmp_path / "place", timeout=5) as it:
        yield it


async def test_a_mail_server_that_is_ill(made, tell):
    await made.start()
    for name, manner in MANNERS.items():
        async with under_load(made):
            made.behave(**manner)
            await asyncio.gather(asyncio.sleep(ILL), said(made, "down"))
            made.behave()
            at = time.time()
            await moving(made, at)
            back = [resumed(made, at)]
        tell(
            f"the mail server {name}, until the page Engine said that nobody can send; back from the moment it is well",
            made,
            verdict(made),
            back,
        )
