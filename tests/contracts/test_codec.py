"""Values in records: what a version writes it reads, what the version before wrote too, and nothing else in silence."""

import contextlib
import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.log.codec import Trace, Unreadable, decode, encode, new_trace, read_trace


@dataclass
class Bell:
    person: int
    title: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    id: bytes = b""


class Renamed(msgspec.Struct):
    VERSION: ClassVar[int] = 2
    headline: str
    person: int = 0


class Empty(msgspec.Struct):
    pass


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.integers(-(2**63), 2**63 - 1), st.text(), st.dictionaries(st.text(), json_values), st.binary())
def test_what_is_written_is_read(person: int, title: str, data: dict[str, Any], id_: bytes) -> None:
    bell = Bell(person, title, data, id_)
    raw = encode(bell)
    assert raw.startswith(b'{"v":1,')
    assert json.loads(raw)["v"] == 1
    assert decode(Bell, raw) == bell


def test_a_value_without_members_has_its_version() -> None:
    assert encode(Empty()) == b'{"v":1}'
    assert decode(Empty, b'{"v":1}') == Empty()


def test_only_objects_are_values() -> None:
    with pytest.raises(TypeError, match="object"):
        encode([1])


def test_members_it_does_not_know_are_ignored_and_new_ones_have_defaults() -> None:
    assert decode(Bell, b'{"v":1,"person":7,"invented":[1]}') == Bell(7)
    assert decode(Bell, b'{ "person": 7, "v": 1 }') == Bell(7)


def test_the_version_before_is_read_through_its_upgrade() -> None:
    def upgrade(old: dict[str, Any]) -> dict[str, Any]:
        return {"headline": old["title"], "person": old["person"]}

    assert decode(Renamed, b'{"v":1,"title":"Hello","person":3}', upgrade) == Renamed("Hello", 3)
    assert decode(Renamed, encode(Renamed("Now"))) == Renamed("Now")
    with pytest.raises(Unreadable):
        decode(Renamed, b'{"v":1,"person":3}', upgrade)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b"{}", b'{"v":0,"person":1}', b'{"v":2,"person":1}', b'{"v":"1","person":1}', b'{"person":1}', b'{"v":1}',
        b'{"v":1,"person":"7"}', b'{"v":1,"person":7} trailing', b'{"v":1,"person":7,"title":"\xff"}', b"\x00\xff",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(Bell, raw)


@given(st.binary(max_size=60))
def test_bytes_of_anybody_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(decode(Renamed, raw, dict), Renamed)


def test_a_trace_goes_through_headers_and_its_children_belong_to_it() -> None:
    trace = new_trace()
    assert read_trace(trace.headers()) == trace
    child = trace.child()
    assert child.trace == trace.trace
    assert child.span != trace.span
    assert read_trace(Trace("a" * 32, "b" * 16, sampled=False).headers()) == Trace("a" * 32, "b" * 16, sampled=False)
    assert Trace("a" * 32, "b" * 16).headers() == {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}


@pytest.mark.parametrize(
    "header", ["", "00", f"00-{'0' * 32}-{'b' * 16}-01", f"00-{'a' * 32}-{'0' * 16}-01", f"ff-{'a' * 32}-{'b' * 16}-01", f"00-{'A' * 32}-{'b' * 16}-01", f"00-{'a' * 32}-{'b' * 16}-01\n"]
)  # fmt: skip
def test_a_trace_that_is_none_is_ignored(header: str) -> None:
    assert read_trace({"traceparent": header} if header else {}) is None
