"""/v1/users: people, their addresses, wishes, data, tokens and inbox."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

import msgspec

from backend.api.endpoint import Answer, Call, Endpoint
from backend.app.views import (
    AddressIn,
    AddressView,
    Counts,
    InboxChange,
    InboxPage,
    Moment,
    Page,
    PersonIn,
    PersonView,
    PreferencesIn,
    PreferencesView,
    moment,
)
from backend.domain.errors import Invalid
from backend.domain.ids import parse_id

LONGEST_WAIT = 60.0  # seconds of a long poll; proxies tend to give up at 60
AT_ONCE = 1_000  # notifications marked in one request


class SearchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`search`: an e-mail address, a telephone number, or the beginning of a user id."""

    search: str


class TokenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ttl` in seconds."""

    ttl: float = 3600.0


class TokenView(msgspec.Struct):
    """A token and its end."""

    token: str
    expires_at: datetime


class InboxQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`after`: changes since this cursor, oldest first. `wait`: seconds to wait for the first one when there is none yet."""

    after: str | None = None
    limit: int = 50
    wait: float = 0.0


class BulkChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ids` of notifications, or null for all; the other fields as for one."""

    ids: list[str] | None = None
    seen: bool | msgspec.UnsetType = msgspec.UNSET
    read: bool | msgspec.UnsetType = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET
    snoozed_until: Moment | None | msgspec.UnsetType = msgspec.UNSET


async def put(call: Call) -> Answer:
    """Make or change a person."""
    return Answer(await call.app.people.put(call.actor, call.key, call.body, call.seen))


async def get(call: Call) -> Answer:
    """One person."""
    return Answer(await call.app.people.get(call.actor, call.key))


async def search(call: Call) -> Answer:
    """People who have this address, or whose id begins so."""
    return Answer(await call.app.people.search(call.actor, call.query.search))


async def erase(call: Call) -> Answer:
    """Erase a person for good; both DELETE and POST .../erase do it."""
    await call.app.people.erase(call.actor, call.path["id"])
    return Answer()


async def export(call: Call) -> Answer:
    """Everything kept about a person."""
    disposition = {"Content-Disposition": 'attachment; filename="export.json"'}
    return Answer(await call.app.people.export(call.actor, call.path["id"]), headers=disposition)


async def make_token(call: Call) -> Answer:
    """A member token for the customer's own pages."""
    ttl = call.body.ttl
    token = await call.app.people.token(call.actor, call.path["id"], ttl)
    return Answer(TokenView(token, moment(call.app.clock.now() + ttl)), 201)


async def addresses(call: Call) -> Answer:
    """Every address of a person."""
    return Answer(await call.app.people.addresses(call.actor, call.path["id"]))


async def put_address(call: Call) -> Answer:
    """Add an address."""
    return Answer(await call.app.people.put_address(call.actor, call.path["id"], call.body))


async def remove_address(call: Call) -> Answer:
    """Take an address away."""
    await call.app.people.remove_address(call.actor, call.path["id"], call.path["address"])
    return Answer()


async def preferences(call: Call) -> Answer:
    """What the person wishes."""
    return Answer(await call.app.preferences.get(call.actor, call.path["id"]))


async def put_preferences(call: Call) -> Answer:
    """Change wishes; what is left out stays."""
    return Answer(await call.app.preferences.put(call.actor, call.path["id"], call.body, call.seen))


async def notifications(call: Call) -> Answer:
    """The inbox, newest first; with `after`, changes since; with `wait`, as soon as there is one."""
    user, query = call.path["id"], call.query
    if not 0 <= query.wait <= LONGEST_WAIT:
        raise Invalid(f"wait is 0 to {LONGEST_WAIT:g} seconds.", field="wait")
    page = await call.app.inbox.list(call.actor, user, query.after, query.limit)
    if query.wait and query.after and not page.items:
        await _change(call, user, page.cursor, query.wait)
        page = await call.app.inbox.list(call.actor, user, query.after, query.limit)
    return Answer(page)


async def mark_one(call: Call) -> Answer:
    """Seen, read, archived or snoozed."""
    parse_id(call.path["nid"])
    return Answer(await call.app.inbox.mark(call.actor, call.path["id"], [call.path["nid"]], call.body))


