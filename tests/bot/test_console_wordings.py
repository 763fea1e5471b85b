"""A pack or policy before it takes effect, in the console: what is otherwise, what that would change, who approves."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from builders import PACK
from city import HARMLESS, VIOLATION, City
from served import Served, console_settings, csrf, post

from archive import cases, ledger
from bot.domain.states import State
from bot.domain.types import Role
from bot.judging import shipped_rules
from rules.load import Approvals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

NEW = PACK.replace('version: "1"', 'version: "2"').replace("sell zyzzyva]", "sell zyzzyva, swap zyzzyva]")
SWAP = "Who will swap zyzzyva with me?"
MANAGER = "manager@city.example"
POLICY = shipped_rules().policy.read_text("utf-8")
MILDER = POLICY.replace("notice: Your comment contains a word on", "notice: Your comment has a word that is on")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Served]:
    with a_town(tmp_path / "city") as console:
        yield console


@contextmanager
def a_town(folder: Path, approvals: str = "approvals.yaml") -> Iterator[Served]:
    """A city with a pack of its own, which is in force, and comments that nothing was done about."""
    own = folder / "packs" / "our-pack.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(PACK, "utf-8")
    (folder / "policy.yaml").write_text(POLICY, "utf-8")
    rules = {
        "policy": "policy.yaml",
        "packs": [*(str(path) for path in shipped_rules().packs), "packs/our-pack.yaml"],
        "approvals": approvals,
    }
    with City(folder, console=console_settings(folder), rules=rules) as city:
        given = (folder / "approvals.yaml").read_text("utf-8") + entry(PACK) + entry(POLICY, "policy.yaml")
        (folder / approvals).write_text(given, "utf-8")
        for text in (SWAP, HARMLESS, VIOLATION):
            city.write("facebook", text)
        city.poll()
        city.judge()
        with Served(city) as console:
            yield console


def entry(text: str, name: str = "our-pack.yaml") -> str:
    return f"- {{sha256: {hash_of(text)}, file: {name}, approved_by: Ann Clerk, approved_on: 2026-01-01}}\n"


@pytest.fixture
def client(town: Served) -> Iterator[httpx.Client]:
    with town.as_(MANAGER, Role.SOCIAL_MEDIA_MANAGER) as client:
        yield client


def brought(client: httpx.Client, text: str = NEW, name: str = "our-pack.yaml") -> httpx.Response:
    """Bring a pack, and see its page."""
    form = {"csrf": csrf(client.get("/you"))}
    answer = client.post("/policy/wording", data=form, files={"wording": (name, text.encode(), "application/yaml")})
    return client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def said(answer: httpx.Response) -> str:
    """What a page says, without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", answer.text))


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_it_says_what_is_otherwise_and_which_comments_that_would_change(town: Served, client: httpx.Client) -> None:
    page = said(brought(client))
    assert "Against version 1, approved by Ann Clerk on 2026-01-01." in page
    assert "changed c9-zyzzyva" in page
    assert "1 phrases more: 'swap zyzzyva'" in page
    assert "1: stays → is hidden" in page
    assert SWAP in page
    assert VIOLATION not in page, "both hide it"
    with town.city.parts.database.read() as tx:
        assert cases.tally(tx) == {State.CLEARED: 2, State.MARKED: 1}, "nothing was done"


def test_approving_puts_it_in_its_place_in_the_name_of_who_is_signed_in(town: Served, client: httpx.Client) -> None:
    folder = town.city.file.parent
    page = brought(client)
    assert "taken up" not in page.text
    form = {"sha256": hash_of(NEW), "why": "the council asked for it"}
    answer = post(client, "/policy/wording/approve", form)
    assert answer.headers["location"] == "/policy?done=wording-approved", said(answer)
    assert (folder / "packs" / "our-pack.yaml").read_text("utf-8") == NEW
    given = Approvals.load(folder / "approvals.yaml").given(hash_of(NEW))
    assert given is not None
    assert (given.file, given.approved_by, str(given.approved_on)) == ("our-pack.yaml", "Manager", "2026-11-20")
    with town.city.parts.database.read() as tx:
        (line,) = ledger.entries(tx, kinds=("pack.approved",))
    assert (line.agent.name, line.detail["why"], line.detail["sha256"]) == (MANAGER, form["why"], hash_of(NEW))
    assert "Approved by Manager on 2026-11-20." in said(client.get("/policy"))
    assert post(client, "/policy/wording/approve", form).status_code == 404, "it waits no more"


