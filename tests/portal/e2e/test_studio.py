"""The studio in real browsers: create, err at a line, fix, preview, publish, send to oneself; and two editors of one draft."""

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from backend.app.studio_views import SaveIn
from backend.app.views import TemplateIn
from backend.domain.template import Content, SmsContent, WebContent
from backend.security.roles import SYSTEM, Actor
from tests.portal.e2e.conftest import HERE, faults, sign_in

pytestmark = pytest.mark.e2e
LATE = 30_000  # milliseconds for what goes through the jail, on a machine that does much else


def source(page, name="HTML"):
    return page.locator(f'.written .cm-content[aria-label="{name}"]')


def write(page, name, text, *, at_end=False):
    box = source(page, name)
    box.click()
    page.keyboard.press("Control+End" if at_end else "Control+a")
    page.keyboard.insert_text(text)


def open_new(page, name, starter="Order on its way"):
    page.locator(HERE).wait_for()
    page.goto("/templates")
    page.get_by_role("button", name="New template…").first.click()
    page.fill("#create-name", name)
    expect(page.locator("#create-key")).to_have_value(re.sub(r"[^a-z0-9]+", "-", name.lower()), timeout=LATE)
    page.locator(".starters label", has_text=starter).click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("h1")).to_have_text(name, timeout=LATE)
    expect(page.locator("#verdict")).to_contain_text("Every value is filled", timeout=LATE)


def test_from_a_starting_layout_to_ones_own_inbox(look, served):
    page = look(login="marketer")
    open_new(page, "Parcel story")
    mail = page.frame_locator("iframe.mailframe")
    expect(mail.locator("h1")).to_have_text("Your parcel is on its way", timeout=LATE)
    expect(page.locator("iframe.mailframe")).to_have_attribute("sandbox", "allow-popups allow-popups-to-escape-sandbox")

    write(page, "HTML", "<p>{{ order.carrier|uper }}</p>", at_end=True)
    problem = page.locator(".lint .problem")
    expect(problem).to_contain_text("HTML, line 8, column 21", timeout=LATE)
    expect(problem).to_contain_text("Did you mean 'upper'?")
    expect(page.locator(".written .cm-lint-marker-error")).to_have_count(1)
    expect(page.locator(".stalenote")).to_be_visible()
    expect(mail.locator("h1")).to_have_text("Your parcel is on its way")  # the last good look stays
    page.get_by_role("button", name="Publish version 1…").click()
    expect(page.locator("#publish")).to_contain_text("It cannot be published yet", timeout=LATE)
    expect(page.locator("#publish .btn.pri")).to_be_disabled()
    page.keyboard.press("Escape")

    source(page).click()
    page.keyboard.press("Control+End")
    for _ in range(len("uper }}</p>")):
        page.keyboard.press("Backspace")
    page.keyboard.insert_text("upper }}</p>")
    expect(page.locator("#verdict")).to_contain_text("Every value is filled", timeout=LATE)
    expect(mail.locator("body")).to_contain_text("NORDPOST", timeout=LATE)
    expect(page.locator("#saved")).to_contain_text("Saved")

    page.locator("#tab-sms").click()
    write(page, "Text message", "✓ {{ order.id }}")
    expect(page.locator(".bubble")).to_have_text("✓ 88213", timeout=LATE)
    expect(page.locator(".segs")).to_have_text("7 of 70 characters, 1 segment, UCS-2")
    expect(page.locator(".talk")).to_contain_text("make it Unicode, with 70 instead of 160 to a segment: ✓")
    page.locator("#tab-push").click()
    expect(page.locator(".notice")).to_contain_text("Nordpost brings order 88213", timeout=LATE)
    page.locator("#tab-web").click()
    write(page, "Title", "Hello {{ order.nmae }}")
    expect(page.locator(".lint .problem.held")).to_contain_text("The sample has no order.nmae", timeout=LATE)
    write(page, "Title", "Parcel {{ order.id }}")
    expect(page.locator(".entry")).to_contain_text("Parcel 88213", timeout=LATE)

    page.locator("#content").get_by_label("Language", exact=True).select_option("de")
    expect(page.locator(".entry")).to_contain_text("Ihr Paket ist unterwegs", timeout=LATE)
    page.locator("#content").get_by_label("Language", exact=True).select_option("")

    page.get_by_role("button", name="Publish version 1…").click()
    expect(page.locator("#publish .well")).to_contain_text("No category uses it yet", timeout=LATE)
    page.fill("#publish-note", "First words")
    page.locator("#publish .btn.pri").click()
    expect(page.locator("#toast")).to_contain_text("Version 1 is live", timeout=LATE)
    expect(page.locator(".head .tag").first).to_have_text("v1 live")

    page.get_by_role("button", name="Send to me…").click()
    expect(page.locator("#trial")).to_contain_text("One notification to you, Marketer Person", timeout=LATE)
    page.locator("#trial .btn.pri").click()
    page.get_by_role("link", name="See what became of it").click()
    row = page.locator(".table tbody tr", has_text="In the app").or_(page.locator(".table tbody tr", has_text="In-app"))
    expect(row.first).to_be_visible(timeout=LATE)
    page.goto("/inbox")
    expect(page.locator(".msg .title").first).to_have_text("Test: Parcel 88213", timeout=LATE)
    view = served.run(served.house.app.templates.get(SYSTEM, "parcel-story"))
    assert view.published == 1 and [(v.version, v.note, v.published_by) for v in view.versions] == [(1, "First words", "marketer")]


