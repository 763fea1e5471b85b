"""What the City's own pages show is on record each day, gaps are told, and destroying takes two people and no hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from city import HARMLESS, City
from test_digest import digests, text_of

from archive import accounts, cases, gaps, ledger, pages
from bot import homepages, pipeline
from bot.domain.states import State
from bot.domain.types import Author
from bot.review import restore
from connectors.standin.faults import SERVER_ERROR_HTML

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.capture import Camera

    Run = Callable[..., tuple[int, str, str]]

POLICY = "https://city.example/comment-policy"
CITY = {"name": "City of Fountains", "time_zone": "America/Chicago", "comment_policy": POLICY}


@pytest.fixture
def strict(tmp_path: Path, camera: Camera) -> Iterator[City]:
    """A city whose every page must link the comment policy, as Facebook's does at first."""
    with City(tmp_path, camera, city=CITY) as city:
        page(city)["website"] = "http://www.city.example/comment-policy/"
        yield city


def page(city: City) -> dict[str, str]:
    return city.standins.servers["facebook"].standin.profile  # type: ignore[attr-defined,no-any-return]


def key_of(city: City, platform: str = "facebook") -> str:
    return f"{platform}:{city.accounts[platform].id}"


def looks(city: City, **later: float) -> None:
    city.clock.move(**(later or {"days": 1}))
    for key in city.parts.readers:
        pipeline.poll(city.parts, key, city.clock)
        homepages.look(city.parts, key, city.clock)


def rows(city: City, kind: str) -> list[ledger.Entry]:
    with city.parts.database.read() as tx:
        return list(ledger.entries(tx, kinds=[kind]))


# Followers ------------------------------------------------------------------------------------------------------------


def test_who_followed_on_a_day_can_be_asked(city: City, citymod: Run) -> None:
    key = key_of(city, "x")
    for day, names in ((20, "Pat Lee"), (21, "Lee Kim")):
        city.clock.now = city.clock.now.replace(day=day)
        people = [Author(id=name, name=name, handle=name.lower()) for name in names.split()]
        with city.parts.database.begin() as tx:
            pages.count_followers(tx, key, number=2, people=people, why="", raw=b"", now=city.clock())
    code, said, _ = citymod("followers", key, "--on", "2026-11-20", "-c", city.file)
    assert (code, said.splitlines()[:2]) == (0, ["Pat, @pat, Pat", "Lee, @lee, Lee"])
    assert "2 followers, listed 2026-11-20" in said
    code, said, _ = citymod("followers", key, "--since", "2026-11-20", "-c", city.file)
    assert said.splitlines()[:2] == ["+ Kim, @kim, Kim", "- Pat, @pat, Pat"]
    assert citymod("followers", key, "--on", "2026-11-19", "-c", city.file)[0] == 1
    assert citymod("followers", key, "--on", "yesterday", "-c", city.file)[0] == 2


# Pages ----------------------------------------------------------------------------------------------------------------


def test_each_day_every_account_has_its_page_and_followers_on_record(tmp_path: Path, camera: Camera) -> None:
    with City(tmp_path, camera, by_hand=True) as city:
        city.run()
        city.run()
        with city.parts.database.read() as tx:
            seen = {key: (pages.last(tx, key), pages.last_count(tx, key)) for key in city.parts.readers}
        for key, (shown, counted) in seen.items():
            assert shown is not None, key
            assert counted is not None, key
            assert bool(shown.name) is not bool(shown.why), key
            assert counted.number is not None or counted.why, key
        facebook = seen[key_of(city)][1]
        assert facebook is not None
        assert facebook.number == 4120
        by_hand = seen[key_of(city, "nextdoor")]
        assert "gives no program" in str(by_hand[0] and by_hand[0].why)
        assert len(rows(city, "followers.counted")) == len(seen)
        looks(city)
        assert len(rows(city, "followers.counted")) == 2 * len(seen)


def test_a_page_that_shows_something_else_is_told(city: City) -> None:
    looks(city)
    page(city)["about"] = "Buy followers here"
    looks(city)
    (changed,) = rows(city, "profile.changed")
    assert "Buy followers here" in changed.detail["why"]
    assert any("somebody else may have the account" in alarm for alarm in city.alarms())
    city.make_digests()
    assert "The City's own page shows something else" in text_of(digests(city)[-1])


def test_a_page_that_cannot_be_read_has_a_row_that_says_why_and_is_read_again_within_the_hour(city: City) -> None:
    city.fault("facebook", SERVER_ERROR_HTML)
    homepages.look(city.parts, key_of(city), city.clock)
    (failed,) = rows(city, "profile.failed")
    assert failed.detail["why"].startswith("Transient")
    city.standins.servers["facebook"].faults.clear()
    looks(city, minutes=30)
    assert not [line for line in rows(city, "profile.recorded") if line.detail["account"] == key_of(city)]
    looks(city, minutes=31)
    assert [line for line in rows(city, "profile.recorded") if line.detail["account"] == key_of(city)]


