"""What the served bundle carries: headers, policies, and no trace of the machine that built it."""

import re
from pathlib import Path

import httpx
import pytest

from carillon import portal_serve
from carillon.portal_build import CLIENT, BuildFailed
from portal.routes import STRANGERS, is_prerendered, routes
from tests.portal.house_stand import PASSWORD


@pytest.fixture
def browser(served):
    with httpx.Client(base_url=served.base, headers={"Origin": served.base}) as client:
        client.post("/session", data={"login": "admin", "password": PASSWORD})
        yield client


@pytest.mark.parametrize("path", ["/send", "/send/", "/deliveries", "/deliveries/0123", "/captured", "/inbox"])
def test_pages_are_served_without_a_redirect(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


def test_every_page_forbids_foreign_scripts_and_allows_exactly_its_own(browser):
    for path in ("/send", "/inbox", "/deliveries/0123", "/nothing-here"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe-eval" not in policy
        scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe-inline" not in scripts
        inline = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.+?)</script>", answer.text, flags=re.DOTALL)
        assert inline
        assert scripts.count("sha256-") == len(set(inline))
        for name in ("x-content-type-options", "referrer-policy", "x-frame-options"):
            assert name in answer.headers


def test_an_address_it_was_not_told_of_says_what_to_set(browser, served):
    answer = browser.get("/send", headers={"Host": "192.168.1.5:8000", "Accept-Language": "en"})
    assert answer.status_code == 421
    assert f"told that its address is {served.base}" in answer.text
    assert "CARILLON_BASE_URL=http://192.168.1.5:8000" in answer.text
    answer = browser.get("/sign-in", headers={"Host": "<script>evil</script>"})
    assert answer.status_code == 421
    assert "<" not in answer.text


def test_an_unknown_address_is_404_and_has_a_page(browser):
    answer = browser.get("/nothing-here")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_hashed_files_are_kept_for_a_year_and_come_compressed(browser):
    name = next(p.name for p in (CLIENT / "assets").glob("entry.client-*.js"))
    answer = browser.get(f"/assets/{name}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" not in browser.get("/assets/nothing.js").headers.get("cache-control", "")
    assert browser.get("/fonts/geist-latin-wght-normal.woff2").headers["content-type"] == "font/woff2"


def test_a_file_from_memory_is_the_file_and_is_not_sent_twice(browser):
    path = next((CLIENT / "assets").glob("icons-*.js"))
    address = f"/assets/{path.name}"
    answer = browser.get(address)
    assert answer.content == path.read_bytes()
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = browser.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", answer.headers["cache-control"])
    plain = browser.get(address, headers={"Accept-Encoding": "identity"})
    assert (plain.content, "content-encoding" in plain.headers, plain.headers["etag"] == answer.headers["etag"]) == (path.read_bytes(), False, False)
    head = browser.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert browser.get(address, headers={"Range": "bytes=0-9", "Accept-Encoding": "identity"}).content == path.read_bytes()[:10]
    for outside in ("/assets/../../carillon.stamp", "/assets/%2e%2e/%2e%2e/%2e%2e/carillon.stamp"):
        assert browser.get(outside).status_code in (303, 404), outside


def test_one_page_asks_for_few_files(browser):
    asked = re.findall(r'rel="modulepreload" href="([^"]+)"', browser.get("/deliveries").text)
    assert len(asked) <= 15, asked


def test_a_first_visit_without_charts_is_small_and_smaller_where_the_browser_can(browser):
    page = browser.get("/deliveries").text
    files = sorted(set(re.findall(r'(?:href|src)="(/[^"]+\.(?:js|css|woff2))"', page)))
    assert len(files) <= 20, files

    def sent(path: str, accepted: str) -> bytes:
        with browser.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
            return b"".join(answer.iter_raw())

    everywhere, here = (sum(len(sent(path, accepted)) for path in files) for accepted in ("gzip", "gzip, br"))
    assert here < 0.92 * everywhere < 280_000
    largest = next((CLIENT / "assets").glob("entry.client-*.js"))
    address = f"/assets/{largest.name}"
    assert sent(address, "gzip, br") == largest.with_name(f"{largest.name}.br").read_bytes()
    assert sent(address, "identity") == sent(address, "br;q=0") == largest.read_bytes()
    tags = {browser.head(address, headers={"Accept-Encoding": one}).headers["etag"] for one in ("identity", "gzip", "br")}
    assert len(tags) == 3


def test_every_page_behind_the_door_shows_where_something_will_stand_before_any_script_ran(built):
    for route in routes():
        if is_prerendered(route) and route not in STRANGERS:
            page = (CLIENT / route.strip("/") / "index.html").read_text()
            assert page.partition('id="content"')[2].count("skel") >= 5, route


def test_what_moves_without_end_is_not_painted_while_a_page_comes(built):
    """Where nothing but the processor draws, sixty paintings a second are half of what it has."""
    style = next((CLIENT / "assets").glob("__reflex_global_styles-*.css")).read_text()
    endless = re.findall(r"animation:([^;}]*infinite[^;}]*)", style)
    assert endless
    for one in endless:
        name = next(word for word in one.split() if f"@keyframes {word}{{" in style)
        frames = re.search(rf"@keyframes {name}\{{((?:[^{{}}]*\{{[^{{}}]*\}})*)\}}", style)
        assert frames, name
        changed = set(re.findall(r"([a-z-]+):", frames[1]))
        seconds = [float(word[:-1]) for word in one.split() if re.fullmatch(r"[\d.]+s", word)]
        assert changed <= {"transform", "opacity"} or seconds[1:] == [1.0], (one, changed)


def test_the_bundle_names_no_machine(built):
    for path in CLIENT.rglob("*"):
        if path.suffix in {".js", ".html", ".css"}:
            text = path.read_text()
            assert not re.search(r"(localhost|127\.0\.0\.1):\d", text), path
            assert str(Path(__file__).parents[2]) not in text, path


def test_without_a_bundle_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("carillon.portal_build.STAMP", tmp_path / "none")
    with pytest.raises(BuildFailed, match=r"python -m carillon\.portal_build"):
        portal_serve.portal_app([], origin="http://localhost:1")


@pytest.mark.parametrize("path", ["/notify-sw.js", "/notify-push.js"])
def test_what_notifies_browsers_is_served_to_pages_of_anybody_and_never_from_an_old_copy(browser, path):
    answer = browser.get(path)
    kind = answer.headers["content-type"]
    assert (answer.status_code, kind.partition(";")[0]) == (200, "text/javascript")
    assert answer.headers["service-worker-allowed"] == "/"
    assert (answer.headers["cache-control"], answer.headers["access-control-allow-origin"]) == ("no-cache", "*")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    again = browser.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.headers["service-worker-allowed"]) == (304, "/")
