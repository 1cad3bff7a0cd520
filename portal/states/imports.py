"""State of the pages of imports: the list, and one file from its columns to what became of it."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.app.audience_views import ImportIn, ImportView, RowReasonView, RowView
from backend.domain import importing
from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, Unauthenticated, Unavailable
from backend.domain.row_reasons import RowReason
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import ago, count, moment
from portal.watching import watch
from portal.wiring import app

PATH = "/imports"
SPEC = ListSpec(PATH, "people.import")
MOVING = ("reading", "running")
NEW = "+"  # no key is this
LOOK, AGAIN = 1.0, 15  # seconds between looks; each so many the caller is asked for anew
SHOWN = 3  # cells of a column
LOOKS = {"reading": "queued", "ready": "held", "running": "sent", "finished": "delivered", "cancelled": "skipped", "failed": "failed"}


@dataclass
class ImportLine:
    """One import of the list. `look`: of portal.components.status."""

    id: str
    name: str
    look: str
    state: str
    total: str
    refused: str
    time: str
    exact: str


@dataclass
class ColumnRow:
    """A column: what it is taken for, and its first cells."""

    field: str
    name: str
    kind: str
    cells: str


@dataclass
class PreviewRow:
    """A row of the file."""

    line: int
    cells: list[str]
    error: str


@dataclass
class ReasonRow:
    """Why rows are refused, and how many."""

    text: str
    count: str


class Imports(listing(SPEC), rx.State):
    """One page of imports."""

    rows: list[ImportLine] = []
    wrong: str = ""  # why the file that was sent last was not taken

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        page = await app().imports.list(actor, after=after, limit=SPEC.rows)
        self.rows = [_line_of(one, voice) for one in page.items]
        return page.next

    @guarded("people.import")
    async def refused(self, told: str) -> None:
        """A file was not taken: say it in the reader's language. It is text that the browser hands back, name and sentence, and shown as such."""
        name, _, detail = str(told)[:1_000].partition("\t")
        self.wrong = f"{name}: {in_words(Invalid(detail))}" if detail else ""

    @guarded("people.import")
    async def sent(self) -> Any:
        """A file was sent by this reader: its own page, when it was taken in."""
        page = await app().imports.list(caller(), limit=1)
        now = app().clock.now()
        mine = [one for one in page.items if one.by == caller().subject and one.created_at and now - one.created_at.timestamp() < 120]
        return rx.redirect(f"{PATH}/{mine[0].id}") if mine else None


class ImportPage(rx.State):
    """One import."""

    id: str = ""
    gone: str = ""
    trouble: str = ""
    name: str = ""
    state: str = ""
    look: str = "queued"
    word: str = ""
    about: str = ""
    said: str = ""  # how far it is
    width: str = "0%"
    moving: bool = False
    open: bool = False  # its columns can still be changed
    checked: bool = False
    over: bool = False
    columns: list[ColumnRow] = []
    heads: list[str] = []
    preview: list[PreviewRow] = []
    reasons: list[ReasonRow] = []
    fresh: str = ""
    changed: str = ""
    same: str = ""
    refused: str = ""
    opted: str = ""
    rows: str = ""
    digits: str = ""  # of the rows that would be applied, to be typed
    can_start: bool = False
    detail: str = ""
    audience: str = ""
    language: str = "en"  # of the file of refused rows
    form: dict[str, str] = {}
    new_list: bool = False
    asks: bool = False  # consent is to be noted
    lists: list[Choice] = []
    categories: list[Choice] = []
    wrong: str = ""
    round: int = 0
    _view: ImportView | None = None
    _loop: str = ""

    @guarded("people.import", page=True)
    async def load(self) -> None:
        """The import of the address."""
        self.id, self.wrong, self.gone, self.trouble = last_part(self, 40), "", "", ""
        await _fill(self, anew=True)

    @guarded("people.import")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self, anew=True)
        (await self.get_state(Frame)).loaded = True

    @guarded("people.import", background=True)
    async def follow(self) -> None:
        """Look each second while something moves. It begins beside `load`, so it asks the address which import that is."""
        made = last_part(self, 40)

        async def ask(actor: Any, _: bool) -> ImportView:
            return await app().imports.get(actor, made)

        def show(voice: Teller, view: ImportView) -> None:
            if self.id == made and self._view is not None:
                _show(self, voice, view)
            if view.state not in MOVING:
                self._loop = ""

        await watch(self, f"{PATH}/{made}", "people.import", every=LOOK, whole=AGAIN, ask=ask, show=show)

    @guarded("people.import")
    async def pick_list(self, key: str) -> None:
        self.form["audience"], self.new_list = str(key)[:200], key == NEW

    @guarded("people.import")
    async def pick_consent(self, key: str) -> None:
        self.form["consent"], self.asks = str(key)[:200], bool(key)

    @guarded("people.import")
    async def check(self, form: dict[str, Any]) -> Any:
        """Keep what the columns are, and have every row looked at."""
        view, voice = self._view, await teller(self)
        if view is None:
            return None
        text = {name: str(value).strip()[:1_000] for name, value in form.items()}
        mapping = {column: _target(text.get(f"map-{n}", ""), view.mapping.get(column, ""), column) for n, column in enumerate(view.columns)}
        key = self.form.get("audience", "")
        given = ImportIn(
            mapping, email_is_id="email_is_id" in form, overwrite="overwrite" in form, audience=text.get("key", "") if key == NEW else key,
            audience_name=text.get("list_name", "")[:200] if key == NEW else "", consent_category=self.form.get("consent", ""),
            consent_source=text.get("source", "")[:200], consent_evidence=text.get("evidence", ""),
        )  # fmt: skip
        try:
            found = await app().imports.map(caller(), self.id, given)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = in_words(refusal, voice.language)
            return None
        self.wrong = ""
        _show(self, voice, found)
        return ImportPage.follow

    @guarded("people.import")
    async def start(self) -> Any:
        """Apply the rows that were shown."""
        view = self._view
        if view is None:
            return None
        found = await app().imports.start(caller(), self.id, view.total - view.refused)
        _show(self, await teller(self), found)
        return ImportPage.follow

    @guarded("people.import")
    async def cancel(self) -> None:
        """Give it up; nobody was changed."""
        found = await app().imports.cancel(caller(), self.id)
        voice = await teller(self)
        _show(self, voice, found)
        tell(await self.get_state(Frame), "skipped", voice.say("imp.cancelled"))


