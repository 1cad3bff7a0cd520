"""What a page is asked for, who reads it, and at what time of our clock."""

from typing import Any

from portal.frame import Frame
from portal.telling import Teller
from portal.wiring import app


def last_part(state: Any, most: int) -> str:
    """What the address of the page ends with, as `abc` of /deliveries/abc/; at most so many characters."""
    return str(state.router.url.path).rstrip("/").rpartition("/")[2][:most]


async def teller(state: Any) -> Teller:
    """The voice for the tab's reader."""
    frame = await state.get_state(Frame)
    return Teller(frame.language, frame.timezone, app().clock.now())
