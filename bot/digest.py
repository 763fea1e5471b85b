"""The daily e-mail digest to each public information officer: what happened, what waits, and what went wrong.

It is a fold of the ledger since the recipient's last digest, together with what stands now. A quiet day is told too,
so that silence always means trouble. Each digest is numbered: a missing one, or one that came twice, can be seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from archive import accounts, acknowledged, cases, handwork, ledger, outbox, pauses
from archive.appeals import DECIDED
from archive.card import platform_name
from archive.evidence import picture
from archive.orders import ATTESTED
from archive.requests import every as every_request
from archive.stored import read_utc
from bot import (
    advising,
    appeals,
    canary,
    consistency,
    coverage,
    digest_times,
    nightly,
    registry,
    requests,
    review_links,
    spending,
    tasks,
    troubles,
    unregistered,
    witnessing,
)
from bot.advising import ADVISED
from bot.author_notices import BEGUN, UNKNOWN, cut_off
from bot.consistency import REPORTED
from bot.digest_items import MOST_SHOWN, Some, fit, item, to_decide, to_restore
from bot.digest_words import EN, IN, counted, moment
from bot.domain.states import State
from bot.homepages import acting_held
from bot.letters import STYLES, TEMPLATES, compose, embed, put
from bot.lines import English, Line, say
from bot.links import pause_link_in_mail
from bot.log import logger
from bot.pause import Switch, what_is_paused, who_paused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from email.message import EmailMessage

    from archive.appeals import Appeal
    from archive.database import Tx
    from archive.ledger import Entry
    from archive.pauses import Pause
    from archive.requests import Request
    from bot.coverage import Coverage
    from bot.digest_items import Item, Way
    from bot.digest_words import Words
    from bot.domain.types import Ref
    from bot.export_pictures import Small
    from bot.parts import Parts
    from bot.settings import Pio, Settings
    from bot.tasks import Task

GAP = "gap.recorded"
SOON = timedelta(days=3)
LARGEST = 90_000
"""Bytes of HTML in one digest: some mail programs cut off what is longer."""
FEWER = (20, 12, 6, 3, 1)
"""How many of each kind are shown where that is needed to stay below it."""
TROUBLE = frozenset(
    {
        "account.stopped",
        "account.polling_failed",
        "account.limited",
        "profile.changed",
        "profile.failed",
        "case.capture_failed",
        "case.refused",
        "case.resurfaced",
        "media.missed",
        "stream.broken",
        "copy.failed",
        "copy.answers",
        "mail.failed",
        "daemon.gone",
        "webhook.failed",
        "daemon.failed",
        "dropped.failed",
        "mailbox.failed",
        "mailbox.answers",
        "moderation.failed",
        "moderation.answers",
        "push.refused",
        "trouble.began",
        "trouble.over",
        "stamp.failed",
        "stamp.answers",
        "jobs.missed",
        "canary.failed",
        "token.failed",
        "backup.failed",
        "archive.failed",
        BEGUN,
        UNKNOWN,
        "pause.expired",
    }
)
"""Lines of the ledger that are told as trouble."""
KEEPING = frozenset(
    {
        "hold.added",
        "hold.released",
        "disposition.proposed",
        "disposition.carried_out",
        "backup.thinned",
        "disposition.finished",
    }
)
"""Lines of the ledger about keeping and destroying records."""

log = logger("digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Everything one digest says, before it is put into words.

    Each list is cut at so many that the mail stays readable; `Some.more` says how many are left out. Lines know what in
    them is English whatever the `words` are (bot/lines.py).
    """

    words: Words
    city: str
    pio: str
    number: int
    since: str
    until: str
    headlines: tuple[str, ...]
    counts: tuple[tuple[str, dict[str, int]], ...]
    coverage: tuple[tuple[str, str], ...]
    waiting: Some[Item]
    hidden: Some[Item]
    restored: Some[Item]
    attested: Some[Item]
    tasks: Some[str]
    requests: Some[str]
    appeals: Some[str]
    answered: Some[str]
    soon: Some[str]
    gaps: Some[str]
    trouble: Some[str]
    advice: Some[str]
    unregistered: Some[str]
    consistency: Some[str]
    keeping: Some[str]
    registry: Some[str]
    paused: Some[str]
    filed: str
    head: str
    roots: tuple[str, ...] = ()
    month: str = ""
    cost: tuple[str, ...] = ()
    tested: str = ""
    stop: str = ""
    links_hold: str = ""

    @property
    def has_links(self) -> bool:
        """Whether something in it can be decided by a link; such links hold until `links_hold`."""
        return any(way.link for item in (*self.waiting, *self.hidden) for way in item.ways)

    def with_at_most(self, most: int) -> Digest:
        """Show at most so many of each kind; what is left out is counted."""
        lists = {field.name: getattr(self, field.name) for field in fields(self)}
        fewer: dict[str, Any] = {name: some.first(most) for name, some in lists.items() if isinstance(some, Some)}
        return replace(self, **fewer)

    def as_text(self) -> str:
        """The complete plain text."""
        return TEMPLATES.get_template("digest.txt.j2").render(digest=self)

    def as_html(self, sizes: Mapping[str, tuple[int, int]] | None = None) -> str:
        """The HTML, with its styles inlined for mail programs. `sizes` of pictures: width and height, by name."""
        return STYLES.inline(TEMPLATES.get_template("digest.html.j2").render(digest=self, sizes=sizes or {}))


