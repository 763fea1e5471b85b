"""What a clerk is told when a file is wrong: everything at once, where it is, and what to do."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest
from build import a_pack, a_rule, write_pack
from shipped import APPROVED_ON, POLICY, policy

from rules.load import Approvals, FileProblems, load_pack, load_policy

GOOD = """\
id: our-pack
title: Our pack
version: "1"
rules:
  - id: our-rule
    title: Our rule
    clause: C9
    reason: It is spam.
    owner: City Communications
    since: 2026-01-01
    outcome: hide
    match:
      any:
        - phrase: [buy zyzzyva]
        - pattern: 'sell(?:ing)? zyzzyva'
    examples:
      match:
        - Buy zyzzyva!
        - selling zyzzyva here
      near_miss:
        - The zyzzyva is a beetle.
      no_match:
        - Thank you.
        - Good work.
"""


def problems(folder: Path, text: str, lists: Path | None = None) -> list[str]:
    """What is said of a pack with this text, without the folder."""
    path = folder / "our-pack.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileProblems) as refused:
        load_pack(path, policy(), lists)
    return [problem.replace(f"{folder}/", "") for problem in refused.value.problems]


def test_the_good_pack_is_good(tmp_path: Path) -> None:
    path = tmp_path / "our-pack.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_pack(path, policy()).rules[0].id == "our-rule"


MISTAKES = re.findall(
    r"^instead of: (.*)\nwritten: +(.*)\nsaid: +(.*)$",
    (Path(__file__).parent / "mistakes.txt").read_text("utf-8"),
    re.MULTILINE,
)


def test_there_are_mistakes_of_many_kinds() -> None:
    assert len(MISTAKES) >= 20


@pytest.mark.parametrize(("right", "wrong", "said"), MISTAKES)
def test_one_mistake(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    right, wrong = ast.literal_eval(right), ast.literal_eval(wrong)
    assert right in GOOD
    assert said in problems(tmp_path, GOOD.replace(right, wrong))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: a\nid: b\n", "2:1: 'id' stands here a second time; keep one of the two"),
        ("id: [a\ntitle: b\n", "2:6: expected ',' or ']', but got ':'; look at the quotes, colons and indentation"),
        ("- just\n- a list\n", "1:1: this is not a set of keys; write 'key: value' lines below it"),
        ("", "1:1: this is not a set of keys; write 'key: value' lines below it"),
    ],
)
def test_what_is_no_pack_at_all(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(f"our-pack.yaml:{said}")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "our-pack.yaml"
    path.write_bytes(b"id: caf\xe9")
    with pytest.raises(FileProblems, match="byte 7 is not UTF-8; save the file as UTF-8"):
        load_pack(path, policy())


def laughs(times: int) -> str:
    """A few lines that unfold to ten to the power of `times` words."""
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, times)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 2_000_001, "1:1: the file has 2,000,001 bytes and may have 2,000,000; make several files of it"),
        (laughs(9), "1:1: the file unfolds to far more than anybody wrote; write lists out instead of repeating"),
        (
            "a: &a " + "ha" * 1000 + "\nb: [" + "*a, " * 9000 + "]",
            "1:1: the file unfolds to far more than anybody wrote",
        ),
        ("[" * 2_000, "1:1: lists and keys stand too deep within one another"),
        ("a: " * 1 + "[" * 60 + "]" * 60, "1:1: lists and keys stand too deep within one another"),
        ("id: !!python/name:os.system x", "1:1: the file has tags (!name), which are not known here; take them out"),
    ],
    ids=["bytes", "aliases", "long aliases", "brackets", "depth", "tags"],
)
def test_absurd_files_are_refused_before_they_do_harm(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(f"our-pack.yaml:{said}")


def words(number: int) -> str:
    return ", ".join(f"zyzzyva{at}" for at in range(number))


RULE = GOOD[GOOD.index("  - id:") :]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            GOOD.replace("buy zyzzyva]", f"buy zyzzyva, {words(5000)}]"),
            "14:19: rules.0.match.any.0.phrase: has 5001 entries, and at most 5,000 are allowed; make several of it",
        ),
        (
            GOOD.replace("sell(?:ing)? zyzzyva", "sell(?:ing)? zyzzyva" + "z?" * 10_000),
            "15:20: rules.0.match.any.1.pattern: has 20,020 characters, and at most 20,000 are allowed",
        ),
        (
            GOOD.replace("sell(?:ing)? zyzzyva", "sell(?:ing)? zyzzyva" + r"(?:x\pL{1000})?" * 30),
            "15:20: rules.0.match.any.1.pattern: 'sell(?:ing)? zyzzyva",
        ),
        (
            GOOD.replace("Buy zyzzyva!", "Buy zyzzyva! " + "z" * 2000),
            "18:11: rules.0.examples.match.0: has 2,013 characters, and at most 2,000 are allowed; make it shorter",
        ),
        (
            GOOD + "".join(RULE.replace("our-rule", f"rule-{n}") for n in range(1000)),
            "5:3: rules: has 1001 entries, and at most 1,000 are allowed; make several of it",
        ),
        (
            GOOD
            + "".join(
                RULE.replace("our-rule", f"rule-{n}").replace("buy zyzzyva]", f"buy zyzzyva, {words(4_200)}]")
                for n in range(5)
            ),
            "5:3: rules: the rules have 21,006 phrases together, and a pack may have 20,000; make several packs of it",
        ),
    ],
    ids=["phrases", "pattern", "program", "example", "rules", "phrases of a pack"],
)
def test_what_no_person_can_have_read_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert any(problem.startswith(f"our-pack.yaml:{said}") for problem in problems(tmp_path, text))


def test_all_mistakes_are_told_at_once_and_in_order(tmp_path: Path) -> None:
    text = GOOD.replace("reason:", "reson:").replace("clause: C9", "clause: C99").replace("Buy zyzzyva!", "Bye!")
    second = GOOD[GOOD.index("  - id:") :].replace("Buy zyzzyva!", "Buy nothing.").replace("hide", "vanish")
    third = GOOD[GOOD.index("  - id:") :].replace("selling zyzzyva here", "Selling nothing.")
    said = problems(tmp_path, text + second + third)
    lines = [int(problem.split(":")[1]) for problem in said]
    assert lines == sorted(lines)
    assert [problem.split(": ")[1] for problem in said] == [
        "rules.0.reason",
        "rules.0.clause",
        "rules.0.reson",
        "rules.1.outcome",
        "rules.2.examples.match.1",
    ]


REMEDY = "give this one its own name"


def test_two_rules_of_one_name(tmp_path: Path) -> None:
    said = problems(tmp_path, GOOD + GOOD[GOOD.index("  - id:") :])
    assert said == ["our-pack.yaml:25:9: rules.1.id: 'our-rule' names another rule of this pack already; " + REMEDY]


def test_a_link_alone_breaks_no_rule(tmp_path: Path) -> None:
    matchers = GOOD[GOOD.index("        - phrase") : GOOD.index("    examples")]
    said = problems(tmp_path, GOOD.replace(matchers, "        - link: {any: true}\n"))
    assert [problem.split("; ")[0] for problem in said] == [
        "our-pack.yaml:13:7: rules.0.match: a link alone breaks no rule"
    ]


# approval


def test_what_nobody_approved_is_inert(tmp_path: Path) -> None:
    path = write_pack(tmp_path, a_rule([]))
    assert not load_pack(path, policy()).in_force
    approvals = Approvals.assume("A. Person", date(2026, 2, 3), [path])
    pack = load_pack(path, policy(), None, approvals)
    assert (pack.in_force, pack.approved_by, pack.approved_on) == (True, "A. Person", date(2026, 2, 3))
    path.write_bytes(path.read_bytes() + b"\n")
    assert not load_pack(path, policy(), None, approvals).in_force


def test_the_policy_too_is_inert_until_approved() -> None:
    assert not load_policy(POLICY, Approvals()).in_force
    assert load_policy(POLICY, Approvals.assume("A. Person", APPROVED_ON, [POLICY])).in_force


def test_approvals_are_read_from_a_file(tmp_path: Path) -> None:
    pack = a_pack(tmp_path, a_rule([]))
    path = tmp_path / "approvals.yaml"
    path.write_text(
        f"- sha256: {pack.sha256}\n  file: a-pack.yaml\n  approved_by: A. Person\n  approved_on: 2026-02-03\n", "utf-8"
    )
    assert load_pack(tmp_path / "a-pack.yaml", policy(), None, Approvals.load(path)).in_force
    path.write_text("- sha256: abc\n  file: a-pack.yaml\n  approved_by: A. Person\n", "utf-8")
    with pytest.raises(FileProblems) as refused:
        Approvals.load(path)
    assert len(refused.value.problems) == 2


def test_no_approvals_file_means_no_approvals() -> None:
    assert Approvals.load(None).given("abc") is None


def test_a_policy_has_all_ten_categories(tmp_path: Path) -> None:
    text = POLICY.read_text("utf-8")
    path = tmp_path / "policy.yaml"
    path.write_text(text[: text.index("  C10:")], "utf-8")
    with pytest.raises(FileProblems, match="category C10 is missing; the policy has ten, add it even if it is manual"):
        load_policy(path, Approvals())
    path.write_text(text.replace("  C10:", "  C11:"), "utf-8")
    with pytest.raises(FileProblems, match=r"categories\.C11: 'C11' is not possible"):
        load_policy(path, Approvals())
