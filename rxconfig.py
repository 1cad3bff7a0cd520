"""What Reflex needs to know about the portal. Everything else about it is set by `carillon.portal_serve`."""

from typing import Any

import reflex as rx
from reflex_base.plugins import Plugin
from reflex_base.plugins.sitemap import SitemapPlugin

GROUPS = "          groups: ["
ICONS = GROUPS + """
            { test: /node_modules[\\\\/]lucide-react[\\\\/]/, name: "icons" },"""


class IconsTogether(Plugin):
    """All icons in one file: a page uses some thirty, and thirty requests of 300 bytes each are what a first visit waits for."""

    def pre_compile(self, **context: Any) -> None:
        context["add_modify_task"]("vite.config.js", _grouped)


def _grouped(text: str) -> str:
    if ICONS in text:
        return text
    if text.count(GROUPS) != 1:
        raise ValueError("Reflex writes vite.config.js differently now: the icons cannot be put together.")
    return text.replace(GROUPS, ICONS)


config = rx.Config(
    app_name="portal",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    backend_host="127.0.0.1",
    # Page state holds people's data: memory forgets it with the process, the default would write it to disk.
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    plugins=[IconsTogether()],
    disable_plugins=[SitemapPlugin],
    frontend_compression_formats=["gzip", "brotli"],  # the second is an eighth smaller; browsers ask for it over HTTPS and on this machine
)
