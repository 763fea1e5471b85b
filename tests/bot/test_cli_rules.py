"""The commands for policy and packs as a clerk meets them."""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from builders import PACK
from city import HARMLESS, VIOLATION, City, for_review
from ruamel.yaml import YAML

from archive import cases
from bot.domain.states import State
from bot.judging import shipped_rules
from bot.parts import Rulebook
from bot.promises import ref_of
from bot.review import dismiss, uphold
from rules.load import shipped_packs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Run = "Callable[..., tuple[int, str, str]]"
BEETLES = "Come and buy zyzzyva before Friday"


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[City]:
    """A city in which nothing is photographed."""
    with City(tmp_path / "city") as city:
        yield city


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "our-pack.yaml"
    path.write_text(PACK, "utf-8")
    return path


def settle(city: City, **rules: Any) -> None:
    """Change the rules in the city's settings file."""
    said = YAML(typ="safe").load(city.file.read_text("utf-8"))
    said["rules"] |= rules
    with city.file.open("w", encoding="utf-8") as file:
        YAML().dump(said, file)


def judged(city: City, *texts: str) -> list[Any]:
    written = [city.write("facebook", text) for text in texts]
    city.poll()
    city.judge()
    return written


# check


def test_check_says_what_is_in_force(quiet: City, citymod: Run) -> None:
    code, out, _ = citymod("rules", "check", "--config", quiet.file)
    assert code == 0
    assert out.count("in force") == 1 + len(shipped_packs())
    assert "INERT" not in out
    (quiet.file.parent / "approvals.yaml").write_text("[]\n", "utf-8")
    code, out, _ = citymod("rules", "check", "--config", quiet.file)
    assert code == 0, "what waits for approval is no mistake"
    assert out.count("INERT     ") == 1 + len(shipped_packs())
    assert "nobody has approved it in this wording (SHA-256 " in out


def test_check_tells_all_that_is_wrong_in_all_files(pack: Path, tmp_path: Path, citymod: Run) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(PACK.replace("buy zyzzyva, ", "mayor lied, ").replace("reason", "reson"), "utf-8")
    twin = tmp_path / "twin.yaml"
    twin.write_text(
        PACK.replace("id: our-pack", "id: twin").replace("sell zyzzyva]", "sell zyzzyva]\n    shadow: true")
    )
    twin.write_text(PACK.replace("id: our-pack", "id: twin").replace("    outcome", "    shadow: true\n    outcome"))
    code, out, err = citymod("rules", "check", bad, pack, twin, tmp_path / "nowhere.yaml")
    assert code == 1
    assert f"{bad}:8:5: rules.0.reson: is no key that is known here; did you mean 'reason'?" in err
    assert f"{tmp_path / 'nowhere.yaml'}: No such file or directory; correct the path, or put the file there" in err
    assert "twin.yaml: rule 'c9-zyzzyva' is also in our-pack.yaml; give one of the two another id" in err
    assert "4 problem(s)" in err
    assert "INERT     pack   our-pack.yaml (1 rules)" in out
    assert "on trial, recorded and without effect: c9-zyzzyva" in out


# explain


def test_explain_quotes_the_clause_and_the_characters(citymod: Run) -> None:
    code, out, _ = citymod("rules", "explain", "Oh f.u.c.k no")
    assert code == 0
    assert "met       'f.u.c.k', characters 4 to 10, by phrase: fuck" in out
    assert "under     C2, AR 1-27 5.0.A.2.e (bullet 2): “Content or language that is considered profane”" in out
    assert " / fuck" in out, "how it was read"
    assert "Verdict: act, hide: c2-obscenity (C2)" in out


def test_explain_reads_standard_input_and_knows_the_post(citymod: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(VIOLATION + "\n"))
    found = json.loads(citymod("rules", "explain", "-", "--json")[1])
    assert (found["text"], found["outcome"], found["action"]) == (VIOLATION, "act", "hide")
    assert found["matches"][0]["clause_text"] == "Content or language that is considered profane"
    quoting = json.loads(citymod("rules", "explain", VIOLATION, "--post", f"Why {VIOLATION}?", "--json")[1])
    assert quoting["outcome"] == "review", "the words are the City's own"
    assert citymod("rules", "explain", HARMLESS)[1].splitlines()[-1] == "Verdict: clear: no rule matched"


# stats


