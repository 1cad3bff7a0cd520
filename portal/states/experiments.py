"""State of the list of experiments."""

from typing import Any

import reflex as rx

from backend.domain.errors import Refusal
from portal.experiment_rows import ExperimentRow
from portal.experiment_words import line_of
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.wiring import app

PATH = "/experiments"
SPEC = ListSpec(PATH, "content.read")


class Experiments(listing(SPEC), rx.State):
    """One page of experiments."""

    rows: list[ExperimentRow] = []

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        found = await app().experiments.list(actor, after=after, limit=SPEC.rows)
        self.rows = [line_of(view, await name_of(actor, view.campaign), voice) for view in found.items]
        return found.next


async def name_of(actor: Any, key: str) -> str:
    """What the campaign is called; its key when nobody can say."""
    try:
        return (await app().campaigns.get(actor, key)).name
    except Refusal:
        return key
