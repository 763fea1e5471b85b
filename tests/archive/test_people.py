"""Accounts, pauses and the outbox: what people set, and what they are told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from builders import NOON, PERSON, an_account, later
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, ProgrammingError

from archive import accounts, ledger, outbox, pauses, tables
from archive.accounts import UnknownAccount
from bot.domain.types import Cursor, Mode

if TYPE_CHECKING:
    from archive.accounts import AccountStanding
    from archive.database import Tx

KEY = "youtube:UCcity"


def _standing(tx: Tx) -> AccountStanding:
    found = accounts.standing(tx, KEY)
    assert found is not None
    return found


def _kinds(tx: Tx) -> list[str]:
    return [line.kind for line in ledger.entries(tx)]


# Accounts -------------------------------------------------------------------------------------------------------------


def test_an_account_is_registered_once_and_its_changes_are_noted(tx: Tx) -> None:
    accounts.register(tx, an_account(), later(1))
    assert _kinds(tx) == ["account.registered"]
    accounts.move_cursor(tx, KEY, Cursor(text="5"))
    accounts.register(tx, an_account(mode=Mode.REVIEW, name="City of Example 🏛"), later(2))
    standing = _standing(tx)
    assert (standing.account.mode, standing.account.name) == (Mode.REVIEW, "City of Example 🏛")
    assert standing.cursor == Cursor(text="5")
    line = ledger.head(tx)
    assert line is not None
    assert line.kind == "account.changed"
    assert line.detail["was"] == {"name": "City of Example", "mode": "enforce"}


def test_all_accounts_are_given_in_order(tx: Tx) -> None:
    accounts.register(tx, an_account(platform="facebook", id="1"), NOON)
    assert [standing.account.key for standing in accounts.all_standing(tx)] == ["facebook:1", KEY]
    assert accounts.standing(tx, "x:1") is None


def test_failures_are_counted_and_told_now_and_then(tx: Tx) -> None:
    for number in range(1, 21):
        accounts.poll_failed(tx, KEY, why="502", until=later(number + 60), now=later(number))
    assert _standing(tx).failures == 20
    assert _standing(tx).poll_not_before == later(80)
    told = list(ledger.entries(tx, kinds=["account.polling_failed"]))
    assert [line.detail["failures"] for line in told] == [1, 10, 20]
    assert all(line.detail["account"] == KEY for line in told)
    accounts.polled(tx, KEY, later(100))
    assert (_standing(tx).failures, _standing(tx).poll_not_before, _standing(tx).polled_at) == (0, None, later(100))
    assert _kinds(tx)[-1] == "account.polling_recovered"
    lines = len(_kinds(tx))
    accounts.polled(tx, KEY, later(200))
    assert len(_kinds(tx)) == lines, "a poll that went well needs no line"


def test_a_platform_may_limit_acting(tx: Tx) -> None:
    accounts.limit_acting(tx, KEY, later(900), "429", NOON)
    assert _standing(tx).act_not_before == later(900)
    assert _kinds(tx)[-1] == "account.limited"


def test_a_stopped_account_keeps_its_first_reason_and_what_nobody_could_read(tx: Tx) -> None:
    body = b"<html>\xff\x00"
    accounts.stop(tx, KEY, "Malformed: no JSON", later(1), payload=body)
    accounts.stop(tx, KEY, "Unauthorised", later(2), payload=b"other")
    assert (_standing(tx).stopped_why, _standing(tx).stopped_at) == ("Malformed: no JSON", later(1))
    assert tx.execute(select(tables.payload.c.body)).scalars().all() == [body]
    line = ledger.head(tx)
    assert line is not None
    assert line.detail["payload"] == hashlib.sha256(body).hexdigest()
    accounts.resume(tx, KEY, PERSON, later(3))
    assert _standing(tx).stopped_why is None
    accounts.stop(tx, KEY, "again", later(4), payload=body)
    assert tx.execute(select(tables.payload.c.body)).scalars().all() == [body]
    accounts.resume(tx, KEY, PERSON, later(5))
    accounts.resume(tx, KEY, PERSON, later(6))
    assert _kinds(tx)[1:] == ["account.stopped", "account.resumed"] * 2
    resumed = ledger.head(tx)
    assert resumed is not None
    assert (resumed.agent, resumed.at) == (PERSON, later(5))


def test_an_unknown_account_is_said(tx: Tx) -> None:
    for change in (
        lambda: accounts.polled(tx, "x:1", NOON),
        lambda: accounts.poll_failed(tx, "x:1", why="w", until=NOON, now=NOON),
        lambda: accounts.limit_acting(tx, "x:1", NOON, "w", NOON),
        lambda: accounts.stop(tx, "x:1", "w", NOON),
        lambda: accounts.resume(tx, "x:1", PERSON, NOON),
    ):
        with pytest.raises(UnknownAccount, match="no account x:1"):
            change()


# Pauses ---------------------------------------------------------------------------------------------------------------


def test_a_pause_holds_until_it_is_resumed(tx: Tx) -> None:
    begun = pauses.pause(tx, "*", PERSON, "election night", None, later(1))
    assert (begun.scope, begun.who, begun.why, begun.since, begun.until) == (
        "*",
        PERSON,
        "election night",
        later(1),
        None,
    )
    assert pauses.in_force(tx, later(10**8)) == [begun]
    assert pauses.resume(tx, "*", PERSON, "it is over", later(2)) == 1
    assert pauses.in_force(tx, later(3)) == []
    assert _kinds(tx)[1:] == ["pause.begun", "pause.ended"]


def test_pauses_add_up_and_end_by_scope(tx: Tx) -> None:
    everything = pauses.pause(tx, "*", PERSON, "a", None, later(1))
    pauses.pause(tx, KEY, PERSON, "b", None, later(2))
    pauses.pause(tx, KEY, PERSON, "c", later(99), later(3))
    assert [pause.why for pause in pauses.in_force(tx, later(4))] == ["a", "b", "c"]
    assert pauses.resume(tx, KEY, PERSON, "done", later(5)) == 2
    assert pauses.in_force(tx, later(6)) == [everything]
    assert pauses.resume(tx, "x:1", PERSON, "nothing there", later(7)) == 0
    assert _kinds(tx)[-1] == "pause.ended", "resuming is a recorded act even if nothing was paused"


def test_a_pause_that_runs_out_is_announced_once(tx: Tx) -> None:
    begun = pauses.pause(tx, "*", PERSON, "an hour", later(3600), NOON)
    assert pauses.in_force(tx, later(3599.999)) == [begun]
    assert pauses.expire(tx, later(3599)) == []
    assert pauses.in_force(tx, later(3600)) == [], "not in force, even before anybody has written that down"
    assert pauses.expire(tx, later(3700)) == [begun]
    assert pauses.expire(tx, later(3701)) == []
    line = ledger.head(tx)
    assert line is not None
    assert (line.kind, line.detail["who"]) == ("pause.expired", str(PERSON))


# The outbox -----------------------------------------------------------------------------------------------------------


def _put(tx: Tx, key: str = "evidence:e1", at: float = 0) -> str:
    return outbox.put(
        tx,
        kind="evidence",
        key=key,
        to=("smm@city.example", "clerk@city.example"),
        subject="Beweis 🧾",
        message=b"\x00\xffbody",
        now=later(at),
    )


def test_a_mail_is_owed_once_for_each_key(tx: Tx) -> None:
    first = _put(tx)
    assert _put(tx, at=5) == first
    assert _kinds(tx).count("mail.queued") == 1
    (mail,) = outbox.due(tx, later(9), 10)
    assert mail == outbox.Mail(
        id=first,
        kind="evidence",
        key="evidence:e1",
        to=("smm@city.example", "clerk@city.example"),
        subject="Beweis 🧾",
        message=b"\x00\xffbody",
        attempts=0,
        unfinished=False,
    )


def test_the_ledger_tells_of_a_mail_but_not_what_it_says(tx: Tx) -> None:
    id_ = _put(tx)
    line = ledger.head(tx)
    assert line is not None
    assert line.detail == {
        "mail": id_,
        "mail_kind": "evidence",
        "key": "evidence:e1",
        "to": ["smm@city.example", "clerk@city.example"],
        "sha256": hashlib.sha256(b"\x00\xffbody").hexdigest(),
    }


def test_a_mail_is_begun_and_sent(tx: Tx) -> None:
    id_ = _put(tx)
    assert not outbox.accepted(tx, "evidence:e1")
    outbox.begin(tx, id_, later(1))
    (mail,) = outbox.due(tx, later(1), 10)
    assert (mail.attempts, mail.unfinished) == (1, True), "killed here, it is sent again as a possible second copy"
    outbox.sent(tx, id_, later(2), "250 ok", b"Subject: A test")
    assert outbox.due(tx, later(99), 10) == []
    assert outbox.accepted(tx, "evidence:e1")
    assert _kinds(tx)[-1] == "mail.sent"
    assert outbox.tally(tx) == {"waiting": 0, "failing": 0, "sent": 1}
    assert _put(tx, at=9) == id_, "what was sent is not owed again"


def test_failures_of_a_mail_are_counted_and_told_now_and_then(tx: Tx) -> None:
    id_ = _put(tx)
    for number in range(1, 12):
        if number % 2:  # every other time the server cannot even be reached
            outbox.begin(tx, id_, later(number))
        outbox.failed(tx, id_, later(number), until=later(number + 60), why="451")
    assert outbox.due(tx, later(70), 10) == []
    (mail,) = outbox.due(tx, later(71), 10)
    assert (mail.attempts, mail.unfinished) == (11, False)
    told = list(ledger.entries(tx, kinds=["mail.failed"]))
    assert [line.detail["failures"] for line in told] == [1, 10]
    assert outbox.tally(tx) == {"waiting": 1, "failing": 1, "sent": 0}


def test_mails_are_due_oldest_first(tx: Tx) -> None:
    assert outbox.oldest_waiting(tx) is None
    second, first = _put(tx, "b", at=5), _put(tx, "a", at=1)
    assert [mail.id for mail in outbox.due(tx, later(9), 10)] == [first, second]
    assert [mail.id for mail in outbox.due(tx, later(9), 1)] == [first]
    assert outbox.oldest_waiting(tx) == later(1)


def test_a_mail_that_is_not_there_is_said(tx: Tx) -> None:
    for change in (
        lambda: outbox.begin(tx, "nope", NOON),
        lambda: outbox.sent(tx, "nope", NOON, "250", b""),
        lambda: outbox.failed(tx, "nope", NOON, until=NOON, why="x"),
    ):
        with pytest.raises(LookupError, match="no mail nope"):
            change()


def test_a_mail_never_changes(tx: Tx) -> None:
    _put(tx)
    with pytest.raises((IntegrityError, ProgrammingError), match=r"never change once written|permission denied"):
        tx.execute(tables.outbox.update().values(message=b"other"))


def test_digests_are_marked(tx: Tx) -> None:
    assert outbox.last_digest(tx, "pio@city.example") is None
    outbox.mark_digest(tx, "pio@city.example", 1, 17, NOON)
    outbox.mark_digest(tx, "pio@city.example", 2, 40, later(86400))
    mark = outbox.DigestMark(number=2, through_seq=40, at=later(86400))
    assert outbox.last_digest(tx, "pio@city.example") == mark
    assert replace(mark, number=2) == mark
    assert _kinds(tx).count("digest.marked") == 2
