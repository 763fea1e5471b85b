"""Prints what the shipped packs do to labelled development comments: by category, by file, and how fast.

Run as ``python tests/rules/measure.py [--show FILE OUTCOME [N]]``. The comments are looked for where the environment
variable CITYMOD_DEV_DATA says, or beside the project; they are no part of it.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from shipped import DATA, engine, rows, verdict

from bot.domain.types import Outcome

LABELS = {
    "profanity": {"C2"},
    "discrimination": {"C3"},
    "sexual": {"C4"},
    "commerce": {"C5", "C9"},
    "safety": {"C6", "C7"},
    "spam": {"C5", "C9"},
}


def names() -> list[str]:
    """The files of the development data, without the mixture of the others."""
    return sorted(path.stem for path in DATA.glob("*.jsonl") if path.stem != "demo_comments")


def main() -> None:
    """Print the tables, or some comments of one file with one outcome."""
    if "--show" in sys.argv:
        _show(*sys.argv[sys.argv.index("--show") + 1 :])
        return
    _by_file()
    _by_category()
    _speed()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _by_file() -> None:
    _say(f"{'file':24}{'rows':>6}{'hidden':>8}{'%':>7}{'review':>8}{'%':>7}  rules that matched most")
    for name in names():
        verdicts = [verdict(row["text"]) for row in rows(name)]
        outcomes = Counter(one.outcome for one in verdicts)
        met = Counter(rule for one in verdicts for rule in {match.rule for match in one.matches})
        act, review, total = outcomes[Outcome.ACT], outcomes[Outcome.REVIEW], len(verdicts)
        most = ", ".join(f"{rule} {count}" for rule, count in met.most_common(4))
        _say(f"{name:24}{total:6}{act:8}{act / total:7.1%}{review:8}{review / total:7.1%}  {most}")


def _by_category() -> None:
    """Precision and recall where annotators looked for the label; spam and commerce answer for each other."""
    _say(f"\n{'file':24}{'label':16}{'labelled':>9}{'hide P':>9}{'hide R':>8}{'any P':>8}{'any R':>8}")
    for name in names():
        for label, clauses in LABELS.items():
            judged = [row for row in rows(name) if label in row["meta"].get("judges", ())]
            if not any(label in row["labels"] for row in judged):
                continue
            truth = {"spam", "commerce"} if "C9" in clauses else {label}
            hidden: Counter[bool] = Counter()
            asked: Counter[bool] = Counter()
            found = Counter[str]()
            for row in judged:
                matches = [match for match in engine().evaluate(row["text"]) if match.clause in clauses]
                right = not truth.isdisjoint(row["labels"])
                labelled = label in row["labels"]
                if any(match.ask == "hide" for match in matches):
                    hidden[right] += 1
                    found["hide"] += labelled
                if matches:
                    asked[right] += 1
                    found["any"] += labelled
            total = sum(label in row["labels"] for row in judged)
            hide = f"{_share(hidden[True], hidden.total()):>9}{_share(found['hide'], total):>8}"
            any_ = f"{_share(asked[True], asked.total()):>8}{_share(found['any'], total):>8}"
            _say(f"{name:24}{label:16}{total:9}{hide}{any_}")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def _speed() -> None:
    """Time every comment once: a text that was seen before is faster."""
    texts = [row["text"] for name in names() for row in rows(name)]
    times = []
    for text in texts:
        began = time.thread_time()
        engine().evaluate(text)
        times.append(time.thread_time() - began)
    times.sort()
    _say(
        f"\n{len(texts)} comments in {sum(times):.2f} s: {len(texts) / sum(times):.0f} a second; median "
        f"{times[len(times) // 2] * 1e6:.0f} µs, p99 {times[len(times) * 99 // 100] * 1e6:.0f} µs, "
        f"slowest {times[-1] * 1e3:.2f} ms"
    )


def _show(name: str, outcome: str, most: str = "40") -> None:
    shown = 0
    for row in rows(name):
        found = verdict(row["text"])
        if found.outcome == outcome and shown < int(most):
            shown += 1
            met = "; ".join(f"{match.rule} {match.excerpt!r}" for match in found.matches)
            _say(f"{row['labels']} {row['text'][:200]!r}\n    {met}")


if __name__ == "__main__":
    main()