def test_a_stopped_account_is_not_asked_and_that_is_the_reason_on_record(city: City) -> None:
    with city.parts.database.begin() as tx:
        accounts.stop(tx, key_of(city), "Unauthorised: the token has expired", city.clock())
    asked = len(city.standins.servers["facebook"].log)
    homepages.look(city.parts, key_of(city), city.clock)
    assert len(city.standins.servers["facebook"].log) == asked
    with city.parts.database.read() as tx:
        shown, counted = pages.last(tx, key_of(city)), pages.last_count(tx, key_of(city))
    assert shown is not None
    assert counted is not None
    assert shown.why == counted.why == "the account is stopped: Unauthorised: the token has expired"


# The link to the policy -----------------------------------------------------------------------------------------------


def test_without_the_link_nothing_is_hidden_and_people_are_told_and_with_it_the_order_goes_on(strict: City) -> None:
    del page(strict)["website"]
    comment = strict.write("facebook")
    looks(strict, minutes=2)
    strict.up_to_secured()
    strict.enforce()
    assert strict.state(comment) is State.SECURED
    assert strict.done_by_us(comment) == []
    assert any(f"Acting on {key_of(strict)} is held" in alarm for alarm in strict.alarms())
    strict.make_digests()
    assert "Nothing is hidden or deleted on" in text_of(digests(strict)[-1])
    page(strict)["website"] = POLICY
    looks(strict)
    strict.enforce()
    assert strict.state(comment) is State.ENFORCED


def test_before_anybody_looked_and_when_nobody_can_nothing_is_hidden(strict: City) -> None:
    comment = strict.write("facebook")
    strict.up_to_secured()
    strict.enforce()
    assert strict.state(comment) is State.SECURED
    looks(strict, minutes=2)
    strict.clock.move(hours=49)
    strict.enforce()
    assert strict.state(comment) is State.SECURED
    looks(strict, minutes=2)
    strict.enforce()
    assert strict.state(comment) is State.ENFORCED


def test_showing_a_comment_again_waits_for_no_link(strict: City) -> None:
    comment = strict.write("facebook")
    looks(strict, minutes=2)
    strict.run()
    assert strict.state(comment) is State.ENFORCED
    del page(strict)["website"]
    looks(strict)
    with strict.parts.database.begin() as tx:
        restore(tx, strict.case(comment).ref, who="Kim", why="a mistake", now=strict.clock())
    strict.enforce()
    assert strict.state(comment) is State.RESTORED


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Rules: city.example/comment-policy.", True),
        ("HTTPS://WWW.CITY.EXAMPLE/comment-policy/", True),
        ("https://city.example/comment-policy-2", False),
        ("https://evil.example/city.example/comment-policy", False),
        ("https://city.example/", False),
        ("", False),
    ],
)
def test_a_link_is_the_same_address_however_it_is_written(city: City, text: str, there: bool) -> None:
    assert homepages.links(pages.Page(account="x:1", seen_at=city.clock(), name="n", text=text), POLICY) is there


# Gaps -----------------------------------------------------------------------------------------------------------------


def test_a_night_without_the_program_is_a_gap_in_the_digest(city: City, citymod: Run) -> None:
    city.poll()
    city.clock.move(hours=9)
    with city.parts.database.begin() as tx:
        ledger.append(tx, kind=gaps.STARTED, agent=ledger.DAEMON, at=city.clock())
    city.poll()
    assert {line.detail["account"] for line in rows(city, "gap.recorded")} == set(city.parts.readers)
    city.make_digests()
    text = text_of(digests(city)[-1])
    assert "NOT READ FOR A WHILE (" in text
    assert "the program was not running until it was started again" in text
    code, out, err = citymod("gaps", "list", "--since", "2026-11-19", "--json", "--config", city.file)
    assert code == 0, err
    told = json.loads(out)["gaps"]
    assert {gap["account"] for gap in told} == set(city.parts.readers)


def test_polls_in_time_leave_none(city: City) -> None:
    for _ in range(20):
        city.clock.move(seconds=5)
        for key in city.parts.readers:
            pipeline.poll(city.parts, key, city.clock)
    assert rows(city, "gap.recorded") == []


# Retention ------------------------------------------------------------------------------------------------------------


def a_schedule(folder: Path, **changes: Any) -> Path:
    series = {
        "id": "stand",
        "title": "Comments that were let stand",
        "covers": "comments",
        "trigger": "posted",
        "period": {"years": 3},
        "authority": "Municipal Schedule, as assigned",
    }
    path = folder / "retention.yaml"
    path.write_text(json.dumps({"series": [series | changes]}), encoding="utf-8")
    return path