async def mark_many(call: Call) -> Answer:
    """The same for several, or for all."""
    body: BulkChange = call.body
    if body.ids is not None:
        if not 1 <= len(body.ids) <= AT_ONCE:
            raise Invalid(
                f"ids holds {len(body.ids)} ids; one request takes 1 to {AT_ONCE:,}. Leave ids out for all.", field="ids", limit=AT_ONCE
            )
        for shown in body.ids:
            parse_id(shown)
    change = InboxChange(seen=body.seen, read=body.read, archived=body.archived, snoozed_until=body.snoozed_until)
    return Answer(await call.app.inbox.mark(call.actor, call.path["id"], body.ids, change))


async def counts(call: Call) -> Answer:
    """Unread and unseen."""
    return Answer(await call.app.inbox.counts(call.actor, call.path["id"]))


async def _change(call: Call, user: str, cursor: str, wait: float) -> None:
    """Return at the first change after `cursor`, after `wait` seconds, or when the caller has gone."""
    stream = call.app.inbox.stream(call.actor, user, cursor)

    async def first() -> None:
        async for _ in stream:
            return

    async def gone() -> None:
        while (await call.request.receive())["type"] != "http.disconnect":
            pass

    waiting = [asyncio.create_task(first()), asyncio.create_task(gone())]
    try:
        done, _ = await asyncio.wait(waiting, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


_READ, _WRITE, _INBOX = ("people.read",), ("people.write",), ("inbox.any",)
_U = "/v1/users/{id}"
ENDPOINTS = [
    Endpoint(
        "GET", "/v1/users", "searchUsers", "Find people by address, number or id", search, _READ, answer=Page[PersonView], query=SearchQuery
    ),
    Endpoint("PUT", _U, "putUser", "Make or change a person", put, _WRITE, own="wishes.own", body=PersonIn, answer=PersonView),
    Endpoint("GET", _U, "getUser", "One person", get, _READ, own="wishes.own", answer=PersonView),
    Endpoint("DELETE", _U, "deleteUser", "Erase a person for good", erase, ("people.erase",), status=204),
    Endpoint("POST", f"{_U}/erase", "eraseUser", "Erase a person for good", erase, ("people.erase",), status=204),
    Endpoint("GET", f"{_U}/export", "exportUser", "Everything kept about a person", export, ("people.reveal",), own="wishes.own", answer=dict[str, Any]),
    Endpoint(
        "POST",
        f"{_U}/tokens",
        "makeUserToken",
        "A member token for your own pages",
        make_token,
        _WRITE,
        body=TokenIn,
        answer=TokenView,
        status=201,
        optional_body=True,
    ),
    Endpoint(
        "GET",
        f"{_U}/addresses",
        "listAddresses",
        "Where a person can be reached",
        addresses,
        _READ,
        own="wishes.own",
        answer=Page[AddressView],
    ),
    Endpoint(
        "PUT", f"{_U}/addresses", "putAddress", "Add an address", put_address, _WRITE, own="wishes.own", body=AddressIn, answer=AddressView
    ),
    Endpoint(
        "DELETE",
        f"{_U}/addresses/{{address}}",
        "removeAddress",
        "Take an address away",
        remove_address,
        _WRITE,
        own="wishes.own",
        status=204,
    ),
    Endpoint(
        "GET", f"{_U}/preferences", "getPreferences", "What a person wishes", preferences, _READ, own="wishes.own", answer=PreferencesView
    ),
    Endpoint(
        "PUT",
        f"{_U}/preferences",
        "putPreferences",
        "Change wishes",
        put_preferences,
        _WRITE,
        own="wishes.own",
        body=PreferencesIn,
        answer=PreferencesView,
    ),
    Endpoint(
        "GET",
        f"{_U}/notifications",
        "listNotifications",
        "The inbox, or changes since a cursor",
        notifications,
        _INBOX,
        own="inbox.own",
        answer=InboxPage,
        query=InboxQuery,
    ),
    Endpoint(
        "PATCH",
        f"{_U}/notifications/{{nid}}",
        "markNotification",
        "Mark one",
        mark_one,
        _INBOX,
        own="inbox.own",
        body=InboxChange,
        answer=Counts,
    ),
    Endpoint(
        "PATCH",
        f"{_U}/notifications",
        "markNotifications",
        "Mark several, or all",
        mark_many,
        _INBOX,
        own="inbox.own",
        body=BulkChange,
        answer=Counts,
    ),
    Endpoint("GET", f"{_U}/counts", "countNotifications", "Unread and unseen", counts, _INBOX, own="inbox.own", answer=Counts),
]
