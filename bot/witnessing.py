"""Has witnesses vouch for the ledger: takes the root of each day that is over, and has authorities stamp it.

An authority that gives no stamp is asked again, later and later, and what waits for it is told by `citymod status` and
in each e-mail digest until it has it. Nothing else waits for a stamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import evidence, stamps, witnesses
from archive.files import sha256_of
from archive.stamps import NotProven
from archive.witnesses import Stamp
from bot.digest_words import EN
from bot.lines import English, say
from bot.log import logger
from connectors import authority
from connectors.contract import Malformed, Transient
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from archive.database import Tx
    from archive.ledger import Entry
    from bot.digest_words import Words
    from bot.parts import Parts
    from bot.settings import Authority, Settings

log = logger("witnessing")


class Missing(Exception):
    """What is to be stamped is not as it was recorded."""


def witness(parts: Parts, clock: Callable[[], datetime]) -> int:
    """Take roots that are due and get stamps that are missing; give how many stamps came."""
    taken = True
    while taken:
        with parts.database.begin() as tx:
            taken = witnesses.root_next(tx, clock()) is not None
    timestamps = parts.settings.timestamps
    if timestamps is None:
        return 0
    return sum(_ask(parts, one, clock, manifests=timestamps.each_manifest) for one in timestamps.authorities)


def _ask(parts: Parts, one: Authority, clock: Callable[[], datetime], *, manifests: bool) -> int:
    """Ask one authority for all that it has not stamped, until it fails; give how many stamps came."""
    with parts.database.read() as tx:
        standing = witnesses.standing(tx, one.url)
        if standing and clock() < standing.not_before:
            return 0
        waiting = witnesses.unstamped(tx, one.url, manifests=manifests)
    for number, subject in enumerate(waiting):
        try:
            stamp = _stamped(parts, one, subject)
        except (Transient, Malformed, NotProven, Missing) as error:
            with parts.database.begin() as tx:
                witnesses.failed(tx, one.url, f"{subject}: {error}", clock())
            log.warning("no time stamp", authority=one.url, subject=subject, why=str(error))
            return number
        with parts.database.begin() as tx:
            witnesses.keep(tx, stamp, clock())
    return len(waiting)


def _stamped(parts: Parts, one: Authority, subject: str) -> Stamp:
    """Have an authority stamp one thing, and check that it did."""
    trusted = stamps.certificates(one.certificate)
    with parts.database.read() as tx:
        data, sha256 = _document(tx, parts.settings, subject)
    question = stamps.question(data)
    seconds = one.timeout_seconds
    transport = Transport(connect=seconds, read=seconds, total=seconds, most=256 * 1024)
    answer = authority.ask(transport, one.url, question.as_bytes())
    at = stamps.stamped_at(answer, sha256, trusted, nonce=question.nonce)
    return Stamp(subject=subject, authority=one.url, sha256=sha256, answer=answer, stamped_at=at)


def _document(tx: Tx, settings: Settings, subject: str) -> tuple[bytes, str]:
    """The bytes that a subject stands for, and their SHA-256 as recorded. Raises Missing."""
    kind, _, name = subject.partition(":")
    if kind == "day":
        root = witnesses.root_on_record(tx, name)
        return root.document, root.sha256
    sealed = evidence.by_id(tx, name)
    manifest = settings.evidence_folder / sealed.folder / evidence.MANIFEST
    if not manifest.is_file() or sha256_of(manifest) != sealed.manifest:
        message = f"the manifest of evidence {name} is not as it was sealed; run citymod verify"
        raise Missing(message)
    return manifest.read_bytes(), sealed.manifest


# What people are told -------------------------------------------------------------------------------------------------


def in_digest(tx: Tx, lines: Iterable[Entry], words: Words = EN) -> Iterator[str]:
    """The roots that were taken meanwhile, each in one line, with who has stamped it so far."""
    for line in lines:
        if line.kind == "day.rooted":
            day = str(line.detail["day"])
            by = [
                words["stamped_by"].format(authority=one.authority, at=f"{one.stamped_at:%Y-%m-%d %H:%M:%S}")
                for one in witnesses.stamps(tx, f"day:{day}")
            ]
            root = f"{day} {line.detail['root']}"
            yield words["stamped"].format(root=root, by=words["and"].join(by)) if by else root


def headlines(tx: Tx, settings: Settings, words: Words = EN) -> Iterator[str]:
    """What an authority still owes, if it fails."""
    for one in settings.timestamps.authorities if settings.timestamps else ():
        standing = witnesses.standing(tx, one.url)
        if standing and standing.failures:
            yield _owes(tx, settings, one, words)


def told(tx: Tx, settings: Settings) -> Iterator[str]:
    """How the ledger is witnessed, for `citymod status`."""
    last = witnesses.last_root(tx)
    yield f"Root of the ledger: {f'{last.day} {last.root}' if last else 'none yet (each day has one when it is over)'}"
    if settings.timestamps is None:
        yield "Time stamps: none, since the settings name no authority"
        return
    for one in settings.timestamps.authorities:
        yield _owes(tx, settings, one)


def _owes(tx: Tx, settings: Settings, one: Authority, words: Words = EN) -> str:
    manifests = settings.timestamps is not None and settings.timestamps.each_manifest
    waiting = len(witnesses.unstamped(tx, one.url, manifests=manifests))
    said = words["stamps_due" if waiting else "stamps_all"].format(url=one.url, waiting=waiting)
    standing = witnesses.standing(tx, one.url)
    if standing and standing.failures:
        at, why = f"{standing.not_before:%Y-%m-%d %H:%M}", English(standing.why)
        return say(words["stamps_failed"], said=said, failures=standing.failures, at=at, why=why)
    return said
