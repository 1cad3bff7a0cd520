"""Senders: who messages come from. A name, an address, where answers go, a postal address, and the categories they are for.

One sender of a space is the default: whatever no other is assigned comes from it. Until there is one, messages come from
the placeholder in `domain.space.Sender`.
"""

import re
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from backend.app.base import Aggregate, check_revision
from backend.app.categories import decoded
from backend.app.views import Page, moment
from backend.channels import dns
from backend.domain.errors import HeaderUnsafe, Invalid, NotFound
from backend.domain.mime import written
from backend.domain.space import Sender
from backend.security.addresses import normalise
from backend.security.roles import Actor, need
from backend.store import categories, senders
from backend.store.port import Tx
from backend.store.senders import SenderRow

LIMIT = 50  # senders of a space
_KEY = re.compile(r"[a-z0-9][a-z0-9._\-]{0,63}")
# line breaks and other control characters end a header; marks that turn the direction of writing make a name look like another
_HOSTILE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
Verdict = Literal["", "found", "other", "missing", "unknown"]


class SenderIn(msgspec.Struct, forbid_unknown_fields=True):
    """A sender as somebody hands it in. `revision`: the one you read."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    address: Annotated[str, Meta(min_length=3, max_length=254)]
    reply_to: Annotated[str, Meta(max_length=254)] = ""
    postal: Annotated[str, Meta(max_length=300)] = ""
    categories: Annotated[list[str], Meta(max_length=200)] = msgspec.field(default_factory=list)
    default: bool = False
    revision: int | None = None


class SenderView(msgspec.Struct):
    """A sender. `default`: whatever no other sender is assigned comes from it."""

    key: str
    name: str
    address: str
    reply_to: str
    postal: str
    categories: list[str]
    default: bool
    revision: int
    changed_at: datetime


class RecordView(msgspec.Struct):
    """A record for the domain's DNS. `verdict` is "" until it was looked for; `found` is what stands there now."""

    purpose: Literal["spf", "dmarc", "mx"]
    kind: str
    host: str
    value: str
    verdict: Verdict = ""
    found: str = ""


class Senders(Aggregate):
    """Senders of the actor's space. Changing one takes effect with the next message that is rendered."""

    async def put(self, actor: Actor, key: str, given: SenderIn, seen_revision: int | None = None) -> SenderView:
        """Make or replace one; the first of a space is its default. Errors: `Invalid`, `Stale`."""
        need(actor, "senders.write")
        fields = _checked(key, given)
        seen = given.revision if seen_revision is None else seen_revision

        def write(tx: Tx) -> SenderRow:
            old = senders.get(tx, actor.space, key, lock=True)
            check_revision(seen, old.revision if old else 0, f"The sender {key}")
            others = [row for row in senders.every(tx, actor.space) if row.key != key]
            if old is None and len(others) >= LIMIT:
                raise Invalid(f"A space has at most {LIMIT} senders. Change one that is there.", limit=LIMIT)
            known = {row.key: decoded(row) for row in categories.every(tx, actor.space)}
            if unknown := [name for name in given.categories if name not in known]:
                raise Invalid(f"There is no category {unknown[0][:64]!r} here.", field="categories", allowed=sorted(known))
            chosen = given.default or not any(row.chosen for row in others)
            promoting = [name for name in given.categories if known[name].kind == "marketing"]
            if not fields["postal"] and (chosen or promoting):
                why = "the default sender" if chosen else f"the category {promoting[0]}"
                raise Invalid(f"Marketing mail must carry a postal address, and {why} may send some. Give one in a line.", field="postal")
            row = SenderRow(
                space=actor.space, key=key, **fields, categories=msgspec.json.encode(list(dict.fromkeys(given.categories))).decode(),
                chosen=chosen, revision=(old.revision if old else 0) + 1, changed=self.app.clock.now(),
            )  # fmt: skip
            senders.put(tx, row)
            self.note(tx, actor, "sender.put", f"sender:{key}", revision=row.revision, default=chosen, categories=len(given.categories))
            return row

        return _view(await self.changing_content(write))

    async def remove(self, actor: Actor, key: str) -> None:
        """Its categories come from the default again. Errors: `NotFound`, `Invalid` for the default while there are others."""
        need(actor, "senders.write")

        def write(tx: Tx) -> None:
            row = senders.get(tx, actor.space, key, lock=True)
            if row is None:
                raise NotFound(f"There is no sender {key[:64]!r} here.")
            if row.chosen and senders.count(tx, actor.space) > 1:
                raise Invalid("This is the default sender. Make another one the default first, then remove this one.", field="default")
            senders.remove(tx, actor.space, key)
            self.note(tx, actor, "sender.remove", f"sender:{key}")

        await self.changing_content(write)

    async def list(self, actor: Actor) -> Page[SenderView]:
        """All of them, by key."""
        need(actor, "content.read")
        return Page([_view(row) for row in await self.app.store.read(lambda tx: senders.every(tx, actor.space))])

    async def get(self, actor: Actor, key: str) -> SenderView:
        """One of them. Raises `NotFound`."""
        need(actor, "content.read")
        return _view(await self._row(actor, key))

    async def records(self, actor: Actor, key: str) -> Page[RecordView]:
        """What its domain's DNS should say, so that mail of this sender is believed. Raises `NotFound`."""
        need(actor, "content.read")
        return Page(records_of((await self._row(actor, key)).sender, self.app.settings.first_smtp))

    async def check(self, actor: Actor, key: str) -> Page[RecordView]:
        """The same, each looked for by this machine's resolver. Raises `NotFound`, `Unavailable` without a name server."""
        need(actor, "senders.write")
        wanted = records_of((await self._row(actor, key)).sender, self.app.settings.first_smtp)
        for record in wanted:
            values = await dns.lookup(record.host, record.kind)
            record.verdict, record.found = _compared(record, values)
        return Page(wanted)

    async def _row(self, actor: Actor, key: str) -> SenderRow:
        row = await self.app.store.read(lambda tx: senders.get(tx, actor.space, key))
        if row is None:
            raise NotFound(f"There is no sender {key[:64]!r} here.")
        return row


