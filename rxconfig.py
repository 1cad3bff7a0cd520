"""What Reflex needs to know about the portal. Everything else about it is set by `carillon.portal_serve`."""

import reflex as rx
from reflex_base.plugins.sitemap import SitemapPlugin

config = rx.Config(
    app_name="portal",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    backend_host="127.0.0.1",
    # Page state holds people's data: memory forgets it with the process, the default would write it to disk.
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    disable_plugins=[SitemapPlugin],
)
