"""Preferences: what a person wants, by category and channel, with quiet hours and a pause; and the history of their consent.

A wish is what the person says; the effective matrix is what comes of it with groups, the space's defaults, consent and locks.
Every answer about a marketing category is a row of consent with source and evidence; the latest counts.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from backend.app import categories as content_categories
from backend.app.base import Aggregate, check_revision, is_own, need_or_own
from backend.app.person_checks import checked_person
from backend.app.views import PreferencesIn, PreferencesView, QuietHoursIn, moment, moment_or_none
from backend.domain import consent, preference, shift
from backend.domain.category import Category, Kind
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Invalid, Locked, UnknownCategory, UnknownChannel
from backend.domain.person import Person, QuietHours, Wishes
from backend.security.roles import Actor, need
from backend.store import content, groups, persons, shifts, space_rows
from backend.store.persons import ConsentRow, PersonRow
from backend.store.port import Tx

SPANS = 14  # quiet times of one person


class CellView(msgspec.Struct):
    """Whether a category comes over a channel. `source`: person, group:<key>, space, default, consent or locked."""

    wanted: bool
    source: str
    about: str = ""  # what the source speaks of: cell, category or channel


class MatrixRow(msgspec.Struct):
    """One category of the effective matrix, by channel. `consent`: the last recorded answer, null when there is none."""

    category: str
    name: str
    kind: Kind
    locked: bool
    consent: bool | None
    channels: dict[str, CellView]
    description: str = ""
    urgent: bool = False
    consent_at: datetime | None = None
    consent_source: str = ""
    consent_evidence: str = ""


class MatrixView(msgspec.Struct):
    """What holds for a person now."""

    rows: list[MatrixRow]
    quiet_hours: list[QuietHoursIn]
    quiet_source: str
    frequency: str = "each"
    frequency_source: str = "default"
    tracking: bool = True
    tracking_source: str = "default"


class AnswerView(msgspec.Struct):
    """One recorded answer to a category, with where it was given and what was shown."""

    category: str
    at: float  # seconds
    given: bool
    source: str
    evidence: str


class Preferences(Aggregate):
    """Preferences of people; a person reaches their own."""

    async def get(self, actor: Actor, user_id: str) -> PreferencesView:
        """What the person said. Raises `NotFound`."""
        need_or_own(actor, user_id, "people.read")

        def read(tx: Tx) -> PreferencesView:
            row = self.app.people.found(tx, actor.space, user_id)
            return _view(row, latest(tx, row))

        return await self.app.store.read(read)

    async def matrix(self, actor: Actor, user_id: str) -> MatrixView:
        """What comes of it: each category on each channel, with where the answer comes from. Raises `NotFound`."""
        need_or_own(actor, user_id, "people.read")

        def read(tx: Tx) -> MatrixView:
            row = self.app.people.found(tx, actor.space, user_id)
            space = content.space_wishes(tx, actor.space)
            view = effective(_person(tx, row), space, list(content_categories.telling(tx, actor.space).values()))
            answers = persons.latest_consents(tx, row.space, row.person)
            for line in view.rows:
                if answer := answers.get(line.category):
                    line.consent_at, line.consent_source, line.consent_evidence = moment(answer.at), answer.source, answer.evidence
            return view

        return await self.app.store.read(read)

    async def put(
        self, actor: Actor, user_id: str, given: PreferencesIn, seen_revision: int | None = None, evidence: str = ""
    ) -> PreferencesView:
        """Change what is given. `evidence` says how an answer was got, e.g. the form it came from. Errors: `Locked`, `UnknownCategory`, `Stale`."""
        return (await self.put_back(actor, user_id, given, seen_revision, evidence))[0]

    async def put_back(
        self, actor: Actor, user_id: str, given: PreferencesIn, seen_revision: int | None = None, evidence: str = ""
    ) -> tuple[PreferencesView, PreferencesIn]:
        """The same, with the change that takes it back. An answer given for the first time is taken back by its contrary: history stays."""
        own = need_or_own(actor, user_id, "people.write")
        person = checked_person(actor.space, user_id)
        if len(evidence) > 500:
            raise Invalid("The evidence of a consent has at most 500 characters.", field="evidence")
        source = actor.via if own else f"{actor.via}, on behalf"

        def write(tx: Tx) -> tuple[PreferencesView, PreferencesIn]:
            row = self.app.people.found(tx, actor.space, user_id, lock=True)
            check_revision(seen_revision, row.revision, f"The user {user_id}")
            known = content_categories.telling(tx, actor.space)
            before, said = msgspec.json.decode(row.wishes, type=Wishes), latest(tx, row)
            after = merged(before, given, known)
            row.wishes = msgspec.json.encode(after).decode()
            row.revision, row.changed = row.revision + 1, self.app.clock.now()
            persons.put(tx, row)
            answers = _answers(given, known, said)
            for category, yes in answers.items():
                persons.add_consent(tx, actor.space, person, ConsentRow(category, row.changed, yes, source, evidence))
            asked_first = {key: category.kind == "marketing" for key, category in known.items()}
            changes = shift.shifts(before, after, said, answers, asked_first, row.changed)
            shifts.count(tx, actor.space, changes, shift.way_of(actor.via, own=own or is_own(actor, user_id)), row.changed, demo=row.demo)
            fields = [name for name in given.__struct_fields__ if getattr(given, name) is not UNSET]
            self.note(tx, actor, "preferences.put", f"user:{user_id}", fields=fields, consents=answers)
            return _view(row, latest(tx, row)), reverse(before, said, given, answers, known)

        return await self.changing(actor.space, [person], write)

    async def answers(self, actor: Actor, user_id: str) -> tuple[AnswerView, ...]:
        """The history of consent, newest first. Raises `NotFound`."""
        need_or_own(actor, user_id, "people.read")

        def read(tx: Tx) -> tuple[AnswerView, ...]:
            row = self.app.people.found(tx, actor.space, user_id)
            kept = persons.consents_of(tx, actor.space, row.person)
            return tuple(AnswerView(*msgspec.structs.astuple(answer)) for answer in reversed(kept))

        return await self.app.store.read(read)

    async def of_space(self, actor: Actor) -> PreferencesView:
        """The defaults of the space, for whoever says nothing themselves and has no group that does."""
        need(actor, "content.read")
        return shown(await self.app.store.read(lambda tx: content.space_wishes(tx, actor.space)))

    async def put_of_space(self, actor: Actor, given: PreferencesIn) -> PreferencesView:
        """Change the defaults of the space; they hold for everybody at once. Errors: `Locked`, `UnknownCategory`, `Invalid`."""
        need(actor, "content.write")
        if given.consents not in (UNSET, {}):
            raise Invalid("A space gives no consent; each person does, in their own preferences.", field="consents")

        def write(tx: Tx) -> Wishes:
            settings = msgspec.json.decode(space_rows.settings(tx, actor.space, lock=True), type=dict[str, Any])
            known = content_categories.telling(tx, actor.space)
            wishes = merged(msgspec.convert(settings.get("wishes", {}), Wishes), given, known)
            settings["wishes"] = wishes
            space_rows.put_settings(tx, actor.space, msgspec.json.encode(settings).decode())
            fields = [name for name in given.__struct_fields__ if getattr(given, name) is not UNSET]
            self.note(tx, actor, "space.preferences", "space", fields=fields)
            return wishes

        return shown(await self.changing_content(write))


def latest(tx: Tx, row: PersonRow) -> dict[str, bool]:
    """category -> the answer that counts."""
    return {key: answer.given for key, answer in persons.latest_consents(tx, row.space, row.person).items()}


def merged(old: Wishes, given: PreferencesIn, known: dict[str, Category]) -> Wishes:
    """The wishes with the change. Raises `Locked`, `UnknownCategory`, `UnknownChannel`, `Invalid`."""
    channels, by_category = dict(old.channels), dict(old.categories)
    matrix = {category: dict(cells) for category, cells in old.matrix.items()}
    for channel, wanted in _given(given.channels).items():
        _check_channel(channel)
        _set(channels, channel, wanted)
    for category, wanted in _given(given.categories).items():
        _check_category(category, known, wanted)
        _set(by_category, category, wanted)
    for category, cells in ({} if given.matrix is UNSET else given.matrix).items():
        row = matrix.setdefault(category, {})
        for channel, wanted in cells.items():
            _check_channel(channel)
            _check_category(category, known, wanted)
            _set(row, channel, wanted)
        if not row:
            del matrix[category]
    quiet, paused = old.quiet, old.paused_until
    if given.quiet_hours is not UNSET:
        quiet = None if given.quiet_hours is None else _spans(given.quiet_hours)
    if given.paused_until is not UNSET:
        paused = None if given.paused_until is None else given.paused_until.timestamp()
    often = old.frequency if given.frequency is UNSET else given.frequency or ""
    tracking = old.tracking if given.tracking is UNSET else given.tracking
    return Wishes(channels, by_category, matrix, quiet, paused, often, tracking)


def reverse(
    before: Wishes, said: dict[str, bool], given: PreferencesIn, answers: dict[str, bool], known: dict[str, Category]
) -> PreferencesIn:
    """What has to be given to stand where one stood before `given` (which gave `answers`). No yes to marketing comes of it that was not there."""
    back = PreferencesIn()
    if given.channels is not UNSET:
        back.channels = {channel: before.channels.get(channel) for channel in given.channels}
    if given.categories is not UNSET:
        back.categories = {category: before.categories.get(category) for category in given.categories}
    if given.matrix is not UNSET:
        back.matrix = {
            category: {channel: before.matrix.get(category, {}).get(channel) for channel in cells} for category, cells in given.matrix.items()
        }
    if given.quiet_hours is not UNSET:
        back.quiet_hours = None if before.quiet is None else _quiet(before.quiet)
    if given.paused_until is not UNSET:
        back.paused_until = None if before.paused_until is None else moment(before.paused_until)
    if given.frequency is not UNSET:
        back.frequency = before.frequency or None  # type: ignore[assignment]
    if given.tracking is not UNSET:
        back.tracking = before.tracking
    if answers:
        back.consents = {category: said.get(category, known[category].kind != "marketing") for category in answers}
    return back


def effective(person: Person, space: Wishes, known: list[Category]) -> MatrixView:
    """The matrix as the gates will see it."""
    rows = []
    for category in known:
        locked = preference.locked(category.kind)
        refused = consent.refusal(person, category)
        cells = {}
        for channel in category.channels:
            wish = preference.resolve(person, space, category.key, channel)
            if locked:
                cells[channel] = CellView(True, "locked")
            elif refused:
                cells[channel] = CellView(False, "consent", refused)
            else:
                cells[channel] = CellView(wish.wanted, wish.source, wish.about)
        answer = person.consents.get(category.key)
        rows.append(
            MatrixRow(category.key, category.name, category.kind, locked, answer, cells, category.description, category.urgent)
        )
    spans, source = preference.quiet_ranges(person, space)
    return MatrixView(rows, _quiet(spans), source, *preference.frequency(person, space), *preference.tracked(person, space))


def shown(wishes: Wishes, revision: int = 0, timezone: str = "UTC", consents: dict[str, bool] | None = None) -> PreferencesView:
    """Wishes of any level as they are shown."""
    return PreferencesView(
        channels=wishes.channels,
        categories=wishes.categories,
        matrix=wishes.matrix,
        quiet_hours=_quiet(wishes.quiet or ()),
        paused_until=moment_or_none(wishes.paused_until),
        consents=consents or {},
        timezone=timezone,
        revision=revision,
        frequency=wishes.frequency or None,
        tracking=wishes.tracking,
    )


def _view(row: PersonRow, consents: dict[str, bool]) -> PreferencesView:
    return shown(msgspec.json.decode(row.wishes, type=Wishes), row.revision, row.timezone, consents)


def _person(tx: Tx, row: PersonRow) -> Person:
    keys = groups.keys_of(tx, row.space, row.person)
    levels = [group for key in keys if (group := groups.get(tx, row.space, key))]
    return Person(
        row.space,
        row.person,
        row.user_id,
        row.revision,
        wishes=msgspec.json.decode(row.wishes, type=Wishes),
        group_wishes=tuple((group.key, msgspec.json.decode(group.wishes, type=Wishes)) for group in levels),
        consents=latest(tx, row),
    )


def _answers(given: PreferencesIn, known: dict[str, Category], before: dict[str, bool]) -> dict[str, bool]:
    """What goes into the history of consent: answers given as such, and switches of a category that contradict or need one."""
    answers = {
        category: wanted
        for category, wanted in _given(given.categories).items()
        if wanted is not None and (known[category].kind == "marketing" or before.get(category, wanted) is not wanted)
    }
    for category, yes in ({} if given.consents is UNSET else given.consents).items():
        _check_category(category, known, yes)
        if preference.locked(known[category].kind):
            raise Locked(category=category)
        answers[category] = yes
    return answers


def _given(table: dict[str, bool | None] | msgspec.UnsetType) -> dict[str, bool | None]:
    return {} if table is UNSET else table


def _set(table: dict[str, bool], key: str, wanted: bool | None) -> None:
    if wanted is None:
        table.pop(key, None)
    else:
        table[key] = wanted


def _check_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise UnknownChannel(given=channel[:32], allowed=list(CHANNELS))


def _check_category(key: str, known: dict[str, Category], wanted: bool | None) -> None:
    category = known.get(key)
    if category is None:
        raise UnknownCategory(f"There is no category {key[:64]!r} here.", category=key[:64], known=sorted(known))
    if wanted is False and preference.locked(category.kind):
        raise Locked(f"{category.name} is essential: it reaches everybody and cannot be switched off.", category=key)


def _spans(given: list[QuietHoursIn]) -> tuple[QuietHours, ...]:
    if len(given) > SPANS:
        raise Invalid(f"At most {SPANS} quiet times. Join those that touch.", field="quiet_hours", limit=SPANS)
    for span in given:
        if span.start == span.end:
            raise Invalid("A quiet time ends when it begins. For whole days use a pause, else set another end.", field="quiet_hours")
        if not span.days:
            raise Invalid("A quiet time begins on no day. Name at least one, 0 is Monday.", field="quiet_hours")
    return tuple(QuietHours(span.start, span.end, tuple(sorted(set(span.days)))) for span in given)


def _quiet(spans: tuple[QuietHours, ...]) -> list[QuietHoursIn]:
    return [QuietHoursIn(span.start, span.end, list(span.days)) for span in spans]
