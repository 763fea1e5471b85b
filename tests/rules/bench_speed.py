"""The bench's second half: how fast comments are judged, beside a bare floor and two well-known filters.

Everything that is compared is timed in turns, on the same comments, on one core, in one process. A noisy machine slows
all of them alike, so what counts is the ratio. Every comment is one that the process has not seen before.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import re2
from ahocorasick_rs import AhoCorasick, Implementation
from bench_figures import Section
from bench_right import names, vocabulary
from build import a_pack, a_rule
from shipped import DATA, ENFORCE, HERE, ROOT, packs, policy, rows

from bot.domain.judge import judge
from rules.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rules.model import Pack

PHRASES = 5_000
PATTERNS = 300
CHUNK = 250  # comments timed in one turn
SLOW_ONES = 25  # of each chunk for filters that are a hundred times slower
QUICK = 2_000
SEED = 20261122
RARE = 2  # times in all comments
COMMON = 150  # words: articles, pronouns and the like
MB = 1 << 20
_WORD_IN_PATTERN = re.compile(r"(?<![\\<A-Za-z])(?<!\\p\{)[a-z]{3,}|(?<=\\b)[a-z]{3,}")  # and none of its grammar

COMMENTS_A_SECOND = 50_000
WITH_SCORES = 20_000
SHARE_OF_FLOOR = 0.01  # loose: what makes judging many times slower is noticed on any machine
P99 = 0.5  # ms
HOSTILE = 5.0  # ms for 10 KB
HOPELESS = 1_000.0  # ms for 100 KB
LINEAR = 12.0  # times as long for ten times as much
READY = 1.0  # s
RESIDENT = 150.0  # MB
DOMAINS = 500_000
FOR_DOMAINS = 100.0  # MB


# what is timed


@dataclass(frozen=True, slots=True)
class Load:
    """The shipped packs, filled up with rules that were made up to the size that is promised."""

    packs: tuple[Pack, ...]
    phrases: list[str]
    patterns: list[str]

    @classmethod
    def make(cls, folder: Path) -> Load:
        """Fill up with pairs of rare words, and with the shipped patterns in other words. Same seed, same rules."""
        matchers = [matcher for pack in packs() for rule in pack.rules for matcher in rule.matchers]
        phrases = [phrase for matcher in matchers for phrase in matcher.phrase or ()]
        patterns = [matcher.pattern for matcher in matchers if matcher.pattern]
        words = _rare_words()
        chance = random.Random(SEED)
        made = [f"{chance.choice(words)} {chance.choice(words)}" for _ in range(2 * PHRASES)]
        more = list(dict.fromkeys(made))[: max(0, PHRASES - len(phrases))]
        alike = [_in_other_words(chance.choice(patterns), words, chance) for _ in range(PATTERNS - len(patterns))]
        rules = [
            a_rule([{"phrase": more[at : at + 100]}], id=f"made-up-phrases-{at}", outcome="review")
            for at in range(0, len(more), 100)
        ]
        rules += [
            a_rule([{"pattern": pattern}], id=f"made-up-pattern-{at}", outcome="review")
            for at, pattern in enumerate(alike)
        ]
        open_to_all = replace(policy(), never_named=(), criticism=(), alike=())  # words by chance may name anybody
        pack = a_pack(folder, *rules, id="made-up", under=open_to_all)
        return cls((*packs(), pack), phrases + more, patterns + alike)

    def engine(self, *, scores: bool) -> Engine:
        """Everything compiled, with or without the rules that ask a model."""
        return Engine(self.packs if scores else [_without_scores(pack) for pack in self.packs])

    @property
    def asks_models(self) -> bool:
        return any(_asks_a_model(rule) for pack in self.packs for rule in pack.rules)


def _rare_words() -> list[str]:
    """Words that hardly occur in real comments, in order, or made-up ones where no comments are."""
    rare = sorted(word for word, often in vocabulary().items() if often <= RARE and len(word) > 4 and word.isascii())
    if rare:
        return rare
    chance = random.Random(SEED)
    syllables = [f"{one}{two}" for one in "bdfgklmnprstvz" for two in "aeiou"]
    return sorted({"".join(chance.choices(syllables, k=chance.randint(3, 5))) for _ in range(20_000)})


def _in_other_words(pattern: str, words: list[str], chance: random.Random) -> str:
    """Put a rare word for each word of a pattern but the commonest, which every sentence is made of."""
    common = {word for word, _ in vocabulary().most_common(COMMON)}
    return _WORD_IN_PATTERN.sub(lambda found: found[0] if found[0] in common else chance.choice(words), pattern)


def _asks_a_model(rule: Any) -> bool:
    return any(matcher.score for matcher in rule.matchers)


def _without_scores(pack: Pack) -> Pack:
    return replace(pack, rules=tuple(rule for rule in pack.rules if not _asks_a_model(rule)))


def _judging(engine: Engine) -> Callable[[Sequence[str]], None]:
    def run(texts: Sequence[str]) -> None:
        for text in texts:
            judge(engine.evaluate(text), policy(), ENFORCE)

    return run


class Floor:
    """The least that any such program must do: fold the text, look for all phrases and all patterns in both forms."""

    def __init__(self, load: Load) -> None:
        """Compile the same phrases and patterns with the same two libraries, and nothing around them."""
        self._fold = {code: _folded(chr(code)) for code in range(0x3000)}
        self._words = AhoCorasick(dict.fromkeys(load.phrases), implementation=Implementation.DFA)
        options = re2.Options()
        options.max_mem = 512 * MB
        options.log_errors = False
        self._patterns = re2.Set.SearchSet(options)
        for pattern in load.patterns:
            self._patterns.Add(pattern)
        self._patterns.Compile()

    def phrases(self, texts: Sequence[str]) -> None:
        """Look for the phrases alone: that much is nearly free, so it tells how fast the machine is."""
        for text in texts:
            for form in (text.lower(), text.translate(self._fold)):
                self._words.find_matches_as_indexes(form)

    def everything(self, texts: Sequence[str]) -> None:
        """Look for phrases and patterns, all patterns in one set."""
        for text in texts:
            for form in (text.lower(), text.translate(self._fold)):
                self._words.find_matches_as_indexes(form)
                self._patterns.Match(form)


def _folded(char: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", char).lower() if not unicodedata.combining(c)) or char


def _others() -> tuple[dict[str, Callable[[Sequence[str]], None]], list[str]]:
    """Two filters that many people use, as far as they are installed: names that are missing come second."""
    found: dict[str, Callable[[Sequence[str]], None]] = {}
    missing = []
    try:
        profanity = importlib.import_module("better_profanity").profanity
        profanity.load_censor_words()
        found["better-profanity"] = lambda texts: [profanity.contains_profanity(text) for text in texts][:0]
    except ImportError:
        missing.append("better-profanity: not installed")
    try:
        predict = importlib.import_module("profanity_check").predict
        found["alt-profanity-check"] = lambda texts: [predict([text]) for text in texts][:0]
        found["alt-profanity-check, many at once"] = lambda texts: predict(list(texts))
    except ImportError:
        missing.append("alt-profanity-check: not installed")
    return found, missing


# throughput


def speed(*, quick: bool) -> Section:
    """Comments a second on one core, the time that one takes, and the same for the floor and for two other filters."""
    told = Section()
    texts = _texts()
    if len(texts) < QUICK:
        told.missing.append(f"{DATA}: no real comments to time with")
        return told
    texts = texts[:QUICK] if quick else texts
    with _one_core(), tempfile.TemporaryDirectory() as folder:
        load = Load.make(Path(folder))
        told.tell("phrases", len(load.phrases))
        told.tell("patterns", len(load.patterns))
        others, told.missing = ({}, []) if quick else _others()
        floor = Floor(load)
        runs = {
            "judging": _judging(load.engine(scores=False)),
            "floor": floor.everything,
            "floor without patterns": floor.phrases,
        }
        if load.asks_models:
            runs["judging with scores"] = _judging(load.engine(scores=True))
        else:
            told.missing.append("no shipped rule asks a model")
        in_turns, one_by_one = texts[: len(texts) * 3 // 4], texts[len(texts) * 3 // 4 :]
        rates = _rates(runs | others, in_turns, set(others) - {"alt-profanity-check, many at once"})
        told.at_least("comments a second", rates["judging"], COMMENTS_A_SECOND, speed=True)
        if "judging with scores" in rates:
            told.at_least("comments a second with scores", rates["judging with scores"], WITH_SCORES, speed=True)
        for name, rate in rates.items():
            if name != "judging":
                told.tell(f"{name}: comments a second", rate)
                told.tell(f"judging is faster than {name} by", rates["judging"] / rate)
        told.at_least(
            "share of the speed of folding and phrases alone",
            rates["judging"] / rates["floor without patterns"],
            SHARE_OF_FLOOR,
        )
        _latency(told, runs["judging"], one_by_one)
    return told


def _texts() -> list[str]:
    """All real comments, each once, in an order that is always the same and mixes the files."""
    texts = list(dict.fromkeys(row["text"] for name in names() for row in rows(name))) if DATA.is_dir() else []
    random.Random(SEED).shuffle(texts)
    return texts


def _rates(runs: dict[str, Callable[[Sequence[str]], None]], texts: list[str], slow: set[str]) -> dict[str, float]:
    """Time all in turns, each beginning as often as the others; slow ones see a part of each chunk."""
    spent: dict[str, float] = defaultdict(float)
    seen: dict[str, int] = defaultdict(int)
    order = list(runs)
    for run in runs.values():
        run(["warm up, nothing here is a real comment", "second of two"])
    for at in range(0, len(texts), CHUNK):
        order = order[1:] + order[:1]
        for name in order:
            if name in slow and at // CHUNK % 4:
                continue
            chunk = texts[at : at + (SLOW_ONES if name in slow else CHUNK)]
            gc.collect(0)
            began = time.process_time()
            runs[name](chunk)
            spent[name] += time.process_time() - began
            seen[name] += len(chunk)
    return {name: seen[name] / spent[name] for name in runs}


def _latency(told: Section, run: Callable[[Sequence[str]], None], texts: list[str]) -> None:
    times = []
    for text in texts:
        one = [text]
        began = time.thread_time_ns()
        run(one)
        times.append((time.thread_time_ns() - began) / 1e6)
    times.sort()
    told.tell("median, ms", times[len(times) // 2])
    told.at_most("99th percentile, ms", times[len(times) * 99 // 100], P99, speed=True)
    told.tell("slowest, ms", times[-1])


class _one_core:  # noqa: N801 (used as a word, like a function)
    """Keep this process on one core as long as it lasts, where the system lets it."""

    def __enter__(self) -> None:
        self._before = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
        if self._before:
            os.sched_setaffinity(0, {max(self._before)})

    def __exit__(self, *_: object) -> None:
        if self._before:
            os.sched_setaffinity(0, self._before)


# hostile texts


def hostile(*, quick: bool) -> Section:
    """Texts made to be slow: ten thousand characters are nothing, a million take as long as a hundred times that."""
    told = Section()
    with _one_core(), tempfile.TemporaryDirectory() as folder:
        run = _judging(Load.make(Path(folder)).engine(scores=True))
        worst: dict[str, float] = {}
        ratios: dict[str, float] = {}
        for name, make in HOSTILE_TEXTS.items():
            worst[name] = min(_ms(run, make(10_000 + extra)) for extra in range(3))
            if not quick:
                ratios[name] = _ratio(run, make, worst[name])
        slowest = max(worst, key=worst.__getitem__)
        told.at_most("10 KB, the slowest, ms", worst[slowest], HOSTILE, speed=True)
        if ratios:
            steepest = max(ratios, key=ratios.__getitem__)
            told.at_most("1 MB against 100 KB, the steepest", ratios[steepest], LINEAR)
        told.read += [
            {"text": name, "10 KB, ms": round(ms, 3), "ratio": ratios.get(name) and round(ratios[name], 2)}
            for name, ms in sorted(worst.items(), key=lambda item: -item[1])
        ]
    return told


def _ratio(run: Callable[[Sequence[str]], None], make: Callable[[int], str], smaller: float) -> float:
    """How many times as long ten times as much takes: 1 MB, but where 100 KB are far too slow already, those."""
    small = min(_ms(run, make(100_000 + extra)) for extra in range(2))
    if small > HOPELESS:
        return small / smaller
    return min(_ms(run, make(1_000_000 + extra)) for extra in range(2)) / small


def _ms(run: Callable[[Sequence[str]], None], text: str) -> float:
    one = [text]
    began = time.process_time()
    run(one)
    return (time.process_time() - began) * 1e3


def _again(piece: str) -> Callable[[int], str]:
    return lambda length: (piece * (length // len(piece) + 1))[:length]


def _noise(alphabet: str) -> Callable[[int], str]:
    return lambda length: "".join(random.Random(length).choices(alphabet, k=length))


HOSTILE_TEXTS: dict[str, Callable[[int], str]] = {
    "one letter": _again("a"),
    "one listed word": _again("fuck "),
    "one listed word, spaced out": _again("f u c k  "),
    "single letters": _again("a b c "),
    "figures and letters": _again("f4ck1ng "),
    "stretched words": _again("fuuuuuck baaaad "),
    "asterisks": _again("f*ck ** "),
    "quotation marks": _again('"'),
    "quoted words": _again('" fuck said '),
    "said": _again("said me us "),
    "digits": _again("4111 1111 1111 1111 "),
    "digits in a row": _again("0123456789"),
    "social security numbers": _again("123-45-6789 "),
    "dots": _again("a.b."),
    "addresses": _again("http://a.example/x "),
    "one long address": lambda length: "http://" + "a." * (length // 2),
    "half addresses": _again("https://www."),
    "dot in words": _again("pornhub dot com "),
    "brackets": _again("[.](dot)"),
    "at signs": _again("@a "),
    "hash signs": _again("#fuck"),
    "spaces": _again(" "),
    "line breaks": _again("a\n"),
    "combining marks": _again("a" + "\u0301" * 20),
    "invisible characters": _again("f\u200bu\u200bc\u200bk\u200b"),
    "joined emoji": _again("👩\u200d👩\u200d👧\u200d👦"),
    "ligatures": _again("ﷺﬃ"),
    "full width": _again("ｆｕｃｋ "),
    "mathematical letters": _again("𝓯𝓾𝓬𝓴 "),
    "cyrillic": _again("сука "),
    "right to left": _again("\u202eabc\u202c "),
    "half characters": _again("\ud800"),
    "shouting": _again("AAAA!!!! "),
    "beginnings of spam": _again("check out my "),
    "beginnings of threats": _again("i will kill the "),
    "sub for sub": _again("sub4sub "),
    "noise of letters": _noise("abcdefghijklmnopqrstuvwxyz     "),
    "noise of everything": _noise("aeiouftckshn013$@!*.-_/\"':,\u200b\u0301áñс🙂 "),
}


# readiness


def readiness(*, quick: bool) -> Section:
    """From the start of a process to its first verdict, and the memory it takes then.

    The first start of all tries all packs out; later ones know that they passed.
    """
    told = Section()
    rounds = 2 if quick else 5
    idle = min(_run_child(["-c", "pass"])[0] for _ in range(rounds))
    with tempfile.TemporaryDirectory() as folder:
        start = [str(HERE / "bench.py"), "--first-verdict", "--passed", f"{folder}/packs-passed"]
        first, *later = [_run_child(start) for _ in range(1 + rounds)]
    ready = min(seconds for seconds, _ in later) - idle
    told.at_most("from start to first verdict, less the interpreter's own start, s", ready, READY, speed=True)
    told.tell("the same at the very first start, s", first[0] - idle)
    resident = max(float(out) for _, out in (first, *later))
    told.at_most("memory after the first verdict, MB", resident, RESIDENT)
    if not quick:
        _, out = _run_child([str(HERE / "bench.py"), "--first-verdict", str(DOMAINS)])
        told.at_most(f"memory that {DOMAINS} listed domains add, MB", float(out) - resident, FOR_DOMAINS)
    return told


def _run_child(arguments: list[str]) -> tuple[float, str]:
    """Run a Python process; give its time in seconds, waiting included, and what it said."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return time.monotonic() - began, done.stdout


