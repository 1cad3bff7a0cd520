"""docs/adding-a-provider.md is followed to the letter: its file is added by its line to a running house, configured, sent through, and heard.

And README's table of kinds says what every kind needs.
"""

import hmac
import importlib.util
import re
import sys
from hashlib import sha256
from pathlib import Path

import httpx
import msgspec
import pytest
from aiohttp import web
from starlette.applications import Starlette

from backend.api.app import routes
from backend.channels import registry
from backend.channels.registry import KINDS
from backend.domain.delivery import CHANNELS
from backend.telemetry import REGISTRY
from tests.line.houses import order_shipped, standing

ROOT = Path(__file__).resolve().parents[2]
WALK = (ROOT / "docs/adding-a-provider.md").read_text()
FILE, LINE = re.findall(r"```python\n(.*?)```", WALK, re.DOTALL)
TOKEN, KEY = "the-token-of-courier", "the-signing-key"


class Outside:
    """Courier itself: takes messages, and tells nothing unless asked."""

    def __init__(self):
        self.took, self.says, self.runner = [], 202, None

    async def start(self):
        app = web.Application()
        app.add_routes([web.post("/messages", self.message), web.get("/account", self.account)])
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def message(self, request):
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return web.Response(status=401, text="who are you")
        self.took.append(await request.json())
        return web.Response(status=self.says, text=f"about {self.took[-1]['to']}")

    async def account(self, request):
        return web.Response(status=200 if request.headers["authorization"] == f"Bearer {TOKEN}" else 401)


@pytest.fixture
async def outside():
    made = Outside()
    made.url = await made.start()
    yield made
    await made.runner.cleanup()


@pytest.fixture
def walked(tmp_path, monkeypatch):
    """The registry after the two steps of the page."""
    path = tmp_path / "courier.py"
    path.write_text(FILE)
    spec = importlib.util.spec_from_file_location("courier", path)
    courier = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "courier", courier)
    spec.loader.exec_module(courier)
    names = {"KINDS": registry.KINDS, "courier": courier}
    exec(LINE, names)
    monkeypatch.setattr(registry, "KINDS", names["KINDS"])
    return courier


class Told:
    """A house, its HTTP entrance, and an administrator's token."""

    def __init__(self, stand, client):
        self.stand, self.client = stand, client
        self.head = {"Authorization": f"Bearer {stand.app.tokens.issue(space=1, subject='root', ttl=600.0, role='admin')}"}

    async def ask(self, method, path, **more):
        return await self.client.request(method, path, headers=self.head, **more)

    async def tell(self, *told, key=KEY, hook="/hooks/courier-eu"):
        body = msgspec.json.encode(list(told))
        return await self.client.post(hook, content=body, headers={"x-courier-signature": hmac.new(key.encode(), body, sha256).hexdigest()})

    async def text(self, user):
        (made,) = await self.stand.accept(order_shipped(to=user, channels=["sms"], title="On its way"))
        await self.stand.settle()
        return made, await self.stand.delivery(made, "sms")