def test_stats_on_a_file(tmp_path: Path, citymod: Run) -> None:
    file = tmp_path / "texts.jsonl"
    lines = [{"text": VIOLATION, "lang": "en"}, {"text": f"{VIOLATION}!"}, {"text": HARMLESS}, {"text": for_review()}]
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    code, out, _ = citymod("rules", "stats", file, "--json")
    found = json.loads(out)
    by_id = {each["rule"]: each for each in found["rules"]}
    assert (code, found["comments"]) == (0, 4)
    assert (by_id["c2-obscenity"]["matched"], by_id["c2-obscenity"]["led_to"]) == (2, {"hide": 2})
    assert by_id["c2-obscenity"]["languages"] == {"en": 1}
    assert "Rules that never matched: " in citymod("rules", "stats", file)[1]
    file.write_text('{"text": 1}\n', "utf-8")
    code, _, err = citymod("rules", "stats", file)
    assert (code, err) == (2, 'Line 1 is not an object with a "text".\n')


def test_stats_on_the_archive_tell_how_people_decided(quiet: City, citymod: Run) -> None:
    first, second, third, _ = judged(quiet, *(f"{number}. {for_review()}" for number in (1, 2, 3)), HARMLESS)
    with quiet.parts.database.begin() as tx:
        for comment in (first, second):
            uphold(tx, ref_of(comment), who="Robin", why="yes", now=quiet.clock())
        dismiss(tx, ref_of(third), who="Robin", why="no", now=quiet.clock())
    found = json.loads(citymod("rules", "stats", "--json", "--config", quiet.file)[1])
    rule = next(each for each in found["rules"] if each["clause"] == "C5" and each["matched"])
    assert found["comments"] == 4
    assert (rule["matched"], rule["upheld"], rule["let_stand"], round(rule["precision"], 2)) == (3, 2, 1, 0.67)
    assert rule["led_to"] == {"review": 3}
    later = json.loads(citymod("rules", "stats", "--json", "--since", "2030-01-01", "--config", quiet.file)[1])
    assert later["comments"] == 0


# diff and replay

LONG_OBSCENITY = "Oigan todos, chinga tu madre con sus multas"
"""Hidden for three words or more: whoever repeats them from the comment above is asked about, not hidden."""


def test_diff_tells_rules_and_comments(pack: Path, tmp_path: Path, citymod: Run) -> None:
    new = tmp_path / "new.yaml"
    text = PACK.replace("buy zyzzyva, sell zyzzyva", "sell zyzzyva, trade zyzzyva").replace("Buy zyzz", "Sell zyzz")
    second = PACK[PACK.index("  - id:") :].replace("c9-zyzzyva", "c9-other")
    new.write_text(text.replace("outcome: hide", "outcome: review") + second.replace("zyzzyva", "xylyl"), "utf-8")
    texts = tmp_path / "texts.jsonl"
    texts.write_text("\n".join(json.dumps({"id": n, "text": t}) for n, t in enumerate([BEETLES, HARMLESS])), "utf-8")
    code, out, _ = citymod("rules", "diff", pack, new, "--on", texts)
    assert code == 0
    assert "changed  c9-zyzzyva" in out
    assert "outcome: hide → review" in out
    assert "match: 1 phrases more: 'trade zyzzyva'" in out
    assert "match: 1 phrases fewer: 'buy zyzzyva'" in out
    assert "added    c9-other" in out
    assert "1 comment(s) would be decided otherwise.\n       1  hide → clear" in out
    assert citymod("rules", "diff", pack, pack)[1] == "Nothing is otherwise.\n"
    assert "removed  c9-other" in citymod("rules", "diff", new, pack)[1]


def test_every_verdict_comes_out_as_it_was_even_when_everything_around_it_has_changed(
    quiet: City, citymod: Run, pack: Path
) -> None:
    post = quiet.posts["facebook"]
    quoting = quiet.world.add_post(quiet.accounts["facebook"], f"Somebody wrote: {VIOLATION}")
    scam = LONG_OBSCENITY
    parent, *_ = judged(quiet, scam, VIOLATION, for_review())
    reply = quiet.write("facebook", VIOLATION, post=quoting)
    under = quiet.write("facebook", scam, parent=parent)
    quiet.poll()
    quiet.judge()
    with quiet.parts.database.read() as tx:
        assert [cases.latest_verdict(tx, ref_of(c)).verdict.outcome for c in (parent, reply, under)] == [
            "act",
            "review",
            "review",
        ]  # type: ignore[union-attr]
    code, out, err = citymod("rules", "replay", "--all", "--config", quiet.file)
    assert (code, out, err) == (0, "5 verdict(s) came out as they were, 0 otherwise, 0 cannot be replayed.\n", "")
    # later: the post and the parent are edited, other packs are in force, nothing is approved any more
    quiet.world.edit(parent, "never mind")
    quoting.text = "The post says something else now."
    post.text = "So does this one."
    quiet.clock.move(hours=2)
    quiet.poll()
    settle(quiet, packs=[str(pack)])
    (quiet.file.parent / "approvals.yaml").write_text("[]\n", "utf-8")
    code, out, _ = citymod("rules", "replay", "--all", "--config", quiet.file)
    assert (code, out) == (0, "5 verdict(s) came out as they were, 0 otherwise, 0 cannot be replayed.\n")