def make_due(parts: Parts, now: datetime) -> int:
    """Make the digests whose hour has come; give how many."""
    made = 0
    for pio in parts.settings.pios:
        with parts.database.begin() as tx:
            mark = outbox.last_digest(tx, pio.email)
            ready = mark is not None or _begun(tx, parts.settings)
            if ready and digest_times.due(parts.settings, pio, mark.at if mark else None, now):
                make(tx, parts.settings, pio, now)
                made += 1
    return made


def _begun(tx: Tx, settings: Settings) -> bool:
    """Whether every account that is read was tried once: before that, a first digest would only say that none was."""
    read = {entry.account.key for entry in settings.accounts if entry.is_read}
    tried = {s.account.key for s in accounts.all_standing(tx) if s.polled_at or s.failures or s.stopped_why}
    return read <= tried


def make(tx: Tx, settings: Settings, pio: Pio, now: datetime) -> int:
    """Put a digest into the outbox and mark how far the ledger has been told; give its number."""
    told = fold(tx, settings, pio, now)
    head = ledger.head(tx)
    message = _message(settings, pio, told, now)
    put(tx, message, kind="digest", key=key_of(pio, told.number), to=(pio.email,), now=now)
    outbox.mark_digest(tx, pio.email, told.number, head.seq if head else 0, now)
    return told.number


def key_of(pio: Pio, number: int) -> str:
    """The outbox's name of a digest, under which the bytes that were sent are kept."""
    return f"digest:{pio.email}:{number}"


