"""Why one delivery arrived, waits, or did not."""

import reflex as rx

from portal.components.text import t
from portal.frame import on_page
from portal.guard import guarded
from portal.shell import page_head, shell


class DeliveryPage(rx.State):
    """What is on the screen."""

    @guarded("deliveries.read", page=True)
    async def load(self) -> None:
        """Reset what the address does not carry."""


@rx.page("/deliveries/[delivery]", title=t("delivery.title") + " · Carillon", on_load=on_page(DeliveryPage.load))
def delivery() -> rx.Component:
    return shell("/deliveries", [(t("nav.deliveries"), "/deliveries"), (t("delivery.title"), "")], page_head(t("delivery.title")))
