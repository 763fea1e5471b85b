"""The public account: equal to the ledger counted by itself, the same each time, without names or words."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest
from city import HARMLESS, VIOLATION, City, for_review
from looked_at import LOOKS, faults, in_look, keep
from sqlalchemy import text

from archive import orders, pauses
from bot.appeals import decide, number_of, open_
from bot.promises import ref_of
from bot.publishing import PAGES, NotOurs, publish
from bot.review import person, restore, uphold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from archive.capture import Camera

STAFF = ("Kim Clerk", "Robin Reviewer")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[City]:
    """Two months with what rules and people hid, what was shown again, appeals and a pause."""
    with City(tmp_path_factory.mktemp("city"), camera) as city:
        first, second, third = (city.write(name, VIOLATION) for name in ("facebook", "youtube", "x"))
        raised = city.write("facebook", for_review())
        city.write("x", HARMLESS)
        city.run()
        with city.parts.database.begin() as tx:
            uphold(tx, ref_of(raised), who=STAFF[0], why="a secret reason", now=city.clock())
            pauses.pause(tx, "clause:C5", person(STAFF[0]), "a secret reason", None, city.clock())
            pauses.resume(tx, "clause:C5", person(STAFF[0]), "a secret reason", city.clock())
            pauses.pause(tx, "clause:C9", person(STAFF[0]), "a secret reason", None, city.clock())
        city.run()
        city.clock.move(hours=5)
        with city.parts.database.begin() as tx:
            restore(tx, ref_of(first), who=STAFF[0], why="a secret reason", now=city.clock())
            order = orders.carried_out(tx, ref_of(second))
            assert order is not None
            given = {"who": "pat@example.org", "says": "a quote", "source": "staff", "agent": person(STAFF[0])}
            name = open_(tx, city.settings, order, now=city.clock(), **given)
            decide(tx, name, overturn=True, who=STAFF[1], why="a secret reason", now=city.clock())
            order = orders.carried_out(tx, ref_of(third))
            assert order is not None
            open_(tx, city.settings, order, now=city.clock(), **given)
        city.run()
        city.clock.move(days=20)
        city.write("youtube", VIOLATION)
        city.run()
        yield city


@pytest.fixture(scope="module")
def folder(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("public") / "site"
    with city.parts.database.read() as tx:
        publish(tx, city.settings, city.parts.rulebook, place)
    return place


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / name).read_text("utf-8-sig").splitlines()))


def ledger_lines(city: City, *kinds: str) -> list[dict[str, Any]]:
    """Lines of the ledger as the database has them, without any code of ours."""
    with city.parts.database.read() as tx:
        found = tx.execute(text("SELECT at, kind, ref, agent, detail FROM ledger ORDER BY seq")).mappings()
        return [dict(row) | {"detail": json.loads(row["detail"])} for row in found if row["kind"] in kinds]


def month(at: str, city: City) -> str:
    return datetime.fromisoformat(at).astimezone(city.settings.zone).strftime("%Y-%m")


def test_totals_are_those_of_the_ledger(city: City, folder: Path) -> None:
    done = ledger_lines(city, "case.enforced")
    assert len(done) == 5
    told = rows(folder, "months.csv")
    hidden = Counter((month(line["at"], city), ":".join(line["ref"].split(":")[:2])) for line in done)
    recorded = Counter(
        (month(line["at"], city), ":".join(line["ref"].split(":")[:2]))
        for line in ledger_lines(city, "comment.recorded")
    )
    assert {(row["month"], row["account"]): int(row["hidden"]) for row in told if row["hidden"] != "0"} == hidden
    assert {(row["month"], row["account"]): int(row["recorded"]) for row in told} == recorded
    assert len({row["month"] for row in told}) == 2
    clauses = rows(folder, "clauses.csv")
    assert sum(int(row["hidden"]) for row in clauses) == len(done)
    assert {row["clause"]: row["hidden"] for row in clauses if row["hidden"] != "0"} == {"C2": "4", "C5": "1"}
    by_people = sum(line["agent"].startswith("person:") for line in done)
    assert by_people == sum(int(row["by_people"]) for row in clauses) == 1
    begun = {line["ref"]: line["at"] for line in done}
    ends = ledger_lines(city, "case.restored")
    gone = [datetime.fromisoformat(line["at"]) - datetime.fromisoformat(begun[line["ref"]]) for line in ends]
    assert sum(int(row["shown_again"]) for row in clauses) == len(ends) == 2
    minutes = next(row["median_minutes"] for row in clauses if row["clause"] == "C2")
    assert float(minutes) == round(median(span.total_seconds() / 60 for span in gone), 1) > 300
    orders_named = {number_of(line["detail"]["order"]) for line in done}
    assert {row["case"] for row in rows(folder, "cases.csv")} == orders_named
    decided = Counter(line["detail"]["outcome"] for line in ledger_lines(city, "appeal.decided"))
    opened = len(ledger_lines(city, "appeal.opened"))
    assert Counter(row["outcome"] for row in rows(folder, "appeals.csv")) == decided | Counter({"": opened - 1})
    assert len(rows(folder, "pauses.csv")) == len(ledger_lines(city, "pause.begun")) == 2
    assert sum(row["ended"] == "" for row in rows(folder, "pauses.csv")) == 1


def test_nobody_is_named_and_nobodys_words_are_told(city: City, folder: Path) -> None:
    whole = "".join(path.read_text("utf-8") for path in folder.iterdir())
    with city.parts.database.read() as tx:
        said = tx.execute(text("SELECT text, author_name, author_handle, author_id, ref FROM revision")).all()
    assert len(said) > 5
    for row in said:
        for secret in row:
            assert not secret or str(secret) not in whole, secret
    for secret in (*STAFF, "a secret reason", "pat@example.org", "a quote"):
        assert secret not in whole


def test_the_same_archive_gives_the_same_bytes_and_only_its_own_folder_is_replaced(
    city: City, folder: Path, tmp_path: Path
) -> None:
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    city.clock.move(days=3)
    with city.parts.database.read() as tx:
        publish(tx, city.settings, city.parts.rulebook, folder)
        other = tmp_path / "other"
        other.mkdir()
        (other / "letters.txt").write_text("ours")
        with pytest.raises(NotOurs, match="name another place"):
            publish(tx, city.settings, city.parts.rulebook, other)
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()} == before
    assert (other / "letters.txt").read_text() == "ours"
    listed = [line.split("  ") for line in (folder / "SHA256SUMS").read_text().splitlines()]
    assert {name: sum_ for sum_, name in listed} == {
        name: sum_ for name, sum_ in before.items() if name != "SHA256SUMS"
    }


def test_policy_and_packs_in_force_are_named_by_their_hashes(city: City, folder: Path) -> None:
    named = {row["sha256"] for row in rows(folder, "rules.csv")}
    assert named == {city.parts.rulebook.policy.sha256, *(pack.sha256 for pack in city.parts.rulebook.packs)}


def test_both_languages_say_all_of_it() -> None:
    english, spanish = PAGES.values()
    assert english.keys() == spanish.keys()
    same = {key for key in english if english[key] == spanish[key]}
    assert same <= {"none", "sha256"}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("look", LOOKS)
def test_everybody_can_use_it(folder: Path, browser: Browser, name: str, look: str) -> None:
    page = browser.new_page(**LOOKS[look], bypass_csp=True)
    page.goto((folder / name).as_uri())
    in_look(page, look)
    assert faults(page) == []
    keep(page, f"public-{name}-{look}")
    page.close()
