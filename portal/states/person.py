"""State of a person's page: who they are, what reaches them and why, and what staff may change."""

import json
from typing import Any

import reflex as rx

from backend.app.own_history import HistoryItem
from backend.app.views import AddressIn, AddressView, PersonIn
from backend.app.wishes import CellView, MatrixView
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Forbidden, Invalid, NotFound, Refusal, Unauthenticated, Unavailable
from backend.domain.plain import in_line
from portal.access import MAY
from portal.components.status import look_of
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.rows import Choice
from portal.staff_rows import AddressRow, CellRow, ConsentRow, MatrixRow, PastRow
from portal.telling import Teller
from portal.theme import ago, count, day, local, moment
from portal.wiring import app
from portal.words import known

PATH = "/people"
HISTORY = 10  # newest notifications shown
TRAIL = 50  # answers shown
FIELDS = ("name", "email", "phone", "timezone", "locale")


class PersonPage(rx.State):
    """One person, as this reader may see them."""

    key: str = ""
    gone: str = ""
    trouble: str = ""
    name: str = ""
    sub: str = ""
    form: dict[str, str] = dict.fromkeys(FIELDS, "")
    revision: int = 0
    addresses: list[AddressRow] = []
    masked: bool = False
    groups: list[str] = []
    other_groups: list[Choice] = []
    matrix: list[MatrixRow] = []
    quiet: str = ""
    paused: str = ""
    history: list[PastRow] = []
    consents: list[ConsentRow] = []
    facts: list[Choice] = []
    attributes: str = ""
    wrong: str = ""  # with the form that is open
    done: int = 0  # grows when a dialog has done what it was for
    leaving: str = ""  # the address that is about to be removed, as it is shown
    counts: str = ""  # what an erasure takes
    _leaving: str = ""

    @guarded("people.read", page=True)
    async def load(self) -> None:
        """The person of the address."""
        self.key = last_part(self, 200)
        self.wrong = self.counts = self.leaving = ""
        await _fill(self)

    @guarded("people.read")
    async def again(self) -> None:
        """After they did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("people.read")
    async def anew(self) -> None:
        """A dialog opens: nothing is wrong with it yet."""
        self.wrong = ""

    @guarded("people.write")
    async def save(self, form: dict[str, Any]) -> None:
        """Change what the form has; a field that was emptied is cleared, one that was not touched stays."""
        given: dict[str, Any] = {}
        for name in FIELDS:
            text = str(form.get(name, "")).strip()[:400]
            if text != self.form[name]:
                given[name] = text or (None if name in ("name", "email", "phone") else text)
        await self._change(lambda: app().people.put(caller(), self.key, PersonIn(**given), seen_revision=self.revision), "person.saved")

    @guarded("people.write")
    async def add_address(self, form: dict[str, Any]) -> None:
        """One more address."""
        channel = str(form.get("channel", ""))
        if channel not in ("email", "push", "sms"):
            raise Invalid(field="channel", allowed=["email", "push", "sms"])
        given = AddressIn(channel, str(form.get("address", "")).strip()[:4096], str(form.get("label", "")).strip()[:200])  # type: ignore[arg-type]
        await self._change(lambda: app().people.put_address(caller(), self.key, given), "person.address.added")

    @guarded("people.write")
    async def leave(self, address: str) -> None:
        """Ask before an address goes."""
        found = next((row for row in self.addresses if row.id == address), None)
        if found is not None:
            self._leaving, self.leaving, self.wrong = found.id, found.address, ""

    @guarded("people.write")
    async def remove_address(self) -> None:
        """The address that was asked about goes."""
        if self._leaving:
            await self._change(lambda: app().people.remove_address(caller(), self.key, self._leaving), "person.address.removed")

    @guarded("people.write")
    async def join(self, group: str) -> None:
        """Into a group."""
        if group in [choice.value for choice in self.other_groups]:
            await self._change(lambda: app().groups.add_members(caller(), group, [self.key]), "person.groups.changed")

    @guarded("people.write")
    async def part(self, group: str) -> None:
        """Out of a group."""
        if group in self.groups:
            await self._change(lambda: app().groups.remove_members(caller(), group, [self.key]), "person.groups.changed")

    @guarded("people.reveal")
    async def export(self) -> Any:
        """Everything kept about them, as a file."""
        bundle = await app().people.export(caller(), self.key)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("person.export.done"))
        text = json.dumps(bundle, indent=2, ensure_ascii=False, default=str)
        return rx.download(data=text, filename=f"{self.key}.json")

    @guarded("people.erase")
    async def weigh(self) -> None:
        """Count what an erasure takes, before it is asked for."""
        voice, held = await teller(self), await app().roster.holdings(caller(), self.key)
        numbers = {name: count(getattr(held, name), voice.language) for name in held.__struct_fields__}
        self.counts, self.wrong = voice.say("person.erase.counts", **numbers), ""

    @guarded("people.erase")
    async def erase(self, form: dict[str, Any]) -> Any:
        """Erase for good, once the user id was typed."""
        voice = await teller(self)
        if str(form.get("confirm", "")).strip() != self.key:
            self.wrong = voice.say("person.erase.wrong")
            return None
        gone = self.key
        if not await self._try(lambda: app().people.erase(caller(), gone)):
            return None
        tell(await self.get_state(Frame), "delivered", voice.say("person.erased", id=gone))
        return rx.redirect(PATH)

    async def _change(self, act: Any, said: str) -> None:
        """Do it, show the person as they are then, close the dialog and say so; or say in the dialog what was wrong."""
        if await self._try(act):
            self.done += 1
            await _fill(self)
            tell(await self.get_state(Frame), "delivered", (await teller(self)).say(said))

    async def _try(self, act: Any) -> bool:
        try:
            await act()
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = refusal.detail
            return False
        self.wrong = ""
        return True


async def _fill(page: PersonPage) -> None:
    voice, actor = await teller(page), caller()
    page.gone = page.trouble = ""
    try:
        person = await app().people.get(actor, page.key)
        addresses = (await app().people.addresses(actor, page.key)).items
        matrix, wishes = await app().preferences.matrix(actor, page.key), await app().preferences.get(actor, page.key)
        trail = (await app().roster.consents(actor, page.key)).items[:TRAIL]
        history = (await app().history.list(actor, page.key, limit=HISTORY)).items
        groups = (await app().groups.list(actor)).items
    except (NotFound, Invalid) as refusal:
        page.gone = refusal.detail
        return
    except Unavailable as away:
        page.trouble = away.detail
        return
    language, zone = voice.language, voice.zone
    page.key, page.name = person.id, person.name or person.id
    page.sub = voice.say("person.sub", id=person.id, zone=person.timezone, time=f"{local(voice.now, person.timezone):%H:%M}")
    page.form = {"name": person.name, "email": person.email or "", "phone": person.phone or "", "timezone": person.timezone, "locale": person.locale}
    page.revision, page.masked = person.revision, actor.role not in MAY["people.reveal"]
    page.addresses = [
        AddressRow(
            one.id, one.channel, f"…{one.address[-4:]}" if one.platform else one.address, one.label,
            voice.say("person.address.blocked", why=_blocked(voice, one.suppressed.params)) if one.suppressed else "",
            _since(voice, one, day(one.created_at.timestamp(), zone, language)) if one.created_at else "",
        )
        for one in addresses
    ]  # fmt: skip
    page.groups = person.groups[:50]
    page.other_groups = [Choice(group.key, group.name) for group in groups if group.key not in person.groups][:50]
    page.matrix, page.quiet = _matrix(voice, matrix), _quiet(voice, matrix)
    page.paused = voice.say("person.paused", until=voice.when(wishes.paused_until)) if wishes.paused_until and wishes.paused_until.timestamp() > voice.now else ""
    page.history = [_past(voice, item) for item in history]
    page.consents = [
        ConsentRow(
            voice.say("person.consents.given" if one.given else "person.consents.refused", category=one.category), "delivered" if one.given else "skipped",
            voice.say("person.consents.source", source=one.source), one.evidence, ago(one.at.timestamp(), voice.now, zone, language),
            moment(one.at.timestamp(), zone, language),
        )
        for one in trail
    ]  # fmt: skip
    page.facts = [
        Choice(voice.say("people.id"), person.id),
        Choice(voice.say("people.field.timezone"), person.timezone),
        Choice(voice.say("people.field.locale"), person.locale),
        Choice(voice.say("person.created"), moment(person.created_at.timestamp(), zone, language)),
        Choice(voice.say("person.changed"), moment(person.changed_at.timestamp(), zone, language)),
        Choice(voice.say("person.revision"), count(person.revision, language)),
    ]
    page.attributes = json.dumps(person.attributes, indent=2, ensure_ascii=False)[:20_000] if person.attributes else ""


def _past(voice: Teller, item: HistoryItem) -> PastRow:
    ways: dict[tuple[str, str], list[str]] = {}  # channels that fared alike are named together
    for unit in item.units:
        what = voice.say(f"look.{look_of(unit.state)}") if unit.state else voice.say("look.skipped")
        why = voice.because(unit.reasons) if unit.state not in ("sent", "delivered") else ""
        ways.setdefault((what, why), []).append(voice.channel(unit.channel))
    said = [
        voice.say("person.history.way" if why else "person.history.way.plain", channels=voice.listed(list(dict.fromkeys(channels))), what=what, why=why)
        for (what, why), channels in ways.items()
    ]
    states = [unit.state for unit in item.units if unit.state]
    look = {"arrived": "sent", "waiting": "held" if "held" in states else "queued", "none": next((look_of(one) for one in states), "skipped")}[item.fate]
    at = item.at.timestamp()
    title = item.title or voice.say("hist.untitled", category=in_line(item.category_name, 60))
    return PastRow(item.id, title, " · ".join(said), look, ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language))


def _since(voice: Teller, address: AddressView, when: str) -> str:
    if not address.platform:
        return voice.say("person.address.since", when=when)
    return voice.say("person.address.registered", platform=voice.say(f"platform.{address.platform}"), when=when)


def _blocked(voice: Teller, params: dict[str, Any]) -> str:
    reason = str(params.get("reason", ""))
    return voice.say(f"because.{reason}") if known(f"because.{reason}") else reason.replace("_", " ")


def _matrix(voice: Teller, matrix: MatrixView) -> list[MatrixRow]:
    rows = []
    for row in matrix.rows[:50]:
        cells = [_cell(voice, channel, row.channels.get(channel)) for channel in CHANNELS]
        rows.append(MatrixRow(row.category, row.name, row.kind, row.locked, cells))
    return rows


def _cell(voice: Teller, channel: str, cell: CellView | None) -> CellRow:
    if cell is None:
        return CellRow(channel, "none", "")
    return CellRow(channel, "on" if cell.wanted else "off", source_of(voice, cell.source))


def source_of(voice: Teller, source: str) -> str:
    """Where an answer comes from."""
    kind, _, name = source.partition(":")
    return voice.say(f"person.from.{kind}", group=name) if known(f"person.from.{kind}") else source


def _quiet(voice: Teller, matrix: MatrixView) -> str:
    if not matrix.quiet_hours:
        return voice.say("person.quiet.none")
    spans = ", ".join(dict.fromkeys(voice.say("person.quiet.span", start=span.start, end=span.end) for span in matrix.quiet_hours))
    return voice.say("person.quiet.from", spans=spans, source=source_of(voice, matrix.quiet_source or "default"))
