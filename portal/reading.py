"""Who reads this page, and at what time of our clock."""

from typing import Any

from portal.frame import Frame
from portal.telling import Teller
from portal.wiring import app


async def teller(state: Any) -> Teller:
    """The voice for the tab's reader."""
    frame = await state.get_state(Frame)
    return Teller(frame.language, frame.timezone, app().clock.now())
