"""The City's own model server beside the rules: asked before judging, in few calls, and not missed when it fails."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from scripted import serving

from archive import ledger
from bot import doctor, verdicts
from bot.domain.states import State
from bot.parts import moderation_server
from bot.promises import ref_of
from bot.settings import Moderation
from bot.verdicts import JUDGED_AT_ONCE
from rules.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from city import City
    from scripted import Handler, Scripted

    from archive.ledger import Entry
    from bot.domain.types import Match
    from connectors.standin.world import WorldComment
    from rules.context import Context

OURS = "When is bulky pickup in our block?"


class Hearing(Engine):
    """The shipped rules, which also remember in what context they were asked."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.packs)
        self.heard: dict[str, Context] = {}

    def evaluate(self, text: str, context: Context) -> tuple[Match, ...]:  # type: ignore[override]
        self.heard[context.ref] = context
        return super().evaluate(text, context)


def well(handler: Handler) -> None:
    sent = json.loads(handler.server.asked[-1][3])["input"]
    found = [{"flagged": False, "category_scores": {"harassment": len(text) / 1000}} for text in sent]
    handler.reply(json.dumps({"model": "guard-2026-05", "results": found}).encode())


def badly(handler: Handler) -> None:
    handler.reply(b"oh no", 500)


def with_server(city: City, server: Scripted) -> Hearing:
    """Let the City's settings name this server."""
    settings = city.settings.model_copy(update={"moderation": Moderation(url=server.url, model="guard")})
    engine = Hearing(city.parts.rulebook.engine)
    city.parts = replace(
        city.parts,
        settings=settings,
        rulebook=replace(city.parts.rulebook, engine=engine),
        moderation=moderation_server(settings),
    )
    return engine


def told(city: City) -> list[Entry]:
    with city.parts.database.read() as tx:
        return list(ledger.entries(tx, kinds=("moderation.failed", "moderation.answers")))


def write(city: City, text: str = OURS) -> WorldComment:
    comment = city.write("youtube", text)
    city.poll()
    return comment


def sent(server: Scripted) -> list[list[str]]:
    return [json.loads(body)["input"] for *_, body in server.asked]


def test_off_unless_the_settings_name_one(city: City) -> None:
    assert city.settings.moderation is None
    assert city.parts.moderation is None


def test_scores_reach_the_rules_with_model_and_version(city: City) -> None:
    with serving(well) as server:
        engine = with_server(city, server)
        comment = write(city)
        city.judge()
    score = engine.heard[str(ref_of(comment))].scores["server"]
    assert (score.model, score.version) == ("guard", "guard-2026-05")
    assert score.categories == {"harassment": len(OURS) / 1000}
    assert city.state(comment) is State.CLEARED
    assert told(city) == []


def test_only_what_the_public_said_is_sent_and_once(city: City) -> None:
    with serving(well) as server:
        with_server(city, server)
        city.world.add_comment(city.posts["youtube"], "We are on our way.", author=city.accounts["youtube"].person)
        city.write("youtube", "  ")
        write(city)
        city.judge()
        city.judge()
        assert sent(server) == [[OURS]]


def test_a_pass_of_many_makes_few_calls(city: City) -> None:
    with serving(well) as server:
        with_server(city, server)
        for number in range(80):
            city.write("youtube", f"Question no. {number}")
        city.poll()
        while verdicts.judge_standing(city.parts, city.clock()):
            pass
        assert [len(texts) for texts in sent(server)] == [JUDGED_AT_ONCE, JUDGED_AT_ONCE, JUDGED_AT_ONCE, 5]


def test_the_server_is_asked_while_no_transaction_is_open(city: City) -> None:
    """The server itself writes to the database before it answers, which nobody else can while somebody writes."""

    def writing(handler: Handler) -> None:
        with city.parts.database.begin() as tx:
            ledger.append(tx, kind="test.note", ref=None, agent=ledger.DAEMON, at=city.clock(), detail={})
        well(handler)

    with serving(writing) as server:
        engine = with_server(city, server)
        comment = write(city)
        city.judge()
    assert engine.heard[str(ref_of(comment))].scores


def test_what_comes_while_the_server_is_asked_is_asked_about_next(city: City) -> None:
    late: list[WorldComment] = []

    def slowly(handler: Handler) -> None:
        if not late:
            late.append(write(city, "And when is street sweeping?"))
        well(handler)

    with serving(slowly) as server:
        engine = with_server(city, server)
        write(city)
        assert verdicts.judge_standing(city.parts, city.clock()) == 1
        assert city.state(late[0]) is State.OBSERVED
        assert verdicts.judge_standing(city.parts, city.clock()) == 1
    assert engine.heard[str(ref_of(late[0]))].scores


