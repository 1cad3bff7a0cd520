"""Layouts and partials: put together before anything is parsed, pinned by publishing, errors led back to where they were typed."""

import pytest

from backend.domain.errors import Invalid, Refusal, TemplateBounds, TemplateSyntax
from backend.domain.lint import look
from backend.domain.parts import Part, assemble, includes, put_together
from backend.domain.publish import SAMPLE_CONTEXT, publish
from backend.domain.render import compile_version, render
from backend.domain.starters import PARTS, STARTERS
from backend.domain.template import Content, EmailContent, SmsContent, TemplateVersion, WebContent

SHELF = {
    part.name: part
    for part in (
        Part("layout", "std", "<html><body>\n<h1>{{ brand.name }}</h1>\n{% content %}\n{% include 'foot' %}\n</body></html>", 3),
        Part("partial", "foot", "<i>{{ brand.address }}</i>\n<b>x</b>\n", 5),
        Part("partial", "outer", 'a {% include "foot" %} b', 1),
        Part("layout", "none", "<p>nothing</p>", 1),
        Part("partial", "loop", "{% include 'loop' %}", 1),
    )
}


def mail(html: str, layout: str = "std") -> Content:
    return Content(email=EmailContent("Hi", html, layout=layout))


def test_a_layout_goes_around_and_partials_in_between():
    whole = put_together("<p>{% include 'outer' %}</p>", "email html", SHELF, "std")
    assert whole.text == (
        "<html><body>\n<h1>{{ brand.name }}</h1>\n<p>a <i>{{ brand.address }}</i>\n<b>x</b> b</p>\n<i>{{ brand.address }}</i>\n<b>x</b>\n</body></html>"
    )
    assert whole.used == {"layout:std": 3, "partial:outer": 1, "partial:foot": 5}
    assert includes("{% include 'a' %}{%- include \"b\" -%}{% include 'a' %}") == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "layout", "error", "words"),
    [
        ("x\n {% include 'nowhere' %}", "", TemplateSyntax, "line 2: there is no partial 'nowhere'"),
        ("x", "nowhere", TemplateSyntax, "no layout 'nowhere'"),
        ("x", "none", TemplateSyntax, "0 places for the content"),
        ("{% include 'loop' %}", "", TemplateBounds, "includes itself"),
    ],
)
def test_parts_that_cannot_be_put_in(source, layout, error, words):
    with pytest.raises(error, match=words):
        put_together(source, "email html", SHELF, layout)


def test_every_place_of_the_whole_leads_back():
    source = "first\n{% include 'foot' %}\nlast {{ x }}"
    whole = put_together(source, "email html", SHELF, "std")
    lines = whole.text.split("\n")
    assert whole.place(lines.index("first") + 1) == ("", 1, 1)
    assert whole.place(2, "there is no 'brand.name'") == ("layout:std", 2, 8)
    assert whole.place(lines.index("last {{ x }}") + 1) == ("", 3, 6)
    inner = next(n for n, line in enumerate(lines, 1) if "<b>x</b>" in line)
    assert whole.place(inner) == ("partial:foot", 2, 1)
    assert whole.place(10_000)[0] == "layout:std"  # past the end is its end


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (mail("<p>a</p>\n  {{ user.nmae }}"), {"where": "email html", "line": 2, "column": 6}),
        (mail("<p>\n{{ a|uper }}</p>", ""), {"where": "email html", "line": 2, "column": 6}),
        (Content(sms=SmsContent("x\n\n{% if %}")), {"where": "sms text", "line": 3, "column": 1}),
        (Content(locales={"de": Content(web=WebContent("{{ x.__class__ }}"))}), {"where": "web [de] title", "line": 1, "column": 6}),
    ],
)
def test_refusals_have_line_column_and_place(content, facts):
    with pytest.raises(Refusal) as refused:
        publish(content, {}, SHELF)
    assert facts.items() <= refused.value.facts.items() and "part" not in refused.value.facts


def test_an_error_inside_a_part_names_the_part_and_its_own_line():
    shelf = {**SHELF, "partial:foot": Part("partial", "foot", "<i>\n\n{{ brand.adress }}</i>", 6)}
    with pytest.raises(TemplateSyntax, match="email html, partial 'foot', line 3: there is no brand") as refused:
        publish(mail("<p>x</p>"), {}, shelf)
    assert (refused.value.facts["part"], refused.value.facts["line"]) == ("partial:foot", 3)


def test_a_published_version_holds_its_parts_and_brand_for_good():
    done = publish(mail("<p>{{ x }}</p>"), {"x": "1"}, SHELF)
    assert done.parts == {"layout:std": 3, "partial:foot": 5} and done.content.email is not None and done.content.email.layout == ""
    version = TemplateVersion("k", 1, done.content, done.variables, {}, {"name": "Then", "address": "Old Street", "color": "#000000"}, done.parts)
    now = {**SAMPLE_CONTEXT, "brand": {"name": "Now", "address": "New Street"}, "data": {"x": "1"}}
    html = render(compile_version(version), "email", now).html
    assert "Then" in html and "Old Street" in html and "Now" not in html and "{% include" not in html
    assert assemble(done.content, {}).content == done.content  # nothing is left to put in


@pytest.mark.parametrize("name", STARTERS)
def test_starting_layouts_publish_as_they_are(name):
    starter = STARTERS[name]
    shelf = {part.name: part for part in PARTS}
    done = publish(starter.content, starter.samples, shelf)
    assert {m.locale for m in done.messages} == {"", *starter.content.locales}
    for locale, channel, _ in starter.content.each():
        seen = look(starter.content, channel, locale, {**SAMPLE_CONTEXT, "data": starter.samples}, shelf)
        assert (seen.problems, seen.missing, seen.locale) == ((), (), locale) and seen.message is not None


def test_a_look_tells_every_problem_at_once_and_where():
    content = Content(email=EmailContent("{{ user.nam }}", "<p>\n{{ x|nope }}</p>\n<script></script>", "{{ ok }}", layout="std"))
    seen = look(content, "email", "de-AT", {"data": {}}, SHELF)
    assert [(p.field, p.line, p.column, p.kind) for p in seen.problems] == [("subject", 1, 4, "error"), ("html", 2, 6, "error")]
    assert seen.problems[0].text.startswith("There is no user.nam") and seen.message is None


def test_a_look_takes_the_nearest_language_and_names_what_is_missing():
    content = Content(
        sms=SmsContent("Hi {{ who }}"), web=WebContent("Hi"), locales={"de": Content(sms=SmsContent("Hallo\n {{ order.id }}")), "de-CH": Content(web=WebContent("Grüezi"))}
    )  # fmt: skip
    seen = look(content, "sms", "de-AT", {"user": {"locale": "de-AT"}, "data": {}}, {})
    assert (seen.locale, seen.missing) == ("de", ("data.order.id",))
    assert [(p.text, p.line, p.column, p.kind) for p in seen.problems] == [("data.order.id", 2, 5, "missing")]
    assert seen.message is not None  # shown with a made-up value
    assert look(content, "web", "de-CH", {}, {}).locale == "de-CH"
    assert look(content, "web", "fr", {}, {}).locale == ""
    assert look(content, "push", "de", {}, {}).locale is None


def test_a_look_refuses_what_publishing_refuses():
    long = Content(sms=SmsContent("x" * 2_000))
    (problem,) = look(long, "sms", "en", {}, {}).problems
    assert "1,600 are allowed" in problem.text
    with pytest.raises(Invalid):
        publish(Content(locales={"not a locale": Content(sms=SmsContent("x"))}))
