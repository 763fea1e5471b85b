"""Reads YAML that people write, and says what is wrong with it so that they can mend it.

Each problem is one line: ``file:line:col: path: what is wrong; what to do``. A file's problems are said all at once,
in the order of the file.
"""

from __future__ import annotations

import difflib
import json
import re
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

MOST_BYTES = 2_000_000  # of a file that people write
MOST_ENTRIES = 200_000  # keys, entries and texts of a file, each alias counted as often as it is used
MOST_CHARACTERS = 10_000_000  # likewise
DEEPEST = 50
_NEST = re.compile(rb"(?:[\[{]\s*){%d}" % (DEEPEST + 1))  # told before the YAML reader labours at it
_MOST_OPENINGS = 5_000  # brackets and braces; the quick reader would run out of stack ten times later
# What the quick reader might read otherwise: directives, merges, anchors as keys, known tags, rare line breaks, deep
# nests. (Of unknown tags it says that they are unknown.)
_UNUSUAL = re.compile(
    rb"^%%|<<|(?:^|[\s\[{,])[&*][\w-]*:(?:\s|$)|(?:^|[\s\[{,:?-])!(?:[!<\s]|$)"
    rb"|\xc2\x85|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|(?:[-?:]\s+){%d}" % (DEEPEST + 1),
    re.MULTILINE,
)

Route = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class FileProblems(Exception):
    """A file was refused; `problems` says everything that is wrong with it, a line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Take the problems in the order of the file."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Source:
    """One YAML file: its `data` in plain Python, and the place of everything in it."""

    def __init__(self, file: str, body: bytes) -> None:
        """Read a file's bytes. Raises `FileProblems` if they are not YAML with keys and values."""
        self.file = file
        self._problems: list[tuple[int, int, str]] = []
        self._body = body
        self._check_size(body)
        self.data = self._unfolded(_quickly(body) or self._tree)

    def _check_size(self, body: bytes) -> None:
        if len(body) > MOST_BYTES:
            reason = f"the file has {len(body):,} bytes and may have {MOST_BYTES:,}; make several files of it"
            raise FileProblems([f"{self.file}:1:1: {reason}"])
        if _NEST.search(body):
            raise FileProblems([f"{self.file}:1:1: {_TOO_DEEP}"])

    @cached_property
    def _tree(self) -> Any:
        """What the file has, with the place of everything: only read if there is something to say."""
        body = self._body
        try:
            return YAML(typ="rt").load(body.decode("utf-8"))
        except UnicodeDecodeError as wrong:
            line = body.count(b"\n", 0, wrong.start) + 1
            reason = f"byte {wrong.start} is not UTF-8; save the file as UTF-8"
            raise FileProblems([f"{self.file}:{line}:1: {reason}"]) from None
        except MarkedYAMLError as wrong:
            mark = wrong.problem_mark or wrong.context_mark
            line, col = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            reason = _yaml_wording(wrong, body.decode("utf-8").splitlines()[line - 1 : line])
            raise FileProblems([f"{self.file}:{line}:{col}: {reason}"]) from None
        except (YAMLError, ValueError) as wrong:
            raise FileProblems([f"{self.file}:1:1: {str(wrong).splitlines()[0]}; {_YAML_REMEDY}"]) from None
        except RecursionError:
            raise FileProblems([f"{self.file}:1:1: {_TOO_DEEP}"]) from None

    def _unfolded(self, tree: Any) -> Any:
        try:
            return _Unfolding().plain(tree)
        except _TooMuch as wrong:
            raise FileProblems([f"{self.file}:1:1: {wrong}"]) from None

    def at(self, route: Route) -> Any:
        """Give what the file has at a place."""
        node = self.data
        for step in route:
            node = node[step]
        return node

    def say(self, route: Route, what: str, *, key: bool = False) -> None:
        """Add a problem at a place, or at its key rather than its value."""
        line, col = self._place(route, key=key)
        path = ".".join(map(str, route)).replace(".[key]", "")
        self._problems.append((line, col, f"{self.file}:{line}:{col}: {path + ': ' if path else ''}{what}"))

    def model(self, kind: type[Model], data: Any, at: Route = ()) -> Model | None:
        """Make a typed value of a piece of the file, or add all that is wrong with it and give None."""
        value, errors = attempt(kind, data)
        for error in errors:
            route = (*at, *(step for step in error["loc"] if not str(step).startswith("(")))  # tags of rules.model
            self.say(route, _wording(error, kind), key=error["type"] == "extra_forbidden" or route[-1:] == ("[key]",))
        return value

    def accepted(self, value: Model | None) -> Model:
        """Give back what `model` made. Raises `FileProblems` with all problems if there are any."""
        if self._problems or value is None:
            raise FileProblems([what for _, _, what in sorted(self._problems)])
        return value

    def _place(self, route: Route, *, key: bool) -> tuple[int, int]:
        """Find line and column, from 1, of what a route leads to, or of the last thing on the way that exists."""
        node, line, col = self._tree, 0, 0
        for at, step in enumerate(route):
            if isinstance(node, CommentedMap) and step in node:
                wants_key = key and step == [part for part in route if part != "[key]"][-1]
                line, col = node.lc.key(step) if wants_key and at >= len(route) - 2 else node.lc.value(step)
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                line, col = node.lc.item(step)
            else:
                break
            node = node[step]
        return line + 1, col + 1


