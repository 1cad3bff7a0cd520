"""What the studio does besides typing: two drafts brought together, versions, publishing, rolling back, a test to oneself."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

import reflex as rx

from backend.app import studio_views
from backend.app.studio_views import TrialIn
from backend.domain.draft import Field, changes, chosen, merge, texts
from backend.domain.errors import Invalid, Refusal, Stale, Unauthenticated
from backend.domain.template import CHANNELS, Content
from portal.category_form import telling
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.showing import change_rows, text_title
from portal.states import studio
from portal.states.studio import Studio
from portal.studio_rows import ChangeRow, KeptRow, TornRow, VersionRow
from portal.theme import ago, count, local, moment
from portal.wiring import app

SHOWN = 50


class Overtaken(rx.State):
    """Somebody saved first: who, when, and what both changed."""

    title: str = ""
    text: str = ""
    torn: list[TornRow] = []
    changes: list[ChangeRow] = []
    _theirs: Content = Content()
    _revision: int = 0

    async def _met(self, page: Studio, told: studio_views.Overtaken) -> None:
        voice = await teller(page)
        who = told.by or "–"
        mine = who == caller().subject
        self.title = voice.say("overtaken.you") if mine else voice.say("overtaken.title", who=who)
        self.text = voice.say("overtaken.text", time=f"{local(told.at.timestamp(), voice.zone):%H:%M:%S}")
        self._theirs, self._revision = told.content, told.revision
        picks = {row.key: row.pick for row in self.torn}
        one, other = texts(page._content), texts(told.content)
        self.torn = [
            TornRow(":".join(key), text_title(voice, *key), one.get(key, "")[:2_000], other.get(key, "")[:2_000], picks.get(":".join(key), "mine"))
            for key in merge(page._base, page._content, told.content).torn[:SHOWN]
        ]
        self.changes = change_rows(voice, changes(told.content, page._content))

    @guarded("content.write")
    async def pick(self, key: str, which: str) -> None:
        """Whose text of those both changed."""
        self.torn = [TornRow(r.key, r.title, r.mine, r.theirs, which if r.key == key and which in ("mine", "theirs") else r.pick) for r in self.torn]

    @guarded("content.write")
    async def together(self) -> None:
        """Both drafts in one: each text from whoever changed it, torn ones as picked."""
        page = await self.get_state(Studio)
        both = merge(page._base, page._content, self._theirs)
        theirs: set[Field] = {key for key in both.torn if any(r.key == ":".join(key) and r.pick == "theirs" for r in self.torn)}
        await self._settle(page, chosen(both, self._theirs, theirs), "overtaken.done")

    @guarded("content.write")
    async def mine(self) -> None:
        """My draft stands; theirs is kept aside."""
        page = await self.get_state(Studio)
        await self._settle(page, page._content, "overtaken.mine.done")

    @guarded("content.write")
    async def theirs(self) -> None:
        """Theirs stands; mine is kept aside already."""
        page = await self.get_state(Studio)
        await studio.reload(page)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("overtaken.took"))
        self.torn = []

    async def _settle(self, page: Studio, content: Content, said: str) -> None:
        page._content, page._revision = content, self._revision
        done = await studio.keep(page, over=True)
        if done is None or done.overtaken is not None:  # a third one was faster, and has been told of
            return
        studio._turn(page)
        await studio.look(page)
        self.torn = []
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say(said), (await teller(self)).say("overtaken.kept"))


class Versions(rx.State):
    """The sheet of versions, and the difference that is looked at in it."""

    rows: list[VersionRow] = []
    kept: list[KeptRow] = []
    ready: bool = False
    looking: str = ""  # the title of the difference; "" for the list
    changes: list[ChangeRow] = []
    back_to: int = 0  # the version a rollback would lead to
    back_next: int = 0

    @guarded("content.read")
    async def open(self) -> None:
        """Read them anew."""
        self.looking, self.changes = "", []
        await self._fill()

    async def _fill(self) -> None:
        page, voice = await self.get_state(Studio), await teller(self)
        cards = (await app().studio.versions(caller(), page.key)).items
        self.rows = [
            VersionRow(
                v.version, voice.say("templates.version", number=v.version),
                voice.say("versions.by", who=v.published_by, time=ago(v.at.timestamp(), voice.now, voice.zone, voice.language)),
                moment(v.at.timestamp(), voice.zone, voice.language), v.note, v.live,
                ", ".join([voice.say("versions.planned", count=count(v.planned, voice.language) if v.planned != 1 else 1),
                           *(f"{name.replace(':', ' ')} {n}" for name, n in v.parts.items())]),
            )
            for v in cards[:SHOWN]
        ]  # fmt: skip
        kept = (await app().studio.kept(caller(), page.key)).items
        self.kept = [
            KeptRow(k.author, voice.say("versions.kept.by", who=k.author, time=ago(k.at.timestamp(), voice.now, voice.zone, voice.language), base=k.base))
            for k in kept[:SHOWN]
        ]
        self.back_next, self.ready = (cards[0].version if cards else 0) + 1, True

    @guarded("content.read")
    async def compare(self, number: int) -> None:
        """A version with the draft as it is saved."""
        page, voice = await self.get_state(Studio), await teller(self)
        found = await app().studio.diff(caller(), page.key, int(number))
        self.looking, self.changes = voice.say("versions.diff", old=int(number)), change_rows(voice, found.items)

    @guarded("content.read")
    async def compare_kept(self, author: str) -> None:
        """The draft with a text that was kept aside."""
        page, voice = await self.get_state(Studio), await teller(self)
        kept = next((k for k in (await app().studio.kept(caller(), page.key)).items if k.author == author), None)
        if kept is not None:
            self.looking = voice.say("versions.diff.kept", who=author)
            self.changes = change_rows(voice, changes(page._content, kept.content))

    @guarded("content.write")
    async def forget(self, author: str) -> None:
        """Drop a text that was kept aside."""
        page = await self.get_state(Studio)
        await app().studio.drop_kept(caller(), page.key, str(author)[:128])
        await self._fill()

    @guarded("content.read")
    async def back(self) -> None:
        """From a difference to the list."""
        self.looking, self.changes = "", []

    @guarded("content.write")
    async def go_on_from(self, number: int) -> None:
        """The draft becomes what this version was made of."""
        page, before = await self.get_state(Studio), (await self.get_state(Studio))._content
        page._content = await app().studio.source(caller(), page.key, int(number))
        studio._turn(page)
        await studio.keep(page)
        await studio.look(page)
        said = (await teller(self)).say("versions.edited", number=int(number))
        tell(await self.get_state(Frame), "delivered", said, undo=(studio.restore, before))

    @guarded("content.write")
    async def ask_back(self, number: int) -> None:
        """The dialog that rolls back."""
        self.back_to = int(number)

    @guarded("content.write")
    async def roll_back(self) -> None:
        """Publish an older version's texts again."""
        page, voice = await self.get_state(Studio), await teller(self)
        view = await app().templates.rollback(caller(), page.key, self.back_to)
        page.live, page._revision = view.published, view.revision
        await studio.stand(page)
        await self._fill()
        tell(await self.get_state(Frame), "delivered", voice.say("rollback.done", number=view.published, old=self.back_to))


