"""What the preferences page holds of wishes and addresses: rows with words ready to be shown."""

from dataclasses import dataclass, field

from backend.app.views import AddressView, QuietHoursIn
from backend.app.wishes import MatrixRow
from backend.domain.plain import in_line
from portal.telling import Teller
from portal.theme import day
from portal.words import known

CHANNELS = ("email", "push", "sms", "web")
EVIDENCE = "preferences page: "
NAMES = 3  # categories named in a sentence


@dataclass
class Cell:
    """One category on one channel."""

    channel: str
    offered: bool
    on: bool
    name: str


@dataclass
class Line:
    """One category of the matrix."""

    key: str
    name: str
    text: str
    locked: bool
    origin: str  # where its answers come from
    consent: str  # the recorded answer, or what turning it on means
    own: bool  # the person chose something that can be given back to the default
    cells: list[Cell] = field(default_factory=list)


@dataclass
class Day:
    number: int
    word: str
    letter: str
    on: bool


@dataclass
class Span:
    """One quiet time. `problem`: why it is not kept as it stands."""

    number: int
    title: str
    start: str
    end: str
    over: bool  # it ends on the next day
    problem: str
    days: list[Day] = field(default_factory=list)


@dataclass
class Place:
    """One address of one's own."""

    id: str
    channel: str
    text: str
    note: str
    blocked: str
    device: bool


def listed(names: list[str], voice: Teller) -> str:
    quoted = [f"“{in_line(name, 60)}”" if voice.language == "en" else f"„{in_line(name, 60)}“" for name in names]
    if not quoted:
        return voice.say("pref.ahead.nothing")
    return voice.listed(quoted if len(quoted) <= NAMES else [*quoted[:NAMES], f"+{len(quoted) - NAMES}"])


def line_of(row: MatrixRow, voice: Teller) -> Line:
    cells = []
    for channel in CHANNELS:
        cell = row.channels.get(channel)
        name = voice.say("pref.cell", category=in_line(row.name), channel=voice.channel(channel))
        cells.append(Cell(channel, cell is not None, cell is not None and cell.wanted, name))
    return Line(
        row.category, row.name, row.description, row.locked, _origin(row, voice), _consent(row, voice),
        own=not row.locked and any(cell.source == "person" for cell in row.channels.values()), cells=cells,
    )  # fmt: skip


def _origin(row: MatrixRow, voice: Teller) -> str:
    if row.locked:
        return voice.say("pref.locked")
    sources = [cell.source for cell in row.channels.values()]
    for wanted in ("person", "group", "space"):
        found = next((source for source in sources if source.partition(":")[0] == wanted), "")
        if found:
            return voice.say(f"pref.from.{wanted}", **({"group": in_line(found.partition(":")[2])} if wanted == "group" else {}))
    if "consent" in sources:
        return "" if row.consent is False else voice.say("pref.from.consent")
    return voice.say("pref.from.default")


def _consent(row: MatrixRow, voice: Teller) -> str:
    wording = voice.say("pref.wording", category=in_line(row.name))
    at = day(row.consent_at.timestamp(), voice.zone, voice.language) if row.consent_at else ""
    if row.consent is False and at:
        return voice.say("pref.off.person", at=at)
    if row.kind != "marketing":
        return ""
    if row.consent and at:
        kept = row.consent_evidence.removeprefix(EVIDENCE)
        spoken = kept != row.consent_evidence and kept not in ("", "taken back")
        return voice.say("pref.yes", at=at, wording=in_line(kept, 160)) if spoken else voice.say("pref.yes.bare", at=at)
    return voice.say("pref.wording.ask", wording=wording)


def span_of(number: int, span: QuietHoursIn, voice: Teller) -> Span:
    days = [Day(n, voice.say(f"day.{n}"), voice.say(f"day.short.{n}"), n in span.days) for n in range(7)]
    return Span(number, voice.say("pref.quiet.span", n=number + 1), span.start, span.end, span.end < span.start, "", days)


def place_of(address: AddressView, voice: Teller) -> Place:
    since = ""
    if address.created_at:
        at = day(address.created_at.timestamp(), voice.zone, voice.language)
        since = voice.say("pref.address.registered", platform=voice.say(f"platform.{address.platform}"), day=at) if address.platform else voice.say("pref.address.since", day=at)
    blocked = ""
    if address.suppressed is not None:
        why = str(address.suppressed.params.get("reason", ""))
        blocked = voice.say("pref.address.blocked", why=voice.say(f"because.{why}") if known(f"because.{why}") else in_line(why, 40))
    return Place(address.id, address.channel, name_of(address, voice), since, blocked, address.channel == "push")


def name_of(address: AddressView, voice: Teller) -> str:
    if address.channel != "push":
        return in_line(address.address)
    if address.platform == "webpush" and not in_line(address.label):  # its JSON names nothing that people know
        return voice.say("push.label.browser")
    return in_line(address.label) or f"{voice.say('pref.device')} {in_line(address.address)[-6:]}"


