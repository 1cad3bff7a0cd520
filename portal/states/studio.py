"""State of the studio: one template's draft as it is typed, saved at every pause, checked and shown."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

import json
import re
from typing import Any

import msgspec
import reflex as rx

from backend.app.studio_views import LookIn, LookView, Saved, SaveIn
from backend.domain.draft import KINDS, Draft, Field, built, empty, texts
from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, RenderStopped, Unauthenticated, Unavailable
from backend.domain.lint import nearest
from backend.domain.schema import infer, well_formed
from backend.domain.template import CHANNELS, Channel, Content
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.showing import problem_rows, shown, value_offers, value_rows
from portal.studio_rows import ProblemRow, Shown, ValueRow
from portal.theme import local
from portal.wiring import app

LONGEST = 300_000  # characters of one typed text; what is longer is refused where it is checked
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
PANES = ("data", "source", "preview")
FIELDS = ("subject", "preheader", "html", "text", "layout", "title", "body", "image", "link", "actions")


class Studio(rx.State):
    """`doc` begins the keys of what is shown: `round:locale:channel`; a text typed under another round is of yesterday."""

    key: str = ""
    name: str = ""
    gone: str = ""
    trouble: str = ""
    live: int = 0
    next: int = 1
    differs: bool = False
    channel: str = "email"
    part: str = "html"
    locale: str = ""
    locales: list[Choice] = []
    layouts: list[Choice] = []
    doc: str = "0::email"
    values: dict[str, str] = dict.fromkeys(FIELDS, "")
    speaks: dict[str, bool] = dict.fromkeys(CHANNELS, False)
    here: bool = False  # the draft says something on this channel in this language
    falls: str = ""  # whose text readers of this language get instead
    saved: str = ""
    aside: bool = False  # somebody saved first; what is typed is kept aside
    problems: list[ProblemRow] = []
    marks: dict[str, list[dict[str, Any]]] = {}
    wrong: int = 0
    verdict: str = ""
    stopped: bool = False
    offers: list[dict[str, str]] = []
    used: list[ValueRow] = []
    sample: str = "{}"
    schema: str = ""
    sheet: str = "sample"  # sample or schema
    sample_fault: str = ""
    faults: list[str] = []
    user: str = ""
    user_note: str = ""
    preview: Shown = Shown()
    fresh: bool = True
    device: str = "desktop"
    dark: bool = False
    pane: str = "source"
    tag_fault: str = ""
    _round: int = 0
    _revision: int = 0
    _content: Content = Content()
    _base: Content = Content()
    _published: Content = Content()  # what the live version was made of
    _held: Draft = Draft(Content())  # samples and schema, in a value that Reflex does not wrap
    _raw: str = ""  # the mail of the preview before it is coloured

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """The template's key comes from the address."""
        key, turn = last_part(self, 128), self._round
        self.reset()
        self._round, self.key = turn, key
        await reload(self)

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load."""
        await reload(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("content.write")
    async def typed(self, key: str, text: str) -> Any:
        """A text of the draft, after a pause: keep it, then look at it."""
        turn, _, rest = str(key).partition(":")
        if turn != str(self._round):
            return
        locale, channel, name = _field(rest)
        values = texts(self._content)
        if (locale, channel, name) not in values or values[locale, channel, name] == text:
            return
        values[locale, channel, name] = str(text)[:LONGEST]
        self._content = built(values)
        if (locale, channel) == (self.locale, self.channel):
            self.values = {**self.values, name: values[locale, channel, name]}
        await keep(self)
        yield
        await look(self)

    @guarded("content.write")
    async def layout(self, key: str) -> None:
        """The layout around the mail."""
        await _put(self, {(self.locale, "email", "layout"): str(key)[:64]})

    @guarded("content.write")
    async def sampled(self, key: str, text: str) -> Any:
        """The sample of data, or its schema, as JSON."""
        turn, _, name = str(key).partition(":")
        if turn != str(self._round) or name not in ("sample", "schema"):
            return
        setattr(self, name, str(text)[:LONGEST])
        try:
            read = _object(text)
            held = {"schema": well_formed(read) if read else {}} if name == "schema" else {"samples": read}
            self._held = msgspec.structs.replace(self._held, **held)
        except (ValueError, RecursionError, Refusal) as error:
            said = (await teller(self)).say("studio.sample.bad", what=_short(error)) if name == "sample" else _short(error)
            self.sample_fault = said
            return
        self.sample_fault = ""
        await keep(self)
        yield
        await look(self)

    @guarded("content.write")
    async def infer(self) -> None:
        """The schema that fits the sample and has what the texts need."""
        seen = await app().studio.look(caller(), self.key, LookIn(self._content, self.channel, self.locale, self._held.samples))  # type: ignore[arg-type]
        self._held = msgspec.structs.replace(self._held, schema=infer(self._held.samples, tuple(seen.variables)))
        self.schema, self.sheet = json.dumps(self._held.schema, indent=2, ensure_ascii=False), "schema"
        _turn(self)
        await keep(self)
        await look(self)

    @guarded("content.read")
    async def show(self, what: str, value: str) -> None:
        """Another channel, part of the mail, language, pane, width or mode."""
        allowed = {
            "channel": CHANNELS, "part": ("html", "text"), "pane": PANES, "device": ("desktop", "phone"), "sheet": ("sample", "schema"),
            "locale": tuple(one.value for one in self.locales), "dark": ("light", "dark"),
        }  # fmt: skip
        if value not in allowed.get(what, ()):
            raise Invalid(field=str(what)[:32])
        if what == "dark":
            self.dark = value == "dark"
            self.preview.html = coloured(self._raw, dark=self.dark)
            return
        setattr(self, what, value)
        if what in ("channel", "locale"):
            _place(self)
            await look(self)

    @guarded("content.write")
    async def write_here(self) -> None:
        """Say something on this channel: what readers of this language get now, to begin with."""
        found = nearest(self._content, self.channel, self.locale)  # type: ignore[arg-type]
        await _say(self, found[1] if found else empty(self.channel))  # type: ignore[arg-type]

    @guarded("content.write")
    async def say_nothing(self) -> None:
        """Take the channel out of the draft, in this language."""
        before = self._content
        await _say(self, None)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("studio.dropped"), undo=(restore, before))

    @guarded("content.write")
    async def add_locale(self, form: dict[str, Any]) -> None:
        """A language of its own for the channels that speak."""
        tag = str(form.get("tag", "")).strip()[:35]
        if not _TAG.fullmatch(tag):
            self.tag_fault = (await teller(self)).say("studio.locale.bad")
            return
        self.tag_fault = ""
        if tag not in self._content.locales:
            heard = {c: found[1] for c in CHANNELS if (found := nearest(self._content, c, tag)) is not None}
            self._content = msgspec.structs.replace(self._content, locales={**self._content.locales, tag: Content(**heard)})
        self.locale = tag
        _turn(self)
        await keep(self)
        await look(self)

    @guarded("content.write")
    async def remove_locale(self) -> None:
        """Take the language that is shown out of the draft."""
        if self.locale not in self._content.locales:
            return
        before, tag = self._content, self.locale
        self._content = msgspec.structs.replace(before, locales={k: v for k, v in before.locales.items() if k != tag})
        self.locale = ""
        _turn(self)
        await keep(self)
        await look(self)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("studio.locale.removed", tag=tag), undo=(restore, before))

    @guarded("people.read")
    async def show_as(self, form: dict[str, Any]) -> None:
        """Show it with the values of a real person, in the language they would get."""
        asked, voice = str(form.get("user", "")).strip()[:128], await teller(self)
        self.user, self.user_note = "", ""
        if asked:
            people = (await app().people.search(caller(), asked)).items
            exact = next((one for one in people if one.id == asked), people[0] if people else None)
            if exact is None:
                self.user_note = voice.say("studio.as.none")
            else:
                self.user, self.user_note = exact.id, voice.say("studio.as.shown", name=exact.name or exact.id, locale=exact.locale)
                found = nearest(self._content, self.channel, exact.locale)  # type: ignore[arg-type]
                self.locale = found[0] if found else self.locale
                _place(self)
        await look(self)


async def reload(page: Studio) -> None:
    """Read the template anew; what is typed after this is typed on top of it."""
    page.gone = page.trouble = ""
    try:
        view = await app().templates.get(caller(), page.key)
        parts = (await app().parts.list(caller())).items
    except NotFound as refusal:
        page.gone = in_words(refusal)
        return
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    page.layouts = [Choice(part.key, part.key) for part in parts if part.kind == "layout"][:50]
    page.name, page.live, page._revision = view.name, view.published, view.revision
    page._content = page._base = view.draft
    page._held = Draft(Content(), view.samples, view.schema)
    page.sample, page.schema = json.dumps(view.samples, indent=2, ensure_ascii=False), json.dumps(view.schema, indent=2, ensure_ascii=False) if view.schema else ""
    page.aside, page.sample_fault = False, ""
    if not any(content.on(page.channel) for content in (view.draft, *view.draft.locales.values())):  # type: ignore[arg-type]
        page.channel = next((channel for _, channel, _ in view.draft.each()), page.channel)
    _turn(page)
    await stand(page)
    await _said_saved(page, view.changed_at.timestamp())
    await look(page)


async def stand(page: Studio) -> None:
    """What is live, and whether there is something to publish."""
    page._published = await app().studio.source(caller(), page.key, page.live) if page.live else Content()
    page.differs = not page.live or page._content != page._published
    newest = (await app().templates.get(caller(), page.key)).versions
    page.next = (newest[0].version if newest else 0) + 1


def _turn(page: Studio) -> None:
    """The texts on the page come from here now: editors take them over."""
    page._round += 1
    _place(page)


def _place(page: Studio) -> None:
    """Show the texts of the channel and language that are chosen."""
    held = texts(page._content)
    page.locales = [Choice("", ""), *(Choice(tag, tag) for tag in page._content.locales)]
    if page.locale and page.locale not in page._content.locales:
        page.locale = ""
    inner = page._content.locales.get(page.locale, Content()) if page.locale else page._content
    page.speaks = {channel: inner.on(channel) is not None for channel in CHANNELS}
    page.here = page.speaks[page.channel]
    page.values = {name: held.get((page.locale, page.channel, name), "") for name in FIELDS}  # type: ignore[arg-type]
    found = None if page.here else nearest(page._content, page.channel, page.locale)  # type: ignore[arg-type]
    page.falls = "" if found is None else found[0] or "*"
    page.doc = f"{page._round}:{page.locale}:{page.channel}"


async def keep(page: Studio, *, over: bool = False) -> Saved | None:
    """Save the draft. When somebody saved first, say who and when; what was typed is kept aside by the house."""
    given = SaveIn(page._content, page._revision, samples=page._held.samples, schema=page._held.schema, over=over)
    try:
        done = await app().studio.save(caller(), page.key, given)
    except (Forbidden, Unauthenticated):
        raise
    except Refusal as refusal:
        tell(await page.get_state(Frame), "failed", in_words(refusal))
        return None
    if done.overtaken is None:
        page.differs = not page.live or page._content != page._published
        page._revision, page._base, page.aside = done.revision, page._content, False
        await _said_saved(page, done.at.timestamp())
    else:
        from portal.states.studio_acts import Overtaken  # it stands on this page's state

        page.aside, page.saved = True, ""
        await (await page.get_state(Overtaken))._met(page, done.overtaken)
    return done


async def _said_saved(page: Studio, at: float) -> None:
    voice = await teller(page)
    page.saved = voice.say("studio.saved", time=f"{local(at, voice.zone):%H:%M:%S}")


async def _put(page: Studio, changed: dict[Field, str]) -> None:
    page._content = built({**texts(page._content), **changed})
    _place(page)
    await keep(page)
    await look(page)


async def _say(page: Studio, one: Any) -> None:
    inner = page._content.locales.get(page.locale, Content()) if page.locale else page._content
    inner = msgspec.structs.replace(inner, **{page.channel: one})
    if page.locale:
        inner = msgspec.structs.replace(page._content, locales={**page._content.locales, page.locale: inner})
    page._content = inner
    _turn(page)
    await keep(page)
    await look(page)


async def restore(frame: Frame, before: Content) -> None:
    """Undo of a removal: the draft as it was."""
    page = await frame.get_state(Studio)
    page._content = before
    _turn(page)
    await keep(page)
    await look(page)


async def look(page: Studio) -> None:
    """Check what is typed and show how it looks; after an error the last good look stays, and says that it is old."""
    voice = await teller(page)
    given = LookIn(page._content, page.channel, page.locale, page._held.samples, page._held.schema, page.user or None)  # type: ignore[arg-type]
    page.stopped = False
    try:
        seen = await app().studio.look(caller(), page.key, given)
    except RenderStopped as stopped:
        page.stopped, page.fresh = True, False
        page.problems = [ProblemRow("", "", in_words(stopped), "error", 0, 0)]
        page.wrong, page.verdict, page.marks = 1, in_words(stopped), {}
        return
    except Invalid as refusal:
        page.sample_fault = in_words(refusal)
        return
    _tell_look(page, voice, seen)


def _tell_look(page: Studio, voice: Any, seen: LookView) -> None:
    page.problems = problem_rows(voice, seen)
    page.wrong = sum(1 for row in page.problems if row.kind == "error")
    page.marks = {}
    for row in page.problems:
        if row.line and row.field:
            mark = {"line": row.line, "column": row.column, "text": row.text, "kind": row.kind}
            page.marks.setdefault(row.field, []).append(mark)
    page.used, page.offers = value_rows(seen, page._held.samples), value_offers(page._held.samples, seen.user)
    page.faults = [voice.say(f"fault.{f.code}", path=f.path or "data", wanted=f.wanted) for f in seen.faults]
    page.verdict = voice.say("studio.wrong", count=page.wrong) if page.wrong else voice.say("studio.fine")
    page.fresh = seen.message is not None
    if seen.message is not None:
        page.preview = shown(voice, seen)
        page._raw, page.preview.html = page.preview.html, coloured(page.preview.html, dark=page.dark)
    elif seen.read is None:
        page.preview, page._raw, page.fresh = Shown(), "", True


_DARK = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)


def coloured(html: str, *, dark: bool) -> str:
    """The mail as a program in that mode shows it, whatever mode this browser is in."""
    return _DARK.sub(lambda m: "@media all" if (m.group(1).lower() == "dark") == dark else "@media not all", html)


def _field(rest: str) -> Field:
    locale, _, below = rest.partition(":")
    channel, _, name = below.partition(":")
    if channel not in CHANNELS or name not in KINDS[channel].__struct_fields__:  # type: ignore[index]
        raise Invalid(field="field")
    known: Channel = channel  # type: ignore[assignment]
    return locale, known, name


def _object(text: str) -> dict[str, Any]:
    made = json.loads(text or "{}")
    if not isinstance(made, dict):
        raise Invalid("{ }")
    return made


def _short(error: Exception) -> str:
    return (error.detail if isinstance(error, Refusal) else str(error))[:200]
