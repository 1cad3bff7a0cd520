"""State of the inbox: one page of the caller's own notifications, kept fresh by the bell; every change can be taken back."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from datetime import UTC, datetime

import msgspec
import reflex as rx

from backend.app.views import InboxChange, InboxItem, PreferencesIn
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.errors import Invalid, NotFound, Refusal, Unavailable
from backend.domain.ids import delivery_id, parse_id, person_bytes
from backend.domain.plain import in_line
from portal.frame import Frame, hears_inbox, tell
from portal.guard import caller, guarded
from portal.inbox_rows import row_of, snooze_end, snoozes_at, with_days
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice, InboxRow
from portal.theme import count, local
from portal.wiring import app

ROWS = 25
VIEWS = ("all", "unread", "archived", "snoozed")
CHANGES = {
    "read": InboxChange(read=True),
    "unread": InboxChange(read=False),
    "archive": InboxChange(archived=True),
    "unarchive": InboxChange(archived=False),
    "wake": InboxChange(snoozed_until=None),
}
Back = list[tuple[InboxChange, list[str]]]  # what takes a change back


class Inbox(rx.State):
    """One page of the caller's own notifications."""

    view: str = "all"
    search: str = ""
    rows: list[InboxRow] = []
    older: bool = False  # there are older ones
    later: bool = False  # this is not the newest page
    news: bool = False  # something came while an older page is shown
    opened: str = ""  # the notification that is unfolded
    chosen: list[str] = []
    chosen_text: str = ""
    all_chosen: bool = False
    why_of: str = ""
    why_title: str = ""
    why_text: str = ""
    why_fewer: bool = False  # it also comes over another channel
    why_off: str = ""  # "Turn off …", "" where it cannot be
    snoozes: list[Choice] = []
    snooze_day: str = ""
    snooze_problem: str = ""
    trouble: str = ""
    here: bool = False  # the page was opened; it is kept fresh
    _after: str = ""
    _next: str = ""
    _items: dict[str, InboxItem] = {}  # what is on the screen
    _names: dict[str, str] = {}  # of categories
    _snoozing: list[str] = []

    @guarded("inbox.own", page=True)
    async def load(self) -> None:
        """The view comes from the address."""
        asked = str(self.router.url.query_parameters.get("view", "all"))
        self.view = asked if asked in VIEWS else "all"
        self.opened = self.why_of = self._after = self.search = ""
        self.chosen, self.later, self.here = [], False, True
        await _fill(self)

    @guarded("inbox.own")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("inbox.own")
    async def look_for(self, text: str) -> None:
        """Words that stand in title or text."""
        self.search, self._after, self.later, self.chosen = str(text).strip()[:100], "", False, []
        await _fill(self)

    @guarded("inbox.own")
    async def turn(self, back: bool) -> None:
        """To the older ones, or back to the newest."""
        self._after = "" if back else self._next
        self.later, self.chosen, self.opened = not back, [], ""
        await _fill(self)

    @guarded("inbox.own")
    async def open(self, key: str) -> None:
        """Unfold one and mark it read, or fold it."""
        self.opened = "" if self.opened == key else str(key)[:32]
        self.why_of = ""
        if self.opened and any(row.id == key and row.unread for row in self.rows):
            await app().inbox.mark(caller(), caller().subject, [key], InboxChange(read=True))
            for row in self.rows:
                if row.id == key:
                    row.unread = False

    # ---- why, and what to do about it
    @guarded("inbox.own")
    async def why(self, key: str) -> None:
        """The reason in two sentences, and what would make it fewer; the whole trace is a click away."""
        if self.why_of == key:
            self.why_of = ""
            return
        actor, voice = caller(), await teller(self)
        made = delivery_id(parse_id(key), actor.person, CHANNEL_NUMBER["web"], person_bytes(actor.person))
        view = await app().deliveries.get(actor, made.hex())
        told, others = voice.verdict(view)
        category = view.category
        view.category = in_line(self._names.get(category, category), 60)
        self.why_title, self.why_text = voice.own(view), f"{told} {others}".strip()
        matrix = await app().preferences.matrix(actor, actor.subject)
        row = next((one for one in matrix.rows if one.category == category), None)
        open_ = row is not None and not row.locked
        self.why_off = voice.say("inbox.off", category=view.category) if open_ else ""
        self.why_fewer = row is not None and open_ and any(cell.wanted for channel, cell in row.channels.items() if channel != "web")
        self.why_of = str(key)

    @guarded("inbox.own")
    async def fewer(self, key: str) -> None:
        """Its category comes in the app alone from now on."""
        actor, voice, item = caller(), await teller(self), _shown(self, key)
        matrix = await app().preferences.matrix(actor, actor.subject)
        row = next((one for one in matrix.rows if one.category == item.category and not one.locked), None)
        if row is None:
            raise Invalid(field="category")
        given = PreferencesIn(matrix={row.category: {channel: channel == "web" for channel in row.channels}})
        await _wish(self, given, voice.say("inbox.done.fewer", category=in_line(row.name, 60)), voice.say("inbox.done.fewer.text"))

    @guarded("inbox.own")
    async def turn_off(self, key: str) -> None:
        """Its category does not come at all from now on; the answer is recorded."""
        voice, item = await teller(self), _shown(self, key)
        name = in_line(self._names.get(item.category, item.category), 60)
        given = PreferencesIn(consents={item.category: False})
        await _wish(self, given, voice.say("inbox.done.off", category=name), voice.say("inbox.done.off.text"))

    # ---- choosing and changing
    @guarded("inbox.own")
    async def choose(self, key: str, on: bool) -> None:
        """Take one into the selection or out of it."""
        known = {row.id for row in self.rows}
        self.chosen = [one for one in self.chosen if one != key and one in known] + ([key] if on and key in known else [])
        await _tell_chosen(self)

    @guarded("inbox.own")
    async def choose_all(self, on: bool) -> None:
        """Every one that is shown, or none."""
        self.chosen = [row.id for row in self.rows] if on else []
        await _tell_chosen(self)

    @guarded("inbox.own")
    async def do(self, what: str, key: str = "") -> None:
        """`what`: one of CHANGES, with `key` or for the selection."""
        if what not in CHANGES:
            raise Invalid(field="what", allowed=list(CHANGES))
        await _change(self, what, [key] if key else list(self.chosen), CHANGES[what])

    @guarded("inbox.own")
    async def ask_snooze(self, key: str = "") -> None:
        """Until when? For `key`, or for the selection."""
        voice = await teller(self)
        self._snoozing, self.snooze_problem, self.snooze_day = [key] if key else list(self.chosen), "", ""
        self.snoozes = [Choice(name, voice.say(f"inbox.snooze.{name}", when=f"{local(at.timestamp(), voice.zone):%H:%M}")) for name, at in snoozes_at(voice.now, voice.zone)]

    @guarded("inbox.own")
    async def snooze(self, until: str, key: str = "") -> None:
        """`until`: a name of `snoozes_at`, or a day and hour on the person's own clock."""
        voice = await teller(self)
        wake = snooze_end(str(until)[:32], voice.now, voice.zone)
        if wake is None:
            self.snooze_problem = voice.say("inbox.snooze.bad")
            return
        ids = [key] if key else self._snoozing or list(self.chosen)
        self._snoozing = []
        await _change(self, "snooze", ids, InboxChange(snoozed_until=datetime.fromtimestamp(wake, UTC)), wake)

    @guarded("inbox.own")
    async def set_snooze_day(self, value: str) -> None:
        self.snooze_day, self.snooze_problem = str(value)[:16], ""

    @guarded("inbox.own")
    async def read_all(self) -> None:
        """Everything that is unread, on whatever page; exactly that can be taken back."""
        actor, voice = caller(), await teller(self)
        ids = list(await app().inbox.mark_all(actor, actor.subject, InboxChange(read=True)))
        await _fill(self)
        back: Back = [(InboxChange(read=False), ids)]
        said = voice.say("inbox.done.read", count=count(len(ids), voice.language))
        tell(await self.get_state(Frame), "delivered", said, undo=(put_back, back) if ids else False)


