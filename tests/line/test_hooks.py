"""Hooks beyond one receipt: opt-outs by address, a provider's own way to unsubscribe, and requests that are kept and sent again."""

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from backend.api.app import routes
from backend.app.provider_views import ProviderIn
from backend.app.views import SuppressionIn
from backend.channels import registry, smtp_kind
from backend.channels.kinds import Heard, OptOut
from backend.domain.ids import person_id
from backend.domain.receipt import Receipt
from backend.security.roles import SYSTEM
from backend.store import persons
from backend.store.suppressions import get
from tests.line.houses import order_shipped, standing

NUMBER = "+4915112345678"


class Said(msgspec.Struct):
    stop: bool | None = None
    unsubscribed: str = ""
    number: str = NUMBER
    n: int = 0
    once: str = ""


async def hear(given, hook, space, now):
    said = msgspec.json.decode(hook.body, type=Said)
    outs = [OptOut("sms", said.number, said.stop, now)] if said.stop is not None else []
    receipts = [Receipt(space, bytes.fromhex(said.unsubscribed), "unsubscribed", now)] if said.unsubscribed else []
    return Heard(receipts, outs, 202, hook.url.encode(), "text/xml", said.once, 3_600.0)


TEXTS = msgspec.structs.replace(smtp_kind.KIND, key="texts", channel="sms", route="sms", hear=hear)


@pytest.fixture
async def told(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "KINDS", (*registry.KINDS, TEXTS))
    async with standing("embedded", tmp_path / "home") as stand:
        await stand.app.providers.put(SYSTEM, "texts", ProviderIn("texts", {"host": "127.0.0.1", "encryption": "none"}, used=False))
        await stand.house.roster.look()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes(stand.app))), base_url="http://inside") as client:

            async def tell(query="", **said):
                return await client.post(f"/hooks/texts{query}", content=msgspec.json.encode(Said(**said)))

            yield stand, tell


async def suppressed(stand, number=NUMBER):
    row = await stand.app.store.read(lambda tx: get(tx, 1, 4, stand.app.sealer.address_hash("sms", number)))
    return row and row.reason


async def test_the_answer_is_what_the_provider_wants_and_the_address_the_public_one(told):
    stand, tell = told
    answer = await tell("?a=1&b=%20x")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (202, "text/xml")
    assert answer.text == f"{stand.app.settings.base_url}/hooks/texts?a=1&b=%20x"


async def test_stop_suppresses_the_number_and_start_lifts_only_that(told):
    stand, tell = told
    user = await stand.person(phone=NUMBER)
    await tell(stop=True, n=1)
    assert await suppressed(stand) == "stop"
    (made,) = await stand.accept(order_shipped(to=user, channels=["sms"]))
    await stand.settle()
    assert await stand.units(made) == {"sms": ["skip suppressed"]}
    await tell(stop=False, n=2)
    assert await suppressed(stand) is None
    (made,) = await stand.accept(order_shipped(to=user, channels=["sms"]))
    await stand.settle()
    assert await stand.units(made) == {"sms": ["held"]}, "it waits for the provider, which is switched off and heard all the same"
    await stand.app.suppressions.put(SYSTEM, SuppressionIn("sms", NUMBER, "complained"))
    await tell(stop=False, n=3)
    assert await suppressed(stand) == "complained", "what they did not ask for themselves stays"


async def test_an_old_start_that_comes_again_lifts_nothing(told):
    stand, tell = told
    await tell(stop=True, n=1)
    await tell(stop=False, n=2)
    await tell(stop=True, n=3)
    await tell(stop=False, n=2)
    assert await suppressed(stand) == "stop"
    assert (await tell(stop=True, n=4, number="no number")).status_code == 202


async def test_a_request_that_is_remembered_changes_nothing(told):
    stand, tell = told
    await tell(once="a")
    await tell(once="a", stop=True)
    assert await suppressed(stand) is None
    await tell(once="b", stop=True)
    assert await suppressed(stand) == "stop"


async def test_a_provider_s_own_link_to_unsubscribe_withdraws_the_consent_of_that_category(told):
    stand, tell = told
    user = await stand.person()
    await stand.wish(user, consents={"marketing": True, "product": True})
    (made,) = await stand.accept(order_shipped(to=user, category="marketing", channels=["email"]))
    await stand.settle()
    view = await stand.delivery(made)
    stand.clock.move(60)
    for _ in range(2):
        await tell(unsubscribed=view.id)
    await stand.settle()
    answers = await stand.app.store.read(lambda tx: persons.consents_of(tx, 1, person_id(1, user)))
    assert [one.category for one in answers if not one.given] == ["marketing"], "once, and that one alone"
    (made,) = await stand.accept(order_shipped(to=user, category="marketing", channels=["email"]))
    await stand.settle()
    assert await stand.units(made) == {"email": ["skip unsubscribed"]}