def fold(tx: Tx, settings: Settings, pio: Pio, now: datetime) -> Digest:
    """Fold the ledger since the recipient's last digest, and what stands now, into one digest."""
    mark = outbox.last_digest(tx, pio.email)
    keys = pio.accounts or tuple(entry.account.key for entry in settings.accounts)
    lines = [line for line in ledger.entries(tx, after=mark.through_seq if mark else 0) if _concerns(line, keys)]
    hidden = [line for line in lines if line.kind == "case.enforced" and line.detail.get("basis") != ATTESTED]
    restored = [line for line in lines if line.kind == "case.restored"]
    words = IN[pio.language]
    waiting = cases.standing_at(tx, State.IN_REVIEW, limit=MOST_SHOWN, accounts=keys)
    all_waiting = cases.count_at(tx, State.IN_REVIEW, keys)
    by_hand = [task for task in tasks.waiting(tx, settings, now, words) if not task.account or task.account in keys]
    entries = [settings.entry(key) for key in keys]
    watched = [(_named(words, one.name, one.platform), coverage.of(tx, settings, one, now, words)) for one in entries]
    unverified = handwork.unverified(tx, keys)
    head = ledger.head(tx)
    appealed = appeals.waiting(tx, keys)
    sealed, received = acknowledged.tally(tx)
    asked = every_request(tx)
    link = review_links.offered(tx, settings, pio.email, now)
    standing, file_says = pauses.in_force(tx, now), Switch(settings.switch_file).files_say(tx, words)
    month, cost = _month_before(tx, settings, words, mark.at if mark else None, now)

    def at(moment_: datetime) -> str:
        return moment(words, settings.zone, moment_)

    def ours(told: Iterable[str]) -> Some[str]:
        return Some.of(fit(settings, line, words) for line in told)

    return Digest(
        words=words,
        city=settings.city.name,
        pio=pio.name,
        number=mark.number + 1 if mark else 1,
        since=at(mark.at) if mark else words["beginning"],
        until=at(now),
        headlines=_and_more(
            words,
            ours(
                (
                    *nightly.headlines(tx, words),
                    *canary.headlines(tx, words),
                    *(say(words["wrong"], what=what) for what in troubles.lasting_in_words(tx, settings, words)),
                    *witnessing.headlines(tx, settings, words),
                    *_stopped(tx, settings, words, keys),
                    *registry.headlines(tx, settings, keys, words),
                    *_held(tx, settings, words, keys, now),
                    *_requests(words, requests.pressing(asked, now), settings, now),
                    *_appealed(words, appealed, now),
                    *_unchecked(settings, words, watched),
                    *_spent(words, lines, settings),
                    *filter(None, (spending.nearly_spent(tx, settings, now, words),)),
                    *_to_do(words, standing, file_says, all_waiting, len(by_hand)),
                    *_unverified(words, len(unverified)),
                )
            ),
        ),
        counts=tuple(_counts(words, lines, settings, keys)),
        coverage=tuple((name, coverage.in_words(how, settings.zone, words)) for name, how in watched),
        waiting=Some(
            tuple(item(tx, settings, case.ref, ways=to_decide(case.ref, link, words), words=words) for case in waiting),
            all_waiting - len(waiting),
        ),
        hidden=_changed(tx, settings, words, hidden, partial(to_restore, link=link, words=words)),
        restored=_changed(tx, settings, words, restored),
        attested=Some(
            tuple(item(tx, settings, order.ref, words=words) for order in unverified[:MOST_SHOWN]),
            max(0, len(unverified) - MOST_SHOWN),
        ),
        tasks=ours(_task(words, task) for task in by_hand),
        requests=ours(_requests(words, asked, settings, now)),
        appeals=ours(appeals.lines(appealed, settings.zone, now, words)),
        answered=ours(_answered(settings, words, line) for line in lines if line.kind == DECIDED),
        soon=ours(_soon(settings, words, standing, asked, now)),
        gaps=Some.of(told_as(settings, line, words) for line in lines if line.kind == GAP),
        trouble=Some.of(
            (
                *(told_as(settings, line, words) for line in lines if line.kind in TROUBLE and line.kind != BEGUN),
                *(Line([told_as(settings, line, words), " ", words["cut_off"]]) for line in cut_off(tx, lines)),
            )
        ),
        consistency=ours(_not_alike(words, lines, keys)),
        unregistered=ours(_called_like_us(tx, settings, words, mark.through_seq if mark else 0, keys)),
        advice=ours(said for line in lines if line.kind == ADVISED for said in advising.lines(line, words)),
        keeping=ours(_keeping(settings, words, line) for line in lines if line.kind in KEEPING),
        registry=ours(registry.lines(tx, keys, words)),
        paused=ours(_pauses(settings, words, standing, file_says)),
        stop=pause_link_in_mail(settings, pio.email, now),
        links_hold=at(now + review_links.HOLDS),
        filed=words["filed"].format(sealed=sealed, acknowledged=received),
        head=f"{head.seq} {head.hash}" if head else words["empty"],
        roots=tuple(witnessing.in_digest(tx, lines, words)),
        month=month,
        cost=cost,
        tested=canary.in_digest(tx, settings, words) if settings.canary else "",
    )