def test_a_file_that_was_changed_where_it_lies_is_compared_with_what_was_approved(
    town: Served, client: httpx.Client
) -> None:
    with town.city.parts.database.begin() as tx:
        cases.keep_document(tx, hash_of(PACK), "our-pack.yaml", PACK, now=town.city.clock())
    (town.city.file.parent / "packs" / "our-pack.yaml").write_text(NEW, "utf-8")
    assert "our-pack.yaml pack named by the settings" in said(client.get("/policy"))
    page = said(client.get("/policy/wording", params={"sha256": hash_of(NEW)}))
    assert "Against version 1, approved by Ann Clerk" in page
    assert "1: stays → is hidden" in page
    assert post(client, "/policy/wording/approve", {"sha256": hash_of(NEW), "why": "x"}).status_code == 303


def test_what_is_wrong_with_it_is_told_and_cannot_be_approved(client: httpx.Client) -> None:
    wrong = PACK.replace("outcome: hide", "outcome: delete")
    page = brought(client, wrong)
    assert page.status_code == 409
    assert "only be hidden; write hide" in said(page)
    assert "I approve it" not in page.text
    assert post(client, "/policy/wording/approve", {"sha256": hash_of(wrong), "why": "x"}).status_code == 409


@pytest.mark.parametrize("name", ["../../etc/passwd", "pack.txt", ".yaml", "a b.yaml"])
def test_a_file_of_another_kind_is_not_kept(town: Served, client: httpx.Client, name: str) -> None:
    answer = brought(client, PACK, name)
    assert answer.status_code == 409
    assert "is no name for a policy or pack" in said(answer)
    assert not (town.city.settings.data / "packs-tried").exists()


def test_where_the_console_may_not_write_it_gives_the_very_commands(
    town: Served, client: httpx.Client, citymod: Callable[..., Any], tmp_path: Path
) -> None:
    """The packs that come with the program are nothing that a console writes over."""
    (original,) = [path for path in shipped_rules().packs if path.name == "c9-spam.yaml"]
    changed = original.read_text("utf-8").replace('version: "', 'version: "0', 1)
    page = brought(client, changed, "c9-spam.yaml")
    assert "The settings name no pack of the City’s own with the id" in said(page)
    assert "I approve it" not in page.text
    told = html.unescape(re.search(r'aria-label="Commands">(.*?)</p>', page.text, re.DOTALL)[1])  # type: ignore[index]
    put, approve, restart = (shlex.split(line) for line in told.split("\n"))
    target = town.city.file.parent / "packs" / "c9-spam.yaml"
    assert (put[0], put[-1]) == ("install", str(target))
    subprocess.run(put, check=True)
    assert target.stat().st_mode & 0o777 == 0o644, "the service, which is not root, reads it"
    assert approve[approve.index("--by") + 1] == "Manager"
    code, out, err = citymod(*approve[1:], "--config", town.city.file)
    assert code == 0, err
    assert f"c9-spam.yaml is approved by Manager on 2026-11-20 (SHA-256 {hash_of(changed)})." in out
    assert restart[:2] == ["systemctl", "restart"]
    target.write_text(changed + "\n", "utf-8")
    code, _, err = citymod(*approve[1:], "--config", town.city.file)
    assert (code, "is not what --sha256 names" in err) == (1, True)
    answer = post(client, "/policy/wording/approve", {"sha256": hash_of(changed), "why": "x"})
    assert answer.status_code == 404


def test_if_writing_fails_nothing_is_said_to_be_approved(tmp_path: Path) -> None:
    name = f"{'a' * 245}.yaml"  # so long that no draft of it can be written beside it
    with a_town(tmp_path / "city", name) as town, town.as_(MANAGER, Role.PIO) as client:
        assert "I approve it" in brought(client).text
        answer = post(client, "/policy/wording/approve", {"sha256": hash_of(NEW), "why": "x"})
        assert answer.status_code == 409
        assert "The console may not write there (File name too long). An administrator runs: install " in said(answer)
        assert (town.city.file.parent / "packs" / "our-pack.yaml").read_text("utf-8") == PACK
        with town.city.parts.database.read() as tx:
            assert not list(ledger.entries(tx, kinds=("pack.approved",)))