def read_typed(path: Path, kind: type[Model]) -> Model:
    """Read a YAML file as a typed value. Raises `FileProblems` with all that is wrong, OSError if it is not there."""
    source = Source(str(path), path.read_bytes())
    return source.accepted(source.model(kind, source.data))


def attempt(kind: type[Model], data: Any) -> tuple[Model | None, list[ErrorDetails]]:
    """Make a typed value, or give what is wrong with the data."""
    try:
        return kind.model_validate_json(json.dumps(data)), []
    except ValidationError as wrong:
        return None, [error for error in wrong.errors(include_url=False) if not _is_echo(error)]


def _is_echo(error: ErrorDetails) -> bool:
    """Tell whether a list is only called too short because its entries are wrong, which is said of them already."""
    got = error["input"]
    return error["type"] == "too_short" and isinstance(got, list) and len(got) >= error["ctx"]["min_length"]


def _quickly(body: bytes) -> Any:
    """Read ordinary YAML some ten times as fast as with the place of everything; None for what is not ordinary.

    That is read again, thoroughly, and so is what is wrong: nothing is refused here.
    """
    if _UNUSUAL.search(body) or body.count(b"[") + body.count(b"{") > _MOST_OPENINGS:
        return None
    try:
        return YAML(typ="safe").load(body.decode("utf-8"))
    except (YAMLError, ValueError, RecursionError):
        return None


class _TooMuch(Exception):
    """A file says more than anybody can have written, or other than text and numbers; the text says what."""


class _Unfolding:
    """Turns what the YAML reader gives into plain lists, dictionaries, text and numbers; dates become text.

    An alias (``*name``) repeats what stands elsewhere, so that a few lines can unfold without end: what comes out is
    counted.
    """

    def __init__(self) -> None:
        self._entries = 0
        self._characters = 0

    def plain(self, node: Any, depth: int = 0) -> Any:
        """Unfold one node. Raises `_TooMuch`."""
        self._entries += 1
        self._characters += len(node) if isinstance(node, str) else 0
        if self._entries > MOST_ENTRIES or self._characters > MOST_CHARACTERS:
            message = (
                "the file unfolds to far more than anybody wrote; write lists out instead of repeating aliases (*name)"
            )
            raise _TooMuch(message)
        if depth > DEEPEST:
            raise _TooMuch(_TOO_DEEP)
        if isinstance(node, dict):
            return {str(key): self.plain(value, depth + 1) for key, value in node.items()}
        if isinstance(node, list):
            return [self.plain(value, depth + 1) for value in node]
        if isinstance(node, date):
            return node.isoformat()
        if node is not None and not isinstance(node, str | int | float):
            raise _TooMuch(_TAGGED)
        return node


