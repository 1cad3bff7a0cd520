"""Every call of the facade x every role and scope: who may not is refused before anything else is looked at.

The table is the rule. A new method of an aggregate fails here until somebody writes down who may call it.
"""

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backend.app.app import App, open_app
from backend.app.base import Aggregate
from backend.clock import HeldClock
from backend.domain.errors import Forbidden, NotFound
from backend.security.roles import PERMISSIONS, ROLES, SCOPES, Actor, may
from backend.store import tables
from tests.app.actors import actor, program, rows
from tests.app.conftest import NOW, settings

# aggregate.method -> permission; "permission|own": the person named by user_id may with `own`; "a&b": both are needed
RULES = {
    "people": {
        "put": "people.write|wishes.own", "put_many": "people.write", "get": "people.read|wishes.own", "search": "people.read", "addresses": "people.read|wishes.own",
        "put_address": "people.write|wishes.own", "remove_address": "people.write|wishes.own", "token": "people.write",
        "export": "people.reveal|wishes.own", "erase": "people.erase", "erase_own": "wishes.own",
    },
    "preferences": {
        "get": "people.read|wishes.own", "matrix": "people.read|wishes.own", "put": "people.write|wishes.own",
        "of_space": "content.read", "put_of_space": "content.write", "put_back": "people.write|wishes.own", "answers": "people.read|wishes.own",
    },
    "groups": {
        "put": "people.write", "get": "people.read", "delete": "people.write", "list": "people.read", "members": "people.read",
        "add_members": "people.write", "remove_members": "people.write",
    },
    "categories": {"put": "content.write", "get": "content.read", "list": "content.read", "used": "content.read", "names": "inbox.own"},
    "templates": {
        "put": "content.write", "get": "content.read", "list": "content.read", "publish": "content.write", "rollback": "content.write",
        "preview": "content.read", "as_user": "people.read",
    },
    "senders": {
        "put": "senders.write", "remove": "senders.write", "list": "content.read", "get": "content.read", "records": "content.read",
        "check": "senders.write",
    },
    "studio": {
        "create": "content.write", "list": "content.read", "save": "content.write", "kept": "content.read", "drop_kept": "content.write",
        "look": "content.read", "versions": "content.read", "diff": "content.read", "source": "content.read", "outlook": "content.read",
        "used": "content.read", "test": "content.write",
    },
    "images": {"add": "content.write", "list": "content.read"},
    "parts": {"list": "content.read", "put": "content.write", "remove": "content.write", "brand": "content.read", "put_brand": "content.write"},
    "suppressions": {"put": "people.write", "remove": "people.write", "find": "people.read", "list": "people.read"},
    "accounts": {
        "create": "accounts.write", "list": "accounts.write", "disable": "accounts.write", "enable": "accounts.write",
        "set_password": "accounts.write", "set_role": "accounts.write",
        "sending_token": "events.send",
    },
    "demo": {"state": "accounts.write", "counts": "accounts.write", "stop": "accounts.write", "leave": "accounts.write"},
    "checklist": {"points": "accounts.write", "reach": "accounts.write"},
    "invitations": {"create": "accounts.write", "list": "accounts.write", "revoke": "accounts.write"},
    "clients": {"create": "accounts.write", "remove": "accounts.write", "list": "accounts.write"},
    "audit": {"list": "audit.read", "get": "audit.read"},
    "events": {"accept": "events.send", "dry_run": "events.send", "get": "events.read", "list": "events.read", "course": "events.read", "cancel": "events.send"},
    "deliveries": {"list": "deliveries.read", "get": "deliveries.read", "notification": "deliveries.read"},
    "history": {"list": "deliveries.read|inbox.own"},
    "captures": {
        "list": "captures.read", "get": "captures.read", "counts": "captures.read", "newest": "captures.read", "behaviour": "captures.read",
        "behave": "operate", "clear": "operate",
    },
    "inbox": {
        "list": "inbox.any|inbox.own", "counts": "inbox.any|inbox.own", "get": "inbox.any|inbox.own", "mark": "inbox.any|inbox.own",
        "mark_all": "inbox.any|inbox.own", "stream": "inbox.any|inbox.own",
    },
    "chat": {"set_members": "people.write", "post": "chat.write"},
    "orders": {"put": "events.send"},
    "analytics": {"report": "analytics.read", "choices": "analytics.read"},
    "engagement": {"report": "analytics.read", "choices": "analytics.read", "compare": "analytics.read"},
    "alerts": {"raise_": "operate", "stream": "alerts.read"},
    "dead": {
        "list": "operate", "groups": "operate", "counts": "operate", "get": "operate", "dry_run": "operate", "replay": "operate", "drop": "operate",
        "going": "operate", "stop": "operate",
    },
    "roster": {"list": "people.read", "consents": "people.read|wishes.own", "holdings": "people.erase"},
    "overview": {"day": "analytics.read", "now": "analytics.read"},
    "schedules": {
        "put": "events.send", "get": "events.read", "list": "events.read", "pause": "events.send", "delete": "events.send", "preview": "events.send",
        "firings": "events.read",
    },
    "audiences": {
        "put": "content.write", "duplicate": "content.write", "get": "content.read", "list": "content.read", "delete": "content.write", "count": "content.read", "count_of": "content.read",
        "versions": "content.read", "restore": "content.write", "members": "content.read&people.read", "add_members": "content.write&people.read",
        "remove_members": "content.write&people.read", "fields": "content.read", "put_field": "people.write",
    },
    "imports": {
        "begin": "people.import", "map": "people.import", "check": "people.import", "start": "people.import", "cancel": "people.import", "get": "people.import",
        "list": "people.import", "errors": "people.import",
    },
    "forecasts": {"begin": "content.write", "get": "content.read", "stop": "content.write", "report": "content.read"},
    "campaigns": {
        "put": "content.write", "get": "content.read", "list": "content.read", "counts": "content.read", "delete": "content.write", "duplicate": "content.write",
        "versions": "content.read", "submit": "content.write", "approve": "content.write&events.send", "reject": "content.write",
        "start": "content.write&events.send", "pause": "content.write", "resume": "content.write&events.send", "cancel": "content.write",
        "roll_out": "content.write&events.send", "stop_variant": "content.write", "runs": "content.read", "run": "content.read",
        "recipients": "content.read&people.read", "calendar": "content.read",
    },
    "experiments": {
        "list": "content.read", "get": "content.read", "roll_out": "content.write&events.send", "end": "content.write", "sample_size": "content.read",
    },
    "spaces": {"mine": "inbox.own"},
    "about": {"describe": "operate"},
    "halts": {"put": "operate", "remove": "operate", "list": "operate", "look": "operate", "shown": "analytics.read"},
    "engine": {"now": "operate"},
    "providers": {
        "kinds": "operate", "list": "operate", "get": "operate", "put": "operate", "outlook": "operate", "remove": "operate", "arrange": "operate",
        "check": "operate", "send_test": "operate", "mode": "inbox.own", "put_mode": "operate",
    },
}  # fmt: skip
# calls for which the role alone does not decide, and why
OPEN = {
    "accounts.sign_in": "who signs in is nobody yet; the password is the permission",
    "accounts.claim": "the one-time link is the permission",
    "accounts.who": "the session is the permission",
    "browsers.key": "a public key, shown to whoever subscribes",
    "accounts.sign_out": "the session is the permission",
    "invitations.describe": "the one-time link is the permission",
    "invitations.accept": "the one-time link is the permission",
    "accounts.sessions": "the actor's own sessions, no other can be named",
    "accounts.end_session": "the actor's own sessions, no other can be named",
    "clients.verify": "the secret is the permission",
    "idempotency.begin": "keys are the caller's own, by subject",
    "idempotency.finish": "takes what begin gave",
    "idempotency.abandon": "takes what begin gave",
    "hooks.hear": "the provider's signature is the permission",
    "links.describe": "the signed token is the permission",
    "links.unsubscribe": "the signed token is the permission",
    "links.why": "the signed token is the permission",
    "links.person": "the signed token is the permission",
    "links.clicked": "the signed token is the permission",
    "links.opened": "the signed token is the permission",
    **dict.fromkeys(
        [f"hosted.{name}" for name in ("leaving", "ways_on", "take_back", "fewer", "stop_all", "restore", "preferences", "save")],
        "the signed token is the permission",
    ),
    "images.read": "a picture is for whoever has a message with its address",
    "inbox.unread": "the actor's own inbox, no other can be named",
    "inbox.changes": "the actor's own inbox, no other can be named",
    "search.find": "each kind of thing asks for its own permission, tested with search",
    "saved_views.list": "the actor's own, nobody else's can be named",
    "saved_views.put": "the actor's own, nobody else's can be named",
    "saved_views.rename": "the actor's own, nobody else's can be named",
    "saved_views.remove": "the actor's own, nobody else's can be named",
    "chat.stream": "members of the channel alone, tested with chat",
    "orders.stream": "the order's owner alone, tested with orders",
}
ROW_FIRST = {"deliveries.get"}  # whose delivery it is decides, so an unknown one is not found for everybody
# shows that the rules above are the house's own: a permission is wanted by somebody who has it and refused to somebody else
ACTORS = [*(actor(role) for role in ROLES), *(program(scope) for scope in SCOPES), program(), Actor(1, "nobody")]


