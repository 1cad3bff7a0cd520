"""Rendering: messages, languages, missing values by name, escaping, links, one-line subjects, bounds at run time."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from markupsafe import Markup, escape

from backend.domain.default_content import DEFAULT, default_version
from backend.domain.errors import DataMissing, HeaderUnsafe, LinkUnsafe, TemplateBounds, TemplateMissing, TemplateSyntax
from backend.domain.publish import SAMPLE_CONTEXT, inline_css, publish
from backend.domain.render import Piece, compile_content, compile_version, missing, render, scope
from backend.domain.sandbox import finalize, shown_in_html, shown_in_text
from backend.domain.template import (
    Action,
    Content,
    EmailContent,
    EmailMessage,
    PushContent,
    PushMessage,
    SmsContent,
    SmsMessage,
    WebContent,
    WebMessage,
)
from tests.domain.rendered import compiled, context, mail, sms


def test_one_message_per_channel():
    made = compiled(
        Content(
            email=EmailContent(
                "Order {{ order.id }}", "<body><p>{{ user.name }}</p></body>", "Pre & {{ order.id }}", "Hi {{ data.order.id }}"
            ),
            push=PushContent(
                "{{ order.id }}", "b", "https://example.com/i.png", "{{ go }}", (Action("go", "Go {{ order.id }}", "{{ go }}"),)
            ),
            sms=SmsContent("{{ brand.name }} {{ event.category }}"),
            web=WebContent("t", "{{ order.id }}"),
        )
    )
    given = context({"order": {"id": 7}, "go": "https://example.com/7"})
    hidden = '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">Pre &amp; 7</div>'
    assert render(made, "email", given) == EmailMessage("Order 7", f"<body>{hidden}<p>Mia Berger</p></body>", "Hi 7", "Pre & 7")
    go = "https://example.com/7"
    assert render(made, "push", given) == PushMessage("7", "b", "https://example.com/i.png", go, (Action("go", "Go 7", go),))
    assert render(made, "sms", given) == SmsMessage("Example orders")
    assert render(made, "web", given) == WebMessage("t", "7")


def test_the_nearest_language_that_has_the_channel():
    made = compiled(
        Content(
            sms=SmsContent("default"),
            web=WebContent("default"),
            locales={"de": Content(sms=SmsContent("de"), web=WebContent("de")), "de-AT": Content(sms=SmsContent("de-AT"))},
        )
    )
    assert [render(made, "sms", {}, tag).text for tag in ("de-AT", "de_CH", "de", "fr", "")] == ["de-AT", "de", "de", "default", "default"]
    assert render(made, "web", {}, "de-at").title == "de"
    with pytest.raises(TemplateMissing, match="push"):
        render(made, "push", {}, "de")


def test_a_missing_value_is_named_by_its_whole_path():
    made = compiled(
        Content(
            sms=SmsContent(
                "{{ data.order.total|money }} {{ order.id }} {% for i in rows %}{{ i.name }}{% endfor %} {{ user.attributes.vip }}"
            )
        )
    )
    given = context({"order": {"id": 1}, "rows": [{"name": "a"}, {"x": 1}]})
    names = ["data.order.total", "data.rows[1].name", "user.attributes.vip"]
    assert missing(made, "sms", given) == names
    with pytest.raises(DataMissing, match=r"data\.order\.total, data\.rows\[1\]\.name") as caught:
        render(made, "sms", given)
    assert caught.value.facts["missing"] == names


@pytest.mark.parametrize(
    "source",
    [
        "{{ x }}",
        "{{ x.y }}",
        "{{ x ~ 1 }}",
        "{{ x + 1 }}",
        "{{ x == 1 }}",
        "{{ x < 1 }}",
        "{{ x|date }}",
        "{{ -x }}",
        "{% for i in x %}{% endfor %}",
    ],
)
def test_every_use_of_a_missing_value_is_an_error(source):
    with pytest.raises(DataMissing, match=r"data\.x") as caught:
        sms("a " + source)
    assert len(caught.value.facts["missing"]) == 1


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a{% if x %}b{% endif %}", "a"),
        ("{{ x|default('b') }}", "b"),
        ("{{ x.y.z|default('b') }}", "b"),
        ("{{ 'a' if x is defined else 'b' }}", "b"),
        ("a{{ 'c' if x.y }}", "a"),
        ("a{{ none }}", "a"),
    ],
)
def test_asking_for_a_value_is_not_using_it(source, text):
    assert sms(source, {"none": None}) == text
    assert missing(compiled(Content(sms=SmsContent(source))), "sms", context({"none": None})) == []


def test_names_of_the_house_are_not_hidden_by_data():
    given = {"user": {"name": "evil"}, "data": "evil", "brand": "evil", "range": "evil", "_turns": [10**9], "_locale": "evil"}
    assert (
        sms("{{ user.name }} {{ data.user.name }} {{ brand.name }} {% for i in range(2) %}{{ i }}{% endfor %}", given)
        == "Mia Berger evil Example 01"
    )


def test_keys_that_look_like_methods_are_keys():
    assert (
        sms("{{ data.items[0].keys }} {{ data.update }} {{ data['copy'] }}", {"items": [{"keys": "k"}], "update": "u", "copy": "c"})
        == "k u c"
    )


def test_rendering_changes_nothing_it_was_given():
    given = context({"rows": [{"a": 1}]})
    before = repr(given)
    render(compiled(Content(sms=SmsContent("{% for r in rows %}{% set x = r.a + 1 %}{{ x }}{% endfor %}"))), "sms", given)
    assert repr(given) == before


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_value_breaks_out_of_html(value):
    html = '<p title="{{ v }}{{ v|tojson }}{{ v|e }}{{ v|upper|truncate(20) }}">{{ v }}<!--{{ v }}--></p>'
    out = mail(html, {"v": value}).html
    assert out.count("<") == html.count("<")
    assert out.count('"') == html.count('"')


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        " javascript:x",
        "java\nscript:x",
        "\x01javascript:x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
    ],
)
def test_links_that_run_or_read_are_refused_wherever_they_come_from(link):
    for html in (
        '<a href="{{ v }}">x</a>',
        "<img src='{{ v }}'>",
        '<a href="{{ v if v }}">x</a>',
        '<a href="  {{ (v)|url }}">x</a>',
        '<a href="{{ (u) ~ (v)|trim }}">x</a>',
        '<!--[if mso]><v:rect href="{{ v }}"></v:rect><![endif]-->',
    ):
        with pytest.raises(LinkUnsafe, match="email html, line 1"):
            mail(html, {"v": link, "u": ""})
    for content in (
        PushContent("t", link="{{ v }}"),
        PushContent("t", image="{{ v }}"),
        PushContent("t", actions=(Action("a", "b", "{{ v }}"),)),
    ):
        with pytest.raises(LinkUnsafe):
            render(compiled(Content(push=content)), "push", context({"v": link}))


@pytest.mark.parametrize(
    "link", ["https://example.com/a?b=c:d", "http://x", "mailto:a@example.com", "tel:+49123", "/path", "#top", "HTTPS://X", "", "a/b:c"]
)
def test_links_that_may_be_sent(link):
    assert mail('<a href="{{ v }}">x</a>', {"v": link}).html == f'<a href="{link}">x</a>'


@pytest.mark.parametrize(
    ("html", "word"),
    [
        ('<a href="javascript:alert(1)">x</a>', "javascript"),
        ('<a href="java&#115;cript:alert(1)">x</a>', "javascript"),
        ('<a href="java{{ v }}">x</a>', "begin href"),
        ('<a href="{{ v }}{{ w }}">x</a>', "begin href"),
        ('<a href="{% if v %}https://x{% endif %}">x</a>', "begin href"),
        ("<a href={{ v }}>x</a>", "quotes"),
        ("<a title=a{{ v }}>x</a>", "quotes"),
        ("<a {{ v }}>x</a>", "quotes"),
        ('<a {% if v %}class="a"{% endif %}>x</a>', "quotes"),
        ("<{{ v }}>x", "name of a tag"),
        ("<h{{ v }}>x", "name of a tag"),
        ("<script>x</script>", "script"),
        ('<p onclick="x">', "onclick"),
        ("<iframe src='https://x'></iframe>", "iframe"),
        ('<meta http-equiv="refresh" content="0">', "redirect"),
        ("<style>{% if a %}p{}{% endif %}</style>", "inside <style>"),
        ("{% raw %}<script>x</script>{% endraw %}", "raw"),
        ('<!--[if mso]><a href="javascript:x">x</a><![endif]-->', "javascript"),
        ("<!-- <script>x</script> -->", "script"),
    ],
)
def test_html_that_may_not_be_in_a_mail(html, word):
    with pytest.raises(TemplateSyntax, match=word) as caught:
        mail("\n" + html, {"v": "x", "w": "y"})
    assert caught.value.facts["line"] == 2


@pytest.mark.parametrize("evil", ["a\r\nBcc: x", "a\nb", "a\u2028b"])
def test_a_subject_is_one_line(evil):
    with pytest.raises(HeaderUnsafe, match="email subject"):
        mail("h", {"v": evil}, "Hi {{ v }}")
    with pytest.raises(HeaderUnsafe, match="push title"):
        render(compiled(Content(push=PushContent("Hi {{ v }}"))), "push", context({"v": evil}))


def test_an_empty_subject_is_refused():
    with pytest.raises(TemplateBounds, match="nothing is left"):
        mail("h", {"v": " "}, "{{ v }}")


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("{% for i in rows %}x{% endfor %}", {"rows": [1] * 1001}),
        ("{% for i in rows %}{% for j in rows %}x{% endfor %}{% endfor %}", {"rows": [1] * 500}),
        ("{% for i in rows %}{{ big }}{% endfor %}", {"rows": [1] * 900, "big": "x" * 1000}),
        ("{% for i in rows %}{% set big = big ~ big %}{{ big }}{% endfor %}", {"rows": [1] * 900, "big": "x" * 300_000}),
        ("{% set a = big + big %}", {"big": "x" * 300_000}),
        ("{% set a = rows|join(big) %}", {"rows": [1] * 900, "big": "x" * 1000}),
        ("{% set a = big|replace('x', big) %}", {"big": "x" * 1000}),
        ("{% set a = big|urlencode|urlencode|urlencode %}", {"big": "%" * 100_000}),
        ("{{ n * n }}", {"n": 10**31}),
        ("{{ big * 2 }}", {"big": "x"}),
        ("{{ rows * 2 }}", {"rows": [1]}),
        ("{{ '%s' % big }}", {"big": "x"}),
        ("{{ rows }}", {"rows": [1]}),
        ("{{ range }}", {}),
        ("{% for c in big %}x{% endfor %}", {"big": "abc"}),
        ("{{ n / 0 }}", {"n": 1}),
        ("{{ n < big }}", {"n": 1, "big": "x"}),
        ("{{ n|truncate(1, 2, 3, 4) }}", {"n": 1}),
        ("{{ big.upper }}", {"big": "x"}),
        ("{{ big['__class__'] }}", {"big": "x"}),
        ("{{ loop.index }}{% for i in rows %}{{ loop.__init__ }}{% endfor %}", {"rows": [1], "loop": {"index": 1}}),
    ],
)
def test_bounds_hold_for_the_data_of_tomorrow(source, data):
    with pytest.raises((TemplateBounds, TemplateSyntax), match=r"sms text(, line 2)?: "):
        sms("\n" + source, data)


def test_full_size_is_still_rendered():
    assert len(mail("{% for i in rows %}{{ big }}{% endfor %}", {"rows": [1] * 512, "big": "x" * 1024}).html) == 512 * 1024


def test_css_is_inlined_and_jinja_stays_where_it_was():
    source = (
        "<html><head><style>td{padding:4px}.a{color:{{ brand.color }}}@media (max-width:9px){.a{color:red}}</style></head><body>"
        "<table>{% for r in rows %}<tr><td>{{ r.n }}</td></tr>{% endfor %}</table>"
        '{% if n < 3 and n > 1 %}<p class="a">few {{ "a" if n < 2 else "b" }}</p>{% endif %}<a class="{{ n }}" href="{{ go }}">x</a></body></html>'
    )
    html = inline_css(source, "email html")
    assert "<tbody>{% for r in rows %}<tr>" in html
    assert "</tr>{% endfor %}</tbody>" in html
    assert "{% if n < 3 and n > 1 %}" in html
    assert '{{ "a" if n < 2 else "b" }}' in html
    assert '<p class="a" style="color: {{ brand.color }};">' in html
    assert '<a class="{{ n }}" href="{{ (go)|url }}">' in html
    assert "@media (max-width:9px)" in html
    assert inline_css(html, "email html").count("|url") == 1
    out = mail(html, {"rows": [{"n": 1}, {"n": 2}], "n": 2, "go": "https://example.com"}).html
    assert out.count('<tr><td style="padding: 4px;">') == 2
    assert "few b" in out


@pytest.mark.parametrize(
    "inside",
    [
        "<table>{{ v }}<tr><td>x</td></tr></table>",
        "<table><tbody>{% if v %}x{% endif %}<tr><td>x</td></tr></tbody></table>",
        "<p>a<p {{ v }}",
    ],
)
def test_jinja_that_html_would_move_is_refused_with_its_line(inside):
    with pytest.raises(TemplateSyntax) as caught:
        inline_css("<style>td{color:red}</style>\n\n" + inside, "email html")
    assert caught.value.facts["line"] in (1, 3)


def test_styles_are_never_fetched():
    with pytest.raises(TemplateSyntax, match="link"):
        inline_css('<link rel="stylesheet" href="file:///etc/passwd"><style>p{}</style><p>x</p>', "email html")


def test_publish_makes_up_what_the_samples_leave_out():
    done = publish(
        Content(
            email=EmailContent(
                "{{ order.id }}", "<style>p{color:red}</style><p>{{ total|money }} {{ when|date }}</p><a href='{{ go }}'>x</a>"
            ),
            sms=SmsContent("{% for r in order.rows %}{{ r.name }}{{ r.n * 2 }}{% endfor %}"),
        ),
        {"order": {"id": 7}},
    )
    assert done.samples["order"]["id"] == 7
    assert done.samples["order"]["rows"] == [{"name": "name", "n": 3}]
    assert [m.channel for m in done.messages] == ["email", "sms"]
    assert done.messages[0].message.subject == "7"
    assert done.content.email.text == "{{ total|money }} {{ when|date }}\n\nx ({{ (go)|url }})"
    assert {v.name for v in done.variables} >= {"data.order.id", "data.order.rows[].n", "data.total"}


def test_publish_names_channel_and_line():
    with pytest.raises(TemplateSyntax, match=r"email \[de\] html, line 2"):
        publish(Content(web=WebContent("t"), locales={"de": Content(email=EmailContent("s", "a\n{% if %}"))}))


def test_publishing_what_is_published_changes_nothing():
    once = publish(DEFAULT)
    twice = publish(once.content)
    assert twice.variables == once.variables
    for a, b in zip(once.messages, twice.messages, strict=True):  # the inliner has its own order of attributes
        assert sorted(re.split(r"[\s>]+|\\n", repr(a))) == sorted(re.split(r"[\s>]+|\\n", repr(b)))


def test_the_default_says_title_and_message_on_every_channel():
    made = compile_version(default_version())
    bare = {"event": {"title": "Hello <b>", "type": "t"}}
    full = context({"link": "https://example.com/x", "action": "Look"})
    for channel in ("email", "push", "sms", "web"):
        assert missing(made, channel, bare) == []
        for values, word in ((bare, "Hello <b>"), (full, "Your order is on its way")):
            message = render(made, channel, values)
            assert word in getattr(message, "subject", getattr(message, "title", getattr(message, "text", "")))
    html = render(made, "email", bare).html
    assert "Hello &lt;b&gt;" in html
    assert "href" not in html
    whole = render(made, "email", full)
    for link in ("https://example.com/x", "https://example.com/unsubscribe", "https://example.com/preferences", "https://example.com/why"):
        assert f'href="{link}"' in whole.html
        assert link in whole.text


PRINTED_IN_HTML, PRINTED_IN_TEXT = Piece("<p>{{ data.v }}</p>", html=True, where="x"), Piece("- {{ data.v }} -", html=False, where="x")


@settings(max_examples=300, deadline=None)
@given(value=st.one_of(st.text(), st.text(alphabet="a<>&\"' é"), st.integers(), st.floats(), st.booleans(), st.none(), st.text().map(Markup)))
def test_a_printed_value_is_what_jinja_itself_makes_of_it(value):
    """The short way to print is judged by the long one."""
    assert shown_in_html(value) == str(escape(finalize(value)))
    assert shown_in_text(value) == str(finalize(value))
    assert type(shown_in_html(value)) is type(shown_in_text(value)) is str
    values = scope({"data": {"v": value}})
    assert PRINTED_IN_HTML(values) == f"<p>{escape(finalize(value))}</p>"
    assert PRINTED_IN_TEXT(values) == f"- {finalize(value)} -"


@settings(max_examples=100, deadline=None)
@given(value=st.text(alphabet="a<>&\"' é\n"), name=st.sampled_from(["data.a", "a", "data['a']", "user.name"]))
def test_a_whole_text_is_what_jinja_itself_makes_of_it(value, name):
    source = f'<p title="{{{{ {name} }}}}">{{% for x in rows %}}{{{{ x.a }}}}{{% endfor %}}</p>'
    content = Content(email=EmailContent(subject="s", html=source, text="{{ " + name + " }}"))
    context = {**SAMPLE_CONTEXT, "user": {"name": value}, "data": {"a": value, "rows": [{"a": value}] * 2}}
    made = render(compile_content(content), "email", context)
    plain = Environment(autoescape=True).from_string(source).render(**context, a=value, rows=context["data"]["rows"])
    assert made.html == plain
