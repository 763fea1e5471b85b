"""The daily e-mail digest to each public information officer: what happened, what waits, and what went wrong.

It is a fold of the ledger since the recipient's last digest, together with what stands now. A quiet day is told too,
so that silence always means trouble. Each digest is numbered: a missing one, or one that came twice, can be seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import accounts, cases, evidence, handwork, ledger, outbox, pauses, records, withheld
from archive.card import decided, platform_name
from archive.evidence import picture
from archive.orders import ATTESTED
from archive.requests import every as every_request
from archive.stored import read_utc
from bot import nightly, requests, spending, tasks, troubles, witnessing
from bot.domain.schedule import digest_due
from bot.domain.states import State
from bot.homepages import acting_held
from bot.letters import STYLES, TEMPLATES, compose, embed, when
from bot.pause import Switch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from email.message import EmailMessage

    from archive.cases import Ground
    from archive.database import Tx
    from archive.ledger import Entry
    from bot.domain.types import Evidence, Match, Ref
    from bot.parts import Parts
    from bot.settings import Pio, Settings
    from bot.tasks import Task

MOST_SHOWN = 25
MOST_PICTURES = 10
TROUBLE = {
    "account.stopped": "An account stopped",
    "account.polling_failed": "Reading an account failed",
    "account.limited": "A platform limits acting",
    "gap.recorded": "An account was not read for a while",
    "profile.changed": "The City's own page shows something else",
    "profile.failed": "The City's own page could not be read",
    "case.capture_failed": "A comment could not be captured in full, so it was not hidden",
    "case.refused": "An order could not be carried out, so a person decides",
    "case.resurfaced": "A hidden comment is visible again, not by this program",
    "media.missed": "A file that came with a comment could not be fetched",
    "stream.broken": "A line on which a platform says what is new is broken",
    "copy.failed": "Evidence could not be copied to the bucket (it is safe on the disk)",
    "copy.answers": "The bucket takes evidence again",
    "mail.failed": "A mail was not accepted",
    "daemon.failed": "A part of the program failed",
    "dropped.failed": "Something in the drop folder cannot be taken in",
    "mailbox.failed": "The intake mailbox could not be read",
    "mailbox.answers": "The intake mailbox can be read again",
    "moderation.failed": "The City's model server did not answer, so comments were judged without it",
    "moderation.answers": "The City's model server answers again",
    "push.refused": "Requests that no platform signed were refused",
    "trouble.began": "Something is wrong with the program's surroundings",
    "trouble.over": "What was wrong is over",
    "stamp.failed": "A time-stamping authority gave no stamp",
    "stamp.answers": "A time-stamping authority answers again",
    "archive.failed": "CHECKING THE ARCHIVE FOUND SOMETHING WRONG",
    "pause.expired": "A pause ran out, so acting goes on",
}
KEEPING = {
    "hold.added": "A legal hold was added",
    "hold.released": "A LEGAL HOLD WAS RELEASED",
    "disposition.proposed": "It is proposed to destroy records",
    "disposition.carried_out": "Records were destroyed",
    "disposition.finished": "An interrupted destruction was finished",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One comment in the digest."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Everything one digest says, before it is put into words."""

    city: str
    pio: str
    number: int
    since: str
    until: str
    headlines: tuple[str, ...]
    hidden: tuple[Item, ...]
    more_hidden: int
    restored: tuple[Item, ...]
    waiting: tuple[Item, ...]
    more_waiting: int
    trouble: tuple[str, ...]
    more_trouble: int
    paused: tuple[str, ...]
    counts: tuple[tuple[str, dict[str, int]], ...]
    head: str
    roots: tuple[str, ...] = ()
    coverage: tuple[tuple[str, str], ...] = ()
    month: str = ""
    cost: tuple[str, ...] = ()
    attested: tuple[Item, ...] = ()
    keeping: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    more_tasks: int = 0
    requests: tuple[str, ...] = ()
    most_pictures: int = MOST_PICTURES

    def as_text(self) -> str:
        """The complete plain text."""
        return TEMPLATES.get_template("digest.txt.j2").render(digest=self)

    def as_html(self) -> str:
        """The HTML, with its styles inlined for mail programs."""
        return STYLES.inline(TEMPLATES.get_template("digest.html.j2").render(digest=self))