def _changed(
    tx: Tx, settings: Settings, words: Words, lines: list[Entry], ways: Callable[[Ref], tuple[Way, ...]] = lambda _: ()
) -> Some[Item]:
    """The comments that these lines of the ledger are about, and what can be done about each."""
    about = [(line, line.ref) for line in lines if line.ref]
    shown = tuple(item(tx, settings, ref, line, ways(ref), words) for line, ref in about[:MOST_SHOWN])
    return Some(shown, len(about) - len(shown))


def _and_more(words: Words, told: Some[str]) -> tuple[str, ...]:
    return (*told, *([words["more_lines"].format(more=told.more)] if told.more else []))


def _named(words: Words, name: str, platform: str) -> str:
    return words["on"].format(name=name, platform=platform_name(platform))


def _stopped(tx: Tx, settings: Settings, words: Words, keys: tuple[str, ...]) -> Iterator[str]:
    """Headlines about accounts that nobody reads or acts on any more."""
    for standing in accounts.all_standing(tx):
        if standing.account.key in keys and standing.stopped_why:
            name = _named(words, standing.account.name, standing.account.platform)
            unapproved = registry.barred(tx, settings, standing.account.key, words)
            yield say(words["stopped"], name=name, why=unapproved or English(standing.stopped_why))


def _held(tx: Tx, settings: Settings, words: Words, keys: tuple[str, ...], now: datetime) -> Iterator[str]:
    """Headlines about accounts on which nothing is hidden, since their pages do not link the comment policy."""
    for key in keys:
        why = acting_held(tx, settings, key, now, words)
        if why:
            yield words["held"].format(name=settings.entry(key).name, key=key, why=why)


def _spent(words: Words, lines: list[Entry], settings: Settings) -> Iterator[str]:
    """Headlines about accounts on which rules had used up the day's acts."""
    over = [line.ref for line in lines if line.ref and line.detail.get("over_budget")]
    for key in dict.fromkeys(f"{ref.platform}:{ref.account}" for ref in over):
        yield words["spent"].format(acts=settings.acts_a_day, name=settings.entry(key).name, key=key)


def _month_before(
    tx: Tx, settings: Settings, words: Words, last: datetime | None, now: datetime
) -> tuple[str, tuple[str, ...]]:
    """What the month before has cost: in the first digest of a month, and else nothing."""
    begun = now.astimezone(settings.zone).date().replace(day=1)
    if last is not None and last.astimezone(settings.zone).date() >= begun:
        return "", ()
    return spending.month_before(tx, begun, words)


def _unchecked(settings: Settings, words: Words, watched: Iterable[tuple[str, Coverage]]) -> Iterator[str]:
    """Headlines about accounts that were never read, or at which nobody has looked when somebody should have."""
    for name, how in watched:
        if how.is_unchecked and not how.is_told_elsewhere:
            yield f"{name}: {coverage.in_words(how, settings.zone, words)}"


def _to_do(words: Words, standing: list[Pause], file_says: str | None, waiting: int, by_hand: int) -> Iterator[str]:
    """Headlines about what stands still until a person does something."""
    if file_says or any(pause.scope == pauses.EVERYTHING for pause in standing):
        yield words["paused"]
    elif standing:
        yield words["paused_in_part"]
    if waiting:
        yield counted(words, "waits", waiting)
    if by_hand:
        yield counted(words, "hands", by_hand)


