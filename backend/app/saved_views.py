"""Saved views: each person's own named filters of the lists of the portal. Nobody sees another one's."""

import re
import unicodedata

import msgspec

from backend.app.base import Aggregate
from backend.app.views import Page
from backend.domain.errors import Forbidden, Invalid, NotFound, Taken
from backend.security.roles import Actor, need
from backend.store import saved_views
from backend.store.port import Tx
from backend.store.saved_views import ViewRow

MOST = 20  # views of one list and person
LONGEST_NAME = 60
LONGEST_QUERY = 2_000
_PAGE = re.compile(r"[a-z][a-z0-9-]{0,39}")


class SavedView(msgspec.Struct):
    """`query`: the filters, as they stand behind the question mark of the list's address."""

    name: str
    query: str


class SavedViews(Aggregate):
    """`page` names a list, as "deliveries". Errors of all: `Forbidden` for a program, which has no views, and `Invalid`."""

    async def list(self, actor: Actor, page: str) -> Page[SavedView]:
        """The actor's own views of this list, by name."""
        _own(actor, page)
        rows = await self.app.store.read(lambda tx: saved_views.of_page(tx, actor.space, actor.person, page))
        return Page([SavedView(row.name, row.query) for row in rows])

    async def put(self, actor: Actor, page: str, name: str, query: str) -> SavedView:
        """Save filters under a name; the view of this name, if there is one, gets these. `Invalid` beyond 20 of a list."""
        _own(actor, page)
        name = checked_name(name)
        if len(query) > LONGEST_QUERY or not query.isprintable():
            raise Invalid(f"Filters of more than {LONGEST_QUERY:,} characters cannot be saved. Use fewer or shorter ones.", field="query")

        def write(tx: Tx) -> SavedView:
            there = saved_views.of_page(tx, actor.space, actor.person, page)
            if len(there) >= MOST and name not in {row.name for row in there}:
                raise Invalid(f"You have {MOST} views of this list, which is the most. Delete one, then save this.", field="name", limit=MOST)
            saved_views.put(tx, self._row(actor, page, name, query))
            self.note(tx, actor, "view.save", f"view:{page}")
            return SavedView(name, query)

        return await self.app.store.write(write)

    async def rename(self, actor: Actor, page: str, name: str, new: str) -> SavedView:
        """Another name for a view. Errors: `NotFound`, `Taken`."""
        _own(actor, page)
        new = checked_name(new)

        def write(tx: Tx) -> SavedView:
            there = {row.name: row for row in saved_views.of_page(tx, actor.space, actor.person, page)}
            if name not in there:
                raise NotFound("There is no view of this name any more. Load the page again to see those there are.")
            if new != name and new in there:
                raise Taken("You have a view of this name already. Choose another one.", field="name")
            if new != name:
                saved_views.rename(tx, there[name], new, self.app.clock.now())
                self.note(tx, actor, "view.rename", f"view:{page}")
            return SavedView(new, there[name].query)

        return await self.app.store.write(write)

    async def remove(self, actor: Actor, page: str, name: str) -> None:
        """Delete a view; one that is gone already is no error."""
        _own(actor, page)

        def write(tx: Tx) -> None:
            if saved_views.remove(tx, actor.space, actor.person, page, name):
                self.note(tx, actor, "view.delete", f"view:{page}")

        await self.app.store.write(write)

    def _row(self, actor: Actor, page: str, name: str, query: str) -> ViewRow:
        return ViewRow(space=actor.space, person=actor.person, page=page, name=name, query=query, changed=self.app.clock.now())


def _own(actor: Actor, page: str) -> None:
    need(actor, "wishes.own")
    if not actor.person or actor.scopes is not None:
        raise Forbidden("Views belong to people who sign in. A program asks a list with the filters it wants.")
    if not _PAGE.fullmatch(page):
        raise Invalid("A list has a short name of small letters, digits and hyphens, as deliveries.", field="page")


def checked_name(name: str) -> str:
    """The name without blanks around it. Raises `Invalid` for an empty, long or unprintable one."""
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name:
        raise Invalid("A view needs a name. Type what you look for in it.", field="name")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"A name has at most {LONGEST_NAME} characters; this one has {len(name):,}. Shorten it.", field="name", limit=LONGEST_NAME)
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") for c in name):
        raise Invalid("This name holds a character that cannot be seen, or that turns text around. Type it by hand.", field="name")
    return name