def make_due(parts: Parts, now: datetime) -> int:
    """Make the digests whose hour has come; give how many."""
    made = 0
    for pio in parts.settings.pios:
        with parts.database.begin() as tx:
            mark = outbox.last_digest(tx, pio.email)
            ready = mark is not None or _begun(tx, parts.settings)
            if ready and digest_due(mark.at if mark else None, pio.hour, now, parts.settings.zone):
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
    key = f"digest:{pio.email}:{told.number}"
    outbox.put(
        tx, kind="digest", key=key, to=(pio.email,), subject=str(message["Subject"]), message=bytes(message), now=now
    )
    outbox.mark_digest(tx, pio.email, told.number, head.seq if head else 0, now)
    return told.number


def fold(tx: Tx, settings: Settings, pio: Pio, now: datetime) -> Digest:
    """Fold the ledger since the recipient's last digest, and what stands now, into one digest."""
    mark = outbox.last_digest(tx, pio.email)
    keys = pio.accounts or tuple(entry.account.key for entry in settings.accounts)
    lines = [line for line in ledger.entries(tx, after=mark.through_seq if mark else 0) if _concerns(line, keys)]
    hidden = [line for line in lines if line.kind == "case.enforced" and line.detail.get("basis") != ATTESTED]
    restored = [line for line in lines if line.kind == "case.restored"]
    trouble = [line for line in lines if line.kind in TROUBLE]
    waiting = cases.standing_at(tx, State.IN_REVIEW, limit=MOST_SHOWN, accounts=keys)
    all_waiting = cases.count_at(tx, State.IN_REVIEW, keys)
    by_hand = [task for task in tasks.waiting(tx, settings, now) if not task.account or task.account in keys]
    watched = tuple(_coverage(tx, settings, keys, now))
    attested = tuple(_attested(tx, settings, keys))
    head = ledger.head(tx)
    asked = every_request(tx)
    month, cost = _month_before(tx, settings, mark.at if mark else None, now)
    return Digest(
        city=settings.city.name,
        pio=pio.name,
        number=mark.number + 1 if mark else 1,
        since=when(settings, mark.at) if mark else "the beginning",
        until=when(settings, now),
        headlines=(
            *nightly.headlines(tx),
            *(f"Something is wrong: {subject}" for subject in troubles.lasting(tx).values()),
            *witnessing.headlines(tx, settings),
            *_stopped(tx, keys),
            *_held(tx, settings, keys, now),
            *requests.lines(requests.pressing(asked, now), settings.zone, now),
            *_unchecked(watched),
            *_spent(lines, settings),
            *filter(None, (spending.nearly_spent(tx, settings, now),)),
            *_to_do(tx, settings, all_waiting, len(by_hand), now),
            *_unverified(len(attested)),
        ),
        hidden=tuple(_item(tx, settings, line.ref, line) for line in hidden[:MOST_SHOWN] if line.ref),
        more_hidden=max(0, len(hidden) - MOST_SHOWN),
        restored=tuple(_item(tx, settings, line.ref, line) for line in restored[:MOST_SHOWN] if line.ref),
        waiting=tuple(_item(tx, settings, case.ref, None) for case in waiting),
        more_waiting=max(0, all_waiting - MOST_SHOWN),
        trouble=tuple(told_as(settings, line) for line in trouble[:MOST_SHOWN]),
        more_trouble=max(0, len(trouble) - MOST_SHOWN),
        keeping=tuple(_keeping(settings, line) for line in lines if line.kind in KEEPING),
        paused=tuple(_pauses(tx, settings, now)),
        counts=tuple(_counts(lines, settings, keys)),
        head=f"{head.seq} {head.hash}" if head else "0 (empty)",
        roots=tuple(witnessing.in_digest(tx, lines)),
        coverage=watched,
        month=month,
        cost=cost,
        attested=attested,
        tasks=tuple(by_hand[:MOST_SHOWN]),
        more_tasks=max(0, len(by_hand) - MOST_SHOWN),
        requests=tuple(requests.lines(asked, settings.zone, now)),
    )