def _unverified(words: Words, attested: int) -> Iterator[str]:
    """A headline about what was done by hand and nobody has shown."""
    if attested:
        yield counted(words, "word", attested)


def _requests(words: Words, asked: Iterable[Request], settings: Settings, now: datetime) -> Iterator[str]:
    for one in asked:
        yield words["request"].format(name=one.id, standing=requests.standing(one, settings.zone, now, words))


def _soon(
    settings: Settings, words: Words, standing: list[Pause], asked: list[Request], now: datetime
) -> Iterator[str]:
    """What ends or falls due by itself before long, so that nobody is taken by surprise."""
    for pause in standing:
        if pause.until and pause.until - now <= SOON:
            yield words["pause_ends"].format(
                what=what_is_paused(pause, words), until=moment(words, settings.zone, pause.until)
            )
    yield from _requests(words, (one for one in asked if one.due_at - now <= SOON), settings, now)


def _task(words: Words, task: Task) -> str:
    held = f" ({words['not_now'].format(why=task.held)})" if task.held else ""
    return words["task"].format(what=f"{task.what}{held}", name=task.name)


def _pauses(settings: Settings, words: Words, standing: list[Pause], file_says: str | None) -> Iterator[str]:
    for pause in standing:
        ends = moment(words, settings.zone, pause.until) if pause.until else ""
        until = words["pause_until"].format(until=ends) if ends else words["pause_open"]
        since = moment(words, settings.zone, pause.since)
        yield words["pause"].format(
            what=what_is_paused(pause, words), since=since, until=until, who=who_paused(pause, words), why=pause.why
        )
    if file_says:
        yield say(words["pause_file"], why=file_says)


def _concerns(line: Entry, keys: tuple[str, ...]) -> bool:
    """Whether a line is about one of these accounts, or about the program as a whole."""
    if line.ref is not None:
        return f"{line.ref.platform}:{line.ref.account}" in keys
    return line.detail.get("account", keys[0]) in keys


def told_as(settings: Settings, line: Entry, words: Words = EN) -> str:
    """How a line of a kind in `TROUBLE` is told, without numbers of persons and not too long."""
    about = str(line.ref) if line.ref else str(line.detail.get("account") or line.detail.get("key") or "")
    why: str = English(line.detail.get("why", ""))
    if line.kind == GAP:
        since, until = (moment(words, settings.zone, read_utc(line.detail[name])) for name in ("since", "until"))
        why = say(words["gap"], since=since, until=until, why=why)
    if line.kind in (troubles.BEGAN, troubles.OVER):
        why = troubles.in_words(settings, line, words)
    label = words[line.kind if line.kind in TROUBLE else "not_read"]
    about, why = (f" ({about})" if about else ""), Line([": ", why] if why else [])
    return fit(settings, Line([f"{moment(words, settings.zone, line.at)}: {label}{about}", why]), words)


def _appealed(words: Words, waiting: list[Appeal], now: datetime) -> Iterator[str]:
    """Headlines about appeals that wait, and about those that wait for too long."""
    late = sum(one.is_overdue(now) for one in waiting)
    if waiting:
        overdue = words["overdue"].format(count=late) if late else ""
        yield words["appeals_wait"].format(count=len(waiting)) + overdue


def _answered(settings: Settings, words: Words, line: Entry) -> str:
    """How an appeal was decided, and what followed."""
    said = line.detail
    then = ""
    if said["outcome"] == "overturned":
        then = words["appeal_again"].format(order=said["restored_by"]) if said["restored_by"] else words["appeal_moot"]
    at = moment(words, settings.zone, line.at)
    told = words[f"appeal_{said['outcome']}"].format(at=at, appeal=said["appeal"], who=line.agent.name, why=said["why"])
    return f"{told}{then}"


