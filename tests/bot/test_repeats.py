"""One account says the same again and again: copies 2 to n are hidden, the first stays, and people are believed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from builders import a_batch, a_comment, a_post, an_attachment
from city import VIOLATION, for_review

from archive import cases, ledger, records
from bot import review, verdicts
from bot.domain.states import State
from bot.domain.types import Mode, Outcome, Sighting, Visibility
from bot.promises import ref_of
from bot.standins import worked
from connectors.standin.world import AUTHOR, STAFF, Person
from connectors.youtube.connector import LOOK_PAGES

if TYPE_CHECKING:
    from city import City

    from archive.cases import StoredVerdict
    from connectors.standin.world import WorldComment

EVERYWHERE = pytest.mark.parametrize("platform", worked())
OFFER = "The cheapest roofers in the whole county, ask for Sam today."
RULE = "c9-repeated-comment"


def verdict_on(city: City, comment: WorldComment) -> StoredVerdict:
    with city.parts.database.read() as tx:
        found = cases.latest_verdict(tx, ref_of(comment))
    assert found is not None
    return found


def verdicts_on(city: City, comment: WorldComment) -> int:
    with city.parts.database.read() as tx:
        return sum(entry.kind == "verdict.recorded" for entry in cases.history(tx, ref_of(comment)))


def write(city: City, platform: str, *texts: str, hours: float = 0.01, posts: int = 1) -> list[WorldComment]:
    """One resident writes, each time so many hours after the last, under so many posts in turn."""
    account = city.accounts[platform]
    others = [city.world.add_post(account, f"News no. {number} of the City.") for number in range(posts - 1)]
    places = [city.posts[platform], *others]
    written = []
    for number, text in enumerate(texts):
        city.clock.move(hours=hours)
        written.append(city.write(platform, text, post=places[number % posts]))
    return written


def judged(city: City) -> None:
    city.poll()
    city.judge()


@EVERYWHERE
@pytest.mark.parametrize("posts", [1, 3])
def test_of_three_copies_the_first_stays_and_the_others_are_hidden(city: City, platform: str, posts: int) -> None:
    first, second, third = write(city, platform, OFFER, OFFER.upper(), f"Hey guys {OFFER}", posts=posts)
    city.run()
    assert [city.state(each) for each in (first, second, third)] == [State.CLEARED, State.ENFORCED, State.ENFORCED]
    assert first.public
    assert not second.public
    assert not third.public
    assert city.broken_promises() == []


@EVERYWHERE
def test_the_second_copy_is_judged_again_when_the_third_comes(city: City, platform: str) -> None:
    first, second = write(city, platform, OFFER, OFFER)
    city.run()
    assert city.state(second) is State.CLEARED
    (third,) = write(city, platform, OFFER)
    judged(city)
    assert [city.state(each) for each in (first, second, third)] == [State.CLEARED, State.MARKED, State.MARKED]
    found = verdict_on(city, second)
    assert found.verdict.outcome is Outcome.ACT
    assert found.verdict.why == f"{RULE} (C9); judged again, since {ref_of(third)} says nearly the same"
    assert city.case(second).why == found.verdict.why
    (match,) = found.verdict.matches
    assert match.excerpt == OFFER
    assert match.matcher.startswith(f"repeat: 3 copies within 24 hours, first {ref_of(first)} 2026-11-20T")
    assert (verdicts_on(city, first), verdicts_on(city, second), verdicts_on(city, third)) == (1, 2, 1)
    city.run()
    assert [each.public for each in (first, second, third)] == [True, False, False]
    assert city.broken_promises() == []


def test_copies_that_are_read_in_another_order_end_the_same(city: City) -> None:
    """The first copy lies on a page that could not be read for an hour."""
    first, second, third = write(city, "youtube", OFFER, OFFER, OFFER)
    key = ("youtube", first.id)
    held_back = city.world.comments.pop(key)
    judged(city)
    assert [city.state(each) for each in (second, third)] == [State.CLEARED, State.CLEARED]
    city.world.comments[key] = held_back
    judged(city)
    assert [city.state(each) for each in (first, second, third)] == [State.CLEARED, State.MARKED, State.MARKED]


def test_judging_again_changes_nothing(city: City) -> None:
    written = write(city, "youtube", OFFER, OFFER, OFFER)
    judged(city)
    before = [verdicts_on(city, each) for each in written]
    city.poll()
    assert verdicts.judge_standing(city.parts, city.clock()) == 0
    assert [verdicts_on(city, each) for each in written] == before


def test_many_people_who_post_the_same_words_are_left_alone(city: City) -> None:
    text = "The council must keep the pool on Prospect Avenue open this summer."
    written = [
        city.world.add_comment(
            city.posts["youtube"], text, author=Person(id=f"UCneighbour{n:014}", name=f"N {n}", handle=f"n{n}")
        )
        for n in range(6)
    ]
    city.run()
    assert {city.state(each) for each in written} == {State.CLEARED}


def test_different_complaints_in_the_same_form_are_left_alone(city: City) -> None:
    places = ("39th and Main", "47th and Troost", "39th and Prospect", "63rd and Main")
    written = write(city, "youtube", *(f"There is a deep pothole at {place}, please fix it." for place in places))
    city.run()
    assert {city.state(each) for each in written} == {State.CLEARED}


def test_who_says_thank_you_every_hour_is_left_alone(city: City) -> None:
    written = write(city, "youtube", *["Thank you so much for all you do! 👍"] * 5, posts=5, hours=1)
    city.run()
    assert {city.state(each) for each in written} == {State.CLEARED}


def test_two_copies_a_day_for_a_week_are_left_alone(city: City) -> None:
    written = write(city, "youtube", *[OFFER] * 8, hours=12.5)
    city.run()
    assert {city.state(each) for each in written} == {State.CLEARED}


def test_of_a_series_that_goes_on_for_days_one_copy_a_day_stays(city: City) -> None:
    written = write(city, "youtube", *[OFFER] * 10, hours=6)
    for _ in range(3):
        city.run()
    shown = [number for number, each in enumerate(written) if each.public]
    assert shown[0] == 0
    assert 2 <= len(shown) <= 4
    assert city.broken_promises() == []


def test_the_city_itself_may_repeat_itself(city: City) -> None:
    staff = city.accounts["youtube"].person
    written = [city.world.add_comment(city.posts["youtube"], OFFER, author=staff) for _ in range(4)]
    city.run()
    assert {city.state(each) for each in written} == {State.CLEARED}
    assert not any(verdict_on(city, each).verdict.matches for each in written)


def test_what_a_person_let_stand_is_not_judged_again(city: City) -> None:
    first, second = write(city, "youtube", OFFER, OFFER)
    judged(city)
    with city.parts.database.begin() as tx:
        case = cases.case(tx, ref_of(second))
        assert case is not None
        cases.record_decision(
            tx, case.ref, case.revision, "dismiss", review.person("Pat"), "it may stand", city.clock()
        )
    (third,) = write(city, "youtube", OFFER)
    judged(city)
    assert [city.state(each) for each in (first, second, third)] == [State.CLEARED, State.CLEARED, State.MARKED]
    assert verdicts_on(city, second) == 1


def test_what_waits_for_a_person_is_left_to_that_person(city: City) -> None:
    offer = for_review()
    waiting = write(city, "youtube", *[f"{offer} Ask for Samuel at www.example.com"] * 2)
    judged(city)
    assert {city.state(each) for each in waiting} == {State.IN_REVIEW}
    (third,) = write(city, "youtube", f"{offer} Ask for Samuel at www.example.com")
    judged(city)
    assert city.state(third) is State.MARKED
    assert {city.state(each) for each in waiting} == {State.IN_REVIEW}
    assert [verdicts_on(city, each) for each in waiting] == [1, 1]


@pytest.mark.parametrize(
    ("kinds", "hidden"),
    [(["photo"] * 3, 0), ([None, None, "photo"], 0), (["share"] * 3, 2), ([None, None, "share"], 2)],
)
def test_two_pictures_may_show_two_things_but_a_link_is_its_address(
    city: City, kinds: list[str | None], hidden: int
) -> None:
    account = next(entry.account for entry in city.settings.accounts if entry.platform == "facebook")
    comments = [
        a_comment(
            f"1_{number}",
            account=account,
            text=OFFER,
            posted_at=city.clock(),
            attachments=(an_attachment(f"a{number}", kind=kind),) if kind else (),
        )
        for number, kind in enumerate(kinds)
    ]
    posts = (a_post("p1", account=account),)
    with city.parts.database.begin() as tx:
        records.observe(tx, a_batch(*comments, posts=posts), account=account, now=city.clock())
    city.judge()
    with city.parts.database.read() as tx:
        assert cases.tally(tx).get(State.MARKED, 0) == hidden


def test_a_copy_that_a_person_shows_again_stays_whatever_follows(city: City) -> None:
    first, second, third = write(city, "youtube", OFFER, OFFER, OFFER)
    city.run()
    with city.parts.database.begin() as tx:
        review.restore(tx, ref_of(second), who="Pat", why="harmless", now=city.clock())
    city.run()
    (fourth,) = write(city, "youtube", OFFER)
    city.run()
    assert [each.public for each in (first, second, third, fourth)] == [True, True, False, False]
    assert city.state(second) is State.RESTORED


def test_an_edit_ends_the_likeness(city: City) -> None:
    first, second = write(city, "facebook", OFFER, OFFER)
    judged(city)
    city.clock.move(seconds=5)
    city.world.edit(second, "When will the pool at the park be open again this summer?")
    city.poll()
    (third,) = write(city, "facebook", OFFER)
    judged(city)
    assert {city.state(each) for each in (first, second, third)} == {State.CLEARED}


def test_an_edit_can_make_the_third_copy(city: City) -> None:
    first, second, other = write(city, "facebook", OFFER, OFFER, "When will the pool be open again this summer?")
    judged(city)
    city.clock.move(seconds=5)
    city.world.edit(other, OFFER)
    city.clock.move(hours=1)
    judged(city)
    assert [city.state(each) for each in (first, second, other)] == [State.CLEARED, State.MARKED, State.MARKED]


def test_if_the_author_deletes_the_first_copy_another_may_stand_in_its_place(city: City) -> None:
    first, second, third = write(city, "youtube", OFFER, OFFER, OFFER)
    city.run()
    city.world.delete(first, AUTHOR)
    with city.parts.database.begin() as tx:
        sighting = Sighting(ref=ref_of(first), visibility=Visibility.GONE, seen_at=city.clock())
        records.sight(tx, sighting, account=city.settings.entry(city.case(first).account_key).account, now=city.clock())
    (fourth,) = write(city, "youtube", OFFER)
    city.run()
    assert [each.public for each in (second, third, fourth)] == [False, False, True]


@pytest.mark.parametrize("platform", ["facebook", "instagram", "youtube"])
def test_if_staff_hid_the_first_copy_a_moment_ago_the_next_one_stays(city: City, platform: str) -> None:
    """Nothing has shown yet that it is hidden (YouTube lists what is held back every four hours)."""
    first, second = write(city, platform, OFFER, OFFER)
    judged(city)
    city.world.hide(first, STAFF)
    (third,) = write(city, platform, OFFER)
    city.clock.move(minutes=25)  # one comment less and one more are no other count, so YouTube is read only now
    city.run()
    assert second.public
    assert not city.done_by_us(second)
    assert [city.state(each) for each in (second, third)] == [State.CLEARED, State.ENFORCED]
    assert city.broken_promises() == []


@pytest.mark.parametrize("changed", ["deleted", "edited"])
def test_if_the_author_took_the_first_copy_back_a_moment_ago_the_next_one_stays(city: City, changed: str) -> None:
    first, second, third = write(city, "youtube", OFFER, OFFER, OFFER)
    judged(city)
    assert [city.state(each) for each in (second, third)] == [State.MARKED, State.MARKED]
    city.clock.move(seconds=5)
    if changed == "deleted":
        city.world.delete(first, AUTHOR)
    else:
        city.world.edit(first, "When will the pool at the park be open again this summer?")
    city.secure()
    city.enforce()
    assert [city.state(each) for each in (second, third)] == [State.OBSERVED, State.OBSERVED]
    city.run()
    assert second.public
    assert not city.done_by_us(second)
    assert city.broken_promises() == []


def test_while_the_first_copy_cannot_be_looked_at_nothing_is_hidden(city: City) -> None:
    first, second = write(city, "youtube", OFFER, OFFER)
    judged(city)
    city.world.hide(first, STAFF)
    (third,) = write(city, "youtube", OFFER)
    city.clock.move(minutes=25)
    judged(city)
    city.secure()
    city.fault("youtube", "server_error_html", times=2)
    city.enforce()
    assert [city.state(each) for each in (second, third)] == [State.SECURED, State.SECURED]
    assert second.public
    assert third.public
    for _ in range(3):
        city.run()
    assert [each.public for each in (second, third)] == [True, False]


def test_where_nobody_can_tell_whether_the_first_copy_is_seen_a_person_decides(city: City) -> None:
    """YouTube holds more back than a look reads, so the first copy may be among it, or gone."""
    first, second, third = write(city, "youtube", OFFER, OFFER, OFFER)
    judged(city)
    city.secure()
    city.world.hide(first, STAFF)
    crowd = Person(id=f"UCcrowd{1:017}", name="A Crowd", handle="crowd")
    for number in range(100 * LOOK_PAGES + 1):
        city.world.hide(city.world.add_comment(city.posts["youtube"], f"Spam {number}", author=crowd), STAFF)
    city.enforce()
    assert [city.state(each) for each in (second, third)] == [State.IN_REVIEW, State.IN_REVIEW]
    assert second.public
    assert third.public
    with city.parts.database.read() as tx:
        (refused, _) = ledger.entries(tx, kinds=["order.refused"])
    assert "does not say whether" in str(refused.detail["why"])


def test_what_another_rule_hides_too_does_not_wait_for_the_first_copy(city: City) -> None:
    first, second, third = write(city, "youtube", *[f"{OFFER} {VIOLATION}"] * 3)
    city.world.hide(first, STAFF)
    city.run()
    assert [city.state(each) for each in (second, third)] == [State.ENFORCED, State.ENFORCED]


def test_answers_to_others_are_not_hidden_but_shown_to_a_person_from_the_fifth_on(city: City) -> None:
    help_ = "You can book a bulky item pickup by calling the action center."
    asked = [
        city.world.add_comment(
            city.posts["youtube"],
            f"How do I get rid of a sofa in district {n}?",
            author=Person(id=f"UCasking{n:016}", name=f"A {n}", handle=f"a{n}"),
        )
        for n in range(5)
    ]
    answers = [city.write("youtube", help_, parent=question) for question in asked[:4]]
    city.run()
    assert {city.state(each) for each in answers} == {State.CLEARED}
    fifth = city.write("youtube", help_, parent=asked[4])
    city.run()
    assert city.state(answers[0]) is State.CLEARED
    assert {city.state(each) for each in (*answers[1:], fifth)} == {State.IN_REVIEW}


def test_the_budget_counts_what_is_marked_on_judging_again(city: City) -> None:
    city.parts = replace(city.parts, settings=city.settings.model_copy(update={"acts_a_day": 1}))
    first, second = write(city, "youtube", OFFER, OFFER)
    judged(city)
    (third,) = write(city, "youtube", OFFER)
    judged(city)
    assert [city.state(each) for each in (first, third, second)] == [State.CLEARED, State.MARKED, State.IN_REVIEW]
    assert "budget" in city.case(second).why


def test_in_observe_mode_each_copy_is_noted_once_and_nothing_follows(city: City) -> None:
    accounts = tuple(entry.model_copy(update={"mode": Mode.OBSERVE}) for entry in city.settings.accounts)
    city.parts = replace(city.parts, settings=city.settings.model_copy(update={"accounts": accounts}))
    written: list[WorldComment] = []
    for _ in range(5):
        written += write(city, "youtube", OFFER)
        judged(city)
    assert {city.state(each) for each in written} == {State.CLEARED}
    assert [verdicts_on(city, each) for each in written] == [1, 2, 1, 1, 1]
    assert "observe mode" in verdict_on(city, written[1]).verdict.why