def _stopped(tx: Tx, keys: tuple[str, ...]) -> Iterator[str]:
    """Headlines about accounts that nobody reads or acts on any more."""
    for standing in accounts.all_standing(tx):
        if standing.account.key in keys and standing.stopped_why:
            name = f"{standing.account.name} on {platform_name(standing.account.platform)}"
            yield f"{name} has STOPPED: {standing.stopped_why}"


def _held(tx: Tx, settings: Settings, keys: tuple[str, ...], now: datetime) -> Iterator[str]:
    """Headlines about accounts on which nothing is hidden, since their pages do not link the comment policy."""
    for key in keys:
        why = acting_held(tx, settings, key, now)
        if why:
            yield f"Nothing is hidden or deleted on {settings.entry(key).name} ({key}): {why}"


def _spent(lines: list[Entry], settings: Settings) -> Iterator[str]:
    """Headlines about accounts on which rules had used up the day's acts."""
    referred = [line for line in lines if line.kind == "case.referred" and line.ref]
    over = [line for line in referred if "budget of" in str(line.detail.get("why"))]
    for key in dict.fromkeys(f"{line.ref.platform}:{line.ref.account}" for line in over if line.ref):
        name = f"{settings.entry(key).name} ({key})"
        yield f"The budget of {settings.acts_a_day} acts a day was spent on {name}: the rest waits for you"


def _month_before(tx: Tx, settings: Settings, last: datetime | None, now: datetime) -> tuple[str, tuple[str, ...]]:
    """What the month before has cost: in the first digest of a month, and else nothing."""
    begun = now.astimezone(settings.zone).date().replace(day=1)
    if last is not None and last.astimezone(settings.zone).date() >= begun:
        return "", ()
    return spending.month_before(tx, begun)


def _coverage(tx: Tx, settings: Settings, keys: tuple[str, ...], now: datetime) -> Iterator[tuple[str, str]]:
    """How each account is watched: a figure of nothing means something only where somebody or something looked."""
    for key in keys:
        entry = settings.entry(key)
        yield f"{entry.name} on {platform_name(entry.platform)}", tasks.coverage(tx, settings, entry, now)


