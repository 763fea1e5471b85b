"""A person may ask for a decision under any clause; what follows then carries that clause, quoted (P5)."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION, City, for_review

from archive import card, cases, evidence, ledger, orders, outbox
from archive.capture import Capture
from archive.verify import verify
from bot import digest, digest_items, letters, securing
from bot.domain.states import State
from bot.domain.types import Action, AgentKind, Quality
from bot.promises import ref_of
from bot.review import NotPossible, dismiss, refer, uphold
from bot.status import case_as_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.domain.types import Category
    from connectors.standin.world import WorldComment

QUOTED = "Content that violates a legal ownership interest of any other party"


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[City]:
    """A city in which nothing is photographed."""
    with City(tmp_path) as city:
        yield city


def category(city: City, code: str) -> Category:
    return city.parts.rulebook.policy.categories[code]


def judged(city: City, text: str = HARMLESS, platform: str = "facebook") -> WorldComment:
    comment = city.write(platform, text)
    city.poll()
    city.judge()
    return comment


def raise_(city: City, comment: WorldComment, code: str = "C8", why: str = "my photograph, without a word") -> None:
    with city.parts.database.begin() as tx:
        refer(tx, ref_of(comment), category=category(city, code), who="Kim Clerk", why=why, now=city.clock())


def upheld(city: City, comment: WorldComment, **how: object) -> None:
    with city.parts.database.begin() as tx:
        uphold(tx, ref_of(comment), who="Robin Reviewer", why="agreed", now=city.clock(), **how)  # type: ignore[arg-type]


def test_a_comment_that_no_rule_met_waits_for_a_person_under_the_clause_it_was_raised_under(quiet: City) -> None:
    comment = judged(quiet)
    assert quiet.state(comment) is State.CLEARED
    raise_(quiet, comment)
    case = quiet.case(comment)
    assert (case.state, case.agent.kind) == (State.IN_REVIEW, AgentKind.PERSON)
    assert case.why == "raised by Kim Clerk under C8: my photograph, without a word"
    with quiet.parts.database.read() as tx:
        told = case_as_text(tx, quiet.settings, ref_of(comment))
        lines = [line for line in cases.history(tx, ref_of(comment)) if line.kind == "ground.named"]
        waiting = digest.fold(tx, quiet.settings, quiet.settings.pios[0], quiet.clock()).waiting
    assert f"C8, AR 1-27 5.0.A.2.e (bullet 8): “{QUOTED}”" in told
    assert "Found by Kim Clerk: my photograph, without a word" in told
    assert [(line.agent.name, line.detail["clause"], line.detail["quoted"]) for line in lines] == [
        ("Kim Clerk", "C8", QUOTED)
    ]
    assert any(QUOTED in reason for item in waiting for reason in item.reasons)
    assert verify(
        quiet.parts.database, quiet.settings.evidence_folder, quiet.settings.media_folder, now=quiet.clock()
    ).passed


def test_what_is_upheld_carries_that_clause_into_picture_mail_and_digest_and_no_other(quiet: City) -> None:
    comment = judged(quiet, for_review())
    assert quiet.state(comment) is State.IN_REVIEW
    raise_(quiet, comment)
    with pytest.raises(NotPossible, match="C8 is decided together with the City Attorney; say who agreed with --couns"):
        upheld(quiet, comment)
    upheld(quiet, comment, counsel="A. Attorney")
    assert quiet.state(comment) is State.MARKED
    with quiet.parts.database.read() as tx:
        subject = securing._subject(quiet.parts, tx, quiet.case(comment))
    assert subject.ground is not None
    assert (subject.ground.clause, subject.ground.counsel, subject.findings) == ("C8", "A. Attorney", ())
    said = "Found by Robin Reviewer, with A. Attorney for the City Attorney: agreed"
    picture = card.render(subject, version="test", now=quiet.clock())
    words = card.transcript(subject, said="a record", now=quiet.clock())
    for text in (picture, words):
        assert QUOTED in text
        assert said in text
        assert "solicitation of commerce" not in text
        assert "No rule matched" not in text
    mail = the_mail(quiet, comment)
    assert QUOTED in mail
    assert "AR 1-27 5.0.A.2.e (bullet 8)" in mail.partition("\n\n")[0]
    with quiet.parts.database.read() as tx:
        item = digest_items.item(tx, quiet.settings, ref_of(comment))
    assert item.reasons == (f"C8, AR 1-27 5.0.A.2.e (bullet 8): “{QUOTED}”. {said}",)


def the_mail(city: City, comment: WorldComment) -> str:
    """Seal a made-up picture as the daemon would a real one, and give the mail about it."""
    case = city.case(comment)
    with city.parts.database.read() as tx:
        subject = securing._subject(city.parts, tx, case)
    spool = city.settings.spool_folder / "one"
    spool.mkdir(parents=True)
    (spool / "comment.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (spool / "transcript.txt").write_text(card.transcript(subject, said="a record", now=city.clock()), "utf-8")
    capture = Capture(
        quality=Quality.FULL,
        source="record",
        steps=(),
        conditions={"tool": "test", "rendition": "a record"},
        captured_at=city.clock(),
    )
    folder = city.settings.evidence_folder
    sealed = evidence.seal(spool, folder, id="one", subject=subject, capture=capture, now=city.clock())
    with city.parts.database.begin() as tx:
        evidence.record(tx, sealed, city.clock())
        order = orders.place(
            tx,
            ref=case.ref,
            revision=case.revision,
            evidence_id=sealed.id,
            action=Action.HIDE,
            agent=cases.latest_decision(tx, case.ref, case.revision).agent,  # type: ignore[union-attr]
            now=city.clock(),
        )
        letters.evidence(tx, city.settings, subject=subject, sealed=sealed, order=order, now=city.clock())
        (mail,) = outbox.due(tx, city.clock(), 5)
    message = message_from_bytes(mail.message, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return f"{message['Subject']}\n\n{body.get_content()}"


def test_a_clause_can_be_named_when_upholding_and_must_be_where_no_rule_names_one(quiet: City) -> None:
    comment = judged(quiet)
    with pytest.raises(NotPossible, match="a reason of the policy is missing; name it with --clause"):
        upheld(quiet, comment)
    assert quiet.state(comment) is State.CLEARED
    upheld(quiet, comment, category=category(quiet, "C3"))
    with quiet.parts.database.read() as tx:
        ground = cases.ground(tx, ref_of(comment), quiet.case(comment).revision)
    assert ground is not None
    assert (ground.clause, ground.agent.name, ground.why) == ("C3", "Robin Reviewer", "agreed")


def test_what_a_rule_met_is_upheld_under_its_clause_without_naming_one(quiet: City) -> None:
    comment = judged(quiet, for_review())
    upheld(quiet, comment)
    with quiet.parts.database.read() as tx:
        subject = securing._subject(quiet.parts, tx, quiet.case(comment))
    assert subject.ground is None
    assert {finding.clause for finding in subject.findings} == {category(quiet, "C5").clause}


def test_dismissing_ends_what_was_raised(quiet: City) -> None:
    comment = judged(quiet)
    raise_(quiet, comment, "C10", "this is false")
    with quiet.parts.database.begin() as tx:
        dismiss(tx, ref_of(comment), who="Robin", why="an opinion", now=quiet.clock())
        assert cases.ground(tx, ref_of(comment), quiet.case(comment).revision) is None
    assert quiet.state(comment) is State.CLEARED
    raise_(quiet, comment, "C10", "the court said so")
    assert quiet.state(comment) is State.IN_REVIEW


def test_what_was_raised_is_not_forgotten_when_the_wording_goes_and_comes_back(quiet: City) -> None:
    comment = judged(quiet)
    raise_(quiet, comment)
    quiet.world.edit(comment, "something else altogether")
    quiet.clock.move(hours=2)
    quiet.run()
    assert quiet.state(comment) is State.CLEARED, "another wording is another matter"
    quiet.world.edit(comment, HARMLESS)
    quiet.clock.move(hours=2)
    quiet.run()
    assert quiet.state(comment) is State.IN_REVIEW
    assert quiet.case(comment).why == "a person raised it, so a person decides"
    assert quiet.case(comment).agent == ledger.DAEMON


def test_what_is_on_its_way_or_the_citys_own_cannot_be_raised(quiet: City) -> None:
    comment = judged(quiet, VIOLATION)
    with pytest.raises(NotPossible, match="cannot be raised: it is marked"):
        raise_(quiet, comment)
    post = quiet.posts["facebook"]
    own = quiet.world.add_comment(
        post, HARMLESS, author=replace(quiet.resident["facebook"], id=quiet.accounts["facebook"].id)
    )
    quiet.poll()
    quiet.judge()
    with pytest.raises(NotPossible, match="written by a City account"):
        raise_(quiet, own)