def _not_alike(words: Words, lines: list[Entry], keys: tuple[str, ...]) -> Iterator[str]:
    """What the week's report says about comments on these accounts."""
    for line in lines:
        if line.kind == REPORTED:
            found = consistency.from_record(line.detail.get("found", ()))
            yield from (consistency.in_words(one, words) for one in found if one.concerns(keys))


def _called_like_us(tx: Tx, settings: Settings, words: Words, after: int, keys: tuple[str, ...]) -> Iterator[str]:
    """Accounts that are called like the City's: how, on which platform, and where they were seen first."""
    for one in unregistered.resembling(tx, settings, after, keys):
        at, name = moment(words, settings.zone, one.seen.at), _named(words, f"“{one.name}”", one.seen.ref.platform)
        yield words["like"].format(name=name, ours=one.ours, at=at, url=one.seen.url)


def _keeping(settings: Settings, words: Words, line: Entry) -> str:
    """What was done about keeping and destroying records: by whom, of what, and why."""
    about = ("matter", "disposition", "records")
    said = ", ".join(f"{words[name]} {line.detail[name]}" for name in about if name in line.detail)
    why = f": {line.detail['why']}" if line.detail.get("why") else ""
    at = moment(words, settings.zone, line.at)
    told = words["keeping_by"].format(at=at, what=words[line.kind], who=line.agent.name)
    return told + (f" ({said})" if said else "") + why


def _counts(
    words: Words, lines: list[Entry], settings: Settings, keys: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, int]]]:
    """Figures per account since the last digest, in the order of the settings."""
    kinds = Counter((f"{line.ref.platform}:{line.ref.account}", line.kind) for line in lines if line.ref)
    attested = Counter(
        f"{line.ref.platform}:{line.ref.account}"
        for line in lines
        if line.ref and line.kind == "case.enforced" and line.detail.get("basis") == ATTESTED
    )
    for key in keys:
        yield (
            _named(words, settings.entry(key).name, key.partition(":")[0]),
            {
                words["recorded"]: kinds[key, "comment.recorded"],
                words["edited"]: kinds[key, "case.edited"],
                words["referred"]: kinds[key, "case.referred"],
                words["now_hidden"]: kinds[key, "case.enforced"] - attested[key],
                **({words["by_hand"]: attested[key]} if settings.entry(key).by_hand else {}),
                words["again"]: kinds[key, "case.restored"],
            },
        )


def _message(settings: Settings, pio: Pio, told: Digest, now: datetime) -> EmailMessage:
    figures = {"number": told.number, "hidden": len(told.hidden), "waiting": len(told.waiting)}
    subject = told.words["subject"].format(city=settings.city.name, **figures)
    message = compose(settings, (pio.email,), subject, now)
    pictures = dict(_pictures(settings, told))
    sizes = {cid: (each.width, each.height) for cid, each in pictures.items()}
    html = told.as_html(sizes)
    for most in FEWER:
        if len(html.encode()) <= LARGEST:
            break
        told = told.with_at_most(most)
        html = told.as_html(sizes)
    message.set_content(told.as_text())
    message.add_alternative(html, "html")
    for one in told.hidden:
        if one.cid in pictures:
            embed(message, pictures[one.cid].body, pictures[one.cid].kind, cid=one.cid)
    message["Content-Language"] = told.words["lang"]
    return message


def _pictures(settings: Settings, told: Digest) -> Iterator[tuple[str, Small]]:
    """Small pictures of what was hidden, by name. One that is not on the disk, or damaged, keeps no digest from going.

    What is missing is found by the nightly check, and its words are in the mail all the same.
    """
    for one in told.hidden:
        if one.evidence:
            from bot.export_pictures import NotDrawable, small  # with Pillow, which is large

            try:
                yield one.cid, small(picture(settings.evidence_folder, one.evidence))
            except (OSError, NotDrawable) as error:
                log.warning("no picture in the digest", evidence=one.cid, why=str(error))