def test_examples_are_from_the_accounts_that_somebody_works_with(town: Served) -> None:
    key = next(e.account.key for e in town.city.settings.accounts if e.platform == "youtube")
    with town.as_("water@city.example", Role.REVIEWER, accounts=[key]) as client:
        page = brought(client)
        assert SWAP not in said(page)
        assert "None." in said(page)
        assert "A PIO or the Social Media Manager can approve it." in said(page)
        assert post(client, "/policy/wording/approve", {"sha256": hash_of(NEW), "why": "x"}).status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR, Role.ADMINISTRATOR, Role.CUSTODIAN, Role.ON_CALL])
def test_nobody_else_brings_or_tries_packs(town: Served, role: Role) -> None:
    with town.as_("other@city.example", role) as client:
        assert brought(client).status_code == 403
        assert "Try a policy or pack" not in client.get("/policy").text


def test_a_policy_is_compared_with_the_one_in_force_and_approved_in_its_place(
    town: Served, client: httpx.Client
) -> None:
    page = said(brought(client, MILDER, "next-year.yaml"))
    assert "Against the earlier wording, approved by Ann Clerk on 2026-01-01." in page
    assert "changed C2" in page
    assert "notice: Your comment contains a word on the City's short published list." in page
    assert page.count("changed C") == 1, "the others are as they were"
    assert "None." in page, "no comment is decided otherwise"
    answer = post(client, "/policy/wording/approve", {"sha256": hash_of(MILDER), "why": "shorter"})
    assert answer.headers["location"] == "/policy?done=wording-approved", said(answer)
    assert (town.city.file.parent / "policy.yaml").read_text("utf-8") == MILDER
    given = Approvals.load(town.city.file.parent / "approvals.yaml").given(hash_of(MILDER))
    assert given is not None
    assert (given.file, given.approved_by) == ("policy.yaml", "Manager")
    with town.city.parts.database.read() as tx:
        (line,) = ledger.entries(tx, kinds=("policy.approved",))
    assert (line.agent.name, line.detail["why"], line.detail["sha256"]) == (MANAGER, "shorter", hash_of(MILDER))


def test_a_policy_that_was_changed_where_it_lies_is_compared_with_what_was_approved(
    town: Served, client: httpx.Client
) -> None:
    """The archive keeps every wording that a verdict was given under, so what was changed can be told."""
    (town.city.file.parent / "policy.yaml").write_text(MILDER, "utf-8")
    assert "policy.yaml policy named by the settings" in said(client.get("/policy"))
    page = said(client.get("/policy/wording", params={"sha256": hash_of(MILDER)}))
    assert "Against the earlier wording, approved by Ann Clerk on 2026-01-01." in page
    assert "changed C2" in page


def test_without_an_earlier_wording_all_of_a_policy_is_new(town: Served, client: httpx.Client) -> None:
    folder = town.city.file.parent
    (folder / "policy.yaml").write_text(MILDER, "utf-8")
    (folder / "approvals.yaml").write_text(entry(PACK), "utf-8")
    page = said(client.get("/policy/wording", params={"sha256": hash_of(MILDER)}))
    assert "No wording of it was in force before" in page
    assert page.count("added C") == 10
    assert "1: stays → is hidden" in page


def test_a_policy_under_which_a_pack_may_not_do_what_it_does_cannot_be_approved(client: httpx.Client) -> None:
    stricter = POLICY.replace("automation: act", "automation: review")
    page = brought(client, stricter, "policy.yaml")
    assert page.status_code == 409
    assert "c2-profanity.yaml" in said(page)
    assert post(client, "/policy/wording/approve", {"sha256": hash_of(stricter), "why": "x"}).status_code == 409


def test_the_policy_that_comes_with_the_program_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    with (
        City(folder, console=console_settings(folder)) as city,
        Served(city) as town,
        town.as_(MANAGER, Role.PIO) as client,
    ):
        page = brought(client, MILDER, "our-policy.yaml")
    assert "The settings name the policy that came with the program." in said(page)
    assert "I approve it" not in page.text
    assert str(folder / "policy" / "our-policy.yaml") in said(page)
