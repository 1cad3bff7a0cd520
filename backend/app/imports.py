"""Imports: files of people. Sent, mapped, checked against who is here before anything is changed, started with the exact count, carried out beside the line.

Rows stand sealed in `import_rows` until a day after the end. What is done with them in the background is in `importing`.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from backend.app.audience_views import ImportIn, ImportView, RowReasonView, RowView
from backend.app.base import PAGE, Aggregate, cursor_of, page_size, place_of
from backend.app.importing import SEAL, Kept, decode
from backend.app.view_types import Page, moment
from backend.domain import importing
from backend.domain.audience import Audience
from backend.domain.audience_checks import key_fits
from backend.domain.errors import Invalid, NotFound, Refusal, UnknownAudience, UnknownCategory, WrongState
from backend.domain.ids import parse_id
from backend.domain.people_file import Reading, Row
from backend.domain.row_reasons import counted, reason_of
from backend.security.roles import Actor, may, need
from backend.store import audience_rows, import_rows
from backend.store.audience_rows import AudienceRow, VersionRow
from backend.store.import_rows import ImportRow, Line
from backend.store.port import Tx

AT_ONCE = 2_000  # rows of one transaction while a file is kept
PREVIEW = 8  # rows that are shown of a file, and as many of those behind them that are refused
RUNNING = 2  # files a space may have in hand at once
_cells = msgspec.json.Decoder(list[str]).decode


class Imports(Aggregate):
    """Imports of the actor's space."""

    async def begin(self, actor: Actor, name: str, chunks: AsyncIterator[bytes]) -> ImportView:
        """Take a file in as it comes, up to 32 MB and 200,000 rows; what its columns are is guessed, and where that tells whom rows are about they are
        checked at once. Nobody is touched; of a file that is refused nothing is kept, not even that it was sent. Errors: `Invalid` with line and repair,
        `TooLarge`, `WrongState` while two others are in hand."""
        need(actor, "people.import")
        await self.app.store.read(lambda tx: self._room(tx, actor.space))
        now = self.app.clock.now()
        shown = "".join(c for c in name if c.isprintable())[:200] or "people.csv"
        row = ImportRow(space=actor.space, id=import_rows.new_id(now, secrets.token_bytes(8)), name=shown, state="reading", body=_body(Kept()), created=now, changed=now, by=actor.subject)
        reading, rows = Reading(), list[Row]()
        try:
            async for chunk in chunks:
                rows += await asyncio.to_thread(reading.more, chunk)
                while len(rows) >= AT_ONCE:
                    await self._stage(row, reading, rows[:AT_ONCE])
                    del rows[:AT_ONCE]
            rows += await asyncio.to_thread(reading.end)
            if not rows and not row.total:
                raise Invalid("The file names columns and nobody: no row follows. Send one with a line for each person.", field="file")
            await self._stage(row, reading, rows)
        except Refusal:
            if row.total:
                await self._drop(row, gone=True)
            raise
        except BaseException:
            if row.total:
                self.app.later(self._drop(row))
            raise
        kept = _begun(reading)
        kept.staged = True
        try:
            importing.checked(kept.mapping, kept.columns, email_is_id=kept.email_is_id)
        except Invalid:
            row.state = "ready"  # it is not known yet whom the rows are about: somebody has to say
        row.body = _body(kept)

        def last(tx: Tx) -> ImportView:
            self._still(tx, row)
            import_rows.put(tx, row)
            self.note(tx, actor, "import.begin", f"import:{row.id.hex()}", rows=row.total)
            return self._view(tx, actor, row)

        return await self.app.store.write(last)

    async def map(self, actor: Actor, import_id: str, given: ImportIn) -> ImportView:
        """Say what the columns are, and what is to become of the people: every row is checked again. Errors: `NotFound`, `Invalid`, `WrongState`,
        `UnknownAudience`, `UnknownCategory`."""
        need(actor, "people.import")
        kinds = {key: one.kind for key, one in (await self.app.facts.content_of(actor.space)).categories.items()}

        def write(tx: Tx) -> ImportView:
            row, kept = self._open(tx, actor, import_id)
            self._wanted(tx, actor, given, kept.columns, kinds)
            before = msgspec.structs.replace(kept)
            kept.mapping = {column: given.mapping.get(column, importing.IGNORE) for column in kept.columns}
            kept.email_is_id, kept.overwrite = given.email_is_id, given.overwrite
            kept.audience, kept.audience_name = given.audience, given.audience_name
            kept.consent_category, kept.consent_source, kept.consent_evidence = given.consent_category, given.consent_source, given.consent_evidence
            read = ("mapping", "email_is_id", "overwrite")
            if not (row.state == "ready" and kept.checked) or any(getattr(kept, name) != getattr(before, name) for name in read):
                kept.again()
                row.state, row.done, row.refused = "reading", 0, 0
            row.body, row.changed = _body(kept), self.app.clock.now()
            import_rows.put(tx, row)
            return self._view(tx, actor, row)

        return await self.app.store.write(write)

    async def check(self, actor: Actor, import_id: str) -> ImportView:
        """Look at every row again as people and groups are now. Errors: `NotFound`, `Invalid`, `WrongState`."""
        need(actor, "people.import")

        def write(tx: Tx) -> ImportView:
            row, kept = self._open(tx, actor, import_id)
            importing.checked(kept.mapping, kept.columns, email_is_id=kept.email_is_id)
            kept.again()
            row.state, row.done, row.refused, row.body, row.changed = "reading", 0, 0, _body(kept), self.app.clock.now()
            import_rows.put(tx, row)
            return self._view(tx, actor, row)

        return await self.app.store.write(write)

    async def start(self, actor: Actor, import_id: str, confirm: int) -> ImportView:
        """Apply what was checked; `confirm`: the rows that are to be applied, as they were shown. From here on it goes through to its end.
        Errors: `NotFound`, `WrongState`, `Invalid` for another count."""
        need(actor, "people.import")

        def write(tx: Tx) -> ImportView:
            row, kept = self._open(tx, actor, import_id)
            if row.state != "ready" or not kept.checked:
                raise WrongState("The rows are not checked yet. Say what the columns are and wait until every row was looked at.", state=row.state)
            count = row.total - row.refused
            if not count:
                raise WrongState("Every row is refused, so there is nothing to apply. Look at the file of errors, and send the file again.", state=row.state)
            if confirm != count:
                raise Invalid(f"{count:,} rows would be applied, {confirm:,} were confirmed. Look at it again and confirm that number.", field="confirm", count=count)
            if kept.audience:
                self._list(tx, actor, kept)
            kept.cursor = kept.new = kept.changed = kept.same = kept.opted_in = kept.kept_out = 0
            row.state, row.done, row.body, row.changed = "running", 0, _body(kept), self.app.clock.now()
            import_rows.put(tx, row)
            consent = {"consent": kept.consent_category} if kept.consent_category else {}
            self.note(tx, actor, "import.start", f"import:{row.id.hex()}", rows=count, refused=row.refused, audience=kept.audience, **consent)
            return self._view(tx, actor, row)

        return await self.app.store.write(write)

    async def cancel(self, actor: Actor, import_id: str) -> ImportView:
        """Give up one that was not started: nobody was touched, and its rows are dropped. One that runs cannot be stopped. Errors: `NotFound`, `WrongState`."""
        need(actor, "people.import")

        def write(tx: Tx) -> ImportView:
            row = self._found(tx, actor.space, import_id, lock=True)
            if row.state == "running":
                left = row.total - row.done
                raise WrongState(f"It was started, and {left:,} rows are left: it goes through to its end within moments, so that nothing stays half done.", state=row.state, left=left)
            if row.state in ("reading", "ready"):
                import_rows.drop_lines(tx, actor.space, row.id)
                row.state, row.changed = "cancelled", self.app.clock.now()
                import_rows.put(tx, row)
                self.note(tx, actor, "import.cancel", f"import:{row.id.hex()}", rows=row.total)
            return self._view(tx, actor, row)

        return await self.app.store.write(write)

    async def get(self, actor: Actor, import_id: str) -> ImportView:
        """One import, with its first rows. Raises `NotFound`."""
        need(actor, "people.import")
        return await self.app.store.read(lambda tx: self._view(tx, actor, self._found(tx, actor.space, import_id)))

    async def list(self, actor: Actor, *, after: str | None = None, limit: int = PAGE) -> Page[ImportView]:
        """The newest first, without rows."""
        need(actor, "people.import")
        size, place = page_size(limit), place_of(after)
        rows = await self.app.store.read(lambda tx: import_rows.page(tx, actor.space, place, size + 1))
        return Page([_shown(row) for row in rows[:size]], cursor_of(rows[size - 1].created, rows[size - 1].id) if len(rows) > size else None)

    async def errors(self, actor: Actor, import_id: str, language: str = "en") -> AsyncIterator[str]:
        """The rows that are refused as CSV: line, code (domain.row_reasons), the reason in this language, and the cells as they were sent, made
        harmless to spreadsheets. Cells are for whoever sent the file and who may see addresses whole. Raises `NotFound`."""
        need(actor, "people.import")
        row = await self.app.store.read(lambda tx: self._found(tx, actor.space, import_id))
        kept, whole = decode(row.body), _sees(actor, row)
        yield "\ufeff" + importing.line_of(["line", "code", "reason", *(kept.columns if whole else [])])
        after = 0
        while True:
            lines: Sequence[Line] = await self.app.store.read(lambda tx, after=after: import_rows.lines(tx, actor.space, row.id, after, AT_ONCE, refused=True))  # type: ignore[misc]
            if not lines:
                return
            yield "".join(
                importing.line_of([str(one.n), reason.code, reason.sentence(language), *(self._opened(one) if whole else [])])
                for one, reason in ((one, reason_of(one.error)) for one in lines)
            )
            after = lines[-1].n

    # ---- rows
    def _room(self, tx: Tx, space: int) -> None:
        if sum(row.space == space for row in import_rows.open_ones(tx, 100)) >= RUNNING:
            raise WrongState(f"{RUNNING} files are being read or imported. Wait until one is done, then send the next.", limit=RUNNING)

    async def _stage(self, row: ImportRow, reading: Reading, rows: Sequence[Row]) -> None:
        """Keep rows of a file that is still coming; the first time with the import itself."""
        lines = await asyncio.to_thread(self._sealed, rows)
        before, now = row.total, self.app.clock.now()

        def write(tx: Tx) -> None:
            if before:
                self._still(tx, row)
            else:
                self._room(tx, row.space)
            row.total, row.changed, row.body = before + len(rows), now, _body(_begun(reading))
            import_rows.put(tx, row)
            import_rows.add_lines(tx, row.space, row.id, lines)

        await self.app.store.write(write, turn="import")

    def _sealed(self, rows: Sequence[Row]) -> Sequence[Line]:
        return [Line(row.line, 0, self.app.sealer.seal(SEAL, msgspec.json.encode(row.cells))) for row in rows]

    def _opened(self, line: Line) -> Sequence[str]:
        return _cells(self.app.sealer.unseal(SEAL, line.sealed))

    def _still(self, tx: Tx, row: ImportRow) -> None:
        now = import_rows.get(tx, row.space, row.id, lock=True)
        if now is None or now.state != "reading":
            raise WrongState("The import was cancelled while its file was sent. Send the file again.")

    async def _drop(self, row: ImportRow, *, gone: bool = False) -> None:
        """Nothing of what was kept stays; `gone`: not the import either, for whoever sent it was told why."""

        def write(tx: Tx) -> None:
            now = import_rows.get(tx, row.space, row.id, lock=True)
            import_rows.drop_lines(tx, row.space, row.id)
            if now is None or now.state != "reading":
                return
            if gone:
                import_rows.remove(tx, row.space, row.id)
                return
            kept = decode(now.body)
            kept.detail = "The file was not kept whole. Nothing was changed. Send the file again."
            now.state, now.body = "failed", _body(kept)
            import_rows.put(tx, now)

        await self.app.store.write(write)

    def _wanted(self, tx: Tx, actor: Actor, given: ImportIn, columns: Sequence[str], kinds: Mapping[str, str]) -> None:
        importing.checked(given.mapping, columns, email_is_id=given.email_is_id)
        if given.consent_category:
            if given.consent_category not in kinds:
                raise UnknownCategory(category=given.consent_category[:64])
            if kinds[given.consent_category] != "marketing":
                raise Invalid("Only a marketing category asks people for consent. Choose one of those, or none.", field="consent_category")
            for name in ("consent_source", "consent_evidence"):
                if not getattr(given, name).strip():
                    raise Invalid("An import is no opt-in. To note that these people agreed, say where they did (source) and what shows it (evidence).", field=name)
        if given.audience:
            need(actor, "content.write")
            self._listed(tx, actor.space, given.audience, given.audience_name)

    def _listed(self, tx: Tx, space: int, key: str, name: str) -> AudienceRow | None:
        if not key_fits(key):
            raise Invalid("A key is 1 to 128 letters, digits or . _ : @ + -, and begins with a letter or digit.", field="audience")
        there = audience_rows.get(tx, space, key, lock=True)
        if there is None and not name:
            raise UnknownAudience(f"There is no list {key!r}. Give it a name to have it made, or choose one that is there.", audience=key)
        if there is not None and there.kind != "list":
            raise Invalid(f"{key} is a rule: who it names follows from what is known of them. Choose a list.", field="audience")
        return there

    def _list(self, tx: Tx, actor: Actor, kept: Kept) -> None:
        """The list the people go on, made when it is new."""
        if self._listed(tx, actor.space, kept.audience, kept.audience_name) is not None:
            return
        now, body = self.app.clock.now(), msgspec.json.encode(Audience()).decode()
        row = AudienceRow(
            space=actor.space, key=kept.audience, name=kept.audience_name, kind="list", body=body, version=1, revision=1, changed=now, changed_by=actor.subject, size=0, counted=now,
        )  # fmt: skip
        audience_rows.put(tx, row)
        audience_rows.add_version(tx, VersionRow(space=actor.space, key=row.key, version=1, body=body, at=now, by=actor.subject, note="import"))

    def _open(self, tx: Tx, actor: Actor, import_id: str) -> tuple[ImportRow, Kept]:
        row = self._found(tx, actor.space, import_id, lock=True)
        kept = decode(row.body)
        if row.state not in ("reading", "ready") or not kept.staged:
            raise WrongState(f"This import is {row.state}; it cannot be changed any more. Send the file again to import it anew.", state=row.state)
        return row, kept

    def _found(self, tx: Tx, space: int, import_id: str, *, lock: bool = False) -> ImportRow:
        try:
            row = import_rows.get(tx, space, parse_id(import_id), lock=lock)
        except Invalid:
            row = None
        if row is None:
            raise NotFound("There is no such import here. Take its id from the list of imports.")
        return row

    def _view(self, tx: Tx, actor: Actor, row: ImportRow) -> ImportView:
        view = _shown(row)
        if _sees(actor, row):
            lines = import_rows.lines(tx, row.space, row.id, 0, PREVIEW)
            if row.refused and row.state not in import_rows.OPEN:
                lines += import_rows.lines(tx, row.space, row.id, lines[-1].n if lines else 0, PREVIEW, refused=True)
            view.preview = [_row_view(one.n, [*self._opened(one)], one.error) for one in lines]
        return view


