"""The page deliveries."""

import reflex as rx

from portal.components.text import t
from portal.frame import on_page
from portal.guard import guarded
from portal.shell import page_head, shell


class Deliveries(rx.State):
    """What is on the screen."""

    @guarded("deliveries.read", page=True)
    async def load(self) -> None:
        """Reset what the address does not carry."""


@rx.page("/deliveries", title=t("deliveries.title") + " · Carillon", on_load=on_page(Deliveries.load))
def deliveries() -> rx.Component:
    return shell(
        "/deliveries", [(t("group.measure"), ""), (t("nav.deliveries"), "")], page_head(t("deliveries.title"), t("deliveries.sub"))
    )