FAULTS: dict[str, Callable[[Handler], None]] = {
    "Transient: the model server answered with HTTP 500": badly,
    "Transient: no answer from the model server": lambda handler: handler.begin(100),
    "Malformed: the model server's answer is not JSON": lambda handler: handler.reply(b"<html>"),
    "Refused: the model server answered with HTTP 404": lambda handler: handler.reply(b"", 404),
    "Unauthorised: the model server answered with HTTP 401": lambda handler: handler.reply(b"", 401),
}


@pytest.mark.parametrize("why", FAULTS)
def test_whatever_the_server_does_comments_are_judged_and_people_told(city: City, why: str) -> None:
    with serving(FAULTS[why]) as server:
        engine = with_server(city, server)
        if "no answer" in why:
            wanted = Moderation(url=server.url, model="guard", timeout_seconds=0.3)
            city.parts = replace(
                city.parts, moderation=moderation_server(city.settings.model_copy(update={"moderation": wanted}))
            )
        good = write(city)
        bad = city.write("x")
        city.poll()
        city.judge()
    assert city.state(good) is State.CLEARED
    assert city.state(bad) is State.MARKED
    assert engine.heard[str(ref_of(good))].scores == {}
    (line,) = told(city)
    assert (line.kind, line.detail["comments"], line.detail["failures"]) == ("moderation.failed", 2, 1)
    assert str(line.detail["why"]).startswith(why)
    (alarm,) = [text for text in city.alarms() if "model server" in text]
    assert "the model server does not answer" in alarm
    city.make_digests()
    digests = [path.read_text() for path in city.sink.folder.glob("*.eml") if "digest no" in path.read_text()]
    assert any("model server did not answer" in text.replace("=\n", "") for text in digests)


def test_an_outage_is_told_once_and_waited_out_and_its_end_is_told(city: City) -> None:
    with serving(badly) as server:
        with_server(city, server)
        for number in range(5):
            write(city, f"{OURS} {number}")
            city.judge()
            city.clock.move(seconds=-119)
        assert len(server.asked) < 5, "a dead server is not asked in every pass"
        city.clock.move(hours=2)
        write(city)
        city.judge()
        assert len([text for text in city.alarms() if "model server" in text]) == 1
        assert [line.detail["failures"] for line in told(city)] == list(range(1, len(server.asked) + 1))
        server.script = well
        city.clock.move(hours=2)
        write(city)
        city.judge()
        assert told(city)[-1].kind == "moderation.answers"
        assert "since 2026-11-20" in str(told(city)[-1].detail["why"])
        server.script = badly
        write(city)
        city.judge()
    assert told(city)[-1].detail["failures"] == 1
    assert len([text for text in city.alarms() if "model server" in text]) == 2
    assert city.broken_promises() == []


def test_half_an_answer_is_used_as_far_as_it_goes(city: City) -> None:
    def once(handler: Handler) -> None:
        (well if len(handler.server.asked) == 1 else badly)(handler)

    with serving(once) as server:
        engine = with_server(city, server)
        for number in range(JUDGED_AT_ONCE + 10):
            city.write("youtube", f"Question no. {number}")
        city.poll()
        city.judge()
    assert sum(bool(context.scores) for context in engine.heard.values()) == JUDGED_AT_ONCE
    assert told(city)[0].detail["comments"] == 10


def test_doctor_asks_the_server_too(city: City) -> None:
    with serving(well) as server:
        wanted = city.settings.model_copy(update={"moderation": Moderation(url=server.url, model="guard")})
        (finding,) = [each for each in doctor.examine(wanted, city.clock()) if each.what.startswith("model server")]
        assert finding.ok
        assert finding.details == ("guard-2026-05 scores harassment",)
        server.script = badly
        (finding,) = [each for each in doctor.examine(wanted, city.clock()) if each.what.startswith("model server")]
        assert not finding.ok
        assert "HTTP 500" in finding.details[0]
    assert not [each for each in doctor.examine(city.settings, city.clock()) if each.what.startswith("model server")]


def test_city_accounts_are_never_judged_as_the_public_is(city: City) -> None:
    staff = city.accounts["facebook"].person
    comment = city.world.add_comment(city.posts["facebook"], "what the fuck is wrong with this street", author=staff)
    city.run()
    assert city.state(comment) is State.CLEARED
    assert "written by a City account" in city.case(comment).why
    assert comment.public
