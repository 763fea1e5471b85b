"""The settings file: strict, with the line of every mistake; credentials only from safe places."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path

import pytest

from bot.domain.types import Mode
from bot.parts import moderation_server
from bot.settings import MissingCredential, Moderation, credential, load
from rules.load import FileProblems

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "citymod.example.yaml"


def test_the_example_file_is_valid_and_careful() -> None:
    settings = load(EXAMPLE)
    assert {entry.mode for entry in settings.accounts} == {Mode.OBSERVE}
    assert all(entry.evidence == ("record",) for entry in settings.accounts)
    assert settings.rules.policy.is_file()


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text, "the test changes something that is there"
    path = tmp_path / "citymod.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("acts_a_day: 50", "acts_a_day: many", "acts_a_day"),
        ("acts_a_day: 50", "acts_per_day: 50", "acts_per_day"),
        ("time_zone: America/Chicago", "time_zone: America/Chigaco", "is not a time zone"),
        ("mode: observe", "mode: enforced", "mode"),
        ("platform: facebook", "platform: myspace", "no platform 'myspace'"),
        ("on_call: [on-call@example.gov]", "on_call: []", "on_call"),
        ("sender: citymod@example.gov", "sender: citymod", "is not one e-mail address"),
        ("evidence: [record] ", "evidence: [photo] ", "evidence"),
    ],
)
def test_a_mistake_names_file_line_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = changed(tmp_path, old, new)
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if new.strip() in text)
    with pytest.raises(FileProblems) as problems:
        load(path)
    assert f"{path}:{line}:" in str(problems.value)
    assert said in str(problems.value)


def test_an_embed_is_taken_where_the_platform_has_one(tmp_path: Path) -> None:
    x = "    credential: x\n    poll_seconds: 60\n    evidence: [record] "
    entry = load(changed(tmp_path, x, x.replace("[record]", "[embed, record]"))).accounts[2]
    assert (entry.platform, entry.evidence) == ("x", ("embed", "record"))
    youtube = "    poll_seconds: 120\n    evidence: [record]"
    with pytest.raises(FileProblems, match="youtube has no embed"):
        load(changed(tmp_path, youtube, youtube.replace("[record]", "[embed, record]")))


def test_an_account_without_a_digest_reader_is_refused(tmp_path: Path) -> None:
    some = '["x:1000000001", "instagram:17841400000000001"]'
    text = EXAMPLE.read_text(encoding="utf-8").replace("    hour: 7\n", f"    hour: 7\n    accounts: {some}\n")
    path = tmp_path / "citymod.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileProblems, match=r"no public information officer gets a digest of .*youtube"):
        load(path)


def test_credentials_come_from_systemd_then_environment_then_a_private_file(tmp_path: Path) -> None:
    settings = load(EXAMPLE).model_copy(update={"credentials": tmp_path / "files"})
    given = {"user": "u"}
    (tmp_path / "files").mkdir()
    file = tmp_path / "files" / "mail"
    file.write_text(json.dumps({"user": "from file"}))
    file.chmod(0o600)
    assert credential(settings, "mail", {}) == {"user": "from file"}
    environment = {"CITYMOD_CREDENTIAL_MAIL": json.dumps(given)}
    assert credential(settings, "mail", environment) == given
    (tmp_path / "mail").write_text(json.dumps({"user": "from systemd"}))
    environment["CREDENTIALS_DIRECTORY"] = str(tmp_path)
    assert credential(settings, "mail", environment) == {"user": "from systemd"}


def test_a_credential_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    settings = load(EXAMPLE).model_copy(update={"credentials": tmp_path})
    (tmp_path / "mail").write_text("{}")
    (tmp_path / "mail").chmod(0o644)
    with pytest.raises(MissingCredential, match="chmod 600"):
        credential(settings, "mail", {})
    with pytest.raises(MissingCredential, match="CITYMOD_CREDENTIAL_YOUTUBE"):
        credential(settings, "youtube", {})


MODERATION = "moderation:\n  url: {}\n  model: guard\n\nmail:\n"


def test_a_model_server_is_named_with_its_address_and_its_limits_have_defaults(tmp_path: Path) -> None:
    settings = load(changed(tmp_path, "mail:\n", MODERATION.format("https://models.example.gov/guard/")))
    assert settings.moderation
    assert settings.moderation.url == "https://models.example.gov/guard"
    assert (settings.moderation.timeout_seconds, settings.moderation.categories) == (5, ())


@pytest.mark.parametrize("url", ["http://models.example.gov", "models.example.gov", "https://u:p@models.example.gov"])
def test_comments_are_sent_to_no_model_server_beyond_this_machine_in_the_clear(tmp_path: Path, url: str) -> None:
    path = changed(tmp_path, "mail:\n", MODERATION.format(url))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if text == f"  url: {url}")
    with pytest.raises(
        FileProblems, match=rf":{line}:8: moderation.url: .* is no address that anything may be sent to"
    ):
        load(path)


def test_a_model_servers_credential_must_have_a_token(tmp_path: Path) -> None:
    settings = load(EXAMPLE).model_copy(update={"credentials": tmp_path})
    wanted = Moderation(url="http://127.0.0.1:1", model="guard", credential="model-server")
    settings = settings.model_copy(update={"moderation": wanted})
    with pytest.raises(MissingCredential, match="model-server"):
        moderation_server(settings)
    (tmp_path / "model-server").touch(mode=0o600)
    (tmp_path / "model-server").write_text('{"key": "…"}')
    with pytest.raises(LookupError, match="lacks 'token'"):
        moderation_server(settings)
    (tmp_path / "model-server").write_text('{"token": "secret"}')
    assert moderation_server(settings)


def test_staff_are_asked_to_look_where_no_program_reads() -> None:
    settings = load(EXAMPLE)
    hours = {entry.platform: entry.look_hours for entry in settings.accounts}
    assert hours["pinterest"] == (time(10), time(16))
    assert hours["facebook"] == hours["nextdoor"] == ()
    assert {entry.platform for entry in settings.accounts if not entry.is_read} == {"pinterest", "snapchat"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("    credential: x\n", "", "names no credential"),
        ('    looks: ["10:00", "16:00"]\n    look_on', '    looks: ["25:00"]\n    look_on', "looks"),
        ("    look_on: [mon, tue, wed, thu, fri]", "    look_on: [someday]", "look_on"),
        ("mode: observe                 # or review", "mode: enforce  # or review", "no rule deletes"),
    ],
)
def test_what_does_not_fit_a_platform_that_people_work_is_refused(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    with pytest.raises(FileProblems, match=said):
        load(changed(tmp_path, before, after))


def test_nextdoor_without_access_is_looked_at(tmp_path: Path) -> None:
    line = "    credential: nextdoor          # leave out without access to the Publish API\n"
    settings = load(changed(tmp_path, line, ""))
    (entry,) = [entry for entry in settings.accounts if entry.platform == "nextdoor"]
    assert not entry.is_read
    assert entry.look_hours == (time(10), time(16))
