"""No page at this address."""

import reflex as rx

from portal.components.elements import div, main, plain_link
from portal.components.surfaces import empty
from portal.components.text import t
from portal.shell import logo


def lost() -> rx.Component:
    home = plain_link(t("closed.act"), href="/", cls="btn")
    return main(
        div(logo(30), cls="row", style={"justify_content": "center", "color": "var(--bronze)", "padding_top": "16vh"}),
        empty("map-pin-off", t("lost.title"), t("lost.text"), home),
        id="content",
    )
