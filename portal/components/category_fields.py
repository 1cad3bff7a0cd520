"""The fields of a category, for making one and for changing one."""

from typing import Any

import reflex as rx

from backend.domain.delivery import CHANNELS, PRIORITIES
from portal.category_form import FLAGS, KINDS, TYPES
from portal.components.controls import field, text_area
from portal.components.elements import div, fieldset, input_el, label, legend, option, select_el, span
from portal.components.status import channel_icon
from portal.components.text import t
from portal.components.typed_form import plain_field


def category_fields(prefix: str, templates: Any, form: Any = None) -> list[rx.Component]:
    """`form`: a state var of the values there are ("yes" and "" for switches); without it the fields begin as a new category's."""

    def start(name: str, first: str) -> Any:
        return first if form is None else form[name]

    def on(name: str, first: bool) -> Any:
        return first if form is None else form[name] == "yes"

    def pick(name: str, words: Any, choices: list[Any], first: str) -> rx.Component:
        box = select_el(*choices, id=f"{prefix}-{name}", name=name, cls="select", default_value=start(name, first))
        return field(words, box)

    def switch(name: str, words: Any, first: bool, ico: Any = None) -> rx.Component:
        return label(
            input_el(type="checkbox", cls="check", name=name, default_checked=on(name, first)), *([ico] if ico is not None else []), span(words), cls="opt"
        )

    options = [option(t("category.field.template.none"), value=""), rx.foreach(templates, lambda one: option(one.text, value=one.value))]
    return [
        plain_field("name", t("category.field.name"), prefix=prefix, required=True, max_length=200, default_value=start("name", "")),
        field(
            t("category.field.description"),
            text_area(f"{prefix}-description", 2, custom_attrs={"name": "description"}, max_length=2000, default_value=start("description", "")),
        ),
        div(
            pick("kind", t("category.field.kind"), [option(t(f"kind.name.{one}"), value=one) for one in KINDS], "service"),
            pick("type", t("category.field.type"), [option(one, value=one) for one in TYPES], "SYSTEM"),
            pick("max_priority", t("category.field.max"), [option(t(f"priority.{one}"), value=one) for one in PRIORITIES], "high"),
            pick("template", t("category.field.template"), options, ""),
            cls="grid2",
        ),
        fieldset(
            legend(t("category.field.channels")),
            div(*[switch(f"channel-{one}", t(f"channel.{one}"), one in ("web", "email"), channel_icon(one)) for one in CHANNELS], cls="grid2c"),
            cls="field",
        ),
        div(
            plain_field("attempts", t("category.field.attempts"), t("category.field.attempts.hint"), prefix=prefix, input_mode="numeric", max_length=2, default_value=start("attempts", "")),
            plain_field("give_up", t("category.field.give_up"), t("category.field.give_up.hint"), prefix=prefix, input_mode="numeric", max_length=6, default_value=start("give_up", "")),
            cls="grid2",
        ),
        div(*[switch(flag, t(f"category.field.{flag}"), flag == "tracking") for flag in FLAGS], cls="col g2"),
    ]