async def put_back(frame: Frame, back: Back) -> None:
    """The toast's undo."""
    actor, page = caller(), await frame.get_state(Inbox)
    for change, ids in back:
        await app().inbox.mark(actor, actor.subject, ids, change)
    await _fill(page)
    tell(frame, "delivered", (await teller(page)).say("inbox.undone"))


async def wish_back(frame: Frame, back: PreferencesIn) -> None:
    """The same for a wish."""
    actor, page = caller(), await frame.get_state(Inbox)
    await app().preferences.put(actor, actor.subject, back, evidence="inbox, taken back")
    page.why_of = ""
    tell(frame, "delivered", (await teller(page)).say("inbox.undone"))


async def _wish(page: Inbox, given: PreferencesIn, title: str, text: str) -> None:
    actor = caller()
    _, back = await app().preferences.put_back(actor, actor.subject, given, evidence="inbox, why did I get this")
    page.why_of = ""
    tell(await page.get_state(Frame), "delivered", title, text, undo=(wish_back, back))


def _shown(page: Inbox, key: str) -> InboxItem:
    item = page._items.get(key)
    if item is None:
        raise NotFound("This notification is not on the page any more. Open the inbox again.")
    return item


async def _change(page: Inbox, what: str, ids: list[str], change: InboxChange, until: float = 0.0) -> None:
    items = [page._items[one] for one in ids if one in page._items]
    back = _back(items, change)
    if not back:
        return
    actor, voice = caller(), await teller(page)
    changed = [key for _, some in back for key in some]
    await app().inbox.mark(actor, actor.subject, changed, change)
    page.chosen = []
    if what not in ("read", "unread"):
        page.opened = ""
    await _fill(page)
    values = {"until": voice.when(datetime.fromtimestamp(until, UTC))} if until else {}
    tell(
        await page.get_state(Frame), "delivered", voice.say(f"inbox.done.{what}", count=count(len(changed), voice.language), **values),
        undo=(put_back, back),
    )  # fmt: skip


