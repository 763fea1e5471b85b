"""The bench's first half: what the shipped rules do to labelled comments, and to lawful ones above all."""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_figures import Score, Section, share
from shipped import APPROVED_ON, DATA, HERE, KINDS, ROOT, criticism, engine, lines, packs, policy, rows, verdict

from bot.domain.types import Ask, Outcome
from rules.engine import Engine
from rules.load import Approvals, shipped_packs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.domain.types import Match, Verdict

REPORT = ROOT / "rules" / "models" / "REPORT.md"
ORDINARY = ("polis_civic", "identity_madlibs", "mayweather_tweets", "crisislex_t6")
LABELS = {
    "C2": {"profanity", "x_offensive"},
    "C3": {"discrimination"},
    "C4": {"sexual"},
    "C5": {"commerce", "spam"},
    "C6": {"safety"},
    "C7": {"safety"},
    "C9": {"spam", "commerce"},
}
BALLOT = """
election: Primary and general election
date: 2020-11-03
source: https://www.example.gov/ballot
certified_on: 2020-09-01
contests:
  - office: President
    choices:
      - {name: Donald Trump, also: [Trump, realDonaldTrump]}
      - {name: Joe Biden, also: [Biden, JoeBiden]}
      - {name: Bernie Sanders, also: [Sanders, Bernie, BernieSanders]}
"""
ERRORS = 20  # per rule, to be read


@dataclass(frozen=True, slots=True)
class Judged:
    """One comment of a file, and what followed for it."""

    row: dict[str, Any]
    verdict: Verdict

    @property
    def rules(self) -> list[str]:
        return list(dict.fromkeys(match.rule for match in self.verdict.matches))

    def meets(self, *clauses: str) -> bool:
        return any(match.clause in clauses for match in self.verdict.matches)

    def hides(self, *clauses: str) -> bool:
        return any(match.clause in clauses and match.ask is not Ask.REVIEW for match in self.verdict.matches)


@cache
def judged(name: str) -> list[Judged]:
    """Every comment of a file of the development data, judged once."""
    return [Judged(row, verdict(row["text"])) for row in rows(name)]


def names() -> list[str]:
    """The files of the development data, without the mixture of the others."""
    return sorted(path.stem for path in DATA.glob("*.jsonl") if path.stem != "demo_comments")


def reading(where: str, text: str, matches: Iterable[Match]) -> dict[str, Any]:
    """A comment as a person should see it."""
    return {"where": where, "text": text[:200], "met": [f"{match.rule}: {match.excerpt}" for match in matches]}


# speech


def speech() -> Section:
    """Nothing lawful is hidden, and hardly anything lawful makes a person look."""
    told = Section()
    _ordinary_speech(told)
    verdicts = [(kind, text, verdict(text)) for kind, text in criticism()]
    told.at_most("criticism: acts", sum(found.outcome is Outcome.ACT for *_, found in verdicts), 0)
    limits = {"harsh": 0.01, "critical": 0.005, "emergency": 0.005, "praise": 0.005, "spanish": 0.01}
    for kind in KINDS:
        outcomes = [found.outcome for of, _, found in verdicts if of == kind]
        asked = share(outcomes.count(Outcome.REVIEW), len(outcomes))
        told.at_most(f"criticism, {kind}: reviews", asked, limits[kind])
    told.read += [
        reading(f"criticism, {kind}: {found.outcome}", text, found.matches)
        for kind, text, found in verdicts
        if found.outcome is not Outcome.CLEAR
    ]
    return told


