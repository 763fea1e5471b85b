"""Tells each week whether near-identical comments were decided alike (AR 1-27 5.C.1.g), and people agree.

The report goes to the Social Media Manager and into the e-mail digest, and is a line of the ledger. It names pairs to
look at, and is no finding: what stood above a comment may make the difference.

Near-identical is what reads the same once capitals, signs, accents and disguises are undone. Copies that were hidden
because they were copies (C9) are left out: of those one stays by design.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import cases, ledger, orders, records, second_reviews, withheld
from bot import evidence_words
from bot.digest_words import EN, IN
from bot.domain.names import same
from bot.domain.states import State
from bot.domain.types import Mode, Ref, Speaker
from bot.letters import compose, names, put
from bot.lines import English, say
from bot.masking import INSTEAD, masked
from bot.review import NotPossible, person
from rules.normal import folded_phrase
from rules.swapped import unlike

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime
    from typing import Any

    from archive.cases import Case
    from archive.database import Tx
    from archive.second_reviews import Chosen
    from archive.stored import Json
    from bot.digest_words import Words
    from bot.parts import Parts
    from bot.settings import Settings

WEEKLY = timedelta(days=7)
SPAN = timedelta(days=30)
FEWEST_WORDS = 3
MOST_TOLD = 30
MOST_QUOTED = 120
REPORTED = "consistency.reported"
AT_ONCE = 200
_WORD = re.compile(r"[^\W_]+")
HIDDEN = frozenset({State.ENFORCED, State.SECURED, State.MARKED})
LEFT = frozenset({State.CLEARED, State.RESTORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAlike:
    """A comment to look at, by its ref: one of so many that were `hidden` while others were `left`, such as `other`.

    Or one that `rules` would read otherwise if it spoke of the other side. `why`: as the other's case says.
    """

    text: str
    ref: str
    hidden: int = 0
    left: int = 0
    other: str = ""
    why: str = ""
    rules: tuple[str, ...] = ()

    def concerns(self, keys: Collection[str]) -> bool:
        """Whether it is about a comment on one of these accounts."""
        refs = (Ref.parse(ref) for ref in (self.ref, self.other) if ref)
        return any(f"{ref.platform}:{ref.account}" in keys for ref in refs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was `found`, as far as it is told, of so many. `compared` counts the comments that were read."""

    compared: int
    found: tuple[NotAlike, ...]
    different: int
    sides: int
    opinions: int
    agreed: int


def report_due(parts: Parts, now: datetime) -> bool:
    """Make the report if a week has gone by since the last, or since the first day; give whether it was time."""
    with parts.database.read() as tx:
        last = ledger.last(tx, (REPORTED,)) or next(ledger.entries(tx, limit=1), None)
    if last is None or now - last.at < WEEKLY:
        return False
    found = report(parts, now)
    with parts.database.begin() as tx:
        detail = {"compared": found.compared, "different": found.different, "sides": found.sides}
        detail |= {"opinions": found.opinions, "agreed": found.agreed}
        ledger.append(
            tx, kind=REPORTED, agent=ledger.DAEMON, at=now, detail={**detail, "found": as_record(found.found)}
        )
        _mail(tx, parts.settings, found, now)
    return True


