"""State of what templates share: brand, layouts and partials, pictures."""
# ruff: noqa: SLF001 - functions of the page on the page's own state; the underscore keeps a value from the browser

from typing import Any

import msgspec
import reflex as rx

from backend.app.studio_views import BrandIn, PartIn, PartView
from backend.domain.errors import Forbidden, Invalid, LinkUnsafe, Refusal, Unauthenticated, Unavailable
from backend.domain.parts import KINDS
from portal.components.editor import BLOCK_OFFERS, FIELD_OFFERS, FILTER_OFFERS
from portal.frame import Frame, tell
from portal.guard import caller, guarded
from portal.reading import teller
from portal.studio_rows import ImageRow, PartRow
from portal.theme import count
from portal.wiring import app

SHOWN = 50
LONGEST = 100_000  # characters of a source
BEGIN = {"layout": "<html>\n<body>\n{% content %}\n</body>\n</html>\n", "partial": "<p>{{ brand.name }}</p>\n"}


class Layouts(rx.State):
    """`picked`: the name of the part whose source is shown; `doc` is the key its editor's text is typed under."""

    trouble: str = ""
    brand: dict[str, str] = {"name": "", "color": "", "logo": "", "url": "", "address": ""}
    brand_fault: str = ""
    round: int = 0
    parts: list[PartRow] = []
    picked: str = ""
    picked_used: bool = False
    source: str = ""
    doc: str = "0"
    fault: str = ""
    new_kind: str = "layout"
    new_fault: str = ""
    made: int = 0
    offers: list[dict[str, str]] = [*FIELD_OFFERS, *FILTER_OFFERS, *BLOCK_OFFERS]
    images: list[ImageRow] = []
    _revision: int = 0

    @guarded("content.read", page=True)
    async def load(self) -> None:
        """Everything anew."""
        turn = self.round
        self.reset()
        self.round = turn + 1
        await _fill(self)

    @guarded("content.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("content.write")
    async def save_brand(self, form: dict[str, Any]) -> None:
        """The brand as the form has it."""
        given = {name: str(form.get(name, "")).strip() for name in self.brand}
        self.brand, self.brand_fault, voice = given, "", await teller(self)
        try:
            await app().parts.put_brand(caller(), msgspec.convert(given, BrandIn))
        except msgspec.ValidationError as error:
            self.brand_fault = voice.say("parts.brand.color.bad") if "color" in str(error) else str(error)[:200]
            return
        except (Invalid, LinkUnsafe) as refusal:
            self.brand_fault = refusal.detail
            return
        tell(await self.get_state(Frame), "delivered", voice.say("parts.brand.saved"), voice.say("parts.brand.saved.text"))

    @guarded("content.read")
    async def pick(self, name: str) -> None:
        """Show the source of one."""
        await _show(self, name)

    @guarded("content.write")
    async def typed(self, key: str, text: str) -> None:
        """Its source, after a pause. It is kept by Save: others use it at once."""
        if key == self.doc:
            self.source, self.fault = str(text)[:LONGEST], ""

    @guarded("content.write")
    async def save(self) -> None:
        """Keep the source; drafts show it from now on."""
        kind, _, key = self.picked.partition(":")
        try:
            await app().parts.put(caller(), kind, key, PartIn(self.source, self._revision))
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.fault = refusal.detail
            return
        await _fill(self)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("parts.saved", name=key))

    @guarded("content.write")
    async def kind(self, kind: str) -> None:
        """Of the new one."""
        if kind not in KINDS:
            raise Invalid(field="kind")
        self.new_kind = kind

    @guarded("content.write")
    async def create(self, form: dict[str, Any]) -> None:
        """A new layout or partial."""
        key = str(form.get("key", "")).strip()[:64]
        try:
            await app().parts.put(caller(), self.new_kind, key, PartIn(BEGIN[self.new_kind], 0))
        except (Forbidden, Unauthenticated):
            raise
        except Refusal as refusal:
            self.new_fault = refusal.detail
            return
        self.new_fault, self.made, self.picked = "", self.made + 1, f"{self.new_kind}:{key}"
        await _fill(self)

    @guarded("content.write")
    async def delete(self) -> None:
        """Take the one that is shown away; the house refuses while a draft names it."""
        kind, _, key = self.picked.partition(":")
        await app().parts.remove(caller(), kind, key)
        self.picked = ""
        await _fill(self)
        tell(await self.get_state(Frame), "delivered", (await teller(self)).say("parts.deleted", name=key))

    @guarded("content.read")
    async def look_again(self) -> None:
        """The pictures, after one was added."""
        await _pictures(self)


async def _fill(page: Layouts) -> None:
    page.trouble, voice = "", await teller(page)
    try:
        page.brand = msgspec.structs.asdict(await app().parts.brand(caller()))
        found = (await app().parts.list(caller())).items[:SHOWN]
        await _pictures(page)
    except Unavailable as away:
        page.trouble = away.detail
        return

    def facts(part: PartView) -> str:
        return f"{voice.say(f'parts.{part.kind}')}, {voice.say('parts.revision', number=part.revision)}"

    def used(part: PartView) -> str:
        return voice.say("parts.used", templates=voice.listed(part.used_by[:5])) if part.used_by else voice.say("parts.unused")

    page.parts = [PartRow(f"{p.kind}:{p.key}", p.kind, p.key, facts(p), used(p)) for p in found]
    names = {row.name for row in page.parts}
    await _show(page, page.picked if page.picked in names else next(iter(row.name for row in page.parts), ""))


async def _show(page: Layouts, name: str) -> None:
    part = next((p for p in (await app().parts.list(caller())).items if f"{p.kind}:{p.key}" == name), None)
    page.picked, page.fault, page.round = (name if part else ""), "", page.round + 1
    page.source, page._revision, page.picked_used = (part.source, part.revision, bool(part.used_by)) if part else ("", 0, False)
    page.doc = f"{page.round}:{page.picked}"


async def _pictures(page: Layouts) -> None:
    voice = await teller(page)
    page.images = [
        ImageRow(
            one.name, one.label or one.name, f"/i/{one.name}", one.url,
            voice.say("images.facts", width=one.width, height=one.height, size=count(max(1, one.size // 1024), voice.language)),
        )
        for one in (await app().images.list(caller(), limit=SHOWN)).items
    ]  # fmt: skip
