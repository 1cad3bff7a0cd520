"""State of the inbox: one page of the caller's own notifications, kept fresh by the bell."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from datetime import UTC, datetime, time, timedelta

import reflex as rx

from backend.app.views import InboxChange, InboxItem
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.errors import Invalid, Unavailable
from backend.domain.ids import delivery_id, parse_id, person_bytes
from portal.frame import Frame, hears_inbox, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.rows import Choice, InboxRow
from portal.telling import Teller
from portal.theme import ago, count, local, moment, zone
from portal.wiring import app

ROWS = 25
VIEWS = ("all", "unread", "archived", "snoozed")
UNDO_LIMIT = 200  # notifications that "mark all read" can be taken back for
HUES = {"SECURITY": "sent", "ORDER": "engaged", "TRANSACTION": "engaged", "CHAT": "digested", "MARKETING": "held", "PRODUCT": "held"}
CHANGES = {
    "read": InboxChange(read=True),
    "unread": InboxChange(read=False),
    "archive": InboxChange(archived=True),
    "unarchive": InboxChange(archived=False),
    "wake": InboxChange(snoozed_until=None),
}
BACK = {"read": "unread", "unread": "read", "archive": "unarchive", "unarchive": "archive", "snooze": "wake"}


class Inbox(rx.State):
    """One page of the caller's own notifications."""

    view: str = "all"
    rows: list[InboxRow] = []
    older: bool = False  # there are older ones
    later: bool = False  # this is not the newest page
    opened: str = ""  # the notification that is unfolded
    chosen: list[str] = []
    chosen_text: str = ""
    why_of: str = ""
    why_title: str = ""
    why_text: str = ""
    trouble: str = ""
    here: bool = False  # the page was opened; it is kept fresh
    _after: str = ""
    _next: str = ""
    _undo: tuple[str, list[str]] = ("", [])

    @guarded("inbox.own", page=True)
    async def load(self) -> None:
        """The view comes from the address."""
        asked = str(self.router.url.query_parameters.get("view", "all"))
        self.view = asked if asked in VIEWS else "all"
        self.opened = self.why_of = self._after = ""
        self.chosen, self.later, self.here = [], False, True
        await _fill(self)

    @guarded("inbox.own")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("inbox.own")
    async def turn(self, back: bool) -> None:
        """To the older ones, or back to the newest."""
        self._after = "" if back else self._next
        self.later, self.chosen = not back, []
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

    @guarded("inbox.own")
    async def why(self, key: str) -> None:
        """The reason in two sentences; the whole trace is a click away."""
        if self.why_of == key:
            self.why_of = ""
            return
        actor, voice = caller(), await teller(self)
        made = delivery_id(parse_id(key), actor.person, CHANNEL_NUMBER["web"], person_bytes(actor.person))
        view = await app().deliveries.get(actor, made.hex())
        told, others = voice.verdict(view)
        self.why_title, self.why_text = voice.own(view), f"{told} {others}".strip()
        self.why_of = str(key)

    @guarded("inbox.own")
    async def choose(self, key: str, on: bool) -> None:
        """Take one into the selection or out of it."""
        known = {row.id for row in self.rows}
        self.chosen = [one for one in self.chosen if one != key and one in known] + ([key] if on and key in known else [])
        await _tell_chosen(self)

    @guarded("inbox.own")
    async def choose_none(self) -> None:
        self.chosen = []

    @guarded("inbox.own")
    async def do(self, what: str, key: str = "") -> None:
        """`what`: one of CHANGES, with `key` or for the selection."""
        if what not in CHANGES:
            raise Invalid(field="what", allowed=list(CHANGES))
        await _change(self, what, [key] if key else list(self.chosen), CHANGES[what])

    @guarded("inbox.own")
    async def snooze(self, until: str, key: str = "") -> None:
        """`until`: hour, or tomorrow at nine of the person's own clock."""
        voice = await teller(self)
        wake = voice.now + 3600 if until == "hour" else tomorrow_at_nine(voice.now, voice.zone)
        await _change(
            self, "snooze", [key] if key else list(self.chosen), InboxChange(snoozed_until=datetime.fromtimestamp(wake, UTC)), wake
        )

    @guarded("inbox.own")
    async def read_all(self) -> None:
        """Everything that is unread, on whatever page."""
        actor = caller()
        unread = await app().inbox.list(actor, actor.subject, limit=UNDO_LIMIT, view="unread")
        ids = [item.id for item in unread.items]
        await app().inbox.mark(actor, actor.subject, None, InboxChange(read=True))
        self._undo = ("read", ids) if unread.next is None else ("", [])
        await _fill(self)
        voice = await teller(self)
        frame = await self.get_state(Frame)
        tell(
            frame,
            "delivered",
            voice.say("inbox.done.read", count=len(ids) if unread.next is None else frame.unread_text),
            undo=bool(self._undo[0]),
        )

    @guarded("inbox.own")
    async def undo(self) -> None:
        """Take back what was done last."""
        what, ids = self._undo
        if not ids:
            return
        self._undo = ("", [])
        await app().inbox.mark(caller(), caller().subject, ids, CHANGES[BACK[what]])
        await _fill(self)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("inbox.undone"))