def report(parts: Parts, now: datetime) -> Report:
    """Read what was decided within `SPAN` and compare. Reads in small helpings, so that nobody waits for it."""
    read = list(_decided(parts, now))
    different, sides = list(_different(read)), list(_by_sides(parts, read))
    with parts.database.read() as tx:
        known = second_reviews.done(tx)
        opinions = [known[one.line] for one in second_reviews.chosen(tx, now - SPAN) if one.line in known]
    return Report(
        compared=len(read),
        found=(*different, *sides)[:MOST_TOLD],
        different=len(different),
        sides=len(sides),
        opinions=len(opinions),
        agreed=sum(opinions),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    case: Case
    text: str
    hidden: bool


def _decided(parts: Parts, now: datetime) -> Iterator[_Read]:
    """Comments of the public that were hidden or left, lately, on accounts where something may follow from rules."""
    with parts.database.read() as tx:
        first = ledger.first_since(tx, now - SPAN) - 1
        lines = ledger.entries(tx, after=first, kinds=("verdict.recorded", "decision.recorded"))
        refs = sorted({line.ref for line in lines if line.ref is not None}, key=str)
    for start in range(0, len(refs), AT_ONCE):
        with parts.database.read() as tx:
            found = list(_some(tx, parts, refs[start : start + AT_ONCE]))
        yield from found


def _some(tx: Tx, parts: Parts, refs: list[Ref]) -> Iterator[_Read]:
    keys = {entry.account.key for entry in parts.settings.accounts if entry.mode is not Mode.OBSERVE}
    for ref, case in cases.several(tx, refs).items():
        hidden = case.state in HIDDEN
        if case.account_key not in keys or not (hidden or case.state in LEFT) or withheld.is_withheld(tx, ref):
            continue
        comment = records.comment(tx, ref, case.revision)
        if comment.speaker is Speaker.PUBLIC and not (hidden and _is_copy(tx, ref)):
            yield _Read(case, comment.text, hidden)


def _is_copy(tx: Tx, ref: Ref) -> bool:
    order = orders.latest(tx, ref)
    return order is not None and orders.clauses(tx, order) == {"C9"}


def _different(read: list[_Read]) -> Iterator[NotAlike]:
    """Say which comments read the same and were not decided alike."""
    alike: dict[str, list[_Read]] = defaultdict(list)
    for one in read:
        key = " ".join(_WORD.findall(folded_phrase(one.text)))
        if len(key.split()) >= FEWEST_WORDS:
            alike[key].append(one)
    for some in alike.values():
        hidden, left = ([one for one in some if one.hidden is wanted] for wanted in (True, False))
        if hidden and left:
            yield NotAlike(
                text=_quoted(hidden[0]),
                ref=str(hidden[0].case.ref),
                hidden=len(hidden),
                left=len(left),
                other=str(left[0].case.ref),
                why=left[0].case.why,
            )


def _by_sides(parts: Parts, read: list[_Read]) -> Iterator[NotAlike]:
    """Say which comments rules would read otherwise if they spoke of the other side."""
    for one in read:
        if rules := tuple(unlike(parts.rulebook.engine, one.text)):
            yield NotAlike(text=_quoted(one), ref=str(one.case.ref), rules=rules)


def _quoted(one: _Read) -> str:
    text = " ".join(masked(one.text).split())
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]} […]"


def told(report: Report, language: str = "en") -> Iterator[str]:
    """The report in words."""
    w = evidence_words.IN[language]
    yield w["compared"].format(days=SPAN.days, number=report.compared)
    yield w["different"].format(number=report.different)
    yield w["sides"].format(number=report.sides)
    if report.opinions:
        share = round(100 * report.agreed / report.opinions)
        yield w["opinions"].format(number=report.opinions, agreed=report.agreed, share=share)
    else:
        yield w["no_opinions"]
    yield from (in_words(one, IN[language]) for one in report.found)
    left_out = report.different + report.sides - len(report.found)
    if left_out > 0:
        yield w["more"].format(more=left_out)


def in_words(one: NotAlike, words: Words = EN) -> str:
    """Say what was not decided alike, or would not be."""
    said = {name: getattr(one, name) for name in ("text", "ref", "hidden", "left", "other")}
    form = words["other_side" if one.rules else "not_alike"]
    return say(form, **said, why=English(one.why), rules=", ".join(one.rules))


def as_record(found: Iterable[NotAlike]) -> list[Json]:
    """Give what was found as the ledger keeps it."""
    return [asdict(one) | {"rules": list(one.rules)} for one in found]


def from_record(found: Iterable[dict[str, Any]]) -> Iterator[NotAlike]:
    """Read `as_record` back."""
    return (NotAlike(**one | {"rules": tuple(one["rules"])}) for one in found)


def _mail(tx: Tx, settings: Settings, found: Report, now: datetime) -> None:
    to = (settings.mail.social_media_manager,)
    language = settings.mail.language
    message = compose(settings, to, evidence_words.IN[language]["alike"].format(city=settings.city.name), now)
    message["Content-Language"] = language
    instead = IN[language][INSTEAD]
    lines = (masked(line, names(settings, line), instead=instead) for line in told(found, language))
    message.set_content("\n\n".join(lines) + "\n")
    put(tx, message, kind="consistency", key=f"consistency:{now.isoformat()}", to=to, now=now)


# Second opinions ------------------------------------------------------------------------------------------------------


def waiting(tx: Tx, now: datetime) -> list[Chosen]:
    """Give the decisions that were chosen for a second opinion and have none yet."""
    known = second_reviews.done(tx)
    return [one for one in second_reviews.chosen(tx, now - SPAN) if one.line not in known]


def give_opinion(  # noqa: PLR0913  who thinks what of which decision, why and when
    tx: Tx, ref: Ref, *, agrees: bool, who: str, why: str, now: datetime
) -> None:
    """Write down what somebody else than decided thinks of a decision. Raises `NotPossible`."""
    one = next((each for each in waiting(tx, now) if each.ref == ref), None)
    if one is None:
        message = f"no decision on {ref} waits for a second opinion; `citymod review second` names those that do"
        raise NotPossible(message)
    if same(who, one.agent.name):
        message = f"{who} decided on {ref}, so somebody else gives the second opinion"
        raise NotPossible(message)
    second_reviews.record(tx, one, agrees=agrees, agent=person(who), why=why, now=now)
