"""How the e-mail digest tells one comment: in whose words, why, with which picture, and how to decide on it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlencode

from archive import cases, evidence, records, withheld
from archive.card import platform_name
from bot.digest_words import EN, moment
from bot.letters import decided, names, why_closed
from bot.lines import English, Line, begun, changed, say
from bot.masking import INSTEAD, masked, masked_excerpt
from rules.assemble import kept_reasons
from rules.load import FileProblems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archive.cases import Ground, StoredVerdict
    from archive.database import Tx
    from archive.ledger import Entry
    from bot.digest_words import Words
    from bot.domain.types import Comment, Evidence, Match, Ref
    from bot.settings import Settings

    Link = Callable[[str, Ref], str]

MOST_SHOWN = 30
"""Of one kind of thing in a digest; the rest is counted."""
MOST_REASONS = 4
MOST_CHARACTERS = 300
"""Of one text in a digest. A comment may have 10,000 and more."""
SHORT = 150
"""Of what describes a picture, beside which the words stand anyhow."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """The first of many, and how many `more` there are. Its length is the number of all."""

    shown: tuple[T, ...]
    more: int = 0

    @classmethod
    def of(cls, every: Iterable[T]) -> Some[T]:
        """As many as a mail can hold."""
        known = tuple(every)
        return cls(known[:MOST_SHOWN], max(0, len(known) - MOST_SHOWN))

    def first(self, most: int) -> Some[T]:
        """Show at most so many of them."""
        return Some(self.shown[:most], self.more + max(0, len(self.shown) - most))

    def __iter__(self) -> Iterator[T]:
        """Go through those that are shown."""
        return iter(self.shown)

    def __len__(self) -> int:
        """Count all, whether shown or not."""
        return len(self.shown) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One thing that can be done about a comment: what it does, the command, and the link, if any, that do it."""

    label: str
    command: str
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One comment in the digest, with the `ways` to decide on it. `closed`: why its picture is not shown.

    `page`: where the console shows the case, if there is a console.
    """

    ref: Ref
    account: str
    at: str
    author: str
    text: str
    url: str
    why: str
    reasons: tuple[str, ...]
    evidence: Evidence | None = None
    alternative: str = ""
    cid: str = ""
    closed: str = ""
    ways: tuple[Way, ...] = ()
    page: str = ""


def to_decide(ref: Ref, link: Link, words: Words) -> tuple[Way, ...]:
    """How to decide on a comment that waits. `link` gives the address that decides it at once, or nothing."""
    return (_way("uphold", ref, link, words), _way("dismiss", ref, link, words))


def to_restore(ref: Ref, link: Link, words: Words) -> tuple[Way, ...]:
    """How to show a hidden comment again."""
    return (_way("restore", ref, link, words),)


def _way(verb: str, ref: Ref, link: Link, words: Words) -> Way:
    """The one place that says how something is decided on: by this command, or by a link."""
    command = f'citymod review {verb} {quote(str(ref))} --reason "…"'
    return Way(label=words[verb], command=command, link=link(verb, ref))


def item(  # noqa: PLR0913  what is told of which comment, how and in which words
    tx: Tx,
    settings: Settings,
    ref: Ref,
    line: Entry | None = None,
    ways: tuple[Way, ...] = (),
    words: Words = EN,
) -> Item:
    """Tell one comment; of one that was hidden, `line` says so, and only then is a picture shown.

    Raises LookupError if there is no case of it.
    """
    case = cases.case(tx, ref)
    if case is None:
        message = f"the ledger speaks of {ref}, and there is no such case; run citymod verify"
        raise LookupError(message)
    comment = records.comment(tx, ref, case.revision)
    stored = cases.latest_verdict(tx, ref)
    ground = cases.ground(tx, ref, case.revision)
    matches = [
        match
        for match in (stored.verdict.matches if stored else ())
        if not match.shadow and (ground is None or match.clause == ground.clause)
    ]
    hands_off = withheld.is_withheld(tx, ref)
    sealed = evidence.latest(tx, ref) if line is not None and not hands_off else None
    closed = why_closed(tx, ref, sealed.revision) if sealed else ""
    text = words[withheld.INSTEAD] if hands_off else cut(_masked(comment.text, words), words)
    author = cut(_masked(comment.author.name or comment.author.handle or words["nameless"], words), words)
    name = words["on"].format(name=settings.entry(case.account_key).name, platform=platform_name(ref.platform))
    described = text if len(text) <= SHORT else words["above"]
    written = moment(words, settings.zone, comment.posted_at)
    return Item(
        ref=ref,
        account=name,
        at=moment(words, settings.zone, line.at if line else case.since),
        author=author,
        text=text,
        url=comment.url,
        why=cut(English(masked(case.why, (str(ref),), instead=words[INSTEAD])), words),
        reasons=() if hands_off else tuple(_reasons(tx, stored, ground, matches, comment, words)),
        evidence=None if closed else sealed,
        closed=words["closed"].format(why=words[closed], evidence=sealed.id) if closed and sealed else "",
        alternative=words["alternative"].format(author=author, account=name, at=written, text=described),
        cid=sealed.id if sealed else "",
        ways=ways,
        page=f"{settings.console.address}/case?{urlencode({'ref': str(ref)})}" if settings.console else "",
    )


def _masked(text: str, words: Words) -> str:
    return masked(text, instead=words[INSTEAD])


def _elsewhere(match: Match, words: Words) -> str:
    return words[INSTEAD] if match.matcher.startswith("personal:") else _masked(match.excerpt, words)


def fit(settings: Settings, line: str, words: Words = EN) -> Line:
    """A line as a mail may carry it: without numbers of persons, and not too long."""
    keep = names(settings, line)
    return cut(changed(line, lambda part: masked(part, keep, instead=words[INSTEAD])), words)


def cut(text: str, words: Words = EN) -> Line:
    """The beginning of a text that is too long for a mail; the whole of it is on record."""
    if len(text) <= MOST_CHARACTERS:
        return Line([text])
    more = len(text) - MOST_CHARACTERS
    return Line([begun(text, MOST_CHARACTERS), f" […] ({more} {words['cut']})"])


def _reasons(  # noqa: PLR0913  why whoever found what in which comment, in which words
    tx: Tx,
    stored: StoredVerdict | None,
    ground: Ground | None,
    matches: list[Match],
    comment: Comment,
    words: Words,
) -> Iterator[str]:
    """The clause that a person named, and what rules met: each once, and not more than anybody reads."""
    reasons = (_reason(match, comment, _why(tx, stored, match, words), words) for match in matches if stored)
    found = list(dict.fromkeys((*_ground(ground, words), *reasons)))
    yield from found[:MOST_REASONS]
    if len(found) > MOST_REASONS:
        yield f"{words['reasons_more'].format(more=len(found) - MOST_REASONS)}: citymod review show {comment.ref}"


def _ground(ground: Ground | None, words: Words) -> Iterator[str]:
    """The clause that a person named, as the policy has it, and who found that a comment falls under it."""
    if ground:
        title, quoted = English(ground.title), English(ground.quoted)
        found = cut(_masked(decided(ground, words), words), words)
        yield say(words["found_by"], clause=ground.clause, title=title, quoted=quoted, decided=found)


def _why(tx: Tx, stored: StoredVerdict, match: Match, words: Words) -> str:
    """The reason of a rule that met something: in the reader's language, if the pack of that time says it so."""
    kept = cases.document(tx, stored.packs.get(match.pack, "")) if words["lang"] == "es" else None
    if kept:
        with suppress(FileProblems):  # an old pack that nobody can read any more: then the record's own words will do
            reason = kept_reasons(kept[1]).get(match.rule)
            if reason and reason.es and match.reason.startswith(reason.en):
                return Line([reason.es, English(match.reason.removeprefix(reason.en))])  # a doubt may follow it
    return English(match.reason)


def _reason(match: Match, comment: Comment, reason: str, words: Words) -> str:
    """What a rule met, quoted as far as these very words hold it."""
    fits = comment.text[match.start : match.end] == match.excerpt
    instead = words[INSTEAD]
    excerpt = (
        masked_excerpt(comment.text, match.start, match.end, instead=instead) if fits else _elsewhere(match, words)
    )
    return say(words["reason"], clause=match.clause, rule=match.rule, excerpt=cut(excerpt, words), reason=reason)
