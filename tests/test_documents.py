"""What the documents name is there: files, commands and make targets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli import app

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "systemd/README.md", "rules/README.md")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_it_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(
        re.findall(r"\b(?:tests|bot|archive|connectors|rules|config|systemd)/[\w/.-]+\.(?:py|yaml|yml|md|json)\b", text)
    )
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_it_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    there = set(get_command(app).commands)  # type: ignore[attr-defined]  a group, as the class cannot tell
    named = set(re.findall(r"`citymod ([a-z]+)", text)) - {"command"}
    assert sorted(named - there) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_it_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert sorted(set(re.findall(r"`make ([a-z-]+)", text)) - there) == []
