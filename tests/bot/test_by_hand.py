"""Platforms on which people look and act: it is on record, nothing is done before evidence, and no zero is silent."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from city import HARMLESS, VIOLATION, City
from PIL import Image

from archive import accounts, cases, evidence, handwork, ledger, orders, outbox, records
from archive.verify import verify
from bot import coverage, digest, tasks
from bot.coverage import Watch
from bot.domain.states import State
from bot.domain.types import Action, OrderStatus, Quality, Ref
from bot.review import NotPossible, dismiss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.capture import Camera

    Run = Callable[..., tuple[int, str, str]]

PIN = "https://www.pinterest.com/pin/1234567890/?auto_token=SECRETSECRET&x=1"
KEY = "pinterest:cityoffountains"
WHO = ("--who", "Kim Clerk")


def an_entry(platform: str, **other: Any) -> dict[str, Any]:
    return {"platform": platform, "id": "cityoffountains", "name": "City of Fountains", "mode": "review"} | other


@pytest.fixture
def town(tmp_path: Path, camera: Camera) -> Iterator[City]:
    """A city whose accounts are on Pinterest and Snapchat alone."""
    with City(tmp_path, camera, accounts=[an_entry("pinterest"), an_entry("snapchat")]) as city:
        city.clock.now = city.clock.now.replace(year=2020)  # commands read the real clock, which is later
        yield city


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    return a_picture(tmp_path / "shot.png", "white")


def a_picture(path: Path, colour: str) -> Path:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "PNG")
    path.write_bytes(data.getvalue())
    return path


class Desk:
    """A member of staff at a terminal."""

    def __init__(self, city: City, citymod: Run) -> None:
        self.city = city
        self._citymod = citymod

    def __call__(self, *words: object, code: int = 0) -> str:
        got, out, err = self._citymod(*words, "--config", self.city.file)
        assert got == code, out + err
        return out + err

    def enter(self, text: str, *more: object, account: str = KEY, code: int = 0) -> Ref:
        out = self(
            "intake",
            "add",
            "--account",
            account,
            "--url",
            PIN,
            "--author",
            "pat_resident",
            "--text",
            text,
            *WHO,
            *more,
            code=code,
        )
        return Ref.parse(next(line for line in out.splitlines() if line.startswith(account)))

    def work(self) -> None:
        """What the daemon does, at the real time that the commands go by."""
        from bot.daemon import single_pass
        from bot.terminal import clock

        single_pass(self.city.parts, clock)

    def state(self, ref: Ref) -> State:
        with self.city.parts.database.read() as tx:
            case = cases.case(tx, ref)
        assert case is not None
        return case.state

    def task(self, kind: str) -> str:
        """The one task of that kind that waits."""
        (found,) = [line for line in self("tasks", "list").splitlines() if line.startswith(f"{kind}:")]
        return found

    def digest(self) -> str:
        return self("digest", "--preview")

    def secured(self, shot: Path) -> Ref:
        """A comment that a person decided to take away, with its evidence sealed and mailed."""
        ref = self.enter(VIOLATION, "--screenshot", shot)
        self.work()
        self("review", "uphold", ref, "--reason", "clause 2", *WHO)
        self.work()
        return ref


@pytest.fixture
def desk(town: City, citymod: Run) -> Desk:
    return Desk(town, citymod)


# What staff saw -------------------------------------------------------------------------------------------------------


def test_what_staff_saw_is_a_comment_on_record_and_judged(desk: Desk, shot: Path) -> None:
    bad, good = desk.enter(VIOLATION, "--screenshot", shot), desk.enter(HARMLESS)
    desk.work()
    assert (desk.state(bad), desk.state(good)) == (State.IN_REVIEW, State.CLEARED)
    with desk.city.parts.database.read() as tx:
        comment = records.comment(tx, bad)
        entered = [line for line in cases.history(tx, bad) if line.kind == "intake.entered"]
    said = json.loads(comment.raw)
    assert comment.text == said["text"] == VIOLATION
    assert comment.url == said["url"] == "https://www.pinterest.com/pin/1234567890/"
    assert (said["entered_by"], said["author"], said["account"]) == ("Kim Clerk", "pat_resident", KEY)
    assert len(said["pictures"]) == 1
    assert [str(line.agent) for line in entered] == ["person:Kim Clerk"]
    assert b"SECRETSECRET" not in (desk.city.settings.data / "citymod.db").read_bytes()


def test_the_same_comment_entered_twice_is_one(desk: Desk, shot: Path) -> None:
    first = desk.enter(VIOLATION, "--screenshot", shot)
    assert desk.enter(VIOLATION, "--screenshot", shot) == first
    with desk.city.parts.database.read() as tx:
        assert records.counts(tx)["comments"] == 1
        assert records.counts(tx)["revisions"] == 1


def test_an_edited_comment_is_another_wording_of_the_same(desk: Desk) -> None:
    ref = desk.enter(VIOLATION)
    desk.work()
    assert desk.enter(HARMLESS, "--case", ref) == ref
    assert desk.state(ref) is State.OBSERVED
    with desk.city.parts.database.read() as tx:
        assert records.wordings(tx, ref) == [VIOLATION, HARMLESS]


def test_a_file_gives_the_words_without_the_editors_last_line_break(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("two lines\n\nof “words”  \n", encoding="utf-8")
    out = desk("intake", "add", "--account", KEY, "--url", PIN, "--author", "pat", "--text-file", file, *WHO)
    ref = Ref.parse(out.splitlines()[1])
    with desk.city.parts.database.read() as tx:
        assert records.comment(tx, ref).text == "two lines\n\nof “words”  "


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--account", "pinterest:other", "--url", PIN, "--text", "x"), "there is no account pinterest:other"),
        (("--account", KEY, "--url", "pinterest", "--text", "x"), "no web address"),
        (("--account", KEY, "--url", "https://[pin", "--text", "x"), "no web address"),
        (("--account", KEY, "--url", PIN, "--text", " \n"), "is empty"),
        (("--account", KEY, "--url", PIN, "--text", "x", "--seen-at", "2999-01-01T10:00"), "lies ahead"),
        (("--account", KEY, "--url", PIN, "--text", "x", "--case", "snapchat:cityoffountains:h1"), "is not on"),
    ],
)
def test_what_cannot_be_taken_in_is_told(desk: Desk, words: tuple[str, ...], said: str) -> None:
    assert said in desk("intake", "add", "--author", "pat", *words, *WHO, code=1)
    with desk.city.parts.database.read() as tx:
        assert records.counts(tx)["comments"] == 0


def test_what_is_no_picture_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "shot.png"
    file.write_bytes(b"<html>")
    words = ("--account", KEY, "--url", PIN, "--author", "pat", "--text", "x", "--screenshot", file, *WHO)
    assert "is no PNG, JPEG, GIF or WebP picture" in desk("intake", "add", *words, code=2)


# Evidence first -------------------------------------------------------------------------------------------------------


def test_nobody_is_asked_to_act_before_a_picture_is_sealed(desk: Desk, shot: Path) -> None:
    ref = desk.enter(VIOLATION)
    desk.work()
    desk("review", "uphold", ref, "--reason", "clause 2", *WHO)
    desk.work()
    assert desk.state(ref) is State.MARKED
    listed = desk("tasks", "list")
    assert f"picture:{ref}" in listed
    assert VIOLATION in listed
    assert "act:" not in listed
    desk("intake", "picture", ref, "--screenshot", shot, *WHO)
    assert f"picture:{ref}" not in desk("tasks", "list")
    desk.work()
    assert desk.state(ref) is State.SECURED
    assert "--did deleted" in desk("tasks", "show", desk.task("act"))


def test_the_evidence_holds_staffs_picture_byte_for_byte_and_says_what_it_is(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    with desk.city.parts.database.read() as tx:
        (sealed,) = evidence.all_of(tx, ref)
    store = desk.city.settings.evidence_folder
    assert (sealed.quality, sealed.conditions["source"]) == (Quality.FULL, "staff")
    assert "entered by hand" in sealed.conditions["rendition"]
    assert "API" not in evidence.transcript(store, sealed)
    (picture,) = evidence.staff_pictures(store, sealed)
    assert picture.read_bytes() == shot.read_bytes()
    assert "Kim Clerk" in sealed.conditions["staff/1.png"]
    assert evidence.check(store, sealed) == []
    mails = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in desk.city.sink.folder.glob("*.eml")]
    (mail,) = [mail for mail in mails if str(mail["Subject"]).startswith("Evidence")]
    assert "delete (staff do it by hand), decided by person Kim Clerk" in mail.get_body(("plain",)).get_content()
    attached = [part.get_content() for part in mail.walk() if part.get_filename() == "staff-1.png"]
    assert attached == [shot.read_bytes()]


def test_without_staffs_picture_a_capture_is_not_full_and_carries_no_order(desk: Desk) -> None:
    ref = desk.enter(VIOLATION)
    desk.work()
    desk("review", "uphold", ref, "--reason", "clause 2", *WHO)
    desk.city.secure()
    assert desk.state(ref) is State.IN_REVIEW
    with desk.city.parts.database.read() as tx:
        (sealed,) = evidence.all_of(tx, ref)
        assert sealed.quality is Quality.PARTIAL
        assert orders.latest(tx, ref) is None


def test_a_picture_of_other_words_does_not_count(desk: Desk, shot: Path) -> None:
    ref = desk.enter(HARMLESS, "--screenshot", shot)
    desk.enter(VIOLATION, "--case", ref)
    desk.work()
    desk("review", "uphold", ref, "--reason", "clause 2", *WHO)
    desk.work()
    assert desk.state(ref) is State.MARKED
    assert desk.task("picture") == f"picture:{ref}"


# Acting by hand -------------------------------------------------------------------------------------------------------


def test_what_is_for_good_needs_a_second_person(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    task = desk.task("act")
    done = ("tasks", "done", task, "--did", "deleted", *WHO)
    assert "name who agreed with --second" in desk(*done, code=1)
    assert "somebody else than --who" in desk(*done, "--second", " kim  CLERK", code=1)
    assert desk.state(ref) is State.SECURED
    assert "Attested." in desk(*done, "--second", "Robin Counsel")
    assert desk.state(ref) is State.ENFORCED


def test_nobody_is_sent_to_what_is_suspected_to_show_the_abuse_of_a_child(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    desk.task("act")
    desk("csam", "mark", ref, "--reason", "a drill", *WHO)
    said = desk("tasks", "list")
    assert ("act:" in said, str(ref) in said) == (False, False)
    assert desk.state(ref) is State.IN_REVIEW
    desk.work()
    assert "act:" not in desk("tasks", "list")
    desk("verify")


def test_a_persons_word_is_attested_and_never_called_confirmed(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    desk("tasks", "done", desk.task("act"), "--did", "deleted", "--second", "Robin", *WHO)
    with desk.city.parts.database.read() as tx:
        order = orders.carried_out(tx, ref)
        assert order is not None
        assert (order.action, order.status) == (Action.DELETE, OrderStatus.CONFIRMED)
        assert orders.basis(tx, order) == "attested"
        (said,) = handwork.attestations(tx, order)
        kinds = [line.kind for line in cases.history(tx, ref)]
    assert (said.deed, said.agent.name, said.second and said.second.name) == ("deleted", "Kim Clerk", "Robin")
    assert "order.attested" in kinds
    shown = desk("review", "show", ref)
    assert "attested by Kim Clerk: deleted by hand, Robin agreed" in shown
    told = shown + desk.digest() + desk("tasks", "list")
    assert "confirmed" not in told
    assert "seen by no program" in told
    report = verify(
        desk.city.parts.database,
        desk.city.settings.evidence_folder,
        desk.city.settings.media_folder,
        now=desk.city.clock(),
    )
    assert report.problems == []


def test_a_word_alone_stays_in_every_digest_until_a_picture_of_afterwards_comes(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    desk("tasks", "done", desk.task("act"), "--did", "deleted", "--second", "Robin", *WHO)
    for _ in range(2):
        text = desk.digest()
        assert "ATTESTED, NOT VERIFIED (1)" in text
        assert "HIDDEN (0)" in text
        assert "* 1 act rests on somebody's word alone." in text
        desk("digest")
    after = a_picture(shot.with_name("after.png"), "black")
    assert "afterwards" in desk("intake", "picture", ref, "--screenshot", after, *WHO)
    assert "ATTESTED, NOT VERIFIED" not in desk.digest()


def test_a_picture_of_afterwards_may_come_with_the_word(desk: Desk, shot: Path) -> None:
    desk.secured(shot)
    done = ("tasks", "done", desk.task("act"), "--did", "deleted", "--second", "Robin", "--screenshot", shot, *WHO)
    assert "Attested." in desk(*done)
    assert "ATTESTED, NOT VERIFIED" not in desk.digest()


def test_a_step_leaves_the_task_where_it_is(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    task = desk.task("act")
    assert "task stays" in desk("tasks", "done", task, "--did", "reported", *WHO)
    assert desk.state(ref) is State.SECURED
    assert "reported on" in desk("tasks", "show", task)


def test_a_task_that_cannot_be_done_goes_to_a_person(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    desk("tasks", "refuse", desk.task("act"), "--reason", "the menu is not there", *WHO)
    assert desk.state(ref) is State.IN_REVIEW
    assert "act:" not in desk("tasks", "list")


def test_what_was_done_before_the_evidence_was_not_done_for_the_order(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    done = ("tasks", "done", desk.task("act"), "--did", "deleted", "--second", "Robin", *WHO)
    assert "citymod intake gone" in desk(*done, "--at", "2026-01-01T10:00", code=1)
    desk("intake", "gone", ref, "--reason", "it was gone when I came", *WHO)
    assert desk.state(ref) is State.GONE
    assert "act:" not in desk("tasks", "list")


def test_somebody_sees_it_again(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    desk("tasks", "done", desk.task("act"), "--did", "deleted", "--second", "Robin", *WHO)
    assert desk.enter(VIOLATION) == ref
    assert desk.state(ref) is State.IN_REVIEW


def test_while_acting_is_paused_nobody_is_told_how(desk: Desk, shot: Path) -> None:
    desk.secured(shot)
    desk("pause", "--reason", "a storm", *WHO)
    listed = desk("tasks", "list")
    assert "NOT NOW: paused by person:Kim Clerk: a storm" in listed
    assert "--did" not in listed
    desk("tasks", "done", desk.task("act"), "--did", "deleted", "--second", "Robin", "--reason", "too late", *WHO)
    with desk.city.parts.database.read() as tx:
        line = ledger.last(tx, ("task.attested",))
    assert line is not None
    assert line.detail["why"] == "too late (done although: paused by person:Kim Clerk: a storm)"


def test_deleting_waits_for_the_evidence_mail(desk: Desk, shot: Path) -> None:
    ref = desk.enter(VIOLATION, "--screenshot", shot)
    desk.work()
    desk("review", "uphold", ref, "--reason", "clause 2", *WHO)
    desk.city.secure()
    with desk.city.parts.database.read() as tx:
        assert outbox.tally(tx)["waiting"] == 1
    listed = desk("tasks", "list")
    assert "NOT NOW: deleting waits until the evidence mail is accepted" in listed
    assert "--did" not in listed


def test_a_dismissed_comment_is_no_task_any_more(desk: Desk, shot: Path) -> None:
    ref = desk.secured(shot)
    task = desk.task("act")
    with desk.city.parts.database.begin() as tx:
        dismiss(tx, ref, who="Robin", why="satire", now=desk.city.clock())
    assert "act:" not in desk("tasks", "list")
    assert "does not wait any more" in desk("tasks", "done", task, "--did", "reported", *WHO, code=1)


def test_no_rule_alone_leads_to_a_deletion(town: City, citymod: Run) -> None:
    settings = town.file.read_text(encoding="utf-8").replace("mode: review", "mode: enforce", 1)
    town.file.write_text(settings, encoding="utf-8")
    code, _, err = citymod("status", "--config", town.file)
    assert code == 2
    assert "only deleted for good, and no rule deletes" in err


# Looking --------------------------------------------------------------------------------------------------------------


def test_looking_and_finding_nothing_is_on_record(desk: Desk) -> None:
    assert "assisted, NEVER checked" in desk.digest()
    task = f"look:{KEY}"
    assert task in desk("tasks", "list")
    assert "Say either --nothing or --found" in desk("tasks", "done", task, *WHO, code=2)
    desk("tasks", "done", task, "--nothing", *WHO)
    assert task not in desk("tasks", "list")
    with desk.city.parts.database.read() as tx:
        line = ledger.last(tx, ("task.attended",))
    assert line is not None
    assert (str(line.agent), line.detail["outcome"], line.detail["account"]) == ("person:Kim Clerk", "nothing", KEY)
    text = desk.digest()
    assert "City of Fountains on Pinterest: assisted, looked at" in text
    assert "by Kim Clerk (nothing)" in text
    assert "City of Fountains on Snapchat: assisted, NEVER checked" in text


def test_an_hour_that_passed_without_a_look_is_told_at_the_top(town: City) -> None:
    entry = town.settings.accounts[0]
    town.clock.now = town.clock.now.replace(month=11, day=23, hour=16)  # a Monday, 10:00 in Kansas City
    with town.parts.database.begin() as tx:
        tasks.looked(tx, town.settings, KEY, found=2, who="Kim", why="", now=town.clock())
        looked = coverage.of(tx, town.settings, entry, town.clock())
        assert (looked.watch, looked.is_unchecked) == (Watch.LOOKED, False)
        assert coverage.in_words(looked, town.settings.zone).startswith("assisted, looked at Nov 23")
        town.clock.move(hours=7)
        told = digest.fold(tx, town.settings, town.settings.pios[0], town.clock())
    said = "assisted, UNCHECKED since Nov 23, 2020, 10:00 AM CST by Kim (found 2)"
    assert dict(told.coverage)["City of Fountains on Pinterest"] == said
    assert any(said in line for line in told.headlines)


def test_an_account_that_was_looked_at_in_time_is_well(desk: Desk) -> None:
    desk("tasks", "done", f"look:{KEY}", "--nothing", *WHO)
    well = {account["key"]: account["well"] for account in json.loads(desk("status", "--json"))["accounts"]}
    assert well == {KEY: True, "snapchat:cityoffountains": False}


def test_no_account_is_called_read_that_no_program_reads(desk: Desk) -> None:
    desk.work()
    found = json.loads(desk("status", "--json"))
    assert {account["read"] for account in found["accounts"]} == {"by no program"}
    assert {account["standing"] for account in found["accounts"]} == {"assisted, NEVER checked"}
    assert found["tasks"] == 2
    with desk.city.parts.database.read() as tx:
        assert {standing.polled_at for standing in accounts.all_standing(tx)} == {None}


def test_looking_at_nothing_known_is_refused(town: City) -> None:
    with pytest.raises(NotPossible, match="no account x:1"), town.parts.database.begin() as tx:
        tasks.looked(tx, town.settings, "x:1", found=0, who="Kim", why="", now=town.clock())


def test_a_task_is_told_whole_on_a_narrow_terminal(desk: Desk, shot: Path) -> None:
    ref = desk.enter(f"{VIOLATION} {'and so on ' * 30}to the last word", "--screenshot", shot)
    desk.work()
    desk("review", "uphold", ref, "--reason", "clause 2", *WHO)
    desk.work()
    command = [sys.executable, "-m", "bot.cli", "tasks", "list", "--config", str(desk.city.file)]
    narrow = {**os.environ, "COLUMNS": "40"}
    told = subprocess.run(command, capture_output=True, text=True, env=narrow, check=True).stdout
    assert "to the last word”" in told
    assert "It cannot be undone. Needs --second, who agrees." in told