def test_a_second_editor_is_told_who_was_first_and_loses_nothing(look, served):
    app = served.house.app
    content = Content(sms=SmsContent("First words"), web=WebContent("Title", "Body"))
    served.run(app.templates.put(SYSTEM, "two-editors", TemplateIn(content, name="Two editors")))
    page = look(login="marketer")
    page.locator(HERE).wait_for()
    page.goto("/templates/two-editors")
    page.locator("#tab-sms").click()
    expect(page.locator(".bubble")).to_have_text("First words", timeout=LATE)

    doris = Actor(1, "doris", "marketer", via="portal")
    theirs = Content(sms=SmsContent("Words of Doris"), web=WebContent("Title of Doris", "Body"))
    served.run(app.studio.save(doris, "two-editors", SaveIn(theirs, 1)))

    write(page, "Text message", "My own words")
    expect(page.locator("#content .note.held")).to_contain_text("doris saved first", timeout=LATE)
    expect(page.locator("#saved")).to_have_text("Kept aside")
    assert served.run(app.templates.get(SYSTEM, "two-editors")).draft == theirs
    page.get_by_role("button", name="Compare and merge…").click()
    torn = page.locator("#overtaken .tornpair")
    expect(torn).to_have_count(1)
    expect(torn).to_contain_text("Words of Doris")
    expect(torn).to_contain_text("My own words")
    page.locator("#overtaken .btn.pri").click()
    expect(page.locator("#toast")).to_contain_text("The drafts are together", timeout=LATE)
    merged = served.run(app.templates.get(SYSTEM, "two-editors")).draft
    assert merged == Content(sms=SmsContent("My own words"), web=WebContent("Title of Doris", "Body"))
    kept = {one.author: one.content for one in served.run(app.studio.kept(SYSTEM, "two-editors")).items}
    assert kept["doris"] == theirs and kept["marketer"].sms == SmsContent("My own words")
    expect(page.locator("#content .note.held")).to_have_count(0)
    expect(page.locator(".bubble")).to_have_text("My own words")


