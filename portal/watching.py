"""Pages that move by themselves: they look again every few seconds for as long as somebody has them open."""

# ruff: noqa: SLF001 - the loop's name begins with a stroke, so that it stays on the server

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from backend.domain.errors import NotFound, Refusal, Unavailable
from portal.frame import tab_is_open
from portal.guard import admit, caller, refused
from portal.reading import teller
from portal.telling import Teller

if TYPE_CHECKING:
    from backend.app import Actor

T = TypeVar("T")


async def watch(
    page: Any, path: str, permission: str, *, every: float, whole: int, ask: "Callable[[Actor, bool], Awaitable[T]]", show: Callable[[Teller, T], None],
    missing: Callable[[NotFound], None] | None = None,
) -> None:
    """Look again `every` so many seconds until the tab closes, goes to another page, or the session ends; the body of a background handler.

    The caller is asked for anew at each `whole`th look, of which `ask` is told. `page._loop` holds the newest loop of the tab: an older one
    ends, and so does this one when somebody clears it. `missing` is told when there is nothing to look at any more, for a page that says so itself.
    """
    mine, actor, looks = uuid.uuid4().hex, caller(), 0
    async with page:
        page._loop = mine
    while True:
        await asyncio.sleep(every)
        looks += 1
        if page._loop != mine or not tab_is_open(page):
            return
        try:
            if looks % whole == 0:
                actor = await admit(page, permission)
            found = await ask(actor, looks % whole == 0)
        except Unavailable:  # what is shown grows old and says of when it is
            continue
        except Refusal as refusal:
            if missing and isinstance(refusal, NotFound):
                async with page:
                    missing(refusal)
                return
            await refused(page, refusal, background=True)
            return
        async with page:
            if page._loop != mine or not str(page.router.url.path).startswith(path):
                return
            show(await teller(page), found)
