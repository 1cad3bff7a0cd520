"""Twilio's contract and its way of counting, kept by programs nobody here wrote: Prism with a description of the Messages resource, and Twilio's own
calculator of segments."""

import asyncio
import json
import random
import subprocess
import threading
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlencode

import aiohttp
import pytest

from backend.channels.twilio_wire import Turned
from backend.clock import HeldClock
from backend.domain.segments import pieces, plainer, segments
from tests.channels.fake_twilio import HOOK, SERVICE, SID, ask, made, outgoing
from tests.channels.mailserver import NOON
from tests.oracles.test_graphql_clients import HERE, free_port, node

MESSAGES = f"/2010-04-01/Accounts/{SID}/Messages.json"


@asynccontextmanager
async def prism():
    """Prism, serving the description; its address."""
    port = free_port()
    program = [node(), str(HERE / "node_modules/.bin/prism"), "mock", "-h", "127.0.0.1", "-p", str(port), "twilio_messages.json"]
    with subprocess.Popen(program, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        loop, ready = asyncio.get_running_loop(), asyncio.Event()

        def read():
            for row in process.stdout:
                if "is listening" in row:
                    loop.call_soon_threadsafe(ready.set)

        threading.Thread(target=read, daemon=True).start()
        try:
            await asyncio.wait_for(ready.wait(), 60)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


async def test_prism_takes_all_that_we_ask():
    """Every shape of request that the provider makes."""
    async with prism() as base:
        for sender in (SERVICE, "+4915100000000", "12345", "Us & Co"):
            provider = made(sender=sender, hook=HOOK if sender == SERVICE else "")
            provider.base = base
            await provider.start()
            assert "knows the account" in await provider.reachable()
            texts = ["Hi", "“Grüße” – 👍 & + % = ;\n", "x" * 1600]
            answers = await ask(
                provider, *(outgoing(n, text=text, to=to, expires=expires) for n, (text, to, expires) in enumerate([
                    (text, to, expires) for text in texts for to in ("+4915112345678", "+12125550142") for expires in (0.0, NOON + 1, NOON + 1e6)
                ], 1))
            )  # fmt: skip
            assert [(a.meaning, a.code) for a in answers] == [("accepted", "accepted")] * 18, answers
            assert await provider._client.messages.list_async(to="+4915112345678", date_sent_after=datetime.fromtimestamp(NOON, UTC), limit=50) == []
            await provider.close()
        async with aiohttp.ClientSession() as session:
            await _wrong_ones_are_refused(session, base)
        impossible = made(clock=HeldClock(NOON))
        impossible.base = base
        await impossible.start()
        with pytest.raises(Turned) as turned:  # the judge sees what is wrong in a request of the library's too
            await impossible._client.messages.create_async(to="+4915112345678", body="Hi", messaging_service_sid="MGx")
        assert turned.value.status == 422
        await impossible.close()


async def _wrong_ones_are_refused(session, base):
    good = {"To": "+4915112345678", "Body": "Hi", "MessagingServiceSid": SERVICE}
    auth = {"Authorization": aiohttp.encode_basic_auth(SID, "x"), "Content-Type": "application/x-www-form-urlencoded"}
    wrong = [
        {**good, "To": "4915112345678"}, {**good, "Body": ""}, {**good, "Body": "x" * 1601}, {**good, "From": "12345"}, {"To": "+491", "Body": "Hi"},
        {**good, "ValidityPeriod": "0"}, {**good, "ValidityPeriod": "36001"}, {**good, "StatusCallback": "http://x.example"},
    ]  # fmt: skip
    for form in wrong:
        async with session.post(base + MESSAGES, data=urlencode(form), headers=auth) as answer:
            assert answer.status == 422, form
    async with session.post(base + MESSAGES, data=urlencode(good), headers={"Content-Type": auth["Content-Type"]}) as answer:
        assert answer.status == 401
    async with session.post(base + MESSAGES.replace("AC", "XX"), data=urlencode(good), headers=auth) as answer:
        assert answer.status == 422


# ---- segments
PLAIN = "abcXYZ 019@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà"
TWICE = "^{}\\[~]|€\f"
# whole characters as people see them; halves of them are nobody's text, and are split in more than one way
WIDE = [*"яжçêő漢字👍“”–…’é\u00a0\t", "e\u0301", "👩\u200d👩\u200d👧", "🇩🇪", "👍🏽", "❤\ufe0f", "क\u094d", "g\u0308\u0301"]


def _text(rnd):
    alphabet = rnd.choice([PLAIN, PLAIN + TWICE, TWICE, [*PLAIN, *TWICE, *WIDE], WIDE, PLAIN + "👍", PLAIN + "я", [*PLAIN, *WIDE[-7:]]])
    near = rnd.choice([0, 1, 5, 67, 70, 134, 153, 160, 306, 459, rnd.randrange(1200)])
    return "".join(rnd.choice(alphabet) for _ in range(max(0, near + rnd.randrange(-4, 5))))


def test_twilios_calculator_counts_the_same():
    rnd = random.Random(20261126)
    texts = [_text(rnd) for _ in range(6_000)]
    texts += [char * n for char in "a€я👍" for n in (1, 34, 35, 66, 67, 70, 71, 76, 77, 80, 81, 134, 135, 153, 160, 161, 306, 307)]
    asked = "".join(json.dumps(text) + "\n" for text in texts)
    said = subprocess.run([node(), str(HERE / "count_segments.mjs")], input=asked, capture_output=True, text=True, check=True, timeout=120)
    counts = [json.loads(line) for line in said.stdout.splitlines()]
    assert len(counts) == len(texts)
    names = {"GSM-7": "gsm7", "UCS-2": "ucs2"}
    differ = []
    for text, (encoding, count, units) in zip(texts, counts, strict=True):
        ours = segments(text)
        if text and (ours.encoding, ours.count, ours.units) != (names[encoding], count, units):
            differ.append((text, ours, encoding, count, units))
        assert len(pieces(text)) == ours.count
        assert segments(plainer(text)).count <= ours.count
    assert not differ, differ[:3]
