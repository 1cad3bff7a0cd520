"""/u unsubscribe, /y why, /c click, /o open: what people reach from a message without signing in. (/p: `hosted`.)

A GET of /u or /p changes nothing: programs that look at mail open every link. POST /u is RFC 8058's one click: no cookie, no
sign-in, no redirect.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.api.auth import network_address
from backend.api.hosted_words import TEXTS, refusal_words
from backend.api.pages import language, page
from backend.api.problems import headers_of, unforeseen
from backend.domain.errors import Refusal, TooManyRequests
from backend.domain.links import check_link
from backend.domain.machines import is_machine
from backend.domain.plain import in_line
from backend.domain.reasons import moment_words
from backend.security.limits import LINKS

if TYPE_CHECKING:
    from backend.app.app import App

PIXEL = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


async def why(app: "App", request: Request) -> Response:
    """The reasons of one delivery, in its person's language, and the ways to get fewer of them."""
    view = await app.links.why(request.path_params["token"])
    texts = TEXTS[language(view.locale)]
    heading = texts["y_title"].format(title=in_line(view.title)) if view.title else texts["y_title_none"]
    told = {
        "brand": in_line(view.brand),
        "over": texts.get(f"over_{view.channel}", view.channel),
        "category": in_line(view.category_name),
        "sent": moment_words(view.sent_at.timestamp() if view.sent_at else 0.0, language(view.locale), view.timezone),
    }
    points = [reason.text for reason in view.reasons if reason.text]
    lines = [texts["y_text"].format(**told)] + ([] if points else [texts["y_none"]])
    ways = []
    if view.kind == "essential":
        lines.append(texts["y_locked"].format(**told))
    leave, choose = await app.hosted.ways_on(request.path_params["token"])
    if leave:
        ways += [(f"/u/{leave}", texts["y_fewer"]), (f"/u/{leave}", texts["y_off"].format(**told))]
    if choose:
        ways.append((f"/p/{choose}", texts["y_choose"]))
    return page("text", view.locale, heading, brand=view.brand, lines=lines, points=points, ways=ways)


async def click(app: "App", request: Request) -> Response:
    """To the target the link was made for, and to no other. A HEAD is a program that looks where it leads, and counts as nothing."""
    token, target = request.path_params["token"], check_link(request.query_params.get("to", ""))
    if request.method == "HEAD":
        app.links.check(token, target)
    else:
        await app.links.clicked(token, target, machine=is_machine(request.headers.get("user-agent", "")))
    return RedirectResponse(target, 302, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def opened(app: "App", request: Request) -> Response:
    """The picture of a mail that was opened; it is shown whatever the token says, so that no mail looks broken."""
    if request.method != "HEAD":
        try:
            await app.links.opened(request.path_params["token"], machine=is_machine(request.headers.get("user-agent", "")))
        except Refusal:
            with suppress(TooManyRequests):
                await app.limits.take(LINKS, network_address(request))
    return Response(PIXEL, 200, {"Cache-Control": "no-store, private", "X-Content-Type-Options": "nosniff"}, "image/gif")


def guarded(handler: Callable[["App", Request], Awaitable[Response]], *, many: bool = False) -> Callable[["App", Request], Awaitable[Response]]:
    """Limits the network address, and shows refusals as a page that says what to do. `many`: what only shows where a good token leads is never
    too much, for whole companies and the proxies of mailboxes call from few addresses; a bad token counts."""

    async def serve(app: "App", request: Request) -> Response:
        try:
            if not many:
                await app.limits.take(LINKS, network_address(request))
            return await handler(app, request)
        except Refusal as refusal:
            refused = refusal
            if many:
                try:
                    await app.limits.take(LINKS, network_address(request))
                except TooManyRequests as slower:
                    refused = slower
        except Exception as error:  # noqa: BLE001  (whatever it was: a page, and a line in the log)
            refused = unforeseen(error, request.url.path[:3])
        locale = request.headers.get("accept-language", "en").partition(",")[0].partition(";")[0].strip()
        texts = TEXTS[language(locale)]
        lines = [refusal_words(language(locale), refused.code())]
        response = page("text", locale, texts["refused"], refused.status, lines=lines)
        response.headers.update(headers_of(refused))
        return response

    return serve
