"""Twilio on a real socket, saying what a test wants; and hands to make the provider with."""

import asyncio
import json
from base64 import b64decode
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web

from backend.channels import fields, twilio
from backend.channels.base import Outgoing
from backend.channels.kinds import Given, Parts
from backend.clock import HeldClock
from backend.domain.space import Sender
from backend.domain.template import SmsMessage
from backend.security.sealing import Sealer
from tests.channels.mailserver import NOON

SID, TOKEN, SERVICE = "AC" + "a" * 32, "a-token-of-ours", "MG" + "b" * 32
HOOK = "https://carillon.example/hooks/sms"
MOBILE = "+4915112345678"
TYPED = {"account_sid": SID, "auth_token": TOKEN, "sender": SERVICE, "countries": "DE, US", "spend_cap": "0"}
CUT, HANG = object(), object()  # the request is read; then the connection is cut, or nothing is said


def error(status, code, message="", **headers):
    """Twilio's error document."""
    body = {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    return web.json_response(body, status=status, headers=headers)


def outgoing(n=1, *, to=MOBILE, text="Your order is on its way", **more):
    return Outgoing(n.to_bytes(16, "big"), 1, n, "sms", 1, to, SmsMessage(text), Sender(), **more)


class FakeTwilio:
    """`script(form, n)` may give the answer to the n-th message (from 1); None: it is taken. `messages`: what a listing shows."""

    def __init__(self, clock):
        self.clock, self.script = clock, lambda form, n: None
        self.forms, self.messages, self.listings, self.seen = [], [], [], []
        self.open = self.most = 0
        self.denied = False  # whoever asks for a listing

    async def start(self):
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self._post)
        app.router.add_get("/2010-04-01/Accounts/{sid}/Messages.json", self._list)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def close(self):
        await self._runner.cleanup()

    def keep(self, form, status="queued"):
        """As the message is shown from now on."""
        sid = f"SM{len(self.messages):032x}"
        made = format_datetime(datetime.fromtimestamp(self.clock.now(), UTC))
        self.messages.append({
            "sid": sid, "status": status, "to": form["To"], "body": form["Body"], "num_segments": "1", "price": None, "error_code": None,
            "error_message": None, "direction": "outbound-api", "date_created": made, "date_sent": None, "date_updated": made,
        })  # fmt: skip
        return self.messages[-1]

    async def _post(self, request):
        form = dict(await request.post())
        self.forms.append(form)
        self.seen.append((request.match_info["sid"], b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()))
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            answer = self.script(form, len(self.forms))
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer is CUT:
                request.transport.abort()
                return web.Response()
            if answer is HANG:
                await asyncio.Event().wait()
            return web.json_response(self.keep(form), status=201) if answer is None else answer
        finally:
            self.open -= 1

    async def _list(self, request):
        self.listings.append(dict(request.query))
        if self.denied:
            return error(401, 20003, "Authenticate")
        found = [m for m in self.messages if m["to"] == request.query.get("To", m["to"])]
        return web.json_response({"messages": found, "next_page_uri": None, "page": 0, "page_size": 50})


class Purses(dict):
    """A purse without a store."""

    def __init__(self):
        self.told, self.takes = [], 0

    async def take(self, provider, day, amount, cap):
        self.takes += 1
        spent = self.get((provider, day), 0)
        granted = amount if amount < 0 else max(0, min(amount, cap - spent))
        self[provider, day] = spent + granted
        return granted

    async def spent_out(self, provider):
        self.told.append(provider)




def made(clock=None, *, purse=None, report=None, hook=HOOK, **typed):
    """A provider of the kind, as its fields are read."""
    values = fields.read(twilio.KIND, {**TYPED, **typed})
    parts = Parts(clock or HeldClock(NOON), Sealer(b"k" * 32), None, report or _nobody, Purses() if purse is None else purse)
    return twilio.KIND.make(Given("sms", values, hook), parts)


async def _nobody(receipt):
    raise AssertionError(receipt)


@asynccontextmanager
async def running(clock=None, **more):
    """Twilio and a provider that knows it."""
    clock = clock or HeldClock(NOON)
    there = FakeTwilio(clock)
    await there.start()
    provider = made(clock, **more)
    provider.base = there.base
    await provider.start()
    try:
        yield there, provider
    finally:
        await provider.close()
        await there.close()


async def ask(provider, *some):
    """Their answers, in their order; those of one person in one lane."""
    loop = asyncio.get_running_loop()
    waits = [loop.create_future() for _ in some]
    for wait, one in zip(waits, some, strict=True):
        provider.post(one.person % provider.lanes, one, wait.set_result)
    return await asyncio.wait_for(asyncio.gather(*waits), 20)


def document(**fields_):
    return json.dumps(fields_).encode()
