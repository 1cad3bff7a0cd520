"""/u unsubscribe, /p preferences, /y why, /c click, /o open: what people reach from a message without signing in.

A GET of /u or /p changes nothing: programs that look at mail open every link. POST /u is RFC 8058's one click: no cookie, no
sign-in, no redirect.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.api.auth import network_address
from backend.api.pages import TEXTS, language, page
from backend.api.problems import headers_of, unforeseen
from backend.api.reading import read_body
from backend.app.views import LinkView, PreferencesIn
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Locked, Refusal
from backend.domain.links import check_link
from backend.security.limits import LINKS

if TYPE_CHECKING:
    from backend.app.app import App

PIXEL = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


async def unsubscribe(app: "App", request: Request) -> Response:
    """GET asks, POST does it; a second POST changes nothing."""
    token = request.path_params["token"]
    if request.method != "POST":
        view = await app.links.describe(token, "u")
        return _off(view) if view.opted_out and view.category else _ask(view)
    await read_body(request, 16 * 1024)
    try:
        return _off(await app.links.unsubscribe(token))
    except Locked:
        return _locked(await app.links.describe(token, "u"))


async def why(app: "App", request: Request) -> Response:
    """The reasons of one delivery, in its person's language."""
    view = await app.links.why(request.path_params["token"])
    texts = TEXTS[language(view.locale)]
    heading = texts["y_title"].format(title=view.title) if view.title else texts["y_title_none"]
    told = {
        "brand": view.brand,
        "channel": texts.get(view.channel, view.channel),
        "category": view.category_name,
        "sent": _day(view.sent_at),
    }
    points = [reason.text for reason in view.reasons if reason.text]
    return page(
        "text",
        view.locale,
        heading,
        brand=view.brand,
        lines=[texts["y_text"].format(**told)] + ([] if points else [texts["y_none"]]),
        points=points,
    )


async def preferences(app: "App", request: Request) -> Response:
    """Hosted preferences: a table of categories and channels; POST saves what was changed in it."""
    token = request.path_params["token"]
    actor = await app.links.person(token)
    view = await app.links.describe(token, "p")
    matrix = await app.preferences.matrix(actor, actor.subject)
    saved = request.method == "POST"
    if saved:
        ticked = set(parse_qs((await read_body(request, 64 * 1024)).decode("utf-8", "replace"), max_num_fields=2000).get("cell", []))
        wishes: dict[str, dict[str, bool | None]] = {}
        consents: dict[str, bool] = {}
        for row in matrix.rows:
            cells = {channel: f"{row.category}/{channel}" in ticked for channel in row.channels}
            if row.locked or all(cells[channel] == row.channels[channel].wanted for channel in cells):
                continue
            wishes[row.category] = dict(cells)
            if row.kind == "marketing":
                consents[row.category] = any(cells.values())
        if wishes:
            await app.preferences.put(
                actor, actor.subject, PreferencesIn(matrix=wishes, consents=consents), evidence="hosted preferences page"
            )
            matrix = await app.preferences.matrix(actor, actor.subject)
    texts = TEXTS[language(actor.locale)]
    channels = [c for c in CHANNELS if any(c in row.channels for row in matrix.rows)]
    heading = texts["p_title"].format(brand=view.brand)
    return page("preferences", actor.locale, heading, brand=view.brand, saved=saved, rows=matrix.rows, channels=channels)


async def click(app: "App", request: Request) -> Response:
    """To the target the link was made for, and to no other."""
    target = check_link(request.query_params.get("to", ""))
    await app.links.clicked(request.path_params["token"], target)
    return RedirectResponse(target, 302, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def opened(app: "App", request: Request) -> Response:
    """The picture of a mail that was opened; it is shown whatever the token says, so that no mail looks broken."""
    with suppress(Refusal):
        machine = request.headers.get("user-agent", "").strip() == "Mozilla/5.0"  # Apple's privacy proxy fetches every picture, and calls itself so
        await app.links.opened(request.path_params["token"], machine=machine)
    return Response(PIXEL, 200, {"Cache-Control": "no-store, private", "X-Content-Type-Options": "nosniff"}, "image/gif")


def guarded(handler: Callable[["App", Request], Awaitable[Response]]) -> Callable[["App", Request], Awaitable[Response]]:
    """Limits the network address, and shows refusals as a page."""

    async def serve(app: "App", request: Request) -> Response:
        try:
            await app.limits.take(LINKS, network_address(request))
            return await handler(app, request)
        except Refusal as refusal:
            refused = refusal
        except Exception as error:  # noqa: BLE001  (whatever it was: a page, and a line in the log)
            refused = unforeseen(error, request.url.path[:3])
        locale = request.headers.get("accept-language", "en").partition(",")[0].partition(";")[0].strip()
        texts = TEXTS[language(locale)]
        response = page("text", locale, texts["refused"], refused.status, lines=[refused.detail])
        response.headers.update(headers_of(refused))
        return response

    return serve


def _ask(view: LinkView) -> Response:
    texts = TEXTS[language(view.locale)]
    if view.kind == "essential":
        return _locked(view)
    told = {"category": view.category_name, "brand": view.brand, "address": view.address}
    lines = [texts["u_text"].format(**told)] + ([texts["u_to"].format(**told)] if view.address else [])
    return page("text", view.locale, texts["u_title"].format(**told), brand=view.brand, lines=lines, button=texts["u_button"])


def _off(view: LinkView) -> Response:
    texts = TEXTS[language(view.locale)]
    told = {"category": view.category_name, "brand": view.brand}
    lines = [texts["u_done_text"].format(**told), texts["u_done_other"]]
    return page("text", view.locale, texts["u_done"].format(**told), brand=view.brand, lines=lines)


def _locked(view: LinkView) -> Response:
    texts = TEXTS[language(view.locale)]
    told = {"category": view.category_name, "brand": view.brand}
    return page("text", view.locale, texts["u_locked"], brand=view.brand, lines=[texts["u_locked_text"].format(**told)])


def _day(at: datetime | None) -> str:
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%d, %H:%M UTC") if at else ""
