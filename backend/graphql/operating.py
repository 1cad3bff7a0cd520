"""Queries and mutations of those who operate: the engine, and schedules. The facade decides who may."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import strawberry

from backend.api.paging import Cursors
from backend.api.reading import explained
from backend.app.schedule_views import ScheduleIn
from backend.app.views import moment
from backend.graphql.context import Asked
from backend.graphql.engine_types import Engine
from backend.graphql.schedule_types import Firing, FiringConnection, FiringEdge, Schedule, ScheduleConnection, ScheduleEdge, ScheduleInput
from backend.graphql.types import PageInfo


@strawberry.type
class OperatingQuery:
    """What can be read of how it runs."""

    @strawberry.field
    async def engine(self, info: Asked) -> Engine:
        """What is stuck, why and what to do."""
        return Engine.of(await info.context.app.engine.now(info.context.who()))

    @strawberry.field
    async def schedule(self, info: Asked, key: strawberry.ID) -> Schedule | None:
        """One schedule with its next times."""
        return Schedule.of(await info.context.app.schedules.get(info.context.who(), str(key)))

    @strawberry.field
    async def schedules(self, info: Asked, first: int = 50, after: str | None = None) -> ScheduleConnection:
        """Every schedule, by key."""
        app, actor, cursors = info.context.app, info.context.who(), Cursors(info.context.app.sealer)
        place = cursors.unwrap("schedules", actor.space, {}, after)
        page = await app.schedules.list(actor, after=place or "", limit=first)
        edges = [ScheduleEdge(node=Schedule.of(one), cursor=cursors.wrap("schedules", actor.space, {}, one.key) or "") for one in page.items]
        return ScheduleConnection(edges=edges, page_info=_page_info(edges, cursors.wrap("schedules", actor.space, {}, page.next), after))

    @strawberry.field
    async def firings(self, info: Asked, schedule: strawberry.ID, first: int = 50, after: str | None = None) -> FiringConnection:
        """What became of a schedule's times, newest first."""
        app, actor, cursors = info.context.app, info.context.who(), Cursors(info.context.app.sealer)
        filters = {"schedule": str(schedule)}
        place = cursors.unwrap("firings", actor.space, filters, after)
        page = await app.schedules.firings(actor, str(schedule), after=place, limit=first)
        edges = [FiringEdge(node=Firing.of(one), cursor=one.id) for one in page.items]
        return FiringConnection(edges=edges, page_info=_page_info(edges, cursors.wrap("firings", actor.space, filters, page.next), after))

    @strawberry.field
    async def preview_times(self, info: Asked, cron: str, zone: str = "UTC") -> list[datetime]:
        """The next five times of a cron line."""
        return [moment(at) for at in await info.context.app.schedules.preview(info.context.who(), cron, zone)]


@strawberry.type
class OperatingMutation:
    """What can be changed of schedules."""

    @strawberry.mutation
    async def put_schedule(self, info: Asked, key: strawberry.ID, schedule: ScheduleInput) -> Schedule:
        """Make or change a schedule; what is left out is as if it had never been said."""
        try:
            given = msgspec.convert(schedule.plain(), ScheduleIn)
        except msgspec.ValidationError as error:
            raise explained(str(error), ScheduleIn, "argument") from None
        return Schedule.of(await info.context.app.schedules.put(info.context.who(), str(key), given))

    @strawberry.mutation
    async def pause_schedule(self, info: Asked, key: strawberry.ID, paused: bool = True) -> Schedule:
        """Let it fire no more, or again from its next time on."""
        return Schedule.of(await info.context.app.schedules.pause(info.context.who(), str(key), paused))

    @strawberry.mutation
    async def delete_schedule(self, info: Asked, key: strawberry.ID) -> strawberry.ID:
        """It fires no more; what it has sent stays."""
        await info.context.app.schedules.delete(info.context.who(), str(key))
        return key


def _page_info(edges: Sequence[Any], following: str | None, after: str | None) -> PageInfo:
    return PageInfo(has_next_page=following is not None, has_previous_page=after is not None, start_cursor=edges[0].cursor if edges else None, end_cursor=following)
