"""Over the raw socket, as an attacker: no cookie, forged router data, a foreign origin, another person's tab."""

import asyncio
import json

import pytest
import websockets

from portal.guard import all_handlers
from tests.portal.house_stand import PASSWORD
from tests.portal.socket import RawSocket


def handler(name):
    return next(full for full, fn in all_handlers().items() if fn.__qualname__ == name)


def signed_in(served, login):
    session = served.run(served.house.app.accounts.sign_in(login, PASSWORD))
    return f"carillon_session={session.token}"


def talk(served, calls, **kwargs):
    async def go():
        async with RawSocket(served, **kwargs) as socket:
            return [await socket.call(*call) for call in calls]

    return asyncio.run(go())


def guarded_handlers():
    return sorted(full for full, fn in all_handlers().items() if hasattr(fn, "__permission__"))


def test_without_a_cookie_every_handler_answers_only_with_the_way_to_sign_in(served):
    async def ask(turn, full):
        payload = {"number": "1"} if full.endswith("trouble") else {}
        async with turn, RawSocket(served) as socket:
            return full, "".join(await socket.call(full, payload))

    async def ask_all():
        turn = asyncio.Semaphore(12)
        return await asyncio.gather(*(ask(turn, full) for full in guarded_handlers()))

    answers = asyncio.run(ask_all())
    assert len(answers) > 100
    for full, text in answers:
        assert "/sign-in?reason=ended" in text, full
        assert "Person" not in text, full
        assert '"may_rx_state_":["' not in text.replace(" ", ""), full


def test_a_forged_cookie_in_router_data_counts_for_nothing(served):
    cookie = signed_in(served, "admin")

    async def go():
        async with RawSocket(served) as socket:
            socket.router_data["headers"] = {"cookie": cookie}
            return await socket.call(handler("Frame.enter"))

    text = "".join(asyncio.run(go()))
    assert "/sign-in?reason=ended" in text
    assert "Admin Person" not in text


def test_with_a_cookie_the_same_call_answers(served):
    (got,) = talk(served, [(handler("Frame.enter"),)], cookie=signed_in(served, "admin"))
    text = "".join(got)
    assert "Admin Person" in text
    assert "reason=ended" not in text


def test_a_role_without_the_permission_gets_a_closed_page(served):
    (got,) = talk(served, [(handler("Send.load"),)], cookie=signed_in(served, "member"))
    text = "".join(got)
    assert '"closed_rx_state_":true' in text.replace(" ", "")
    assert '"loaded_rx_state_":true' not in text.replace(" ", "")


def test_the_session_is_asked_for_at_each_call_not_once_per_socket(served):
    cookie = signed_in(served, "admin")

    async def go():
        async with RawSocket(served, cookie=cookie) as socket:
            first = await socket.call(handler("Frame.enter"))
            await asyncio.wrap_future(
                asyncio.run_coroutine_threadsafe(served.house.app.accounts.sign_out(cookie.split("=", 1)[1]), served.loop)
            )
            return first, await socket.call(handler("Frame.enter"))

    first, second = asyncio.run(go())
    assert "Admin Person" in "".join(first)
    assert "/sign-in?reason=ended" in "".join(second)


def test_the_next_person_at_a_tab_sees_nothing_of_the_one_before(served):
    first = RawSocket(served, cookie=signed_in(served, "admin"))

    async def go(socket, *calls):
        async with socket:
            return "".join(["".join(await socket.call(*call)) for call in calls])

    assert "Admin Person" in asyncio.run(go(first, (handler("Frame.enter"),)))
    hydrate = handler("State.hydrate")
    assert "Admin Person" in asyncio.run(go(RawSocket(served, cookie=first.headers["Cookie"], token=first.token), (hydrate,)))
    for cookie in ("", signed_in(served, "member")):
        seen = asyncio.run(go(RawSocket(served, cookie=cookie, token=first.token), (hydrate,)))
        assert seen, "the framework's own handler answers"
        assert "Admin Person" not in seen


def test_a_handler_that_nobody_guarded_does_not_run(served, caplog):
    setvar = handler("Frame.enter").removesuffix("enter") + "setvar"
    assert talk(served, [(setvar, {"var_name": "is_hydrated", "value": True})], cookie=signed_in(served, "admin")) == [[]]
    assert "refused an event that no page sends" in caplog.text


def test_the_cookie_never_comes_back_over_the_socket(served):
    cookie = signed_in(served, "admin")
    got = talk(served, [(handler("State.hydrate"),), (handler("Frame.enter"),)], cookie=cookie)
    assert cookie.split("=", 1)[1] not in json.dumps(got)


def test_a_foreign_origin_gets_no_socket(served):
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        talk(served, [], origin="http://evil.example", cookie=signed_in(served, "admin"))
    assert refused.value.response.status_code == 403
