"""State of the preferences page: every change is kept at once, says what it did, and can be taken back."""


from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import quote

import msgspec
import reflex as rx

from backend.app.views import AddressIn, PersonIn, PreferencesIn, QuietHoursIn
from backend.app.wishes import MatrixRow, MatrixView
from backend.domain.errors import Invalid, Refusal, Unavailable
from backend.domain.person import QuietHours
from backend.domain.plain import in_line
from portal import browsers, foresight
from portal.access import zone_of
from portal.frame import Frame, read_in, tell
from portal.guard import caller, guarded
from portal.own_rows import EVIDENCE, Line, Place, Span, line_of, listed, name_of, place_of, span_of
from portal.reading import teller
from portal.refusals import in_words
from portal.telling import Teller
from portal.theme import local
from portal.wiring import app
from portal.words import language_of, phrase

NIGHT = QuietHoursIn("22:00", "07:00")
SPANS = 7  # quiet times on the page; the wishes hold more
PAUSES = {"1": 1, "7": 7, "14": 14, "30": 30}  # days
YEAR = 366.0  # days a pause may last


class Preferences(rx.State):
    """What the caller wishes, and what comes of it."""

    lines: list[Line] = []
    quiet_on: bool = False
    quiet_note: str = ""
    quiet_text: str = ""
    spans: list[Span] = []
    zone: str = ""
    zone_now: str = ""
    zone_problem: str = ""
    browser: str = ""  # the browser's zone, when it is another
    often: str = "each"
    often_note: str = ""
    counted: bool = True  # opens and clicks
    tongue: str = "en"
    paused: bool = False
    pause_text: str = ""
    pause_for: str = "7"
    pause_day: str = ""
    pause_problem: str = ""
    places: list[Place] = []
    ahead: str = ""
    clocks: str = ""
    kept: bool = False  # something was changed since the page opened
    trouble: str = ""
    push_key: str = ""  # what a browser subscribes with; "" when nobody sends to browsers
    push_register: str = ""
    push_label: str = ""  # what it is called by, with places for browser and system
    push_state: str = ""  # "" until the browser has said how it stands
    push_failed: str = ""

    @guarded("inbox.own", page=True)
    async def load(self) -> None:
        """Everything the caller wishes."""
        self.kept, self.pause_problem, self.zone_problem = False, "", ""
        await fill(self)

    @guarded("inbox.own")
    async def again(self) -> None:
        """After it did not load."""
        await fill(self)
        (await self.get_state(Frame)).loaded = True

    # ---- topics and channels
    @guarded("inbox.own")
    async def tick(self, category: str, channel: str, on: bool) -> None:
        """One cell. The first yes to something that was off altogether is a recorded answer, and turns on this channel alone."""
        row = await _row(category)
        if channel not in row.channels:
            raise Invalid(field="channel", allowed=list(row.channels))
        voice = await teller(self)
        given, said = ticked(row, channel, on), ""
        if given.consents is not msgspec.UNSET:
            said = voice.say("pref.said.yes" if on else "pref.said.no")
        wording = voice.say("pref.wording", category=in_line(row.name))
        title = voice.say("pref.said.on" if on else "pref.said.off", category=in_line(row.name), channel=voice.channel(channel))
        await _keep(self, given, title, said, EVIDENCE + (wording if on else f"{channel} off"))

    @guarded("inbox.own")
    async def follow(self, category: str) -> None:
        """Follow the group's, the service's or the default answer again."""
        row = await _row(category)
        given = PreferencesIn(matrix={row.category: dict.fromkeys(row.channels, None)}, categories={row.category: None})
        await _keep(self, given, (await teller(self)).say("pref.said.reset", category=in_line(row.name)))

    # ---- quiet hours
    @guarded("inbox.own")
    async def quiet(self, on: bool) -> None:
        """On with a usual night, in the browser's zone when none was ever chosen; or off."""
        voice = await teller(self)
        if on and self.zone == "UTC" and self.browser:
            await app().people.put(caller(), caller().subject, PersonIn(timezone=self.browser))
        key = "pref.said.quiet" if on else "pref.said.quiet.off"
        await _keep(self, PreferencesIn(quiet_hours=[NIGHT] if on else []), voice.say(key))

    @guarded("inbox.own")
    async def span(self, number: int, what: str, value: str) -> None:
        """A quiet time begins or ends at another hour."""
        spans = _typed(self)
        if not 0 <= number < len(spans) or what not in ("start", "end"):
            raise Invalid(field="number")
        setattr(spans[number], what, str(value)[:5])
        await _keep_spans(self, spans)

    @guarded("inbox.own")
    async def span_day(self, number: int, weekday: int) -> None:
        """A quiet time begins on this weekday too, or no more."""
        spans = _typed(self)
        if not 0 <= number < len(spans) or not 0 <= weekday <= 6:
            raise Invalid(field="number")
        spans[number].days = sorted(set(spans[number].days) ^ {weekday})
        await _keep_spans(self, spans)

    @guarded("inbox.own")
    async def span_add(self) -> None:
        """Another quiet time: the weekend, which sleeps longer."""
        if len(self.spans) < SPANS:
            await _keep_spans(self, [*_typed(self), QuietHoursIn("22:00", "09:00", [5, 6])])

    @guarded("inbox.own")
    async def span_remove(self, number: int) -> None:
        spans = _typed(self)
        await _keep_spans(self, [span for n, span in enumerate(spans) if n != number])

    # ---- zone, language, how often, pause
    @guarded("inbox.own")
    async def set_zone(self, name: str) -> None:
        """The zone all times are told in. What is none is said at the field."""
        voice, wanted = await teller(self), str(name).strip()
        self.zone_problem = ""
        if wanted == self.zone or not wanted:
            return
        try:
            await _keep_person(self, PersonIn(timezone=wanted), "pref.said.zone", zone=in_line(wanted, 64))
        except Invalid:
            self.zone_problem = voice.say("pref.zone.bad")

    @guarded("inbox.own")
    async def set_tongue(self, language: str) -> None:
        """The language of the interface and of what is sent; the page follows at once."""
        if language not in ("en", "de"):
            raise Invalid(field="language", allowed=["en", "de"])
        await _keep_person(self, PersonIn(locale=language), "pref.said.language")

    @guarded("inbox.own")
    async def set_often(self, often: str) -> None:
        """each, daily or weekly."""
        voice = await teller(self)
        if often not in ("each", "daily", "weekly"):
            raise Invalid(field="often", allowed=["each", "daily", "weekly"])
        title = voice.say("pref.said.often", often=voice.say(f"pref.often.{often}").lower() if voice.language == "en" else voice.say(f"pref.often.{often}"))
        await _keep(self, PreferencesIn(frequency=often), title)  # type: ignore[arg-type]

    @guarded("inbox.own")
    async def set_counted(self, on: bool) -> None:
        """Whether opens and clicks of the caller's mails are counted."""
        key = "pref.said.counted" if on else "pref.said.uncounted"
        await _keep(self, PreferencesIn(tracking=bool(on)), (await teller(self)).say(key))

    @guarded("inbox.own")
    async def set_pause_for(self, value: str) -> None:
        """How long the next pause lasts; a running one is lengthened or shortened."""
        self.pause_for, self.pause_problem = str(value)[:4], ""
        if self.paused and self.pause_for in PAUSES:
            await _pause(self)

    @guarded("inbox.own")
    async def set_pause_day(self, value: str) -> None:
        self.pause_day, self.pause_problem = str(value)[:10], ""
        if self.paused and self.pause_for == "date":
            await _pause(self)

    @guarded("inbox.own")
    async def pause(self, on: bool) -> None:
        """Hold everything that may be held, or go on."""
        if on:
            await _pause(self)
            return
        await _keep(self, PreferencesIn(paused_until=None), (await teller(self)).say("pref.said.unpaused"))

    # ---- this browser, and addresses
    @guarded("inbox.own")
    async def push_said(self, form: dict[str, Any]) -> None:
        """What the browser says of itself, and has done about it."""
        said, voice = browsers.read(form.get("said")), await teller(self)
        state, changed = await browsers.keep(caller(), said, voice)
        self.push_failed = voice.say("push.failed.text", why=in_line(said.why, 200)) if state == "failed" else ""
        if changed:
            await fill(self)
            self.kept = True
            tell(await self.get_state(Frame), "delivered", voice.say(f"push.said.{changed}"))
        self.push_state = state

    @guarded("inbox.own")
    async def remove(self, key: str) -> None:
        """A device of one's own."""
        actor, voice = caller(), await teller(self)
        there = (await app().people.addresses(actor, actor.subject)).items
        mine = next((a for a in there if a.id == key and a.channel == "push"), None)
        if mine is None:
            raise Invalid(field="address")
        await app().people.remove_address(actor, actor.subject, key)
        await fill(self)
        self.kept = True
        title = voice.say("pref.said.removed", name=name_of(mine, voice))
        tell(await self.get_state(Frame), "delivered", title, undo=(put_back_device, mine.address, mine.label))


