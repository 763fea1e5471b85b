"""The commands as a person at a terminal meets them: what they say, and with what status they end."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION, City, for_review

from bot.domain.states import State
from bot.judging import shipped
from bot.promises import ref_of
from bot.standins import worked

if TYPE_CHECKING:
    from pathlib import Path

Run = "Callable[..., tuple[int, str, str]]"


def test_pause_and_resume_are_told_by_status(city: City, citymod: Run) -> None:
    config = ("--config", city.file)
    code, out, _ = citymod("pause", "--reason", "fire drill", "--for", "4h", "--who", "Kim On-Call", *config)
    assert code == 0
    assert "nothing is hidden or deleted on every account until" in out
    found = json.loads(citymod("status", "--json", *config)[1])
    assert found["paused"] == ["everything by person:Kim On-Call: fire drill"]
    assert "paused: everything by person:Kim On-Call: fire drill" in citymod("status", *config)[1]
    code, out, _ = citymod("resume", "--reason", "drill over", *config)
    assert (code, out) == (0, "1 pause(s) ended.\n")
    assert json.loads(citymod("status", "--json", *config)[1])["paused"] == []
    assert citymod("resume", "--reason", "again", *config)[0] == 1, "nothing was paused"


def test_resume_takes_the_pause_file_away_and_says_so(city: City, citymod: Run) -> None:
    city.settings.switch_file.touch()
    code, out, _ = citymod("resume", "--reason", "found the culprit", "--config", city.file)
    assert code == 0
    assert "Removed the pause file" in out
    assert not city.settings.switch_file.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pause", "--reason", "x", "--for", "soon"), "such as 30m, 4h or 2d"),
        (("pause", "--reason", "x", "--account", "x:9"), "There is no account x:9; there are: facebook:"),
        (("review", "show", "nonsense"), "is not platform:account:item"),
        (("digest", "--to", "nobody@example.gov"), "Nobody with the address nobody@example.gov"),
    ],
)
def test_wrong_words_end_with_two_and_a_remedy(city: City, citymod: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = citymod(*words, "--config", city.file)
    assert code == 2
    assert said in err
    assert "Traceback" not in out + err


def test_a_missing_settings_file_is_told_in_one_sentence(citymod: Run, tmp_path: Path) -> None:
    code, _, err = citymod("status", "--config", tmp_path / "nowhere.yaml")
    assert code == 2
    assert "There is no settings file" in err
    assert "CITYMOD_CONFIG" in err


def test_a_mistake_in_the_settings_names_its_line(city: City, citymod: Run) -> None:
    text = city.file.read_text(encoding="utf-8").replace("mode: enforce", "mode: enforced", 1)
    line = 1 + text[: text.index("mode: enforced")].count("\n")
    city.file.write_text(text, encoding="utf-8")
    code, _, err = citymod("status", "--config", city.file)
    assert code == 2
    assert f"{city.file}:{line}:" in err
    assert "enforced" in err


def test_reviewing_from_the_terminal(city: City, citymod: Run) -> None:
    comment = city.write("youtube", for_review())
    city.run()
    ref, config = str(ref_of(comment)), ("--config", city.file)
    assert ref in citymod("review", "list", *config)[1]
    shown = citymod("review", "show", ref, *config)[1]
    assert for_review() in shown
    assert "in_review" in shown
    assert "C5" in shown
    code, out, _ = citymod("review", "dismiss", ref, "--reason", "a neighbour helping out", "--who", "Robin", *config)
    assert (code, out) == (0, "Dismissed: the comment stands.\n")
    assert city.state(comment) is State.CLEARED
    code, _, err = citymod("review", "dismiss", ref, "--reason", "again", *config)
    assert code == 1
    assert "cannot be dismissed: it is cleared" in err
    code, _, err = citymod("review", "uphold", "youtube:UC1:none", "--reason", "x", *config)
    assert code == 1
    assert "there is no case" in err


def test_judge_gives_one_answer_a_line_and_loses_none(citymod: Run, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    lines = [
        json.dumps({"id": "bad", "text": VIOLATION}),
        json.dumps({"id": 7, "text": HARMLESS, "other": True}),
        "not json",
        json.dumps({"id": "none"}),
        json.dumps({"text": "  "}),
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    code, out, err = citymod("judge", file)
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert "2 line(s) could not be read" in err
    assert [answer.get("outcome") for answer in answers] == ["act", "clear", None, None, "clear"]
    assert [answer.get("id") for answer in answers] == ["bad", 7, None, None, None]
    assert [answer["line"] for answer in answers if "error" in answer] == [3, 4]
    first = answers[0]
    start, end = first["matches"][0]["span"]
    assert first["action"] == "hide"
    assert VIOLATION[start:end] == first["matches"][0]["excerpt"]
    assert first["matches"][0]["clause"] == "C2"


def test_judge_looks_for_campaign_speech_with_the_names_of_a_ballot_list(citymod: Run, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text(json.dumps({"id": 1, "text": "Vote for Quillfeather!"}), encoding="utf-8")
    without = json.loads(citymod("judge", file)[1])
    with_list = json.loads(citymod("judge", file, "--ballot", shipped("ballot.example.yaml"))[1])
    assert without["matches"] == []
    assert {match["clause"] for match in with_list["matches"]} == {"C1"}
    assert with_list["outcome"] == "review"


def test_verify_passes_and_finds_a_flipped_bit(city: City, citymod: Run) -> None:
    city.write("facebook")
    city.run()
    code, out, _ = citymod("verify", "--config", city.file)
    assert code == 0, out
    assert out.startswith("Passed: checked")
    picture = next(city.settings.evidence_folder.rglob("comment.png"))
    data = bytearray(picture.read_bytes())
    data[len(data) // 2] ^= 1
    picture.chmod(0o600)
    picture.write_bytes(data)
    code, out, err = citymod("verify", "--config", city.file)
    assert code == 1
    assert "comment.png" in err
    report = json.loads(citymod("verify", "--json", "--config", city.file)[1])
    assert report["passed"] is False


def test_the_digest_preview_sends_nothing(city: City, citymod: Run) -> None:
    comment = city.write("x")
    city.poll()
    city.judge()
    city.secure()
    city.enforce()
    code, out, _ = citymod("digest", "--preview", "--config", city.file)
    assert code == 0
    assert comment.text in out
    assert "DIGEST NO. 1" in out
    assert not list(city.sink.folder.glob("*.eml"))


def test_doctor_is_content_with_a_whole_installation_and_names_what_is_missing(city: City, citymod: Run) -> None:
    code, out, err = citymod("doctor", "--config", city.file)
    assert code == 0, out + err
    assert out.count("ok") >= 8
    shutil.rmtree(city.file.parent / "credentials")
    (city.file.parent / "approvals.yaml").write_text("[]\n", encoding="utf-8")
    code, out, _ = citymod("doctor", "--config", city.file)
    assert code == 1
    assert out.count("BAD") == 2 + len(worked()), "the policy, the credentials, and each account"
    assert "credential 'x' is not to be found" in out
    assert "is not approved in this wording" in out


def test_doctor_tells_which_domain_lists_count_and_which_are_missing(city: City, citymod: Run) -> None:
    code, out, _ = citymod("doctor", "--config", city.file)
    told = " ".join(out.split())
    assert code == 0
    assert "domain list adult.txt MISSING, so rules of c4-sexual do without it; name a folder as rules.lists" in told
    folder = city.file.parent / "lists"
    folder.mkdir()
    (folder / "adult.txt").write_text("bad.example.com\n", encoding="utf-8")
    sha256 = hashlib.sha256(b"bad.example.com\n").hexdigest()
    (folder / "adult.txt.sha256").write_text(f"{sha256}  adult.txt\n", encoding="utf-8")
    settings = city.file.read_text(encoding="utf-8")
    city.file.write_text(settings.replace("\nrules:\n", "\nrules:\n  lists: lists\n"), encoding="utf-8")
    code, out, _ = citymod("doctor", "--config", city.file)
    told = " ".join(out.split())
    assert code == 1
    assert "domain list adult.txt 1 entries, 16 bytes, changed" in told
    assert f"SHA-256 {sha256}" in told
    assert "BAD domain list phishing.txt MISSING, so rules of c9-spam do without it; put it into" in told
    (folder / "adult.txt").write_text("bad.example.com\nworse.exa", encoding="utf-8")
    code, out, err = citymod("doctor", "--config", city.file)
    assert code != 0
    assert "it is not the file that adult.txt.sha256 vouches for" in " ".join((out + err).split())


def test_every_command_has_help(citymod: Run) -> None:
    listed = citymod("--help")[1]
    commands = (
        "run",
        "pass",
        "status",
        "pause",
        "resume",
        "review",
        "judge",
        "verify",
        "digest",
        "doctor",
        "demo",
        "standin",
        "witness",
        "certificate",
        "backup",
        "restore",
        "csam",
    )
    for command in commands:
        assert command in listed
        code, out, _ = citymod(command, "--help")
        assert code == 0
        assert len(out.splitlines()) > 5
