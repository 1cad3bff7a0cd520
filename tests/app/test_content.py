"""Categories and templates: validated, versioned, announced to every process."""

import pytest

from backend.app.app import App
from backend.app.views import CategoryIn, PersonIn, PreviewIn, TemplateIn
from backend.domain.category import SEEDED
from backend.domain.errors import Forbidden, Invalid, LinkUnsafe, NotFound, Stale, TemplateMissing, TemplateSyntax, TooLarge, UnknownChannel
from backend.domain.template import Content, EmailContent, SmsContent, WebContent
from backend.store import content, tables, templates
from tests.app.actors import ADMIN, ANALYST, MARKETER, OPERATOR, actor, rows, trail

MAIL = Content(
    email=EmailContent("Order {{ order }} for {{ user.name }}", "<style>p{color:red}</style><p>Total {{ total }}</p>"),
    web=WebContent("Order {{ order }}"),
    locales={"de": Content(web=WebContent("Bestellung {{ order }}"))},
)
SAMPLES = {"order": "A-1", "total": 3}


async def revision(app: App) -> int:
    return await app.store.read(content.revision)


async def test_a_new_space_has_the_seeded_categories(app: App) -> None:
    assert {c.key for c in (await app.categories.list(ANALYST)).items} == {c.key for c in SEEDED}
    known = await app.store.read(lambda tx: content.snapshot(tx, 1))
    assert known.categories == {c.key: c for c in SEEDED}


async def test_a_category_is_put_and_announced(each_app: App) -> None:
    app = each_app
    before = await revision(app)
    given = CategoryIn("Shipping", kind="service", channels=["web", "sms"], max_priority="normal", cap={"limit": 3, "seconds": 86400})
    made = await app.categories.put(MARKETER, "shipping", given)
    assert made == await app.categories.get(ADMIN, "shipping") and made.channels == ["web", "sms"] and made.revision == 1
    assert await revision(app) > before
    assert await app.cache.get_many([content.KEY]) == [b"%d" % await revision(app)]
    given.revision, given.name = 1, "Deliveries"
    assert (await app.categories.put(MARKETER, "shipping", given)).revision == 2
    with pytest.raises(Stale) as refused:
        await app.categories.put(MARKETER, "shipping", given)
    assert refused.value.facts == {"seen": 1, "current": 2}
    with pytest.raises(NotFound):
        await app.categories.get(actor("admin", space=2), "shipping")
    assert [t for t in await trail(app) if t[1] == "category.put"] == [("the-marketer", "category.put", "category:shipping")] * 2


@pytest.mark.parametrize(
    ("key", "given", "error"),
    [
        ("", CategoryIn("x"), Invalid),
        ("a b", CategoryIn("x"), Invalid),
        ("x" * 65, CategoryIn("x"), Invalid),
        ("x", CategoryIn("x", channels=[]), Invalid),
        ("x", CategoryIn("x", channels=["web", "web"]), Invalid),
        ("x", CategoryIn("x", channels=["fax"]), UnknownChannel),  # type: ignore[list-item]
        ("x", CategoryIn("x", max_priority="urgent"), Invalid),  # type: ignore[arg-type]
        ("x", CategoryIn("x", kind="marketing", urgent=True), Invalid),
        ("x", CategoryIn("x", cap={"limit": 0}), Invalid),
        ("x", CategoryIn("x", value=-1), Invalid),
        ("x", CategoryIn("x", template="nowhere"), Invalid),
    ],
)
async def test_a_category_that_cannot_be(app: App, key: str, given: CategoryIn, error: type[Exception]) -> None:
    before = await revision(app)
    with pytest.raises(error):
        await app.categories.put(ADMIN, key, given)
    assert await revision(app) == before and await trail(app) == []


async def test_a_template_is_drafted_published_and_rolled_back(each_app: App) -> None:
    app = each_app
    drafted = await app.templates.put(MARKETER, "order", TemplateIn(MAIL, name="Order", samples=SAMPLES))
    assert (drafted.published, drafted.revision, drafted.variables) == (0, 1, [])
    before = await revision(app)
    published = await app.templates.publish(MARKETER, "order", 1)
    assert (published.published, published.revision) == (1, 2) and await revision(app) == before + 1
    assert {v.name for v in published.variables} == {"data.order", "data.total", "user.name"}
    kept = await app.store.read(lambda tx: templates.version(tx, 1, "order", 1))
    assert kept is not None and kept.published_by == "the-marketer" and 'style=\\"color: red' in kept.content
    await app.templates.put(MARKETER, "order", TemplateIn(Content(sms=SmsContent("Hi")), revision=2))
    second = await app.templates.publish(MARKETER, "order")
    assert (second.published, second.name, [v.version for v in second.versions]) == (2, "Order", [2, 1])
    back = await app.templates.rollback(MARKETER, "order", 1)
    assert back.published == 3 and back.draft == Content(sms=SmsContent("Hi"))
    third = await app.store.read(lambda tx: templates.version(tx, 1, "order", 3))
    assert third is not None and third.content == kept.content.replace('"version":1', '"version":3')
    assert (await app.templates.get(ANALYST, "order")) == back
    assert [action for _, action, _ in await trail(app)] == ["template.put", "template.publish"] * 2 + ["template.rollback"]