def test_what_was_decided_over_budget_is_replayed_so(tmp_path: Path, citymod: Run) -> None:
    with City(tmp_path, acts_a_day=1) as small:
        judged(small, VIOLATION, f"{VIOLATION} again", f"{VIOLATION} and again")
        with small.parts.database.read() as tx:
            outcomes = [stored.verdict.outcome for stored in cases.verdicts(tx)]
        assert outcomes == ["act", "review", "review"]
        assert citymod("rules", "replay", "--all", "--config", small.file)[0] == 0


def test_a_verdict_that_does_not_come_out_again_is_told(quiet: City, citymod: Run) -> None:
    comment, _ = judged(quiet, VIOLATION, HARMLESS)
    with quiet.parts.database.begin() as tx:
        stored = cases.latest_verdict(tx, ref_of(comment))
        assert stored is not None
        (match,) = stored.verdict.matches
        forged = replace(stored.verdict, matches=(replace(match, rule="c2-other"),), why="c2-other (C2)")
        cases.record_verdict(
            tx,
            stored.ref,
            stored.revision,
            forged,
            policy_sha256=stored.policy_sha256,
            packs=stored.packs,
            now=quiet.clock(),
            standing=cases.standing_of(tx, stored),
        )
        cases.record_verdict(
            tx, stored.ref, stored.revision, forged, policy_sha256="0" * 64, packs={}, now=quiet.clock()
        )
    code, out, err = citymod("rules", "replay", "--all", "--config", quiet.file)
    assert code == 1
    assert f"{ref_of(comment)}: verdict " in err
    assert "came out otherwise: the reason was 'c2-other (C2)' and comes out as 'c2-obscenity (C2)'; " in err
    assert "no longer matched: c2-other (C2) at 9-13: 'fuck' by phrase: fuck; newly matched: c2-obscenity (C2)" in err
    assert "is not replayable: the account's mode and budget were not recorded with it" in err
    assert out == "2 verdict(s) came out as they were, 1 otherwise, 1 cannot be replayed.\n"


LINKED = PACK.replace("- phrase: [buy zyzzyva, sell zyzzyva]", "- link: {lists: [beetles.txt]}")
LINKED = LINKED.replace("[Buy zyzzyva!, sell zyzzyva here]", "[see zyzzyva.example.com, https://zyzzyva.example.com/]")


def test_a_verdict_rests_on_the_list_as_it_was(tmp_path: Path, citymod: Run) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    body = b"# where beetles are sold\nzyzzyva.example.com\n"
    (lists / "beetles.txt").write_bytes(body)
    (lists / "beetles.txt.sha256").write_text(f"{hashlib.sha256(body).hexdigest()}  beetles.txt\n", "utf-8")
    linked = tmp_path / "our-pack.yaml"
    linked.write_text(LINKED, "utf-8")
    with City(tmp_path / "before") as template:
        approvals = template.file.parent / "approvals.yaml"
        sha256 = hashlib.sha256(LINKED.encode()).hexdigest()
        entry = f"- {{sha256: {sha256}, file: our-pack.yaml, approved_by: A, approved_on: 2026-01-01}}\n"
        rules = {
            "policy": str(shipped_rules().policy),
            "packs": [str(linked)],
            "lists": str(lists),
            "approvals": str(tmp_path / "approvals.yaml"),
        }
        (tmp_path / "approvals.yaml").write_text(approvals.read_text("utf-8") + entry, "utf-8")
    with City(tmp_path / "city", rules=rules) as city:
        city.parts = replace(city.parts, rulebook=Rulebook.read(city.settings.rules))
        judged(city, "look at https://zyzzyva.example.com/buy", HARMLESS)
        (lists / "beetles.txt").write_text("other.example.com\n", "utf-8")
        code, out, _ = citymod("rules", "replay", "--all", "--config", city.file)
        assert (code, out[:34]) == (0, "2 verdict(s) came out as they were")
        # an archive that does not keep the list says so
        city.parts = replace(city.parts, rulebook=replace(city.parts.rulebook, pins={"our-pack@1#x": sha256}))
        judged(city, "and https://zyzzyva.example.com/sell")
        code, out, err = citymod("rules", "replay", "--all", "--config", city.file)
        assert code == 1
        assert f"is not replayable: beetles.txt#{hashlib.sha256(body).hexdigest()[:12]} is not kept" in err
        assert "2 verdict(s) came out as they were, 0 otherwise, 1 cannot be replayed." in out