def _ordinary_speech(told: Section) -> None:
    if not _present(told, *ORDINARY):
        return
    acts = [(name, one) for name in ORDINARY for one in judged(name) if one.verdict.outcome is Outcome.ACT]
    defended = {tuple(part.strip() for part in line.split("|")[:2]) for line in lines("acts_defended")}
    hiding = [(one.row["id"], match) for _, one in acts for match in one.verdict.matches if match.ask is not Ask.REVIEW]
    told.at_most("ordinary speech: acts", len(acts), 0)
    told.at_most("ordinary speech: acts that nobody has defended by name", len({*_named(hiding)} - defended), 0)
    told.at_most("ordinary speech: defended acts that are none any more", len(defended - {*_named(hiding)}), 0)
    told.at_most("ordinary speech: acts but for the closed list", sum(m.clause != "C2" for _, m in hiding), 0)
    for name in ORDINARY:
        outcomes = Counter(one.verdict.outcome for one in judged(name))
        total = outcomes.total()
        told.tell(f"{name}: acts", outcomes[Outcome.ACT])
        asked = share(outcomes[Outcome.REVIEW], total)
        if name == "polis_civic":
            told.at_most(f"{name}: reviews", asked, 0.01)
        else:
            told.tell(f"{name}: reviews", asked)
    emergencies = [one for one in judged("crisislex_t6") if "x_emergency" in one.row["labels"]]
    told.at_most("emergency tweets: acts", sum(o.verdict.outcome is Outcome.ACT for o in emergencies), 0)
    asked = sum(one.verdict.outcome is Outcome.REVIEW for one in emergencies)
    told.at_most("emergency tweets: reviews", share(asked, len(emergencies)), 0.005)
    told.read += [reading(one.row["id"], one.row["text"], one.verdict.matches) for _, one in acts]
    told.read += [
        reading(f"{one.row['id']}, an emergency", one.row["text"], one.verdict.matches)
        for one in emergencies
        if one.verdict.outcome is Outcome.REVIEW
    ]


def _named(hiding: list[tuple[str, Match]]) -> set[tuple[str, str]]:
    return {(where, match.rule) for where, match in hiding}


# profanity


def profanity() -> Section:
    """Disguises are seen through, and no word of the dictionary is taken for one."""
    told = Section()
    _disguises(told)
    _dictionary(told)
    for name, label in (("davidson", "x_offensive"), ("civil_comments_spans", "profanity")):
        if _present(told, name):
            hidden, met = Score(), Score()
            for one in judged(name):
                if label in one.row["meta"]["judges"]:
                    hidden.count(found=one.hides("C2"), true=label in one.row["labels"])
                    met.count(found=one.meets("C2"), true=label in one.row["labels"])
            _tell_score(told, f"{name}, {label}, hidden", hidden)
            _tell_score(told, f"{name}, {label}, hidden or reviewed", met)
    return told


def _disguises(told: Section) -> None:
    """Put every listed word into every disguise that the tests know."""
    try:
        tried = importlib.import_module("test_disguises")
    except ImportError as missing:
        told.missing.append(f"disguises: {missing}")
        return
    found = missed = 0
    for disguise in tried.DISGUISES:
        seen, unseen = tried.seen(disguise)
        found, missed = found + len(seen), missed + len(unseen)
        told.read += [{"not seen through": unseen, "disguise": disguise.name}] * bool(unseen)
    told.tell("disguises", len(tried.DISGUISES))
    told.at_least("disguised words seen through", share(found, found + missed), 0.99)


def _hidden_as_profane(text: str) -> bool:
    return any(match.clause == "C2" and match.ask is Ask.HIDE for match in engine().evaluate(text))


def _dictionary(told: Section) -> None:
    """Judge each word of real comments by itself: whatever holds no obscene stem must be innocent."""
    words = sorted(vocabulary())
    if not words:
        told.missing.append(f"{DATA}: no comments to take words from")
        return
    obscene = re.compile(r"f[uüv]c?k|fcuk|fkin|phuck|fuq|shit|cunt|cocksuck")
    innocent = [word for word in words if not obscene.search(re.sub(r"(.)\1+", r"\1", word))]
    wrong = [word for word in innocent if any(match.clause == "C2" for match in engine().evaluate(word))]
    told.tell("innocent words", len(innocent))
    told.at_most("innocent words taken for profanity", len(wrong), 0)
    hiding = [word for word in words if _hidden_as_profane(word)]
    told.read += [{"taken for profanity": word} for word in wrong] + [{"hidden by itself": hiding}]


@cache
def vocabulary() -> Counter[str]:
    """Every word of letters that occurs in the development data, in lower case, and how often."""
    found: Counter[str] = Counter()
    for name in names():
        for row in rows(name):
            found.update(re.findall(r"[^\W\d_]{3,20}", row["text"].lower()))
    return found


# spam and commerce


