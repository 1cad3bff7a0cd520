"""What a typed source may contain, and what it is found to read."""

import msgspec
import pytest

from backend.domain.bounds import MAX_SOURCE, check_data, parse, variables
from backend.domain.errors import TemplateBounds, TemplateSyntax, TooLarge


def read(source, html=False):
    return variables(parse(source, html, "sms text"), "sms text")


def names(source):
    return {v.name: (v.kind, v.required) for v in read(source)}


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("{% include 'x' %}", "include"),
        ("{% import 'x' as y %}", "import"),
        ("{% from 'x' import y %}", "from"),
        ("{% extends 'x' %}", "extends"),
        ("{% block a %}{% endblock %}", "block"),
        ("{% macro a() %}{% endmacro %}", "macro"),
        ("{% call a() %}{% endcall %}", "call"),
        ("{% filter upper %}{% endfilter %}", "filter block"),
        ("{% set a %}x{% endset %}", "set without ="),
        ("{% autoescape false %}{% endautoescape %}", "autoescape"),
        ("{% do x %}", "do"),
        ("{{ 2 ** 3 }}", r"\*\*"),
        ("{{ {'a': 1} }}", "dict"),
        ("{{ [a, b]|join }}", "list"),
        ("{{ a.upper() }}", r"only range\(\)"),
        ("{{ range.__call__(1) }}", "only range"),
        ("{{ ''.__class__ }}", "__class__"),
        ("{{ _turns }}", "_turns"),
        ("{% set _turns = 1 %}", "_turns"),
        ("{{ self }}", "self"),
        ("{{ x|attr('y') }}", "attr"),
        ("{{ x|safe }}", "safe"),
        ("{{ x|uper }}", "Did you mean 'upper'"),
        ("{{ x is callable }}", "callable"),
        ("{{ user.nmae }}", r"Did you mean user\.name"),
        ("{{ links.unsubscribed }}", r"links\.unsubscribe"),
        ("{{ a", "end of"),
        ("{% for x in y recursive %}{% endfor %}", "recursive"),
        ("{% for x in 'abc' ~ y %}{% endfor %}", "loop runs over"),
    ],
)
def test_refused_with_the_line_and_the_word(source, word):
    with pytest.raises(TemplateSyntax, match=word) as caught:
        read("first\nsecond\n" + source)
    assert caught.value.facts["line"] == 3
    assert caught.value.facts["channel"] == "sms"
    assert "sms text, line 3" in caught.value.detail


@pytest.mark.parametrize(
    "source",
    [
        "x" * (MAX_SOURCE + 1),
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ a" + ".b" * 5000 + " }}",
        "{% if a %}" * 500 + "{% endif %}" * 500,
        "{% for a in b %}" * 4 + "{% endfor %}" * 4,
    ],
)
def test_sources_beyond_the_bounds(source):
    with pytest.raises(TemplateBounds):
        read(source)


def test_variables_with_their_kind_and_whether_they_are_needed():
    source = """
    {{ user.name }} {{ order.id }} {{ data.order.total|money }} {{ when|date }} {{ go|url }} {{ note|default('-') }}
    {% if coupon %}{{ coupon.code }}{% else %}{{ plain }}{% endif %}
    {% for item in order.rows %}{{ loop.index }} {{ item.name }} {{ item.price * 2 }}{% endfor %}
    {% for key, value in attributes|items %}{{ key }}{{ value }}{% endfor %}
    {% set local = other %}{{ local }} {{ links.why }} {{ 'a' if vip else first }}
    """
    assert names(source) == {
        "user.name": ("text", True),
        "data.order.id": ("text", True),
        "data.order.total": ("number", True),
        "data.when": ("date", True),
        "data.go": ("link", True),
        "data.note": ("text", False),
        "data.coupon": ("flag", False),
        "data.coupon.code": ("text", False),
        "data.plain": ("text", True),
        "data.order.rows": ("list", True),
        "data.order.rows[].name": ("text", True),
        "data.order.rows[].price": ("number", True),
        "data.attributes": ("object", False),
        "data.other": ("text", True),
        "data.vip": ("flag", False),
        "data.first": ("text", True),
    }


def test_names_of_a_loop_end_with_it():
    assert names("{% for item in rows %}{{ item }}{% endfor %}{{ item }}") == {
        "data.rows": ("list", True),
        "data.rows[]": ("text", True),
        "data.item": ("text", True),
    }


def test_data_up_to_its_bounds_is_taken():
    deep = {}
    inner = deep
    for _ in range(15):
        inner["a"] = {}
        inner = inner["a"]
    assert msgspec.json.decode(check_data(deep)) == deep
    inner["a"] = [[]]
    with pytest.raises(TemplateBounds, match="nested deeper than 16"):
        check_data(deep)
    assert len(check_data({"a": "x" * (256 * 1024 - 8)})) == 256 * 1024
    with pytest.raises(TooLarge):
        check_data({"a": "x" * (256 * 1024 - 7)})


def test_data_that_holds_itself_is_refused():
    loop = {}
    loop["a"] = loop
    with pytest.raises(TemplateBounds, match="nested"):
        check_data(loop)
