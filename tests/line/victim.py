"""A process whose children run the whole house and are killed. One forked child is one life: it costs no imports.

Commands are JSON lines with the `environ` of an installation on stdin, answers JSON lines on stdout: {"pid"} when a life begins, what it says itself, {"ended": code or -signal}.
`scene`: accept a little of everything, keep the ids in the file of accepted ones, come to rest; with `plan` the child kills itself on
the way (`CARILLON_FAULT`). `serve`: the HTTP entrance and the line until killed. `imports`: a file of
people is sent, checked and applied; the child kills itself amid one of its transactions, or right behind it.
"""

import ctypes
import json
import os
import signal
import socket
import sys

import uvicorn
import uvloop
from sqlalchemy import select
from starlette.applications import Starlette

from backend.api.app import routes
from backend.app.audience_views import AudienceIn, ImportIn
from backend.app.campaign_views import CampaignIn, StartIn
from backend.app.views import Accepted, GroupIn, PersonIn, PreferencesIn, TemplateIn
from backend.clock import HeldClock, SystemClock
from backend.domain.audience import Attribute
from backend.domain.campaign import Experiment, Variant
from backend.domain.delivery import State
from backend.domain.event import EventIn, To
from backend.domain.receipt import Receipt
from backend.domain.template import Content, EmailContent
from backend.log.port import Record
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store.tables import deliveries
from carillon.house import House
from tests.line.houses import NOON, moment
from workers.faults import Faults

MANY = 600  # people of a campaign: several steps of its wave
ROWS = 3_000  # people of a file: six transactions to check them and six to apply them
KNOWN = 200  # of them who are here before
PEOPLE = 48  # enough that each partition of each topic gets something
STEP = 60.0  # seconds of the clock from one life to the next: longer than the lease of a claimed due row
DIE_WITH_PARENT = 1  # prctl(2), PR_SET_PDEATHSIG


def say(**words) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


def note(path: str, ids) -> None:
    """One write of the operating system: what is in it survives the process."""
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(out, b"".join(made.hex().encode() + b"\n" for made in ids))
    os.close(out)


async def people(house: House) -> None:
    for n in range(PEOPLE):
        await house.app.people.put(SYSTEM, f"user{n}", PersonIn(name=f"User {n}", email=f"user{n}@example.com"))
    await house.app.groups.put(SYSTEM, "crew", GroupIn(name="Crew", members=[f"user{n}" for n in range(PEOPLE)]))


def shipped(to: To, **more) -> EventIn:
    return EventIn(**{"type": "order.shipped", "category": "orders", "to": to, "title": "On its way", **more})


async def scene(n: int, accepted: str, first: bool) -> None:
    clock = HeldClock(NOON + n * STEP)
    async with House(load(), clock) as house:
        if first:
            await people(house)
        soon = moment(clock.now() + 5)
        several = [shipped(To(user=f"user{(n + k) % PEOPLE}"), id=f"{n}-{k}") for k in range(12)]
        several += [shipped(To(user=f"user{k}"), send_at=soon) for k in range(0, PEOPLE, 4)]
        several += [
            shipped(To(users=[f"user{k}" for k in range(6)])),
            shipped(To(group="crew")),
            shipped(To(group="crew"), priority="high"),
        ]
        answers = await house.app.events.accept(SYSTEM, several)
        assert all(isinstance(answer, Accepted) for answer in answers), answers
        note(accepted, [answer.id for answer in answers])
        await receipts(house)
        for kind in ("receipts", "deliveries.email.normal", "deliveries.web.normal", "events.normal", "fanouts.normal"):
            await house.app.log.append([Record(kind, part, b"k", b"nobody can read this") for part in range(8)])
        await house.line.settle(40.0)
        clock.move(10.0)
        await house.line.settle(40.0)


async def campaign(n: int, accepted: str) -> None:
    """The first life makes a campaign to many with a holdout, forecasts it and starts it; each goes on with it until it dies or is done."""
    clock = HeldClock(NOON + n * STEP)
    async with House(load(), clock) as house:
        app = house.app
        if n == 0:
            for first in range(0, MANY, 100):
                await app.people.put_many(SYSTEM, [(f"user{k}", PersonIn(email=f"user{k}@example.com", attributes={"n": k})) for k in range(first, first + 100)])
            for k in range(0, MANY, 7):  # not everybody has opted in
                await app.preferences.put(SYSTEM, f"user{k}", PreferencesIn(categories={"orders": False}))
            await app.templates.put(SYSTEM, "spring", TemplateIn(content=Content(email=EmailContent("Spring", "<p>Look</p>")), name="Spring"))
            await app.templates.publish(SYSTEM, "spring")
            await app.audiences.put(SYSTEM, "many", AudienceIn(rule=Attribute("n", "less", MANY)))
            await app.campaigns.put(SYSTEM, "spring", CampaignIn(
                category="orders", audience="many", variants=[Variant("A", "spring", 50), Variant("B", "spring", 50)], channels=["email"], experiment=Experiment(holdout=10), revision=0,
            ))  # fmt: skip
            await app.forecasts.begin(SYSTEM, "spring")
            await house.line.settle(40.0)
            view = await app.campaigns.start(SYSTEM, "spring", StartIn(confirm=MANY))
            assert view.state == "running"
        for _ in range(8):
            await house.line.settle(40.0)
            clock.move(2.5)
            run = (await app.campaigns.get(SYSTEM, "spring")).run
            if run is not None:
                note(accepted, [bytes.fromhex(run.id)])
            if run is not None and run.state == "finished":
                return