def _target(kind: str, before: str, column: str) -> str:
    """What a column is, of the choice; an attribute keeps its name."""
    if kind not in importing.KINDS:
        return kind if kind in importing.TARGETS else importing.IGNORE
    was, _, name = before.partition(":")
    return f"{kind}:{name if was in importing.KINDS and name else column}"


async def _fill(page: ImportPage, *, anew: bool) -> None:
    voice = await teller(page)
    try:
        view = await app().imports.get(caller(), page.id)
        lists = [one for one in (await app().audiences.list(caller(), limit=200)).items if one.kind == "list"]
        kinds = [one for one in (await app().categories.list(caller())).items if one.kind == "marketing"]
    except NotFound as refusal:
        page.gone, page._view = in_words(refusal, voice.language), None
        return
    except Unavailable as refusal:
        page.trouble = in_words(refusal, voice.language)
        return
    page.trouble = page.gone = ""
    may_list = "content.write" in (await page.get_state(Frame)).may
    page.lists = [Choice(one.key, one.name) for one in lists] + [Choice(NEW, voice.say("imp.list.new"))] if may_list else []
    page.categories = [Choice(one.key, voice.say("imp.consent.to", name=one.name)) for one in kinds]
    known = {one.value for one in page.lists}
    new = bool(view.audience) and view.audience not in known
    page.form = {
        "audience": NEW if new else view.audience, "list_name": view.audience_name, "key": view.audience if new else "", "consent": view.consent_category,
        "source": view.consent_source, "evidence": view.consent_evidence, "email_is_id": "1" if view.email_is_id else "", "overwrite": "1" if view.overwrite else "",
    }  # fmt: skip
    page.new_list, page.asks = new, bool(view.consent_category)
    page.round += anew
    _show(page, voice, view)


def _show(page: ImportPage, voice: Teller, view: ImportView) -> None:
    def number(n: int) -> str:
        return count(n, voice.language)

    page._view, page.name, page.state, page.look = view, view.name, view.state, LOOKS[view.state]
    page.word = voice.say(f"imp.state.{view.state}")
    page.about = voice.say("imp.read", total=number(view.total), encoding=view.encoding.upper(), delimiter=voice.say(f"imp.delim.{view.delimiter}"))
    page.moving, page.open, page.checked = view.state in MOVING, view.state in ("reading", "ready"), view.checked
    page.over = view.state == "finished"
    told = "imp.running" if view.state == "running" else "imp.checking"
    page.said = voice.say(told, done=number(view.done), total=number(view.total)) if page.moving else ""
    page.width = f"{100 * view.done / max(1, view.total):.1f}%"
    page.heads = view.columns
    page.preview = [PreviewRow(one.line, [cell[:80] for cell in one.cells][:60], _sentence(one, voice)) for one in view.preview]
    page.columns = [
        ColumnRow(f"map-{n}", column, view.mapping.get(column, importing.IGNORE).partition(":")[0], ", ".join(_cells(view, n))) for n, column in enumerate(view.columns)
    ]
    page.reasons = [ReasonRow(_sentence(one, voice), number(one.count)) for one in view.reasons]
    page.fresh, page.changed, page.same, page.refused = number(view.new), number(view.changed), number(view.same), number(view.refused)
    page.opted = voice.say("imp.opted", agreed=number(view.opted_in), kept=number(view.kept_out)) if page.over and view.consent_category else ""
    page.rows, page.digits = number(view.total - view.refused), str(view.total - view.refused)
    page.can_start = view.state == "ready" and view.checked and view.total > view.refused
    page.detail, page.language = in_words(Invalid(view.detail), voice.language), voice.language
    page.audience = view.audience if page.over else ""


def _sentence(one: RowView | RowReasonView, voice: Teller) -> str:
    return RowReason(one.code, one.about).sentence(voice.language) if one.code else ""


def _cells(view: ImportView, n: int) -> list[str]:
    return [row.cells[n][:40] for row in view.preview if n < len(row.cells) and row.cells[n].strip()][:SHOWN]


def _line_of(one: ImportView, voice: Teller) -> ImportLine:
    at, language = one.created_at.timestamp() if one.created_at else 0.0, voice.language
    return ImportLine(
        one.id, one.name, LOOKS[one.state], voice.say(f"imp.state.{one.state}"), count(one.total, language), count(one.refused, language),
        ago(at, voice.now, voice.zone, language), moment(at, voice.zone, language),
    )  # fmt: skip
