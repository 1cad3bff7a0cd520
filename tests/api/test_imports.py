"""Files of people over HTTP: taken in as they come, mapped, checked, started with their count; refused rows as CSV with codes."""

from backend.app.importing import Importing
from backend.app.imports import AT_ONCE
from backend.store import tables
from tests.app.actors import rows

MAPPING = {"mapping": {"user_id": "user_id", "email": "email"}}


async def walked(app):
    while await Importing(app).once():
        pass


async def test_a_file_is_in_the_store_before_its_end_was_sent(app, ask):
    kept = []

    async def body():
        yield b"user_id,email\n"
        for n in range(0, 3 * AT_ONCE, 500):
            yield "".join(f"u{k},u{k}@example.com\n" for k in range(n, n + 500)).encode()
            kept.append(len(await rows(app, tables.import_rows)))
        yield b"last,nowhere\n"

    answer = await ask("POST", "/v1/imports", role="marketer", content=body(), headers={"content-type": "text/csv", "x-label": "f%C3%BCr.csv"})
    assert (answer.status_code, answer.json()["name"], answer.json()["total"]) == (201, "für.csv", 3 * AT_ONCE + 1)
    assert kept[-1] >= AT_ONCE, "it is not collected first"
    made = answer.json()["id"]
    assert (await ask("PUT", f"/v1/imports/{made}", role="marketer", json=MAPPING)).status_code == 200
    await walked(app)
    seen = (await ask("GET", f"/v1/imports/{made}", role="marketer")).json()
    assert (seen["state"], seen["refused"], seen["new"]) == ("ready", 1, 3 * AT_ONCE)
    assert seen["reasons"] == [{"code": "email_invalid", "about": "", "detail": "This is no e-mail address. Write it like name@example.com.", "count": 1}]
    for confirm, expected in ((seen["total"], 422), (seen["total"] - 1, 200)):
        assert (await ask("POST", f"/v1/imports/{made}/start", role="marketer", json={"confirm": confirm})).status_code == expected
    await walked(app)
    assert len(await rows(app, tables.people)) == 3 * AT_ONCE
    text = (await ask("GET", f"/v1/imports/{made}/errors?language=de", role="marketer")).content.decode("utf-8-sig")
    assert text.splitlines()[1].startswith(f"{3 * AT_ONCE + 2},email_invalid,Das ist keine E-Mail-Adresse")
    assert (await ask("GET", f"/v1/imports/{made}/errors?language=fr", role="marketer")).status_code == 422


async def test_too_large_is_refused_before_it_is_read_and_who_may_not_is_not_heard(app, ask):
    headers = {"content-length": str(2**30), "content-type": "text/csv"}
    assert (await ask("POST", "/v1/imports", role="marketer", content=b"x", headers=headers)).status_code == 413
    assert (await ask("POST", "/v1/imports", role="analyst", content=b"x")).status_code == 403
    broken = await ask("POST", "/v1/imports", role="marketer", content=b'user_id\nmia\n"zara\n')
    assert (broken.status_code, broken.json()["line"]) == (422, 3)
    assert await rows(app, tables.imports) == []
