"""From what a check of a draft found to what the studio shows: complaints, values, the preview. Pure."""

from collections.abc import Iterator
from typing import Any

from backend.app.studio_views import LookView
from backend.domain.draft import Change
from backend.domain.template import EmailMessage, PushMessage, SmsMessage, WebMessage
from portal.components.editor import BLOCK_OFFERS, FIELD_OFFERS, FILTER_OFFERS
from portal.refusals import german
from portal.rows import Choice
from portal.studio_rows import ChangeRow, LineRow, ProblemRow, Shown, ValueRow
from portal.telling import Teller
from portal.theme import count

ROWS = 50
LINES = 300  # of one difference that are shown
OFFERED = 120
_WORDS = {"title": "heading", "text.sms": "sms"}


def field_word(voice: Teller, channel: str, field: str) -> str:
    """What people call a text of a channel."""
    if field.startswith("action"):
        return voice.say("studio.actions")
    name = _WORDS.get(f"{field}.{channel}") or _WORDS.get(field, field)
    return voice.say(f"studio.{name}")


def text_title(voice: Teller, locale: str, channel: str, field: str) -> str:
    """`Email, Subject (de)`."""
    return f"{voice.channel(channel)}, {field_word(voice, channel, field)}" + (f" ({locale})" if locale else "")


def problem_rows(voice: Teller, seen: LookView) -> list[ProblemRow]:
    """Complaints with their places in words."""
    rows = []
    for p in seen.problems:
        field = "actions" if p.field.startswith("action ") else p.field
        place = [field_word(voice, p.channel, field)] if field else []
        if p.part:
            place.append(voice.say("studio.in.part", part=p.part.replace(":", " ")))
        if p.line:
            place.append(voice.say("studio.at", line=p.line, column=max(1, p.column)))
        where = ", ".join(place)
        text = german(p.text) or p.text if voice.language == "de" else p.text
        if p.kind == "missing":
            text = voice.say("studio.absent", name=p.text.removeprefix("data."))
        line = 0 if p.part or field == "actions" else p.line
        rows.append(ProblemRow(field, where[:1].upper() + where[1:], text, p.kind, line, p.column))
    return rows[:ROWS]


def value_rows(seen: LookView, data: dict[str, Any]) -> list[ValueRow]:
    """What the text reads of `data`, and whether the sample has it."""
    rows = []
    for v in seen.variables:
        root, _, path = v.name.partition(".")
        if root == "data" and path:
            state = "there" if _has(data, path) else "absent" if v.required else "optional"
            rows.append(ValueRow(path, state))
    return rows[:ROWS]


def _has(inside: Any, path: str) -> bool:
    for name in path.replace("[]", ".[]").split("."):
        if name == "[]":
            if not isinstance(inside, list) or not inside:
                return isinstance(inside, list)
            inside = inside[0]
        elif isinstance(inside, dict) and name in inside:
            inside = inside[name]
        else:
            return False
    return True


def value_offers(data: dict[str, Any], user: dict[str, Any]) -> list[dict[str, str]]:
    """What the editor completes: values of the sample, fields of the person, the closed names, filters and blocks."""
    own = [{"kind": "value", "label": path, "detail": kind} for path, kind in _paths(data, "", 0)]
    attributes = user.get("attributes") or {}
    theirs = [{"kind": "value", "label": f"user.attributes.{name}"} for name in attributes if str(name).isidentifier()]
    return [*own[:OFFERED], *theirs[:20], *FIELD_OFFERS, *FILTER_OFFERS, *BLOCK_OFFERS]


def _paths(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict) or depth > 5:
        return
    for name, inner in value.items():
        if not str(name).isidentifier():
            continue
        below = f"{path}.{name}" if path else str(name)
        if isinstance(inner, dict):
            yield from _paths(inner, below, depth + 1)
        else:
            yield below, "list" if isinstance(inner, list) else "number" if isinstance(inner, int | float) and not isinstance(inner, bool) else ""


def shown(voice: Teller, seen: LookView) -> Shown:
    """The message for the preview's device."""
    match seen.message:
        case EmailMessage() as mail:
            return Shown(html=mail.html, text=mail.text, title=mail.subject, preheader=mail.preheader)
        case PushMessage() | WebMessage() as notice:
            return Shown(
                text=notice.body, title=notice.title, image=notice.image, link=notice.link, actions=[Choice(a.link, a.label) for a in notice.actions]
            )
        case SmsMessage() as sms:
            facts = foreign = ""
            if seen.segments is not None:
                s = seen.segments
                facts = voice.say(
                    "preview.segments", units=count(s.units, voice.language), room=count(s.per_segment * max(1, s.count), voice.language),
                    unit=voice.say(f"preview.unit.{s.encoding}"), count=s.count, encoding={"gsm7": "GSM-7", "ucs2": "UCS-2"}[s.encoding],
                )  # fmt: skip
                foreign = voice.say("preview.foreign", foreign=" ".join(s.foreign[:20])) if s.foreign else ""
            return Shown(text=sms.text, facts=facts, foreign=foreign)
        case _:
            return Shown()


def change_rows(voice: Teller, changes: list[Change]) -> list[ChangeRow]:
    """Differences, each text with its lines."""
    rows, left = [], LINES
    for change in changes[:ROWS]:
        lines = [LineRow(x.mark, x.text[:500], str(x.old or ""), str(x.new or "")) for x in change.lines[:left]]
        left -= len(lines)
        rows.append(ChangeRow(text_title(voice, change.locale, change.channel, change.field), lines))
        if left <= 0:
            break
    return rows
