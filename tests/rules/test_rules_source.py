"""The quick reader of YAML reads what the thorough one reads, or leaves it to that."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from shipped import BALLOT, POLICY

from rules.load import shipped_packs
from rules.source import FileProblems, Source, _quickly

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = [
    "yes",
    "No",
    "on",
    "null",
    "~",
    "010",
    "0o10",
    "1:30",
    "1e3",
    ".5",
    "-1",
    "2026-11-22",
    "ñ",
    "😀",
    "",
    "=",
    " a",
]
SIGNS = ["a: b", "a #b", "- x", "&a", "*a", "<<", "[a", "{b", "'", '"', "\\d", "a\nb", "a\n\nb\n", "a\x85b", "a\u2028b"]
TAGS = ["!x", "!", "!.x 1", "!!str 1", "!!int '1'", "[!]", "[!, b]", "{!: b}", "[a, !!str 1]", '{"a":!!str 1}']
WORDS = st.sampled_from([*PLAIN, *SIGNS, *TAGS, "!<tag:yaml.org,2002:str> 1"])
NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


def thoroughly(body: bytes) -> Any:
    """What the file says, or its problems, when every place is noted on the way."""
    source = object.__new__(Source)
    source.file, source._body = "a-file", body
    try:
        return source._unfolded(source._tree)
    except FileProblems as said:
        return said.problems


def read(body: bytes) -> Any:
    try:
        return Source("a-file", body).data
    except FileProblems as said:
        return said.problems


@pytest.mark.parametrize("path", [*shipped_packs(), POLICY, BALLOT], ids=lambda path: path.name)
def test_what_is_shipped_is_read_quickly_and_right(path: Path) -> None:
    body = path.read_bytes()
    assert _quickly(body) is not None, "an ordinary file is read quickly"
    assert read(body) == thoroughly(body)


@given(NODES, st.booleans())
def test_both_readers_agree_on_whatever_is_written_out(node: Any, flow: bool) -> None:
    yaml = YAML()
    yaml.default_flow_style = flow
    out = StringIO()
    yaml.dump({"a": node}, out)
    body = out.getvalue().encode()
    assert json.dumps(read(body), sort_keys=True) == json.dumps(thoroughly(body), sort_keys=True)


@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.ReusedAnchorWarning")
@given(
    st.lists(WORDS, min_size=1, max_size=4),
    st.sampled_from(["a: {}", "- {}", "a: [{}]", "a: '{}'", "{}: 1", "a: |\n  {}"]),
)
def test_both_readers_agree_on_whatever_a_clerk_types(words: list[str], frame: str) -> None:
    body = "\n".join(frame.replace("{}", word) for word in words).encode()
    assert read(body) == thoroughly(body)


@pytest.mark.parametrize(
    "text",
    [
        "%YAML 1.1\n---\na: yes",
        "a: !!str 1",
        "a: !x 1",
        "a: &b {c: 1}\nd:\n  <<: *b",
        "a: x\x85y",
        "a: 'x\u2028y'",
        "\ufeffa: 1",
    ],
)
def test_what_is_not_ordinary_is_left_to_the_thorough_reader(text: str) -> None:
    assert _quickly(text.encode()) is None
    assert read(text.encode()) == thoroughly(text.encode())


@pytest.mark.parametrize("text", ["[ a, " * 300_000, "a: [" + "[a, " * 60_000, "- " * 600_000, "? " * 600_000])
def test_no_nest_is_deep_enough_to_bring_the_program_down(text: str) -> None:
    with pytest.raises(FileProblems, match="too deep within one another"):
        Source("a-file", text.encode())