def spam() -> Section:
    """What the shipped pack finds in three collections of spam, offers and scams."""
    told = Section()
    for name, truth in (
        ("youtube_spam", {"spam"}),
        ("sms_spam", {"spam"}),
        ("janitr_x_scam", {"spam", "commerce"}),
    ):
        if not _present(told, name):
            continue
        hidden, met = Score(), Score()
        for one in judged(name):
            true = not truth.isdisjoint(one.row["labels"])
            hidden.count(found=one.hides("C4", "C5", "C9"), true=true)
            met.count(found=one.meets("C4", "C5", "C9"), true=true)
            if one.hides("C9") and not true:
                told.read.append(reading(one.row["id"], one.row["text"], one.verdict.matches))
        if hidden.right + hidden.wrong:
            told.at_least(f"{name}: precision of hiding", hidden.precision, 0.98)
        told.tell(f"{name}: recall of hiding", hidden.recall)
        _tell_score(told, f"{name}, hidden or reviewed", met)
    if _present(told, "janitr_x_scam"):
        met = Score()
        for one in judged("janitr_x_scam"):
            met.count(found=one.meets("C5"), true="commerce" in one.row["labels"])
        _tell_score(told, "janitr_x_scam, commerce alone", met)
    _unseen(told)
    return told


def _unseen(told: Section) -> None:
    """Hold what the shipped models' own report says of comments they had not seen; all above were made from theirs."""
    videos, posts = (_reported(name, by) for name, by in (("youtube_spam", "pack"), ("janitr_x_scam", "score spam")))
    told.at_least("youtube_spam, unseen: precision", videos.precision, 0.995)
    told.at_least("youtube_spam, unseen: recall", videos.recall, 0.92)
    told.at_least("youtube_spam, unseen: F1, others' best being .951", videos.f1, 0.951)
    told.at_least("janitr_x_scam, unseen, spam: precision", posts.precision, 0.95)
    told.at_least("janitr_x_scam, unseen, spam: F1", posts.f1, 0.92)


def _reported(name: str, by: str) -> Score:
    """Read a row of the report that training wrote: comments, asked by, label, right, wrong, missed."""
    for line in REPORT.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:]]
        if cells[:2] == [name, by]:
            return Score(*map(int, cells[3:6]))
    message = f"{REPORT}: no row of {name} by {by}; train the models again"
    raise LookupError(message)


# express advocacy


def advocacy() -> Section:
    """Express advocacy, as far as two readers agreed on it, with three candidates on the ballot."""
    told = Section()
    readings = [_reading(f"advocacy_reading_{number}") for number in (1, 2)]
    on_ballot = ballot_engine()
    if not (all(readings) and on_ballot and _present(told, "pstance")):
        told.missing += [f"advocacy_reading_{n}.txt" for n, read in enumerate(readings, 1) if not read]
        told.missing += [] if on_ballot else ["rules that know a ballot"]
        return told
    one, other = readings
    both = sorted(one.keys() & other.keys())
    agreed = {key: one[key] for key in both if one[key] == other[key]}
    told.tell("read by both", len(both))
    told.tell("agreed", share(len(agreed), len(both)))
    told.tell("agreement beyond chance (kappa)", _kappa([(one[key], other[key]) for key in both]))
    texts = {row["id"]: row["text"] for row in rows("pstance")}
    met = Score()
    for key, is_advocacy in agreed.items():
        matches = [match for match in on_ballot.evaluate(texts[key]) if match.clause == "C1"]
        met.count(found=bool(matches), true=is_advocacy)
        if bool(matches) != is_advocacy:
            told.read.append(reading(f"{key}, advocacy: {is_advocacy}", texts[key], matches))
    told.at_least("precision", met.precision, 0.95)
    told.tell("recall", met.recall)
    criticised = sum(any(m.clause == "C1" for m in on_ballot.evaluate(text)) for _, text in criticism())
    told.tell("lawful criticism taken for advocacy", share(criticised, len(criticism())))
    return told


