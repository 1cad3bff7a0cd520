"""Categories: what events are about, the unit of consent."""

import msgspec

from backend.app.base import Aggregate, check_revision
from backend.app.views import CategoryIn, CategoryView, Page, moment
from backend.domain.category import ACTIVITY, SEEDED, Category
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.errors import Invalid, NotFound, UnknownChannel
from backend.security.roles import Actor, need
from backend.store import categories, content, counted, templates
from backend.store.categories import CategoryRow
from backend.store.port import Tx

LIMIT = 200  # categories of a space: a person must be able to read the list


def decoded(row: CategoryRow) -> Category:
    """The category as the line knows it."""
    return msgspec.json.decode(row.body, type=Category)


def seed(tx: Tx, space: int, now: float) -> None:
    """The categories of a new space; one that is older gets the category of what people do."""
    missing = SEEDED if not categories.count(tx, space) else () if categories.get(tx, space, ACTIVITY.key) else (ACTIVITY,)
    if not missing:
        return
    for category in missing:
        body = msgspec.json.encode(category).decode()
        categories.put(tx, CategoryRow(space=space, key=category.key, body=body, revision=1, changed=now))
    content.bump(tx)


def telling(tx: Tx, space: int) -> dict[str, Category]:
    """Those that somebody is told something of: what preferences and consent are about."""
    return {row.key: category for row in categories.every(tx, space) if (category := decoded(row)).kind != ACTIVITY.kind}


class Categories(Aggregate):
    """Categories of the actor's space; they are changed, never removed, for history refers to them."""

    async def put(self, actor: Actor, key: str, given: CategoryIn, seen_revision: int | None = None) -> CategoryView:
        """Make or replace one. Errors: `Invalid`, `UnknownChannel`, `Stale`."""
        need(actor, "content.write")
        category = _checked(key, given)
        seen = given.revision if seen_revision is None else seen_revision

        def write(tx: Tx) -> CategoryRow:
            old = categories.get(tx, actor.space, key, lock=True)
            check_revision(seen, old.revision if old else 0, f"The category {key}")
            if old is None and categories.count(tx, actor.space) >= LIMIT:
                raise Invalid(f"A space has at most {LIMIT} categories. Change one that is there.", limit=LIMIT)
            if category.template and templates.get(tx, actor.space, category.template) is None:
                raise Invalid(f"There is no template {category.template!r}. Make it first, or leave template empty.", field="template")
            row = CategoryRow(
                space=actor.space,
                key=key,
                body=msgspec.json.encode(category).decode(),
                revision=(old.revision if old else 0) + 1,
                changed=self.app.clock.now(),
            )
            categories.put(tx, row)
            was = decoded(old).kind if old else ""
            self.note(tx, actor, "category.put", f"category:{key}", revision=row.revision, kind=category.kind, was=was)
            return row

        return _view(await self.changing_content(write))

    async def get(self, actor: Actor, key: str) -> CategoryView:
        """One category. Raises `NotFound`."""
        need(actor, "content.read")
        row = await self.app.store.read(lambda tx: categories.get(tx, actor.space, key))
        if row is None:
            raise NotFound(f"There is no category {key[:128]!r} here. Check its key.", key=key[:128])
        return _view(row)

    async def used(self, actor: Actor) -> dict[str, int]:
        """How many messages were ever counted under each category; one that is not in it was not used yet."""
        need(actor, "content.read")
        return await self.app.store.read(lambda tx: counted.by_category(tx, actor.space))

    async def list(self, actor: Actor) -> Page[CategoryView]:
        """All of them, by key."""
        need(actor, "content.read")
        return Page([_view(row) for row in await self.app.store.read(lambda tx: categories.every(tx, actor.space))])


    async def names(self, actor: Actor) -> dict[str, str]:
        """key -> name, for everybody who is sent something: a person reads about categories by their names."""
        need(actor, "inbox.own")
        known = await self.app.facts.content_of(actor.space)
        return {key: category.name for key, category in known.categories.items()}


def _checked(key: str, given: CategoryIn) -> Category:
    if not key or len(key) > 64 or not key.replace("-", "").replace("_", "").replace(".", "").isalnum() or not key.isascii():
        raise Invalid("The key of a category is 1 to 64 letters, digits, '-', '_' or '.'.", field="key")
    if given.kind == ACTIVITY.kind:
        _check_activity(given)
    elif not given.channels:
        raise Invalid("A category names at least one channel.", field="channels", allowed=list(CHANNELS))
    if unknown := [channel for channel in given.channels if channel not in CHANNELS]:
        raise UnknownChannel(given=unknown, allowed=list(CHANNELS))
    if len(set(given.channels)) < len(given.channels):
        raise Invalid("A channel stands twice in channels. Name each once; the order is yours.", field="channels")
    if given.max_priority not in PRIORITIES:
        raise Invalid(f"There is no priority {given.max_priority!r}.", field="max_priority", allowed=list(PRIORITIES))
    if given.kind == "marketing" and given.urgent:
        raise Invalid("Marketing is never urgent: it may not pass quiet hours.", field="urgent")
    if given.cap is not None and (not given.cap or any(type(n) is not int or n < 1 for n in given.cap.values())):
        raise Invalid('A cap is a table of whole numbers from 1, e.g. {"limit": 3, "seconds": 604800}.', field="cap")
    if 0 < given.give_up < 60:
        raise Invalid("give_up is 0 for the usual time, or 60 seconds to seven days.", field="give_up")
    if given.value < 0:
        raise Invalid("value is 0 or more.", field="value")
    fields = msgspec.structs.asdict(given)
    del fields["revision"]
    return Category(key=key, **{**fields, "channels": tuple(given.channels)})


def _check_activity(given: CategoryIn) -> None:
    for field in ("channels", "template", "urgent", "digest", "cap", "plan"):
        if getattr(given, field):
            raise Invalid(f"Nobody is told anything of a category of activity. Leave {field} empty, or choose another kind.", field=field)


def _view(row: CategoryRow) -> CategoryView:
    fields = msgspec.structs.asdict(decoded(row))
    return CategoryView(**{**fields, "channels": list(fields["channels"])}, revision=row.revision, changed_at=moment(row.changed))
