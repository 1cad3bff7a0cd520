"""Short forms in dialogs: named fields that are sent together, with what is wrong said above the acts."""

from typing import Any

import reflex as rx

from portal.components.controls import button, field, text_input
from portal.components.elements import div, h2, icon, p, span
from portal.components.text import t


def plain_field(name: str, words: Any, hint: Any = None, *, prefix: str = "n", **props: Any) -> rx.Component:
    """A text field of a form; its id is unique by `prefix`."""
    return field(words, text_input(f"{prefix}-{name}", name=name, auto_complete="off", **props), hint)


def wrong_line(wrong: Any) -> rx.Component:
    """What was refused, and why."""
    return rx.cond(wrong != "", div(icon("circle-alert", 14), span(wrong), cls="err", role="alert"))


def form_dialog(
    id: str, title: Any, text: Any, *fields: Any, wrong: Any, act: Any, on_submit: Any, done: Any = None, kind: str = "pri", key: Any = None
) -> rx.Component:
    """Opened by `data_open=id`; closed by its acts and, where `done` is a state var, whenever that grows."""
    extra = {} if key is None else {"key": key}
    form = rx.el.form(
        h2(title, id=f"{id}-t"),
        p(text, cls="muted"),
        *fields,
        wrong_line(wrong),
        div(button(t("act.cancel"), data_close="1"), button(act, kind=kind, type="submit"), cls="acts"),
        on_submit=on_submit,
        class_name="col g3",
        **extra,
    )
    attributes = {"aria-labelledby": f"{id}-t"} | ({"data-done": done.to_string()} if done is not None else {})
    return rx.el.dialog(form, id=id, class_name="modal", custom_attrs=attributes)