def dying(app) -> None:
    """The process ends with SIGKILL at the writes of imports that its plan names: before they are committed, or when nobody has heard of it yet."""
    faults, true_write = Faults("import"), app.store.write

    async def write(fn, **more):
        if more.get("turn") != "import":
            return await true_write(fn, **more)

        def deadly(tx):
            value = fn(tx)
            faults.at("before_commit")
            return value

        value = await true_write(deadly, **more)
        faults.at("after_commit")
        return value

    app.store.write = write


def file_of(many: int) -> bytes:
    rows = [f"in{n},in{n}@example.com,{'pro' if n % 3 else 'free'},{'' if n % 100 else 'crew'}" for n in range(many)]
    return "\n".join(["user,email,plan,team", *rows[:-1], rows[0], "nobody,no address,pro,", rows[-1], ""]).encode()


async def imports(n: int, accepted: str) -> None:
    """The first life knows some of the people, sends the file and starts; each goes on with it until it dies or is done."""
    clock = HeldClock(NOON + n * STEP)
    async with House(load(), clock) as house:
        app = house.app
        dying(app)
        if n == 0:
            await app.groups.put(SYSTEM, "crew", GroupIn(name="Crew"))
            for first in range(0, KNOWN, 100):
                await app.people.put_many(SYSTEM, [(f"in{k}", PersonIn(name=f"In {k}", attributes={"plan": "old", "k": k})) for k in range(first, first + 100)])
            await app.preferences.put(SYSTEM, "in1", PreferencesIn(consents={"marketing": False}))
        found = (await app.imports.list(SYSTEM)).items
        if not [one for one in found if one.state != "failed"]:
            mapping = {"user": "user_id", "email": "email", "plan": "attribute:plan", "team": "group"}
            agreed = {"consent_category": "marketing", "consent_source": "fair", "consent_evidence": "list 7"}

            async def chunks():
                yield file_of(ROWS)

            begun = await app.imports.begin(SYSTEM, "people.csv", chunks())
            await app.imports.map(SYSTEM, begun.id, ImportIn(mapping, audience="fair", audience_name="Fair", **agreed))
        for _ in range(8):
            await house.line.settle(40.0)
            one = (await app.imports.list(SYSTEM)).items[0]
            if one.state == "ready":
                await app.imports.start(SYSTEM, one.id, one.total - one.refused)
                shown = await app.events.accept(SYSTEM, [shipped(To(user=f"in{k}"), id=f"amid-{k}") for k in range(KNOWN)])  # the line goes on beside it
                note(accepted, [answer.id for answer in shown])
            elif one.state == "finished":
                return


async def receipts(house: House) -> None:
    """Providers report what was sent in earlier lives."""
    d = deliveries.c
    sent = select(d.id, d.person).where(d.state == State.SENT).limit(40)
    for made, person in await house.app.store.read(lambda tx: tx.conn.execute(sent).all()):
        await house.report(Receipt(1, made, "delivered", house.clock.now(), person=person))


async def serve(listener: socket.socket, first: bool) -> None:
    async with House(load(), SystemClock()) as house:
        if first:
            await people(house)
        say(token=house.app.tokens.issue(space=1, subject="load", scopes=("events:write",), ttl=3600.0))
        entrance = Starlette(routes=routes(house.app))
        server = uvicorn.Server(uvicorn.Config(entrance, log_level="warning", lifespan="off", access_log=False))
        await server.serve(sockets=[listener])


def live(command: dict, listener: socket.socket) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    os.environ |= {**command["environ"], "CARILLON_FAULT": command.get("plan", "")}
    if command["life"] == "scene":
        uvloop.run(scene(command["n"], command["accepted"], command["n"] == 0))
    elif command["life"] == "campaign":
        uvloop.run(campaign(command["n"], command["accepted"]))
    elif command["life"] == "imports":
        uvloop.run(imports(command["n"], command["accepted"]))
    else:
        uvloop.run(serve(listener, command["first"]))


def main() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:  # kept over all lives: who connects in between waits
        say(port=listener.getsockname()[1])
        for line in sys.stdin:
            pid = os.fork()
            if pid == 0:
                try:
                    live(json.loads(line), listener)
                except BaseException:
                    import traceback

                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            say(pid=pid)
            say(ended=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main()