def tomorrow_at_nine(now: float, zone_name: str) -> float:
    """09:00 of the next day in a zone, in seconds; across a change of the clocks too."""
    day = local(now, zone_name).date() + timedelta(days=1)
    return datetime.combine(day, time(9), zone(zone_name)).timestamp()


async def _change(page: Inbox, what: str, ids: list[str], change: InboxChange, until: float = 0.0) -> None:
    if not ids:
        return
    actor, voice = caller(), await teller(page)
    await app().inbox.mark(actor, actor.subject, ids, change)
    page.chosen, page._undo = [], (what, ids) if what in BACK else ("", [])
    if what != "read":
        page.opened = ""
    await _fill(page)
    said = voice.say(f"inbox.done.{what}", count=count(len(ids), voice.language), **({"until": _wall(voice, until)} if until else {}))
    tell(await page.get_state(Frame), "delivered", said, undo=what in BACK)


def _wall(voice: Teller, at: float) -> str:
    return voice.when(datetime.fromtimestamp(at, UTC))


async def _tell_chosen(page: Inbox) -> None:
    page.chosen_text = (await teller(page)).say("inbox.selected", count=len(page.chosen))


async def _fill(page: Inbox) -> None:
    """Read the page that is open; what is shown for the first time is seen."""
    actor, voice = caller(), await teller(page)
    page.trouble = ""
    try:
        found = await app().inbox.list(actor, actor.subject, page._after or None, ROWS, view=page.view)
        new = [item.id for item in found.items if item.seen_at is None]
        if new:
            await app().inbox.mark(actor, actor.subject, new, InboxChange(seen=True))
    except Unavailable as away:
        page.trouble = away.detail
        return
    page.rows = [_row(item, voice, actor.person) for item in found.items]
    page._next, page.older = found.next or "", found.next is not None
    shown = {row.id for row in page.rows}
    page.chosen = [one for one in page.chosen if one in shown]
    await _tell_chosen(page)


def _row(item: InboxItem, voice: Teller, person: int) -> InboxRow:
    at = item.timestamp.timestamp()
    web = delivery_id(parse_id(item.id), person, CHANNEL_NUMBER["web"], person_bytes(person)).hex() if person else ""
    snoozed = item.snoozed_until
    asleep = snoozed is not None and snoozed.timestamp() > voice.now
    return InboxRow(
        id=item.id, title=item.title, text=item.message, category=item.category, hue=HUES.get(item.type, "queued"),
        time=ago(at, voice.now, voice.zone, voice.language), exact=moment(at, voice.zone, voice.language), unread=item.read_at is None,
        archived=item.archived_at is not None, silent=item.silent, snoozed=voice.say("inbox.until", until=voice.when(snoozed)) if snoozed and asleep else "",
        link=safe_link(item.link or ""), why=f"/deliveries/{web}" if web else "",
        actions=[Choice(safe_link(action.link), action.label) for action in item.actions if safe_link(action.link)][:5],
    )  # fmt: skip


def safe_link(link: str) -> str:
    """The link when it leads to a page or a mail, else "": what was refused at rendering is refused again where it is pressed."""
    return link if link.lower().startswith(("https://", "http://", "mailto:", "tel:")) else ""


@hears_inbox
async def freshen(frame: Frame) -> None:
    """Something came or changed: the newest page shows it, wherever it was changed."""
    page = await frame.get_state(Inbox)
    if page.here and str(frame.router.url.path).rstrip("/") == "/inbox" and not page._after:
        await _fill(page)
