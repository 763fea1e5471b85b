"""Cutting items out of JSON: whatever the spelling, each comes with exactly the bytes it was sent as."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import verbatim

SPACE = st.text(alphabet=" \t\r\n", max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def spelt(draw: st.DrawFn, value: Any) -> str:
    """One of the many ways of writing a value down as JSON."""
    pad = draw(SPACE)
    if isinstance(value, list):
        return "[" + pad + f"{pad},".join(draw(spelt(part)) for part in value) + pad + "]"
    if isinstance(value, dict):
        return (
            "{"
            + f"{pad},{pad}".join(f"{json.dumps(name)}{pad}:{draw(spelt(part))}" for name, part in value.items())
            + pad
            + "}"
        )
    return pad + json.dumps(value, ensure_ascii=draw(st.booleans())) + pad


@given(st.data(), st.lists(VALUES, max_size=5), st.dictionaries(st.text(), VALUES, max_size=3))
def test_every_element_comes_with_its_own_bytes(data: st.DataObject, values: list[Any], others: dict[str, Any]) -> None:
    whole = {**{f"other {name}": value for name, value in others.items()}, "outer": {"x": 1, "items": values}}
    body = data.draw(spelt(whole)).encode("utf-8", "surrogatepass")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return
    found = list(verbatim.items(body, "outer", "items"))
    assert [value for value, _ in found] == values
    at = 0
    for value, raw in found:
        assert json.loads(raw) == value
        at = body.index(raw, at) + len(raw)
        assert raw == raw.strip()


@given(st.binary(max_size=60), st.sampled_from([(), ("data",), ("a", "b")]))
def test_anything_else_is_a_value_error(body: bytes, path: tuple[str, ...]) -> None:
    try:
        list(verbatim.items(body, *path))
    except ValueError:
        return
    assert path == () or isinstance(json.loads(body), dict)


@given(st.integers(min_value=0, max_value=200))
def test_an_answer_that_breaks_off_is_a_value_error(length: int) -> None:
    body = b'{"meta": {"count": 2}, "data": [{"id": "1", "text": "caf\\u00e9 \xf0\x9f\x91\x8d"}, {"id": "2"}]}'
    if length < len(body) - 2:
        with pytest.raises(ValueError, match=r"."):
            list(verbatim.items(body[:length], "data"))


def test_escapes_and_spacing_stay_as_they_were() -> None:
    body = b'{ "data" : [ {"t":"caf\\u00e9",  "n" : 1.0 } ,{"t":"caf\xc3\xa9"}\n] }'
    assert [raw for _, raw in verbatim.items(body, "data")] == [
        b'{"t":"caf\\u00e9",  "n" : 1.0 }',
        b'{"t":"caf\xc3\xa9"}',
    ]


def test_what_is_not_there_gives_nothing() -> None:
    assert list(verbatim.items(b'{"meta": {}}', "data")) == []
    assert list(verbatim.items(b'{"meta": {}}', "meta", "data")) == []


@pytest.mark.parametrize(
    "body", [b'{"data": {}}', b'{"data": 1}', b'{"data": [1 2]}', b"[]", b"", b"\xff", b'{"data": [}']
)
def test_the_wrong_shape_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(verbatim.items(body, "data"))


def test_nesting_without_end_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="deep"):
        list(verbatim.items(b'{"data": ' + b"[" * 200_000, "data"))


def test_one_member_comes_with_its_bytes() -> None:
    assert verbatim.member(b'{"a": {"b" : { "c":1 } }}', "a", "b") == b'{ "c":1 }'
    with pytest.raises(KeyError):
        verbatim.member(b'{"a": {}}', "a", "b")
