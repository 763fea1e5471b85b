"""The drafts say what the record says and where, and leave open what the program cannot know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.promises import ref_of

if TYPE_CHECKING:
    from pathlib import Path

    from city import City

Run = "Callable[..., tuple[int, str, str]]"


def _draft(city: City, citymod: Run, tmp_path: Path) -> tuple[object, str]:
    comment = city.write("youtube")
    city.up_to_secured()
    target = tmp_path / "draft.html"
    code, out, err = citymod("certificate", ref_of(comment), target, "--config", city.file)
    assert (code, err) == (0, ""), out
    return comment, target.read_text(encoding="utf-8")


def test_every_file_and_field_is_traceable(city: City, citymod: Run, tmp_path: Path) -> None:
    comment, draft = _draft(city, citymod, tmp_path)
    folder = next(city.settings.evidence_folder.glob("*/*/*"))
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        sha256, name = line.split("  ")
        assert sha256 in draft
        assert name in draft
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>", draft)
    assert len(rows) > 10
    assert all(label and value and source and source != "not recorded" for label, value, source in rows)
    assert str(ref_of(comment)) in draft  # type: ignore[arg-type]


def test_who_signs_and_what_only_that_person_knows_is_blank(city: City, citymod: Run, tmp_path: Path) -> None:
    _, draft = _draft(city, citymod, tmp_path)
    for what in ("signature", "printed name", "title and office", "notary public", "number", "outcome"):
        assert f"({what})" in draft
    assert draft.count("DRAFT, prepared by a program") == 2
    assert "902(13)" in draft
    assert "902(14)" in draft
    assert "490.692" in draft


def test_the_author_and_the_words_are_not_repeated(city: City, citymod: Run, tmp_path: Path) -> None:
    _, draft = _draft(city, citymod, tmp_path)
    assert "Pat Resident" not in draft
    assert "wrong with this street" not in draft


def test_altered_evidence_is_not_certified(city: City, citymod: Run, tmp_path: Path) -> None:
    comment, _ = _draft(city, citymod, tmp_path)
    folder = next(city.settings.evidence_folder.glob("*/*/*"))
    (folder / "comment.png").chmod(0o600)
    (folder / "comment.png").write_bytes(b"another")
    code, _, err = citymod("certificate", ref_of(comment), tmp_path / "x.html", "--config", city.file)  # type: ignore[arg-type]
    assert (code, "comment.png is not as it was sealed" in err) == (1, True)
    assert not (tmp_path / "x.html").exists()


# What nobody may see --------------------------------------------------------------------------------------------------


def test_a_suspicion_stops_capture_and_mail_and_calls_people(city: City, citymod: Run, tmp_path: Path) -> None:
    comment = city.write("youtube")
    city.poll()
    city.judge()
    ref = ref_of(comment)
    code, out, _ = citymod("csam", "mark", ref, "--reason", "a drill", "--who", "Kim", "--config", city.file)
    assert code == 0
    assert "CyberTipline" in out
    city.secure()
    city.enforce()
    (alarm,) = city.alarms()
    assert "URGENT" in alarm
    assert "wrong with this street" not in alarm
    assert city.state(comment) == "in_review"
    assert not list(city.settings.evidence_folder.glob("*/*/*")), "nothing was captured"
    uphold = citymod("review", "uphold", ref, "--reason", "x", "--config", city.file)
    assert (uphold[0], "Report it on the platform itself" in uphold[2]) == (1, True)
    for words in (("review", "show", ref), ("digest", "--preview"), ("csam", "list")):
        said = citymod(*words, "--config", city.file)[1]
        assert "street" not in said, words
        assert str(ref) in said
    assert citymod("csam", "mark", ref, "--reason", "again", "--config", city.file)[1].startswith("It was withheld")
    assert citymod("verify", "--config", city.file)[0] == 0


def test_what_was_captured_before_is_not_mailed_or_certified_any_more(city: City, citymod: Run, tmp_path: Path) -> None:
    comment = city.write("youtube")
    city.up_to_secured()
    ref = ref_of(comment)
    citymod("csam", "mark", ref, "--reason", "a drill", "--config", city.file)
    city.make_digests()
    mails = [path.read_text() for path in city.sink.folder.glob("*.eml")]
    assert not [mail for mail in mails if "Evidence: comment" in mail]
    assert len(city.alarms()) == 1
    code, _, err = citymod("certificate", ref, tmp_path / "x.html", "--config", city.file)
    assert (code, "Ask the City Attorney" in err) == (1, True)
    folder = next(city.settings.evidence_folder.glob("*/*/*"))
    assert (folder / "comment.png").is_file(), "what there is stays for those who may lawfully see it"
