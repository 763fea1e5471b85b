"""What the shell hands to link rules, and what it keeps of the lists that a verdict was given on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from archive import cases, records
from archive.verify import verify
from bot.domain.states import State
from bot.domain.types import Attachment
from bot.parts import Rulebook
from bot.promises import ref_of
from bot.verdicts import context_of
from rules.load import Approvals, shipped_packs

if TYPE_CHECKING:
    from city import City


def test_rules_are_told_where_the_links_of_a_comment_lead(city: City) -> None:
    written = city.write("x", "look https://t.co/abc")
    city.poll()
    with city.parts.database.read() as tx:
        case = cases.case(tx, ref_of(written))
        assert case is not None
        comment = records.comment(tx, case.ref, case.revision)
        cards = (
            Attachment(id="https://t.co/abc", kind="link", url="https://www.onlyfans.com/example"),
            Attachment(id="1", kind="photo", url="https://pbs.example.com/1.jpg"),
            Attachment(id="2", kind="link"),
        )
        context = context_of(tx, replace(comment, attachments=cards))
    assert context.links == ("https://www.onlyfans.com/example",)
    matches = city.parts.rulebook.engine.evaluate(comment.text, context)
    (match,) = (match for match in matches if match.clause == "C4")
    assert (match.rule, match.excerpt) == ("c4-adult-link", "https://t.co/abc")


def test_a_verdict_cites_the_lists_it_was_given_on_and_they_are_kept(city: City) -> None:
    folder = city.file.parent / "lists"
    folder.mkdir()
    (folder / "adult.txt").write_text("bad.example.com\n", encoding="utf-8")
    sha256 = hashlib.sha256(b"bad.example.com\n").hexdigest()
    (folder / "adult.txt.sha256").write_text(f"{sha256}  adult.txt\n", encoding="utf-8")
    rules = city.settings.rules.model_copy(update={"lists": folder})
    approvals = Approvals.assume("a tester", city.clock().date(), [rules.policy, *(rules.packs or shipped_packs())])
    city.parts = replace(city.parts, rulebook=Rulebook.read(rules, approvals))
    written = city.write("facebook", "see bad.example.com")
    city.poll()
    city.judge()
    assert city.state(written) is State.MARKED
    with city.parts.database.read() as tx:
        stored = cases.latest_verdict(tx, ref_of(written))
        assert stored is not None
        (match,) = (match for match in stored.verdict.matches if match.clause == "C4")
        assert stored.packs["list adult.txt"] == sha256
        assert cases.document(tx, sha256) == ("adult.txt", "bad.example.com\n")
        assert match.matcher == f"link: bad.example.com in adult.txt#{sha256[:12]}"
    report = verify(city.parts.database, city.settings.evidence_folder, city.settings.media_folder, now=city.clock())
    assert report.passed
    assert not [what for what in report.not_checked if what.startswith("documents")]
