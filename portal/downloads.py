"""CSV of a list: a plain GET that streams every row the filters match, so that a browser saves it as a file.

A page adds one function to `offer`. The session's cookie says who asks, the facade decides again, and the request must come from
our own pages: another site could else make a signed-in person's browser fetch the file.
"""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from backend.domain.importing import harmless
from portal.access import MAY, session_in
from portal.refusals import in_words
from portal.states.listing import ListSpec
from portal.telling import Teller
from portal.theme import local
from portal.wiring import app
from portal.words import language_of, preferred, say

if TYPE_CHECKING:
    from backend.app import Actor

LIMIT = 50_000  # rows of a file; said on the button
PAGE = 200  # rows read at once
Cell = str | int | float | None
Rows = Callable[["Actor", Teller, dict[str, str | None], str | None, int], Awaitable[tuple[list[Sequence[Cell]], str | None]]]


@dataclass(frozen=True)
class Download:
    """What a list gives as a file. `heads`: keys of words; `rows(actor, voice, wanted, after, limit)`: some rows and the next cursor."""

    spec: ListSpec
    heads: tuple[str, ...]
    rows: Rows


_OFFERED: dict[str, Download] = {}


def offer(spec: ListSpec, *heads: str) -> Callable[[Rows], Rows]:
    """Decorator: the rows of this list, under /download/<its name>.csv."""

    def take(rows: Rows) -> Rows:
        _OFFERED[spec.name] = Download(spec, heads, rows)
        return rows

    return take


def offered() -> dict[str, Download]:
    """Every list that can be had as a file, by its name."""
    return dict(_OFFERED)


def safe(cell: Cell) -> Cell:
    """A cell no spreadsheet computes: text that begins like a formula gets an apostrophe. Numbers of ours stay numbers."""
    if cell is None:
        return ""
    return harmless(cell) if isinstance(cell, str) else cell


def line(cells: Sequence[Cell]) -> str:
    """One line of the file (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerow([safe(cell) for cell in cells])
    return out.getvalue()


class DownloadRoutes:
    """`/download/{name}.csv`. `origins`: where our own pages are served from."""

    def __init__(self, origins: list[str]) -> None:
        self._origins = origins

    def routes(self) -> list[Route]:
        return [Route("/download/{name}.csv", self.give, methods=["GET"])]

    async def give(self, request: Request) -> Response:
        """The file, or a sentence in the reader's language."""
        language = preferred(request.headers.get("accept-language", ""))
        download = _OFFERED.get(request.path_params["name"])
        if download is None:
            return _said(say(language, "download.unknown"), 404)
        if not self._is_own(request):
            return _said(say(language, "download.foreign"), 403)
        wanted = {name: value or None for name, value in download.spec.read(request.query_params).items()}
        try:
            actor = await app().accounts.who(session_in(request.headers.get("cookie", "")))
            language = language_of(actor.locale)
            if actor.role not in MAY[download.spec.permission]:
                raise Forbidden
            voice = Teller(language, actor.timezone, app().clock.now())
            first = await download.rows(actor, voice, wanted, None, PAGE)
        except Unauthenticated:
            back = download.spec.address({name: value or "" for name, value in wanted.items()})
            return RedirectResponse(f"/sign-in?next={quote(back, safe='')}", 303)
        except Forbidden:
            return _said(say(language, "closed.title"), 403)
        except Refusal as refusal:
            return _said(in_words(refusal, language), refusal.status)
        day = f"{local(voice.now, actor.timezone):%Y-%m-%d}"
        return StreamingResponse(
            _stream(download, actor, voice, wanted, first),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="carillon-{download.spec.name}-{day}.csv"', "cache-control": "no-store"},
        )

    def _is_own(self, request: Request) -> bool:
        """A browser says so itself (Fetch Metadata; typed addresses are "none"); an old one names the page it comes from."""
        site = request.headers.get("sec-fetch-site", "")
        if site:
            return site in ("same-origin", "none")
        parts = urlsplit(request.headers.get("referer", ""))
        return f"{parts.scheme}://{parts.netloc}" in self._origins


async def _stream(
    download: Download, actor: "Actor", voice: Teller, wanted: dict[str, str | None], first: tuple[list[Sequence[Cell]], str | None]
) -> AsyncIterator[str]:
    """A refusal on the way breaks the connection off: a file that ends early must not look whole."""
    yield "\ufeff" + line([voice.say(head) for head in download.heads])
    (rows, after), written = first, 0
    while True:
        rows = rows[: LIMIT - written]
        written += len(rows)
        yield "".join(line(row) for row in rows)
        if after is None:
            return
        if written >= LIMIT:
            yield line([voice.say("download.cut", limit=f"{LIMIT:,}")])
            return
        rows, after = await download.rows(actor, voice, wanted, after, PAGE)


def _said(text: str, status: int) -> Response:
    return PlainTextResponse(text, status, headers={"cache-control": "no-store"})
