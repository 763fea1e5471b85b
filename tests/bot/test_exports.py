"""Records requests and their copies: in time, the same each time, and without a trace of what is withheld."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pikepdf
import pytest
from city import HARMLESS, VIOLATION, City

from archive import evidence, ledger, records, requests
from archive.requests import Withheld
from bot import export_spool, workdays
from bot.promises import ref_of
from bot.redaction import Blotter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.capture import Camera

    Run = Callable[..., tuple[int, str, str]]

CENTRAL = ZoneInfo("America/Chicago")
HOLIDAYS = Path(__file__).parents[2] / "config/holidays.yaml"
SECRET = "816-555-0143"
WHO = ("--who", "Kim Clerk")
WHY = ("--reason", "asked for")


@pytest.fixture
def town(tmp_path: Path, camera: Camera) -> Iterator[City]:
    with City(tmp_path, camera, holidays=str(HOLIDAYS)) as city:
        city.clock.now = city.clock.now.replace(year=2020)  # commands read the real clock, which is later
        city.write("youtube", f"{VIOLATION}, call me at {SECRET}")
        city.write("youtube", "=HYPERLINK(1)")
        city.write("youtube", HARMLESS)
        city.run()
        yield city


def exported(citymod: Run, town: City, target: Path, *words: str) -> str:
    code, out, err = citymod("export", target, "--config", town.file, *WHO, *WHY, *words)
    assert code == 0, out + err
    return re.search(r"SHA256SUMS: ([0-9a-f]{64})", out)[1]  # type: ignore[index]


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "comments.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (datetime(2026, 11, 2, 15, tzinfo=UTC), date(2026, 11, 5)),  # a Monday
        (datetime(2026, 11, 24, 15, tzinfo=UTC), date(2026, 12, 1)),  # before Thanksgiving and the Friday after
        (datetime(2026, 11, 3, 3, tzinfo=UTC), date(2026, 11, 5)),  # still Monday evening in the City
        (datetime(2026, 7, 2, 15, tzinfo=UTC), date(2026, 7, 8)),  # July 4 is a Saturday: Friday is off
        (datetime(2021, 12, 30, 15, tzinfo=UTC), date(2022, 1, 5)),  # New Year observed in the old year
    ],
)
def test_an_answer_is_due_by_the_end_of_the_third_business_day(received: datetime, due: date) -> None:
    at = workdays.read(HOLIDAYS).due(received, CENTRAL)
    assert at.date() == due
    assert at.hour == 17


def test_a_request_is_on_record_from_asking_to_answer(town: City, citymod: Run) -> None:
    config = ("--config", town.file)
    opened = ("--for", "all hidden comments", "--from", "Lee Reporter", "--received", "2026-11-02T09:00")
    code, out, _ = citymod("request", "open", *opened, *WHO, *config)
    assert code == 0
    assert "PRR-2026-001" in out
    assert "2026-11-05 17:00" in out
    assert citymod("request", "list", *config)[0] == 1, "it is overdue"
    assert "OVERDUE" in citymod("status", *config)[1]
    citymod("request", "extend", "PRR-2026-001", "--until", "2126-11-12T09:00", *WHY, *WHO, *config)
    assert citymod("request", "list", *config)[0] == 0
    closed = ("request", "close", "PRR-2026-001", "--outcome", "granted", *WHY, *WHO, *config)
    assert citymod(*closed)[0] == 0
    assert citymod(*closed)[0] == 1, "closed once only"
    shown = citymod("request", "show", "PRR-2026-001", *config)[1]
    assert all(step in shown for step in ("opened", "extended", "closed"))


def test_the_same_filter_gives_the_same_bytes(town: City, citymod: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    assert exported(citymod, town, first) == exported(citymod, town, second)
    assert first.read_bytes() == second.read_bytes()


def test_copies_are_verbatim_checkable_and_no_formula(town: City, citymod: Run, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    exported(citymod, town, folder, "--raw")
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)
    assert "=HYPERLINK(1)" in {one["text"] for one in lines_of(folder)}
    rows = list(csv.DictReader(io.StringIO((folder / "comments.csv").read_text("utf-8-sig"), newline="")))
    (row,) = [row for row in rows if "HYPERLINK" in row["text"]]
    assert row["text"] == "'=HYPERLINK(1)"
    assert "text" in row["defused"].split()
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    exported(citymod, town, tmp_path / "removed", "--removed", "--no-pdf")
    assert [SECRET in one["text"] for one in lines_of(tmp_path / "removed")] == [True]


def test_the_pdf_is_tagged(town: City, citymod: Run, tmp_path: Path) -> None:
    exported(citymod, town, tmp_path / "copies")
    (path,) = (tmp_path / "copies").glob("*.pdf")
    with pikepdf.open(path) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
        assert "Comments" in str(pdf.docinfo["/Title"])
        tags = [element for element in pdf.objects if isinstance(element, pikepdf.Dictionary) and "/S" in element]
        kinds = {str(element.S) for element in tags}
        assert {"/Table", "/TH", "/TD", "/Figure", "/H1", "/H2"} <= kinds
        figures = [element for element in tags if element.S == "/Figure"]
        assert all(str(element.get("/Alt", "")) for element in figures)


def every_byte(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        yield path.name, str(path.relative_to(folder)).encode()
        if path.is_file():
            yield path.name, path.read_bytes()
        if path.suffix == ".pdf":
            with pikepdf.open(path) as pdf:
                for one in pdf.objects:
                    yield path.name, bytes(one.unparse(resolved=True))
                    if isinstance(one, pikepdf.Stream):
                        yield path.name, one.read_bytes()


def test_nothing_withheld_is_in_any_byte(town: City, citymod: Run, tmp_path: Path) -> None:
    config = ("--config", town.file)
    citymod("request", "open", "--for", "everything", *WHO, *config)
    name = f"PRR-{datetime.now(CENTRAL).year}-001"
    proposed = citymod("request", "propose", *config)[1]
    assert SECRET in proposed
    comment = json.loads(proposed.splitlines()[0])["comment"]
    law = ("--authority", "RSMo 610.021(27)", "--reason", "a private number")
    redact = ("request", "redact", name, "--comment", comment, *law, *WHO, *config)
    code, out, err = citymod(*redact, "--words", SECRET)
    assert code == 0, out + err
    assert citymod(*redact, "--field", "author")[0] == 0
    open_, closed = tmp_path / "open", tmp_path / "closed"
    exported(citymod, town, open_, "--raw")
    exported(citymod, town, closed, "--raw", "--request", name)
    words = [SECRET, SECRET.replace("-", ""), "Pat Resident"]
    spelt = [word.encode(code) for word in words for code in ("utf-8", "utf-16-be", "utf-16-le")]
    assert any(spelt[0] in data for _, data in every_byte(open_)), "the search finds what is there"
    assert [(name, word) for name, data in every_byte(closed) for word in spelt if word in data] == []
    (told,) = [one for one in lines_of(closed) if one["ref"] == comment]
    assert "[WITHHELD 1]" in told["text"]
    assert told["author"]["name"] == "[WITHHELD 2]"
    assert (closed / told["evidence"][0]["picture"]).name == "redrawn.png"
    assert "RSMo 610.021(27)" in (closed / "withheld.csv").read_text("utf-8-sig")


def redacted(citymod: Run, town: City, comment: str, *what: str) -> str:
    """Open a request, withhold that of a comment, and give the request's name."""
    config = ("--config", town.file)
    citymod("request", "open", "--for", "everything", *WHO, *config)
    name = f"PRR-{datetime.now(CENTRAL).year}-001"
    law = ("--authority", "RSMo 610.021(27)", "--reason", "private")
    code, out, err = citymod("request", "redact", name, "--comment", comment, *what, *law, *WHO, *config)
    assert code == 0, out + err
    return name


