"""Images of messages: uploaded, checked by their content, kept under a name made of it, and served to whoever has a message."""

from datetime import datetime
from hashlib import blake2b

from msgspec import Struct

from backend.app.base import PAGE, Aggregate, page_size
from backend.app.views import Page, moment
from backend.blobs.port import check_name
from backend.domain.errors import CursorForeign, Invalid, NotFound
from backend.security.roles import Actor, need
from backend.store import images
from backend.store.images import ImageRow
from backend.store.port import Tx

LIMIT = 1_000  # of a space
TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


class ImageView(Struct):
    """One image. `url` is where everybody finds it, for good."""

    name: str
    label: str
    url: str
    type: str
    size: int
    width: int
    height: int
    added_by: str
    at: datetime


class Images(Aggregate):
    """Images are added, never changed and never removed: a message that was sent may ask for one years later."""

    async def add(self, actor: Actor, label: str, raw: bytes) -> ImageView:
        """Keep a picture: PNG, JPEG, GIF or WebP by its content, turned upright, at most 1,600 pixels long, without what else was in the file.

        The same picture twice is one. Errors: `Invalid`, `TooLarge`, `BlobsUnavailable`.
        """
        need(actor, "content.write")
        if await self.app.store.read(lambda tx: images.count(tx, actor.space)) >= LIMIT:
            raise Invalid(f"A space has at most {LIMIT:,} images.", limit=LIMIT)
        picture = await self.app.pictures.prepare(raw)
        name = f"{blake2b(picture.data, digest_size=16).hexdigest()}.{picture.ending}"
        await self.app.blobs.put(name, picture.data, picture.type)  # before its row: a row without bytes would be a broken picture

        def write(tx: Tx) -> ImageRow:
            row = ImageRow(
                space=actor.space, name=name, label=_label(label), type=picture.type, size=len(picture.data), width=picture.width,
                height=picture.height, added_by=actor.subject, at=self.app.clock.now(),
            )  # fmt: skip
            if images.add(tx, row):
                self.note(tx, actor, "image.add", f"image:{name}", size=row.size, type=row.type)
                return row
            return images.get(tx, actor.space, name) or row

        return self._view(await self.app.store.write(write))

    async def list(self, actor: Actor, *, after: str = "", limit: int = PAGE) -> Page[ImageView]:
        """The newest first."""
        need(actor, "content.read")
        size = page_size(limit)
        before = None
        if after:
            at, _, name = after.partition(" ")
            try:
                before = (float(at), name)
            except ValueError:
                raise CursorForeign from None
        rows = await self.app.store.read(lambda tx: images.page(tx, actor.space, before, size + 1))
        last = rows[size - 1] if len(rows) > size else None
        return Page([self._view(row) for row in rows[:size]], f"{last.at!r} {last.name}" if last else None)

    async def read(self, name: str) -> tuple[str, bytes]:
        """(type, bytes) for whoever has the address. Errors: `NotFound`, `BlobsUnavailable`."""
        try:
            check_name(name)
        except Invalid:
            raise NotFound("There is no such picture.") from None
        data = await self.app.blobs.get(name)
        if data is None:
            raise NotFound("There is no such picture.")
        return TYPES[name.rpartition(".")[2]], data

    def _view(self, row: ImageRow) -> ImageView:
        url = f"{self.app.settings.base_url}/i/{row.name}"
        return ImageView(row.name, row.label, url, row.type, row.size, row.width, row.height, row.added_by, moment(row.at))


def _label(text: str) -> str:
    """One line of what people call it; control and direction marks are left out."""
    return " ".join("".join(c for c in text[:500] if c.isprintable() and c not in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069").split())[:120]
