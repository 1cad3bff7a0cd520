"""The inbox of the person who is signed in."""

import reflex as rx

from portal.components.elements import h1
from portal.components.text import t
from portal.frame import on_page
from portal.guard import guarded
from portal.shell import recipient


class Inbox(rx.State):
    """What is on the screen."""

    @guarded("inbox.own", page=True)
    async def load(self) -> None:
        """Reset what the address does not carry."""


@rx.page("/inbox", title=t("inbox.title") + " · Carillon", on_load=on_page(Inbox.load))
def inbox() -> rx.Component:
    return recipient(h1(t("inbox.title")))