def _yaml_wording(wrong: MarkedYAMLError, line: list[str]) -> str:
    """Say in a clerk's words what the YAML reader found."""
    problem = (wrong.problem or "cannot be read").splitlines()[0]
    twice = re.match(r'found duplicate key "(.*?)" with value', problem)
    if twice:
        return f"{twice[1]!r} stands here a second time; keep one of the two"
    if line and "\t" in line[0][: len(line[0]) - len(line[0].lstrip())]:
        return "the line begins with a tab, which YAML does not allow; indent with spaces"
    for begins, remedy in _YAML_REMEDIES.items():
        if problem.startswith(begins):
            return f"{problem}; {remedy}"
    return f"{problem}; {_YAML_REMEDY}"


def _wording(error: ErrorDetails, model: type[BaseModel]) -> str:
    """Say in a clerk's words what pydantic found, what stands there, and what to do."""
    kind, got, context = error["type"], error["input"], error.get("ctx", {})
    shown = repr(got) if isinstance(got, str | int | float) else "this"
    key = str(error["loc"][-1]) if error["loc"] else "the file"
    wordings = {
        "missing": f"is missing; add a line '{key}: …'",
        "extra_forbidden": f"is no key that is known here; {_remedy_for_key(key, model)}",
        "enum": f"{shown} is not possible; write {context.get('expected')}",
        "string_type": f"{shown} is not text; put it in quotes",
        "string_too_short": _too_short(got, context.get("min_length", 1)),
        "string_pattern_mismatch": f"{shown} is no name; use small letters, figures and single hyphens",
        "too_long": f"has {context.get('actual_length')} entries, and {_at_most(context)}; make several of it",
        "string_too_long": f"has {len(str(got)):,} characters, and {_at_most(context)}; make it shorter",
        "too_short": f"has {context.get('actual_length')}, needs at least {context.get('min_length')}; add more",
        "tuple_type": f"{shown} is not a list; write each entry on a line of its own, after '- '",
        "bool_type": f"{shown} is neither true nor false; write one of them",
        "bool_parsing": f"{shown} is neither true nor false; write one of them",
        "value_error": str(context.get("error", "")),
    }
    if kind.startswith("date"):
        return f"{shown} is no date; write it as 2026-11-30"
    if kind.startswith(("model", "dict")):
        return f"{shown} is not a set of keys; write 'key: value' lines below it"
    return wordings.get(kind, f"{shown}: {error['msg']}; see the shipped packs for how it is written")


def _at_most(context: dict[str, Any]) -> str:
    return f"at most {context.get('max_length', 0):,} are allowed"


def _too_short(got: Any, least: int) -> str:
    if not str(got).strip():
        return "is empty; write something or take the line out"
    return f"{got!r} is shorter than {least} characters and stands in too many innocent words; write a longer one"


def _remedy_for_key(key: str, model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    known = {name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", {})}
    if key in known:
        return "it belongs to another part of the file, so move it there or take it out"
    near = difflib.get_close_matches(key, sorted(known), n=1)
    return f"did you mean {near[0]!r}?" if near else "take it out"


_TAGGED = "the file has tags (!name), which are not known here; take them out"
_TOO_DEEP = "lists and keys stand too deep within one another; see the shipped packs for how a file is laid out"
_YAML_REMEDIES = {
    "found unknown escape": "write backslashes in single quotes: 'like \\d this'",
    "found undefined alias": "an alias (*name) repeats what &name marks further up; mark it there, or quote the text",
    "mapping values are not allowed here": "a text with a colon in it stands in quotes: 'like: this'",
    "found character": "a text that begins with such a sign stands in quotes",
    "found unexpected end of stream": "a quote was opened and never closed; close it",
}
_YAML_REMEDY = "look at the quotes, colons and indentation of this line and the one above"
