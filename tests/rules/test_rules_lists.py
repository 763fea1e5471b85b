"""Domain lists that the City keeps: what is taken from them, and that nothing is taken that nobody vouched for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from build import a_pack, a_rule, write_pack
from hypothesis import given
from hypothesis import strategies as st
from shipped import APPROVED_ON, DATA, policy

from bot.domain.types import Ask
from rules.engine import Engine
from rules.hosts import EVERYBODYS
from rules.lists import MOST_SAID, BadList, read, vouched
from rules.load import Approvals, FileProblems, load_pack, shipped_packs

if TYPE_CHECKING:
    from pathlib import Path


def rule() -> dict[str, Any]:
    return a_rule([{"link": {"lists": ["adult.txt"]}}])


def put(folder: Path, text: str, name: str = "adult.txt") -> Path:
    """Write a list and vouch for it as ``sha256sum`` does."""
    path = folder / name
    path.write_bytes(text.encode())
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    (folder / f"{name}.sha256").write_text(f"{sha256}  {name}\n", "utf-8")
    return path


def entries(text: str) -> set[str]:
    return {entry.decode() for entry in read("ours.txt", text.encode(), "0" * 64).entries}


def refusal(folder: Path) -> str:
    """What is said of the list `adult.txt` in a folder, without the folder."""
    with pytest.raises(FileProblems) as refused:
        a_pack(folder, rule(), lists=folder)
    (problem,) = refused.value.problems
    return problem.replace(f"{folder}/", "").replace(str(folder), "FOLDER")


# what a line may be


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        ("bad.example.com", {"bad.example.com"}),
        ("BAD.Example.COM", {"bad.example.com"}),
        ("  bad.example.com\t", {"bad.example.com"}),
        ("www.bad.example.com", {"bad.example.com"}),
        ("bad.example.com.", {"bad.example.com"}),
        ("bad.example.com # a note", {"bad.example.com"}),
        ("0.0.0.0 bad.example.com", {"bad.example.com"}),
        ("127.0.0.1\twww.bad.example.com # a note", {"bad.example.com"}),
        ("0.0.0.0  bad.example.com  worse.example.com", {"bad.example.com", "worse.example.com"}),
        (":: bad.example.com", {"bad.example.com"}),
        ("127.0.0.1 localhost", set()),
        ("::1 localhost ip6-localhost", set()),
        ("0.0.0.0 0.0.0.0", set()),
        ("bücher.example.net", {"xn--bcher-kva.example.net"}),
        ("203.0.113.7", {"203.0.113.7"}),
        ("http://3405803783/", {"203.0.113.7"}),
        ("https://bad.example.com", {"bad.example.com"}),
        ("https://www.bad.example.com:8080/", {"bad.example.com"}),
        ("https://user@bad.example.com/Login", {"bad.example.com/Login"}),
        ("docs.google.com/forms/d/x/", {"docs.google.com/forms/d/x"}),
        ("https://www.youtube.com/watch?v=a%62c#t", {"youtube.com/watch?v=abc#t"}),
        ("me.blogspot.com", {"me.blogspot.com"}),
        ("# only a note", set()),
        ("", set()),
        ("\ufeffbad.example.com", {"bad.example.com"}),
        ("bad.example.com\r\nworse.example.com\r", {"bad.example.com", "worse.example.com"}),
    ],
)
def test_a_line(line: str, taken: set[str]) -> None:
    assert entries(line) == taken
    assert entries(f"{line}\nother.example.com\n") == {*taken, "other.example.com"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("com", "'com' is not a domain such as example.com"),
        ("nonsense", "'nonsense' is not a domain such as example.com"),
        ("bad..example.com", "'bad..example.com' is not a domain such as example.com"),
        ("two.example.com words.example.com", "'two.example.com words.example.com' is not a domain such as"),
        ("http://", "'http://' is neither a domain such as example.com nor"),
        ("co.uk", "'co.uk' is an ending under which anybody may have a domain"),
        ("any.ck", "'any.ck' is an ending under which anybody may have a domain"),
        ("www.blogspot.com", "'blogspot.com' is an ending under which anybody may have a domain"),
        ("youtube.com", "'youtube.com' is a place of everybody's; list the address of the page itself, such as"),
        ("https://www.YouTube.com/", "'youtube.com' is a place of everybody's"),
        ("0.0.0.0 www.facebook.com", "'facebook.com' is a place of everybody's"),
        ("docs.google.com", "'docs.google.com' is a place of everybody's"),
        ("t.co", "'t.co' is a place of everybody's"),
        ("bit.ly", "'bit.ly' is a place of everybody's"),
        ("kcmo.gov", "'kcmo.gov' is a place of everybody's"),
        ("data.kcmo.gov", "'data.kcmo.gov' is a place of everybody's"),
        ("any.state.gov", "'any.state.gov' is a place of everybody's"),
    ],
)
def test_a_line_that_is_refused(line: str, said: str) -> None:
    with pytest.raises(BadList) as refused:
        entries(f"bad.example.com\n{line}\nworse.example.com\n")
    assert f"line 2: {said}" in str(refused.value)
    assert "line 1" not in str(refused.value)
    assert "line 3" not in str(refused.value)


def test_a_line_that_is_no_text() -> None:
    with pytest.raises(BadList, match="line 2: is not UTF-8"):
        read("ours.txt", b"bad.example.com\ncaf\xe9.example.com\n", "0" * 64)


def test_no_place_of_everybodys_can_be_listed() -> None:
    for name in EVERYBODYS:
        with pytest.raises(BadList):
            entries(f"evil.{name}" if "." not in name else name)


@given(
    st.lists(
        st.sampled_from(["a.example.com", "co.uk", "#x", "A.B.example", "0.0.0.0 c.example.org", "é.fr", "d.com/x"])
    )
)
def test_a_line_means_the_same_wherever_it_stands(lines: list[str]) -> None:
    """A long list is read in pieces; what follows from a line must not depend on the others."""
    alone = [entries(line) if line != "co.uk" else set() for line in lines]
    if "co.uk" in lines:
        with pytest.raises(BadList, match=f"line {lines.index('co.uk') + 1}: "):
            entries("\n".join(lines))
    else:
        assert entries("\n".join(lines)) == set().union(*alone)


def test_line_numbers_hold_in_a_long_list() -> None:
    lines = [f"site{number}.example.com" for number in range(60_000)]
    lines[51_233] = "co.uk"
    with pytest.raises(BadList, match=r"1 of its lines cannot be used\n    line 51234: 'co.uk' is an ending"):
        entries("\n".join(lines))
    lines[51_233] = "other.example.com"
    assert entries("\n".join(lines)) == set(lines)


def test_at_most_twenty_wrong_lines_are_named() -> None:
    with pytest.raises(BadList) as refused:
        entries("co.uk\n" * 33)
    said = str(refused.value).splitlines()
    assert len(said) == 1 + MOST_SAID + 2
    assert (said[0], said[-2].strip()) == ("33 of its lines cannot be used", "and 13 lines more")


# vouched for


def test_a_hash_as_sha256sum_writes_it() -> None:
    sha256 = hashlib.sha256(b"x").hexdigest()
    other = "0" * 64
    for text in (
        f"{sha256}  a.txt",
        f"{sha256} *a.txt",
        f"{sha256}  /etc/a.txt\n",
        f"{other}  b.txt\n{sha256}  a.txt\n",
        sha256,
    ):
        assert vouched("a.txt", b"x", text.encode()) == sha256
    for text in ("", "nonsense", f"{sha256}  b.txt", f"{sha256}  a.txt\n{other}  a.txt\n"):
        with pytest.raises(BadList, match=r"a\.txt\.sha256 does not hold one line for a\.txt"):
            vouched("a.txt", b"x", text.encode())


REMEDY = (
    "if it is the list you mean to use, whole and corrected, run: cd FOLDER && sha256sum adult.txt > adult.txt.sha256"
)
PLACE = "a-pack.yaml:16:11: rules.0.match.any.0.link.lists.0: the domain list adult.txt was refused: "


def test_a_changed_list_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "bad.example.com\n").write_text("bad.exa", "utf-8")
    expected = hashlib.sha256(b"bad.example.com\n").hexdigest()
    found = hashlib.sha256(b"bad.exa").hexdigest()
    assert refusal(tmp_path) == (
        f"{PLACE}it is not the file that adult.txt.sha256 vouches for "
        f"(SHA-256 expected {expected}, found {found}); {REMEDY}"
    )


def test_a_list_without_its_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adult.txt").write_text("bad.example.com\n", "utf-8")
    assert refusal(tmp_path) == f"{PLACE}adult.txt.sha256 cannot be read (No such file or directory); {REMEDY}"


def test_a_hash_without_its_list_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "bad.example.com\n").unlink()
    assert refusal(tmp_path) == f"{PLACE}adult.txt cannot be read (No such file or directory); {REMEDY}"


def test_a_list_with_wrong_lines_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "bad.example.com\nco.uk\nkcmo.gov\n")
    assert refusal(tmp_path) == (
        f"{PLACE}2 of its lines cannot be used\n"
        "    line 2: 'co.uk' is an ending under which anybody may have a domain\n"
        "    line 3: 'kcmo.gov' is a place of everybody's; list the address of the page itself, such as kcmo.gov/page\n"
        f"    Correct these lines or take them out; {REMEDY}"
    )


# in force


def test_a_pack_takes_domains_from_the_citys_lists(tmp_path: Path) -> None:
    put(tmp_path, "# ours\nbad.example.com  # a note\n\nBÜCHER.example.net\n")
    pack = a_pack(tmp_path, rule(), lists=tmp_path)
    engine = Engine([pack])
    sha12 = pack.lists["adult.txt"].sha256[:12]
    (match,) = engine.evaluate("look at https://bad.example.com/x")
    assert (match.excerpt, match.matcher) == (
        "https://bad.example.com/x",
        f"link: bad.example.com in adult.txt#{sha12}",
    )
    assert engine.evaluate("https://xn--bcher-kva.example.net/")
    assert not engine.evaluate("https://example.com/")


def test_a_verdict_says_with_which_lists_it_was_given(tmp_path: Path) -> None:
    put(tmp_path, "bad.example.com\n")
    one = a_pack(tmp_path, rule(), lists=tmp_path)
    put(tmp_path, "worse.example.com\n")
    other = a_pack(tmp_path, rule(), lists=tmp_path)
    assert one.sha256 == other.sha256
    assert one.label != other.label
    assert one.lists_record == f"{one.lists['adult.txt'].sha256}  adult.txt\n"
    assert one.label.endswith(f"+{hashlib.sha256(one.lists_record.encode()).hexdigest()[:12]}")
    (match,) = Engine([one]).evaluate("https://bad.example.com/")
    assert match.pack == one.label


def test_a_city_without_lists_can_start_and_is_told(tmp_path: Path) -> None:
    for lists in (None, tmp_path):
        pack = a_pack(tmp_path, rule(), lists=lists)
        assert pack.missing == ("adult.txt",)
        assert "+" not in pack.label
        assert not Engine([pack]).evaluate("https://bad.example.com/")


def test_an_exception_does_not_silently_go_missing(tmp_path: Path) -> None:
    with pytest.raises(FileProblems) as refused:
        a_pack(tmp_path, a_rule([], except_=[{"link": {"lists": ["ours.txt"]}}]))
    (problem,) = refused.value.problems
    assert problem.endswith(
        "rules.0.except.0.link.lists.0: the domain list 'ours.txt' is not there, and without it the rule would reach "
        "further than it says; put it into the folder of lists or take the name out"
    )


def test_a_refused_list_is_the_only_thing_said_of_its_rule(tmp_path: Path) -> None:
    put(tmp_path, "co.uk\n")
    examples = {
        "match": ["see bad.example.com", "see www.bad.example.com"],
        "near_miss": ["bad"],
        "no_match": ["a", "b"],
    }
    with pytest.raises(FileProblems) as refused:
        a_pack(tmp_path, a_rule([{"link": {"lists": ["adult.txt"]}}], examples=examples), lists=tmp_path)
    assert len(refused.value.problems) == 1


def test_examples_are_excused_only_while_the_list_is_missing(tmp_path: Path) -> None:
    examples = {
        "match": ["see bad.example.com", "see www.bad.example.com"],
        "near_miss": ["bad"],
        "no_match": ["a", "b"],
    }
    path = write_pack(tmp_path, a_rule([{"link": {"lists": ["adult.txt"]}}], examples=examples))
    approvals = Approvals.assume("a tester", APPROVED_ON, [path])
    assert load_pack(path, policy(), tmp_path, approvals).missing == ("adult.txt",)
    put(tmp_path, "worse.example.com\n")
    with pytest.raises(FileProblems, match=r"does not match 'see bad\.example\.com'"):
        load_pack(path, policy(), tmp_path, approvals)
    put(tmp_path, "bad.example.com\n")
    assert not load_pack(path, policy(), tmp_path, approvals).missing


def test_the_shipped_packs_take_the_citys_lists(tmp_path: Path) -> None:
    for name in ("adult.txt", "phishing.txt", "scam.txt"):
        put(tmp_path, f"{name[0]}-site.example.com\n", name)
    approvals = Approvals.assume("a tester", APPROVED_ON, shipped_packs())
    engine = Engine([load_pack(path, policy(), tmp_path, approvals) for path in shipped_packs()])
    met = {site: engine.evaluate(f"see {site}-site.example.com") for site in "aps"}
    hiding = {site: {match.rule for match in found if match.ask is Ask.HIDE} for site, found in met.items()}
    assert hiding == {"a": {"c4-adult-link"}, "p": {"c9-harmful-link"}, "s": {"c9-harmful-link"}}
    warned = engine.evaluate("beware of p-site.example.com")
    assert "c9-harmful-link-in-warning" in {match.rule for match in warned}
    assert {match.ask for match in warned} == {Ask.REVIEW}


@pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not part of the project")
def test_real_lists_are_read_but_for_the_lines_that_would_hit_everybody() -> None:
    for name, most in (("adult", 5), ("phishing", 20), ("scam", 0), ("drugs", 0), ("gambling", 0), ("piracy", 0)):
        body = (DATA / "lists" / f"domains_{name}.txt").read_bytes()
        try:
            refused = ""
            read(name, body, "0" * 64)
        except BadList as problem:
            refused = str(problem)
        assert int(refused.split()[0] if refused else 0) <= most
