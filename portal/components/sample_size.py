"""The calculator of experiments: how many people it takes. Used on the page of experiments and where a campaign is made."""

from typing import Any

import reflex as rx

from portal.components.controls import button, field, text_input
from portal.components.elements import div, icon, p, span
from portal.components.surfaces import card
from portal.components.text import t
from portal.components.typed_form import wrong_line
from portal.states.experiment import SampleSize


def sample_size(id: str = "size", *, rate: Any = "5", gain: Any = "1", arms: Any = "2", people: Any = "", cls: str = "") -> rx.Component:
    """`rate`, `gain` in percent and points; what is given is what the fields begin with."""

    def number(name: str, words: Any, value: Any, mode: str) -> rx.Component:
        return field(words, text_input(f"{id}-{name}", name=name, default_value=value, input_mode=mode, auto_complete="off"))

    fields = div(
        number("rate", t("size.rate"), rate, "decimal"), number("gain", t("size.gain"), gain, "decimal"), number("arms", t("size.arms"), arms, "numeric"),
        number("people", t("size.people"), people, "numeric"), cls="grid2",
    )  # fmt: skip
    said = rx.cond(
        SampleSize.said != "",
        div(icon("calculator", 16), div(p(SampleSize.said, cls="strong"), rx.cond(SampleSize.more != "", p(SampleSize.more, cls="muted"))), cls="row"),
    )
    form = rx.el.form(
        fields, wrong_line(SampleSize.wrong), div(said, aria_live="polite"), div(button(t("size.act"), "calculator", type="submit"), span(cls="grow"), cls="row"),
        on_submit=SampleSize.work_out, class_name="col g3",
    )  # fmt: skip
    return card(t("size.title"), form, sub=t("size.sub"), cls=cls)
