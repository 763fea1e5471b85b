"""The commands about proof, as a person at a terminal meets them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from pathlib import Path

    from city import City

Run = "Callable[..., tuple[int, str, str]]"


def test_a_backup_is_told_by_status_and_can_be_put_back(city: City, citymod: Run, tmp_path: Path) -> None:
    city.write("youtube")
    city.up_to_secured()
    assert "Backed up: never" in citymod("status", "--config", city.file)[1]
    code, out, err = citymod("backup", tmp_path / "backup", "--who", "Kim", "--config", city.file)
    assert (code, err) == (0, "")
    assert "Backed up and checked" in out
    assert f"to {tmp_path / 'backup'}" in citymod("status", "--config", city.file)[1]
    code, _, err = citymod("restore", tmp_path / "backup", "--config", city.file)
    assert (code, "move it away first" in err) == (1, True)
    settings = YAML().load(city.file)
    settings["data"] = "elsewhere"
    other = tmp_path / "other.yaml"
    with other.open("w") as file:
        YAML().dump(settings, file)
    code, out, err = citymod("restore", tmp_path / "backup", "--config", other)
    assert (code, err) == (0, ""), err
    assert "Restored from" in out
    report = json.loads(citymod("verify", "--json", "--config", other)[1])
    assert report["passed"]
    assert report["checked"]["evidence folders"] == 1


def test_verify_since_a_day(city: City, citymod: Run) -> None:
    whole = json.loads(citymod("verify", "--json", "--config", city.file)[1])
    later = json.loads(citymod("verify", "--json", "--since", "2026-11-25", "--config", city.file)[1])
    assert whole["checked"]["ledger lines"] > 0
    assert later["checked"].get("ledger lines", 0) == 0
    assert later["since"] == "2026-11-25"
    code, _, err = citymod("verify", "--since", "yesterday", "--config", city.file)
    assert (code, "no day" in err) == (2, True)


@pytest.mark.parametrize(
    "words", [("status",), ("pause", "--reason", "x"), ("verify",), ("csam", "list"), ("tasks", "list")]
)
def test_a_database_that_cannot_be_used_ends_in_one_sentence(city: City, citymod: Run, words: tuple[str, ...]) -> None:
    path = city.settings.data / "citymod.db"
    city.parts.database.close()
    shutil.move(path, path.with_suffix(".kept"))
    path.mkdir()  # no file can be opened there
    code, out, err = citymod(*words, "--config", city.file)
    assert code in {1, 2}
    assert "the database cannot be used now" in err
    assert "Traceback" not in out + err
    assert len(err.strip().splitlines()) == 1
    path.rmdir()
    shutil.move(path.with_suffix(".kept"), path)
    assert sqlite3.connect(path).execute("SELECT count(*) FROM ledger").fetchone()[0] > 0
