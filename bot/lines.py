"""Lines in a reader's language, and what in them stays English: what platforms, libraries and the record itself say.

Whoever listens to a screen reader hears each part in its own language, so a page has to tell which is which
(WCAG 2.2, 3.1.2). A `Line` is ordinary text that still knows it.
"""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Self

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class English(str):
    """Words that stay English in whatever language the line around them is."""

    __slots__ = ()


class Line(str):
    """One line, made of parts of which some are `English`."""

    __slots__ = ("parts",)
    parts: tuple[str, ...]

    def __new__(cls, parts: Iterable[str]) -> Self:
        """Join parts; a line among them stays what it is made of."""
        flat = [part for each in parts for part in parts_of(each) if part]
        line = super().__new__(cls, "".join(flat))
        line.parts = tuple(flat)
        return line


def parts_of(text: str) -> tuple[str, ...]:
    """Give what a line is made of; any other text is of one piece."""
    return text.parts if isinstance(text, Line) else (text,)


def say(form: str, **values: object) -> Line:
    """Fill in a form as `str.format` does, without forgetting which of the values are English."""
    parts: list[str] = []
    for literal, name, _, _ in Formatter().parse(form):
        value = values[name] if name else ""
        parts += [literal, value if isinstance(value, str) else str(value)]
    return Line(parts)


def joined(between: str, texts: Iterable[str]) -> Line:
    """Join lines as `str.join` does."""
    return Line(part for number, text in enumerate(texts) for part in (between if number else "", text))


def changed(text: str, change: Callable[[str], str]) -> Line:
    """Change a line part by part."""
    return Line(_like(part, change(part)) for part in parts_of(text))


def begun(text: str, most: int) -> Line:
    """Give the first so many characters of a line, without blanks at its end."""
    parts: list[str] = []
    for part in parts_of(text):
        parts.append(_like(part, part[:most]))
        most -= len(parts[-1])
    while parts and not parts[-1].strip():
        parts.pop()
    return Line([*parts[:-1], *(_like(part, part.rstrip()) for part in parts[-1:])])


def marked(text: str, language: str) -> Markup:
    """Give a line for a page in that language: what is English in it is marked as English."""
    return Markup("").join(
        Markup('<span lang="en">{}</span>').format(part)
        if isinstance(part, English) and language != "en"
        else escape(part)
        for part in parts_of(text)
    )


def _like(part: str, other: str) -> str:
    """Other words in the language of this part."""
    return English(other) if isinstance(part, English) else other