def _unchecked(watched: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Headlines about assisted accounts at which nobody has looked when somebody should have."""
    for name, said in watched:
        if said.startswith("assisted") and tasks.is_unchecked(said):
            yield f"{name}: {said}"


def _attested(tx: Tx, settings: Settings, keys: tuple[str, ...]) -> Iterator[Item]:
    """What rests on a person's word alone, told again each day until somebody brings a picture of afterwards."""
    for order in handwork.unverified(tx, keys):
        yield _item(tx, settings, order.ref, None)


def _to_do(tx: Tx, settings: Settings, waiting: int, by_hand: int, now: datetime) -> Iterator[str]:
    """Headlines about what stands still until a person does something."""
    whole = [pause for pause in pauses.in_force(tx, now) if pause.scope == pauses.EVERYTHING]
    if whole or Switch(settings.switch_file).file_says():
        yield "Acting is paused: nothing is hidden or deleted"
    elif any(_pauses(tx, settings, now)):
        yield "Acting is paused in part"
    if waiting:
        yield f"{waiting} comment{'s wait' if waiting > 1 else ' waits'} for a decision"
    if by_hand:
        yield f"{by_hand} task{'s wait' if by_hand > 1 else ' waits'} for somebody's hands: citymod tasks list"


def _unverified(attested: int) -> Iterator[str]:
    """A headline about what was done by hand and nobody has shown."""
    if attested:
        yield f"{attested} act{'s rest' if attested > 1 else ' rests'} on somebody's word alone"


def _pauses(tx: Tx, settings: Settings, now: datetime) -> Iterator[str]:
    for pause in pauses.in_force(tx, now):
        until = f"until {when(settings, pause.until)}" if pause.until else "until it is resumed"
        yield f"{pause.what}, since {when(settings, pause.since)}, {until}, by {pause.who}: {pause.why}"
    file_says = Switch(settings.switch_file).file_says()
    if file_says:
        yield f"everything: {file_says}"


def _concerns(line: Entry, keys: tuple[str, ...]) -> bool:
    """Whether a line is about one of these accounts, or about the program as a whole."""
    if line.ref is not None:
        return f"{line.ref.platform}:{line.ref.account}" in keys
    return line.detail.get("account", keys[0]) in keys


def _item(tx: Tx, settings: Settings, ref: Ref, line: Entry | None) -> Item:
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
    text = withheld.INSTEAD if hands_off else comment.text
    author = comment.author.name or comment.author.handle or "name not available"
    name = f"{settings.entry(case.account_key).name} on {platform_name(ref.platform)}"
    return Item(
        ref=ref,
        account=name,
        at=when(settings, line.at if line else case.since),
        author=author,
        text=text,
        url=comment.url,
        why=case.why,
        reasons=() if hands_off else (*_ground(ground), *(_reason(match) for match in matches)),
        evidence=sealed,
        alternative=f"Comment by {author} on {name}, {when(settings, comment.posted_at)}: {text}",
        cid=sealed.id if sealed else "",
    )


def _ground(ground: Ground | None) -> Iterator[str]:
    if ground:
        yield f"{ground.clause}, {ground.title}: “{ground.quoted}”. {decided(ground)}"


def _reason(match: Match) -> str:
    return f"{match.clause}, rule {match.rule}: “{match.excerpt}” ({match.reason})"


def told_as(settings: Settings, line: Entry) -> str:
    """How a line of a kind in `TROUBLE` is told."""
    about = str(line.ref) if line.ref else str(line.detail.get("account") or line.detail.get("key") or "")
    why = str(line.detail.get("why", ""))
    if line.kind == "gap.recorded":
        since, until = (read_utc(line.detail[name]) for name in ("since", "until"))
        why = f"from {when(settings, since)} to {when(settings, until)}: {why}"
    return (
        f"{when(settings, line.at)}: {TROUBLE[line.kind]}"
        + (f" ({about})" if about else "")
        + (f": {why}" if why else "")
    )


def _keeping(settings: Settings, line: Entry) -> str:
    """What was done about keeping and destroying records: by whom, of what, and why."""
    about = {"matter": "matter", "disposition": "disposition", "records": "records"}
    said = ", ".join(f"{word} {line.detail[name]}" for name, word in about.items() if name in line.detail)
    why = f": {line.detail['why']}" if line.detail.get("why") else ""
    return (
        f"{when(settings, line.at)}: {KEEPING[line.kind]} by {line.agent.name}" + (f" ({said})" if said else "") + why
    )


def _counts(lines: list[Entry], settings: Settings, keys: tuple[str, ...]) -> Iterator[tuple[str, dict[str, int]]]:
    """Figures per account since the last digest, in the order of the settings."""
    kinds = Counter((f"{line.ref.platform}:{line.ref.account}", line.kind) for line in lines if line.ref)
    attested = Counter(
        f"{line.ref.platform}:{line.ref.account}"
        for line in lines
        if line.ref and line.kind == "case.enforced" and line.detail.get("basis") == ATTESTED
    )
    for key in keys:
        yield (
            f"{settings.entry(key).name} on {platform_name(key.partition(':')[0])}",
            {
                "recorded": kinds[key, "comment.recorded"],
                "edited": kinds[key, "case.edited"],
                "referred to a person": kinds[key, "case.referred"],
                "hidden": kinds[key, "case.enforced"] - attested[key],
                **({"attested (done by hand, as somebody says)": attested[key]} if settings.entry(key).by_hand else {}),
                "shown again": kinds[key, "case.restored"],
            },
        )


def _message(settings: Settings, pio: Pio, told: Digest, now: datetime) -> EmailMessage:
    subject = f"{settings.city.name}: digest no. {told.number}, {len(told.hidden) + told.more_hidden} hidden"
    waiting = len(told.waiting) + told.more_waiting
    message = compose(settings, (pio.email,), f"{subject}, {waiting} waiting", now)
    message.set_content(told.as_text())
    message.add_alternative(told.as_html(), subtype="html")
    for item in told.hidden[:MOST_PICTURES]:
        if item.evidence:
            embed(message, picture(settings.evidence_folder, item.evidence), cid=item.cid)
    return message
