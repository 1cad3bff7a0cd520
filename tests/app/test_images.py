"""Images: kept once under a name of their content, listed, and served to everybody for good with the right headers."""

import io

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from backend.api.app import routes
from backend.app.app import App
from backend.clock import HeldClock
from backend.domain.errors import CursorForeign, Forbidden, Invalid, NotFound
from tests.app.actors import ADMIN, ANALYST, MARKETER, actor, trail


def png(color: tuple[int, int, int] = (1, 2, 3)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (12, 8), color).save(out, "PNG")
    return out.getvalue()


async def test_an_image_is_kept_once_and_found_by_everybody(each_app: App, clock: HeldClock) -> None:
    app = each_app
    made = await app.images.add(MARKETER, "Logo \u202egnp\x07\n of  us", png())
    assert (made.label, made.type, made.width, made.height, made.added_by) == ("Logo gnp of us", "image/png", 12, 8, "the-marketer")
    assert made.url == f"http://localhost:8000/i/{made.name}"
    clock.move(5)
    again = await app.images.add(ADMIN, "another name", png())
    assert (again.name, again.label, again.at) == (made.name, made.label, made.at)
    kind, data = await app.images.read(made.name)
    assert kind == "image/png" and len(data) == made.size
    assert await trail(app) == [("the-marketer", "image.add", f"image:{made.name}")]
    assert (await app.images.list(actor("admin", space=2))).items == []


async def test_lists_are_paged(each_app: App, clock: HeldClock) -> None:
    app = each_app
    names = []
    for n in range(4):
        names.insert(0, (await app.images.add(MARKETER, f"{n}", png((n, n, n)))).name)
        clock.move(n % 2)
    first = await app.images.list(ANALYST, limit=3)
    rest = await app.images.list(ANALYST, limit=3, after=first.next or "")
    assert {i.name for i in first.items} | {i.name for i in rest.items} == set(names) and len(first.items) == 3 and rest.next is None
    with pytest.raises(CursorForeign):
        await app.images.list(ANALYST, after="nonsense")


async def test_refused(app: App) -> None:
    with pytest.raises(Invalid, match="no PNG"):
        await app.images.add(MARKETER, "evil.png", b"<svg onload=alert(1)>")
    with pytest.raises(Forbidden):
        await app.images.add(ANALYST, "x", png())
    for name in ("../secret_key", "0" * 32 + ".png", "0" * 32 + ".svg", "x" * 5_000):
        with pytest.raises(NotFound):
            await app.images.read(name)
    assert await trail(app) == []


async def test_how_it_is_served(app: App) -> None:
    made = await app.images.add(MARKETER, "x", png())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes(app))), base_url="http://localhost:8000") as client:
        answer = await client.get(f"/i/{made.name}")
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/png" and len(answer.content) == made.size
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable" and answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert (await client.get(f"/i/{made.name}", headers={"if-none-match": answer.headers["etag"]})).status_code == 304
        assert (await client.get("/i/" + "0" * 32 + ".png")).status_code == 404 and (await client.get("/i/..%2Fsecret_key")).status_code == 404
        assert (await client.post("/v1/images", content=png())).status_code == 401
