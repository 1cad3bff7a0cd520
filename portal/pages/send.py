"""The page send."""

import reflex as rx

from portal.components.text import t
from portal.frame import on_page
from portal.guard import guarded
from portal.shell import page_head, shell


class Send(rx.State):
    """What is on the screen."""

    @guarded("events.send", page=True)
    async def load(self) -> None:
        """Reset what the address does not carry."""


@rx.page("/send", title=t("send.title") + " · Carillon", on_load=on_page(Send.load))
def send() -> rx.Component:
    return shell("/send", [(t("group.reach"), ""), (t("nav.send"), "")], page_head(t("send.title"), t("send.sub")))
