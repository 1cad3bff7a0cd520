"""/v1/schedules: events that are sent again and again."""

from backend.api.endpoint import Answer, Call, Endpoint, ListQuery
from backend.app.schedule_views import FiringView, PreviewTimesIn, ScheduleIn, ScheduleView, TimesView
from backend.app.views import Page, moment


async def put(call: Call) -> Answer:
    """Make or change a schedule."""
    return Answer(await call.app.schedules.put(call.actor, call.key, call.body, call.seen))


async def get(call: Call) -> Answer:
    """One schedule with its next times."""
    return Answer(await call.app.schedules.get(call.actor, call.key))


async def every(call: Call) -> Answer:
    """Every schedule, by key."""
    return call.page("schedules", await call.app.schedules.list(call.actor, after=call.after("schedules") or "", limit=call.query.limit))


async def delete(call: Call) -> Answer:
    """Delete a schedule; what it has sent stays."""
    await call.app.schedules.delete(call.actor, call.key)
    return Answer()


async def pause(call: Call) -> Answer:
    """Let it fire no more."""
    return Answer(await call.app.schedules.pause(call.actor, call.path["key"], True))


async def resume(call: Call) -> Answer:
    """Let it fire again, from its next time on."""
    return Answer(await call.app.schedules.pause(call.actor, call.path["key"], False))


async def firings(call: Call) -> Answer:
    """What became of its times, newest first."""
    page = await call.app.schedules.firings(call.actor, call.path["key"], after=call.after("firings"), limit=call.query.limit)
    return call.page("firings", page)


async def preview(call: Call) -> Answer:
    """The next times of a cron line."""
    return Answer(TimesView([moment(at) for at in await call.app.schedules.preview(call.actor, call.body.cron, call.body.zone)]))


_READ, _SEND = ("events.read",), ("events.send",)
_S = "/v1/schedules/{key}"
ENDPOINTS = [
    Endpoint("GET", "/v1/schedules", "listSchedules", "Every schedule", every, _READ, answer=Page[ScheduleView], query=ListQuery),
    Endpoint("POST", "/v1/schedules/preview", "previewTimes", "The next times of a cron line", preview, _SEND, body=PreviewTimesIn, answer=TimesView),
    Endpoint("PUT", _S, "putSchedule", "Make or change a schedule", put, _SEND, body=ScheduleIn, answer=ScheduleView),
    Endpoint("GET", _S, "getSchedule", "A schedule with its next times", get, _READ, answer=ScheduleView),
    Endpoint("DELETE", _S, "deleteSchedule", "Delete a schedule", delete, _SEND, status=204),
    Endpoint("POST", f"{_S}/pause", "pauseSchedule", "Let it fire no more", pause, _SEND, answer=ScheduleView),
    Endpoint("POST", f"{_S}/resume", "resumeSchedule", "Let it fire again", resume, _SEND, answer=ScheduleView),
    Endpoint("GET", f"{_S}/firings", "listFirings", "What became of its times", firings, _READ, answer=Page[FiringView], query=ListQuery),
]
