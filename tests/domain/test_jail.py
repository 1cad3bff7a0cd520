"""The jail: what typed text can do to it, and that the caller never notices."""

import asyncio
import contextlib
import os
import threading
import time
from pathlib import Path

import pytest
import pytest_asyncio

from backend.domain.errors import DataMissing, Invalid, RenderStopped, TemplateBounds, TemplateSyntax, TooLarge, Unavailable
from backend.domain.publish import SAMPLE_CONTEXT
from backend.domain.template import Content, EmailContent, SmsContent, SmsMessage, TemplateVersion
from backend.security.jail import Jail

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def jail():
    jail = Jail(cpu=8.0, wall=40.0)  # what is judged here are the bounds, not this machine
    await jail.start()
    yield jail
    await jail.close()


def sms(source):
    return Content(sms=SmsContent(source))


MEMORY_BOMB = Content(  # 120 KB of declarations written into each of 12,000 elements
    email=EmailContent("s", "<style>b{" + "".join(f"--a{n}:1;" for n in range(12_000)) + "}</style>" + "<b>x</b>" * 12_000)
)
CPU_BOMB = Content(  # every element is held against thousands of long selectors
    email=EmailContent(
        "s",
        "<style>" + "".join("b " * 12 + f".z{n}{{color:red}}" for n in range(3_500)) + "</style>"
        "<div>" + "".join("<b>" * 20 + f"<i class=z{n}>x</i>" + "</b>" * 20 for n in range(700)) + "</div>",
    )
)
LOOP = "{% for a in range(1000) %}"


async def test_publish_render_and_missing_answer_as_they_do_outside(jail):
    done = await jail.publish(sms("Hi {{ user.name }}, {{ order.id }}"), {"order": {"id": 7}})
    assert done.messages[0].message == SmsMessage("Hi Mia Berger, 7")
    version = TemplateVersion("k", 1, done.content)
    given = {**SAMPLE_CONTEXT, "data": {"order": {"id": 8}}}
    assert await jail.render(version, "sms", given, "de") == SmsMessage("Hi Mia Berger, 8")
    assert await jail.missing(version, "sms", {"user": {"name": "x"}}) == ["data.order.id"]
    with pytest.raises(DataMissing) as caught:
        await jail.render(version, "sms", {})
    assert caught.value.facts["missing"] == ["user.name", "data.order.id"]


async def test_refusals_come_home_with_their_facts(jail):
    with pytest.raises(TemplateSyntax, match="sms text, line 2") as caught:
        await jail.publish(sms("a\n{{ ''.__class__ }}"))
    assert caught.value.facts == {"where": "sms text", "channel": "sms", "line": 2, "column": 7}
    with pytest.raises(Invalid, match="nothing on any channel"):
        await jail.publish(Content())


@pytest.mark.parametrize(
    "source",
    [
        "{{ 99999**9999999 }}",
        "{{ 'x'*1000000000 }}",
        "{{ ''|center(10**9) }}",
        "{{ ''|center(1000000000) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        LOOP * 3 + "x" + "{% endfor %}" * 3,
        LOOP * 2 + "{% endfor %}" * 2,
        "{% for i in range(999999999) %}{% endfor %}",
        "{% set a = 'aaaaaaaa' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% set a = 9 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
        "{% set a = 'a' %}" + "{% set a = a|replace('a', 'aaaaaaaaaa') %}" * 20 + "{{ a }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ user.name['__class__'] }}",
        "{{ range.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ x|attr('__class__') }}",
        "{{ lipsum(n=100000) }}",
        "{% include '/etc/passwd' %}",
        "{{ " + "(" * 100_000,
        "{% if a %}" * 20_000,
        "{{ " + "1 + " * 15_000 + "1 }}",
    ],
)
async def test_hostile_sources_are_refused_at_once(jail, source):
    began, pid = time.monotonic(), jail.pid
    with pytest.raises((TemplateBounds, TemplateSyntax)):
        await jail.publish(sms(source))
    assert time.monotonic() - began < 20.0
    assert jail.pid == pid  # stopped by the bounds, before any limit


@pytest.mark.parametrize("bomb", [MEMORY_BOMB, CPU_BOMB], ids=["memory", "cpu"])
async def test_what_passes_the_bounds_meets_the_limits_and_only_the_child_suffers(bomb):
    jail = Jail(memory=192 * 1024 * 1024, cpu=0.05)  # a quick machine needs 0.2 s for what the bounds let pass
    await jail.start()
    try:
        mine, threads, child = os.getpid(), threading.active_count(), jail.pid
        beats = 0

        async def heart():
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0.01)

        beating = asyncio.create_task(heart())
        began = time.monotonic()
        with pytest.raises(RenderStopped, match="more time or memory"):
            await jail.publish(bomb)
        took = time.monotonic() - began
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        assert took < 20.0
        assert beats > took / 0.01 / 20  # the caller's loop kept turning
        assert (await jail.publish(sms("still here"))).messages[0].message.text == "still here"
        assert jail.pid != child
        assert os.getpid() == mine
        assert threading.active_count() <= threads + 1
    finally:
        await jail.close()


async def test_the_wall_limit_holds_when_the_child_hangs():
    jail = Jail(wall=0.2)
    await jail.start()
    try:
        os.kill(jail.pid, 19)  # SIGSTOP: alive, using nothing, answering nobody
        with pytest.raises(RenderStopped):
            await jail.publish(sms("x"))
        jail._wall = 5.0
        assert (await jail.publish(sms("back"))).messages[0].message.text == "back"
    finally:
        await jail.close()


async def test_a_cancelled_request_does_not_answer_the_next_one():
    jail = Jail()
    await jail.start()
    try:
        asked = asyncio.create_task(jail.publish(sms("first")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        results = await asyncio.gather(*(jail.publish(sms(f"n{n}")) for n in range(8)))
        assert [r.messages[0].message.text for r in results] == [f"n{n}" for n in range(8)]
    finally:
        await jail.close()


async def test_the_child_has_no_secrets_and_dies_with_its_owner(monkeypatch):
    monkeypatch.setenv("CARILLON_SECRET_KEY", "made-up")
    jail = Jail()
    await jail.start()
    pid = jail.pid
    assert b"made-up" not in Path(f"/proc/{pid}/environ").read_bytes()
    await jail.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(Unavailable):
        await jail.publish(sms("x"))


async def test_too_much_is_refused_before_it_is_sent(jail):
    with pytest.raises(TooLarge):
        await jail.publish(sms("x" * (5 * 1024 * 1024)))
    with pytest.raises(TemplateBounds, match="longer than 256 KB"):
        await jail.publish(sms("x" * (300 * 1024)))
