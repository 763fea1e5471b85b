"""The script that installs and updates, in a root of its own: careful, repeatable, and never backwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from older import MIGRATIONS, scripts
from sqlalchemy import create_engine

from archive.database import Database

HERE = Path(__file__).parent.parent
PARTS = ("archive", "bot", "connectors", "rules", "config", "systemd", "pyproject.toml", "requirements.lock")
FILES = ("setup.sh", "README.md", "SECURITY.md", "LICENSE")
FILLED = f"""#!/bin/sh
# Takes the place of setup.sh: the environment is that of the tests, the program is that of the release.
mkdir -p .venv/bin
printf '#!/bin/sh\\nPYTHONPATH=%s exec {sys.executable} -m bot.cli "$@"\\n' "$PWD" >.venv/bin/citymod
chmod 755 .venv/bin/citymod
"""


class Server:
    """A root on which the script works, and the copy of citymod that it comes from."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.source = folder / "source"
        self.source.mkdir()
        for part in PARTS:
            skip = shutil.ignore_patterns("__pycache__")
            at = HERE / part
            shutil.copytree(at, self.source / part, ignore=skip) if at.is_dir() else shutil.copy(at, self.source)
        for name in FILES:
            shutil.copy(HERE / name, self.source)
        self.setup = folder / "fill"
        self.setup.write_text(FILLED)
        self.setup.chmod(0o755)

    def install(self, *words: str, setup: str | None = None) -> subprocess.CompletedProcess[str]:
        places = {"DESTDIR": str(self.root), "SETUP": setup or str(self.setup)}
        script = ["sh", str(self.source / "systemd" / "install.sh"), *words]
        return subprocess.run(script, env=os.environ | places, capture_output=True, text=True, timeout=120, check=False)

    @property
    def settings(self) -> Path:
        return self.root / "etc" / "citymod" / "citymod.yaml"

    @property
    def database(self) -> Path:
        return self.root / "var" / "lib" / "citymod" / "citymod.db"

    @property
    def current(self) -> str:
        return (self.root / "opt" / "citymod" / "current").readlink().as_posix()

    def set_up(self) -> None:
        """An installation that a person has given its settings."""
        assert self.install().returncode == 0
        assert not self.settings.exists(), "that is for a person to make"
        example = self.settings.with_name("citymod.example.yaml").read_text()
        text = example.replace("data: /var/lib/citymod ", f"data: {self.database.parent} ")
        self.settings.write_text(text + "\n# changed by Kim\n")

    def old_database(self, revision: str) -> None:
        engine = create_engine(f"sqlite:///{self.database}")
        with engine.begin() as tx:
            config = Config(attributes={"connection": tx})
            config.set_main_option("script_location", str(MIGRATIONS))
            command.upgrade(config, revision)
        engine.dispose()

    def version(self, database: Path | None = None) -> str:
        with sqlite3.connect(database or self.database) as looked:
            return str(looked.execute("SELECT version_num FROM alembic_version").fetchone()[0])

    def new_version(self) -> None:
        (self.source / "README.md").write_text("a newer version\n")

    def everything(self) -> dict[str, tuple[int, str]]:
        """Every file and folder with its mode and what is in it."""
        return {
            str(path.relative_to(self.root)): (
                stat.S_IMODE(path.lstat().st_mode),
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            )
            for path in sorted(self.root.rglob("*"))
            if "__pycache__" not in path.parts
        }


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_a_dry_run_says_everything_and_does_nothing(server: Server) -> None:
    done = server.install("--dry-run")
    assert done.returncode == 0, done.stderr
    assert server.everything() == {}
    for said in (
        "make_release",
        "etc/citymod/citymod.example.yaml",
        "install -d -m 00700",
        "citymod.service",
        "run: point",
    ):
        assert said in done.stdout, done.stdout