def ballot_engine() -> Engine | None:
    """The shipped rules with Trump, Biden and Sanders on the ballot, if the rules know what a ballot is."""
    loading = importlib.import_module("rules.load")
    if not hasattr(loading, "load_ballot"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ballot.yaml"
        path.write_text(BALLOT, "utf-8")
        approvals = Approvals.assume("a tester", APPROVED_ON, [path, *shipped_packs()])
        ballot = loading.load_ballot(path, approvals)
        return Engine([loading.load_pack(pack, policy(), None, approvals, ballot=ballot) for pack in shipped_packs()])


def _reading(name: str) -> dict[str, bool]:
    if not (HERE / f"{name}.txt").is_file():
        return {}
    return {key: said == "yes" for key, said in (line.split()[:2] for line in lines(name))}


def _kappa(pairs: list[tuple[bool, bool]]) -> float:
    agreed = share(sum(one == other for one, other in pairs), len(pairs))
    yes = [share(sum(pair[side] for pair in pairs), len(pairs)) for side in (0, 1)]
    chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return (agreed - chance) / (1 - chance) if chance < 1 else 1.0


# discrimination


def discrimination() -> Section:
    """Hatred is found better than by a list of slurs, and no word for a group is a ground."""
    told = Section()
    if _present(told, "hatemojibuild"):
        ours, slurs = Score(), Score()
        listed = _slurs()
        for one in judged("hatemojibuild"):
            true = "discrimination" in one.row["labels"]
            ours.count(found=one.meets("C3"), true=true)
            slurs.count(found=bool(listed.search(one.row["text"].lower())), true=true)
        _tell_score(told, "hatemojibuild, a plain list of the same slurs", slurs)
        told.at_least("hatemojibuild: precision, against the list's", ours.precision, round(slurs.precision, 4))
        told.at_least("hatemojibuild: recall, against the list's", ours.recall, round(slurs.recall, 4))
        told.tell("hatemojibuild: F1", ours.f1)
    if _present(told, "identity_madlibs"):
        neutral = [one for one in judged("identity_madlibs") if "x_toxic" not in one.row["labels"]]
        met = [one for one in neutral if one.verdict.outcome is not Outcome.CLEAR]
        told.at_most("neutral sentences on groups: acts and reviews", len(met), 0)
        told.read += [reading(one.row["id"], one.row["text"], one.verdict.matches) for one in met]
    return told


def _slurs() -> re.Pattern[str]:
    slur_rules = [rule for pack in packs() for rule in pack.rules if rule.id.startswith("c3-slur")]
    phrases = [phrase for rule in slur_rules for matcher in rule.matchers for phrase in matcher.phrase or ()]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(phrases, key=len, reverse=True)))})\b")


# threats


def threats() -> Section:
    """A threat makes a person look; words of violence that threaten nobody do not."""
    told = Section()
    threatening = [rule for pack in packs() for rule in pack.rules if "threat" in rule.id]
    own = [text for rule in threatening for text in rule.examples.match]
    blind, near = lines("blind_threats"), lines("blind_threats_near")
    told.at_least("the rule's own examples: found", _asked(own, told, expected=True), 1.0)
    told.at_least("threats written blind: found", _asked(blind, told, expected=True), 0.75)
    told.at_most("near misses written blind: taken for threats", _asked(near, told, expected=False), 0.03)
    told.at_most("threats and near misses: hidden", sum(verdict(t).outcome is Outcome.ACT for t in [*blind, *near]), 0)
    if _present(told, "civil_comments_spans"):
        met = Score()
        for one in judged("civil_comments_spans"):
            if "safety" in one.row["meta"]["judges"]:
                met.count(found=one.meets("C6", "C7"), true="safety" in one.row["labels"])
        _tell_score(told, "civil_comments_spans, safety", met)
    return told


def _asked(texts: list[str], told: Section, *, expected: bool) -> float:
    verdicts = [(text, verdict(text)) for text in texts]
    asked = [(text, found) for text, found in verdicts if found.outcome is not Outcome.CLEAR]
    if expected:
        told.read += [{"threat not found": text} for text, found in verdicts if found.outcome is Outcome.CLEAR]
    else:
        told.read += [reading("a near miss", text, found.matches) for text, found in asked]
    return share(len(asked), len(texts))


# numbers


def numbers() -> Section:
    """Card and social security numbers are told from other numbers, to the very digit."""
    told = Section()
    if not _present(told, "presidio_synth_pii"):
        return told
    met = Score()
    exact = spans = 0
    for one in judged("presidio_synth_pii"):
        true = [(start, end) for kind, start, end, *_ in _spans(one.row) if kind in {"CREDIT_CARD", "US_SSN"}]
        found = [match for match in one.verdict.matches if match.clause == "C7" and match.ask is Ask.HIDE]
        met.count(found=bool(found), true=bool(true))
        spans += len(true) if found else 0
        exact += sum((match.start, match.end) in true for match in found)
        if bool(found) != bool(true):
            told.read.append(reading(one.row["id"], one.row["text"], found))
    told.at_most("numbers hidden wrongly", met.wrong, 0)
    told.at_most("numbers missed", met.missed, 5)
    told.tell("recall", met.recall)
    told.at_least("found with the very digits that were marked", share(exact, spans), 0.99)
    return told


