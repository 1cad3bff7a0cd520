"""From what a producer sent to records of the log: every name known, every bound kept, the template's version pinned.

All that can be refused is refused here, before anything is durable, with the field and the repair.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from backend.app.demanded import OfChannels, Pin
from backend.domain.bounds import check_data
from backend.domain.category import Category
from backend.domain.delivery import CHANNELS, PRIORITIES, PRIORITY_NUMBER
from backend.domain.demands import lacking
from backend.domain.errors import (
    DataMissing,
    Invalid,
    Refusal,
    TemplateMissing,
    TooLarge,
    UnknownAudience,
    UnknownCategory,
    UnknownChannel,
    UnknownGroup,
    UnknownUser,
)
from backend.domain.event import Event, EventIn, FanOut
from backend.domain.ids import born_of, make_id, person_bytes, person_id
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.security.roles import Actor
from backend.store import audience_rows, groups
from backend.store.content import Known

if TYPE_CHECKING:
    from backend.app.app import App

USERS_LIMIT = 10_000  # of one event; more are a group
LIST_LIMIT = 64 * 1024 * 1024  # bytes of content that one list of users may become: each of them gets a record of it
TEXT_LIMIT = {"type": 128, "id": 256, "title": 500, "message": 20_000, "collapse_key": 128}  # characters
_control = re.compile("[\\x00-\\x1f]").search
_newest = [0.0]  # when the newest of an ordered category was accepted here
FURTHEST = 365 * 86_400.0  # seconds ahead that a send may be scheduled


class _Written(msgspec.Struct, omit_defaults=True):
    """A `Body` whose data is JSON already."""

    title: str = ""
    message: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Ready(msgspec.Struct):
    """An event that may be accepted. `event` is its first record, or a fan-out's pattern; `append` False: it is decided already."""

    event: Event
    persons: list[int]
    group: str = ""
    append: bool = True
    audience: str = ""

    @property
    def many(self) -> bool:
        """Whether who it is for is found out as it is carried out."""
        return bool(self.group or self.audience)

    @property
    def records(self) -> Iterable[Record]:
        """What acceptance makes durable."""
        if self.many:
            value = encode(FanOut(self.event, group=self.group, audience=self.audience))
            partition = topics.spread_of(self.event.id)
            yield Record(topics.fanouts(self.event.priority), partition, self.event.id, value)
            return
        for event in self.events:
            partition = topics.partition_of(event.space, event.person)
            yield Record(topics.events(event.priority), partition, event.person.to_bytes(8, "big", signed=True), encode(event))

    @property
    def events(self) -> Iterable[Event]:
        """One for each person; none for a fan-out."""
        event = self.event
        return (event if person == event.person else msgspec.structs.replace(event, person=person) for person in self.persons)

    def is_of(self, first: bytes) -> bool:
        """Whether an event that came under the same producer's id is for the same people: then it is this one."""
        return first == self.event.id or _made_id(born_of(first), self.event.space, self.event.source, self.event.key.encode(), self.persons, self.group, self.audience) == first

    def become(self, first: bytes) -> None:
        """The event is a repeat: it takes the id of the one that came first."""
        self.event = msgspec.structs.replace(self.event, id=first)


def way_key(space: int, made: bytes) -> bytes:
    """The cache's key of an event on its way from acceptance to its decision."""
    return b"{way}%d:" % space + made


async def prepare(app: "App", actor: Actor, items: Sequence[EventIn | Refusal], source: int) -> list[Ready | Refusal]:
    """Each item ready, or refused, in the order given. One look at people and groups for all of them."""
    known = await app.facts.content_of(actor.space)
    now = app.clock.now()
    users: dict[str, int] = {}
    keys: set[str] = set()
    audiences: set[str] = set()
    for item in items:
        if isinstance(item, EventIn):
            for user in (*([item.to.user] if item.to.user else []), *(item.to.users or [])[:USERS_LIMIT]):
                users.setdefault(user, person_id(actor.space, user))
            if item.to.group:
                keys.add(item.to.group)
            if item.to.audience:
                audiences.add(item.to.audience)
    found = await app.facts.read([(actor.space, person) for person in users.values()], now)
    people = {
        user: person
        for user, person in users.items()
        if not found[actor.space, person].erased and found[actor.space, person].user_id == user
    }
    have = await app.store.read(lambda tx: groups.existing(tx, actor.space, sorted(keys))) if keys else set()
    there = await app.store.read(lambda tx: audience_rows.existing(tx, actor.space, sorted(audiences))) if audiences else set()
    demanded = await app.demanded.of(_pins(items, actor.space, known))
    made: list[Ready | Refusal] = []
    for item in items:
        try:
            made.append(item if isinstance(item, Refusal) else _ready(item, actor, known, people, have, there, now, source, demanded))
        except Refusal as refusal:
            made.append(refusal)
    return made


