"""The page captured."""

import reflex as rx

from portal.components.text import t
from portal.frame import on_page
from portal.guard import guarded
from portal.shell import page_head, shell


class Captured(rx.State):
    """What is on the screen."""

    @guarded("captures.read", page=True)
    async def load(self) -> None:
        """Reset what the address does not carry."""


@rx.page("/captured", title=t("captured.title") + " · Carillon", on_load=on_page(Captured.load))
def captured() -> rx.Component:
    return shell("/captured", [(t("group.operate"), ""), (t("nav.captured"), "")], page_head(t("captured.title"), t("captured.sub")))
