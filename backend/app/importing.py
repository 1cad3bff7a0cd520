"""Carrying imports out: rows are checked against who is here, and, once somebody has started it, applied.

Both walk the file behind a stored cursor, a chunk a transaction, so that the line keeps going beside them and a process that is killed is gone on
from exactly: the cursor moves with what it stands for. Checking touches nobody. What was started goes through to its end (docs/decisions/0011).
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from backend.app.people import Change
from backend.app.person_views import PersonIn
from backend.domain import importing
from backend.domain.audience import Audience
from backend.domain.errors import Refusal, Unavailable
from backend.domain.ids import facts_key
from backend.domain.person import Profile, Wishes
from backend.domain.row_reasons import RowReason, RowRefused, reason_for, reason_of
from backend.domain.shift import Shift, stance
from backend.domain.tally import QUARTER, SHIFT
from backend.store import audience_people, audience_rows, groups, import_people, import_rows, shifts, summaries
from backend.store.import_people import Held, There
from backend.store.import_rows import ImportRow, Line
from backend.store.persons import PersonRow
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App

log = logging.getLogger("carillon.line")

CHUNK = 500  # rows of one transaction
CHUNKS = 40  # of one look; others get their turn then
STALE = 600.0  # seconds without a sign of whoever sends a file: the connection broke off
REASONS = 40  # different ones that are counted one by one
SEAL = "import"  # purpose of the cells
_AT = re.compile(r"\$\.(\w+)")  # the field in an error of msgspec


class Kept(msgspec.Struct, omit_defaults=True):
    """The body of an import. `staged`: the whole file is here; `checked`: every row was looked at with this mapping. `cursor`: the last line done."""

    encoding: str = ""
    delimiter: str = ""
    columns: list[str] = []
    mapping: dict[str, str] = {}
    email_is_id: bool = False
    audience: str = ""
    audience_name: str = ""
    overwrite: bool = True
    consent_category: str = ""
    consent_source: str = ""
    consent_evidence: str = ""
    staged: bool = False
    checked: bool = False
    cursor: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    duplicates: int = 0
    opted_in: int = 0
    kept_out: int = 0
    errors: dict[str, int] = {}
    detail: str = ""

    def again(self) -> None:
        """From the first row on, nothing counted."""
        self.cursor = self.new = self.changed = self.same = self.duplicates = self.opted_in = self.kept_out = 0
        self.errors, self.checked = {}, False

    def refuse(self, reason: RowReason) -> None:
        """Count a reason."""
        kind = reason.kind.kept()
        if kind not in self.errors and len(self.errors) >= REASONS:
            kind = "other"
        self.errors[kind] = self.errors.get(kind, 0) + 1


decode = msgspec.json.Decoder(Kept).decode
_cells = msgspec.json.Decoder(list[str]).decode


class Told(NamedTuple):
    """A line and what it says: somebody's change, or why it is refused."""

    n: int
    change: Change | None
    reason: RowReason | None = None


class Merge(NamedTuple):
    """What a change makes of somebody who is here: the new row, attributes, first addresses and groups that are added; and who that is until now."""

    row: PersonRow
    attributes: dict[str, Any] | None
    first: dict[int, Any]
    groups: list[str]
    old: There


