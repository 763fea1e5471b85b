"""Whatever the program writes is for its owner alone, however careless the shell is that started it."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

from city import VIOLATION

from bot.standins import StandIns
from bot.trial import MailSink, lay_out
from connectors.standin.world import Person, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARELESS = 0o022


def too_open(folder: Path) -> Iterator[str]:
    """Files and folders that anybody but their owner may use."""
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077:
            yield f"{path.relative_to(folder.parent)} {mode:o}"


def test_nothing_that_a_pass_a_backup_and_an_export_write_is_for_others(tmp_path: Path) -> None:
    world = World()
    with MailSink(tmp_path / "mails") as sink, StandIns(world) as standins:
        account = standins.open_accounts()["facebook"]
        file = lay_out(tmp_path / "city", standins, {"facebook": account}, sink.port, data=str(tmp_path / "data"))
        pat = Person(id="7000000001", name="Pat Resident", handle="pat")
        world.add_comment(world.add_post(account, "The pool opens on Friday."), VIOLATION, author=pat)
        for words in (
            ("pass",),
            ("backup", tmp_path / "backup", "--who", "Kim"),
            ("export", tmp_path / "export", "--reason", "asked", "--who", "Kim"),
        ):
            command = [sys.executable, "-m", "bot.cli", *map(str, words), "--config", str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, umask=CARELESS, timeout=170)
            assert done.returncode == 0, done.stderr
    written = [tmp_path / name for name in ("data", "backup", "export")]
    assert all(any(folder.rglob("*.png")) for folder in written), "a comment was captured, and copied"
    assert [line for folder in written for line in too_open(folder)] == []


def test_a_newcomers_settings_can_be_read_by_the_services_group_and_credentials_by_nobody(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text(json.dumps(ANSWERS))
    words = ("init", str(tmp_path / "etc"), "--answers", str(answers))
    command = [sys.executable, "-m", "bot.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, umask=0o077, timeout=60)
    assert done.returncode == 0, done.stderr
    modes = {path.name: f"{stat.S_IMODE(path.stat().st_mode):o}" for path in (tmp_path / "etc").rglob("*")}
    assert modes["citymod.yaml"] == modes["approvals.yaml"] == "640"
    assert modes["policy"] == "750"
    assert modes["credentials"] == "700"


ANSWERS = {
    "city": {"name": "City of Fountains"},
    "mail": {
        "host": "mail.example.gov",
        "sender": "citymod@example.gov",
        "social_media_manager": "manager@example.gov",
        "on_call": ["oncall@example.gov"],
    },
    "pios": [{"name": "Kim", "email": "kim@example.gov"}],
    "accounts": [{"platform": "facebook", "id": "1", "name": "Fountains", "credential": "facebook"}],
}
