"""The studio: saving as one types, two editors, checks with their places, parts and brand that are pinned, tests to oneself."""

import msgspec
import pytest

from backend.app.app import App
from backend.app.studio_views import BrandIn, CreateIn, LookIn, PartIn, SaveIn, TrialIn
from backend.app.views import CategoryIn, PersonIn, TemplateIn
from backend.clock import HeldClock
from backend.domain.errors import Conflict, Forbidden, Invalid, LinkUnsafe, NotFound, RenderStopped, Stale, Taken, TemplateSyntax, TooLarge
from backend.domain.schema import Fault
from backend.domain.template import Content, EmailContent, SmsContent, TemplateVersion, WebContent
from backend.store import templates
from tests.app.actors import ADMIN, ANALYST, MARKETER, actor, trail

ONE = Content(sms=SmsContent("One {{ order }}"), web=WebContent("One"))
SAMPLES = {"order": "A-1"}


async def made(app: App, content: Content = ONE, key: str = "order") -> int:
    """Its revision."""
    return (await app.templates.put(MARKETER, key, TemplateIn(content, name="Order", samples=dict(SAMPLES)))).revision


async def test_a_template_begins_from_a_starting_layout_or_another_one(each_app: App) -> None:
    app = each_app
    card = await app.studio.create(MARKETER, "shipped", CreateIn("Shipped", starter="order"))
    assert (set(card.channels), card.locales, card.published, card.draft_differs) == ({"web", "push", "email", "sms"}, ["de"], 0, True)
    assert {(p.kind, p.key) for p in (await app.parts.list(ANALYST)).items} == {("layout", "standard"), ("partial", "footer")}
    assert (await app.templates.publish(MARKETER, "shipped")).published == 1
    copy = await app.studio.create(ADMIN, "copy", CreateIn("Copy", of="shipped"))
    assert copy.locales == ["de"] and (await app.templates.get(ADMIN, "copy")).draft == (await app.templates.get(ADMIN, "shipped")).draft
    await app.studio.create(ADMIN, "blank", CreateIn("Blank"))
    for key, given, error in (("copy", CreateIn("x"), Taken), ("a/b", CreateIn("x"), Invalid), ("new", CreateIn("x", of="nowhere"), NotFound), ("new", CreateIn("x", starter="?"), Invalid)):  # fmt: skip
        with pytest.raises(error):
            await app.studio.create(MARKETER, key, given)
    assert [c.key for c in (await app.studio.list(ANALYST)).items] == ["blank", "copy", "shipped"]


async def test_lists_are_searched_filtered_and_paged(each_app: App) -> None:
    app = each_app
    for n in range(4):
        await made(app, ONE if n % 2 else Content(web=WebContent("x")), f"t{n}")
    await app.templates.put(MARKETER, "other", TemplateIn(ONE, name="Grüße 100%"))
    await app.categories.put(MARKETER, "shipping", CategoryIn("Shipping", kind="service", channels=["web"], template="t2"))
    assert [c.key for c in (await app.studio.list(ANALYST, channel="sms")).items] == ["other", "t1", "t3"]
    assert [(c.key, c.categories) for c in (await app.studio.list(ANALYST, category="shipping")).items] == [("t2", ["shipping"])]
    assert [c.key for c in (await app.studio.list(ANALYST, words="100%")).items] == ["other"]
    assert [c.key for c in (await app.studio.list(ANALYST, words="T_")).items] == []
    first = await app.studio.list(ANALYST, limit=2, words="t")
    rest = await app.studio.list(ANALYST, limit=10, words="t", after=first.next or "")
    assert [c.key for c in first.items + rest.items] == ["other", "t0", "t1", "t2", "t3"] and rest.next is None
    assert (await app.studio.list(actor("admin", space=2))).items == []


