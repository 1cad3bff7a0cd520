"""POST /v1/events and what surrounds it: bad input of every kind, arrays, CloudEvents, Idempotency-Key."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from backend.app.app import App
from backend.app.views import PersonIn
from backend.clock import HeldClock
from backend.domain.errors import LogUnavailable
from carillon.house import House
from tests.api.conftest import ADMIN, Ask

GOOD: dict[str, Any] = {"type": "order.shipped", "category": "orders", "to": {"user": "mia"}, "title": "Shipped", "message": "It is on its way."}


@pytest.fixture(autouse=True)
async def mia(app: App) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))


async def send(ask: Ask, body: Any, **more: Any) -> httpx.Response:
    return await ask("POST", "/v1/events", scopes=("events:write",), json=body, **more)


async def test_an_event_is_accepted_with_its_address(ask: Ask, line: House):
    answer = await send(ask, GOOD)
    assert answer.status_code == 202
    assert answer.json()["url"] == f"/v1/events/{answer.json()['id']}" == answer.headers["location"]
    await line.settle()
    read = await ask("GET", answer.json()["url"], scopes=("events:write",))
    assert read.status_code == 200, read.text
    told = read.json()
    assert {told[name] for name in ("type", "category")} == {"order.shipped", "orders"}
    assert told["ledger"]["planned"] == sum(count for name, count in told["ledger"].items() if name != "planned") > 0
    assert told["ledger"]["pending"] == 0
    assert {unit["channel"] for unit in told["decisions"][0]["units"]} == {"web", "email", "push"}


CASES: dict[str, tuple[Any, str, str]] = {
    "unknown user": ({**GOOD, "to": {"user": "nobody"}}, "unknown_user", "nobody"),
    "unknown group": ({**GOOD, "to": {"group": "none"}}, "unknown_group", "none"),
    "unknown category": ({**GOOD, "category": "none"}, "unknown_category", "none"),
    "unknown template": ({**GOOD, "template": "none"}, "template_missing", "template"),
    "unknown channel": ({**GOOD, "channels": ["fax"]}, "unknown_channel", "fax"),
    "unknown priority": ({**GOOD, "priority": "urgent"}, "invalid", "priority"),
    "unknown field": ({**GOOD, "colour": "red"}, "invalid", "colour"),
    "unknown field within": ({**GOOD, "to": {"usr": "mia"}}, "invalid", "to.usr"),
    "nobody to send to": ({**GOOD, "to": {}}, "invalid", "to"),
    "two recipients": ({**GOOD, "to": {"user": "mia", "group": "all"}}, "invalid", "to"),
    "no type": ({k: v for k, v in GOOD.items() if k != "type"}, "invalid", "type"),
    "type of type": ({**GOOD, "type": 1}, "invalid", "type"),
    "type of to": ({**GOOD, "to": "mia"}, "invalid", "to"),
    "type of data": ({**GOOD, "data": [1]}, "invalid", "data"),
    "type of channels": ({**GOOD, "channels": "web"}, "invalid", "channels"),
    "no time": ({**GOOD, "send_at": "tomorrow"}, "invalid", "send_at"),
    "time without zone": ({**GOOD, "expires_at": "2030-01-01T00:00:00"}, "invalid", "expires_at"),
    "nothing to say": ({k: v for k, v in GOOD.items() if k not in ("title", "message")}, "template_missing", "title"),
    "not an object": ("hello", "invalid", ""),
}


@pytest.mark.parametrize("case", CASES)
async def test_bad_input_is_refused_with_its_place(ask: Ask, app: App, case: str):
    body, code, named = CASES[case]
    answer = await send(ask, body)
    told = answer.json()
    assert (answer.status_code, told["code"], answer.headers["content-type"]) == (422, code, "application/problem+json"), told
    assert named in answer.text
    assert {"type", "title", "status", "detail"} <= told.keys()
    assert told["detail"].endswith((".", "?"))
    page = await app.deliveries.list(ADMIN)
    assert page.items == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no JSON"), (b"{", "no JSON"), (b"null", "object"), (b"{'type': 1}", "no JSON"), (b'{"type": "a", ', "no JSON"), (b'{"type": "\xff"}', "no JSON"), (b'{"data": NaN}', "no JSON"), (b"[" * 5000, "no JSON|nested|array|recursion"), (b'{"type":"a\\u0000"}', "NUL")],
)
async def test_what_is_no_json(ask: Ask, content: bytes, said: str):
    answer = await ask("POST", "/v1/events", scopes=("events:write",), content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert any(word in answer.json()["detail"] for word in said.split("|")), answer.json()


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "application/x-www-form-urlencoded", "application/cloudevents+avro", "application/json; charset=utf-16"])
async def test_the_wrong_content_type(ask: Ask, kind: str):
    answer = await ask("POST", "/v1/events", scopes=("events:write",), content=msgspec.json.encode(GOOD), headers={"content-type": kind} if kind else {})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type")


async def test_a_body_over_a_megabyte_is_refused_before_it_is_read(ask: Ask):
    large = msgspec.json.encode({**GOOD, "data": {"x": "a" * 1024 * 1024}})
    answer = await ask("POST", "/v1/events", scopes=("events:write",), content=large, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "too_large", 1024 * 1024)

    answer = await ask("POST", "/v1/events", scopes=("events:write",), content=_parts(large), headers={"content-type": "application/json"})
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413


async def _parts(raw: bytes):
    for n in range(0, len(raw), 65536):
        yield raw[n : n + 65536]


async def test_one_bad_item_does_not_spoil_the_others(ask: Ask, app: App):
    answer = await send(ask, [GOOD, {**GOOD, "category": "none"}, {**GOOD, "colour": 1}, 7, {**GOOD, "id": "a-1"}])
    assert answer.status_code == 202
    items = answer.json()["items"]
    assert ["id" in item for item in items] == [True, False, False, False, True]
    assert [item["error"]["code"] for item in items if "error" in item] == ["unknown_category", "invalid", "invalid"]
    assert items[2]["error"]["field"] == "colour"
    nothing = await send(ask, [{**GOOD, "category": "none"}, 7])
    assert (nothing.status_code, len(nothing.json()["items"])) == (422, 2)


@pytest.mark.parametrize("count", [0, 501])
async def test_an_array_has_one_to_500_events(ask: Ask, count: int):
    answer = await send(ask, [GOOD] * count)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_an_array_of_500(ask: Ask):
    answer = await send(ask, [GOOD] * 500)
    assert answer.status_code == 202
    assert len({item["id"] for item in answer.json()["items"]}) == 500


async def test_the_same_id_is_the_same_event(ask: Ask):
    first = await send(ask, {**GOOD, "id": "order-7"})
    again = await send(ask, {**GOOD, "id": "order-7", "title": "Another"})
    assert (again.status_code, again.json()) == (202, first.json())


async def test_with_the_log_away_nothing_is_accepted_and_nothing_is_lost(ask: Ask, app: App, monkeypatch: pytest.MonkeyPatch):
    async def away(records: object) -> None:
        raise LogUnavailable

    monkeypatch.setattr(app.log, "append", away)
    for body in (GOOD, [GOOD, GOOD]):
        answer = await send(ask, body)
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "log_unavailable", "1")


# ---- CloudEvents
CLOUD = {"specversion": "1.0", "type": "order.shipped", "source": "/shop", "id": "7", "subject": "mia", "category": "orders", "title": "Shipped", "message": "On its way", "data": {"n": 1}}


async def cloud(ask: Ask, body: Any, kind: str = "application/cloudevents+json") -> httpx.Response:
    return await ask("POST", "/v1/events", scopes=("events:write",), content=msgspec.json.encode(body), headers={"content-type": kind})


async def test_a_structured_cloudevent(ask: Ask, line: House):
    answer = await cloud(ask, {**CLOUD, "priority": "low", "channels": "web, email", "traceparent": "00-0-0-00"})
    assert answer.status_code == 202, answer.text
    await line.settle()
    told = (await ask("GET", answer.json()["url"], role="admin")).json()
    assert (told["type"], told["data"], told["to"], told["priority"], told["channels"]) == ("order.shipped", {"n": 1}, {"user": "mia"}, "low", ["web", "email"])


async def test_binary_and_structured_are_the_same_event(ask: Ask):
    one = await cloud(ask, CLOUD)
    headers = {f"ce-{name}": str(value) for name, value in CLOUD.items() if name != "data"} | {"content-type": "application/json"}
    other = await ask("POST", "/v1/events", scopes=("events:write",), content=b'{"n":1}', headers=headers)
    assert other.status_code == 202, other.text
    assert other.json() == one.json()


async def test_a_batch_of_cloudevents(ask: Ask):
    answer = await cloud(ask, [CLOUD, {**CLOUD, "id": "8", "category": "none"}, {**CLOUD, "specversion": "0.3"}], "application/cloudevents-batch+json")
    assert answer.status_code == 202
    assert [item.get("error", {}).get("code") for item in answer.json()["items"]] == [None, "unknown_category", "invalid"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"specversion": "0.3"}, "specversion"), ({"id": None}, "id"), ({"source": ""}, "source"), ({"category": None}, "category"), ({"subject": None}, "subject"), ({"data": [1]}, "data"), ({"data_base64": "AA=="}, "data_base64"), ({"datacontenttype": "text/xml"}, "datacontenttype"), ({"group": "all"}, "subject")],
)
async def test_what_is_no_cloudevent_here(ask: Ask, change: dict[str, Any], field: str):
    answer = await cloud(ask, {**CLOUD, **change})
    assert (answer.status_code, answer.json().get("field")) == (422, field), answer.text


# ---- Idempotency-Key
async def test_the_first_answer_again(ask: Ask, clock: HeldClock):
    first = await send(ask, GOOD, headers={"idempotency-key": "k1"})
    again = await send(ask, GOOD, headers={"idempotency-key": "k1"})
    assert (again.status_code, again.content, again.headers["location"]) == (202, first.content, first.headers["location"])
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    other = await send(ask, {**GOOD, "title": "Another"}, headers={"idempotency-key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    clock.move(24 * 3600 + 1)
    later = await send(ask, {**GOOD, "title": "Another"}, headers={"idempotency-key": "k1"})
    assert (later.status_code, later.json()["id"] == first.json()["id"]) == (202, False)


async def test_a_key_in_flight_is_a_conflict(ask: Ask, app: App, monkeypatch: pytest.MonkeyPatch):
    entered, leave = asyncio.Event(), asyncio.Event()
    append = app.log.append

    async def slow(records: Any) -> None:
        entered.set()
        await leave.wait()
        await append(records)

    monkeypatch.setattr(app.log, "append", slow)
    first = asyncio.create_task(send(ask, GOOD, headers={"idempotency-key": "k2"}))
    await entered.wait()
    second = await send(ask, GOOD, headers={"idempotency-key": "k2"})
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    leave.set()
    assert (await first).status_code == 202


async def test_a_refused_request_frees_its_key(ask: Ask, app: App, monkeypatch: pytest.MonkeyPatch):
    append = app.log.append

    async def away(records: object) -> None:
        raise LogUnavailable

    monkeypatch.setattr(app.log, "append", away)
    assert (await send(ask, GOOD, headers={"idempotency-key": "k3"})).status_code == 503
    monkeypatch.setattr(app.log, "append", append)
    assert (await send(ask, GOOD, headers={"idempotency-key": "k3"})).status_code == 202


async def test_keys_of_two_programs_are_two_keys(ask: Ask):
    one = await send(ask, GOOD, subject="shop", headers={"idempotency-key": "k4"})
    other = await send(ask, GOOD, subject="crm", headers={"idempotency-key": "k4"})
    assert one.json() != other.json()


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_what_is_no_key(ask: Ask, key: str):
    answer = await send(ask, GOOD, headers={"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


# ---- dry run
async def test_a_dry_run_tells_and_changes_nothing(ask: Ask, app: App):
    answer = await ask("POST", "/v1/decisions", scopes=("events:write",), json=GOOD)
    assert answer.status_code == 200, answer.text
    decision = answer.json()["items"][0]
    assert (decision["user"], decision["notification"]) == ("mia", None)
    assert {unit["channel"]: unit["outcome"] for unit in decision["units"]}["web"] == "send"
    assert all(unit["gates"] for unit in decision["units"])
    assert (await ask("POST", "/v1/decisions", scopes=("events:write",), json=[GOOD])).status_code == 422
    assert (await app.deliveries.list(ADMIN)).items == []