def test_the_pages_of_templates_are_for_everybody(look, axe, served):
    page = look(login="admin")
    open_new(page, "Looked at", "Security code")
    seen = {}

    def judge(name):
        seen[name] = faults(page, axe)
        page.set_viewport_size({"width": 1440, "height": 900})

    judge("studio, mail")
    for pane in ("Preview", "Sample data", "Source"):
        page.set_viewport_size({"width": 390, "height": 844})
        page.locator(".panetabs").get_by_role("button", name=pane).click()
    for channel in ("push", "sms", "web"):
        page.locator(f"#tab-{channel}").click()
        page.locator(f"#tab-{channel}[aria-selected=true]").wait_for()
        judge(f"studio, {channel}")
    page.locator("#tab-email").click()
    write(page, "HTML", "{{ x|nope }}")
    page.locator(".lint .problem").wait_for(timeout=LATE)
    page.get_by_role("button", name="Dark", exact=True).click()
    judge("studio, an error in dark")
    page.get_by_role("button", name="Versions").click()
    page.locator("#versions .empty").wait_for()
    judge("versions, none")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("Publish version")).first.click()
    page.locator("#publish .well").wait_for(timeout=LATE)
    judge("publish")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Send to me…").click()
    page.locator("#trial .btn.pri").wait_for()
    judge("send to me")
    page.goto("/templates")
    page.locator(".table tbody tr td a").first.wait_for()
    judge("list")
    page.get_by_role("button", name="New template…").first.click()
    judge("new template")
    assert {name: found for name, found in seen.items() if found} == {}


def test_who_may_not_write_looks_on(look, served):
    served.run(served.house.app.templates.put(SYSTEM, "only-looked-at", TemplateIn(Content(sms=SmsContent("Words")), name="Only looked at")))
    page = look(login="analyst")
    page.locator(HERE).wait_for()
    page.goto("/templates/only-looked-at")
    expect(page.locator(".bubble")).to_have_text("Words", timeout=LATE)
    expect(page.locator(".head .acts button")).to_have_count(0)
    source(page, "Text message").click()
    page.keyboard.insert_text("No")
    expect(source(page, "Text message")).to_have_text("Words")
    page.goto("/templates/not-there")
    expect(page.locator(".empty")).to_contain_text("There is no such template")


def test_layouts_brand_and_pictures(look, axe, served, tmp_path):
    page = look(login="marketer")
    open_new(page, "Shares things", "Plain notice")
    page.goto("/layouts")
    page.locator(".partlist button", has_text="footer").click()
    footer = page.locator('.partedit .cm-content[aria-label="Source of footer"]')
    expect(footer).to_contain_text("Unsubscribe", timeout=LATE)
    footer.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("<p>{% include 'nowhere' %}</p>")
    page.wait_for_timeout(700)  # the editor's pause
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".partedit .err")).to_contain_text("there is no partial 'nowhere'", timeout=LATE)
    footer.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("<p>Kind regards from {{ brand.name }}, {{ brand.address }}</p>")
    page.wait_for_timeout(700)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#toast")).to_contain_text("footer is saved", timeout=LATE)

    page.fill("#brand-name", "Alder & Pine")
    page.fill("#brand-address", "Storgata 8")
    page.fill("#brand-color", "green")
    page.get_by_role("button", name="Save brand").click()
    expect(page.locator("form .err")).to_contain_text("# and six digits")
    page.fill("#brand-color", "#0f6b68")
    page.get_by_role("button", name="Save brand").click()
    expect(page.locator("#toast")).to_contain_text("The brand is saved", timeout=LATE)

    real = tmp_path / "logo.png"
    Image.new("RGB", (64, 32), (15, 107, 104)).save(real)
    page.set_input_files("#upload", real)
    expect(page.locator(".pic img")).to_have_attribute("alt", "logo.png", timeout=LATE)
    expect(page.locator(".pic")).to_contain_text("64 x 32")
    page.locator(".pic img").evaluate("image => image.decode()")  # refuses what is no picture
    assert faults(page, axe) == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/templates/shares-things")
    expect(page.frame_locator("iframe.mailframe").locator("body")).to_contain_text("Kind regards from Alder & Pine, Storgata 8", timeout=LATE)


def test_an_upload_that_is_not_what_it_says(chromium, served, tmp_path):
    """In a browser of its own: the refusal stands in the browser's console too."""
    context = chromium.new_context(base_url=served.base)
    page = context.new_page()
    sign_in(page, "marketer")
    page.locator(HERE).wait_for(timeout=LATE)
    page.goto("/layouts")
    page.locator(".filebtn").wait_for(timeout=LATE)
    liar = tmp_path / "holiday.png"
    liar.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    page.set_input_files("#upload", liar)
    expect(page.locator("#upload-said")).to_contain_text("holiday.png: This is no PNG", timeout=LATE)
    context.close()