def test_replay_with_a_new_pack_shows_what_would_change_and_changes_nothing(
    quiet: City, citymod: Run, pack: Path
) -> None:
    first, second, _ = judged(quiet, BEETLES, f"{BEETLES}!", HARMLESS)
    with quiet.parts.database.read() as tx:
        before = cases.tally(tx)
    code, out, _ = citymod("rules", "replay", "--with", pack, "--config", quiet.file)
    assert code == 0
    assert "2 comment(s) would be decided otherwise.\n       2  clear → hide" in out
    assert f"{ref_of(first)}: clear → hide (c9-zyzzyva (C9))" in out
    assert BEETLES in out
    with quiet.parts.database.read() as tx:
        assert cases.tally(tx) == before == {State.CLEARED: 3}
    assert quiet.state(second) is State.CLEARED


# approve


def test_approving_lets_exactly_these_bytes_take_effect(quiet: City, citymod: Run, pack: Path) -> None:
    settle(quiet, packs=[str(pack)])
    approvals = quiet.file.parent / "approvals.yaml"
    kept = "# who approved what; see the clerk's handbook\n" + approvals.read_text("utf-8")
    approvals.write_text(kept, "utf-8")
    approvals.chmod(0o640)
    config = ("--config", quiet.file)
    assert "INERT     pack   our-pack.yaml" in citymod("rules", "check", *config)[1]
    code, out, _ = citymod("rules", "approve", pack, "--by", 'Kim "K" Clerk', "--on", "2026-11-30", *config)
    assert code == 0
    assert "our-pack.yaml is approved for the first time, with 1 rules." in out
    assert 'our-pack.yaml is approved by Kim "K" Clerk on 2026-11-30 (SHA-256 ' in out
    assert approvals.read_text("utf-8").startswith(kept.rstrip("\n"))
    assert approvals.stat().st_mode & 0o777 == 0o640
    assert (
        'in force  pack   our-pack.yaml (1 rules): approved by Kim "K" Clerk' in citymod("rules", "check", *config)[1]
    )
    text = approvals.read_text("utf-8")
    assert "is as Kim" in citymod("rules", "approve", pack, "--by", "Somebody Else", *config)[1]
    assert approvals.read_text("utf-8") == text, "it stands as it was approved"
    # one byte more, and it has no effect; what changed is shown before it is approved again
    judged(quiet, HARMLESS)
    with quiet.parts.database.begin() as tx:
        cases.keep_document(tx, hashlib.sha256(pack.read_bytes()).hexdigest(), pack.name, PACK, now=quiet.clock())
    pack.write_text(PACK.replace("sell zyzzyva]", "sell zyzzyva, swap zyzzyva]"), "utf-8")
    assert "INERT     pack   our-pack.yaml" in citymod("rules", "check", *config)[1]
    out = citymod("rules", "approve", pack, "--by", "Kim Clerk", *config)[1]
    assert 'Since Kim "K" Clerk approved our-pack.yaml on 2026-11-30:\nchanged  c9-zyzzyva' in out
    assert "1 phrases more: 'swap zyzzyva'" in out
    assert list(approvals.parent.glob(".approvals*")) == []


def test_what_is_otherwise_in_a_policy_is_told_when_it_is_approved_again(quiet: City, citymod: Run) -> None:
    judged(quiet, HARMLESS)
    policy = quiet.settings.rules.policy
    text = policy.read_text("utf-8")
    own = quiet.file.parent / policy.name
    own.write_text(text.replace("title: Profanity", "title: Strong obscenity"), "utf-8")
    settle(quiet, policy=own.name)
    out = citymod("rules", "approve", own, "--by", "Kim Clerk", "--config", quiet.file)[1]
    assert "changed  C2\n         title: Profanity → Strong obscenity" in out
    assert f"{own.name} is approved by Kim Clerk" in out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_who_could_read_the_approvals_still_can(quiet: City, citymod: Run, pack: Path) -> None:
    """Root approves, and the service, which is not root, reads it by its group."""
    approvals = quiet.file.parent / "approvals.yaml"
    os.chown(approvals, 0, 4242)
    approvals.chmod(0o640)
    assert citymod("rules", "approve", pack, "--by", "Kim Clerk", "--config", quiet.file)[0] == 0
    assert (approvals.stat().st_gid, approvals.stat().st_mode & 0o777) == (4242, 0o640)


