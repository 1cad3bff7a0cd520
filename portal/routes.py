"""Every page's address, as the application's own table has it: nobody keeps a second list."""

import re
from functools import cache

STRANGERS = ("/sign-in", "/claim", "/invite")  # pages for people who are not signed in


@cache
def routes() -> tuple[str, ...]:
    """All addresses pages were registered under, "/deliveries/[delivery]" among them; the page for lost ones is none."""
    from portal.portal import app  # imports every page

    context = app._registration_context  # noqa: SLF001 - the only list of what is registered
    return tuple(sorted(f"/{str(kwargs.get('route', fn.__name__)).strip('/')}" for fn, kwargs in context.decorated_pages))


@cache
def behind_the_door() -> tuple[str, ...]:
    """Pages that only signed-in people get, without what is variable in their address: "/deliveries" for the one above too."""
    return tuple(sorted({re.split(r"/\[", route)[0] for route in routes() if route not in STRANGERS}))


def is_page(path: str) -> bool:
    """Whether a path is a page that only signed-in people get."""
    return any(path == page or path.startswith(f"{page}/") for page in behind_the_door())


def is_prerendered(path: str) -> bool:
    """Whether there is a folder of this name in the bundle: a page without anything variable in its address."""
    return path in routes() and "[" not in path
