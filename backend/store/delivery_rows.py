"""Lists of deliveries with their notifications; what a filter costs is bounded, see `walk`."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, exists, select

from backend.store import history, walk
from backend.store.born import span, with_it
from backend.store.history import DeliveryRow, NotificationRow
from backend.store.port import Tx
from backend.store.tables import attempts, cohorts, deliveries, notifications


class DeliveriesAsked(msgspec.Struct, frozen=True):
    """Which deliveries; None in a field means all."""

    event: bytes | None = None
    person: int | None = None
    state: int | None = None
    channel: int | None = None
    category: str | None = None
    template: str | None = None
    reason: str | None = None
    provider: str | None = None
    since: float | None = None
    until: float | None = None


def page(tx: Tx, space: int, asked: DeliveriesAsked, before: bytes | None, limit: int) -> tuple[list[tuple[DeliveryRow, NotificationRow]], bytes | None]:
    """Deliveries with their notifications, newest first, behind `before`; where the next look goes on."""
    d, n = deliveries.c, notifications.c
    where: list[ColumnElement[bool]] = [d.space == space]
    if asked.event is not None:
        low, high = span(asked.event)
        mine = select(n.id).where(with_it(n, space, asked.event), n.event == asked.event)
        where += [d.id >= low, d.id < high, d.notification.in_(mine)]
    if asked.person is not None:
        where.append(d.person == asked.person)
    if asked.since is not None:
        where.append(d.id >= walk.id_at(asked.since))
    if asked.until is not None:
        where.append(d.id < walk.id_at(asked.until))

    def filters(c: Any, within: walk.Within) -> list[ColumnElement[bool]]:
        found = [c[name] == value for name in ("state", "channel", "reason") if (value := getattr(asked, name)) is not None]
        if asked.category is not None or asked.template is not None:
            found.append(c.cohort.in_(_cohorts(space, asked)))
        if asked.provider is not None:
            a = attempts.c
            at = [a.delivery >= walk.id_at(asked.since)] if asked.since is not None else []
            found.append(exists(select(a.n).where(a.delivery == c.id, a.space == space, a.provider == asked.provider, *within(a.delivery), *at)))
        return found

    narrowed = any(value is not None for value in (asked.state, asked.channel, asked.reason, asked.category, asked.template, asked.provider))
    ids, following = walk.newest(tx, deliveries, where, filters if narrowed else None, before, limit, needs=("state", "channel", "reason", "cohort"))
    rows = {row.id: row for row in history.deliveries_with(tx, space, ids)}
    parents = history.notifications_with(tx, space, {row.notification for row in rows.values()})
    return [(rows[made], parents[rows[made].notification]) for made in ids if made in rows and rows[made].notification in parents], following


def _cohorts(space: int, asked: DeliveriesAsked) -> Select[int]:
    c = cohorts.c
    wanted = {c.category: asked.category, c.template: asked.template}
    return select(c.cohort).where(c.space == space, *(column == value for column, value in wanted.items() if value is not None))
