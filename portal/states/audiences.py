"""State of the list of audiences."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.app.audience_views import AudienceIn, AudienceView
from backend.domain.audience import All
from backend.domain.errors import Forbidden, Refusal, Unauthenticated
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.refusals import in_words
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import ago, count, moment
from portal.wiring import app

PATH = "/audiences"
SPEC = ListSpec(PATH, "content.read", {"text": ()}, typed=("text",))


@dataclass
class AudienceRow:
    """One audience of the list."""

    id: str
    name: str
    kind: str
    people: str
    counted: str
    used: str
    time: str
    exact: str


class Audiences(listing(SPEC), rx.State):
    """One page of audiences."""

    rows: list[AudienceRow] = []
    wrong: str = ""

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        page = await app().audiences.list(actor, after=after or "", limit=SPEC.rows, text=wanted["text"] or "")
        self.rows = [_row_of(one, voice) for one in page.items]
        return page.next

    @guarded("content.write")
    async def add(self, form: dict[str, Any]) -> Any:
        """Make one, empty; a key that is taken is not overwritten."""
        voice, key, name = await teller(self), str(form.get("key", "")).strip()[:200], str(form.get("name", "")).strip()[:200]
        listed = form.get("kind") == "list"
        given = AudienceIn(name=name or key, kind="list" if listed else "rule", rule=None if listed else All(), revision=0)
        try:
            await app().audiences.put(caller(), key, given, 0)
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.wrong = voice.say("aud.taken") if refusal.code() == "stale" else in_words(refusal, voice.language)
            return None
        self.wrong = ""
        tell(await self.get_state(Frame), "delivered", voice.say("aud.made"))
        return rx.redirect(f"{PATH}/{key}")


def _row_of(one: AudienceView, voice: Teller) -> AudienceRow:
    at, language = one.changed_at.timestamp(), voice.language
    used = len(one.used_by)
    return AudienceRow(
        one.key, one.name, one.kind, count(one.size, language) if one.size is not None else "–",
        voice.say("aud.counted", time=ago(one.counted_at.timestamp(), voice.now, voice.zone, language)) if one.counted_at else voice.say("aud.not_counted"),
        voice.say("aud.used", count=used) if used else voice.say("aud.used.none"), ago(at, voice.now, voice.zone, language), moment(at, voice.zone, language),
    )  # fmt: skip
