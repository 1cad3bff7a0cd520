"""What a message is called where it has no title of its own: by its template's name, as lists call it."""

from backend.domain.errors import Refusal
from portal.guard import caller
from portal.wiring import app


async def called(title: str, template: str, otherwise: str) -> str:
    """The title, else the name of the template, else its key where whoever looks may not read templates, else the last."""
    if title or not template:
        return title or otherwise
    try:
        return (await app().templates.get(caller(), template)).name or template
    except Refusal:
        return template
