"""Search across the house: people, templates, campaigns, audiences, events and deliveries, by what stands in an index and nothing else."""

import binascii

import msgspec

from backend.app.base import Aggregate
from backend.security.roles import Actor, may, need
from backend.store import found, persons
from backend.store.port import Tx

LONGEST = 128  # characters; more is cut off, for no name or id is longer
EACH = 6  # things of one kind
_KINDS = {"person": "people.read", "template": "content.read", "campaign": "content.read", "audience": "content.read", "event": "events.read", "delivery": "deliveries.read"}


class Found(msgspec.Struct):
    """One thing. `kind`: person, template, campaign, audience, event or delivery; `key` names it to the rest of the facade."""

    kind: str
    key: str
    title: str
    detail: str = ""


class Search(Aggregate):
    """See the module."""

    async def find(self, actor: Actor, text: str) -> list[Found]:
        """At most six of each kind the actor may read; with permission for none of them `Forbidden`.

        A person by exact e-mail address or telephone number, or by the beginning of the user id; a template, campaign
        or audience by the beginning of its key or name; an event or delivery by its id, or by the first twelve of its digits or more. Nothing for text that is none.
        """
        kinds = {kind for kind, permission in _KINDS.items() if may(actor, permission)}
        if not kinds:
            need(actor, _KINDS["delivery"])
        text = " ".join(text[:LONGEST].split())
        if not text or "\x00" in text:
            return []
        hashes = self.app.sealer.possible_hashes(text) if "person" in kinds else []
        span = _span(text)

        def read(tx: Tx) -> list[Found]:
            things: list[Found] = []
            if "person" in kinds:
                things += self._people(tx, actor.space, text, hashes)
            if "template" in kinds:
                things += [Found("template", key, name, key) for key, name in found.templates_of(tx, actor.space, text, EACH)]
            if "campaign" in kinds:
                things += [Found("campaign", key, name or key, key) for key, name in found.campaigns_of(tx, actor.space, text, EACH)]
            if "audience" in kinds:
                things += [Found("audience", key, name or key, key) for key, name in found.audiences_of(tx, actor.space, text, EACH)]
            if span is not None and "event" in kinds:
                things += [Found("event", made.hex(), kind, category) for made, kind, category in found.events_in(tx, actor.space, span, EACH)]
            if span is not None and "delivery" in kinds:
                things += [Found("delivery", made.hex(), category) for made, category in found.deliveries_in(tx, actor.space, span, EACH)]
            return things

        return await self.app.store.read(read)

    def _people(self, tx: Tx, space: int, text: str, hashes: list[tuple[int, bytes]]) -> list[Found]:
        rows = {}
        for channel, hashed in hashes:
            for person in persons.holders(tx, space, channel, hashed, EACH):
                row = persons.get(tx, space, person)
                if row is not None and row.erased is None:
                    rows[person] = row
        for row in persons.search(tx, space, text, EACH):
            rows.setdefault(row.person, row)
        named = ((row, self.app.people.profile(row).name) for row in list(rows.values())[:EACH])
        return [Found("person", row.user_id, name or row.user_id, row.user_id if name else "") for row, name in named]


def _span(text: str) -> tuple[bytes, bytes] | None:
    """The ids that begin with these digits, first and last; None when it is no id nor twelve digits of one."""
    digits = text.replace("-", "").lower()
    if not 12 <= len(digits) <= 32:
        return None
    try:
        return binascii.unhexlify(digits.ljust(32, "0")), binascii.unhexlify(digits.ljust(32, "f"))
    except (binascii.Error, ValueError):
        return None
