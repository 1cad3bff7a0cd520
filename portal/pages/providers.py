"""Providers and halts: how each provider does, what is halted, and the brake itself."""

import reflex as rx

from portal.components.controls import button, field, select, text_input
from portal.components.elements import a, div, icon, p, span, tbody, td, tr
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, tag
from portal.components.surfaces import card, empty
from portal.components.table import table
from portal.components.text import t
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.providers import LOOKS, PATH, Brakes, HaltRow, ProviderRow


def state_of(row: ProviderRow) -> rx.Component:
    """Its state in a word and a hue."""
    return rx.match(row.look, *[(look, tag(row.word, look)) for look in sorted(set(LOOKS.values()) - {"failed"})], tag(row.word, "failed"))


def _provider(row: ProviderRow) -> rx.Component:
    under = rx.cond(row.text != "", p(row.text, cls="cap muted"))
    name = rx.cond(row.own, a(row.key, href=PATH + "/" + row.key, cls="strong mono link"), span(row.key, cls="strong mono"))
    acts = rx.cond(
        row.own,
        div(
            rx.cond(~row.first, button("", "arrow-up", kind="ghost sm", name=t("prov.up", key=row.key), on_click=Brakes.move(row.key, -1))),
            rx.cond(~row.last, button("", "arrow-down", kind="ghost sm", name=t("prov.down", key=row.key), on_click=Brakes.move(row.key, 1))),
            cls="row end",
        ),
    )
    return tr(
        td(div(channel_icon(row.channel, 15), div(name, p(row.about, cls="cap faint"), under, cls="col"), cls="row")),
        td(state_of(row), custom_attrs={"data-l": t("brakes.state")}),
        td(row.points, cls="r num", custom_attrs={"data-l": t("brakes.points")}),
        td(row.answers, cls="r num", custom_attrs={"data-l": t("brakes.bad")}),
        td(row.rate, cls="r num", custom_attrs={"data-l": t("brakes.budget")}),
        td(acts, cls="r"),
    )


def _providers() -> rx.Component:
    heads = [
        (t("brakes.provider"), ""), (t("brakes.state"), ""), (t("brakes.points"), "r"), (t("brakes.bad"), "r"), (t("brakes.budget"), "r"),
        (span(t("prov.order"), cls="sr"), "r"),
    ]  # fmt: skip
    rows = table(heads, tbody(rx.foreach(Brakes.providers, _provider)), name=t("brakes.providers"))
    none = empty("plug-zap", t("brakes.none"), t("brakes.none.text"))
    return card(t("brakes.providers"), rx.cond(Brakes.providers.length() > 0, rows, none), sub=t("brakes.providers.sub"), flush=True)


def _mode() -> rx.Component:
    act = rx.cond(
        Brakes.test,
        button(t("mode.end"), "send", data_open="mode-end"),
        button(t("mode.start"), "flask-conical", on_click=Brakes.switch(True)),
    )
    return card(t("mode.title"), p(rx.cond(Brakes.test, t("mode.on"), t("mode.off")), cls="muted"), sub=t("mode.text"), actions=[act])


def _halt(row: HaltRow) -> rx.Component:
    return rx.el.li(
        span(icon("circle-pause", 15), cls="ico held"),
        div(
            p(row.title, cls="strong clip2"),
            p(t("brakes.by", by=row.by), " · ", span(row.since, title=row.exact), cls="cap muted"),
            rx.cond(row.reason != "", p(row.reason, cls="cap muted clip2")),
            cls="grow",
        ),
        div(span(row.waiting, cls="strong num"), span(t("brakes.wait"), cls="cap faint"), cls="col groupcount"),
        button(t("brakes.resume"), "play", kind="sm", data_open="resume", on_click=Brakes.ask_resume(row.scope)),
        class_name="row pickline wrap",
    )


def _halts() -> rx.Component:
    rows = rx.el.ul(rx.foreach(Brakes.halts, _halt), class_name="picklist")
    none = empty("circle-check", t("brakes.free"), t("brakes.free.text"))
    return card(t("brakes.halts"), rx.cond(Brakes.halts.length() > 0, rows, none), sub=t("brakes.halts.sub"), flush=True)


def _dialogs() -> list[rx.Component]:
    said = div(rx.cond(Brakes.problem != "", Brakes.problem, Brakes.would), cls="strong", aria_live="polite", style={"margin_top": "14px"})
    scope = field(t("brakes.what"), select("halt-scope", Brakes.choices, value=Brakes.scope, on_change=Brakes.pick))
    why = field(t("brakes.why"), text_input("halt-why", max_length=500, on_blur=Brakes.say_why, auto_complete="off"), t("brakes.why.hint"))
    stop = button(t("brakes.halt.act"), "circle-pause", kind="danger solid", on_click=Brakes.halt, data_close="1", disabled=Brakes.problem != "")
    go = button(t("brakes.resume.act"), "play", kind="pri", on_click=Brakes.resume, data_close="1", disabled=Brakes.problem != "")
    return [
        modal("halt", t("brakes.halt.title"), t("brakes.halt.text"), div(scope, why, cls="col g4", style={"margin_top": "14px"}), said, confirm=stop),
        modal(
            "mode-end", t("mode.end.ask"), t("mode.end.text"),
            confirm=button(t("mode.end.act"), "send", kind="danger solid", on_click=Brakes.switch(False), data_close="1"),
        ),
        modal("resume", t("brakes.resume.title", name=Brakes.name), t("brakes.resume.text"), said, confirm=go),
    ]


@rx.page(PATH, title=t("brakes.title") + " · Carillon", on_load=on_page(Brakes.load, Brakes.follow))
def providers() -> rx.Component:
    return shell(
        PATH,
        [(t("group.operate"), ""), (t("nav.providers"), "")],
        page_head(
            t("brakes.title"), t("brakes.sub"),
            button(t("brakes.refresh"), "refresh-cw", on_click=Brakes.again),
            button(t("brakes.halt"), "circle-pause", kind="danger", data_open="halt", on_click=Brakes.ask("space")),
            button(t("prov.add"), "plus", kind="pri", href=PATH + "/new"),
        ),
        page_body(Brakes.trouble, Brakes.again, waiting_cards(), div(_providers(), _mode(), _halts(), cls="col g4")),
        *_dialogs(),
    )  # fmt: skip
