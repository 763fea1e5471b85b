"""`citymod search`, and what the administrator of a PostgreSQL server types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from postgres import OWNER, WORKER
from ruamel.yaml import YAML

from bot.doctor import examine
from bot.settings import MissingCredential, load
from rules.source import FileProblems

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from city import City
    from postgres import Postgres

    from bot.settings import Settings


@pytest.fixture
def spoken(city: City) -> City:
    city.write("youtube", "The street light on Main Street is out.\nAgain!")
    city.write("youtube", "请问市政府什么时候修街道？")
    city.write("facebook", "Thank you for the new street [bold]lights[/bold]")
    city.poll()
    return city


def test_it_prints_what_was_found_newest_first(spoken: City, citymod: Callable[..., tuple[int, str, str]]) -> None:
    status, said, _ = citymod("search", "street", "-c", spoken.file)
    assert status == 0
    assert "    Thank you for the new street [bold]lights[/bold]\n" in said
    assert "    The street light on Main Street is out. Again!\n" in said
    assert "by Pat Resident (observed, visible)" in said
    assert "街道" in citymod("search", "街道", "-c", spoken.file)[1]
    assert "Nothing on record" in citymod("search", "bridge", "-c", spoken.file)[1]
    assert "council meets" in citymod("search", "thursday", "-c", spoken.file)[1]
    assert "post of the City" in citymod("search", "thursday", "-c", spoken.file)[1]


def test_it_gives_programs_one_object(spoken: City, citymod: Callable[..., tuple[int, str, str]]) -> None:
    _, said, _ = citymod("search", "main street", "--phrase", "--json", "-c", spoken.file)
    (found,) = json.loads(said)["found"]
    assert found["snippet"] == "The street light on Main Street is out.\nAgain!"
    assert [found["snippet"][start:end] for start, end in found["places"]] == ["Main Street"]
    assert (found["kind"], found["state"], found["present"]) == ("comment", "observed", True)


def test_it_can_be_limited_and_paged(spoken: City, citymod: Callable[..., tuple[int, str, str]]) -> None:
    def count(*options: str) -> int:
        return len(json.loads(citymod("search", "street", "--json", *options, "-c", spoken.file)[1])["found"])

    youtube = spoken.parts.settings.accounts[0].account.key
    day = f"{spoken.clock().astimezone(spoken.settings.zone):%Y-%m-%d}"
    assert count() == 2
    assert count("--account", youtube) + count("--account", "facebook:none") == 1
    assert count("--author", "pat") == 2
    assert count("--author", "nobody") == count("--clause", "c4") == count("--state", "enforced") == 0
    assert count("--from", day, "--to", day) == count("--visibility", "visible") == 2
    assert count("--from", "2026-11-25") == count("--to", "2026-11-19") == 0
    first = json.loads(citymod("search", "street", "--limit", "1", "--json", "-c", spoken.file)[1])
    assert count("--before", str(first["next"])) == 1
    assert f"--before {first['next']}" in citymod("search", "street", "--limit", "1", "-c", spoken.file)[1]


@pytest.mark.parametrize(
    ("words", "told"), [(["!!"], "Nothing to look for"), (["x", "--from", "monday"], "is no day"), ([], "Nothing to")]
)
def test_what_cannot_be_looked_for_is_said(
    city: City, citymod: Callable[..., tuple[int, str, str]], words: list[str], told: str
) -> None:
    status, _, complaint = citymod("search", *words, "-c", city.file)
    assert status == 2
    assert told in complaint


def test_the_index_is_whole(spoken: City, citymod: Callable[..., tuple[int, str, str]]) -> None:
    assert citymod("database", "index", "-c", spoken.file)[:2] == (0, "Nothing was missing.\n")


# PostgreSQL -----------------------------------------------------------------------------------------------------------


def edited(city: City, **changes: object) -> Path:
    yaml = YAML(typ="safe")
    settings = yaml.load(city.file)
    yaml.dump(settings | changes, city.file)
    return city.file


def role_found(settings: Settings, city: City) -> tuple[bool, str]:
    found = next(one for one in examine(settings, city.clock()) if one.what.startswith("database role"))
    return found.ok, " ".join((found.what, *found.details))


def test_a_server_is_prepared_and_the_doctor_says_as_whom_the_program_works(
    city: City, postgres: Postgres, citymod: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = postgres.create()
    with postgres.admin(name) as admin:
        admin.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
    named = {"database_credential": "db", "database_owner": OWNER, "database_owner_credential": "db-owner"}
    file = edited(city, database=postgres.url(name), **named)
    monkeypatch.setenv("CITYMOD_CREDENTIAL_DB", '{"password": "worker"}')
    status, _, complaint = citymod("status", "-c", file)
    assert (status, "citymod database prepare" in complaint) == (2, True)
    status, _, complaint = citymod("database", "prepare", "-c", file)
    assert (status, "'db-owner' is not to be found" in complaint) == (2, True)
    monkeypatch.setenv("CITYMOD_CREDENTIAL_DB_OWNER", '{"password": "owner"}')
    status, said, complaint = citymod("database", "prepare", "-c", file)
    assert (status, complaint) == (0, "")
    assert f"{OWNER} owns them; {WORKER} works in them" in said
    assert citymod("status", "-c", file)[0] == 0
    assert role_found(load(file), city) == (
        True,
        f"database role {WORKER} owns no table, so no mistake of the program can alter or drop one",
    )
    assert role_found(load(edited(city, database=postgres.url(name, OWNER))), city)[0] is False
    postgres.drop(name)


def test_a_password_is_refused_in_the_file_and_asked_for_elsewhere(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("postgresql+psycopg://citymod:secret@db/x", "postgresql+psycopg://citymod@db/x?password=secret"):
        with pytest.raises(FileProblems, match="password has no place in this file"):
            load(edited(city, database=url))
    settings = load(edited(city, database="postgresql+psycopg://citymod@db/x", database_credential="db"))
    with pytest.raises(MissingCredential, match="'db' is not to be found"):
        _ = settings.database_url
    monkeypatch.setenv("CITYMOD_CREDENTIAL_DB", '{"password": "a/b@c:d"}')
    assert settings.database_url == "postgresql+psycopg://citymod:a%2Fb%40c%3Ad@db/x"
    with pytest.raises(MissingCredential, match="database_owner"):
        _ = settings.database_owner_url


def test_a_file_needs_no_preparing(city: City, citymod: Callable[..., tuple[int, str, str]]) -> None:
    status, _, complaint = citymod("database", "prepare", "-c", city.file)
    assert status == 2
    assert "database_owner" in complaint
