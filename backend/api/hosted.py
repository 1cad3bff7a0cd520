"""/p: hosted preferences as one HTML form that works without script. GET shows, POST keeps what was changed and offers the way back."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from zoneinfo import available_timezones

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backend.api.hosted_words import TEXTS
from backend.api.pages import language, page
from backend.api.reading import read_body
from backend.app.hosted import HostedView
from backend.app.views import PersonIn, PreferencesIn, QuietHoursIn, moment
from backend.app.wishes import SPANS, MatrixRow
from backend.domain.delivery import CHANNELS
from backend.domain.errors import Invalid
from backend.domain.plain import in_line
from backend.domain.reasons import moment_words

if TYPE_CHECKING:
    from backend.app.app import App

DAY = 86_400.0
PAUSES = ("1", "7", "30")  # days
NIGHT = QuietHoursIn("22:00", "07:00")  # what the form suggests to who has none
ZONES = sorted(name for name in available_timezones() if ("/" in name and not name.startswith(("Etc/", "posix/", "right/"))) or name == "UTC")
_known = frozenset(available_timezones())
_back, _back_person = msgspec.json.Decoder(PreferencesIn), msgspec.json.Decoder(PersonIn)
Fields = dict[str, list[str]]


class _Wrong(Exception):
    """What was typed cannot be kept; the key of its sentence."""


async def preferences(app: "App", request: Request) -> Response:
    """See the module."""
    token = request.path_params["token"]
    view = await app.hosted.preferences(token)
    if request.method != "POST":
        return _shown(view)
    fields = parse_qs((await read_body(request, 64 * 1024)).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=2000)
    if "back" in fields:
        try:
            given, person = _back.decode(_one(fields, "back")), _back_person.decode(_one(fields, "back_person") or "{}")
            await app.hosted.save(token, given, person)
        except (msgspec.DecodeError, Invalid):
            return _shown(view, problem="p_problem_form")
        return _shown(await app.hosted.preferences(token), said="p_restored")
    if "form" not in fields and "cell" not in fields:  # an empty form would turn everything off
        return _shown(view, problem="p_problem_form")
    try:
        given, person = _given(fields, view, app.clock.now()), _person(fields, view)
    except _Wrong as wrong:
        return _shown(view, problem=str(wrong))
    if given == PreferencesIn() and person == PersonIn():
        return _shown(view, said="p_same")
    back = await app.hosted.save(token, given, person)
    return _shown(await app.hosted.preferences(token), said="p_saved", back=back)


def _given(fields: Fields, view: HostedView, now: float) -> PreferencesIn:
    """The wishes in which the form differs from what holds."""
    given = PreferencesIn()
    wishes, answers = _cells(set(fields.get("cell", [])), view.matrix.rows)
    if wishes:
        given.matrix, given.consents = wishes, answers
    if "quiet" in fields:
        spans = _spans(fields) if "quiet_on" in fields else []
        if spans != view.matrix.quiet_hours:
            given.quiet_hours = spans
    often = _one(fields, "frequency")
    if often in ("each", "daily", "weekly") and often != view.matrix.frequency:
        given.frequency = often  # type: ignore[assignment]
    if "counted" in fields and (counted := "tracking" in fields) != view.matrix.tracking:
        given.tracking = counted
    pause = _one(fields, "pause")
    if pause == "0":
        given.paused_until = None
    elif pause in PAUSES:
        given.paused_until = moment(now) + timedelta(days=int(pause))
    return given


def _cells(ticked: set[str], rows: list[MatrixRow]) -> tuple[dict[str, dict[str, bool | None]], dict[str, bool]]:
    wishes: dict[str, dict[str, bool | None]] = {}
    answers: dict[str, bool] = {}
    for row in rows:
        cells = {channel: f"{row.category}/{channel}" in ticked for channel in row.channels}
        if row.locked or all(cells[channel] == row.channels[channel].wanted for channel in cells):
            continue
        wishes[row.category] = dict(cells)
        if row.kind == "marketing" or row.consent is False:
            answers[row.category] = any(cells.values())
    return wishes, answers


def _spans(fields: Fields) -> list[QuietHoursIn]:
    spans = []
    for n in range(SPANS + 1):
        start, end = _one(fields, f"start_{n}"), _one(fields, f"end_{n}")
        if not start and not end:
            continue
        days = sorted({int(day) for day in fields.get(f"day_{n}", []) if day in "0123456" and len(day) == 1})
        try:
            span = msgspec.convert({"start": start[:5], "end": end[:5], "days": days}, QuietHoursIn)
        except msgspec.ValidationError:
            raise _Wrong("p_problem_span") from None
        if span.start == span.end or not span.days:
            raise _Wrong("p_problem_span")
        spans.append(span)
    if not spans or len(spans) > SPANS:
        raise _Wrong("p_problem_span")
    return spans


def _person(fields: Fields, view: HostedView) -> PersonIn:
    person = PersonIn()
    zone, tongue = _one(fields, "zone").strip(), _one(fields, "language")
    if zone and zone != view.timezone:
        if zone not in _known:
            raise _Wrong("p_problem_zone")
        person.timezone = zone
    if tongue in TEXTS and tongue != language(view.locale):
        person.locale = tongue
    return person


def _one(fields: Fields, name: str) -> str:
    return fields.get(name, [""])[0]


def _shown(view: HostedView, *, said: str = "", problem: str = "", back: tuple[PreferencesIn, PersonIn] | None = None) -> Response:
    texts, matrix = TEXTS[language(view.locale)], view.matrix
    spans: list[Any] = [*(matrix.quiet_hours or [NIGHT])]
    if matrix.quiet_hours and len(spans) < SPANS:
        spans.append(QuietHoursIn("", "", []))
    paused = texts["p_pause_until"].format(until=moment_words(view.paused_until, language(view.locale), view.timezone)) if view.paused_until else ""
    return page(
        "preferences", view.locale, texts["p_title"].format(brand=in_line(view.brand)), 422 if problem else 200, brand=view.brand,
        rows=matrix.rows, channels=[c for c in CHANNELS if any(c in row.channels for row in matrix.rows)],
        origins={row.category: _origin(row, view, texts) for row in matrix.rows}, quiet_on=bool(matrix.quiet_hours), spans=spans, zone=view.timezone, zones=ZONES,
        frequency=matrix.frequency, tracking=matrix.tracking, paused=paused, said=texts[said] if said else "", problem=texts[problem] if problem else "",
        back=msgspec.json.encode(back[0]).decode() if back else "", back_person=msgspec.json.encode(back[1]).decode() if back else "",
    )  # fmt: skip


def _origin(row: MatrixRow, view: HostedView, texts: dict[str, str]) -> str:
    """Where a row's answers come from, and the recorded answer where there is one."""
    if row.locked:
        return ""
    if row.consent_at is not None and (row.kind == "marketing" or row.consent is False):
        at = moment_words(row.consent_at.timestamp(), language(view.locale), view.timezone)
        return texts["yes_at" if row.consent else "no_at"].format(at=at)
    for cell in row.channels.values():
        kind, _, key = cell.source.partition(":")
        if kind in ("group", "space", "person", "consent"):
            return texts[f"from_{kind}"].format(group=in_line(key), brand=in_line(view.brand))
    return ""
