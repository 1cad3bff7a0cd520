"""What a template cannot do without: judged by rendering, which must fail for want of exactly that."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.demands import demands, lacking
from backend.domain.errors import DataMissing, Refusal
from backend.domain.filters import FILTERS
from backend.domain.publish import SAMPLE_CONTEXT
from backend.domain.render import compile_content, render
from backend.domain.template import Content, EmailContent, SmsContent, WebContent


def of(text: str) -> frozenset[str]:
    return frozenset(".".join(path) for path in demands(Content(sms=SmsContent(text=text)))["sms"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ data.order.total }} {{ name }}", {"order.total", "name"}),
        ("{{ name|upper|truncate(9) }}{{ data['odd key'] }}", {"name", "odd key"}),
        ("{% for row in data.rows %}{{ row.sku }}{{ data.inside }}{% endfor %}", {"rows"}),
        ("{{ rows[0].sku }}", {"rows"}),
        ("{{ name|default('you') }}{{ a|d }}{{ b|default('')|upper }}", set()),
        ("{% if gift %}{{ sender }}{% else %}{{ buyer }}{% endif %}", set()),
        ("{{ sender if gift else buyer }}", set()),
        ("{% set name = 'x' %}{{ name }}", set()),
        ("{{ user.name }}{{ brand.name }}{{ links.why }}{{ event.type }}", set()),
        ("plain", set()),
    ],
)
def test_only_what_is_certain(text, wanted):
    assert of(text) == wanted


def test_of_several_languages_what_all_of_them_print():
    german = Content(email=EmailContent(subject="{{ a }}", html="<p>{{ c }}</p>"))
    whole = Content(email=EmailContent(subject="{{ a }}", html="<p>{{ b }}</p>"), web=WebContent(title="{{ d }}"), locales={"de": german})
    assert demands(whole) == {"email": frozenset({("a",)}), "web": frozenset({("d",)})}


def test_what_is_there_is_not_lacking_whatever_it_is():
    wanted = frozenset({("a",), ("b", "c"), ("d", "e")})
    assert lacking({"a": None, "b": {}, "d": 7}, wanted) == ["data.b.c"]
    assert lacking({}, wanted) == ["data.a", "data.b.c", "data.d.e"]


NAMES = st.sampled_from(["a", "b", "data.a", "data.b.c", "a.b", "data['a']", "a[0]", "user.name", "data.b.c.d"])
FILTER = st.sampled_from(["", *(f"|{name}" for name in FILTERS if name != "replace"), "|replace('x', 'y')", "|default('x')|upper"])
PRINTED = st.builds("{{{{ {}{} }}}}".format, NAMES, FILTER)
PIECE = st.recursive(
    st.one_of(PRINTED, st.sampled_from(["text", "{% set a = 'x' %}", "{% set b = data.a|default('') %}"])),
    lambda inner: st.one_of(
        st.builds("{{% if {} %}}{}{{% endif %}}".format, NAMES, inner),
        st.builds("{{% if {} is defined %}}{}{{% else %}}{}{{% endif %}}".format, NAMES, inner, inner),
        st.builds("{{% for a in {} %}}{}{{% endfor %}}".format, NAMES, inner),
        st.builds("{}{}".format, inner, inner),
        st.builds("{{{{ {} if {} else 'x' }}}}".format, NAMES, NAMES),
    ),
    max_leaves=6,
)
VALUE = st.recursive(
    st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["x", "", "2026-01-01"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(text=PIECE, data=st.dictionaries(st.sampled_from("abcd"), VALUE, max_size=3))
def test_what_is_said_to_be_lacking_cannot_be_rendered(text, data):
    content = Content(sms=SmsContent(text=f"Hi {text}"))
    try:
        compiled, wanted = compile_content(content), demands(content)["sms"]
    except Refusal:
        return
    if not lacking(data, wanted):
        return
    with pytest.raises(Refusal) as refusal:
        render(compiled, "sms", {**SAMPLE_CONTEXT, "data": data})
    if isinstance(refusal.value, DataMissing):
        assert refusal.value.facts["missing"]