@pytest.fixture
def officer(tmp_path: Path, camera: Camera, citymod: Run) -> Iterator[Callable[..., str]]:
    """A records officer's terminal, in a city that reads a harmless comment of six years ago."""
    path = a_schedule(tmp_path)
    with City(tmp_path, camera, retention={"schedule": str(path), "destroy": True}) as city:
        city.clock.now = city.clock.now.replace(year=2020)
        city.posts["facebook"] = city.world.add_post(city.accounts["facebook"], "Old news.")
        comment = city.write("facebook", HARMLESS, post=city.posts["facebook"])
        city.poll()
        city.judge()
        assert city.state(comment) is State.CLEARED

        def call(*words: object, code: int = 0) -> str:
            got, out, err = citymod(*words, "--config", city.file)
            assert got == code, out + err
            return out + err

        call.city = city  # type: ignore[attr-defined]
        call.comment = comment  # type: ignore[attr-defined]
        yield call


def test_a_batch_goes_from_proposal_to_certificate(officer: Callable[..., str]) -> None:
    assert "1 due, 0 under a legal hold" in officer("retention", "show")
    id_ = officer("retention", "propose", "stand", "--who", "Robin Records").splitlines()[0]
    approve = ("retention", "approve", id_, "--reason", "due", "--who")
    officer(*approve, "Kim Clerk")
    assert "needs the approval of 2 people" in officer("retention", "carry-out", id_, code=1)
    assert "another person's" in officer(*approve, "kim clerk", code=1)
    assert "two other people" in officer(*approve, "robin records", code=1)
    assert "approved by Kim Clerk, Lee Counsel" in officer(*approve, "Lee Counsel")
    assert "facebook:" in officer("retention", "list", id_)
    certificate = officer("retention", "carry-out", id_, "--who", "Robin Records")
    assert "CERTIFICATE OF DESTRUCTION" in certificate
    assert officer("retention", "certificate", id_) == certificate
    assert "Passed" in officer("verify")
    assert "0 due" in officer("retention", "show")
    city: City = officer.city  # type: ignore[attr-defined]
    with city.parts.database.read() as tx:
        assert cases.case(tx, city.case(officer.comment).ref) is not None  # type: ignore[attr-defined]
    city.poll()
    assert city.state(officer.comment) is State.CLEARED  # type: ignore[attr-defined]


def test_a_hold_stops_it_and_its_release_lets_it_go_on(officer: Callable[..., str]) -> None:
    reason = ("--reason", "a claim", "--who", "Lee Counsel")
    out = officer("hold", "add", "--matter", "24-CV-1", "--words", "street light", *reason)
    assert "is in force on: words street light" in out
    id_ = out.split()[1]
    assert "matter 24-CV-1" in officer("hold", "list")
    assert "0 due, 1 under a legal hold" in officer("retention", "show")
    assert "nothing of stand is due" in officer("retention", "propose", "stand", code=1)
    assert "for a reason" in officer("hold", "release", id_, "--reason", " ", "--who", "Lee Counsel", code=1)
    officer("hold", "release", id_, "--reason", "settled", "--who", "Lee Counsel")
    assert "No hold is in force" in officer("hold", "list")
    city: City = officer.city  # type: ignore[attr-defined]
    city.make_digests()
    told = " ".join(text_of(digests(city)[-1]).split())
    assert "A LEGAL HOLD WAS RELEASED by Lee Counsel (matter 24-CV-1): settled" in told
    assert "1 due" in officer("retention", "show")


def test_a_hold_says_what_it_covers(officer: Callable[..., str]) -> None:
    add = ("hold", "add", "--matter", "1", "--reason", "r")
    assert "Say what the hold covers" in officer(*add, code=2)
    assert "cover nothing" in officer(*add, "--account", "facebook:nobody", code=2)
    assert "on: everything" in officer(*add, "--everything")


def test_destroying_ships_switched_off(tmp_path: Path, camera: Camera, citymod: Run) -> None:
    with City(tmp_path, camera, retention={"schedule": str(a_schedule(tmp_path))}) as city:
        code, _, err = citymod("retention", "carry-out", "anything", "--config", city.file)
        assert code == 1
        assert "switched off" in err


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"period": {"years": 0}}, "a period of nothing"),
        ({"period": {"decades": 1}}, "decades"),
        ({"covers": "evidence"}, "comments"),
        ({"authority": ""}, "authority"),
    ],
)
def test_mistakes_in_a_schedule_are_told(
    tmp_path: Path, camera: Camera, citymod: Run, changes: dict[str, Any], says: str
) -> None:
    path = a_schedule(tmp_path, **changes)
    with City(tmp_path, camera, retention={"schedule": str(path)}) as city:
        code, _, err = citymod("retention", "show", "--config", city.file)
    assert code == 2
    assert says in err


def test_the_shipped_schedule_keeps_everything(tmp_path: Path, camera: Camera, citymod: Run) -> None:
    from bot.judging import shipped_rules

    shipped = shipped_rules().policy.parents[1] / "retention.example.yaml"
    with City(tmp_path, camera, retention={"schedule": str(shipped)}) as city:
        code, out, err = citymod("retention", "show", "--config", city.file)
    assert code == 0, err
    assert out.count("kept for ever") == 4
    assert "switched OFF" in out
