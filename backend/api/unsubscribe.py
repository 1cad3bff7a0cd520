"""/u: leave a category, in degrees, and take it back. GET asks; the one-click POST of RFC 8058 does it; a person's forms name an act."""

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backend.api.hosted_words import TEXTS
from backend.api.pages import language, page
from backend.api.reading import read_body
from backend.app.hosted import LeavingView
from backend.app.views import PreferencesIn
from backend.domain.errors import Invalid, Locked
from backend.domain.plain import in_line

if TYPE_CHECKING:
    from backend.app.app import App

NAMES = 6  # categories named in a sentence
_back = msgspec.json.Decoder(PreferencesIn)


async def unsubscribe(app: "App", request: Request) -> Response:
    """See the module. A second POST changes nothing."""
    token = request.path_params["token"]
    if request.method != "POST":
        view = await app.hosted.leaving(token)
        return _off(view) if view.link.opted_out else _ask(view)
    fields = parse_qs((await read_body(request, 16 * 1024)).decode("utf-8", "replace"), max_num_fields=20)
    act = fields.get("act", [""])[0]
    if act == "undo":
        await app.hosted.take_back(token)
        return _back_on(await app.hosted.leaving(token))
    if act == "restore":
        await app.hosted.restore(token, _read(fields.get("back", [""])[0]))
        return _back_on(await app.hosted.leaving(token))
    if act == "fewer":
        back = await app.hosted.fewer(token)
        return _done(await app.hosted.leaving(token), "u_fewer_done", back)
    if act == "all":
        back = await app.hosted.stop_all(token)
        return _done(await app.hosted.leaving(token), "u_all_done", back)
    try:
        await app.links.unsubscribe(token)
    except Locked:
        return _locked(await app.hosted.leaving(token))
    return _off(await app.hosted.leaving(token))


def _read(text: str) -> PreferencesIn:
    try:
        return _back.decode(text)
    except (msgspec.DecodeError, ValueError):
        raise Invalid("The form does not say what to take back.") from None


def _ask(view: LeavingView) -> Response:
    if view.link.kind == "essential":
        return _locked(view)
    texts, told = _words(view)
    lines = [texts["u_text"].format(**told)] + ([texts["u_to"].format(**told)] if view.link.address else [])
    return _page(view, texts["u_title"].format(**told), lines, ask=True)


def _off(view: LeavingView) -> Response:
    texts, told = _words(view)
    if not view.preferences or not view.link.category:
        return _page(view, texts["u_gone"], [texts["u_gone_text"]], few=[])
    lines = [texts["u_done_text"].format(**told)] + ([texts["u_done_to"].format(**told)] if view.link.address else [])
    return _page(view, texts["u_done"].format(**told), [*lines, _still(view)], done=True, undo="undo")


def _done(view: LeavingView, key: str, back: PreferencesIn) -> Response:
    texts, told = _words(view)
    lines = [texts[f"{key}_text"].format(**told), _still(view)]
    return _page(view, texts[key].format(**told), lines, done=True, undo="restore", back=msgspec.json.encode(back).decode())


def _back_on(view: LeavingView) -> Response:
    texts, told = _words(view)
    if view.link.opted_out:  # it was off before what was taken back
        return _off(view)
    return _page(view, texts["u_back"].format(**told), [texts["u_back_text"]], done=True, ask=True)


def _locked(view: LeavingView) -> Response:
    texts, told = _words(view)
    return _page(view, texts["u_locked"], [texts["u_locked_text"].format(**told)])


def _page(view: LeavingView, heading: str, lines: list[str], **more: Any) -> Response:
    link, (texts, told) = view.link, _words(view)
    few = []
    if view.fewer:
        few.append({"name": texts["u_fewer"], "text": texts["u_fewer_text"].format(**told), "act": "fewer", "button": texts["u_fewer_button"], "href": ""})
    if view.preferences:
        few.append(
            {"name": texts["u_choose"], "text": texts["u_choose_text"], "href": f"/p/{view.preferences}", "button": texts["u_choose_button"], "act": ""}
        )
    if view.offers and link.kind:
        few.append({"name": texts["u_all"], "text": texts["u_all_text"], "act": "all", "button": texts["u_all_button"], "href": ""})
    known = {"done": False, "ask": False, "undo": "", "back": "", "few": few, **more}
    return page("leave", link.locale, heading, brand=link.brand, lines=lines, **known)


def _words(view: LeavingView) -> tuple[dict[str, str], dict[str, str]]:
    link = view.link
    told = {"category": in_line(link.category_name), "brand": in_line(link.brand), "address": link.address}
    return TEXTS[language(link.locale)], told


def _still(view: LeavingView) -> str:
    texts, names = TEXTS[language(view.link.locale)], [f"{in_line(name, 60)}" for name in view.still]
    if not names:
        return texts["u_still_none"]
    shown = names if len(names) <= NAMES else [*names[:NAMES], f"+{len(names) - NAMES}"]
    listed = shown[0] if len(shown) == 1 else texts["list_and"].format(some=", ".join(shown[:-1]), last=shown[-1])
    return texts["u_still"].format(names=listed)
