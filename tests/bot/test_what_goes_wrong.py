"""Everything that can go wrong between a comment and its read-back ends in the state that the table names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from city import HARMLESS, VIOLATION, City

from archive import accounts, evidence, orders
from bot.domain.states import State
from bot.enforcing import MOST_ATTEMPTS
from bot.promises import ref_of
from bot.sharing import ACCOUNT, JOB, JOBS, Share
from bot.standins import worked
from connectors.standin.faults import (
    ANSWER_LOST,
    CONNECTION_RESET,
    RATE_LIMITED,
    RATE_LIMITED_NO_RESET,
    REFUSED,
    SERVER_ERROR_HTML,
    UNAUTHORISED,
)
from connectors.standin.world import AUTHOR, STAFF

pytestmark = pytest.mark.both_engines


EVERYWHERE = pytest.mark.parametrize("platform", worked())
WHERE_HIDDEN_SHOWS = pytest.mark.parametrize("platform", ["facebook", "instagram", "youtube"])


@EVERYWHERE
def test_the_straight_line_ends_hidden_and_read_back(city: City, platform: str) -> None:
    bad, good = city.write(platform), city.write(platform, HARMLESS)
    city.run()
    assert city.state(bad) is State.ENFORCED
    assert city.state(good) is State.CLEARED
    assert not bad.public
    assert good.public
    assert [effect.what for effect in city.done_by_us(bad)] == ["hide"]
    assert city.broken_promises() == []


def test_an_account_taken_out_of_the_settings_rests_and_holds_up_no_other(city: City) -> None:
    left, bad = city.write("facebook"), city.write("youtube")
    city.poll()
    whole = city.parts
    others = tuple(entry for entry in city.settings.accounts if entry.platform != "facebook")
    names = [*(f"{ACCOUNT}{entry.account.key}" for entry in others), *(f"{JOB}{job}" for job in JOBS)]
    city.parts = replace(
        whole,
        share=Share(whole.database, daemon=whole.share.daemon, folder=city.settings.data, names=names),
        settings=city.settings.model_copy(update={"accounts": others}),
        readers={key: reader for key, reader in whole.readers.items() if not key.startswith("facebook:")},
        actors={key: actor for key, actor in whole.actors.items() if not key.startswith("facebook:")},
    )
    city.run()
    assert city.state(bad) is State.ENFORCED
    assert city.state(left) is State.OBSERVED
    assert left.public


@EVERYWHERE
def test_edited_between_capture_and_act_is_judged_anew_and_the_new_words_are_not_hidden_on_old_evidence(
    city: City, platform: str
) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    assert city.state(comment) is State.SECURED
    city.clock.move(seconds=5)
    city.world.edit(comment, HARMLESS)
    city.enforce()
    assert city.state(comment) is State.OBSERVED
    assert comment.public
    city.run()
    assert city.state(comment) is State.CLEARED
    assert comment.public
    assert city.done_by_us(comment) == []
    assert city.broken_promises() == []


@EVERYWHERE
def test_edited_to_other_bad_words_is_captured_afresh_before_it_is_hidden(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    city.clock.move(seconds=5)
    city.world.edit(comment, VIOLATION + " and that one too")
    city.enforce()
    assert city.done_by_us(comment) == []
    city.run()
    assert city.state(comment) is State.ENFORCED
    with city.parts.database.read() as tx:
        sealed = evidence.all_of(tx, ref_of(comment))
    assert len({each.revision for each in sealed}) == 2
    assert city.broken_promises() == []


@EVERYWHERE
def test_deleted_by_its_author_before_the_act_is_gone_and_nothing_is_called(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    city.world.delete(comment, AUTHOR)
    city.enforce()
    assert city.state(comment) is State.GONE
    assert city.done_by_us(comment) == []
    city.run()
    assert city.state(comment) is State.GONE
    assert city.broken_promises() == []


@WHERE_HIDDEN_SHOWS
def test_already_hidden_by_staff_is_left_to_people(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    city.world.hide(comment, STAFF)
    city.enforce()
    assert city.state(comment) is State.IN_REVIEW
    assert "not by this program" in city.case(comment).why
    assert city.done_by_us(comment) == []


def test_an_answer_that_went_from_sight_with_what_it_answers_is_left_to_people(city: City) -> None:
    """YouTube takes a whole thread away with its first comment."""
    first = city.write("youtube")
    answer = city.write("youtube", "My SSN is 123-45-6789, call me", parent=first)
    city.up_to_secured()
    city.enforce()
    assert (city.state(first), city.state(answer)) == (State.ENFORCED, State.IN_REVIEW)
    assert "or with what it answers" in city.case(answer).why
    assert city.done_by_us(answer) == []


@WHERE_HIDDEN_SHOWS
def test_shown_again_by_staff_after_we_hid_it_is_not_hidden_again(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.run()
    assert city.state(comment) is State.ENFORCED
    city.world.unhide(comment, STAFF)
    for _ in range(4):
        city.clock.move(hours=2)
        city.run()
    assert city.state(comment) is State.IN_REVIEW
    assert comment.public


@EVERYWHERE
def test_a_refused_hide_waits_for_a_person(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    city.fault(platform, REFUSED, verb="hide")
    city.enforce()
    assert city.state(comment) is State.IN_REVIEW
    assert "refused" in city.case(comment).why
    assert comment.public


@EVERYWHERE
@pytest.mark.parametrize("verb", ["list", "hide"])
def test_an_expired_token_stops_the_account_and_calls_a_person(city: City, platform: str, verb: str) -> None:
    comment = city.write(platform)
    if verb == "hide":
        city.up_to_secured()
    city.fault(platform, UNAUTHORISED, verb=verb, times=99)
    city.poll() if verb == "list" else city.enforce()
    key = city.accounts[platform].platform + ":" + city.accounts[platform].id
    with city.parts.database.read() as tx:
        standing = accounts.standing(tx, key)
    assert standing is not None
    assert standing.stopped_why
    assert comment.public
    assert any("has stopped" in alarm for alarm in city.alarms())
    asked = len(city.standins.servers[platform].log)
    city.clock.move(hours=1)
    city.run()
    assert len(city.standins.servers[platform].log) == asked, "a stopped account is not called again"


@EVERYWHERE
@pytest.mark.parametrize("fault", [RATE_LIMITED, RATE_LIMITED_NO_RESET])
def test_a_rate_limit_is_waited_out_and_then_it_is_hidden(city: City, platform: str, fault: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    city.fault(platform, fault, verb="hide")
    city.enforce()
    assert city.state(comment) is State.SECURED
    assert comment.public
    calls = len(city.standins.servers[platform].log)
    city.clock.move(seconds=5)
    city.enforce()
    assert len(city.standins.servers[platform].log) == calls, "nothing is asked before the limit is over"
    city.clock.move(hours=25)
    city.run()
    assert city.state(comment) is State.ENFORCED
    assert city.broken_promises() == []


@EVERYWHERE
@pytest.mark.parametrize("fault", [SERVER_ERROR_HTML, CONNECTION_RESET])
def test_a_server_error_is_tried_again_later(city: City, platform: str, fault: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    city.fault(platform, fault, verb="hide")
    city.enforce()
    assert city.state(comment) is State.SECURED
    city.clock.move(minutes=10)
    city.enforce()
    assert city.state(comment) is State.ENFORCED
    assert len(city.done_by_us(comment)) == 1


@EVERYWHERE
def test_an_answer_lost_after_the_platform_acted_is_found_by_looking(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    city.fault(platform, ANSWER_LOST, verb="hide")
    city.enforce()
    assert not comment.public
    assert city.state(comment) is State.SECURED
    city.clock.move(minutes=10)
    city.enforce()
    assert city.state(comment) is State.ENFORCED
    assert len(city.done_by_us(comment)) == 1, "acting twice equals once"
    assert city.broken_promises() == []


@EVERYWHERE
def test_attempts_that_a_crash_cut_off_do_not_count_as_tried(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    for _ in range(2 * MOST_ATTEMPTS):
        with city.parts.database.begin() as tx:
            (order,) = orders.waiting(tx, now=city.clock(), limit=9)
            orders.begin_attempt(tx, order, city.clock())
    city.enforce()
    assert city.state(comment) is State.ENFORCED


@EVERYWHERE
def test_a_platform_that_never_does_it_is_not_tried_for_ever(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.up_to_secured()
    city.fault(platform, SERVER_ERROR_HTML, verb="hide", times=99)
    for _ in range(MOST_ATTEMPTS + 1):
        city.clock.move(hours=2)
        city.enforce()
    assert city.state(comment) is State.IN_REVIEW
    assert f"{MOST_ATTEMPTS} attempts did not change" in city.case(comment).why
    assert comment.public


@EVERYWHERE
@pytest.mark.parametrize("fault", [SERVER_ERROR_HTML, CONNECTION_RESET, RATE_LIMITED, RATE_LIMITED_NO_RESET])
def test_a_failing_poll_loses_nothing(city: City, platform: str, fault: str) -> None:
    comment = city.write(platform)
    city.fault(platform, fault, verb="list")
    city.poll()
    with city.parts.database.read() as tx:
        key = f"{platform}:{city.accounts[platform].id}"
        standing = accounts.standing(tx, key)
    assert standing is not None
    assert standing.failures == 1
    assert not standing.stopped_why
    city.clock.move(hours=25)
    city.run()
    assert city.state(comment) is State.ENFORCED
