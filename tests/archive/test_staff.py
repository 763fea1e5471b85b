"""People of the console, their sessions, what they have in hand and what they looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from builders import NOON, PERSON, a_batch, a_comment, a_ref, an_account, later

from archive import access, claims, ledger, links_used, records, sessions, staff
from bot.domain.types import Role

if TYPE_CHECKING:
    from archive.database import Tx

KIM, LEE = "kim@city.example", "lee@city.example"
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)


@pytest.fixture
def both(tx: Tx) -> Tx:
    """Two people and a comment."""
    for login in (KIM, LEE):
        staff.add(tx, login, name="N", roles=[Role.PIO], accounts=[], password="p", totp="t", agent=PERSON, now=NOON)
    records.observe(tx, a_batch(a_comment()), account=an_account(), now=NOON)
    return tx


def session(tx: Tx, token: str, at: float) -> sessions.Session | None:
    return sessions.of(tx, token, later(at), idle=IDLE, longest=LONGEST)


def test_each_change_of_a_person_is_a_line_without_what_proves_them(both: Tx) -> None:
    staff.set_roles(both, KIM, roles=[Role.VIEWER], accounts=["x:1"], agent=PERSON, now=later(1))
    staff.set_proofs(both, KIM, password="secret-hash", totp="secret-code", agent=PERSON, now=later(2))
    staff.disable(both, KIM, why="left", agent=PERSON, now=later(3))
    staff.enable(both, KIM, why="is back", agent=PERSON, now=later(4))
    lines = [line for line in ledger.entries(both) if line.kind.startswith("staff.") and line.detail["login"] == KIM]
    assert [line.kind for line in lines] == [
        f"staff.{what}" for what in ("added", "changed", "proofs_changed", "disabled", "enabled")
    ]
    assert lines[1].detail["was"] == {"roles": ["pio"], "accounts": []}
    assert not any("secret" in str(line.detail) for line in lines)


def test_a_login_is_given_once(both: Tx) -> None:
    with pytest.raises(staff.Taken, match=r"kim@city\.example is known already"):
        staff.add(both, KIM, name="", roles=[], accounts=[], password="p", totp="t", agent=PERSON, now=NOON)
    with pytest.raises(staff.Unknown, match="nobody is called x"):
        staff.disable(both, "x", why="", agent=PERSON, now=NOON)


def test_the_database_does_not_know_what_the_browser_holds(both: Tx) -> None:
    token = sessions.begin(both, KIM, NOON)
    found = session(both, token, 1)
    assert found is not None
    assert (found.login, token in found.id) == (KIM, False)
    assert session(both, token + "x", 1) is None
    sessions.end(both, found)
    assert session(both, token, 2) is None


def test_a_session_is_over_when_it_lay_idle_or_lasted_too_long(both: Tx) -> None:
    token = sessions.begin(both, KIM, NOON)
    assert session(both, token, 30 * 60) is not None
    assert session(both, token, 30 * 60 + 1) is None
    for minute in range(29, 12 * 60, 29):
        found = session(both, token, minute * 60)
        assert found is not None
        sessions.used(both, found, later(minute * 60))
    assert session(both, token, 12 * 3600 + 1) is None


def test_a_case_is_in_one_person_s_hands_for_a_while(both: Tx) -> None:
    ref = a_ref()
    assert claims.take(both, ref, KIM, NOON).login == KIM
    assert claims.take(both, ref, LEE, later(60)).login == KIM
    assert claims.take(both, ref, KIM, later(500)).until == later(500 + 600)
    assert claims.take(both, ref, LEE, later(1101)).login == LEE
    claims.give_back(both, ref, KIM)
    assert claims.among(both, [ref, a_ref("other")], later(1102)).keys() == {ref}
    claims.give_back(both, ref, LEE)
    assert claims.of(both, ref, later(1102)) is None


def test_whoever_is_disabled_gives_back_what_they_have_in_hand(both: Tx) -> None:
    token = sessions.begin(both, KIM, NOON)
    claims.take(both, a_ref(), KIM, NOON)
    staff.disable(both, KIM, why="left", agent=PERSON, now=later(1))
    assert session(both, token, 2) is None
    assert claims.of(both, a_ref(), later(2)) is None


def test_a_link_is_used_once(both: Tx) -> None:
    assert links_used.used_at(both, "1") is None
    assert links_used.use(both, "1", "pause", PERSON, later(1))
    assert not links_used.use(both, "1", "pause", PERSON, later(2))
    assert links_used.used_at(both, "1") == later(1)


def test_who_looked_at_what_is_found_by_person_and_by_comment(both: Tx) -> None:
    access.note(both, KIM, "case", now=later(1), ref=a_ref(), origin="127.0.0.1")
    access.note(both, KIM, "search", now=later(2), said="leaf\x00 collection")
    access.note(both, LEE, "case", now=later(3), ref=a_ref())
    assert [one.login for one in access.latest(both, 9)] == [LEE, KIM, KIM]
    assert [one.said for one in access.latest(both, 9, login=KIM)] == ["leaf\x00 collection", None]
    about = access.latest(both, 9, ref=a_ref())
    assert [one.login for one in about] == [LEE, KIM]
    assert [one.login for one in access.latest(both, 9, ref=a_ref(), before=about[0].number)] == [KIM]
