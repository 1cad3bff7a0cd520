"""The Reflex app: pages, head, error boundary, and what runs before every event. `carillon.portal_serve` serves it."""

import logging
import uuid

import reflex as rx
from reflex.app import default_error_boundary
from reflex.event import EventSpec

from portal.frame import Frame
from portal.guard import Doorkeeper
from portal.pages import (  # noqa: F401 - importing registers them
    account,
    analytics,
    audience,
    audiences,
    audit,
    calendar,
    campaign,
    campaign_edit,
    campaign_new,
    campaigns,
    capture,
    captured,
    categories,
    category,
    claim,
    dead,
    deliveries,
    delivery,
    engagement,
    engagement_compare,
    engine,
    event,
    events,
    experiment,
    experiments,
    group,
    groups,
    history,
    import_file,
    imports,
    inbox,
    invite,
    layouts,
    members,
    notification,
    overview,
    own_data,
    people,
    person,
    preferences,
    provider,
    providers,
    schedules,
    send,
    senders,
    settings,
    sign_in,
    start,
    template,
    templates,
)
from portal.pages.lost import lost
from portal.shell import frames

logger = logging.getLogger(__name__)


def on_error(exception: Exception) -> EventSpec:
    """An error no handler expected: logged under a number, the number shown."""
    number = uuid.uuid4().hex[:12]
    logger.error("portal handler failed, number %s", number, exc_info=exception)
    return Frame.trouble(number)


app = rx.App(
    stylesheets=["/carillon.css", "/pages.css", "/kit.css", "/charts.css", "/desk.css", "/staff.css", "/person.css", "/studio.css", "/start.css", "/campaigns.css", "/audiences.css", "/experiments.css"],
    html_lang="en",
    head_components=[
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.link(
            rel="preload",
            href="/fonts/geist-latin-wght-normal.woff2",
            custom_attrs={"as": "font", "type": "font/woff2", "crossOrigin": "anonymous"},
        ),
        rx.el.script(src="/carillon.js", custom_attrs={"defer": True}),
        rx.el.script(src="/person.js", custom_attrs={"defer": True}),
        rx.el.script(src="/keys.js", custom_attrs={"defer": True}),
    ],
    app_wraps={(55, "ErrorBoundary"): lambda _stateful: default_error_boundary(), (50, "Frames"): lambda _stateful: frames()},
    toaster=None,
    backend_exception_handler=on_error,
)
app.add_middleware(Doorkeeper(), index=0)
app.add_page(lost, route="404", title="Carillon")