def records_of(sender: Sender, smtp_url: str) -> list[RecordView]:
    """The records of a sender's domain. Without a mail server that others can see, nothing may send for it: DMARC alone."""
    written_address = written("From", sender.address)
    domain, (host, bare) = written_address.rpartition("@")[2], _server(smtp_url)
    made = []
    if host:
        how = f"a:{host}" if not bare else f"ip{bare.version}:{host}"
        made.append(RecordView("spf", "TXT", domain, f"v=spf1 {how} ~all"))
    made.append(RecordView("dmarc", "TXT", f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:{written_address}"))
    if host and not bare:
        made.append(RecordView("mx", "MX", domain, f"10 {host}."))
    return made


def _server(smtp_url: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    """The mail server as others see it: its name or its address; "" for none, or one that only this network knows."""
    host = urlsplit(smtp_url).hostname or ""
    try:
        bare = ip_address(host)
    except ValueError:
        return ("" if "." not in host or host.endswith((".local", ".internal")) else host), None
    return (host if bare.is_global else ""), bare


def _compared(record: RecordView, values: list[str]) -> tuple[Verdict, str]:
    if record.purpose == "mx":
        hosts = {value.partition(" ")[2].rstrip(".").lower() for value in values}
        mine = record.value.partition(" ")[2].rstrip(".").lower()
        return ("found" if mine in hosts else "other" if values else "missing"), ", ".join(values)[:500]
    start = record.value.partition(" ")[0].rstrip(";").lower()
    alike = [value for value in values if value.lower().startswith(start)]
    if not alike:
        return "missing", ""
    want = set(record.value.lower().split())
    good = any(want <= set(value.lower().split()) for value in alike) or record.purpose == "dmarc"  # any policy is a policy
    return ("found" if good else "other"), " / ".join(alike)[:500]


def _checked(key: str, given: SenderIn) -> dict[str, str]:
    if not _KEY.fullmatch(key):
        raise Invalid("The key of a sender is 1 to 64 small letters, digits or . _ -, and begins with a letter or digit.", field="key")
    name, postal = given.name.strip(), ", ".join(line.strip() for line in given.postal.splitlines() if line.strip())
    for field, text in (("name", name), ("postal", postal)):
        if _HOSTILE.search(text):
            raise Invalid("This holds a line break or another control character. Write it in one line of letters.", field=field)
    if not name:
        raise Invalid("A sender needs a name: what people read before they open the mail.", field="name")
    made = {"name": name, "postal": postal, "reply_to": ""}
    for field, text in (("address", given.address), ("reply_to", given.reply_to)):
        if field == "address" or text.strip():
            made[field] = _address(field, text)
    return made


def _address(field: str, text: str) -> str:
    if _HOSTILE.search(text):
        raise Invalid("An address holds no line break. Write it like name@example.com.", field=field)
    try:
        address = normalise("email", text)
        written("From", address)
    except (Invalid, HeaderUnsafe):
        raise Invalid("This is no e-mail address that a mail can carry. Write it like name@example.com.", field=field) from None
    return address


def _view(row: SenderRow) -> SenderView:
    return SenderView(
        row.key, row.name, row.address, row.reply_to, row.postal, row.assigned, row.chosen, row.revision, moment(row.changed)
    )