SPELT = (
    "816 555 0143",
    "(816) 555.0143",
    "8165550143",
    "816\u2011555\u20110143",
    "8\u200b16-555-01\u00ad43",
    "\uff18\uff11\uff16\uff0d\uff15\uff15\uff15\uff0d\uff10\uff11\uff14\uff13",
    "816%2D555%2D0143",
    "&#56;16-555-0143",
    "ODE2LTU1NS0wMTQz",
)


def test_no_spelling_of_what_is_withheld_is_in_any_byte(town: City, citymod: Run, tmp_path: Path) -> None:
    for words in SPELT:
        town.write("youtube", f"Somebody there answers at {words} all day")
    town.run()
    (comment,) = [str(ref_of(one)) for one in town.world.comments.values() if SECRET in one.text]
    name = redacted(citymod, town, comment, "--words", SECRET)
    open_, closed = tmp_path / "open", tmp_path / "closed"
    exported(citymod, town, open_, "--raw", "--no-pdf")
    exported(citymod, town, closed, "--raw", "--request", name)
    spelt = [
        form.encode(code) for word in SPELT for form in (word, ascii(word)[1:-1]) for code in ("utf-8", "utf-16-le")
    ]
    there = [data for _, data in every_byte(open_)]
    assert all(any(word.encode() in data for data in there) for word in SPELT), "the search finds what is there"
    assert [(name, word) for name, data in every_byte(closed) for word in spelt if word in data] == []
    told = {one["text"] for one in lines_of(closed)}
    assert len([text for text in told if text.startswith("Somebody there answers at")]) > 1, "the rest stays"


