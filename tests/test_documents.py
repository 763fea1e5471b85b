"""What the documents name is there: files, commands and make targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli import app

ROOT = Path(__file__).parent.parent
GUIDES = ("docs/install.md", "docs/operator.md", "docs/reviewer.md")
DOCUMENTS = (
    *("README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "systemd/README.md", "rules/README.md"),
    *GUIDES,
)
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
LARGEST, MOST = 150_000, 10
"""Bytes of a picture, and how many there are: whoever clones the project gets them all, in each of their versions."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_it_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(
        re.findall(
            r"\b(?:tests|bot|archive|connectors|rules|config|systemd|docs)/[\w/.-]+\.(?:py|yaml|yml|md|json)\b", text
        )
    )
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_it_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    there = set(get_command(app).commands)  # type: ignore[attr-defined]  a group, as the class cannot tell
    named = set(re.findall(r"`citymod ([a-z]+)", text)) - {"command"}
    assert sorted(named - there) == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_of_a_guide_is_there_word_for_word(guide: str) -> None:
    """In code spans and blocks: each word of a command's name, and each option that it is given."""
    text = (ROOT / guide).read_text(encoding="utf-8")
    lines = [*re.findall(r"`(citymod [^`]+)`", text), *re.findall(r"^(citymod .*)$", text, re.MULTILINE)]
    wrong = [line for line in lines if not is_command(line.partition("#")[0].split()[1:])]
    assert wrong == []
    assert lines or guide == "docs/reviewer.md", "reviewers need no command"


def is_command(words: list[str]) -> bool:
    """Whether these words begin with a command's name, and all options among them are options of it."""
    command = get_command(app)
    while words and hasattr(command, "commands"):
        name, *words = words
        if name not in command.commands:
            return False
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    return {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("document", ["README.md", *GUIDES])
def test_every_picture_is_there_small_and_described(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    shown = PICTURE.findall(text)
    assert shown
    for description, place in shown:
        file = ((ROOT / document).parent / place).resolve()
        assert file.is_file(), place
        assert file.stat().st_size < LARGEST, place
        assert len(description) > 15, place


def test_no_picture_lies_there_that_nobody_sees() -> None:
    shown = {
        ((ROOT / document).parent / place).resolve()
        for document in ("README.md", *GUIDES)
        for _, place in PICTURE.findall((ROOT / document).read_text(encoding="utf-8"))
    }
    there = {path.resolve() for path in (ROOT / "docs/pictures").iterdir()}
    assert shown == there
    assert len(there) <= MOST


@pytest.mark.parametrize("document", ["README.md", *GUIDES])
def test_every_link_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for place in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", text):
        if place.startswith("#"):
            assert place[1:] in headings, place
        elif "://" not in place:
            assert ((ROOT / document).parent / place).exists(), place


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_it_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert sorted(set(re.findall(r"`make ([a-z-]+)", text)) - there) == []