def calls(app: App) -> Iterator[tuple[str, str, Any]]:
    """(aggregate, method, bound method) of everything that can be awaited or iterated."""
    for name, part in vars(app).items():
        if isinstance(part, Aggregate):
            for method, function in inspect.getmembers(type(part), inspect.isfunction):
                if not method.startswith("_") and method in vars(type(part)) and (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)):
                    yield name, method, getattr(part, method)


CALLS = {f"{name}.{method}": call for name, method, call in calls(open_app(settings(Path("/nowhere")), HeldClock(NOW)))}  # never started
NAMES = sorted(CALLS)


def given(call: Any, user: str) -> dict[str, Any]:
    """A value for every parameter that needs one; only `user_id` means something."""
    made: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(call).parameters.items())[1:]:
        if parameter.default is not inspect.Parameter.empty:
            continue
        kind = parameter.annotation
        if name == "user_id":
            made[name] = user
        elif kind is str:
            made[name] = "0" * 32
        elif kind is int:
            made[name] = 1
        elif kind is bytes:
            made[name] = b"no picture"
        elif inspect.isclass(kind) and issubclass(kind, msgspec.Struct):
            made[name] = None
        else:
            made[name] = []
    return made


async def outcome(call: Any, who: Actor, user: str) -> BaseException | None:
    """What the call raises; a stream is asked for its first item."""
    made = call(who, **given(call, user))
    try:
        async with asyncio.timeout(2.0 if inspect.isasyncgen(made) else 30.0):  # a stream that is allowed has nothing to say
            await (anext(made) if inspect.isasyncgen(made) else made)
    except BaseException as error:  # whatever it is, it is looked at
        return error
    finally:
        if inspect.isasyncgen(made):
            await made.aclose()
    return None