def test_a_text_withheld_whole_leaves_neither_its_excerpts_nor_what_is_made_from_it(
    town: City, citymod: Run, tmp_path: Path
) -> None:
    (hidden,) = [one for one in town.world.comments.values() if SECRET in one.text]
    with town.parts.database.read() as tx:
        (sealed,) = evidence.all_of(tx, ref_of(hidden))
        revision = records.comment(tx, ref_of(hidden)).revision
    name = redacted(citymod, town, str(ref_of(hidden)), "--field", "text")
    exported(citymod, town, tmp_path / "open", "--no-pdf")
    exported(citymod, town, tmp_path / "closed", "--request", name)
    telling = [word.encode() for word in ("fuck", sealed.id, revision)]  # its name is a hash of the words, too
    there = [data for _, data in every_byte(tmp_path / "open")]
    assert all(any(word in data for data in there) for word in telling), "the search finds what is there"
    assert [(name, word) for name, data in every_byte(tmp_path / "closed") for word in telling if word in data] == []


def test_a_redrawn_picture_says_so_and_has_its_words(town: City, citymod: Run, tmp_path: Path) -> None:
    config = ("--config", town.file)
    citymod("request", "open", "--for", "everything", *WHO, *config)
    name = f"PRR-{datetime.now(CENTRAL).year}-001"
    hidden = json.loads(citymod("request", "propose", *config)[1].splitlines()[0])["comment"]
    law = ("--authority", "RSMo 610.021(27)", "--reason", "private")
    redact = ("request", "redact", name, *law, *WHO, *config)
    assert citymod(*redact, "--comment", hidden, "--words", SECRET)[0] == 0
    exported(citymod, town, tmp_path / "within", "--no-pdf", "--request", name)
    (sealed,) = next(one["evidence"] for one in lines_of(tmp_path / "within") if one["ref"] == hidden)
    assert sealed["redrawn"]
    words = (tmp_path / "within" / sealed["folder"] / "redrawn.txt").read_text()
    assert "Redrawn after redaction" in words
    assert "[WITHHELD 1]" in words
    assert "The sealed picture is withheld" in (tmp_path / "within" / "comments.html").read_text()


@pytest.mark.parametrize(
    ("place", "left"),
    [
        ({"comment": "a", "field": "text", "revision": "r1", "start": 0, "end": 5}, {"r2"}),
        ({"comment": "a", "field": "text"}, set()),  # the whole text, in all wordings
        ({"comment": "a", "field": "author"}, set()),
        ({"comment": "post", "field": "text", "revision": "r9", "end": 5}, set()),  # what it stands under is shown, too
        ({"comment": "b", "field": "text", "revision": "r1", "end": 5}, {"r1", "r2"}),
    ],
)
def test_wordings_that_no_redaction_touches_stay(place: dict[str, Any], left: set[str]) -> None:
    wordings = [{"revision": one, "text": f"{one} text", "author": {"name": "Pat"}} for one in ("r1", "r2")]
    said = {"ref": "a", "author": {}, "url": "", "post_text": "", "account_name": "", "wordings": wordings}
    blotter = Blotter((Withheld(number=1, authority="x", why="y", **place),))
    assert blotter.spared(said, said, ("post",)) == left


def test_an_export_is_on_record_before_its_copies_can_leave(
    town: City, citymod: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(requests, "exported", dies)  # the process ends where it would write down what was made
    target = tmp_path / "copies"
    citymod("export", target, "--config", town.file, "--no-pdf", *WHO, *WHY)
    assert list(tmp_path.glob("*copies*")) == []
    assert list(tmp_path.glob(".export-*")) == []
    with town.parts.database.read() as tx:
        (begun,) = ledger.entries(tx, kinds=["export.begun"])
    assert begun.detail["target"] == "copies"


def test_what_a_killed_export_left_is_swept_and_what_another_makes_is_not(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from bot.export_spool import spool\n"
        "with spool(Path(sys.argv[1]), Path(sys.argv[2])) as place:\n"
        "    (place / 'comments.jsonl').write_text('copies'); print('made', flush=True); sys.stdin.read()"
    )
    data, there = tmp_path / "data", tmp_path / "elsewhere"
    there.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", code, data, there], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"made\n"
        export_spool.sweep(data)
        (copies,) = there.iterdir()
        assert (copies / "comments.jsonl").is_file(), "it is still being made"
        other.kill()
    assert export_spool.left(data) == [copies]
    export_spool.sweep(data)
    assert list(there.iterdir()) == []
    assert list((data / export_spool.NOTES).iterdir()) == []
