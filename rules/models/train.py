"""Makes the models for spam and commerce out of labelled comments, and the report of how good they are.

Run as ``make train DATA=folder DATE=2026-11-22``: it needs the extra ``train``. The folder holds the files of
`SOURCES`, a JSON object a line: ``{"text", "labels": [...], "meta": {"video": ...}}``. No comment of them goes into the
project, only weights. Nothing imports this module.

Whatever the report says of a comment was said by a model that had not seen it: YouTube's comments are judged by models
trained on other videos, all others by models trained on two thirds that hold no copy of them. The limit from which on a
person is asked is chosen inside that training part, in the same way.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from rules.context import NO_CONTEXT
from rules.engine import Engine
from rules.load import Approvals, load_pack, load_policy, shipped_models, shipped_packs
from rules.match.score import BUCKETS, NOUGHT, READING, Model, numbers, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

HERE = Path(__file__).parent
LAWFUL = HERE / "lawful.txt"
POLICY = HERE.parents[1] / "config" / "policy" / "ar-1-27.yaml"
FOLDS = 3
SOFTNESS = 20.0  # the inverse of the penalty on weights (sklearn's C)
MARGIN = 0.12  # by which the limit stands clear of the first comment that must not be asked about
LIMIT = 0.5  # of a score, from which on the shipped rules ask a person
COMMON = 10  # comments that hold a word which the report tells
CLAUSES = {"C5", "C9"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of labelled comments: whose it is, how much each comment weighs, and what it is used for."""

    name: str
    licence: str
    origin: str
    weight: float = 0.3
    lawful: bool = False
    trained: bool = True


SOURCES = (
    Source(
        name="youtube_spam",
        licence="CC BY 4.0",
        origin="T. C. Alberto, J. V. Lochter, T. A. Almeida: YouTube Spam Collection, UCI Machine Learning Repository",
        weight=3.0,
    ),
    Source(
        name="sms_spam",
        licence="CC BY 4.0",
        origin="T. A. Almeida, J. M. Gómez Hidalgo: SMS Spam Collection, UCI Machine Learning Repository",
        weight=1.0,
    ),
    Source(name="janitr_x_scam", licence="MIT", origin="janitr: posts on X, most about crypto money", weight=0.2),
    Source(
        name="polis_civic",
        licence="CC BY 4.0",
        origin="Polis open data: what residents write when a city asks them",
        lawful=True,
    ),
    Source(name="crisislex_t6", licence="MIT", origin="CrisisLex T6: tweets in disasters", lawful=True),
    Source(name="civil_comments_spans", licence="CC0", origin="Civil Comments: comments on news", lawful=True),
    Source(name="davidson", licence="MIT", origin="T. Davidson and others: strong language on Twitter", lawful=True),
    Source(
        name="mayweather_tweets", licence="CC BY 4.0", origin="tweets on a boxing match", lawful=True, trained=False
    ),
    Source(name="pstance", licence="MIT", origin="P-Stance: tweets on candidates", lawful=True),
    Source(
        name="identity_madlibs",
        licence="Apache-2.0",
        origin="Jigsaw: made-up lines on groups",
        lawful=True,
        trained=False,
    ),
)

OURS = Source(name="lawful", licence="the project's own", origin="what neighbours write", weight=3.0, lawful=True)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What one model is to find: the label, and in which files of `SOURCES` a missing label means no.

    `asked` gives the share of a file's other comments about which the model may at most ask a person.
    """

    label: str
    judged: tuple[str, ...]
    asked: Mapping[str, float]


TARGETS = (
    Target(
        label="spam",
        judged=("youtube_spam", "sms_spam", "janitr_x_scam"),
        asked={"youtube_spam": 0.004, "polis_civic": 0.0025, "crisislex_t6": 0.0015, "pstance": 0.002},
    ),
    Target(
        label="commerce",
        judged=("janitr_x_scam",),
        asked={"janitr_x_scam": 0.02, "polis_civic": 0.001, "crisislex_t6": 0.001, "pstance": 0.001},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One labelled comment as a model reads it; comments of one `fold` are judged by models that saw none of them."""

    source: Source
    text: str
    labels: frozenset[str]
    fold: int
    words: tuple[str, ...]
    numbers: frozenset[int]


