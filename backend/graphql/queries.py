"""Queries. Lists are Relay connections that go forward; the facade decides who may see what."""

import strawberry

from backend.api.paging import Cursors
from backend.app.views import moment_or_none
from backend.graphql.context import Asked, subject
from backend.graphql.operating import OperatingQuery
from backend.graphql.people_types import Delivery, DeliveryConnection, DeliveryEdge, Preferences
from backend.graphql.types import Channel, Event, Me, Notification, NotificationConnection, NotificationEdge, PageInfo


@strawberry.type
class Query(OperatingQuery):
    """What can be read."""

    @strawberry.field
    async def me(self, info: Asked) -> Me:
        """Who the token speaks for."""
        actor = info.context.who()
        return Me(
            id=strawberry.ID(actor.subject),
            name=actor.name,
            role=actor.role or None,
            scopes=list(actor.scopes or ()),
            timezone=actor.timezone,
            locale=actor.locale,
            expires_at=moment_or_none(actor.expires),
        )

    @strawberry.field
    async def notifications(
        self, info: Asked, user_id: strawberry.ID | None = None, first: int = 50, after: str | None = None
    ) -> NotificationConnection:
        """The inbox, newest first; with `after`, what follows in the list, or the changes since a notification's cursor."""
        actor, user = subject(info, user_id)
        page = await info.context.app.inbox.list(actor, user, after, first)
        edges = [NotificationEdge(node=Notification.of(item), cursor=item.cursor) for item in page.items]
        info_of = PageInfo(
            has_next_page=page.next is not None,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=page.next or (edges[-1].cursor if edges else None),
        )
        return NotificationConnection(edges=edges, page_info=info_of, cursor=page.cursor)

    @strawberry.field
    async def unread_count(self, info: Asked, user_id: strawberry.ID | None = None) -> int:
        """Unread notifications."""
        actor, user = subject(info, user_id)
        return (await info.context.app.inbox.counts(actor, user)).unread

    @strawberry.field
    async def preferences(self, info: Asked, user_id: strawberry.ID | None = None) -> Preferences:
        """What a person wishes."""
        actor = info.context.who()
        return Preferences.of(await info.context.app.preferences.get(actor, str(user_id or actor.subject)))

    @strawberry.field
    async def event(self, info: Asked, id: strawberry.ID) -> Event | None:
        """One event with its ledger and decisions."""
        return Event.of(await info.context.app.events.get(info.context.who(), id))

    @strawberry.field
    async def delivery(self, info: Asked, id: strawberry.ID) -> Delivery | None:
        """One delivery with trace and timeline."""
        return Delivery.of(await info.context.app.deliveries.get(info.context.who(), id))

    @strawberry.field
    async def deliveries(
        self,
        info: Asked,
        event: strawberry.ID | None = None,
        user: strawberry.ID | None = None,
        state: str | None = None,
        channel: Channel | None = None,
        category: str | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> DeliveryConnection:
        """Deliveries, newest first; all filters that are given must hold."""
        app, actor = info.context.app, info.context.who()
        over = channel.value if channel else None
        filters = {"event": event, "user": user, "state": state, "channel": over, "category": category}
        cursors = Cursors(app.sealer)
        place = cursors.unwrap("deliveries", actor.space, filters, after)
        page = await app.deliveries.list(
            actor, event=event, user=user, state=state, channel=over, category=category, after=place, limit=first
        )
        following = cursors.wrap("deliveries", actor.space, filters, page.next)
        edges = [DeliveryEdge(node=Delivery.of(item), cursor=item.id) for item in page.items]
        info_of = PageInfo(
            has_next_page=following is not None,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=following,
        )
        return DeliveryConnection(edges=edges, page_info=info_of)