def _pins(items: Iterable[EventIn | Refusal], space: int, known: Known) -> set[Pin]:
    """The versions that these events may be pinned to."""
    keys: set[str] = set()
    for item in items:
        if isinstance(item, EventIn):
            category = known.categories.get(item.category)
            keys.update(key for key in (item.template, category and category.template) if key)
    return {(space, key, known.published[key]) for key in keys if key in known.published}


def _ready(
    item: EventIn, actor: Actor, known: Known, people: dict[str, int], have: set[str], there: set[str], now: float, source: int,
    demanded: Mapping[Pin, OfChannels],
) -> Ready:  # fmt: skip
    data = _bounds(item)
    category = known.categories.get(item.category)
    if category is None:
        raise UnknownCategory(
            f"There is no category {item.category!r}. Create it first with PUT /v1/categories/{{key}}.",
            field="category",
            given=item.category,
        )
    persons, group, audience = _recipients(item, people, have, there)
    json_body = msgspec.json.encode(_Written(item.title or "", item.message or "", msgspec.Raw(data)))
    priority, asked = _priority(item, category)
    template, version = _template(item, category, known)
    channels = _channels(item)
    if version:
        _enough(item.data, template, channels or category.channels, demanded.get((actor.space, template, version), {}))
    expires, send_at = _time(item.expires_at, "expires_at"), _time(item.send_at, "send_at")
    if item.expires_at is not None and expires <= max(now, send_at):
        raise Invalid(
            "expires_at lies before the moment of sending: nobody could get this. Leave it out, or give a later time.", field="expires_at"
        )
    if send_at > now + FURTHEST:
        raise Invalid("send_at is more than a year ahead. Give an earlier time.", field="send_at")
    if len(persons) * len(json_body) > LIST_LIMIT:
        raise TooLarge(
            f"{len(persons)} users times {len(json_body)} bytes of content are more than {LIST_LIMIT} bytes. Make a group of them, or send less data.",
            field="to.users",
        )
    send_at = send_at if send_at > now else 0.0
    born = int(max(now, send_at) * 1000)
    unique = item.id.encode() if item.id else secrets.token_bytes(16)
    event = Event(
        id=_made_id(born, actor.space, source, unique, persons, group, audience), space=actor.space, person=persons[0] if persons else 0,
        type=item.type, category=category.key, priority=priority, accepted=_in_order(now) if category.ordered else now, source=source, key=item.id or "", channels=channels,
        template=template, version=version, collapse=item.collapse_key or "", expires=expires, send_at=send_at, asked_priority=asked,
        recipients=len(persons) or 0, body=json_body,
    )  # fmt: skip
    return Ready(event, persons, group, audience=audience)


def _in_order(now: float) -> float:
    """Now, and behind all that were accepted before: what one person gets of an ordered category keeps its place by it."""
    before = _newest[0]
    _newest[0] = before + 1e-6 if 0 <= before - now < 1.0 else now
    return _newest[0]


def _made_id(born: int, space: int, source: int, unique: bytes, persons: Sequence[int], group: str, audience: str = "") -> bytes:
    """Whom it is for is part of it: a second event under one producer's id, for others, must not hide among the records of the first."""
    whom = blake2b(b"".join(person_bytes(person) for person in sorted(persons)) + (group or (f"audience {audience}" if audience else "")).encode(), digest_size=16).digest()
    return make_id(born, space.to_bytes(2, "big"), bytes((source,)), unique, whom)