async def test_saving_as_one_types(each_app: App, clock: HeldClock) -> None:
    app = each_app
    revision = await made(app)
    for n, words in enumerate(("O", "On", "One"), 1):
        clock.move(1)
        saved = await app.studio.save(MARKETER, "order", SaveIn(Content(sms=SmsContent(words)), revision, samples={"n": n}, schema={"type": "object"}))
        revision = saved.revision
        assert saved.overtaken is None
    assert revision == 4
    again = await app.studio.save(MARKETER, "order", SaveIn(Content(sms=SmsContent("One")), revision))
    assert again.revision == 4  # nothing new, nothing written
    view = await app.templates.get(ADMIN, "order")
    assert (view.draft, view.samples, view.schema, view.changed_by) == (Content(sms=SmsContent("One")), {"n": 3}, {"type": "object"}, "the-marketer")
    assert [a for _, a, _ in await trail(app)] == ["template.put"]  # one entry for one who types
    clock.move(600)
    await app.studio.save(MARKETER, "order", SaveIn(Content(sms=SmsContent("Later")), revision))
    assert [a for _, a, _ in await trail(app)] == ["template.put"] * 2


async def test_the_second_editor_is_told_and_both_texts_are_kept(each_app: App, clock: HeldClock) -> None:
    app = each_app
    revision = await made(app)
    clock.move(60)
    theirs = Content(sms=SmsContent("Theirs"))
    await app.studio.save(ADMIN, "order", SaveIn(theirs, revision))
    clock.move(60)
    mine = Content(sms=SmsContent("Mine"))
    saved = await app.studio.save(MARKETER, "order", SaveIn(mine, revision))
    assert saved.overtaken is not None
    told = saved.overtaken
    assert (told.by, told.at.timestamp(), told.revision, told.content) == ("the-admin", clock.now() - 60, revision + 1, theirs)
    assert (await app.templates.get(ADMIN, "order")).draft == theirs
    (kept,) = (await app.studio.kept(ADMIN, "order")).items
    assert (kept.author, kept.base, kept.content) == ("the-marketer", revision, mine)
    over = await app.studio.save(MARKETER, "order", SaveIn(mine, told.revision, over=True))
    assert over.overtaken is None and (await app.templates.get(ADMIN, "order")).draft == mine
    assert {k.author: k.content for k in (await app.studio.kept(ADMIN, "order")).items} == {"the-marketer": mine, "the-admin": theirs}
    await app.studio.save(MARKETER, "order", SaveIn(Content(sms=SmsContent("Mine and more")), over.revision))
    assert [k.author for k in (await app.studio.kept(ADMIN, "order")).items] == ["the-admin"]  # mine is the draft again
    await app.studio.drop_kept(MARKETER, "order", "the-admin")
    with pytest.raises(NotFound):
        await app.studio.drop_kept(MARKETER, "order", "the-admin")


async def test_saves_that_cannot_be(app: App) -> None:
    with pytest.raises(NotFound):
        await app.studio.save(MARKETER, "order", SaveIn(ONE, 0))
    await made(app)
    with pytest.raises(TooLarge):
        await app.studio.save(MARKETER, "order", SaveIn(Content(sms=SmsContent("x" * 2_100_000)), 1))
    with pytest.raises(Invalid):
        await app.studio.save(MARKETER, "order", SaveIn(ONE, 1, schema={"type": "words"}))
    with pytest.raises(Forbidden):
        await app.studio.save(ANALYST, "order", SaveIn(ONE, 1))
    assert (await app.templates.get(ADMIN, "order")).revision == 1


async def test_versions_tell_who_when_why_and_what_changed(each_app: App) -> None:
    app = each_app
    await made(app)
    await app.templates.publish(MARKETER, "order", note="First words")
    await app.studio.save(ADMIN, "order", SaveIn(Content(sms=SmsContent("Two {{ order }}"), web=WebContent("One")), 2))
    view = await app.studio.outlook(MARKETER, "order")
    assert (view.next, [(c.channel, c.field) for c in view.changes], view.problems) == (2, [("sms", "text")], [])
    assert [card.draft_differs for card in (await app.studio.list(ADMIN)).items] == [True]
    await app.templates.publish(ADMIN, "order", note="Second")
    assert [card.draft_differs for card in (await app.studio.list(ADMIN)).items] == [False]
    await app.templates.rollback(ADMIN, "order", 1)
    cards = (await app.studio.versions(ANALYST, "order")).items
    assert [(c.version, c.published_by, c.note, c.live) for c in cards] == [
        (3, "the-admin", "Rolled back to version 1.", True), (2, "the-admin", "Second", False), (1, "the-marketer", "First words", False),
    ]  # fmt: skip
    (change,) = (await app.studio.diff(ANALYST, "order", 1, 2)).items
    assert [(line.mark, line.text) for line in change.lines] == [("gone", "One {{ order }}"), ("new", "Two {{ order }}")]
    assert (await app.studio.diff(ANALYST, "order", 1, 3)).items == [] and len((await app.studio.diff(ANALYST, "order", 0, 1)).items) == 2
    assert (await app.studio.diff(ANALYST, "order", 2)).items == []  # 0: the draft
    assert (await app.studio.source(ANALYST, "order", 1)) == ONE
    with pytest.raises(NotFound):
        await app.studio.diff(ANALYST, "order", 9)


