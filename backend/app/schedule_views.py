"""What the facade takes and shows of schedules."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from backend.app.views import ChannelName, PriorityName
from backend.domain.event import To
from backend.domain.schedule import GRACE, GRACE_LIMIT


class ScheduleIn(Struct, forbid_unknown_fields=True):
    """An event that is sent again and again. `cron`: minute, hour, day of month, month, day of week, on the clock of `zone`: an IANA name,
    or "person" for each person's own. `grace`: seconds for which a late firing is still made. `expires`: seconds after which it is not
    worth sending, 0 for never. `revision`: the one you read, 0 to make a new one."""

    cron: Annotated[str, Meta(min_length=1, max_length=1_000)]
    category: str
    to: To
    name: Annotated[str, Meta(max_length=200)] = ""
    zone: Annotated[str, Meta(max_length=200)] = "UTC"
    type: Annotated[str, Meta(max_length=128)] = "schedule"
    template: str = ""
    title: str = ""
    message: str = ""
    data: dict[str, Any] = {}
    channels: list[ChannelName] | None = None
    priority: PriorityName | None = None
    grace: Annotated[int, Meta(ge=0, le=GRACE_LIMIT)] = GRACE
    expires: Annotated[int, Meta(ge=0, le=30 * 86_400)] = 0
    paused: bool = False
    revision: int | None = None


class FiringView(Struct):
    """One time of a schedule. `fired`: `n` people were told, or will be; `missed`: it came when nothing ran, and was too late or not the
    newest (`n` times from this one on); `refused`: `detail` says why. `event`: what was sent, null when it was several."""

    id: str
    planned_at: datetime
    at: datetime
    outcome: Literal["fired", "missed", "refused"]
    n: int
    detail: str = ""
    event: str | None = None


class ScheduleView(Struct):
    """`upcoming`: its next five times; for each person's own zone in that of who asks. `last`: its newest firing."""

    key: str
    name: str
    cron: str
    zone: str
    category: str
    type: str
    to: To
    template: str
    title: str
    message: str
    data: dict[str, Any]
    channels: list[str] | None
    priority: str | None
    grace: int
    expires: int
    paused: bool
    upcoming: list[datetime]
    revision: int
    changed_at: datetime
    changed_by: str
    last: FiringView | None = None


class PreviewTimesIn(Struct, forbid_unknown_fields=True):
    """A cron line and a zone to try."""

    cron: Annotated[str, Meta(max_length=1_000)]
    zone: Annotated[str, Meta(max_length=200)] = "UTC"


class TimesView(Struct):
    """The next times; for each person's own zone in that of who asks."""

    upcoming: list[datetime]