class Importing:
    """The step of the due stage that carries imports out."""

    def __init__(self, app: "App") -> None:
        self.app = app

    async def once(self) -> int:
        """Go on with the oldest there is; how many chunks that were."""
        now = self.app.clock.now()
        for row in await self.app.store.read(lambda tx: import_rows.open_ones(tx, 5)):
            if not decode(row.body).staged:
                if row.changed < now - STALE:
                    await self.app.store.write(lambda tx, row=row: self._broken_off(tx, row))  # type: ignore[misc]
                continue
            done = 0
            while done < CHUNKS and await self._step(row.space, row.id):
                done += 1
            if done:
                return done
        return 0

    def _broken_off(self, tx: Tx, row: ImportRow) -> None:
        now = import_rows.get(tx, row.space, row.id, lock=True)
        if now is None or now.changed != row.changed or now.state != "reading":
            return
        kept = decode(now.body)
        kept.detail = "The upload broke off before the file was whole. Nothing was changed. Send the file again."
        import_rows.drop_lines(tx, row.space, row.id)
        now.state, now.body, now.changed = "failed", msgspec.json.encode(kept).decode(), self.app.clock.now()
        import_rows.put(tx, now)

    async def _step(self, space: int, made: bytes) -> bool:
        """One chunk; False when nothing is left to do, or somebody else does it."""

        def read(tx: Tx) -> tuple[ImportRow | None, list[Line]]:
            row = import_rows.get(tx, space, made)
            return row, import_rows.lines(tx, space, made, decode(row.body).cursor, CHUNK) if row else []

        row, lines = await self.app.store.read(read)
        if row is None or row.state not in import_rows.OPEN:
            return False
        kept = decode(row.body)
        if not lines:
            return await self.app.store.write(lambda tx: self._end(tx, row, kept), turn="import")
        told = await asyncio.to_thread(self._told, space, kept, lines, running=row.state == "running")
        if row.state == "reading":
            return await self.app.store.write(lambda tx: self._check(tx, row, kept, told), turn="import")
        return await self._apply_and_forget(row, kept, told)

    # ---- what rows say
    def _told(self, space: int, kept: Kept, lines: Sequence[Line], *, running: bool) -> list[Told]:
        """Unsealed, read and checked as people are everywhere, in a thread of its own: it takes about a tenth of a second."""
        targets = [kept.mapping.get(column, importing.IGNORE) for column in kept.columns]
        found = []
        for line in lines:
            if running and line.person == 0:
                found.append(Told(line.n, None, reason_of(line.error)))
                continue
            try:
                found.append(Told(line.n, self._change(space, kept, targets, _cells(self.app.sealer.unseal(SEAL, line.sealed)))))
            except Refusal as refusal:
                found.append(Told(line.n, None, reason_for(refusal)))
        return found

    def _change(self, space: int, kept: Kept, targets: Sequence[str], cells: Sequence[str]) -> Change:
        user, fields = importing.fields_of(cells, targets, email_is_id=kept.email_is_id)
        try:
            given = msgspec.convert(fields, PersonIn)
        except msgspec.ValidationError as error:
            field = found.group(1) if (found := _AT.search(str(error))) else ""
            column = next((name for name in kept.columns if kept.mapping.get(name) == field.removesuffix("s")), field)
            raise RowRefused("cell_invalid", column) from None
        return self.app.people.change_of(space, user, given)

    # ---- checking
    def _check(self, tx: Tx, seen: ImportRow, kept: Kept, told: Sequence[Told]) -> bool:
        row = self._mine(tx, seen, kept)
        if row is None:
            return False
        changes = [one.change for one in told if one.change]
        here = import_people.there(tx, row.space, [change.person for change in changes])
        known = groups.existing(tx, row.space, sorted({key for change in changes for key in change.fields.get("groups", ())}))
        lines = import_rows.before(tx, row.space, row.id, [change.person for change in changes], told[0].n)
        marks = []
        for one in told:
            reason, change = one.reason, one.change
            if change and not reason:
                reason = _unfit(change, here.get(change.person), known)
            if change and not reason and change.person in lines:
                reason = RowReason("duplicate", str(lines[change.person]))
                kept.duplicates += 1
            if reason or change is None:
                reason = reason or RowReason("other")
                kept.refuse(reason)
                row.refused += 1
                marks.append((one.n, 0, reason.kept()))
                continue
            lines[change.person] = one.n
            marks.append((one.n, change.person, ""))
            old = here.get(change.person)
            if old is None:
                kept.new += 1
            elif self._merged(old, change, overwrite=kept.overwrite, now=row.changed):
                kept.changed += 1
            else:
                kept.same += 1
        import_rows.mark_lines(tx, row.space, row.id, marks)
        self._keep(tx, row, kept, told)
        return True

    # ---- applying
    async def _apply_and_forget(self, row: ImportRow, kept: Kept, told: Sequence[Told]) -> bool:
        """As `Aggregate.changing` does it: facts are forgotten before, so that a cache that is away refuses the change, and after."""
        keys = [facts_key(row.space, one.change.person) for one in told if one.change]
        await self.app.cache.drop(keys)
        done = await self.app.store.write(lambda tx: self._apply(tx, row, kept, told), turn="import")
        try:
            await self.app.cache.drop(keys)
        except Unavailable:
            self.app.later(self._forget(keys))
        return done

    async def _forget(self, keys: list[bytes]) -> None:
        while True:
            try:
                return await self.app.cache.drop(keys)
            except Unavailable:
                await asyncio.sleep(1.0)

    def _apply(self, tx: Tx, seen: ImportRow, kept: Kept, told: Sequence[Told]) -> bool:
        row = self._mine(tx, seen, kept)
        if row is None:
            return False
        now = self.app.clock.now()
        changes = {one.change.person: (one.n, one.change) for one in told if one.change}
        here = import_people.there(tx, row.space, list(changes), lock=True)
        known = groups.existing(tx, row.space, sorted({key for _, change in changes.values() for key in change.fields.get("groups", ())}))
        marks, fresh, merges = [], [], []
        for person, (n, change) in changes.items():
            if reason := _unfit(change, here.get(person), known):  # since it was checked
                marks.append((n, 0, reason.kept()))
                kept.refuse(reason)
                row.refused += 1
            elif person not in here:
                fresh.append(change)
            elif merge := self._merged(here[person], change, overwrite=kept.overwrite, now=now):
                merges.append(merge)
        gone = {n for n, _, _ in marks}
        whom = [person for person, (n, _) in changes.items() if n not in gone]
        agreed = self._consent(tx, row.space, kept, whom, now)
        self._make(tx, row.space, fresh, {person: {kept.consent_category: True} for person in agreed}, now)
        self._merge(tx, row.space, merges, now)
        self._count(tx, row.space, agreed, here, kept.consent_category, now)
        import_people.agreed(tx, row.space, [person for person in agreed if person in here], kept.consent_category, now)
        kept.new, kept.changed, kept.same = kept.new + len(fresh), kept.changed + len(merges), kept.same + len(whom) - len(fresh) - len(merges)
        if kept.audience:
            import_people.enlist(tx, row.space, kept.audience, whom, now)
        import_rows.mark_lines(tx, row.space, row.id, marks)
        self._keep(tx, row, kept, told)
        return True

    def _make(self, tx: Tx, space: int, fresh: Sequence[Change], consents: Mapping[int, Mapping[str, bool]], now: float) -> None:
        rows, news = [], []
        for one in fresh:
            f = one.fields
            row = self.app.people.new_row(space, one.user_id, "", f.get("timezone", "UTC"), f.get("locale", "en"))
            row.profile = self.app.people.sealed_profile(Profile(name=f.get("name") or "", attributes=f.get("attributes", {})))
            rows.append(row)
            channels = [channel for channel, address in one.first.items() if address]
            news.append(summaries.New(one.person, f.get("attributes", {}), channels, consents.get(one.person, {})))
        import_people.make(tx, rows)
        import_people.hold(tx, space, [Held(one.person, *a) for one in fresh for a in one.first.values() if a], now)
        summaries.make(tx, space, news, now)
        import_people.join(tx, space, [(key, one.person) for one in fresh for key in one.fields.get("groups", ())], now)

    def _merge(self, tx: Tx, space: int, merges: Sequence[Merge], now: float) -> None:
        import_people.change(tx, space, [merge.row for merge in merges])
        held, changed = [], []
        for merge in merges:
            for channel, address in merge.first.items():
                one, old = Held(merge.row.person, *address), merge.old.first.get(channel)
                if old is None:
                    held.append(one)
                else:
                    changed.append((one, old, merge.old.since[channel]))
        import_people.replace(tx, space, changed)
        import_people.hold(tx, space, held, now)
        import_people.reach(tx, space, sorted({one.person for one in held}))
        import_people.join(tx, space, [(key, merge.row.person) for merge in merges for key in merge.groups], now)
        summaries.set_attributes(tx, space, {m.row.person: m.attributes for m in merges if m.attributes is not None}, now)

    def _consent(self, tx: Tx, space: int, kept: Kept, whom: Sequence[int], now: float) -> list[int]:
        """Those whose consent is noted. Who has said no stays out: what somebody else has on paper is no newer answer."""
        if not kept.consent_category:
            return []
        said = import_people.answers(tx, space, whom, kept.consent_category)
        agreed = sorted(person for person in whom if person not in said)
        import_people.agree(tx, space, agreed, kept.consent_category, now, kept.consent_source, kept.consent_evidence)
        kept.opted_in += len(agreed)
        kept.kept_out += sum(not given for given in said.values())
        return agreed

    def _count(self, tx: Tx, space: int, agreed: Sequence[int], here: Mapping[int, There], category: str, now: float) -> None:
        """Those who opted in by this; who has turned the category off by a wish of their own did not."""
        said: Counter[shifts.Said] = Counter()
        for person in agreed:
            row = here[person].row if person in here else None
            if row is None or stance(msgspec.json.decode(row.wishes, type=Wishes), said=True, category=category):
                said[shifts.Said(Shift(SHIFT["opted_in"], category), "import", row is not None and row.demo, int(now // QUARTER))] += 1
        shifts.keep(tx, space, said, now)

    # ---- shared
    def _merged(self, old: There, change: Change, *, overwrite: bool, now: float) -> Merge | None:
        """None when nothing of it is new. Cells that are empty, attributes without a column and groups left out stay as they are."""
        row, f = old.row, change.fields
        profile = self.app.people.profile(row)
        given = f.get("attributes", {})
        attributes = profile.attributes | given if overwrite else given | profile.attributes
        name = f["name"] if f.get("name") and (overwrite or not profile.name) else profile.name
        first = {channel: a for channel, a in change.first.items() if a and old.first.get(channel) != a.hash and (overwrite or channel not in old.first)}
        zone, locale = (f.get("timezone", row.timezone), f.get("locale", row.locale)) if overwrite else (row.timezone, row.locale)
        added = [key for key in f.get("groups", ()) if key not in old.groups]
        if (name, attributes, zone, locale) == (profile.name, profile.attributes, row.timezone, row.locale) and not first and not added:
            return None
        sealed = self.app.people.sealed_profile(Profile(name=name, attributes=attributes))
        made = msgspec.structs.replace(row, profile=sealed, timezone=zone, locale=locale, revision=row.revision + 1, changed=now)
        return Merge(made, attributes if attributes != profile.attributes else None, first, added, old)

    def _mine(self, tx: Tx, seen: ImportRow, kept: Kept) -> ImportRow | None:
        """The import, locked; None when somebody else went on with it in the meantime, or it was cancelled."""
        row = import_rows.get(tx, seen.space, seen.id, lock=True)
        return row if row is not None and row.state == seen.state and row.body == seen.body else None

    def _keep(self, tx: Tx, row: ImportRow, kept: Kept, told: Sequence[Told]) -> None:
        kept.cursor = told[-1].n
        row.done, row.body, row.changed = row.done + len(told), msgspec.json.encode(kept).decode(), self.app.clock.now()
        import_rows.put(tx, row)

    def _end(self, tx: Tx, seen: ImportRow, kept: Kept) -> bool:
        row = self._mine(tx, seen, kept)
        if row is None:
            return False
        now = self.app.clock.now()
        if row.state == "reading":
            kept.checked, row.state = True, "ready"
        else:
            row.state = "finished"
            if kept.audience and (listed := audience_rows.get(tx, row.space, kept.audience, lock=True)):
                listed.size = audience_rows.size(tx, audience_people.whom(tx, row.space, Audience(), now, key=kept.audience))
                listed.counted, listed.revision, listed.changed, listed.changed_by = now, listed.revision + 1, now, row.by
                audience_rows.put(tx, listed)
        row.body, row.changed = msgspec.json.encode(kept).decode(), now
        import_rows.put(tx, row)
        return False


def _unfit(change: Change, old: There | None, known: set[str]) -> RowReason | None:
    """Why it cannot be done with who is here; None when it can."""
    if old is not None and old.row.erased is not None:
        return RowReason("erased")
    if old is not None and old.row.user_id != change.user_id:
        return RowReason("user_taken")
    missing = sorted(set(change.fields.get("groups", ())) - known)
    return RowReason("group_unknown", missing[0]) if missing else None