async def test_publishing_that_would_fail_says_so_before(app: App) -> None:
    await made(app, Content(sms=SmsContent("ok\n{{ x|nope }}")))
    (problem,) = (await app.studio.outlook(MARKETER, "order")).problems
    assert (problem.channel, problem.line, problem.column) == ("sms", 2, 6)


async def test_layouts_partials_and_brand_are_pinned_by_publishing(each_app: App) -> None:
    app = each_app
    await app.parts.put_brand(MARKETER, BrandIn("Alder", "#0F6B68", url="https://alder.example", address="Storgata 8"))
    await app.parts.put(MARKETER, "partial", "foot", PartIn("<i>{{ brand.address }}</i>"))
    await app.parts.put(MARKETER, "layout", "std", PartIn("<html><body>{% content %}{% include 'foot' %}</body></html>"))
    await made(app, Content(email=EmailContent("Hi", "<p>{{ order }}</p>", layout="std")))
    await app.templates.publish(MARKETER, "order")
    kept = await app.store.read(lambda tx: templates.version(tx, 1, "order", 1))
    await app.parts.put(MARKETER, "partial", "foot", PartIn("<b>new</b>", 1))
    await app.parts.put_brand(MARKETER, BrandIn("Birch", "#123456"))
    assert await app.store.read(lambda tx: templates.version(tx, 1, "order", 1)) == kept
    assert kept is not None and "{{ brand.address }}" in kept.content and '"address":"Storgata 8"' in kept.content
    view = await app.studio.outlook(MARKETER, "order")
    assert (view.changes, view.newer_parts) == ([], ["partial:foot"])
    assert {p.key: p.used_by for p in (await app.parts.list(ANALYST)).items} == {"std": ["order"], "foot": ["order"]}
    seen = await app.studio.look(ANALYST, "order", LookIn(Content(email=EmailContent("Hi", "{{ brand.name }}", layout="std")), "email"))
    assert seen.message is not None and "<b>new</b>" in seen.message.html and "Birch" in seen.message.html  # type: ignore[union-attr]
    with pytest.raises(Conflict, match="used by order"):
        await app.parts.remove(MARKETER, "partial", "foot")
    with pytest.raises(Stale):
        await app.parts.put(MARKETER, "partial", "foot", PartIn("x", 1))
    await made(app, ONE)
    await app.parts.remove(MARKETER, "layout", "std")
    await app.parts.remove(MARKETER, "partial", "foot")
    assert (await app.parts.list(ANALYST)).items == []


async def test_parts_and_brands_that_cannot_be(app: App) -> None:
    for kind, key, source, error in (
        ("frame", "x", "x", Invalid), ("partial", "a/b", "x", Invalid), ("partial", "x", "{% include 'x' %}", Exception),
        ("partial", "x", "{% include 'nowhere' %}", TemplateSyntax), ("layout", "x", "no place", TemplateSyntax),
    ):  # fmt: skip
        with pytest.raises(error):
            await app.parts.put(MARKETER, kind, key, PartIn(source))
    with pytest.raises(LinkUnsafe):
        await app.parts.put_brand(MARKETER, BrandIn("x", "#123456", logo="javascript:alert(1)"))
    with pytest.raises(Invalid):
        await app.parts.put_brand(MARKETER, BrandIn("x", "#123456", url="mailto:x@example.com"))
    assert (await app.parts.list(ADMIN)).items == [] and (await app.parts.brand(ADMIN)).name == "Carillon"


