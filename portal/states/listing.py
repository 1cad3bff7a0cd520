"""What every list page does alike: filters in the address, one page of rows behind a cursor, saved views, a selection.

    BELLS = ListSpec("/bells", "deliveries.read", {"tone": ("low", "high"), "user": ()}, typed=("user",))

    class Bells(listing(BELLS), rx.State):
        rows: list[BellRow] = []

        async def _read(self, actor, voice, wanted, after):
            found = await app().bells.list(actor, **wanted, after=after, limit=BELLS.rows)
            self.rows = [bell_row(view, voice) for view in found.items]
            return found.next

`wanted` has every filter, None where it is not set; `after` is None for the first page. `_before` may read what the filters
offer (choices) or counts for chips, `_keys` names the rows that can be chosen. `portal.components.listing` draws it, and
`portal.downloads` gives the rows as CSV.
"""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import reflex as rx

from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, Unauthenticated
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import ViewChoice
from portal.theme import count
from portal.wiring import app

ROWS = 25
LONGEST = 128  # characters of a filter


@dataclass(frozen=True)
class ListSpec:
    """A list page: where it is, who may see it, and its filters.

    `filters`: name -> values it may have; () for one that is typed. `typed`: those that one form sends together.
    """

    path: str
    permission: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    typed: tuple[str, ...] = ()
    rows: int = ROWS

    @property
    def name(self) -> str:
        """Of its saved views and its download."""
        return self.path.strip("/").replace("/", "-")

    def read(self, query: Mapping[str, Any]) -> dict[str, str]:
        """Every filter as an address has it; "" where it is not set, or set to what it cannot be."""
        given = {name: str(query.get(name, ""))[:LONGEST].strip() for name in self.filters}
        return {name: value if not self.filters[name] or value in self.filters[name] else "" for name, value in given.items()}

    def address(self, query: Mapping[str, str], base: str = "") -> str:
        """The address of the list with these filters."""
        asked = urlencode({name: query[name] for name in self.filters if query.get(name)})
        return f"{base or self.path}?{asked}" if asked else base or self.path


