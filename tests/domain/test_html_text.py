"""The text part made from HTML, plain and with Jinja inside."""

from backend.domain.html_text import text_of, tidy
from backend.domain.render import compile_version, render
from backend.domain.template import Content, EmailContent, TemplateVersion


def test_headings_paragraphs_links_and_lists():
    html = """<html><head><title>no</title><style>p{}</style></head><body>
    <div style="display:none">hidden</div>
    <h1>Your  order</h1><p>Hello <b>Mia</b>,<br>it is on
    its way.</p><ul><li>Bell</li><li>Rope<ul><li>red</li></ul></li></ul><ol><li>one</li><li>two</li></ol>
    <p><a href="https://example.com/t?a=1&amp;b=2">Track it</a>, <a href="https://example.com">example.com</a>,
    <a href="mailto:a@example.com">a@example.com</a></p><hr>
    <table><tr><td>Total</td><td>12</td></tr><tr><td>Tax</td><td>2</td></tr></table>
    <img src="x" alt="A bell"><script>no()</script></body></html>"""
    assert text_of(html) == (
        "Your order\n\nHello Mia,\nit is on its way.\n\n- Bell\n- Rope\n  - red\n\n1. one\n2. two\n\n"
        "Track it (https://example.com/t?a=1&b=2), example.com, a@example.com\n\n"
        "----------------------------------------\nTotal 12\nTax 2\nA bell"
    )


def rendered(html, **data):
    version = TemplateVersion("k", 1, Content(email=EmailContent("s", html, "", text_of(html))))
    return render(compile_version(version), "email", {"data": data}).text


def test_loops_and_conditions_survive_and_leave_no_holes():
    html = (
        "<p>Items:</p><ul>{% for i in rows %}<li>{{ i.name }}{% if i.n > 1 %} x {{ i.n }}{% endif %}</li>{% endfor %}</ul>"
        '{% if note %}<p>{{ note }}</p>{% endif %}<p><a href="{{ go }}">Go</a></p>'
    )
    rows = [{"name": "Bell", "n": 2}, {"name": "Rope", "n": 1}]
    assert rendered(html, rows=rows, note="", go="https://example.com") == "Items:\n\n- Bell x 2\n- Rope\n\nGo (https://example.com)"
    assert rendered(html, rows=[], note="Hi", go="https://example.com") == "Items:\n\nHi\n\nGo (https://example.com)"


def test_values_in_text_are_not_escaped():
    assert rendered("<p>{{ name }} &amp; co</p>", name="A <& B>") == "A <& B> & co"


def test_blocks_of_hidden_parts_stay_whole():
    assert rendered('<div style="display: none">{% if a %}secret</div><p>shown</p>{% endif %}', a=1) == "shown"


def test_tidy():
    assert tidy("\n\na  \n\n\n\nb\n") == "a\n\nb"