async def test_a_look_shows_and_complains(app: App) -> None:
    await made(app)
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia Æ", locale="de-AT", timezone="Europe/Vienna"))
    content = Content(sms=SmsContent("Hi {{ user.name }} {{ order }}"), locales={"de": Content(sms=SmsContent("Hallo {{ user.name }} {{ order }} ✓"))})
    seen = await app.studio.look(MARKETER, "order", LookIn(content, "sms", data={"order": 3}, schema={"properties": {"order": {"type": "string"}}}, user="mia"))
    assert (seen.read, seen.chain, seen.faults) == ("de", ["de-at", "de", ""], [Fault("order", "type", "string")])
    assert seen.message is not None and seen.message.text == "Hallo Mia Æ 3 ✓"  # type: ignore[union-attr]
    assert seen.segments is not None and (seen.segments.encoding, seen.segments.foreign) == ("ucs2", "✓")
    lacks = await app.studio.look(ANALYST, "order", LookIn(content, "sms", "fr"))
    assert (lacks.read, lacks.missing) == ("", ["data.order"])
    with pytest.raises(Forbidden):
        await app.studio.look(ANALYST, "order", LookIn(content, "sms", user="mia"))


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 999999999 }}",
        "{{ 99999 ** 9999999 }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ range(999999999) | join }}",
        "{% include '../../etc/passwd' %}",
        "{% extends 'x' %}",
        "{{" * 3_000,
        "{% if x %}" * 400,
    ],
)
async def test_hostile_texts_are_complaints_not_accidents(app: App, text: str) -> None:
    await made(app)
    for content in (Content(sms=SmsContent(text)), Content(email=EmailContent("Hi", text))):
        channel = "sms" if content.sms else "email"
        try:
            seen = await app.studio.look(MARKETER, "order", LookIn(content, channel))  # type: ignore[arg-type]
        except RenderStopped:
            continue
        assert [p.kind for p in seen.problems] == ["error"] and seen.message is None


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "\u202egnp.exe", "y" * 10_000, "=cmd|' /C calc'!A0", "a\x00b\x07", "{{"])
async def test_hostile_data_is_text(app: App, text: str) -> None:
    await made(app)
    content = Content(email=EmailContent("Hi", "<p>{{ who }}</p>"))
    seen = await app.studio.look(MARKETER, "order", LookIn(content, "email", data={"who": text}))
    assert seen.problems == [] and seen.message is not None
    html = seen.message.html  # type: ignore[union-attr]
    assert "<img" not in html and html.startswith("<p>") and html.endswith("</p>")


async def test_a_draft_is_sent_to_oneself_as_a_version_of_its_own(each_app: App) -> None:
    app = each_app
    await made(app)
    await app.templates.publish(MARKETER, "order")
    await app.people.put(ADMIN, "the-marketer", PersonIn(name="Mara"))
    draft = Content(sms=SmsContent("Draft {{ order }}"), web=WebContent("Draft"), locales={"de": Content(web=WebContent("Entwurf"))})
    sent = await app.studio.test(MARKETER, "order", TrialIn(draft, "orders", dict(SAMPLES)))
    assert (sent.template, sent.version) == ("order~test", 1)
    row = await app.store.read(lambda tx: templates.version(tx, 1, "order~test", 1))
    assert row is not None
    version = msgspec.json.decode(row.content, type=TemplateVersion)
    assert version.content.sms.text == "Test: Draft {{ order }}" and version.content.locales["de"].web.title == "Test: Entwurf"
    view = await app.events.get(ADMIN, sent.event)
    assert (view.type, view.template, view.version, view.category, set(view.channels)) == ("template.test", "order~test", 1, "orders", {"sms", "web"})
    assert [t.key for t in (await app.templates.list(ADMIN)).items] == ["order"] and (await app.templates.get(ADMIN, "order")).published == 1
    assert (await app.studio.test(MARKETER, "order", TrialIn(draft, "orders", dict(SAMPLES), ["web"]))).version == 2
    with pytest.raises(TemplateSyntax):
        await app.studio.test(MARKETER, "order", TrialIn(Content(sms=SmsContent("{{ x|nope }}")), "orders"))
    with pytest.raises(Forbidden):
        await app.studio.test(actor("operator"), "order", TrialIn(draft, "orders"))
    assert [a for _, a, _ in await trail(app)].count("template.test") == 2


async def test_older_versions_without_a_source_can_still_be_compared(app: App) -> None:
    await made(app)
    await app.templates.publish(MARKETER, "order")
    await app.store.write(lambda tx: tx.conn.exec_driver_sql("update template_versions set source = ''"))
    assert (await app.studio.diff(ADMIN, "order", 1)).items == []
