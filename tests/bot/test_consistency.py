"""What reads the same and was decided otherwise is told each week; one decision in twenty is looked at again."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from builders import a_ref

from archive import cases, ledger, second_reviews
from bot import consistency
from bot.promises import ref_of
from bot.review import NotPossible, dismiss, uphold

if TYPE_CHECKING:
    from city import City

    from connectors.standin.world import WorldComment

SAID = "You people never fix the roads!"


def judged(city: City, *texts: str) -> list[WorldComment]:
    comments = [city.write("facebook", text) for text in texts]
    city.poll()
    city.judge()
    return comments


def upheld(city: City, comment: WorldComment, who: str = "Kim Clerk") -> None:
    with city.parts.database.begin() as tx:
        category = city.parts.rulebook.policy.categories["C3"]
        uphold(tx, ref_of(comment), who=who, why="as said", now=city.clock(), category=category)


def test_what_reads_the_same_and_was_decided_otherwise_is_told(city: City) -> None:
    one, other, third, card, _ = judged(
        *(city, SAID, "YOU people never fix the röads!!", "You people always fix the roads!"),
        *("my card 4111 1111 1111 1111 is stolen", "My card 4111 1111 1111 1111 is stolen!"),
    )
    upheld(city, one)
    upheld(city, third)
    found = consistency.report(city.parts, city.clock())
    assert found.compared == 5
    assert found.different == 1, "the card numbers were both marked by a rule"
    lines = list(consistency.told(found))
    (line,) = [line for line in lines if "hidden 1" in line]
    assert f"hidden 1 ({ref_of(one)}), left 1 ({ref_of(other)}" in line
    assert "4111" not in "".join(lines)
    assert city.state(card).name == "MARKED"
    with city.parts.database.begin() as tx:
        dismiss(tx, ref_of(one), who="Kim Clerk", why="rude is no reason", now=city.clock())
    assert consistency.report(city.parts, city.clock()).different == 0, "now they are decided alike"


def test_it_comes_once_a_week_by_mail_and_in_the_digest(city: City) -> None:
    one, _ = judged(city, SAID, SAID)
    upheld(city, one)
    assert not consistency.report_due(city.parts, city.clock()), "the first week has not gone by"
    city.clock.move(days=7)
    assert consistency.report_due(city.parts, city.clock())
    assert not consistency.report_due(city.parts, city.clock())
    city.make_digests()
    mails = [message_from_bytes(p.read_bytes(), policy=policy.default) for p in city.sink.folder.glob("*.eml")]
    (letter,) = [mail for mail in mails if "decided alike?" in str(mail["Subject"])]
    assert letter["To"] == city.settings.mail.social_media_manager
    assert f"hidden 1 ({ref_of(one)})" in letter.get_content()
    (digest,) = [mail for mail in mails if "digest no." in str(mail["Subject"])]
    body = digest.get_body(("plain",))
    assert body is not None
    assert "PERHAPS NOT DECIDED ALIKE (1)" in body.get_content()


def test_one_in_twenty_is_chosen_by_its_hash() -> None:
    drawn = [second_reviews.is_chosen(a_ref(f"c{n}"), "ab" * 32) for n in range(4_000)]
    assert 150 < sum(drawn) < 250
    assert drawn == [second_reviews.is_chosen(a_ref(f"c{n}"), "ab" * 32) for n in range(4_000)]


def test_a_second_opinion_is_somebody_elses_and_its_share_is_told(city: City) -> None:
    comments = judged(city, *(f"{SAID} Number {n}" for n in range(60)))
    for comment in comments:
        upheld(city, comment)
    with city.parts.database.begin() as tx:
        waiting = consistency.waiting(tx, city.clock())
        assert 1 <= len(waiting) < 12
        refs = {case.ref for case in cases.every(tx)}
        chosen = {ref for ref in refs if second_reviews.is_chosen(ref, cases.case(tx, ref).revision)}  # type: ignore[union-attr]
        assert {one.ref for one in waiting} == chosen
        first = waiting[0]
        given = {"why": "so would I", "now": city.clock()}
        with pytest.raises(NotPossible, match="somebody else gives the second opinion"):
            consistency.give_opinion(tx, first.ref, agrees=True, who="kim clerk", **given)
        for number, one in enumerate(waiting):
            consistency.give_opinion(tx, one.ref, agrees=number > 0, who="Robin", **given)
        with pytest.raises(NotPossible, match="no decision on"):
            consistency.give_opinion(tx, first.ref, agrees=True, who="Robin", **given)
        assert len(list(ledger.entries(tx, kinds=(second_reviews.REVIEWED,)))) == len(waiting)
    found = consistency.report(city.parts, city.clock())
    assert (found.opinions, found.agreed) == (len(waiting), len(waiting) - 1)
    assert any(f"Second opinions: {len(waiting)}" in line for line in consistency.told(found))
