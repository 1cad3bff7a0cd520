"""The sink of the bench: it writes down what it took, and misbehaves as told."""

import asyncio
import contextlib
import signal
import sys

import pytest

from backend.channels.smtp_parcel import Timing
from carillon.bench.sink_smtp import Manner, Sink
from tests.channels.mailserver import Answers, outgoing, provider, send

PATIENT = Timing(connect=5.0, answer=0.3, idle=5.0, close=0.05, pauses=(0.0,))


@contextlib.asynccontextmanager
async def sink(**manner):
    made = Sink(manner=Manner(**manner))
    try:
        yield made, await made.start()
    finally:
        await made.close()


def ids(*numbers):
    return [f"{n:032x}" for n in numbers]


@pytest.mark.parametrize(("pipelining", "chunking"), [(True, True), (True, False), (False, True)])
async def test_it_takes_everything(pipelining, chunking):
    async with sink(pipelining=pipelining, chunking=chunking) as (made, port):
        answers = await send(port, *(outgoing(n) for n in range(1, 51)))
    assert {answer.meaning for answer in answers.values()} == {"accepted"}
    assert made.ids == ids(*range(1, 51))


@pytest.mark.parametrize(
    ("manner", "meaning", "heard"),
    [
        ({"refuse": {"rcpt": "550 5.1.1 nobody"}}, "bad_address", False),
        ({"refuse": {"mail": "451 4.3.0 later"}}, "temporary", False),
        ({"refuse": {"data": "554 5.7.1 no"}}, "refused", False),
        ({"refuse": {"final": "452 4.2.2 full"}}, "temporary", False),
        ({"drop": True}, "unknown", True),
        ({"hang": True}, "unknown", True),
    ],
)
@pytest.mark.parametrize("chunking", [True, False])
async def test_each_second_mail_is_treated_badly(manner, meaning, heard, chunking):
    async with sink(every=2, chunking=chunking, **manner) as (made, port):
        answers = await send(port, outgoing(1), outgoing(2), outgoing(3), timing=PATIENT)
    third = "unknown" if chunking and heard else "accepted"  # it was on its way behind the one without an answer
    assert [answers[n].meaning for n in (1, 2, 3)] == ["accepted", meaning, third]
    assert made.ids == (ids(1, 2, 3)[: 3 - (third == "unknown")] if heard else ids(1, 3))


async def test_a_delay_is_a_delay():
    async with sink(delay=0.05) as (_, port), provider(port, query="lanes=4") as there:
        answers, before = Answers(), asyncio.get_running_loop().time()
        for n in range(1, 9):
            answers.post(there, outgoing(n), lane=n % 4)
        got = await answers.all(8)
        assert asyncio.get_running_loop().time() - before >= 0.1  # two after one another in each lane
    assert {answer.meaning for answer in got.values()} == {"accepted"}


async def test_as_a_process_with_a_file(tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "carillon.bench.sink_smtp", "0", "--file", str(tmp_path / "ids"), "--refuse", "rcpt=550 5.1.1 nobody", "--every", "3",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    port = int(await process.stdout.readline())
    answers = await send(port, *(outgoing(n) for n in range(1, 7)))
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    assert [answers[n].meaning for n in range(1, 7)] == ["accepted", "accepted", "bad_address"] * 2
    assert (tmp_path / "ids").read_text().split() == ids(1, 2, 4, 5)