def _spans(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(span) for span in row["meta"]["spans"]]


# every rule


def rules() -> Section:
    """What each rule meets, how often it is right where somebody labelled, and its first errors."""
    told = Section()
    if not _present(told):
        return told
    meeting: dict[str, list[Judged]] = defaultdict(list)
    spoken = {rule.id: (str(rule.clause), rule.languages) for pack in packs() for rule in pack.rules}
    labelled: Counter[str] = Counter()
    for one in (one for name in names() for one in judged(name)):
        for clause in {clause for clause, _ in spoken.values()}:
            labelled[clause] += _is_true(one.row, clause) is True
        for rule in one.rules:
            meeting[rule].append(one)
    for rule, (clause, languages) in sorted(spoken.items()):
        answers = [(one, _is_true(one.row, clause)) for one in meeting[rule]]
        checked = [true for _, true in answers if true is not None]
        told.read.append(
            {
                "rule": rule,
                "languages": [str(language) for language in languages] or ["all"],
                "meets": len(answers),
                "labelled": len(checked),
                "precision": round(share(sum(checked), len(checked)), 4) if checked else None,
                "recall": round(share(sum(checked), labelled[clause]), 4) if labelled[clause] else None,
                "errors": [f"{one.row['id']}: {one.row['text'][:140]}" for one, true in answers if true is False][
                    :ERRORS
                ],
            }
        )
    told.tell("rules", len(spoken))
    told.tell("rules that meet nothing here", sum(not meeting[rule] for rule in spoken))
    return told


def _is_true(row: dict[str, Any], clause: str) -> bool | None:
    """Whether a comment is what a clause is about, or None where no annotator looked for that."""
    looked = LABELS.get(clause, set()).intersection(row["meta"].get("judges", ()))
    return not looked.isdisjoint(row["labels"]) if looked else None


# exactness


def exactness(*, quick: bool) -> Section:
    """The same text gives the same matches in every process, and each match is where it says it is."""
    told = Section()
    if not _present(told):
        return told
    wrong = total = 0
    for one in (one for name in names() for one in judged(name)):
        for match in one.verdict.matches:
            total += 1
            wrong += not match.excerpt or one.row["text"][match.start : match.end] != match.excerpt
    told.tell("matches", total)
    told.at_most("matches that are not where they say", wrong, 0)
    digests = {_digest_of_another_process(seed, quick=quick) for seed in ("1", "2")}
    told.at_most("processes that differ from this one", len(digests - {digest_of_matches(quick=quick)}), 0)
    return told


def digest_of_matches(*, quick: bool) -> str:
    """SHA-256 over every match in every comment of the development data, or of some of its files."""
    digest = hashlib.sha256()
    for name in ("youtube_spam", "presidio_synth_pii", "wiki_fuzzed") if quick else names():
        for one in judged(name):
            digest.update(f"{one.row['id']} {one.verdict.outcome} {one.verdict.matches!r}\n".encode())
    return digest.hexdigest()


def _digest_of_another_process(seed: str, *, quick: bool) -> str:
    run = subprocess.run(
        [sys.executable, str(HERE / "bench.py"), "--digest", *(["--quick"] if quick else [])],
        env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


# parts


PLAIN: dict[str, Callable[[], Section]] = {
    "speech": speech,
    "profanity": profanity,
    "spam": spam,
    "advocacy": advocacy,
    "discrimination": discrimination,
    "threats": threats,
    "numbers": numbers,
    "rules": rules,
}


def _present(told: Section, *wanted: str) -> bool:
    missing = [name for name in wanted if not (DATA / f"{name}.jsonl").is_file()] if DATA.is_dir() else [str(DATA)]
    told.missing += missing
    return not missing


def _tell_score(told: Section, name: str, score: Score) -> None:
    told.tell(f"{name}: precision", score.precision)
    told.tell(f"{name}: recall", score.recall)
    told.tell(f"{name}: F1", score.f1)