def test_what_is_wrong_cannot_be_approved(quiet: City, citymod: Run, pack: Path) -> None:
    approvals = quiet.file.parent / "approvals.yaml"
    before = approvals.read_text("utf-8")
    config = ("--config", quiet.file)
    pack.write_text(PACK.replace("hide", "delete"), "utf-8")
    code, _, err = citymod("rules", "approve", pack, "--by", "Kim", *config)
    assert code == 1
    assert "only be hidden; write hide" in err
    assert "our-pack.yaml is not approved: it has to be right first." in err
    pack.write_text(PACK, "utf-8")
    for words, said in (
        (("--by", " "), "--by is empty"),
        (("--by", "Kim", "--on", "tomorrow"), "'tomorrow' is no day; write it as 2026-11-30."),
        (("--by", "Kim", "--on", "2026-02-30"), "is no day: "),
    ):
        code, _, err = citymod("rules", "approve", pack, *words, *config)
        assert code == 2
        assert said in err
    approvals.write_text(f"[{{sha256: {'a' * 64}, file: x, approved_by: A, approved_on: 2026-01-01}}]\n", "utf-8")
    text = approvals.read_text("utf-8")
    code, _, err = citymod("rules", "approve", pack, "--by", "Kim", *config)
    assert code == 2
    assert "entries cannot be added to this file; write each approval as '- sha256: …' lines" in err
    assert approvals.read_text("utf-8") == text != before
    assert list(approvals.parent.glob(".approvals*")) == []


def test_the_policy_too_is_approved_and_an_empty_list_is_a_beginning(quiet: City, citymod: Run, pack: Path) -> None:
    approvals = quiet.file.parent / "approvals.yaml"
    approvals.write_text("# nothing yet\n[]\n", "utf-8")
    code, out, _ = citymod("rules", "approve", shipped_rules().policy, "--by", "Kim", "--config", quiet.file)
    assert code == 0, out
    code, out, _ = citymod("rules", "approve", pack, "--by", "Kim", "--config", quiet.file)
    assert "is not among the packs" in out
    assert approvals.read_text("utf-8").startswith("# nothing yet\n- sha256: ")
    assert "in force  policy AR 1-27: approved by Kim" in citymod("rules", "check", "--config", quiet.file)[1]


# raise


def test_raising_and_upholding_from_the_terminal(quiet: City, citymod: Run) -> None:
    (comment,) = judged(quiet, HARMLESS)
    ref, config = ref_of(comment), ("--config", quiet.file)
    how = ("--reason", "my photograph", "--by", "Kim Clerk")
    code, _, err = citymod("review", "raise", ref, "--clause", "C11", *how, *config)
    assert (code, err) == (2, "There is no clause C11; the policy has C1, C2, C3, C4, C5, C6, C7, C8, C9, C10.\n")
    code, out, _ = citymod("review", "raise", ref, "--clause", "c8", *how, *config)
    assert (code, out) == (0, "Raised under C8 (Legal ownership): it waits for a decision.\n")
    shown = citymod("review", "show", ref, *config)[1]
    assert "Content that violates a legal ownership interest of any other party" in shown
    code, _, err = citymod("review", "uphold", ref, "--reason", "yes", "--by", "Robin", *config)
    assert code == 1
    assert "say who agreed with --counsel" in err
    assert citymod("review", "uphold", ref, "--reason", " ", *config)[0] == 2
    code, _, _ = citymod("review", "uphold", ref, "--reason", "yes", "--by", "R", "--counsel", "A. Attorney", *config)
    assert code == 0
    assert quiet.state(comment) is State.MARKED
    assert "with A. Attorney for the City Attorney: yes" in citymod("review", "show", ref, *config)[1]


def test_every_command_has_help(citymod: Run) -> None:
    listed = citymod("rules", "--help")[1]
    for command in ("check", "explain", "stats", "diff", "replay", "approve"):
        assert command in listed
        assert citymod("rules", command, "--help")[0] == 0