class Publishing(rx.State):
    """The dialog that publishes: what changes, and whom it concerns."""

    ready: bool = False
    changed: str = ""
    used: str = ""
    newer: str = ""
    problem: str = ""
    changes: list[ChangeRow] = []
    note: str = ""

    @guarded("content.write")
    async def open(self) -> None:
        """Read what publishing would do."""
        self.reset()
        page, voice = await self.get_state(Studio), await teller(self)
        view = await app().studio.outlook(caller(), page.key)
        page.next, n = view.next, len(view.changes)
        self.changed = voice.say("publish.changes", count=n) if n else voice.say("publish.changes.none")
        self.changes = change_rows(voice, view.changes)
        planned, names = count(view.used.planned, voice.language), voice.listed(view.used.categories)
        self.used = voice.say("publish.used", categories=names, count=planned) if names else voice.say("publish.used.none", count=planned)
        self.newer = voice.say("publish.newer", parts=voice.listed([p.replace(":", " ") for p in view.newer_parts])) if view.newer_parts else ""
        self.problem = view.problems[0].text if view.problems else ""
        self.ready = True

    @guarded("content.write")
    async def write(self, note: str) -> None:
        """Why."""
        self.note = str(note)[:500]

    @guarded("content.write")
    async def publish(self) -> None:
        """Make it the version that events use."""
        page, voice = await self.get_state(Studio), await teller(self)
        if page.aside:
            raise Stale
        view = await app().templates.publish(caller(), page.key, page._revision, self.note)
        page.live, page._revision = view.published, view.revision
        await studio.stand(page)
        tell(await self.get_state(Frame), "delivered", voice.say("publish.done", number=view.published), voice.say("publish.done.text"))


class Trial(rx.State):
    """The dialog that sends the draft to whoever writes it."""

    categories: list[Choice] = []
    category: str = ""
    channels: list[str] = []
    offered: list[str] = []
    problem: str = ""
    event: str = ""  # of the last test

    @guarded("content.write")
    async def open(self) -> None:
        """Under which rules, on which channels."""
        page = await self.get_state(Studio)
        known = telling((await app().categories.list(caller())).items)
        self.categories = [Choice(c.key, c.name) for c in known][:SHOWN]
        using = next((c.key for c in known if c.template == page.key), "")
        self.category = using or self.category or next((c.key for c in known if c.key == "system"), known[0].key if known else "")
        spoken = {channel for _, channel, _ in page._content.each()}
        self.offered = [c for c in CHANNELS if c in spoken]
        self.channels, self.problem = list(self.offered), ""

    @guarded("content.write")
    async def choose(self, category: str) -> None:
        """The category."""
        if category not in {one.value for one in self.categories}:
            raise Invalid(field="category")
        self.category = category

    @guarded("content.write")
    async def channel(self, name: str, on: bool) -> None:
        """A channel on or off."""
        wanted = {*self.channels, name} if on else {*self.channels} - {name}
        self.channels = [c for c in self.offered if c in wanted]

    @guarded("content.write")
    async def send(self) -> None:
        """The draft as it is now, to oneself, the way everything goes."""
        page, voice = await self.get_state(Studio), await teller(self)
        given = TrialIn(page._content, self.category, page._held.samples, list(self.channels))  # type: ignore[arg-type]
        try:
            sent = await app().studio.test(caller(), page.key, given)
        except Unauthenticated:
            raise
        except Refusal as refusal:
            tell(await self.get_state(Frame), "failed", in_words(refusal))
            return
        self.event = sent.event
        tell(await self.get_state(Frame), "delivered", voice.say("trial.sent"), voice.say("trial.sent.text"))
