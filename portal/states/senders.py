"""State of the senders' page: the list, the one that is being edited, and what its domain's DNS should say."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from dataclasses import dataclass
from typing import Any

import msgspec
import reflex as rx

from backend.app.senders import RecordView, SenderIn, SenderView
from backend.domain.errors import NotFound, Refusal, Stale, Unavailable
from portal.category_form import telling
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.wiring import app

FIELDS = ("key", "name", "address", "reply_to", "postal", "categories")
NEW = "+"  # no key is this
PATH = "/senders"


@dataclass
class SenderLine:
    """A sender of the list. `covers`: names of its categories."""

    key: str
    name: str
    address: str
    covers: str
    default: bool


@dataclass
class Assigned:
    """A category to assign; `other` is the sender it would be taken from."""

    key: str
    name: str
    on: bool
    other: str


@dataclass
class DnsRow:
    """One record to copy. `look` is a hue, `said` what was found."""

    purpose: str
    kind: str
    host: str
    value: str
    look: str
    said: str


class Senders(rx.State):
    """`chosen`: the key being edited, NEW for a new one, "" for none."""

    lines: list[SenderLine] = []
    chosen: str = ""
    round: int = 0  # grows when the form begins anew
    key: str = ""
    name: str = ""
    address: str = ""
    reply_to: str = ""
    postal: str = ""
    default: bool = False
    assigned: list[Assigned] = []
    problems: dict[str, str] = dict.fromkeys((*FIELDS, "all"), "")
    records: list[DnsRow] = []
    served: bool = False  # there is a mail server that others can see
    checking: bool = False
    trouble: str = ""
    _revision: int = 0

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """The list; one may be named in the address."""
        self.reset()
        await _fill(self)
        asked = str(self.router.url.query_parameters.get("sender", ""))[:64]
        if any(line.key == asked for line in self.lines):
            await _open(self, asked)
        elif self.lines:
            await _open(self, self.lines[0].key)

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("content.read")
    async def choose(self, key: str) -> None:
        """Look at one."""
        await _open(self, str(key)[:64])

    @guarded("senders.write")
    async def anew(self) -> None:
        """An empty form."""
        await _open(self, NEW)

    @guarded("senders.write")
    async def save(self, form: dict[str, Any]) -> None:
        """Make it, or change it when nobody did since it was opened."""
        new = self.chosen == NEW
        key = str(form.get("key", "")).strip()[:100] if new else self.chosen
        fields = {name: str(form.get(name, "")).strip()[:1000] for name in ("name", "address", "reply_to", "postal")}
        covers = [one.key for one in self.assigned if form.get(f"category:{one.key}")]
        default = bool(form.get("default")) or self.default
        self.problems = dict.fromkeys((*FIELDS, "all"), "")
        voice = await teller(self)
        try:
            given = {**fields, "categories": covers, "default": default, "revision": self._revision}
            await app().senders.put(caller(), key, msgspec.convert(given, SenderIn))
        except msgspec.ValidationError:
            self.problems = _unfit(fields, voice.say)
            return
        except (Stale, NotFound) as stale:
            self.problems = {**self.problems, "all": in_words(stale)}
            return
        except Unavailable:
            raise
        except Refusal as refusal:
            place = str(refusal.facts.get("field", ""))
            self.problems = {**self.problems, place if place in FIELDS else "all": in_words(refusal)}
            return
        await _fill(self)
        await _open(self, key)
        said = voice.say("senders.saved.text")
        tell(await self.get_state(Frame), "delivered", voice.say("senders.saved", name=fields["name"]), said)

    @guarded("senders.write")
    async def remove(self) -> None:
        """The one that is open."""
        voice, name = await teller(self), self.name
        await app().senders.remove(caller(), self.chosen)
        await _fill(self)
        await _open(self, self.lines[0].key if self.lines else "")
        tell(await self.get_state(Frame), "delivered", voice.say("senders.removed", name=name))

    @guarded("senders.write", background=True)
    async def check(self) -> None:
        """Ask the resolver of this machine whether the records are there."""
        actor = caller()
        async with self:
            key, self.checking = self.chosen, True
        try:
            found = (await app().senders.check(actor, key)).items
        except Refusal as refusal:
            async with self:
                self.checking = False
                tell(await self.get_state(Frame), "failed", in_words(refusal))
            return
        async with self:
            self.checking = False
            if self.chosen == key:
                self.records = _rows(found, (await teller(self)).say)


async def _fill(page: Senders) -> None:
    page.trouble = ""
    try:
        views = (await app().senders.list(caller())).items
        names = {category.key: category.name for category in (await app().categories.list(caller())).items}
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    page.lines = [
        SenderLine(view.key, view.name, view.address, ", ".join(names.get(key, key) for key in view.categories), view.default)
        for view in views
    ][:50]


async def _open(page: Senders, key: str) -> None:
    page.round += 1
    page.problems, page.records = dict.fromkeys((*FIELDS, "all"), ""), []
    views = (await app().senders.list(caller())).items
    view = next((one for one in views if one.key == key), None)
    page.chosen = key if view is not None or key == NEW else ""
    page.key, page.name, page.address, page.reply_to, page.postal, page.default, page._revision = _fields(view)
    if view is None and not views:
        page.default = True
    owners = {category: one for one in views for category in one.categories}
    page.assigned = [
        Assigned(c.key, c.name, view is not None and c.key in view.categories, _other(owners.get(c.key), key))
        for c in telling((await app().categories.list(caller())).items)
    ][:50]
    if view is not None:
        found = (await app().senders.records(caller(), key)).items
        page.served = any(record.purpose == "spf" for record in found)
        page.records = _rows(found, (await teller(page)).say)


def _other(owner: SenderView | None, key: str) -> str:
    return owner.name if owner is not None and owner.key != key else ""


def _fields(view: SenderView | None) -> tuple[str, str, str, str, str, bool, int]:
    if view is None:
        return "", "", "", "", "", False, 0
    return view.key, view.name, view.address, view.reply_to, view.postal, view.default, view.revision


def _rows(records: list[RecordView], say: Any) -> list[DnsRow]:
    looks = {"": "", "found": "delivered", "other": "held", "missing": "failed", "unknown": "queued"}
    return [
        DnsRow(
            record.purpose, record.kind, record.host, record.value, looks[record.verdict],
            say(f"senders.dns.{record.verdict}", found=record.found) if record.verdict else "",
        )
        for record in records
    ]  # fmt: skip


def _unfit(fields: dict[str, str], say: Any) -> dict[str, str]:
    """What a length or a shape was wrong at."""
    problems = dict.fromkeys((*FIELDS, "all"), "")
    limits = {"name": 100, "address": 254, "reply_to": 254, "postal": 300}
    for name, limit in limits.items():
        if len(fields[name]) > limit:
            problems[name] = say("senders.long", limit=limit)
        elif not fields[name] and name in ("name", "address"):
            problems[name] = say(f"senders.needs.{name}")
    if not any(problems.values()):
        problems["address"] = say("senders.needs.address")
    return problems
