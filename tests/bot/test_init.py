"""`citymod init`: from a newcomer's answers to settings that load, in which nothing acts yet."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from bot.domain.types import Mode
from bot.settings import credential, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Run = "Callable[..., tuple[int, str, str]]"

ANSWERS = """\
city: {name: City of Fountains}
data: data
mail:
  host: 127.0.0.1
  port: 9
  tls: none
  sender: citymod@fountains.example
  social_media_manager: social@fountains.example
  on_call: [oncall@fountains.example]
pios:
  - {name: Press Office, email: press@fountains.example, hour: 8}
accounts:
  - {platform: facebook, id: "100000000000009", name: City of Fountains, credential: facebook, mode: enforce}
  - {platform: snapchat, id: fountains, name: City of Fountains}
  - {platform: bluesky, id: "did:plc:fountains", name: City of Fountains, credential: bluesky}
"""


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    file = tmp_path / "answers.yaml"
    file.write_text(ANSWERS)
    return file


def test_answers_from_a_file_become_settings_that_load(tmp_path: Path, answers: Path, citymod: Run) -> None:
    code, said, _ = citymod("init", tmp_path / "etc", "--answers", answers)
    assert code == 0, said
    settings = load(tmp_path / "etc" / "citymod.yaml")
    assert settings.registry.required, "and nobody's account is worked that City Communications has not approved"
    assert settings.city.name == "City of Fountains"
    assert settings.pios[0].hour == 8
    assert [entry.account.key for entry in settings.accounts] == [
        "facebook:100000000000009",
        "snapchat:fountains",
        "bluesky:did:plc:fountains",
    ]
    assert {entry.mode for entry in settings.accounts} == {Mode.OBSERVE}, "nothing acts, whatever was answered"
    assert "credentials/facebook" in said.replace(str(tmp_path), "")
    assert "rules approve" in said


def test_the_settings_keep_the_comments_that_explain_them(tmp_path: Path, answers: Path, citymod: Run) -> None:
    citymod("init", tmp_path / "etc", "--answers", answers)
    text = (tmp_path / "etc" / "citymod.yaml").read_text()
    for explained in (
        "# most acts by rules a day",
        "# moderation:",
        "# mailbox:",
        "# who gets the daily e-mail digest",
    ):
        assert explained in text
    assert "example.gov" not in text.replace("# ", "#").split("#")[0]
    assert "100000000000001" not in text, "no account of the example is left"


def test_doctor_runs_on_what_was_written_and_says_what_is_missing(tmp_path: Path, answers: Path, citymod: Run) -> None:
    citymod("init", tmp_path / "etc", "--answers", answers)
    code, said, _ = citymod("doctor", "--config", tmp_path / "etc" / "citymod.yaml")
    assert code == 1
    assert "is not approved in this wording" in said
    assert "credential 'facebook' is not to be found" in said


def test_nothing_is_ever_overwritten(tmp_path: Path, answers: Path, citymod: Run) -> None:
    citymod("init", tmp_path / "etc", "--answers", answers)
    settings = tmp_path / "etc" / "citymod.yaml"
    settings.write_text("# mine now\n")
    code, _, said = citymod("init", tmp_path / "etc", "--answers", answers)
    assert code == 1
    assert "is there already and stays as it is" in said
    assert settings.read_text() == "# mine now\n"


def test_a_policy_that_somebody_put_there_before_stays(tmp_path: Path, answers: Path, citymod: Run) -> None:
    mine = tmp_path / "etc" / "policy" / "ar-1-27.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("# ours\n")
    citymod("init", tmp_path / "etc", "--answers", answers)
    assert mine.read_text() == "# ours\n"


def test_a_mistake_in_the_answers_is_told_with_its_line(tmp_path: Path, citymod: Run) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(ANSWERS.replace("platform: bluesky", "platform: myspace"))
    code, _, said = citymod("init", tmp_path / "etc", "--answers", file)
    assert code == 2
    assert "answers.yaml:15" in said
    assert "no platform 'myspace'" in said
    assert not (tmp_path / "etc").exists()


def test_without_a_terminal_it_says_how_to_answer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot.cli", "init", str(tmp_path / "etc")]
    went = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert went.returncode == 2
    assert "--answers" in went.stderr


class Terminal:
    """A person at a terminal: waits for a question, types an answer, and sees all that is shown."""

    def __init__(self, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
        os.close(theirs)
        self.seen = ""
        self._read = 0

    def answer(self, question: str, answer: str) -> None:
        self._wait_for(question)
        os.write(self._ours, f"{answer}\n".encode())

    def leave(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        self._wait_for(None)
        os.close(self._ours)
        return self._process.wait(timeout=30)

    def _wait_for(self, question: str | None) -> None:
        deadline = time.monotonic() + 60
        while question is None or question not in self.seen[self._read :]:
            assert time.monotonic() < deadline, f"never asked {question!r}:\n{self.seen}"
            if not select.select([self._ours], [], [], 1)[0]:
                continue
            try:
                more = os.read(self._ours, 65536)
            except OSError:  # how Linux says that the other end is closed
                more = b""
            if not more:
                assert question is None, f"ended before it asked {question!r}:\n{self.seen}"
                return
            self.seen += more.decode()
        self._read = self.seen.index(question, self._read) + len(question)


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Terminal]:
    person = Terminal(sys.executable, "-m", "bot.cli", "init", str(tmp_path / "etc"))
    yield person
    person.leave()


def test_a_person_is_asked_and_each_answer_is_checked_as_it_is_typed(tmp_path: Path, person: Terminal) -> None:
    person.answer("What is the city called?", "City of Fountains")
    person.answer("time zone", "Missouri")
    person.answer("is not a time zone", "")
    person.answer("records and evidence", "data")
    person.answer("Which mail server", "mail.fountains.example")
    person.answer("Which port", "99999")
    person.answer("Which port", "")
    person.answer("Encrypted how", "")
    person.answer("From which address", "citymod")
    person.answer("is not one e-mail address", "citymod@fountains.example")
    person.answer("Social Media Manager", "social@fountains.example")
    person.answer("on call", "one@fountains.example, two@fountains.example")
    person.answer("User name", "citymod")
    person.answer("(not shown): ", "swordfish-and-more")
    person.answer("first account", "myspace")
    person.answer("no platform 'myspace'", "youtube")
    person.answer("Which account", "UCfountains")
    person.answer("What is it called", "City of Fountains")
    person.answer("Another platform", "")
    person.answer("officer called", "Press Office")
    person.answer("At which address", "press@fountains.example")
    person.answer("At what hour", "")
    person.answer("Another public information officer", "n")
    assert person.end() == 0, person.seen
    assert "swordfish" not in person.seen, "a password is not shown"

    settings = load(tmp_path / "etc" / "citymod.yaml")
    assert settings.city.time_zone == "America/Chicago"
    assert settings.mail.on_call == ("one@fountains.example", "two@fountains.example")
    assert settings.accounts[0].account.key == "youtube:UCfountains"
    assert credential(settings, "mail") == {"user": "citymod", "password": "swordfish-and-more"}
    assert "swordfish" not in (tmp_path / "etc" / "citymod.yaml").read_text()
    assert (tmp_path / "etc" / "credentials" / "mail").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "etc" / "credentials").stat().st_mode & 0o777 == 0o700