async def test_publishing_what_somebody_else_changed_is_stale(app: App) -> None:
    await app.templates.put(MARKETER, "order", TemplateIn(MAIL, samples=SAMPLES))
    await app.templates.put(ADMIN, "order", TemplateIn(MAIL))
    with pytest.raises(Stale) as refused:
        await app.templates.publish(MARKETER, "order", 1)
    assert refused.value.facts == {"seen": 1, "current": 2}
    with pytest.raises(Stale):
        await app.templates.rollback(MARKETER, "order", 1, 1)
    assert await rows(app, tables.template_versions) == []


async def test_a_change_during_the_check_is_not_published(app: App) -> None:
    await app.templates.put(MARKETER, "order", TemplateIn(MAIL, samples=SAMPLES))
    publish = app.jail.publish

    async def slow(*args):
        checked = await publish(*args)
        await app.templates.put(ADMIN, "order", TemplateIn(Content(sms=SmsContent("other"))))
        return checked

    app.jail.publish = slow  # type: ignore[method-assign]
    with pytest.raises(Stale):
        await app.templates.publish(MARKETER, "order")
    assert await rows(app, tables.template_versions) == []


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (Content(), Invalid),
        (Content(sms=SmsContent("{{ name")), TemplateSyntax),
        (Content(sms=SmsContent("{% import 'os' as x %}")), TemplateSyntax),
        (Content(web=WebContent("Hi", link="javascript:alert(1)")), LinkUnsafe),
    ],
)
async def test_what_may_not_be_sent_stays_a_draft(app: App, draft: Content, error: type[Exception]) -> None:
    await app.templates.put(MARKETER, "bad", TemplateIn(draft))
    before = await revision(app)
    with pytest.raises(error):
        await app.templates.publish(MARKETER, "bad")
    assert (await app.templates.get(MARKETER, "bad")).published == 0 and await revision(app) == before


async def test_previews_with_samples_and_for_a_person(app: App) -> None:
    await app.templates.put(MARKETER, "order", TemplateIn(MAIL, samples=SAMPLES))
    shown = (await app.templates.preview(MARKETER, "order", PreviewIn())).messages
    assert set(shown) == {"email", "web"} and shown["web"].title == "Order A-1" and "Total 3" in shown["email"].html
    german = await app.templates.preview(MARKETER, "order", PreviewIn(channel="web", locale="de-AT", data={"order": "B-2"}))
    assert german.messages["web"].title == "Bestellung B-2" and set(german.messages) == {"web"}
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia <b>", locale="de", email="mia@example.com"))
    mine = (await app.templates.preview(MARKETER, "order", PreviewIn(user="mia"))).messages
    assert mine["email"].subject == "Order A-1 for Mia <b>" and mine["web"].title == "Bestellung A-1"
    other = await app.templates.preview(ANALYST, "unsaved", PreviewIn(content=Content(sms=SmsContent("Hello {{ who|default('you') }}"))))
    assert other.messages["sms"].text == "Hello you"


async def test_previews_refused(app: App) -> None:
    await app.templates.put(MARKETER, "order", TemplateIn(MAIL, samples=SAMPLES))
    with pytest.raises(NotFound):
        await app.templates.preview(MARKETER, "nothing", PreviewIn())
    with pytest.raises(NotFound):
        await app.templates.preview(MARKETER, "order", PreviewIn(version=4))
    with pytest.raises(NotFound):
        await app.templates.preview(MARKETER, "order", PreviewIn(user="nobody"))
    with pytest.raises(TemplateMissing):
        await app.templates.preview(MARKETER, "order", PreviewIn(channel="push"))
    with pytest.raises(Forbidden):
        await app.templates.preview(ANALYST, "order", PreviewIn(user="mia"))


async def test_keys_sizes_and_lists(app: App) -> None:
    with pytest.raises(Invalid):
        await app.templates.put(MARKETER, "a/b", TemplateIn(MAIL))
    with pytest.raises(TooLarge):
        await app.templates.put(MARKETER, "big", TemplateIn(Content(sms=SmsContent("x" * 2_100_000))))
    for n in range(5):
        await app.templates.put(MARKETER, f"t{n}", TemplateIn(MAIL))
    first = await app.templates.list(ANALYST, limit=3)
    rest = await app.templates.list(ANALYST, limit=3, after=first.next or "")
    assert [t.key for t in first.items + rest.items] == [f"t{n}" for n in range(5)] and rest.next is None
    with pytest.raises(Invalid):
        await app.templates.list(ANALYST, limit=0)
    with pytest.raises(Forbidden):
        await app.templates.put(OPERATOR, "t", TemplateIn(MAIL))
    with pytest.raises(NotFound):
        await app.templates.get(actor("admin", space=2), "t0")