def ticked(row: MatrixRow, channel: str, on: bool) -> PreferencesIn:
    """The change that one switch means."""
    off_altogether = any(cell.source == "consent" for cell in row.channels.values())
    if on and off_altogether:
        return PreferencesIn(matrix={row.category: {c: c == channel for c in row.channels}}, consents={row.category: True})
    given = PreferencesIn(matrix={row.category: {channel: on}})
    if row.kind == "marketing" and not on and not any(cell.wanted for c, cell in row.channels.items() if c != channel):
        given.consents = {row.category: False}
    return given


async def restore(frame: Frame, back: PreferencesIn) -> None:
    """The toast's undo."""
    actor, page = caller(), await frame.get_state(Preferences)
    await app().preferences.put(actor, actor.subject, back, evidence=EVIDENCE + "taken back")
    await _told_back(frame, page)


async def restore_person(frame: Frame, back: PersonIn) -> None:
    """The same for zone and language."""
    actor, page = caller(), await frame.get_state(Preferences)
    await app().people.put(actor, actor.subject, back)
    await _told_back(frame, page)


async def put_back_device(frame: Frame, address: str, label: str) -> None:
    """The same for a device that was removed."""
    actor, page = caller(), await frame.get_state(Preferences)
    await app().people.put_address(actor, actor.subject, AddressIn("push", address, label))
    await _told_back(frame, page)