def may_all(who: Actor, permissions: str) -> bool:
    """Of a call that needs several ("a&b")."""
    return all(may(who, permission) for permission in permissions.split("&"))


def lacks(error: BaseException | None) -> bool:
    """Refused for want of a permission; not for what was asked, such as a chat one is no member of."""
    return isinstance(error, Forbidden) and "permission" in error.facts


def test_every_call_has_its_rule() -> None:
    known = {f"{name}.{method}" for name, methods in RULES.items() for method in methods} | OPEN.keys()
    assert set(NAMES) - known == set(), "write down in RULES or OPEN who may call these"
    assert known - set(NAMES) == set(), "these are gone: take them out"
    wanted = {permission for methods in RULES.values() for rule in methods.values() for permission in rule.replace("&", "|").split("|")}
    assert wanted <= PERMISSIONS.keys()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPEN])
def test_the_actor_comes_first(name: str) -> None:
    parameters = list(inspect.signature(CALLS[name]).parameters.values())
    assert parameters[0].name == "actor" and parameters[0].annotation is Actor


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPEN])
async def test_who_may_not_is_refused_and_nothing_changes(app: App, name: str) -> None:
    part, method = name.split(".")
    call, (permission, _, own) = getattr(getattr(app, part), method), RULES[part][method].partition("|")
    refusals = (Forbidden, NotFound) if name in ROW_FIRST else (Forbidden,)
    before = {table.name: await rows(app, table) for table in tables.meta.sorted_tables}
    refused = 0
    for who in ACTORS:
        if not may_all(who, permission):
            refused += 1
            got = await outcome(call, who, "somebody-else")
            assert isinstance(got, refusals), f"{name} by {who.role or who.scopes}: {got!r}"
    assert refused, f"{permission} keeps nobody out"
    assert before == {table.name: await rows(app, table) for table in tables.meta.sorted_tables}
    for who in ACTORS:
        if may_all(who, permission):
            got = await outcome(call, who, "somebody-else")
            assert not lacks(got), f"{name} by {who.role or who.scopes}: {got!r}"
            break
    if own:
        got = await outcome(call, actor("member", "mia"), "mia")
        assert not lacks(got), f"{name} by the person: {got!r}"
        foreign = msgspec.structs.replace(actor("member", "mia", space=2), space=1)  # same user id, person of another space
        assert isinstance(await outcome(call, foreign, "mia"), Forbidden), f"{name} by the same user id of another space"
