"""Whatever was ever written under the City's posts is found by its words, on both engines alike."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from builders import (
    NOON,
    PERSON,
    a_batch,
    a_comment,
    a_match,
    a_post,
    a_sighting,
    a_verdict,
    an_account,
    an_author,
    later,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import accounts, cases, full_text, ledger, records, tables
from archive.cases import Ground
from archive.search import WIDTH, NothingToFind, Query, search, snippet, terms
from bot.domain.states import Event, State
from bot.domain.types import Author, Visibility

if TYPE_CHECKING:
    from archive.database import Database
    from bot.domain.types import Comment


def written(db: Database, *comments: Comment, **other: Any) -> None:
    with db.begin() as tx:
        for number, comment in enumerate(comments):
            batch = a_batch(comment, posts=other.get("posts", ()), cursor=str(number))
            records.observe(tx, batch, account=other.get("account", an_account()), now=other.get("now", NOON))


def items(db: Database, asked: str = "", **other: Any) -> list[str]:
    with db.read() as tx:
        return [found.ref.item for found in search(tx, Query(words=asked, **other)).found]


@pytest.fixture
def spoken(db: Database) -> Database:
    """Comments in many scripts, the later ones recorded later."""
    said = {
        "en": "The street-light on Main Street doesn't work. Fix it!",
        "es": "La calle está rota, ¿cuándo la arreglan? Café",
        "zh": "请问市政府什么时候修街道？",
        "ar": "متى يتم إصلاح الشَّارِع؟",
        "emoji": "Great job 👍🏽🎉 team 👨‍👩‍👧",
        "zw": "str\u200beet",
        "nul": "before\x00after \ud800 end",
    }
    written(db, *(a_comment(item, text=words) for item, words in said.items()))
    return db


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("street", ["zw", "en"]),
        ("STREET light", ["en"]),
        ("light street", ["en"]),
        ("street*", ["zw", "en"]),
        ("stree", []),
        ("stre*", ["zw", "en"]),
        ("treet", []),
        ("doesn't", ["en"]),
        ("doesn’t", ["en"]),
        ("main-street", ["en"]),
        ("calle esta", ["es"]),
        ("CAFE", ["es"]),
        ("cuando", ["es"]),
        ("街道", ["zh"]),
        ("道街", []),
        ("街道 市政府", ["zh"]),
        ("什么时候", ["zh"]),
        ("الشارع", ["ar"]),
        ("👍", ["emoji"]),
        ("👍🏿", ["emoji"]),
        ("👩", ["emoji"]),
        ("🎉 job", ["emoji"]),
        ("🚒", []),
        ("before after", ["nul"]),
        ("nothing of the kind", []),
    ],
)
def test_words_of_any_script_are_found(spoken: Database, asked: str, found: list[str]) -> None:
    assert items(spoken, asked) == found


def test_a_phrase_stands_in_a_row(spoken: Database) -> None:
    assert items(spoken, "on main street", phrase=True) == ["en"]
    assert items(spoken, "street main on", phrase=True) == []
    assert items(spoken, "doesn't work: fix", phrase=True) == ["en"]
    assert items(spoken, "on main str*", phrase=True) == ["en"]


@pytest.mark.parametrize(
    "asked",
    [
        'street" OR "calle',
        "street OR calle",
        "street AND NOT light",
        "words : street",
        "author:pat",
        "NEAR(street light, 5)",
        "^street",
        "street + light",
        "-street",
        "{words author} : street",
        "'street' | 'calle'",
        "street:*A & !light",
        "street <-> light",
        "street'); DROP TABLE pause; --",
        "str%",
        "\\street\\ light\\",
        "* street",
    ],
)
def test_words_are_never_a_query_language(spoken: Database, asked: str) -> None:
    """Each finds just what its words find, which is nothing where an operator would have found something."""
    plain = [word for term in terms(asked) for word in term.words]
    with spoken.read() as tx:
        page = search(tx, Query(words=" ".join(plain)))
        assert {found.ref for found in search(tx, Query(words=asked)).found} <= {found.ref for found in page.found}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=[]), max_size=30), st.booleans())
def test_nothing_that_is_typed_breaks_a_search(spoken: Database, asked: str, phrase: bool) -> None:
    with spoken.read() as tx:
        if terms(asked, phrase=phrase):
            search(tx, Query(words=asked, phrase=phrase))
        else:
            with pytest.raises(NothingToFind):
                search(tx, Query(words=asked, phrase=phrase))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=[]), min_size=1, max_size=60))
def test_whatever_was_written_is_found_by_itself(db: Database, said: str) -> None:
    item = f"c{time.monotonic_ns()}"
    written(db, a_comment(item, text=said))
    if terms(said, phrase=True):
        assert item in items(db, said.replace("*", " "), phrase=True, limit=1000)


@pytest.mark.parametrize("said", ["a" * 3000, "街道" * 20_000, " ".join(f"w{n}" for n in range(8_000)), "x " * 20_000])
def test_no_text_is_too_long_to_be_recorded(db: Database, said: str) -> None:
    written(db, a_comment("long", text=said))
    assert items(db, f"{said[:400]}*", phrase=True) == ["long"]


def test_what_was_edited_is_found_by_both_wordings(db: Database) -> None:
    written(db, a_comment("c1", text="the old words"))
    written(db, a_comment("c1", text="some new words"), now=later(60))
    with db.read() as tx:
        new, old = search(tx, Query(words="words")).found
    assert (old.ref, old.number, old.present) == (new.ref, 1, False)
    assert (new.number, new.present) == (2, True)
    assert old.revision == a_comment(text="the old words").revision
    assert items(db, "old") == items(db, "new") == ["c1"]


def test_a_look_that_shows_other_words_is_found_too(db: Database) -> None:
    written(db, a_comment("c1", text="the old words"))
    with db.begin() as tx:
        look = a_sighting(a_comment("c1", text="quite other words"), seen_at=later(60))
        records.sight(tx, look, account=an_account(), now=later(60))
    assert items(db, "quite") == ["c1"]


def test_what_is_gone_is_found_still(db: Database) -> None:
    written(db, a_comment("c1"))
    with db.begin() as tx:
        gone = a_sighting(a_comment("c1"), visibility=Visibility.GONE, seen_at=later(60))
        records.sight(tx, gone, account=an_account(), now=later(60))
    assert items(db, "street") == items(db, "street", visibility=Visibility.GONE, state=State.GONE) == ["c1"]
    assert items(db, "street", visibility=Visibility.VISIBLE) == []


def test_posts_of_the_city_are_found_in_every_wording(db: Database) -> None:
    written(db, a_comment(text="thanks"), posts=(a_post(text="Leaf collection starts on Monday."),))
    written(db, a_comment(text="thanks"), posts=(a_post(text="Leaf collection starts on Friday."),))
    with db.read() as tx:
        new, old = search(tx, Query(words="leaf collection")).found
        assert search(tx, Query(words="leaf", state=State.OBSERVED)).found == ()
    assert (new.is_post, new.present, new.number, new.state) == (True, True, 2, None)
    assert (old.is_post, old.present, old.number, old.post) == (True, False, 1, a_post().ref)
    assert new.author_name == "City of Example"


def test_what_was_taken_back_was_never_indexed(db: Database) -> None:
    def write_and_fail() -> None:
        with db.begin() as tx:
            records.observe(tx, a_batch(a_comment()), account=an_account(), now=NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert items(db, "street") == []
    with db.read() as tx:
        assert full_text.missing(tx) == 0


# Limits ---------------------------------------------------------------------------------------------------------------


def test_authors_are_found_by_name_handle_and_identifier(db: Database) -> None:
    written(
        db,
        a_comment("c1", author=Author(id="UC7", name="Zoë Müller", handle="@zoe.m")),
        a_comment("c2", author=an_author()),
        a_comment("c3", author=Author(), text="Müller said so"),
    )
    for asked in ("zoe", "Zoë muller", "@zoe.m", "UC7", "mull*"):
        assert items(db, author=asked) == ["c1"], asked
    assert items(db, "street", author="pat") == ["c2"]
    assert items(db, "muller") == ["c3"]


def test_it_can_be_limited_to_an_account(db: Database) -> None:
    other = an_account(id="UCparks", name="Parks")
    with db.begin() as tx:
        accounts.register(tx, other, NOON)
    written(db, a_comment("c1"))
    written(db, a_comment("c2", account=other), account=other, posts=(a_post("p9", account=other, text="A street"),))
    assert items(db, "street", account="youtube:UCparks") == ["c2", "p9"]
    assert items(db, "street", account="youtube:UCcity") == ["c1"]
    assert items(db, "street", account="youtube:uccity") == []


def test_it_can_be_limited_to_days(db: Database) -> None:
    day = 86_400
    written(db, *(a_comment(f"c{n}", posted_at=later(n * day)) for n in range(5)), now=later(5 * day))
    assert items(db, "street", since=later(2 * day)) == ["c4", "c3", "c2"]
    assert items(db, "street", until=later(2 * day)) == ["c1", "c0"]
    assert items(db, "street", since=later(day), until=later(3 * day)) == ["c2", "c1"]


def test_days_are_found_though_much_was_recorded_before(db: Database) -> None:
    day = 86_400
    for n in range(20):
        written(db, a_comment(f"c{n}", posted_at=later(n * day)), now=later(n * day + 60))
    assert items(db, "street", since=later(15 * day)) == ["c19", "c18", "c17", "c16", "c15"]
    with db.read() as tx:
        assert ledger.first_since(tx, later(-day)) == 1
        first = ledger.first_since(tx, later(15 * day))
        at = [line.at for line in ledger.entries(tx, after=first - 2, limit=2)]
        assert at[0] < later(15 * day) <= at[1]
        head = ledger.head(tx)
        assert head is not None
        assert ledger.first_since(tx, later(99 * day)) == head.seq + 1


def test_it_can_be_limited_to_a_clause(db: Database) -> None:
    """By a rule that met that very wording, or by a person who named it; rules on trial count for nothing."""
    written(db, *(a_comment(f"c{n}") for n in range(5)))
    shadow = a_verdict(matches=(replace(a_match(), shadow=True),))
    with db.begin() as tx:
        cases.keep_document(tx, "ab" * 32, "policy", "its text", now=NOON)
        for item, verdict in (("c1", a_verdict()), ("c2", shadow)):
            comment = a_comment(item)
            cases.record_verdict(
                tx, comment.ref, comment.revision, verdict, policy_sha256="ab" * 32, packs={}, now=later(10)
            )
        ground = Ground(
            clause="C4", title="t", quoted="q", agent=PERSON, why='he wrote "clause":"C7" to me', at=later(20)
        )
        cases.name_ground(tx, a_comment("c3").ref, a_comment("c3").revision, ground)
    written(db, a_comment("c1", text="another street"))
    assert items(db, "street", clause="C4") == ["c3", "c1"]
    assert items(db, "another", clause="C4") == []
    assert items(db, "street", clause="C7") == items(db, "street", clause="%") == []


def test_it_can_be_limited_to_a_state(db: Database) -> None:
    written(db, a_comment("c1"), a_comment("c2"))
    with db.begin() as tx:
        cases.advance(tx, a_comment("c2").ref, Event.REFERRED, agent=PERSON, now=later(5), why="look at it")
    assert items(db, "street", state=State.IN_REVIEW) == ["c2"]
    assert items(db, "street", state=State.OBSERVED) == ["c1"]


def test_pages_follow_one_another_though_more_is_recorded_meanwhile(db: Database) -> None:
    written(db, *(a_comment(f"c{n}") for n in range(7)))
    seen: list[str] = []
    before, pages = None, 0
    while pages == 0 or before is not None:
        with db.read() as tx:
            page = search(tx, Query(words="street", limit=3, before=before))
        seen += [found.ref.item for found in page.found]
        before, pages = page.next, pages + 1
        written(db, a_comment(f"new{pages}"))
    assert seen == [f"c{n}" for n in range(6, -1, -1)]
    assert pages == 3


@pytest.mark.parametrize("asked", ["", "  ", "!?", "*", '"', "\x00"])
def test_without_a_word_there_is_nothing_to_find(db: Database, asked: str) -> None:
    with db.read() as tx, pytest.raises(NothingToFind, match="letters"):
        search(tx, Query(words=asked))


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_is_a_sensible_number(db: Database, limit: int) -> None:
    with db.read() as tx, pytest.raises(ValueError, match="between 1 and 1000"):
        search(tx, Query(words="x", limit=limit))


# The index itself -----------------------------------------------------------------------------------------------------


def test_what_is_missing_in_the_index_is_counted_and_made_good(spoken: Database) -> None:
    with spoken.begin() as tx:
        unindexed = a_comment("en", text="recorded by a program that knew no index")
        row = {"ref": unindexed.ref, "revision": unindexed.revision, "number": 2, "author_name": "Zoë"}
        row |= {"text": unindexed.text, "url": "", "attachments": [], "raw": b"", "seen_at": later(9)}
        rows = [(tables.revision, row)]
        ledger.append(tx, kind="revision.recorded", ref=unindexed.ref, agent=ledger.DAEMON, at=later(9), rows=rows)
        assert full_text.missing(tx) == 1
        assert full_text.rebuild(tx) == 1
        assert full_text.rebuild(tx) == full_text.missing(tx) == 0
    assert items(spoken, "knew no index", author="zoe") == ["en"]


# Snippets -------------------------------------------------------------------------------------------------------------


def shown(said: str, asked: str, **other: Any) -> list[str]:
    found = snippet(said, terms(asked, **other))
    return [found.text[start:end] for start, end in found.places]


@pytest.mark.parametrize(
    ("said", "asked", "places"),
    [
        ("Fix the Street, the STREET!", "street", ["Street", "STREET"]),
        ("Fix the Street", "stre*", ["Street"]),
        ("I don’t know", "don't", ["don’t"]),
        ("什么时候修街道", "街道", ["街道"]),
        ("Cafe\u0301 now", "cafe", ["Cafe\u0301"]),
        ("ok 👍🏽 then", "👍", ["👍🏽"]),
        ("the light of the street light", "street light", ["light", "street", "light"]),
        ("no such thing", "street", []),
    ],
)
def test_what_matched_is_shown_in_its_own_letters(said: str, asked: str, places: list[str]) -> None:
    assert shown(said, asked) == places


def test_a_phrase_is_shown_where_it_stands_in_a_row() -> None:
    assert shown("main road, then Main Street", "main street", phrase=True) == ["Main Street"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["street", "road", "街道", "👍🏽", "a" * 90, "  ", "\n", "lane"]), max_size=80))
def test_snippets_are_parts_of_the_text(parts: list[str]) -> None:
    said = " ".join(parts)
    found = snippet(said, terms("street 街道 👍"))
    assert found.text in said
    assert len(found.text) <= WIDTH + 60
    assert found.cut == (not said.startswith(found.text), not said.endswith(found.text)) or len(said) > WIDTH
    for start, end in found.places:
        assert found.text[start:end].startswith(("street", "街道", "👍"))
    assert bool(found.places) == any(part in {"street", "街道", "👍🏽"} for part in parts)


def test_the_matched_place_is_in_the_snippet_wherever_it_stands() -> None:
    for before in range(0, 1000, 37):
        found = snippet("lane " * before + "STREET" + " lane" * 50, terms("street"))
        assert [found.text[start:end] for start, end in found.places] == ["STREET"]
        assert found.text.startswith(("lane", "STREET"))
        assert len(found.text) <= WIDTH
