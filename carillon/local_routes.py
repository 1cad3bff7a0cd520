"""What only commands of this machine may ask: tokens, the whole ledger, purge, the demo. Open to the credential in HOME and to nothing else."""

import functools
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backend.api.auth import bearer
from backend.api.problems import problem_response
from backend.app.accounts import MAIN
from backend.app.alerts import alarm
from backend.app.app import App
from backend.domain.errors import Invalid, NotFound, Refusal
from backend.domain.ledger import Ledger, joined, of_totals
from backend.security.roles import SYSTEM, Actor
from backend.store import history, ledgers, retention, rollup, seals, space_rows, touches
from backend.store.port import Tx
from carillon import demo
from carillon.local import Credential
from workers.purge import Purge

ACTOR = Actor(MAIN, "command", SYSTEM.role, name="carillon", via="cli")


class TokenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scopes` null: everything the role may do. `ttl` in seconds."""

    user: str
    role: str
    scopes: list[str] | None = None
    ttl: float = 3600.0


class DemoIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the demo is to run; `remove`: take one step more of it away."""

    on: bool
    remove: bool = False


class LedgerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the counters are to be proved against the rows; `since`: seconds, the days that are looked at begin with its day."""

    recount: bool = False
    since: float = 0.0


class DayIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days since 1970."""

    day: int


class SpaceLedger(msgspec.Struct):
    """One space. `sealed`: of the days that were dropped. `counters` and `rows`, when recounted, must be equal; `people`: how many counts of people are
    not what the recipients of campaigns say."""

    space: int
    name: str
    sealed: Ledger
    counters: Ledger | None = None
    rows: Ledger | None = None
    people: int = 0


class WholeLedger(msgspec.Struct):
    """Every space, and the days that have rows."""

    spaces: list[SpaceLedger]
    days: list[int]


class DayLedger(msgspec.Struct):
    """The rows of a day by space, and the first events of it that do not balance."""

    spaces: dict[int, Ledger]
    unbalanced: list[ledgers.Unbalanced]


async def ping(app: App, request: Request) -> Any:
    """It is us."""
    return None


async def token(app: App, request: Request) -> Any:
    """A token for anybody, as whoever owns HOME may make one."""
    given = await _body(request, TokenIn)
    made = app.tokens.issue(space=MAIN, subject=given.user, ttl=given.ttl, role=given.role, scopes=given.scopes)
    detail = {"role": given.role, "scopes": " ".join(given.scopes or ()), "seconds": round(given.ttl)}
    await app.store.write(lambda tx: app.people.note(tx, ACTOR, "token.make", f"user:{given.user}", **detail))
    return {"token": made, "expires": app.clock.now() + given.ttl}


async def ledger(app: App, request: Request) -> Any:
    """What is kept beside the rows of every space; recounted, the counters beside the rows (and the sealed days) in one snapshot."""
    given = await _body(request, LedgerIn)

    def read(tx: Tx) -> WholeLedger:
        whole = WholeLedger([], ledgers.days(tx, given.since))
        for space in space_rows.every(tx):
            sealed = seals.sealed(tx, space)
            one = SpaceLedger(space, space_rows.name(tx, space), sealed)
            if given.recount:
                one.counters = of_totals(0, rollup.everything(tx, space))
                one.people = touches.unlike(tx, space, app.clock.now() - retention.KEPT["recipients"])
                one.rows = joined(of_totals(0, history.recounted(tx, space)), msgspec.structs.replace(sealed, planned=0))
            whole.spaces.append(one)
        return whole

    return msgspec.to_builtins(await app.store.read(read))


async def ledger_of_day(app: App, request: Request) -> Any:
    """One day's rows of every space."""
    given = await _body(request, DayIn)
    if not 0 <= given.day < 1 << 20:
        raise Invalid("There is no such day.")
    found = await app.store.read(lambda tx: DayLedger(ledgers.of_day(tx, given.day), ledgers.unbalanced(tx, given.day)))
    return msgspec.to_builtins(found, str_keys=True)


async def purge(app: App, request: Request) -> Any:
    """One round of what `purge` does every hour."""
    alarms: list[str] = []
    done = await Purge(store=app.store, events=app.log, clock=app.clock, alarm=alarms.append).once()
    for sentence in alarms:  # a day is sealed once: nobody says it again
        await alarm(app, sentence)
    return {**msgspec.to_builtins(done), "alarms": alarms}


async def demo_switch(app: App, request: Request) -> Any:
    """Start or stop the demo, or take one step of taking it away: whoever asks goes on asking until it is gone."""
    given = await _body(request, DemoIn)
    if given.on:
        return {"people": await demo.start(app)}
    if not given.remove:
        return await app.demo.stop(ACTOR)
    step = await app.demo.leave(ACTOR)
    claim = (await app.first_start()).claim if step.gone else ""
    return {**msgspec.to_builtins(step), "claim": f"{app.settings.base_url}/claim?token={claim}" if claim else None}


ROUTES: list[tuple[str, str, Callable[[App, Request], Awaitable[Any]]]] = [
    ("GET", "/local/ping", ping),
    ("POST", "/local/token", token),
    ("POST", "/local/ledger", ledger),
    ("POST", "/local/ledger/day", ledger_of_day),
    ("POST", "/local/purge", purge),
    ("POST", "/local/demo", demo_switch),
]


def routes(app: App, credential: Credential) -> list[BaseRoute]:
    """Mounted beside the API. Whoever has another token, or none, finds nothing here."""
    return [Route(path, functools.partial(_guarded, app, credential, handler), methods=[method]) for method, path, handler in ROUTES]


async def _guarded(app: App, credential: Credential, handler: Callable[[App, Request], Awaitable[Any]], request: Request) -> Response:
    given = bearer(request.headers.get("authorization", "")) or ""
    if not credential.token or not compare_digest(given.encode(), credential.token.encode()):
        return problem_response(NotFound("There is nothing here."))
    try:
        answer = await handler(app, request)
    except Refusal as refusal:
        return problem_response(refusal)
    if answer is None:
        return Response(status_code=204)
    return Response(msgspec.json.encode(answer), 200, {"Cache-Control": "no-store"}, "application/json")


async def _body(request: Request, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise Invalid(f"The request is not understood: {error}") from None
