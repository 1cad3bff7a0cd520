"""/v1/groups, /v1/categories, /v1/templates, /v1/suppressions: what is set up rather than sent."""

import msgspec

from backend.api.endpoint import Answer, Call, Endpoint, ListQuery
from backend.app.views import (
    CategoryIn,
    CategoryView,
    ChannelName,
    GroupIn,
    GroupView,
    Page,
    PreviewIn,
    PreviewView,
    PublishIn,
    RollbackIn,
    SuppressionIn,
    SuppressionView,
    TemplateIn,
    TemplateView,
)


class SuppressionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those of one channel, or all."""

    channel: ChannelName | None = None
    after: str | None = None
    limit: int = 50


class SuppressionTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address to send to again: itself, or the keyed hash that lists show."""

    channel: ChannelName
    address: str


async def put_group(call: Call) -> Answer:
    """Make or change a group."""
    return Answer(await call.app.groups.put(call.actor, call.key, call.body, call.seen))


async def get_group(call: Call) -> Answer:
    """One group."""
    return Answer(await call.app.groups.get(call.actor, call.key))


async def delete_group(call: Call) -> Answer:
    """Remove a group; its people stay."""
    await call.app.groups.delete(call.actor, call.key)
    return Answer()


async def list_groups(call: Call) -> Answer:
    """Every group."""
    return Answer(await call.app.groups.list(call.actor))


async def put_category(call: Call) -> Answer:
    """Make or change a category."""
    return Answer(await call.app.categories.put(call.actor, call.key, call.body, call.seen))


async def get_category(call: Call) -> Answer:
    """One category."""
    return Answer(await call.app.categories.get(call.actor, call.key))


async def list_categories(call: Call) -> Answer:
    """Every category."""
    return Answer(await call.app.categories.list(call.actor))


async def put_template(call: Call) -> Answer:
    """Keep a draft; nothing is sent from it until it is published."""
    return Answer(await call.app.templates.put(call.actor, call.key, call.body, call.seen))


async def get_template(call: Call) -> Answer:
    """A template with its draft and versions."""
    return Answer(await call.app.templates.get(call.actor, call.key))


async def list_templates(call: Call) -> Answer:
    """Every template."""
    return call.page("templates", await call.app.templates.list(call.actor, after=call.after("templates") or "", limit=call.query.limit))


async def publish(call: Call) -> Answer:
    """Make a version of the draft; events from now on use it."""
    return Answer(await call.app.templates.publish(call.actor, call.path["key"], _seen(call), call.body.note))


async def rollback(call: Call) -> Answer:
    """Let events use an older version again."""
    return Answer(await call.app.templates.rollback(call.actor, call.path["key"], call.body.version, _seen(call)))


async def preview(call: Call) -> Answer:
    """What a person would get."""
    return Answer(await call.app.templates.preview(call.actor, call.path["key"], call.body))


async def put_suppression(call: Call) -> Answer:
    """Send nothing to an address any more."""
    return Answer(await call.app.suppressions.put(call.actor, call.body))


async def list_suppressions(call: Call) -> Answer:
    """Addresses nothing is sent to."""
    query: SuppressionQuery = call.query
    page = await call.app.suppressions.list(
        call.actor, channel=query.channel or "", after=call.after("suppressions") or "", limit=query.limit
    )
    return call.page("suppressions", page)


async def remove_suppression(call: Call) -> Answer:
    """Send to an address again."""
    await call.app.suppressions.remove(call.actor, call.query.channel, call.query.address)
    return Answer()


def _seen(call: Call) -> int | None:
    revision: int | None = call.body.revision
    return call.seen if revision is None else revision


_READ, _WRITE, _PEOPLE_R, _PEOPLE_W = ("content.read",), ("content.write",), ("people.read",), ("people.write",)
_G, _C, _T, _S = "/v1/groups/{key}", "/v1/categories/{key}", "/v1/templates/{key}", "/v1/suppressions"
ENDPOINTS = [
    Endpoint("GET", "/v1/groups", "listGroups", "Every group", list_groups, _PEOPLE_R, answer=Page[GroupView]),
    Endpoint("PUT", _G, "putGroup", "Make or change a group", put_group, _PEOPLE_W, body=GroupIn, answer=GroupView),
    Endpoint("GET", _G, "getGroup", "One group", get_group, _PEOPLE_R, answer=GroupView),
    Endpoint("DELETE", _G, "deleteGroup", "Remove a group; its people stay", delete_group, _PEOPLE_W, status=204),
    Endpoint("GET", "/v1/categories", "listCategories", "Every category", list_categories, _READ, answer=Page[CategoryView]),
    Endpoint("PUT", _C, "putCategory", "Make or change a category", put_category, _WRITE, body=CategoryIn, answer=CategoryView),
    Endpoint("GET", _C, "getCategory", "One category", get_category, _READ, answer=CategoryView),
    Endpoint("GET", "/v1/templates", "listTemplates", "Every template", list_templates, _READ, answer=Page[TemplateView], query=ListQuery),
    Endpoint("PUT", _T, "putTemplate", "Keep a draft", put_template, _WRITE, body=TemplateIn, answer=TemplateView),
    Endpoint("GET", _T, "getTemplate", "A template with its draft and versions", get_template, _READ, answer=TemplateView),
    Endpoint(
        "POST",
        f"{_T}/publish",
        "publishTemplate",
        "Make a version of the draft",
        publish,
        _WRITE,
        body=PublishIn,
        answer=TemplateView,
        optional_body=True,
    ),
    Endpoint(
        "POST", f"{_T}/rollback", "rollbackTemplate", "Use an older version again", rollback, _WRITE, body=RollbackIn, answer=TemplateView
    ),
    Endpoint(
        "POST",
        f"{_T}/preview",
        "previewTemplate",
        "What a person would get",
        preview,
        _READ,
        body=PreviewIn,
        answer=PreviewView,
        optional_body=True,
    ),
    Endpoint(
        "PUT",
        _S,
        "putSuppression",
        "Send nothing to an address any more",
        put_suppression,
        _PEOPLE_W,
        body=SuppressionIn,
        answer=SuppressionView,
    ),
    Endpoint(
        "GET",
        _S,
        "listSuppressions",
        "Addresses nothing is sent to",
        list_suppressions,
        _PEOPLE_R,
        answer=Page[SuppressionView],
        query=SuppressionQuery,
    ),
    Endpoint(
        "DELETE", _S, "removeSuppression", "Send to an address again", remove_suppression, _PEOPLE_W, query=SuppressionTarget, status=204
    ),
]