def listing(spec: ListSpec) -> type[rx.State]:
    """The mixin a list page's state is made of."""

    class Listing(rx.State, mixin=True):
        """See the module."""

        query: dict[str, str] = dict.fromkeys(spec.filters, "")
        filtered: bool = False
        counts: dict[str, str] = {}  # of chips, where they are cheap: value -> how many
        place: str = ""  # "26 to 50"
        first: bool = True
        last: bool = True
        partial: bool = False  # the look ended before the page was full: older rows may fit as well
        trouble: str = ""
        views: list[ViewChoice] = []
        view: str = ""  # the saved view whose filters these are
        CLEAR: ClassVar[str] = spec.path
        here: str = spec.path  # the address of what is shown
        kept: str = ""  # the same, once its rows came
        download: str = ""
        asked: int = 0  # grows when the dialog that saves or renames a view is done
        renaming: str = ""  # the view that is being renamed, "" for a new one
        problem: str = ""  # with the name of a view
        chosen: list[str] = []
        chosen_text: str = ""
        _cursors: list[str] = []  # of the pages before this one
        _next: str = ""

        @guarded(spec.permission, page=True)
        async def load(self) -> None:
            """Take the filters from the address and read the first page."""
            self.query = spec.read(self.router.url.query_parameters)
            self.filtered = any(self.query.values())
            self.here, self.download = spec.address(self.query), spec.address(self.query, f"/download/{spec.name}.csv")
            self._cursors, self.chosen, self.chosen_text, self.problem = [], [], "", ""
            await _fill(self, spec)
            await _show_views(self, spec)
            self.kept = self.here

        @guarded(spec.permission)
        async def again(self) -> None:
            """After it did not load, or to see what is new."""
            await _fill(self, spec)
            (await self.get_state(Frame)).loaded = True

        @guarded(spec.permission)
        async def pick(self, name: str, value: str) -> Any:
            """One filter changed: the address says so, and the page loads by it. Picking what is picked takes it off."""
            if name not in spec.filters:
                raise Invalid(field="filter", allowed=list(spec.filters))
            return rx.redirect(spec.address(spec.read({**self.query, name: value})))

        @guarded(spec.permission)
        async def look_for(self, form: dict[str, Any]) -> Any:
            """The typed filters together."""
            return rx.redirect(spec.address(spec.read({**self.query, **{name: form.get(name, "") for name in spec.typed}})))

        @guarded(spec.permission)
        async def older(self) -> None:
            if self._next:
                self._cursors.append(self._next)
                await _fill(self, spec)

        @guarded(spec.permission)
        async def newer(self) -> None:
            if self._cursors:
                self._cursors.pop()
                await _fill(self, spec)

        @guarded(spec.permission)
        async def choose(self, key: str, on: bool) -> None:
            """Take a row into the selection or out of it."""
            self.chosen = [one for one in self.chosen if one != key] + ([key] if on and key in self._keys() else [])
            await _show_chosen(self)

        @guarded(spec.permission)
        async def choose_page(self, on: bool) -> None:
            """All rows that are shown, or none."""
            self.chosen = self._keys() if on else []
            await _show_chosen(self)

        @guarded(spec.permission)
        async def name_view(self, name: str) -> None:
            """The dialog opens: for a new view, or to rename the one of this name."""
            self.renaming, self.problem = (name if any(view.name == name for view in self.views) else ""), ""

        @guarded(spec.permission)
        async def save_view(self, form: dict[str, Any]) -> Any:
            """Save the filters that are shown under a name, or give the view that is being renamed this one."""
            name, frame, voice = str(form.get("name", "")), await self.get_state(Frame), await teller(self)
            query = self.here.partition("?")[2]
            try:
                if self.renaming:
                    view = await app().saved_views.rename(caller(), spec.name, self.renaming, name)
                else:
                    view = await app().saved_views.put(caller(), spec.name, name, query)
            except (Forbidden, Unauthenticated):
                raise
            except Refusal as refusal:
                self.problem = in_words(refusal)
                return
            tell(frame, "delivered", voice.say("views.renamed" if self.renaming else "views.saved", name=view.name))
            self.renaming, self.problem, self.asked = "", "", self.asked + 1
            await _show_views(self, spec)

        @guarded(spec.permission)
        async def delete_view(self, name: str) -> None:
            """Delete a saved view; the rows stay as they are."""
            gone = next((view for view in self.views if view.name == name), None)
            if gone is None:
                return
            await app().saved_views.remove(caller(), spec.name, gone.name)
            said = (await teller(self)).say("views.deleted", name=gone.name)
            undo = (_restore, type(self), spec, gone.name, gone.href.partition("?")[2])
            tell(await self.get_state(Frame), "delivered", said, undo=undo)
            await _show_views(self, spec)

        def _keys(self) -> list[str]:
            return [row.id for row in self.rows]

        async def _before(self, actor: Any) -> None:
            """Read what the filters offer."""

        async def _read(self, actor: Any, voice: Any, wanted: dict[str, str | None], after: str | None) -> str | None:
            """Put one page of rows into the state; the cursor of the next page, None at the end."""
            raise NotImplementedError

    return Listing


async def _fill(page: Any, spec: ListSpec) -> None:
    """Read the page of rows behind the last cursor; what is refused is said in place of the rows."""
    voice, actor = await teller(page), caller()
    page.trouble, page.partial, after = "", False, page._cursors[-1] if page._cursors else None
    try:
        await page._before(actor)
        following = await page._read(actor, voice, {name: value or None for name, value in page.query.items()}, after)
    except (Forbidden, Unauthenticated):
        raise
    except NotFound:  # a filter names something that is not there
        page.rows, following = [], None
    except Refusal as refusal:
        page.trouble = in_words(refusal)
        return
    shown, start = page._keys(), len(page._cursors) * spec.rows
    numbers = {"first": count(start + 1, voice.language), "last": count(start + len(shown), voice.language)}
    page.place = voice.say("page.rows", **numbers) if shown else voice.say("page.none")
    page._next, page.first, page.last = following or "", not page._cursors, following is None
    page.partial = following is not None and len(shown) < spec.rows
    page.chosen = [key for key in page.chosen if key in shown]
    await _show_chosen(page)


async def _show_chosen(page: Any) -> None:
    page.chosen_text = (await teller(page)).say("list.chosen", count=len(page.chosen)) if page.chosen else ""


async def _show_views(page: Any, spec: ListSpec) -> None:
    """The saved views; a database that is away has said so at the rows already."""
    try:
        saved = (await app().saved_views.list(caller(), spec.name)).items
    except Refusal:
        page.views = []
        return
    page.views = [ViewChoice(view.name, spec.address(spec.read(dict(parse_qsl(view.query))))) for view in saved]
    page.view = next((view.name for view in page.views if view.href == page.here and page.filtered), "")


async def _restore(frame: Frame, page: type[rx.State], spec: ListSpec, name: str, query: str) -> None:
    """Undo of a deleted view."""
    await app().saved_views.put(caller(), spec.name, name, query)
    await _show_views(await frame.get_state(page), spec)
