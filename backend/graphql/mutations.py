"""Mutations: the same facade calls as over HTTP."""

from datetime import datetime
from typing import Any

import msgspec
import strawberry

from backend.api.reading import explained
from backend.app import views
from backend.domain.errors import Invalid, Refusal
from backend.domain.event import EventIn, To
from backend.graphql.context import Asked, subject
from backend.graphql.operating import OperatingMutation
from backend.graphql.people_types import AcceptedEvent, Address, EventInput, Preferences, PreferencesInput
from backend.graphql.types import Channel, ChatMessage, Counts

AT_ONCE = 1_000  # notifications marked in one request


@strawberry.type
class Mutation(OperatingMutation):
    """What can be changed."""

    @strawberry.mutation
    async def send_event(self, info: Asked, event: EventInput) -> AcceptedEvent:
        """Accept an event; it is durable when this answers."""
        answer = (await info.context.app.events.accept(info.context.who(), [_event(event)], source="graphql"))[0]
        if isinstance(answer, Refusal):
            raise answer
        shown = answer.id.hex()
        return AcceptedEvent(id=strawberry.ID(shown), url=f"/v1/events/{shown}", duplicate=answer.duplicate)

    @strawberry.mutation
    async def mark_notifications(
        self,
        info: Asked,
        ids: list[strawberry.ID] | None = None,
        user_id: strawberry.ID | None = None,
        seen: bool | None = strawberry.UNSET,
        read: bool | None = strawberry.UNSET,
        archived: bool | None = strawberry.UNSET,
        snoozed_until: datetime | None = strawberry.UNSET,
    ) -> Counts:
        """Set or take back flags of some notifications, or of all when `ids` is left out."""
        actor, user = subject(info, user_id)
        if ids is not None and not 1 <= len(ids) <= AT_ONCE:
            raise Invalid(
                f"ids holds {len(ids)} ids; one request takes 1 to {AT_ONCE:,}. Leave ids out for all.", field="ids", limit=AT_ONCE
            )
        flags = {
            name: value
            for name, value in (("seen", seen), ("read", read), ("archived", archived))
            if value is not strawberry.UNSET and value is not None
        }
        times = {} if snoozed_until is strawberry.UNSET else {"snoozed_until": snoozed_until}
        change = _converted({**flags, **times}, views.InboxChange)
        counts = await info.context.app.inbox.mark(actor, user, None if ids is None else [str(i) for i in ids], change)
        return Counts(unread=counts.unread, unseen=counts.unseen)

    @strawberry.mutation
    async def set_preferences(self, info: Asked, preferences: PreferencesInput, user_id: strawberry.ID | None = None) -> Preferences:
        """Change wishes; what is left out stays."""
        actor = info.context.who()
        given = _converted(_given(preferences), views.PreferencesIn)
        return Preferences.of(await info.context.app.preferences.put(actor, str(user_id or actor.subject), given))

    @strawberry.mutation
    async def register_address(
        self, info: Asked, channel: Channel, address: str, label: str = "", platform: str = "", user_id: strawberry.ID | None = None
    ) -> Address:
        """Add where a person can be reached, e.g. a device's push token, with its platform: fcm (or none), fid, apns, webpush."""
        actor = info.context.who()
        given = _converted({"channel": channel.value, "address": address, "label": label, "platform": platform}, views.AddressIn)
        return Address.of(await info.context.app.people.put_address(actor, str(user_id or actor.subject), given))

    @strawberry.mutation
    async def post_chat_message(self, info: Asked, channel_id: strawberry.ID, text: str) -> ChatMessage:
        """Say something in a chat channel."""
        given = _converted({"text": text}, views.ChatMessageIn)
        return ChatMessage.of(await info.context.app.chat.post(info.context.who(), str(channel_id), given.text))


def _event(given: EventInput) -> EventIn:
    to = given.to
    return EventIn(
        type=given.type,
        category=given.category,
        to=To(user=to.user, users=list(to.users) if to.users is not None else None, group=to.group, audience=to.audience),
        id=given.id,
        priority=given.priority.value if given.priority else None,
        template=given.template,
        title=given.title,
        message=given.message,
        data=_converted(given.data or {}, dict[str, Any]),
        channels=[channel.value for channel in given.channels] if given.channels is not None else None,
        collapse_key=given.collapse_key,
        expires_at=given.expires_at.isoformat() if given.expires_at else None,
        send_at=given.send_at.isoformat() if given.send_at else None,
    )


def _given(preferences: PreferencesInput) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name in ("channels", "categories", "matrix", "consents"):
        value = getattr(preferences, name)
        if value is not strawberry.UNSET and value is not None:
            given[name] = value
    if preferences.paused_until is not strawberry.UNSET:
        given["paused_until"] = preferences.paused_until
    if preferences.frequency is not strawberry.UNSET:
        given["frequency"] = preferences.frequency.value if preferences.frequency else None
    if preferences.tracking is not strawberry.UNSET:
        given["tracking"] = preferences.tracking
    quiet = preferences.quiet_hours
    if quiet is not strawberry.UNSET:
        spans = [{"start": q.start, "end": q.end, **({"days": q.days} if q.days is not None else {})} for q in quiet or ()]
        given["quiet_hours"] = None if quiet is None else spans
    return given


def _converted(value: Any, kind: Any) -> Any:
    """The same types, and the same words about what does not fit, as over HTTP."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise explained(str(error), kind, "argument") from None
