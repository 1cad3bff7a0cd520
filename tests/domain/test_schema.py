"""Schemas of data: inferred ones fit their sample, and checking agrees with jsonschema on the keywords we know."""

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.errors import Invalid
from backend.domain.schema import Fault, faults, infer, well_formed
from backend.domain.template import Variable

LEAF = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("ab", max_size=3)
VALUE = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=3), max_leaves=8)
KIND = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
SCHEMA = st.recursive(
    st.fixed_dictionaries(
        {}, optional={"type": KIND | st.lists(KIND, min_size=1, max_size=2, unique=True), "enum": st.lists(LEAF, min_size=1, max_size=3), "const": LEAF,
                      "minimum": st.integers(-3, 3), "maximum": st.integers(-3, 3), "minLength": st.integers(0, 2), "maxLength": st.integers(0, 2),
                      "minItems": st.integers(0, 2), "maxItems": st.integers(0, 2)},
    ),
    lambda inner: st.fixed_dictionaries(
        {}, optional={"properties": st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=2), "items": inner,
                      "required": st.lists(st.text("ab", min_size=1, max_size=2), max_size=2, unique=True), "additionalProperties": st.booleans() | inner},
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(SCHEMA, VALUE)
def test_checking_agrees_with_jsonschema(schema, value):
    theirs = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (not faults(well_formed(schema), value)) == theirs


@settings(max_examples=60, deadline=None)
@given(VALUE)
def test_what_is_inferred_fits_its_sample_when_lists_are_of_one_kind(value):
    schema = infer({"first": value})
    jsonschema.Draft202012Validator.check_schema(schema)
    firsts = not any(isinstance(v, list) and len(v) > 1 for v in walk(value))
    assert not firsts or faults(well_formed(schema), {"first": value}) == []


def walk(value):
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def test_what_a_template_needs_is_required():
    schema = infer({"order": {"id": "8"}}, (Variable("data.order.lines[].name"), Variable("data.note", required=False), Variable("user.name"), Variable("data.total", "number")))
    assert {(f.path, f.code) for f in faults(schema, {"order": {"id": "8"}})} == {("order.lines", "required"), ("total", "required")}
    given_ = {"order": {"id": "8", "lines": [{"name": "a"}, {}]}, "total": "3"}
    assert faults(schema, given_) == [Fault("order.lines[1].name", "required"), Fault("total", "type", "number")]


@pytest.mark.parametrize("schema", [[], "x", {"type": "text"}, {"properties": []}, {"properties": {"a": 3}}, {"required": "a"}, {"items": {"type": 3}}, None])
def test_what_is_no_schema_is_refused(schema):
    with pytest.raises(Invalid, match="The schema is wrong at"):
        well_formed(schema)


def test_a_schema_nested_without_end_is_refused():
    deep: dict = {}
    for _ in range(40):
        deep = {"properties": {"a": deep}}
    with pytest.raises(Invalid, match="deeper than"):
        well_formed(deep)