def main() -> None:
    """Train, measure, and write the models and their report."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("data", type=Path, help="the folder with the labelled comments")
    asked.add_argument("--date", type=date.fromisoformat, required=True, help="the day that the report bears")
    asked.add_argument("--version", default="2026.1", help="the version of the models")
    asked.add_argument("--critical", type=Path, help="a file of lawful criticism, a comment a line, only measured")
    said = asked.parse_args()
    examples = [example for source in SOURCES for example in _read(source, said.data)]
    examples += _lines(LAWFUL, OURS)
    if said.critical:
        examples += _lines(said.critical, replace(OURS, name=said.critical.stem, trained=False))
    unseen = {target.label: _unseen(target, examples, said.version) for target in TARGETS}
    final = {target.label: _trained(target, examples, said.version) for target in TARGETS}
    for label, body in final.items():
        (HERE / f"{label}.model").write_bytes(body)
    report = _report(said.data, said.date, examples, unseen, {label: Model.of(body) for label, body in final.items()})
    (HERE / "REPORT.md").write_text(report, "utf-8")
    sys.stdout.write(report)


def _read(source: Source, folder: Path) -> Iterable[Example]:
    videos: dict[str, int] = {}
    with (folder / f"{source.name}.jsonl").open(encoding="utf-8") as file:
        for line in file:
            said: dict[str, Any] = json.loads(line)
            video = said["meta"].get("video")
            fold = None if video is None else videos.setdefault(video, len(videos)) % FOLDS
            yield _example(source, said["text"], frozenset(said["labels"]), fold)


def _lines(path: Path, source: Source) -> Iterable[Example]:
    """Read lawful comments that were written for this project, one a line."""
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield _example(source, line, frozenset(), None)


def _example(source: Source, text: str, labels: frozenset[str], fold: int | None) -> Example:
    """Read a comment; without a fold of its own it has that of all comments with the same words."""
    read = tuple(words(text))
    if fold is None:
        fold = crc32(" ".join(read).encode()) % FOLDS
    return Example(source=source, text=text, labels=labels, fold=fold, words=read, numbers=numbers(read))


# training


def _fits(target: Target, example: Example) -> bool:
    """Tell whether a comment teaches a model anything: labelled for it, or lawful beyond doubt; and not empty."""
    return (
        bool(example.numbers)
        and example.source.trained
        and (example.source.lawful or example.source.name in target.judged)
    )


def _trained(target: Target, examples: Sequence[Example], version: str) -> bytes:
    """Train on all of these comments, and set the limit by models that saw only a part of them."""
    chosen = [example for example in examples if _fits(target, example)]
    limit = -math.inf
    folds = sorted({example.fold for example in chosen})
    evidence: dict[Example, float] = {}
    for fold in folds:
        weights, bias = _fitted(target, [example for example in chosen if example.fold != fold])
        held = [example for example in chosen if example.fold == fold]
        evidence |= {example: _evidence(example, weights, bias) for example in held}
    for source in SOURCES:
        lawful = sorted(
            (evidence[e] for e in chosen if e.source is source and target.label not in e.labels), reverse=True
        )
        if source.name in target.asked and lawful:
            limit = max(limit, lawful[int(len(lawful) * target.asked[source.name])] + MARGIN)
    weights, bias = _fitted(target, chosen)
    return _packed(target.label, version, weights, bias - limit)


def _fitted(target: Target, examples: Sequence[Example]) -> tuple[Any, float]:
    """Fit a logistic regression; every comment has the length 1, however many words it has."""
    ends = np.cumsum([0, *(len(example.numbers) for example in examples)])
    columns = [number % BUCKETS for example in examples for number in sorted(example.numbers)]
    values = [1 / math.sqrt(len(example.numbers)) for example in examples for _ in example.numbers]
    matrix = csr_matrix((values, columns, ends), shape=(len(examples), BUCKETS))
    labels = [target.label in example.labels for example in examples]
    weight = [example.source.weight for example in examples]
    fitted = LogisticRegression(C=SOFTNESS, solver="liblinear", random_state=0).fit(
        matrix, labels, sample_weight=weight
    )
    return fitted.coef_[0], float(fitted.intercept_[0])


def _evidence(example: Example, weights: Any, bias: float) -> float:
    known = sorted(example.numbers)
    return float(weights[known].sum()) / math.sqrt(len(known)) + bias


def _packed(name: str, version: str, weights: Any, bias: float) -> bytes:
    step = float(np.abs(weights).max()) / (NOUGHT - 1)
    head = {"name": name, "version": version, "reading": READING, "bias": round(bias, 6), "step": step}
    return json.dumps(head).encode() + b"\n" + bytes((np.rint(weights / step) + NOUGHT).astype(np.uint8))


# measuring


def _unseen(target: Target, examples: Sequence[Example], version: str) -> dict[int, Model]:
    """Give for each fold a model that saw none of its comments, limit and all."""
    return {
        fold: Model.of(_trained(target, [example for example in examples if example.fold != fold], version))
        for fold in range(FOLDS)
    }


@dataclass(frozen=True, slots=True)
class Counts:
    """How many comments were asked about rightly and wrongly, and how many should have been and were not."""

    right: int
    wrong: int
    missed: int

    def __str__(self) -> str:
        """Write a row of a table: numbers, precision, recall, F1."""
        precision, recall = _share(self.right, self.right + self.wrong), _share(self.right, self.right + self.missed)
        both = 2 * self.right + self.wrong + self.missed
        f1 = f"{2 * self.right / both:.3f}" if both else "-"
        return f"{self.right} | {self.wrong} | {self.missed} | {precision} | {recall} | {f1}"


def _counts(examples: Iterable[Example], asked: Callable[[Example], bool], labels: frozenset[str]) -> Counts:
    seen = Counter((asked(example), not labels.isdisjoint(example.labels)) for example in examples)
    return Counts(seen[True, True], seen[True, False], seen[False, True])


def _share(part: int, whole: int) -> str:
    """Write a share with its 95 % interval (Wilson's)."""
    if not whole:
        return "-"
    z, share = 1.96, part / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return f"{share:.4f} ({max(middle - half, 0):.3f} to {min(middle + half, 1):.3f})"


def _engines(unseen: Mapping[str, Mapping[int, Model]]) -> list[Engine]:
    """Give for each fold the shipped packs for spam and commerce, with the models that saw none of its comments."""
    approvals = Approvals.assume("the training", date(2000, 1, 1), [POLICY, *shipped_packs()])
    policy = load_policy(POLICY, approvals)
    packs = [load_pack(path, policy, None, approvals) for path in shipped_packs()]
    packs = [pack for pack in packs if not CLAUSES.isdisjoint(rule.clause for rule in pack.rules)]
    return [
        Engine([replace(pack, models={name: unseen[name][fold] for name in pack.models}) for pack in packs])
        for fold in range(FOLDS)
    ]


# the report


def _report(
    folder: Path,
    day: date,
    examples: Sequence[Example],
    unseen: Mapping[str, Mapping[int, Model]],
    final: Mapping[str, Model],
) -> str:
    shipped_models.cache_clear()
    engines = _engines(unseen)
    met = {
        example: any(match.clause in CLAUSES for match in engines[example.fold].evaluate(example.text, NO_CONTEXT))
        for example in examples
    }
    parts = (
        _HEAD.format(day=day, softness=SOFTNESS, models="\n".join(_described(model) for model in final.values())),
        *_files(folder, examples),
        *_found(examples, unseen, met),
        *_speech(examples, unseen, met),
        *(line for target in TARGETS for line in _strongest(target, examples, final[target.label])),
        _LIMITS,
    )
    return "\n".join(parts)


def _described(model: Model) -> str:
    return f"| {model.name} | {model.version} | `{model.sha256}` | {len(model.weights) // 1024} KiB |"


def _files(folder: Path, examples: Sequence[Example]) -> Iterable[str]:
    yield "## Comments it was made from\n"
    yield "| file | comments | trained on | licence | SHA-256 of the file | whose |\n|---|---|---|---|---|---|"
    for source in SOURCES:
        count = sum(example.source is source for example in examples)
        digest = hashlib.sha256((folder / f"{source.name}.jsonl").read_bytes()).hexdigest()
        trained = f"weight {source.weight}" if source.trained else "no, only measured"
        yield f"| {source.name} | {count} | {trained} | {source.licence} | `{digest}` | {source.origin} |"


_COLUMNS = "right | wrong | missed | precision (95 %) | recall (95 %) | F1"  # as `Counts` writes them


def _found(
    examples: Sequence[Example], unseen: Mapping[str, Mapping[int, Model]], met: Mapping[Example, bool]
) -> Iterable[str]:
    yield "\n## What it finds, in comments it had not seen\n"
    yield "*Score* is the model alone from 0.5 on, *pack* any rule for C5 or C9 with the scores among them.\n"
    yield f"| comments | asked by | label | {_COLUMNS} |\n|{'---|' * 9}"
    either = frozenset({"spam", "commerce"})
    for title, some in _labelled(examples):
        for target in TARGETS:
            if some[0].source.name in target.judged:
                yes = _counts(some, _asked([unseen[target.label]]), frozenset({target.label}))
                yield f"| {title} | score {target.label} | {target.label} | {yes} |"
        both = _counts(some, _asked(unseen.values()), either)
        yield f"| {title} | either score | spam or commerce | {both} |"
        yield f"| {title} | pack | spam or commerce | {_counts(some, met.__getitem__, either)} |"


def _asked(models: Iterable[Mapping[int, Model]]) -> Callable[[Example], bool]:
    """Give what tells whether one of these models, each by the fold it did not see, asks about a comment."""
    chosen = list(models)
    return lambda example: any(of[example.fold].score(example.numbers) >= LIMIT for of in chosen)


def _labelled(examples: Sequence[Example]) -> Iterable[tuple[str, list[Example]]]:
    for source in SOURCES:
        some = [example for example in examples if example.source is source]
        if not source.lawful:
            yield source.name, some
            if source.name == "youtube_spam":
                for fold in range(FOLDS):
                    yield f"{source.name}, video {fold + 1}", [example for example in some if example.fold == fold]


def _speech(
    examples: Sequence[Example], unseen: Mapping[str, Mapping[int, Model]], met: Mapping[Example, bool]
) -> Iterable[str]:
    yield "\n## What it asks about lawful speech, in comments it had not seen\n"
    yield "| comments | number | score spam | score commerce | pack |\n|---|---|---|---|---|"
    for source in dict.fromkeys(example.source for example in examples if example.source.lawful):
        some = [example for example in examples if example.source is source]
        asked = [sum(map(_asked([unseen[target.label]]), some)) for target in TARGETS]
        shares = " | ".join(f"{part} ({part / len(some):.2%})" for part in (*asked, sum(met[e] for e in some)))
        yield f"| {source.name} | {len(some)} | {shares} |"


def _strongest(target: Target, examples: Sequence[Example], model: Model, most: int = 40) -> Iterable[str]:
    """Give the single words that weigh most, among those that many comments hold."""
    common = Counter(word for example in examples if _fits(target, example) for word in set(example.words))
    known = {word: numbers([word]) for word, count in common.items() if count >= COMMON and not word.isupper()}
    weighed = sorted((model.weights[min(number)] - NOUGHT, word) for word, number in known.items())
    yield f"\n## Words that weigh most: {target.label}\n"
    yield f"For: {', '.join(word for _, word in weighed[: -most - 1 : -1])}.\n"
    yield f"Against: {', '.join(word for _, word in weighed[:most])}."


_HEAD = """\
# How the models were made, and how good they are

{day}. `rules/models/train.py` wrote this report with the models; `make train DATA=folder DATE=day` does it again.

| model | version | SHA-256 | size |
|---|---|---|---|
{models}

A model is a logistic regression (scikit-learn, liblinear, C = {softness}) on hashed words and pairs of words, as
`rules/match/score.py` reads them. A score of 0.5 is the limit that training chose so as to ask about few lawful
comments; it is no probability. The comments of `lawful.txt` were written for the training, hard ones on purpose;
`criticism` is tests/rules/criticism.txt, on which no model was trained.
"""

_LIMITS = """
## Known limits

* Comments on music videos from 2013 to 2015, British text messages from before 2012 and posts about crypto money from
  2026 are not comments on a city's page. What spammers write changes; train anew when review shows it.
* Labels are other people's. Some comments are labelled spam that nobody would take for it, and X's posts of nearly the
  same wording carry different labels: no model can be right about all of them.
* Names of candidates weigh against spam and advertisements, since tweets about an election were given as lawful; which
  names were in those tweets is an accident. A model may therefore ask a little less about one name than another.
* The rules in words were written by people who had read comments of all three videos. The figures for *pack* are
  therefore kinder than a fourth video would be. Those for *score* are less so: only how far the limit stands clear of
  lawful comments, and by how many letters words are known, were chosen with an eye on them.
* No model known to us tells janitr's posts apart: one of words and letters trained on them alone (TF-IDF of words and
  of two to five letters) reaches an F1 of 0.87 on posts it had not seen, at a precision of 0.86. The limit here is set
  for lawful speech and lies far from the best one for those posts.
* A bare link scores high, whatever is behind it: nothing is fetched.
* English mostly, and a little Spanish.

## What they must not be used for

* Not to hide or delete anything: loading refuses a score in any rule that does not end in review.
* Not for politics, discrimination, truth or any other category than C5 and C9: loading refuses that as well. Models of
  this kind take a large part of lawful criticism for what they look for.
* Not to judge people: they see words, never who wrote them.
"""


if __name__ == "__main__":
    main()
