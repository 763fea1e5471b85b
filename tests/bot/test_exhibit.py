"""`citymod evidence show` and `open`: what was sealed, how, and whether it is still so."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from archive import evidence, ledger
from bot.exhibit import exhibit
from bot.promises import ref_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from city import City

    from bot.domain.types import Evidence
    from connectors.standin.world import WorldComment

Run = "Callable[..., tuple[int, str, str]]"


def sealed_of(city: City, comment: WorldComment) -> Evidence:
    with city.parts.database.read() as tx:
        sealed = evidence.latest(tx, ref_of(comment))
    assert sealed is not None
    return sealed


def test_a_sign_in_is_stored_encrypted_for_one_account_and_is_on_record(
    city: City, citymod: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, youtube = city.file.parent / "credentials" / "browser", f"youtube:{city.accounts['youtube'].id}"
    said = YAML(typ="safe").load(city.file)
    entry = next(one for one in said["accounts"] if one["platform"] == "youtube")
    entry |= {"evidence": ["page", "record"], "sign_in": {"credential": "browser", "permission": "letter of May 4"}}
    city.file.write_text(json.dumps(said, default=str))
    key.touch(mode=0o600)
    key.write_text(json.dumps({"key": "too short"}))
    store = ("evidence", "sign-in", youtube, "--who", "Sam", "--reason", "as permitted", "--config", city.file)
    code, _, problem = citymod(*store)
    assert (code, "32 bytes in base64" in problem) == (2, True)
    key.write_text(json.dumps({"key": b64encode(bytes(32)).decode()}))
    state = json.dumps({"cookies": [{"name": "a", "value": "s3cret"}], "origins": []}).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(state)))
    assert citymod(*store)[0] == 0
    assert citymod("evidence", "sign-in", f"x:{city.accounts['x'].id}", *store[3:])[0] == 2, "not in the settings"
    (kept,) = (city.settings.data / "sign-ins").iterdir()
    assert b"s3cret" not in kept.read_bytes()
    assert citymod(*store, "--forget")[0] == 0
    assert not kept.exists()
    with city.parts.database.read() as tx:
        kinds = [line.kind for line in ledger.entries(tx, kinds=["sign_in.stored", "sign_in.forgotten"])]
    assert kinds == ["sign_in.stored", "sign_in.forgotten"]


def test_it_names_files_steps_and_conditions_and_checks_them(city: City, citymod: Run) -> None:
    comment = city.write("facebook")
    city.run()
    sealed = sealed_of(city, comment)
    code, said, _ = citymod("evidence", "show", sealed.id, "--config", city.file)
    assert code == 0
    assert f"Evidence {sealed.id}: full, of {ref_of(comment)}" in said
    assert sealed.manifest in said
    assert "comment picture" in said
    assert "raw.json" in said
    assert "every file is as it was sealed" in said
    assert citymod("evidence", "show", ref_of(comment), "--config", city.file)[1] == said, "a case will do as well"


def test_a_program_can_read_it_and_all_evidence_of_a_case_is_listed(city: City, citymod: Run) -> None:
    comment = city.write("facebook")
    city.run()
    sealed = sealed_of(city, comment)
    code, said, _ = citymod("evidence", "list", ref_of(comment), "--config", city.file)
    assert code == 0
    assert said.startswith(f"{sealed.id}  full")
    (listed,) = json.loads(citymod("evidence", "list", ref_of(comment), "--json", "--config", city.file)[1])
    assert (listed["id"], listed["revision"]) == (sealed.id, sealed.revision)
    code, said, _ = citymod("evidence", "show", sealed.id, "--json", "--config", city.file)
    shown = json.loads(said)
    assert code == 0
    assert shown["problems"] == []
    assert {"comment.png", "page.wacz", "raw.json"} <= {file["name"] for file in shown["files"]}
    assert citymod("evidence", "list", "nonsense", "--config", city.file)[0] == 2


def test_one_changed_byte_is_told_and_the_command_fails(city: City, citymod: Run) -> None:
    comment = city.write("facebook")
    city.run()
    sealed = sealed_of(city, comment)
    words = city.settings.evidence_folder / sealed.folder / "transcript.txt"
    words.chmod(0o640)
    words.write_bytes(words.read_bytes().replace(b"street", b"Street"))
    code, said, _ = citymod("evidence", "show", sealed.id, "--config", city.file)
    assert code == 1
    assert "transcript.txt is not as it was sealed" in said
    assert "not as it was sealed" in exhibit(city.settings, sealed).page()


def test_the_page_shows_pictures_words_and_hashes(city: City, citymod: Run, tmp_path: Path) -> None:
    comment = city.write("x", "what the fuck <script>alert(1)</script>")
    city.run()
    page = tmp_path / "exhibit.html"
    code, _, _ = citymod("evidence", "open", ref_of(comment), "--page", page, "--config", city.file)
    assert code == 0
    text = page.read_text()
    assert "comment.png" in text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert all(file.sha256 in text for file in exhibit(city.settings, sealed_of(city, comment)).files)
    assert page.stat().st_mode & 0o777 == 0o600


def test_evidence_that_there_is_none_of_is_said_so(city: City, citymod: Run) -> None:
    comment = city.write("facebook", "an ordinary remark")
    city.run()
    for name in ("0123456789ab", ref_of(comment)):
        code, _, said = citymod("evidence", "show", name, "--config", city.file)
        assert code == 2
        assert "There is no evidence" in said