@pytest.fixture
async def told(tmp_path, walked, outside):
    async with standing("embedded", tmp_path / "home") as stand:
        transport = httpx.ASGITransport(Starlette(routes=routes(stand.app)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            made = Told(stand, client)
            fields = {"url": outside.url, "token": TOKEN, "signing_key": KEY}
            answer = await made.ask("PUT", "/v1/providers/courier-eu", json={"kind": "courier", "fields": fields})
            assert answer.status_code == 200, answer.text
            await stand.house.roster.look()
            yield made


def heard(result):
    return REGISTRY.get_sample_value("carillon_hooks_total", {"provider": "courier-eu", "result": result}) or 0.0


async def test_the_walk(told, outside):
    kinds = (await told.ask("GET", "/v1/provider-kinds")).json()["items"]
    assert [field["name"] for kind in kinds if kind["key"] == "courier" for field in kind["fields"]] == ["url", "token", "signing_key"]
    shown = (await told.ask("GET", "/v1/providers/courier-eu")).json()
    assert shown["secrets"] == ["token", "signing_key"] and shown["hook"] == "http://localhost:8000/hooks/courier-eu"
    assert TOKEN not in (await told.ask("GET", "/v1/providers")).text
    checked = (await told.ask("POST", "/v1/providers/courier-eu/check")).json()
    assert (checked["well"], checked["said"]) == (True, "Courier knows the token.")

    user = await told.stand.person(phone="+4915112345678")
    made, view = await told.text(user)
    assert view.state == "sent"
    assert outside.took == [{"to": "+4915112345678", "text": outside.took[0]["text"], "reference": view.id}]
    receipt = {"reference": view.id, "event": "delivered", "at": told.stand.now, "detail": "handed over"}
    assert (await told.tell(receipt)).status_code == 200
    await told.stand.settle()
    view = await told.stand.delivery(made, "sms")
    assert view.state == "delivered"
    assert [(one.text, one.provider) for one in view.timeline if one.kind == "receipt"] == [("delivered", "courier-eu")]


async def test_what_is_wrong_at_the_hook_changes_nothing(told, outside):
    user = await told.stand.person(phone="+4915112345678")
    made, view = await told.text(user)
    receipt = {"reference": view.id, "event": "no_such_number", "at": told.stand.now}
    before = {result: heard(result) for result in ("forged", "heard", "unreadable")}
    forged = await told.tell(receipt, key="another key")
    assert (forged.status_code, forged.json()["code"]) == (403, "forged")
    assert (await told.client.post("/hooks/courier-eu", content=b"[]")).status_code == 403
    assert (await told.tell("no receipt at all")).status_code == 422
    assert (await told.tell({**receipt, "reference": "zz"})).status_code == 422
    assert (await told.tell({**receipt, "event": "went for a walk"})).status_code == 200
    assert (await told.tell(receipt, hook="/hooks/nobody")).status_code == 404
    assert (await told.tell(receipt, hook="/hooks/2.courier-eu")).status_code == 404, "the other space has none"
    assert (await told.client.post("/hooks/courier-eu", content=b"x" * 1_048_577)).status_code == 413
    assert (await told.client.delete("/hooks/courier-eu")).status_code == 405
    await told.stand.settle()
    assert (await told.stand.delivery(made, "sms")).state == "sent"
    assert {result: heard(result) - n for result, n in before.items()} == {"forged": 2, "heard": 1, "unreadable": 2}

    for _ in range(3):  # once, and twice again
        assert (await told.tell(receipt)).status_code == 200
    await told.stand.settle()
    view = await told.stand.delivery(made, "sms")
    assert (view.state, len([one for one in view.timeline if one.kind == "receipt"])) == ("bounced", 1)
    (made,) = await told.stand.accept(order_shipped(to=user, channels=["sms"]))
    await told.stand.settle()
    assert await told.stand.units(made) == {"sms": ["skip suppressed"]}


async def test_bad_credentials_wait_and_are_seen(told, outside):
    await told.ask("PUT", "/v1/providers/courier-eu", json={"kind": "courier", "fields": {"url": outside.url, "token": "revoked"}})
    await told.stand.house.roster.look()
    checked = (await told.ask("POST", "/v1/providers/courier-eu/check")).json()
    assert not checked["well"] and "Copy the token again" in checked["said"]
    user = await told.stand.person(phone="+4915112345678")
    _, view = await told.text(user)
    assert (view.state, outside.took) == ("retrying", [])
    assert any(entry.code == "401" for entry in view.timeline)
    assert (await told.tell({"reference": view.id, "event": "delivered", "at": told.stand.now})).status_code == 200, "the key of its receipts was kept"


def table():
    """README's table as it has to be."""
    kinds = sorted(KINDS, key=lambda kind: (CHANNELS.index(kind.channel), kind.name.lower()))
    return "\n".join(["| channel | kind | what you need |", "|---|---|---|", *(f"| {kind.channel} | {kind.name} | {kind.needs['en']} |" for kind in kinds)])


def test_readme_lists_every_kind_and_what_it_needs():
    assert table() in (ROOT / "README.md").read_text(), f"README.md has to hold this table:\n\n{table()}\n"
