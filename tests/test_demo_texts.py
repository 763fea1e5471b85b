"""The demo's texts: enough of them, of every kind, and with nothing in them that belongs to a real person."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from bot import corpus

BOT = Path(corpus.__file__).parent
COMMENTS = [json.loads(line) for line in (BOT / "demo_comments.jsonl").read_text(encoding="utf-8").splitlines()]
POSTS = [json.loads(line) for line in (BOT / "demo_posts.jsonl").read_text(encoding="utf-8").splitlines()]

LAWFUL = {"praise", "anger", "question", "emergency", "spanish", "emoji", "thanks", "off_topic", "criticism"}
CATEGORIES = {f"c{number}" for number in range(1, 11)}


def test_there_are_enough_comments_and_none_twice() -> None:
    assert len(COMMENTS) >= 400
    assert len({comment["text"] for comment in COMMENTS}) == len(COMMENTS)


def test_every_comment_has_a_text_an_author_and_a_known_kind() -> None:
    for comment in COMMENTS:
        assert comment["text"].strip() == comment["text"] != ""
        assert comment["author"]
        assert comment["kind"] in LAWFUL | CATEGORIES
        assert set(comment) <= {"text", "kind", "author", "reply"}


@pytest.mark.parametrize(
    ("kind", "least"),
    [("spanish", 60), ("criticism", 70), *((kind, 12) for kind in ("c2", "c4", "c5", "c6", "c7", "c9")), ("c1", 4)],
)
def test_a_kind_is_well_represented(kind: str, least: int) -> None:
    assert sum(comment["kind"] == kind for comment in COMMENTS) >= least


def test_most_of_what_people_write_is_lawful() -> None:
    lawful = sum(comment["kind"] in LAWFUL for comment in COMMENTS)
    assert lawful >= 0.75 * len(COMMENTS)


def test_spam_is_the_same_author_saying_nearly_the_same_often() -> None:
    copies = Counter(comment["author"] for comment in COMMENTS if comment["kind"] == "c9")
    assert sum(count >= 7 for count in copies.values()) == 2


def test_telephone_numbers_are_of_the_range_reserved_for_fiction() -> None:
    """North American numbers 555-0100 to 555-0199 are kept free for fiction."""
    numbers = [found for c in COMMENTS for found in re.findall(r"\b\d{3}-(\d{3}-\d{4})\b", c["text"])]
    assert numbers
    assert all(number.startswith("555-01") for number in numbers)


def test_card_numbers_are_those_that_the_card_schemes_publish_for_tests() -> None:
    published = {
        "4111111111111111",
        "4012888888881881",
        "5555555555554444",
        "5105105105105100",
        "378282246310005",
        "6011111111111117",
    }
    runs = {
        re.sub(r"\D", "", run) for c in COMMENTS if c["kind"] == "c7" for run in re.findall(r"[\d -]{15,}", c["text"])
    }
    assert {run for run in runs if len(run) >= 15} == published


@pytest.mark.parametrize("platform", ["facebook", "instagram", "x", "youtube"])
def test_the_city_posts_on_every_platform(platform: str) -> None:
    texts = [post["text"] for post in POSTS if post["platform"] == platform]
    assert len(texts) == len(set(texts)) == 12


def test_the_program_reads_what_it_ships() -> None:
    lines = corpus.shipped_comments()
    assert [line.text for line in lines] == [comment["text"] for comment in COMMENTS]
    assert sum(line.reply for line in lines) >= 40