def test_it_installs_once_and_a_second_time_changes_nothing(server: Server) -> None:
    server.set_up()
    before = server.everything()
    modes = {name: f"{mode:o}" for name, (mode, _) in before.items()}
    assert modes["etc/citymod"] == modes["etc/citymod/policy"] == "2750"
    assert modes["etc/citymod/credentials"] == modes["var/lib/citymod"] == modes["var/backups/citymod"] == "700"
    assert modes["etc/citymod/citymod.example.yaml"] == modes["etc/citymod/approvals.yaml"] == "640"
    assert modes["etc/systemd/system/citymod.service"] == "644"
    unit = (server.root / "etc/systemd/system/citymod.service").read_text()
    assert "ExecStart=/opt/citymod/current/.venv/bin/citymod" in unit
    assert (server.root / "opt/citymod" / server.current / ".venv/bin/citymod").is_file()
    done = server.install()
    assert done.returncode == 0, done.stderr
    assert server.everything() == before
    assert f"{server.settings.parent}/policy/ar-1-27.yaml is there, and stays as it is" in done.stdout


def test_an_update_copies_the_database_first_and_keeps_the_settings(server: Server) -> None:
    server.set_up()
    server.old_database("0005")
    old = server.current
    server.new_version()
    done = server.install()
    assert done.returncode == 0, done.stderr
    assert server.current != old
    assert server.version() == scripts().get_current_head()
    (copy,) = (server.root / "var/backups/citymod").iterdir()
    assert server.version(copy) == "0005"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert server.settings.read_text().endswith("# changed by Kim\n")
    assert (server.root / "opt/citymod" / old).is_dir(), "the version before is kept"
    (server.source / "README.md").write_text("newer still\n")
    assert server.install().returncode == 0
    assert not (server.root / "opt/citymod" / old).exists(), "and no older one"
    assert len(list((server.root / "var/backups/citymod").iterdir())) == 1, "nothing was to be changed"


def test_an_older_program_is_refused_and_nothing_is_touched(server: Server) -> None:
    server.set_up()
    Database.open(f"sqlite:///{server.database}").close()
    with sqlite3.connect(server.database) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    before, old = server.database.read_bytes(), server.current
    server.new_version()
    done = server.install()
    assert done.returncode == 1
    assert "REFUSED: the database is of a newer version" in done.stderr
    assert (server.database.read_bytes(), server.current) == (before, old)
    program = server.root / "opt/citymod" / server.current / ".venv/bin/citymod"
    words = [str(program), "status", "--config", str(server.settings)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 2
    assert "older programs must not touch newer records" in said.stderr


@pytest.mark.slow
def test_an_environment_that_cannot_be_filled_leaves_what_runs(server: Server) -> None:
    server.set_up()
    old = server.current
    server.new_version()
    done = server.install(setup="false")
    assert done.returncode == 1
    assert "what runs is untouched" in done.stderr
    assert server.current == old
    assert server.install().returncode == 0, "and the next time it works"
    assert server.current != old


def test_a_database_that_cannot_be_brought_up_lets_the_version_before_go_on(server: Server) -> None:
    server.set_up()
    server.old_database("0005")
    old = server.current
    server.new_version()
    broken = server.source / "archive" / "migrations" / "versions" / "full_text.py"
    broken.write_text(broken.read_text() + "\n\ndef upgrade() -> None:\n    raise RuntimeError('no room')\n")
    done = server.install()
    assert done.returncode == 1
    assert "could not be brought up, and is as it was" in done.stderr
    assert server.current == old
    assert server.version() == "0005"


@pytest.mark.slow
def test_what_is_damaged_or_missing_is_told(server: Server) -> None:
    server.set_up()
    server.database.write_bytes(b"not a database at all, but some bytes" * 100)
    done = server.install()
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    (server.source / "requirements.lock").unlink()
    assert "requirements.lock is missing" in server.install().stderr
    assert "there are --dry-run and --no-database" in server.install("--force").stderr.lower()
