"""The doctor tries every connection, folder and credential, the clock, browser and mail; and says so to programs."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from city import City
from scripted import serving

from bot.doctor import Finding, examine
from connectors.standin.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripted import Scripted

    from archive.capture import Camera

Run = "Callable[..., tuple[int, str, str]]"
KINDS = (
    *("policy and packs", "disk at", "folder", "credentials", "holidays", "database", "pause switch"),
    *("browser and fonts", "mail server", "webhook", "time-stamping authority", "comment policy", "retention"),
    *("account", "clock", "cost of this month"),
)


@pytest.fixture
def whole(tmp_path: Path, camera: Camera) -> Iterator[tuple[City, Scripted]]:
    """A city with everything that the doctor may look at."""
    folder = tmp_path / "city"
    (folder / "credentials").mkdir(parents=True, mode=0o700)
    secret = folder / "credentials" / "webhook"
    secret.touch(mode=0o600)
    secret.write_text('{"secret": "long and random"}')
    with ExitStack() as stack:
        receiver = stack.enter_context(serving(lambda handler: handler.reply(b"", 204)))
        stamper = stack.enter_context(Authority(tmp_path / "authority"))
        stamps = {"authorities": [{"url": stamper.url, "certificate": str(stamper.certificate)}]}
        changes: dict[str, Any] = {
            "webhook": {"url": receiver.url, "credential": "webhook"},
            "timestamps": stamps,
            "backup": {"folder": str(tmp_path / "backups")},
        }
        yield stack.enter_context(City(folder, camera, **changes)), receiver


def bad(city: City) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(city.settings, city.clock()) if not finding.ok}


def test_everything_is_looked_at_and_told_to_programs(whole: tuple[City, Scripted], citymod: Run) -> None:
    city, receiver = whole
    code, out, _ = citymod("doctor", "--json", "--config", city.file)
    told = json.loads(out)
    assert (code, told["well"]) == (0, True), [one for one in told["findings"] if not one["ok"]]
    for kind in KINDS:
        assert any(one["what"].startswith(kind) for one in told["findings"]), kind
    (asked,) = receiver.asked
    assert json.loads(asked[3])["what"] == "test"
    assert not any(secret in out for secret in (*city.standins.secrets(), "long and random"))


def test_each_thing_that_is_wrong_is_named_with_what_to_do(whole: tuple[City, Scripted], citymod: Run) -> None:
    city, receiver = whole
    receiver.script = lambda handler: handler.reply(b"", 403)
    (city.settings.data).chmod(0o755)
    credentials = city.settings.credentials
    assert credentials is not None
    (credentials / "facebook").chmod(0o644)
    (credentials / "youtube").unlink()
    assert city.settings.backup is not None
    city.settings.backup.folder.write_text("a file is in the way")
    found = bad(city)
    assert any("chmod 700" in line for what in found for line in found[what].details if what.startswith("folder"))
    assert "HTTP 403" in found["webhook"].details[0]
    assert "facebook" in found["credentials"].details[0]
    assert "youtube" in found["credentials"].details[1]
    assert any("(backups)" in what and "cannot be written" in found[what].details[0] for what in found)
    assert sum(what.startswith("account") for what in found) == 2
    code, out, _ = citymod("doctor", "--json", "--config", city.file)
    assert (code, json.loads(out)["well"]) == (1, False)


def test_a_wrong_clock_and_an_authority_that_cannot_be_checked(whole: tuple[City, Scripted]) -> None:
    city, _ = whole
    assert "clock" in bad(city), "the city's clock of the tests is days away from the servers'"
    timestamps = city.settings.timestamps
    assert timestamps is not None
    other = timestamps.authorities[0].model_copy(update={"certificate": city.file})
    city.settings = city.settings.model_copy(
        update={"timestamps": timestamps.model_copy(update={"authorities": (other,)})}
    )
    (what,) = [what for what in bad(city) if what.startswith("time-stamping")]
    assert "NotProven" in bad(city)[what].details[0]
