"""Authors are told what was hidden and how to appeal; an appeal has a clock, another person, and a real restore."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from city import VIOLATION, City, the_rulebook

from archive import appeals as kept
from archive import handwork, ledger, orders, pauses
from bot import author_notices, digest, mailbox
from bot.appeals import decide, number_of, open_
from bot.domain.states import State
from bot.promises import ref_of
from bot.review import NotPossible, person, uphold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.appeals import Appeal
    from archive.capture import Camera
    from archive.ledger import Entry
    from bot.domain.types import Order
    from connectors.standin.world import WorldComment

INTAKE = "intake@fountains.example"


def telling(city: City, **changes: Any) -> City:
    """Turn notices on, with appeals by mail."""
    accounts = tuple(entry.model_copy(update={"notice": True}) for entry in city.settings.accounts)
    appeals = city.settings.appeals.model_copy(update={"address": INTAKE} | changes.pop("appeals", {}))
    city.settings = city.settings.model_copy(update={"accounts": accounts, "appeals": appeals} | changes)
    city.parts = replace(city.parts, settings=city.settings)
    return city


def notices(city: City, kind: str = author_notices.SENT) -> list[Entry]:
    with city.parts.database.read() as tx:
        return list(ledger.entries(tx, kinds=(kind,)))


def hidden(city: City, platform: str = "facebook") -> WorldComment:
    comment = city.write(platform, VIOLATION)
    city.run()
    assert city.state(comment) is State.ENFORCED
    return comment


def order_of(city: City, comment: WorldComment) -> Order:
    with city.parts.database.read() as tx:
        order = orders.carried_out(tx, ref_of(comment))
    assert order is not None
    return order


def told(city: City) -> list[str]:
    """What authors were told on Facebook, privately, as the platform has it."""
    private: dict[str, str] = city.standins.servers["facebook"].standin.private
    return list(private.values())


# Notices --------------------------------------------------------------------------------------------------------------


def test_nobody_is_told_unless_the_city_says_so(city: City) -> None:
    hidden(city)
    assert notices(city, author_notices.BEGUN) == []
    assert told(city) == []


def test_an_author_is_told_once_with_the_clause_and_the_case(city: City) -> None:
    comment = hidden(telling(city))
    city.run()
    (line,) = notices(city)
    (begun,) = notices(city, author_notices.BEGUN)
    confirmed = next(one for one in notices(city, "case.enforced") if one.ref == ref_of(comment))
    assert begun.seq > confirmed.seq, "not before the platform has shown it"
    assert line.ref == ref_of(comment)
    (text,) = told(city)
    policy = the_rulebook().policy
    assert f"“{policy.categories['C2'].text}”" in text
    assert f"write to {INTAKE} within 30 days and name case {number_of(order_of(city, comment).id)}" in text
    assert VIOLATION not in text
    assert city.broken_promises() == []


def test_cut_off_it_is_not_sent_again_and_the_digest_says_so(city: City) -> None:
    telling(city)
    comment = city.write("facebook", VIOLATION)
    city.up_to_secured()
    city.enforce()
    order = order_of(city, comment)
    line = notices(city, "case.enforced")[-1]
    with city.parts.database.begin() as tx:
        author_notices._note(tx, author_notices.BEGUN, line, order, city.clock(), text="…")
    assert author_notices.tell(city.parts, city.clock) == 0
    assert told(city) == []
    with city.parts.database.read() as tx:
        said = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
    assert any("may or may not have been sent" in line for line in said.trouble)


def test_notices_keep_to_their_number_an_hour_and_wait_while_acting_is_paused(city: City) -> None:
    telling(city, notices_an_hour=1)
    for _ in range(2):
        city.write("facebook", VIOLATION)
        city.up_to_secured()
        city.enforce()
    with city.parts.database.begin() as tx:
        pauses.pause(tx, "*", person("Kim"), "a storm", None, city.clock())
    assert author_notices.tell(city.parts, city.clock) == 0
    with city.parts.database.begin() as tx:
        pauses.resume(tx, "*", person("Kim"), "over", city.clock())
    assert author_notices.tell(city.parts, city.clock) == 1
    assert author_notices.tell(city.parts, city.clock) == 0
    city.clock.move(minutes=61)
    assert author_notices.tell(city.parts, city.clock) == 1
    assert len({line.ref for line in notices(city)}) == 2


def test_what_a_platform_refuses_is_on_record_and_not_tried_again(city: City) -> None:
    telling(city)
    comment = hidden(city, "x")  # an answer to the City's post that does not name it: X lets no program answer that
    city.run()
    (line,) = notices(city, author_notices.REFUSED)
    assert line.ref == ref_of(comment)
    assert "X lets a program answer only" in str(line.detail["why"])
    assert len(notices(city, author_notices.BEGUN)) == 1


def test_a_notice_fits_where_it_is_said(city: City) -> None:
    telling(city)
    for category in the_rulebook().policy.categories.values():
        short = author_notices.words(city.settings, category, "CM-0123456789", 280)
        whole = author_notices.words(city.settings, category, "CM-0123456789", None)
        assert len(short) <= 280
        assert "CM-0123456789" in short
        assert f"“{' '.join(category.text.split())}”" in whole


# Appeals --------------------------------------------------------------------------------------------------------------


def a_mail(text: str, sender: str = "pat@example.org", name: str = "1") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = sender, INTAKE, f"<{name}@example.org>"
    message["Subject"] = "My comment"
    message.set_content(text)
    return bytes(message)


def take(city: City, raw: bytes) -> None:
    with city.parts.database.begin() as tx:
        mailbox.take(tx, city.settings, raw, city.clock())


def every(city: City) -> list[Appeal]:
    with city.parts.database.read() as tx:
        return kept.every(tx)


def test_overturned_an_appeal_shows_the_comment_again_and_the_records_name_each_other(city: City) -> None:
    comment = hidden(telling(city))
    order = order_of(city, comment)
    take(city, a_mail(f"That word was a quote. Case {number_of(order.id).lower()}"))
    (appeal,) = every(city)
    assert (appeal.ref, appeal.order, appeal.who) == (ref_of(comment), order.id, "pat@example.org")
    assert appeal.due_at.astimezone(city.settings.zone).strftime("%a %H:%M") == "Wed 17:00", "three business days"
    with city.parts.database.read() as tx:
        assert handwork.unattended(tx) == []
    with city.parts.database.begin() as tx:
        decided = decide(tx, appeal.id, overturn=True, who="Robin", why="it is a quote", now=city.clock())
    city.run()
    assert city.state(comment) is State.RESTORED
    assert comment.public
    with city.parts.database.read() as tx:
        restored = orders.order(tx, decided.restored_by)
        history = list(ledger.entries(tx, ref=ref_of(comment), kinds=("decision.recorded", kept.DECIDED)))
    assert restored is not None
    assert restored.ref == ref_of(comment)
    assert f"appeal {appeal.id} was overturned" in str(history[0].detail["why"])
    assert (history[1].detail["order"], history[1].detail["restored_by"]) == (order.id, restored.id)
    assert city.broken_promises() == []
    city.run()
    assert city.state(comment) is State.RESTORED, "no rule undoes it"


def test_whoever_had_it_hidden_does_not_decide_the_appeal(city: City) -> None:
    comment = city.write("youtube", "this is rude")
    city.poll()
    city.judge()
    with city.parts.database.begin() as tx:
        category = the_rulebook().policy.categories["C3"]
        uphold(tx, ref_of(comment), who="Kim Clerk", why="as said", now=city.clock(), category=category)
    city.run()
    with city.parts.database.begin() as tx:
        order = orders.carried_out(tx, ref_of(comment))
        assert order is not None
        given = {"who": "Pat", "says": "no", "source": "staff", "agent": person("Lee"), "now": city.clock()}
        name = open_(tx, city.settings, order, **given)
        with pytest.raises(NotPossible, match="somebody else decides"):
            decide(tx, name, overturn=False, who=" kim  CLERK", why="no", now=city.clock())
        decide(tx, name, overturn=False, who="Robin", why="it stands", now=city.clock())
        with pytest.raises(NotPossible, match="was decided on"):
            decide(tx, name, overturn=True, who="Robin", why="or not", now=city.clock())
    city.run()
    assert not comment.public


def test_each_case_is_appealed_once_and_in_time_and_nobody_floods_the_city(city: City) -> None:
    telling(city, appeals={"most_each": 1})
    first, second = hidden(city), hidden(city)
    numbers = [number_of(order_of(city, one).id) for one in (first, second)]
    take(city, a_mail(f"case {numbers[0]}", name="1"))
    take(city, a_mail(f"case {numbers[0]}", name="2", sender="sam@example.org"))
    take(city, a_mail(f"case {numbers[1]}", name="3"))
    take(city, a_mail(f"cases {' '.join(numbers)}", name="4", sender="sam@example.org"))
    take(city, a_mail("case CM-0000000000", name="5", sender="sam@example.org"))
    assert len(every(city)) == 1
    with city.parts.database.read() as tx:
        left = [each.says for each in handwork.unattended(tx)]
    assert len(left) == 4, "what opens no appeal is looked into by somebody"
    assert sum("appealed already" in says for says in left) == 1
    assert sum("more appeals came by mail" in says for says in left) == 1
    city.clock.move(days=31)
    take(city, a_mail(f"case {numbers[1]}", name="6", sender="lee@example.org"))
    assert len(every(city)) == 1
    city.make_digests()
    digests = [path.read_text() for path in sorted(city.sink.folder.glob("*.eml"))]
    assert "OVERDUE: 1" in digests[-1]
    assert "APPEALS THAT WAIT (1)" in digests[-1]


def test_the_commands(tmp_path: Path, camera: Camera, citymod: Callable[..., tuple[int, str, str]]) -> None:
    with City(tmp_path, camera, appeals={"window_days": 100_000}) as city:  # commands go by the real clock
        comment = hidden(city)
        config = ("--config", city.file)
        case = number_of(order_of(city, comment).id)
        code, said, wrong = citymod(
            "appeal", "open", case, "--from", "Pat", "--says", "a quote", "--who", "Kim", *config
        )
        assert code == 0, wrong
        name = said.split()[1].rstrip(".")
        assert f"{name}  {case}  due" in citymod("appeal", "list", *config)[1]
        assert citymod("appeal", "open", ref_of(comment), "--from", "Sam", "--says", "too", *config)[0] == 1
        assert citymod("appeal", "open", "CM-0000000000", "--from", "Sam", "--says", "too", *config)[0] == 2
        decide_ = ("appeal", "decide", name, "--overturn", "--reason", "a quote")
        code, said, _ = citymod(*decide_, "--who", "Robin", *config)
        assert (code, "is overturned" in said) == (0, True)
        assert "No appeal waits" in citymod("appeal", "list", *config)[1]
        assert citymod(*decide_, "--who", "Robin", *config)[0] == 1