async def _told_back(frame: Frame, page: Preferences) -> None:
    await fill(page)
    tell(frame, "delivered", (await teller(page)).say("pref.undone"))


async def _row(category: str) -> MatrixRow:
    actor = caller()
    matrix = await app().preferences.matrix(actor, actor.subject)
    found = next((row for row in matrix.rows if row.category == category), None)
    if found is None or found.locked:
        raise Invalid(field="category")
    return found


async def _keep(page: Preferences, given: PreferencesIn, title: str, text: str = "", evidence: str = EVIDENCE) -> None:
    actor = caller()
    _, back = await app().preferences.put_back(actor, actor.subject, given, evidence=evidence[:500])
    await fill(page)
    page.kept = True
    tell(await page.get_state(Frame), "delivered", title, text, undo=(restore, back))


async def _keep_person(page: Preferences, given: PersonIn, key: str, **values: object) -> None:
    actor = caller()
    back = PersonIn()
    if given.timezone is not msgspec.UNSET:
        back.timezone = actor.timezone
    if given.locale is not msgspec.UNSET:
        back.locale = actor.locale
    await app().people.put(actor, actor.subject, given)
    await fill(page)
    page.kept = True
    tell(await page.get_state(Frame), "delivered", (await teller(page)).say(key, **values), undo=(restore_person, back))


def _typed(page: Preferences) -> list[QuietHoursIn]:
    return [QuietHoursIn(span.start, span.end, [d.number for d in span.days if d.on]) for span in page.spans]


async def _keep_spans(page: Preferences, spans: list[QuietHoursIn]) -> None:
    """Keep them when each is one; else say at the quiet time what it lacks, and keep nothing."""
    voice = await teller(page)
    shown = [span_of(n, span, voice) for n, span in enumerate(spans)]
    for line, span in zip(shown, spans, strict=True):
        line.problem = voice.say("pref.quiet.noday") if not span.days else voice.say("pref.quiet.same") if span.start == span.end else ""
    if any(line.problem for line in shown):
        page.spans = shown
        return
    checked = [msgspec.convert(msgspec.to_builtins(span), QuietHoursIn) for span in spans if span.start and span.end]
    if len(checked) < len(spans):  # a time field that is half typed is empty
        page.spans = shown
        return
    key = "pref.said.quiet" if checked else "pref.said.quiet.off"
    await _keep(page, PreferencesIn(quiet_hours=checked), voice.say(key))