def _back(items: list[InboxItem], change: InboxChange) -> Back:
    """What restores each of those that the change makes different."""
    back: dict[object, tuple[InboxChange, list[str]]] = {}
    for item in items:
        restored = InboxChange()
        if change.read is not msgspec.UNSET and change.read != (item.read_at is not None):
            restored.read = item.read_at is not None
        if change.archived is not msgspec.UNSET and change.archived != (item.archived_at is not None):
            restored.archived = item.archived_at is not None
        if change.snoozed_until is not msgspec.UNSET and change.snoozed_until != item.snoozed_until:
            restored.snoozed_until = item.snoozed_until
        if restored != InboxChange():
            kind = (restored.read, restored.archived, restored.snoozed_until)
            back.setdefault(kind, (restored, []))[1].append(item.id)
    return list(back.values())


async def _tell_chosen(page: Inbox) -> None:
    page.chosen_text = (await teller(page)).say("inbox.selected", count=len(page.chosen))
    page.all_chosen = bool(page.rows) and len(page.chosen) == len(page.rows)


async def _fill(page: Inbox) -> None:
    """Read the page that is open; what is shown for the first time is seen."""
    actor, voice = caller(), await teller(page)
    page.trouble = ""
    try:
        page._names = await app().categories.names(actor)
        found = await app().inbox.list(actor, actor.subject, page._after or None, ROWS, view=page.view, search=page.search)
        new = [item.id for item in found.items if item.seen_at is None]
        if new:
            await app().inbox.mark(actor, actor.subject, new, InboxChange(seen=True))
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    page._items = {item.id: item for item in found.items}
    page.rows = with_days([row_of(item, voice, actor.person, page._names) for item in found.items], found.items, voice)
    page._next, page.older, page.news = found.next or "", found.next is not None, False
    page.chosen = [one for one in page.chosen if one in page._items]
    if page.opened not in page._items:
        page.opened = page.why_of = ""
    await _tell_chosen(page)


@hears_inbox
async def freshen(frame: Frame) -> None:
    """Something came or changed: the newest page shows it, wherever it was changed; an older page says that there is news."""
    page = await frame.get_state(Inbox)
    if not page.here or str(frame.router.url.path).rstrip("/") != "/inbox":
        return
    if page._after:
        page.news = True
        return
    try:
        await _fill(page)
    except Refusal as refusal:
        page.trouble = in_words(refusal)
