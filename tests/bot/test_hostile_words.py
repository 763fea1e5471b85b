"""What strangers write stays words wherever people see it: terminal, log, mail and its headers, page."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from city import VIOLATION, City, for_review

from bot.promises import ref_of
from connectors.standin.world import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.capture import Camera
    from connectors.standin.world import WorldComment

Run = "Callable[..., tuple[int, str, str]]"

STEERING = "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b1A\rover\u202egnihsup"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><b>{{7*7}}${7*7}[bold]x[/bold]&amp;"
HEADERS = "Subject: x\r\nBcc: victim@example.org\r\n\r\nbody"
LOG = "\n2026-11-20 15:00:00 [info] paused by=mallory\u2028x\x85y"
SHELL = "$(touch /tmp/owned) `id` | cat '; DROP TABLE comment; --"
HOSTILE = (STEERING, MARKUP, HEADERS, LOG, SHELL)


class Tags(HTMLParser):
    """The elements of a page and what could run in them, as a browser would read it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.sources: set[str] = set()
        self.running: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.running += [name for name, _ in attrs if name.startswith("on")]
        self.sources |= {value or "" for name, value in attrs if name in {"src", "href"}}


def attack(city: City) -> list[WorldComment]:
    """Write each of these under a post, in what is hidden and in what waits for a person, and let the city work."""
    comments = []
    for number, words in enumerate(HOSTILE):
        author = Person(id=f"70000001{number:02}", name=f"Pat {words}"[:60], handle=f"pat{number}")
        for text in (f"{VIOLATION} {words}", f"{for_review()} {words}"):
            city.clock.move(seconds=1)
            comments.append(city.world.add_comment(city.posts["facebook"], text, author=author))
    city.run()
    return comments


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[tuple[City, list[WorldComment]]]:
    with City(tmp_path_factory.mktemp("attacked"), camera) as city:
        yield city, attack(city)


def test_no_escape_sequence_of_a_stranger_reaches_the_terminal(
    attacked: tuple[City, list[WorldComment]], citymod: Run
) -> None:
    city, comments = attacked
    config = ("--config", city.file)
    said = [citymod("review", "list", *config), citymod("digest", "--preview", *config), citymod("status", *config)]
    for comment in comments:
        said.append(citymod("review", "show", ref_of(comment), *config))
        said.append(citymod("evidence", "show", ref_of(comment), *config))
    said.append(citymod("rules", "explain", f"{VIOLATION} {STEERING}"))
    for _, out, err in said:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out + err)
    shown = "".join(out for _, out, _ in said)
    assert "\u241b[2J" in shown, "it is shown, as what it is"
    assert "[bold]x[/bold]" in shown, "nor is it markup of ours"


def test_no_markup_and_no_header_of_a_stranger_is_in_a_mail(attacked: tuple[City, list[WorldComment]]) -> None:
    city, _ = attacked
    city.make_digests()
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in city.sink.folder.glob("*.eml")]
    assert len(mails) > len(HOSTILE)
    for mail in mails:
        assert "victim@example.org" not in str(mail["To"]) + str(mail["Bcc"]) + str(mail["Cc"])
        assert not any("\n" in value or "\r" in value for value in mail.values())
        html = mail.get_body(("html",))
        assert html is not None
        tags = Tags(html.get_content())
        assert "script" not in tags.names
        assert tags.running == []
        assert all(source.startswith(("cid:", "http://127.0.0.1")) for source in tags.sources), tags.sources
        assert ">49<" not in html.get_content(), "nor is anything of it a template"


def test_what_was_written_is_on_record_letter_by_letter(attacked: tuple[City, list[WorldComment]]) -> None:
    city, _ = attacked
    assert city.broken_promises() == []


def test_log_lines_hold_no_words_of_strangers(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    author = Person(id="7000000200", name="Pat mallory", handle="mallory")
    city.world.add_comment(city.posts["x"], f"{VIOLATION} {LOG} {SHELL}", author=author)
    city.run()
    city.make_digests()
    said = "".join(capsys.readouterr())
    assert "mallory" not in said
    assert "DROP TABLE" not in said
    assert "fuck" not in said
