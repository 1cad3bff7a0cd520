"""/v1/audiences: rules and lists of people, counted exactly; /v1/fields: attributes that rules may look at."""

from typing import Annotated

from msgspec import Meta, Struct

from backend.api.endpoint import Answer, Call, Endpoint, ListQuery
from backend.app.audience_views import AudienceIn, AudienceVersionView, AudienceView, CountIn, CountView, FieldView
from backend.app.view_types import Name
from backend.app.views import Page


class AudienceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`text`: in the key or the name."""

    text: str = ""
    after: str | None = None
    limit: int = 50


class VersionIn(Struct, forbid_unknown_fields=True):
    """A former version."""

    version: int
    revision: int | None = None


class AudienceCopyIn(Struct, forbid_unknown_fields=True):
    """The key of the copy, and its name: "" for the same."""

    key: str
    name: Name = ""


class UsersIn(Struct, forbid_unknown_fields=True):
    """User ids, at most 10,000."""

    users: Annotated[list[str], Meta(max_length=10_000)]


class FieldIn(Struct, forbid_unknown_fields=True):
    """Whether rules may look at it."""

    used: bool


async def every(call: Call) -> Answer:
    """Every audience, by key."""
    page = await call.app.audiences.list(call.actor, after=call.after("audiences") or "", limit=call.query.limit, text=call.query.text)
    return call.page("audiences", page)


async def put(call: Call) -> Answer:
    """Make or change an audience; each change of its rule is a version."""
    return Answer(await call.app.audiences.put(call.actor, call.key, call.body, call.seen))


async def get(call: Call) -> Answer:
    """One audience."""
    return Answer(await call.app.audiences.get(call.actor, call.key))


async def delete(call: Call) -> Answer:
    """Remove an audience that nothing names."""
    await call.app.audiences.delete(call.actor, call.key)
    return Answer()


async def count(call: Call) -> Answer:
    """How many it names now."""
    return Answer(await call.app.audiences.count_of(call.actor, call.path["key"], steps=True))


async def try_rule(call: Call) -> Answer:
    """How many a rule names now, saved or not."""
    return Answer(await call.app.audiences.count(call.actor, call.body))


async def versions(call: Call) -> Answer:
    """What an audience was, the newest first."""
    return Answer(Page(list(await call.app.audiences.versions(call.actor, call.path["key"]))))


async def restore(call: Call) -> Answer:
    """Make a former version the newest."""
    seen = call.seen if call.body.revision is None else call.body.revision
    return Answer(await call.app.audiences.restore(call.actor, call.path["key"], call.body.version, seen))


async def duplicate(call: Call) -> Answer:
    """Another audience with the same rule, or the same people on its list."""
    return Answer(await call.app.audiences.duplicate(call.actor, call.path["key"], call.body.key, call.body.name))


async def members(call: Call) -> Answer:
    """User ids of whom it names now."""
    page = await call.app.audiences.members(call.actor, call.path["key"], after=call.after("listed") or "", limit=call.query.limit)
    return call.page("listed", page)


async def add(call: Call) -> Answer:
    """Put people on a list."""
    return Answer(await call.app.audiences.add_members(call.actor, call.path["key"], call.body.users))


async def remove(call: Call) -> Answer:
    """Take people off a list."""
    return Answer(await call.app.audiences.remove_members(call.actor, call.path["key"], call.body.users))


async def fields(call: Call) -> Answer:
    """Attributes of people that rules may look at."""
    return Answer(Page(list(await call.app.audiences.fields(call.actor))))


async def put_field(call: Call) -> Answer:
    """Let rules look at an attribute, or seal it."""
    return Answer(await call.app.audiences.put_field(call.actor, call.key, used=call.body.used))


_READ, _WRITE, _PEOPLE = ("content.read",), ("content.write",), ("people.write",)
_A = "/v1/audiences/{key}"
ENDPOINTS = [
    Endpoint("GET", "/v1/audiences", "listAudiences", "Every audience", every, _READ, answer=Page[AudienceView], query=AudienceQuery),
    Endpoint("POST", "/v1/audiences/count", "countRule", "How many a rule names now", try_rule, _READ, body=CountIn, answer=CountView),
    Endpoint("PUT", _A, "putAudience", "Make or change an audience", put, _WRITE, body=AudienceIn, answer=AudienceView),
    Endpoint("GET", _A, "getAudience", "One audience", get, _READ, answer=AudienceView),
    Endpoint("DELETE", _A, "deleteAudience", "Remove an audience that nothing names", delete, _WRITE, status=204),
    Endpoint("POST", f"{_A}/count", "countAudience", "How many it names now", count, _READ, answer=CountView),
    Endpoint("GET", f"{_A}/versions", "listAudienceVersions", "What an audience was", versions, _READ, answer=Page[AudienceVersionView]),
    Endpoint("POST", f"{_A}/restore", "restoreAudience", "Make a former version the newest", restore, _WRITE, body=VersionIn, answer=AudienceView),
    Endpoint("POST", f"{_A}/duplicate", "duplicateAudience", "An audience like it", duplicate, _WRITE, body=AudienceCopyIn, answer=AudienceView),
    Endpoint("GET", f"{_A}/members", "listAudienceMembers", "Whom it names now", members, ("content.read", "people.read"), answer=Page[str], query=ListQuery, together=True),
    Endpoint("POST", f"{_A}/members/add", "addAudienceMembers", "Put people on a list", add, ("content.write", "people.read"), body=UsersIn, answer=AudienceView, together=True),
    Endpoint("POST", f"{_A}/members/remove", "removeAudienceMembers", "Take people off a list", remove, ("content.write", "people.read"), body=UsersIn, answer=AudienceView, together=True),
    Endpoint("GET", "/v1/fields", "listFields", "Attributes that rules may look at", fields, _READ, answer=Page[FieldView]),
    Endpoint("PUT", "/v1/fields/{name}", "putField", "Let rules look at an attribute, or seal it", put_field, _PEOPLE, body=FieldIn, answer=FieldView),
]