def _recipients(item: EventIn, people: dict[str, int], have: set[str], there: set[str]) -> tuple[list[int], str, str]:
    """Persons, or a group, or an audience."""
    given = [name for name in ("user", "users", "group", "audience") if getattr(item.to, name) is not None]
    if len(given) != 1:
        raise Invalid("`to` names exactly one of user, users, group and audience.", field="to", given=given)
    if item.to.audience is not None:
        if item.to.audience not in there:
            raise UnknownAudience(f"There is no audience {item.to.audience!r}. Create it first with PUT /v1/audiences/{{key}}.", field="to.audience")
        return [], "", item.to.audience
    if item.to.group is not None:
        if item.to.group not in have:
            raise UnknownGroup(f"There is no group {item.to.group!r}. Create it first with PUT /v1/groups/{{key}}.", field="to.group")
        return [], item.to.group, ""
    wanted = [item.to.user] if item.to.user is not None else list(dict.fromkeys(item.to.users or []))
    if not wanted:
        raise Invalid("`to.users` is empty: name at least one user.", field="to.users")
    if len(wanted) > USERS_LIMIT:
        raise Invalid(f"`to.users` holds {len(wanted)} users, more than {USERS_LIMIT}. Make a group of them.", field="to.users")
    unknown = [user for user in wanted if user not in people]
    if unknown:
        raise UnknownUser(
            f"Nobody with the user id {', '.join(repr(u) for u in unknown[:10])} is known here"
            + (f" (and {len(unknown) - 10} more)" if len(unknown) > 10 else "")
            + ". Create the user first with PUT /v1/users/{id}.",
            field="to", unknown=unknown[:10],
        )  # fmt: skip
    return [people[user] for user in wanted], "", ""


def _priority(item: EventIn, category: Category) -> tuple[str, str]:
    """The priority it gets, and the one it asked for when that was lowered."""
    if item.priority is not None and item.priority not in PRIORITY_NUMBER:
        raise Invalid(f"priority is {item.priority!r}. It is one of {', '.join(PRIORITIES)}.", field="priority", allowed=list(PRIORITIES))
    most = PRIORITY_NUMBER[category.max_priority]
    if item.priority is None:
        wanted = most if category.kind == "essential" else max(most, PRIORITY_NUMBER["normal"])
        return PRIORITIES[wanted], ""
    lowered = PRIORITY_NUMBER[item.priority] < most
    return (category.max_priority, item.priority) if lowered else (item.priority, "")


def _template(item: EventIn, category: Category, known: Known) -> tuple[str, int]:
    """The template and the version it is pinned to; ("", 0) for a title and a message."""
    if category.kind == "activity":
        if item.template is not None:
            raise Invalid(f"Nobody is told of an event of {category.key}: it says what somebody did. Leave template out, or name another category.", field="template")
        return "", 0
    if item.template is None and (item.title or not category.template):
        if not item.title:
            raise TemplateMissing("The event brings neither a template nor a title. Send one of them.", field="template")
        return "", 0
    key = item.template if item.template is not None else category.template
    version = known.published.get(key)
    if version is None:
        raise TemplateMissing(
            f"The template {key!r} has no published version. Publish it first, or send a title and a message.", field="template", given=key
        )
    return key, version


def _enough(data: dict[str, Any], template: str, channels: Iterable[str], wanted: OfChannels) -> None:
    """Refuse what rendering would refuse for certain, on any channel that was asked for."""
    for channel, paths in wanted.items():
        if channel in channels and (missing := lacking(data, paths)):
            raise DataMissing(
                f"The template {template!r} needs {', '.join(missing[:10])} for {channel}, and the event does not bring it. "
                "Send it in data, or give the template a default: {{ name|default('...') }}.",
                field="data", missing=missing, channel=channel,
            )  # fmt: skip


def _channels(item: EventIn) -> tuple[str, ...]:
    if item.channels is None:
        return ()
    for channel in item.channels:
        if channel not in CHANNELS:
            raise UnknownChannel(
                f"There is no channel {channel!r}. The channels are {', '.join(CHANNELS)}.",
                field="channels",
                given=channel,
                allowed=list(CHANNELS),
            )
    if not item.channels:
        raise Invalid("channels is an empty list: nothing could be sent. Leave it out for the category's own channels.", field="channels")
    return tuple(dict.fromkeys(item.channels))


def _time(text: str | None, field: str) -> float:
    if text is None:
        return 0.0
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError
        return at.timestamp()
    except (ValueError, OverflowError):
        raise Invalid(
            f"{field} is no RFC 3339 time with a zone. Write it like 2026-11-25T18:00:00Z.", field=field, given=text[:64]
        ) from None


def _bounds(item: EventIn) -> bytes:
    """Its data as JSON."""
    for name, most in TEXT_LIMIT.items():
        value = getattr(item, name)
        if value is not None and len(value) > most:
            raise Invalid(f"{name} has {len(value)} characters, more than {most}. Shorten it.", field=name, limit=most)
    if _control((item.title or "") + item.type + (item.id or "") + (item.collapse_key or "")):
        raise Invalid("title, type, id and collapse_key are one line each, without control characters. Take them out.", field="title")
    if not item.type:
        raise Invalid("type is empty. Name what happened, like order.shipped.", field="type")
    if item.id == "":
        raise Invalid("id is empty. Leave it out, or give the event an id of yours.", field="id")
    return check_data(item.data)