def first_verdict(domains: int, passed: Path | None) -> float:
    """In a process of its own: load everything, judge one comment, and give the memory taken, in MB.

    The file `passed` remembers which packs passed.
    """
    with tempfile.TemporaryDirectory() as folder:
        extra = (_pack_with_domains(Path(folder), domains),) if domains else ()
        judge(Engine((*packs(passed), *extra)).evaluate("Fix the road, please."), policy(), ENFORCE)
        gc.collect()
        return float(psutil.Process().memory_info().rss) / MB


def _pack_with_domains(folder: Path, many: int) -> Pack:
    """A rule with a list of made-up domains, written line by line so that making it leaves no memory behind."""
    with (folder / "made-up.txt").open("w", encoding="utf-8") as file:
        file.writelines(f"{name}.example\n" for name in _domain_names(many))
    with (folder / "made-up.txt").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    (folder / "made-up.txt.sha256").write_text(f"{digest}  made-up.txt\n", "utf-8")
    examples = {
        "match": ["see https://a0.example", "see https://a1.example"],
        "near_miss": ["https://a0.example.gov"],
        "no_match": ["one", "two"],
    }
    rule = a_rule([{"link": {"lists": ["made-up.txt"]}}], id="made-up-domains", outcome="review", examples=examples)
    return a_pack(folder, rule, id="made-up-lists", lists=folder)


def _domain_names(many: int) -> Iterator[str]:
    chance = random.Random(SEED)
    for number in range(many):
        yield f"{'' if number < 2 else ''.join(chance.choices('bcdfgklmnprst', k=chance.randint(4, 16)))}a{number}"
