"""The one wire to the rest of the house: `carillon` hands the live facade over, pages take it from here."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.app.app import App

_live: "App | None" = None


def connect(app: "App") -> None:
    """Use this facade from now on. Called once by the process that serves the portal, before the first request."""
    global _live  # noqa: PLW0603 - Reflex creates page state itself, so there is no constructor to hand it through
    _live = app


def app() -> "App":
    """The live facade. Raises `RuntimeError` when nobody connected one."""
    if _live is None:
        raise RuntimeError("No facade is connected. Call portal.wiring.connect(app) before serving the portal.")
    return _live