async def _pause(page: Preferences) -> None:
    voice = await teller(page)
    until = pause_end(page.pause_for, page.pause_day, voice.now, page.zone)
    if until is None:
        page.pause_problem = voice.say("pref.pause.bad")
        return
    title = voice.say("pref.said.paused", until=foresight.words_of(voice, until))
    await _keep(page, PreferencesIn(paused_until=datetime.fromtimestamp(until, UTC)), title)


def pause_end(lasts: str, until_day: str, now: float, zone: str) -> float | None:
    """When a pause ends: after whole days, or at eight in the morning of a day of the person's own calendar. None for neither."""
    if lasts in PAUSES:
        return now + PAUSES[lasts] * 86_400.0
    try:
        wanted = date.fromisoformat(until_day)
    except ValueError:
        return None
    at = datetime.combine(wanted, time(8), local(now, zone).tzinfo).timestamp()
    return at if now < at <= now + YEAR * 86_400 else None


async def fill(page: Preferences) -> None:
    """Read what holds now. The reader's language and zone may have changed with it."""
    actor = caller()
    page.trouble = ""
    try:
        matrix = await app().preferences.matrix(actor, actor.subject)
        wishes = await app().preferences.get(actor, actor.subject)
        person = await app().people.get(actor, actor.subject)
        places = (await app().people.addresses(actor, actor.subject)).items
        page.push_key = await app().browsers.key(actor)
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    except Refusal as refusal:
        page.trouble = in_words(refusal)
        return
    frame = await page.get_state(Frame)
    await read_in(frame, language_of(person.locale))
    frame.timezone = person.timezone
    voice = await teller(page)
    page.lines = [line_of(row, voice) for row in matrix.rows][:50]
    page.zone, page.tongue = person.timezone, frame.language
    page.zone_now = voice.say("pref.zone.now", time=f"{local(voice.now, person.timezone):%H:%M}")
    seen = zone_of(page.router_data)
    page.browser = seen if seen and seen != person.timezone else ""
    until = wishes.paused_until.timestamp() if wishes.paused_until else 0.0
    page.paused = until > voice.now
    page.pause_text = voice.say("pref.pause.until", until=foresight.words_of(voice, until)) if page.paused else ""
    page.places = [place_of(a, voice) for a in places][:50]
    page.push_label = phrase(voice.language, "push.label")
    page.push_register = f"/v1/users/{quote(actor.subject, safe='')}/addresses"
    _show_quiet(page, matrix, voice, until if page.paused else 0.0)


def _show_quiet(page: Preferences, matrix: MatrixView, voice: Teller, paused_until: float) -> None:
    always = listed([row.name for row in matrix.rows if row.locked or row.urgent], voice)
    page.quiet_on, page.often, page.counted = bool(matrix.quiet_hours), matrix.frequency, matrix.tracking
    page.spans = [span_of(n, span, voice) for n, span in enumerate(matrix.quiet_hours)][:14]
    kind, _, key = matrix.quiet_source.partition(":")
    page.quiet_note = voice.say(f"pref.quiet.from.{kind}", **({"group": in_line(key)} if kind == "group" else {})) if kind in ("group", "space") else ""
    page.quiet_text, page.often_note = voice.say("pref.quiet.text", names=always), voice.say("pref.often.note", names=always)
    spans = [QuietHours(span.start, span.end, tuple(span.days)) for span in matrix.quiet_hours]
    reached = [channel for channel in ("email", "push", "sms") if not page.places or any(place.channel == channel for place in page.places)]
    over = voice.listed([voice.say(f"channels.{channel}") for channel in reached])
    page.ahead = foresight.ahead(voice, page.zone, spans, always=always, over=over, often=matrix.frequency, paused_until=paused_until)
    page.clocks = foresight.clocks(voice, page.zone) if spans else ""
    if not paused_until:
        page.pause_text = voice.say("pref.pause.text", names=always)