def _begun(reading: Reading) -> Kept:
    """What is known of a file while it comes."""
    mapping = importing.guessed(reading.columns)
    email_is_id = "user_id" not in mapping.values() and "email" in mapping.values()
    return Kept(encoding=reading.encoding, delimiter=reading.delimiter, columns=reading.columns, mapping=mapping, email_is_id=email_is_id)


def _sees(actor: Actor, row: ImportRow) -> bool:
    return actor.subject == row.by or may(actor, "people.reveal")


def _row_view(n: int, cells: Sequence[str], error: str) -> RowView:
    if not error:
        return RowView(n, [*cells])
    reason = reason_of(error)
    return RowView(n, [*cells], reason.sentence(), reason.code, reason.about)


def _body(kept: Kept) -> str:
    return msgspec.json.encode(kept).decode()


def _shown(row: ImportRow) -> ImportView:
    kept = decode(row.body)
    return ImportView(
        id=row.id.hex(), name=row.name, state=row.state, columns=kept.columns, mapping=kept.mapping, encoding=kept.encoding, delimiter=kept.delimiter,  # type: ignore[arg-type]
        total=row.total, done=row.done, refused=row.refused, new=kept.new, changed=kept.changed, same=kept.same, duplicates=kept.duplicates,
        audience=kept.audience, reasons=[RowReasonView(r.code, r.about, r.sentence(), n) for r, n in counted(kept.errors)], detail=kept.detail, created_at=moment(row.created), changed_at=moment(row.changed), by=row.by, checked=kept.checked,
        email_is_id=kept.email_is_id, overwrite=kept.overwrite, audience_name=kept.audience_name, consent_category=kept.consent_category,
        consent_source=kept.consent_source, consent_evidence=kept.consent_evidence, opted_in=kept.opted_in, kept_out=kept.kept_out,
    )  # fmt: skip
