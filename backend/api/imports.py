"""/v1/imports: files of people. POST the file itself; map it; start it with the count that was shown; the rows that are refused come as CSV."""

from typing import Literal
from urllib.parse import unquote

from msgspec import Struct

from backend.api.endpoint import Answer, Call, Endpoint, ListQuery
from backend.app.audience_views import ImportIn, ImportView
from backend.app.views import Page
from backend.domain.people_file import LARGEST


class StartImportIn(Struct, forbid_unknown_fields=True):
    """`confirm`: how many rows are to be applied, as the import shows it (total less refused)."""

    confirm: int


class ErrorsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`language`: of the sentences; the codes are the same in each."""

    language: Literal["en", "de"] = "en"


async def begin(call: Call) -> Answer:
    """Take a file in; the header X-Label is its name."""
    name = unquote(call.request.headers.get("x-label", ""))[:500]
    return Answer(await call.app.imports.begin(call.actor, name, call.body), 201)


async def every(call: Call) -> Answer:
    """Every import, the newest first."""
    return call.page("imports", await call.app.imports.list(call.actor, after=call.after("imports"), limit=call.query.limit))


async def get(call: Call) -> Answer:
    """One import, with its first rows."""
    return Answer(await call.app.imports.get(call.actor, call.path["id"]))


async def put(call: Call) -> Answer:
    """Say what its columns are; every row is checked again."""
    return Answer(await call.app.imports.map(call.actor, call.path["id"], call.body))


async def start(call: Call) -> Answer:
    """Apply what was checked."""
    return Answer(await call.app.imports.start(call.actor, call.path["id"], call.body.confirm))


async def check(call: Call) -> Answer:
    """Look at every row again."""
    return Answer(await call.app.imports.check(call.actor, call.path["id"]))


async def cancel(call: Call) -> Answer:
    """Give up one that was not started."""
    return Answer(await call.app.imports.cancel(call.actor, call.path["id"]))


async def errors(call: Call) -> Answer:
    """The rows that are refused, and why, as CSV."""
    made = call.path["id"]
    text = "".join([part async for part in call.app.imports.errors(call.actor, made, call.query.language)])
    name = f'attachment; filename="errors-{made[:8]}.csv"' if made.isalnum() else "attachment"
    return Answer(text.encode(), headers={"content-disposition": name}, media="text/csv; charset=utf-8")


MAY = ("people.import",)
ENDPOINTS = [
    Endpoint("POST", "/v1/imports", "beginImport", "Take in a file of people", begin, MAY, body=bytes, answer=ImportView, status=201, limit=LARGEST + 1, media="text/csv", streamed=True),
    Endpoint("GET", "/v1/imports", "listImports", "Every import", every, MAY, answer=Page[ImportView], query=ListQuery),
    Endpoint("GET", "/v1/imports/{id}", "getImport", "One import", get, MAY, answer=ImportView),
    Endpoint("PUT", "/v1/imports/{id}", "mapImport", "Say what the columns are", put, MAY, body=ImportIn, answer=ImportView),
    Endpoint("POST", "/v1/imports/{id}/check", "checkImport", "Check every row again", check, MAY, answer=ImportView),
    Endpoint("POST", "/v1/imports/{id}/start", "startImport", "Apply what was checked", start, MAY, body=StartImportIn, answer=ImportView),
    Endpoint("POST", "/v1/imports/{id}/cancel", "cancelImport", "Give up an import", cancel, MAY, answer=ImportView),
    Endpoint("GET", "/v1/imports/{id}/errors", "listImportErrors", "Rows that are refused", errors, MAY, query=ErrorsQuery),
]
