"""State of the page that shows campaigns side by side; which ones stands in the address."""

from typing import Any
from urllib.parse import quote

import reflex as rx

from backend.app.engagement_views import COMPARED, CompareIn
from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from portal.engagement_compare import Comparer
from portal.engagement_rows import ComparedHead, ComparedRow, EngagedRow
from portal.frame import Frame
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.rows import Choice
from portal.states.engagement import COMPARE
from portal.wiring import app

PERMISSION = "analytics.read"


def address(keys: list[str]) -> str:
    """Of the comparison of these campaigns."""
    return f"{COMPARE}?campaigns={','.join(quote(key, safe='') for key in keys)}" if keys else COMPARE


class EngagementCompare(rx.State):
    """`lost`: keys of the address that name no campaign. `offered`: those that can be added."""

    keys: list[str] = []
    heads: list[ComparedHead] = []
    rows: list[ComparedRow] = []
    variants: list[EngagedRow] = []
    offered: list[Choice] = []
    answer: str = ""
    lost: str = ""
    trouble: str = ""
    full: bool = False
    any: bool = False  # there is a campaign

    @guarded(PERMISSION, page=True)
    async def load(self) -> None:
        """The keys come from the address."""
        given = str(self.router.url.query_parameters.get("campaigns", ""))[:2_000]
        self.reset()
        self.keys = list(dict.fromkeys(key for key in given.split(",") if key))[:COMPARED]
        await self._fill()

    @guarded(PERMISSION)
    async def again(self) -> None:
        """After it did not load."""
        await self._fill()
        (await self.get_state(Frame)).loaded = True

    @guarded(PERMISSION)
    async def add(self, key: str) -> Any:
        """One more beside them."""
        if not any(one.value == key for one in self.offered):
            return None
        return rx.redirect(address([*self.keys, key][:COMPARED]))

    async def _fill(self) -> None:
        voice, actor = await teller(self), caller()
        self.trouble = self.lost = ""
        try:
            found = await app().engagement.choices(actor)
            names = {one.key: one.name or one.key for one in found.campaigns}
            gone = [key for key in self.keys if key not in names]
            self.keys = [key for key in self.keys if key in names]
            views = await app().engagement.compare(actor, CompareIn(self.keys)) if self.keys else []
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.trouble = in_words(refusal)
            return
        told = Comparer(views, voice)
        self.any, self.full = bool(names), len(self.keys) >= COMPARED
        self.lost = voice.say("eng.compare.lost", keys=voice.listed(gone)) if gone else ""
        self.offered = [] if self.full else [Choice(key, name) for key, name in names.items() if key not in self.keys]
        self.heads = [
            ComparedHead(view.key, told.head(view), f"/campaigns/{quote(view.key, safe='')}", address([key for key in self.keys if key != view.key])) for view in views
        ]
        self.answer = told.answer() if views else ""
        self.rows, self.variants = told.rows() if views else [], told.variants()
