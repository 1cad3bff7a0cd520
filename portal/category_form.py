"""A category as a form: what is typed becomes what the facade takes, and what it means is said in sentences. Pure."""

from collections.abc import Iterable
from typing import Any, get_args

from backend.app.views import CategoryIn, CategoryView, PriorityName, TypeName
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.durations import span_of
from portal.telling import Teller
from portal.typed import whole_of

KINDS = ("essential", "service", "marketing", "activity")
UNTOLD = "activity"  # the kind that nobody is told anything of
TYPES: tuple[str, ...] = get_args(TypeName)
FLAGS = ("urgent", "ordered", "tracking")


def category_of(form: dict[str, Any], language: str, before: CategoryView | None = None) -> CategoryIn:
    """The form as a category; what it does not show (plan, digest, cap, value) stays as it was. Raises `Unread` for a number that is none."""
    kind, kind_of = str(form.get("kind", "service")), str(form.get("type", "SYSTEM"))
    priority, template = str(form.get("max_priority", "high")), str(form.get("template", ""))
    kept: dict[str, Any] = {}
    if before is not None:
        kept = {"plan": before.plan, "digest": before.digest, "cap": before.cap, "value": before.value}
    highest: PriorityName = priority if priority in PRIORITIES else "high"  # type: ignore[assignment]
    if kind == UNTOLD:  # what goes with telling is nobody's then, whatever stood there
        form, template, kept = {**form, **dict.fromkeys(("urgent", *(f"channel-{one}" for one in CHANNELS)), ""), "template": ""}, "", {}
    return CategoryIn(
        name=str(form.get("name", "")).strip()[:200] or "–",
        kind=kind if kind in KINDS else "service",  # type: ignore[arg-type]
        description=str(form.get("description", "")).strip()[:2000],
        type=kind_of if kind_of in TYPES else "SYSTEM",  # type: ignore[arg-type]
        max_priority=highest,
        channels=[one for one in CHANNELS if form.get(f"channel-{one}")],  # type: ignore[misc]
        template=template,
        attempts=_number(form.get("attempts"), 50, language),
        give_up=_number(form.get("give_up"), 10_080, language) * 60,
        revision=None,
        **{flag: bool(form.get(flag)) for flag in FLAGS},
        **kept,
    )


def telling(known: Iterable[CategoryView]) -> list[CategoryView]:
    """Those that somebody is told something of: what can be sent, and be wished."""
    return [one for one in known if one.kind != UNTOLD]


def _number(typed: Any, most: int, language: str) -> int:
    """A whole number as it was typed; nothing typed is nothing said."""
    text = str(typed or "").strip()
    return min(max(0, whole_of(text, language)), most) if text else 0


def sentences(voice: Teller, view: CategoryView) -> list[str]:
    """What it means for whoever an event of this category is for."""
    say = voice.say
    if view.kind == UNTOLD:
        return [say("kind.activity")]
    said = [say(f"kind.{view.kind}"), say("category.says.channels", over=voice.listed([voice.over(one) for one in view.channels]))]
    if view.kind == "essential":
        said.append(say("category.says.essential"))
    else:
        said.append(say("category.says.urgent" if view.urgent else "category.says.calm"))
    if view.max_priority != PRIORITIES[0]:
        said.append(say("category.says.max", priority=say(f"priority.{view.max_priority}")))
    if view.ordered:
        said.append(say("category.says.ordered"))
    if view.attempts:
        said.append(say("category.says.attempts", count=view.attempts))
    if view.give_up:
        said.append(say("category.says.give_up", span=span_of(view.give_up, voice.language)))
    if view.cap:
        said.append(say("category.says.cap", cap=", ".join(f"{name} {n}" for name, n in view.cap.items())))
    if view.template:
        said.append(say("category.says.template", template=view.template))
    said.append(say("category.says.tracking" if view.tracking else "category.says.untracked"))
    return said
